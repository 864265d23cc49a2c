#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "config/directive_table.h"
#include "lint/rule.h"

namespace uringx {
namespace {

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c); });
}

// An address in one spelling: "*:80" for "80", "*", "0.0.0.0" and nothing at all.
std::string address_of(std::string_view text) {
  if (text.starts_with("unix:")) return std::string(text);
  if (is_number(text)) return "*:" + std::string(text);
  const std::size_t bracket = text.find(']');
  const bool has_port = text.find(':', bracket == std::string_view::npos ? 0 : bracket) != std::string_view::npos;
  std::string address(text);
  if (!has_port) address += ":80";
  if (address.starts_with("0.0.0.0:")) address.replace(0, 7, "*");
  return address;
}

bool has_word(const Directive& line, std::string_view word) {
  return std::find(line.words.begin() + 1, line.words.end(), word) != line.words.end();
}

struct Listener {
  const Block* server;
  const Directive* line;  // nullptr: a server without listen
};
using Listeners = std::map<std::string, std::vector<Listener>>;

Listeners listeners_of(const Block& http) {
  Listeners listeners;
  for (const Block* server : http.blocks_of(kServerBlock)) {
    bool listens = false;
    for (const Directive* line : server->lines) {
      if (line->name() != "listen" || line->words.size() < 2) continue;
      listens = true;
      listeners[address_of(line->words[1])].push_back({server, line});
    }
    if (!listens) listeners["*:80"].push_back({server, nullptr});
  }
  return listeners;
}

const Directive& place_of(const Listener& listener) {
  return listener.line != nullptr ? *listener.line : *listener.server->opener;
}

std::vector<std::string> names_of(const Block& server) {
  std::vector<std::string> names;
  for (const Directive* line : server.lines) {
    if (line->name() == "server_name") names.insert(names.end(), line->words.begin() + 1, line->words.end());
  }
  return names;
}

// A server that is written for names that no other has: nameless, "_", or one that refuses or closes.
bool is_meant_for_rest(const Block& server) {
  const auto names = names_of(server);
  constexpr std::string_view kRests[] = {"_", "", "*", "~.", "~^", "~.*", "~^.*", "~^.*$", "~^.+$", "~^(.*)$", "~^(.+)$", "localhost"};
  const auto is_rest = [&](const std::string& name) {
    return std::ranges::find(kRests, name) != std::end(kRests) || name.starts_with("~^(?<") || name.starts_with("$");
  };
  if (names.empty() || std::ranges::any_of(names, is_rest)) return true;
  const Directive* const answer = server.line("return");
  return answer != nullptr && answer->words.size() > 1 && answer->words[1].starts_with('4');
}

std::string name_text(const Block& server) {
  const auto names = names_of(server);
  return names.empty() ? "without server_name" : fmt::format("\"{}\"", names.front());
}

void check_default_server(const Block& http, Report& report) {
  // One finding for a server, whatever addresses it shares.
  std::map<const Block*, std::pair<Listener, std::string>> firsts;
  for (const auto& [address, listeners] : listeners_of(http)) {
    if (std::ranges::all_of(listeners, [&](const Listener& one) { return one.server == listeners[0].server; })) continue;
    const auto is_default = [](const Listener& one) {
      return one.line != nullptr && (has_word(*one.line, "default_server") || has_word(*one.line, "default"));
    };
    if (std::ranges::any_of(listeners, is_default) || is_meant_for_rest(*listeners[0].server)) continue;
    auto& [listener, addresses] = firsts.try_emplace(listeners[0].server, listeners[0], "").first->second;
    addresses += (addresses.empty() ? "" : ", ") + address;
    const auto rest = std::ranges::find_if(listeners, [](const Listener& one) { return is_meant_for_rest(*one.server); });
    if (rest == listeners.end()) continue;
    report.add(place_of(*rest), fmt::format("the server {} does not get the requests for names that no server has: on {} they go to "
                                            "the first one, {} on line {}; write default_server behind this listen",
                                            name_text(*rest->server), address, name_text(*listeners[0].server),
                                            place_of(listeners[0]).line));
    firsts.erase(listeners[0].server);
  }
  for (const auto& [server, first] : firsts) {
    const auto& [listener, addresses] = first;
    report.add(place_of(listener), fmt::format("several servers listen on {} and none is default_server: names that no server has, and "
                                               "requests by address, go to the first one, {}; write default_server behind the listen of "
                                               "the one that is meant, or add a server with \"return 444\"",
                                               addresses, name_text(*server)));
  }
}

void check_plain_443(const Block& http, Report& report) {
  for (const auto& [address, listeners] : listeners_of(http)) {
    if (!address.ends_with(":443") || address.starts_with("unix:")) continue;
    const auto is_secure = [](const Listener& one) {
      return has_word(*one.line, "ssl") || has_word(*one.line, "quic") || one.server->value("ssl") == "on" ||
             has_word(*one.line, "proxy_protocol");
    };
    if (std::ranges::any_of(listeners, is_secure)) continue;
    const bool has_certificate = listeners[0].server->nearest_with("ssl_certificate") != nullptr;
    report.add(*listeners[0].line, fmt::format("port 443 without TLS: \"{}\" answers browsers in plain HTTP{}; write \"ssl\" behind it",
                                               line_text(*listeners[0].line),
                                               has_certificate ? ", and ssl_certificate is not used" : ""));
  }
}

struct NameMistake {
  std::string_view sign;
  std::string_view sentence;
};
constexpr NameMistake kNameMistakes[] = {
    {"://", "holds a scheme"},
    {"/", "holds a path"},
    {",", "holds a comma, which separates nothing here: write a blank"},
    {":", "holds a port, which belongs to listen"},
};

void check_server_name(const Block& server, Report& report) {
  for (const Directive* line : server.lines) {
    if (line->name() != "server_name") continue;
    for (std::size_t i = 1; i < line->words.size(); ++i) {
      const std::string& name = line->words[i];
      if (name.starts_with('~')) continue;
      const auto found = std::ranges::find_if(kNameMistakes, [&](const NameMistake& mistake) {
        return name.find(mistake.sign) != std::string::npos;
      });
      if (found == std::end(kNameMistakes)) continue;
      report.add(*line, fmt::format("\"{}\" is compared with the host alone and never equals it: it {}; write the bare name", name,
                                    found->sentence));
      break;
    }
  }
}

// A forgotten semicolon makes the next line words of this one, where a directive takes any number.
constexpr std::string_view kGreedy[] = {"index", "server_name", "gzip_types", "try_files", "error_page"};

void check_swallowed(const Block& block, Report& report) {
  for (const Directive* line : block.lines) {
    if (std::ranges::find(kGreedy, line->name()) == std::end(kGreedy)) continue;
    for (std::size_t i = 2; i < line->words.size(); ++i) {
      const std::string& word = line->words[i];
      if (word == "index" || find_directive(word).empty()) continue;
      report.add(*line, fmt::format("\"{}\" has the directive \"{}\" among its words: a semicolon is missing before it", line->name(),
                                    word));
      break;
    }
  }
}

constexpr LintRule kRules[] = {
    {"no-default-server", kHttpBlock, check_default_server,
     "several servers on one address and no `default_server`, or a nameless server that is not the first"},
    {"plain-443", kHttpBlock, check_plain_443, "`listen 443` without `ssl`"},
    {"server-name-form", kServerBlock, check_server_name, "a `server_name` with a scheme, a port, a path or a comma"},
    {"missing-semicolon", kSettingsBlocks, check_swallowed,
     "a directive's name among the words of `index`, `server_name` and others that take any number"},
};

}  // namespace

std::span<const LintRule> server_rules() { return kRules; }

}  // namespace uringx
