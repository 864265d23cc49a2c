#include "responder.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace floor_bench {

namespace {

constexpr unsigned kAnswersPerSend = 16;
constexpr std::string_view kEndOfHead = "\r\n\r\n";

}  // namespace

void fail(const char* what, int error_number) {
  std::fprintf(stderr, "floor: %s: %s\n", what, std::strerror(error_number));
  std::exit(1);
}

Answers::Answers(const Options& options) {
  const std::string answer = std::string("HTTP/1.1 200 OK\r\n") + (options.close ? "Connection: close\r\n" : "") +
                             "Content-Length: " + std::to_string(options.body_bytes) + "\r\n\r\n" +
                             std::string(options.body_bytes, 'x');
  bytes_each_ = answer.size();
  for (unsigned i = 0; i < kAnswersPerSend; ++i) bytes_ += answer;
}

std::string_view Answers::take(unsigned& due) const {
  const unsigned count = std::min(due, kAnswersPerSend);
  due -= count;
  return std::string_view(bytes_).substr(0, count * bytes_each_);
}

unsigned HeadCounter::count(std::string_view bytes) {
  unsigned found = 0;
  std::size_t at = 0;
  while (matched_ != 0 && at < bytes.size()) {
    // Where an end breaks off none can have begun within it: what follows is looked at from there.
    if (bytes[at] != kEndOfHead[matched_]) {
      matched_ = 0;
    } else if (++at; ++matched_ == kEndOfHead.size()) {
      matched_ = 0;
      ++found;
    }
  }
  if (matched_ != 0) return found;
  for (std::size_t end; (end = bytes.find(kEndOfHead, at)) != bytes.npos; ++found) at = end + kEndOfHead.size();
  const std::string_view rest = bytes.substr(at);
  matched_ = static_cast<std::uint8_t>(std::min(rest.size(), kEndOfHead.size() - 1));
  while (!rest.ends_with(kEndOfHead.substr(0, matched_))) --matched_;
  return found;
}

int listen_on(const Options& options) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (options.accept == Accept::reuseport) setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
  if (options.inherited_nodelay || options.direct) set_nodelay(listener);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 || listen(listener, kBacklog) != 0) {
    fail("listen", errno);
  }
  return listener;
}

void set_nodelay(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

void write_pid_file(const Options& options) { std::ofstream(options.pid_file) << getpid() << '\n'; }

}  // namespace floor_bench
