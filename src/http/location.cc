#include "http/location.h"

#include <array>
#include <charconv>

namespace uringx {

void make_location_absolute(ResponseHead& head, const RedirectBase& base, Arena& arena) {
  if (!head.location.starts_with('/')) return;
  std::array<char, 6> port{':'};
  std::string_view port_text;
  if (base.port != 0 && base.port != (base.https ? 443 : 80)) {
    const char* end = std::to_chars(port.data() + 1, port.data() + port.size(), base.port).ptr;
    port_text = {port.data(), static_cast<std::size_t>(end - port.data())};
  }
  head.location = arena.join({base.https ? "https://" : "http://", base.host, port_text, head.location});
  head.location_made_absolute = true;
}

}  // namespace uringx
