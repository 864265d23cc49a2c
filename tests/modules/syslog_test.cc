#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

#include "base/error_log.h"
#include "base/memory_log.h"
#include "fixture.h"
#include "modules/syslog_target.h"

using namespace uringx;

namespace {

// A datagram socket that takes what is sent to it, on a path or a port of its own.
class Receiver {
 public:
  Receiver() : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    char folder[] = "/tmp/uringx-syslog-XXXXXX";
    folder_ = mkdtemp(folder);
    path_ = folder_ + "/s";
    listen();
  }
  ~Receiver() {
    close();
    rmdir(folder_.c_str());
  }

  void listen() {
    if (fd_ < 0) fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, path_.size());
    REQUIRE(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
    unlink(path_.c_str());
  }
  // The next datagram, "" when there is none.
  std::string take() {
    char text[4096];
    const ssize_t size = recv(fd_, text, sizeof(text), 0);
    return size < 0 ? std::string() : std::string(text, static_cast<std::size_t>(size));
  }
  std::string target() const { return "syslog:server=unix:" + path_; }

 private:
  int fd_;
  std::string folder_;
  std::string path_;
};

std::string after_time(const std::string& datagram) {
  const std::size_t at = datagram.find('>');
  return at == std::string::npos ? datagram : datagram.substr(0, at + 1) + datagram.substr(at + 17);
}

std::string refusal(std::string_view words) {
  const auto peer = parse_syslog_target("syslog:" + std::string(words));
  return peer ? "" : peer.error().message;
}

}  // namespace

TEST_CASE("a syslog target: words, defaults, refusals") {
  const auto plain = parse_syslog_target("syslog:server=127.0.0.1");
  REQUIRE(plain);
  CHECK((*plain)->facility == 23);
  CHECK((*plain)->severity == 6);
  CHECK((*plain)->tag == "nginx");
  CHECK((*plain)->with_hostname);
  CHECK(ntohs(reinterpret_cast<const sockaddr_in&>((*plain)->address).sin_port) == 514);
  const auto full = parse_syslog_target("syslog:server=[::1]:9,facility=mail,severity=crit,tag=a_1,nohostname");
  REQUIRE(full);
  CHECK((*full)->facility == 2);
  CHECK((*full)->severity == 2);
  CHECK((*full)->tag == "a_1");
  CHECK_FALSE((*full)->with_hostname);
  CHECK(ntohs(reinterpret_cast<const sockaddr_in6&>((*full)->address).sin6_port) == 9);

  CHECK(refusal("") == "unknown syslog parameter \"\"");
  CHECK(refusal("tag=x") == "no syslog server specified");
  CHECK(refusal("server=[::1]:0") == "invalid port in syslog server \"[::1]:0\"");
  CHECK(refusal("server=unix:") == "no path in the unix domain socket in syslog server \"unix:\"");
  CHECK(refusal("server=127.0.0.1,tag=a-b") == "syslog \"tag\" only allows alphanumeric characters and underscore");
  CHECK(refusal("server=127.0.0.1,facility=x") == "unknown syslog facility \"x\"");
}

TEST_CASE("a syslog header is RFC 3164's") {
  SyslogPeer peer;
  peer.hostname = "host";
  setenv("TZ", "UTC", 1);
  tzset();
  std::string text;
  append_syslog_header(peer, peer.severity, 784111777, text);
  CHECK(text == "<190>Nov  6 08:49:37 host nginx: ");
  text.clear();
  peer.with_hostname = false;
  append_syslog_header(peer, 0, 784111777 + 864000, text);
  CHECK(text == "<184>Nov 16 08:49:37 nginx: ");
}

TEST_CASE("a socket connects at first use, and anew after its server was away") {
  Receiver receiver;
  const auto peer = *parse_syslog_target(receiver.target());
  SyslogSocket socket;
  CHECK(socket.send(*peer, "one").bytes == 3);
  CHECK(receiver.take() == "one");
  receiver.close();
  const SyslogSent refused = socket.send(*peer, "two");
  CHECK(refused.bytes == -1);
  CHECK(refused.call == SyslogSent::Call::send);
  CHECK(refused.error_number == ECONNREFUSED);
  const SyslogSent unconnected = socket.send(*peer, "three");
  CHECK(unconnected.call == SyslogSent::Call::connect);
  CHECK(unconnected.error_number == ENOENT);
  receiver.listen();
  CHECK(socket.send(*peer, "four").bytes == 4);
  CHECK(receiver.take() == "four");
}

TEST_CASE("a full queue is told without an error and without waiting") {
  Receiver receiver;
  const auto peer = *parse_syslog_target(receiver.target());
  SyslogSocket socket;
  SyslogSent sent;
  for (int i = 0; i < 100'000 && sent.bytes >= 0; ++i) sent = socket.send(*peer, "x");
  CHECK(sent.bytes == -1);
  CHECK(sent.error_number == 0);
  CHECK(receiver.take() == "x");
  CHECK(socket.send(*peer, "y").bytes == 1);
}

TEST_CASE("error lines go to syslog whole, with the severity of their level") {
  Receiver receiver;
  ErrorLog log;
  log.add({.level = LogLevel::warn, .syslog = *parse_syslog_target(receiver.target() + ",tag=t,nohostname,severity=debug")});
  log.write(LogLevel::error, 5, "what", ENOENT, ", client: c");
  log.write(LogLevel::info, 5, "not wanted");
  const std::string datagram = receiver.take();
  CAPTURE(datagram);
  CHECK(after_time(datagram).starts_with("<187>t: 2"));
  CHECK(datagram.ends_with("*5 what (2: No such file or directory), client: c"));
  CHECK(receiver.take().empty());
}

TEST_CASE("a failing syslog target is told of in the log's other targets, once a line") {
  CollectedLines collected;
  LogFile file{"e", -1, 0};
  ErrorLog log;
  log.add(file, LogLevel::error);
  log.add({.level = LogLevel::error, .syslog = *parse_syslog_target("syslog:server=unix:/nonexistent/socket")});
  log.write(LogLevel::error, 0, "first");
  const std::string lines = collected.lines["e"];
  CHECK(std::count(lines.begin(), lines.end(), '\n') == 2);
  CHECK(lines.find("[alert]") < lines.size());
  CHECK(lines.find(": connect() failed (2: No such file or directory)\n") != std::string::npos);
}

TEST_CASE("debug_connection opens every target for every level") {
  CollectedLines collected;
  LogFile file{"e", -1, 0};
  ErrorLog log;
  log.add(file, LogLevel::crit);
  CHECK_FALSE(log.wants(LogLevel::info));
  CHECK(log.wants(LogLevel::info, true));
  log.write(LogLevel::info, 1, "x", 0, {}, true);
  CHECK(collected.lines["e"].ends_with("*1 x\n"));
}

TEST_CASE("a memory log keeps the newest lines") {
  const auto memory = std::make_shared<MemoryLog>(16 + 8, "MEMLOG 24 f:1xx");
  ErrorLog log;
  log.add({.level = LogLevel::error, .memory = memory});
  CHECK(memory->text() == std::string_view("MEMLOG 24 f:1xx\0        ", 24));
  memory->append("abc\n");
  memory->append("defgh\n");
  CHECK(memory->text().substr(16) == "h\nc\ndefg");
  memory->append("0123456789");
  CHECK(memory->text().size() == 24);
  CHECK(memory->text().starts_with("MEMLOG 24 f:1xx"));
}
