// RevocationCheck asks the authorities about a client's certificate between the handshake and the first request, as ssl_ocsp
// wants it. The worker goes on meanwhile; the connection's timeout ends what takes too long.
// Owned by a TlsChannel, on its worker's thread.
#pragma once

#include <memory>
#include <string_view>

#include "base/error_log.h"
#include "ring/timers.h"
#include "server/host_lookup.h"
#include "server/ocsp_fetch.h"
#include "tls/ocsp_validation.h"

namespace uringx {

class Connection;
class ServerBlock;

class RevocationCheck {
 public:
  // `done` is called from the loop, once, unless start() said that there is nothing to wait for.
  using Handler = void (*)(void* owner);
  RevocationCheck(Connection& connection, const ServerBlock& server, std::unique_ptr<OcspValidation> validation, void* owner,
                  Handler done);

  // True: the verdict is known.
  bool start() { return ask_next(); }
  bool under_way() const { return under_way_; }

  // The connection closes: done() is not called any more.
  void cancel();
  // The kernel or a helper's thread still has something of it.
  bool pending() const { return fetch_.pending() || (lookup_ != nullptr && lookup_->pending()); }

 private:
  static void fetch_failed(void* owner, std::string_view message, int error_number) {
    static_cast<RevocationCheck*>(owner)->log(LogLevel::error, message, error_number);
  }
  static void fetched(void* owner) { static_cast<RevocationCheck*>(owner)->on_fetched(); }
  static void became_quiet(void* owner);

  bool ask_next();
  bool ask();
  bool look_up_responder();
  bool fetch_from(std::vector<OcspAddress> addresses);
  void on_looked_up();
  void take_addresses();
  void on_lookup_timeout();
  void on_fetched();
  void take_answer();
  void go_on(bool verdict_known);
  bool give_up(LogLevel level, std::string_view message);
  void log(LogLevel level, std::string_view message, int error_number = 0);

  Connection& connection_;
  const ServerBlock& server_;
  const std::unique_ptr<OcspValidation> validation_;
  void* const owner_;
  const Handler done_;
  bool under_way_ = true;
  OcspFetch fetch_;
  std::unique_ptr<HostLookup> lookup_;  // of the last name that was asked for
  Timer lookup_timeout_{this, Timer::calls<&RevocationCheck::on_lookup_timeout>};
};

}  // namespace uringx
