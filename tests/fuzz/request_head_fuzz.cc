// Fuzz target of everything that reads a request's bytes. The first byte says where the rest is cut in two:
// the verdict must not depend on it. What is read is then given to the URI, host, range, date and body code,
// whose promises hold.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/chunk_pool.h"
#include "http/chunked.h"
#include "http/conditional.h"
#include "http/date.h"
#include "http/framing.h"
#include "http/range.h"
#include "http/request_parser.h"
#include "http/response_writer.h"
#include "http/uri.h"
#include "tests/fuzz/fuzz_fixture.h"

namespace uringx {
namespace {

// A text in memory of exactly its size, so that a sanitizer sees a read beyond it.
struct ExactText {
  explicit ExactText(std::string_view text)
      : memory(std::make_unique<char[]>(text.size())), size(text.size()) {
    std::copy(text.begin(), text.end(), memory.get());
  }
  std::string_view view() const { return {memory.get(), size}; }

  std::unique_ptr<char[]> memory;
  std::size_t size;
};

struct Reading {
  RequestParser parser;
  ParseStatus status = ParseStatus::need_more;
  bool has_line = false;

  // Reads on, and gives fields to `head` where one is given.
  void feed(std::string_view text, RequestHead* head) {
    if (!has_line) {
      status = parser.parse_request_line(text);
      if (status != ParseStatus::request_line) return;
      has_line = true;
    }
    RequestHead line(std::pmr::get_default_resource());
    parser.fill_request_line(text, line);
    if (line.version < HttpVersion::http_1_0) return;
    while ((status = parser.parse_field(text, false)) == ParseStatus::field) {
      const ParsedField field = parser.field(text);
      if (head != nullptr && !field.invalid) head->add_field(field.field);
    }
  }
};

void check_uri(std::string_view target, Arena& arena) {
  for (const bool merge_slashes : {false, true}) {
    const auto parsed = parse_uri(target, merge_slashes, arena);
    if (!parsed) continue;
    expect(parsed->uri.starts_with('/'), "a URI begins at the root");
    expect(parsed->uri.find('\0') == std::string_view::npos, "a URI has no NUL");
    const std::string path = std::string(parsed->uri) + "/";
    expect(path.find("/../") == std::string::npos && path.find("/./") == std::string::npos,
           "dots are resolved");
    expect(unescape(escape(parsed->uri, EscapeKind::uri_component, arena), arena) == parsed->uri,
           "escapes are undone");
    uri_extension(parsed->uri);
    find_arg(parsed->args, "a");
  }
  const auto internal = parse_unsafe_uri(target, arena);
  expect(!internal || (std::string(internal->uri) + "/").find("/../") == std::string::npos,
         "no internal URI climbs");
}

void check_fields(const RequestHead& head, Arena& arena) {
  for (const HeaderField& field : head.fields) {
    expect(field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos,
           "values are lines");
    if (const auto host = validate_host(field.value, arena)) expect(!host->empty(), "a host has a name");
    if (const auto ranges = parse_ranges(field.value, 1000, 50, &arena)) {
      std::int64_t total = 0;
      for (const ByteRange& range : *ranges) total += range.size();
      expect(!ranges->empty() && total <= 1000, "ranges lie inside");
    }
    parse_http_date(field.value);
    etag_list_matches(field.value, "\"tag\"", true);
  }
  evaluate_preconditions(head, {1000, "\"tag\""}, IfModifiedSince::before);
  wants_keep_alive(head);
  expects_continue(head);
}

void check_body(const BodyFraming& framing, std::string_view bytes) {
  if (framing.kind != BodyFraming::Kind::chunked) return;
  ChunkedDecoder decoder;
  for (ChunkedStep step{ChunkedStatus::data, 0, {}}; step.status == ChunkedStatus::data;) {
    step = decoder.next(bytes);
    expect(step.used_bytes <= bytes.size(), "no more is used than there is");
    bytes.remove_prefix(step.used_bytes);
  }
}

// Whatever a client sent may be printed in an answer.
void check_echo(const RequestHead& request, std::string_view raw, Arena& arena) {
  ResponseHead head(&arena);
  head.status = 200;
  head.location = raw;
  for (const HeaderField& field : request.fields) head.fields.push_back(field);
  head.fields.push_back({raw, raw});
  const WireOptions options{.server_text = "uringx", .date_text = raw};
  std::string text(response_head_bytes_max(head, options), '\0');
  const char* end = write_response_head(text.data(), head, options);
  expect(end <= text.data() + text.size(), "a head fits its bound");
  text.resize(static_cast<std::size_t>(end - text.data()));
  expect(text.find("\r\n\r\n") == text.size() - 4, "only its end is an empty line");
}

}  // namespace
}  // namespace uringx

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace uringx;
  if (size == 0) return 0;
  const ExactText text(std::string_view(reinterpret_cast<const char*>(data) + 1, size - 1));
  const std::string_view bytes = text.view();
  ChunkPool pool(1024);
  Arena arena(pool);

  RequestHead head(std::pmr::get_default_resource());
  Reading whole;
  whole.feed(bytes, &head);

  const ExactText first(bytes.substr(0, bytes.size() * data[0] / 256));
  Reading cut;
  cut.feed(first.view(), nullptr);
  if (cut.status == ParseStatus::need_more) cut.feed(bytes, nullptr);
  expect(cut.status == whole.status && cut.parser.consumed() == whole.parser.consumed(),
         "cuts change nothing");

  expect(whole.parser.consumed() <= bytes.size(), "no more is read than there is");
  if (whole.has_line) {
    whole.parser.fill_request_line(bytes, head);
    check_uri(head.target, arena);
    if (head.has_host_in_target) validate_host(head.host_in_target, arena);
  }
  check_fields(head, arena);
  if (whole.status == ParseStatus::end_of_head) {
    const auto framing = body_framing(head);
    if (framing)
      check_body(*framing, bytes.substr(whole.parser.consumed()));
    else
      expect(!log_text(framing.error()).empty(), "a refusal has words");
  }
  check_echo(head, bytes, arena);
  return 0;
}
