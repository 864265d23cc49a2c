#include "modules/http_core.h"

#include <fmt/format.h>

#include <array>

#include "modules/build_context.h"
#include "modules/resolver.h"

namespace uringx {
namespace {

using Server = HttpCoreServer;
using Place = HttpCoreLocation;

Applied refuse(std::string message) { return std::unexpected(Refusal{std::move(message)}); }
Applied refuse_directive(std::string message) {
  return std::unexpected(Refusal::directive(std::move(message)));
}

// -------------------------------------------------------------------------------------------- root and alias

bool mentions_variable(std::string_view text, std::string_view name) {
  return text.find(fmt::format("${}", name)) != std::string_view::npos ||
         text.find(fmt::format("${{{}}}", name)) != std::string_view::npos;
}

// ngx_http_core_root. A path of variables only is taken as it comes; any other is made absolute now.
Applied apply_root(BuildContext& context, const Directive& directive, Settings& settings) {
  auto& root = static_cast<Place&>(settings).root;
  const std::string& name = directive.name();
  const bool alias = name == "alias";
  if (root.is_set()) {
    if (root->alias == alias) return refuse_directive("is duplicate");
    return refuse(fmt::format("\"{}\" directive is duplicate, \"{}\" directive was specified earlier", name,
                              root->alias ? "alias" : "root"));
  }
  const LocationFacts location = context.location();
  if (alias && location.named)
    return refuse("the \"alias\" directive cannot be used inside the named location");
  for (const std::string_view variable : {"document_root", "realpath_root"}) {
    if (mentions_variable(directive.words[1], variable)) {
      return refuse(fmt::format("the ${} variable cannot be used in the \"{}\" directive", variable, name));
    }
  }

  std::string path = directive.words[1];
  if (!alias && path.ends_with('/')) path.pop_back();
  if (!path.starts_with('$')) path = context.full_path(path);
  auto compiled = context.compile_template(path);
  if (!compiled) return std::unexpected(std::move(compiled.error()));

  RootPath value;
  value.path = std::move(*compiled);
  if (value.path.constant()) value.full_constant = path;
  value.prefix = context.full_path("");
  value.alias = alias;
  if (alias) {
    value.alias_bytes = location.name.size();
    value.alias_of_regex = location.regex;
  }
  root.set(std::move(value));
  return {};
}

Applied apply_internal(BuildContext&, const Directive&, Settings& settings) {
  auto& internal = static_cast<Place&>(settings).internal;
  if (internal.is_set()) return refuse_directive("is duplicate");
  internal.set(true);
  return {};
}

Applied apply_location_error_log(BuildContext& context, const Directive& directive, Settings& settings) {
  return apply_error_log(context, directive, static_cast<Place&>(settings).error_log.amend());
}

// -------------------------------------------------------------------------------------- keep-alive and files

Applied apply_keepalive_timeout(BuildContext&, const Directive& directive, Settings& settings) {
  auto& field = static_cast<Place&>(settings).keepalive_timeout;
  if (field.is_set()) return refuse_directive("is duplicate");
  KeepaliveTimeout value;
  const auto timeout = parse_milliseconds(directive.words[1]);
  if (!timeout) return refuse_directive("invalid value");
  value.timeout = Milliseconds{*timeout};
  if (directive.words.size() == 3) {
    const auto header = parse_seconds(directive.words[2]);
    if (!header) return refuse_directive("invalid value");
    value.header = Seconds{*header};
  }
  field.set(value);
  return {};
}

// ngx_conf_set_bitmask_slot: words add up, also over several directives of one level.
Applied apply_keepalive_disable(BuildContext& context, const Directive& directive, Settings& settings) {
  auto& field = static_cast<Place&>(settings).keepalive_disable;
  KeepaliveDisable value = field.is_set() ? *field : KeepaliveDisable{false, false};
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    const std::string& word = directive.words[i];
    bool* flag = equal_ignore_case(word, "none")     ? &value.none
                 : equal_ignore_case(word, "msie6")  ? &value.msie6
                 : equal_ignore_case(word, "safari") ? &value.safari
                                                     : nullptr;
    if (flag == nullptr) return refuse(fmt::format("invalid value \"{}\"", until_nul(word)));
    if (*flag) context.warn(fmt::format("duplicate value \"{}\"", word));
    *flag = true;
  }
  field.set(value);
  return {};
}

Applied apply_open_file_cache(BuildContext&, const Directive& directive, Settings& settings) {
  auto& field = static_cast<Place&>(settings).open_file_cache;
  if (field.is_set()) return refuse_directive("is duplicate");
  OpenFileCacheSettings value;
  bool off = false;
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    const std::string_view word = directive.words[i];
    if (word == "off") {
      off = true;
      continue;
    }
    std::optional<std::int64_t> number;
    if (word.starts_with("max=")) {
      number = parse_number(word.substr(4));
      if (number == 0) number.reset();
      value.entries_max = static_cast<std::uint64_t>(number.value_or(0));
    } else if (word.starts_with("inactive=")) {
      number = parse_seconds(word.substr(9));
      value.inactive = Seconds{number.value_or(0)};
    }
    if (!number) return refuse(fmt::format("invalid \"open_file_cache\" parameter \"{}\"", word));
  }
  if (off) value = {};
  if (!off && value.entries_max == 0) return refuse("\"open_file_cache\" must have the \"max\" parameter");
  field.set(value);
  return {};
}

Applied apply_directio(BuildContext&, const Directive& directive, Settings& settings) {
  auto& field = static_cast<Place&>(settings).directio;
  if (field.is_set()) return refuse_directive("is duplicate");
  if (directive.words[1] == "off") {
    field.set(std::nullopt);
    return {};
  }
  const auto size = parse_offset(directive.words[1]);
  if (!size) return refuse_directive("invalid value");
  field.set(Offset{*size});
  return {};
}

template <auto Member>
Applied apply_size_text(BuildContext& context, const Directive& directive, Settings& settings) {
  auto& field = static_cast<Place&>(settings).*Member;
  if (field.is_set()) return refuse_directive("is duplicate");
  auto compiled = context.compile_template(directive.words[1]);
  if (!compiled) return std::unexpected(std::move(compiled.error()));
  SizeText value{std::move(*compiled)};
  if (value.text.constant()) {
    const auto bytes = parse_size(directive.words[1]);
    if (!bytes) return refuse_directive("invalid value");
    value.constant = *bytes;
  }
  field.set(std::move(value));
  return {};
}

// Names are looked up by the system's resolver, whatever name servers it lists: it says that they may be.
Applied apply_resolver(BuildContext& context, const Directive& directive, Settings& settings) {
  if (auto checked = check_resolver(context, directive, settings); !checked) return checked;
  static_cast<Place&>(settings).resolver.set(true);
  return {};
}

// ----------------------------------------------------------------------------------------- checked, not kept

// All files are read without waiting here, which is what the methods of aio are for. "on" is for builds of
// nginx with file AIO, as nginx.org's packages are.
Applied check_aio(BuildContext& context, const Directive& directive, Settings& settings) {
  constexpr std::string_view kPool = "threads=";
  if (!settings.note_first("aio")) return refuse_directive("is duplicate");
  const std::string_view word = directive.words[1];
  if (word == "on" || word == "off") return {};
  if (word != "threads" && !word.starts_with(kPool)) return refuse_directive("invalid value");
  const std::string_view pool = word == "threads" ? kDefaultThreadPool : word.substr(kPool.size());
  auto name = context.compile_template(pool);
  if (!name) return std::unexpected(std::move(name.error()));
  if (name->constant()) context.main_settings().get<CoreMainSettings>().thread_pool(pool, directive);
  return {};
}

// ngx_conf_set_path_slot: up to three levels, of ten characters together.
Applied check_temp_path(BuildContext&, const Directive& directive, Settings& settings) {
  if (!settings.note_first(directive.name())) return refuse_directive("is duplicate");
  constexpr std::int64_t kCharactersMax = 10;
  std::int64_t left = kCharactersMax;
  for (std::size_t i = 2; i < directive.words.size(); ++i) {
    const auto level = parse_number(directive.words[i]);
    if (!level || *level == 0 || *level > left) return refuse_directive("invalid value");
    left -= *level;
  }
  return {};
}

Applied check_send_lowat(BuildContext& context, const Directive& directive, Settings& settings) {
  if (!settings.note_first("send_lowat")) return refuse_directive("is duplicate");
  if (!parse_size(directive.words[1])) return refuse_directive("invalid value");
  context.warn("\"send_lowat\" is not supported, ignored");
  return {};
}

// ngx_http_core_pool_size: no pool of that kind here, but a wrong size is still a mistake.
Applied check_pool_size(BuildContext&, const Directive& directive, Settings& settings) {
  constexpr std::uint64_t kLeastBytes = 112;
  constexpr std::uint64_t kAlignmentBytes = 16;
  if (!settings.note_first(directive.name())) return refuse_directive("is duplicate");
  const auto bytes = parse_size(directive.words[1]);
  if (!bytes) return refuse_directive("invalid value");
  if (*bytes < kLeastBytes) return refuse(fmt::format("the pool size must be no less than {}", kLeastBytes));
  if (*bytes % kAlignmentBytes != 0)
    return refuse(fmt::format("the pool size must be a multiple of {}", kAlignmentBytes));
  if (directive.name() == "connection_pool_size")
    static_cast<Server&>(settings).connection_pool_size.set(Bytes{*bytes});
  return {};
}

// Passing on the hints of a proxied server: without one there is nothing to pass.
Applied check_early_hints(BuildContext& context, const Directive& directive, Settings&) {
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    if (auto compiled = context.compile_template(directive.words[i]); !compiled) return std::unexpected(std::move(compiled.error()));
  }
  return {};
}

constexpr DirectiveRow checked(std::string_view name, std::uint32_t contexts, std::uint32_t arity,
                               decltype(DirectiveRow::apply) apply, Level level = Level::location) {
  return {name, contexts, arity, level, apply, nullptr, Standing::no_meaning};
}

// -------------------------------------------------------------------------------------------- words and rows

constexpr EnumWord<Lingering> kLingeringWords[] = {
    {"off", Lingering::off}, {"on", Lingering::on}, {"always", Lingering::always}};
constexpr EnumWord<ServerTokens> kServerTokensWords[] = {
    {"off", ServerTokens::off}, {"on", ServerTokens::on}, {"build", ServerTokens::build}};
constexpr EnumWord<IfModifiedSince> kIfModifiedSinceWords[] = {
    {"off", IfModifiedSince::off}, {"exact", IfModifiedSince::exact}, {"before", IfModifiedSince::before}};
constexpr EnumWord<Satisfy> kSatisfyWords[] = {{"all", Satisfy::all}, {"any", Satisfy::any}};
enum class BodyInFile { off, on, clean };
constexpr EnumWord<BodyInFile> kBodyInFileWords[] = {
    {"off", BodyInFile::off}, {"on", BodyInFile::on}, {"clean", BodyInFile::clean}};

constexpr std::uint32_t kHttpServer = kHttp | kServer;
constexpr std::uint32_t kAll = kHttpServerLocation;

template <auto Member>
constexpr DirectiveRow server_row(std::string_view name) {
  return value_row<Member>(name, kHttpServer, Level::server);
}

// The size of a hash that is not there; the field is for a check when all is read.
template <auto Member>
constexpr DirectiveRow checked_size_row(std::string_view name) {
  DirectiveRow row = value_row<Member>(name, kHttp, Level::server);
  row.standing = Standing::no_meaning;
  return row;
}

constexpr DirectiveRow kRows[] = {
    server_row<&Server::client_header_timeout>("client_header_timeout"),
    server_row<&Server::client_header_buffer_size>("client_header_buffer_size"),
    server_row<&Server::large_client_header_buffers>("large_client_header_buffers"),
    server_row<&Server::max_headers>("max_headers"),
    server_row<&Server::ignore_invalid_headers>("ignore_invalid_headers"),
    server_row<&Server::underscores_in_headers>("underscores_in_headers"),
    server_row<&Server::merge_slashes>("merge_slashes"),
    {"connection_pool_size", kHttpServer, kTake1, Level::server, check_pool_size,
     detail::inherit_member<&Server::connection_pool_size>, Standing::no_meaning},
    checked("request_pool_size", kHttpServer, kTake1, check_pool_size, Level::server),

    custom_row<&Place::root>("root", kAll | kLocationIf, kTake1, apply_root),
    custom_row<&Place::root>("alias", kLocation, kTake1, apply_root),
    {"internal", kLocation, kNoArgs, Level::location, apply_internal},
    custom_row<&Place::error_log>("error_log", kAll, kOneOrMore, apply_location_error_log),

    value_row<&Place::sendfile>("sendfile", kAll | kLocationIf),
    value_row<&Place::sendfile_max_chunk>("sendfile_max_chunk", kAll),
    value_row<&Place::tcp_nopush>("tcp_nopush", kAll),
    value_row<&Place::tcp_nodelay>("tcp_nodelay", kAll),
    value_row<&Place::send_timeout>("send_timeout", kAll),
    custom_row<&Place::limit_rate>("limit_rate", kAll | kLocationIf, kTake1, apply_size_text<&Place::limit_rate>),
    custom_row<&Place::limit_rate_after>("limit_rate_after", kAll | kLocationIf, kTake1,
                                         apply_size_text<&Place::limit_rate_after>),
    value_row<&Place::reset_timedout_connection>("reset_timedout_connection", kAll),
    enum_row<&Place::lingering_close, kLingeringWords>("lingering_close", kAll),
    value_row<&Place::lingering_time>("lingering_time", kAll),
    value_row<&Place::lingering_timeout>("lingering_timeout", kAll),
    custom_row<&Place::keepalive_timeout>("keepalive_timeout", kAll, kTake12, apply_keepalive_timeout),
    value_row<&Place::keepalive_time>("keepalive_time", kAll),
    value_row<&Place::keepalive_requests>("keepalive_requests", kAll),
    value_row<&Place::keepalive_min_timeout>("keepalive_min_timeout", kAll),
    custom_row<&Place::keepalive_disable>("keepalive_disable", kAll, kTake12, apply_keepalive_disable),
    value_row<&Place::client_body_timeout>("client_body_timeout", kAll),
    value_row<&Place::client_max_body_size>("client_max_body_size", kAll),

    enum_row<&Place::server_tokens, kServerTokensWords>("server_tokens", kAll),
    value_row<&Place::etag>("etag", kAll),
    enum_row<&Place::if_modified_since, kIfModifiedSinceWords>("if_modified_since", kAll),
    value_row<&Place::max_ranges>("max_ranges", kAll),
    value_row<&Place::port_in_redirect>("port_in_redirect", kAll),
    value_row<&Place::absolute_redirect>("absolute_redirect", kAll),
    value_row<&Place::server_name_in_redirect>("server_name_in_redirect", kAll),
    value_row<&Place::msie_padding>("msie_padding", kAll),
    value_row<&Place::msie_refresh>("msie_refresh", kAll),
    value_row<&Place::chunked_transfer_encoding>("chunked_transfer_encoding", kAll),
    value_row<&Place::log_not_found>("log_not_found", kAll),
    value_row<&Place::log_subrequest>("log_subrequest", kAll),
    value_row<&Place::recursive_error_pages>("recursive_error_pages", kAll),
    enum_row<&Place::satisfy, kSatisfyWords>("satisfy", kAll),

    custom_row<&Place::open_file_cache>("open_file_cache", kAll, kTake12, apply_open_file_cache),
    value_row<&Place::open_file_cache_valid>("open_file_cache_valid", kAll),
    value_row<&Place::open_file_cache_min_uses>("open_file_cache_min_uses", kAll),
    value_row<&Place::open_file_cache_errors>("open_file_cache_errors", kAll),
    checked_row<bool>("open_file_cache_events", kAll),
    custom_row<&Place::directio>("directio", kAll, kTake1, apply_directio),
    checked_row<Offset>("directio_alignment", kAll),
    checked("aio", kAll, kTake1, check_aio),
    checked_row<bool>("aio_write", kAll),
    checked_row<Bytes>("read_ahead", kAll),
    checked_row<BufferSet>("output_buffers", kAll),
    checked_row<Bytes>("postpone_output", kAll),
    value_row<&Place::subrequest_output_buffer_size>("subrequest_output_buffer_size", kAll),
    checked("send_lowat", kAll, kTake1, check_send_lowat),
    value_row<&Place::auth_delay>("auth_delay", kAll),

    checked("client_body_temp_path", kAll, kTake1234, check_temp_path),
    checked_row<Bytes>("client_body_buffer_size", kAll),
    checked_enum_row<kBodyInFileWords>("client_body_in_file_only", kAll),
    checked_row<bool>("client_body_in_single_buffer", kAll),
    checked("proxy_temp_path", kAll, kTake1234, check_temp_path),
    checked("fastcgi_temp_path", kAll, kTake1234, check_temp_path),
    checked("uwsgi_temp_path", kAll, kTake1234, check_temp_path),
    checked("scgi_temp_path", kAll, kTake1234, check_temp_path),

    checked("early_hints", kAll, kOneOrMore, check_early_hints),
    custom_row<&Place::resolver>("resolver", kAll, kOneOrMore, apply_resolver),
    value_row<&Place::resolver_timeout>("resolver_timeout", kAll),

    checked_row<Number>("server_names_hash_max_size", kHttp, Level::server),
    checked_row<Number>("server_names_hash_bucket_size", kHttp, Level::server),
    checked_size_row<&Server::variables_hash_max_size>("variables_hash_max_size"),
    checked_size_row<&Server::variables_hash_bucket_size>("variables_hash_bucket_size"),
};

// ------------------------------------------------------------------------------ after the rows are inherited

Applied finish_server(BuildContext&, Settings& settings, const Settings*) {
  const auto& server = static_cast<const Server&>(settings);
  if (server.large_client_header_buffers->bytes_each < server.connection_pool_size->count) {
    return refuse(
        "the \"large_client_header_buffers\" size must be equal to or greater than \"connection_pool_size\"");
  }
  return {};
}

Applied finish_location(BuildContext& context, Settings& settings, const Settings* parent) {
  auto& root = static_cast<Place&>(settings).root;
  if (parent != nullptr || root.is_set()) return {};
  RootPath value;
  value.full_constant = context.full_path("html");
  auto compiled = context.compile_template(value.full_constant);
  if (!compiled) return std::unexpected(std::move(compiled.error()));
  value.path = std::move(*compiled);
  root.set(std::move(value));
  return {};
}

}  // namespace

std::uint64_t SizeText::evaluate(Request& request) const {
  if (text.constant()) return constant;
  const std::string_view value = text.evaluate(request);
  if (const auto bytes = parse_size(value)) return *bytes;
  log_request(request, LogLevel::error, request.arena.join({"invalid size \"", value, "\""}));
  return 0;
}

void choose_rate(Request& request) {
  const auto& core = request.settings<HttpCoreLocation>();
  if (!request.limit_rate && core.limit_rate.is_set()) request.limit_rate = core.limit_rate->evaluate(request);
  if (request.limit_rate.value_or(0) != 0 && core.limit_rate_after.is_set()) {
    request.limit_rate_after = core.limit_rate_after->evaluate(request);
  }
}

const Module kHttpCoreModule = {.id = ModuleId::http_core,
                                .name = "http_core",
                                .rows = kRows,
                                .make_server = make_settings<HttpCoreServer>,
                                .make_location = make_settings<HttpCoreLocation>,
                                .finish_location = finish_location,
                                .finish_server = finish_server};

}  // namespace uringx
