// Finds the end of a chunked request body (RFC 9112 section 7.1) whose content is not wanted or read
// elsewhere. Owned by the Exchange that reads the body, used on its worker's thread; keeps a few words, never
// a byte of the body.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace uringx {

enum class ChunkedStatus : std::uint8_t {
  need_more,
  data,     // `data` is a piece of the body's content; call again with what follows `used_bytes`
  done,     // the last chunk and the trailer section were read
  invalid,  // answer 400; nginx logs [error] "client sent invalid chunked body"
};

inline constexpr std::string_view kInvalidChunkedBodyText = "client sent invalid chunked body";

struct ChunkedStep {
  ChunkedStatus status = ChunkedStatus::need_more;
  std::size_t used_bytes = 0;  // of the bytes given
  std::string_view data;
};

// Takes only what no two parsers can read differently: lines end in CRLF (as nginx has it since 1.29; 1.22
// takes a bare LF, too), sizes are hexadecimal digits without sign, prefix or overflow, and a CR in an
// extension or a trailer ends it.
class ChunkedDecoder {
 public:
  ChunkedStep next(std::string_view bytes);

  // Content bytes seen so far, for client_max_body_size: never more than 2^63 - 1, or it is `invalid`.
  std::int64_t body_bytes() const { return body_bytes_; }

  // The least number of bytes that are still to come (ngx_http_chunked_t's length).
  std::int64_t bytes_wanted() const;

 private:
  enum class State : std::uint8_t {
    size_start,
    size,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_start,
    trailer,
    trailer_lf,
    end_lf,
    done,
  };

  bool step(char c);

  State state_ = State::size_start;
  std::int64_t chunk_left_bytes_ = 0;
  std::int64_t body_bytes_ = 0;
};

}  // namespace uringx
