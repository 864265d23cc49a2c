"""Requests under load: wrk or h2load on one core against each contender in turn, with the server's CPU time read before and after."""

import contextlib
import dataclasses
import hashlib
import http.client
import os
import re
import ssl
import statistics
import subprocess
import sys
import time

from bench_lib import cases, peers, servers

# From this size on, what the client had begun to read when its time was up is no small part: bytes are counted, not finished answers.
COUNT_BYTES_FROM = 1 << 20
SETTLE_SECONDS = 0.15


@dataclasses.dataclass
class Sample:
    requests_per_second: float
    cpu_us: float
    p99_us: float | None  # wrk says it, h2load does not
    errors: int


@dataclasses.dataclass(frozen=True)
class Case:
    size: str
    mode: str
    connections: int


def make_files(root, sizes):
    """Files of random bytes: nothing on the way may profit from compressing them."""
    root.mkdir(parents=True)
    root.chmod(0o755)
    for name, size in sizes.items():
        (root / f"{name}.bin").write_bytes(os.urandom(size))
        (root / f"{name}.bin").chmod(0o644)


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
            if answer.status != 200 or digest != hashlib.sha256((root / f"{name}.bin").read_bytes()).digest():
                raise SystemExit(f"tools/bench: {server.name} answers /{name}.bin with {answer.status} or other bytes")


UNITS = {"us": 1, "ms": 1e3, "s": 1e6, "m": 6e7, "B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}


def scaled(text):
    number, unit = re.fullmatch(r"([\d.]+)([A-Za-z]+)", text).groups()
    return float(number) * UNITS[unit]


def run_wrk(url, mode, connections, seconds, core, more=()):
    """One run of wrk: (finished requests, bytes read, elapsed seconds, p99 in us, errors).

    wrk offers no session to resume: over TLS each new connection is a full handshake.
    """
    command = ["taskset", "-c", str(core), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", *more]
    if mode.new_connections:
        command += ["-H", "Connection: close"]
    done = subprocess.run([*command, url], capture_output=True, text=True, timeout=seconds * 3 + 30, check=True)
    said = done.stdout
    requests, elapsed, size = re.search(r"(\d+) requests in ([\d.]+\w+), ([\d.]+\w+) read", said).groups()
    p99 = re.search(r"99%\s+([\d.]+\w+)", said)
    errors = sum(int(n) for n in re.findall(r"(?:connect|read|write|timeout) (\d+)", said))
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    return int(requests), scaled(size), scaled(elapsed) / 1e6, scaled(p99[1]) if p99 else 0.0, errors + (int(bad[1]) if bad else 0)


def run_h2load(url, connections, seconds, core, log=None, streams=cases.H2_STREAMS, http2=True):
    """One run of h2load: (finished requests, bytes of bodies, elapsed seconds, times of requests in us in order, errors).

    Times are known with a `log`, which costs the client a write() for each request.
    """
    command = ["taskset", "-c", str(core), "h2load", "-t1", f"-c{connections}", f"-m{streams}", f"-D{seconds}"]
    if log:
        log.unlink(missing_ok=True)
        command.append(f"--log-file={log}")
    if not http2:
        command.append("--h1")
    done = subprocess.run([*command, url], capture_output=True, text=True, timeout=seconds * 3 + 30, check=True)
    said = done.stdout
    finished = re.search(r"finished in ([\d.]+\w+)", said)
    requests, failed, errored, timeout = (int(n) for n in re.search(
        r"(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", said).groups())
    bad = sum(int(n) for n in re.search(r"(\d+) 3xx, (\d+) 4xx, (\d+) 5xx", said).groups())
    size = int(re.search(r"\((\d+)\) data", said)[1])
    times = sorted(int(line.split("\t")[2]) for line in log.read_text().splitlines()) if log else []
    return requests, size, scaled(finished[1]) / 1e6, times, failed + errored + timeout + bad


def sample(server, case, size_bytes, seconds, core):
    mode = cases.MODES[case.mode]
    url = server.url(f"/{case.size}.bin", mode.listener)
    before = server.cpu_seconds()
    if mode.client == "wrk":
        requests, read_bytes, elapsed, p99_us, errors = run_wrk(url, mode, case.connections, seconds, core)
    else:
        requests, read_bytes, elapsed, _, errors = run_h2load(url, case.connections, seconds, core)
        p99_us = None
        if read_bytes < requests * size_bytes:
            raise SystemExit(f"tools/bench: {server.name} sent {read_bytes} bytes in {requests} answers in {case}")
    # What the last answers and the log cost still runs for a moment after the client has gone.
    time.sleep(SETTLE_SECONDS)
    spent = server.cpu_seconds() - before
    count = read_bytes / size_bytes if size_bytes >= COUNT_BYTES_FROM else requests
    if count <= 0:
        raise SystemExit(f"tools/bench: {server.name} answered nothing in {case}")
    return Sample(count / elapsed, spent / count * 1e6, p99_us, errors)


def cases_of(plan):
    """Every case with the size of its file."""
    smallest = min(plan.sizes.values())
    for size, size_bytes in plan.sizes.items():
        for name, mode in plan.modes.items():
            if mode.smallest_only and size_bytes != smallest:
                continue
            for connections in plan.connections:
                yield Case(size, name, connections), size_bytes


def measure(plan, binaries, cores, folder, certificates):
    """{Case: {contender: [Sample, one a round]}}"""
    root = folder / "files"
    make_files(root, plan.sizes)
    results = {}
    with contextlib.ExitStack() as stack:
        running = {}
        for name, (binary, config) in plan.contenders.items():
            running[name] = stack.enter_context(servers.Server(
                name, binaries[binary], config, folder / name, root, cores[0], listeners=peers.listeners_of(name),
                certificates=certificates, tls_protocol=plan.tls_protocol))
            if name != peers.FLOOR:
                check_answers(running[name], root, plan.sizes)
        for case, size_bytes in cases_of(plan):
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
