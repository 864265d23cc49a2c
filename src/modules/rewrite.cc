#include "modules/rewrite.h"

#include "http/status.h"
#include "modules/build_context.h"
#include "modules/types.h"

namespace uringx {
namespace {

Applied apply_return(BuildContext& context, const Directive& directive, Settings& settings) {
  auto& field = static_cast<RewriteSettings&>(settings).return_;
  RewriteSettings::Return value;
  const std::string& first = directive.words[1];
  const std::string* text = directive.words.size() > 2 ? &directive.words[2] : nullptr;
  if (const auto status = parse_number(first)) {
    if (*status > 999) return std::unexpected(Refusal{"invalid return code \"" + first + "\""});
    value.status = static_cast<int>(*status);
  } else {
    const bool url = first.starts_with("http://") || first.starts_with("https://") || first.starts_with("$scheme");
    if (text != nullptr || !url) return std::unexpected(Refusal{"invalid return code \"" + first + "\""});
    value.status = 302;
    text = &first;
  }
  if (text != nullptr) {
    std::expected<Template, Refusal> compiled = context.compile_template(*text);
    if (!compiled) return std::unexpected(std::move(compiled.error()));
    value.text = std::move(*compiled);
  }
  if (!field.is_set()) field.set(std::move(value));  // what follows the first return is never reached
  return {};
}

constexpr DirectiveRow kRows[] = {
    {"return", kServer | kServerIf | kLocation | kLocationIf, kTake12, Level::location, apply_return},
};

}  // namespace

const Module kRewriteModule = {.id = ModuleId::rewrite,
                               .name = "rewrite",
                               .rows = kRows,
                               .make_location = make_settings<RewriteSettings>};

HandlerResult handle_rewrite(Request& request, HandlerState&, const HandlerInput&) {
  const auto& setting = request.settings<RewriteSettings>().return_;
  if (!setting.is_set()) return Declined{};
  const int status = setting->status;
  request.response.status = status;  // the text may ask for $status
  const std::string_view text = setting->text ? setting->text->evaluate(request) : std::string_view("");
  // As ngx_http_script_return_code: errors without a text of their own get the built-in (or configured) page.
  if (status >= 400 && (!setting->text || setting->text->source().empty())) return Finish{status};
  if (is_redirect(status)) {
    request.response.location = text.empty() ? std::string_view("") : text;  // printed even when it is empty
    return Finish{status};
  }
  request.response.content_length = static_cast<std::int64_t>(text.size());
  set_content_type(request);
  return SendText{text};
}

}  // namespace uringx
