"""Starting a server on one core, and reading what its processes cost: CPU time and memory, from /proc."""

import contextlib
import os
import pathlib
import resource
import signal
import socket
import subprocess
import time

from bench_lib import cases, peers

START_SECONDS_MAX = 10
STOP_SECONDS_MAX = 10
FILES_MAX = 65536
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def raise_file_limit():
    """Raises the limit on open files as far as we may; the servers and wrk inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES_MAX, max(hard, FILES_MAX)))
    except (ValueError, PermissionError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """One running contender. Use as a context manager; leaving it ends every process of the server."""

    def __init__(self, name, binary, config, folder, root, core, worker_connections=1024, listeners=("plain",), text=None,
                 **tls):
        """`text` (folder, port -> configuration) in place of what `config` names; neither: `name` is one of peers.PEERS.

        `tls` is what cases.config_text needs for listeners with ssl: certificates, tls_protocol.
        """
        self.name = name
        self.ports = {listener: free_port() for listener in listeners}
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        config_path = self.folder / "nginx.conf"
        words = ["-p", "{folder}/", "-c", "{config}", "-g", "daemon off;"]
        if text:
            config_text = text(self.folder, self.port)
        elif config:
            config_text = cases.config_text(config, self.folder, self.ports, root, worker_connections, **tls)
        else:
            self.folder.chmod(0o777)  # some change the user before they write their pid file
            config_text, words = peers.configuration(name, self.folder, self.ports, root, **tls)
        config_path.write_text(config_text, encoding="utf-8")
        self.command = ["taskset", "-c", str(core), binary]
        self.command += [word.format(folder=self.folder, config=config_path, port=self.ports.get("plain")) for word in words]
        self.process = None

    def __enter__(self):
        with open(self.folder / "output", "wb") as output:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                            start_new_session=True)
        pid_file = self.folder / "server.pid"
        until = time.monotonic() + START_SECONDS_MAX
        while not (pid_file.exists() and pid_file.stat().st_size):
            if self.process.poll() is not None or time.monotonic() > until:
                said = (self.folder / "output").read_text(errors="replace")
                self.__exit__()
                raise SystemExit(f"tools/bench: {self.name} did not start: {said}")
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS_MAX)
        end_group(self.process)

    @property
    def port(self):
        """The cleartext port for HTTP/1.1."""
        return self.ports["plain"]

    def url(self, path, listener="plain"):
        scheme = "https" if "ssl" in cases.LISTENERS[listener] else "http"
        return f"{scheme}://127.0.0.1:{self.ports[listener]}{path}"

    def process_ids(self):
        """The master and all its descendants."""
        children = {}
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                fields = read_stat(entry)
                if fields:
                    children.setdefault(int(fields[1]), []).append(int(entry))
        found, queue = [], [self.process.pid]
        while queue:
            process_id = queue.pop()
            found.append(process_id)
            queue += children.get(process_id, [])
        return found

    def cpu_seconds(self):
        """User and system time of all processes so far, in seconds; of those too that ended and were waited for (workers after a reload).

        /proc/PID/stat sums over the threads of a process, ended ones too. io_uring's kernel workers (iou-wrk-*) are threads
        of the process that owns the ring, so what they cost is in here.
        """
        total = 0
        for process_id in self.process_ids():
            fields = read_stat(process_id)
            if fields:
                total += sum(int(ticks) for ticks in fields[11:15])
        return total / TICKS_PER_SECOND

    def memory_kib(self):
        """Memory of all processes: pss (shared pages divided fairly), private, anonymous, rss; in KiB."""
        totals = {"pss": 0, "private": 0, "anonymous": 0, "rss": 0}
        keys = {"Pss": "pss", "Private_Clean": "private", "Private_Dirty": "private", "Anonymous": "anonymous", "Rss": "rss"}
        for process_id in self.process_ids():
            try:
                text = pathlib.Path(f"/proc/{process_id}/smaps_rollup").read_text()
            except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
                continue
            for line in text.splitlines()[1:]:
                name, value = line.split(":")
                if name in keys:
                    totals[keys[name]] += int(value.split()[0])
        return totals


def end_group(process):
    """Ends a process that began its own session, with all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def read_stat(process_id):
    """Fields of /proc/PID/stat from the third on (state, ppid, ...), or None when the process is gone."""
    try:
        text = pathlib.Path(f"/proc/{process_id}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(") ")[2].split()
