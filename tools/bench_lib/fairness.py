"""A hot file's latency while another client has a large text compressed for it: what one answer costs its neighbours."""

import contextlib
import subprocess
import sys
import time

from bench_lib import cases, codings, load, servers

TEXT_BYTES = 100 << 20
HOT_BYTES = 1024
CONNECTIONS = 8
LEVELS = ("1", "6")


def make_files(root):
    """A hot file of 1 KiB, and the text of codings.make_pages again and again."""
    page = codings.make_pages(root)["page.html"]
    (root / "hot.bin").write_bytes(bytes(HOT_BYTES))
    with open(root / "text.html", "wb") as text:
        for _ in range(TEXT_BYTES // len(page)):
            text.write(page)


@contextlib.contextmanager
def clients_of(url, core):
    """One client that has the text compressed, over and over, until the block ends.

    It runs when wrk does not (SCHED_IDLE): what it does with the bytes on the clients' core is no latency of the server's.
    """
    command = f"while curl -sf -o /dev/null -H 'Accept-Encoding: gzip' {url}; do :; done"
    with subprocess.Popen(["chrt", "--idle", "0", "taskset", "-c", str(core), "sh", "-c", command], start_new_session=True) as client:
        time.sleep(0.5)
        try:
            yield
            if client.poll() is not None:
                raise SystemExit(f"tools/bench: {url} was not served")
        finally:
            servers.end_group(client)


def hot_file(server, plan, core):
    """(requests a second, p99 in us) of the hot file now."""
    requests, _, elapsed, p99_us, errors = load.run_wrk(server.url("/hot.bin"), cases.MODES["keepalive"], CONNECTIONS, plan.seconds, core)
    if errors:
        raise SystemExit(f"tools/bench: {server.name} failed {errors} requests for the hot file")
    return requests / elapsed, p99_us


def measure(plan, binaries, cores, folder):
    """{what is compressed beside it: {contender: [(requests a second, p99 in us), one a round]}}"""
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
                    beside = clients_of(running[name].url(f"/level{level}/text.html"), cores[1]) if level else contextlib.nullcontext()
                    with beside:
                        rows[name].append(hot_file(running[name], plan, cores[1]))
            print(f"fairness, beside {level}: {rows}", file=sys.stderr, flush=True)
    return results
