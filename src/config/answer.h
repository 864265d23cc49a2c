// The last steps of an answer before its head is written: nginx's header filters in nginx's order, and the body as parts.
// Pure; called by the Exchange on its worker's thread once the phase engine says what is to be sent.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

#include "modules/body_filter.h"
#include "modules/handler.h"

namespace uringx {

// A piece of the body: a text, or bytes of the file opened last.
struct BodyPart {
  std::string_view text;
  std::uint64_t file_offset = 0;
  std::uint64_t file_bytes = 0;  // 0: `text` it is
};

struct AnswerBody {
  std::span<const BodyPart> parts;  // in the request's arena; none when the answer has no body (HEAD, 204, 304)
  std::uint64_t bytes = 0;          // of the parts
  const BodyFilters* filters = nullptr;  // the request's, when the parts have to pass any: how many bytes come of them is open; always
                                         // in a subrequest
  std::string_view last_chunk = {}; // not empty: what comes out of the filters goes in chunks, and this ends it

  bool empty() const { return bytes == 0 && filters == nullptr; }
};

// Runs conditional requests, add_header and expires, charset, ranges and redirects over the head in request.response.
// `body` is the text, or the whole file when `from_file`. Refuses with the status whose page is to be sent instead
// (412, 416): give that to PhaseEngine::finish() and come back with what it says.
// `boundaries` counts the worker's multipart answers: the number makes their boundary.
std::expected<AnswerBody, int> finish_answer(Request& request, std::string_view text, bool from_file,
                                             std::uint64_t& boundaries);

// Whether the connection stays open after this answer, by the settings of the location it came from
// (ngx_http_update_location_config).
bool keeps_alive(const Request& request);

}  // namespace uringx
