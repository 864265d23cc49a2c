#include "modules/precompressed.h"

#include <algorithm>
#include <cerrno>

#include "modules/gzip.h"
#include "modules/http_core.h"
#include "modules/static_files.h"

namespace uringx {
namespace {

using Use = PrecompressedSettings::Use;

constexpr std::uint32_t kAll = kHttpServerLocation;
constexpr EnumWord<Use> kUses[] = {{"off", Use::off}, {"on", Use::on}, {"always", Use::always}};

constexpr DirectiveRow kRows[] = {
    enum_row<&PrecompressedSettings::gzip, kUses>("gzip_static", kAll),
    enum_row<&PrecompressedSettings::brotli, kUses>("brotli_static", kAll),
    enum_row<&PrecompressedSettings::zstd, kUses>("zstd_static", kAll),
};

constexpr std::string_view kSuffixes[kCodings] = {".br", ".zst", ".gz"};

// One file that may lie beside the one asked for.
struct Candidate {
  Coding coding = Coding::gzip;
  int quality = 0;  // 0: the client does not get it, but caches have to be told that it is there
  std::string_view path;
  std::int64_t bytes = -1;  // -1: it is not there
};

// What is kept between probes, in the request's arena.
struct Search {
  std::array<Candidate, kCodings> candidates{};
  std::size_t count = 0;
  std::size_t next = 0;           // to be probed
  const Candidate* chosen = nullptr;

  // Of those that are there, the one the client likes best; of equals the smallest.
  const Candidate* best() const {
    const Candidate* best = nullptr;
    for (const Candidate& one : std::span(candidates).first(count)) {
      if (one.bytes < 0 || one.quality == 0) continue;
      if (best == nullptr || one.quality > best->quality || (one.quality == best->quality && one.bytes < best->bytes)) best = &one;
    }
    return best;
  }
};

Search* begin_search(Request& request) {
  const auto& settings = request.settings<PrecompressedSettings>();
  Search* const search = request.arena.make<Search>();
  for (const Coding coding : {Coding::brotli, Coding::zstd, Coding::gzip}) {
    const Use use = settings.use_of(coding);
    if (use == Use::off) continue;
    const int quality = use == Use::always ? 1000 : quality_of(request, coding);
    if (quality == 0 && !*request.settings<GzipSettings>().vary) continue;
    search->candidates[search->count++] = {.coding = coding, .quality = quality, .path = {}};
  }
  return search;
}

HandlerResult probe(Request& request, Candidate& candidate) {
  if (candidate.path.empty()) {
    const std::string_view path = map_uri_to_path(request, request.uri);
    if (path.empty()) return refuse_unmapped(request);
    constexpr std::string_view kEnd("\0", 1);
    const std::string_view suffix = kSuffixes[static_cast<std::size_t>(candidate.coding)];
    candidate.path = request.arena.join({path, suffix, kEnd});
    candidate.path.remove_suffix(kEnd.size());
  }
  return ProbeFile{candidate.path, false};
}

HandlerResult send(Request& request, const Candidate& candidate, const FileAnswer& answer) {
  if (!discard_body(request)) return Finish{400};
  set_file_head(request, answer);
  const std::string_view name = coding_name(candidate.coding);
  request.response.content_encoding = name;
  request.response.fields.push_back({"Content-Encoding", name});
  request.response.accept_ranges = request.response.ranges_unsaid = true;  // nginx serves none here
  return SendFile{};
}

// What was found of the candidate probed last. Declined: go on with the next.
HandlerResult take(Request& request, Candidate& candidate, const FileAnswer& answer) {
  if (answer.error_number != 0) {
    log_failed_probe(request, candidate.path, answer);
    return Declined{};
  }
  if (request.settings<PrecompressedSettings>().use_of(candidate.coding) == Use::on) note_variation(request);
  if (answer.is_directory() || candidate.quality == 0) return Declined{};
  if (!answer.is_file()) return refuse_irregular(request, candidate.path);
  candidate.bytes = answer.info.bytes;
  return Declined{};
}

HandlerResult handle_precompressed(Request& request, HandlerState& state, const HandlerInput& input) {
  if (request.method != Method::get && request.method != Method::head) return Declined{};
  if (request.uri.ends_with('/')) return Declined{};
  if (state.memory == nullptr) state.memory = begin_search(request);
  Search& search = *static_cast<Search*>(state.memory);
  if (input.file != nullptr) {
    if (search.chosen != nullptr) {
      if (input.file->is_file()) return send(request, *search.chosen, *input.file);
      return Declined{};  // it went away since
    }
    const HandlerResult result = take(request, search.candidates[search.next++], *input.file);
    if (!std::holds_alternative<Declined>(result)) return result;
    if (search.next == search.count) {
      search.chosen = search.best();
      if (search.chosen == nullptr) return Declined{};
      if (search.chosen == &search.candidates[search.count - 1]) return send(request, *search.chosen, *input.file);
      return ProbeFile{search.chosen->path, false};
    }
  }
  return search.count == 0 ? HandlerResult(Declined{}) : probe(request, search.candidates[search.next]);
}

constexpr HandlerRow kHandlers[] = {{.phase = Phase::content, .handler = handle_precompressed}};

std::span<const HandlerRow> handlers() { return kHandlers; }

}  // namespace

const Module kPrecompressedModule = {.id = ModuleId::precompressed,
                                     .name = "gzip_static",
                                     .rows = kRows,
                                     .make_location = make_settings<PrecompressedSettings>,
                                     .handlers = handlers};

PrecompressedSettings::Use PrecompressedSettings::use_of(Coding coding) const {
  switch (coding) {
    case Coding::brotli: return *brotli;
    case Coding::zstd: return *zstd;
    case Coding::gzip: return *gzip;
  }
  return Use::off;
}

}  // namespace uringx
