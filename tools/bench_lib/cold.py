"""A hot file's latency while other clients wait for a slow disk (slow_disk.py): files, listings and absent paths, never one twice.

The clients of the slow disk, and the disk itself, run on the core of the hot file's client. What that alone costs is measured too:
the same clients ask another server, on their own core, and the measured one has nothing but the hot file to do.
"""

import concurrent.futures
import contextlib
import dataclasses
import http.client
import itertools
import os
import statistics
import sys
import time

from bench_lib import burst, cases, servers, slow_disk, wrk

HOT_PATH = "/hot.bin"
CONNECTIONS = 8
# Clients of the slow disk begin that much before the hot file's, and end that much after.
LEAD_SECONDS = 0.5
# What waits in a server after its clients have gone: 8 listings, one after the other.
DRAIN_SECONDS_MAX = 60
# What is asked for -> (path, status, bytes of the answer if they are known).
COLD = {
    "files": ("/slow/f%d.bin", 200, slow_disk.FILE_BYTES),
    "listings": ("/slow/list%d/", 200, None),
    "absent paths": ("/slow/none%d", 404, None),
}
QUIET = "nothing"
CONTROL = "files asked of another server"
# Case -> (what is asked for, whether another server is asked).
CASES = {QUIET: (None, False), CONTROL: ("files", True)} | {kind: (kind, False) for kind in COLD}
EXTRA_CONTENDER = "nginx-aio"
CONTROL_CONTENDER = "uringx-tuned"

# No try_files: it would look every path up twice.
SERVER = """    server {{
        listen 127.0.0.1:{port}{flags};
        root {root};
        autoindex on;
    }}
"""
SCRIPT = """local number = {first}
request = function()
  number = number + 1
  return wrk.format("GET", string.format("{path}", number))
end
"""


@dataclasses.dataclass
class Sample:
    requests_per_second: float
    p99_us: float
    cpu_us: float  # of the server, per hot request
    cold_per_second: float
    disk_cpu: float  # share of a core


def contenders_of(plan):
    """The plan's, and nginx with threads for files where none were chosen by hand."""
    own = plan.own_contenders()
    if ",".join(own) != cases.DEFAULT_CONTENDERS:
        return own
    return {name: contender for name, contender in cases.CONTENDERS.items() if name in own or name == EXTRA_CONTENDER}


def start(name, binaries, folder, root, core):
    """A contender of cases.CONTENDERS that serves `root` and lists folders, to be entered."""
    binary, config = cases.CONTENDERS[name]

    def text(server_folder, port):
        return cases.COMMON.format(
            folder=server_folder, worker_connections=4 * burst.CONNECTIONS, settings=cases.SETTINGS[config].format(folder=server_folder),
            servers=SERVER.format(port=port, flags=cases.LISTEN_FLAGS[config], root=root))
    return servers.Server(name, binaries[binary], None, folder, root, core, text=text)


def ask(server, path):
    """(status, body) of one answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=DRAIN_SECONDS_MAX)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def check_answers(server, numbers):
    """Nobody is measured sending error pages: one answer of each kind is as it should be."""
    for kind, (path, status, size) in COLD.items():
        got, body = ask(server, path % next(numbers))
        listed = kind != "listings" or body.count(b"<a href=\"f") == slow_disk.LISTED_FILES
        if got != status or not listed or size not in (None, len(body)):
            raise SystemExit(f"tools/bench: {server.name} answers {path} with {got}, {len(body)} bytes")


@contextlib.contextmanager
def cold_clients(server, kind, seconds, core, numbers):
    """Clients that ask for what is not cached, around the block; gives the Future of wrk.run(). `kind` None: no clients."""
    if kind is None:
        yield None
        return
    path, status, _ = COLD[kind]
    script = SCRIPT.format(first=next(numbers), path=path)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        yield pool.submit(wrk.run, server.url("/slow/"), CONNECTIONS, seconds, core, script=script, status=status)


def disk_cpu_seconds(disk):
    return sum(int(ticks) for ticks in servers.read_stat(disk.pid)[11:13]) / servers.TICKS_PER_SECOND


def measure_one(server, kind, asked, disk, numbers, plan, core):
    """The hot file's Sample from `server`, while clients ask `asked` for what `kind` says."""
    with cold_clients(asked, kind, plan.seconds + round(2 * LEAD_SECONDS), core, numbers) as cold:
        time.sleep(LEAD_SECONDS)
        cpu, disk_cpu = server.cpu_seconds(), disk_cpu_seconds(disk)
        hot = wrk.run(server.url(HOT_PATH), CONNECTIONS, plan.seconds, core)
        cpu, disk_cpu = server.cpu_seconds() - cpu, disk_cpu_seconds(disk) - disk_cpu
    ask(server, HOT_PATH)  # whatever waits in it is answered first
    cold_per_second = cold.result().requests / cold.result().seconds if cold else 0
    return Sample(hot.requests / hot.seconds, hot.p99_us, cpu / hot.requests * 1e6 if hot.requests else 0, cold_per_second,
                  disk_cpu / hot.seconds)


def measure_cases(plan, binaries, cores, folder, root, disk):
    """{contender: {case: [Sample, one a round]}}"""
    # A client takes its paths from a number of its own on: none is asked for twice.
    numbers = itertools.count(10_000, 10_000)
    contenders = list(contenders_of(plan))
    results = {name: {case: [] for case in CASES} for name in contenders}
    with contextlib.ExitStack() as stack:
        running = {name: stack.enter_context(start(name, binaries, folder / name, root, cores[0])) for name in contenders}
        control = stack.enter_context(start(CONTROL_CONTENDER, binaries, folder / "control", root, cores[1]))
        for server in running.values():
            check_answers(server, numbers)
        for turn in range(plan.rounds):
            for name in contenders[turn % len(contenders):] + contenders[:turn % len(contenders)]:
                for case, (kind, elsewhere) in CASES.items():
                    asked = control if elsewhere else running[name]
                    results[name][case].append(measure_one(running[name], kind, asked, disk, numbers, plan, cores[1]))
                told = ", ".join(f"{case} {samples[-1].requests_per_second:.0f}/s" for case, samples in results[name].items())
                print(f"cold {name}: {told}", file=sys.stderr, flush=True)
    return results


def measure(plan, binaries, cores, folder):
    """(what measure_cases says, what burst.measure says), or None where it cannot be measured."""
    if os.geteuid() != 0 or not os.path.exists("/dev/fuse"):
        return None
    root = folder / "files"
    (root / "slow").mkdir(parents=True)
    for shared in (folder, root):
        shared.chmod(0o755)
    (root / HOT_PATH[1:]).write_bytes(os.urandom(1024))

    def begin(name, turn):
        return start(name, binaries, folder / f"burst-{name}-{turn}", root, cores[0])

    with contextlib.ExitStack() as stack:
        try:
            disk = stack.enter_context(slow_disk.mounted(root / "slow"))
        except OSError as error:
            print(f"tools/bench: {error}; no slow disk", file=sys.stderr)
            return None
        found = measure_cases(plan, binaries, cores, folder, root, disk)
        return found, burst.measure(plan, list(contenders_of(plan)), begin, HOT_PATH, cores[1])


def row_of(name, case, samples):
    """The table's row: the ratios are to the same contender's samples beside nothing, round by round."""
    now, alone = samples[case], samples[QUIET]
    rate = statistics.median(s.requests_per_second for s in now)
    row = [f"{name.replace('-', ' ')}, beside {case}", f"{rate:,.0f}"]
    shares = [a.requests_per_second / b.requests_per_second if b.requests_per_second else 0 for a, b in zip(now, alone)]
    row.append(f"{statistics.median(shares):.2f}")
    # Without finished answers there is no latency to speak of.
    finished = [(a, b) for a, b in zip(now, alone) if a.requests_per_second and b.requests_per_second]
    if finished:
        row.append(f"{statistics.median(a.p99_us for a, _ in finished):,.0f}")
        row.append(f"{statistics.median(a.p99_us / b.p99_us for a, b in finished):,.1f}")
        row.append(f"{statistics.median(a.cpu_us for a, _ in finished):,.1f}")
    else:
        row += ["none", "none", "none"]
    row.append(f"{statistics.median(s.cold_per_second for s in now):,.0f}")
    row.append(f"{statistics.median(s.disk_cpu for s in now) * 100:.0f}%")
    return row


def add_to(page, results):
    """Two tables: the hot file beside clients of the slow disk, and beside a thousand of them at once."""
    if results is None:
        page.lines += ["The slow disk was not measured: it needs root and /dev/fuse.", ""]
        return
    found, bursts = results
    page.table(["**a hot file beside a slow disk**", "requests/s", "share", "p99, us", "times", "server CPU, us per request",
                "cold answers/s", "disk CPU"], [row_of(name, case, samples) for name, samples in found.items() for case in CASES])
    page.lines += [f"One worker; {CONNECTIONS} connections ask for a hot file of 1 KiB while {CONNECTIONS} others ask for what is on a "
                   f"file system that takes {slow_disk.DELAY_SECONDS * 1000:.0f} ms for each lookup, getattr, open, read, readdir "
                   "and flush, each time for another path. Share and times: of the same server's requests/s and p99 beside nothing; CPU "
                   "per hot request, with what the cold ones cost in it. Those clients and the disk use the core of the hot file's client: what "
                   f"that costs is in the line \"{CONTROL}\", where the measured server does nothing for them.", ""]
    burst.add_to(page, bursts, {name: samples[QUIET] for name, samples in found.items()})
