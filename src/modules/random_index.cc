#include "modules/random_index.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>

#include "modules/autoindex.h"

namespace uringx {
namespace {

constexpr DirectiveRow kRows[] = {
    value_row<&RandomIndexSettings::random_index>("random_index", kLocation),
};

// One of the plain files, each as likely as the others; empty when there is none. Links are no plain files here.
std::string choose_file(const DirectoryWork&, std::span<DirectoryEntry> entries) {
  const auto end = std::partition(entries.begin(), entries.end(), [](const DirectoryEntry& entry) { return entry.is_file; });
  const auto files = static_cast<std::uint64_t>(end - entries.begin());
  if (files == 0) return {};
  std::uint32_t chance = 0;
  // Without random numbers (a kernel that has just booted) it is the first one: still a file of the directory.
  if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) != static_cast<ssize_t>(sizeof(chance))) chance = 0;
  return std::string(entries[static_cast<std::size_t>(chance * files >> 32)].name);
}

constexpr DirectoryWork kChooseFile = {DirectoryWork::Read::kinds, choose_file};

constexpr HandlerRow kHandlers[] = {{Phase::content, handle_random_index}};

std::span<const HandlerRow> handlers() { return kHandlers; }

}  // namespace

const Module kRandomIndexModule = {.id = ModuleId::random_index,
                                   .name = "random_index",
                                   .rows = kRows,
                                   .make_location = make_settings<RandomIndexSettings>,
                                   .handlers = handlers};

HandlerResult handle_random_index(Request& request, HandlerState& state, const HandlerInput& input) {
  if (!request.uri.ends_with('/')) return Declined{};
  if (request.method != Method::get && request.method != Method::head && request.method != Method::post) return Declined{};
  if (!*request.settings<RandomIndexSettings>().random_index) return Declined{};
  if (!input.directory_read) {
    state.path = directory_path(request);
    if (state.path.empty()) return refuse_unmapped(request);
    return ReadDirectory{state.path, &kChooseFile};
  }
  if (input.directory_error != 0) return refuse_directory(request, state.path, input.directory_error);
  if (input.directory_text.empty()) return Declined{};
  return InternalRedirect{request.arena.join({request.uri, input.directory_text}), request.args};
}

}  // namespace uringx
