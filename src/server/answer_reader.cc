#include "server/answer_reader.h"

#include <algorithm>
#include <cstring>

#include "server/filtered_body.h"
#include "server/turn_reads.h"

namespace uringx {

void AnswerReader::start(std::string_view head, std::span<const BodyPart> parts, const OpenedFile* file,
                         FilteredBody* filtered) {
  filtered_ = filtered;
  head_ = head;
  parts_ = parts;
  file_ = file;
  head_done_ = 0;
  part_ = 0;
  part_done_ = 0;
}

std::size_t AnswerReader::read(std::span<char> into) {
  std::size_t bytes = 0;
  while (!finished() && bytes < into.size()) {
    const std::size_t piece = read_piece(into.subspan(bytes));
    if (piece == 0) break;
    bytes += piece;
  }
  return bytes;
}

// A head may be longer than a buffer: with large header buffers a redirect repeats all of its URI.
std::size_t AnswerReader::read_piece(std::span<char> into) {
  if (filtered_ != nullptr && !head_left()) return filtered_->read(into);
  if (at_file()) {
    const std::size_t wanted = std::min<std::uint64_t>(part_bytes_left(), into.size());
    const ssize_t bytes = reads_.read(*file_, into.first(wanted), file_offset());
    if (bytes <= 0) return 0;
    skip(static_cast<std::uint64_t>(bytes));
    return static_cast<std::size_t>(bytes);
  }
  const std::string_view text = head_left() ? head_.substr(head_done_, into.size()) : part().text.substr(part_done_, into.size());
  std::memcpy(into.data(), text.data(), text.size());
  if (head_left()) {
    head_done_ += text.size();
  } else {
    skip(text.size());
  }
  return text.size();
}

bool AnswerReader::filtered_finished() const { return filtered_->finished(); }

std::uint64_t AnswerReader::part_bytes_left() const {
  const std::uint64_t size = part().file_bytes != 0 ? part().file_bytes : part().text.size();
  return size - part_done_;
}

void AnswerReader::skip(std::uint64_t bytes) {
  part_done_ += bytes;
  while (parts_left() && part_bytes_left() == 0) {
    ++part_;
    part_done_ = 0;
  }
}

}  // namespace uringx
