"""Requests while the configuration is read again and again: the master gets SIGHUP four times a second."""

import concurrent.futures
import contextlib
import dataclasses
import os
import signal
import statistics
import sys
import time

from bench_lib import servers, wrk

INTERVAL_SECONDS = 0.25
MORE_SECONDS = 3
CONNECTIONS = 64
# Old workers have ended by then.
SETTLE_SECONDS = 1


@dataclasses.dataclass
class Sample:
    requests_per_second: float
    cpu_us: float
    p99_us: float
    errors: int
    requests: int
    reloads: int
    pss_before_kib: int
    pss_after_kib: int
    processes_more: int  # after than before


def reload_until(server, running):
    """Sends SIGHUP every INTERVAL_SECONDS until the Future `running` is there; how often that was."""
    count = 0
    while not running.done():
        os.kill(server.process.pid, signal.SIGHUP)
        count += 1
        concurrent.futures.wait([running], timeout=INTERVAL_SECONDS)
    return count


def measure_one(server, seconds, core):
    before, pss, processes = server.cpu_seconds(), server.memory_kib()["pss"], len(server.process_ids())
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        running = pool.submit(wrk.run, server.url("/1k.bin"), CONNECTIONS, seconds, core)
        reloads = reload_until(server, running)
        run = running.result()
    time.sleep(SETTLE_SECONDS)
    if server.process.poll() is not None:
        raise SystemExit(f"tools/bench: {server.name} ended when it was to read its configuration again")
    spent = server.cpu_seconds() - before
    return Sample(run.requests / run.seconds, spent / max(run.requests, 1) * 1e6, run.p99_us, run.errors, run.requests, reloads, pss,
                  server.memory_kib()["pss"], len(server.process_ids()) - processes)


def measure(plan, binaries, cores, folder):
    """{contender: [Sample, one a round]}"""
    root = folder / "files"
    root.mkdir(parents=True)
    root.chmod(0o755)
    (root / "1k.bin").write_bytes(os.urandom(1024))
    results = {name: [] for name in plan.own_contenders()}
    names = list(results)
    with contextlib.ExitStack() as stack:
        running = {name: stack.enter_context(servers.Server(name, binaries[binary], config, folder / name, root, cores[0]))
                   for name, (binary, config) in plan.own_contenders().items()}
        for turn in range(plan.rounds):
            for name in names[turn % len(names):] + names[:turn % len(names)]:
                results[name].append(measure_one(running[name], plan.seconds + MORE_SECONDS, cores[1]))
                print(f"reload {name}: {results[name][-1]}", file=sys.stderr, flush=True)
    return results


def add_to(page, results):
    rows = []
    for name, samples in results.items():
        middle = {field.name: statistics.median(getattr(s, field.name) for s in samples) for field in dataclasses.fields(Sample)}
        rows.append([name.replace("-", " "), f"{middle['requests_per_second']:,.0f}", f"{middle['cpu_us']:.1f}", f"{middle['p99_us']:,.0f}",
                     f"{sum(s.errors for s in samples):,} of {sum(s.requests for s in samples):,}", f"{middle['reloads']:.0f}",
                     f"{middle['pss_before_kib'] / 1024:.1f}", f"{middle['pss_after_kib'] / 1024:.1f}", f"{middle['processes_more']:.0f}"])
    page.table(["**1 KiB, keep-alive, while reloading**", "requests/s", "server CPU, us per request", "p99, us", "failed", "reloads",
                "PSS before, MiB", "after", "processes more"], rows)
    page.lines += [f"SIGHUP every {INTERVAL_SECONDS * 1000:.0f} ms, {CONNECTIONS} connections. Failed, the sum of all rounds: requests "
                   "that were sent on a connection which the old worker then closed without an answer, by wrk's count. The CPU is that of "
                   "reading the configuration and of ended workers too. After: a second later.", ""]
