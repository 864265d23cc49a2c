// Fuzz target of the PROXY protocol's reader. The first byte says how large the packets are that the rest comes in: what
// is read must not depend on it, and what is found can be asked for its TLVs.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/proxy_protocol.h"
#include "tests/fuzz/fuzz_fixture.h"

namespace uringx {
namespace {

constexpr std::size_t kBytesMax = 4096;

// In memory of exactly its size, so that a sanitizer sees a read beyond it.
ProxyProtocolReading read_exactly(std::string_view bytes) {
  const std::string copy(bytes);
  return read_proxy_protocol({copy.data(), copy.size()}, kBytesMax);
}

bool same(const ProxyProtocolReading& a, const ProxyProtocolReading& b) {
  if (a.status != b.status || a.used_bytes != b.used_bytes || a.version != b.version) return false;
  if (!a.header || !b.header) return a.header.has_value() == b.header.has_value();
  return a.header->source_addr == b.header->source_addr && a.header->destination_addr == b.header->destination_addr &&
         a.header->source_port == b.header->source_port && a.header->destination_port == b.header->destination_port &&
         a.header->tlvs == b.header->tlvs;
}

void check(std::string_view bytes, std::size_t packet_bytes) {
  const ProxyProtocolReading whole = read_exactly(bytes);
  ProxyProtocolReading stepwise;
  for (std::size_t end = packet_bytes; stepwise.status == ProxyProtocolStatus::need_more; end += packet_bytes) {
    stepwise = read_exactly(bytes.substr(0, std::min(end, bytes.size())));
    if (end >= bytes.size()) break;
  }
  expect(same(whole, stepwise), "the packets make no difference");
  expect(whole.used_bytes <= bytes.size(), "no byte is used that did not come");
  expect(whole.used_bytes <= kBytesMax, "no header is longer than allowed");
  expect(whole.status != ProxyProtocolStatus::need_more || bytes.size() < kBytesMax, "what is too long is not waited for");
  expect(proxy_protocol_error(whole, bytes).find_first_of("\r\n") == std::string::npos, "one line for the log");
  if (!whole.header) return;
  for (const char* name : {"alpn", "authority", "ssl_cn", "ssl_verify", "0xea", "ssl_0x21", "nonsense"}) {
    const auto value = find_tlv(*whole.header, name);
    if (value && value->has_value()) expect((*value)->size() <= bytes.size() + 10, "a value is part of what came");
  }
}

}  // namespace
}  // namespace uringx

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  uringx::check(bytes.substr(1), std::size_t{data[0]} + 1);
  return 0;
}
