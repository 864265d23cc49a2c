"""What compressing an answer costs: pages of 100 and of 10 KiB with gzip, compressed for each request, kept, and beforehand."""

import contextlib
import gzip
import http.client
import statistics
import sys
import time

from bench_lib import files, load, servers, wrk

CONNECTIONS = 16
# Case -> (what it is called, the path that is asked for).
CASES = {f"{size} KiB, {title}": f"{folder}/{page}" for size, page in ((100, "page.html"), (10, "small.html"))
         for title, folder in (("gzip 1", "/level1"), ("gzip 6", "/level6"), ("gzip_static", "/static"), ("not compressed", ""))}
CONTENDERS = {"nginx": ("nginx", ""), "uringx, gzip_cache off": ("uringx", "gzip_cache off;"), "uringx": ("uringx", "")}
CONFIG = """worker_processes 1;
pid {folder}/server.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    sendfile on;
    tcp_nopush on;
    access_log off;
    keepalive_requests 1000000;
    types {{ text/html html; }}
    {settings}
    server {{
        listen 127.0.0.1:{port};
        root {root};
        location /level1/ {{ alias {root}/; gzip on; }}
        location /level6/ {{ alias {root}/; gzip on; gzip_comp_level 6; }}
        location /static/ {{ alias {root}/; gzip_static on; }}
    }}
}}
"""


def start(name, binaries, folder, root, core):
    """A contender of CONTENDERS that serves `root`, to be entered."""
    binary, settings = CONTENDERS[name]
    return servers.Server(
        name, binaries[binary], None, folder / name.replace(", ", "-").replace(" ", "-"), root, core,
        text=lambda server_folder, port: CONFIG.format(folder=server_folder, port=port, root=root, settings=settings))


def ask(server, path):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
    body = connection.getresponse().read()
    connection.close()
    return body


def unpacked(body):
    return gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body


def measure(plan, binaries, cores, folder):
    """{case: {contender: ([CPU in us a request, one a round], bytes of the answer)}}"""
    root = folder / "files"
    pages = files.make_pages(root)
    results = {}
    with contextlib.ExitStack() as stack:
        running = {name: stack.enter_context(start(name, binaries, folder, root, cores[0])) for name in CONTENDERS}
        time.sleep(1.5)  # what changed within the last second is not kept
        names = list(running)
        for case, path in CASES.items():
            rows = results[case] = {name: ([], len(ask(running[name], path))) for name in names}
            page = pages[path.rpartition("/")[2]]
            if any(unpacked(ask(running[name], path)) != page for name in names):
                raise SystemExit(f"tools/bench: other bytes than the page's behind {path}")
            for turn in range(plan.rounds):
                for name in names[turn % len(names):] + names[:turn % len(names)]:
                    rows[name][0].append(sample(running[name], path, plan.seconds, cores[1]))
            told = ", ".join(f"{n} {statistics.median(rows[n][0]):.1f} us" for n in names)
            print(f"codings {case}: {told}", file=sys.stderr, flush=True)
    return results


def sample(server, path, seconds, core):
    before = server.cpu_seconds()
    run = wrk.run(server.url(path), CONNECTIONS, seconds, core, [("Accept-Encoding", "gzip")])
    time.sleep(load.SETTLE_SECONDS)
    if run.errors or run.requests == 0:
        raise SystemExit(f"tools/bench: {server.name} failed {run.errors} of {run.requests} requests for {path}")
    return (server.cpu_seconds() - before) / run.requests * 1e6
