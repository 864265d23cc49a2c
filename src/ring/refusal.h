// The sentence that tells an administrator why this host refuses io_uring and which switch to turn.
// Pure but for read_refusal_facts(); used once, when a ring cannot be made.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace uringx {

// What the host says about io_uring, as far as it can be read.
struct RefusalFacts {
  // kernel.io_uring_disabled (Linux 6.6): 0 open, 1 only for a group, 2 off
  std::optional<int> disabled;
  std::optional<int> group;           // kernel.io_uring_group: who may use it when disabled is 1; -1 nobody
  bool seccomp_filter = false;        // this process runs under a seccomp filter
  std::optional<std::uint64_t> memlock_bytes;  // RLIMIT_MEMLOCK; absent when unlimited
  std::string kernel_release;         // uname -r
};

RefusalFacts read_refusal_facts();

// io_uring_setup(2) failed with `error_number`: cause and remedy, one sentence, no full stop.
std::string describe_refusal(int error_number, const RefusalFacts& facts);

// The ring exists but lacks the operation `opcode_name`: the kernel is too old.
std::string describe_missing_operation(const char* opcode_name, const RefusalFacts& facts);

}  // namespace uringx
