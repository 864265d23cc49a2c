"""The ways a site's cases can travel: over TLS, over HTTP/2 with TLS, over HTTP/2 without it. Each turns a configuration
text into one that listens that way, and plays a case on a connection of that kind.

Pure but for the connections it makes; those belong to the call.
"""
from __future__ import annotations

import re
import socket
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import client
from .client import Conversation
from .site import Case
from .translate import NotExpressible, Request, translate

LISTEN = re.compile(r"(?<![\w$.-])(listen\s+[^;{}\"']+);")
HTTP_BLOCK = re.compile(r"(?<![\w$.-])http\s*\{")
CANARY = Request(b"GET", b"/canary.txt", b"canary")


@dataclass(frozen=True)
class Transport:
    """`listen` is what its listen directives say; `protocol` is what the client offers in ALPN."""

    name: str
    listen: str
    tls: bool
    http2: bool

    def text(self, config: str, certificates: Path) -> str:
        """The configuration with every listen directive of this transport; `certificates` is the folder of
        make_certificate(). Raises NotExpressible."""
        if "proxy_protocol" in config:
            raise NotExpressible("a PROXY header comes before TLS")
        config = LISTEN.sub(rf"\1 {self.listen};", config)
        if not self.tls:
            return config
        keys = f"ssl_certificate {certificates}/cert.pem; ssl_certificate_key {certificates}/key.pem;"
        return HTTP_BLOCK.sub(lambda found: f"{found.group()} {keys}", config, count=1)

    def play(self, case: Case, server) -> Conversation:
        """Runs the case; raises NotExpressible, and nothing for what a server does."""
        requests = translate(case) if self.http2 else None
        try:
            sock = client.connect(case.to, server)
        except OSError as error:
            return Conversation([], f"refused ({error.strerror or error})")
        with sock:
            if self.tls:
                try:
                    sock = TlsSocket(sock, "h2" if self.http2 else "http/1.1", case.wait_s)
                except OSError as error:
                    return Conversation([], f"no TLS ({error.strerror or error})")
            if not self.http2:
                return client.play_on(sock, case, server)
            for request in requests:
                request.scheme = b"https" if self.tls else b"http"
                request.path, request.authority = filled(request.path, server), filled(request.authority, server)
                request.fields = [(name, filled(value, server)) for name, value in request.fields]
            from . import http2  # wants python3-h2, which nothing else does

            canary = CANARY if case.canary is not None else None
            return http2.converse(sock, requests, case.wait_s, canary)


TLS = Transport("tls", "ssl", tls=True, http2=False)
H2 = Transport("h2", "ssl http2", tls=True, http2=True)
H2C = Transport("h2c", "http2", tls=False, http2=True)


def filled(text: bytes | None, server) -> bytes | None:
    return server.fill(text.decode("latin-1")).encode("latin-1") if text and b"@P" in text else text


def make_certificate(folder: Path):
    """cert.pem and key.pem for localhost, signed by themselves."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
         "-subj", "/CN=localhost", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True)
    (folder / "key.pem").chmod(0o644)


class TlsSocket:
    """A socket that speaks TLS and behaves as a non-blocking one does under select: recv() takes all that has come, so that
    nothing waits unseen inside of OpenSSL."""

    def __init__(self, sock: socket.socket, protocol: str, wait_s: float):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols([protocol])
        sock.settimeout(wait_s)
        self.tls = context.wrap_socket(sock, server_hostname="localhost", suppress_ragged_eofs=False)
        self.protocol = self.tls.selected_alpn_protocol()

    def setblocking(self, blocking: bool):
        self.tls.setblocking(blocking)

    def fileno(self) -> int:
        return self.tls.fileno()

    def send(self, data: bytes) -> int:
        try:
            return self.tls.send(data)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise BlockingIOError from None

    def recv(self, most: int) -> bytes:
        """b"" is the peer's proper end; an end without close_notify is an OSError that says so."""
        got = b""
        try:
            while len(got) < most and (part := self.tls.recv(1 << 16)):
                got += part
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            if not got:
                raise BlockingIOError from None
        except OSError as error:
            if not got:
                raise OSError("the end without close_notify") if isinstance(error, ssl.SSLEOFError) else error from None
        return got

    def shutdown(self, how: int):
        """A FIN below TLS, without close_notify. (SSLSocket's own would go on in plain text.)"""
        socket.socket.shutdown(self.tls, how)

    def setsockopt(self, *option):
        self.tls.setsockopt(*option)

    def close(self):
        self.tls.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
