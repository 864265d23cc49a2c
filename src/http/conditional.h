// Conditional requests: whether a representation is to be sent, given the validators the client holds (RFC
// 9110 section 13, in the order and with the leniencies of ngx_http_not_modified_filter_module). Pure, usable
// on any thread.
#pragma once

#include <cstdint>
#include <ctime>
#include <string_view>

#include "http/message.h"

namespace uringx {

enum class IfModifiedSince : std::uint8_t { off, exact, before };  // the directive if_modified_since

enum class Precondition : std::uint8_t { proceed, not_modified, failed };  // as before, 304, 412

struct Validators {
  std::time_t last_modified = -1;  // -1: none
  std::string_view etag = {};      // with its quotes, maybe W/; empty: none
};

// For answers that would be 200; others ignore conditions.
Precondition evaluate_preconditions(const RequestHead& request, const Validators& validators,
                                    IfModifiedSince mode);

// Whether a list of entity tags (If-Match, If-None-Match) names `etag`; "*" names any. Weak comparison
// disregards W/.
bool etag_list_matches(std::string_view list, std::string_view etag, bool weak);

}  // namespace uringx
