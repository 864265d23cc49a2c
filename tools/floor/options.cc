#include "options.h"

#include <getopt.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

namespace floor_bench {

namespace {

// A switch, or one value of it where it has values (those of one name stand together).
struct Switch {
  const char* name;
  const char* value;
  void (*apply)(Options&);
  const char* help;
};

constexpr Switch kSwitches[] = {
    {"engine", "ring", [](Options& o) { o.engine = Engine::ring; }, "io_uring (default)"},
    {"engine", "epoll", [](Options& o) { o.engine = Engine::epoll; }, "epoll, recv and send; the ring's switches mean nothing then"},
    {"task-run", "defer", [](Options& o) { o.task_run = TaskRun::deferred; }, "DEFER_TASKRUN (default)"},
    {"task-run", "coop", [](Options& o) { o.task_run = TaskRun::cooperative; }, "COOP_TASKRUN in its place"},
    {"task-run", "any", [](Options& o) { o.task_run = TaskRun::interrupting; }, "neither"},
    {"many-issuers", nullptr, [](Options& o) { o.single_issuer = false; }, "no SINGLE_ISSUER, hence no DEFER_TASKRUN"},
    {"plain-ring-fd", nullptr, [](Options& o) { o.registered_ring = false; }, "the ring's descriptor is not registered"},
    {"direct", nullptr, [](Options& o) { o.direct = true; }, "connections are direct descriptors"},
    {"skip-success", nullptr, [](Options& o) { o.skip_success = true; }, "IOSQE_CQE_SKIP_SUCCESS on sends"},
    {"submit-each", nullptr, [](Options& o) { o.submit_each = true; }, "each send is submitted by itself"},
    {"poll-first", nullptr, [](Options& o) { o.poll_first = true; }, "RECVSEND_POLL_FIRST on receives"},
    {"timeout", nullptr, [](Options& o) { o.timeout = true; }, "each wait for completions has a timeout"},
    {"inherit-nodelay", nullptr, [](Options& o) { o.inherited_nodelay = true; }, "TCP_NODELAY on the listener only"},
    {"receive", "multishot", [](Options& o) { o.receive = Receive::multishot; }, "into provided buffers (default)"},
    {"receive", "once", [](Options& o) { o.receive = Receive::once; }, "armed again each time, a buffer for each connection"},
    {"receive", "once-provided", [](Options& o) { o.receive = Receive::once_provided; }, "armed again each time, into provided buffers"},
    {"send", "ring", [](Options& o) { o.send = Send::ring; }, "IORING_OP_SEND (default)"},
    {"send", "now", [](Options& o) { o.send = Send::at_once; }, "send(2) from the loop, what is left over goes by the ring"},
    {"send", "zc", [](Options& o) { o.send = Send::zero_copy; }, "IORING_OP_SEND_ZC"},
    {"send", "zc-fixed", [](Options& o) { o.send = Send::zero_copy_registered; }, "the same from a registered buffer"},
    {"accept", "worker", [](Options& o) { o.accept = Accept::by_worker; }, "all workers accept from one listener (default)"},
    {"accept", "main", [](Options& o) { o.accept = Accept::handed_over; }, "a thread accepts and hands over by MSG_RING"},
    {"accept", "reuseport", [](Options& o) { o.accept = Accept::reuseport; }, "each worker has a listener of its own"},
    {"two-workers", nullptr, [](Options& o) { o.workers = 2; }, "two threads instead of one"},
    {"close", nullptr, [](Options& o) { o.close = true; }, "one request on a connection"},
    {"end", "cancel", [](Options& o) { o.ends_by_shutdown = false; }, "an armed receive is cancelled to close (default)"},
    {"end", "shutdown", [](Options& o) { o.ends_by_shutdown = true; }, "it is ended by shutdown(2)"},
};

// What cannot be had together.
struct Contradiction {
  bool (*holds)(const Options&);
  const char* what;
};

constexpr Contradiction kContradictions[] = {
    {[](const Options& o) { return o.task_run == TaskRun::deferred && !o.single_issuer; }, "--many-issuers asks for another --task-run"},
    {[](const Options& o) { return o.direct && o.send == Send::at_once; }, "send(2) takes no direct descriptor"},
    {[](const Options& o) { return o.direct && o.accept == Accept::handed_over; }, "a direct descriptor belongs to its ring"},
    {[](const Options& o) { return o.direct && o.ends_by_shutdown; }, "shutdown(2) takes no direct descriptor"},
    {[](const Options& o) { return o.skip_success && o.close; }, "--close has to know when the answer is sent"},
    {[](const Options& o) { return o.skip_success && o.send != Send::ring; }, "--skip-success is for IORING_OP_SEND"},
    {[](const Options& o) { return o.engine == Engine::epoll && o.accept == Accept::handed_over; }, "MSG_RING is for rings"},
};

[[noreturn]] void explain_and_exit() {
  std::fprintf(stderr, "usage: floor [SWITCH ...] PORT BYTES PID_FILE\n"
               "Listens on 127.0.0.1 and answers each head with a constant of BYTES, until SIGTERM.\n");
  for (const Switch& s : kSwitches) {
    const std::string word = std::string("--") + s.name + (s.value != nullptr ? std::string("=") + s.value : "");
    std::fprintf(stderr, "  %-24s %s\n", word.c_str(), s.help);
  }
  std::exit(2);
}

void apply(Options& options, std::string_view name, const char* value) {
  for (const Switch& s : kSwitches) {
    if (name == s.name && (value == nullptr || std::strcmp(value, s.value) == 0)) return s.apply(options);
  }
  explain_and_exit();
}

template <typename Number>
Number to_number(std::string_view word) {
  Number number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc() || end != word.data() + word.size()) explain_and_exit();
  return number;
}

}  // namespace

Options parse_options(int count, char** words) {
  std::vector<option> names;
  for (const Switch& s : kSwitches) {
    if (!names.empty() && std::strcmp(names.back().name, s.name) == 0) continue;
    names.push_back({s.name, s.value != nullptr ? required_argument : no_argument, nullptr, 0});
  }
  names.push_back({});

  Options options;
  int index = 0;
  for (int found; (found = getopt_long(count, words, "", names.data(), &index)) != -1;) {
    if (found != 0) explain_and_exit();
    apply(options, names[static_cast<std::size_t>(index)].name, optarg);
  }
  if (count - optind != 3) explain_and_exit();
  options.port = to_number<std::uint16_t>(words[optind]);
  options.body_bytes = to_number<std::size_t>(words[optind + 1]);
  options.pid_file = words[optind + 2];
  for (const Contradiction& contradiction : kContradictions) {
    if (!contradiction.holds(options)) continue;
    std::fprintf(stderr, "floor: %s\n", contradiction.what);
    std::exit(2);
  }
  return options;
}

}  // namespace floor_bench
