"""The life of an HTTP/2 connection: GOAWAY, timeouts, stop, frames' sizes, order, logs, and the tools that people use.

Tests with the argument `server` run with nginx first, which shows that they are right; those with `uringx` are about what
nginx 1.22 has not.
"""
import os
import re
import shutil
import signal
import struct
import subprocess
import time

import pytest

from harness.http2_raw import *  # noqa: F403
from harness.running import until
from harness.site import WRAPPER

POST = request(method="POST")
CSS, SCRIPT, PICTURE = "/w/a.css", "/w/a.js", "/w/a.png"


def start(workspace, binary, label, in_server="", http=""):
    server = workspace.server(binary, label)
    server.text = WRAPPER.format(main="", events="", http=f"""
        log_format all '$remote_addr|$request|$status|$body_bytes_sent|$request_length|$server_protocol|$http2|$http_host|'
                       '$connection_requests|$request_completion|$sent_http_connection|$scheme|$http_cookie|$args';
        {http}""", servers=f"server {{ listen 127.0.0.1:@P0@ http2; root html; access_log logs/all.log all; {in_server} }}")
    server.start(server.text)
    until(lambda: server.children(server.process.pid), "a worker")
    return server


def make_fixture(labels):
    @pytest.fixture(params=labels)
    def fixture(request, workspace, binaries):
        running = []

        def begin(in_server="", http=""):
            server = start(workspace, binaries[request.param == "uringx"], request.param, in_server, http)
            running.append(server)
            return server

        yield begin
        for server in running:
            if server.process is not None and server.process.poll() is None:
                assert server.stop() == 0
            assert "[alert]" not in server.log_text("error.log")
    return fixture


server = make_fixture(["nginx", "uringx"])
uringx = make_fixture(["uringx"])


def goaway(client, wait_s=WAIT_S):
    got = client.wait_for(lambda f: f.kind == GOAWAY, wait_s)
    assert got is not None, "the connection ended without GOAWAY"
    return struct.unpack(">II", got.payload[:8])


def ends(client, wait_s=WAIT_S):
    assert client.wait_for(lambda f: False, wait_s) is None


# --- GOAWAY, timeouts, stop ---------------------------------------------------------------------------------------

def test_keepalive_requests(server):
    with RawClient(server("keepalive_requests 3;").ports[0]) as client:
        client.gets(1)
        client.gets(3)
        client.send(headers(5), headers(7))
        assert client.answer(5).complete
        assert [f for f in client.seen if f.kind == GOAWAY][0].payload[:8] == struct.pack(">II", 5, NO_ERROR)
        ends(client)
        assert 7 not in client.answers


def test_keepalive_time(server):
    with RawClient(server("keepalive_time 1s;").ports[0]) as client:
        client.gets(1)
        time.sleep(1.2)
        client.gets(3)
        assert [f.code for f in client.seen if f.kind == GOAWAY] == [NO_ERROR]
        ends(client)


def test_idle_connections_go(server):
    with RawClient(server("keepalive_timeout 1s;").ports[0]) as client:
        client.gets(1)
        begin = time.monotonic()
        assert goaway(client) == (1, NO_ERROR)
        assert 0.8 < time.monotonic() - begin < 2
        ends(client)


def test_a_client_without_a_word(server):
    with RawClient(server("client_header_timeout 1s;").ports[0], preface=b"PRI * HT") as client:
        ends(client, 3)


def test_stop_lets_answers_end(server):
    running = server()
    with RawClient(running.ports[0], (INITIAL_WINDOW_SIZE, 1000)) as client, RawClient(running.ports[0]) as idle:
        idle.gets(1)
        client.send(headers(1, request(path="/big.bin")))
        client.wait_for(lambda f: f.kind == DATA)
        running.send_signal(signal.SIGQUIT)
        assert goaway(idle) == (1, NO_ERROR)
        ends(idle)
        client.send(window_update(0, 1 << 24), window_update(1, 1 << 24))
        assert client.answer(1).complete
        ends(client)
    assert running.process.wait(5) == 0


def test_reload_lets_answers_end(server):
    running = server()
    [old] = running.children(running.process.pid)
    with RawClient(running.ports[0], (INITIAL_WINDOW_SIZE, 1000)) as client:
        client.send(headers(1, request(path="/big.bin")))
        client.wait_for(lambda f: f.kind == DATA)
        running.send_signal(signal.SIGHUP)
        until(lambda: set(running.children(running.process.pid)) - {old}, "a new worker")
        client.send(window_update(0, 1 << 24), window_update(1, 1 << 24))
        assert client.answer(1).complete
        ends(client)
        until(lambda: old not in running.children(running.process.pid), "the end of the old worker")


def test_bad_streams_leave_no_trace(server):
    """Streams that end in every way, again and again; then the worker stops at once."""
    running = server("location /no { return 444; }")
    with RawClient(running.ports[0], (INITIAL_WINDOW_SIZE, 100)) as client:
        for n in range(0, 200, 4):
            first = 2 * n + 1
            client.send(headers(first), headers(first + 2, request(path="/big.bin")), headers(first + 4, request(path="/no")),
                        headers(first + 6, POST, END_HEADERS))
            client.answer(first)
            client.send(frame(RST_STREAM, 0, first + 2, struct.pack(">I", CANCEL)),
                        frame(RST_STREAM, 0, first + 6, struct.pack(">I", CANCEL)))
            assert client.answer(first + 4).reset is not None
            client.send(window_update(0, 2000))
    assert running.stop() == 0


# --- frames -------------------------------------------------------------------------------------------------------

def test_trailers_of_a_request_leave_no_timer(uringx):
    """Once its fields are whole a block has no time to keep, also where nobody asks for what is in it."""
    running = uringx("client_header_timeout 1s; keepalive_timeout 30s;")
    with RawClient(running.ports[0]) as client:
        client.send(headers(1, POST, flags=END_HEADERS), headers(1, [("x-trailer", "1")]))
        assert client.answer(1).status == 405
        time.sleep(2)
        client.lives()
    assert "timed out" not in running.log_text("error.log")


def test_an_answer_with_fields_of_a_hundred_kilobytes(uringx):
    running = uringx("large_client_header_buffers 4 64k; add_header X-Asked $request_uri always; return 301 https://a.test$request_uri;")
    with RawClient(running.ports[0], (MAX_HEADER_LIST_SIZE, 1 << 20)) as client:
        path = "/" + "".join(f"{n:07d}" for n in range(8000))
        first, rest = literal(":path", path)[:16000], literal(":path", path)[16000:]
        fields = block(field for field in request() if field[0] != ":path")
        pieces = [rest[at:at + 16000] for at in range(0, len(rest), 16000)]
        client.send(frame(HEADERS, END_STREAM, 1, fields + first),
                    *(frame(CONTINUATION, 0, 1, piece) for piece in pieces[:-1]), frame(CONTINUATION, END_HEADERS, 1, pieces[-1]))
        assert client.answer(1).status == 301
        client.lives()


@pytest.mark.parametrize("bytes_max", [1, 100, 8192, 16384])
def test_http2_chunk_size(server, bytes_max):
    with RawClient(server(f"http2_chunk_size {bytes_max};").ports[0], (INITIAL_WINDOW_SIZE, 1 << 24)) as client:
        client.send(window_update(0, 1 << 24))
        path = "/ten.txt" if bytes_max == 1 else "/big.bin"
        answer = client.gets(1, request(path=path))
        assert max(answer.frames) <= bytes_max and len(answer.body) == (10 if bytes_max == 1 else (1 << 20) + 3)


def test_settings_are_the_configuration_s(server):
    running = server(http="http2_max_concurrent_streams 7; http2_body_preread_size 12345;")
    with RawClient(running.ports[0]) as client:
        assert client.server_settings[MAX_CONCURRENT_STREAMS] == 7
        assert client.server_settings[INITIAL_WINDOW_SIZE] == 12345


def test_both_protocols_on_one_port(server):
    running = server("location = /how { return 200 $server_protocol$http2; }")
    with RawClient(running.ports[0]) as client:
        assert client.gets(1, request(path="/how")).body == b"HTTP/2.0h2c"


def test_http1_and_upgrade_on_the_same_port(uringx):
    running = uringx("location = /how { return 200 $server_protocol$http2; }")
    for extra in (b"", b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"):
        with RawClient(running.ports[0], preface=b"GET /how HTTP/1.1\r\nHost: a\r\n" + extra + b"\r\n") as client:
            assert client.sock.recv(4096).endswith(b"HTTP/1.1")


def test_http2_on(uringx, workspace, binaries):
    running = workspace.server(binaries[1], "uringx")
    running.start(WRAPPER.format(main="", events="", http="", servers="""
        server { listen 127.0.0.1:@P0@; http2 on; root html; } server { listen 127.0.0.1:@P1@; root html; }"""))
    with RawClient(running.ports[0]) as client:
        client.gets(1)
    with RawClient(running.ports[1], preface=PREFACE + settings()) as client:
        assert client.sock.recv(4096).startswith(b"HTTP/1.1 400")
    assert running.stop() == 0


def test_trailers(server):
    running = server("location = /ten.txt { add_trailer X-End $body_bytes_sent; add_trailer X-No ''; }")
    with RawClient(running.ports[0]) as client:
        answer = client.gets(1)
        assert [n for n, _ in answer.trailers] == ["x-end"] and answer.body == b"0123456789"
        assert dict(answer.fields)["content-length"] == "10"
        assert client.gets(3, request(method="HEAD")).trailers == []


def test_many_answers_leave_in_one_packet(uringx):
    with RawClient(uringx().ports[0]) as client:
        client.gets(1)
        client.send(*[headers(2 * n + 1) for n in range(1, 33)])
        time.sleep(0.3)
        data = client.sock.recv(1 << 20)
        assert data.count(b"0123456789") == 32


def test_a_file_that_shrinks(uringx, workspace):
    path = workspace.path / "shrinks.bin"
    path.write_bytes(b"x" * 300_000)
    running = uringx(f"location /s/ {{ alias {workspace.path}/; }}")
    with RawClient(running.ports[0], (INITIAL_WINDOW_SIZE, 1 << 20)) as client:
        client.send(headers(1, request(path="/s/shrinks.bin")))
        client.wait_for(lambda f: f.kind == DATA and len(client.answers[1].body) == 65535)
        os.truncate(path, 65535)
        client.send(window_update(0, 1 << 20))
        client.stream_error(1, INTERNAL_ERROR)
    until(lambda: "file was truncated" in running.log_text("error.log"), "the log line")
    running.process.send_signal(signal.SIGQUIT)
    assert running.process.wait(5) == 0
    (running.prefix / "logs/error.log").write_text("")  # the alert was meant


# --- order --------------------------------------------------------------------------------------------------------

def wait_for_heads(client, *streams):
    """Only answers that have begun can be put in order: a path asked for the first time is opened by a kernel thread."""
    begun = lambda: all(stream in client.answers and client.answers[stream].fields for stream in streams)
    assert begun() or client.wait_for(lambda f: begun()), "the end"


def order_of_ends(port, *requests, first=()):
    """The order in which answers end when all of them wait for a narrow window."""
    with RawClient(port, (INITIAL_WINDOW_SIZE, 1 << 20)) as client:
        client.send(headers(1, request(path="/big.bin")))  # takes all of the connection's window
        client.wait_for(lambda f: f.kind == DATA and len(client.answers[1].body) == 65535)
        client.send(frame(RST_STREAM, 0, 1, struct.pack(">I", CANCEL)), *first)
        streams = [2 * n + 3 for n in range(len(requests))]
        client.send(*[headers(stream, fields) for stream, fields in zip(streams, requests)])
        wait_for_heads(client, *streams)
        ended = []
        while len(ended) < len(streams):
            client.send(window_update(0, 2000))
            client.wait_for(lambda f: f.kind == DATA)
            ended += [s for s in streams if s not in ended and client.answers.get(s, Answer()).complete]
        return [streams.index(stream) for stream in ended]


FOLDER = "location /w/ { types { text/css css; application/javascript js; image/png png; } alias %s/; }"


@pytest.fixture(scope="module")
def page(workspace):
    folder = workspace.path / "page"
    folder.mkdir(exist_ok=True)
    os.chmod(folder, 0o755)
    for name in ("a.css", "a.js", "a.png"):
        (folder / name).write_bytes(b"x" * 20_000)
    return FOLDER % folder


def test_what_the_client_says_comes_first(uringx, page):
    said = [request(("priority", f"u={urgency}"), path=PICTURE) for urgency in (6, 1, 3)]
    assert order_of_ends(uringx(page).ports[0], *said) == [1, 2, 0]


def test_priority_update(uringx, page):
    update = frame(PRIORITY_UPDATE, 0, 0, struct.pack(">I", 5) + b"u=0")
    assert order_of_ends(uringx(page).ports[0], request(("priority", "u=2"), path=PICTURE),
                         request(("priority", "u=5"), path=PICTURE), first=[update])[0] in (0, 1)


def test_styles_and_scripts_come_before_pictures(uringx, page):
    wanted = [request(path=path) for path in (PICTURE, PICTURE, SCRIPT, CSS)]
    assert order_of_ends(uringx(page).ports[0], *wanted)[:2] in ([2, 3], [3, 2])


def test_no_byte_of_a_picture_comes_before_styles_and_scripts(uringx, page):
    with RawClient(uringx(page).ports[0], (INITIAL_WINDOW_SIZE, 1 << 20)) as client:
        client.send(headers(1, request(path="/big.bin")))  # takes all of the connection's window
        client.wait_for(lambda f: f.kind == DATA and len(client.answers[1].body) == 65535)
        client.send(frame(RST_STREAM, 0, 1, struct.pack(">I", CANCEL)))
        client.send(*[headers(stream, request(path=path)) for stream, path in ((3, PICTURE), (5, CSS), (7, SCRIPT))])
        wait_for_heads(client, 3, 5, 7)
        arrived = []
        for _ in range(60_000 // 1000):
            client.send(window_update(0, 1000))
            arrived.append(client.wait_for(lambda f: f.kind == DATA and f.payload))
        assert all(client.answers[stream].complete for stream in (3, 5, 7))
        picture_at = [f.stream for f in arrived].index(3)
        assert sum(len(f.payload) for f in arrived[:picture_at]) == 40_000
        assert {f.stream for f in arrived[picture_at:]} == {3}


def test_incremental_answers_share(uringx, page):
    said = [request(("priority", "u=3, i"), path=PICTURE)] * 3
    running = uringx(page + " http2_chunk_size 1000;")
    with RawClient(running.ports[0], (INITIAL_WINDOW_SIZE, 1 << 20)) as client:
        client.send(headers(1, request(path="/big.bin")))
        client.wait_for(lambda f: f.kind == DATA and len(client.answers[1].body) == 65535)
        client.send(*[headers(2 * n + 3, fields) for n, fields in enumerate(said)])
        client.send(frame(RST_STREAM, 0, 1, struct.pack(">I", CANCEL)))
        wait_for_heads(client, 3, 5, 7)
        client.send(window_update(0, 30_000))
        client.wait_for(lambda f: f.kind == DATA and sum(len(client.answers.get(s, Answer()).body) for s in (3, 5, 7)) == 30_000)
        assert all(len(client.answers[stream].body) > 5000 for stream in (3, 5, 7))


# --- logs ---------------------------------------------------------------------------------------------------------

CASES = [
    ("GET", headers(1)),
    ("HEAD", headers(1, request(method="HEAD"))),
    ("404", headers(1, request(path="/nothing?a=b"))),
    ("301", headers(1, request(path="/dir"))),
    ("444", headers(1, request(path="/444"))),
    ("padded", headers(1, flags=END_STREAM | END_HEADERS | PADDED, before=b"\x05", after=b"\0" * 5)),
    ("priority", headers(1, flags=END_STREAM | END_HEADERS | PRIORITY_FLAG, before=b"\0\0\0\0\x0f")),
    ("cookies", headers(1, request(("cookie", "a=b"), ("cookie", "c=d")))),
    ("bad escape", headers(1, request(path="/%zz"))),
    ("above the root", headers(1, request(path="/../../x"))),
    ("two content-types", headers(1, request(("if-range", "a"), ("if-range", "b")))),
    ("TRACE", headers(1, request(method="TRACE"))),
    ("underscores", headers(1, request(("a_b", "c")))),
    ("if-modified-since", headers(1, request(("if-modified-since", "Fri, 31 Dec 2100 00:00:00 GMT")))),
    ("too large body", headers(1, POST + [("content-length", "3000000")], END_HEADERS)),
    ("body", headers(1, POST + [("content-length", "3")], END_HEADERS) + frame(DATA, END_STREAM, 1, b"abc")),
]


@pytest.mark.parametrize("name, what", CASES, ids=[name for name, _ in CASES])
def test_log_lines(workspace, binaries, name, what):
    """Access and error log of both servers for one request, and what the client sees."""
    seen = []
    for binary, label in zip(binaries, ("nginx", "uringx")):
        running = start(workspace, binary, label, "location /444 { return 444; }")
        with RawClient(running.ports[0]) as client:
            client.send(what)
            answer = client.answer(1)
        running.send_signal(signal.SIGQUIT)
        running.process.wait(5)
        access = running.log_text("all.log")
        errors = [re.sub(r"^\S+ \S+ ", "", line) for line in running.log_text("error.log").splitlines()
                  if re.search(r"\[(info|error|crit|alert)\]", line)]
        errors = [re.sub(r"\d+#\d+: \*\d+ ", "", line).replace(str(running.ports[0]), "PORT").replace(str(running.prefix), "PREFIX")
                  for line in errors]
        fields = [(n, v.replace(str(running.ports[0]), "PORT")) for n, v in answer.fields if n not in ("server", "date", "etag", "content-length")]
        seen.append((access, errors, answer.status, answer.reset is None or answer.complete, fields, len(answer.trailers)))
    if name in ("body", "too large body"):  # nginx answers before it has read the body, and may be told that the client is gone
        seen = [(access, [e for e in errors if "recv()" not in e], *rest) for access, errors, *rest in seen]
    if name == "body":
        seen = [(re.sub(r"\|\d+\|HTTP", "|N|HTTP", access), *rest) for access, *rest in seen]
    if name in ("bad escape", "above the root"):  # nginx reads no further, and has not come to :authority
        seen = [(access.replace("|a.test|", "|-|"), [e.replace(', host: "a.test"', "") for e in errors], *rest)
                for access, errors, *rest in seen]
    if name in ("404", "301", "bad escape", "TRACE", "two content-types", "too large body", "body", "above the root"):
        seen = [(re.sub(r"\|(\d{3})\|\d+\|", r"|\1|PAGE|", access), *rest) for access, *rest in seen]  # the name in the page
    assert seen[1] == seen[0]


# --- tools --------------------------------------------------------------------------------------------------------

needs = {tool: pytest.mark.skipif(shutil.which(tool) is None, reason=f"no {tool}") for tool in ("curl", "nghttp", "h2load", "openssl")}


def said_by(*command) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@needs["curl"]
def test_curl(server):
    base = f"http://127.0.0.1:{server().ports[0]}"
    say = ("-s", "--http2-prior-knowledge", "-w", "%{http_version} %{http_code} %{size_download}")
    assert said_by("curl", *say, f"{base}/ten.txt") == "01234567892 200 10"
    assert said_by("curl", *say, "-o", "/dev/null", f"{base}/big.bin") == f"2 200 {(1 << 20) + 3}"
    assert said_by("curl", *say, "-r", "2-4", f"{base}/ten.txt") == "2342 206 3"


@needs["curl"]
def test_curl_sends_a_body_that_nobody_wants(uringx, tmp_path):
    large = tmp_path / "large"
    large.write_bytes(b"x" * (2 << 20))
    base = f"http://127.0.0.1:{uringx('client_max_body_size 0;').ports[0]}"
    for extra in ((), ("-H", "Expect: 100-continue")):
        assert said_by("curl", "-s", "--http2-prior-knowledge", "-o", "/dev/null", "-w", "%{http_code}", *extra,
                       "--data-binary", f"@{large}", f"{base}/ten.txt") == "405"


@needs["curl"]
def test_curl_asks_for_an_upgrade_that_is_ignored(server):
    running = server()
    if running.label == "nginx":
        pytest.skip("nginx 1.22 speaks no HTTP/1.1 on such a port")
    assert said_by("curl", "-s", "--http2", "-w", "%{http_version}", f"http://127.0.0.1:{running.ports[0]}/ten.txt") == "01234567891.1"


@needs["nghttp"]
def test_nghttp(server):
    said = said_by("nghttp", "-nvs", f"http://127.0.0.1:{server().ports[0]}/big.bin", "-m", "4")
    assert said.count("/big.bin") >= 4 and "200" in said


@needs["h2load"]
def test_h2load(server):
    said = said_by("h2load", "-n", "2000", "-c", "4", "-m", "20", f"http://127.0.0.1:{server('keepalive_requests 100000;').ports[0]}/ten.txt")
    assert "2000 succeeded, 0 failed, 0 errored, 0 timeout" in said


@pytest.fixture
def secure(server, workspace):
    """secure(in_server): the port of a server with HTTP/1.1 and HTTP/2 over TLS."""
    keys = f"ssl_certificate {workspace.certificates()}/cert.pem; ssl_certificate_key {workspace.certificates()}/key.pem;"
    return lambda in_server="", listen="ssl http2": server(f"listen 127.0.0.1:@P1@ {listen}; {keys} {in_server}").ports[1]


@needs["curl"]
def test_curl_over_tls(secure):
    url = f"https://127.0.0.1:{secure()}/ten.txt"
    for option, version in (("--http2", "2"), ("--http2-prior-knowledge", "2"), ("--http1.1", "1.1")):
        assert said_by("curl", "-sk", option, "-w", "%{http_version}", url) == f"0123456789{version}"


@needs["nghttp"]
def test_nghttp_over_tls(secure):
    said = said_by("nghttp", "-nvs", "--no-verify-peer", f"https://127.0.0.1:{secure()}/big.bin", "-m", "4")
    assert "The negotiated protocol: h2" in said
    assert len(re.findall(r":status: 200", said)) == 4 and said.count("END_STREAM") >= 4


@needs["h2load"]
@pytest.mark.parametrize("options,protocol", [((), "h2"), (("--h1",), "http/1.1")], ids=["h2", "http/1.1"])
def test_h2load_over_tls(secure, options, protocol):
    port = secure("keepalive_requests 100000;")
    said = said_by("h2load", *options, "-n", "2000", "-c", "4", "-m", "20", f"https://127.0.0.1:{port}/ten.txt")
    assert f"Application protocol: {protocol}" in said
    assert "2000 succeeded, 0 failed, 0 errored, 0 timeout" in said


def s_client(port: int, *options: str, request: bytes = b"") -> str:
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *options, *(["-ign_eof"] if request else [])],
                          input=request, capture_output=True, timeout=30)
    return (done.stdout + done.stderr).decode("latin-1")


@needs["openssl"]
@pytest.mark.parametrize("offered,chosen", [("h2,http/1.1", "h2"), ("http/1.1,h2", "h2"), ("http/1.1", "http/1.1"),
                                            ("http/1.0", "http/1.0")])
def test_s_client_and_alpn(secure, offered, chosen):
    assert f"ALPN protocol: {chosen}\n" in s_client(secure(), "-alpn", offered)


@needs["openssl"]
def test_s_client_that_offers_nothing_the_server_speaks(secure):
    assert "alert no application protocol" in s_client(secure(), "-alpn", "spdy/3")
    assert "alert no application protocol" in s_client(secure(listen="ssl"), "-alpn", "h2")


@needs["openssl"]
def test_s_client_speaks_http_1(secure):
    asked = b"GET /ten.txt HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"
    for options in ((), ("-alpn", "http/1.1"), ("-tls1_2",)):
        said = s_client(secure(), *options, request=asked)
        assert "HTTP/1.1 200 OK\r\n" in said and "\r\n\r\n0123456789" in said
        assert "No ALPN negotiated" in said or "-alpn" in options
