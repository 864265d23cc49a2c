#include "modules/basic_credentials.h"

#include "http/ascii.h"
#include "http/base64.h"

namespace uringx {

std::optional<BasicCredentials> basic_credentials(Request& request) {
  constexpr std::string_view kBasic = "Basic ";
  std::string_view encoded = request.head.value(KnownField::authorization);
  if (!equal_ignore_case(encoded.substr(0, kBasic.size()), kBasic)) return std::nullopt;
  encoded.remove_prefix(kBasic.size());
  while (encoded.starts_with(' ')) encoded.remove_prefix(1);
  if (encoded.empty()) return std::nullopt;
  char* const decoded = request.arena.take_bytes(base64_decoded_bytes_max(encoded.size()));
  const std::optional<std::size_t> length = decode_base64(decoded, encoded);
  if (!length) return std::nullopt;
  const std::string_view credentials(decoded, *length);
  const std::size_t colon = credentials.find(':');
  if (colon == 0 || colon == std::string_view::npos) return std::nullopt;
  return BasicCredentials{credentials.substr(0, colon), credentials.substr(colon + 1)};
}

}  // namespace uringx
