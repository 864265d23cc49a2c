#include "config/inheritance.h"

#include "modules/http_core.h"

namespace uringx {
namespace {

SettingsSet make_set(std::unique_ptr<Settings> (*Module::*make)()) {
  SettingsSet set;
  for (const Module* module : all_modules()) {
    if (module->*make != nullptr) set.put(module->id, (module->*make)());
  }
  return set;
}

// One module's settings of one level, from the level above (nullptr: http{} itself).
Applied inherit_level(BuildContext& context, const Module& module, Level level, SettingsSet& child,
                      const SettingsSet* parent) {
  Settings* settings = child.at(module.id);
  if (settings == nullptr) return {};
  const Settings* above = parent == nullptr ? nullptr : parent->at(module.id);
  if (above != nullptr) {
    for (const DirectiveRow& row : module.rows) {
      if (row.level == level && row.inherit != nullptr) row.inherit(*settings, *above);
    }
  }
  const auto finish = level == Level::server ? module.finish_server : module.finish_location;
  return finish == nullptr ? Applied() : finish(context, *settings, above);
}

Applied inherit_locations(BuildContext& context, const Module& module, Location& level) {
  for (const std::unique_ptr<Location>& one : level.nested) {
    if (auto done = inherit_level(context, module, Level::location, one->settings, &level.settings); !done)
      return done;
    if (one->limit_except_settings != nullptr) {
      auto done =
          inherit_level(context, module, Level::location, *one->limit_except_settings, &one->settings);
      if (!done) return done;
    }
    if (auto done = inherit_locations(context, module, *one); !done) return done;
  }
  return {};
}

Applied inherit_module(BuildContext& context, const Module& module, RouteTable& routes,
                       SettingsSet& http_server) {
  if (auto done = inherit_level(context, module, Level::server, http_server, nullptr); !done) return done;
  if (auto done = inherit_level(context, module, Level::location, routes.http_location, nullptr); !done)
    return done;
  for (const std::unique_ptr<ServerBlock>& server : routes.servers) {
    if (auto done = inherit_level(context, module, Level::server, server->settings, &http_server); !done)
      return done;
    auto done = inherit_level(context, module, Level::location, server->root.settings, &routes.http_location);
    if (!done) return done;
    if (done = inherit_locations(context, module, server->root); !done) return done;
  }
  return {};
}

// Entering the block of an if keeps the handler of the location that was chosen (r->content_handler).
void keep_content_handlers(Location& level) {
  for (const std::unique_ptr<Location>& one : level.nested) {
    if (one->kind == Location::Kind::unnamed) {
      one->settings.get<HttpCoreLocation>().content_handler = level.settings.get<HttpCoreLocation>().content_handler;
    }
    keep_content_handlers(*one);
  }
}

void visit_locations(Location& level, const std::function<void(SettingsSet&)>& visit) {
  visit(level.settings);
  if (level.limit_except_settings != nullptr) visit(*level.limit_except_settings);
  for (const std::unique_ptr<Location>& one : level.nested) visit_locations(*one, visit);
}

}  // namespace

SettingsSet make_main_settings() { return make_set(&Module::make_main); }
SettingsSet make_server_settings() { return make_set(&Module::make_server); }
SettingsSet make_location_settings() { return make_set(&Module::make_location); }

Applied inherit_all(BuildContext& context, RouteTable& routes, SettingsSet& http_server) {
  for (const Module* module : all_modules()) {
    if (auto done = inherit_module(context, *module, routes, http_server); !done) return done;
  }
  for (const std::unique_ptr<ServerBlock>& server : routes.servers) keep_content_handlers(server->root);
  return {};
}

void for_each_location_settings(RouteTable& routes, const std::function<void(SettingsSet&)>& visit) {
  visit(routes.http_location);
  for (const std::unique_ptr<ServerBlock>& server : routes.servers) visit_locations(server->root, visit);
}

}  // namespace uringx
