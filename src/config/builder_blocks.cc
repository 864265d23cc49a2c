// The part of the Builder that makes servers and locations (ngx_http_core_server, ngx_http_core_location,
// ngx_http_core_listen, ngx_http_core_server_name).
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "config/builder.h"
#include "config/listen_parser.h"
#include "config/locations.h"
#include "modules/http_core.h"
#include "modules/rewrite.h"
#include "modules/ssl.h"

namespace uringx {
namespace {

struct MethodWord {
  std::string_view word;
  Method method;
};
constexpr std::array<MethodWord, 14> kMethods{{
    {"GET", Method::get},           {"HEAD", Method::head},   {"POST", Method::post},
    {"PUT", Method::put},           {"DELETE", Method::del},  {"MKCOL", Method::mkcol},
    {"COPY", Method::copy},         {"MOVE", Method::move},   {"OPTIONS", Method::options},
    {"PROPFIND", Method::propfind}, {"PROPPATCH", Method::proppatch}, {"LOCK", Method::lock},
    {"UNLOCK", Method::unlock},     {"PATCH", Method::patch},
}};

std::uint64_t method_bit(Method method) { return std::uint64_t{1} << static_cast<unsigned>(method); }

std::string hostname() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return {};
  std::string text(name.data());
  std::transform(text.begin(), text.end(), text.begin(), ascii_lower);
  return text;
}

// "= /x" in two words, or "=/x" in one: the kind and what follows its sign.
struct Modifier {
  std::string_view sign;
  Location::Kind kind;
  bool caseless;
};
constexpr Modifier kModifiers[] = {
    {"=", Location::Kind::exact, false},
    {"^~", Location::Kind::no_regex, false},
    {"~*", Location::Kind::regex, true},  // before "~"
    {"~", Location::Kind::regex, false},
};

}  // namespace

// ---------------------------------------------------------------------------------------------------- server

Builder::Step Builder::begin_server(const Directive& directive) {
  auto& server = *routes_.servers.emplace_back(std::make_unique<ServerBlock>());
  server.file = *directive.file;
  server.line = directive.line;
  server.settings = make_server_settings();
  server.root.settings = make_location_settings();
  if (auto done = read_block(directive, {kServer, &server.settings, &server.root.settings, &server, nullptr});
      !done) {
    return done;
  }
  if (!server.has_listen) {
    const std::uint16_t port = getuid() == 0 ? 80 : 8000;
    if (auto done = add_address(server, any_ipv4(port), {}); !done) return done;
  }
  if (server.names.empty()) server.names.push_back({});
  for (const ServerBlock::Name& name : server.names) server.settings.get<ServerSsl>().server_names += name.text + ' ';
  server.server_name = server.names.front().text;
  if (server.server_name.starts_with('.')) server.server_name.erase(0, 1);
  return {};
}

Builder::Step Builder::add_listen(const Directive& directive) {
  scope_.server_block->has_listen = true;
  std::vector<std::string> complaints;
  auto listen = parse_listen(directive, complaints);
  for (std::string& complaint : complaints) message(LogLevel::emerg, with_place(std::move(complaint)));
  if (!listen) return refuse(std::move(listen.error()), directive.name());
  for (const SocketAddress& address : listen->addresses) {
    if (auto done = add_address(*scope_.server_block, address, listen->options); !done) return done;
  }
  return {};
}

Builder::Step Builder::add_address(ServerBlock& server, const SocketAddress& address,
                                   const ListenOptions& options) {
  if (auto added = listens_.add(server, address, options); !added) return refuse(std::move(added.error()));
  return {};
}

Builder::Step Builder::add_server_names(const Directive& directive) {
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    if (auto added = add_server_name(*scope_.server_block, directive.words[i]); !added) {
      return refuse(std::move(added.error()), directive.name());
    }
  }
  return {};
}

Applied Builder::add_server_name(ServerBlock& server, const std::string& word) {
  const bool bare_star = word.starts_with('*') && (word.size() < 3 || word[1] != '.');
  if (bare_star || word == ".")
    return std::unexpected(Refusal{fmt::format("server name \"{}\" is invalid", word)});
  if (word.find('/') != std::string::npos)
    warn(fmt::format("server name \"{}\" has suspicious symbols", word));
  ServerBlock::Name name;
  if (word.starts_with('~')) {
    if (word.size() == 1)
      return std::unexpected(Refusal{fmt::format("empty regex in server name \"{}\"", word)});
    // A name with capitals can only match the lower-case host when case does not count.
    const bool caseless = std::any_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    auto regex = compile_regex(std::string_view(word).substr(1), caseless);
    if (!regex) return std::unexpected(std::move(regex.error()));
    name.text = word;
    name.regex = std::move(*regex);
  } else {
    name.text = equal_ignore_case(word, "$hostname") ? hostname() : word;
    std::transform(name.text.begin(), name.text.end(), name.text.begin(), ascii_lower);
  }
  server.settings.get<HttpCoreServer>().names.push_back({name.text, name.regex});
  server.names.push_back(std::move(name));
  return {};
}

// -------------------------------------------------------------------------------------------------- location

Builder::Step Builder::begin_location(const Directive& directive) {
  auto made = std::make_unique<Location>();
  Location& location = *made;
  location.file = *directive.file;
  location.line = directive.line;
  location.settings = make_location_settings();
  if (auto named = name_location(location, directive); !named) return refuse(std::move(named.error()));
  if (auto nested = check_nesting(location); !nested) return refuse(std::move(nested.error()));
  Location& parent = scope_.location_block != nullptr ? *scope_.location_block : scope_.server_block->root;
  parent.nested.push_back(std::move(made));
  return read_block(directive,
                    {kLocation, scope_.server, &location.settings, scope_.server_block, &location});
}

Applied Builder::name_location(Location& location, const Directive& directive) {
  const std::string_view first = directive.words[1];
  const bool two_words = directive.words.size() == 3;
  const auto modifier = std::find_if(std::begin(kModifiers), std::end(kModifiers), [&](const Modifier& one) {
    return two_words ? first == one.sign : first.starts_with(one.sign);
  });
  if (modifier == std::end(kModifiers)) {
    if (two_words) return std::unexpected(Refusal{fmt::format("invalid location modifier \"{}\"", first)});
    location.name = first;
    location.kind = first.starts_with('@') ? Location::Kind::named : Location::Kind::prefix;
    return {};
  }
  location.name = two_words ? std::string_view(directive.words[2]) : first.substr(modifier->sign.size());
  location.kind = modifier->kind;
  if (location.kind == Location::Kind::regex) {
    auto regex = compile_regex(location.name, modifier->caseless);
    if (!regex) return std::unexpected(std::move(regex.error()));
    location.regex = std::move(*regex);
  }
  return {};
}

Applied Builder::check_nesting(const Location& location) const {
  if (scope_.location_block == nullptr) return {};
  const Location& outer = *scope_.location_block;
  const auto refuse_nesting = [&](std::string_view how) {
    return std::unexpected(Refusal{fmt::format("location \"{}\" {} \"{}\"", location.name, how, outer.name)});
  };
  if (outer.kind == Location::Kind::exact) return refuse_nesting("cannot be inside the exact location");
  if (outer.kind == Location::Kind::named) return refuse_nesting("cannot be inside the named location");
  if (location.kind == Location::Kind::named) {
    return std::unexpected(
        Refusal{fmt::format("named location \"{}\" can be on the server level only", location.name)});
  }
  if (location.kind != Location::Kind::regex && !location.name.starts_with(outer.name)) {
    return refuse_nesting("is outside location");
  }
  return {};
}

// ngx_http_rewrite_if: a location without a name that only the script around it leads to. At server level its settings
// come to nothing, as with nginx: there is no location yet that they could replace.
Builder::Step Builder::begin_if(const Directive& directive) {
  const bool in_location = scope_.location_block != nullptr;
  Location& outer = in_location ? *scope_.location_block : scope_.server_block->root;
  Location& block = *outer.nested.emplace_back(std::make_unique<Location>());
  block.kind = Location::Kind::unnamed;
  block.name = outer.name;
  block.file = *directive.file;
  block.line = directive.line;
  block.settings = make_location_settings();
  note_use(ModuleId::rewrite);
  auto& script = scope_.location->get<RewriteSettings>();
  const auto step = uringx::begin_if(*this, directive, script, block.settings.get<RewriteSettings>(),
                                     in_location ? &block.settings : nullptr);
  if (!step) return refuse(step.error());
  Scope scope = scope_;
  scope.context = in_location ? kLocationIf : kServerIf;
  scope.location = &block.settings;
  if (auto done = read_block(directive, scope); !done) return done;
  end_if(script, *step);
  return {};
}

Builder::Step Builder::begin_limit_except(const Directive& directive) {
  Location& location = *scope_.location_block;
  if (location.limit_except_settings != nullptr) return refuse("\"limit_except\" directive is duplicate");
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    const auto known = std::find_if(kMethods.begin(), kMethods.end(), [&](const MethodWord& one) {
      return equal_ignore_case(one.word, directive.words[i]);
    });
    if (known == kMethods.end()) return refuse(fmt::format("invalid method \"{}\"", directive.words[i]));
    location.limit_except_allowed |= method_bit(known->method);
  }
  if (location.limit_except_allowed & method_bit(Method::get))
    location.limit_except_allowed |= method_bit(Method::head);
  location.limit_except_settings = std::make_unique<SettingsSet>(make_location_settings());
  return read_block(directive, {kLimitExcept, scope_.server, location.limit_except_settings.get(),
                                scope_.server_block, &location});
}

Builder::Step Builder::index_all_locations() {
  for (const std::unique_ptr<ServerBlock>& server : routes_.servers) {
    const auto indexed = index_locations(server->root);
    if (indexed) continue;
    // nginx names the block's own place and not the end of http{}.
    const Location& duplicate = *indexed.error();
    return refuse(Refusal{.message = fmt::format("duplicate location \"{}\" in {}:{}", duplicate.name,
                                                 duplicate.file, duplicate.line),
                          .without_place = true});
  }
  return {};
}

}  // namespace uringx
