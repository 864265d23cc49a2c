"""A raw HTTP/1 client that keeps every byte: plays the steps of a case on one connection and records what
came back.

Called once for each server (from two threads at a time); owns its socket only.
"""
from __future__ import annotations

import re
import select
import socket
import struct
import time
from dataclasses import dataclass, field

from .site import Answer, Case, HalfClose, Pause, Reset


@dataclass
class Response:
    """One parsed answer; `raw` when the bytes were no HTTP/1 head (an HTTP/0.9 body, a broken answer)."""

    status_line: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    complete: bool = True
    raw: bytes = b""
    trailers: list[tuple[str, str]] = field(default_factory=list)

    def header(self, name: str) -> str | None:
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    @property
    def status(self) -> int:
        found = re.match(r"HTTP/\d\.\d (\d{3})", self.status_line)
        return int(found.group(1)) if found else 0


@dataclass
class Conversation:
    """What one server did: its answers in order and the end: 'eof', 'reset', 'silence' (open, nothing more),
    'refused', or BROKEN_PROMISE. `canary_answers` of the answers (the last ones) came after the canary was
    sent."""

    responses: list[Response]
    end: str
    received: bytes = b""
    canary_answers: int = 0


# The server had said it would keep the connection, and closed. Whether our canary came too late to be sent, met the FIN
# or caused a RST, which may overtake a close_notify, is timing.
BROKEN_PROMISE = "closed before the canary was answered"
METHOD_LINE = re.compile(rb"(?:^|\n)([A-Z]+) +[^\r\n]* HTTP/1\.[01]\r?(?=\n)")


def methods_of(sent: bytes) -> list[str]:
    return [m.decode() for m in METHOD_LINE.findall(sent)]


def parse_fields(lines: list[str]) -> list[tuple[str, str]]:
    return [tuple(p.strip(" ") for p in line.partition(":")[::2]) for line in lines]


def parse_chunked(data: bytes, at: int) -> tuple[bytes, list[tuple[str, str]], int, bool]:
    """Decodes a chunked body from `at`; returns body, trailers, the index behind them, and whether their end was
    there."""
    body = b""
    while True:
        eol = data.find(b"\r\n", at)
        if eol < 0:
            return body, [], len(data), False
        try:
            size = int(data[at:eol].split(b";")[0], 16)
        except ValueError:
            return body, [], len(data), False
        if size == 0:
            end = data.find(b"\r\n\r\n", eol)
            if end < 0:
                return body, [], len(data), False
            lines = data[eol + 2 : end].decode("latin-1").split("\r\n") if end > eol else []
            return body, parse_fields(lines), end + 4, True
        if len(data) < eol + 2 + size + 2:
            return body + data[eol + 2 :], [], len(data), False
        body += data[eol + 2 : eol + 2 + size]
        at = eol + 2 + size + 2


def parse_stream(data: bytes, methods: list[str], closed: bool) -> list[Response]:
    """Splits all received bytes into answers. `methods` says which of them have no body (HEAD)."""
    answers, at, turn = [], 0, 0
    while at < len(data):
        end = data.find(b"\r\n\r\n", at)
        if not data.startswith(b"HTTP/", at) or end < 0:
            answers.append(Response(raw=data[at:], complete=closed))
            break
        lines = data[at:end].decode("latin-1").split("\r\n")
        response = Response(lines[0], parse_fields(lines[1:]))
        at = end + 4
        interim = 100 <= response.status < 200
        method = methods[turn] if turn < len(methods) else "GET"
        turn += not interim
        if interim or method == "HEAD" or response.status in (204, 304):
            pass
        elif (response.header("Transfer-Encoding") or "").lower() == "chunked":
            response.body, response.trailers, at, response.complete = parse_chunked(data, at)
        elif response.header("Content-Length") is not None and response.header("Content-Length").isdigit():
            length = int(response.header("Content-Length"))
            response.body = data[at : at + length]
            response.complete = len(response.body) == length
            at += length
        else:
            response.body, at, response.complete = data[at:], len(data), closed
        answers.append(response)
    return answers


def connect(to: str, server) -> socket.socket:
    """Opens the connection a case asks for: 'P3', '[::1]:P3' or 'unix:name'."""
    if to.startswith("unix:"):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(str(server.prefix / to[5:]))
        return sock
    host, _, port = to.rpartition(":")
    address = (host.strip("[]") or "127.0.0.1", server.ports[int(port.removeprefix("P"))])
    sock = socket.create_connection(address, timeout=2)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


class Player:
    """Plays one case on one connection."""

    def __init__(self, sock: socket.socket, wait_s: float):
        self.sock, self.wait_s = sock, wait_s
        self.received, self.sent, self.end = b"", b"", ""
        sock.setblocking(False)

    def answers(self) -> list[Response]:
        return parse_stream(self.received, methods_of(self.sent), self.end in ("eof", "reset"))

    def send(self, data: bytes):
        """Sends while also reading, so that a server that answers early and stops reading cannot block us."""
        self.sent += data
        deadline = time.monotonic() + self.wait_s
        while data and not self.end and time.monotonic() < deadline:
            readable, writable, _ = select.select([self.sock], [self.sock], [], 0.2)
            if readable:
                self.read_once()
            if writable and not self.end:
                try:
                    data = data[self.sock.send(data) :]
                except BlockingIOError:
                    continue
                except OSError:
                    # The server closed; what it said before may still be in our receive buffer.
                    while not self.end:
                        self.read_once()
                    return

    def read_once(self):
        try:
            data = self.sock.recv(1 << 18)
        except BlockingIOError:
            return
        except ConnectionResetError:
            self.end = "reset"
            return
        except OSError as error:
            self.end = f"error {error}"
            return
        if not data:
            self.end = "eof"
        self.received += data

    def read_until(self, enough, wait_s: float | None = None):
        """Reads until `enough()`, the end of the connection, or silence for the allowed time."""
        wait_s = wait_s or self.wait_s
        deadline = time.monotonic() + wait_s
        while not self.end and not enough():
            left = deadline - time.monotonic()
            if left <= 0:
                self.end = "silence"
                return
            if select.select([self.sock], [], [], left)[0]:
                before = len(self.received)
                self.read_once()
                if len(self.received) > before:
                    deadline = time.monotonic() + wait_s

    def whole_answers(self) -> int:
        return sum(1 for r in self.answers() if r.complete)


def play(case: Case, server) -> Conversation:
    """Runs the steps of `case` against `server`; never raises for what a server does."""
    try:
        sock = connect(case.to, server)
    except OSError as error:
        return Conversation([], f"refused ({error.strerror or error})")
    return play_on(sock, case, server)


def play_on(sock, case: Case, server) -> Conversation:
    """Runs the steps on a connection that is open, and closes it."""
    player = Player(sock, case.wait_s)
    waited_for = 0
    with sock:
        for step in case.steps:
            if isinstance(step, bytes):
                player.send(server.fill(step.decode("latin-1")).encode("latin-1") if b"@P" in step else step)
            elif isinstance(step, Pause):
                player.read_until(lambda: False, step.seconds)
                if player.end == "silence":
                    player.end = ""
            elif step is Answer:
                waited_for += 1
                player.read_until(lambda: player.whole_answers() >= waited_for)
            elif step is HalfClose and not player.end:
                sock.shutdown(socket.SHUT_WR)
            elif step is Reset:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return Conversation([], "we reset")
        finals = lambda: [r for r in player.answers() if r.complete and not 100 <= r.status < 200]
        player.read_until(lambda: finals())
        before_canary, answered = None, 0
        if finals() and case.canary is not None and HalfClose not in case.steps:
            last = finals()[-1]
            if (last.header("Connection") or "").lower() != "close" and last.status_line:
                before_canary, answered = len(player.received), player.whole_answers()
                if not player.end:
                    player.send(case.canary)
        player.read_until(lambda: False)
    if before_canary == len(player.received) and player.end != "silence":
        player.end = BROKEN_PROMISE
    answers = player.answers()
    return Conversation(
        answers, player.end, player.received, len(answers) - answered if before_canary is not None else 0
    )
