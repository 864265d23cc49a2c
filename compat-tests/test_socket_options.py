"""Options of accepted sockets, read from the server's own descriptors, and what tcp_nopush makes of packets.

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

from harness.client import connect
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


def first_packet(server, target: str) -> tuple[bytes, bytes]:
    """What the first packet with bytes of an answer carries, and the answer's head."""
    port = server.ports[0]
    try:
        wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
    except PermissionError:
        pytest.skip("packets cannot be seen here")
    with wire, connect("P0", server) as sock:
        wire.bind(("lo", 0))
        wire.settimeout(3)
        sock.sendall(get(target, "Connection: close"))
        answer = b""
        while piece := sock.recv(1 << 16):
            answer += piece
        while True:
            packet = wire.recv(1 << 17)
            tcp = packet[(packet[0] & 15) * 4:int.from_bytes(packet[2:4])] if packet[9] == socket.IPPROTO_TCP else b""
            payload = tcp[(tcp[12] >> 4) * 4:] if tcp and int.from_bytes(tcp[:2]) == port else b""
            if payload:
                return payload, answer[:answer.index(b"\r\n\r\n") + 4]


@pytest.mark.parametrize("sendfile", ["on", "off"])
@pytest.mark.parametrize("nopush", ["on", "off"])
def test_tcp_nopush_keeps_the_head_for_the_file(server, sendfile, nopush):
    run(server, logged(server=f"sendfile {sendfile}; tcp_nopush {nopush};"))
    payload, head = first_packet(server, "/big.bin")
    assert payload.startswith(head)
    assert (len(payload) == len(head)) == (sendfile == "on" and nopush == "off")


@pytest.mark.parametrize("nopush", ["on", "off"])
def test_a_small_file_may_go_with_its_head(server, nopush):
    """uringx never sends two packets where one is enough; nginx does without tcp_nopush."""
    run(server, logged(server=f"sendfile on; tcp_nopush {nopush};"))
    payload, head = first_packet(server, "/ten.txt")
    assert (len(payload) > len(head)) == (nopush == "on" or server.label == "uringx")
