#!/usr/bin/python3
"""The life of the uringx binary, driven as scripts and service managers drive nginx: start, reload, reopen, upgrade, end.

lifecycle_test.py BINARY [unittest arguments]

Every server listens on unix sockets in a directory of its own, so that no port is fixed and tests may run side by side.
"""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

BINARY = "uringx"
PATIENCE_S = 20


def wait_for(what, condition):
    """The condition's first true value; asked again until then, for at most PATIENCE_S."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError("waited in vain for " + what)
        time.sleep(0.01)


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def children(pid):
    try:
        return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def title(pid):
    return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").decode()


class Site:
    """A directory with a configuration, and the server that runs from it."""

    def __init__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="uringx-life."))
        self.root.chmod(0o755)
        (self.root / "html").mkdir()
        (self.root / "html/index.html").write_text("it serves\n")
        self.foreground = None
        self.configure()

    def configure(self, sockets=("s",), main="", location="", pid="pid"):
        listens = "".join(f"listen unix:{self.root}/{name};" for name in sockets)
        (self.root / "nginx.conf").write_text(
            f"error_log error.log info; pid {self.root}/{pid}; {main}\n"
            f"events {{}}\nhttp {{ access_log access.log; server {{ {listens} root html; {location} }} }}\n")

    def words(self, *more):
        return [BINARY, "-p", str(self.root), "-c", "nginx.conf", "-e", "start.log", *more]

    def run(self, *more):
        return subprocess.run(self.words(*more), capture_output=True, text=True, timeout=PATIENCE_S, check=False)

    def start(self, *more):
        """In the foreground; back when it says that it serves."""
        self.foreground = subprocess.Popen(self.words("-g", "daemon off;", *more))
        wait_for("the pid file", lambda: self.pid_file().exists() or self.foreground.poll() is not None)
        return self.foreground.pid

    def pid_file(self, name="pid"):
        return self.root / name

    def master(self, name="pid"):
        # The file is there a moment before its number is.
        return wait_for("the master's number", lambda: int(self.pid_file(name).read_text() or 0))

    def worker(self):
        return wait_for("one worker", lambda: (lambda found: found[0] if len(found) == 1 else None)(children(self.master())))

    def log(self):
        return (self.root / "error.log").read_text()

    def fetch(self, name="s"):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE_S)
            connection.connect(str(self.root / name))
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            answer = b""
            while part := connection.recv(65536):
                answer += part
            return answer

    def wait_for_end(self):
        if self.foreground is None:
            wait_for("the end", lambda: not self.pid_file().exists())
            return None
        return self.foreground.wait(PATIENCE_S)

    def close(self):
        for name in ("pid", "pid.oldbin"):
            with contextlib.suppress(FileNotFoundError, ValueError, ProcessLookupError):
                os.kill(int(self.pid_file(name).read_text()), signal.SIGTERM)
        if self.foreground is not None:
            if self.foreground.poll() is None:
                self.foreground.terminate()
            self.foreground.wait(PATIENCE_S)
        elif self.pid_file().exists() and self.pid_file().stat().st_size > 0:  # -t creates an empty one
            self.wait_for_end()
        shutil.rmtree(self.root, ignore_errors=True)


class SiteCase(unittest.TestCase):
    alerts_allowed = ()

    def setUp(self):
        self.site = Site()
        self.addCleanup(self.site.close)
        self.alerts_allowed = []

    def tearDown(self):
        log = self.site.log() if (self.site.root / "error.log").exists() else ""
        for line in log.splitlines():
            if "[alert]" in line and not any(part in line for part in self.alerts_allowed):
                self.fail("an alert in the error log: " + line)

    def assert_serves(self, name="s"):
        self.assertTrue(self.site.fetch(name).startswith(b"HTTP/1.1 200 OK\r\n"))

    def wait_for_log(self, pattern):
        return wait_for(f"{pattern!r} in the log", lambda: re.search(pattern, self.site.log()))


class Start(SiteCase):
    def test_pid_file_appears_when_connections_are_taken(self):
        pid = self.site.start()
        self.assert_serves()
        self.assertEqual(self.site.pid_file().read_text(), f"{pid}\n")
        self.assertIn("start worker process ", self.site.log())

    def test_processes_are_titled(self):
        pid = self.site.start()
        self.assertEqual(title(pid), "uringx: master process " + " ".join(self.site.words("-g", "daemon off;")))
        self.assertEqual(title(self.site.worker()), "uringx: worker process")

    def test_processes_hold_no_file_but_their_logs(self):
        pid = self.site.start()
        for process in (pid, self.site.worker()):
            held = [os.readlink(f"/proc/{process}/fd/{fd}") for fd in os.listdir(f"/proc/{process}/fd")]
            self.assertNotIn(str(self.site.root / "start.log"), held)
            self.assertIn(str(self.site.root / "access.log"), held)

    def test_background_start_returns_when_it_serves(self):
        started = self.site.run()
        self.assertEqual(started.returncode, 0, started.stderr)
        self.assertEqual(started.stderr, "")
        self.assert_serves()
        self.assertNotEqual(os.getsid(self.site.master()), os.getsid(0))
        self.site.run("-s", "stop")
        self.site.wait_for_end()
        self.assertFalse((self.site.root / "s").exists())

    def test_address_in_use_stops_the_start_without_a_pid_file(self):
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(self.site.root / "s"))
            for more in ([], ["-g", "daemon off;"]):
                started = self.site.run(*more)
                self.assertEqual(started.returncode, 1)
                self.assertEqual(started.stderr.splitlines(), [
                    f"uringx: [emerg] bind() to unix:{self.site.root}/s failed (98: Address already in use)"] * 5
                    + ["uringx: [emerg] still could not bind()"])
                self.assertFalse(self.site.pid_file().exists())
        self.assertTrue((self.site.root / "s").exists(), "the file is another server's")

    def test_pid_file_that_cannot_be_written_stops_the_start(self):
        self.site.configure(pid="none/pid")
        started = self.site.run()
        self.assertEqual(started.returncode, 1)
        self.assertIn(f'uringx: [emerg] open() "{self.site.root}/none/pid" failed (2: No such file or directory)\n',
                      started.stderr)
        self.assertFalse((self.site.root / "s").exists())

    def test_worker_that_cannot_start_stops_the_start(self):
        self.site.configure(main="working_directory /nowhere/at/all;")
        started = self.site.run()
        self.assertEqual(started.returncode, 1)
        self.assertEqual(started.stderr,
                         'uringx: [emerg] chdir("/nowhere/at/all") failed (2: No such file or directory)\n')
        self.assertFalse(self.site.pid_file().exists())
        self.assertFalse((self.site.root / "s").exists())

    def test_refused_configuration_is_printed_and_logged(self):
        (self.site.root / "nginx.conf").write_text("evnts {}\n")
        started = self.site.run()
        message = f'[emerg] unknown directive "evnts" in {self.site.root}/nginx.conf:1'
        self.assertEqual(started.returncode, 1)
        self.assertEqual(started.stderr, f"uringx: {message}\n")
        self.assertRegex((self.site.root / "start.log").read_text(),
                         r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[emerg\] \d+#\d+: unknown directive")

    def test_error_log_that_cannot_be_opened_is_an_alert(self):
        tested = subprocess.run([BINARY, "-p", str(self.site.root), "-c", "nginx.conf", "-e", "none/e.log", "-tq"],
                                capture_output=True, text=True, check=False, timeout=PATIENCE_S)
        self.assertIn(f'uringx: [alert] could not open error log file: open() "{self.site.root}/none/e.log" failed '
                      "(2: No such file or directory)\n", tested.stderr)

    def test_single_process_serves_and_keeps_the_pid_file(self):
        self.site.configure(main="master_process off;")
        pid = self.site.start()
        self.assert_serves()
        self.assertEqual(self.site.master(), pid)
        self.assertEqual(children(pid), [])
        os.kill(pid, signal.SIGTERM)
        self.assertEqual(self.site.wait_for_end(), 0)
        self.assertFalse(self.site.pid_file().exists())
        self.assertFalse((self.site.root / "s").exists())

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_workers_of_root_run_as_nobody(self):
        self.site.start()
        self.assertEqual(os.stat(f"/proc/{self.site.worker()}").st_uid, 65534)
        self.assertEqual(os.stat(f"/proc/{self.site.master()}").st_uid, 0)


class Test(SiteCase):
    def test_good_configuration(self):
        tested = self.site.run("-t")
        self.assertEqual(tested.returncode, 0)
        self.assertEqual(tested.stderr, f"uringx: the configuration file {self.site.root}/nginx.conf syntax is ok\n"
                                        f"uringx: configuration file {self.site.root}/nginx.conf test is successful\n")
        self.assertFalse((self.site.root / "s").exists())
        self.assertTrue((self.site.root / "access.log").exists())

    def test_quiet(self):
        tested = self.site.run("-tq")
        self.assertEqual((tested.returncode, tested.stdout, tested.stderr), (0, "", ""))

    def test_bad_configuration(self):
        (self.site.root / "nginx.conf").write_text("events {\n")
        tested = self.site.run("-tq")
        self.assertEqual(tested.returncode, 1)
        self.assertEqual(tested.stderr,
                         f'uringx: [emerg] unexpected end of file, expecting "}}" in {self.site.root}/nginx.conf:2\n'
                         f"uringx: configuration file {self.site.root}/nginx.conf test failed\n")

    def test_missing_events_are_found_after_the_syntax(self):
        (self.site.root / "nginx.conf").write_text(f"pid {self.site.root}/pid;\n")
        self.assertEqual(self.site.run("-t").stderr.splitlines(), [
            f"uringx: the configuration file {self.site.root}/nginx.conf syntax is ok",
            'uringx: [emerg] no "events" section in configuration',
            f"uringx: configuration file {self.site.root}/nginx.conf test failed"])

    def test_dump_prints_each_file_once_byte_for_byte(self):
        (self.site.root / "types").write_text("# no newline at the end")
        self.site.configure(main="include types; include types;")
        text = (self.site.root / "nginx.conf").read_text()
        dumped = self.site.run("-T")
        self.assertEqual(dumped.returncode, 0)
        self.assertEqual(dumped.stdout, f"# configuration file {self.site.root}/nginx.conf:\n{text}\n"
                                        f"# configuration file {self.site.root}/types:\n# no newline at the end\n")

    def test_beside_a_running_server(self):
        self.site.start()
        self.assertEqual(self.site.run("-t").returncode, 0)
        self.assert_serves()
        self.assertTrue((self.site.root / "s").exists())


class Signals(SiteCase):
    def test_stop_ends_it_and_removes_its_files(self):
        for name, number in (("stop", signal.SIGTERM), ("quit", signal.SIGQUIT)):
            with self.subTest(name):
                self.site.start()
                self.assertEqual(self.site.run("-s", name).returncode, 0)
                self.assertEqual(self.site.wait_for_end(), 0)
                self.assertFalse(self.site.pid_file().exists())
                self.assertFalse((self.site.root / "s").exists())
                self.assertRegex(self.site.log(), rf"signal {number.value} \({number.name}\) received from \d+, ")
                self.assertRegex(self.site.log(), r"worker process \d+ exited with code 0\n")

    def test_interrupt_ends_it_even_when_started_with_interrupts_ignored(self):
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self.site.start()
        finally:
            signal.signal(signal.SIGINT, before)
        os.kill(self.site.master(), signal.SIGINT)
        self.assertEqual(self.site.wait_for_end(), 0)

    def test_signal_without_a_pid_file(self):
        sent = self.site.run("-s", "reload")
        self.assertEqual(sent.returncode, 1)
        self.assertEqual(sent.stderr, f'uringx: [error] open() "{self.site.root}/pid" failed (2: No such file or directory)\n')
        self.assertIn("[notice]", (self.site.root / "start.log").read_text())
        self.assertIn("signal process started\n", (self.site.root / "start.log").read_text())

    def test_signal_to_a_pid_file_without_a_number(self):
        self.site.pid_file().write_text("none\n")
        sent = self.site.run("-s", "stop")
        self.assertEqual((sent.returncode, sent.stderr),
                         (1, f'uringx: [error] invalid PID number "none" in "{self.site.root}/pid"\n'))
        self.site.pid_file().unlink()

    def test_reopen_goes_on_in_a_new_file(self):
        self.site.start()
        worker = self.site.worker()
        (self.site.root / "error.log").rename(self.site.root / "error.log.1")
        self.assertEqual(self.site.run("-s", "reopen").returncode, 0)
        old = self.site.root / "error.log.1"
        wait_for("the worker's word", lambda: f"{worker}#{worker}: reopening logs\n" in old.read_text())
        self.assert_serves()
        os.kill(self.site.master(), signal.SIGTERM)
        self.site.wait_for_end()
        self.assertIn(": exit\n", self.site.log())
        self.assertNotIn(": exit\n", old.read_text())

    def test_worker_that_dies_is_replaced(self):
        self.alerts_allowed = ["exited on signal 9"]
        self.site.start()
        worker = self.site.worker()
        os.kill(worker, signal.SIGKILL)
        wait_for("another worker", lambda: [pid for pid in children(self.site.master()) if pid != worker])
        self.wait_for_log(rf"\[alert\] \d+#\d+: worker process {worker} exited on signal 9\n")
        self.assert_serves()


class Reload(SiteCase):
    def reload(self):
        self.assertEqual(self.site.run("-s", "reload").returncode, 0)

    def test_new_configuration_takes_over(self):
        pid = self.site.start()
        worker = self.site.worker()
        self.site.configure(sockets=("t", "s"))
        self.reload()
        wait_for("the old worker's end", lambda: not alive(worker))
        self.assert_serves("s")
        self.assert_serves("t")
        self.assertEqual(self.site.master(), pid)
        self.assertIn("reconfiguring\n", self.site.log())
        self.wait_for_log(rf"worker process {worker} exited with code 0\n")

    def test_gone_unix_socket_is_removed(self):
        self.site.configure(sockets=("s", "t"))
        self.site.start()
        self.site.configure()
        self.reload()
        wait_for("the socket's end", lambda: not (self.site.root / "t").exists())
        self.assertIn(f"deleting socket {self.site.root}/t\n", self.site.log())
        self.assert_serves("s")

    def test_refused_configuration_keeps_the_old_one(self):
        self.site.start()
        worker = self.site.worker()
        text = (self.site.root / "nginx.conf").read_text()
        (self.site.root / "nginx.conf").write_text(text + "}\n")
        os.kill(self.site.master(), signal.SIGHUP)
        self.wait_for_log(r'\[emerg\] \d+#\d+: unexpected "}" in ')
        self.assert_serves()
        self.assertEqual(self.site.worker(), worker)

    def test_socket_that_cannot_be_bound_keeps_the_old_one(self):
        self.site.start()
        worker = self.site.worker()
        self.site.configure(sockets=("s", "none/t"))
        os.kill(self.site.master(), signal.SIGHUP)
        self.wait_for_log(r"bind\(\) to unix:.*/none/t failed \(2: No such file or directory\)\n")
        self.assert_serves()
        self.assertEqual(self.site.worker(), worker)

    def test_worker_that_cannot_start_keeps_the_old_one(self):
        self.site.start()
        worker = self.site.worker()
        self.site.configure(sockets=("s", "t"), main="working_directory /nowhere/at/all;", pid="moved")
        os.kill(self.site.master(), signal.SIGHUP)
        self.wait_for_log("the new configuration could not be served, the old one stays in force\n")
        wait_for("the new socket's end", lambda: not (self.site.root / "t").exists())
        self.assert_serves()
        self.assertEqual(self.site.worker(), worker)
        self.assertFalse(self.site.pid_file("moved").exists())

    def test_pid_file_may_move(self):
        pid = self.site.start()
        self.site.configure(pid="moved")
        os.kill(pid, signal.SIGHUP)
        wait_for("the old pid file's end", lambda: not self.site.pid_file().exists())
        self.assertEqual(self.site.master("moved"), pid)
        os.kill(pid, signal.SIGTERM)
        self.assertEqual(self.site.wait_for_end(), 0)
        self.assertFalse(self.site.pid_file("moved").exists())

    def test_many_reloads_leave_one_worker_and_no_descriptor(self):
        self.site.start()
        self.reload_and_wait()
        before = len(os.listdir(f"/proc/{self.site.master()}/fd"))
        for _ in range(5):
            self.reload_and_wait()
        self.assertEqual(len(os.listdir(f"/proc/{self.site.master()}/fd")), before)
        self.assert_serves()

    def reload_and_wait(self):
        worker = self.site.worker()
        os.kill(self.site.master(), signal.SIGHUP)
        wait_for("another worker alone", lambda: worker not in (now := children(self.site.master())) and len(now) == 1)


class Upgrade(SiteCase):
    def upgrade(self):
        """Gives the old and the new master."""
        self.assertEqual(self.site.run().returncode, 0)
        old = self.site.master()
        os.kill(old, signal.SIGUSR2)
        wait_for("the new binary", lambda: self.site.pid_file("pid.oldbin").exists() and self.site.pid_file().exists())
        new = wait_for("its number", lambda: int(self.site.pid_file().read_text() or 0))
        self.assertEqual(self.site.master("pid.oldbin"), old)
        self.assertNotEqual(new, old)
        return old, new

    def test_old_one_ends_and_the_socket_stays(self):
        old, _ = self.upgrade()
        os.kill(old, signal.SIGQUIT)
        wait_for("the old binary's end", lambda: not alive(old))
        self.assertFalse(self.site.pid_file("pid.oldbin").exists())
        self.assert_serves()
        self.assertIn("using inherited sockets from ", (self.site.root / "start.log").read_text())

    def test_new_one_ends_and_the_old_one_serves_on(self):
        old, new = self.upgrade()
        os.kill(old, signal.SIGWINCH)
        wait_for("the old workers' end", lambda: children(old) == [new])
        os.kill(new, signal.SIGTERM)
        wait_for("the old pid file back", lambda: not self.site.pid_file("pid.oldbin").exists())
        self.assertEqual(self.site.master(), old)
        wait_for("a worker", lambda: children(old))
        self.assert_serves()
        self.assertIn("changing binary\n", self.site.log())


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=1)
