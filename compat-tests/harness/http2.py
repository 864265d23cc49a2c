"""A client of HTTP/2 on one connection: one request after the other, each answer as the HTTP/1 client's Response.

Called once for each server (from two threads at a time); owns its socket only. Framing and its rules are python3-h2's: a
server that breaks them is told of as the end of the connection.
"""
from __future__ import annotations

import contextlib
import select
import socket
import time

from h2 import events
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.exceptions import H2Error
from h2.settings import SettingCodes, Settings

from .client import Conversation, Response
from .translate import Request

WINDOW_BYTES = (1 << 31) - 1
FRAME_HEAD_BYTES, FRAME_BYTES_MAX = 9, 1 << 14
GOAWAY = 7
# Names that are not written as Their-Words-Begin.
SPELLINGS = {"etag": "ETag", "www-authenticate": "WWW-Authenticate", "content-md5": "Content-MD5", "p3p": "P3P"}


def spelled(name: str) -> str:
    """The name of a field as HTTP/1 answers write it: HTTP/2 has lower case only."""
    return SPELLINGS.get(name, "-".join(word.capitalize() for word in name.split("-")))


class Client:
    """`sock` is connected, and past its handshake where it is one of TLS. `end` is '' while the connection is open."""

    def __init__(self, sock, wait_s: float):
        self.sock, self.wait_s = sock, wait_s
        self.end, self.goaway = "", ""
        self.answers: dict[int, Response] = {}
        self.over: set[int] = set()
        self.pongs, self.buffer = 0, b""
        self.http2 = H2Connection(H2Configuration(
            client_side=True, header_encoding=None, validate_outbound_headers=False, normalize_outbound_headers=False))
        # Windows that never close, and no pushing.
        self.http2.local_settings = Settings(client=True, initial_values={
            SettingCodes.INITIAL_WINDOW_SIZE: WINDOW_BYTES, SettingCodes.ENABLE_PUSH: 0})
        self.http2.initiate_connection()
        self.http2.increment_flow_control_window(WINDOW_BYTES - 65535)
        sock.setblocking(False)
        self._flush()

    def ask(self, request: Request) -> Response:
        """Sends the request and waits for its answer: `complete` is False when there is no end of it, `raw` tells of a
        stream that was reset."""
        response = Response()
        if self.end or self.goaway:
            response.complete = False
            return response
        stream = self.http2.get_next_available_stream_id()
        self.answers[stream] = response
        head = [(b":method", request.method), (b":scheme", request.scheme), (b":path", request.path)]
        if request.authority is not None:
            head.insert(2, (b":authority", request.authority))
        try:
            self.http2.send_headers(stream, head + request.fields, end_stream=not request.body)
            self._flush()
            self._send_body(stream, request.body)
        except H2Error as error:
            self._broken(error)
        self._read_until(lambda: stream in self.over)
        response.complete = stream in self.over and not response.raw
        return response

    def finish(self) -> str:
        """The state of the connection when all is answered: 'open', or what the server said and did. A PING sees to it that
        a GOAWAY behind the last answer is not missed."""
        if not self.end and not self.goaway:
            before = self.pongs
            self.http2.ping(b"the last")
            self._flush()
            self._read_until(lambda: self.pongs > before or self.goaway)
        if self.goaway and not self.end:
            self._read_until(lambda: False)
        return ", ".join(filter(None, [self.goaway, self.end])) or "open"

    def leave(self):
        """Ends our side and reads what still comes: a close() over unread bytes is a reset, which a server may log or miss."""
        if not self.end:
            with contextlib.suppress(OSError):  # it went first
                self.sock.shutdown(socket.SHUT_WR)
            self._read_until(lambda: False)

    def _send_body(self, stream: int, body: bytes):
        while body and stream not in self.over and not self.end:
            room = min(self.http2.local_flow_control_window(stream), self.http2.max_outbound_frame_size)
            if room <= 0:
                before = room
                self._read_until(lambda: stream in self.over or self.http2.local_flow_control_window(stream) > before)
                continue
            part, body = body[:room], body[room:]
            self.http2.send_data(stream, part, end_stream=not body)
            self._flush()
            self._read_now()

    def _flush(self):
        data = self.http2.data_to_send()
        deadline = time.monotonic() + self.wait_s
        while data and not self.end:
            try:
                data = data[self.sock.send(data) :]
            except BlockingIOError:
                if time.monotonic() > deadline:
                    self.end = "silence"
                    return
                self._read_now()
                select.select([self.sock], [self.sock], [], 0.2)
            except OSError:
                # The server closed; what it said before may still be in our receive buffer.
                while not self.end:
                    self._read_now()

    def _read_now(self):
        """What has come, if anything."""
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
            return
        self.buffer += data
        try:
            while not self.end and (frame := self._take_frame()):
                for event in self.http2.receive_data(frame):
                    self._take(event)
        except H2Error as error:
            self._broken(error)
        self._flush()

    def _take_frame(self) -> bytes:
        """The next whole frame that python3-h2 is to see. It takes a GOAWAY for the end, where answers may still follow."""
        while len(self.buffer) >= FRAME_HEAD_BYTES:
            length = int.from_bytes(self.buffer[:3], "big")
            if length > FRAME_BYTES_MAX:
                self.end = f"broken HTTP/2: {self.buffer[:FRAME_HEAD_BYTES]!r} is no head of a frame"
                break
            if len(self.buffer) < FRAME_HEAD_BYTES + length:
                break
            frame, self.buffer = self.buffer[: FRAME_HEAD_BYTES + length], self.buffer[FRAME_HEAD_BYTES + length :]
            if frame[3] != GOAWAY:
                return frame
            self.goaway = f"GOAWAY {name_of(int.from_bytes(frame[13:17], 'big'))}"
        return b""

    def _read_until(self, enough):
        deadline = time.monotonic() + self.wait_s
        while not self.end and not enough():
            left = deadline - time.monotonic()
            if left <= 0:
                self.end = "silence"
                return
            if select.select([self.sock], [], [], left)[0]:
                self._read_now()

    def _broken(self, error: H2Error):
        self.end = f"broken HTTP/2: {type(error).__name__} {error}"

    def _take(self, event):
        response = self.answers.get(getattr(event, "stream_id", None))
        if isinstance(event, events.ResponseReceived):
            fields = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in event.headers]
            response.status_line = f"HTTP/2.0 {dict(fields).get(':status')}"
            response.headers = [(spelled(n), v) for n, v in fields if not n.startswith(":")]
        elif isinstance(event, events.DataReceived):
            response.body += event.data
        elif isinstance(event, events.TrailersReceived):
            response.trailers = [(spelled(n.decode("latin-1")), v.decode("latin-1")) for n, v in event.headers]
        elif isinstance(event, events.StreamEnded):
            self.over.add(event.stream_id)
        elif isinstance(event, events.StreamReset) and event.stream_id not in self.over:
            self.over.add(event.stream_id)
            if response is not None:
                response.raw = b"reset: " + name_of(event.error_code).encode()
        elif isinstance(event, events.PingAckReceived):
            self.pongs += 1


def name_of(code: int) -> str:
    return ErrorCodes(code).name if code in list(ErrorCodes) else str(code)


def converse(sock, requests: list[Request], wait_s: float, canary: Request | None = None) -> Conversation:
    """One request after the other, then the canary if the connection is still open; never raises for what a server does."""
    client = Client(sock, wait_s)
    answers = []
    for request in requests:
        if client.end or client.goaway:
            break
        answers.append(client.ask(request))
    asked = len(answers)
    if canary is not None and not client.end and not client.goaway:
        answers.append(client.ask(canary))
    end = client.finish()
    client.leave()
    return Conversation(answers, end, canary_answers=len(answers) - asked)
