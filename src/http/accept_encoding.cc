#include "http/accept_encoding.h"

#include "http/ascii.h"

namespace uringx {
namespace {

constexpr int kWhole = 1000;

// "1", "0.5", "0.123": at most three digits after the point, and nothing above 1; anything else is 0
// (ngx_http_gzip_quantity). `text` begins behind the "=".
int parse_quality(std::string_view text) {
  if (text.empty() || (text[0] != '0' && text[0] != '1')) return 0;
  const bool one = text[0] == '1';
  int thousandths = one ? kWhole : 0;
  std::size_t at = 1;
  const auto ends = [&] { return at == text.size() || text[at] == ',' || text[at] == ' '; };
  if (ends()) return thousandths;
  if (text[at++] != '.') return 0;
  for (int worth = kWhole / 10; !ends(); ++at, worth /= 10) {
    if (worth == 0 || !is_digit(text[at])) return 0;
    thousandths += (text[at] - '0') * worth;
  }
  return thousandths > kWhole ? 0 : thousandths;
}

// What follows the name: nothing, the next coding, or ";q=".
int quality_after_name(std::string_view rest) {
  std::size_t at = 0;
  const auto skip_blanks = [&] {
    while (at < rest.size() && rest[at] == ' ') ++at;
  };
  skip_blanks();
  if (at == rest.size() || rest[at] == ',') return kWhole;
  if (rest[at++] != ';') return 0;
  skip_blanks();
  if (at == rest.size()) return kWhole;
  if (ascii_lower(rest[at]) != 'q') return 0;
  if (++at == rest.size() || rest[at] != '=') return 0;
  return parse_quality(rest.substr(at + 1));
}

}  // namespace

int coding_quality(std::string_view accept_encoding, std::string_view coding) {
  for (std::size_t from = 0;;) {
    const std::size_t found = find_ignore_case(accept_encoding.substr(from), coding);
    if (found == std::string_view::npos) return 0;
    const std::size_t at = from + found;
    if (at == 0 || accept_encoding[at - 1] == ',' || accept_encoding[at - 1] == ' ') {
      return quality_after_name(accept_encoding.substr(at + coding.size()));
    }
    from = at + coding.size();
  }
}

}  // namespace uringx
