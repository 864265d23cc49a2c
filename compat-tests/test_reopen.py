"""Reopening of logs: lines go to the new files, none is lost, and the files belong to the worker's user.

Tests with the argument `server` run with nginx first, which shows that the assertion is right.
"""
import os
import pwd
import re
import signal
import threading
import time

import pytest

from harness.client import Player, connect
from harness.running import BASIC, WAIT_S, ask, command, run, until
from harness.site import get


@pytest.mark.parametrize("how", ["USR1", "-s reopen"])
def test_reopen_moves_to_new_files(server, how):
    run(server)
    assert ask(server) == b"one\n"
    logs = server.prefix / "logs"
    for name in ("access.log", "error.log"):
        os.rename(logs / name, logs / f"{name}.1")
    assert ask(server) == b"one\n"
    until(lambda: server.log_text("access.log.1").count("GET /v") == 2, "a line in the moved file")
    if how == "USR1":
        server.send_signal(signal.SIGUSR1)
    else:
        done = command(server, "-s", "reopen")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    until(lambda: (logs / "access.log").exists() and (logs / "error.log").exists(), "new files")

    def in_the_new_file():
        ask(server, "/missing")
        return "/missing" in server.log_text("access.log") and "/missing" in server.log_text("error.log")
    until(in_the_new_file, "lines in the new files")
    assert server.stop() == 0


def test_reopened_logs_belong_to_the_worker_user(server):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    server.write_config("user www-data;\n" + BASIC)
    run(server)
    os.rename(server.prefix / "logs/access.log", server.prefix / "logs/access.log.1")
    server.send_signal(signal.SIGUSR1)
    until(lambda: (server.prefix / "logs/access.log").exists(), "a new file")
    until(lambda: pwd.getpwuid((server.prefix / "logs/access.log").stat().st_uid).pw_name == "www-data",
        "its owner")


def test_no_line_is_lost_at_rotations_under_load(server):
    run(server)
    stop, counts = threading.Event(), [0] * 2

    def client(number):
        with connect("P0", server) as sock:
            player = Player(sock, 5.0)
            while not stop.is_set() and counts[number] < 900:
                player.received, player.sent = b"", b""
                player.send(get(f"/v?{number}-{counts[number]}"))
                player.read_until(lambda: player.whole_answers() >= 1)
                if player.end:
                    return
                counts[number] += 1

    clients = [threading.Thread(target=client, args=(n,)) for n in range(2)]
    for thread in clients:
        thread.start()
    for turn in range(5):
        time.sleep(0.1)
        os.rename(server.prefix / "logs/access.log", server.prefix / f"logs/access.log.{turn}")
        server.send_signal(signal.SIGUSR1)
        until(lambda: (server.prefix / "logs/access.log").exists(), "a new file")
    stop.set()
    for thread in clients:
        thread.join(WAIT_S)
    assert server.stop() == 0
    lines = [line for name in server.log_names() if name.startswith("access") for line in server.log_text(name).splitlines()]
    for number in range(2):
        pattern = re.compile(rf'GET /v\?{number}-(\d+) HTTP/1.1" 200 4 ')
        logged = [int(m.group(1)) for line in lines if (m := pattern.search(line))]
        assert sorted(logged) == list(range(counts[number])), "lines are lost, doubled or torn"
    assert len(lines) == sum(counts)
