// The PROXY protocol: what a load balancer sends ahead of everything else to say whose connection it passes on.
// Versions 1 (a line) and 2 (binary, with TLVs), read as ngx_proxy_protocol.c does. Pure; usable on any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace uringx {

struct ProxyProtocolHeader {
  std::string source_addr;       // version 1: as sent, whatever it says; version 2: made from the bytes
  std::string destination_addr;
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::string tlvs;              // version 2: what follows the addresses, for find_tlv()
};

enum class ProxyProtocolStatus : std::uint8_t {
  need_more,
  done,
  broken,         // no header of either version
  wrong_version,  // version 2's signature, and another version
  too_large,      // longer than the reader takes
  no_addresses,   // version 2: shorter than the addresses it announces; nginx says nothing of it
};

struct ProxyProtocolReading {
  ProxyProtocolStatus status = ProxyProtocolStatus::need_more;
  std::size_t used_bytes = 0;                 // of `done`: what follows is the client's
  unsigned version = 0;                       // of `wrong_version`
  std::optional<ProxyProtocolHeader> header;  // none with UNKNOWN, LOCAL, datagrams and unix sockets
};

// Reads the header at the start of `bytes`, all that has come so far; ask again with more while it says need_more. What is
// no beginning of a header is broken at once; one of more than `bytes_max` bytes is not waited for.
ProxyProtocolReading read_proxy_protocol(std::string_view bytes, std::size_t bytes_max);

// What the error log says of a reading that failed, or of a header that the end of the connection cut off (need_more);
// empty: nothing. Of the bytes no more than a line, as nginx since 1.23, so that a client writes no lines of its own.
std::string proxy_protocol_error(const ProxyProtocolReading& reading, std::string_view bytes);

// The value that $proxy_protocol_tlv_NAME has: of a type by its name ("authority", "ssl_cn", "ssl_verify") or number
// ("0xea", "ssl_0x21"). nullopt: not sent. The error is for the log, and may be empty.
std::expected<std::optional<std::string>, std::string> find_tlv(const ProxyProtocolHeader& header, std::string_view name);

}  // namespace uringx
