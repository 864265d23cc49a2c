#include "process/signals.h"

#include <doctest/doctest.h>
#include <unistd.h>

namespace uringx {

TEST_CASE("signals have the names nginx logs") {
  CHECK(signal_name(SIGHUP) == "SIGHUP");
  CHECK(signal_name(SIGCHLD) == "SIGCHLD");
  CHECK(signal_name(SIGUSR2) == "SIGUSR2");
}

TEST_CASE("-s sends the signal its name stands for") {
  CHECK(signal_of(Instruction::stop) == SIGTERM);
  CHECK(signal_of(Instruction::quit) == SIGQUIT);
  CHECK(signal_of(Instruction::reopen) == SIGUSR1);
  CHECK(signal_of(Instruction::reload) == SIGHUP);
}

TEST_CASE("a signal that was ignored before is read all the same, with its sender") {
  signal(SIGHUP, SIG_IGN);
  const auto fd = open_signal_fd(master_signals());
  REQUIRE(fd);
  CHECK(!read_signal(fd->get()));
  kill(getpid(), SIGHUP);
  const auto received = read_signal(fd->get());
  REQUIRE(received);
  CHECK(received->number == SIGHUP);
  CHECK(received->sender == getpid());
  CHECK(!read_signal(fd->get()));
  unblock_signals();
}

TEST_CASE("a worker process is not ended by what only concerns the master") {
  const auto fd = open_signal_fd(worker_signals());
  REQUIRE(fd);
  kill(getpid(), SIGHUP);
  kill(getpid(), SIGUSR2);
  kill(getpid(), SIGPIPE);
  CHECK(!read_signal(fd->get()));
  unblock_signals();
}

}  // namespace uringx
