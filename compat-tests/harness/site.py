"""The notation of request cases: a `Site` is one configuration text with the requests sent to it.

Owned by the test modules, read by `pair.py` (which starts the servers) and `conftest.py` (which makes one
pytest item of a case). Texts may hold @P0@ .. @P9@ (free ports of the server at hand), @PREFIX@ (its prefix
folder), @SITE@ (the shared tree of `tree.py`, also reachable as the relative path `html`).
"""
from __future__ import annotations

from dataclasses import dataclass, field

WRAPPER = """\
daemon off;
worker_processes 1;
pid nginx.pid;
error_log logs/error.log info;
{main}
events {{ worker_connections 256; {events} }}
http {{
access_log logs/access.log;
{http}
{servers}
}}
"""

SERVER = """\
server {{
listen 127.0.0.1:@P0@;
{server}
}}
"""


class Answer:
    """Step: wait until one more whole answer (an interim 100 counts) has arrived before the next bytes are
    sent."""


@dataclass(frozen=True)
class Pause:
    """Step: let the server read what was sent so far as a packet of its own."""

    seconds: float = 0.02


@dataclass(frozen=True)
class Link:
    """In a site's files: a symbolic link, of that owner when the tests run as root."""

    target: str
    owner: int = 0


class HalfClose:
    """Step: end our sending direction (FIN), go on reading."""


class Reset:
    """Step: abort the connection with RST; nothing is read afterwards, only the logs are compared."""


@dataclass
class Case:
    """One conversation on one connection. `steps` are bytes, Answer, Pause, HalfClose or Reset objects, in
    order.

    canary: after the steps and the first whole answer a further request is sent on the same connection,
    unless the answer said
        `Connection: close`. It shows whether the connection stayed open and in step. None switches it off.
    to: 'P0' .. 'P9', '[::1]:P0', 'unix:NAME' (a socket in the prefix).
    logs: compare the log lines this case caused.
    wait_s: how long silence may last before it is taken as the server's final word.
    """

    name: str
    steps: list
    canary: bytes | None = b"GET /canary.txt HTTP/1.1\r\nHost: canary\r\nConnection: close\r\n\r\n"
    to: str = "P0"
    logs: bool = True
    wait_s: float = 3.0
    site: "Site | None" = field(default=None, repr=False)

    @property
    def id(self) -> str:
        return f"{self.site.name}: {self.name}"


@dataclass
class Site:
    """A configuration and its cases. `config` is the whole text; without it the texts for main, events, http
    and server level are put into WRAPPER. `servers` replaces the usual single server block. `files` are
    written into each prefix before the start."""

    name: str
    server: str = ""
    http: str = ""
    main: str = ""
    events: str = ""
    servers: str | None = None
    config: str | None = None
    files: dict = field(default_factory=dict)
    cases: list = field(default_factory=list)

    def __post_init__(self):
        flat = []
        for entry in self.cases:
            flat.extend(entry if isinstance(entry, list) else [entry])
        self.cases = [entry if isinstance(entry, Case) else as_case(*entry) for entry in flat]
        names = [c.name for c in self.cases]
        doubled = {n for n in names if names.count(n) > 1}
        assert not doubled, f"site {self.name}: two cases of one name: {doubled}"
        for c in self.cases:
            c.site = self

    @property
    def has_own_access_logs(self) -> bool:
        return self.text().replace("access_log logs/access.log;", "", 1).find("access_log ") >= 0

    def text(self) -> str:
        if self.config is not None:
            return self.config
        servers = self.servers if self.servers is not None else SERVER.format(server=self.server)
        return WRAPPER.format(main=self.main, events=self.events, http=self.http, servers=servers)


def as_case(name, what, options=None) -> Case:
    return Case(name, what if isinstance(what, list) else [what], **(options or {}))


def request(
    method: str,
    target: str,
    *headers: str,
    host: str | None = "localhost",
    body: bytes = b"",
    version="HTTP/1.1",
) -> bytes:
    """The bytes of a well-formed request; `host=None` leaves the Host line out, headers are whole lines."""
    lines = [f"{method} {target} {version}"]
    if host is not None:
        lines.append(f"Host: {host}")
    lines.extend(headers)
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def raw(line: bytes, *headers: bytes, eol: bytes = b"\r\n") -> bytes:
    """A head written out, line by line."""
    return eol.join([line, *headers]) + eol + eol


def get(target: str, *headers: str, **more) -> bytes:
    return request("GET", target, *headers, **more)


def head(target: str, *headers: str, **more) -> bytes:
    return request("HEAD", target, *headers, **more)


def post(target: str, body: bytes = b"", *headers: str, **more) -> bytes:
    return request("POST", target, f"Content-Length: {len(body)}", *headers, body=body, **more)


def chunked(target: str, coded: bytes, *headers: str, method="POST", **more) -> bytes:
    """A request with `Transfer-Encoding: chunked` whose coded body is written out by the caller."""
    return request(method, target, "Transfer-Encoding: chunked", *headers, body=coded, **more)


def gets(*targets: str, prefix: str = "", **more) -> list:
    """One case for each target, named after it."""
    return [(f"{prefix}{t}", get(t, **more)) for t in targets]


def hosts(*names: str, target: str = "/", **options) -> list:
    """One case for each Host value, named after it."""
    return [
        (f"Host: {n}", get(target, host=n), options) if options else (f"Host: {n}", get(target, host=n))
        for n in names
    ]


# A target by every method, and under conditions and ranges that hold and that do not. nginx closes the connection after a 412
# though it said to keep it; asked for, it is no difference.
WAYS = {
    "GET": get,
    "HEAD": head,
    "POST": lambda t: post(t, b"abc"),
    "1.0": lambda t: get(t, version="HTTP/1.0"),
    "range": lambda t: get(t, "Range: bytes=1-2"),
    "ranges": lambda t: get(t, "Range: bytes=0-0,2-3"),
    "no such range": lambda t: get(t, "Range: bytes=99999999-"),
    "If-None-Match": lambda t: get(t, "If-None-Match: *"),
    "If-Match": lambda t: get(t, 'If-Match: "x"', "Connection: close"),
    "modified long ago": lambda t: get(t, "If-Modified-Since: Mon, 28 Sep 1970 06:00:00 GMT"),
    "modified in the future": lambda t: get(t, "If-Modified-Since: Mon, 28 Sep 2070 06:00:00 GMT"),
    "unmodified since then": lambda t: get(t, "If-Unmodified-Since: Mon, 28 Sep 1970 06:00:00 GMT", "Connection: close"),
    "gzip": lambda t: get(t, "Accept-Encoding: gzip"),
}


def every_way(*targets: str) -> list:
    """A case for each target and way."""
    return [(f"{name} {t}", make(t)) for t in targets for name, make in WAYS.items()]
