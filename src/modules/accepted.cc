#include "modules/accepted.h"

#include <fmt/format.h>

#include <algorithm>

#include "modules/build_context.h"

namespace uringx {
namespace {

struct GzipSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::gzip;
};
struct SslSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::ssl;

  Setting<std::vector<std::string>> certificates;
  Setting<std::vector<std::string>> keys;
};

constexpr std::uint32_t kAll = kHttpServerLocation;
constexpr std::uint32_t kHttpServer = kHttp | kServer;
constexpr Standing kLater = Standing::no_effect_yet;

Applied refuse(std::string message) { return std::unexpected(Refusal{std::move(message)}); }
Applied refuse_directive(std::string message) {
  return std::unexpected(Refusal::directive(std::move(message)));
}

Applied accept_words(BuildContext&, const Directive&, Settings&) { return {}; }

Applied accept_once(BuildContext&, const Directive& directive, Settings& settings) {
  if (!settings.note_first(directive.name())) return refuse_directive("is duplicate");
  return {};
}

// ngx_conf_set_bitmask_slot: every word is one of Words; a word given twice is a warning.
template <const auto& Words>
Applied check_bits(BuildContext& context, const Directive& directive, Settings& settings) {
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    const std::string& word = directive.words[i];
    const bool known = std::any_of(std::begin(Words), std::end(Words),
                                   [&](std::string_view one) { return equal_ignore_case(one, word); });
    if (!known) return refuse(fmt::format("invalid value \"{}\"", until_nul(word)));
    if (!settings.note_first(fmt::format("{} {}", directive.name(), word))) {
      context.warn(fmt::format("duplicate value \"{}\"", word));
    }
  }
  return {};
}

Applied check_comp_level(BuildContext& context, const Directive& directive, Settings& settings) {
  if (auto checked = detail::check_value<Number>(context, directive, settings); !checked) return checked;
  const auto level = parse_number(directive.words[1]);
  if (*level < 1 || *level > 9) return refuse("value must be between 1 and 9");
  return {};
}

// A power of two between the bounds that zlib knows (ngx_http_gzip_window, ngx_http_gzip_hash).
template <std::uint64_t Least, std::uint64_t Most>
Applied check_power_of_two(BuildContext& context, const Directive& directive, Settings& settings) {
  if (auto checked = detail::check_value<Bytes>(context, directive, settings); !checked) return checked;
  std::string choices;
  for (std::uint64_t bytes = Least; bytes <= Most; bytes *= 2) {
    if (*parse_size(directive.words[1]) == bytes) return {};
    if (!choices.empty()) choices += bytes == Most ? ", or " : ", ";
    choices += bytes < 1024 ? fmt::format("{}", bytes) : fmt::format("{}k", bytes / 1024);
  }
  return refuse_directive("must be " + choices);
}

// ngx_http_types_slot: text/html is in the list from the beginning.
Applied check_gzip_types(BuildContext& context, const Directive& directive, Settings& settings) {
  settings.note_first("gzip_types text/html");
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    std::string word = directive.words[i];
    std::transform(word.begin(), word.end(), word.begin(), ascii_lower);
    if (word != "*" && !settings.note_first("gzip_types " + word)) {
      context.warn(fmt::format("duplicate MIME type \"{}\"", directive.words[i]));
    }
  }
  return {};
}

// Regexes, but for the word msie6.
Applied check_gzip_disable(BuildContext& context, const Directive& directive, Settings&) {
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    if (directive.words[i] == "msie6") continue;
    if (auto regex = context.compile_regex(directive.words[i], true); !regex) {
      return std::unexpected(std::move(regex.error()));
    }
  }
  return {};
}

constexpr std::string_view kGzipProxied[] = {
    "off", "expired", "no-cache", "no-store", "private", "no_last_modified", "no_etag", "auth", "any"};
constexpr EnumWord<int> kGzipHttpVersion[] = {{"1.0", 1000}, {"1.1", 1001}};

constexpr DirectiveRow later(std::string_view name, std::uint32_t contexts, std::uint32_t arity,
                             decltype(DirectiveRow::apply) apply, Level level = Level::location) {
  return {name, contexts, arity, level, apply, nullptr, kLater};
}

constexpr DirectiveRow kGzipRows[] = {
    checked_row<bool>("gzip", kAll | kLocationIf, Level::location, kLater),
    checked_row<BufferSet>("gzip_buffers", kAll, Level::location, kLater),
    later("gzip_types", kAll, kOneOrMore, check_gzip_types),
    later("gzip_comp_level", kAll, kTake1, check_comp_level),
    later("gzip_window", kAll, kTake1, check_power_of_two<512, 32 * 1024>),
    later("gzip_hash", kAll, kTake1, check_power_of_two<512, 128 * 1024>),
    checked_row<Bytes>("postpone_gzipping", kAll, Level::location, kLater),
    checked_row<bool>("gzip_no_buffer", kAll, Level::location, kLater),
    checked_row<Bytes>("gzip_min_length", kAll, Level::location, kLater),
    checked_row<bool>("gzip_vary", kAll, Level::location, kLater),
    checked_enum_row<kGzipHttpVersion>("gzip_http_version", kAll, Level::location, kLater),
    later("gzip_proxied", kAll, kOneOrMore, check_bits<kGzipProxied>),
    later("gzip_disable", kAll, kOneOrMore, check_gzip_disable),
};

// ------------------------------------------------------------------------------------------------------- ssl

constexpr std::string_view kProtocols[] = {"SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"};
constexpr EnumWord<int> kVerifyClient[] = {{"off", 0}, {"on", 1}, {"optional", 2}, {"optional_no_ca", 3}};
constexpr EnumWord<int> kOcsp[] = {{"off", 0}, {"on", 1}, {"leaf", 2}};

// off, none, builtin[:SIZE], shared:NAME:SIZE.
Applied check_session_cache_word(std::string_view word) {
  const auto invalid = [&] { return refuse(fmt::format("invalid session cache \"{}\"", word)); };
  if (word == "off" || word == "none" || word == "builtin") return {};
  if (word.starts_with("builtin:")) return parse_number(word.substr(8)) ? Applied() : invalid();
  if (!word.starts_with("shared:")) return invalid();
  const std::string_view rest = word.substr(7);
  const std::size_t colon = rest.find(':');
  if (colon == 0 || colon == std::string_view::npos) return invalid();
  const auto bytes = parse_size(rest.substr(colon + 1));
  if (!bytes) return invalid();
  constexpr std::uint64_t kLeastBytes = 8 * 4096;  // eight pages
  if (*bytes < kLeastBytes) return refuse(fmt::format("session cache \"{}\" is too small", word));
  return {};
}

Applied check_session_cache(BuildContext&, const Directive& directive, Settings&) {
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    if (auto checked = check_session_cache_word(directive.words[i]); !checked) return checked;
  }
  return {};
}

template <auto Member>
Applied add_file(BuildContext&, const Directive& directive, Settings& settings) {
  (static_cast<SslSettings&>(settings).*Member).amend().push_back(directive.words[1]);
  return {};
}

template <auto Member>
constexpr DirectiveRow ssl_files_row(std::string_view name) {
  DirectiveRow row = custom_row<Member>(name, kHttpServer, kTake1, add_file<Member>, Level::server);
  row.standing = kLater;
  return row;
}

// The first lines of ngx_http_ssl_merge_srv_conf; the files are not opened before TLS is served.
Applied finish_server(BuildContext&, Settings& settings, const Settings* parent) {
  const auto& ssl = static_cast<const SslSettings&>(settings);
  if (parent == nullptr || ssl.keys->size() >= ssl.certificates->size()) return {};
  return std::unexpected(
      Refusal{.message = fmt::format("no \"ssl_certificate_key\" is defined for certificate \"{}\"",
                                     ssl.certificates->back()),
              .without_place = true});
}

constexpr DirectiveRow later_ssl(std::string_view name, std::uint32_t arity,
                                 decltype(DirectiveRow::apply) apply) {
  return later(name, kHttpServer, arity, apply, Level::server);
}
template <typename Value>
constexpr DirectiveRow later_ssl(std::string_view name) {
  return checked_row<Value>(name, kHttpServer, Level::server, kLater);
}

constexpr DirectiveRow kSslRows[] = {
    ssl_files_row<&SslSettings::certificates>("ssl_certificate"),
    ssl_files_row<&SslSettings::keys>("ssl_certificate_key"),
    later_ssl("ssl_password_file", kTake1, accept_once),
    later_ssl<std::string>("ssl_dhparam"),
    later_ssl<std::string>("ssl_ecdh_curve"),
    later_ssl("ssl_protocols", kOneOrMore, check_bits<kProtocols>),
    later_ssl<std::string>("ssl_ciphers"),
    later_ssl<Bytes>("ssl_buffer_size"),
    checked_enum_row<kVerifyClient>("ssl_verify_client", kHttpServer, Level::server, kLater),
    later_ssl<Number>("ssl_verify_depth"),
    later_ssl<std::string>("ssl_client_certificate"),
    later_ssl<std::string>("ssl_trusted_certificate"),
    later_ssl<bool>("ssl_prefer_server_ciphers"),
    later_ssl("ssl_session_cache", kTake12, check_session_cache),
    later_ssl<bool>("ssl_session_tickets"),
    later_ssl("ssl_session_ticket_key", kTake1, accept_words),
    later_ssl<Seconds>("ssl_session_timeout"),
    later_ssl<std::string>("ssl_crl"),
    checked_enum_row<kOcsp>("ssl_ocsp", kHttpServer, Level::server, kLater),
    later_ssl<std::string>("ssl_ocsp_responder"),
    later_ssl("ssl_ocsp_cache", kTake1, accept_once),
    later_ssl<bool>("ssl_stapling"),
    later_ssl<std::string>("ssl_stapling_file"),
    later_ssl<std::string>("ssl_stapling_responder"),
    later_ssl<bool>("ssl_stapling_verify"),
    later_ssl<bool>("ssl_early_data"),
    later_ssl("ssl_conf_command", kTake2, accept_words),
    later_ssl<bool>("ssl_reject_handshake"),
};

}  // namespace

const Module kGzipModule = {
    .id = ModuleId::gzip, .name = "gzip", .rows = kGzipRows, .make_location = make_settings<GzipSettings>};
const Module kSslModule = {
    .id = ModuleId::ssl, .name = "ssl", .rows = kSslRows, .make_server = make_settings<SslSettings>,
    .finish_server = finish_server};

}  // namespace uringx
