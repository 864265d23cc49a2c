"""Hostile and unlucky clients over TLS: what goes wrong in a handshake or among records costs that client its connection, and
nobody else anything.

What nginx and uringx can be asked alike runs on both, side by side, and answers, ends and log lines are compared; what
only bounds a cost is asked of each by itself, nginx first, which shows that the bound is right.
"""
import contextlib
import os
import re
import signal
import socket
import ssl
import struct
import subprocess
import time
from pathlib import Path

import pytest

from harness import normalise, tls_files
from harness.client import parse_stream
from harness.running import reload, until
from harness.site import get

WAIT_S = 5.0
AT_ONCE_S = 1.5
BODY = b"0123456789"
RESET = struct.pack("ii", 1, 0)
RSS_PER_CONNECTION_MAX = 120 << 10
CLOSE = "Connection: close"

CONFIG = """\
daemon off; worker_processes 1; pid nginx.pid; error_log logs/error.log info;
events {{ worker_connections 3000; }}
http {{ access_log logs/access.log; client_header_timeout 1; send_timeout 3; keepalive_timeout 1; lingering_timeout 1;
ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:s:1m; {http}
server {{ listen 127.0.0.1:@P0@ ssl; server_name a.test; root html; {ec} {server} }}
server {{ listen 127.0.0.1:@P0@ ssl; server_name b.test; root html; {rsa} location /who {{ return 200 b; }} }}
server {{ listen 127.0.0.1:@P0@ ssl; server_name clients.test; root html; {ec}
  ssl_client_certificate {folder}/ca.pem; ssl_verify_client on; location /who {{ return 200 clients; }} }}
server {{ listen 127.0.0.1:@P0@ ssl; server_name bare.test; root html; location /who {{ return 200 bare; }} }}
server {{ listen 127.0.0.1:@P1@; root html; }}
}}
"""


@pytest.fixture(scope="module")
def certificates(workspace):
    return tls_files.make(workspace.path / "tls")


@pytest.fixture(scope="module")
def config(certificates):
    def text(http="", server=""):
        keys = {n: f"ssl_certificate {certificates}/{n}.pem; ssl_certificate_key {certificates}/{n}.key;" for n in ("ec", "rsa")}
        return CONFIG.format(http=http, server=server, folder=certificates, **keys)
    return text


@pytest.fixture(scope="module")
def both(workspace, binaries, config):
    servers = [workspace.server(b, n) for b, n in zip(binaries, ("nginx", "uringx"))]
    for server in servers:
        server.start(config())
        until(lambda: ask(server) == BODY, "an answer")
    yield servers
    for server in servers:
        try:
            alerts = [line for line in server.log_text("error.log").splitlines() if "[alert]" in line]
            assert server.stop() == 0 and not alerts, alerts
        finally:
            server.kill()


@pytest.fixture(params=["nginx", "uringx"])
def one(request, workspace, binaries, config):
    server = workspace.server(binaries[request.param == "uringx"], request.param)
    server.start(config())
    until(lambda: ask(server) == BODY, "an answer")
    [worker] = server.children(server.process.pid)
    yield server
    try:
        if server.process is not None:
            assert server.children(server.process.pid) == [worker] or request.node.get_closest_marker("reloads"), "the worker died"
            assert neighbour(server) == BODY
            assert server.stop() == 0, "QUIT did not end it"
        assert "[alert]" not in server.log_text("error.log")
    finally:
        server.kill()


class Client:
    """TLS through memory over a socket: what leaves can be cut and changed."""

    def __init__(self, server, name="a.test", version=None, session=None, certificate=None, receive_bytes=0):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE
        if version:
            self.context.minimum_version = self.context.maximum_version = version
        if certificate:
            self.context.load_cert_chain(*certificate)
        if session:
            self.context = session[0]
        self.inward, self.outward = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = self.context.wrap_bio(self.inward, self.outward, server_hostname=name, session=session and session[1])
        self.sock = socket.socket()
        if receive_bytes:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.sock.settimeout(WAIT_S)
        self.sock.connect(("127.0.0.1", server.ports[0]))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def hear(self) -> bool:
        """False at the end of the stream."""
        data = self.sock.recv(1 << 18)
        self.inward.write(data) if data else self.inward.write_eof()
        return bool(data)

    def output(self) -> bytes:
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()
        return self.outward.read()

    def shake_hands(self):
        while True:
            try:
                self.tls.do_handshake()
                self.sock.sendall(self.outward.read())
                return self
            except ssl.SSLWantReadError:
                self.sock.sendall(self.outward.read())
                if not self.hear():
                    raise ConnectionError("closed in the handshake")

    def records(self, plain: bytes) -> bytes:
        self.tls.write(plain)
        return self.outward.read()

    def say(self, plain: bytes):
        self.sock.sendall(self.records(plain))

    def read(self) -> bytes:
        """Some plain bytes; b'' at close_notify. Raises SSLEOFError where the stream ended without it."""
        while True:
            try:
                return self.tls.read(1 << 16)
            except ssl.SSLZeroReturnError:
                return b""
            except ssl.SSLWantReadError:
                if not self.hear():
                    return self.tls.read(1 << 16)

    def rest(self) -> tuple[bytes, str]:
        """Everything that still comes, and how it ended."""
        plain, end = bytearray(), "close_notify"
        try:
            while data := self.read():
                plain += data
        except ssl.SSLEOFError:
            end = "eof"
        except ssl.SSLZeroReturnError:
            pass
        except ssl.SSLError as error:
            end = f"alert {error.reason}"
        except ConnectionResetError:
            end = "reset"
        except TimeoutError:
            end = "silence"
        return bytes(plain), end

    def answer(self, request: bytes) -> bytes:
        self.say(request)
        plain = b""
        while not parse_stream(plain, ["GET"], False) or not parse_stream(plain, ["GET"], False)[0].complete:
            data = self.read()
            assert data, plain
            plain += data
        return plain


def ask(server, target="/ten.txt", name="a.test", **how) -> bytes:
    with Client(server, name, **how).shake_hands() as client:
        client.say(get(target, CLOSE).replace(b"Host: localhost", b"Host: " + name.encode()))
        [answer] = parse_stream(client.rest()[0], ["GET"], True)
        return answer.body


def neighbour(server) -> bytes:
    started = time.monotonic()
    body = ask(server)
    assert time.monotonic() - started < AT_ONCE_S, "the neighbour had to wait"
    return body


def log_lines(server) -> list[str]:
    """What came to the error log since mark_logs(), without what cannot be equal."""
    lines = server.new_lines().get("error.log", [])
    # nginx 1.22 calls [crit] what later ones, and uringx, know to be a client's doing.
    lines = [line.replace("[crit]", "[info]") for line in lines]
    lines = [normalise.error_log_head(normalise.text(line, server), server) for line in lines]
    return [re.sub(r"error:[0-9A-F]{8}", "error:N", line) for line in lines if "[notice]" not in line]


def compare(both, what, logs=True, wait_s=0.3):
    """what(server) at both gives the same, and leaves the same lines."""
    seen = []
    for server in both:
        server.mark_logs()
        result = what(server)
        time.sleep(wait_s)
        seen.append((result, log_lines(server) if logs else []))
    assert seen[1] == seen[0]
    return seen[0]


def raw(server, *packets: bytes, port=0, finish=False):
    """Sends packets; gives what came and how it ended."""
    with socket.create_connection(("127.0.0.1", server.ports[port]), timeout=WAIT_S) as sock:
        received = b""
        try:
            for packet in packets:
                sock.sendall(packet)
                time.sleep(0.05)
            if finish:
                sock.shutdown(socket.SHUT_WR)
            while data := sock.recv(1 << 16):
                received += data
            end = "eof"
        except ConnectionResetError:
            end = "reset"
        except BrokenPipeError:
            end = "reset"
        except TimeoutError:
            end = "silence"
    answers = [(a.status_line, [n for n, _ in a.headers], a.body.replace(b"nginx/1.22.1", b"SELF"))
        for a in parse_stream(received, ["GET"], True)] if received.startswith(b"HTTP/") else received
    if isinstance(answers, list):
        answers = [(s, h, re.sub(rb"<center>[^<]*</center>", b"<center>SELF</center>", body)) for s, h, body in answers]
        answers = [(s, h, b if b"SELF" not in b else b.replace(b"\r\n", b"\n")) for s, h, b in answers]
    return answers, end


# ---- no TLS where it is spoken, and the other way round
# ------------------------------------------------------------------------------------------------------------

HELLO_SSL2 = bytes.fromhex("802e0103010015000000100100800300800700c0060040020080040080") + bytes(16)
NOT_TLS = {
    "a request": [get("/ten.txt")],
    "a request in pieces": [b"G", b"ET /ten.txt HTTP/1.1\r\nHo", b"st: localhost\r\n\r\n"],
    "an old request": [b"GET /ten.txt HTTP/1.0\r\n\r\n"],
    "garbage": [bytes(range(1, 20)) * 20 + b"\r\n\r\n"],
    "a hello of SSL 2": [HELLO_SSL2],
    "high bytes": [bytes([0xFF, 0xFE]) * 50],
    "a record that is too long": [b"\x16\x03\x01\xff\xff" + bytes(100)],
    "a record of another kind behind the first byte": [b"\x16\x09\x09\x00\x10" + bytes(16)],
    "a handshake message that is no hello": [b"\x16\x03\x01\x00\x08\x0e\x00\x00\x04abcd"],
    "a hello without end": [b"\x16\x03\x01\x00\x08\x01\xff\xff\xffabcd"],
    "33 empty records": [b"\x16\x03\x01\x00\x00" * 40],
}


@pytest.mark.parametrize("what", NOT_TLS)
def test_what_is_no_tls_is_answered_and_logged_as_nginx_does(both, what):
    compare(both, lambda server: raw(server, *NOT_TLS[what], finish="of another" in what or "end" in what))


def test_tls_where_none_is_spoken(both):
    def hello(server):
        with Client(server) as client:
            return raw(server, client.output(), port=1)[0][0][0]
    assert "400" in compare(both, hello, logs=False)[0]


# ---- handshakes
# ------------------------------------------------------------------------------------------------------------

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("cut", [1, 5, 100, -1])
def test_a_handshake_that_is_cut_and_ended(both, version, cut):
    def begin(server):
        with Client(server, version=VERSIONS[version]) as client:
            return raw(server, client.output()[:cut], finish=True)
    compare(both, begin)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("how", ["closes", "resets", "finishes"])
def test_a_client_that_goes_after_the_first_flight(both, version, how):
    def begin(server):
        with Client(server, version=VERSIONS[version]) as client:
            client.sock.sendall(client.output())
            client.hear()
            if how == "resets":
                client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            if how == "finishes":
                client.sock.shutdown(socket.SHUT_WR)
                return client.sock.recv(100)[:1]
        return None
    compare(both, begin)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_slow_handshake_ends_with_client_header_timeout(both, version):
    def begin(server):
        with Client(server, version=VERSIONS[version]) as client:
            started = time.monotonic()
            hello = client.output()
            client.sock.sendall(hello[:20])
            time.sleep(0.5)
            client.sock.sendall(hello[20:40])
            end = client.sock.recv(100)
            return end, round((time.monotonic() - started) * 2) in (2, 3)
    assert compare(both, begin)[0] == (b"", True)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_second_flight_that_was_changed(both, version):
    def begin(server):
        with Client(server, version=VERSIONS[version]) as client:
            client.sock.sendall(client.output())
            flight = b""
            while not flight:
                client.hear()
                flight = client.output()
            client.sock.sendall(flight[:-1] + bytes([flight[-1] ^ 1]))
            rest = b""
            with contextlib.suppress(ConnectionResetError):
                while data := client.sock.recv(1 << 16):
                    rest += data
            return rest[:1], len(rest)
    compare(both, begin)


def test_a_handshake_byte_by_byte(both):
    def begin(server):
        with Client(server) as client:
            for byte in client.output():
                client.sock.sendall(bytes([byte]))
            client.shake_hands()
            for byte in client.records(get("/ten.txt", CLOSE)):
                client.sock.sendall(bytes([byte]))
            return client.rest()[0][-10:]
    assert compare(both, begin)[0] == BODY


def test_thousands_of_handshakes_that_are_begun_and_left(one):
    [worker] = one.children(one.process.pid)
    before = rss(worker)
    with contextlib.ExitStack() as held:
        for _ in range(1000):
            client = held.enter_context(Client(one))
            client.sock.sendall(client.output()[:-3] if _ % 2 else client.output())
        assert neighbour(one) == BODY
        assert rss(worker) - before < 1000 * RSS_PER_CONNECTION_MAX
    until(lambda: len(os.listdir(f"/proc/{worker}/fd")) < 100, "their sockets are closed")


def rss(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_new_handshakes_on_a_connection_are_refused(both):
    def renegotiate(server):
        out = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.ports[0]}", "-tls1_2", "-servername", "b.test"],
            input=b"R\n", capture_output=True, timeout=20)
        return b"no renegotiation" in out.stderr + out.stdout
    assert compare(both, renegotiate, logs=False)[0] is True


# ---- records
# ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_records_of_a_byte_each(both, version):
    def talk(server):
        with Client(server, version=VERSIONS[version]).shake_hands() as client:
            client.sock.sendall(b"".join(client.records(bytes([byte])) for byte in get("/ten.txt", CLOSE)))
            plain, end = client.rest()
            return plain[-10:], end
    assert compare(both, talk)[0] == (BODY, "close_notify")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("when", ["waiting", "a head", "a body"])
def test_records_that_no_key_made(both, version, when):
    head = {"waiting": b"", "a head": b"GET / HT",
        "a body": b"POST /ten.txt HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100000\r\n\r\nabc"}[when]
    record = b"\x17\x03\x03\x00\x20" + bytes(32)

    def talk(server):
        with Client(server, version=VERSIONS[version]).shake_hands() as client:
            if head:
                client.say(head)
            if when == "a body":
                client.read()
            time.sleep(0.1)
            try:
                client.sock.sendall(record * 50)
            except OSError:
                pass
            return client.rest()[1].replace("reset", "alert SSLV3_ALERT_BAD_RECORD_MAC") if when != "a body" else "ended"
    compare(both, talk, logs=when == "waiting")
    assert [neighbour(server) for server in both] == [BODY] * 2


@pytest.mark.parametrize("record", [b"\x17\x03\x03\x00\x00", b"\x15\x03\x03\x00\x02\x01\x5a", b"\x14\x03\x03\x00\x01\x01"])
def test_a_flood_of_bad_records_while_a_body_is_discarded(one, record):
    """CVE-2026-118899: a worker that discards a body does not turn round and round."""
    [worker] = one.children(one.process.pid)
    with Client(one).shake_hands() as client:
        client.say(b"POST /ten.txt HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000000\r\n\r\nabc")
        client.read()
        with contextlib.suppress(OSError):
            for _ in range(100):
                client.sock.sendall(record * 100)
        before = cpu_s(worker)
        assert neighbour(one) == BODY
        time.sleep(0.5)
        assert cpu_s(worker) - before < 0.3


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("arguments", [["-maxfraglen", "512"], ["-maxfraglen", "4096"], ["-tls1_2", "-maxfraglen", "512"]])
def test_clients_with_small_records_get_large_files(both, arguments):
    size = os.path.getsize(both[0].site_tree / "big.bin")

    def fetch(server):
        out = subprocess.run(["openssl", "s_client", "-quiet", "-ign_eof", "-connect", f"127.0.0.1:{server.ports[0]}", *arguments],
            input=get("/big.bin", CLOSE), capture_output=True, timeout=20).stdout
        return len(out.partition(b"\r\n\r\n")[2])
    assert compare(both, fetch, logs=False)[0] == size


@pytest.mark.parametrize("size", ["1", "100", "4k", "1m"])
def test_every_ssl_buffer_size_serves(workspace, binaries, config, size):
    server = workspace.server(binaries[1], "uringx")
    try:
        server.start(config(server=f"ssl_buffer_size {size};"))
        until(lambda: ask(server) == BODY, "an answer")
        assert ask(server, "/big.bin") == (server.site_tree / "big.bin").read_bytes()
    finally:
        server.kill()


# ---- servers and sessions
# ------------------------------------------------------------------------------------------------------------


def test_a_server_without_a_certificate_speaks_with_the_default_ones(both):
    assert compare(both, lambda server: ask(server, "/who", "bare.test"))[0] == b"bare"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_is_not_resumed_at_another_server(both, version):
    """CVE-2025-23419. nginx resumes with TLS 1.2, and ends the handshake with TLS 1.3."""
    for server in both[1:]:
        with Client(server, version=VERSIONS[version]).shake_hands() as client:
            client.answer(get("/ten.txt"))
            session = (client.context, client.tls.session)
        with Client(server, "a.test", session=session).shake_hands() as client:
            client.answer(get("/ten.txt"))
            assert client.tls.session_reused
        for name in ("b.test", "clients.test"):
            with Client(server, name, session=session).shake_hands() as client:
                answer = client.answer(get("/who").replace(b"localhost", name.encode()))
                assert (b" 400 " in answer[:30]) == (name == "clients.test"), answer
                assert not client.tls.session_reused, name


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_with_a_certificate_opens_no_other_server(both, certificates, version):
    own = (certificates / "leaf.pem", certificates / "leaf.key")
    for server in both[1:]:
        with Client(server, "clients.test", version=VERSIONS[version], certificate=own).shake_hands() as client:
            assert client.answer(get("/who").replace(b"localhost", b"clients.test")).endswith(b"clients")
            session = (client.context, client.tls.session)
        with Client(server, "a.test", session=session).shake_hands() as client:
            assert b" 421 " in client.answer(get("/who").replace(b"localhost", b"clients.test"))[:30]
        with Client(server, None, version=VERSIONS[version]).shake_hands() as client:
            assert b" 400 " in client.answer(get("/who").replace(b"localhost", b"clients.test"))[:30]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.reloads
def test_tickets_open_after_reload_while_their_key_is_known(one, certificates, config, version):
    def with_keys(*names):
        keys = " ".join(f"ssl_session_ticket_key {certificates}/{name};" for name in names)
        # Every server of the address: tickets are opened with the keys of the one that is asked.
        return config(http="ssl_session_timeout 1h;" + keys).replace("ssl_session_cache shared:s:1m;", "ssl_session_cache none;")
    def worker():
        return one.children(one.process.pid)
    def switch(text):
        before = worker()
        reload(one, text)
        until(lambda: worker() and not set(worker()) & set(before), "new workers")
    (certificates / "other80").write_bytes(bytes(range(100, 180)))
    switch(with_keys("ticket80"))
    with Client(one, version=VERSIONS[version]).shake_hands() as client:
        client.answer(get("/ten.txt"))
        session = (client.context, client.tls.session)
    switch(with_keys("other80", "ticket80"))
    with Client(one, session=session).shake_hands() as client:
        client.answer(get("/ten.txt"))
        assert client.tls.session_reused


# ---- ends
# ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("request_head", ["", CLOSE])
def test_the_end_is_told(both, version, request_head):
    def talk(server):
        with Client(server, version=VERSIONS[version]).shake_hands() as client:
            client.say(get("/ten.txt", request_head) if request_head else get("/ten.txt"))
            plain, end = client.rest()
            return plain[-10:], end
    assert compare(both, talk, wait_s=0.1)[0] == (BODY, "close_notify")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("when", ["at once", "after an answer"])
def test_a_client_that_says_close_notify_is_answered_alike(both, version, when):
    def talk(server):
        with Client(server, version=VERSIONS[version]).shake_hands() as client:
            if when == "after an answer":
                client.answer(get("/ten.txt"))
            with contextlib.suppress(ssl.SSLError):
                client.tls.unwrap()
            client.sock.sendall(client.outward.read())
            return client.rest()[1]
    compare(both, talk)


@pytest.mark.parametrize("how", ["finishes", "closes", "resets"])
@pytest.mark.parametrize("when", ["at once", "a head", "after an answer"])
def test_a_peer_that_goes_without_a_word(both, how, when):
    def talk(server):
        with Client(server).shake_hands() as client:
            if when == "a head":
                client.say(b"GET / HT")
            if when == "after an answer":
                client.answer(get("/ten.txt"))
            time.sleep(0.1)
            if how == "resets":
                client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            if how == "finishes":
                client.sock.shutdown(socket.SHUT_WR)
                return client.rest()[1]
            return None
    # Whether a reset overtakes the end of the answer before it is timing; nginx has a line then, and none otherwise.
    compare(both, talk, logs=(how, when) != ("resets", "after an answer"))


def test_a_half_closed_client_gets_its_answer(both):
    def talk(server):
        with Client(server).shake_hands() as client:
            client.say(get("/big.bin"))
            client.sock.shutdown(socket.SHUT_WR)
            return len(client.rest()[0].partition(b"\r\n\r\n")[2])
    assert compare(both, talk, logs=False)[0] == os.path.getsize(both[0].site_tree / "big.bin")


def test_a_head_that_does_not_end_is_timed_out(both):
    def talk(server):
        with Client(server).shake_hands() as client:
            client.say(b"GET /ten.txt HTTP/1.1\r\n")
            plain, end = client.rest()
            return plain.split(b"\r\n")[0], end
    compare(both, talk)


def test_a_client_that_reads_nothing_is_timed_out(one, large):
    before = len(os.listdir(f"/proc/{one.children(one.process.pid)[0]}/fd"))
    with Client(one, receive_bytes=4096).shake_hands() as client:
        client.say(get("/large.bin"))
        until(lambda: "client timed out" in one.log_text("error.log"), "send_timeout", 8)
        until(lambda: len(os.listdir(f"/proc/{one.children(one.process.pid)[0]}/fd")) <= before, "it is closed")
    assert re.search(r"client timed out \(110: .*\) while sending response to client", one.log_text("error.log"))


@pytest.fixture
def large(one):
    path = one.site_tree / "large.bin"
    with open(path, "wb") as file:
        file.truncate(40 << 20)
    yield path
    path.unlink()


@pytest.mark.parametrize("vanish", [False, True])
def test_resets_in_the_middle_of_large_answers(one, large, vanish):
    for size in (100, 5000, 100_000, 1_000_000) * 3:
        with Client(one, receive_bytes=16384 if vanish else 0).shake_hands() as client:
            client.say(get("/large.bin"))
            seen = 0
            while seen < size:
                seen += len(client.read())
            client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    assert neighbour(one) == BODY
    [worker] = one.children(one.process.pid)
    until(lambda: len(os.listdir(f"/proc/{worker}/fd")) < 60, "their sockets are closed")


@pytest.mark.reloads
def test_reload_and_stop_let_answers_over_tls_end(one, large, config):
    with Client(one, receive_bytes=65536).shake_hands() as busy, Client(one).shake_hands() as idle:
        busy.say(get("/large.bin"))
        seen = busy.read()
        idle.answer(get("/ten.txt"))
        before = one.children(one.process.pid)
        reload(one, config())
        assert idle.rest()[1] == "close_notify"
        until(lambda: set(one.children(one.process.pid)) - set(before), "a new worker")
        assert ask(one) == BODY
        os.kill(one.process.pid, signal.SIGQUIT)
        rest, end = busy.rest()
        assert (len(seen + rest) - (seen + rest).index(b"\r\n\r\n") - 4, end) == (40 << 20, "close_notify")
    assert one.stop() == 0
