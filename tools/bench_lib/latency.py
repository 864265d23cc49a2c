"""How long one request takes where nothing else is under way: one connection, one request or stream at a time, all by h2load."""

import contextlib
import statistics
import sys

from bench_lib import cases, load, peers, servers

SIZE = {"1k": 1024}


def measure(plan, binaries, cores, folder, certificates):
    """{protocol: {contender: [median in us, one a round]}}"""
    root = folder / "files"
    load.make_files(root, SIZE)
    results = {}
    with contextlib.ExitStack() as stack:
        running = {}
        for name, (binary, config) in plan.contenders.items():
            if "h2c" in peers.listeners_of(name):
                running[name] = stack.enter_context(servers.Server(
                    name, binaries[binary], config, folder / name, root, cores[0], listeners=peers.listeners_of(name),
                    certificates=certificates, tls_protocol=plan.tls_protocol))
        names = list(running)
        if not names:
            return {}
        for protocol, (listener, http2) in cases.LATENCY.items():
            rows = results[protocol] = {name: [] for name in names}
            for turn in range(plan.rounds):
                for name in names[turn % len(names):] + names[:turn % len(names)]:
                    server = running[name]
                    _, _, _, times, errors = load.run_h2load(server.url("/1k.bin", listener), 1, plan.seconds, cores[1],
                                                             server.folder / "h2load.log", streams=1, http2=http2)
                    if errors or not times:
                        raise SystemExit(f"tools/bench: {name} failed {errors} requests of {len(times)} over {protocol}")
                    rows[name].append(statistics.median(times))
            told = ", ".join(f"{n} {statistics.median(rows[n]):.0f} us" for n in names)
            print(f"latency {protocol}: {told}", file=sys.stderr, flush=True)
    return results
