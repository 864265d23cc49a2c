// What both engines of the floor have in common: the constant answer, the end of a head, the listening socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "options.h"

namespace floor_bench {

inline constexpr std::size_t kConnectionsMax = 65536;  // descriptors are below it
inline constexpr std::size_t kReceiveBytes = 4096;
inline constexpr int kBacklog = 1024;

[[noreturn]] void fail(const char* what, int error_number);

// Several answers one after the other, so that a single send answers requests that came together.
class Answers {
 public:
  explicit Answers(const Options& options);

  std::string_view take(unsigned& due) const;  // as many of the answers that are due as one send carries
  const std::string& all() const { return bytes_; }

 private:
  std::string bytes_;
  std::size_t bytes_each_;
};

// Counts the ends of heads in what a connection receives, also those that are cut between two packets.
class HeadCounter {
 public:
  unsigned count(std::string_view bytes);

 private:
  std::uint8_t matched_ = 0;  // characters of an end that the bytes before ended with
};

int listen_on(const Options& options);
void set_nodelay(int fd);

// For the one who waits until the floor is ready.
void write_pid_file(const Options& options);

}  // namespace floor_bench
