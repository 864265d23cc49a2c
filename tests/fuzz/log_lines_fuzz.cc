// Fuzz target of what logs make of foreign bytes: escapes that can be undone and leave nothing that ends or forges a
// line, and the reader of "syslog:" targets. The input is a value; it is also what follows "syslog:".
#include <cstdint>
#include <string>
#include <string_view>

#include "http/ascii.h"
#include "modules/syslog_target.h"
#include "modules/variables.h"
#include "tests/fuzz/fuzz_fixture.h"

namespace uringx {
namespace {

std::string escaped(std::string_view value, LogEscape escape) {
  std::string line;
  append_escaped(value, escape, line);
  return line;
}

char hex_byte(std::string_view digits) { return static_cast<char>(hex_value(digits[0]) * 16 + hex_value(digits[1])); }

void check_default(std::string_view value) {
  const std::string line = escaped(value, LogEscape::default_);
  std::string undone;
  for (std::size_t i = 0; i < line.size(); ++i) {
    expect(line[i] >= 0x20 && line[i] < 0x7f && line[i] != '"', "only printable bytes, and no quote");
    if (line[i] != '\\') {
      undone += line[i];
      continue;
    }
    expect(line.size() - i >= 4 && line[i + 1] == 'x', "a backslash begins an escape");
    undone += hex_byte(std::string_view(line).substr(i + 2, 2));
    i += 3;
  }
  expect(undone == value, "what was escaped can be undone");
}

void check_json(std::string_view value) {
  constexpr std::string_view kLetters = "nrtbf\"\\";
  constexpr std::string_view kMeanings = "\n\r\t\b\f\"\\";
  const std::string line = escaped(value, LogEscape::json);
  std::string undone;
  for (std::size_t i = 0; i < line.size(); ++i) {
    expect(static_cast<unsigned char>(line[i]) >= 0x20 && line[i] != '"', "no control byte, and no bare quote");
    if (line[i] != '\\') {
      undone += line[i];
      continue;
    }
    ++i;
    expect(i < line.size(), "a backslash is not the last byte");
    if (const std::size_t known = kLetters.find(line[i]); known != std::string_view::npos) {
      undone += kMeanings[known];
      continue;
    }
    expect(line.compare(i, 3, "u00") == 0 && line.size() - i >= 5, "a letter, or four digits");
    undone += hex_byte(std::string_view(line).substr(i + 3, 2));
    i += 4;
  }
  expect(undone == value, "what was escaped can be undone");
}

// No host name is looked up here.
bool asks_no_resolver(std::string_view words) {
  constexpr std::string_view kServer = "server=";
  for (std::size_t at = words.find(kServer); at != std::string_view::npos; at = words.find(kServer, at + 1)) {
    std::string_view address = words.substr(at + kServer.size());
    address = address.substr(0, address.find_first_of(",:/?"));
    if (!address.starts_with('[') && address != "unix" && address != "127.0.0.1" && !address.empty()) return false;
  }
  return true;
}

void check_syslog(std::string_view words) {
  if (!asks_no_resolver(words)) return;
  const auto peer = parse_syslog_target(std::string(kSyslogPrefix).append(words));
  if (!peer) return expect(!peer.error().message.empty(), "a refusal says why");
  const SyslogPeer& target = **peer;
  expect(target.address_bytes > 0 && target.facility < 24 && target.severity < 8, "numbers of RFC 3164");
  expect(target.tag.size() <= 32, "a tag has at most 32 bytes");
  for (const char c : target.tag) expect(is_alpha(c) || is_digit(c) || c == '_', "a tag has letters, digits and _");
  std::string head;
  append_syslog_header(target, target.severity, 0, head);
  expect(head.starts_with("<") && head.ends_with(target.tag + ": "), "a header begins with <PRI> and ends with the tag");
}

}  // namespace
}  // namespace uringx

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  uringx::expect(uringx::escaped(input, uringx::LogEscape::none) == input, "none escapes nothing");
  uringx::check_default(input);
  uringx::check_json(input);
  uringx::check_syslog(input);
  return 0;
}
