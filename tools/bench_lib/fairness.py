"""A hot file's latency while another client has a large text compressed for it: what one answer costs its neighbours."""

import contextlib
import dataclasses
import os
import pathlib
import re
import subprocess
import sys
import time

from bench_lib import codings, files, servers, wrk

TEXT_BYTES = 100 << 20
HOT_BYTES = 1024
CONNECTIONS = 8
LEVELS = ("1", "6")


@dataclasses.dataclass
class Sample:
    requests_per_second: float
    p99_us: float
    beside_mb_per_second: float  # compressed bytes that the other client got


def make_files(root):
    """A hot file of 1 KiB, and the text of files.make_pages again and again."""
    page = files.make_pages(root)["page.html"]
    (root / "hot.bin").write_bytes(bytes(HOT_BYTES))
    with open(root / "text.html", "wb") as text:
        for _ in range(TEXT_BYTES // len(page)):
            text.write(page)


@contextlib.contextmanager
def client_of(url, core):
    """One client that has the text compressed, over and over, until the block ends; gives its Popen.

    It runs when wrk does not (SCHED_IDLE): what it does with the bytes on the clients' core is no latency of the server's.
    """
    command = f"while curl -sfN -H 'Accept-Encoding: gzip' {url}; do :; done | dd of=/dev/null bs=64k 2>/dev/null"
    with subprocess.Popen(["chrt", "--idle", "0", "taskset", "-c", str(core), "sh", "-c", command], start_new_session=True) as client:
        time.sleep(0.5)
        try:
            yield client
            if client.poll() is not None:
                raise SystemExit(f"tools/bench: {url} was not served")
        finally:
            servers.end_group(client)


def bytes_received(client):
    """What dd, at the end of the client's pipe, has read so far."""
    for entry in filter(str.isdigit, os.listdir("/proc")):
        fields = servers.read_stat(entry)
        if fields and int(fields[3]) == client.pid:  # in its session
            with contextlib.suppress(OSError):
                if pathlib.Path(f"/proc/{entry}/comm").read_text().strip() == "dd":
                    return int(re.search(r"rchar: (\d+)", pathlib.Path(f"/proc/{entry}/io").read_text())[1])
    return 0


def measure_one(server, level, plan, core):
    """The hot file's Sample, beside the text compressed at `level` unless that is None."""
    with client_of(server.url(f"/level{level}/text.html"), core) if level else contextlib.nullcontext() as client:
        before = bytes_received(client) if client else 0
        run = wrk.run(server.url("/hot.bin"), CONNECTIONS, plan.seconds, core, more=("--timeout", "60s"))
        received = bytes_received(client) - before if client else 0
    if run.errors:
        raise SystemExit(f"tools/bench: {server.name} failed {run.errors} requests for the hot file")
    return Sample(run.requests / run.seconds, run.p99_us, received / run.seconds / 1e6)


def measure(plan, binaries, cores, folder):
    """{what is compressed beside it: {contender: [Sample, one a round]}}"""
    root = folder / "files"
    make_files(root)
    results = {}
    with contextlib.ExitStack() as stack:
        running = {name: stack.enter_context(codings.start(name, binaries, folder, root, cores[0])) for name in codings.CONTENDERS}
        names = list(running)
        for level in (None, *LEVELS):
            rows = results[f"gzip {level}" if level else "nothing"] = {name: [] for name in names}
            for turn in range(plan.rounds):
                for name in names[turn % len(names):] + names[:turn % len(names)]:
                    rows[name].append(measure_one(running[name], level, plan, cores[1]))
            print(f"fairness, beside {level}: {rows}", file=sys.stderr, flush=True)
    return results
