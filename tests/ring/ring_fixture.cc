#include "ring_fixture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

namespace uringx {

namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

void limit_waiting(int fd) {
  const timeval limit{.tv_sec = 5, .tv_usec = 0};
  if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0) fail("SO_RCVTIMEO");
}

}  // namespace

std::unique_ptr<Backend> make_test_backend(unsigned entries) {
  auto backend = make_kernel_backend({.entries = entries});
  if (!backend) throw std::runtime_error(backend.error().message);
  return std::move(*backend);
}

Listener::Listener() : fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) < 0) fail("bind");
  if (listen(fd.get(), 64) < 0) fail("listen");
  if (getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) < 0) fail("getsockname");
  port = ntohs(address.sin_port);
}

OwnedFd Listener::connect() const {
  OwnedFd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) < 0) fail("connect");
  limit_waiting(client.get());
  return client;
}

SocketPair::SocketPair() {
  const Listener listener;
  client = listener.connect();
  server = OwnedFd(accept4(listener.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!server) fail("accept");
}

TemporaryFile::TemporaryFile(const std::string& content) {
  path = "/var/tmp/uringx-ring-test-XXXXXX";
  fd = OwnedFd(mkostemp(path.data(), O_CLOEXEC));
  if (!fd) fail("mkostemp");
  if (pwrite(fd.get(), content.data(), content.size(), 0) != static_cast<ssize_t>(content.size()))
    fail("pwrite");
}

TemporaryFile::~TemporaryFile() { unlink(path.c_str()); }

std::string patterned_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 1;
  for (char& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

void send_all(int fd, const std::string& bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t sent = send(fd, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (sent <= 0) fail("send");
    done += static_cast<std::size_t>(sent);
  }
}

std::string receive_available(int fd) {
  std::string all;
  char buffer[65536];
  for (;;) {
    const ssize_t received = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
    if (received <= 0) return all;
    all.append(buffer, static_cast<std::size_t>(received));
  }
}

std::string receive_exactly(int fd, std::size_t size) {
  std::string all(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t received = recv(fd, all.data() + done, size - done, 0);
    if (received <= 0) break;
    done += static_cast<std::size_t>(received);
  }
  all.resize(done);
  return all;
}

}  // namespace uringx
