"""TLS as clients see it: variables, client certificates, servers by name, certificates by variables, sessions and tickets over
connections and reloads, stapling; with nginx's answers beside.

A case connects with Python's ssl (or openssl s_client where that is not enough) to each server in turn; what comes back is
made equal where it is about identity (ids, ports) and compared.
"""
from __future__ import annotations

import contextlib
import fcntl
import os
import re
import signal
import socket
import ssl
import subprocess
import time

import pytest

from harness import tls_files
from harness.servers import StartFailed

WAIT_S = 10.0
PAIR = "ssl_certificate tls/{0}.pem; ssl_certificate_key tls/{0}.key;"
EC, RSA, LEAF, OTHER = (PAIR.format(name) for name in ("ec", "rsa", "leaf", "other"))
VARIABLES = """ssl_protocol ssl_cipher ssl_ciphers ssl_curves ssl_session_reused ssl_early_data ssl_server_name ssl_client_cert
    ssl_alpn_protocol ssl_client_raw_cert ssl_client_escaped_cert ssl_client_s_dn ssl_client_i_dn ssl_client_s_dn_legacy
    ssl_client_i_dn_legacy ssl_client_serial ssl_client_fingerprint ssl_client_verify ssl_client_v_start ssl_client_v_end
    ssl_client_v_remain https scheme server_name""".split()
SHOWN = "return 200 '" + "".join(f"{name}=[${name}]\\n" for name in VARIABLES) + "';"


def config(*servers: str, http: str = "") -> str:
    """Servers on 127.0.0.1:@P0@ with TLS, each with what its text adds."""
    blocks = "".join(f"server {{ listen 127.0.0.1:@P0@ ssl; {text} }}\n" for text in servers)
    return ("daemon off; pid nginx.pid; error_log logs/error.log info; events { worker_connections 64; }\n"
            f"http {{ access_log off; server_tokens off; ssl_protocols TLSv1.2 TLSv1.3; {http}\n{blocks} }}\n")


class Site:
    """A configuration and both servers on it, started when first asked for."""

    def __init__(self, name: str, text: str):
        self.name, self.text = name, text


SITES = {site.name: site for site in (
    Site("plain", config(EC + "server_name a.example; ssl_session_tickets on;" + SHOWN)),
    Site("two kinds", config(EC + RSA + SHOWN)),
    Site("names", config(EC + "server_name a.example;" + SHOWN,
                         RSA + "server_name b.example *.wild.example ~^re-(.*)\\.example$;" + SHOWN,
                         LEAF + "server_name strict.example; ssl_verify_client on; ssl_client_certificate tls/ca.pem;" + SHOWN,
                         "server_name rejected.example; ssl_reject_handshake on;")),
    Site("rejecting", config("ssl_reject_handshake on;", EC + "server_name a.example;" + SHOWN)),
    Site("by variable", config("server_name _; ssl_certificate tls/$ssl_server_name.pem; ssl_certificate_key tls/$ssl_server_name.key;"
                               + SHOWN)),
    Site("by variable, beside one without", config(
        "server_name a.example; ssl_certificate tls/$kind.pem; ssl_certificate_key tls/$kind.key;" + SHOWN,
        "server_name b.example;" + SHOWN, http="map $ssl_server_name $kind { default ec; b.example rsa; }")),
    Site("by variable, encrypted", config("ssl_certificate tls/rsa.pem; ssl_certificate_key tls/$ssl_server_name.key;"
                                          "ssl_password_file tls/passwords;" + SHOWN)),
    Site("encrypted", config("ssl_certificate tls/rsa.pem; ssl_certificate_key tls/pkcs8.key; ssl_password_file tls/passwords;" + SHOWN)),
    Site("chain", config(PAIR.format("leaf").replace("leaf.pem", "chain.pem") + SHOWN)),
    Site("old", config(EC + "ssl_protocols TLSv1.2; ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384;"
                       "ssl_prefer_server_ciphers on;" + SHOWN)),
    Site("curves", config(EC + "ssl_ecdh_curve secp384r1:prime256v1;" + SHOWN)),
    Site("stapled", config(LEAF + "ssl_stapling on; ssl_stapling_file tls/answer.der;" + SHOWN)),
    Site("ssl on", config(EC + "ssl on;" + SHOWN).replace(" ssl; ", "; ", 1)),
    *(Site(f"verify {mode}", config(EC + f"ssl_verify_client {mode}; ssl_client_certificate tls/ca.pem; " + more + SHOWN))
      for mode, more in (("on", ""), ("optional", ""), ("optional_no_ca", ""))),
    Site("verify on, pages", config(EC + "ssl_verify_client on; ssl_client_certificate tls/ca.pem; error_page 495 496 497 =402 /e;"
                                    "location / { return 200 served; } location = /e { return 200 '$ssl_client_verify $status'; }")),
    Site("verify with a list", config(EC + "ssl_verify_client on; ssl_client_certificate tls/ca.pem; ssl_crl tls/crl.pem;" + SHOWN)),
    Site("verify depth 0", config(EC + "ssl_verify_client on; ssl_verify_depth 0; ssl_client_certificate tls/ca.pem;" + SHOWN)),
)}


@pytest.fixture(scope="module")
def both(workspace, binaries):
    """both(site): nginx and uringx on a site; those of the site before are ended."""
    current: dict = {}

    def stop():
        servers = current.pop("servers", ())
        for server in servers:
            server.stop()
            log = server.log_text("error.log")
            assert not re.search(r"\[alert\]|Sanitizer|exited on signal", log), log

    def get(site: Site):
        if current.get("site") is not site:
            stop()
            current["site"] = site
            current["servers"] = []
            for binary, label in zip(binaries, ("nginx", "uringx")):
                current["servers"].append(start(workspace, binary, label, site.text))
        return current["servers"]

    yield get
    stop()


def start(workspace, binary: str, label: str, text: str, **folders):
    """A server on that text; `folders` are beside its tls/ by those names."""
    server = workspace.server(binary, label)
    folders["tls"] = tls_files.make(workspace.path / "ssl-files")
    for name, folder in folders.items():
        (server.prefix / name).symlink_to(folder)
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            return server.start(text)
        except StartFailed as failure:  # the kernel takes its time to give back the memory of a server that has ended
            if "no memory for io_uring" not in str(failure) or time.monotonic() > deadline:
                pytest.fail(str(failure))
            time.sleep(0.2)


def client_context(server, client: str | None = None, version: str | None = None, ciphers: str | None = None,
                   protocols: list[str] | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if client:
        context.load_cert_chain(server.prefix / f"tls/{client}.pem", server.prefix / f"tls/{client}.key")
    if version:
        context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)
    if ciphers:
        context.set_ciphers(ciphers)
    if protocols:
        context.set_alpn_protocols(protocols)
    return context


@contextlib.contextmanager
def connection(server, name: str | None = None, session=None, context: ssl.SSLContext | None = None, port: int = 0, **options):
    context = context or client_context(server, **options)
    with socket.create_connection(("127.0.0.1", server.ports[port]), WAIT_S) as sock:
        with context.wrap_socket(sock, server_hostname=name, session=session) as tls:
            yield tls


def ask(tls: ssl.SSLSocket, target: str = "/", host: str = "a.example") -> bytes:
    tls.sendall(f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    answer = b""
    while chunk := tls.recv(65536):
        answer += chunk
    return answer


def shown(answer: bytes) -> bytes:
    """Without the time and the name of the program, which an error page's length depends on."""
    answer = re.sub(rb"\r\n(Date|Server): [^\r]*", b"", answer)
    if b"<hr><center>" in answer:
        answer = re.sub(rb"\r\nContent-Length: \d+", b"", answer)
    return re.sub(rb"<hr><center>[^<]*", b"<hr><center>", answer)


def seen(server, name=None, host="a.example", target="/", **options):
    """What a client gets: the certificate it is shown and the answer, or how the handshake failed."""
    try:
        with connection(server, name, **options) as tls:
            return tls.getpeercert(binary_form=True), tls.version(), tls.cipher(), shown(ask(tls, target, host))
    except ssl.SSLError as error:
        return error.reason or str(error)
    except ConnectionError as error:
        return type(error).__name__


def log_lines(server) -> list[str]:
    """What the error log says about the client since the marks, without time, process and numbers."""
    lines = server.new_lines().get("error.log", [])
    lines = [re.sub(r"^\S+ \S+ (\[\w+\]) \d+#\d+: (?:\*\d+ )?", r"\1 ", line) for line in lines]
    # How a connection ends and what the master says is no matter of TLS.
    lines = [line for line in lines if "client" in line and "closed keepalive" not in line and "client closed" not in line]
    return [re.sub(str(server.prefix), "PREFIX", re.sub(r"(server|client): 127[\d.:]+", r"\1", line)) for line in lines]


# ------------------------------------------------------------------------------------------- one connection

NAMES = (None, "a.example", "b.example", "x.wild.example", "re-7.example", "strict.example", "rejected.example", "nosuch.example",
         "A.EXAMPLE", "a.example.")
CASES = [
    *(("plain", dict(name="a.example", version=v)) for v in ("TLSv1_2", "TLSv1_3")),
    ("plain", {}), ("plain", dict(protocols=["http/1.1"])), ("plain", dict(protocols=["h2", "http/1.1"])),
    ("plain", dict(protocols=["h2"])), ("plain", dict(protocols=["nonsense"])), ("plain", dict(protocols=["http/1.0"])),
    ("plain", dict(client="leaf")),
    ("two kinds", dict(version="TLSv1_2", ciphers="ECDHE-RSA-AES128-GCM-SHA256")),
    ("two kinds", dict(version="TLSv1_2", ciphers="ECDHE-ECDSA-AES128-GCM-SHA256")), ("two kinds", {}),
    ("plain", dict(version="TLSv1_2", ciphers="ECDHE-RSA-AES128-GCM-SHA256")),
    *(("names", dict(name=name)) for name in NAMES),
    *(("names", dict(name=name, host=host)) for name, host in (
        ("a.example", "b.example"), ("b.example", "a.example"), ("a.example", "strict.example"), (None, "strict.example"),
        ("nosuch.example", "strict.example"), ("strict.example", "a.example"))),
    *(("names", dict(name="strict.example", host=host, client=client)) for host in ("strict.example", "a.example")
      for client in ("leaf", "other")),
    *(("rejecting", dict(name=name)) for name in (None, "a.example", "nosuch.example")),
    *(("by variable", dict(name=name)) for name in ("ec", "rsa", "nosuch", "junk", "weak", None)),
    *(("by variable, encrypted", dict(name=name)) for name in ("pkcs8", "pkcs1", "rsa", "ec", "nosuch")),
    *(("by variable, beside one without", dict(name=name, host=name)) for name in ("a.example", "b.example")),
    ("encrypted", {}), ("chain", {}), ("ssl on", {}),
    ("old", dict(version="TLSv1_2")), ("old", dict(version="TLSv1_3")),
    ("old", dict(version="TLSv1_2", ciphers="ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256")),
    ("curves", dict(version="TLSv1_2")), ("curves", dict(version="TLSv1_3")),
    *((f"verify {mode}", dict(client=client, version=version)) for mode in ("on", "optional", "optional_no_ca")
      for client in (None, "leaf", "other", "ca") for version in ("TLSv1_2", "TLSv1_3")),
    *(("verify on, pages", dict(client=client)) for client in (None, "leaf", "other")),
    *(("verify with a list", dict(client=client)) for client in ("leaf", "ca")),
    *(("verify depth 0", dict(client=client)) for client in ("leaf", "ca")),
]


@pytest.mark.parametrize("where,options", CASES, ids=[f"{where} {options}" for where, options in CASES])
def test_a_client_sees_what_nginx_shows(both, where, options):
    ours, theirs = both(SITES[where])
    for server in (ours, theirs):
        server.mark_logs()
    expected, found = seen(ours, **options), seen(theirs, **options)
    assert found == expected
    deadline = time.monotonic() + 2
    while log_lines(theirs) != log_lines(ours) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert log_lines(theirs) == log_lines(ours)


def test_plain_http_on_a_port_of_tls(both):
    answers = []
    for server in both(SITES["plain"]):
        with socket.create_connection(("127.0.0.1", server.ports[0]), WAIT_S) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = b""
            while chunk := sock.recv(65536):
                answer += chunk
            answers.append(shown(answer))
    assert answers[0] == answers[1]
    assert b"400 The plain HTTP request was sent to HTTPS port" in answers[1]


# ------------------------------------------------------------------------------------------------- sessions

CACHES = ("off", "none", "builtin", "shared:S:1m", "builtin:1000 shared:S:1m")
SESSIONS = [(cache, tickets, version) for cache in CACHES for tickets in ("on", "off") for version in ("TLSv1_2", "TLSv1_3")]


def reused(server, context, session, name="a.example"):
    """Whether a connection continues `session`; and the session it leaves."""
    with connection(server, name, session=session, context=context) as tls:
        answer = ask(tls)
        assert (b"ssl_session_reused=[r]" in answer) == tls.session_reused
        return tls.session_reused, tls.session


def reload(server):
    before = set(server.children(server.process.pid))
    server.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        now = set(server.children(server.process.pid))
        if now and not now & before:
            return
        time.sleep(0.02)
    pytest.fail("no reload")


@pytest.mark.parametrize("cache,tickets,version", SESSIONS)
def test_sessions_are_resumed_as_with_nginx(workspace, binaries, cache, tickets, version):
    """nginx's own cache is a process's, so that its second connection may come too late; uringx has one process."""
    text = config(EC + f"ssl_session_cache {cache}; ssl_session_tickets {tickets};" + SHOWN)
    results = []
    for binary, label in zip(binaries, ("nginx", "uringx")):
        server = start(workspace, binary, label, text)
        try:
            context = client_context(server, version=version)
            first, session = reused(server, context, None)
            second, session = reused(server, context, session)
            third, session = reused(server, context, session)
            reload(server)
            after, _ = reused(server, context, session)
            results.append((first, second, third, after))
        finally:
            server.stop()
    ours, theirs = results
    assert theirs[:3] == ours[:3]
    # nginx keeps ticket keys in the zone since 1.23.2; with a cache of its own beside it, it empties the zone when it ends.
    assert theirs[3] == (True if "shared" in cache else ours[3])


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_ticket_keys_of_files_rotate(workspace, binaries, version):
    """A ticket is good after a reload as long as its key is in the configuration."""
    key = "ssl_session_ticket_key tls/ticket48;"
    new = "ssl_session_ticket_key tls/ticket80;"
    results = []
    for binary, label in zip(binaries, ("nginx", "uringx")):
        server = start(workspace, binary, label, config(EC + key + SHOWN))
        try:
            context = client_context(server, version=version)
            _, session = reused(server, context, None)
            said = []
            for keys in (key, new + key, new):
                server.write_config(config(EC + keys + SHOWN))
                reload(server)
                said.append(reused(server, context, session)[0])
            results.append(said)
        finally:
            server.stop()
    assert results == [[True, True, False]] * 2


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
@pytest.mark.parametrize("tickets", ["on", "off"])
def test_a_session_is_good_only_at_its_server(workspace, binaries, tickets, version):
    """Two servers of one address with authorities of their own: what one has verified, the other has not."""
    server = start(workspace, binaries[1], "uringx", config(
        EC + "server_name a.example;" + SHOWN,
        EC + "server_name one.example; ssl_verify_client on; ssl_client_certificate tls/ca.pem;" + SHOWN,
        EC + "server_name two.example; ssl_verify_client on; ssl_client_certificate tls/other.pem;" + SHOWN,
        http=f"ssl_session_cache shared:S:1m; ssl_session_tickets {tickets};"))
    try:
        context = client_context(server, client="leaf", version=version)
        with connection(server, "one.example", context=context) as tls:
            assert b"ssl_client_verify=[SUCCESS]" in ask(tls, host="one.example")
            session = tls.session
        for name in ("two.example", "a.example"):
            with connection(server, name, session=session, context=context) as tls:
                answer = ask(tls, host=name)
                assert not tls.session_reused
                assert (b"400 Bad Request" in answer) == (name == "two.example"), answer
        with connection(server, "one.example", session=session, context=context) as tls:
            assert b"ssl_client_verify=[SUCCESS]" in ask(tls, host="one.example")
            assert tls.session_reused or version == "TLSv1_3"
    finally:
        server.stop()


# ------------------------------------------------------------------------------------- what Python's ssl cannot

def s_client(server, *options: str, said: bytes = b"GET / HTTP/1.0\r\n\r\n") -> str:
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.ports[0]}", "-ign_eof", *options],
                          input=said, capture_output=True, timeout=WAIT_S)
    return done.stdout.decode("latin-1") + done.stderr.decode("latin-1")


def staple(text: str) -> list[str]:
    return re.findall(r"OCSP [Rr]esponse: no response sent|OCSP Response Status: .*|Cert Status: .*", text)


def test_an_answer_of_the_authority_is_stapled(both):
    ours, theirs = (staple(s_client(server, "-status")) for server in both(SITES["stapled"]))
    assert theirs == ours
    assert any("Cert Status" in line for line in theirs)


def test_no_answer_is_stapled_for_who_does_not_ask(both):
    for server in both(SITES["stapled"]):
        assert not staple(s_client(server))


def test_answers_are_fetched_from_a_responder(workspace, binaries):
    """The authority answers on a port of its own; the answer is stapled soon after the start."""
    files = tls_files.make(workspace.path / "ssl-files")
    server = workspace.server(binaries[1], "uringx")
    (server.prefix / "tls").symlink_to(files)
    port = server.ports[9]
    responder = subprocess.Popen(
        ["openssl", "ocsp", "-index", "index.txt", "-port", str(port), "-rsigner", "ca.pem", "-rkey", "ca.key", "-CA", "ca.pem",
         "-ndays", "1"], cwd=files, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        while b"waiting for OCSP client" not in responder.stdout.readline():  # it takes a connection without a request ill
            assert responder.poll() is None
        server.start(config(LEAF + "ssl_trusted_certificate tls/ca.pem; ssl_stapling on; ssl_stapling_verify on;"
                            f"ssl_stapling_responder http://127.0.0.1:{port}/;" + SHOWN))
        deadline = time.monotonic() + WAIT_S
        while not any("Cert Status" in line for line in staple(s_client(server, "-status"))):
            assert time.monotonic() < deadline, server.log_text("error.log")
            time.sleep(0.1)
    finally:
        server.stop()
        responder.kill()
        responder.wait()


def test_a_responder_that_does_not_answer_is_named_in_the_log(workspace, binaries):
    server = start(workspace, binaries[1], "uringx", config(
        LEAF + "ssl_trusted_certificate tls/ca.pem; ssl_stapling on; ssl_stapling_responder http://127.0.0.1:@P9@/;" + SHOWN))
    try:
        deadline = time.monotonic() + WAIT_S
        while "while requesting certificate status, responder: 127.0.0.1" not in server.log_text("error.log"):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert "connect() failed (111: Connection refused)" in server.log_text("error.log")
        assert staple(s_client(server, "-status")) == ["OCSP response: no response sent"]
    finally:
        assert server.stop() == 0


def test_early_data_is_read_and_told(workspace, binaries):
    """$ssl_early_data is 1 for a request that came with the first message of a resumed session."""
    text = config(EC + "ssl_early_data on; ssl_session_cache shared:S:1m; location / { return 200 'early=[$ssl_early_data]\\n'; }")
    results = []
    for binary, label in zip(binaries, ("nginx", "uringx")):
        server = start(workspace, binary, label, text)
        try:
            request = server.prefix / "request"
            request.write_bytes(b"GET / HTTP/1.0\r\n\r\n")
            session = server.prefix / "session"
            s_client(server, "-tls1_3", "-sess_out", str(session))
            said = s_client(server, "-tls1_3", "-sess_in", str(session), "-early_data", str(request), said=b"")
            results.append(re.findall(r"Early data was \w+|early=\[\d?\]", said))
        finally:
            server.stop()
    assert results[0] == results[1]
    assert "early=[1]" in results[1]


def test_secrets_are_written_for_who_wants_them(workspace, binaries):
    """ssl_key_log: the lines that programs which read captures know."""
    server = start(workspace, binaries[1], "uringx", config(EC + "ssl_key_log logs/keys;" + SHOWN))
    try:
        seen(server)
        deadline = time.monotonic() + WAIT_S
        while "SERVER_TRAFFIC_SECRET_0" not in server.log_text("keys"):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert all(re.fullmatch(r"[A-Z_0-9]+ [0-9a-f]{64} [0-9a-f]{64,96}", line)
                   for line in server.log_text("keys").splitlines())
        assert (server.prefix / "logs/keys").stat().st_mode & 0o77 == 0
    finally:
        server.stop()


def test_a_file_of_secrets_that_takes_nothing_stops_nobody_else(workspace, binaries):
    """Its lines are written beside the worker, as those of other logs: here to a pipe that nobody reads."""
    pipe = workspace.path / "secrets"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
    server = start(workspace, binaries[1], "uringx", config(
        EC + f"server_name a.example; ssl_key_log {pipe};" + SHOWN, RSA + "listen 127.0.0.1:@P1@ ssl; server_name b.example;" + SHOWN))
    held = []
    try:
        context = client_context(server, version="TLSv1_3")
        for _ in range(20):  # about a KiB each
            sock = socket.create_connection(("127.0.0.1", server.ports[0]), WAIT_S)
            held.append(context.wrap_socket(sock, server_hostname="a.example"))
        began = time.monotonic()
        with connection(server, "b.example", port=1) as tls:
            assert b"ssl_server_name=[b.example]" in ask(tls, host="b.example")
        assert time.monotonic() - began < 2
        wanted, lines = b"SERVER_TRAFFIC_SECRET_0 ", b""
        deadline = time.monotonic() + WAIT_S
        while lines.count(wanted) < 20 and time.monotonic() < deadline:
            with contextlib.suppress(BlockingIOError):
                lines += os.read(reader, 65536)
        assert lines.count(wanted) == 20
        assert all(re.fullmatch(rb"[A-Z_0-9]+ [0-9a-f]{64} [0-9a-f]{64,96}", line) for line in lines.splitlines())
    finally:
        for tls in held:
            tls.close()
        server.stop()
        os.close(reader)


@pytest.mark.parametrize("version,expected", [("TLSv1_2", [True, True]), ("TLSv1_3", [False, True])])
def test_tls_1_3_is_on_where_nothing_is_said(workspace, binaries, version, expected):
    """As with nginx since 1.23.4: the one beside it here is older."""
    spoken = []
    for binary, label in zip(binaries, ("nginx", "uringx")):
        server = start(workspace, binary, label, config(EC + SHOWN).replace("ssl_protocols TLSv1.2 TLSv1.3;", ""))
        try:
            spoken.append(isinstance(seen(server, version=version), tuple))
        finally:
            server.stop()
    assert spoken == expected


def gone_after_s(server, target: str, body_bytes: int) -> float:
    """How long the socket of a request without its body takes bytes after the server has said close_notify, and the client too."""
    with connection(server, context=client_context(server, version="TLSv1_2")) as tls:
        tls.sendall(f"POST {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {body_bytes}\r\n\r\n".encode())
        while tls.recv(65536):
            pass
        ended = time.monotonic()
        tls.setblocking(False)
        with contextlib.suppress(OSError):
            tls.unwrap()
        with socket.socket(fileno=tls.detach()) as sock, contextlib.suppress(ConnectionError):
            while time.monotonic() - ended < WAIT_S:
                sock.sendall(b"x")
                time.sleep(0.05)
        return time.monotonic() - ended


def test_a_connection_lingers_as_long_as_with_nginx(workspace, binaries):
    """close_notify does not end it, and who has sent nothing of a body for lingering_timeout is not waited for again."""
    text = config(EC + "location / { return 200 x; } location /always { lingering_close always; return 200 x; }",
                  http="lingering_timeout 1s; lingering_time 2s;")
    for binary, label in zip(binaries, ("nginx", "uringx")):
        server = start(workspace, binary, label, text)
        try:
            assert gone_after_s(server, "/", 1000000) < 0.9, label
            assert 1 < gone_after_s(server, "/always", 0) < 4, label
        finally:
            server.stop()


def test_certificates_stay_in_the_cache_for_a_while(workspace, binaries):
    """ssl_certificate_cache: a certificate that is exchanged on disk is seen when its time is over, and not before."""
    files = tls_files.make(workspace.path / "ssl-files")
    server = workspace.server(binaries[1], "uringx")
    folder = server.prefix / "own"
    folder.mkdir(mode=0o755)

    def put(name: str):
        for end in ("pem", "key"):
            new = folder / f"new.{end}"
            new.write_bytes((files / f"{name}.{end}").read_bytes())
            new.chmod(0o644)
            new.rename(folder / f"x.{end}")

    put("ec")
    server.start(config("ssl_certificate own/$ssl_server_name.pem; ssl_certificate_key own/$ssl_server_name.key;"
                        "ssl_certificate_cache max=10 valid=1s inactive=1h;" + SHOWN))
    try:
        first = seen(server, "x")[0]
        put("other")
        assert seen(server, "x")[0] == first
        deadline = time.monotonic() + WAIT_S
        while seen(server, "x")[0] == first:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        server.stop()


def test_certificates_and_keys_share_the_room_of_the_cache(workspace, binaries):
    """max= counts each of them, as in nginx: 4 is two certificates with their keys."""
    files = tls_files.make(workspace.path / "ssl-files")
    server = workspace.server(binaries[1], "uringx")
    folder = server.prefix / "own"
    folder.mkdir(mode=0o755)
    for name in ("a", "b", "c"):
        for end in ("pem", "key"):
            (folder / f"{name}.{end}").write_bytes((files / f"ec.{end}").read_bytes())
            (folder / f"{name}.{end}").chmod(0o644)
    server.start(config("ssl_certificate own/$ssl_server_name.pem; ssl_certificate_key own/$ssl_server_name.key;"
                        "ssl_certificate_cache max=4 valid=1h inactive=1h;" + SHOWN))
    try:
        assert all(isinstance(seen(server, name), tuple) for name in ("a", "b", "c"))
        for file in folder.iterdir():
            file.unlink()
        assert [isinstance(seen(server, name), tuple) for name in ("a", "b", "c")] == [False, True, True]
    finally:
        server.stop()
