"""The requests of a case as HTTP/2 has them: the bytes of HTTP/1.1 read strictly, or the reason why HTTP/2 has no such
request.

Pure. Only what means the same in both versions is translated: everything that is about lines, framing or the connection
(bare LF, folds, pipes cut short, HTTP/1.0, half-closed ends ...) is not.
"""
from __future__ import annotations

import re
from dataclasses import dataclass, field

from .site import Answer, Case, Pause

TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
TARGET = re.compile(rb"[!-~\x80-\xff]+")
NO_TEXT = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")  # the tab is text
# RFC 9113 8.2.2: what belongs to the connection has no place in a request. (TE may say "trailers" only.)
OF_THE_CONNECTION = {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade", b"http2-settings", b"te"}


class NotExpressible(Exception):
    """HTTP/2 has no such request; args[0] says why, in words that group alike cases."""


@dataclass
class Request:
    """One request of HTTP/2. `authority` is None where the original has no Host; names of fields are in lower case."""

    method: bytes
    path: bytes
    authority: bytes | None = None
    scheme: bytes = b"http"
    fields: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""


def translate(case: Case) -> list[Request]:
    """The requests of a case in order, without the canary; raises NotExpressible. Waiting between bytes is left out: HTTP/2
    has its own packets."""
    data = b""
    for step in case.steps:
        if isinstance(step, bytes):
            data += step
        elif step is not Answer and not isinstance(step, Pause):
            raise NotExpressible("the end of the connection is the point")
    if not data:
        raise NotExpressible("no request")
    requests = []
    while data:
        request, data = take_request(data)
        requests.append(request)
    return requests


def take_request(data: bytes) -> tuple[Request, bytes]:
    """The first request, and what follows it."""
    head, found, rest = data.partition(b"\r\n\r\n")
    if not found:
        raise NotExpressible("a head without its end")
    line, *lines = head.split(b"\r\n")
    request = request_line(line)
    fields = [one_field(text) for text in lines]
    hosts = [value for name, value in fields if name == b"host"]
    if len(hosts) > 1:
        raise NotExpressible("several Hosts")
    request.authority = hosts[0] if hosts else None
    te = [value for name, value in fields if name == b"te"]
    if te and te != [b"trailers"]:
        raise NotExpressible("TE beyond trailers")
    request.body, rest = take_body(fields, rest)
    request.fields = [(n, v) for n, v in fields if n != b"host" and (n not in OF_THE_CONNECTION or n == b"te")]
    return request, rest


def request_line(line: bytes) -> Request:
    words = line.split(b" ")
    if len(words) != 3 or not TOKEN.fullmatch(words[0]) or not TARGET.fullmatch(words[1]):
        raise NotExpressible("no request line of RFC 9112")
    method, target, version = words
    if version != b"HTTP/1.1":
        raise NotExpressible("another version than HTTP/1.1")
    if method == b"CONNECT":
        raise NotExpressible("CONNECT")
    if not target.startswith(b"/"):
        raise NotExpressible("a target that is no path")
    return Request(method, target)


def one_field(line: bytes) -> tuple[bytes, bytes]:
    name, found, value = line.partition(b":")
    if not found or not TOKEN.fullmatch(name):
        raise NotExpressible("a line that is no field")
    value = value.strip(b" \t")
    if NO_TEXT.search(value):
        raise NotExpressible("bytes that no value has")
    return name.lower(), value


def take_body(fields: list[tuple[bytes, bytes]], rest: bytes) -> tuple[bytes, bytes]:
    lengths = [value for name, value in fields if name == b"content-length"]
    codings = [value for name, value in fields if name == b"transfer-encoding"]
    if not lengths and not codings:
        return b"", rest
    if codings:
        if lengths or len(codings) > 1 or codings[0].lower() != b"chunked":
            raise NotExpressible("framing that readers differ about")
        return take_chunks(rest)
    if len(lengths) > 1 or not re.fullmatch(rb"[0-9]{1,18}", lengths[0]):
        raise NotExpressible("framing that readers differ about")
    length = int(lengths[0])
    if len(rest) < length:
        raise NotExpressible("a body without its end")
    return rest[:length], rest[length:]


def take_chunks(rest: bytes) -> tuple[bytes, bytes]:
    """Plain chunks only: neither extensions nor trailers."""
    body = b""
    while True:
        size = re.match(rb"([0-9a-fA-F]{1,8})\r\n", rest)
        if not size:
            raise NotExpressible("chunks out of the ordinary")
        length, rest = int(size.group(1), 16), rest[size.end() :]
        if rest[length : length + 2] != b"\r\n":
            raise NotExpressible("chunks out of the ordinary")
        body, rest = body + rest[:length], rest[length + 2 :]
        if length == 0:
            return body, rest
