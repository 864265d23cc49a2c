"""limit_rate and limit_rate_after: how fast answers come, measured at the client with room for a busy machine.

Tests with the argument `server` run with nginx first, which shows that they are right.
"""
import ssl
import threading
import time

import pytest

from harness.client import connect
from harness.config_texts import config_cases, each, http, location, main, server as in_server
from harness.run import run_case
from harness.running import error_lines, hold, logged, run, serve, serve_http2, until
from harness.site import Site, get, head
from harness.transports import make_certificate

RATE = Site("limit_rate", http="log_format s '$status $uri $limit_rate $body_bytes_sent'; access_log logs/s.log s; "
            "map $arg_r $mapped { default 0; fast 10m; slow 1k; wrong 1z; }", server="""
    server_name localhost; root html;
    location /none/ { alias html/; }
    location /fast/ { limit_rate 10m; alias html/; add_header X-Rate $limit_rate; }
    location /variable/ { limit_rate $mapped; alias html/; add_header X-Rate $limit_rate; }
    location /after/ { limit_rate 1k; limit_rate_after 10m; alias html/; }
    location /after_variable/ { limit_rate 1k; limit_rate_after $arg_a; alias html/; }
    location /set/ { set $limit_rate $arg_r; alias html/; add_header X-Rate $limit_rate; }
    location /set_zero/ { set $limit_rate 0; limit_rate 1k; alias html/; }
    location /set_twice/ { set $limit_rate 1k; set $limit_rate wrong; set $limit_rate 20m; alias html/; }
    location /set_if/ { limit_rate 1k; if ($arg_r) { set $limit_rate $arg_r; } alias html/; }
    location /if/ { if ($arg_r) { limit_rate 20m; } alias html/; add_header X-Rate $limit_rate; }
    location /return { limit_rate 10m; return 200 "[$limit_rate]\\n"; }
    location /return_set { set $limit_rate 7k; return 200 "[$limit_rate]\\n"; }
    location /inherited { limit_rate 5m; location /inherited/ { alias html/; add_header X-Rate $limit_rate; } }
    location /tiny/ { limit_rate 100; alias html/; }
""", cases=[
    ("without", get("/none/ten.txt")), ("small file", get("/fast/ten.txt")), ("big file", get("/fast/big.bin")),
    ("range of a big file", get("/fast/big.bin", "Range: bytes=5-500000")), ("HEAD", head("/fast/big.bin")),
    ("two ranges", get("/after/64k.bin", "Range: bytes=0-9,60000-60009")),
    *[(f"from a variable {r!r}", get(f"/variable/ten.txt?r={r}")) for r in ("", "fast", "wrong")],
    ("after", get("/after/big.bin")),
    *[(f"after from a variable {a!r}", get(f"/after_variable/1k.txt?a={a}")) for a in ("10m", "2000")],
    ("after that is no size", get("/after_variable/ten.txt?a=x")),
    *[(f"set {r!r}", get(f"/set/ten.txt?r={r}")) for r in ("10k", "0", "1m", "x", "-1", "1.5k", "", "1g")],
    ("set to nothing wins over the directive", get("/set_zero/64k.bin")),
    ("set again", get("/set_twice/64k.bin")), ("set in an if", get("/set_if/64k.bin?r=10m")),
    ("in an if", get("/if/64k.bin?r=1") + get("/if/64k.bin")),
    ("return", get("/return")), ("return after set", get("/return_set")), ("inherited", get("/inherited/ten.txt")),
    ("keep-alive", get("/fast/64k.bin") + get("/fast/ten.txt") + get("/none/ten.txt")),
    ("a head that takes some seconds", [get("/tiny/ten.txt")], {"wait_s": 15}),
])


SITES = [RATE]


def test_verdicts(site, case, pairs, judge, not_served_yet):
    run_case(site, case, pairs, judge, not_served_yet)


CONFIGS = [
    *each(http,
          *[f"{name} {value};" for name in ("limit_rate", "limit_rate_after")
            for value in ("0", "1", "1k", "1m", "1g", "x", "-1", "1.5k", "", "1k 2k", "$uri", "$nosuch", "${uri", "1k$uri", "''")],
          "limit_rate 1k; limit_rate 2k;", "limit_rate_after 1k; limit_rate_after 2k;", "limit_rate 1k; server { limit_rate 2k; }"),
    *each(in_server, "limit_rate 1k;", "limit_rate_after 1k;", "set $limit_rate 1k;", "set $limit_rate $uri;", "set $LIMIT_RATE 1k;"),
    *each(location, "limit_rate 1k; limit_rate_after 1k;", "set $limit_rate 1k;", "set $limit_rate x;",
          "if ($uri) { limit_rate 1k; limit_rate_after 1k; }", "limit_except GET { limit_rate 1k; }"),
    *each(main, "limit_rate 1k;"),
]


@config_cases(CONFIGS)
def test_configuration(case_id, text, check_config):
    check_config(case_id, text)


# --- measured ---

RATES = """
    location /plain/ { limit_rate 30k; alias html/; }
    location /after/ { limit_rate 300k; limit_rate_after 500k; alias html/; }
    location /sendfile/ { sendfile on; limit_rate 400k; alias html/; }
    location /chunk/ { sendfile on; sendfile_max_chunk 100k; limit_rate 500k; alias html/; }
    location /directio/ { directio 1; limit_rate 400k; alias html/; }
    location /variable/ { limit_rate $arg_r; alias html/; }
    location /set/ { set $limit_rate $arg_r; alias html/; }
    location /free/ { alias html/; }
"""
# Target, bytes of the body, bytes a second, bytes that are free.
MEASURED = [("/plain/64k.bin", 65536, 30720, 0), ("/after/big.bin", 1048579, 307200, 512000), ("/sendfile/big.bin", 1048579, 409600, 0),
            ("/chunk/big.bin", 1048579, 512000, 0), ("/directio/big.bin", 1048579, 409600, 0), ("/variable/64k.bin?r=30k", 65536, 30720, 0),
            ("/set/64k.bin?r=30k", 65536, 30720, 0)]


def download(server, target, tls=False, *fields) -> list[tuple[float, int]]:
    """When how many bytes of an answer had come, in seconds from the request."""
    seen, total, began = [], 0, time.monotonic()
    with connect("P0", server) as sock:
        sock.settimeout(15)
        if tls:
            sock = ssl._create_unverified_context().wrap_socket(sock)
        sock.sendall(get(target, "Connection: close", *fields))
        while piece := sock.recv(1 << 16):
            total += len(piece)
            seen.append((time.monotonic() - began, total))
    return seen


def h2_downloads(server, *paths) -> dict[str, list[tuple[float, int]]]:
    """The same of several streams at once."""
    import h2.connection
    import h2.events
    connection = h2.connection.H2Connection()
    connection.initiate_connection()
    connection.increment_flow_control_window(1 << 30)
    seen, stream_of, began, left = {path: [] for path in paths}, {}, time.monotonic(), len(paths)
    with connect("P0", server) as sock:
        sock.settimeout(15)
        for path in paths:
            stream = connection.get_next_available_stream_id()
            stream_of[stream] = path
            connection.send_headers(stream, [(":method", "GET"), (":scheme", "http"), (":authority", "localhost"), (":path", path)],
                                    end_stream=True)
            connection.increment_flow_control_window(1 << 30, stream)
        sock.sendall(connection.data_to_send())
        while left:
            for event in connection.receive_data(sock.recv(1 << 16)):
                if isinstance(event, h2.events.DataReceived):
                    times = seen[stream_of[event.stream_id]]
                    times.append((time.monotonic() - began, (times[-1][1] if times else 0) + len(event.data)))
                left -= isinstance(event, h2.events.StreamEnded)
            sock.sendall(connection.data_to_send())
    return seen


def check_rate(seen, total, rate, after):
    """Never ahead of what the rate allows in whole seconds, and whole when it allows that."""
    assert total <= seen[-1][1] < total + 1000
    for when, count in seen:
        assert count <= rate * (int(when) + 2) + after, (when, count)
    seconds = (total - after - 1) / rate
    assert seconds - 1.2 <= seen[-1][0] <= seconds + 2, seen[-1]


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_answers_keep_to_the_rate(server, tls):
    text = logged("", RATES)
    if tls:
        make_certificate(server.prefix)
        text = text.replace("@P0@;", "@P0@ ssl; ssl_certificate cert.pem; ssl_certificate_key key.pem;")
    run(server, text)
    seen, threads = {}, []
    for target, *_ in MEASURED:
        threads.append(threading.Thread(target=lambda t=target: seen.update({t: download(server, t, tls)})))
        threads[-1].start()
    began = time.monotonic()
    download(server, "/free/big.bin", tls)
    assert time.monotonic() - began < 1.5, "one that is not limited waits for those that are"
    for thread in threads:
        thread.join()
    for target, total, rate, after in MEASURED:
        check_rate(seen[target], total, rate, after)
    assert server.stop() == 0


def test_streams_keep_to_the_rate_each_for_itself(server):
    pytest.importorskip("h2.connection")
    serve_http2(server, "", RATES)
    seen = h2_downloads(server, "/free/big.bin", *(target for target, *_ in MEASURED))
    assert seen["/free/big.bin"][-1][0] < 1.5
    for target, total, rate, after in MEASURED:
        check_rate(seen[target], total, rate, after)
    assert server.stop() == 0


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_compressed_answer_keeps_to_the_rate(server, tls):
    text = logged("gzip on; gzip_types *; ", "location / { limit_rate 6000; try_files /64k.bin =404; }")
    if tls:
        make_certificate(server.prefix)
        text = text.replace("@P0@;", "@P0@ ssl; ssl_certificate cert.pem; ssl_certificate_key key.pem;")
    run(server, text)
    seen = download(server, "/", tls, "Accept-Encoding: gzip")
    total = seen[-1][1]
    assert 6000 < total < 30_000, "not compressed"
    assert total / 6000 - 2 <= seen[-1][0] <= total / 6000 + 2, seen[-1]


@pytest.mark.parametrize("http2", [False, True], ids=["http1", "http2"])
def test_a_pause_is_no_silence_of_the_client(server, http2):
    """Delayed for a second, the answer may begin with two seconds' worth: the pause that follows is longer than send_timeout."""
    inside = ("send_timeout 1s; location / { limit_req zone=a burst=5; limit_rate 20k; try_files /64k.bin =404; }")
    zone = "limit_req_zone $server_name zone=a:1m rate=1r/s;"
    if http2:
        pytest.importorskip("h2.connection")
        serve_http2(server, zone, inside)
        assert [seen[-1][1] for seen in h2_downloads(server, "/?1", "/?2", "/?3").values()] == [65536] * 3
    else:
        serve(server, zone, inside)
        socks = [connect("P0", server) for _ in range(3)]
        for sock in socks:
            sock.settimeout(15)
            sock.sendall(get("/", "Connection: close"))
        for sock in socks:
            total = 0
            while piece := sock.recv(1 << 16):
                total += len(piece)
            assert total > 65536
            sock.close()
    assert "timed out" not in error_lines(server)


def test_a_client_that_goes_in_a_pause_is_noticed(server):
    serve(server, "access_log logs/s.log s;", "location / { limit_rate 1000; try_files /big.bin =404; }")
    hold(server, "/").close()
    until(lambda: "200 /big.bin" in server.log_text("s.log"), "its log line")
    assert "client prematurely closed connection" in error_lines(server) or "reset by peer" in error_lines(server)
