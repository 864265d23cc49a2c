"""Error logs: places and levels of every phase, what `debug_connection` lifts, and the words of `-t`.

Tests with the argument `server` run with nginx first, which shows that the assertion is right.
"""
import pytest

from harness import normalise
from harness.config_texts import config_cases, each, events, http, location, main, server as in_server
from harness.run import run_case
from harness.running import ask_each, serve, until
from harness.site import Answer, Site, get, gets, post, request

SITES = [
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
]


def test_logs_more(site, case, pairs, judge, not_served_yet):
    run_case(site, case, pairs, judge, not_served_yet)


# ---- debug_connection


@pytest.mark.parametrize("who,logged", [("127.0.0.1", True), ("127.0.0.0/8", True), ("localhost", True), ("10.0.0.0/8", False),
    ("unix:", False), ("::1", False)])
def test_debug_connection_lifts_the_level(server, who, logged):
    serve(server, events=f"debug_connection {who};", level="crit", inside="location /q { error_log logs/q.log emerg; }")
    ask_each(server, "/missing", "/q/missing")
    ask_each(server, "/ten.txt", fields=("X Y: 1",))
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
    ask_each(server, "/d/missing")
    lines = [line for line in server.log_text("d.log").splitlines() if "[debug]" not in line]
    assert sum('/missing" failed' in line for line in lines) == 1


# ---- configurations

CONFIG_CASES = [
    *each(main, *["error_log " + words + ";" for words in (
        "memory:", "memory:x", "memory:1k", "memory:2k", "memory:4k", "memory:32k debug", "memory:1m loud", "memory:-1",
        "memory:1g1", "stderr debug_http debug_core", "stderr debug_http error", "stderr error debug_http",
        "logs/x.log debug debug", "logs/x.log stderr", "logs/x.log info info")]),
    *each(http, "error_log memory:64k;", "error_log memory:64;"),
    *each(location, "error_log memory:64k debug;"),
    *each(events, *[f"debug_connection {who};" for who in ("127.0.0.1", "127.0.0.1/32", "127.0.0.1/8", "::1", "::1/64", "unix:",
        "localhost", "no.such.host.invalid", "", "a b", "1.2.3.4/33", "::/129", "unix:/x", "127.0.0.1; debug_connection 10.0.0.0/8")]),
    *each(in_server, "debug_connection 127.0.0.1;"),
]


@config_cases(CONFIG_CASES, prefix="config log targets: ")
def test_config_of_logs(case_id, text, check_config):
    check_config(case_id, text)
