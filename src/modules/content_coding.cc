#include "modules/content_coding.h"

#include <algorithm>

#include "http/accept_encoding.h"
#include "modules/brotli_filter.h"
#include "modules/gunzip.h"
#include "modules/gzip.h"
#include "modules/request.h"
#include "modules/zstd_filter.h"

namespace uringx {
namespace {

struct CodingRow {
  std::string_view name;
  // Whether an answer of that type and length is for it, whoever asks.
  bool (*takes)(const Request& request);
  int (*quality)(Request& request);
  std::unique_ptr<Compressor> (*make)(const Request& request);
};

template <typename S>
bool takes(const Request& request) {
  const auto& settings = request.settings<S>();
  const std::int64_t length = request.response.content_length;
  return *settings.enabled && (length == kUnknownLength || length >= static_cast<std::int64_t>(settings.min_length->count)) &&
         settings.types->contains(request.response.content_type);
}

template <Coding C>
int named_quality(Request& request) {
  return coding_quality(request.head.value(KnownField::accept_encoding), coding_name(C));
}

template <typename S>
int level(const Request& request) { return static_cast<int>(request.settings<S>().level->count); }

constexpr CodingRow kRows[kCodings] = {
    {"br", takes<BrotliSettings>, named_quality<Coding::brotli>, [](const Request& request) {
       return make_brotli(level<BrotliSettings>(request), request.settings<BrotliSettings>().window->count, request.response.content_length);
     }},
    {"zstd", takes<ZstdSettings>, named_quality<Coding::zstd>, [](const Request& request) {
       return make_zstd(level<ZstdSettings>(request), request.response.content_length);
     }},
    {"gzip", takes<GzipSettings>, gzip_quality,
     [](const Request& request) { return make_gzip(level<GzipSettings>(request), request.response.content_length); }},
};

}  // namespace

std::string_view coding_name(Coding coding) { return kRows[static_cast<std::size_t>(coding)].name; }

int quality_of(Request& request, Coding coding) {
  return request.is_subrequest() ? 0 : kRows[static_cast<std::size_t>(coding)].quality(request);
}

bool varies_by_coding(const Request& request) {
  const std::string_view coding = request.response.content_encoding;
  if (!coding.empty()) return *request.settings<GunzipSettings>().enabled && equal_ignore_case(coding, "gzip");
  return std::ranges::any_of(kRows, [&](const CodingRow& row) { return row.takes(request); });
}

void note_variation(Request& request) {
  if (*request.settings<GzipSettings>().vary) request.response.vary_accept_encoding = true;
}

void clear_content_encoding(ResponseHead& response) {
  if (response.content_encoding.empty()) return;
  response.content_encoding = {};
  std::erase_if(response.fields, [](const HeaderField& field) { return equal_ignore_case(field.name, "content-encoding"); });
}

void weaken_etag(Request& request) {
  const auto weaken = [&](std::string_view& etag) {
    if (etag.empty() || etag.starts_with("W/")) return;
    etag = etag.front() == '"' ? request.arena.join({"W/", etag}) : std::string_view();
  };
  ResponseHead& response = request.response;
  weaken(response.etag);
  // What add_header gave in its place; one without quotes is none.
  const auto is_etag = [](const HeaderField& field) { return equal_ignore_case(field.name, "etag"); };
  for (HeaderField& field : response.fields) {
    if (is_etag(field)) weaken(field.value);
  }
  std::erase_if(response.fields, [&](const HeaderField& field) { return is_etag(field) && field.value.empty(); });
}

void filter_content_coding(Request& request) {
  if (request.is_subrequest()) return;  // the whole gets it
  ResponseHead& response = request.response;
  const bool has_page = response.status == 200 || response.status == 403 || response.status == 404;
  if (!has_page || !response.content_encoding.empty() || request.filters.coding != nullptr) return;
  const CodingRow* best = nullptr;
  int best_quality = 0;
  bool varies = false;
  for (const CodingRow& row : kRows) {
    if (!row.takes(request)) continue;
    varies = true;
    const int quality = row.quality(request);
    if (quality <= best_quality) continue;
    best_quality = quality;
    best = &row;
  }
  if (varies) note_variation(request);
  if (best == nullptr) return;
  request.filters.coding = best->make(request);
  response.content_encoding = best->name;
  response.fields.push_back({"Content-Encoding", best->name});
  response.content_length = kUnknownLength;
  response.accept_ranges = false;
  weaken_etag(request);
}

std::optional<std::string_view> coding_ratio(Request& request, Coding coding) {
  const auto* const compressor = static_cast<const Compressor*>(request.filters.coding.get());
  if (compressor == nullptr || compressor->coding() != coding || compressor->bytes_out() == 0) return std::nullopt;
  const std::uint64_t hundredths = (compressor->bytes_in() * 1000 / compressor->bytes_out() + 5) / 10;
  return request.arena.copy(fmt::format("{}.{:02}", hundredths / 100, hundredths % 100));
}

}  // namespace uringx
