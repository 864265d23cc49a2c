#include "http/proxy_protocol.h"

#include <doctest/doctest.h>

#include <string>

using namespace uringx;
using namespace std::string_literals;

namespace {

using Status = ProxyProtocolStatus;

constexpr std::size_t kBytesMax = 4096;
const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;
const std::string kIpv4 = "\xc0\x00\x02\x01\xc6\x33\x64\x02\x04\x57\x00\x50"s;  // 192.0.2.1:1111 to 198.51.100.2:80

std::string binary(const std::string& rest, char command = 0x21, char family = 0x11) {
  const auto size = static_cast<unsigned>(rest.size());
  return kSignature + command + family + static_cast<char>(size >> 8) + static_cast<char>(size & 0xff) + rest;
}

std::string tlv(char type, const std::string& value) {
  return std::string{type, static_cast<char>(value.size() >> 8), static_cast<char>(value.size() & 0xff)} + value;
}

ProxyProtocolReading read(std::string_view bytes) { return read_proxy_protocol(bytes, kBytesMax); }

// What is said once all has come, packet by packet: the first answer that is not "need more".
ProxyProtocolReading read_in_steps(std::string_view bytes, std::size_t step) {
  for (std::size_t end = step; end < bytes.size(); end += step) {
    ProxyProtocolReading reading = read(bytes.substr(0, end));
    if (reading.status != Status::need_more) return reading;
  }
  return read(bytes);
}

ProxyProtocolHeader header_of(const std::string& bytes) {
  const ProxyProtocolReading reading = read(bytes);
  REQUIRE(reading.status == Status::done);
  REQUIRE(reading.header);
  return *reading.header;
}

std::string tlv_value(const std::string& tlvs, std::string_view name) {
  const ProxyProtocolHeader header = header_of(binary(kIpv4 + tlvs));
  const auto found = find_tlv(header, name);
  if (!found) return "error: " + found.error();
  return found->value_or("<none>");
}

}  // namespace

TEST_CASE("version 1: addresses and ports as sent, the request behind it left alone") {
  const std::string text = "PROXY TCP4 192.0.2.1 198.51.100.2 1111 80\r\nGET / HTTP/1.1\r\n";
  const ProxyProtocolReading reading = read(text);
  REQUIRE(reading.status == Status::done);
  CHECK(text.substr(reading.used_bytes) == "GET / HTTP/1.1\r\n");
  CHECK(reading.header->source_addr == "192.0.2.1");
  CHECK(reading.header->source_port == 1111);
  CHECK(reading.header->destination_addr == "198.51.100.2");
  CHECK(reading.header->destination_port == 80);
  CHECK(header_of("PROXY TCP6 2001:DB8::1 ::2 0 65535\r\n").source_addr == "2001:DB8::1");
}

TEST_CASE("version 1: UNKNOWN has no addresses, whatever follows on the line") {
  for (const char* text : {"PROXY UNKNOWN\r\n", "PROXY UNKNOWN ffff::1 a b c\r\n", "PROXY UNKNOWNX\r\n"}) {
    CAPTURE(text);
    CHECK(read(text).status == Status::done);
    CHECK_FALSE(read(text).header);
  }
}

TEST_CASE("version 1: what is no header is refused at the byte that shows it") {
  for (const char* text : {"G", "p", "PROXX", "PROXY TCP5", "PROXY TCP4x", "PROXY  ", "PROXY TCP4 1.2.3.x",
                           "PROXY TCP4 1.2.3.4 5.6.7.8 x", "PROXY TCP4 1.2.3.4 5.6.7.8 65536", "PROXY TCP4 1.2.3.4 5.6.7.8  ",
                           "PROXY TCP4 1.2.3.4 5.6.7.8 1 2x", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n",
                           "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\rx"}) {
    CAPTURE(text);
    CHECK(read(text).status == Status::broken);
    CHECK(read(std::string_view(text).substr(0, std::string_view(text).size() - 1)).status == Status::need_more);
  }
}

TEST_CASE("version 2: both families") {
  const ProxyProtocolHeader four = header_of(binary(kIpv4) + "GET");
  CHECK(four.source_addr == "192.0.2.1");
  CHECK(four.source_port == 1111);
  CHECK(four.destination_addr == "198.51.100.2");
  CHECK(four.destination_port == 80);
  const std::string six = std::string(15, '\0') + "\x01" + std::string(15, '\0') + "\x02" + "\x00\x01\x00\x02"s;
  CHECK(header_of(binary(six, 0x21, 0x21)).source_addr == "::1");
  CHECK(header_of(binary(six, 0x21, 0x21)).destination_port == 2);
  CHECK(read(binary(kIpv4) + "GET").used_bytes == 28);
}

TEST_CASE("version 2: what has no addresses for us is skipped") {
  for (const std::string& bytes : {binary(kIpv4, 0x20), binary("", 0x20, 0), binary(kIpv4, 0x21, 0x12),
                                   binary(std::string(216, 'x'), 0x21, 0x31), binary("", 0x21, 0)}) {
    const ProxyProtocolReading reading = read(bytes + "GET");
    CHECK(reading.status == Status::done);
    CHECK_FALSE(reading.header);
    CHECK(reading.used_bytes == bytes.size());
  }
}

TEST_CASE("version 2: faults and their words") {
  const auto error = [](const std::string& bytes) { return proxy_protocol_error(read(bytes), bytes); };
  CHECK(error(binary(kIpv4, 0x11)) == "unknown PROXY protocol version: 1");
  CHECK(error(binary(kIpv4, static_cast<char>(0xf1))) == "unknown PROXY protocol version: 15");
  CHECK(error(binary(kIpv4.substr(1))) == "");
  CHECK(read(binary(kIpv4.substr(1))).status == Status::no_addresses);
  CHECK(error(kSignature + "\x21\x11\x10\x00"s) == "header is too large");
  CHECK(error("GET / HTTP/1.1\r\nHost: a\r\n") == "broken header: \"GET / HTTP/1.1\"");
  CHECK(error("PROXY TCP4 1.2") == "broken header: \"PROXY TCP4 1.2\"");
  CHECK(error("\r\n\r\n1") == "broken header: \"\"");
}

TEST_CASE("nothing longer than allowed is waited for") {
  CHECK(read("PROXY UNKNOWN " + std::string(kBytesMax - 15, 'x')).status == Status::need_more);
  CHECK(read("PROXY UNKNOWN " + std::string(kBytesMax - 14, 'x')).status == Status::broken);
  CHECK(read(binary(kIpv4 + std::string(kBytesMax - 28, '\0'))).status == Status::done);
  CHECK(read(binary(kIpv4 + std::string(kBytesMax - 27, '\0'))).status == Status::too_large);
}

TEST_CASE("the packets it comes in change nothing") {
  const std::string lines[] = {
      "PROXY TCP4 192.0.2.1 198.51.100.2 1111 80\r\nGET / HTTP/1.1\r\n", "PROXY UNKNOWN x\r\nGET", "PROXY TCP6 ::1 ::2 1 2\r\n",
      binary(kIpv4 + tlv(2, "example.org")) + "GET", binary(kIpv4, 0x20) + "GET", binary(kIpv4, 0x11), binary("x"),
      "PROXY TCP4 1.2.3.4 5.6.7.8 1 2x", "GET / HTTP/1.1\r\n\r\n", kSignature.substr(0, 5) + "x"};
  for (const std::string& bytes : lines) {
    const ProxyProtocolReading whole = read(bytes);
    for (std::size_t step = 1; step <= bytes.size(); ++step) {
      CAPTURE(step);
      const ProxyProtocolReading cut = read_in_steps(bytes, step);
      CHECK(cut.status == whole.status);
      CHECK(cut.used_bytes == whole.used_bytes);
      CHECK(cut.header.has_value() == whole.header.has_value());
      if (cut.header && whole.header) CHECK(cut.header->source_addr == whole.header->source_addr);
    }
  }
}

TEST_CASE("TLVs by name and by number") {
  const std::string tlvs = tlv(1, "h2") + tlv(2, "example.org") + tlv(static_cast<char>(0xea), "\x01vpce") + tlv(2, "second");
  CHECK(tlv_value(tlvs, "alpn") == "h2");
  CHECK(tlv_value(tlvs, "authority") == "example.org");
  CHECK(tlv_value(tlvs, "0xea") == "\x01vpce");
  CHECK(tlv_value(tlvs, "0xEA") == "\x01vpce");
  CHECK(tlv_value(tlvs, "unique_id") == "<none>");
  CHECK(tlv_value("", "netns") == "<none>");
}

TEST_CASE("TLVs inside the one of TLS") {
  const std::string ssl = tlv(0x20, "\x07\x00\x00\x00\x14"s + tlv(0x21, "TLSv1.3") + tlv(0x22, "client"));
  CHECK(tlv_value(ssl, "ssl_version") == "TLSv1.3");
  CHECK(tlv_value(ssl, "ssl_cn") == "client");
  CHECK(tlv_value(ssl, "ssl_0x22") == "client");
  CHECK(tlv_value(ssl, "ssl_verify") == "20");
  CHECK(tlv_value(ssl, "ssl_cipher") == "<none>");
  CHECK(tlv_value("", "ssl_cn") == "<none>");
  CHECK(tlv_value(tlv(0x20, "\x07\x00"s), "ssl_cn") == "error: ");
}

TEST_CASE("TLVs that are wrong, or asked for by a wrong name") {
  CHECK(tlv_value("\x02"s, "authority") == "error: broken PROXY protocol TLV");
  CHECK(tlv_value("\x02\x00\x05xxxx"s, "authority") == "error: broken PROXY protocol TLV");
  CHECK(tlv_value(tlv(2, "a") + "\x02", "authority") == "a");
  CHECK(tlv_value("", "nonsense") == "error: unknown PROXY protocol TLV \"nonsense\"");
  CHECK(tlv_value("", "0xzz") == "error: invalid PROXY protocol TLV \"0xzz\"");
  CHECK(tlv_value(tlv(0x20, "\0\0\0\0\0"s), "ssl_nonsense") == "error: unknown PROXY protocol TLV \"ssl_nonsense\"");
}
