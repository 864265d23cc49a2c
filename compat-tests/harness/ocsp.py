"""An authority with an intermediate one, clients' certificates of both, and the responder that answers about them on loopback.

Answers come from `openssl ocsp`; what a path stands for is said at Responder.do_GET. It knows nothing of servers.
"""
from __future__ import annotations

import base64
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from .tls_files import openssl

CNF = """[req]
distinguished_name=n
x509_extensions=v
[n]
[v]
basicConstraints=critical,CA:TRUE
"""
# A client's certificate: who signs it, and the responder that it names ("@" for the responder here).
CLIENTS = {
    "end": ("int", "http://@/int"), "revoked": ("int", "http://@/int"), "stranger": ("int", "http://@/int"),
    "changing": ("int", "http://@/int"), "direct": ("root", "http://@/root"), "no-url": ("int", None),
    "https": ("int", "https://@/int"), "named": ("int", "http://localhost:1/int"), "no-port": ("int", "http://127.0.0.1:0/int"),
    "refused": ("int", "http://127.0.0.1:1/int"),
}


class Authority:
    """The folder of all that, and the responder while it is open."""

    def __init__(self, folder: Path):
        self.folder, self.asked, self.released = folder, [], threading.Event()
        folder.mkdir()
        self.responder = ThreadingHTTPServer(("127.0.0.1", 0), Responder)
        self.responder.daemon_threads, self.responder.authority = True, self
        self.address = f"127.0.0.1:{self.responder.server_port}"
        self.statuses: dict[str, str] = {}
        self.make_certificates()
        threading.Thread(target=self.responder.serve_forever, daemon=True).start()

    def close(self):
        self.released.set()
        self.responder.shutdown()
        self.responder.server_close()

    def make_certificates(self):
        (self.folder / "req.cnf").write_text(CNF)
        openssl(self.folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=root", "-config", "req.cnf",
                "-keyout", "root.key", "-out", "root.pem")
        self.sign("int", "root", "http://@/root", "basicConstraints=critical,CA:TRUE\n")
        for name, (issuer, url) in CLIENTS.items():
            self.sign(name, issuer, url)
            if name != "stranger":
                self.set_status(name, "R" if name == "revoked" else "V")
        self.set_status("int", "V")
        trusted = [(self.folder / f"{name}.pem").read_text() for name in ("int", "root")]
        (self.folder / "trusted.pem").write_text("".join(trusted))

    def sign(self, name: str, issuer: str, url: str | None, more: str = ""):
        openssl(self.folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
                "-keyout", f"{name}.key", "-out", f"{name}.csr")
        place = f"authorityInfoAccess=OCSP;URI:{url.replace('@', self.address)}\n" if url else ""
        (self.folder / "ext").write_text(place + more)
        serial = 0x1000 + len(list(self.folder.glob("*.csr")))
        openssl(self.folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key", "-days", "2",
                "-set_serial", str(serial), "-out", f"{name}.pem", "-extfile", "ext")
        self.statuses[name] = f"{serial:X}"

    def set_status(self, name: str, letter: str):
        """V: good, R: revoked."""
        index = self.folder / "index.txt"
        lines = [line for line in (index.read_text().splitlines() if index.exists() else []) if not line.endswith(f"/CN={name}")]
        revoked = "260101000000Z" if letter == "R" else ""
        lines.append(f"{letter}\t491231235959Z\t{revoked}\t{self.statuses[name]}\tunknown\t/CN={name}")
        index.write_text("\n".join(lines) + "\n")

    def answer(self, request: bytes, issuer: str, signer: str) -> bytes:
        name = f"{threading.get_ident()}-{time.monotonic_ns()}"
        (self.folder / f"{name}.q").write_bytes(request)
        openssl(self.folder, "ocsp", "-index", "index.txt", "-CA", f"{issuer}.pem", "-rsigner", f"{signer}.pem", "-rkey",
                f"{signer}.key", "-reqin", f"{name}.q", "-respout", f"{name}.a", "-ndays", "1")
        return (self.folder / f"{name}.a").read_bytes()


class Responder(BaseHTTPRequestHandler):
    """/int, /root: what that authority says. /wrong: the same of int, signed by root. Others as they are called."""
    server: ThreadingHTTPServer

    def do_GET(self):
        authority = self.server.authority
        _, path, question = self.path.split("/", 2)
        authority.asked.append(path)
        request = base64.b64decode(urllib.parse.unquote(question))
        status, kind, body = 200, "application/ocsp-response", b"no answer"
        if path in ("int", "root"):
            body = authority.answer(request, path, path)
        elif path == "wrong":
            body = authority.answer(request, "int", "root")
        elif path == "silent":
            authority.released.wait(60)
            return
        elif path == "cut":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-")
            return
        elif path == "try-later":
            body = bytes.fromhex("30030a0103")  # OCSPResponse of RFC 6960: tryLater
        elif path == "404":
            status = 404
        elif path == "html":
            kind = "text/html"
        elif path == "untyped":
            kind, body = None, authority.answer(request, "int", "int")
        if path != "nothing":
            self.send_response(status)
            if kind:
                self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_):
        pass
