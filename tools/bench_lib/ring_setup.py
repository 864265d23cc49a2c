"""What each way of setting up a ring and of asking it brings, with the floor (tools/floor): all variants in turn, beside epoll."""

import contextlib
import dataclasses
import statistics
import sys
import time

from bench_lib import peers, servers, threads, wrk

CONNECTIONS = 64
SETTLE_SECONDS = 0.1
DEFAULT = "default"
EPOLL = "epoll, recv, send"
NEW_CONNECTION = (("Connection", "close"),)

# What is compared -> (bytes of the answer, headers of the requests, {variant: switches of the floor}); the first is the default, which
# asks as uringx does: DEFER_TASKRUN, SINGLE_ISSUER, registered ring, multishot receive into provided buffers, one submit a turn.
SENDS = {
    DEFAULT: (),
    "send(2) from the loop": ("--send=now",),
    "CQE_SKIP_SUCCESS on sends": ("--skip-success",),
    "send_zc": ("--send=zc",),
    "send_zc, registered buffer": ("--send=zc-fixed",),
    EPOLL: ("--engine=epoll",),
}
GROUPS = {
    "set-up of the ring, 1 KiB": (1 << 10, (), {
        DEFAULT: (),
        "COOP_TASKRUN, no DEFER_TASKRUN": ("--task-run=coop",),
        "neither of them": ("--task-run=any",),
        "COOP_TASKRUN, no SINGLE_ISSUER": ("--task-run=coop", "--many-issuers"),
        "ring's descriptor not registered": ("--plain-ring-fd",),
        "direct descriptors": ("--direct",),
        "waits with a timeout": ("--timeout",),
        "a submit for each send": ("--submit-each",),
        "an idle second thread": ("--accept=main",),
    }),
    "receiving, 1 KiB": (1 << 10, (), {
        DEFAULT: (),
        "multishot, POLL_FIRST": ("--poll-first",),
        "one-shot, buffer of its own": ("--receive=once",),
        "one-shot, provided buffers": ("--receive=once-provided",),
        "one-shot, own buffer, POLL_FIRST": ("--receive=once", "--poll-first"),
    }),
    "sending, 1 KiB": (1 << 10, (), SENDS | {
        "send(2), an idle second thread": ("--send=now", "--accept=main"),
        "send(2), waits with a timeout": ("--send=now", "--timeout"),
        "CQE_SKIP_SUCCESS, direct descriptors": ("--skip-success", "--direct"),
    }),
    "sending, 16 KiB": (16 << 10, (), SENDS),
    "sending, 100 KiB": (100 << 10, (), SENDS),
    "new connections, 1 KiB": (1 << 10, NEW_CONNECTION, {
        DEFAULT: ("--close",),
        "TCP_NODELAY from the listener": ("--close", "--inherit-nodelay"),
        "ended by shutdown(2)": ("--close", "--end=shutdown"),
        "one-shot receive": ("--close", "--receive=once"),
        "one-shot receive, send(2)": ("--close", "--receive=once", "--send=now"),
        "direct descriptors": ("--close", "--direct"),
        "handed over by MSG_RING": ("--close", "--accept=main"),
        "two workers, one listener": ("--close", "--two-workers"),
        "two workers, handed over": ("--close", "--two-workers", "--accept=main"),
        "two workers, reuseport": ("--close", "--two-workers", "--accept=reuseport"),
        EPOLL: ("--close", "--engine=epoll"),
    }),
}


@dataclasses.dataclass
class Sample:
    cpu_us: float
    requests_per_second: float


class Floor(servers.Server):
    """The floor with switches."""

    def __init__(self, name, binary, switches, size, folder, core):
        super().__init__(peers.FLOOR, binary, None, folder, None, core, certificates=None, tls_protocol=None)
        self.name = f"{peers.FLOOR} ({name})"
        self.command = ["taskset", "-c", str(core), binary, *switches, str(self.port), str(size), str(self.folder / "server.pid")]

    def run_seconds(self):
        """Processor time of all its threads; the ticks of Server.cpu_seconds() are too coarse to tell variants apart."""
        return sum(thread.run_seconds for thread in threads.read(self.process_ids()).values())


def sample(server, headers, seconds, core):
    before = server.run_seconds()
    run = wrk.run(server.url("/"), CONNECTIONS, seconds, core, headers=headers)
    time.sleep(SETTLE_SECONDS)
    if run.errors or not run.requests:
        raise SystemExit(f"tools/bench: {server.name} failed {run.errors} requests of {run.requests}")
    return Sample((server.run_seconds() - before) / run.requests * 1e6, run.requests / run.seconds)


def measure_group(title, plan, binary, cores, folder):
    """{variant: [Sample, one a round]}"""
    size, headers, variants = GROUPS[title]
    with contextlib.ExitStack() as stack:
        running = {name: stack.enter_context(Floor(name, binary, switches, size, folder / str(number), cores[0]))
                   for number, (name, switches) in enumerate(variants.items())}
        names = list(running)
        rows = {name: [] for name in names}
        for turn in range(plan.rounds):
            for name in names[turn % len(names):] + names[:turn % len(names)]:
                rows[name].append(sample(running[name], headers, plan.seconds, cores[1]))
    told = ", ".join(f"{name} {statistics.median(s.cpu_us for s in rows[name]):.2f} us" for name in names)
    print(f"ring, {title}: {told}", file=sys.stderr, flush=True)
    return rows


def measure(plan, binaries, cores, folder):
    """{what is compared: {variant: [Sample, one a round]}}"""
    return {title: measure_group(title, plan, binaries[peers.FLOOR], cores, folder / str(number)) for number, title in enumerate(GROUPS)}


def add_to(page, results):
    for title, found in results.items():
        rows = []
        for name, samples in found.items():
            cpu = [s.cpu_us for s in samples]
            ratio = statistics.median(s.cpu_us / usual.cpu_us for s, usual in zip(samples, found[DEFAULT]))
            rows.append([name, f"{statistics.median(cpu):.2f}", f"{min(cpu):.2f} - {max(cpu):.2f}", f"{ratio:.2f}",
                         f"{statistics.median(s.requests_per_second for s in samples):,.0f}"])
        page.table([f"**{title}**", "CPU, us per request", "lowest - highest", "ratio to the default", "requests/s"], rows)
    page.lines += [f"The floor with {CONNECTIONS} connections of wrk, server and client on a core each; the default sets up and asks its "
                   "ring as uringx does. Two workers share the server's core: what they cost is the way to them.", ""]
