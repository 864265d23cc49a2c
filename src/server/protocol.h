// Protocol is what a Connection speaks once its first bytes (or ALPN) have told: HTTP/1 or HTTP/2.
// Part of a Connection, on its worker's thread.
#pragma once

#include <span>

namespace uringx {

class Protocol {
 public:
  virtual ~Protocol() = default;

  // Plain bytes that came; theirs is the memory, for the call.
  virtual void on_bytes(std::span<const char> bytes) = 0;
  // End of stream (0) or a receive error: nothing more will come.
  virtual void on_peer_closed(int error_number) = 0;
  virtual void on_timeout() = 0;
  virtual void stop_gracefully() = 0;

  // The connection is being closed: ends everything under way.
  virtual void cancel() = 0;
  // The rest of something has to come before anything can go on.
  virtual bool awaits_bytes() const = 0;
  // Nothing is pending; the connection may be destroyed.
  virtual bool quiet() const = 0;
  // An answer is delayed: of the socket only the end is looked for (ngx_http_test_reading).
  virtual bool only_watches() const { return false; }
};

}  // namespace uringx
