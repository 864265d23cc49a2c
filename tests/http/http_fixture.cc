#include "tests/http/http_fixture.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "http/request_parser.h"

namespace uringx {

namespace {

class HeadDump {
 public:
  explicit HeadDump(bool underscores) : underscores_(underscores) {}

  // True when there is nothing more to read.
  bool feed(std::string_view text) {
    ParseStatus status = ParseStatus::need_more;
    if (!has_line_) {
      status = parser_.parse_request_line(text);
      if (status != ParseStatus::request_line) return ended(status, text);
      has_line_ = true;
      if (put_request_line(text) < HttpVersion::http_1_0) return ended(ParseStatus::end_of_head, text);
    }
    while ((status = parser_.parse_field(text, underscores_)) == ParseStatus::field) {
      const ParsedField read = parser_.field(text);
      out_ += fmt::format("{}{}={}\n", read.invalid ? "!" : "", read.field.name, read.field.value);
    }
    return ended(status, text);
  }

  std::string text() const { return out_ + (end_.empty() ? "need more" : end_); }

 private:
  HttpVersion put_request_line(std::string_view text) {
    RequestHead head(std::pmr::get_default_resource());
    parser_.fill_request_line(text, head);
    out_ += fmt::format("{}|{}|{}|{}|{}|{}\n", head.method_text, head.target, static_cast<int>(head.version),
                        head.protocol_text, head.scheme_in_target,
                        head.has_host_in_target ? fmt::format("host {}", head.host_in_target) : "");
    CHECK(head.request_line == parser_.request_line_so_far(text));
    return head.version;
  }

  bool ended(ParseStatus status, std::string_view text) {
    switch (status) {
      case ParseStatus::need_more: return false;
      case ParseStatus::end_of_head: end_ = fmt::format("end at {}", parser_.consumed()); return true;
      case ParseStatus::http2_preface: end_ = "http2 preface"; return true;
      case ParseStatus::invalid_field:
        end_ = fmt::format("{}\"{}\\x{:02x}...\"", log_text(status), parser_.invalid_line(text),
                           parser_.invalid_byte(text));
        return true;
      case ParseStatus::invalid_method:
      case ParseStatus::invalid_request:
      case ParseStatus::invalid_version:
      case ParseStatus::invalid_method_in_http_0_9:
        end_ = fmt::format("{} {}", error_status(status), log_text(status));
        return true;
      case ParseStatus::request_line:
      case ParseStatus::field: break;
    }
    FAIL("a step that ends nothing");
    return true;
  }

  RequestParser parser_;
  bool underscores_;
  bool has_line_ = false;
  std::string out_;
  std::string end_;
};

}  // namespace

std::string read_head(std::string_view text, const std::vector<std::size_t>& cuts, bool underscores) {
  HeadDump dump(underscores);
  for (std::size_t cut : cuts) {
    // A copy that ends where the text ends, so that a sanitizer sees a read beyond it.
    const auto copy = std::make_unique<char[]>(cut);
    std::copy_n(text.data(), cut, copy.get());
    if (dump.feed({copy.get(), cut})) return dump.text();
  }
  const auto copy = std::make_unique<char[]>(text.size());
  std::copy_n(text.data(), text.size(), copy.get());
  dump.feed({copy.get(), text.size()});
  return dump.text();
}

std::string head_verdict(std::string_view text) {
  const std::string all = read_head(text);
  return all.substr(all.rfind('\n') + 1);
}

RequestHead good_head(std::string_view text) {
  RequestHead head(std::pmr::get_default_resource());
  RequestParser parser;
  REQUIRE(parser.parse_request_line(text) == ParseStatus::request_line);
  parser.fill_request_line(text, head);
  ParseStatus status = ParseStatus::need_more;
  while ((status = parser.parse_field(text, false)) == ParseStatus::field)
    head.add_field(parser.field(text).field);
  REQUIRE(status == ParseStatus::end_of_head);
  return head;
}

}  // namespace uringx
