#include "fixture.h"

#include "base/check.h"
#include "modules/module.h"

namespace uringx {
namespace {

void fill(SettingsSet& set, std::unique_ptr<Settings> (*Module::*make)()) {
  for (const Module* module : all_modules()) {
    if (module->*make != nullptr) set.put(module->id, (module->*make)());
  }
}

const DirectiveRow* find_row(const std::string& name, const Module*& found) {
  for (const Module* module : all_modules()) {
    for (const DirectiveRow& row : module->rows) {
      if (row.name == name && row.apply != nullptr && (row.contexts & (kHttp | kLocation)) != 0) {
        found = module;
        return &row;
      }
    }
  }
  return nullptr;
}

std::string message_of(const Applied& applied, const std::string& name) {
  if (applied) return {};
  return applied.error().about_directive ? "\"" + name + "\" directive " + applied.error().message : applied.error().message;
}

}  // namespace

FakeBuild::FakeBuild() {
  fill(main, &Module::make_main);
  fill(server, &Module::make_server);
  fill(location_set, &Module::make_location);
}

std::string FakeBuild::apply(const std::string& name, std::vector<std::string> words, std::vector<Directive> block) {
  const Module* module = nullptr;
  const DirectiveRow* row = find_row(name, module);
  if (row == nullptr) return "no such row";
  Directive directive;
  directive.words = std::move(words);
  directive.words.insert(directive.words.begin(), name);
  directive.block = std::move(block);
  directive.closed = true;
  SettingsSet& set = row->level == Level::main ? main : row->level == Level::server ? server : location_set;
  return message_of(row->apply(*this, directive, *set.at(module->id)), name);
}

void FakeBuild::enter_location() {
  CHECK(!has_parent);
  has_parent = true;
  parent_set = std::move(location_set);
  location_set = SettingsSet();
  fill(location_set, &Module::make_location);
}

std::string FakeBuild::finish() {
  if (!has_parent) enter_location();
  for (const Module* module : all_modules()) {
    Settings* child = location_set.at(module->id);
    Settings* parent = parent_set.at(module->id);
    if (child == nullptr) continue;
    if (module->finish_location != nullptr) {
      if (Applied done = module->finish_location(*this, *parent, nullptr); !done) return message_of(done, "");
    }
    for (const DirectiveRow& row : module->rows) {
      if (row.level == Level::location && row.inherit != nullptr) row.inherit(*child, *parent);
    }
    if (module->finish_location != nullptr) {
      if (Applied done = module->finish_location(*this, *child, parent); !done) return message_of(done, "");
    }
  }
  const auto resolved = table.resolve();
  return resolved ? std::string() : resolved.error();
}

std::string FakeBuild::full_path(std::string_view path) {
  return path.starts_with('/') ? std::string(path) : "/prefix/" + std::string(path);
}

std::expected<Template, Refusal> FakeBuild::compile_template(std::string_view text) {
  auto compiled = Template::compile(text, table);
  if (!compiled) return std::unexpected(Refusal{compiled.error()});
  return std::move(*compiled);
}

std::expected<Regex, Refusal> FakeBuild::compile_regex(std::string_view pattern, bool caseless) {
  auto compiled = Regex::compile(pattern, caseless, table);
  if (!compiled) return std::unexpected(Refusal{compiled.error()});
  return std::move(*compiled);
}

std::uint32_t FakeBuild::log_file(const std::string& path) {
  for (std::size_t i = 0; i < log_files.size(); ++i) {
    if (log_files[i] == path) return static_cast<std::uint32_t>(i);
  }
  log_files.push_back(path);
  return static_cast<std::uint32_t>(log_files.size() - 1);
}

TestRequest::TestRequest(FakeBuild& the_build) : build(the_build) {
  connection.number = 7;
  connection.peer.text = "127.0.0.1";
  connection.peer.port = 40000;
  connection.peer.bytes = address;
  connection.server_addr = "127.0.0.1";
  connection.server_port = 8080;
  connection.requests = 2;
  connection.start_msec = 1795348860000 - 2500;
  clock.msec = 1795348860042;
  clock.http_date = "Sun, 22 Nov 2026 12:01:00 GMT";
  clock.log_local = "22/Nov/2026:12:01:00 +0000";
  clock.iso8601 = "2026-11-22T12:01:00+00:00";
  error_log.add(log_file, LogLevel::info);

  request.head.method = request.method = Method::get;
  request.head.method_text = "GET";
  request.head.request_line = "GET /a.html?x=1 HTTP/1.1";
  request.head.protocol_text = "HTTP/1.1";
  request.unparsed_uri = "/a.html?x=1";
  request.uri = "/a.html";
  request.args = "x=1";
  request.start_msec = clock.msec - 1042;
  request.request_bytes = 82;
  request.error_log = &error_log;
  request.variables = &build.table;
  request.server_name = "ex.test";
  request.server = &build.server;
  request.location = &build.location_set;
  request.response.status = 200;
  request.bytes_sent = 1234;
  request.head_bytes_sent = 234;
}

TestRequest& TestRequest::field(std::string_view name, std::string_view value) {
  request.head.add_field({name, value});
  return *this;
}

std::string TestRequest::variable(const std::string& name) {
  const std::uint16_t index = build.table.index_of(name);
  request.variable_values = {};  // the table grew
  const auto resolved = build.table.resolve();
  if (!resolved) return resolved.error();
  const auto value = build.table.value(request, index);
  return value ? std::string(*value) : "<none>";
}

std::string TestRequest::text(const std::string& source) {
  const auto compiled = Template::compile(source, build.table);
  if (!compiled) return compiled.error();
  request.variable_values = {};
  const auto resolved = build.table.resolve();
  return resolved ? std::string(compiled->evaluate(request)) : resolved.error();
}

}  // namespace uringx
