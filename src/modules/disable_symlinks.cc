#include "modules/disable_symlinks.h"

#include "modules/build_context.h"

namespace uringx {
namespace {

using Rule = DisableSymlinksSettings::Rule;

Applied refuse(std::string message) { return std::unexpected(Refusal{std::move(message)}); }

std::optional<LinkPolicy> policy_of(std::string_view word) {
  if (word == "off") return LinkPolicy::off;
  if (word == "on") return LinkPolicy::on;
  if (word == "if_not_owner") return LinkPolicy::if_not_owner;
  return std::nullopt;
}

// ngx_http_disable_symlinks.
Applied apply_rule(BuildContext& context, const Directive& directive, Settings& settings) {
  constexpr std::string_view kFrom = "from=";
  auto& field = static_cast<DisableSymlinksSettings&>(settings).rule;
  if (field.is_set()) return std::unexpected(Refusal::directive("is duplicate"));
  Rule rule;
  bool has_policy = false;
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    const std::string& word = directive.words[i];
    if (const auto policy = policy_of(word)) {
      rule.policy = *policy;
      has_policy = true;
    } else if (word.starts_with(kFrom)) {
      auto compiled = context.compile_template(std::string_view(word).substr(kFrom.size()));
      if (!compiled) return std::unexpected(std::move(compiled.error()));
      rule.from = std::move(*compiled);
    } else {
      return refuse("invalid parameter \"" + word + "\"");
    }
  }
  if (!has_policy) return refuse("\"disable_symlinks\" must have \"off\", \"on\" or \"if_not_owner\" parameter");
  if (directive.words.size() > 2 && !rule.from) {
    return refuse("duplicate parameters \"" + directive.words[1] + " " + directive.words[2] + "\"");
  }
  if (rule.from && rule.policy == LinkPolicy::off) return refuse("\"from=\" cannot be used with \"off\" parameter");
  field.set(std::move(rule));
  return {};
}

constexpr DirectiveRow kRows[] = {
    custom_row<&DisableSymlinksSettings::rule>("disable_symlinks", kHttpServerLocation, kTake12, apply_rule),
};

}  // namespace

const Module kDisableSymlinksModule = {.id = ModuleId::disable_symlinks,
                                       .name = "disable_symlinks",
                                       .rows = kRows,
                                       .make_location = make_settings<DisableSymlinksSettings>};

LinkRule link_rule(Request& request, std::string_view path) {
  const Rule& rule = *request.settings<DisableSymlinksSettings>().rule;
  if (rule.policy == LinkPolicy::off || !rule.from) return {rule.policy, 0};
  const std::string_view from = rule.from->evaluate(request);
  if (from.empty() || !path.starts_with(from)) return {rule.policy, 0};
  if (from.size() == path.size()) return {};
  if (path[from.size()] == '/') return {rule.policy, from.size()};
  return {rule.policy, from.ends_with('/') ? from.size() - 1 : 0};
}

}  // namespace uringx
