#include "modules/index.h"

#include <cerrno>

#include "modules/build_context.h"
#include "modules/http_core.h"

namespace uringx {
namespace {

constexpr std::string_view kDefaultIndex = "index.html";

Applied apply_index(BuildContext& context, const Directive& directive, Settings& settings) {
  auto& names = static_cast<IndexSettings&>(settings).names;
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    const std::string& word = directive.words[i];
    if (word.starts_with('/') && i + 1 != directive.words.size()) {
      context.warn("only the last index in \"index\" directive should be absolute");
    }
    if (word.empty()) {
      return std::unexpected(Refusal{"index \"\" in \"index\" directive is invalid"});
    }
    std::expected<Template, Refusal> name = context.compile_template(word);
    if (!name) return std::unexpected(std::move(name.error()));
    names.amend().push_back(std::move(*name));
  }
  return {};
}

constexpr DirectiveRow kRows[] = {
    custom_row<&IndexSettings::names>("index", kHttpServerLocation, kOneOrMore, apply_index),
};

// Which probe is out; packed into HandlerState::step with the index of the name it is for.
enum class Probe : unsigned { none, file, directory };

struct IndexProgress {
  unsigned name;
  Probe probe;
  bool directory_tested;
};

IndexProgress unpack(unsigned step) { return {step >> 3, static_cast<Probe>((step >> 1) & 3u), (step & 1u) != 0}; }
unsigned pack(const IndexProgress& at) {
  return at.name << 3 | static_cast<unsigned>(at.probe) << 1 | (at.directory_tested ? 1u : 0u);
}

HandlerResult refuse(Request& request, std::string_view path, int error_number) {
  if (error_number == EACCES) {
    log_request(request, LogLevel::error, request.arena.join({"\"", path, "\" is forbidden"}), error_number);
    return Finish{403};
  }
  if (*request.settings<HttpCoreLocation>().log_not_found) {
    log_request(request, LogLevel::error, request.arena.join({"\"", path, "\" is not found"}), error_number);
  }
  return Finish{404};
}

std::string_view index_name(Request& request, const std::vector<Template>& names, unsigned i) {
  return names.empty() ? kDefaultIndex : names[i].evaluate(request);
}

// The directory of `path`, without its trailing slash, NUL-terminated.
std::string_view directory_of(Request& request, std::string_view path) {
  path = path.substr(0, path.rfind('/') + 1);
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const std::string_view terminated = request.arena.join({path, std::string_view("\0", 1)});
  return terminated.substr(0, path.size());
}

// What the probe of a missing name's directory means (ngx_http_index_test_dir); nullopt: go on with the next name.
// EACCES came after the file's error was another one, so that searching the directory is allowed.
std::optional<HandlerResult> judge_directory(Request& request, std::string_view path, const FileAnswer& answer) {
  if (answer.error_number == ENOENT) return refuse(request, path, answer.error_number);
  if (answer.error_number == EACCES) return std::nullopt;
  if (answer.error_number != 0) {
    log_request(request, LogLevel::crit, request.arena.join({"stat() \"", path, "\" failed"}), answer.error_number);
    return Finish{500};
  }
  if (!answer.is_directory()) {
    log_request(request, LogLevel::alert, request.arena.join({"\"", path, "\" is not a directory"}));
    return Finish{500};
  }
  return std::nullopt;
}

constexpr HandlerRow kHandlers[] = {{.phase = Phase::content, .handler = handle_index, .always = true}};

std::span<const HandlerRow> handlers() { return kHandlers; }

}  // namespace

const Module kIndexModule = {.id = ModuleId::index,
                             .name = "index",
                             .rows = kRows,
                             .make_location = make_settings<IndexSettings>,
                             .handlers = handlers};

HandlerResult handle_index(Request& request, HandlerState& state, const HandlerInput& input) {
  if (!request.uri.ends_with('/')) return Declined{};
  if (request.method != Method::get && request.method != Method::head && request.method != Method::post) return Declined{};
  const std::vector<Template>& names = *request.settings<IndexSettings>().names;
  const unsigned count = names.empty() ? 1u : static_cast<unsigned>(names.size());
  IndexProgress at = unpack(state.step);

  if (at.probe == Probe::file) {
    const FileAnswer& answer = *input.file;
    if (answer.error_number == 0) {
      return InternalRedirect{request.arena.join({request.uri, index_name(request, names, at.name)}), request.args};
    }
    if (answer.error_number == ELOOP || answer.error_number == EMLINK) return Finish{403};
    if (answer.error_number == ENOTDIR || answer.error_number == ENAMETOOLONG || answer.error_number == EACCES) {
      return refuse(request, state.path, answer.error_number);
    }
    if (!at.directory_tested && answer.error_number == ENOENT) {
      state.step = pack({at.name, Probe::directory, true});
      return ProbeFile{directory_of(request, state.path), true};
    }
    if (answer.error_number != ENOENT) {
      log_request(request, LogLevel::crit,
                  request.arena.join({answer.failed_call, " \"", state.path, "\" failed"}), answer.error_number);
      return Finish{500};
    }
    ++at.name;
  } else if (at.probe == Probe::directory) {
    if (auto judged = judge_directory(request, state.path, *input.file)) return *judged;
    ++at.name;
  }

  for (; at.name < count; ++at.name) {
    const std::string_view name = index_name(request, names, at.name);
    if (name.starts_with('/')) return InternalRedirect{name, request.args};
    // Behind the path, not behind the URI: the alias of a regular expression is the whole path already.
    const std::string_view folder = map_uri_to_path(request, request.uri);
    if (folder.empty()) return refuse_unmapped(request);
    const std::string_view terminated = request.arena.join({folder, name, std::string_view("\0", 1)});
    state.path = terminated.substr(0, terminated.size() - 1);
    state.step = pack({at.name, Probe::file, at.directory_tested});
    return ProbeFile{state.path, true};
  }
  return Declined{};
}

}  // namespace uringx
