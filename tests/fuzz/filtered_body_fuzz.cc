// Fuzz target of bodies that filters change, up to the chunks on the wire: the whole server over the simulated kernel, one answer.
// The first bytes choose the filters, what a socket takes, what the client reads at a time and how often the kernel moves less
// than it could; the rest is the file. Its promises: the framing is that of RFC 9112, 7.1, to the byte, and the body is what
// the filters are to make of the file.
#include <zlib.h>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/fuzz_fixture.h"
#include "tests/modules/substitution_reference.h"
#include "tests/sim/simulated_site.h"

namespace uringx {
namespace {

constexpr std::string_view kBefore = "before", kAfter = "after";
constexpr std::size_t kFileBytesMax = 600'000;
constexpr int kTurnsMax = 2'000'000;

struct Filters {
  std::string_view directives;
  bool substitutes, surrounds, compresses;
};

constexpr Filters kFilters[] = {
    {"sub_filter ab xyzzy; sub_filter_once off; sub_filter_types *;", true, false, false},
    {"add_before_body /before; add_after_body /after; addition_types *;", false, true, false},
    {"gzip on; gzip_types *; gzip_min_length 0; gzip_comp_level 1;", false, false, true},
    {"gzip on; gzip_types *; gzip_min_length 0; gzip_comp_level 4; sub_filter ab xyzzy; sub_filter_once off; sub_filter_types *; "
     "add_before_body /before; add_after_body /after; addition_types *;",
     true, true, true},
};

// The bodies in the chunks, nullopt when a byte of the framing is not as it has to be.
std::optional<std::string> dechunked(std::string_view bytes) {
  std::string body;
  for (;;) {
    std::size_t size = 0;
    const auto [digits_end, error] = std::from_chars(bytes.data(), bytes.data() + bytes.size(), size, 16);
    if (error != std::errc() || bytes.front() == '-') return std::nullopt;
    const auto digits = static_cast<std::size_t>(digits_end - bytes.data());
    bytes.remove_prefix(digits);
    if (!bytes.starts_with("\r\n") || bytes.size() < size + 4 || bytes.substr(2 + size, 2) != "\r\n") return std::nullopt;
    body += bytes.substr(2, size);
    bytes.remove_prefix(size + 4);
    if (size == 0) return digits == 1 && bytes.empty() ? std::optional(body) : std::nullopt;
  }
}

// The one member's text, nullopt when it is broken or something follows it.
std::optional<std::string> ungzip(std::string_view coded, std::size_t bytes_max) {
  z_stream stream{};
  if (inflateInit2(&stream, MAX_WBITS + 16) != Z_OK) return std::nullopt;
  std::string text(bytes_max, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(coded.data()));
  stream.avail_in = static_cast<uInt>(coded.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  const int result = inflate(&stream, Z_FINISH);
  const bool whole = result == Z_STREAM_END && stream.avail_in == 0;
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return whole ? std::optional(text) : std::nullopt;
}

std::string expected_text(std::string_view file, const Filters& filters) {
  std::string text(file);
  if (filters.substitutes) text = substitute(file, {{"ab", "xyzzy"}}, false);
  if (filters.surrounds) text = std::string(kBefore) + text + std::string(kAfter);
  return text;
}

std::string received_answer(SimulatedSite& site, std::size_t bytes_at_a_time) {
  SimulatedClient client = site.connect();
  client.send("GET /file HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n");
  std::string received;
  for (int turn = 0; turn < kTurnsMax && !client.over(); ++turn) {
    site.turn();
    received += client.receive(bytes_at_a_time);
  }
  expect(client.at_end(), "the answer ends");
  return received;
}

void play(std::string_view input) {
  if (input.size() < 5) return;
  const auto byte_at = [&](std::size_t at) { return static_cast<unsigned char>(input[at]); };
  const Filters& filters = kFilters[byte_at(0) % std::size(kFilters)];
  std::string file;
  for (unsigned copies = 1u << byte_at(4) % 16; copies != 0 && file.size() < kFileBytesMax; --copies) file += input.substr(5);

  SimulatedSite site(1, "default_type text/html;\nlocation = /file { " + std::string(filters.directives) + " }");
  site.kernel().files().create_file("/srv/file", file);
  site.kernel().files().create_file("/srv/before", std::string(kBefore));
  site.kernel().files().create_file("/srv/after", std::string(kAfter));
  site.kernel().socket_bytes_max = 100u + byte_at(1) * 200u;
  site.kernel().faults.short_send = site.kernel().faults.short_read = byte_at(3) * 3u;
  if (byte_at(3) % 2 == 1) site.kernel().files().evict_all();
  const std::string received = received_answer(site, 50u + byte_at(2) * 100u);

  const std::size_t head_bytes = received.find("\r\n\r\n") + 4;
  const std::string_view head = std::string_view(received).substr(0, head_bytes);
  expect(head.starts_with("HTTP/1.1 200"), "the file is there");
  // Nothing is searched in a body of nothing, as with nginx.
  const bool unchanged = file.empty() && !filters.surrounds && !filters.compresses;
  const bool chunked = head.find("\r\nTransfer-Encoding: chunked\r\n") != head.npos;
  expect(chunked != unchanged, "what filters change comes in chunks");
  std::optional<std::string> body = received.substr(head_bytes);
  if (chunked) body = dechunked(*body);
  expect(body.has_value(), "the framing is right");
  const std::string expected = expected_text(file, filters);
  if (filters.compresses) body = ungzip(*body, expected.size() + 1);
  expect(body == expected, "the body is what the filters make of the file");
  expect(site.shut_down() == "", "nothing is left behind");
}

}  // namespace
}  // namespace uringx

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  uringx::play({reinterpret_cast<const char*>(data), size});
  return 0;
}
