#include <doctest/doctest.h>
#include <fmt/format.h>

#include "config/listen_parser.h"

namespace uringx {
namespace {

std::string addresses(std::string_view text) {
  const auto parsed = parse_listen_address(text);
  if (!parsed) return fmt::format("error: {}", parsed.error());
  std::string joined;
  for (const SocketAddress& address : *parsed)
    joined += fmt::format("{}{}", joined.empty() ? "" : " ", address.text());
  return joined;
}

struct Outcome {
  ListenOptions options;
  std::string refusal;
  std::vector<std::string> complaints;
};

Outcome options(std::vector<std::string> words) {
  Directive directive;
  directive.words = {"listen", "80"};
  directive.words.insert(directive.words.end(), words.begin(), words.end());
  Outcome outcome;
  const auto parsed = parse_listen(directive, outcome.complaints);
  if (parsed) outcome.options = parsed->options;
  if (!parsed) outcome.refusal = parsed.error().message;
  return outcome;
}

TEST_CASE("an address is a port, a host, both, a range or a unix socket") {
  CHECK(addresses("80") == "0.0.0.0:80");
  CHECK(addresses("00080") == "0.0.0.0:80");
  CHECK(addresses("*:81") == "0.0.0.0:81");
  CHECK(addresses("*") == "0.0.0.0:80");
  CHECK(addresses("127.0.0.1") == "127.0.0.1:80");
  CHECK(addresses("127.0.0.1:8080") == "127.0.0.1:8080");
  CHECK(addresses("8000-8002") == "0.0.0.0:8000 0.0.0.0:8001 0.0.0.0:8002");
  CHECK(addresses("127.0.0.1:65534-65535") == "127.0.0.1:65534 127.0.0.1:65535");
  CHECK(addresses("[::]:80") == "[::]:80");
  CHECK(addresses("[::1]") == "[::1]:80");
  CHECK(addresses("[::1]:90-91") == "[::1]:90 [::1]:91");
  CHECK(addresses("unix:/run/a.sock") == "unix:/run/a.sock");
  CHECK(addresses("UNIX:/run/a.sock") == "unix:/run/a.sock");
}

TEST_CASE("a wrong address is named in nginx's words") {
  CHECK(addresses("0") == "error: invalid port");
  CHECK(addresses("65536") == "error: invalid port");
  CHECK(addresses("127.0.0.1:") == "error: invalid port");
  CHECK(addresses("127.0.0.1:x") == "error: invalid port");
  CHECK(addresses("90-80") == "error: invalid port range");
  CHECK(addresses(":80") == "error: no host");
  CHECK(addresses("http://127.0.0.1") == "error: invalid host");
  CHECK(addresses("127.0.0.1/a") == "error: invalid host");
  CHECK(addresses("[::1") == "error: invalid host");
  CHECK(addresses("[::1]x") == "error: invalid host");
  CHECK(addresses("[]") == "error: no host");
  CHECK(addresses("[::g]:80") == "error: invalid IPv6 address");
  CHECK(addresses("unix:") == "error: no path in the unix domain socket");
  CHECK(addresses(fmt::format("unix:{:a>108}", "")) == "error: too long path in the unix domain socket");
  CHECK(addresses("name.invalid:80") == "error: host not found");
}

TEST_CASE("an address prints its host and knows its wildcards") {
  CHECK(parse_listen_address("80")->front().wildcard());
  CHECK(parse_listen_address("[::]:80")->front().wildcard());
  CHECK_FALSE(parse_listen_address("127.0.0.1:80")->front().wildcard());
  CHECK(parse_listen_address("[::1]:80")->front().host_text() == "::1");
  CHECK(parse_listen_address("unix:/a")->front().host_text() == "unix:");
  CHECK(parse_listen_address("unix:/a")->front().port() == 0);
  CHECK(parse_listen_address("unix:/a")->front() == parse_listen_address("unix:/a")->front());
  CHECK_FALSE(parse_listen_address("unix:/a")->front() == parse_listen_address("unix:/b")->front());
  CHECK_FALSE(parse_listen_address("80")->front() == parse_listen_address("81")->front());
}

TEST_CASE("a unix peer without a path prints as unix:") {
  SocketAddress peer;
  peer.storage.ss_family = AF_UNIX;
  peer.length = sizeof(sa_family_t);
  CHECK(peer.text() == "unix:");
}

TEST_CASE("parameters set options, and socket options bind the address by itself") {
  const ListenOptions all =
      options({"backlog=10", "rcvbuf=8k", "sndbuf=1m", "fastopen=3", "deferred", "reuseport"}).options;
  CHECK(all.set);
  CHECK(all.bind);
  CHECK(all.backlog == 10);
  CHECK(all.receive_buffer_bytes == 8192);
  CHECK(all.send_buffer_bytes == 1'048'576);
  CHECK(all.fastopen == 3);
  CHECK(all.deferred);
  CHECK(all.reuseport);
  const ListenOptions flag = options({"default_server"}).options;
  CHECK(flag.default_server);
  CHECK_FALSE(flag.set);
  CHECK(options({"default"}).options.default_server);
  CHECK_FALSE(options({"ipv6only=off"}).options.ipv6only);
}

TEST_CASE("so_keepalive is on, off or three numbers of which some may be missing") {
  CHECK(options({"so_keepalive=on"}).options.so_keepalive->on);
  CHECK_FALSE(options({"so_keepalive=off"}).options.so_keepalive->on);
  const KeepaliveOptions full = *options({"so_keepalive=30m:1m:10"}).options.so_keepalive;
  CHECK(full.idle_s == 1800);
  CHECK(full.interval_s == 60);
  CHECK(full.count == 10);
  CHECK(options({"so_keepalive=::5"}).options.so_keepalive->count == 5);
  CHECK(options({"so_keepalive=5"}).options.so_keepalive->idle_s == 5);
  for (const char* word :
       {"so_keepalive=", "so_keepalive=::", "so_keepalive=::0", "so_keepalive=x", "so_keepalive=1:2:3:4"}) {
    CAPTURE(word);
    CHECK(options({word}).refusal ==
          fmt::format("invalid so_keepalive value: \"{}\"", std::string_view(word).substr(13)));
  }
}

TEST_CASE("a wrong parameter is named in nginx's words") {
  CHECK(options({"fast"}).refusal == R"(invalid parameter "fast")");
  CHECK(options({"backlog=0"}).refusal == R"(invalid backlog "backlog=0")");
  CHECK(options({"rcvbuf=x"}).refusal == R"(invalid rcvbuf "rcvbuf=x")");
  CHECK(options({"sndbuf="}).refusal == R"(invalid sndbuf "sndbuf=")");
  CHECK(options({"fastopen=x"}).refusal == R"(invalid fastopen "fastopen=x")");
  CHECK(options({"ipv6only=ofx"}).refusal == R"(invalid ipv6only flags "ofx")");
  CHECK(options({"ipv6only=x"}).refusal == R"(invalid parameter "ipv6only=x")");
  CHECK(options({"accept_filter=dataready"}).complaints.size() == 1);
}

TEST_CASE("ssl and http2 are words without a value") {
  for (const char* word : {"ssl", "http2"}) {
    CHECK(options({word, "fast"}).refusal == R"(invalid parameter "fast")");
    CHECK(options({word}).refusal == "");
    CHECK(options({fmt::format("{}=on", word)}).refusal == fmt::format("invalid parameter \"{}=on\"", word));
  }
}

}  // namespace
}  // namespace uringx
