"""Logs beyond files of plain lines: syslog targets (what the receivers get is compared datagram by datagram),
gzip, kept files of names with variables, every byte through the escapes, levels and places of error logs."""
from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import time
import zlib

import pytest

from harness import normalise
from harness.client import Player, connect
from harness.compare import Difference, compare_lines
from harness.pair import NotServedYet
from harness.run import run_case
from harness.site import Answer, HalfClose, Site, get, gets, head, post, request
from test_config import each, events, http, location, main, server as in_server, short

SETTLE_S = 1.0
HEADER = re.compile(r"^(<\d+>)(\w{3} [ \d]\d \d\d:\d\d:\d\d) (.*)$", re.S)

# ---- receivers -----------------------------------------------------------------------------------------------------


class Receivers:
    """The syslog servers of one web server: UDP on @P8@ (IPv4) and @P9@ (IPv6), a socket in its folder."""

    def __init__(self, server):
        self.server, self.sockets = server, {}
        self.open("udp4", socket.AF_INET, ("127.0.0.1", server.ports[8]))
        self.open("udp6", socket.AF_INET6, ("::1", server.ports[9]))
        self.open("unix", socket.AF_UNIX, str(server.prefix / "log.sock"))

    def open(self, name, family, address):
        sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        sock.bind(address)
        sock.setblocking(False)
        if family == socket.AF_UNIX:
            os.chmod(address, 0o777)
        self.sockets[name] = sock

    def close(self, name=None):
        for one in [name] if name else list(self.sockets):
            self.sockets.pop(one).close()
            if one == "unix":
                os.unlink(self.server.prefix / "log.sock")

    def drain(self) -> list[str]:
        got = []
        for name in sorted(self.sockets):
            while True:
                try:
                    data = self.sockets[name].recv(1 << 17)
                except BlockingIOError:
                    break
                got.append(f"{name} {data.decode('utf-8', 'surrogateescape')}")
        return got

    def clean(self, datagrams: list[str]) -> list[str]:
        """Times, ports and process numbers made equal; lines of the process itself left out (see
        normalise.line_of_a_connection)."""
        out = []
        for text in datagrams:
            receiver, _, datagram = text.partition(" ")
            found = HEADER.match(datagram)
            assert found, f"no RFC 3164 header: {datagram!r}"
            pri, stamp, rest = found.groups()
            sent = time.mktime(time.strptime(f"{time.gmtime().tm_year} {stamp}", "%Y %b %d %H:%M:%S")) - time.timezone
            assert abs(sent - time.time()) < 60, f"the time is not now: {datagram!r}"
            head_of_rest, _, message = rest.partition(": ")
            if re.match(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[", message):
                if not normalise.line_of_a_connection(message) and "failed" not in message:
                    continue
                message = normalise.text(message, self.server, normalise.LOG_LINE_RULES)
            else:
                message = normalise.text(message, self.server)
            out.append(f"{receiver} {pri}@TIME@ {head_of_rest}: {message}")
        return out


_receivers: dict = {}


def receivers_of(pair) -> list[Receivers]:
    if id(pair) not in _receivers:
        for old in _receivers.values():
            for one in old[1]:
                one.close()
        _receivers.clear()
        _receivers[id(pair)] = (pair, [Receivers(pair.nginx), Receivers(pair.uringx)])
    return _receivers[id(pair)][1]


def compare_datagrams(pair) -> list[Difference]:
    ours, theirs = receivers_of(pair)
    a, b = [], []
    deadline = time.monotonic() + SETTLE_S
    while True:
        a += ours.drain()
        b += theirs.drain()
        differences = compare_lines("syslog", ours.clean(a), theirs.clean(b), 0)
        if not differences or time.monotonic() > deadline:
            return differences
        time.sleep(0.01)


# ---- sites ---------------------------------------------------------------------------------------------------------

UDP, UDP6, UNIX = "syslog:server=127.0.0.1:@P8@", "syslog:server=[::1]:@P9@", "syslog:server=unix:@PREFIX@/log.sock"
BYTES = [("%" + "%".join(f"{b:02x}" for b in range(at, at + 16) if b)) for at in range(0, 256, 16)]
RAW = [bytes(b for b in range(at, at + 16) if b not in (0, 9, 10, 13) and b >= 32) for at in range(32, 256, 16)]

SYSLOG_SITES = [
    Site("syslog access", http=f"""
        log_format s '$status $uri'; log_format d '[$http_user_agent] "$request"';
        log_format j escape=json '{{"ua":"$http_user_agent","r":"$request"}}';
        log_format n escape=none '$http_user_agent|$arg_a'; log_format none '';
        log_format long '$args$args$args$args$args$args$args$args$args$args$args$args$args$args$args$args';
    """, server=f"""
        server_name localhost; root html;
        location /udp {{ access_log {UDP} s; return 200 x; }}
        location /udp6 {{ access_log {UDP6} s; return 200 x; }}
        location /unix {{ access_log {UNIX} s; return 200 x; }}
        location /host {{ access_log syslog:server=localhost:@P8@ s; return 200 x; }}
        location /combined {{ access_log {UDP},tag=a_1 combined; return 200 x; }}
        location /bare {{ access_log {UDP}; return 200 x; }}
        location /nohost {{ access_log {UDP},nohostname s; return 200 x; }}
        location /all {{ access_log {UDP},facility=mail,severity=crit,tag=T32_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa s;
                         return 200 x; }}
        location /kern {{ access_log {UDP},facility=kern,severity=emerg s; return 200 x; }}
        location /debug {{ access_log {UDP},facility=local7,severity=debug,tag= s; return 200 x; }}
        location /two {{ access_log {UDP},tag=one s; access_log {UNIX},tag=two s; access_log logs/two.log s;
                         return 200 x; }}
        location /if {{ access_log {UDP} s if=$arg_l; return 200 x; }}
        location /escd {{ access_log {UDP} d; return 200 x; }}
        location /escj {{ access_log {UDP} j; return 200 x; }}
        location /escn {{ access_log {UDP} n; return 200 x; }}
        location /none {{ access_log {UDP} none; return 200 x; }}
        location /off {{ access_log off; access_log {UDP} s; return 200 x; }}
        location /file/ {{ access_log {UNIX} s; alias html/; }}
        location /long {{ access_log {UNIX} long; return 200 x; }}
        location /toolong {{ access_log {UDP} long; return 200 x; }}
        location /dead {{ access_log syslog:server=unix:@PREFIX@/nosuch.sock s; return 200 x; }}
        location /nonsock {{ access_log syslog:server=unix:@PREFIX@/nginx.conf s; return 200 x; }}
        location /deadtwo {{ access_log syslog:server=unix:@PREFIX@/nosuch.sock s; access_log {UDP} s; return 200 x; }}
        location /deadif {{ access_log syslog:server=unix:@PREFIX@/nosuch.sock s if=$arg_l; return 200 x; }}
    """.replace("T32_" + "a" * 35, "T32_" + "a" * 28), cases=[
        gets("/udp", "/udp6", "/unix", "/host", "/combined", "/bare", "/nohost", "/all", "/kern", "/debug", "/two",
            "/if", "/if?l=1", "/if?l=0", "/none", "/off", "/file/ten.txt", "/file/missing", "/dead", "/nonsock",
            "/deadtwo", "/deadif", "/deadif?l=1", "/%zz"),
        ("dead twice", get("/dead/1") + get("/dead/2")),
        ("a line of 8 KiB", get("/long?" + "l" * 500)), ("a line of 60 KiB", get("/long?" + "l" * 3800)),
        ("a line longer than a datagram", get("/toolong?" + "l" * 4200)),
        ("after it", get("/toolong?short")),
        ("pipelined", get("/udp") * 20), ("HEAD", head("/unix")), ("POST", post("/udp", b"abc")),
        ("agent", get("/escd", "User-Agent: a\"b\\c\x7f\xe4")), ("json agent", get("/escj", "User-Agent: a\"b\\c\x1f\xe4")),
        ("raw agent", get("/escn?a=\xe4", "User-Agent: a\"b\\c\x1f\xe4")),
        ("referer", get("/combined", "Referer: http://x/", "User-Agent: u"))]),
    Site("syslog errors", main=f"error_log {UDP},tag=main,facility=daemon crit;", http=f"error_log {UDP},tag=http error;",
        server=f"""
        server_name localhost; root html;
        location /own/ {{ error_log {UNIX},tag=own warn; alias html/; }}
        location /info/ {{ error_log {UDP6},nohostname,severity=debug info; alias html/; }}
        location /default/ {{ error_log {UDP}; alias html/; }}
        location /both/ {{ error_log {UDP},tag=both; error_log logs/error_both.log info; alias html/; }}
        location /two/ {{ error_log {UDP},tag=one error; error_log {UDP},tag=two info; alias html/; }}
        location /crit/ {{ error_log {UDP} crit; alias html/; }}
        location /deny {{ deny all; }}
        location /small {{ client_max_body_size 1; }}
        location /dead/ {{ error_log syslog:server=unix:@PREFIX@/nosuch.sock; alias html/; }}
    """, cases=[
        gets("/missing", "/own/missing", "/info/missing", "/info/noindex/", "/default/missing", "/both/missing",
            "/two/missing", "/two/noindex/", "/crit/missing", "/crit/nosearch/x", "/deny", "/noindex/", "/ten.txt",
            "/dead/missing", "/%zz", "/own/" + "l" * 2500),
        ("413", post("/small", b"abc")), ("bad header", get("/info/ten.txt", "X Y: 1")),
        ("no host", get("/", host=None)), ("half", [b"GET /x HTTP/1.1\r\nHos", HalfClose]),
        ("host and referer", get("/missing", "Referer: http://r/", host="h"))]),
]

SITES = SYSLOG_SITES + [
    Site("every byte", http="""
        log_format d '[$uri]'; log_format j escape=json '[$uri]'; log_format n escape=none '[$uri]';
        log_format hd '[$http_x]'; log_format hj escape=json '[$http_x]'; log_format hn escape=none '[$http_x]';
        access_log logs/d.log d; access_log logs/j.log j; access_log logs/n.log n;
        access_log logs/hd.log hd; access_log logs/hj.log hj; access_log logs/hn.log hn;
    """, server="server_name localhost; root html; location / { return 200 x; }",
        cases=[*[(f"decoded {b[:3]}", get("/" + b)) for b in BYTES],
               *[(f"header {r[0]:02x}", get("/", "X: " + r.decode("latin-1"))) for r in RAW]]),
    Site("error log of every phase", main="error_log logs/error_main.log crit;", http="error_log logs/error_http.log warn;",
        server="""
        server_name localhost; root html; error_log logs/error_server.log info;
        location /a/ { error_log logs/error_a.log error; alias html/; }
        location /a/in/ { error_log logs/error_in.log info; alias html/; }
        location /stderr/ { error_log stderr info; alias html/; }
        location /memory/ { error_log memory:64k info; alias html/; }
        location /levels/ { error_log logs/error_1.log crit; error_log logs/error_2.log error;
                            error_log logs/error_3.log info; alias html/; }
        location /deny/ { error_log logs/error_deny.log; deny all; }
        location /auto/ { error_log logs/error_auto.log; autoindex off; alias html/; }
        location /loop { error_log logs/error_loop.log; try_files /no /loop; }
        location /err { error_log logs/error_err.log; error_page 404 /a/missing; }
        location /except { error_log logs/error_ex.log; limit_except GET { deny all; } }
        location /vars { error_log logs/error_vars.log; return 200 "$arg_a"; }
    """, cases=[
        gets("/missing", "/a/missing", "/a/in/missing", "/a/noindex/", "/stderr/missing", "/memory/missing",
            "/levels/missing", "/levels/noindex/", "/levels/nosearch/x", "/levels/ten.txt/x", "/deny/x", "/auto/", "/loop", "/err", "/except", "/vars", "/nosearch/x", "/unreadable.txt"),
        ("POST is limited", post("/except", b"")), ("bad header", get("/levels/ten.txt", "X Y: 1")),
        ("bad header, crit only", get("/a/ten.txt", "X Y: 1")),
        ("names of hosts", get("/missing", "Referer: \"r\"", host="Other")),
        ("version 1.0", request("GET", "/missing", host=None, version="HTTP/1.0")),
        ("two on one connection", [get("/missing"), Answer, get("/a/missing")])]),
    Site("full disk", http="access_log /dev/full; access_log logs/other.log;", server="location / { return 200 x; }",
        cases=gets("/first", "/second")),
    Site("files named by variables, kept", http="log_format s '$status $uri';", servers="""
        server { listen 127.0.0.1:@P0@; server_name localhost; root html;
            open_log_file_cache max=2 inactive=1s valid=10s min_uses=2;
            access_log logs/k-$arg_f.log s;
            location /one/ { open_log_file_cache max=1; alias html/; }
            location /off/ { open_log_file_cache off; alias html/; }
            location /two/ { access_log logs/t1-$arg_f.log s; access_log logs/t2-$arg_f.log s; alias html/; }
            location /sub/ { access_log logs/sub-$arg_f.log s if=$arg_l; alias html/; }
        }
    """, cases=[
        *[(f"round {r} {t}", get(t)) for r in range(3) for t in ("/ten.txt?f=a", "/one/ten.txt?f=b", "/off/ten.txt?f=c",
            "/two/ten.txt?f=d")],
        gets("/sub/ten.txt?f=e", "/sub/ten.txt?f=e&l=1", "/ten.txt?f=", "/ten.txt"),
        ("more files than are kept", b"".join(get(f"/ten.txt?f=m{n}") for n in range(8)) * 2),
        ("the same again", b"".join(get(f"/one/ten.txt?f=o{n % 3}") for n in range(12)))]),
]


def test_logs_more(site, case, pairs, judge, not_served_yet):
    pair = pairs.get(site)
    if site not in SYSLOG_SITES or case is None or pair.not_served or pair.start_failure:
        run_case(site, case, pairs, judge, not_served_yet)
        return
    for one in receivers_of(pair):
        one.drain()
    judge(case.id, pair.run(case) + compare_datagrams(pair))


# ---- one server after the other -------------------------------------------------------------------------------------


@pytest.fixture(params=["nginx", "uringx"])
def server(request, workspace, binaries):
    made = workspace.server(binaries[request.param == "uringx"], request.param)
    yield made
    if made.process is not None:
        made.stop()
    made.kill()


CONFIG = """\
daemon off; worker_processes {workers}; pid nginx.pid; error_log logs/error.log {level};
{main}
events {{ worker_connections 256; {events} }}
http {{ log_format s '$status $uri'; {http}
server {{ listen 127.0.0.1:@P0@; server_name localhost; root html; {server} }} }}
"""


def serve(server, http="", inside="", main="", events="", level="info", workers=1):
    server.start(CONFIG.format(http=http, server=inside, main=main, events=events, level=level, workers=workers))


def ask(server, *targets, close=True, fields=()):
    with connect("P0", server) as sock:
        player = Player(sock, 3.0)
        for count, target in enumerate(targets, 1):
            player.send(get(target, *fields))
            player.read_until(lambda: player.whole_answers() >= count)
        assert player.whole_answers() == len(targets)


def until(check, what, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"{what}: not in {seconds} s"
        time.sleep(0.01)


def members(data: bytes) -> list[bytes]:
    """The gzip members of a file that hold something, each checked to its end. (nginx writes an empty one where a
    line alone is longer than the buffer.)"""
    out = []
    while data:
        one = zlib.decompressobj(wbits=31)
        out.append(one.decompress(data))
        assert one.eof, "a torn member"
        data = one.unused_data
    return [one for one in out if one]


@pytest.mark.parametrize("options,requests,most", [
    ("gzip", 5, 1), ("gzip=1", 500, 1), ("gzip=9 buffer=1k", 200, 6), ("buffer=4k gzip=6", 1000, 20),
    ("gzip=9 buffer=1m", 1000, 1), ("gzip buffer=10", 20, 20), ("gzip=5 buffer=64 flush=10s", 50, 50)])
def test_gzip_logs_hold_every_line_in_whole_members(server, options, requests, most):
    serve(server, f"access_log logs/z.gz s {options}; keepalive_requests 100000;", "location / { return 200 x; }")
    for at in range(0, requests, 100):
        ask(server, *[f"/{n}" for n in range(at, min(at + 100, requests))])
    assert server.stop() == 0
    found = members((server.prefix / "logs/z.gz").read_bytes())
    assert b"".join(found).split() == b" ".join(b"200 /%d" % n for n in range(requests)).split()
    assert all(one.endswith(b"\n") for one in found)
    assert 1 <= len(found) <= most


def test_gzip_log_is_written_when_flush_says(server):
    serve(server, "access_log logs/z.gz s gzip flush=200ms;", "location / { return 200 x; }")
    ask(server, "/one")
    until(lambda: (server.prefix / "logs/z.gz").stat().st_size > 0, "the first member")
    assert members((server.prefix / "logs/z.gz").read_bytes()) == [b"200 /one\n"]
    ask(server, "/two")
    until(lambda: len(members((server.prefix / "logs/z.gz").read_bytes())) == 2, "the second member")


def test_gzip_log_is_whole_when_reopened(server):
    serve(server, "access_log logs/z.gz s gzip;", "location / { return 200 x; }")
    ask(server, "/one")
    os.rename(server.prefix / "logs/z.gz", server.prefix / "logs/old.gz")
    server.send_signal(signal.SIGUSR1)
    until(lambda: (server.prefix / "logs/z.gz").exists(), "the new file")
    ask(server, "/two")
    server.stop()
    found = members((server.prefix / "logs/old.gz").read_bytes()) + members((server.prefix / "logs/z.gz").read_bytes())
    assert b"".join(found) == b"200 /one\n200 /two\n"


def test_gzip_log_on_a_full_disk_holds_up_nothing(server):
    serve(server, "access_log /dev/full s gzip buffer=64;", "location / { return 200 x; }")
    ask(server, *[f"/{n}" for n in range(50)])
    until(lambda: 'write() to "/dev/full" failed (28: No space left on device)' in server.log_text("error.log"), "the alert")
    ask(server, "/still")


def test_full_disk_is_told_of_once_a_minute(server):
    serve(server, "access_log /dev/full s;", "location / { return 200 x; }")
    for n in range(5):
        ask(server, f"/{n}")
        time.sleep(0.3)
    lines = [line for line in server.log_text("error.log").splitlines() if "[alert]" in line]
    assert len(lines) == 1 and 'write() to "/dev/full" failed (28: No space left on device) while logging request' in lines[0]


# ---- syslog over a life ----------------------------------------------------------------------------------------------


def got(receivers, seconds=2.0, count=1):
    """What came, for as long as it takes to get `count` datagrams."""
    found = []
    deadline = time.monotonic() + seconds
    while len(found) < count and time.monotonic() < deadline:
        found += receivers.drain()
        time.sleep(0.01)
    return found


def access(found):
    return [text.rpartition(": ")[2] for text in found if "nginx: 200" in text]


@pytest.mark.parametrize("kind", ["unix", "udp4"])
@pytest.mark.parametrize("workers", [1, 2])
def test_syslog_server_may_start_later_go_and_come_back(server, kind, workers):
    target = UNIX if kind == "unix" else UDP
    serve(server, f"access_log {target} s;", "location / { return 200 x; }", workers=workers)
    ask(server, "/lost")
    receivers = Receivers(server)
    until(lambda: (ask(server, "/first"), access(got(receivers, 0.2)))[1], "a line after the server started")
    receivers.close(kind)
    said = "send() to syslog failed while logging request, client: 127.0.0.1, server: localhost, request: "
    until(lambda: (ask(server, "/gone"), said in server.log_text("error.log"))[1], "the warning")
    receivers.open(kind, *((socket.AF_UNIX, str(server.prefix / "log.sock")) if kind == "unix" else
                           (socket.AF_INET, ("127.0.0.1", server.ports[8]))))
    until(lambda: (ask(server, "/back"), "200 /back" in access(got(receivers, 0.2)))[1], "a line after it came back")
    receivers.close()


def test_syslog_queue_that_is_full_holds_up_nobody(server):
    receivers = Receivers(server)
    serve(server, f"access_log {UNIX} s;", "location / { return 200 x; }")
    ask(server, *[f"/{n}" for n in range(100)])
    kept = access(receivers.drain())
    assert kept == [f"200 /{n}" for n in range(len(kept))] and kept
    if len(kept) < 100:
        assert server.log_text("error.log").count("send() to syslog failed") == 100 - len(kept)
    ask(server, "/again")
    assert access(got(receivers)) == ["200 /again"]
    receivers.close()


def test_start_and_stop_are_told_to_syslog(server):
    receivers = Receivers(server)
    serve(server, main=f"error_log {UDP},tag=life notice;")
    until(lambda: server.children(server.process.pid), "a worker")
    ask(server, "/missing")
    server.stop()
    text = "\n".join(receivers.drain())
    for said in ("start worker processes", "gracefully shutting down", "exiting", "exit", 'open() "'):
        assert re.search(rf"<\d+>\w+ .* life: \S+ \S+ \[(notice|error)\] .*{re.escape(said)}", text), said
    receivers.close()


def test_reload_changes_the_syslog_server(server):
    receivers = Receivers(server)
    serve(server, f"access_log {UDP},tag=before s;", "location / { return 200 x; }")
    ask(server, "/one")
    server.write_config(CONFIG.format(http=f"access_log {UNIX},tag=after s;", server="location / { return 200 x; }", main="",
                                      events="", level="info", workers=1))
    server.send_signal(signal.SIGHUP)
    found = []
    until(lambda: (ask(server, "/two"), found.extend(got(receivers, 0.2)), any("after: " in t for t in found))[2], "the new target")
    assert "udp4" in found[0] and "before: 200 /one" in found[0]
    assert all(t.startswith("unix") for t in found if "after: " in t)
    receivers.close()


def test_syslog_without_a_file_leaves_the_default_error_log(server):
    receivers = Receivers(server)
    text = CONFIG.replace("error_log logs/error.log {level};", "")
    server.start(text.format(http="", server="", main=f"error_log {UDP},tag=only info;", events="", workers=1))
    ask(server, "/missing")
    until(lambda: '/missing" failed' in server.log_text("error.log"), "the line in the file")
    assert any('/missing" failed' in one for one in got(receivers, 1.0, count=100))
    receivers.close()


# ---- files named by variables ----------------------------------------------------------------------------------------


def open_files(server, name):
    """How many descriptors of the worker lead to that log."""
    found = 0
    for pid in server.children(server.process.pid):
        for fd in os.listdir(f"/proc/{pid}/fd"):
            try:
                found += os.readlink(f"/proc/{pid}/fd/{fd}").split(" (deleted)")[0] == str(server.prefix / "logs" / name)
            except FileNotFoundError:
                pass
    return found


@pytest.mark.parametrize("cache,uses,kept", [
    ("max=10", 1, 1), ("max=10", 3, 1), ("max=10 min_uses=3", 2, 0), ("max=10 min_uses=3", 3, 1), ("off", 3, 0)])
def test_log_file_is_kept_open_as_the_cache_says(server, cache, uses, kept):
    serve(server, f"open_log_file_cache {cache}; access_log logs/v-$host.log s;", "location / { return 200 x; }")
    for n in range(uses):
        ask(server, f"/{n}")
    until(lambda: server.log_text("v-localhost.log").count("\n") == uses, "the lines")
    until(lambda: open_files(server, "v-localhost.log") == kept, f"{kept} descriptors")


def test_least_used_log_file_is_closed_for_another(server):
    serve(server, "open_log_file_cache max=2; access_log logs/v-$arg_f.log s;", "location / { return 200 x; }")
    for name in "abca":
        ask(server, f"/{name}?f={name}")
    until(lambda: [open_files(server, f"v-{n}.log") for n in "abc"] == [1, 0, 1], "a and c open, b closed")


def test_unused_log_file_is_closed(server):
    serve(server, "open_log_file_cache max=9 inactive=1s; access_log logs/v-$arg_f.log s;", "location / { return 200 x; }")
    ask(server, "/a?f=a")
    time.sleep(2.2)
    ask(server, "/b?f=b")
    until(lambda: [open_files(server, f"v-{n}.log") for n in "ab"] == [0, 1], "only b open")


def test_moved_log_file_is_noticed_after_valid(server):
    serve(server, "open_log_file_cache max=9 valid=1s inactive=1h; access_log logs/v-$host.log s;", "location / { return 200 x; }")
    ask(server, "/1")
    until(lambda: server.log_text("v-localhost.log"), "the first line")
    os.rename(server.prefix / "logs/v-localhost.log", server.prefix / "logs/old.log")
    (server.prefix / "logs/v-localhost.log").touch()
    os.chmod(server.prefix / "logs/v-localhost.log", 0o666)
    ask(server, "/2")
    until(lambda: "200 /2" in server.log_text("old.log") + server.log_text("v-localhost.log"), "the second line")
    time.sleep(2.1)
    ask(server, "/3")
    until(lambda: "200 /3" in server.log_text("v-localhost.log"), "a line in the new file")


def test_removed_folder_of_a_log_is_told_and_survived(server):
    folder = server.prefix / "logs/sub"
    folder.mkdir()
    os.chmod(folder, 0o777)
    serve(server, "access_log logs/sub/$host.log s;", "location / { return 200 x; }")
    ask(server, "/1")
    until(lambda: (folder / "localhost.log").exists(), "the first file")
    (folder / "localhost.log").unlink()
    folder.rmdir()
    ask(server, "/2")
    until(lambda: 'logs/sub/localhost.log" failed (2: No such file or directory) while logging request' in
          server.log_text("error.log"), "what went wrong")
    folder.mkdir()
    os.chmod(folder, 0o777)
    ask(server, "/3")
    until(lambda: server.log_text("sub/localhost.log") == "200 /3\n", "a line in the new folder")


def test_kept_log_file_is_opened_anew_at_reopen(server, is_self_check):
    """nginx keeps to the moved file until `valid` is over; uringx takes USR1 for what it says. No line is lost."""
    serve(server, "open_log_file_cache max=9 valid=1h; access_log logs/v-$host.log s;", "location / { return 200 x; }")
    ask(server, "/1")
    until(lambda: server.log_text("v-localhost.log"), "the first line")
    os.rename(server.prefix / "logs/v-localhost.log", server.prefix / "logs/old.log")
    server.send_signal(signal.SIGUSR1)
    until(lambda: "reopening logs" in server.log_text("error.log"), "the reopening")
    time.sleep(0.3)
    ask(server, "/2")
    until(lambda: "200 /2" in server.log_text("old.log") + server.log_text("v-localhost.log"), "the second line")
    assert server.log_text("old.log").startswith("200 /1\n")
    if server.label == "uringx" and not is_self_check:
        assert server.log_text("v-localhost.log") == "200 /2\n"


# ---- disks and folders that go -----------------------------------------------------------------------------------------


def test_removed_log_folder_is_told_at_reopen_and_survived(server):
    folder = server.prefix / "sub"
    folder.mkdir()
    os.chmod(folder, 0o777)
    serve(server, "access_log sub/a.log s; access_log sub/z.gz s gzip; access_log logs/b.log s;", "location / { return 200 x; }")
    ask(server, "/1")
    for name in ("a.log", "z.gz"):
        (folder / name).unlink()
    folder.rmdir()
    server.send_signal(signal.SIGUSR1)
    said = f'open() "{folder}/a.log" failed (2: No such file or directory)'
    until(lambda: said in server.log_text("error.log"), "what went wrong")
    ask(server, "/2")
    until(lambda: server.log_text("b.log") == "200 /1\n200 /2\n", "lines of the other log")
    folder.mkdir()
    os.chmod(folder, 0o777)
    server.send_signal(signal.SIGUSR1)
    until(lambda: (folder / "a.log").exists() and (folder / "z.gz").exists(), "new files")
    until(lambda: (ask(server, "/3"), "200 /3\n" in (folder / "a.log").read_text())[1], "a line in the new file")
    server.stop()
    assert b"200 /3\n" in members((folder / "z.gz").read_bytes())[-1]


@pytest.fixture
def small_disk(server):
    """A file system of 64 KiB in the server's folder."""
    folder = server.prefix / "disk"
    folder.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=0777", "compat", folder]).returncode:
        pytest.skip("mounting a file system needs root")
    yield folder
    server.stop()
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize("log", ["disk/a.log s", "disk/v-$host.log s", "disk/a.log s buffer=1k flush=100ms", "disk/z.gz s gzip flush=100ms"])
def test_full_disk_keeps_whole_lines_and_uringx_all_of_them(server, small_disk, log, is_self_check):
    serve(server, f"access_log {log}; keepalive_requests 10000;", "location / { return 200 x; }")
    ask(server, "/before")
    filler = small_disk / "filler"
    with open(filler, "wb", buffering=0) as out, contextlib.suppress(OSError):
        while True:
            out.write(b"x" * 512)
    targets = [f"/{n}/{'p' * 200}" for n in range(100)]  # more than the file's last page has room for
    ask(server, *targets)
    time.sleep(0.4)
    filler.unlink()
    time.sleep(1.5)
    ask(server, "/after")
    time.sleep(0.3)
    server.stop()
    [path] = [one for one in small_disk.iterdir()]
    data = path.read_bytes()
    if path.suffix == ".gz":
        if server.label == "nginx" or is_self_check:
            return  # it tears members
        data = b"".join(members(data))
    found = data.decode().splitlines()
    assert data.endswith(b"\n")
    if server.label == "uringx" and not is_self_check:
        assert found == ["200 /before", *[f"200 {target}" for target in targets], "200 /after"]


# ---- debug_connection ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who,logged", [("127.0.0.1", True), ("127.0.0.0/8", True), ("localhost", True), ("10.0.0.0/8", False),
    ("unix:", False), ("::1", False)])
def test_debug_connection_lifts_the_level(server, who, logged):
    serve(server, events=f"debug_connection {who};", level="crit", inside="location /q { error_log logs/q.log emerg; }")
    ask(server, "/missing", "/q/missing")
    ask(server, "/ten.txt", fields=("X Y: 1",))
    def said():
        lines = [line for line in server.log_text("error.log").splitlines() if "[debug]" not in line]
        return "\n".join(line for line in lines if normalise.line_of_a_connection(line))

    if logged:
        until(lambda: 'html/missing" failed' in said() and "client sent invalid header line" in said(), "both lines")
    else:
        assert said() == ""
    assert ("/missing" in server.log_text("q.log")) == logged


def test_debug_level_takes_every_line(server):
    serve(server, inside="location /d/ { error_log logs/d.log debug; alias html/; }", level="emerg")
    ask(server, "/d/missing")
    lines = [line for line in server.log_text("d.log").splitlines() if "[debug]" not in line]
    assert sum('/missing" failed' in line for line in lines) == 1


# ---- configurations --------------------------------------------------------------------------------------------------

S = "access_log syslog:"
CONFIG_CASES = [
    *each(http, *[S + words + ";" for words in (
        "", "server=", "server=127.0.0.1", "server=127.0.0.1:514", "server=127.0.0.1:0", "server=127.0.0.1:65535",
        "server=127.0.0.1:65536", "server=127.0.0.1:x", "server=127.0.0.1:", "server=:514", "server=localhost",
        "server=localhost:514", "server=no.such.host.invalid", "server=[::1]", "server=[::1]:514", "server=[::1",
        "server=[::1]x", "server=[::1]:x", "server=[]", "server=[]:5", "server=[zz]", "server=::1", "server=unix:",
        "server=unix:/x", "server=UNIX:/x", "server=unix:relative", "server=unix:/" + "x" * 106, "server=unix:/" + "x" * 107,
        "server=127.0.0.1/x", "server=127.0.0.1?x", "server=127.0.0.1,server=127.0.0.1", "facility=local7", "tag=x",
        "nohostname", "server=127.0.0.1,nohostname", "server=127.0.0.1,nohostname,nohostname", "server=127.0.0.1,nohostnames",
        "server=127.0.0.1,nohost", "server=127.0.0.1,", "server=127.0.0.1,,", ",server=127.0.0.1",
        "server=127.0.0.1,facility=", "server=127.0.0.1,facility=local8", "server=127.0.0.1,facility=LOCAL7",
        "server=127.0.0.1,facility=kern", "server=127.0.0.1,facility=authpriv", "server=127.0.0.1,facility=intern",
        "server=127.0.0.1,facility=mail,facility=mail", "server=127.0.0.1,severity=err", "server=127.0.0.1,severity=error",
        "server=127.0.0.1,severity=", "server=127.0.0.1,severity=info,severity=info", "server=127.0.0.1,tag=",
        "server=127.0.0.1,tag=a_Z0", "server=127.0.0.1,tag=a-b", "server=127.0.0.1,tag=a.b",
        "server=127.0.0.1,tag=" + "t" * 32, "server=127.0.0.1,tag=" + "t" * 33, "server=127.0.0.1,tag=a,tag=b",
        "server=127.0.0.1,x=y", "server=127.0.0.1 combined", "server=127.0.0.1 nosuch", "server=127.0.0.1 combined if=$arg_a",
        "server=127.0.0.1 combined buffer=1k", "server=127.0.0.1 combined gzip", "server=127.0.0.1 combined flush=1s",
        "server=127.0.0.1,tag=a combined flush=1s", "server=127.0.0.1,tag=a combined buffer=x", "server=$host",
        "server=127.0.0.1 combined x")]),
    *each(main, *["error_log " + words + ";" for words in (
        "syslog:", "syslog:server=127.0.0.1", "syslog:server=127.0.0.1 debug", "syslog:server=127.0.0.1 loud",
        "syslog:server=127.0.0.1,tag=a-b warn", "syslog:server=127.0.0.1,severity=x loud", "syslog:tag=a",
        "syslog:server=127.0.0.1 warn error", "syslog:server=unix:/nosuch info", "memory:", "memory:x", "memory:1k",
        "memory:2k", "memory:4k", "memory:32k debug", "memory:1m loud", "memory:-1", "memory:1g1", "stderr debug_http debug_core",
        "stderr debug_http error", "stderr error debug_http", "logs/x.log debug debug", "logs/x.log stderr", "logs/x.log info info")]),
    *each(http, "error_log syslog:server=127.0.0.1;", "error_log syslog:x;", "error_log memory:64k;", "error_log memory:64;"),
    *each(location, "error_log syslog:server=127.0.0.1 info;", "error_log memory:64k debug;", "access_log syslog:server=127.0.0.1;"),
    *each(events, *[f"debug_connection {who};" for who in ("127.0.0.1", "127.0.0.1/32", "127.0.0.1/8", "::1", "::1/64", "unix:",
        "localhost", "no.such.host.invalid", "", "a b", "1.2.3.4/33", "::/129", "unix:/x", "127.0.0.1; debug_connection 10.0.0.0/8")]),
    *each(http, *[f"access_log logs/a.log combined {words};" for words in (
        "gzip buffer=1k", "buffer=1k gzip", "gzip=1", "gzip=9", "gzip=0", "gzip=", "gzip=-1", "gzip=05", "gzipx", "GZIP",
        "gzip flush=5s", "flush=5s gzip", "gzip gzip=5", "gzip buffer=x", "gzip buffer=0")]),
    *each(http, "access_log logs/$host.log combined gzip;", "access_log /tmp/${host.log;",
        "access_log logs/a.log combined gzip; access_log logs/a.log combined gzip;",
        "access_log logs/a.log combined gzip; access_log logs/a.log combined gzip=2;",
        "access_log logs/a.log combined gzip; access_log logs/a.log combined buffer=64k;",
        "access_log logs/a.log combined gzip; access_log logs/a.log combined;",
        *[f"open_log_file_cache {words};" for words in ("", "off", "max=10", "max=0", "max=-1", "max=", "max", "max=10 off",
            "off max=10", "inactive=1s", "max=1 inactive=x", "max=1 inactive=1m", "max=1 valid=", "max=1 min_uses=0",
            "max=1 min_uses=x", "max=1 x=y", "max=1 inactive=1s valid=1s min_uses=1", "max=1 inactive=1s valid=1s min_uses=1 off",
            "max=1; open_log_file_cache off", "on")]),
    *each(in_server, "open_log_file_cache max=5;", "log_subrequest on;", "log_subrequest x;", "debug_connection 127.0.0.1;"),
]
assert len({name for name, _ in CONFIG_CASES}) == len(CONFIG_CASES), "two cases of one name"


@pytest.mark.parametrize("case_id,text", [(f"config log targets: {name}", text) for name, text in CONFIG_CASES],
                         ids=[short(name) for name, _ in CONFIG_CASES])
def test_config_of_logs(case_id, text, config_tester, judge, not_served_yet):
    try:
        differences = config_tester.compare(text)
    except NotServedYet as refused:
        not_served_yet(refused.args[0])
    judge(case_id, differences)
