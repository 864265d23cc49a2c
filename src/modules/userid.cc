#include "modules/userid.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstring>

#include "http/base64.h"
#include "http/date.h"
#include "modules/build_context.h"
#include "modules/value_parsers.h"

namespace uringx {
namespace {

using State = UserIdSettings::State;

// --- directives -------------------------------------------------------------------------------------------------

constexpr EnumWord<State> kStates[] = {
    {"off", State::off}, {"log", State::log}, {"v1", State::v1}, {"on", State::on},
};

constexpr std::int64_t kExpiresMax = 2145916555;  // "max": 31 Dec 2037 23:55:55 GMT
constexpr std::size_t kIdTextBytes = 22;          // base64 of 16 bytes, without the padding

enum Flag : unsigned { kOff = 1, kSecure = 2, kHttpOnly = 4, kSameSite = 8, kStrict = 16, kLax = 32, kNone = 64 };

struct FlagWord {
  std::string_view word;
  unsigned bits;
  unsigned sent_by;  // the bit that sends it; 0: none
};
constexpr FlagWord kFlagWords[] = {
    {"off", kOff, 0},
    {"secure", kSecure, kSecure},
    {"httponly", kHttpOnly, kHttpOnly},
    {"samesite=strict", kSameSite | kStrict, kStrict},
    {"samesite=lax", kSameSite | kLax, kLax},
    {"samesite=none", kSameSite | kNone, kNone},
};

Applied apply_userid(BuildContext& context, const Directive& directive, Settings& settings) {
  auto& field = static_cast<UserIdSettings&>(settings).enabled;
  if (field.is_set()) return std::unexpected(Refusal::directive("is duplicate"));
  const auto state = detail::find_word(kStates, directive.words[1]);
  if (!state) return std::unexpected(state.error());
  auto reset = context.compile_template("$uid_reset");
  if (!reset) return std::unexpected(std::move(reset.error()));
  field.set({*state, std::move(*reset)});
  return {};
}

// A text that is sent behind `prefix`; the word "none" sends nothing where it may.
template <auto Member>
Applied apply_text(const Directive& directive, Settings& settings, std::string_view prefix, bool may_be_none) {
  auto& field = static_cast<UserIdSettings&>(settings).*Member;
  if (field.is_set()) return std::unexpected(Refusal::directive("is duplicate"));
  const std::string& word = directive.words[1];
  field.set(may_be_none && word == "none" ? std::string() : std::string(prefix) + word);
  return {};
}

Applied apply_domain(BuildContext&, const Directive& directive, Settings& settings) {
  return apply_text<&UserIdSettings::domain>(directive, settings, "; domain=", true);
}
Applied apply_path(BuildContext&, const Directive& directive, Settings& settings) {
  return apply_text<&UserIdSettings::path>(directive, settings, "; path=", false);
}
Applied apply_p3p(BuildContext&, const Directive& directive, Settings& settings) {
  return apply_text<&UserIdSettings::p3p>(directive, settings, "", true);
}

Applied apply_expires(BuildContext&, const Directive& directive, Settings& settings) {
  auto& field = static_cast<UserIdSettings&>(settings).expires_s;
  if (field.is_set()) return std::unexpected(Refusal::directive("is duplicate"));
  const std::string& word = directive.words[1];
  if (word == "max" || word == "off") {
    field.set(word == "max" ? kExpiresMax : 0);
    return {};
  }
  const auto seconds = parse_seconds(word);
  if (!seconds) return std::unexpected(Refusal::directive("invalid value"));
  field.set(*seconds);
  return {};
}

// ngx_conf_set_bitmask_slot: words that share a bit with an earlier one are left out, with a warning.
Applied apply_flags(BuildContext& context, const Directive& directive, Settings& settings) {
  unsigned& flags = static_cast<UserIdSettings&>(settings).flags.amend();
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    const std::string& word = directive.words[i];
    const FlagWord* found = nullptr;
    for (const FlagWord& flag : kFlagWords) {
      if (equal_ignore_case(flag.word, word)) found = &flag;
    }
    if (found == nullptr) return std::unexpected(Refusal{fmt::format("invalid value \"{}\"", until_nul(word))});
    if ((flags & found->bits) != 0) {
      context.warn(fmt::format("duplicate value \"{}\"", until_nul(word)));
    } else {
      flags |= found->bits;
    }
  }
  return {};
}

Applied apply_mark(BuildContext&, const Directive& directive, Settings& settings) {
  auto& field = static_cast<UserIdSettings&>(settings).mark;
  if (field.is_set()) return std::unexpected(Refusal::directive("is duplicate"));
  const std::string& word = directive.words[1];
  if (word == "off") {
    field.set('\0');
    return {};
  }
  if (word.size() != 1 || !(is_alpha(word[0]) || is_digit(word[0]) || word[0] == '=')) {
    return std::unexpected(Refusal::directive("value must be \"off\" or a single letter, digit or \"=\""));
  }
  field.set(word[0]);
  return {};
}

constexpr std::uint32_t kAll = kHttpServerLocation;
constexpr DirectiveRow kRows[] = {
    custom_row<&UserIdSettings::enabled>("userid", kAll, kTake1, apply_userid),
    value_row<&UserIdSettings::service>("userid_service", kAll),
    value_row<&UserIdSettings::name>("userid_name", kAll),
    custom_row<&UserIdSettings::domain>("userid_domain", kAll, kTake1, apply_domain),
    custom_row<&UserIdSettings::path>("userid_path", kAll, kTake1, apply_path),
    custom_row<&UserIdSettings::expires_s>("userid_expires", kAll, kTake1, apply_expires),
    custom_row<&UserIdSettings::flags>("userid_flags", kAll, kTake123, apply_flags),
    custom_row<&UserIdSettings::p3p>("userid_p3p", kAll, kTake1, apply_p3p),
    custom_row<&UserIdSettings::mark>("userid_mark", kAll, kTake1, apply_mark),
};

// --- the number -------------------------------------------------------------------------------------------------

// Counts on each worker by itself; the thread's own number in `start` keeps their ranges apart, as nginx's process id does.
struct Sequence {
  std::uint32_t start = 0;
  std::uint32_t v1 = 1;
  std::uint32_t v2 = 0x03030302;
};

Sequence& sequence(const Request& request) {
  thread_local Sequence one;
  if (one.start == 0) {
    const auto microseconds = static_cast<std::uint32_t>(request.clock.msec % 1000 * 1000);
    one.start = (microseconds / 20) << 16 | static_cast<std::uint32_t>(gettid());
  }
  return one;
}

// The last four bytes of the server's address, as in memory; 0 for a unix socket.
std::uint32_t address_number(const Request& request) {
  char text[INET6_ADDRSTRLEN] = {};
  request.connection.server_addr.copy(text, sizeof(text) - 1);
  in6_addr bytes{};
  std::uint32_t number = 0;
  if (inet_pton(AF_INET, text, &bytes) == 1) {
    std::memcpy(&number, &bytes, sizeof(number));
  } else if (inet_pton(AF_INET6, text, &bytes) == 1) {
    std::memcpy(&number, bytes.s6_addr + 12, sizeof(number));
  }
  return number;
}

UserId::Number new_number(const Request& request, const UserIdSettings& settings) {
  Sequence& counted = sequence(request);
  const auto now = static_cast<std::uint32_t>(request.clock.msec / 1000);
  const auto service = static_cast<std::uint32_t>(settings.service->count);
  if (settings.enabled->state == State::v1) {
    const std::uint32_t count = counted.v1;
    counted.v1 += 0x100;
    return {settings.service.is_set() ? service : 0, now, counted.start, count};
  }
  const std::uint32_t count = counted.v2;
  counted.v2 += 0x100;
  if (counted.v2 < Sequence().v2) counted.v2 = Sequence().v2;
  return {settings.service.is_set() ? htonl(service) : address_number(request), htonl(now), htonl(counted.start), htonl(count)};
}

std::string_view number_text(Request& request, const UserId::Number& number) {
  return request.arena.copy(fmt::format("{}={:08X}{:08X}{:08X}{:08X}", *request.settings<UserIdSettings>().name, number[0],
                                        number[1], number[2], number[3]));
}

// ngx_http_userid_get_uid.
UserId& user_id_of(Request& request) {
  if (request.user_id != nullptr) return *request.user_id;
  UserId& id = *(request.user_id = request.arena.make<UserId>());
  const auto cookie = find_cookie(request.head, *request.settings<UserIdSettings>().name);
  if (!cookie) return id;
  id.cookie = cookie->value;
  if (id.cookie.size() < kIdTextBytes) {
    log_request(request, LogLevel::error,
                request.arena.join({"client sent too short userid cookie \"", cookie->field, "\""}));
    return id;
  }
  // Not more than these: a mark may follow, or what others left there instead of "==".
  char bytes[base64_decoded_bytes_max(kIdTextBytes)] = {};
  if (!decode_base64(bytes, id.cookie.substr(0, kIdTextBytes))) {
    log_request(request, LogLevel::error,
                request.arena.join({"client sent invalid userid cookie \"", cookie->field, "\""}));
    return id;
  }
  std::memcpy(id.got.data(), bytes, sizeof(id.got));
  return id;
}

bool is_marked(const UserIdSettings& settings, std::string_view cookie) {
  const char mark = *settings.mark;
  return mark == '\0' || (cookie.size() > kIdTextBytes + 1 && cookie[kIdTextBytes] == mark && cookie[kIdTextBytes + 1] == '=');
}

// Decides what is to be sent: nothing (set[3] stays 0), the client's own number again, or a new one
// (ngx_http_userid_create_uid).
void settle(Request& request, UserId& id) {
  const auto& settings = request.settings<UserIdSettings>();
  if (id.set[3] != 0) return;
  if (id.got[3] != 0) {
    const std::string_view reset = settings.enabled->reset.evaluate(request);
    if (reset.empty() || reset == "0") {
      if (!is_marked(settings, id.cookie)) id.set = id.got;
      return;
    }
    id.reset = true;
    if (reset == "log") {
      log_request(request, LogLevel::notice,
                  request.arena.join({"userid cookie \"", number_text(request, id.got), "\" was reset"}));
    }
  }
  id.set = new_number(request, settings);
}

std::string cookie_text(const Request& request, const UserIdSettings& settings, const UserId& id) {
  std::string text = *settings.name + "=";
  const bool is_new = id.got[3] == 0 || id.reset;
  if (is_new) {
    char encoded[base64_bytes(sizeof(id.set))];
    encode_base64(encoded, {reinterpret_cast<const char*>(id.set.data()), sizeof(id.set)});
    if (*settings.mark != '\0') encoded[kIdTextBytes] = *settings.mark;
    text.append(encoded, sizeof(encoded));
  } else {
    text += id.cookie.substr(0, kIdTextBytes);
    text += *settings.mark;
    text += '=';
  }
  if (*settings.expires_s == kExpiresMax) {
    text += "; expires=Thu, 31-Dec-37 23:55:55 GMT";
  } else if (*settings.expires_s != 0) {
    char date[kCookieDateBytesMax];
    char* const end = write_cookie_date(date, request.clock.msec / 1000 + *settings.expires_s);
    text += "; expires=";
    text.append(date, static_cast<std::size_t>(end - date));
  }
  text += *settings.domain;
  text += *settings.path;
  for (const FlagWord& flag : kFlagWords) {
    if ((*settings.flags & flag.sent_by) != 0) text.append("; ").append(flag.word);
  }
  return text;
}

// --- variables --------------------------------------------------------------------------------------------------

std::optional<std::string_view> get_got(Request& request, std::string_view) {
  if (request.settings<UserIdSettings>().enabled->state == State::off) return std::nullopt;
  const UserId& id = user_id_of(request);
  if (id.got[3] == 0) return std::nullopt;
  return number_text(request, id.got);
}

std::optional<std::string_view> get_set(Request& request, std::string_view) {
  if (request.settings<UserIdSettings>().enabled->state < State::v1) return std::nullopt;
  UserId& id = user_id_of(request);
  settle(request, id);
  if (id.set[3] == 0) return std::nullopt;
  return number_text(request, id.set);
}

std::optional<std::string_view> get_reset(Request&, std::string_view) { return ""; }

constexpr VariableRow kVariables[] = {
    {"uid_got", get_got},
    {"uid_set", get_set},
    {"uid_reset", get_reset},
};

std::span<const VariableRow> variables() { return kVariables; }

}  // namespace

const Module kUserIdModule = {.id = ModuleId::userid,
                              .name = "userid",
                              .rows = kRows,
                              .make_location = make_settings<UserIdSettings>,
                              .variables = variables,
                              .header_filter = filter_userid};

void filter_userid(Request& request) {
  if (request.is_subrequest()) return;
  const auto& settings = request.settings<UserIdSettings>();
  if (settings.enabled->state < State::v1) return;
  UserId& id = user_id_of(request);
  settle(request, id);
  if (id.set[3] == 0) return;
  request.response.fields.push_back({"Set-Cookie", request.arena.copy(cookie_text(request, settings, id))});
  if (!settings.p3p->empty()) request.response.fields.push_back({"P3P", *settings.p3p});
}

}  // namespace uringx
