"""A thousand clients of a slow disk at once: what the server grows by meanwhile, and what a hot file's clients notice."""

import concurrent.futures
import dataclasses
import selectors
import socket
import statistics
import sys
import time

from bench_lib import slow_disk, threads, wrk

CONNECTIONS = 1000
PATH = "/slow/f%d.bin"
# Apart from every path that was asked for before.
FIRST_NUMBER = 500_000_000
HOT_CONNECTIONS = 8
HOT_SECONDS = 3
# A server that waits for one file after the other needs a minute or more.
SECONDS_MAX = 10
SAMPLE_SECONDS = 0.1


@dataclasses.dataclass
class Sample:
    answered: int  # with 200 and all bytes
    seconds: float  # until the last answer
    threads_before: int
    threads_most: int
    kernel_workers_most: int
    pss_before_kib: int
    pss_most_kib: int
    hot_per_second: float
    hot_p99_us: float  # of those that were finished
    hot_late: int  # not finished after 2 s (wrk's timeout)


class Client:
    """One connection, open before its request is sent."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.received = b""

    def send(self, path):
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        self.socket.setblocking(False)

    def read(self):
        """Takes what is there; whether more is to come."""
        part = self.socket.recv(1 << 16)
        self.received += part
        return part != b"" and not self.complete

    @property
    def complete(self):
        head, _, body = self.received.partition(b"\r\n\r\n")
        return head.startswith(b"HTTP/1.1 200 ") and len(body) == slow_disk.FILE_BYTES


class Growth:
    """The most threads and memory of a server, looked at every SAMPLE_SECONDS."""

    def __init__(self, server):
        self.process_ids = server.process_ids()
        self.server = server
        self.threads_before = len(threads.names(self.process_ids))
        self.pss_before = server.memory_kib()["pss"]
        self.threads_most = self.kernel_workers_most = self.pss_most = 0
        self.next_look = time.monotonic()

    def look(self):
        if time.monotonic() < self.next_look:
            return
        names = threads.names(self.process_ids)
        self.threads_most = max(self.threads_most, len(names))
        self.kernel_workers_most = max(self.kernel_workers_most, sum(name.startswith(threads.KERNEL_WORKER) for name in names))
        self.pss_most = max(self.pss_most, self.server.memory_kib()["pss"])
        self.next_look = time.monotonic() + SAMPLE_SECONDS


def await_answers(clients, growth, until):
    """Reads until all are answered or it is `until`; growth.look() meanwhile."""
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client.socket, selectors.EVENT_READ, client)
        while selector.get_map() and time.monotonic() < until:
            for key, _ in selector.select(SAMPLE_SECONDS):
                if not key.data.read():
                    selector.unregister(key.fileobj)
            growth.look()


def measure_one(server, first, hot_path, core):
    clients = [Client(server.port) for _ in range(CONNECTIONS)]
    wrk.run(server.url(hot_path), HOT_CONNECTIONS, 1, core)  # the hot file is hot
    growth = Growth(server)
    began = time.monotonic()
    for number, client in enumerate(clients, first):
        client.send(PATH % number)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        hot = pool.submit(wrk.run, server.url(hot_path), HOT_CONNECTIONS, HOT_SECONDS, core)
        await_answers(clients, growth, began + SECONDS_MAX)
        seconds = time.monotonic() - began
        hot = hot.result()
    for client in clients:
        client.socket.close()
    return Sample(sum(client.complete for client in clients), seconds, growth.threads_before, growth.threads_most,
                  growth.kernel_workers_most, growth.pss_before, growth.pss_most, hot.requests / hot.seconds, hot.p99_us, hot.errors)


def measure(plan, contenders, begin, hot_path, core):
    """{contender: [Sample, one a round]}; begin(contender, round) gives a new server, to be entered."""
    results = {name: [] for name in contenders}
    for turn in range(plan.rounds):
        for place, name in enumerate(contenders[turn % len(contenders):] + contenders[:turn % len(contenders)]):
            with begin(name, turn) as server:
                first = FIRST_NUMBER + (turn * len(contenders) + place) * CONNECTIONS
                results[name].append(measure_one(server, first, hot_path, core))
            print(f"burst {name}: {results[name][-1]}", file=sys.stderr, flush=True)
    return results


def add_to(page, results, quiet):
    """The table; `quiet`: {contender: samples with the p99_us of the hot file beside nothing}."""
    rows = []
    for name, samples in results.items():
        middle = {field.name: statistics.median(getattr(s, field.name) for s in samples) for field in dataclasses.fields(Sample)}
        latency = ["none", "none"]
        p99s, quiet_p99s = [s.hot_p99_us for s in samples if s.hot_per_second], [s.p99_us for s in quiet[name] if s.requests_per_second]
        if p99s and quiet_p99s:
            p99 = statistics.median(p99s)
            latency = [f"{p99:,.0f}", f"{p99 / statistics.median(quiet_p99s):,.1f}"]
        rows.append([name.replace("-", " "), f"{middle['answered']:,.0f}", f"{middle['seconds']:.1f}",
                     f"{middle['threads_before']:.0f}", f"{middle['threads_most']:.0f}", f"{middle['kernel_workers_most']:.0f}",
                     f"{middle['pss_before_kib'] / 1024:.1f}", f"{middle['pss_most_kib'] / 1024:.1f}",
                     f"{middle['hot_per_second']:,.0f}", *latency, f"{middle['hot_late']:.0f}"])
    page.table([f"**{CONNECTIONS:,} cold requests at once**", "answered", "after, s", "threads before", "most", "kernel workers, most",
                "PSS before, MiB", "most", "hot requests/s", "p99, us", "times", "later than 2 s"], rows)
    page.lines += [f"Each of {CONNECTIONS:,} connections asks for another file on the slow disk; those that had their answer, whole, "
                   f"within {SECONDS_MAX} s. {HOT_CONNECTIONS} connections ask for the hot file in the first {HOT_SECONDS} s; p99 of "
                   "requests finished within 2 s (what never came is counted nowhere), times: of the p99 beside nothing. "
                   "Kernel workers are io_uring's, and counted among the threads.", ""]
