// client_header_buffer_size and large_client_header_buffers: which heads are too large. One is owned by each connection; it does not
// allocate.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace uringx {

struct HeaderBufferLimits {
  std::uint32_t count = 4;  // large_client_header_buffers number
  std::size_t size_bytes = 8192;
};

// Says which heads nginx would refuse as too large (ngx_http_alloc_large_header_buffer), from the lengths of
// lines alone: lines are laid one after another into client_header_buffer_size bytes, then into up to `count`
// large buffers; a line is never split over two of them, and one longer than a large buffer fits only when
// the first buffer is larger.
class HeaderBufferBudget {
 public:
  HeaderBufferBudget(std::size_t first_size_bytes, HeaderBufferLimits limits)
      : size_bytes_(first_size_bytes),
        first_bytes_(clamped(first_size_bytes)),
        large_bytes_(clamped(limits.size_bytes)),
        large_count_(limits.count) {}

  // The virtual server was chosen: its large_client_header_buffers hold from the next line on.
  void set_limits(HeaderBufferLimits limits) {
    large_bytes_ = clamped(limits.size_bytes);
    large_count_ = limits.count;
  }

  // Takes a whole line (its ending counts). False: answer 414 for a request line, 494 (sent as 400) for a
  // field.
  bool take_line(std::size_t bytes);

  // The same verdict for a line of which `bytes` have come and no ending yet; 0 when a line is awaited.
  bool partial_line(std::size_t bytes) const;

  // How much of a line that was refused (or is awaited) nginx had room for: what it logs of it. `bytes` of it came.
  std::size_t fitting_bytes(std::size_t bytes) const;

  // After a request and its body: `body_bytes` of the body and `leftover_bytes` of the next request had been
  // received with it. nginx goes on in the same buffer when something is left over, else starts with the
  // first one.
  void next_request(std::size_t body_bytes, std::size_t leftover_bytes);

 private:
  // Each connection has a budget: buffers of 4 GiB and more are as good as those.
  static std::uint32_t clamped(std::size_t bytes) { return static_cast<std::uint32_t>(std::min<std::size_t>(bytes, UINT32_MAX)); }

  std::size_t size_bytes_;      // of the buffer being filled
  std::size_t used_bytes_ = 0;  // of it
  std::uint32_t first_bytes_;
  std::uint32_t large_bytes_;   // HeaderBufferLimits
  std::uint32_t large_count_;
  std::uint32_t large_taken_ = 0;
};

}  // namespace uringx
