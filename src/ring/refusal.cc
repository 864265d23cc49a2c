#include "ring/refusal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

#include "base/owned_fd.h"

namespace uringx {

namespace {

// The beginning of a /proc file; empty when it cannot be read.
std::string read_file(const char* path) {
  const OwnedFd fd(open(path, O_RDONLY | O_CLOEXEC));
  char text[4096];
  const ssize_t size = fd ? read(fd.get(), text, sizeof(text)) : 0;
  return {text, size > 0 ? static_cast<std::size_t>(size) : 0};
}

std::optional<int> parse_number(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  return number;
}

bool under_seccomp_filter() {
  constexpr std::string_view kField = "\nSeccomp:\t";
  constexpr int kFilterMode = 2;  // SECCOMP_MODE_FILTER
  const std::string status = read_file("/proc/self/status");
  const std::size_t field = status.find(kField);
  if (field == std::string::npos) return false;
  return parse_number(std::string_view(status).substr(field + kField.size())) == kFilterMode;
}

constexpr const char* kSeccompRemedy =
    "allow io_uring_setup, io_uring_enter and io_uring_register in the container's profile (docker run "
    "--security-opt seccomp=PROFILE.json, or seccomp=unconfined; Kubernetes: securityContext.seccompProfile)";

std::string describe_not_permitted(const RefusalFacts& facts) {
  if (facts.disabled == 2) {
    return "io_uring is switched off on this host (sysctl kernel.io_uring_disabled is 2): set "
           "kernel.io_uring_disabled=0, or 1 with kernel.io_uring_group, and start again";
  }
  if (facts.disabled == 1) {
    return fmt::format(
        "io_uring is limited to one group on this host (sysctl kernel.io_uring_disabled is 1, "
        "kernel.io_uring_group "
        "is {}): set kernel.io_uring_group to a group of the workers' user, or kernel.io_uring_disabled=0",
        facts.group.value_or(-1));
  }
  if (facts.seccomp_filter) {
    return fmt::format("a seccomp filter refuses io_uring (containers run under one): {}", kSeccompRemedy);
  }
  return "io_uring is not permitted here, though neither kernel.io_uring_disabled nor a seccomp filter of "
         "this "
         "process says so: look for a security module's denial (SELinux, AppArmor) in the audit log";
}

std::string describe_no_memory(const RefusalFacts& facts) {
  if (!facts.memlock_bytes) {
    return "there is no memory for io_uring's rings: give this host or its memory cgroup more, or lower "
           "worker_processes";
  }
  return fmt::format(
      "there is no memory for io_uring's rings, which count as locked memory (RLIMIT_MEMLOCK is {} KiB): "
      "raise it "
      "(ulimit -l, systemd LimitMEMLOCK=, docker run --ulimit memlock=) or lower worker_processes",
      *facts.memlock_bytes / 1024);
}

}  // namespace

RefusalFacts read_refusal_facts() {
  RefusalFacts facts;
  facts.disabled = parse_number(read_file("/proc/sys/kernel/io_uring_disabled"));
  facts.group = parse_number(read_file("/proc/sys/kernel/io_uring_group"));
  facts.seccomp_filter = under_seccomp_filter();
  rlimit limit{};
  if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    facts.memlock_bytes = limit.rlim_cur;
  utsname name{};
  if (uname(&name) == 0) facts.kernel_release = name.release;
  return facts;
}

std::string describe_refusal(int error_number, const RefusalFacts& facts) {
  switch (error_number) {
    case ENOSYS:
      if (facts.seccomp_filter) {
        return fmt::format(
            "this kernel ({}) says it has no io_uring, or a seccomp filter says so in its place: {}",
            facts.kernel_release, kSeccompRemedy);
      }
      return fmt::format(
          "this kernel ({}) has no io_uring: run Linux 6.1 or newer, built with CONFIG_IO_URING, outside of "
          "a sandbox "
          "that replaces the kernel (gVisor)",
          facts.kernel_release);
    case EPERM:
    case EACCES:
      return describe_not_permitted(facts);
    case ENOMEM:
      return describe_no_memory(facts);
    case EMFILE:
    case ENFILE:
      return "no descriptor is left for an io_uring: raise worker_rlimit_nofile (ulimit -n, systemd "
             "LimitNOFILE=)";
    case EINVAL:
      return fmt::format(
          "this kernel ({}) refuses every way uringx sets up an io_uring: run Linux 6.1 or newer",
          facts.kernel_release);
    default:
      return fmt::format("io_uring_setup() failed ({}: {})", error_number, std::strerror(error_number));
  }
}

std::string describe_missing_operation(const char* opcode_name, const RefusalFacts& facts) {
  return fmt::format("this kernel's io_uring ({}) is too old, it lacks {}: run Linux 6.1 or newer",
                     facts.kernel_release, opcode_name);
}

}  // namespace uringx
