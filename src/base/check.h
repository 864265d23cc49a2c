// CHECK: programmer errors stop the process, in release builds too.
// Never CHECK what a peer, a file, a configuration or the kernel's load can cause: those are errors to answer.
#pragma once

namespace uringx {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace uringx

#define CHECK(condition) \
  (static_cast<bool>(condition) ? void(0) : ::uringx::check_failed(#condition, __FILE__, __LINE__))
