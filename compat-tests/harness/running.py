"""What tests of a running server do to it: start it, ask, wait, look at its processes.

Used by tests with the argument `server` (see conftest.py), on the thread of the test. Every wait is bounded.
"""
from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from .client import Player, connect
from .site import get

WAIT_S = 8.0
BASIC = """\
daemon off;
worker_processes 1;
pid nginx.pid;
error_log logs/error.log info;
events { worker_connections 256; }
http {
access_log logs/access.log;
server { listen 127.0.0.1:@P0@ sndbuf=32k; root html; location /v { return 200 "one\\n"; } }
}
"""
LOGGED = """\
daemon off; worker_processes {workers}; pid nginx.pid; error_log logs/error.log {level};
{main}
events {{ worker_connections 256; {events} }}
http {{ log_format s '$status $uri'; {http}
server {{ listen 127.0.0.1:@P0@; server_name localhost; root html; {server} }} }}
"""


def until(condition, what: str, timeout_s: float = WAIT_S):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(0.01)


def run(server, text: str | None = None):
    """Starts the server and waits for its worker: a signal that meets nginx's master before that may wait for
    the next one."""
    server.start(text)
    until(lambda: server.children(server.process.pid), "a worker")


def logged(http="", server="", main="", events="", level="info", workers=1) -> str:
    """A configuration with the short log format `s` and no access log of its own."""
    return LOGGED.format(http=http, server=server, main=main, events=events, level=level, workers=workers)


def serve(server, http="", inside="", **more):
    """Starts the server on logged(); `inside` is the text of the server block."""
    server.start(logged(http, inside, **more))


def serve_http2(server, http="", inside=""):
    """The same over HTTP/2, in cleartext."""
    run(server, logged(http, inside).replace("listen 127.0.0.1:@P0@;", "listen 127.0.0.1:@P0@ http2;"))


def reload(server, text: str):
    server.write_config(text)
    server.send_signal(signal.SIGHUP)


def command(server, *arguments) -> subprocess.CompletedProcess:
    return subprocess.run(server.command(*arguments), stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=20, cwd="/")


def ask(server, target="/v", port="P0", timeout_s=3.0) -> bytes:
    """The body of one request on a connection of its own; b'' when there is no whole answer."""
    with connect(port, server) as sock:
        player = Player(sock, timeout_s)
        player.send(get(target, "Connection: close"))
        player.read_until(lambda: False)
        answers = player.answers()
        return answers[0].body if answers and answers[0].complete else b""


def ask_each(server, *targets: str, fields=()):
    """One request after the other on one connection, every one of them answered whole."""
    with connect("P0", server) as sock:
        player = Player(sock, 3.0)
        for count, target in enumerate(targets, 1):
            player.send(get(target, *fields))
            player.read_until(lambda: player.whole_answers() >= count)
        assert player.whole_answers() == len(targets)


def hold(server, target):
    """A request whose answer has begun and takes its time."""
    sock = connect("P0", server)
    sock.sendall(get(target))
    assert sock.recv(15).startswith(b"HTTP/1.1 200")
    return sock


def open_download(server, target="/big.bin"):
    """A connection that asked for a big file and has read only the head so far: the server waits for us."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(WAIT_S)
    sock.connect(("127.0.0.1", server.ports[0]))
    sock.sendall(get(target))
    return sock, sock.recv(100)


def read_rest(sock, seen: bytes) -> bytes:
    while True:
        data = sock.recv(1 << 16)
        if not data:
            return seen
        seen += data


def error_lines(server) -> str:
    return server.log_text("error.log")


def process_state(pid: int) -> str:
    """The letter of proc(5): "T" is stopped; also "Z" when there is no such process any more."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


def has_ended(pid: int) -> bool:
    return process_state(pid) == "Z"


def kill_if_ours(server, pid: int):
    """Kills a process only when it runs the binary of `server` (a daemon is not our child)."""
    try:
        if os.path.realpath(os.readlink(f"/proc/{pid}/exe")) == os.path.realpath(server.binary):
            os.kill(pid, signal.SIGKILL)
    except OSError:
        pass
