"""What one and two workers do for a request: system calls, context switches, work that io_uring hands to its kernel workers.

Where there are two cores, two workers leave none to the clients: times would say little, so it is counted. How connections are
spread over two workers is told by what each worker's thread spends when all connections ask alike.
"""

import contextlib
import dataclasses
import os
import re
import select
import signal
import socket
import statistics
import subprocess
import sys
import time

from bench_lib import cases, idle, load, servers, threads, wrk

BINARIES = ("nginx", "uringx")
CONFIG = "tuned"
WORKERS = (1, 2)
FILES = {"1k": 1024, "1m": 1 << 20}
# Case -> (file, connections, headers).
CASES = {
    "1 KiB, keep-alive": ("1k", 64, ()),
    "1 KiB, new connection": ("1k", 64, (("Connection", "close"),)),
    "1 MiB, keep-alive": ("1m", 64, ()),
}
STRACE_SECONDS = 1
ATTACH_SECONDS_MAX = 5
SPREAD_CONNECTIONS = 1000
SPREAD_ROUNDS = 20
SPREAD_WORKERS = 2


@dataclasses.dataclass
class Sample:
    """Of one case, per request; hand-offs per thousand."""

    system_calls: float
    voluntary: float
    involuntary: float
    hand_offs: float


def start(binary, workers, reuseport, binaries, folder, root, cores):
    """A server with that many workers, on as many cores as there are up to that; to be entered."""
    flags = cases.LISTEN_FLAGS[CONFIG] if reuseport else ""

    def text(server_folder, port):
        common = cases.COMMON.replace("worker_processes 1;", f"worker_processes {workers};")
        return common.format(folder=server_folder, worker_connections=4 * SPREAD_CONNECTIONS,
                             settings=cases.SETTINGS[CONFIG].format(folder=server_folder),
                             servers=cases.SERVER.format(port=port, flags=flags, root=root, secure=""))
    name = f"{binary}-{workers}{'-reuseport' if reuseport else ''}"
    server_cores = ",".join(str(core) for core in sorted(set(cores[:workers])))
    return servers.Server(name, binaries[binary], None, folder / name, root, server_cores, text=text)


@contextlib.contextmanager
def strace(server, log):
    """strace counts the system calls of the server's workers during the block; the summary is in `log` then."""
    workers = [word for process_id in server.process_ids()[1:] for word in ("-p", str(process_id))]
    with subprocess.Popen(["strace", "-f", "-c", "-o", str(log), *workers], stderr=subprocess.PIPE, start_new_session=True) as tracer:
        # It says when it has attached.
        if not select.select([tracer.stderr], [], [], ATTACH_SECONDS_MAX)[0] or b"attached" not in os.read(tracer.stderr.fileno(), 4096):
            servers.end_group(tracer)
            raise SystemExit(f"tools/bench: strace did not attach to {server.name}")
        try:
            yield
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.communicate(timeout=10)


def system_calls(server, ask):
    """System calls per request, while strace is attached; ask(seconds) -> wrk.Run."""
    log = server.folder / "strace"
    with strace(server, log):
        requests = ask(STRACE_SECONDS).requests
    total = re.search(r"^\s*100\.00\s+[\d.]+\s+(?:\d+\s+)?(\d+)\s+(?:\d+\s+)?total$", log.read_text(), re.MULTILINE)
    return int(total[1]) / requests


def sample(server, case, seconds, core):
    file, connections, headers = CASES[case]

    def ask(duration):
        run = wrk.run(server.url(f"/{file}.bin"), connections, duration, core, headers)
        if run.errors or not run.requests:
            raise SystemExit(f"tools/bench: {server.name} failed {run.errors} of {run.requests} requests: {case}")
        return run
    workers = server.process_ids()[1:]
    before = threads.read(workers)
    requests = ask(seconds).requests
    time.sleep(load.SETTLE_SECONDS)
    spent = threads.spent(before, threads.read(workers))
    return Sample(system_calls(server, ask), sum(t.voluntary for t in spent) / requests, sum(t.involuntary for t in spent) / requests,
                  sum(t.voluntary for t in spent if t.is_kernel_worker) / requests * 1000)


def sockets_of(server):
    """{worker's process: open sockets}, which says where connections are when each worker is a process."""
    found = {}
    for process_id in server.process_ids()[1:]:
        links = [os.readlink(entry.path) for entry in os.scandir(f"/proc/{process_id}/fd")]
        found[process_id] = sum(link.startswith("socket:") for link in links)
    return found


def ask_all(clients, answer_bytes):
    """One request on each connection, all under way at once."""
    for client in clients:
        client.sendall(idle.REQUEST)
    for client in clients:
        missing = answer_bytes
        while missing > 0:
            part = client.recv(missing)
            if not part:
                raise SystemExit("tools/bench: a connection was closed while workers were compared")
            missing -= len(part)


def bytes_of_answer(port):
    """How long the answer to idle.REQUEST is, head and body."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(idle.REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        received = b"".join(iter(lambda: client.recv(4096), b""))
    return len(received.replace(b"Connection: close", b"Connection: keep-alive"))


def measure_spread(server):
    """(share of the busier worker's time, its share of the connections or None where workers share a process)."""
    answer_bytes = bytes_of_answer(server.port)
    sockets_before = sockets_of(server)
    clients = [idle.open_one(server.port, "127.0.0.1") for _ in range(SPREAD_CONNECTIONS)]
    counts = [count - sockets_before[process_id] for process_id, count in sockets_of(server).items()]
    workers = server.process_ids()[1:]
    before = threads.read(workers)
    for _ in range(SPREAD_ROUNDS):
        ask_all(clients, answer_bytes)
    # The two that work: the others are kernel workers, or wait for something else.
    busy = sorted(t.run_seconds for t in threads.spent(before, threads.read(workers)))[-SPREAD_WORKERS:]
    for client in clients:
        client.close()
    return busy[-1] / sum(busy), max(counts) / sum(counts) if len(counts) > 1 else None


def measure_counts(plan, binaries, cores, folder, root):
    """{(binary, workers): {case: [Sample, one a round]}}"""
    results = {(binary, workers): {case: [] for case in CASES} for workers in WORKERS for binary in BINARIES}
    keys = list(results)
    with contextlib.ExitStack() as stack:
        running = {key: stack.enter_context(start(*key, True, binaries, folder, root, cores)) for key in keys}
        for turn in range(plan.rounds):
            for key in keys[turn % len(keys):] + keys[:turn % len(keys)]:
                for case, samples in results[key].items():
                    samples.append(sample(running[key], case, plan.seconds, cores[1]))
                print(f"scaling {key}: {[samples[-1] for samples in results[key].values()]}", file=sys.stderr, flush=True)
    return results


def measure(plan, binaries, cores, folder):
    """(what measure_counts says, {(binary, reuseport): [what measure_spread says, one a round]})"""
    root = folder / "files"
    root.mkdir(parents=True)
    root.chmod(0o755)
    for name, size in FILES.items():
        (root / f"{name}.bin").write_bytes(os.urandom(size))
    (root / "small.bin").write_bytes(os.urandom(1024))  # what idle.REQUEST asks for
    found = measure_counts(plan, binaries, cores, folder, root)
    spreads = {(binary, reuseport): [] for reuseport in (False, True) for binary in BINARIES}
    for turn in range(plan.rounds):
        for (binary, reuseport), samples in spreads.items():
            with start(binary, SPREAD_WORKERS, reuseport, binaries, folder / f"spread-{turn}", root, cores) as server:
                samples.append(measure_spread(server))
            print(f"spread {binary} reuseport {reuseport}: {samples[-1]}", file=sys.stderr, flush=True)
    return found, spreads


def middle(samples, field):
    return statistics.median(getattr(s, field) for s in samples)


def add_to(page, results):
    """Two tables: what is counted per request, and how connections are spread over two workers."""
    found, spreads = results
    fields = {"system calls": "system_calls", "voluntary switches": "voluntary", "involuntary": "involuntary",
              "hand-offs per 1,000": "hand_offs"}
    rows = [[f"{case}, {workers} worker{'s' if workers > 1 else ''}, {binary}"] + [f"{middle(samples, f):.3f}" for f in fields.values()]
            for case in CASES for (binary, workers), counted in found.items() for samples in [counted[case]]]
    page.table(["**per request**", *fields], rows)
    page.lines += ["Tuned configuration, 64 connections. Switches are those of all threads of the workers, voluntary ones are waits; "
                   "hand-offs are the waits of io_uring's kernel workers. System calls were counted by strace in a run of its own: it "
                   "slows the server down, so that more requests are ready at each wait than without it. With two workers the clients "
                   "share a core with one of them.", ""]
    rows = []
    for (binary, reuseport), samples in spreads.items():
        shares = [share for _, share in samples if share is not None]
        rows.append([f"{binary}{', reuseport' if reuseport else ''}", f"{statistics.median(busy for busy, _ in samples):.0%}",
                     f"{statistics.median(shares):.0%}" if shares else ""])
    page.table([f"**{SPREAD_CONNECTIONS:,} connections, {SPREAD_WORKERS} workers**", "of the time: busier worker",
                "of the connections"], rows)
    page.lines += ["Opened one after the other, each with one answer before the next; then all ask equally often. The sockets of a "
                   "worker are known where it is a process.", ""]
