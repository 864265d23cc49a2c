#include "modules/secure_link.h"

#include "http/ascii.h"
#include "http/base64.h"
#include "modules/build_context.h"
#include "modules/digest.h"

namespace uringx {
namespace {

using Place = SecureLinkSettings;

template <auto Member>
Applied apply_template(BuildContext& context, const Directive& directive, Settings& settings) {
  auto& field = static_cast<Place&>(settings).*Member;
  if (field.is_set()) return std::unexpected(Refusal::directive("is duplicate"));
  auto compiled = context.compile_template(directive.words[1]);
  if (!compiled) return std::unexpected(std::move(compiled.error()));
  field.set(std::move(*compiled));
  return {};
}

// ngx_http_secure_link_merge_conf: either way of the module hides the other one of the level above.
Applied finish_location(BuildContext&, Settings& settings, const Settings* parent) {
  auto& place = static_cast<Place&>(settings);
  const auto* above = static_cast<const Place*>(parent);
  if (above == nullptr) return {};  // http{} itself is not looked at
  if (place.secret.is_set()) {
    if (!place.link.is_set() && !place.md5.is_set()) return {};
    return std::unexpected(Refusal{"\"secure_link_secret\" cannot be mixed with \"secure_link\" and \"secure_link_md5\""});
  }
  place.link.inherit(above->link);
  place.md5.inherit(above->md5);
  if (!place.link.is_set() && !place.md5.is_set()) place.secret.inherit(above->secret);
  return {};
}

constexpr DirectiveRow kRows[] = {
    {"secure_link", kHttpServerLocation, kTake1, Level::location, apply_template<&Place::link>},
    {"secure_link_md5", kHttpServerLocation, kTake1, Level::location, apply_template<&Place::md5>},
    {"secure_link_secret", kHttpServerLocation, kTake1, Level::location, detail::apply_value<&Place::secret>},
};

std::optional<std::string_view> get_secure_link(Request& request, std::string_view) {
  const auto& place = request.settings<Place>();
  if (place.secret.is_set()) return unsealed_link(request.unparsed_uri, *place.secret);
  if (!place.link.is_set() || !place.md5.is_set()) return std::nullopt;

  std::string_view signature = place.link->evaluate(request);
  std::int64_t expires_s = 0;
  if (const std::size_t comma = signature.find(','); comma != std::string_view::npos) {
    const std::string_view text = signature.substr(comma + 1);
    expires_s = parse_number(text).value_or(0);
    if (expires_s <= 0) return std::nullopt;
    request.secure_link_expires = text;  // for the text that was signed, which usually has it
    signature = signature.substr(0, comma);
  }
  if (!is_signature_of(signature, place.md5->evaluate(request))) return std::nullopt;
  return expires_s != 0 && expires_s < request.clock.msec / 1000 ? "0" : "1";
}

// Known once $secure_link was asked for, as in nginx.
std::optional<std::string_view> get_expires(Request& request, std::string_view) {
  if (request.secure_link_expires.data() == nullptr) return std::nullopt;
  return request.secure_link_expires;
}

constexpr VariableRow kVariables[] = {{"secure_link", get_secure_link}, {"secure_link_expires", get_expires}};
std::span<const VariableRow> secure_link_variables() { return kVariables; }

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::optional<Md5> parse_hex(std::string_view text) {
  Md5 bytes;
  if (text.size() != 2 * bytes.size()) return std::nullopt;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int high = hex_value(text[2 * i]);
    const int low = hex_value(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes[i] = static_cast<char>(high << 4 | low);
  }
  return bytes;
}

}  // namespace

const Module kSecureLinkModule = {.id = ModuleId::secure_link,
                                  .name = "secure_link",
                                  .rows = kRows,
                                  .make_location = make_settings<SecureLinkSettings>,
                                  .finish_location = finish_location,
                                  .variables = secure_link_variables};

// ngx_http_secure_link_old_variable.
std::optional<std::string_view> unsealed_link(std::string_view target, std::string_view secret) {
  const std::size_t first = target.find('/', 1);
  const std::size_t second = first == std::string_view::npos ? first : target.find('/', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const std::string_view rest = target.substr(second + 1);
  const std::optional<Md5> given = parse_hex(target.substr(first + 1, second - first - 1));
  if (rest.empty() || !given) return std::nullopt;
  const std::optional<Md5> made = md5({rest, secret});
  if (!made || !equal_in_constant_time(as_text(*given), as_text(*made))) return std::nullopt;
  return rest;
}

bool is_signature_of(std::string_view signature, std::string_view text) {
  constexpr std::size_t kTextBytesMax = 24;  // base64 of 16 bytes, padded
  if (signature.size() > kTextBytesMax) return false;
  char decoded[base64_decoded_bytes_max(kTextBytesMax)];
  const auto length = decode_base64(decoded, signature, Base64Alphabet::url);
  if (!length || *length != sizeof(Md5)) return false;
  const std::optional<Md5> made = md5({text});
  return made && equal_in_constant_time({decoded, *length}, as_text(*made));
}

}  // namespace uringx
