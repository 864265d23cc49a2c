#include "modules/ssl.h"

#include <fmt/format.h>

#include <algorithm>

#include "modules/build_context.h"
#include "modules/ssl_variables.h"
#include "tls/engine.h"
#include "tls/ocsp_cache.h"

namespace uringx {

// Between the rows and what is made of them when a server's block is inherited.
struct SslFinish {
  static Applied finish(BuildContext& context, Settings& settings, const Settings* parent);
  static Applied check_keys(const ServerSsl& ssl);
  static Applied name_certificates(BuildContext& context, ServerSsl& ssl, TlsConfig& config);
};

namespace {

constexpr std::uint32_t kHttpServer = kHttp | kServer;

Applied refuse(std::string message) { return std::unexpected(Refusal{std::move(message)}); }
Applied refuse_directive(std::string message) { return std::unexpected(Refusal::directive(std::move(message))); }
Applied refuse_without_place(std::string message) {
  return std::unexpected(Refusal{.message = std::move(message), .without_place = true});
}

ServerSsl& ssl_of(Settings& settings) { return static_cast<ServerSsl&>(settings); }

// ---------------------------------------------------------------------------------------------------- directives

// ngx_http_ssl_enable.
Applied apply_legacy(BuildContext& context, const Directive& directive, Settings& settings) {
  auto& field = ssl_of(settings).legacy;
  if (field.is_set()) return refuse_directive("is duplicate");
  const auto on = ValueParser<bool>::parse(directive);
  if (!on) return std::unexpected(on.error());
  context.warn("the \"ssl\" directive is deprecated, use the \"listen ... ssl\" directive instead");
  field.set({*on, *directive.file, directive.line});
  return {};
}

template <auto Member>
Applied add_text(BuildContext&, const Directive& directive, Settings& settings) {
  (ssl_of(settings).*Member).amend().push_back(directive.words[1]);
  return {};
}

// ngx_http_ssl_certificate_cache.
Applied apply_certificate_cache(BuildContext&, const Directive& directive, Settings& settings) {
  auto& field = ssl_of(settings).certificate_cache;
  if (field.is_set()) return refuse_directive("is duplicate");
  CertificateCacheLimits limits;
  bool off = false;
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    const std::string_view word = directive.words[i];
    const auto value = [word](std::string_view name) { return word.substr(name.size()); };
    std::optional<std::int64_t> number;
    if (word.starts_with("max=")) {
      number = parse_number(value("max="));
      if (number && *number == 0) number.reset();
      limits.entries_max = static_cast<std::uint64_t>(number.value_or(0));
    } else if (word.starts_with("inactive=")) {
      number = parse_seconds(value("inactive="));
      limits.inactive_s = number.value_or(0);
    } else if (word.starts_with("valid=")) {
      number = parse_seconds(value("valid="));
      limits.valid_s = number.value_or(0);
    } else if (word == "off") {
      off = true;
      number = 0;
    }
    if (!number) return refuse(fmt::format("invalid parameter \"{}\"", word));
  }
  if (off) limits = {};
  if (!off && limits.entries_max == 0)
    return refuse("\"ssl_certificate_cache\" must have the \"max\" parameter");
  field.set(limits);
  return {};
}

// ngx_http_ssl_password_file: read at once.
Applied apply_password_file(BuildContext& context, const Directive& directive, Settings& settings) {
  auto& field = ssl_of(settings).passwords;
  if (field.is_set()) return refuse_directive("is duplicate");
  auto passwords = TlsPasswords::read(context.full_conf_path(directive.words[1]));
  if (!passwords) return refuse(std::move(passwords.error()));
  field.set(std::move(*passwords));
  return {};
}

constexpr EnumWord<TlsProtocol> kProtocols[] = {
    {"SSLv2", kSslV2},    {"SSLv3", kSslV3},    {"TLSv1", kTlsV1},
    {"TLSv1.1", kTlsV11}, {"TLSv1.2", kTlsV12}, {"TLSv1.3", kTlsV13},
};

// ngx_conf_set_bitmask_slot.
Applied apply_protocols(BuildContext& context, const Directive& directive, Settings& settings) {
  auto& field = ssl_of(settings).protocols;
  std::uint32_t bits = field.is_set() ? *field : 0;
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    const auto protocol = detail::find_word(kProtocols, directive.words[i]);
    if (!protocol) return std::unexpected(protocol.error());
    if (bits & *protocol) context.warn(fmt::format("duplicate value \"{}\"", until_nul(directive.words[i])));
    bits |= *protocol;
  }
  field.set(bits);
  return {};
}

constexpr EnumWord<ClientVerification> kVerifyClient[] = {
    {"off", ClientVerification::off},
    {"on", ClientVerification::on},
    {"optional", ClientVerification::optional},
    {"optional_no_ca", ClientVerification::optional_no_ca},
};

// NAME:SIZE behind "shared:".
struct ZoneWord {
  std::string_view name;
  std::uint64_t bytes = 0;
};

std::optional<ZoneWord> parse_zone_word(std::string_view rest) {
  const std::size_t colon = rest.find(':');
  if (colon == 0 || colon == std::string_view::npos) return {};
  const auto bytes = parse_size(rest.substr(colon + 1));
  if (!bytes) return {};
  return ZoneWord{rest.substr(0, colon), *bytes};
}

Applied apply_session_cache_word(BuildContext& context, ServerSsl& ssl, std::string_view word) {
  using Kind = SessionCacheMode::Kind;
  constexpr std::string_view kBuiltin = "builtin:";
  constexpr std::string_view kShared = "shared:";
  const auto invalid = [&] { return refuse(fmt::format("invalid session cache \"{}\"", word)); };
  if (word == "off" || word == "none" || word == "builtin") {
    ssl.session_cache.set({word == "off" ? Kind::off : word == "none" ? Kind::none : Kind::builtin});
    return {};
  }
  if (word.starts_with(kBuiltin)) {
    const auto sessions = parse_number(word.substr(kBuiltin.size()));
    if (!sessions) return invalid();
    ssl.session_cache.set({Kind::builtin, *sessions});
    return {};
  }
  if (!word.starts_with(kShared)) return invalid();
  const auto zone_word = parse_zone_word(word.substr(kShared.size()));
  if (!zone_word) return invalid();
  if (zone_word->bytes < TlsSessionCache::kZoneBytesMin)
    return refuse(fmt::format("session cache \"{}\" is too small", word));
  auto zone = context.shared_zones().declare(zone_word->name, zone_word->bytes, TlsSessionCache::kUse);
  if (!zone) return refuse(std::move(zone.error()));
  ssl.session_zone.set(std::move(*zone));
  return {};
}

// ngx_http_ssl_session_cache; the zone is inherited by itself.
Applied apply_session_cache(BuildContext& context, const Directive& directive, Settings& settings) {
  ServerSsl& ssl = ssl_of(settings);
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    if (auto applied = apply_session_cache_word(context, ssl, directive.words[i]); !applied) return applied;
  }
  if (ssl.session_zone.is_set() && !ssl.session_cache.is_set())
    ssl.session_cache.set({SessionCacheMode::Kind::shared_only});
  return {};
}

void inherit_session_cache(Settings& child, const Settings& parent) {
  const auto& above = static_cast<const ServerSsl&>(parent);
  ssl_of(child).session_cache.inherit(above.session_cache);
  ssl_of(child).session_zone.inherit(above.session_zone);
}

Applied apply_conf_command(BuildContext&, const Directive& directive, Settings& settings) {
  ssl_of(settings).conf_commands.amend().emplace_back(directive.words[1], directive.words[2]);
  return {};
}

Applied apply_key_log(BuildContext& context, const Directive& directive, Settings& settings) {
  auto& field = ssl_of(settings).key_log;
  if (field.is_set()) return refuse_directive("is duplicate");
  if (directive.words[1] == "off") {
    field.set(nullptr);
    return {};
  }
  field.set(&context.secret_log_file(context.full_path(directive.words[1])));
  return {};
}

constexpr EnumWord<OcspMode> kOcsp[] = {{"off", OcspMode::off}, {"on", OcspMode::on}, {"leaf", OcspMode::leaf}};

// ngx_http_ssl_ocsp_cache.
Applied apply_ocsp_cache(BuildContext& context, const Directive& directive, Settings& settings) {
  constexpr std::string_view kShared = "shared:";
  auto& field = ssl_of(settings).ocsp_zone;
  if (field.is_set()) return refuse_directive("is duplicate");
  const std::string_view word = directive.words[1];
  if (word == "off") {
    field.set(nullptr);
    return {};
  }
  const auto zone_word = word.starts_with(kShared) ? parse_zone_word(word.substr(kShared.size())) : std::nullopt;
  if (!zone_word) return refuse(fmt::format("invalid OCSP cache \"{}\"", word));
  if (zone_word->bytes < OcspCache::kZoneBytesMin) return refuse(fmt::format("OCSP cache \"{}\" is too small", word));
  auto zone = context.shared_zones().declare(zone_word->name, zone_word->bytes, OcspCache::kUse);
  if (!zone) return refuse(std::move(zone.error()));
  field.set(std::move(*zone));
  return {};
}

template <auto Member>
constexpr DirectiveRow row(std::string_view name) {
  return value_row<Member>(name, kHttpServer, Level::server);
}

template <auto Member>
constexpr DirectiveRow row(std::string_view name, std::uint32_t arity, decltype(DirectiveRow::apply) apply) {
  return custom_row<Member>(name, kHttpServer, arity, apply, Level::server);
}

template <auto Member>
constexpr DirectiveRow list_row(std::string_view name) {
  return row<Member>(name, kTake1, add_text<Member>);
}

constexpr DirectiveRow kRows[] = {
    row<&ServerSsl::legacy>("ssl", kFlag, apply_legacy),
    list_row<&ServerSsl::certificates>("ssl_certificate"),
    list_row<&ServerSsl::certificate_keys>("ssl_certificate_key"),
    row<&ServerSsl::certificate_cache>("ssl_certificate_cache", kTake123, apply_certificate_cache),
    row<&ServerSsl::passwords>("ssl_password_file", kTake1, apply_password_file),
    row<&ServerSsl::dhparam>("ssl_dhparam"),
    row<&ServerSsl::ecdh_curve>("ssl_ecdh_curve"),
    row<&ServerSsl::protocols>("ssl_protocols", kOneOrMore, apply_protocols),
    row<&ServerSsl::ciphers>("ssl_ciphers"),
    row<&ServerSsl::buffer_size>("ssl_buffer_size"),
    enum_row<&ServerSsl::verify_client, kVerifyClient>("ssl_verify_client", kHttpServer, Level::server),
    row<&ServerSsl::verify_depth>("ssl_verify_depth"),
    row<&ServerSsl::client_certificate>("ssl_client_certificate"),
    row<&ServerSsl::trusted_certificate>("ssl_trusted_certificate"),
    row<&ServerSsl::prefer_server_ciphers>("ssl_prefer_server_ciphers"),
    {"ssl_session_cache", kHttpServer, kTake12, Level::server, apply_session_cache, inherit_session_cache},
    row<&ServerSsl::session_tickets>("ssl_session_tickets"),
    list_row<&ServerSsl::session_ticket_keys>("ssl_session_ticket_key"),
    row<&ServerSsl::session_timeout>("ssl_session_timeout"),
    row<&ServerSsl::crl>("ssl_crl"),
    enum_row<&ServerSsl::ocsp, kOcsp>("ssl_ocsp", kHttpServer, Level::server),
    row<&ServerSsl::ocsp_responder>("ssl_ocsp_responder"),
    row<&ServerSsl::ocsp_zone>("ssl_ocsp_cache", kTake1, apply_ocsp_cache),
    row<&ServerSsl::stapling>("ssl_stapling"),
    row<&ServerSsl::stapling_file>("ssl_stapling_file"),
    row<&ServerSsl::stapling_responder>("ssl_stapling_responder"),
    row<&ServerSsl::stapling_verify>("ssl_stapling_verify"),
    row<&ServerSsl::early_data>("ssl_early_data"),
    row<&ServerSsl::conf_commands>("ssl_conf_command", kTake2, apply_conf_command),
    row<&ServerSsl::reject_handshake>("ssl_reject_handshake"),
    row<&ServerSsl::key_log>("ssl_key_log", kTake1, apply_key_log),
};

// ------------------------------------------------------------------------------------- what a server makes of them

bool has_variables(std::string_view text) { return text.find('$') != std::string_view::npos; }

std::string full_name(BuildContext& context, const std::string& name) {
  return name.empty() ? name : context.full_conf_path(name);
}

TlsConfig config_of(BuildContext& context, const ServerSsl& ssl) {
  TlsConfig config;
  config.protocols = *ssl.protocols;
  config.ciphers = *ssl.ciphers;
  config.prefer_server_ciphers = *ssl.prefer_server_ciphers;
  config.passwords = *ssl.passwords;
  config.verify = *ssl.verify_client;
  config.verify_depth = ssl.verify_depth->count;
  config.client_certificate = full_name(context, *ssl.client_certificate);
  config.trusted_certificate = full_name(context, *ssl.trusted_certificate);
  config.crl = full_name(context, *ssl.crl);
  config.dhparam = full_name(context, *ssl.dhparam);
  config.ecdh_curve = *ssl.ecdh_curve;
  config.session_cache = *ssl.session_cache;
  config.session_zone = *ssl.session_zone;
  config.session_timeout_s = ssl.session_timeout->count;
  config.session_tickets = *ssl.session_tickets;
  for (const std::string& path : *ssl.session_ticket_keys) config.ticket_keys.push_back(context.full_conf_path(path));
  config.ocsp = *ssl.ocsp;
  config.ocsp_responder = *ssl.ocsp_responder;
  config.ocsp_zone = *ssl.ocsp_zone;
  config.stapling = *ssl.stapling;
  config.stapling_file = full_name(context, *ssl.stapling_file);
  config.stapling_responder = *ssl.stapling_responder;
  config.stapling_verify = *ssl.stapling_verify;
  config.early_data = *ssl.early_data;
  config.rejects_handshake = *ssl.reject_handshake;
  config.commands = *ssl.conf_commands;
  config.command_path = [&context](std::string_view path) { return context.full_conf_path(path); };
  config.key_log = *ssl.key_log;
  if (*ssl.verify_client != ClientVerification::off) config.session_scope = ssl.server_names;
  return config;
}

}  // namespace

// The checks at the head of ngx_http_ssl_merge_srv_conf.
Applied SslFinish::check_keys(const ServerSsl& ssl) {
  const auto& [on, file, line] = *ssl.legacy;
  const std::size_t keys = ssl.certificate_keys->size();
  const std::size_t certificates = ssl.certificates->size();
  if (on && certificates == 0 && !*ssl.reject_handshake) {
    return refuse_without_place(
        fmt::format("no \"ssl_certificate\" is defined for the \"ssl\" directive in {}:{}", file, line));
  }
  if (keys >= certificates) return {};
  if (on && keys == 0) {
    return refuse_without_place(
        fmt::format("no \"ssl_certificate_key\" is defined for the \"ssl\" directive in {}:{}", file, line));
  }
  const std::string text =
      fmt::format("no \"ssl_certificate_key\" is defined for certificate \"{}\"", ssl.certificates->back());
  return refuse_without_place(on ? fmt::format("{} and the \"ssl\" directive in {}:{}", text, file, line) : text);
}

// ngx_http_ssl_compile_certificates: with a variable anywhere, all are read at each handshake.
Applied SslFinish::name_certificates(BuildContext& context, ServerSsl& ssl, TlsConfig& config) {
  for (std::size_t i = 0; i < ssl.certificates->size(); ++i) {
    config.certificates.push_back({(*ssl.certificates)[i], (*ssl.certificate_keys)[i]});
  }
  config.certificates_vary = std::ranges::any_of(config.certificates, [](const CertificateNames& names) {
    return has_variables(names.certificate) || has_variables(names.key);
  });
  ssl.conf_directory = context.full_conf_path("");
  if (!config.certificates_vary) {
    for (CertificateNames& names : config.certificates) names = full_names(ssl, names.certificate, names.key);
    return {};
  }
  for (const CertificateNames& names : config.certificates) {
    auto certificate = context.compile_template(names.certificate);
    if (!certificate) return std::unexpected(std::move(certificate.error()));
    auto key = context.compile_template(names.key);
    if (!key) return std::unexpected(std::move(key.error()));
    ssl.certificate_templates.push_back({std::move(*certificate), std::move(*key)});
  }
  if (ssl.certificate_cache->entries_max != 0)
    ssl.loaded_certificates = std::make_unique<CertificateCache>(*ssl.certificate_cache);
  return {};
}

Applied SslFinish::finish(BuildContext& context, Settings& settings, const Settings* parent) {
  if (parent == nullptr) return {};
  ServerSsl& ssl = ssl_of(settings);
  if (auto checked = check_keys(ssl); !checked) return checked;
  TlsConfig config = config_of(context, ssl);
  if (auto named = name_certificates(context, ssl, config); !named) return named;
  std::vector<std::string> warnings;
  auto built = build_tls_context(config, warnings);
  for (std::string& warning : warnings) context.warn_without_place(std::move(warning));
  if (!built) {
    return std::unexpected(
        Refusal{.message = std::move(built.error().message), .without_place = !built.error().with_place});
  }
  ssl.owned_context_ = std::move(*built);
  ssl.context = ssl.owned_context_.get();
  if (!config.certificates_vary) ssl.passwords.edit().reset();  // wiped with the last server that needs them
  return {};
}

CertificateNames full_names(const ServerSsl& settings, std::string_view certificate, std::string_view key) {
  const auto full = [&](std::string_view name) {
    return name.starts_with('/') ? std::string(name) : settings.conf_directory + std::string(name);
  };
  return {is_certificate_text(certificate) ? std::string(certificate) : full(certificate),
          is_certificate_key_text(key) ? std::string(key) : full(key)};
}

const Module kSslModule = {.id = ModuleId::ssl,
                           .name = "ssl",
                           .rows = kRows,
                           .make_server = make_settings<ServerSsl>,
                           .finish_server = SslFinish::finish,
                           .variables = ssl_variables};

// ---------------------------------------------------------------------------------------------- ngx_openssl_module

namespace {

struct OpensslMain : Settings {
  static constexpr ModuleId kModule = ModuleId::openssl;
};

// ngx_openssl_engine.
Applied apply_engine(BuildContext&, const Directive& directive, Settings& settings) {
  if (!settings.note_first(directive.name())) return refuse_directive("is duplicate");
  auto used = use_engine(directive.words[1]);
  if (!used) return refuse_without_place(std::move(used.error()));
  return {};
}

// ssl_object_cache_inheritable: which files are read anew at a reload; here all of them are.
constexpr DirectiveRow kOpensslRows[] = {
    {"ssl_engine", kMain, kTake1, Level::main, apply_engine, nullptr},
    checked_row<bool>("ssl_object_cache_inheritable", kMain, Level::main),
};

}  // namespace

const Module kOpensslModule = {
    .id = ModuleId::openssl, .name = "openssl", .rows = kOpensslRows, .make_main = make_settings<OpensslMain>};

}  // namespace uringx
