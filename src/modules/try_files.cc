#include "modules/try_files.h"

#include <cerrno>

#include "modules/build_context.h"
#include "modules/http_core.h"

namespace uringx {
namespace {

Applied apply_try_files(BuildContext& context, const Directive& directive, Settings& settings) {
  auto& files = static_cast<TryFilesSettings&>(settings).files;
  if (files.is_set()) return std::unexpected(Refusal::directive("is duplicate"));
  TryFilesSettings::Value value;
  const std::size_t last = directive.words.size() - 1;
  for (std::size_t i = 1; i <= last; ++i) {
    std::string_view word = directive.words[i];
    if (i == last && word.starts_with('=')) {
      const auto status = parse_number(word.substr(1));
      if (!status || *status > 999) {
        return std::unexpected(Refusal{"invalid code \"" + std::string(word) + "\""});
      }
      value.fallback_status = static_cast<int>(*status);
      break;
    }
    const bool directory = i < last && word.ends_with('/') && word.size() > 0;
    if (directory) word.remove_suffix(1);
    std::expected<Template, Refusal> name = context.compile_template(word);
    if (!name) return std::unexpected(std::move(name.error()));
    if (i == last) {
      value.fallback = std::move(*name);
    } else {
      value.candidates.push_back({std::move(*name), directory});
    }
  }
  files.set(std::move(value));
  return {};
}

constexpr DirectiveRow kRows[] = {
    {"try_files", kServer | kLocation, kTwoOrMore, Level::location, apply_try_files},
};

// With alias in a prefix location, the part of the URI that the alias stands for is cut from a name with variables.
std::string_view cut_alias_prefix(const Request& request, const Template& name, std::string_view text) {
  const RootPath& root = *request.settings<HttpCoreLocation>().root;
  if (!root.alias || root.alias_of_regex || name.constant()) return text;
  if (text.starts_with(request.uri.substr(0, root.alias_bytes))) text.remove_prefix(root.alias_bytes);
  return text;
}

std::string_view candidate_path(Request& request, std::string_view name) {
  const std::string_view path = request.arena.join({document_root(request), name, std::string_view("\0", 1)});
  return path.substr(0, path.size() - 1);
}

// Makes the file found the request's URI, as nginx does: from here on static files serve it.
void take_file(Request& request, std::string_view name, bool directory) {
  const RootPath& root = *request.settings<HttpCoreLocation>().root;
  if (!root.alias) {
    request.uri = name;
  } else if (root.alias_of_regex) {
    if (!directory) {
      request.uri = name;
      request.add_uri_to_alias = true;
    }
  } else {
    request.uri = request.arena.join({request.uri.substr(0, root.alias_bytes), name});
  }
}

HandlerResult fall_back(Request& request, const TryFilesSettings::Value& files) {
  if (files.fallback_status) return Finish{*files.fallback_status};
  const std::string_view target = cut_alias_prefix(request, files.fallback, files.fallback.evaluate(request));
  if (target.starts_with('@')) return NamedRedirect{target};
  return redirect_to(target);
}

constexpr HandlerRow kHandlers[] = {{Phase::precontent, handle_try_files}};

std::span<const HandlerRow> handlers() { return kHandlers; }

}  // namespace

const Module kTryFilesModule = {.id = ModuleId::try_files,
                                .name = "try_files",
                                .rows = kRows,
                                .make_location = make_settings<TryFilesSettings>,
                                .handlers = handlers};

HandlerResult handle_try_files(Request& request, HandlerState& state, const HandlerInput& input) {
  const auto& setting = request.settings<TryFilesSettings>().files;
  if (!setting.is_set()) return Declined{};
  const auto& candidates = setting->candidates;

  if (input.file != nullptr) {
    const FileAnswer& answer = *input.file;
    const int error = answer.error_number;
    const TryFilesSettings::Candidate& candidate = candidates[state.step];
    if (error == 0 && answer.is_directory() == candidate.directory) {
      take_file(request, state.path.substr(document_root(request).size()), candidate.directory);
      return Declined{};
    }
    if (error != 0 && error != ENOENT && error != ENOTDIR && error != ENAMETOOLONG) {
      log_request(request, LogLevel::crit, request.arena.join({answer.failed_call, " \"", state.path, "\" failed"}), error);
    }
    ++state.step;
  }
  if (state.step == candidates.size()) return fall_back(request, *setting);
  const Template& name = candidates[state.step].name;
  state.path = candidate_path(request, cut_alias_prefix(request, name, name.evaluate(request)));
  return ProbeFile{state.path, true};
}

}  // namespace uringx
