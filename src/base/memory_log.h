// MemoryLog is what error_log memory: asks for: the newest lines in a ring of memory, for a debugger to read.
// Made with the configuration, shared by all threads of the process; a process has a copy of its own.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>

namespace uringx {

class MemoryLog {
 public:
  // `head` ("MEMLOG BYTES FILE:LINE") shows a debugger the place; the lines share the other bytes of `size`.
  MemoryLog(std::size_t size, std::string_view head);

  // Two threads' lines never share bytes until the ring has gone round (ngx_log_memory_writer).
  void append(std::string_view line);

  // Everything: the head, a NUL, then the ring, blank where nothing was written yet.
  std::string_view text() const { return bytes_; }

 private:
  std::string bytes_;
  std::size_t ring_from_;
  std::atomic<std::size_t> written_{0};
};

}  // namespace uringx
