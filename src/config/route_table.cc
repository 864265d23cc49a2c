#include "config/route_table.h"

#include "config/locations.h"
#include "config/server_names.h"
#include "modules/http_core.h"

namespace uringx {

AddressServers::AddressServers() = default;
AddressServers::~AddressServers() = default;
AddressServers::AddressServers(AddressServers&&) noexcept = default;
AddressServers& AddressServers::operator=(AddressServers&&) noexcept = default;

const ServerBlock* AddressServers::find(Request& request, std::string_view host) const {
  return names_ == nullptr ? nullptr : names_->find(request, host);
}

const ServerBlock* AddressServers::find_by_name(std::string_view host) const {
  return names_ == nullptr ? nullptr : names_->find_by_name(host);
}

const AddressServers& ListenSocket::servers_for(const SocketAddress& local) const {
  for (const Specific& one : specific) {
    if (one.address == local) return one.servers;
  }
  return servers;
}

void RouteTable::enter(Request& request, const Location& location) {
  const bool limited = location.limit_except_settings != nullptr &&
                       (location.limit_except_allowed >> static_cast<unsigned>(request.method) & 1) == 0;
  const SettingsSet& settings = limited ? *location.limit_except_settings : location.settings;
  request.location = &settings;
  request.location_name = location.name;
  request.location_is_server = location.kind == Location::Kind::server;
  request.location_is_exact = location.kind == Location::Kind::exact;
  request.location_is_regex = location.kind == Location::Kind::regex;
  request.location_is_named = location.kind == Location::Kind::named;
  request.error_log = &settings.get<HttpCoreLocation>().error_log_targets;
}

void RouteTable::enter_server(Request& request, const ServerBlock& server) const {
  request.routes = this;
  request.variables = &variables;
  request.server_block = &server;
  request.server = &server.settings;
  request.server_name = server.server_name;
  enter(request, server.root);
}

void RouteTable::find_location(Request& request) const {
  const Location& root = request.server_block->root;
  const Location* chosen = choose_location(request, root);
  enter(request, chosen != nullptr ? *chosen : root);
}

const Location* RouteTable::find_named(const Request& request, std::string_view name) const {
  for (const Location* one : request.server_block->root.named) {
    if (one->name == name) return one;
  }
  return nullptr;
}

}  // namespace uringx
