#include "modules/error_page.h"

#include "modules/build_context.h"
#include "modules/http_core.h"

namespace uringx {
namespace {

// Statuses inside nginx that clients see as 400 (ngx_http_core_error_page).
constexpr bool seen_as_bad_request(int status) { return status >= 494 && status <= 497; }

struct ResponseOption {
  int overwrite = -1;
  std::size_t status_words;  // words before "=..." or the uri
};

std::expected<ResponseOption, Refusal> parse_response_option(const std::vector<std::string>& words) {
  const std::size_t before_uri = words.size() - 2;
  const std::string& word = words[before_uri];
  if (!word.starts_with('=')) return ResponseOption{-1, words.size() - 1};
  if (before_uri == 1) return std::unexpected(Refusal{"invalid value \"" + word + "\""});
  if (word.size() == 1) return ResponseOption{0, before_uri};
  const auto number = parse_number(std::string_view(word).substr(1));
  if (!number || *number > 999) return std::unexpected(Refusal{"invalid value \"" + word + "\""});
  return ResponseOption{static_cast<int>(*number), before_uri};
}

Applied apply_error_page(BuildContext& context, const Directive& directive, Settings& settings) {
  const std::vector<std::string>& words = directive.words;
  const auto option = parse_response_option(words);
  if (!option) return std::unexpected(option.error());
  std::expected<Template, Refusal> target = context.compile_template(words.back());
  if (!target) return std::unexpected(std::move(target.error()));

  auto& pages = static_cast<ErrorPageSettings&>(settings).pages;
  for (std::size_t i = 1; i < option->status_words; ++i) {
    const auto status = parse_number(words[i]);
    if (!status || *status == 499) return std::unexpected(Refusal{"invalid value \"" + words[i] + "\""});
    if (*status < 300 || *status > 599) {
      return std::unexpected(Refusal{"value \"" + words[i] + "\" must be between 300 and 599"});
    }
    ErrorPageRule page{static_cast<int>(*status), option->overwrite, *target};
    if (page.overwrite < 0 && seen_as_bad_request(page.status)) page.overwrite = 400;
    pages.amend().push_back(std::move(page));
  }
  return {};
}

constexpr DirectiveRow kRows[] = {
    custom_row<&ErrorPageSettings::pages>("error_page", kHttpServerLocation | kLocationIf, kTwoOrMore, apply_error_page),
};

}  // namespace

const Module kErrorPageModule = {.id = ModuleId::error_page,
                                 .name = "error_page",
                                 .rows = kRows,
                                 .make_location = make_settings<ErrorPageSettings>};

const ErrorPageRule* choose_error_page(Request& request, int status) {
  const std::vector<ErrorPageRule>& pages = *request.settings<ErrorPageSettings>().pages;
  if (request.error_page_active || pages.empty() || request.uri_changes_left == 0) return nullptr;
  if (!*request.settings<HttpCoreLocation>().recursive_error_pages) request.error_page_active = true;
  for (const ErrorPageRule& page : pages) {
    if (page.status == status) return &page;
  }
  return nullptr;
}

}  // namespace uringx
