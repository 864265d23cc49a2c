// What the tests of this folder share: an arena, the parser driven as the server drives it, heads for other
// parts.
#pragma once

#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/chunk_pool.h"
#include "http/message.h"

namespace uringx {

struct TestMemory {
  ChunkPool pool{256};
  Arena arena{pool};
};

// What the parser makes of a head, in lines: the request line's parts, the fields (those with an invalid name
// after "!"), and how it ended, "end at 18" or "need more" or the error log's text. The parser is first shown
// text.substr(0, cuts[0]), then up to cuts[1], ..., then everything, each time at another address.
std::string read_head(std::string_view text, const std::vector<std::size_t>& cuts = {},
                      bool underscores = false);

// How it ended only: the last line of the above.
std::string head_verdict(std::string_view text);

// A whole and good head whose texts live as long as `text`.
RequestHead good_head(std::string_view text);

}  // namespace uringx
