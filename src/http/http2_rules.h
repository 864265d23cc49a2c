// What makes a request over HTTP/2 malformed by its fields (RFC 9113 sections 8.2 and 8.3): pure.
//
// Each judgement is the error log's text, in nginx's words where it has some (ngx_http_v2.c); empty when there is no fault.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace uringx {

// The fields of one request's head, in their order.
class Http2HeadRules {
 public:
  std::string take(std::string_view name, std::string_view value);
  // Behind the last one.
  std::string finish() const;
  // CONNECT with a :scheme or a :path (section 8.5); what it is refused for is the method.
  bool is_malformed_connect() const { return is_connect_ && has(Pseudo::scheme_or_path); }

 private:
  enum class Pseudo : std::uint8_t { method = 1, scheme = 2, path = 4, authority = 8, scheme_or_path = 6 };
  bool has(Pseudo field) const { return (seen_ & static_cast<unsigned>(field)) != 0; }
  std::string take_pseudo(std::string_view name, std::string_view value);

  unsigned seen_ = 0;
  bool is_connect_ = false;
  bool fields_began_ = false;
};

// A field behind the body.
std::string http2_trailer_fault(std::string_view name, std::string_view value);

// Without the blanks round it, which nginx takes off (section 8.2.1 has none there).
std::string_view http2_field_value(std::string_view value);

}  // namespace uringx
