#include "base/log_file.h"

#include <unistd.h>

#include <cerrno>

namespace uringx {
namespace {

thread_local LineWriter* t_writer = nullptr;

}  // namespace

void LineWriter::install(LineWriter* writer) { t_writer = writer; }
LineWriter* LineWriter::installed() { return t_writer; }

void append_line(const LogFile& file, std::string_view line) {
  if (t_writer != nullptr) {
    t_writer->append(file, line);
    return;
  }
  if (file.fd < 0) return;  // not opened yet: what is said before goes to stderr by who says it
  // One write a line keeps lines whole among processes (O_APPEND). A full disk loses the line, as with nginx: there is
  // nobody to tell.
  while (write(file.fd, line.data(), line.size()) < 0 && errno == EINTR) {
  }
}

}  // namespace uringx
