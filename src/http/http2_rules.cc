#include "http/http2_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "http/ascii.h"

namespace uringx {
namespace {

// RFC 9113 section 8.2.2.
constexpr std::string_view kConnectionFields[] = {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"};

bool breaks_name(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= 0x20 || byte >= 0x7f || c == ':' || (c >= 'A' && c <= 'Z');
}
bool breaks_value(char c) { return c == '\0' || c == '\r' || c == '\n'; }
bool breaks_path(char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_scheme_byte(char c) { return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; }

std::string value_fault(std::string_view name, std::string_view value) {
  if (std::none_of(value.begin(), value.end(), breaks_value)) [[likely]] return {};
  return fmt::format("client sent header \"{}\" with invalid value: \"{}\"", name, value);
}

std::string field_fault(std::string_view name, std::string_view value) {
  if (name.empty() || std::any_of(name.begin(), name.end(), breaks_name)) {
    return fmt::format("client sent invalid header name: \"{}\"", name);
  }
  const bool of_connection = std::find(std::begin(kConnectionFields), std::end(kConnectionFields), name) != std::end(kConnectionFields);
  if (of_connection || (name == "te" && !equal_ignore_case(value, "trailers"))) {
    return fmt::format("client sent header of a connection: \"{}: {}\"", name, value);
  }
  return value_fault(name, value);
}

}  // namespace

std::string Http2HeadRules::take(std::string_view name, std::string_view value) {
  if (name.starts_with(':')) return take_pseudo(name, value);
  fields_began_ = true;
  return field_fault(name, value);
}

std::string Http2HeadRules::take_pseudo(std::string_view name, std::string_view value) {
  struct Row {
    std::string_view name;
    Pseudo field;
  };
  static constexpr Row kRows[] = {
      {":method", Pseudo::method}, {":scheme", Pseudo::scheme}, {":path", Pseudo::path}, {":authority", Pseudo::authority}};
  const Row* const row = std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& each) { return each.name == name; });
  if (row == std::end(kRows)) return fmt::format("client sent unknown pseudo-header \"{}\"", name);
  if (fields_began_) return fmt::format("client sent pseudo-header \"{}\" after regular header", name);
  if (has(row->field)) return fmt::format("client sent duplicate {} header", name);
  seen_ |= static_cast<unsigned>(row->field);
  // An empty :authority is an invalid host: whoever takes hosts finds that.
  if (value.empty() && row->field != Pseudo::authority) return fmt::format("client sent empty {} header", name);
  if (row->field == Pseudo::method) is_connect_ = value == "CONNECT";
  if (row->field == Pseudo::scheme && !(is_alpha(value.front()) && std::all_of(value.begin(), value.end(), is_scheme_byte))) {
    return fmt::format("client sent invalid :scheme header: \"{}\"", value);
  }
  if (row->field == Pseudo::path && std::any_of(value.begin(), value.end(), breaks_path)) {
    return fmt::format("client sent invalid :path header: \"{}\"", value);
  }
  return value_fault(name, value);
}

std::string Http2HeadRules::finish() const {
  if (!has(Pseudo::method)) return "client sent no :method header";
  if (is_connect_) return {};
  if (!has(Pseudo::scheme)) return "client sent no :scheme header";
  if (!has(Pseudo::path)) return "client sent no :path header";
  return {};
}

std::string http2_trailer_fault(std::string_view name, std::string_view value) {
  return name.starts_with(':') ? fmt::format("client sent pseudo-header \"{}\" in trailers", name) : field_fault(name, value);
}

std::string_view http2_field_value(std::string_view value) {
  while (!value.empty() && is_blank(value.front())) value.remove_prefix(1);
  while (!value.empty() && is_blank(value.back())) value.remove_suffix(1);
  return value;
}

}  // namespace uringx
