"""ssl_ocsp: authorities are asked about the certificates of clients; answers, what $ssl_client_verify says, what is logged and
what the responder was asked are compared with nginx's.
"""
from __future__ import annotations

import re
import signal
import ssl
import time

import pytest

from harness.ocsp import CLIENTS, Authority
from test_ssl import EC, WAIT_S, ask, config, connection, reload, seen, start

SHOWN = "return 200 '$ssl_client_verify $ssl_session_reused\\n';"
VERIFY = EC + "ssl_verify_depth 2; ssl_client_certificate ca/trusted.pem;"
# Servers by what the responder does, which is the path of its URL.
PATHS = ("wrong", "try-later", "404", "html", "untyped", "nothing", "cut", "garbage", "int")
PAGE = "error_page 495 =402 /e; location = /e { return 200 '$status $ssl_client_verify\\n'; }"


def server_text(name: str, words: str, verify: str = "on") -> str:
    return f"{VERIFY} ssl_verify_client {verify}; server_name {name}; {words} location / {{ {SHOWN} }}"


def texts(authority, http: str = "") -> str:
    at = f"ssl_ocsp_responder http://{authority.address}"
    return config(
        server_text("leaf", "ssl_ocsp leaf;"), server_text("chain", "ssl_ocsp on;"), server_text("off", "ssl_ocsp off;"),
        server_text("optional", "ssl_ocsp leaf;", "optional"),
        server_text("unverified", "ssl_ocsp leaf;", "off"),
        server_text("page", "ssl_ocsp leaf;" + PAGE),
        server_text("host", f"ssl_ocsp leaf; {at.replace('127.0.0.1', 'localhost')}/int;"),
        server_text("refused", "ssl_ocsp leaf; ssl_ocsp_responder http://127.0.0.1:1;"),
        *(server_text(path, f"ssl_ocsp leaf; {at}/{path};") for path in PATHS), http=http)


@pytest.fixture(scope="module")
def authority(workspace):
    made = Authority(workspace.path / "ocsp")
    yield made
    made.close()


def begin(workspace, binary, label, authority, text):
    return start(workspace, binary, label, text, ca=authority.folder)


def wait_until(condition):
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module")
def both(workspace, binaries, authority):
    servers = [begin(workspace, binary, label, authority, texts(authority)) for binary, label in zip(binaries, ("nginx", "uringx"))]
    yield servers
    for server in servers:
        server.stop()
        log = server.log_text("error.log")
        assert not re.search(r"\[(alert|crit)\]|Sanitizer|exited on signal", log), log


def client(authority, name: str | None, version: str | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if name:
        context.load_cert_chain(authority.folder / f"{name}.pem", authority.folder / f"{name}.key")
    if version:
        context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)
    return context


def lines(server) -> list[str]:
    """Of a client and of the responder, without time, process and numbers."""
    found = [re.sub(r"^\S+ \S+ (\[\w+\]) \d+#\d+: (?:\*\d+ )?", r"\1 ", line) for line in server.new_lines().get("error.log", [])]
    found = [line for line in found if ("client" in line or "requesting certificate" in line or "responder" in line)
             and "closed keepalive" not in line and "client closed" not in line]
    return [re.sub(r"(server|client): 127[\d.:]+", r"\1", line) for line in found]


def outcome(server, authority, name, client_name, version=None):
    """The answer, what the log says, and what the responder was asked."""
    server.mark_logs()
    authority.asked.clear()
    answer = seen(server, name, host=name, context=client(authority, client_name, version))
    if isinstance(answer, tuple):
        answer = answer[3]
    return answer, authority.asked[:]


CASES = [
    *(("leaf", one) for one in (None, "root", *CLIENTS)), *(("chain", one) for one in ("root", "end", "revoked", "direct")),
    *(("off", one) for one in ("end", "revoked")), *(("optional", one) for one in (None, "end", "revoked")),
    ("unverified", "revoked"), ("page", "revoked"), ("page", "end"), ("refused", "end"), ("host", "end"), ("host", "revoked"),
    *((path, "end") for path in PATHS), ("int", "no-url"), ("int", "https"), ("untyped", "revoked"),
]


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
@pytest.mark.parametrize("name,client_name", CASES)
def test_a_client_is_let_in_as_with_nginx(both, authority, name, client_name, version):
    ours, theirs = both
    expected = outcome(ours, authority, name, client_name, version)
    found = outcome(theirs, authority, name, client_name, version)
    assert found == expected
    if name != "404":  # nginx says nothing of it
        deadline = time.monotonic() + 2
        while lines(theirs) != lines(ours) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert lines(theirs) == lines(ours)


def test_the_words_are_those_that_are_documented(both, authority):
    for server in both:
        for one, words in (("end", b"SUCCESS"), ("revoked", b"FAILED:certificate revoked"),
                           ("stranger", b"FAILED:certificate status unknown"),
                           ("refused", b"FAILED:certificate status request failed")):
            answer, _ = outcome(server, authority, "page", one)
            assert words in answer, answer
        assert b"The SSL certificate error" in outcome(server, authority, "leaf", "revoked")[0]


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
@pytest.mark.parametrize("tickets", ["on", "off"])
def test_a_session_that_is_used_again_is_asked_about_again(workspace, binaries, authority, tickets, version):
    results = []
    for binary, label in zip(binaries, ("nginx", "uringx")):
        authority.set_status("changing", "V")
        server = begin(workspace, binary, label, authority, config(
            server_text("leaf", "ssl_ocsp leaf;"), http=f"ssl_session_cache shared:S:1m; ssl_session_tickets {tickets};"))
        try:
            context, said = client(authority, "changing", version), []
            session = None
            for status in "VVRRV":
                authority.set_status("changing", status)
                with connection(server, "leaf", session=session, context=context) as tls:
                    answer = ask(tls, host="leaf")
                    session = tls.session
                    said.append((re.findall(rb"SUCCESS .|SSL certificate error", answer), tls.session_reused))
            results.append(said)
        finally:
            server.stop()
    assert results[1] == results[0]
    assert results[1][1] == ([b"SUCCESS r"], True)
    assert results[1][2][0] == [b"SSL certificate error"] * 2


def test_answers_are_kept_over_connections_and_reloads(workspace, binaries, authority):
    results = []
    for binary, label in zip(binaries, ("nginx", "uringx")):
        authority.set_status("changing", "V")
        text = config(server_text("leaf", "ssl_ocsp leaf;"), server_text("chain", "ssl_ocsp on;"),
                      server_text("uncached", "ssl_ocsp leaf; ssl_ocsp_cache off;"), http="ssl_ocsp_cache shared:o:1m;")
        server = begin(workspace, binary, label, authority, text)
        try:
            said = [outcome(server, authority, "leaf", "changing")]
            authority.set_status("changing", "R")
            said += [outcome(server, authority, name, "changing") for name in ("leaf", "chain", "chain", "uncached")]
            reload(server)
            said += [outcome(server, authority, name, "changing") for name in ("leaf", "chain", "uncached")]
            said += [outcome(server, authority, "leaf", "revoked") for _ in range(2)]
            results.append(said)
        finally:
            server.stop()
    assert results[1] == results[0]
    assert [asked for _, asked in results[1]] == [["int"], [], ["root"], [], ["int"], [], [], ["int"], ["int"], []]


def test_others_are_served_while_a_responder_is_silent(workspace, binaries, authority):
    """And the client that waits for it is given up after client_header_timeout."""
    at = f"ssl_ocsp_responder http://{authority.address}/silent;"
    for binary, label in zip(binaries, ("nginx", "uringx")):
        server = begin(workspace, binary, label, authority, config(
            server_text("leaf", "ssl_ocsp leaf;"), server_text("silent", f"ssl_ocsp leaf; {at}"),
            http="client_header_timeout 2s;"))
        try:
            server.mark_logs()
            with connection(server, "silent", context=client(authority, "end")) as waiting:
                began = time.monotonic()
                waiting.sendall(b"GET / HTTP/1.0\r\n\r\n")
                assert b"SUCCESS" in outcome(server, authority, "leaf", "end")[0]
                assert time.monotonic() - began < 1.5
                assert waiting.recv(100) == b""
                assert 1.5 < time.monotonic() - began < 5
            wait_until(lambda: "client timed out (110: Connection timed out) while SSL handshaking" in server.log_text("error.log"))
        finally:
            server.stop()


def test_a_client_may_leave_while_its_certificate_is_asked_about(workspace, binaries, authority):
    server = begin(workspace, binaries[1], "uringx", authority, config(
        server_text("silent", f"ssl_ocsp leaf; ssl_ocsp_responder http://{authority.address}/silent;")))
    authority.asked.clear()
    with connection(server, "silent", context=client(authority, "end")):
        wait_until(lambda: authority.asked == ["silent"])
    with connection(server, "silent", context=client(authority, "end")) as tls:
        wait_until(lambda: len(authority.asked) == 2)
        server.send_signal(signal.SIGTERM)
        assert server.process.wait(WAIT_S) == 0
        assert tls.recv(100) == b""


def test_a_name_needs_a_resolver(workspace, binaries, authority):
    """uringx asks the system's resolver once there is a `resolver`; nginx would need a name server here."""
    local = config(server_text("leaf", "ssl_ocsp leaf;"), http="resolver 127.0.0.1;").replace("listen", "resolver_timeout 5s; listen")
    server = begin(workspace, binaries[1], "uringx", authority, local)
    try:
        server.mark_logs()
        assert b"SSL certificate error" in outcome(server, authority, "leaf", "named")[0]  # localhost:1
        wait_until(lambda: "failed (111: Connection refused) while requesting certificate status, responder: localhost, peer: "
                   in server.log_text("error.log"))
    finally:
        server.stop()
