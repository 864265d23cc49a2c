"""One server process in a prefix folder of its own: start, ready, stop, logs.

Owned by the fixture that makes it; everything happens on the thread of the test. Works for any binary with
nginx's command line.
"""
from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 10.0
LOCKED_BYTES_MAX = 8 << 20  # the default RLIMIT_MEMLOCK of a Debian login: a server must live with it


class StartFailed(Exception):
    """The server ended or did not write its pid file; the text is what it said."""


FIXED_PORTS = range(18080, 18100)  # texts for `-t` name these
_used_ports: set[int] = set()
_random = random.Random(os.getpid() ^ int(time.time()))
# "0/2" and "1/2" keep two runs at the same time out of each other's ports.
_part, _parts = map(int, os.environ.get("URINGX_PORTS_PART", "0/1").split("/"))


def free_port() -> int:
    """A port with five digits (so that both servers' texts have one length) outside the kernel's range for
    clients."""
    for _ in range(2000):
        port = _random.randrange(10100 + _part, 32000, _parts)
        if port in _used_ports or port in FIXED_PORTS:
            continue
        with socket.socket() as probe, socket.socket(socket.AF_INET6) as probe6:
            try:
                probe.bind(("0.0.0.0", port))
                probe6.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                probe6.bind(("::", port))
            except OSError:
                continue
        _used_ports.add(port)
        return port
    raise RuntimeError("no free port found")


def limit_locked_memory():
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (LOCKED_BYTES_MAX, LOCKED_BYTES_MAX))


class Server:
    """A prefix folder (`conf file nginx.conf, logs/, html -> site tree`) and, between start() and stop(), a
    running master."""

    def __init__(self, binary: str, label: str, prefix: Path, site_tree: Path, ports: int = 10):
        self.binary, self.label, self.prefix = binary, label, prefix
        self.site_tree = site_tree
        self.ports = [free_port() for _ in range(ports)]
        self.process: subprocess.Popen | None = None
        self.offsets: dict[str, int] = {}
        (prefix / "logs").mkdir(parents=True)
        os.chmod(prefix, 0o755)
        os.chmod(
            prefix / "logs", 0o777
        )  # logs with variables in their names are opened by the unprivileged worker
        os.symlink(site_tree, prefix / "html")
        shutil.copy("/etc/nginx/mime.types", prefix / "mime.types")
        self.config_path = prefix / "nginx.conf"
        self.pid_path = prefix / "nginx.pid"
        self.error_log_path = prefix / "logs/error.log"

    def fill(self, text: str) -> str:
        """Puts this server's own ports and folders into a text."""
        for i, port in enumerate(self.ports):
            text = text.replace(f"@P{i}@", str(port))
        return text.replace("@PREFIX@", str(self.prefix)).replace("@SITE@", str(self.site_tree))

    def write_config(self, text: str):
        self.config_path.write_text(self.fill(text))

    def command(self, *more: str) -> list[str]:
        return [self.binary, "-p", f"{self.prefix}/", "-c", "nginx.conf", "-e", "logs/error.log", *more]

    def start(self, text: str | None = None, preexec=limit_locked_memory):
        if text is not None:
            self.write_config(text)
        self.output = open(self.prefix / "output", "w+b")
        self.process = subprocess.Popen(
            self.command(),
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=self.output,
            cwd="/",
            preexec_fn=preexec,
            env={"PATH": "/usr/bin:/bin", "TZ": "UTC"},
        )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not (self.pid_path.exists() and self.pid_path.stat().st_size):
            if self.process.poll() is not None:
                said = self.said()
                self.process = None
                raise StartFailed(f"{self.label} ended with {said}")
            if time.monotonic() > deadline:
                self.kill()
                raise StartFailed(
                    f"{self.label} wrote no pid file in {START_TIMEOUT_S} s; it said {self.said()}"
                )
            time.sleep(0.005)
        return self

    def said(self) -> str:
        code = self.process.returncode if self.process else None
        return f"exit code {code}: {(self.prefix / 'output').read_text(errors='replace').strip()}"

    def send_signal(self, number: int):
        os.kill(self.process.pid, number)

    def stop(self, number: int = signal.SIGQUIT) -> int:
        """Ends the master and returns its exit code; a master that does not end in time is killed and counts
        as -9."""
        process, self.process = self.process, None
        if process is None:
            return 0
        process.send_signal(number)
        try:
            return process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._kill_group(process)
            return process.wait(STOP_TIMEOUT_S)

    def kill(self):
        if self.process is not None:
            self._kill_group(self.process)
            self.process.wait(STOP_TIMEOUT_S)
            self.process = None

    def _kill_group(self, process):
        for child in self.children(process.pid):
            try:
                os.kill(child, signal.SIGKILL)
            except ProcessLookupError:
                pass
        process.kill()

    @staticmethod
    def children(pid: int) -> list[int]:
        """Process ids whose parent is `pid`."""
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    stat = Path(f"/proc/{entry}/stat").read_text()
                except OSError:
                    continue
                if int(stat.rpartition(")")[2].split()[1]) == pid:
                    found.append(int(entry))
        return found

    def log_names(self) -> list[str]:
        return sorted(
            str(p.relative_to(self.prefix / "logs")) for p in (self.prefix / "logs").rglob("*") if p.is_file()
        )

    def log_text(self, name: str) -> str:
        path = self.prefix / "logs" / name
        return path.read_text(errors="surrogateescape") if path.exists() else ""

    def mark_logs(self):
        """Remembers where every log ends now; new_lines() gives what came after."""
        self.offsets = {name: (self.prefix / "logs" / name).stat().st_size for name in self.log_names()}

    def new_lines(self) -> dict[str, list[str]]:
        fresh = {}
        for name in self.log_names():
            with open(self.prefix / "logs" / name, "rb") as log:
                log.seek(self.offsets.get(name, 0))
                data = log.read()
            if data:
                fresh[name] = data.decode("utf-8", "surrogateescape").split("\n")[:-1] + (
                    [f"(torn) {data[-200:]!r}"] if data[-1:] != b"\n" else []
                )
        return fresh
