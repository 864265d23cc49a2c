"""Clients of HTTP/2 that cost more than they ask for: each kind has a limit, a line in the error log, and no effect on others.

At uringx alone: nginx 1.22 has few of these limits. After every test the worker is the one that was started, a neighbour was
answered all along, and the memory of the process has not grown by more than a connection may take.
"""
import struct
import threading
import time

import pytest

from harness.http2_raw import *  # noqa: F403
from harness.running import until
from harness.site import WRAPPER

NEIGHBOUR_MAX_S = 1.0
RSS_GROWTH_MAX = 16 << 20
CONFIG = WRAPPER.format(main="", events="", http="http2_max_concurrent_streams 100; keepalive_requests 1000000;", servers="""
    server { listen 127.0.0.1:@P0@ http2; root html; send_timeout 1s; client_header_timeout 1s;
             location /few { max_headers 1; } }
    server { listen 127.0.0.1:@P1@ http2; root html; }""").replace("location /few { max_headers 1; }", "")
POST = request(method="POST")
OPEN = END_HEADERS


def resident_bytes(pid: int) -> int:
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmRSS"))


class Neighbour(threading.Thread):
    """Asks for a small file again and again on a connection of its own."""

    def __init__(self, port: int):
        super().__init__()
        self.port, self.over, self.slowest, self.fault = port, False, 0.0, None

    def run(self):
        try:
            with RawClient(self.port) as client:
                stream = 1
                while not self.over:
                    begin = time.monotonic()
                    client.gets(stream)
                    self.slowest = max(self.slowest, time.monotonic() - begin)
                    stream += 2
                    time.sleep(0.005)
        except Exception as fault:
            self.fault = fault


@pytest.fixture(scope="module")
def server(workspace, binaries):
    server = workspace.server(binaries[1], "uringx")
    server.start(CONFIG)
    until(lambda: server.children(server.process.pid), "a worker")
    with RawClient(server.ports[1]) as client:  # what the first request makes is there before memory is measured
        client.gets(1)
    yield server
    assert server.stop() == 0
    assert "[alert]" not in server.log_text("error.log")


@pytest.fixture
def port(server):
    [worker] = server.children(server.process.pid)
    before = resident_bytes(worker)
    server.log_before = len(server.log_text("error.log"))
    neighbour = Neighbour(server.ports[1])
    neighbour.start()
    yield server.ports[0]
    neighbour.over = True
    neighbour.join()
    assert neighbour.fault is None and neighbour.slowest < NEIGHBOUR_MAX_S
    assert server.children(server.process.pid) == [worker]
    assert resident_bytes(worker) - before < RSS_GROWTH_MAX


def logged(server, words: str) -> bool:
    """`words` may be some, of which one is enough: "a|b"."""
    return any(word in server.log_text("error.log")[server.log_before:] for word in words.split("|"))


def flood(port, server, what, words, codes=(ENHANCE_YOUR_CALM,), first=(), limit=20_000, pause_s=0.0):
    """Sends what(n) for n = 0, 1, ... until the server has had enough."""
    with RawClient(port) as client:
        client.send(*first)
        for n in range(0, limit, 20):
            client.send(*(what(m) for m in range(n, n + 20)))
            client.sock.settimeout(0)
            try:
                data = client.sock.recv(1 << 20)
                client.buffer += data
                if not data:
                    break
            except (BlockingIOError, ConnectionResetError):
                pass
            if pause_s:
                time.sleep(pause_s)
            if n % 200 == 0 and logged(server, words):
                break
        client.connection_error(*codes)
    until(lambda: logged(server, words), words)


def stream_of(n: int) -> int:
    return 2 * n + 1


def test_rapid_reset(port, server):
    flood(port, server, lambda n: headers(stream_of(n)) + frame(RST_STREAM, 0, stream_of(n), struct.pack(">I", CANCEL)),
          "http2 flood detected: too many streams were reset|client sent too many streams at once")


def test_too_many_streams_at_once(port, server):
    # 100 may be open; one packet has three times as many, each given up at once.
    with RawClient(port) as client:
        client.send(b"".join(headers(stream_of(n), b"\x82\x86\x84\x41\x01a") +
                             frame(RST_STREAM, 0, stream_of(n), struct.pack(">I", CANCEL)) for n in range(300)))
        client.any_error(0, ENHANCE_YOUR_CALM)
    until(lambda: logged(server, "client sent too many streams at once|too many streams were reset"), "the log line")


@pytest.mark.parametrize("name, provoke", [
    ("window too large", lambda stream: window_update(stream, (1 << 31) - 1)),
    ("malformed trailers", lambda stream: headers(stream, [(":path", "/")])),
    ("content-length", lambda stream: frame(DATA, END_STREAM, stream, b"x")),
], ids=lambda v: v if isinstance(v, str) else "")
def test_made_you_reset(port, server, name, provoke):
    fields = POST + [("content-length", "5")]
    flood(port, server, lambda n: headers(stream_of(n), fields, OPEN) + provoke(stream_of(n)),
          "http2 flood detected: too many streams were reset", pause_s=0.005)


def test_malformed_requests(port, server):
    # Their answers fill the connection's window before the resets are too many.
    flood(port, server, lambda n: headers(stream_of(n), request(("Upper", "x"))),
          "http2 flood detected: too many streams were reset|client sent too many refused streams", pause_s=0.005)


@pytest.mark.parametrize("name, what, words", [
    ("SETTINGS", lambda n: settings(), "too many SETTINGS frames"),
    ("PING", lambda n: frame(PING, 0, 0, b"12345678"), "too many PING frames"),
    ("PRIORITY", lambda n: frame(PRIORITY, 0, stream_of(n), b"\0\0\0\0\x0f"), "too many PRIORITY frames"),
    ("PRIORITY_UPDATE", lambda n: frame(PRIORITY_UPDATE, 0, 0, struct.pack(">I", 1) + b"u=1"), "too many PRIORITY frames"),
    ("WINDOW_UPDATE", lambda n: window_update(0, 1), "too many WINDOW_UPDATE frames"),
    ("unknown", lambda n: frame(0xee, 0, 0, b""), "http2 flood detected"),
    ("RST_STREAM of ended streams", lambda n: frame(RST_STREAM, 0, 1, b"\0\0\0\x08"), "too many RST_STREAM frames"),
], ids=lambda v: v if isinstance(v, str) and " " not in v else "")
def test_flood_of_frames(port, server, name, what, words):
    flood(port, server, what, words, first=(headers(1),))


def test_flood_of_empty_data(port, server):
    flood(port, server, lambda n: frame(DATA, 0, 1, b""), "too many empty DATA frames", first=(headers(1, POST, OPEN),))


def test_continuations(port, server):
    with RawClient(port) as client:
        client.send(headers(1, flags=END_STREAM), *[frame(CONTINUATION, 0, 1, b"") for _ in range(1000)])
        client.connection_error(ENHANCE_YOUR_CALM, PROTOCOL_ERROR, INTERNAL_ERROR)
    until(lambda: logged(server, "CONTINUATION"), "the log line")


def test_acknowledgements_nobody_reads(port, server):
    """A client that sends PINGs, and reads nothing."""
    with RawClient(port, receive_bytes=2048) as client:
        end = time.monotonic() + WAIT_S
        with pytest.raises(OSError):  # reset, or no longer read
            while time.monotonic() < end:
                client.sock.settimeout(1)
                client.sock.sendall(frame(PING, 0, 0, b"12345678") * 1000)


def test_hpack_bomb(port, server):
    """One large entry of the dynamic table, named again and again: some bytes each here, four thousand there."""
    with RawClient(port) as client:
        fields = b"".join(literal(n, v) for n, v in request())
        client.send(headers(1, fields + literal("x-bomb", "v" * 3900, 0x40) + integer(62, 7, 0x80) * 4000))
        client.connection_error(ENHANCE_YOUR_CALM)
    until(lambda: logged(server, "client sent too large header "), "the log line")


def test_hpack_bomb_in_many_streams(port, server):
    with RawClient(port, (INITIAL_WINDOW_SIZE, 0)) as client:
        fields = b"".join(literal(n, v) for n, v in request())
        client.send(headers(1, fields + literal("x-bomb", "v" * 3900, 0x40)))
        for n in range(1, 90):
            client.send(headers(stream_of(n), fields + integer(62, 7, 0x80) * 7))
        refused = client.wait_for(lambda f: f.kind == RST_STREAM)
        assert refused.code == REFUSED_STREAM
    until(lambda: logged(server, "client holds too many header bytes"), "the log line")


def test_too_large_field(port, server):
    with RawClient(port) as client:
        client.gets(1, request(("x-large", "v" * 9000)), status=400)
        client.gets(3, [(n, "/" + "p" * 9000 if n == ":path" else v) for n, v in request()], status=414)
        client.lives()
    until(lambda: logged(server, "client sent too large header field"), "the log line")


def test_too_many_fields(port, server):
    with RawClient(port) as client:
        client.gets(1, request(*[(f"x{n}", "") for n in range(900)]))
        client.gets(3, request(*[(f"x{n}", "") for n in range(1100)]), status=400)
        client.lives()
    until(lambda: logged(server, "client sent too many header lines"), "the log line")


def test_too_many_cookie_crumbs(port, server):
    with RawClient(port) as client:
        client.gets(1, request(*[("cookie", "a")] * 900))
        client.gets(3, request(*[("cookie", "a")] * 1100), status=400)
        client.lives()


def test_window_that_stays_closed(port, server):
    with RawClient(port, (INITIAL_WINDOW_SIZE, 0)) as client:
        client.send(headers(1), headers(3))
        begin = time.monotonic()
        client.stream_error(1, CANCEL)
        assert 0.8 < time.monotonic() - begin < 3
        assert client.answer(3).reset == CANCEL
        client.lives()
    until(lambda: logged(server, "client timed out"), "the log line")


def test_window_opened_a_byte_at_a_time(port, server):
    """Progress that is none: the stream goes as if nothing had been taken."""
    with RawClient(port, (INITIAL_WINDOW_SIZE, 0)) as client:
        client.send(headers(1, request(path="/big.bin")))
        begin = time.monotonic()
        while client.answers.setdefault(1, Answer()).reset is None:
            assert time.monotonic() - begin < 5
            client.send(window_update(1, 1))
            try:
                client.read(0.05)
            except TimeoutError:
                pass
            time.sleep(0.02)
        assert client.answers[1].reset == CANCEL
        client.lives()


def test_window_opened_a_byte_at_a_time_and_fast(port, server):
    flood(port, server, lambda n: window_update(1, 1), "too many WINDOW_UPDATE frames",
          first=(settings((INITIAL_WINDOW_SIZE, 0)), headers(1, request(path="/big.bin"))))


def test_socket_that_is_not_read(port, server):
    with RawClient(port, (INITIAL_WINDOW_SIZE, (1 << 31) - 1), receive_bytes=4096) as client:
        client.send(window_update(0, 1 << 30), *[headers(stream_of(n), request(path="/big.bin")) for n in range(20)])
        time.sleep(2.5)
        until(lambda: logged(server, "client timed out"), "the log line")
        while client.read() is not None:
            pass


@pytest.mark.parametrize("cut", [9, 20, -1, None])
def test_field_block_that_does_not_end(port, server, cut):
    """Its stream is reset in time; the connection goes on once the rest came."""
    whole = headers(1) if cut else headers(1, flags=END_STREAM)
    with RawClient(port) as client:
        client.send(whole[:cut])
        begin = time.monotonic()
        assert client.wait_for(lambda f: f.kind in (RST_STREAM, GOAWAY)).code == PROTOCOL_ERROR
        assert client.answers[1].reset == PROTOCOL_ERROR and 0.8 < time.monotonic() - begin < 3
        client.send(whole[cut:] if cut else frame(CONTINUATION, END_HEADERS, 1, b""))
        client.lives()
        client.gets(3)
    until(lambda: logged(server, "client timed out"), "the log line")


def test_streams_opened_and_left(port, server):
    """Bodies that never come: the answers do, and the streams end."""
    with RawClient(port) as client:
        client.send(*[headers(stream_of(n), POST, OPEN) for n in range(100)])
        assert all(client.answer(stream_of(n)).status == 405 for n in range(100))
        client.wait_for(lambda f: f.kind == RST_STREAM and f.code == NO_ERROR, 8)
        until(lambda: not client.closed, "the connection")


def test_refused_streams(port, server):
    """More streams than allowed, again and again."""
    with RawClient(port, (INITIAL_WINDOW_SIZE, 0)) as client:
        for n in range(100):
            client.send(headers(stream_of(n)))
        client.lives()
        client.send(*[headers(stream_of(n)) for n in range(100, 400)])
        client.any_error(0, ENHANCE_YOUR_CALM, PROTOCOL_ERROR, REFUSED_STREAM)


def test_mixed_garbage(port, server):
    """Random bytes behind a good preface end the connection, whatever they are."""
    import random
    chance = random.Random(7)
    for _ in range(30):
        with RawClient(port, preface=PREFACE + settings() + chance.randbytes(300) + b"\xff" * 20000) as client:
            while client.read() is not None:
                pass
