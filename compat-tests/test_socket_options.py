"""Options of accepted sockets, read from the server's own descriptors.

Tests with the argument `server` run once with nginx (which shows that the assertion is right) and once with
uringx.
"""
from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import socket

import pytest

from harness.running import logged, reload, run, until
from harness.site import get

PIDFD_GETFD = 438
OTHER = """
server {{ listen 127.0.0.2:@P0@; root html; }}
server {{ listen *:@P1@; tcp_nodelay {}; root html; }}
server {{ listen 127.0.0.1:@P1@; tcp_nodelay {}; root html; }}
server {{ listen 127.0.0.3:@P0@; """


def copy_descriptor(pidfd: int, fd: int) -> socket.socket:
    """The socket behind the descriptor of another process; OSError if it is none, or gone."""
    copy = ctypes.CDLL(None, use_errno=True).syscall(PIDFD_GETFD, pidfd, fd, 0)
    if copy < 0:
        if ctypes.get_errno() == errno.EPERM:
            pytest.skip("pidfd_getfd(2) is not permitted here")
        raise OSError(ctypes.get_errno(), "pidfd_getfd")
    try:
        return socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        raise


def accepted_option(server, client: socket.socket, level: int, option: int) -> int | None:
    """Of the server's end of the client's connection; None when no worker has it (any more)."""
    for pid in server.children(server.process.pid):
        with contextlib.suppress(OSError), open(os.pidfd_open(pid), "rb") as process:
            for fd in map(int, os.listdir(f"/proc/{pid}/fd")):
                with contextlib.suppress(OSError), copy_descriptor(process.fileno(), fd) as copy:
                    if copy.getpeername() == client.getsockname():
                        return copy.getsockopt(level, option)
    return None


def nodelay_after_request(server, port: int, address: str = "127.0.0.1") -> bool | None:
    """nginx sets the option when a connection is kept after an answer. None: its worker has gone."""
    with socket.create_connection((address, server.ports[port]), timeout=3) as sock:
        sock.sendall(get("/ten.txt"))
        assert sock.recv(12) == b"HTTP/1.1 200"
        value = accepted_option(server, sock, socket.IPPROTO_TCP, socket.TCP_NODELAY)
        return None if value is None else value != 0


@pytest.mark.parametrize("first,wildcard,specific", [("on", "off", "on"), ("off", "on", "off"), ("on", "on", "on")])
def test_tcp_nodelay_is_the_chosen_servers(server, first, wildcard, specific):
    """Also where one socket is listened on for two addresses."""
    run(server, logged(server=f"tcp_nodelay {first}; }} {OTHER.format(wildcard, specific)}"))
    assert nodelay_after_request(server, 0) is (first == "on")
    assert nodelay_after_request(server, 0, "127.0.0.2")  # the default
    assert nodelay_after_request(server, 1, "127.0.0.2") is (wildcard == "on")
    assert nodelay_after_request(server, 1) is (specific == "on")


def test_tcp_nodelay_follows_a_reload(server):
    run(server, logged(server="tcp_nodelay on;"))
    assert nodelay_after_request(server, 0)
    for value in ("off", "on"):
        reload(server, logged(server=f"tcp_nodelay {value};"))
        until(lambda: nodelay_after_request(server, 0) is (value == "on"), f"tcp_nodelay {value}")
