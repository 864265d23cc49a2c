"""Syslog servers that keep what they got, and the datagrams of a pair of web servers compared.

Owned by the tests of syslog; everything happens on the thread of the test.
"""
from __future__ import annotations

import os
import re
import socket
import time

from . import normalise
from .compare import Difference, compare_lines

SETTLE_S = 1.0
HEADER = re.compile(r"^(<\d+>)(\w{3} [ \d]\d \d\d:\d\d:\d\d) (.*)$", re.S)
# The addresses of the receivers, as a configuration names them.
UDP, UDP6, UNIX = "syslog:server=127.0.0.1:@P8@", "syslog:server=[::1]:@P9@", "syslog:server=unix:@PREFIX@/log.sock"


class Receivers:
    """The syslog servers of one web server: UDP on @P8@ (IPv4) and @P9@ (IPv6), a socket in its folder."""

    def __init__(self, server):
        self.server, self.sockets = server, {}
        self.open("udp4", socket.AF_INET, ("127.0.0.1", server.ports[8]))
        self.open("udp6", socket.AF_INET6, ("::1", server.ports[9]))
        self.open("unix", socket.AF_UNIX, str(server.prefix / "log.sock"))

    def open(self, name, family, address):
        sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        sock.bind(address)
        sock.setblocking(False)
        if family == socket.AF_UNIX:
            os.chmod(address, 0o777)
        self.sockets[name] = sock

    def close(self, name=None):
        for one in [name] if name else list(self.sockets):
            self.sockets.pop(one).close()
            if one == "unix":
                os.unlink(self.server.prefix / "log.sock")

    def drain(self) -> list[str]:
        got = []
        for name in sorted(self.sockets):
            while True:
                try:
                    data = self.sockets[name].recv(1 << 17)
                except BlockingIOError:
                    break
                got.append(f"{name} {data.decode('utf-8', 'surrogateescape')}")
        return got

    def clean(self, datagrams: list[str]) -> list[str]:
        """Times, ports and process numbers made equal; lines of the process itself left out (see
        normalise.line_of_a_connection)."""
        out = []
        for text in datagrams:
            receiver, _, datagram = text.partition(" ")
            found = HEADER.match(datagram)
            assert found, f"no RFC 3164 header: {datagram!r}"
            pri, stamp, rest = found.groups()
            sent = time.mktime(time.strptime(f"{time.gmtime().tm_year} {stamp}", "%Y %b %d %H:%M:%S")) - time.timezone
            assert abs(sent - time.time()) < 60, f"the time is not now: {datagram!r}"
            head_of_rest, _, message = rest.partition(": ")
            if re.match(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[", message):
                if not normalise.line_of_a_connection(message) and "failed" not in message:
                    continue
                message = normalise.text(message, self.server, normalise.LOG_LINE_RULES)
            else:
                message = normalise.text(message, self.server)
            out.append(f"{receiver} {pri}@TIME@ {head_of_rest}: {message}")
        return out


_receivers: dict = {}


def receivers_of(pair) -> list[Receivers]:
    if id(pair) not in _receivers:
        for old in _receivers.values():
            for one in old[1]:
                one.close()
        _receivers.clear()
        _receivers[id(pair)] = (pair, [Receivers(pair.nginx), Receivers(pair.uringx)])
    return _receivers[id(pair)][1]


def compare_datagrams(pair) -> list[Difference]:
    ours, theirs = receivers_of(pair)
    a, b = [], []
    deadline = time.monotonic() + SETTLE_S
    while True:
        a += ours.drain()
        b += theirs.drain()
        differences = compare_lines("syslog", ours.clean(a), theirs.clean(b), 0)
        if not differences or time.monotonic() > deadline:
            return differences
        time.sleep(0.01)
