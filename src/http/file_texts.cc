#include "http/file_texts.h"

#include <charconv>
#include <iterator>

namespace uringx {

void FileTexts::write(std::time_t modified, std::uint64_t bytes) {
  modified_ = modified;
  bytes_ = bytes;
  write_http_date(last_modified_, modified);
  char* out = etag_;
  *out++ = '"';
  out = std::to_chars(out, std::end(etag_), static_cast<std::uint64_t>(modified), 16).ptr;
  *out++ = '-';
  out = std::to_chars(out, std::end(etag_), bytes, 16).ptr;
  *out++ = '"';
  etag_bytes_ = static_cast<std::uint8_t>(out - etag_);
}

}  // namespace uringx
