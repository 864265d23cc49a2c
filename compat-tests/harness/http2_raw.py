"""A client of HTTP/2 that sends whatever it is told: frames by hand, field blocks by hand, and the rules broken where a test
wants that. Cleartext, with prior knowledge. Owned by the test that makes it.

Only answers are decoded by a library (python3-hpack).
"""
from __future__ import annotations

import socket
import struct
import time
from dataclasses import dataclass, field

from hpack import Decoder

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
PRIORITY_UPDATE = 16
ACK = END_STREAM = 0x1
END_HEADERS, PADDED, PRIORITY_FLAG = 0x4, 0x8, 0x20
(NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR,
 REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM) = range(12)
HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE = range(1, 7)
WAIT_S = 5.0


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def integer(value: int, prefix_bits: int, first: int = 0) -> bytes:
    """RFC 7541 5.1."""
    most = (1 << prefix_bits) - 1
    if value < most:
        return bytes([first | value])
    out, value = [first | most], value - most
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes([*out, value])


def text(value: bytes) -> bytes:
    return integer(len(value), 7) + value


def literal(name, value, first: int = 0x00) -> bytes:
    """A literal field with a new name (RFC 7541 6.2); first: 0x00 without indexing, 0x10 never, 0x40 with."""
    as_bytes = [v if isinstance(v, bytes) else v.encode() for v in (name, value)]
    return bytes([first]) + text(as_bytes[0]) + text(as_bytes[1])


def request(*more, method="GET", path="/ten.txt", scheme="http", authority="a.test") -> list:
    pseudo = [(":method", method), (":scheme", scheme), (":path", path), (":authority", authority)]
    return [(name, value) for name, value in pseudo if value is not None] + list(more)


def block(fields) -> bytes:
    return b"".join(literal(name, value) for name, value in fields)


def settings(*pairs) -> bytes:
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", key, value) for key, value in pairs))


def headers(stream: int, fields=None, flags: int = END_STREAM | END_HEADERS, before: bytes = b"", after: bytes = b"") -> bytes:
    """`before` and `after` the field block: padding, priority."""
    fragment = fields if isinstance(fields, bytes) else block(request() if fields is None else fields)
    return frame(HEADERS, flags, stream, before + fragment + after)


def window_update(stream: int, increment: int) -> bytes:
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", increment))


@dataclass
class Frame:
    kind: int
    flags: int
    stream: int
    payload: bytes

    @property
    def code(self) -> int:
        """The error code of RST_STREAM and GOAWAY."""
        return struct.unpack(">I", self.payload[4 if self.kind == GOAWAY else 0:][:4])[0]


@dataclass
class Answer:
    interim: list = field(default_factory=list)  # the fields of each 1xx
    fields: list = field(default_factory=list)
    body: bytes = b""
    trailers: list = field(default_factory=list)
    frames: list = field(default_factory=list)   # sizes of the DATA frames
    block: bytes = b""                           # of fields that are not complete
    complete: bool = False
    reset: int | None = None

    @property
    def status(self) -> int:
        return int(dict(self.fields).get(":status", 0))


class RawClient:
    """After the constructor both prefaces are exchanged and the server's SETTINGS acknowledged, unless `preface` says
    something else."""

    def __init__(self, port: int, *own_settings, preface: bytes | None = None, receive_bytes: int = 0):
        self.sock = socket.socket()
        if receive_bytes:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.sock.settimeout(WAIT_S)
        self.sock.connect(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer, self.closed = b"", False
        self.answers: dict[int, Answer] = {}
        self.decoder = Decoder()
        self.decoder.max_header_list_size = 1 << 21
        self.decoder.max_allowed_table_size = 1 << 16
        self.server_settings: dict[int, int] = {}
        self.seen: list[Frame] = []
        if preface is not None:
            self.send(preface)
            return
        self.send(PREFACE, settings(*own_settings))
        first = self.read()
        assert first is not None and first.kind == SETTINGS and not first.flags & ACK
        for at in range(0, len(first.payload), 6):
            key, value = struct.unpack(">HI", first.payload[at:at + 6])
            self.server_settings[key] = value
        self.send(frame(SETTINGS, ACK, 0))
        self.wait_for(lambda f: f.kind == SETTINGS and f.flags & ACK)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, *frames: bytes):
        try:
            self.sock.sendall(b"".join(frames))
        except (BrokenPipeError, ConnectionResetError):
            pass  # what the server said before tells why

    def read(self, wait_s: float = WAIT_S) -> Frame | None:
        """The next frame; None at the end of the connection. Raises TimeoutError."""
        deadline = time.monotonic() + wait_s
        while not self._whole():
            self.sock.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                data = self.sock.recv(1 << 18)
            except (ConnectionResetError, BrokenPipeError):
                data = b""
            if not data:
                self.closed = True
                return None
            self.buffer += data
        size = int.from_bytes(self.buffer[:3], "big")
        kind, flags, stream = self.buffer[3], self.buffer[4], int.from_bytes(self.buffer[5:9], "big")
        got = Frame(kind, flags, stream, self.buffer[9:9 + size])
        self.buffer = self.buffer[9 + size:]
        self.seen.append(got)
        self._note(got)
        return got

    def _whole(self) -> bool:
        return len(self.buffer) >= 9 and len(self.buffer) >= 9 + int.from_bytes(self.buffer[:3], "big")

    def _note(self, got: Frame):
        if got.kind not in (HEADERS, CONTINUATION, DATA, RST_STREAM):
            return
        answer = self.answers.setdefault(got.stream, Answer())
        if got.kind == RST_STREAM:
            answer.reset = got.code
            return
        if got.kind == DATA:
            answer.body += got.payload
            answer.frames.append(len(got.payload))
        else:
            assert got.kind == CONTINUATION or not got.flags & PADDED
            answer.block += got.payload
            answer.complete |= got.kind == HEADERS and bool(got.flags & END_STREAM)
            if not got.flags & END_HEADERS:
                return
            fields = [(str(n), str(v)) for n, v in self.decoder.decode(answer.block)]
            answer.block = b""
            if answer.fields:
                answer.trailers = fields
            elif fields[0][1].startswith("1"):
                answer.interim.append(fields)
            else:
                answer.fields = fields
        answer.complete |= got.kind == DATA and bool(got.flags & END_STREAM)

    def wait_for(self, condition, wait_s: float = WAIT_S) -> Frame | None:
        """Reads until a frame fits; None when the connection ends before."""
        deadline = time.monotonic() + wait_s
        while True:
            got = self.read(max(0.001, deadline - time.monotonic()))
            if got is None or condition(got):
                return got

    # --- what the tests ask ---

    def answer(self, stream: int, wait_s: float = WAIT_S) -> Answer:
        """The whole answer on that stream, or what came before it was reset or the connection ended."""
        answer = self.answers.setdefault(stream, Answer())
        if not answer.complete and answer.reset is None:
            self.wait_for(lambda f: f.stream == stream and (answer.complete or answer.reset is not None), wait_s)
        return answer

    def connection_error(self, *codes: int):
        """GOAWAY with one of the codes, then the end."""
        goaway = self.wait_for(lambda f: f.kind == GOAWAY and f.code != NO_ERROR)
        assert goaway is not None, "the connection ended without GOAWAY"
        assert goaway.code in codes, f"GOAWAY with {goaway.code}, not one of {codes}"
        assert self.wait_for(lambda f: False) is None

    def stream_error(self, stream: int, *codes: int):
        """RST_STREAM with one of the codes, and the connection goes on."""
        answer = self.answers.setdefault(stream, Answer())
        if answer.reset is None:
            got = self.wait_for(lambda f: (f.kind == RST_STREAM and f.stream == stream) or f.kind == GOAWAY)
            assert got is not None, "the connection ended"
            assert got.kind == RST_STREAM, f"GOAWAY with {got.code}: {got.payload[8:]!r}"
        assert answer.reset in codes, f"RST_STREAM with {answer.reset}, not one of {codes}"
        self.lives()

    def any_error(self, stream: int, *codes: int):
        """An error of the stream or, as RFC 9113 5.4.1 allows everywhere, of the connection."""
        got = self.wait_for(lambda f: (f.kind == RST_STREAM and f.stream == stream) or (f.kind == GOAWAY and f.code != NO_ERROR))
        assert got is not None, "the connection ended without a word"
        assert got.code in codes, f"{got.code}, not one of {codes}"

    def lives(self):
        """The connection answers a PING, and no GOAWAY was seen."""
        self.send(frame(PING, 0, 0, b"are you?"))
        pong = self.wait_for(lambda f: f.kind == GOAWAY or (f.kind == PING and f.flags & ACK and f.payload == b"are you?"))
        assert pong is not None and pong.kind == PING, "GOAWAY, or the end"

    def gets(self, stream: int, fields=None, status: int = 200) -> Answer:
        """A request and its answer."""
        self.send(headers(stream, fields))
        answer = self.answer(stream)
        assert answer.complete and answer.status == status, answer
        return answer
