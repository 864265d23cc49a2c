#include "http/framing.h"

#include <charconv>

#include "http/ascii.h"

namespace uringx {

namespace {

std::unexpected<FramingError> refuse(FramingFault fault, const HeaderField* field = nullptr,
                                     int status = 400) {
  return std::unexpected(FramingError{fault, status, field, nullptr});
}

void append_field(std::string& text, const HeaderField& field) {
  text.append("\"").append(field.name).append(": ").append(field.value).append("\"");
}

}  // namespace

const HeaderField* duplicate_of(const RequestHead& head, KnownField known) {
  if (!is_single(known)) return nullptr;
  const HeaderField* first = head.find(known);
  return first != nullptr && first != &head.fields.back() ? first : nullptr;
}

std::expected<BodyFraming, FramingError> body_framing(const RequestHead& head) {
  if (const HeaderField* duplicate = head.first_duplicate(); duplicate != nullptr) {
    return std::unexpected(
        FramingError{FramingFault::duplicate_field, 400, duplicate, head.find(known_field(duplicate->name))});
  }
  if (head.find(KnownField::host) == nullptr && head.version > HttpVersion::http_1_0) {
    return refuse(FramingFault::no_host);
  }
  BodyFraming framing;
  const HeaderField* length = head.find(KnownField::content_length);
  if (length != nullptr) {
    framing.kind = BodyFraming::Kind::sized;
    framing.body_bytes = parse_content_length(length->value);
    if (framing.body_bytes < 0) return refuse(FramingFault::bad_content_length, length);
  }
  if (const HeaderField* coding = head.find(KnownField::transfer_encoding); coding != nullptr) {
    if (head.version < HttpVersion::http_1_1)
      return refuse(FramingFault::transfer_encoding_in_http_1_0, coding);
    if (!equal_ignore_case(coding->value, "chunked")) {
      return refuse(FramingFault::unknown_transfer_encoding, coding, 501);
    }
    if (length != nullptr) return refuse(FramingFault::length_and_transfer_encoding, coding);
    framing.kind = BodyFraming::Kind::chunked;
  }
  if (head.method == Method::connect) return refuse(FramingFault::connect_method, nullptr, 405);
  if (head.method == Method::trace) return refuse(FramingFault::trace_method, nullptr, 405);
  return framing;
}

std::string log_text(const FramingError& error) {
  switch (error.fault) {
    case FramingFault::duplicate_field: {
      const bool is_host = known_field(error.field->name) == KnownField::host;
      std::string text =
          is_host ? "client sent duplicate host header: " : "client sent duplicate header line: ";
      append_field(text, *error.field);
      text += ", previous value: ";
      append_field(text, *error.previous);
      return text;
    }
    case FramingFault::no_host: return "client sent HTTP/1.1 request without \"Host\" header";
    case FramingFault::bad_content_length: return "client sent invalid \"Content-Length\" header";
    case FramingFault::transfer_encoding_in_http_1_0:
      return "client sent HTTP/1.0 request with \"Transfer-Encoding\" header";
    case FramingFault::length_and_transfer_encoding:
      return "client sent \"Content-Length\" and \"Transfer-Encoding\" headers at the same time";
    case FramingFault::unknown_transfer_encoding:
      return std::string("client sent unknown \"Transfer-Encoding\": \"")
          .append(error.field->value)
          .append("\"");
    case FramingFault::connect_method: return "client sent CONNECT method";
    case FramingFault::trace_method: return "client sent TRACE method";
  }
  return {};
}

ConnectionOption connection_option(const RequestHead& head) {
  ConnectionOption option = ConnectionOption::none;
  const HeaderField* first = head.find(KnownField::connection);
  if (first == nullptr) return option;
  for (const HeaderField* field = first; field != head.fields.data() + head.fields.size(); ++field) {
    if (field != first && known_field(field->name) != KnownField::connection) continue;
    if (find_ignore_case(field->value, "close") != std::string_view::npos) {
      option = ConnectionOption::close;
    } else if (find_ignore_case(field->value, "keep-alive") != std::string_view::npos) {
      option = ConnectionOption::keep_alive;
    }
  }
  return option;
}

bool wants_keep_alive(const RequestHead& head) {
  switch (connection_option(head)) {
    case ConnectionOption::none: return head.version > HttpVersion::http_1_0;
    case ConnectionOption::close: return false;
    case ConnectionOption::keep_alive: return true;
  }
  return false;
}

bool expects_continue(const RequestHead& head) {
  const HeaderField* expect = head.find(KnownField::expect);
  return expect != nullptr && head.version >= HttpVersion::http_1_1 &&
         equal_ignore_case(expect->value, "100-continue");
}

std::int64_t parse_content_length(std::string_view text) {
  if (text.empty() || !is_digit(text.front())) return -1;  // from_chars would take a "-"
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end ? value : -1;
}

}  // namespace uringx
