// KeyLog appends the secrets of sessions to a file, for a program that looks at what was captured on the wire (ssl_key_log).
// Opened on the main thread while the configuration is read; lines are written on workers' threads, at once: it is made for
// finding faults, not for service.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "base/owned_fd.h"

struct ssl_ctx_st;

namespace uringx {

class KeyLog {
 public:
  // Appends; a new file is its owner's alone. The error is nginx's: `open() "PATH" failed (13: Permission denied)`.
  static std::expected<std::shared_ptr<const KeyLog>, std::string> open(const std::string& path);

  explicit KeyLog(OwnedFd file) : file_(std::move(file)) {}
  void write(std::string_view line) const;

  // Sessions of a TlsContext's handle write to its key_log.
  static void install(ssl_ctx_st* context);

 private:
  OwnedFd file_;
};

}  // namespace uringx
