// A host that refuses io_uring: the message names the cause and the remedy.
#include "ring/refusal.h"
#include "ring_fixture.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

namespace uringx {

namespace {

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

// Lets io_uring_setup(2) fail with `error_number`, as a container's profile does.
bool forbid_io_uring(unsigned error_number) {
  sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error_number),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog program{.len = static_cast<unsigned short>(std::size(rules)), .filter = rules};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

// Runs `check` in a child process, where what it does to the process stays.
template <typename Check>
bool holds_in_child(Check check) {
  const pid_t child = fork();
  if (child == 0) _exit(check() ? 0 : 1);
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

TEST_SUITE("ring") {
  TEST_CASE("the sysctl that forbids io_uring is named with its value") {
    RefusalFacts facts;
    facts.disabled = 2;
    CHECK(contains(describe_refusal(EPERM, facts), "kernel.io_uring_disabled is 2"));
    facts.disabled = 1;
    facts.group = 1234;
    CHECK(contains(describe_refusal(EPERM, facts), "kernel.io_uring_disabled is 1"));
    CHECK(contains(describe_refusal(EPERM, facts), "kernel.io_uring_group is 1234"));
  }

  TEST_CASE("a seccomp filter is named when the sysctl is open or absent") {
    RefusalFacts facts;
    facts.seccomp_filter = true;
    CHECK(contains(describe_refusal(EPERM, facts), "--security-opt seccomp="));
    facts.disabled = 0;
    CHECK(contains(describe_refusal(EPERM, facts), "--security-opt seccomp="));
    facts.seccomp_filter = false;
    CHECK(contains(describe_refusal(EPERM, facts), "audit log"));
  }

  TEST_CASE("other refusals name kernel, memory or descriptors") {
    RefusalFacts facts;
    facts.kernel_release = "4.19.0";
    facts.memlock_bytes = 65536;
    CHECK(contains(describe_refusal(ENOSYS, facts), "4.19.0"));
    CHECK(contains(describe_refusal(ENOMEM, facts), "RLIMIT_MEMLOCK is 64 KiB"));
    CHECK(contains(describe_refusal(EMFILE, facts), "worker_rlimit_nofile"));
    CHECK(contains(describe_refusal(EIO, facts), "Input/output error"));
    CHECK(contains(describe_missing_operation("msg_ring", facts), "msg_ring"));
  }

  TEST_CASE("under a container's seccomp profile the ring is refused with the remedy") {
    for (const int error_number : {EPERM, ENOSYS}) {
      CHECK(holds_in_child([&] {
        if (!forbid_io_uring(static_cast<unsigned>(error_number))) return false;
        const auto backend = make_kernel_backend({});
        return !backend && backend.error().error_number == error_number &&
               contains(backend.error().message, "seccomp");
      }));
    }
  }

  TEST_CASE("without a descriptor left the ring is refused") {
    CHECK(holds_in_child([] {
      const rlimit none{.rlim_cur = 3, .rlim_max = 3};
      setrlimit(RLIMIT_NOFILE, &none);
      const auto backend = make_kernel_backend({});
      return !backend && backend.error().error_number == EMFILE;
    }));
  }

  TEST_CASE("an unprivileged user with the usual 8 MiB of locked memory gets a ring and its buffers") {
    CHECK(holds_in_child([] {
      const rlimit usual{.rlim_cur = 8 << 20, .rlim_max = 8 << 20};
      setrlimit(RLIMIT_MEMLOCK, &usual);
      if (geteuid() == 0 && setuid(65534) != 0) return false;
      TestRing test(4096);
      BufferRing buffers(test.ring.backend(), 0, 4096, 4096);
      return true;
    }));
  }
}

}  // namespace uringx
