// OcspFetch asks a responder one question over HTTP and gives what it answers: connects, sends, receives until the responder has
// closed, with one address after another (ngx_ssl_ocsp_connect). It has no timeout of its own: who waits for it may end it.
// Owned by a RevocationCheck, on its worker's thread and ring.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/owned_fd.h"
#include "ring/ring.h"
#include "tls/ocsp_responder.h"

namespace uringx {

class OcspFetch {
 public:
  struct Client {
    void* owner;
    // An address was of no use; the next one is tried. Also within start().
    void (*failed)(void* owner, std::string_view message, int error_number);
    // body() has the answer; empty: nobody gave one. From the loop only.
    void (*done)(void* owner);
  };

  OcspFetch(Ring& ring, Client client) : ring_(ring), client_(client) {}

  // False: no address was of any use, and done() is not called.
  bool start(std::vector<OcspAddress> addresses, std::string request);
  // Of the whole response; until the next start().
  std::string_view body() const { return body_; }
  // The address that is talked to: "127.0.0.1:80"; empty before the first one is tried.
  const std::string& peer() const { return peer_; }
  void forget_peer() { peer_.clear(); }

  // done() is not called any more; what is pending ends soon, and `quiet` is called each time something has.
  void cancel(void (*quiet)(void* owner));
  bool pending() const { return connecting_.pending() || sending_.pending() || receiving_.pending(); }

 private:
  bool connect_next();
  void on_connected(Completion completion);
  void send_rest();
  void on_sent(Completion completion);
  void receive_more();
  void on_received(Completion completion);
  void take_response();
  void fail_wire(std::string_view message, int error_number);
  void try_next(std::string_view message, int error_number);

  Ring& ring_;
  Client client_;
  void (*quiet_)(void* owner) = nullptr;
  std::vector<OcspAddress> addresses_;
  std::size_t next_ = 0;
  std::string peer_;
  OwnedFd socket_;
  std::string request_;
  std::size_t sent_ = 0;
  std::string response_;
  std::size_t received_ = 0;
  std::string_view body_;
  Operation connecting_{this, Operation::calls<&OcspFetch::on_connected>};
  Operation sending_{this, Operation::calls<&OcspFetch::on_sent>};
  Operation receiving_{this, Operation::calls<&OcspFetch::on_received>};
};

}  // namespace uringx
