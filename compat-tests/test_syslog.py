"""Syslog targets of access and error logs: what the receivers get is compared datagram by datagram; servers that come
late, go, come back or do not read; and the words of `-t`.

Tests with the argument `server` run with nginx first, which shows that the assertion is right.
"""
from __future__ import annotations

import re
import socket
import time

import pytest

from harness.config_texts import config_cases, each, http, location, main
from harness.receivers import UDP, UDP6, UNIX, Receivers, compare_datagrams, receivers_of
from harness.run import run_case
from harness.running import ask_each, logged, reload, serve, until
from harness.site import HalfClose, Site, get, gets, head, post

SITES = [
    Site("syslog access", http="""
        log_format s '$status $uri'; log_format d '[$http_user_agent] "$request"';
        log_format j escape=json '{"ua":"$http_user_agent","r":"$request"}';
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


def test_logs_more(site, case, pairs, judge, not_served_yet):
    pair = pairs.get(site)
    if case is None or pair.not_served or pair.start_failure:
        run_case(site, case, pairs, judge, not_served_yet)
        return
    for one in receivers_of(pair):
        one.drain()
    judge(case.id, pair.run(case) + compare_datagrams(pair))


# ---- over a life


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
    ask_each(server, "/lost")
    receivers = Receivers(server)
    until(lambda: (ask_each(server, "/first"), access(got(receivers, 0.2)))[1], "a line after the server started")
    receivers.close(kind)
    said = "send() to syslog failed while logging request, client: 127.0.0.1, server: localhost, request: "
    until(lambda: (ask_each(server, "/gone"), said in server.log_text("error.log"))[1], "the warning")
    receivers.open(kind, *((socket.AF_UNIX, str(server.prefix / "log.sock")) if kind == "unix" else
                           (socket.AF_INET, ("127.0.0.1", server.ports[8]))))
    until(lambda: (ask_each(server, "/back"), "200 /back" in access(got(receivers, 0.2)))[1], "a line after it came back")
    receivers.close()


def test_syslog_queue_that_is_full_holds_up_nobody(server):
    receivers = Receivers(server)
    serve(server, f"access_log {UNIX} s;", "location / { return 200 x; }")
    ask_each(server, *[f"/{n}" for n in range(100)])
    kept = access(receivers.drain())
    assert kept == [f"200 /{n}" for n in range(len(kept))] and kept
    if len(kept) < 100:
        assert server.log_text("error.log").count("send() to syslog failed") == 100 - len(kept)
    ask_each(server, "/again")
    assert access(got(receivers)) == ["200 /again"]
    receivers.close()


def test_start_and_stop_are_told_to_syslog(server):
    receivers = Receivers(server)
    serve(server, main=f"error_log {UDP},tag=life notice;")
    until(lambda: server.children(server.process.pid), "a worker")
    ask_each(server, "/missing")
    server.stop()
    text = "\n".join(receivers.drain())
    for said in ("start worker processes", "gracefully shutting down", "exiting", "exit", 'open() "'):
        assert re.search(rf"<\d+>\w+ .* life: \S+ \S+ \[(notice|error)\] .*{re.escape(said)}", text), said
    receivers.close()


def test_reload_changes_the_syslog_server(server):
    receivers = Receivers(server)
    serve(server, f"access_log {UDP},tag=before s;", "location / { return 200 x; }")
    ask_each(server, "/one")
    reload(server, logged(f"access_log {UNIX},tag=after s;", "location / { return 200 x; }"))
    found = []
    until(lambda: (ask_each(server, "/two"), found.extend(got(receivers, 0.2)), any("after: " in t for t in found))[2], "the new target")
    assert "udp4" in found[0] and "before: 200 /one" in found[0]
    assert all(t.startswith("unix") for t in found if "after: " in t)
    receivers.close()


def test_syslog_without_a_file_leaves_the_default_error_log(server):
    receivers = Receivers(server)
    server.start(logged(main=f"error_log {UDP},tag=only info;").replace("error_log logs/error.log info;", ""))
    ask_each(server, "/missing")
    until(lambda: '/missing" failed' in server.log_text("error.log"), "the line in the file")
    assert any('/missing" failed' in one for one in got(receivers, 1.0, count=100))
    receivers.close()


# ---- configurations

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
    *each(main, *["error_log syslog:" + words + ";" for words in (
        "", "server=127.0.0.1", "server=127.0.0.1 debug", "server=127.0.0.1 loud", "server=127.0.0.1,tag=a-b warn",
        "server=127.0.0.1,severity=x loud", "tag=a", "server=127.0.0.1 warn error", "server=unix:/nosuch info")]),
    *each(http, "error_log syslog:server=127.0.0.1;", "error_log syslog:x;"),
    *each(location, "error_log syslog:server=127.0.0.1 info;", "access_log syslog:server=127.0.0.1;"),
]


@config_cases(CONFIG_CASES, prefix="config log targets: ")
def test_config_of_logs(case_id, text, check_config):
    check_config(case_id, text)
