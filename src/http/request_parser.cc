#include "http/request_parser.h"

#include <cstring>

#include "base/check.h"
#include "http/ascii.h"
#include "http/line_break.h"

namespace uringx {

namespace {

constexpr std::string_view kProtocol = "HTTP/";
constexpr std::string_view kPrefaceRest = "* HTTP/2.0\r\n";

constexpr auto kMethodByte =
    byte_table([](unsigned char c) { return (c >= 'A' && c <= 'Z') || c == '_' || c == '-'; });

constexpr auto kSchemeByte = byte_table([](unsigned char c) {
  const char ch = static_cast<char>(c);
  return is_alpha(ch) || is_digit(ch) || c == '+' || c == '-' || c == '.';
});

constexpr auto kHostByte = byte_table([](unsigned char c) {
  const char ch = static_cast<char>(c);
  return is_alpha(ch) || is_digit(ch) || c == '.' || c == '-';
});

// RFC 3986: unreserved, sub-delims and ":" inside "[...]".
constexpr auto kLiteralByte = byte_table([](unsigned char c) {
  const char ch = static_cast<char>(c);
  return is_alpha(ch) || is_digit(ch) ||
         std::string_view(":-._~!$&'()*+,;=").find(ch) != std::string_view::npos;
});

// Everything but controls and the blank, bytes above 0x7f included: clients send raw UTF-8.
constexpr auto kTargetByte = byte_table([](unsigned char c) { return c > 0x20 && c != 0x7f; });

constexpr auto kNameByte = byte_table([](unsigned char c) {
  const char ch = static_cast<char>(c);
  return is_alpha(ch) || is_digit(ch) || c == '-';
});

template <typename Table>
const char* skip(const Table& table, const char* p, const char* end) {
  while (p != end && table[byte_index(*p)]) ++p;
  return p;
}

struct MethodRow {
  std::string_view text;
  Method method;
};

constexpr MethodRow kMethods[] = {
    {"GET", Method::get},           {"HEAD", Method::head},           {"POST", Method::post},
    {"PUT", Method::put},           {"DELETE", Method::del},          {"OPTIONS", Method::options},
    {"MKCOL", Method::mkcol},       {"COPY", Method::copy},           {"MOVE", Method::move},
    {"PROPFIND", Method::propfind}, {"PROPPATCH", Method::proppatch}, {"LOCK", Method::lock},
    {"UNLOCK", Method::unlock},     {"PATCH", Method::patch},         {"TRACE", Method::trace},
    {"CONNECT", Method::connect},
};

}  // namespace

Method method_of(std::string_view text) {
  for (const MethodRow& row : kMethods) {
    if (row.text == text) return row.method;
  }
  return Method::unknown;
}

std::string_view log_text(ParseStatus status) {
  switch (status) {
    case ParseStatus::invalid_method: return "client sent invalid method";
    case ParseStatus::http2_preface:
    case ParseStatus::invalid_request: return "client sent invalid request";
    case ParseStatus::invalid_version: return "client sent invalid version";
    case ParseStatus::invalid_method_in_http_0_9: return "client sent invalid method in HTTP/0.9 request";
    case ParseStatus::invalid_field: return "client sent invalid header line: ";
    case ParseStatus::need_more:
    case ParseStatus::request_line:
    case ParseStatus::field:
    case ParseStatus::end_of_head: return {};
  }
  return {};
}

int error_status(ParseStatus status) {
  switch (status) {
    case ParseStatus::invalid_version: return 505;
    case ParseStatus::http2_preface:
    case ParseStatus::invalid_method:
    case ParseStatus::invalid_request:
    case ParseStatus::invalid_method_in_http_0_9:
    case ParseStatus::invalid_field: return 400;
    case ParseStatus::need_more:
    case ParseStatus::request_line:
    case ParseStatus::field:
    case ParseStatus::end_of_head: return 0;
  }
  return 0;
}

ParseStatus RequestParser::fail(ParseStatus status, const char* begin, const char* at) {
  next_ = static_cast<Offset>(at - begin);
  return status;
}

ParseStatus RequestParser::finish_request_line(const char* begin, const char* lf) {
  next_ = static_cast<Offset>(lf + 1 - begin);
  line_end_ = static_cast<Offset>(lf - begin);
  if (line_end_ > request_start_ && lf[-1] == '\r') --line_end_;
  state_ = State::field_start;
  if (major_ == 0 && method_ != Method::get) return ParseStatus::invalid_method_in_http_0_9;
  return ParseStatus::request_line;
}

// The states follow the bytes of a request line; each consumes what it can in one tight loop and assigns the
// next.
ParseStatus RequestParser::parse_request_line(std::string_view text) {
  CHECK(text.size() >= next_ && text.size() < UINT32_MAX);
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const char* p = begin + next_;
  const auto offset = [&](const char* at) { return static_cast<Offset>(at - begin); };

  while (p != end) {
    switch (state_) {
      case State::start:
        while (p != end && (*p == '\r' || *p == '\n')) ++p;
        request_start_ = line_start_ = offset(p);
        if (p == end) break;
        if (!kMethodByte[byte_index(*p)]) return fail(ParseStatus::invalid_method, begin, p);
        state_ = State::method;
        [[fallthrough]];

      case State::method:
        p = skip(kMethodByte, p, end);
        if (p == end) break;
        if (*p != ' ') return fail(ParseStatus::invalid_method, begin, p);
        method_end_ = offset(p);
        method_ = method_of(text.substr(request_start_, method_end_ - request_start_));
        ++p;
        state_ = State::before_target;
        break;

      case State::before_target:
        while (p != end && *p == ' ') ++p;
        if (p == end) break;
        if (*p == '/') {
          target_start_ = offset(p);
          state_ = State::target;
        } else if (method_ == Method::connect) {
          state_ = State::host_start;
        } else if (is_alpha(*p)) {
          scheme_start_ = offset(p);
          state_ = State::scheme;
        } else if (*p == '*' && text.substr(request_start_, method_end_ - request_start_) == "PRI") {
          state_ = State::preface;
        } else {
          return fail(ParseStatus::invalid_request, begin, p);
        }
        break;

      case State::preface:
        if (*p != kPrefaceRest[matched_]) return fail(ParseStatus::invalid_request, begin, p);
        ++p;
        if (++matched_ == kPrefaceRest.size()) return fail(ParseStatus::http2_preface, begin, p);
        break;

      case State::scheme:
        p = skip(kSchemeByte, p, end);
        if (p == end) break;
        if (*p != ':') return fail(ParseStatus::invalid_request, begin, p);
        scheme_end_ = offset(p);
        ++p;
        state_ = State::scheme_slash;
        break;

      case State::scheme_slash:
      case State::scheme_slash_slash:
        if (*p != '/') return fail(ParseStatus::invalid_request, begin, p);
        ++p;
        state_ = state_ == State::scheme_slash ? State::scheme_slash_slash : State::host_start;
        break;

      case State::host_start:
        host_start_ = offset(p);
        if (*p == '[') {
          ++p;
          state_ = State::host_literal;
        } else {
          state_ = State::host;
        }
        break;

      case State::host_literal:
        p = skip(kLiteralByte, p, end);
        if (p == end) break;
        if (*p != ']') return fail(ParseStatus::invalid_request, begin, p);
        ++p;
        state_ = State::host_end;
        break;

      case State::host:
        p = skip(kHostByte, p, end);
        if (p == end) break;
        state_ = State::host_end;
        break;

      case State::port:
        while (p != end && is_digit(*p)) ++p;
        if (p == end) break;
        [[fallthrough]];

      case State::host_end:
        if (*p == ':' && state_ == State::host_end) {
          ++p;
          state_ = State::port;
          break;
        }
        host_end_ = offset(p);
        if (method_ == Method::connect) {
          // authority-form, which has a port always and nothing after it: RFC 9112 section 3.2.3.
          if (state_ != State::port || *p != ' ') return fail(ParseStatus::invalid_request, begin, p);
          target_start_ = target_end_ = offset(p);
          state_ = State::after_target;
        } else if (*p == '/' || *p == '?') {
          target_start_ = offset(p);
          state_ = State::target;
        } else if (*p == ' ') {
          // No path: nginx takes the second "/" of "//" as the target.
          target_start_ = scheme_end_ + 1;
          target_end_ = target_start_ + 1;
          state_ = State::after_target;
        } else {
          return fail(ParseStatus::invalid_request, begin, p);
        }
        break;

      case State::target:
        p = skip(kTargetByte, p, end);
        if (p == end) break;
        target_end_ = offset(p);
        state_ = State::after_target;
        // "HTTP/1.1" CRLF follows nearly always; the states below take everything else.
        if (end - p >= 11 && std::memcmp(p, " HTTP/1.1\r\n", 11) == 0) {
          protocol_start_ = offset(p + 1);
          major_ = 1;
          minor_ = 1;
          return finish_request_line(begin, p + 10);
        }
        break;

      case State::after_target:
        while (p != end && *p == ' ') ++p;
        if (p == end) break;
        if (*p == '\r') {
          ++p;
          state_ = State::line_lf;
        } else if (*p == '\n') {
          return finish_request_line(begin, p);
        } else if (*p == 'H') {
          protocol_start_ = offset(p);
          matched_ = 0;
          state_ = State::protocol;
        } else {
          return fail(ParseStatus::invalid_request, begin, p);
        }
        break;

      case State::protocol:
        if (*p != kProtocol[matched_]) return fail(ParseStatus::invalid_request, begin, p);
        ++p;
        if (++matched_ == kProtocol.size()) state_ = State::major_first;
        break;

      case State::major_first:
        if (*p < '1' || *p > '9') return fail(ParseStatus::invalid_request, begin, p);
        major_ = static_cast<std::uint16_t>(*p - '0');
        if (major_ > 1) return fail(ParseStatus::invalid_version, begin, p);
        ++p;
        state_ = State::major;
        break;

      case State::major:
        if (*p == '.') {
          ++p;
          state_ = State::minor_first;
          break;
        }
        // "HTTP/1" and another digit: a major version above 1 in any case.
        return fail(is_digit(*p) ? ParseStatus::invalid_version : ParseStatus::invalid_request, begin, p);

      case State::minor_first:
        if (!is_digit(*p)) return fail(ParseStatus::invalid_request, begin, p);
        minor_ = static_cast<std::uint16_t>(*p - '0');
        ++p;
        state_ = State::minor;
        break;

      case State::minor:
        if (is_digit(*p)) {
          if (minor_ > 99) return fail(ParseStatus::invalid_request, begin, p);
          minor_ = static_cast<std::uint16_t>(minor_ * 10 + (*p - '0'));
          ++p;
          break;
        }
        if (*p != ' ' && *p != '\r' && *p != '\n') return fail(ParseStatus::invalid_request, begin, p);
        state_ = State::after_version;
        break;

      case State::after_version:
        while (p != end && *p == ' ') ++p;
        if (p == end) break;
        if (*p == '\n') return finish_request_line(begin, p);
        if (*p != '\r') return fail(ParseStatus::invalid_request, begin, p);
        ++p;
        state_ = State::line_lf;
        break;

      case State::line_lf:
        if (*p != '\n') return fail(ParseStatus::invalid_request, begin, p);
        return finish_request_line(begin, p);

      case State::field_start:
      case State::name:
      case State::before_value:
      case State::value:
      case State::field_lf:
      case State::head_lf: CHECK(!"the request line was read already");
    }
  }
  next_ = offset(p);
  return ParseStatus::need_more;
}

void RequestParser::fill_request_line(std::string_view text, RequestHead& head) const {
  const auto part = [&](Offset from, Offset to) { return text.substr(from, to - from); };
  head.method = method_;
  head.method_text = part(request_start_, method_end_);
  head.request_line = part(request_start_, line_end_);
  head.target = part(target_start_, target_end_);
  head.scheme_in_target = part(scheme_start_, scheme_end_);
  head.host_in_target = part(host_start_, host_end_);
  head.has_host_in_target = host_end_ != 0;
  head.protocol_text = protocol_start_ == 0 ? std::string_view{} : part(protocol_start_, line_end_);
  head.version = static_cast<HttpVersion>(major_ * 1000 + minor_);
}

ParseStatus RequestParser::finish_field(const char* begin, const char* lf) {
  next_ = static_cast<Offset>(lf + 1 - begin);
  while (value_end_ > value_start_ && begin[value_end_ - 1] == ' ') --value_end_;
  state_ = State::field_start;
  return ParseStatus::field;
}

ParseStatus RequestParser::parse_field(std::string_view text, bool underscores_in_headers) {
  CHECK(text.size() >= next_ && text.size() < UINT32_MAX);
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const char* p = begin + next_;
  const auto offset = [&](const char* at) { return static_cast<Offset>(at - begin); };
  // A field line is logged up to the byte that cannot be, so that is where value_end_ stands after a failure.
  const auto invalid = [&](const char* at) {
    value_end_ = offset(at);
    return fail(ParseStatus::invalid_field, begin, at);
  };

  while (p != end) {
    switch (state_) {
      case State::field_start:
        line_start_ = name_start_ = value_end_ = offset(p);
        invalid_name_ = false;
        if (*p == '\r') {
          ++p;
          state_ = State::head_lf;
          break;
        }
        if (*p == '\n') {
          next_ = offset(p + 1);
          return ParseStatus::end_of_head;
        }
        if (*p == ':') return invalid(p);
        state_ = State::name;
        [[fallthrough]];

      case State::name:
        for (;;) {
          p = skip(kNameByte, p, end);
          if (p == end) break;
          const auto byte = static_cast<unsigned char>(*p);
          if (byte == ':' || byte == '\r' || byte == '\n') break;
          if (byte <= 0x20 || byte == 0x7f) return invalid(p);
          if (byte != '_' || !underscores_in_headers) invalid_name_ = true;
          ++p;
        }
        if (p == end) break;
        name_end_ = offset(p);
        if (*p == ':') {
          ++p;
          state_ = State::before_value;
          break;
        }
        // A line without a colon is a field with an empty value.
        value_start_ = value_end_ = offset(p);
        if (*p == '\n') return finish_field(begin, p);
        ++p;
        state_ = State::field_lf;
        break;

      case State::before_value:
        while (p != end && *p == ' ') ++p;
        if (p == end) break;
        value_start_ = offset(p);
        state_ = State::value;
        [[fallthrough]];

      case State::value:
        p = find_line_break(p, end);
        if (p == end) break;
        if (*p == '\0') return invalid(p);
        value_end_ = offset(p);
        if (*p == '\n') return finish_field(begin, p);
        ++p;
        state_ = State::field_lf;
        break;

      case State::field_lf:
        // Any number of CR before the LF, as nginx has it.
        while (p != end && *p == '\r') ++p;
        if (p == end) break;
        // nginx logs the line up to the CR here.
        if (*p != '\n') return fail(ParseStatus::invalid_field, begin, p);
        return finish_field(begin, p);

      case State::head_lf:
        if (*p != '\n') return fail(ParseStatus::invalid_field, begin, p);
        next_ = offset(p + 1);
        return ParseStatus::end_of_head;

      case State::start:
      case State::method:
      case State::before_target:
      case State::scheme:
      case State::scheme_slash:
      case State::scheme_slash_slash:
      case State::host_start:
      case State::host:
      case State::host_literal:
      case State::host_end:
      case State::port:
      case State::target:
      case State::after_target:
      case State::protocol:
      case State::major_first:
      case State::major:
      case State::minor_first:
      case State::minor:
      case State::after_version:
      case State::line_lf:
      case State::preface: CHECK(!"the request line comes first");
    }
  }
  next_ = offset(p);
  if (state_ == State::field_start) line_start_ = next_;
  return ParseStatus::need_more;
}

std::string_view RequestParser::request_line_so_far(std::string_view text) const {
  const std::string_view rest = text.substr(request_start_);
  return rest.substr(0, rest.find_first_of("\r\n"));
}

}  // namespace uringx
