"""Requests under load: wrk on one core against each contender in turn, with the server's CPU time read before and after."""

import contextlib
import dataclasses
import hashlib
import http.client
import os
import re
import statistics
import subprocess
import sys
import time

from bench_lib import servers

# From this size on, what wrk had begun to read when its time was up is no small part: bytes are counted, not finished answers.
COUNT_BYTES_FROM = 1 << 20
SETTLE_SECONDS = 0.15


@dataclasses.dataclass
class Sample:
    requests_per_second: float
    cpu_us: float
    p99_us: float
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
    """Every file comes whole from every server: nobody is measured sending error pages."""
    for name in sizes:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
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


def run_wrk(url, mode, connections, seconds, core):
    """One run of wrk: (finished requests, bytes read, elapsed seconds, p99 in us, errors)."""
    command = ["taskset", "-c", str(core), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    if mode == "new":
        command += ["-H", "Connection: close"]
    done = subprocess.run([*command, url], capture_output=True, text=True, timeout=seconds * 3 + 30, check=True)
    said = done.stdout
    requests, elapsed, size = re.search(r"(\d+) requests in ([\d.]+\w+), ([\d.]+\w+) read", said).groups()
    p99 = re.search(r"99%\s+([\d.]+\w+)", said)
    errors = sum(int(n) for n in re.findall(r"(?:connect|read|write|timeout) (\d+)", said))
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    return int(requests), scaled(size), scaled(elapsed) / 1e6, scaled(p99[1]) if p99 else 0.0, errors + (int(bad[1]) if bad else 0)


def sample(server, case, size_bytes, seconds, core):
    before = server.cpu_seconds()
    requests, read_bytes, elapsed, p99_us, errors = run_wrk(server.url(f"/{case.size}.bin"), case.mode, case.connections,
                                                            seconds, core)
    # What the last answers and the log cost still runs for a moment after wrk has gone.
    time.sleep(SETTLE_SECONDS)
    spent = server.cpu_seconds() - before
    count = read_bytes / size_bytes if size_bytes >= COUNT_BYTES_FROM else requests
    if count <= 0:
        raise SystemExit(f"tools/bench: {server.name} answered nothing in {case}")
    return Sample(count / elapsed, spent / count * 1e6, p99_us, errors)


def measure(plan, binaries, cores, folder):
    """{Case: {contender: [Sample, one a round]}}"""
    root = folder / "files"
    make_files(root, plan.sizes)
    results = {}
    with contextlib.ExitStack() as stack:
        running = {}
        for name, (binary, config) in plan.contenders.items():
            running[name] = stack.enter_context(servers.Server(name, binaries[binary], config, folder / name, root, cores[0]))
            check_answers(running[name], root, plan.sizes)
        names = list(running)
        for size, size_bytes in plan.sizes.items():
            for mode in plan.modes:
                for connections in plan.connections:
                    case = Case(size, mode, connections)
                    rows = results[case] = {name: [] for name in names}
                    for turn in range(plan.rounds):
                        for name in names[turn % len(names):] + names[:turn % len(names)]:
                            rows[name].append(sample(running[name], case, size_bytes, plan.seconds, cores[1]))
                    told = ", ".join(f"{n} {statistics.median(s.cpu_us for s in rows[n]):.1f} us" for n in names)
                    print(f"{size} {mode} {connections}: {told}", file=sys.stderr, flush=True)
    return results
