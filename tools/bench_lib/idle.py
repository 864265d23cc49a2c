"""Memory of many idle keep-alive connections: each asks for one small file, reads the answer, and then waits."""

import socket
import ssl
import sys
import time

from bench_lib import cases, servers

REQUEST = b"GET /small.bin HTTP/1.1\r\nHost: localhost\r\n\r\n"
# Below the 28,000 ports that a client address has by default.
CONNECTIONS_PER_ADDRESS = 5000
CONFIG = "stock"


def open_one(port, source, tls=None):
    """A connection that has had one answer and is silent since; over TLS when there is a client's context."""
    client = socket.socket()
    client.settimeout(10)
    client.bind((source, 0))
    client.connect(("127.0.0.1", port))
    if tls:
        client = tls.wrap_socket(client)
    client.sendall(REQUEST)
    received = b""
    while b"\r\n\r\n" not in received:
        received += client.recv(4096)
    head, _, body = received.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"tools/bench: unexpected answer {head[:60]!r}")
    missing = 1024 - len(body)
    while missing > 0:
        missing -= len(client.recv(4096))
    # This side's state of TLS is not needed any more, and 10,000 of them would be a gigabyte.
    return socket.socket(fileno=client.detach()) if tls else client


def measure_one(name, binary, plan, folder, root, core, listener, **tls):
    """Memory in KiB (servers.Server.memory_kib) after one connection and with all of them, and how many stayed open."""
    count = plan.idle_connections
    # No session is offered, so each handshake is a full one.
    context = ssl._create_unverified_context() if "ssl" in cases.LISTENERS[listener] else None
    # nginx closes idle connections when fewer than a sixteenth of worker_connections are free (ngx_drain_connections).
    with servers.Server(name, binary, CONFIG, folder, root, core, worker_connections=count * 5 // 4, listeners=[listener],
                        **tls) as server:
        clients = [open_one(server.ports[listener], "127.0.0.1", context)]
        time.sleep(0.3)
        few = server.memory_kib()
        for number in range(1, count):
            clients.append(open_one(server.ports[listener], f"127.0.0.{2 + number // CONNECTIONS_PER_ADDRESS}", context))
        time.sleep(0.5)
        many = server.memory_kib()
        open_count = sum(1 for client in clients if is_open(client))
        for client in clients:
            client.close()
        return {"one": few, "all": many, "open": open_count, "count": count}


def is_open(client):
    client.setblocking(False)
    try:
        return client.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def measure(plan, binaries, cores, folder, listener="plain", **tls):
    """{binary's name: what measure_one says}"""
    root = folder / "files"
    root.mkdir(parents=True)
    for shared in (folder, root):
        shared.chmod(0o755)
    (root / "small.bin").write_bytes(b"x" * 1024)
    wanted = {binary for binary, _ in plan.own_contenders().values()}
    results = {}
    for name, binary in binaries.items():
        if name in wanted:
            results[name] = measure_one(name, binary, plan, folder / name, root, cores[0], listener, **tls)
            print(f"idle {listener} {name}: {results[name]}", file=sys.stderr, flush=True)
    return results
