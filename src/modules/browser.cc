#include "modules/browser.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "http/browser.h"
#include "modules/request.h"
#include "modules/value_parsers.h"
#include "modules/variables.h"

namespace uringx {
namespace {

using Place = BrowserSettings;

// Where the version stands: behind `mark`, which is looked for from `skip` on, `add` bytes after its beginning.
struct Known {
  std::string_view name;
  std::size_t skip;
  std::size_t add;
  std::string_view mark;
};

// Opera first: it may call itself MSIE as well. (ngx_http_modern_browser_masks)
constexpr std::size_t kOpera = 0;
constexpr Known kKnown[] = {
    {"opera", 0, 6, "Opera"},
    {"msie", 25, 5, "MSIE "},
    {"gecko", 13, 3, "rv:"},
    {"safari", 13, 7, "Safari/"},
    {"konqueror", 25, 10, "Konqueror/"},
};

constexpr std::uint64_t kFirstScale = 1'000'000;           // 4000.99.99.99 at most
constexpr std::uint64_t kUnreachableVersion = 4'001'000'000;

Applied apply_modern(BuildContext&, const Directive& directive, Settings& settings) {
  auto& modern = static_cast<Place&>(settings).modern;
  const std::string& name = directive.words[1];
  if (directive.words.size() == 2) {
    // nginx ends without a word here.
    if (until_nul(name) != "unlisted") return std::unexpected(Refusal{fmt::format("invalid parameter \"{}\"", name)});
    modern.amend().unlisted = true;
    return {};
  }
  const auto known = std::ranges::find_if(kKnown, [&](const Known& one) { return equal_ignore_case(one.name, until_nul(name)); });
  if (known == std::end(kKnown)) return std::unexpected(Refusal{fmt::format("unknown browser name \"{}\"", name)});
  std::uint64_t version = 0;
  std::uint64_t part = 0;
  std::uint64_t scale = kFirstScale;
  for (const char c : directive.words[2]) {
    if (is_digit(c)) {
      part = part * 10 + static_cast<std::uint64_t>(c - '0');
    } else if (c == '.') {
      version += part * scale;
      part = 0;
      scale /= 100;
    } else {
      return std::unexpected(Refusal{fmt::format("invalid browser version \"{}\"", directive.words[2])});
    }
  }
  modern.amend().listed.push_back({static_cast<std::size_t>(known - kKnown), version + part * scale});
  return {};
}

Applied apply_ancient(BuildContext&, const Directive& directive, Settings& settings) {
  Place::Ancient& ancient = static_cast<Place&>(settings).ancient.amend();
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    if (until_nul(directive.words[i]) == "netscape4") {
      ancient.netscape4 = true;
    } else {
      ancient.words.push_back(directive.words[i]);
    }
  }
  return {};
}

template <Setting<std::string> Place::*value>
Applied apply_text(BuildContext&, const Directive& directive, Settings& settings) {
  (static_cast<Place&>(settings).*value).set(directive.words[1]);
  return {};
}

constexpr DirectiveRow kRows[] = {
    custom_row<&Place::modern>("modern_browser", kHttpServerLocation, kTake12, apply_modern),
    custom_row<&Place::ancient>("ancient_browser", kHttpServerLocation, kOneOrMore, apply_ancient),
    custom_row<&Place::modern_value>("modern_browser_value", kHttpServerLocation, kTake1, apply_text<&Place::modern_value>),
    custom_row<&Place::ancient_value>("ancient_browser_value", kHttpServerLocation, kTake1, apply_text<&Place::ancient_value>),
};

// Opera that is not listed is never modern, even where it says MSIE.
Applied finish_location(BuildContext&, Settings& settings, const Settings*) {
  auto& modern = static_cast<Place&>(settings).modern;
  if (!modern.is_set() || modern->listed.empty()) return {};
  auto& listed = modern.amend().listed;
  const bool has_opera = std::ranges::any_of(listed, [](const auto& one) { return one.browser == kOpera; });
  if (!has_opera) listed.push_back({kOpera, kUnreachableVersion});
  std::ranges::stable_sort(listed, {}, &Place::ModernBrowser::browser);
  return {};
}

// Whether the browser is modern; nothing: it is another one.
std::optional<bool> judge(std::string_view agent, const Place::ModernBrowser& browser) {
  const Known& known = kKnown[browser.browser];
  if (known.skip >= agent.size()) return std::nullopt;
  const std::size_t mark = agent.find(known.mark, known.skip);
  if (mark == std::string_view::npos || mark + known.add >= agent.size()) return std::nullopt;
  std::uint64_t version = 0;
  std::uint64_t part = 0;
  std::uint64_t scale = kFirstScale;
  for (const char c : agent.substr(mark + known.add)) {
    if (is_digit(c)) {
      part = part * 10 + static_cast<std::uint64_t>(c - '0');
      continue;
    }
    if (c != '.') break;
    version += part * scale;
    if (version > browser.version) return true;
    part = 0;
    scale /= 100;
  }
  return version + part * scale >= browser.version;
}

bool is_netscape4(std::string_view agent) {
  constexpr std::string_view kMozilla = "Mozilla/";
  return agent.size() > std::string_view("Mozilla/4.72 ").size() && agent.starts_with(kMozilla) &&
         agent[kMozilla.size()] > '0' && agent[kMozilla.size()] < '5';
}

// ngx_http_browser.
bool is_modern(const Request& request) {
  const auto& place = request.settings<Place>();
  const HeaderField* field = request.head.find(KnownField::user_agent);
  if (field == nullptr) return place.modern->unlisted;
  const std::string_view agent = field->value;
  if (!place.modern->listed.empty()) {
    for (const Place::ModernBrowser& browser : place.modern->listed) {
      if (const auto modern = judge(agent, browser)) return *modern;
    }
    if (!place.modern->unlisted) return false;
  }
  if (place.ancient->netscape4 && is_netscape4(agent)) return false;
  const bool ancient = std::ranges::any_of(place.ancient->words, [&](const std::string& word) {
    return agent.find(word) != std::string_view::npos;
  });
  return !ancient && place.modern->unlisted;
}

using Text = std::optional<std::string_view>;

Text get_modern(Request& request, std::string_view) {
  return is_modern(request) ? std::string_view(*request.settings<Place>().modern_value) : "";
}

Text get_ancient(Request& request, std::string_view) {
  return is_modern(request) ? "" : std::string_view(*request.settings<Place>().ancient_value);
}

Text get_msie(Request& request, std::string_view) {
  return browser_of(request.head.value(KnownField::user_agent)).msie ? "1" : "";
}

constexpr VariableRow kVariables[] = {
    {"msie", get_msie},
    {"modern_browser", get_modern},
    {"ancient_browser", get_ancient},
};

std::span<const VariableRow> browser_variables() { return kVariables; }

}  // namespace

const Module kBrowserModule = {.id = ModuleId::browser,
                               .name = "browser",
                               .rows = kRows,
                               .make_location = make_settings<BrowserSettings>,
                               .finish_location = finish_location,
                               .variables = browser_variables};

}  // namespace uringx
