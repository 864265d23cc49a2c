#include "process/listeners.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "process_fixture.h"

namespace uringx {
namespace {

SocketAddress loopback(std::uint16_t port = 0) {
  SocketAddress address;
  auto& in = reinterpret_cast<sockaddr_in&>(address.storage);
  in.sin_family = AF_INET;
  in.sin_port = htons(port);
  in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.length = sizeof in;
  return address;
}

SocketAddress unix_address(const std::string& path) {
  SocketAddress address;
  auto& un = reinterpret_cast<sockaddr_un&>(address.storage);
  un.sun_family = AF_UNIX;
  std::strncpy(un.sun_path, path.c_str(), sizeof un.sun_path - 1);
  address.length = sizeof un;
  return address;
}

void add(RouteTable& routes, const SocketAddress& address, const ListenOptions& options = {}) {
  ListenSocket& listen = routes.listens.emplace_back();
  listen.address = address;
  listen.options = options;
}

ListenOptions with_reuseport() {
  ListenOptions options;
  options.reuseport = true;
  return options;
}

SocketAddress bound_address(int fd) {
  SocketAddress address;
  address.length = sizeof address.storage;
  REQUIRE(getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.length) == 0);
  return address;
}

bool can_connect(const SocketAddress& address) {
  const OwnedFd fd(socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  return connect(fd.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.length) == 0;
}

int option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  REQUIRE(getsockopt(fd, level, name, &value, &size) == 0);
  return value;
}

// A port nobody listens on, held by nobody: taken from a socket that was bound and closed.
SocketAddress free_address() {
  const OwnedFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const SocketAddress any = loopback();
  REQUIRE(bind(fd.get(), reinterpret_cast<const sockaddr*>(&any.storage), any.length) == 0);
  return bound_address(fd.get());
}

}  // namespace

TEST_CASE("a listener takes connections from the moment open() returns until it is closed") {
  const ReadableLog log;
  RouteTable routes;
  add(routes, loopback());
  Listeners listeners;
  REQUIRE(listeners.open(routes, {}, 1, OpenMode::serve, log.log()));
  const SocketAddress address = bound_address(listeners.descriptors().front());
  CHECK(can_connect(address));
  listeners.close();
  CHECK(!can_connect(address));
  CHECK(log.text().empty());
}

TEST_CASE("a configuration with the same address takes the socket over") {
  const ReadableLog log;
  RouteTable routes;
  add(routes, loopback());
  Listeners old;
  REQUIRE(old.open(routes, {}, 1, OpenMode::serve, log.log()));
  Listeners fresh;
  REQUIRE(fresh.open(routes, old, 1, OpenMode::serve, log.log()));
  CHECK(fresh.descriptors() == old.descriptors());

  const SocketAddress address = bound_address(fresh.descriptors().front());
  old.close();
  CHECK(can_connect(address));
}

TEST_CASE("an address that is gone is closed with the old configuration") {
  const ReadableLog log;
  RouteTable routes;
  add(routes, free_address());
  Listeners old;
  REQUIRE(old.open(routes, {}, 1, OpenMode::serve, log.log()));
  const SocketAddress gone = routes.listens[0].address;
  RouteTable others;
  add(others, loopback());
  Listeners fresh;
  REQUIRE(fresh.open(others, old, 1, OpenMode::serve, log.log()));
  CHECK(can_connect(gone));
  old.close();
  CHECK(!can_connect(gone));
}

TEST_CASE("with reuseport every worker has a socket of its own") {
  const ReadableLog log;
  RouteTable routes;
  add(routes, free_address(), with_reuseport());
  Listeners listeners;
  REQUIRE(listeners.open(routes, {}, 3, OpenMode::serve, log.log()));
  const auto open = listeners.for_workers(3);
  REQUIRE(open.size() == 3);
  for (unsigned i = 0; i < 3; ++i) {
    CHECK(open[i].listen_index == 0);
    CHECK(open[i].worker == i);
    CHECK(open[i].reuseport);
    CHECK(bound_address(open[i].fd) == routes.listens[0].address);
  }
}

TEST_CASE("fewer workers share the sockets there are, more get new ones beside them") {
  const ReadableLog log;
  RouteTable routes;
  add(routes, free_address(), with_reuseport());
  Listeners three;
  REQUIRE(three.open(routes, {}, 3, OpenMode::serve, log.log()));
  Listeners two;
  REQUIRE(two.open(routes, three, 2, OpenMode::serve, log.log()));
  const auto open = two.for_workers(2);
  REQUIRE(open.size() == 3);
  CHECK(open[2].worker == 0);

  Listeners four;
  REQUIRE(four.open(routes, two, 4, OpenMode::serve, log.log()));
  CHECK(four.for_workers(4).size() == 4);
  CHECK(log.text().empty());
}

TEST_CASE("reuseport can be switched on while the socket listens") {
  const ReadableLog log;
  RouteTable routes;
  add(routes, free_address());
  Listeners old;
  REQUIRE(old.open(routes, {}, 2, OpenMode::serve, log.log()));
  CHECK(old.for_workers(2).size() == 1);
  routes.listens[0].options.reuseport = true;
  Listeners fresh;
  REQUIRE(fresh.open(routes, old, 2, OpenMode::serve, log.log()));
  CHECK(fresh.for_workers(2).size() == 2);
}

TEST_CASE("options of listen reach the socket") {
  const ReadableLog log;
  RouteTable routes;
  ListenOptions options;
  options.so_keepalive = KeepaliveOptions{.on = true, .idle_s = 30, .interval_s = 5, .count = 4};
  options.receive_buffer_bytes = 16384;
  options.fastopen = 3;
  add(routes, loopback(), options);
  Listeners listeners;
  REQUIRE(listeners.open(routes, {}, 1, OpenMode::serve, log.log()));
  const int fd = listeners.descriptors().front();
  CHECK(option(fd, SOL_SOCKET, SO_KEEPALIVE) == 1);
  CHECK(option(fd, IPPROTO_TCP, TCP_KEEPIDLE) == 30);
  CHECK(option(fd, IPPROTO_TCP, TCP_KEEPINTVL) == 5);
  CHECK(option(fd, IPPROTO_TCP, TCP_KEEPCNT) == 4);
  CHECK(option(fd, SOL_SOCKET, SO_RCVBUF) == 2 * 16384);  // the kernel doubles it (socket(7))
  CHECK(option(fd, SOL_SOCKET, SO_REUSEADDR) == 1);
  CHECK(option(fd, SOL_SOCKET, SO_REUSEPORT) == 0);
  CHECK(log.text().empty());
}

TEST_CASE("an address in use is tried five times and named each time") {
  const ReadableLog log;
  RouteTable routes;
  add(routes, free_address());
  Listeners first;
  REQUIRE(first.open(routes, {}, 1, OpenMode::serve, log.log()));
  Listeners second;
  CHECK(!second.open(routes, {}, 1, OpenMode::serve, log.log()));

  const std::string text = log.text();
  const std::string refusal =
      "bind() to " + routes.listens[0].address.text() + " failed (98: Address already in use)";
  std::size_t tries = 0;
  for (std::size_t at = text.find(refusal); at != std::string::npos; at = text.find(refusal, at + 1)) ++tries;
  CHECK(tries == 5);
  CHECK(log.has("[notice]"));
  CHECK(log.has("try again to bind() after 500ms"));
  CHECK(log.has("still could not bind()"));
}

TEST_CASE("-t minds no address in use, but one that is not ours") {
  const ReadableLog log;
  RouteTable routes;
  add(routes, free_address());
  Listeners serving;
  REQUIRE(serving.open(routes, {}, 1, OpenMode::serve, log.log()));
  Listeners tested;
  CHECK(tested.open(routes, {}, 1, OpenMode::test, log.log()));
  CHECK(log.text().empty());

  RouteTable foreign;
  SocketAddress address = loopback(1);
  reinterpret_cast<sockaddr_in&>(address.storage).sin_addr.s_addr = inet_addr("192.0.2.1");  // TEST-NET-1
  add(foreign, address);
  CHECK(!tested.open(foreign, {}, 1, OpenMode::test, log.log()));
  CHECK(log.has("bind() to 192.0.2.1:1 failed (99: Cannot assign requested address)"));
}

TEST_CASE("a unix socket can be used by everybody, and its file goes when asked") {
  const TemporaryDirectory directory;
  const ReadableLog log;
  RouteTable routes;
  add(routes, unix_address(directory / "s"));
  Listeners listeners;
  REQUIRE(listeners.open(routes, {}, 1, OpenMode::serve, log.log()));
  struct stat info {};
  REQUIRE(stat((directory / "s").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0666);
  CHECK(can_connect(routes.listens[0].address));

  listeners.remove_unix_files(&listeners, false, log.log());
  CHECK(stat((directory / "s").c_str(), &info) == 0);
  const Listeners none;
  listeners.remove_unix_files(&none, false, log.log());
  CHECK(stat((directory / "s").c_str(), &info) != 0);
  CHECK(log.has("deleting socket " + directory / "s"));
}

TEST_CASE("-t leaves no unix socket behind") {
  const TemporaryDirectory directory;
  const ReadableLog log;
  RouteTable routes;
  add(routes, unix_address(directory / "s"));
  Listeners listeners;
  REQUIRE(listeners.open(routes, {}, 1, OpenMode::test, log.log()));
  struct stat info {};
  CHECK(stat((directory / "s").c_str(), &info) != 0);
}

TEST_CASE("sockets named in the environment are taken over by address") {
  const TemporaryDirectory directory;
  const ReadableLog log;
  RouteTable routes;
  add(routes, free_address(), with_reuseport());
  add(routes, unix_address(directory / "s"));
  Listeners old;
  REQUIRE(old.open(routes, {}, 2, OpenMode::serve, log.log()));
  // As another process would have them: the same sockets under numbers of its own.
  std::string variable;
  for (const int fd : old.descriptors()) variable += std::to_string(dup(fd)) + ";";

  fcntl(old.descriptors()[0], F_SETFL, O_NONBLOCK);

  const Listeners inherited = Listeners::inherited_from(variable, log.log());
  CHECK(inherited.all().size() == 2);
  CHECK((fcntl(inherited.descriptors()[0], F_GETFL) & O_NONBLOCK) == 0);
  CHECK(inherited.environment_value() == variable);
  CHECK(log.has("using inherited sockets from \"" + variable + "\""));

  Listeners fresh;
  REQUIRE(fresh.open(routes, inherited, 2, OpenMode::serve, log.log()));
  CHECK(fresh.environment_value() == variable);
  // The old binary still serves the file.
  fresh.remove_unix_files(nullptr, true, log.log());
  struct stat info {};
  CHECK(stat((directory / "s").c_str(), &info) == 0);
}

TEST_CASE("numbers in the environment that are no sockets are logged and passed over") {
  const ReadableLog log;
  CHECK(Listeners::inherited_from("998;", log.log()).all().empty());
  CHECK(log.has("[crit]"));
  CHECK(log.has("getsockname() of the inherited socket #998 failed (9: Bad file descriptor)"));
  CHECK(Listeners::inherited_from("x;", log.log()).all().empty());
  CHECK(log.has(
      "invalid socket number \"x;\" in NGINX environment variable, ignoring the rest of the variable"));
}

}  // namespace uringx
