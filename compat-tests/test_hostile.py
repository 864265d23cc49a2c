"""Hostile and unlucky clients: what one of them does costs neither the worker nor a neighbour.

Every test runs with nginx first, which shows that the assertion is right. At its end the worker must be the
one that was started, no unexpected alert may be in the log, and QUIT must end the server soon.
"""
import concurrent.futures
import contextlib
import os
import signal
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

import pytest

from harness.client import methods_of, parse_stream
from harness.running import has_ended, until
from harness.site import WRAPPER, get, post

WAIT_S = 5.0
AT_ONCE_S = 1.0  # what a neighbour may wait on a busy machine; every fault here makes it wait for a timeout
STOP_S = 3.0
RSS_GROWTH_MAX = 10 << 20
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close() sends RST
LARGE_FOLDER_FILES = 3000


class Life:
    """A started server with the one worker that has to survive. `alerts` are words that excuse an [alert]."""

    def __init__(self, server):
        self.server, self.worker, self.alerts = server, 0, ()
        self.is_nginx = os.path.basename(os.path.realpath(server.binary)) == "nginx"

    def serve(self, location="", listen="", http="access_log off;", events="", level="info"):
        wrapper = WRAPPER.replace("info;", f"{level};").replace("worker_connections 256;", "")
        text = wrapper.format(main="", http=http, events=events or "worker_connections 256;",
            servers=f"server {{ listen 127.0.0.1:@P0@ {listen}; root html; {location} }}")
        # Files kept open are no client's descriptors.
        text = text.replace("http {", "http { open_file_cache off;", 1)
        self.server.start(text.replace("access_log logs/access.log;\n", "", 1))
        until(lambda: self.server.children(self.server.process.pid), "a worker")
        [self.worker] = self.server.children(self.server.process.pid)
        assert self.neighbour() == b"0123456789"
        return self

    def connect(self, data=b"", receive_bytes=0):
        sock = socket.socket()
        if receive_bytes:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        sock.settimeout(WAIT_S)
        sock.connect(("127.0.0.1", self.server.ports[0]))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if data:
            sock.sendall(data)
        return sock

    def talk(self, *packets: bytes, half_close=False, at_once=False, wait_s=WAIT_S):
        """Sends each packet once the answer to the one before began; gives the answers up to the server's
        close."""
        deadline, received = time.monotonic() + wait_s, b""
        with self.connect() as sock:
            for packet in packets[:-1]:
                sock.sendall(packet)
                received += sock.recv(1 << 16)
            with self.stopped() if at_once else contextlib.nullcontext():
                sock.sendall(packets[-1])
                if half_close:
                    sock.shutdown(socket.SHUT_WR)
            while True:
                sock.settimeout(max(0.001, deadline - time.monotonic()))
                try:
                    data = sock.recv(1 << 18)
                except TimeoutError:
                    pytest.fail(f"not closed within {wait_s} s, after {received[-300:]!r}")
                if not data:
                    return parse_stream(received, methods_of(b"".join(packets)), True)
                received += data

    def statuses(self, *packets, **how):
        return [answer.status for answer in self.talk(*packets, **how)]

    def neighbour(self) -> bytes:
        """What a well-behaved client gets on a connection of its own."""
        started = time.monotonic()
        [answer] = self.talk(get("/ten.txt", "Connection: close"))
        assert time.monotonic() - started < AT_ONCE_S, "the neighbour had to wait"
        return answer.body

    def alive(self):
        assert self.server.children(self.server.process.pid) == [self.worker], "the worker died"
        assert self.neighbour() == b"0123456789"

    @contextlib.contextmanager
    def stopped(self):
        """Whatever is sent meanwhile meets the worker in one turn of its loop."""
        os.kill(self.worker, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.worker, signal.SIGCONT)

    def rss(self) -> int:
        return int(Path(f"/proc/{self.worker}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.worker}/fd"))

    def sockets(self) -> int:
        """The server's ends of connections that it has not closed, whatever table holds them."""
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        here, open_states = f":{self.server.ports[0]:04X}", ("01", "08")  # ESTABLISHED, CLOSE_WAIT
        return sum(row[1].endswith(here) and row[3] in open_states for row in rows)

    def held(self) -> tuple[int, int]:
        return self.descriptors(), self.sockets()

    def quit(self):
        process, started = self.server.process, time.monotonic()
        assert self.server.stop(signal.SIGQUIT) == 0, "QUIT did not end it"
        assert time.monotonic() - started < STOP_S
        assert has_ended(process.pid)


@pytest.fixture(params=["nginx", "uringx"])
def life(request, workspace, binaries):
    server = workspace.server(binaries[request.param == "uringx"], request.param)
    made = Life(server)
    yield made
    try:
        if server.process is not None:
            made.alive()
            made.quit()
        alerts = [line for line in server.log_text("error.log").splitlines() if "[alert]" in line]
        assert not [line for line in alerts if not any(word in line for word in made.alerts)]
    finally:
        server.kill()


@pytest.fixture(scope="module")
def large_folder(tmp_path_factory):
    """A folder whose listing is longer than what a socket takes at once."""
    root = tmp_path_factory.mktemp("large")
    for folder in (root, *list(root.parents)[:2]):
        os.chmod(folder, 0o755)
    (root / "many").mkdir()
    for n in range(LARGE_FOLDER_FILES):
        (root / "many" / f"{n:05d}{'x' * 60}").touch()
    (root / "small").write_bytes(b"small\n")
    return root


def spread_ranges(count: int, step: int) -> str:
    return "Range: bytes=" + ",".join(f"{n * step}-{n * step + step - 60}" for n in range(count))


# ---- memory
# ----------------------------------------------------------------------------------------------------------

GREEDY = {
    "440 ranges, nothing read": (get("/big.bin", spread_ranges(440, 2300)), 50),
    "heads of 31 KB of invalid lines": (get("/")[:-2] + (b"a_b: " + b"v" * 500 + b"\r\n") * 62, 60),
    "a large folder's listing, nothing read": (get("/many/"), 12),
    "a large file, nothing read": (get("/big.bin"), 50),
}


@pytest.mark.parametrize("what", GREEDY)
def test_many_greedy_connections_leave_room(life, large_folder, what):
    data, connections = GREEDY[what]
    life.serve(f"location /many/ {{ root {large_folder}; autoindex on; }}", listen="sndbuf=16k",
        events="worker_connections 64;", level="info")
    with contextlib.ExitStack() as held:
        for _ in range(connections):
            held.enter_context(life.connect(data, receive_bytes=4096))
        life.alive()
    life.alive()


def test_empty_lines_without_end_are_not_kept(life):
    life.serve()
    before, stop, sent = life.rss(), threading.Event(), [0]

    def flood():
        with life.connect() as sock, contextlib.suppress(OSError):
            while not stop.is_set():
                sock.sendall(b"\r\n" * 4096)
                sent[0] += 8192
    flooder = threading.Thread(target=flood)
    flooder.start()
    try:
        stop.wait(0.9)  # nobody sets it: the length of the flood
        growth = life.rss() - before
        if not life.is_nginx:  # nginx stays with the flood as long as there is something to read
            assert life.neighbour() == b"0123456789"
    finally:
        stop.set()
        flooder.join(WAIT_S)
    assert sent[0] > 1 << 20 and growth < RSS_GROWTH_MAX


def test_log_files_named_by_clients_are_forgotten(life):
    life.serve(http="access_log logs/$host.log; keepalive_requests 100000;")
    before, hosts, batch = life.rss(), 5000, 50
    with life.connect() as sock:
        for first in range(0, hosts, batch):
            sock.sendall(b"".join(b"GET /ten.txt HTTP/1.1\r\nHost: h%05d%s\r\n\r\n" % (n, b"a" * 200)
                for n in range(first, first + batch)))
            read_answers(sock, batch)
    assert life.rss() - before < RSS_GROWTH_MAX // 2
    life.quit()
    names = len([name for name in life.server.log_names() if name.startswith("h0")])
    assert names == hosts


def read_answers(sock, count: int):
    """Reads until `count` answers to /ten.txt are here; counts by the bodies' end, so no other may come."""
    tail = b""
    while count:
        data = sock.recv(1 << 18)
        assert data, f"closed with {count} answers missing"
        joined = tail + data
        count -= joined.count(b"0123456789")
        tail = joined[-9:]


# ---- whole answers, in step
# ----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("length", [1000, 30_000, 65_400, 65_536, 70_000, 120_000])
def test_redirect_repeats_a_long_uri(life, length):
    life.serve("large_client_header_buffers 4 128k; location /a { return 301 https://$host$request_uri; }")
    target = "/" + "a" * length
    [answer] = life.talk(get(target, "Connection: close"))
    assert (answer.status, answer.header("Location")) == (301, f"https://localhost{target}")


PIPELINES = {
    "small, 444": (get("/ten.txt") + get("/x"), [200]),
    "64 KB, 444": (get("/64k.bin") + get("/x"), [200]),
    "small, 64 KB, small": (get("/ten.txt") + get("/64k.bin") + get("/ten.txt"), [200] * 3),
    "64 KB last": (get("/ten.txt") + get("/64k.bin"), [200] * 2),
    "1 MB in the middle": (get("/ten.txt") + get("/big.bin") + get("/64k.bin"), [200] * 3),
    "body, small": (post("/ten.txt", b"b" * 70_000) + get("/ten.txt"), [405, 200]),
    "half a body": (post("/ten.txt", b"b" * 100)[:-50], [405]),
    "half a head": (get("/ten.txt") + get("/ten.txt")[:-5], [200]),
}


@pytest.mark.parametrize("log", ["off", "logs/access.log"])
@pytest.mark.parametrize("what", PIPELINES)
def test_half_closed_pipelines_are_served_and_let_go(life, what, log):
    data, statuses = PIPELINES[what]
    life.serve("location = /x { return 444; }", http=f"access_log {log};")
    held = life.held()
    for turn in range(20):
        assert life.statuses(data, half_close=True, at_once=turn % 2 == 1, wait_s=2.0) == statuses
    until(lambda: life.held() == held, "descriptors given back", AT_ONCE_S)


def test_half_close_ends_lingering(life):
    """The client left a body unread, saw its answer and shut down: there is nothing to linger for."""
    life.serve(http="access_log logs/access.log;")
    held = life.held()
    for _ in range(50):
        with life.connect(get("/ten.txt", "Connection: close") + b"more") as sock:
            sock.recv(2000)
            sock.shutdown(socket.SHUT_WR)
            until(lambda: not life.sockets(), "the server's close", AT_ONCE_S)
    until(lambda: life.held() == held, "descriptors given back", AT_ONCE_S)


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_body_sent_on_receipt_of_the_answer_before(life, method):
    life.serve(http="access_log logs/access.log;")
    head = f"{method} /ten.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n".encode()
    for _ in range(20):
        assert life.statuses(get("/ten.txt") + head, b"0123456789" + get("/ten.txt", "Connection: close"),
            wait_s=2.0) == [200, 405 if method == "POST" else 200, 200]


@pytest.mark.parametrize("size", [1, 10_000, 70_000, 900_000])
@pytest.mark.parametrize("log", ["off", "logs/access.log"])
def test_body_for_a_listing_arrives_at_once(life, large_folder, size, log):
    life.serve(f"location /many/ {{ root {large_folder}; autoindex on; }}", http=f"access_log {log};")
    head = b"GET /many/ HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size
    listing, small = life.talk(head + b"z" * size + get("/ten.txt", "Connection: close"), wait_s=3.0)
    assert (listing.status, listing.body.count(b"<a href=")) == (200, LARGE_FOLDER_FILES + 1)
    assert (small.status, small.body) == (200, b"0123456789")


@pytest.mark.parametrize("target,field", [("/auto/", "X: y"), ("/big.bin", "Range: bytes=1-2"),
    ("/big.bin", "Range: bytes=1-2,5-6"), ("/ten.txt", "X: y"), ("/dir", "X: y")])
def test_answer_to_a_bad_chunk_has_one_framing(life, target, field):
    life.serve("location /auto/ { autoindex on; }")
    answer = life.talk(get(target, field, "Transfer-Encoding: chunked") + b"zz\r\n")[0]
    if target != "/dir":  # a redirect needs no body: nginx sends it before it looks
        assert answer.status == 400
        assert answer.header("Content-Range") is answer.header("Location") is answer.header("ETag") is None
    framings = [name for name, _ in answer.headers if name in ("Content-Length", "Transfer-Encoding")]
    assert framings == ["Content-Length"] and answer.complete


# ---- logs
# ------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("what", ["/dev/full", "/dev/full combined buffer=32k"])
def test_full_disk_of_the_log_holds_up_neither_stop_nor_reload(life, what):
    life.alerts = ("No space left on device", "were dropped")
    life.serve(http=f"access_log {what};")
    assert life.statuses(get("/ten.txt") + get("/ten.txt", "Connection: close")) == [200, 200]
    life.server.send_signal(signal.SIGHUP)
    until(lambda: has_ended(life.worker), "the old worker's end", STOP_S)
    until(lambda: life.server.children(life.server.process.pid), "the new worker")
    [life.worker] = life.server.children(life.server.process.pid)


@pytest.mark.parametrize("buffer", ["64k", "2m"])
def test_buffered_log_of_any_size_is_complete(life, buffer):
    requests, batch = 40_000, 200
    life.serve(http=f"access_log logs/access.log combined buffer={buffer}; keepalive_requests 100000;")
    data = get("/ten.txt", "User-Agent: " + "u" * 60) * batch
    with life.connect() as sock:
        for _ in range(requests // batch):
            sock.sendall(data)
            read_answers(sock, batch)
    life.quit()
    lines = life.server.log_text("access.log").splitlines()
    assert sum(line.endswith('"' + "u" * 60 + '"') for line in lines) == requests
    assert len(lines) == requests + 1  # and the first of serve()


def test_no_line_is_lost_of_a_crowd_with_long_uris(life):
    """All their lines in one turn of the worker's loop: more than a megabyte."""
    life.serve(http="access_log logs/access.log;")
    with contextlib.ExitStack() as crowd:
        socks = [crowd.enter_context(life.connect()) for _ in range(200)]
        with life.stopped():
            for sock in socks:
                sock.sendall(get("/ten.txt?" + "u" * 8000))
        for sock in socks:
            read_answers(sock, 1)
    life.quit()
    assert life.server.log_text("access.log").count("u" * 8000) == len(socks)


# ---- slow, gone and endless
# ------------------------------------------------------------------------------------------------

def test_slow_heads_do_not_delay_a_neighbour(life):
    life.serve()
    held = life.held()
    with contextlib.ExitStack() as slow:
        socks = [slow.enter_context(life.connect()) for _ in range(200)]
        for byte in b"GET":
            until_next = time.monotonic() + 0.5
            for sock in socks:
                sock.sendall(bytes([byte]))
            while time.monotonic() < until_next:
                life.alive()
    until(lambda: life.held() == held, "descriptors given back", AT_ONCE_S)


VANISHING = {
    "while a file is sent": (get("/big.bin"), 1000),
    "while ranges are sent": (get("/big.bin", spread_ranges(440, 2300)), 1000),
    "before the answer": (get("/ten.txt"), 0),
    "in the head": (get("/ten.txt")[:-5], 0),
    "in the body": (post("/ten.txt", b"b" * 100)[:-50], 0),
    "before the first byte": (b"", 0),
}
KEPT_BY_NGINX = "in the body"  # it notices such a reset only when a timeout ends


@pytest.mark.parametrize("what", VANISHING)
def test_clients_that_vanish_leave_nothing(life, what):
    data, wanted = VANISHING[what]
    life.serve(listen="sndbuf=16k", http="access_log logs/access.log;")
    held = life.held()
    for _ in range(200):
        with life.connect(data, receive_bytes=4096) as sock:
            if wanted:
                sock.recv(wanted)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    if not (life.is_nginx and what == KEPT_BY_NGINX):
        until(lambda: life.held() == held, "descriptors given back", AT_ONCE_S)
    life.quit()
    for name in ("access.log", "error.log"):
        assert "unix:" not in life.server.log_text(name), "a TCP client without its address"


def test_times_beyond_the_clock_are_long(life):
    if life.is_nginx:
        pytest.skip("its timers wrap")
    life.serve("keepalive_timeout 9999999999s; client_header_timeout 9999999999s; send_timeout 9999999999s;")
    assert life.statuses(get("/ten.txt"), get("/ten.txt"), get("/ten.txt", "Connection: close")) == [200] * 3


# ---- the mixture
# -----------------------------------------------------------------------------------------------------------

def test_all_at_once(life):
    """Every pipeline above beside vanishing clients, from several threads."""
    life.serve("location = /x { return 444; }", http="access_log logs/access.log;")
    held = life.held()

    def client(turn: int):
        name = list(PIPELINES)[turn % len(PIPELINES)]
        data, statuses = PIPELINES[name]
        with life.connect(list(VANISHING.values())[turn % len(VANISHING)][0]) as gone:
            gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        return name, life.statuses(data, half_close=True), statuses
    with concurrent.futures.ThreadPoolExecutor(8) as clients:
        for name, got, expected in clients.map(client, range(280)):
            assert got == expected, name
    if not life.is_nginx:
        until(lambda: life.held() == held, "descriptors given back", AT_ONCE_S)


# ---- configuration
# -----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("code", ["99999999999", "4294967496"])
def test_error_page_code_beyond_a_status_is_refused(workspace, binaries, is_self_check, code):
    if is_self_check:
        pytest.skip("nginx takes it")
    server = workspace.server(binaries[1], "uringx")
    server.write_config(f"events {{}}\nhttp {{ server {{ listen 127.0.0.1:@P0@;\n"
        f"error_page 404 ={code} /x; }} }}\n")
    done = subprocess.run(server.command("-t"), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=WAIT_S, cwd="/")
    assert done.returncode == 1
    assert f'[emerg] invalid value "={code}" in {server.config_path}:3' in done.stderr
