// Listeners are the listening sockets of one configuration. A socket belongs to every generation of the
// configuration that names its address: a reload takes it over, and it is closed when the last such
// generation goes. Owned by a Cycle, on the main thread of the master; a worker process inherits the
// descriptors by fork.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "base/owned_fd.h"
#include "config/route_table.h"
#include "process/process_log.h"
#include "server/worker_process.h"

namespace uringx {

// One address and its sockets: one, or with reuseport one for each worker thread.
struct Listener {
  SocketAddress address;
  std::vector<std::shared_ptr<OwnedFd>> sockets;
  // Handed over by the binary that started this one: its unix socket file may be that one's still.
  bool inherited = false;
  bool reuseport = false;  // a socket for each worker thread
};

enum class OpenMode : std::uint8_t {
  serve,
  test,  // -t: an address in use is no error, and nothing stays open
};

class Listeners {
 public:
  // The sockets that an older binary left in the environment variable NGINX ("3;4;"). What is no socket of
  // ours is logged and left alone (ngx_add_inherited_sockets).
  static Listeners inherited_from(std::string_view variable, const ProcessLog& log);

  // Opens what routes.listens names: taken from `previous` where the address is the same, else bound anew
  // (five tries half a second apart while an address is in use). Failures are logged in nginx's words; false
  // then.
  bool open(const RouteTable& routes, const Listeners& previous, unsigned worker_count, OpenMode mode,
            const ProcessLog& log);

  // What the worker process accepts on. More sockets than workers (a reload with fewer) are dealt out again:
  // a socket that closed would take the connections in its queue with it.
  std::vector<OpenListener> for_workers(unsigned worker_count) const;

  // Removes the files of unix sockets that `other` (the configuration that stays) does not listen on; of all
  // of them without one. `keep_inherited`: not of those that an older binary, still running, handed over.
  void remove_unix_files(const Listeners* other, bool keep_inherited, const ProcessLog& log) const;

  void close() { listeners_.clear(); }

  // "3;4;" and the descriptors themselves: for a new binary.
  std::string environment_value() const;
  std::vector<int> descriptors() const;

  const std::vector<Listener>& all() const { return listeners_; }

  enum class Outcome : std::uint8_t { opened, in_use, failed };

 private:
  void take_over(const RouteTable& routes, const Listeners& previous, const ProcessLog& log);
  Outcome bind_missing(const RouteTable& routes, unsigned worker_count, OpenMode mode, const ProcessLog& log);
  void configure_all(const RouteTable& routes, const ProcessLog& log);
  const Listener* find(const SocketAddress& address) const;

  std::vector<Listener> listeners_;  // in the order of RouteTable::listens
};

}  // namespace uringx
