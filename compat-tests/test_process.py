"""The process: pid file, signals, stopping, privileges, and what it says of itself.

Tests with the argument `server` run once with nginx (which shows that the assertion is right) and once with
uringx.
"""
import os
import pwd
import re
import resource
import signal
import socket
import stat
import time
from pathlib import Path

import pytest

from harness.client import Player, connect, parse_stream
from harness.compare import compare_lines
from harness.running import (BASIC, WAIT_S, ask, command, error_lines, has_ended, kill_if_ours, open_download,
                             process_state, read_rest, reload, run, until)
from harness.servers import LOCKED_BYTES_MAX, StartFailed
from harness.site import get


def test_pid_file_holds_the_master(server):
    run(server)
    assert server.pid_path.read_text() == f"{server.process.pid}\n"
    assert stat.S_IMODE(server.pid_path.stat().st_mode) == 0o644


@pytest.mark.parametrize("name", ["TERM", "INT", "QUIT"])
def test_signal_ends_the_master_with_exit_code_0(server, name):
    run(server)
    assert ask(server) == b"one\n"
    assert server.stop(signal.Signals[f"SIG{name}"]) == 0
    assert not server.pid_path.exists(), "the pid file is left"
    with pytest.raises(OSError):
        connect("P0", server)


@pytest.mark.parametrize("name", ["stop", "quit"])
def test_s_option_ends_the_master(server, name):
    run(server)
    done = command(server, "-s", name)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert server.process.wait(WAIT_S) == 0
    server.process = None


def test_serves_at_once_when_the_pid_file_exists(server):
    for _ in range(5):
        server.start()
        assert ask(server) == b"one\n"
        assert server.stop(signal.SIGTERM) == 0


def test_no_pid_file_when_the_configuration_is_bad(server):
    server.write_config(BASIC.replace("root html;", "root html; nonsense;"))
    with pytest.raises(StartFailed,
        match=r"exit code 1: \w+: \[emerg\] unknown directive \"nonsense\" in .*nginx.conf:8"):
        server.start()
    assert not server.pid_path.exists()
    assert '[emerg]' in error_lines(server) and 'unknown directive "nonsense"' in error_lines(server)


def test_taken_port_is_an_error(server):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", server.ports[0]))
        taken.listen()
        with pytest.raises(StartFailed,
            match=rf"\[emerg\] bind\(\) to 127.0.0.1:{server.ports[0]} failed \(98: Address already in use\)"):
            server.start()
    assert not server.pid_path.exists()


def test_port_without_permission_is_an_error(server):
    server.write_config(BASIC.replace("127.0.0.1:@P0@", "192.0.2.77:@P0@"))
    with pytest.raises(StartFailed,
        match=r"\[emerg\] bind\(\) to 192.0.2.77:\d+ failed \(99: Cannot assign requested address\)"):
        server.start()
    assert not server.pid_path.exists()


def test_error_log_exists_even_when_empty(server):
    server.write_config(BASIC.replace("error_log logs/error.log info;", "error_log logs/quiet.log emerg;"))
    run(server)
    assert (server.prefix / "logs/quiet.log").exists() and (server.prefix / "logs/error.log").exists()


def test_worker_runs_as_the_given_user(server):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    server.write_config("user www-data;\n" + BASIC)
    run(server)
    assert ask(server) == b"one\n"
    uids = {Path(f"/proc/{pid}").stat().st_uid for pid in server.children(server.process.pid)}
    assert uids == {pwd.getpwnam("www-data").pw_uid}
    assert Path(f"/proc/{server.process.pid}").stat().st_uid == 0


def test_runs_without_privileges(server):
    if os.geteuid() != 0:
        pytest.skip("every other test shows it already")
    nobody = pwd.getpwnam("nobody")
    for path in (server.prefix, server.prefix / "logs", server.config_path):
        os.chown(path, nobody.pw_uid, nobody.pw_gid)

    def demote():
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (LOCKED_BYTES_MAX, LOCKED_BYTES_MAX))
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)
    server.write_config(BASIC)
    server.start(preexec=demote)
    assert ask(server, "/ten.txt") == b"0123456789"
    assert server.stop() == 0


def test_user_directive_without_privileges_warns(server):
    if os.geteuid() != 0:
        pytest.skip("needs root to give privileges up")
    nobody = pwd.getpwnam("nobody")
    for path in (server.prefix, server.prefix / "logs", server.config_path):
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    server.write_config("user www-data;\n" + BASIC)
    server.start(preexec=lambda: (os.setgroups([]), os.setgid(nobody.pw_gid), os.setuid(nobody.pw_uid)))
    assert '[warn] the "user" directive makes sense only if the master process runs with super-user privileges, ignored in' in server.said()
    assert ask(server) == b"one\n"


def test_daemon_mode(server):
    server.write_config(BASIC.replace("daemon off;", ""))
    done = command(server)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    until(lambda: server.pid_path.exists() and server.pid_path.read_text().strip(), "pid file")
    pid = int(server.pid_path.read_text())
    try:
        assert ask(server) == b"one\n"
        assert os.getsid(pid) == pid, "a daemon leads its own session"
        assert command(server, "-s", "quit").returncode == 0
        until(lambda: has_ended(pid), "the daemon's end")
        assert not server.pid_path.exists()
    finally:
        kill_if_ours(server, pid)


def test_master_process_off(server):
    server.write_config("master_process off;\n" + BASIC)
    server.start()
    assert ask(server) == b"one\n"
    assert server.pid_path.read_text() == f"{server.process.pid}\n"
    assert server.stop(signal.SIGTERM) == 0


def test_unix_socket_is_removed_at_the_end(server):
    server.write_config(BASIC.replace("listen 127.0.0.1:@P0@ sndbuf=32k;",
        "listen 127.0.0.1:@P0@; listen unix:@PREFIX@/u.sock;"))
    for number in (signal.SIGQUIT, signal.SIGTERM):
        run(server)
        assert (server.prefix / "u.sock").exists()
        assert ask(server, port="unix:u.sock") == b"one\n"
        assert server.stop(number) == 0
        assert not (server.prefix / "u.sock").exists()


def test_killed_worker_is_replaced(server):
    run(server)
    assert ask(server) == b"one\n"
    old = server.children(server.process.pid)
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    until(lambda: set(server.children(server.process.pid)) - set(old), "a new worker")
    assert ask(server) == b"one\n"
    until(lambda: re.search(r"\[alert\] .* exited on signal 9", error_lines(server)), "the alert")
    assert server.stop() == 0


def test_killed_worker_loses_no_waiting_connection(server):
    run(server)
    for pid in server.children(server.process.pid):
        os.kill(pid, signal.SIGSTOP)
        until(lambda: process_state(pid) == "T", "a stopped worker")
    with connect("P0", server) as sock:
        sock.setblocking(True)
        sock.settimeout(WAIT_S)
        for pid in server.children(server.process.pid):
            os.kill(pid, signal.SIGKILL)
        sock.sendall(get("/v", "Connection: close"))
        assert read_rest(sock, b"").endswith(b"one\n")


# ---- stopping


def test_quit_finishes_a_slow_download(server):
    run(server)
    download, seen = open_download(server)
    with download:
        server.send_signal(signal.SIGQUIT)

        def refused():
            try:
                connect("P0", server).close()
                return False
            except OSError:
                return True
        until(refused, "closed listening sockets")
        assert server.process.poll() is None, "the master left a running download"
        body = read_rest(download, seen)
    answer = parse_stream(body, ["GET"], True)[0]
    assert answer.complete and answer.body.endswith(b"end")
    assert server.process.wait(WAIT_S) == 0
    server.process = None
    assert '"GET /big.bin HTTP/1.1" 200' in server.log_text("access.log")


def test_quit_closes_idle_connections_at_once(server):
    run(server)
    with connect("P0", server) as idle, connect("P0", server) as silent:
        player = Player(idle, WAIT_S)
        player.send(get("/v"))
        player.read_until(lambda: player.whole_answers() >= 1)
        started = time.monotonic()
        silent.setblocking(True)
        server.send_signal(signal.SIGQUIT)
        player.read_until(lambda: False)
        assert player.end == "eof" and time.monotonic() - started < 2
    assert server.process.wait(WAIT_S) == 0
    server.process = None


def test_quit_says_connection_close_to_pipelined_requests(server):
    run(server)
    download, seen = open_download(server)
    with download:
        download.sendall(get("/v") + get("/v"))
        server.send_signal(signal.SIGQUIT)
        time.sleep(0.2)
        answers = parse_stream(read_rest(download, seen), ["GET"] * 3, True)
    assert answers[0].complete
    assert answers[-1].header("Connection") == "close" or len(answers) == 1
    assert server.process.wait(WAIT_S) == 0
    server.process = None


@pytest.mark.parametrize("name", ["TERM", "INT"])
def test_fast_stop_cuts_downloads(server, name):
    run(server)
    download, _ = open_download(server)
    with download:
        started = time.monotonic()
        assert server.stop(signal.Signals[f"SIG{name}"]) == 0
        assert time.monotonic() - started < 3


def test_quit_then_term(server):
    run(server)
    download, _ = open_download(server)
    with download:
        server.send_signal(signal.SIGQUIT)
        time.sleep(0.2)
        assert server.process.poll() is None
        assert server.stop(signal.SIGTERM) == 0


# ---- what the log says of the process


def test_notices_of_a_life(workspace, binaries, judge):
    """Start, reload, reopen, worker's end and quit leave nginx's notices (which tools wait for) in nginx's
    words."""
    kept = (r"signal \d+ \(SIG\w+\) received from \d+, (\w+)", r"reconfiguring", r"reopening logs",
        r"gracefully shutting down", r"exiting", r"\bexit$", r"worker process \d+ exited with code \d+")
    said = []
    for binary, label in zip(binaries, ("nginx", "uringx")):
        server = workspace.server(binary, label)
        run(server, BASIC.replace("info", "notice"))
        old = set(server.children(server.process.pid))
        reload(server, BASIC.replace("info", "notice").replace("one", "two"))
        until(lambda: ask(server) == b"two\n", "the new answer")
        until(lambda: not old & set(server.children(server.process.pid)), "the old worker's end")
        server.send_signal(signal.SIGUSR1)
        until(lambda: "reopening logs" in error_lines(server), "reopening")
        time.sleep(0.1)
        assert server.stop() == 0
        notices = [line for line in error_lines(server).split("\n") if "[notice]" in line]
        found = {re.sub(r"\d+", "N", m.group()) for line in notices for pattern in kept if (m := re.search(pattern, line))}
        said.append(sorted(found))
    judge("process: notices of a life", compare_lines("error_log", *said))


def test_stale_pid_file_does_not_stop_the_start(server):
    server.pid_path.write_text("999999\n")
    server.start()
    until(lambda: server.pid_path.read_text() == f"{server.process.pid}\n", "our own number")
    until(lambda: ask_or_nothing(server) == b"one\n", "an answer")


def ask_or_nothing(server) -> bytes:
    try:
        return ask(server)
    except OSError:
        return b""
