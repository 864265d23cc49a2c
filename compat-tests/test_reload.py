"""Reload: the new configuration is taken whole or not at all, and nobody who is connected notices.

Tests with the argument `server` run with nginx first, which shows that the assertion is right.
"""
import threading
import time

import pytest

from harness import normalise
from harness.client import Player, connect, parse_stream
from harness.compare import compare_lines
from harness.running import (BASIC, WAIT_S, ask, command, error_lines, open_download, read_rest, reload, run,
                             until)
from harness.site import get


def test_hup_takes_the_new_configuration(server):
    run(server)
    old = set(server.children(server.process.pid))
    reload(server, BASIC.replace("one", "two"))
    until(lambda: ask(server) == b"two\n", "the new answer")
    until(lambda: not old & set(server.children(server.process.pid)), "the old worker's end")
    assert server.pid_path.read_text() == f"{server.process.pid}\n"
    assert server.stop() == 0


def test_s_reload(server):
    run(server)
    server.write_config(BASIC.replace("one", "two"))
    done = command(server, "-s", "reload")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    until(lambda: ask(server) == b"two\n", "the new answer")


BAD_RELOADS = {
    "unknown directive": BASIC.replace("root html;", "nonsense;"),
    "missing brace": BASIC[:-3],
    "missing include": BASIC.replace("root html;", "include nosuch.conf;"),
    "log that cannot be opened": BASIC.replace("logs/access.log", "nosuch/access.log"),
    "address that cannot be bound": BASIC.replace("listen 127.0.0.1:@P0@ sndbuf=32k;",
        "listen 127.0.0.1:@P0@; listen 192.0.2.77:@P1@;"),
    "empty file": "",
    "variable unknown": BASIC.replace("root html;", "root $nonsense;"),
}


@pytest.mark.parametrize("what", BAD_RELOADS)
def test_hup_with_a_bad_configuration_keeps_the_old_one(server, what):
    run(server)
    workers = server.children(server.process.pid)
    with connect("P0", server) as kept:
        player = Player(kept, 3.0)
        player.send(get("/v"))
        player.read_until(lambda: player.whole_answers() >= 1)
        before = error_lines(server).count("[emerg]")
        reload(server, BAD_RELOADS[what])
        # Binding is tried five times, half a second apart, before the configuration is given up.
        until(lambda: error_lines(server).count("[emerg]") > before, "an [emerg] line")
        time.sleep(0.1)
        player.send(get("/v"))
        player.read_until(lambda: player.whole_answers() >= 2)
        assert player.whole_answers() == 2, "the kept connection was lost"
    assert ask(server) == b"one\n"
    assert server.children(server.process.pid) == workers
    assert server.process.poll() is None
    reload(server, BASIC.replace("one", "three"))
    until(lambda: ask(server) == b"three\n", "the next good configuration")
    assert server.stop() == 0


def test_bad_reload_says_what_nginx_says(workspace, binaries, judge):
    said = []
    for binary, label in zip(binaries, ("nginx", "uringx")):
        server = workspace.server(binary, label)
        run(server, BASIC)
        try:
            reload(server, BAD_RELOADS["unknown directive"])
            until(lambda: "[emerg]" in error_lines(server), "an [emerg] line")
            said.append([normalise.text(line, server, normalise.LOG_LINE_RULES) for line in error_lines(server).split("\n") if "[emerg]" in line])
        finally:
            server.stop()
    judge("process: bad reload", compare_lines("error_log", *said))


def test_hup_adds_and_removes_ports(server):
    run(server)
    reload(server,
        BASIC.replace("listen 127.0.0.1:@P0@ sndbuf=32k;", "listen 127.0.0.1:@P1@; listen 127.0.0.1:@P0@;"))

    def answers(port):
        try:
            return ask(server, port=port) == b"one\n"
        except OSError:
            return False
    until(lambda: answers("P1"), "the new port")
    assert answers("P0")
    reload(server, BASIC.replace("@P0@", "@P1@"))
    until(lambda: not answers("P0"), "the old port's end")
    assert answers("P1")


def test_hup_changes_log_files(server):
    run(server)
    old = set(server.children(server.process.pid))
    reload(server, BASIC.replace("logs/access.log", "logs/other.log").replace("one", "two"))
    until(lambda: ask(server) == b"two\n", "the new answer")
    until(lambda: not old & set(server.children(server.process.pid)), "the old worker's end")
    before = server.log_text("access.log")
    assert ask(server) == b"two\n"
    until(lambda: server.log_text("other.log").count("GET /v") >= 2, "lines in the new log")
    assert server.log_text("access.log") == before


def test_hup_closes_idle_connections_and_finishes_running_ones(server):
    run(server)
    download, seen = open_download(server)
    with connect("P0", server) as idle, download:
        player = Player(idle, WAIT_S)
        player.send(get("/v"))
        player.read_until(lambda: player.whole_answers() >= 1)
        reload(server, BASIC.replace("one", "two"))
        player.read_until(lambda: False)
        assert player.end == "eof", "an idle connection stays with the old worker"
        assert ask(server) == b"two\n"
        body = read_rest(download, seen)
    assert parse_stream(body, ["GET"], True)[0].complete and body.endswith(b"end")


def test_no_request_is_lost_at_reloads_under_load(server):
    """Four clients, a connection for each request, eight reloads: every request is answered whole."""
    run(server)
    stop, failures, counts = threading.Event(), [], [0] * 4

    def client(number):
        while not stop.is_set():
            try:
                body = ask(server, "/1k.txt" if number % 2 else "/v", timeout_s=5.0)
            except OSError as error:
                failures.append(f"client {number}, request {counts[number]}: {error}")
                return
            if len(body) not in (4, 1024):
                failures.append(f"client {number}, request {counts[number]}: {len(body)} bytes")
                return
            counts[number] += 1

    clients = [threading.Thread(target=client, args=(n,)) for n in range(4)]
    for thread in clients:
        thread.start()
    try:
        for turn in range(8):
            reload(server, BASIC.replace("one", f"n{turn:02d}"))
            time.sleep(0.2)
    finally:
        stop.set()
        for thread in clients:
            thread.join(WAIT_S)
    assert not failures, failures
    assert min(counts) > 8
    assert server.stop() == 0
    assert len(server.log_text("access.log").splitlines()) == sum(counts), "log lines are lost or doubled"
