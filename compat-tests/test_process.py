"""The process: pid file, signals, reload, log reopening, stopping, privileges.

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
import subprocess
import threading
import time
from pathlib import Path

import pytest

from harness import normalise
from harness.client import Player, connect, parse_stream
from harness.compare import compare_lines
from harness.servers import LOCKED_BYTES_MAX, StartFailed
from harness.site import get

WAIT_S = 8.0
BASIC = """\
daemon off;
worker_processes 1;
pid nginx.pid;
error_log logs/error.log info;
events { worker_connections 256; }
http {
access_log logs/access.log;
server { listen 127.0.0.1:@P0@ sndbuf=32k; root html; location /v { return 200 "one\\n"; } }
}
"""


# ---- running servers
# ------------------------------------------------------------------------------------------------------------

@pytest.fixture(params=["nginx", "uringx"])
def server(request, workspace, binaries):
    """A prefix with the basic configuration, not started; killed at the end; uringx must not leave alerts of
    its own making."""
    made = workspace.server(binaries[request.param == "uringx"], request.param)
    made.write_config(BASIC)
    yield made
    made.kill()
    pid = made.pid_path.read_text().strip() if made.pid_path.exists() else ""
    if pid.isdigit():
        kill_if_ours(made, int(pid))


def kill_if_ours(server, pid: int):
    """Kills a process only when it runs the binary of `server` (a daemon is not our child)."""
    try:
        if os.path.realpath(os.readlink(f"/proc/{pid}/exe")) == os.path.realpath(server.binary):
            os.kill(pid, signal.SIGKILL)
    except OSError:
        pass


def has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def ask(server, target="/v", port="P0", timeout_s=3.0) -> bytes:
    """The body of one request on a connection of its own; b'' when there is no whole answer."""
    with connect(port, server) as sock:
        player = Player(sock, timeout_s)
        player.send(get(target, "Connection: close"))
        player.read_until(lambda: False)
        answers = player.answers()
        return answers[0].body if answers and answers[0].complete else b""


def until(condition, what: str, timeout_s: float = WAIT_S):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(0.01)


def run(server, text: str | None = None):
    """Starts the server and waits for its worker: a signal that meets nginx's master before that may wait for
    the next one."""
    server.start(text)
    until(lambda: server.children(server.process.pid), "a worker")


def command(server, *arguments) -> subprocess.CompletedProcess:
    return subprocess.run(server.command(*arguments), stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=20, cwd="/")


def error_lines(server) -> str:
    return server.log_text("error.log")


def open_download(server, target="/big.bin"):
    """A connection that asked for a big file and has read only the head so far: the server waits for us."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(WAIT_S)
    sock.connect(("127.0.0.1", server.ports[0]))
    sock.sendall(get(target))
    return sock, sock.recv(100)


def read_rest(sock, seen: bytes) -> bytes:
    while True:
        data = sock.recv(1 << 16)
        if not data:
            return seen
        seen += data


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
    with connect("P0", server) as sock:
        sock.setblocking(True)
        sock.settimeout(WAIT_S)
        for pid in server.children(server.process.pid):
            os.kill(pid, signal.SIGKILL)
        sock.sendall(get("/v", "Connection: close"))
        assert read_rest(sock, b"").endswith(b"one\n")


# ---- reload ------------------------------------------------------------------------------------------------
# ---------------------

def reload(server, text: str):
    server.write_config(text)
    server.send_signal(signal.SIGHUP)


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


# ---- stopping ----------------------------------------------------------------------------------------------
# ---------------------

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


# ---- logs --------------------------------------------------------------------------------------------------
# ---------------------

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
        logged = [int(m.group(1)) for line in lines if (m := re.search(rf"GET /v\?{number}-(\d+) HTTP/1.1\" 200 4 ",
            line))]
        assert sorted(logged) == list(range(counts[number])), "lines are lost, doubled or torn"
    assert len(lines) == sum(counts)


# ---- what the log says of the process
# -------------------------------------------------------------------------------------------

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
        found = {re.sub(r"\d+", "N", m.group()) for line in error_lines(server).split("\n") if "[notice]" in line for pattern in kept if (m := re.search(pattern,
            line))}
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
