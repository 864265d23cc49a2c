"""limit_req and limit_conn: which requests are let in, and when.

Verdicts are compared where no time that passes can change them: at one request a minute a second drains 16 thousandths of
one. What takes time is measured at the client, with room for a busy machine. Tests with the argument `server` run with
nginx first, which shows that they are right.
"""
import re
import socket
import threading
import time

import pytest

from harness.client import Player, connect
from harness.config_texts import config_cases, each, http, location, main, server as in_server
from harness.run import run_case
from harness.running import error_lines, hold, logged, reload, run, serve, serve_http2, until
from harness.site import Answer, Case, HalfClose, Pause, Reset, Site, get, head, post

ZONES = """
    limit_req_zone $arg_k zone=one:1m rate=1r/m;
    limit_req_zone $arg_m zone=two:1m rate=1r/m;
    limit_req_zone $arg_k zone=slow:1m rate=2r/s;
    limit_req_zone $http_k zone=field:1m rate=1r/m;
    limit_req_zone all zone=all:32k rate=1r/m;
    limit_req_zone $arg_k$arg_m zone=sum:1m rate=1r/m;
    log_format s '$status $uri $limit_req_status $limit_conn_status';
    access_log logs/s.log s;
    large_client_header_buffers 4 128k;
"""
PAGE = "try_files /ten.txt =404; add_header X-Status \"$limit_req_status/$limit_conn_status\" always;"

REQUESTS = Site("limit_req", http=ZONES, server=f"""
    server_name localhost;
    location / {{ root html; }}
    location /one {{ limit_req zone=one; {PAGE} }}
    location /burst {{ limit_req zone=one burst=2 nodelay; {PAGE} }}
    location /status {{ limit_req zone=one; limit_req_status 429; {PAGE} }}
    location /599 {{ limit_req zone=one; limit_req_status 599; {PAGE} }}
    location /info {{ limit_req zone=one; limit_req_log_level info; {PAGE} }}
    location /notice {{ limit_req zone=one; limit_req_log_level notice; {PAGE} }}
    location /warn {{ limit_req zone=one; limit_req_log_level warn; {PAGE} }}
    location /dry {{ limit_req zone=one; limit_req_dry_run on; {PAGE} }}
    location /both {{ limit_req zone=one; limit_req zone=two burst=1 nodelay; {PAGE} }}
    location /swapped {{ limit_req zone=two burst=1 nodelay; limit_req zone=one; {PAGE} }}
    location /three {{ limit_req zone=one burst=5 nodelay; limit_req zone=two burst=5 nodelay; limit_req zone=sum; {PAGE} }}
    location /field {{ limit_req zone=field; {PAGE} }}
    location /field_one {{ limit_req zone=field; limit_req zone=one; {PAGE} }}
    location /delay {{ limit_req zone=slow burst=5; {PAGE} }}
    location /delay1 {{ limit_req zone=slow burst=5 delay=1; {PAGE} }}
    location /delay_warn {{ limit_req zone=slow burst=5; limit_req_log_level warn; {PAGE} }}
    location /delay_info {{ limit_req zone=slow burst=5; limit_req_log_level info; {PAGE} }}
    location /delay_dry {{ limit_req zone=slow burst=5; limit_req_dry_run on; {PAGE} }}
    location /delay_two {{ limit_req zone=two burst=9 nodelay; limit_req zone=slow burst=5; {PAGE} }}
    location /redirected {{ limit_req zone=one burst=1 nodelay; error_page 404 /burst/; try_files /nosuch =404; }}
    location /named {{ limit_req zone=one burst=1 nodelay; error_page 404 @named; try_files /nosuch =404; }}
    location @named {{ limit_req zone=one burst=1 nodelay; {PAGE} }}
    location /page {{ limit_req zone=one; error_page 503 =200 /burst/; {PAGE} }}
    location /page503 {{ limit_req zone=one; error_page 503 /one.txt; {PAGE} }}
    location /return {{ limit_req zone=one; return 200 "not counted\\n"; }}
    location /deny {{ limit_req zone=one; deny all; {PAGE} }}
    location /outer {{ limit_req zone=one; limit_req_status 429;
        location /outer/inherits {{ {PAGE} }}
        location /outer/own {{ limit_req zone=two; {PAGE} }}
        if ($arg_if) {{ add_header X-If yes always; }} }}
    location /set {{ set $seen "[$limit_req_status]"; limit_req zone=one; add_header X-Seen $seen always; try_files /ten.txt =404; }}
""", cases=[
    ("the first is let in, the second is not", get("/one?k=a") * 2),
    ("in two packets", [get("/one?k=b"), Answer, get("/one?k=b"), Answer, get("/one?k=b")]),
    ("another key", get("/one?k=c") + get("/one?k=d") + get("/one?k=c") + get("/one?k=D")),
    ("no key", get("/one") * 3),
    ("burst", get("/burst?k=e") * 5),
    ("burst is the zone's, not the location's", get("/burst?k=f") * 3 + get("/one?k=f") + get("/burst?k=f")),
    ("status", get("/status?k=g") * 2), ("status 599", get("/599?k=g2") * 2),
    *[(f"log level {level}", get(f"/{level}?k=h{level}") * 2) for level in ("info", "notice", "warn")],
    ("dry run", get("/dry?k=i") * 3),
    ("dry run and then not", get("/dry?k=j") * 2 + get("/one?k=j")),
    ("two zones", get("/both?k=k&m=k") * 2),
    ("two zones, the second refuses", get("/both?k=l1&m=l") + get("/both?k=l2&m=l") + get("/both?k=l3&m=l") + get("/one?k=l3")),
    ("two zones, the first refuses", get("/both?k=m&m=m1") + get("/both?k=m&m=m2") + get("/burst?k=m") + get("/both?k=m9&m=m2")),
    ("two zones the other way round", get("/swapped?k=n&m=n") * 3 + get("/swapped?k=n2&m=n")),
    ("two zones, one has no key", get("/both?k=o") * 2 + get("/both?m=o") * 3),
    ("two zones, the last has no key", get("/swapped?m=o2") * 3 + get("/swapped?k=o3") * 2),
    ("three zones", get("/three?k=p&m=p") * 2 + get("/three?k=p2&m=p") + get("/three?k=p") * 2),
    ("delay", [get("/delay?k=q") + get("/delay?k=q")], {"wait_s": 8}),
    ("delay=1", [get("/delay1?k=r") * 3], {"wait_s": 8}),
    ("delay, logged as notice", [get("/delay_warn?k=s") * 2], {"wait_s": 8}),
    ("delay, logged as info", [get("/delay_info?k=t") * 2], {"wait_s": 8}),
    ("delay, dry run", get("/delay_dry?k=u") * 2),
    ("delay of the second zone", [get("/delay_two?k=v&m=v") * 2], {"wait_s": 8}),
    ("an internal redirect is not counted again", get("/redirected?k=w") * 3),
    ("nor a named location", get("/named?k=x") * 3),
    ("error_page of a refusal leads to a limited page", get("/page?k=y") * 3),
    ("error_page of a refusal", get("/page503?k=z") * 2),
    ("return comes before", get("/return?k=A") * 3),
    ("access comes behind", get("/deny?k=B") * 2),
    ("inherited", get("/outer/inherits?k=C") * 2), ("not inherited where there is one", get("/outer/own?k=D2&m=D2") * 2),
    ("in an if", get("/outer?k=E&if=1") * 2),
    ("the status is not known yet", get("/set?k=F") * 2),
    ("HEAD", head("/one?k=G") + head("/one?k=G")),
    ("POST that is refused", post("/one?k=H", b"x" * 10) + post("/one?k=H", b"x" * 10) + get("/one.txt")),
    ("POST that is delayed", [post("/delay?k=I", b"x" * 10) + post("/delay?k=I", b"x" * 10) + get("/one.txt")], {"wait_s": 8}),
    ("a key of 65535 bytes", get("/field", "K: " + "k" * 65535) + get("/field", "K: " + "k" * 65535)),
    ("a key of 65536 bytes", get("/field", "K: " + "l" * 65536) + get("/field", "K: " + "l" * 65536)),
    ("a key that is too long, and another", (get("/field_one?k=J", "K: " + "m" * 65536)) * 2),
    ("a key of bytes", get("/field", "K: \xff\x01\xfe") + get("/field", "K: \xff\x01\xfd") + get("/field", "K: \xff\x01\xfe")),
    Case("the client goes while it waits", [get("/delay?k=K") + get("/delay?k=K"), Answer, HalfClose], canary=None),
    Case("the client resets while it waits", [get("/delay?k=L") + get("/delay?k=L"), Answer, Pause(0.1), Reset]),
    Case("the client went before it waits", [get("/delay?k=M") * 2, HalfClose], canary=None),
    Case("bytes come while it waits", [get("/delay?k=N") * 2, Answer, get("/one.txt"), Pause(0.05), get("/one.txt?2")], wait_s=8),
])

CONNECTIONS = Site("limit_conn, one at a time", http="""
    limit_conn_zone $arg_k zone=one:1m;
    limit_conn_zone $arg_m zone=two:1m;
    limit_conn_zone $http_k zone=field:1m;
    limit_req_zone $arg_k zone=req:1m rate=1r/m;
    log_format s '$status $uri $limit_req_status $limit_conn_status';
    access_log logs/s.log s;
""", server=f"""
    server_name localhost;
    location / {{ root html; }}
    location /one {{ limit_conn one 1; {PAGE} }}
    location /two {{ limit_conn one 1; limit_conn two 1; {PAGE} }}
    location /field {{ limit_conn field 1; {PAGE} }}
    location /redirected {{ limit_conn one 1; error_page 404 /one/; try_files /nosuch =404; }}
    location /req {{ limit_conn one 1; limit_req zone=req; {PAGE} }}
    location /deny {{ limit_conn one 1; deny all; {PAGE} }}
    location /set {{ set $seen "[$limit_conn_status]"; limit_conn one 1; add_header X-Seen $seen always; try_files /ten.txt =404; }}
""", cases=[
    ("one after the other", get("/one?k=a") * 5), ("in packets", [get("/one?k=b"), Answer, get("/one?k=b"), Answer]),
    ("no key", get("/one") * 2), ("two zones", get("/two?k=c&m=c") * 2 + get("/two?k=c") + get("/two?m=c")),
    ("an internal redirect is not counted again", get("/redirected?k=d") * 2),
    ("with limit_req", get("/req?k=e") * 2), ("access comes behind", get("/deny?k=f") * 2),
    ("a key of 255 bytes", get("/field", "K: " + "k" * 255) * 2), ("a key of 256 bytes", get("/field", "K: " + "k" * 256) * 2),
    ("the status is not known yet", get("/set?k=F") * 2),
    ("a body that is awaited", [post("/one?k=g", b"x" * 3)[:-1], Answer, b"x" + get("/one?k=g")]),
])

SITES = [REQUESTS, CONNECTIONS]


def test_verdicts(site, case, pairs, judge, not_served_yet):
    run_case(site, case, pairs, judge, not_served_yet)


ZONE = "limit_req_zone $binary_remote_addr zone=a:1m rate=1r/s;"
CONN = "limit_conn_zone $binary_remote_addr zone=a:1m;"
CONFIGS = [
    *each(http, ZONE, "limit_req_zone $a zone=a:1m rate=1r/s;", "limit_req_zone '' zone=a:1m rate=1r/s;", "limit_req_zone x;",
          "limit_req_zone $uri zone=a:1m;", "limit_req_zone $uri rate=1r/s zone=a:1m;", "limit_req_zone $uri zone=a:1m rate=1r/s sync;",
          "limit_req_zone $uri zone=a:1m rate=1r/s sync=on;", "limit_req_zone $uri zone=a:1m zone=b:1m;",
          "limit_req_zone $uri zone=a:1m sync=on;", "limit_req_zone $uri rate=1r/s rate=2r/s;",
          *[f"limit_req_zone $uri zone={zone} rate=1r/s;" for zone in
            ("a", "a:", ":1m", "", ":", "a:x", "a:1", "a:32767", "a:32k", "a:32768", "a:31k", "a:-1", "a:1m:2m", "a:1g1", "a:1M", "a:1g")],
          *[f"limit_req_zone $uri zone=a:1m rate={rate};" for rate in
            ("1", "1r/m", "1r/h", "0r/s", "-1r/s", "r/s", "", "1.5r/s", "1r", "1r/", "1/s", "100000r/s", "1R/s", "r/m1", "/s", "s",
             "99999999999999999999r/s", "1r/sr/s")],
          ZONE + ZONE, ZONE + "limit_req_zone $uri zone=a:1m rate=2r/s;", ZONE + "limit_req_zone $uri zone=a:2m rate=1r/s;",
          ZONE + CONN, CONN + ZONE, "limit_req zone=a;", "limit_req zone=a; " + ZONE, ZONE + "limit_req zone=a;",
          ZONE + "limit_req zone=b;", CONN + "limit_req zone=a;", ZONE + "limit_conn a 1;",
          ZONE + "ssl_session_cache shared:a:1m;", "ssl_session_cache shared:a:1m;" + ZONE,
          *[ZONE + f"limit_req {words};" for words in
            ("a", "zone=", "burst=1", "nodelay", "zone=a burst=1", "zone=a burst=0", "zone=a burst=-1", "zone=a burst=x", "zone=a burst=",
             "zone=a delay=0", "zone=a delay=1", "zone=a delay=x", "zone=a delay=1 nodelay", "zone=a nodelay delay=1",
             "zone=a burst=1 nodelay", "zone=a burst=1 delay=2", "zone=a burst=1 delay=2 nodelay", "zone=a nodelay=1", "zone=a Nodelay",
             "zone=a zone=a", "zone=a burst=1 burst=2", "burst=1 zone=a", "zone=a burst=99999999999999999999", "zone=a:1m", "")],
          ZONE + "limit_req zone=a; limit_req zone=a burst=1;", ZONE + "limit_req zone=a; server { limit_req zone=a; }",
          *[f"limit_req_status {status};" for status in ("400", "599", "399", "600", "x", "-1", "503 504", "", "0")],
          "limit_req_status 400; limit_req_status 401;",
          *[f"limit_req_log_level {level};" for level in ("info", "notice", "warn", "error", "crit", "debug", "x", "", "INFO", "info warn")],
          "limit_req_log_level info; limit_req_log_level info;",
          *[f"limit_req_dry_run {word};" for word in ("on", "off", "x", "", "on off")], "limit_req_dry_run on; limit_req_dry_run on;",
          CONN, "limit_conn_zone $a zone=a:1m;", "limit_conn_zone '' zone=a:1m;", "limit_conn_zone $uri;", "limit_conn_zone $uri a:1m;",
          "limit_conn_zone $uri zone=a:1m rate=1r/s;", "limit_conn_zone $uri zone=a:1m sync=on;", "limit_conn_zone $uri rate=1r/s;",
          *[f"limit_conn_zone $uri zone={zone};" for zone in ("a", "a:", ":1m", "", "a:x", "a:1", "a:32k", "a:31k", "a:1m:2m")],
          CONN + CONN, CONN + "limit_conn_zone $uri zone=a:1m;", CONN + "limit_conn_zone $uri zone=a:2m;",
          *[CONN + f"limit_conn {words};" for words in
            ("a 1", "a 0", "a -1", "a x", "a 65535", "a 65536", "a 99999999999999999999", "a", "b 1", "a 1 2", "", "zone=a 1", "'' 1", "a ''")],
          CONN + "limit_conn a 1; limit_conn a 2;", CONN + "limit_conn a 1; server { limit_conn a 1; }", "limit_conn a 1; " + CONN,
          *[f"limit_conn_status {status};" for status in ("400", "599", "399", "600", "x", "")],
          *[f"limit_conn_log_level {level};" for level in ("info", "notice", "warn", "error", "crit", "x", "")],
          *[f"limit_conn_dry_run {word};" for word in ("on", "off", "x", "")],
          "limit_conn_status 400; limit_conn_status 401;", "limit_conn_log_level info; limit_conn_log_level info;",
          "limit_conn_dry_run on; limit_conn_dry_run on;", "limit_zone a $uri 1m;"),
    *each(in_server, ZONE, CONN, "limit_req_status 429;", "limit_conn_status 429;",
          "limit_req_log_level info;", "limit_conn_log_level info;", "limit_req_dry_run on;", "limit_conn_dry_run on;"),
    *each(location, ZONE, CONN, "limit_req zone=nosuch;", "limit_conn nosuch 1;", "set $limit_req_status x;", "set $limit_conn_status x;",
          "if ($uri) { limit_req zone=a; }", "if ($uri) { limit_conn a 1; }",
          "limit_except GET { limit_req zone=a; }", "return 200 $limit_req_status$limit_conn_status;"),
    *each(main, ZONE, CONN, "limit_req zone=a;"),
]


@config_cases(CONFIGS)
def test_configuration(case_id, text, check_config):
    check_config(case_id, text)


# --- reload ---

KEPT = "limit_req_zone $arg_k zone=kept:1m rate=1r/m;"


def status(server, target, port="P0") -> int:
    with connect(port, server) as sock:
        player = Player(sock, 5.0)
        player.send(get(target, "Connection: close"))
        player.read_until(lambda: False)
        return player.answers()[0].status


def reloaded(server, text: str):
    """The next generation serves, and the one before is gone."""
    old = set(server.children(server.process.pid))
    reload(server, text)
    until(lambda: (now := set(server.children(server.process.pid))) and not old & now, "the next workers", timeout_s=20)


def limited(zone: str, inside: str = "limit_req zone=kept;", workers: int = 1) -> str:
    return logged(zone, f"location / {{ {inside} try_files /ten.txt =404; }}", workers=workers)


def test_counts_are_kept_over_a_reload(server):
    run(server, limited(KEPT))
    assert (status(server, "/?k=a"), status(server, "/?k=a")) == (200, 503)
    reloaded(server, limited(KEPT, "limit_req zone=kept; limit_req_status 429;"))
    assert (status(server, "/?k=a"), status(server, "/?k=b")) == (429, 200)
    reloaded(server, limited(KEPT.replace("1r/m", "2r/m"), "limit_req zone=kept burst=1 nodelay;"))  # another rate is no other zone
    assert [status(server, "/?k=a") for _ in range(3)] == [200, 503, 503]
    reloaded(server, limited(KEPT.replace("1m", "2m")))  # another size is
    assert (status(server, "/?k=a"), status(server, "/?k=a")) == (200, 503)


@pytest.mark.parametrize("module", ["limit_req", "limit_conn"])
def test_a_kept_zone_with_another_key_is_refused(workspace, binaries, judge, module):
    zone = {"limit_req": KEPT, "limit_conn": "limit_conn_zone $arg_k zone=kept:1m;"}[module]
    inside = {"limit_req": "limit_req zone=kept;", "limit_conn": "limit_conn kept 1;"}[module]
    said = []
    for binary, label in zip(binaries, ("nginx", "uringx")):
        server = workspace.server(binary, label)
        run(server, limited(zone, inside))
        workers = server.children(server.process.pid)
        try:
            reload(server, limited(zone.replace("$arg_k", "$arg_other"), inside))
            until(lambda: "[emerg]" in error_lines(server), "an [emerg] line")
            said.append([line.split(": ", 1)[1] for line in error_lines(server).split("\n") if "[emerg]" in line])
            time.sleep(0.1)
            assert server.children(server.process.pid) == workers
            assert status(server, "/?k=a") == 200
        finally:
            server.stop()
    assert said[0] == said[1]


def test_all_workers_count_together(server):
    run(server, limited("limit_req_zone $arg_k zone=kept:10m rate=1r/m;", "limit_req zone=kept burst=9 nodelay;", workers=4))
    seen = []

    def client():
        seen.extend(status(server, "/?k=a") for _ in range(10))

    threads = [threading.Thread(target=client) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [200] * 10 + [503] * 30


# --- a full zone ---

def test_a_zone_without_room(workspace, binaries):
    """A key that no zone of this size can hold: refused, with a line that names the zone."""
    said = []
    for binary, label in zip(binaries, ("nginx", "uringx")):
        server = workspace.server(binary, label)
        run(server, logged("large_client_header_buffers 4 128k; limit_req_zone $http_k zone=tiny:32k rate=1r/m;",
                           "location / { limit_req zone=tiny; try_files /ten.txt =404; } "
                           "location /dry { limit_req zone=tiny; limit_req_dry_run on; try_files /ten.txt =404; }"))
        with connect("P0", server) as sock:
            player = Player(sock, 5.0)
            player.send(get("/", "K: " + "k" * 60000) + get("/dry", "K: " + "k" * 60000) + get("/", "K: k"))
            player.read_until(lambda: player.whole_answers() >= 3)
            statuses = [answer.status for answer in player.answers()]
        server.stop()
        said.append((statuses, [re.sub(r"^\S+ \S+ (\S+) \S+ ", r"\1 ", line) for line in error_lines(server).split("\n")
                                if "could not allocate" in line]))
    assert said[0] == said[1]
    assert said[0][0] == [503, 200, 200] and len(said[0][1]) == 2


def test_a_zone_of_connections_without_room(workspace, binaries):
    said = []
    for binary, label in zip(binaries, ("nginx", "uringx")):
        server = workspace.server(binary, label)
        run(server, logged("limit_conn_zone $arg_k zone=tiny:32k; limit_conn_log_level info;",
                           "location / { limit_conn tiny 1; limit_rate 1; try_files /big.bin =404; }",
                           events="worker_connections 2048;").replace("worker_connections 256; ", ""))
        held = []
        try:
            for number in range(1500):
                sock = connect("P0", server)
                held.append(sock)
                sock.sendall(get(f"/?k={number:0200}"))
                if number % 50 == 0 and "no memory" in error_lines(server):
                    break
            until(lambda: "no memory" in error_lines(server), "a line that there is no room")
            said.append({re.sub(r"^\S+ \S+ (\S+) \S+ ", r"\1 ", line) for line in error_lines(server).split("\n") if "no memory" in line})
        finally:
            for sock in held:
                sock.close()
            server.stop()
    assert said[0] == said[1]


# --- delays, measured ---

def arrivals(server, *targets: str, wait_s=10.0) -> list[float]:
    """When the answers to requests sent together were whole, in seconds from then."""
    with connect("P0", server) as sock:
        player, times = Player(sock, wait_s), []
        began = time.monotonic()
        player.send(b"".join(get(target) for target in targets))
        for count in range(1, len(targets) + 1):
            player.read_until(lambda: player.whole_answers() >= count)
            times.append(time.monotonic() - began)
        assert player.whole_answers() == len(targets)
        return times


def later(seconds: float, expected: float, slack: float = 0.8) -> bool:
    """Never too early; later by what a busy machine may take."""
    return expected - 0.06 <= seconds <= expected + slack


def test_delayed_requests_come_at_the_rate(server):
    serve(server, "limit_req_zone $arg_k zone=a:1m rate=5r/s;",
          "location / { limit_req zone=a burst=10; try_files /ten.txt =404; } "
          "location /two { limit_req zone=a burst=10 delay=2; try_files /ten.txt =404; }")
    done = arrivals(server, *["/?k=a"] * 4)  # one after the other: each waits from when the one before is answered
    assert later(done[0], 0) and later(done[1], 0.2) and later(done[2], 0.4) and later(done[3], 0.6), done
    waits, began = [], time.monotonic()

    def client():
        arrivals(server, "/two?k=b")
        waits.append(time.monotonic() - began)

    threads = [threading.Thread(target=client) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    waits.sort()  # three at once, the others one after the other
    assert waits[2] < 0.5 and later(waits[5], 0.6), waits


def test_a_delayed_answer_is_whole(server):
    serve(server, "limit_req_zone $arg_k zone=a:1m rate=2r/s;", "location / { limit_req zone=a burst=5; try_files /big.bin =404; }")
    with connect("P0", server) as sock:
        sock.sendall(get("/?k=a") + get("/?k=a", "Connection: close"))
        time.sleep(0.6)
        data = b""
        while piece := sock.recv(1 << 16):
            data += piece
    assert data.count(b"HTTP/1.1 200") == 2 and len(data) > 2 * (1 << 20) and data.endswith(b"end")


def test_many_wait_and_go(server):
    """Requests whose clients go while they wait are ended at once, and the worker serves on."""
    serve(server, "limit_req_zone $arg_k zone=a:1m rate=1r/m;", "location / { limit_req zone=a burst=1000; try_files /ten.txt =404; } "
          "location /free { try_files /ten.txt =404; }")
    socks = [connect("P0", server) for _ in range(50)]
    for sock in socks:
        sock.sendall(get("/?k=a"))
    until(lambda: error_lines(server).count("delaying request") >= 49, "delays")
    assert status(server, "/free") == 200
    for sock in socks:
        sock.close()
    until(lambda: error_lines(server).count("client prematurely closed connection") >= 49, "ends")
    assert server.stop() == 0


# --- limit_conn: several at a time ---

HELD = """
    location / { limit_rate 20k; limit_rate_after 1k; limit_conn one 1; try_files /big.bin =404; }
    location /two { limit_rate 20k; limit_conn one 2; try_files /big.bin =404; }
    location /status { limit_conn one 1; limit_conn_status 429; limit_conn_log_level info; try_files /ten.txt =404; }
    location /dry { limit_conn one 1; limit_conn_dry_run on; try_files /ten.txt =404; add_header X-Status $limit_conn_status; }
    location /other { limit_conn other 1; try_files /ten.txt =404; }
    location /both { limit_conn other 1; limit_conn one 1; try_files /ten.txt =404; }
    location /free { try_files /ten.txt =404; }
"""
HELD_ZONES = "limit_conn_zone $arg_k zone=one:1m; limit_conn_zone $server_name zone=other:1m;"


def test_connections_at_the_same_time(server):
    serve(server, HELD_ZONES, HELD)
    with hold(server, "/?k=a"):
        assert (status(server, "/?k=a"), status(server, "/status?k=a"), status(server, "/dry?k=a")) == (503, 429, 200)
        assert (status(server, "/status?k=b"), status(server, "/other?k=a"), status(server, "/free")) == (200, 200, 200)
        assert status(server, "/both?k=a") == 503
        assert status(server, "/other?k=a") == 200  # what was refused counts nowhere
        with hold(server, "/two?k=a"):
            assert status(server, "/two?k=a") == 503
    until(lambda: status(server, "/status?k=a") == 200, "the end of the held request")
    lines = error_lines(server)
    assert re.search(r"\[info\] \S+ \*\d+ limiting connections by zone \"one\", client: 127", lines)
    assert re.search(r"\[error\] \S+ \*\d+ limiting connections, dry run, by zone \"one\", client: 127", lines)


def test_connections_are_counted_over_a_reload(server):
    text = logged(HELD_ZONES, HELD)
    run(server, text)
    old = set(server.children(server.process.pid))
    with hold(server, "/?k=a"):
        reload(server, text)
        until(lambda: set(server.children(server.process.pid)) - old, "the next workers")
        time.sleep(0.2)
        assert status(server, "/status?k=a") == 429
    until(lambda: status(server, "/status?k=a") == 200, "the end of the held request")


def test_connections_are_let_go_whatever_ends_them(server):
    serve(server, HELD_ZONES + " send_timeout 1s;", HELD + "location /slow { limit_conn one 1; sendfile on; try_files /big.bin =404; }")
    sock = hold(server, "/?k=a")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    sock.close()  # a reset
    until(lambda: status(server, "/status?k=a") == 200, "the end of a reset one")
    hold(server, "/?k=b").close()
    until(lambda: status(server, "/status?k=b") == 200, "the end of a closed one")
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", server.ports[0]))
    with sock:
        sock.sendall(get("/slow?k=c"))
        assert sock.recv(15)
        if status(server, "/status?k=c") == 429:  # else the sockets took all of it
            until(lambda: status(server, "/status?k=c") == 200, "the end of one that timed out")
    assert status(server, "/status?k=c") == 200


# --- HTTP/2: each stream counts ---

def h2_statuses(server, *paths, wait_s=8.0, cancel=None):
    """The statuses of requests sent together on one connection, in the order of their streams."""
    h2 = pytest.importorskip("h2.connection")
    import h2.config
    import h2.events
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
    connection.initiate_connection()
    found, streams = {}, []
    with connect("P0", server) as sock:
        sock.settimeout(wait_s)
        for path in paths:
            stream = connection.get_next_available_stream_id()
            streams.append(stream)
            connection.send_headers(stream, [(":method", "GET"), (":scheme", "http"), (":authority", "localhost"), (":path", path)],
                                    end_stream=True)
        sock.sendall(connection.data_to_send())
        if cancel is not None:
            time.sleep(0.2)
            connection.reset_stream(streams[cancel], 8)
            sock.sendall(connection.data_to_send())
        while len(found) < len(paths) - (cancel is not None):
            for event in connection.receive_data(sock.recv(1 << 16)):
                if isinstance(event, h2.events.ResponseReceived):
                    found[event.stream_id] = int(dict(event.headers)[":status"])
            sock.sendall(connection.data_to_send())
    return [found.get(stream) for stream in streams]


def test_streams_count_one_by_one(server):
    serve_http2(server, HELD_ZONES, HELD)
    assert h2_statuses(server, "/?k=a", "/?k=a", "/two?k=a", "/two?k=a", "/?k=b") == [200, 503, 200, 503, 200]
    until(lambda: h2_statuses(server, "/status?k=a") == [200], "the end of the held streams")


def test_streams_are_limited_by_rate_of_requests(server):
    serve_http2(server, "limit_req_zone $arg_k zone=a:1m rate=1r/m; limit_req_zone $arg_k zone=b:1m rate=2r/s;",
              "location / { limit_req zone=a burst=1 nodelay; try_files /ten.txt =404; } "
              "location /slow { limit_req zone=b burst=5; try_files /ten.txt =404; }")
    assert h2_statuses(server, "/?k=a", "/?k=a", "/?k=a", "/?k=b") == [200, 200, 503, 200]
    began = time.monotonic()
    assert h2_statuses(server, "/slow?k=a", "/slow?k=a", "/slow?k=a") == [200] * 3
    assert later(time.monotonic() - began, 1.0)


def test_a_reset_stream_is_let_go(server):
    serve_http2(server, HELD_ZONES, HELD)
    assert h2_statuses(server, "/?k=a", "/free", cancel=0)[1] == 200
    until(lambda: h2_statuses(server, "/status?k=a") == [200], "the end of the reset stream")


def test_a_reset_stream_waits_no_more(server):
    serve_http2(server, "limit_req_zone $arg_k zone=a:1m rate=1r/m;",
              "location / { limit_req zone=a burst=5; try_files /ten.txt =404; } location /free { try_files /ten.txt =404; }")
    assert h2_statuses(server, "/?k=a", "/?k=a", "/free", cancel=1) == [200, None, 200]
    until(lambda: "client canceled stream" in error_lines(server), "its end")
    assert server.stop() == 0
