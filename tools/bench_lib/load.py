"""Requests under load: wrk or h2load on one core against each contender in turn, with the server's CPU time read before and after."""

import contextlib
import dataclasses
import functools
import hashlib
import http.client
import os
import re
import ssl
import statistics
import subprocess
import sys
import time

from bench_lib import cases, files, peers, servers, wrk

# From this size on, what the client had begun to read when its time was up is no small part: bytes are counted, not finished answers.
COUNT_BYTES_FROM = 1 << 20
SETTLE_SECONDS = 0.15
# What takes longer counts as failed: of large files on many connections no answer is quick.
TIMEOUT = ("--timeout", "20s")
# Over HTTP/2 bodies of this size and more are asked for until so much has come, each stream's last one whole.
H2LOAD_COUNTED_FROM = 64 << 10
H2LOAD_BYTES = 1 << 30
H2LOAD_SECONDS_MORE = 60
# nginx closes idle connections when fewer than a sixteenth are free (ngx_drain_connections).
WORKER_CONNECTIONS_MIN = 1024
WORKER_CONNECTIONS_EACH = 2


@dataclasses.dataclass
class Sample:
    requests_per_second: float
    cpu_us: float
    # None where they are not known (h2load does not say them), 0 where no answer was finished.
    p50_us: float | None
    p99_us: float | None
    p999_us: float | None
    pss_mib: float  # of all processes, right after the clients have gone
    errors: int


@dataclasses.dataclass(frozen=True)
class Case:
    size: str
    mode: str
    connections: int


def make_files(root, sizes):
    """Files of random bytes: nothing on the way may profit from compressing them. All were modified at cases.MODIFIED."""
    root.mkdir(parents=True)
    root.chmod(0o755)
    for name, size in sizes.items():
        (root / f"{name}.bin").write_bytes(os.urandom(size))
        (root / f"{name}.bin").chmod(0o644)
        os.utime(root / f"{name}.bin", (cases.MODIFIED, cases.MODIFIED))


@functools.cache
def digest_of(path):
    return hashlib.sha256(path.read_bytes()).digest()


def check_answers(server, root, sizes):
    """Every file comes whole from every port of every server: nobody is measured sending error pages.

    Over HTTP/2 h2load counts statuses and bytes, see run_h2load.
    """
    trusting = ssl._create_unverified_context()
    for listener, port in server.ports.items():
        if listener == "h2c":
            continue
        for name in sizes:
            if "ssl" in cases.LISTENERS[listener]:
                connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=trusting)
            else:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", f"/{name}.bin")
            answer = connection.getresponse()
            digest = hashlib.sha256(answer.read()).digest()
            connection.close()
            if answer.status != 200 or digest != digest_of(root / f"{name}.bin"):
                raise SystemExit(f"tools/bench: {server.name} answers /{name}.bin with {answer.status} or other bytes")


def body_of(request, root):
    """The bytes that a cases.Request brings, None where they are the server's own text."""
    if request.status in (200, 206):
        return (root / (request.body_path or request.path).lstrip("/")).read_bytes()[slice(*request.part)]
    return b"" if request.status == 304 else None


def check_requests(server, root, modes):
    """The modes with a request of their own get the answer that they are to measure."""
    for mode in modes:
        request, wanted = mode.request, body_of(mode.request, root)
        connection = http.client.HTTPConnection("127.0.0.1", server.ports[mode.listener], timeout=10)
        connection.request("GET", request.path, headers=dict(request.headers))
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        if answer.status != request.status or body != (body if wanted is None else wanted):
            raise SystemExit(f"tools/bench: {server.name} answers {request.path} with {answer.status} and {len(body)} bytes: {mode.title}")


UNITS_US = {"us": 1, "ms": 1e3, "s": 1e6, "m": 6e7}


def microseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)([A-Za-z]+)", text).groups()
    return float(number) * UNITS_US[unit]


def run_h2load(url, connections, seconds, core, log=None, streams=cases.H2_STREAMS, http2=True, requests=None):
    """One run of h2load: (finished requests, bytes of bodies, elapsed seconds, times of requests in us in order, errors).

    Times are known with a `log`, which costs the client a write() for each request. With `requests` it goes on until so many are
    answered, however long that takes: at the end of its time h2load counts no more, but lets what it has asked for be sent all the same.
    """
    extent = f"-D{seconds}" if requests is None else f"-n{requests}"
    command = ["taskset", "-c", str(core), "h2load", "-t1", f"-c{connections}", f"-m{streams}", extent]
    if log:
        log.unlink(missing_ok=True)
        command.append(f"--log-file={log}")
    if not http2:
        command.append("--h1")
    done = subprocess.run([*command, url], capture_output=True, text=True, timeout=seconds * 3 + H2LOAD_SECONDS_MORE, check=True)
    said = done.stdout
    finished = re.search(r"finished in ([\d.]+\w+)", said)
    finished_requests, failed, errored, timeout = (int(n) for n in re.search(
        r"(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", said).groups())
    bad = sum(int(n) for n in re.search(r"(\d+) 3xx, (\d+) 4xx, (\d+) 5xx", said).groups())
    size = int(re.search(r"\((\d+)\) data", said)[1])
    times = sorted(int(line.split("\t")[2]) for line in log.read_text().splitlines()) if log else []
    return finished_requests, size, microseconds(finished[1]) / 1e6, times, failed + errored + timeout + bad


def h2load_requests(case, body_bytes):
    """How many it is to wait for, None: as many as it gets in its time. Of large bodies that which is under way on all streams when
    the time is up is no small part."""
    if body_bytes < H2LOAD_COUNTED_FROM:
        return None
    return max(case.connections * cases.H2_STREAMS, H2LOAD_BYTES // body_bytes)


def run_client(server, case, body_bytes, seconds, core):
    """One run of the case's client, as a wrk.Run; h2load says nothing of latencies (None)."""
    mode = cases.MODES[case.mode]
    request = mode.request or cases.Request(case.size, f"/{case.size}.bin")
    url = server.url(request.path, mode.listener)
    if mode.client == "h2load":
        finished, read_bytes, elapsed, _, errors = run_h2load(url, case.connections, seconds, core,
                                                              requests=h2load_requests(case, body_bytes))
        return wrk.Run(finished, read_bytes, elapsed, None, None, None, errors)
    headers = request.headers + ((("Connection", "close"),) if mode.new_connections else ())
    return wrk.run(url, case.connections, seconds, core, headers, request.script, request.status,
                   TIMEOUT if body_bytes >= COUNT_BYTES_FROM else ())


def sample(server, case, body_bytes, seconds, core):
    before = server.cpu_seconds()
    run = run_client(server, case, body_bytes, seconds, core)
    # What the last answers and the log cost still runs for a moment after the client has gone.
    time.sleep(SETTLE_SECONDS)
    spent = server.cpu_seconds() - before
    if run.read_bytes < (run.requests - run.errors) * body_bytes:
        raise SystemExit(f"tools/bench: {server.name} sent {run.read_bytes} bytes in {run.requests} answers in {case}")
    count = run.read_bytes / body_bytes if body_bytes >= COUNT_BYTES_FROM else run.requests
    if count <= 0:
        raise SystemExit(f"tools/bench: {server.name} answered nothing in {case}")
    pss_mib = server.memory_kib()["pss"] / 1024
    return Sample(count / run.seconds, spent / count * 1e6, run.p50_us, run.p99_us, run.p999_us, pss_mib, run.errors)


def cases_of(plan, root):
    """Every case with the size of a body: the files of each size, then the modes with a request of their own."""
    smallest = min(plan.sizes.values())
    for size, size_bytes in plan.sizes.items():
        for name, mode in plan.modes.items():
            if mode.request or mode.smallest_only and size_bytes != smallest:
                continue
            for connections in plan.connections:
                yield Case(size, name, connections), size_bytes
    for name, mode in plan.modes.items():
        if mode.request:
            for connections in plan.connections:
                yield Case(mode.request.size, name, connections), len(body_of(mode.request, root) or b"")


def make_all_files(root, plan):
    """The files of the plan's sizes, and what its modes need beside them."""
    requests = [mode.request for mode in plan.modes.values() if mode.request]
    make_files(root, plan.sizes | {request.size: cases.SIZES[request.size] for request in requests if request.size})
    for folder in {request.folder for request in requests if request.folder}:
        files.FOLDERS[folder](root / folder)


def measure(plan, binaries, cores, folder, certificates):
    """{Case: {contender: [Sample, one a round]}}"""
    root = folder / "files"
    make_all_files(root, plan)
    worker_connections = max(WORKER_CONNECTIONS_MIN, WORKER_CONNECTIONS_EACH * max(plan.connections))
    results = {}
    with contextlib.ExitStack() as stack:
        running = {}
        for name, (binary, config) in plan.contenders.items():
            running[name] = stack.enter_context(servers.Server(
                name, binaries[binary], config, folder / name, root, cores[0], worker_connections, peers.listeners_of(name),
                certificates=certificates, tls_protocol=plan.tls_protocol))
            if name != peers.FLOOR:
                check_answers(running[name], root, plan.sizes)
                check_requests(running[name], root, [m for m in plan.modes.values() if m.request and peers.knows(name, m)])
        for case, size_bytes in cases_of(plan, root):
            names = [name for name in running if peers.plays(name, case)]
            if not names:
                continue
            rows = results[case] = {name: [] for name in names}
            for turn in range(plan.rounds):
                for name in names[turn % len(names):] + names[:turn % len(names)]:
                    rows[name].append(sample(running[name], case, size_bytes, plan.seconds, cores[1]))
            told = ", ".join(f"{n} {statistics.median(s.cpu_us for s in rows[n]):.1f} us" for n in names)
            print(f"{case.size} {case.mode} {case.connections}: {told}", file=sys.stderr, flush=True)
    return results
