// AnswerReader hands out the bytes of one answer in order, as far as they are in memory; for what is only on a disk it says
// which bytes of the file come next, so that its owner can have them read. Never waits. Used on the worker's thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "config/answer.h"
#include "ring/ring.h"
#include "server/opened_file.h"

namespace uringx {

class FilteredBody;
class TurnReads;

class AnswerReader {
 public:
  explicit AnswerReader(TurnReads& reads) : reads_(reads) {}

  // Memory behind `head` (may be empty) and the parts, and the file, live until it was read. `filtered`: what comes in place
  // of the parts.
  void start(std::string_view head, std::span<const BodyPart> parts, const OpenedFile* file, FilteredBody* filtered = nullptr);

  // Copies what comes next and is in memory; gives how many bytes. Fewer than `into` holds: finished(), or the next
  // bytes are on a disk (or the file is shorter than it was), or the filtered body waits or failed.
  std::size_t read(std::span<char> into);

  bool finished() const { return !head_left() && (filtered_ == nullptr ? !parts_left() : filtered_finished()); }

  // The body comes through filters: it reads what it needs itself, and says when there is more.
  FilteredBody* filtered() const { return filtered_; }

  // --- one by one, for a sender that has better ways than copying ---
  // The same of the head alone, or of one part.
  std::size_t read_piece(std::span<char> into);
  // What comes next is bytes of the file: which, and where in it the first of them is.
  bool at_file() const { return !head_left() && filtered_ == nullptr && parts_left() && part().file_bytes != 0; }
  int file_fd() const { return file_->fd; }
  // For Backend::pages_cached(), of a local file: where a server may take its pages away, they are not remembered.
  FileIdentity file_identity() const { return {file_->info.device, file_->info.inode}; }
  Medium file_medium() const { return file_->medium(); }
  std::uint64_t file_offset() const { return part().file_offset + part_done_; }
  std::uint64_t part_bytes_left() const;
  // The next `bytes` of the current part (at most part_bytes_left()) were sent another way.
  void skip(std::uint64_t bytes);
  // Whether anything follows `bytes` more of the current part.
  bool more_after(std::uint64_t bytes) const { return bytes < part_bytes_left() || part_ + 1 < parts_.size(); }

 private:
  bool head_left() const { return head_done_ < head_.size(); }
  bool filtered_finished() const;
  bool parts_left() const { return part_ < parts_.size(); }
  const BodyPart& part() const { return parts_[part_]; }

  TurnReads& reads_;
  std::string_view head_;
  std::span<const BodyPart> parts_;
  const OpenedFile* file_ = nullptr;
  FilteredBody* filtered_ = nullptr;
  std::size_t head_done_ = 0;
  std::size_t part_ = 0;
  std::uint64_t part_done_ = 0;
};

}  // namespace uringx
