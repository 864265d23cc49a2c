#include "modules/auth_basic.h"

#include <algorithm>
#include <cerrno>

#include "modules/basic_credentials.h"
#include "modules/build_context.h"

namespace uringx {
namespace {

constexpr std::string_view kChallenge = "WWW-Authenticate";

Applied apply_realm(BuildContext& context, const Directive& directive, Settings& settings) {
  auto& realm = static_cast<AuthBasicSettings&>(settings).realm;
  if (realm.is_set()) return std::unexpected(Refusal::directive("is duplicate"));
  auto compiled = context.compile_template(directive.words[1]);
  if (!compiled) return std::unexpected(std::move(compiled.error()));
  realm.set(std::move(*compiled));
  return {};
}

// A path that begins with a variable is made absolute once its value is known.
Applied apply_user_file(BuildContext& context, const Directive& directive, Settings& settings) {
  auto& user_file = static_cast<AuthBasicSettings&>(settings).user_file;
  if (user_file.is_set()) return std::unexpected(Refusal::directive("is duplicate"));
  const std::string& word = directive.words[1];
  auto compiled = context.compile_template(word.starts_with('$') ? word : context.full_conf_path(word));
  if (!compiled) return std::unexpected(std::move(compiled.error()));
  user_file.set({std::move(*compiled), context.full_conf_path("")});
  return {};
}

constexpr std::uint32_t kContexts = kHttpServerLocation | kLimitExcept;

constexpr DirectiveRow kRows[] = {
    custom_row<&AuthBasicSettings::realm>("auth_basic", kContexts, kTake1, apply_realm),
    custom_row<&AuthBasicSettings::user_file>("auth_basic_user_file", kContexts, kTake1, apply_user_file),
};

// NUL-terminated behind the view's end, and without a NUL inside.
std::string_view user_file_path(Request& request, const AuthBasicSettings::UserFile& file) {
  std::string_view path = file.path.evaluate(request);
  path = path.substr(0, path.find('\0'));
  const std::string_view prefix = path.starts_with('/') ? std::string_view() : file.prefix;
  const std::string_view terminated = request.arena.join({prefix, path, std::string_view("\0", 1)});
  return terminated.substr(0, terminated.size() - 1);
}

HandlerResult challenge(Request& request, std::string_view realm) {
  request.response.fields.push_back({kChallenge, request.arena.join({"Basic realm=\"", realm, "\""})});
  return Finish{401};
}

HandlerResult refuse(Request& request, LogLevel level, std::string_view message, int error_number, int status) {
  log_request(request, level, message, error_number);
  return Finish{status};
}

HandlerResult judge(Request& request, std::string_view realm, const PasswordAnswer& answer) {
  using Outcome = PasswordAnswer::Outcome;
  Arena& arena = request.arena;
  const int error_number = answer.error_number;
  switch (answer.outcome) {
    case Outcome::match: return Allowed{};
    case Outcome::mismatch:
      log_request(request, LogLevel::error,
                  arena.join({"user \"", basic_credentials(request)->user, "\": password mismatch"}));
      return challenge(request, realm);
    case Outcome::no_such_user:
      log_request(request, LogLevel::error,
                  arena.join({"user \"", basic_credentials(request)->user, "\" was not found in \"", answer.user_file, "\""}));
      return challenge(request, realm);
    case Outcome::open_failed: {
      const bool absent = error_number == ENOENT;
      return refuse(request, absent ? LogLevel::error : LogLevel::crit,
                    arena.join({"open() \"", answer.user_file, "\" failed"}), error_number, absent ? 403 : 500);
    }
    case Outcome::read_failed:
      return refuse(request, LogLevel::crit, arena.join({"pread() \"", answer.user_file, "\" failed"}), error_number, 500);
    case Outcome::hash_failed: return refuse(request, LogLevel::crit, "crypt_r() failed", error_number, 500);
    case Outcome::not_started:
      return refuse(request, LogLevel::alert, "too many passwords wait to be checked", error_number, 500);
  }
  return Finish{500};
}

constexpr HandlerRow kHandlers[] = {{Phase::access, handle_auth_basic}};

std::span<const HandlerRow> handlers() { return kHandlers; }

}  // namespace

const Module kAuthBasicModule = {.id = ModuleId::auth_basic,
                                 .name = "auth_basic",
                                 .rows = kRows,
                                 .make_location = make_settings<AuthBasicSettings>,
                                 .handlers = handlers};

HandlerResult handle_auth_basic(Request& request, HandlerState& state, const HandlerInput& input) {
  const auto& settings = request.settings<AuthBasicSettings>();
  if (!settings.realm.is_set() || !settings.user_file.is_set()) return Declined{};
  if (input.password != nullptr) return judge(request, state.path, *input.password);

  const std::string_view realm = settings.realm->evaluate(request);
  if (realm == "off") return Declined{};
  const std::optional<BasicCredentials> given = basic_credentials(request);
  if (!given) {
    log_request(request, LogLevel::info, "no user/password was provided for basic authentication");
    return challenge(request, realm);
  }
  state.path = realm;
  return CheckPassword{user_file_path(request, *settings.user_file), given->user, given->password};
}

void withdraw_challenge(Request& request) {
  auto& fields = request.response.fields;
  const auto last = std::find_if(fields.rbegin(), fields.rend(), [](const HeaderField& field) { return field.name == kChallenge; });
  if (last != fields.rend()) fields.erase(std::next(last).base());
}

}  // namespace uringx
