"""A pair of servers on one configuration: nginx, the judge, and uringx. Plays cases on both at once and
compares.

Owned by the session fixture `pairs` in conftest.py; at most one pair is alive.
"""
from __future__ import annotations

import os
import re
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import compare, normalise, tree
from .client import play
from .compare import Difference
from .servers import Server, StartFailed
from .site import Case, Link, Site
from .transports import Transport, make_certificate

LOG_WAIT_S = 0.5
NOT_SERVED = re.compile(
    r'the (?:directive )?("[^"]+"(?: (?:parameter|variable)(?: of the "[^"]+" directive)?)?)(?: of ngx_\w+)? is known to nginx but not served by uringx yet'
)
SANITIZER = re.compile(r"(ERROR: (Address|Leak|Thread|Memory)Sanitizer|runtime error:)")
_pool = ThreadPoolExecutor(2)


def name_length(conversation) -> int:
    """The length of the Server value (see normalise.differs_by_own_name)."""
    return next((len(r.header("Server")) for r in conversation.responses if r.header("Server")), 0)


def not_served(said: str) -> str | None:
    """What uringx's own refusal names: a directive (`map`), a parameter (`"ssl" parameter of the "listen"
    directive`) or a variable."""
    found = NOT_SERVED.search(said)
    return (
        found.group(1).strip('"')
        if found and found.group(1).count('"') == 2 and " " not in found.group(1)
        else found and found.group(1)
    )


class NotServedYet(Exception):
    """uringx said that the configuration holds a directive it does not serve yet; args[0] is the
    directive."""


class Workspace:
    """The temporary folder of a test run: the shared site tree and numbered prefixes of equal length."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="compat-")
        self.path = Path(self.folder.name)
        os.chmod(self.path, 0o755)
        self.site_tree = tree.build(self.path / "site")
        self.count = 0

    def server(self, binary: str, label: str) -> Server:
        self.count += 1
        prefix = self.path / f"p{self.count:04d}"
        prefix.mkdir()
        return Server(binary, label, prefix, self.site_tree)

    def certificates(self) -> Path:
        """A folder with a certificate and its key, made when first asked for."""
        folder = self.path / "certificates"
        if not folder.exists():
            folder.mkdir()
            make_certificate(folder)
        return folder

    def close(self):
        for name in ("unreadable", "nosearch"):
            os.chmod(self.site_tree / name, 0o755)
        self.folder.cleanup()


class Pair:
    def __init__(self, site: Site, workspace: Workspace, nginx_binary: str, uringx_binary: str,
                 transport: Transport | None = None):
        self.site, self.transport = site, transport
        self.play = transport.play if transport else play
        self.nginx = workspace.server(nginx_binary, "nginx")
        self.uringx = workspace.server(uringx_binary, "uringx")
        self.start_failure: str | None = None
        self.not_served: str | None = None
        text = transport.text(site.text(), workspace.certificates()) if transport else site.text()
        for server in (self.nginx, self.uringx):
            for name, content in site.files.items():
                path = server.prefix / name
                path.parent.mkdir(parents=True, exist_ok=True)
                if isinstance(content, Link):
                    os.symlink(server.fill(content.target), path)
                    if os.getuid() == 0:
                        os.lchown(path, content.owner, content.owner)
                    continue
                path.write_text(server.fill(content)) if isinstance(content, str) else path.write_bytes(
                    content
                )
                os.utime(path, (tree.MTIME, tree.MTIME))  # equal dates and ETags
        self.nginx.start(text)  # a configuration that nginx refuses is a fault of the test
        try:
            self.uringx.start(text)
        except StartFailed as failure:
            self.not_served = not_served(str(failure))
            self.start_failure = str(failure)

    def run(self, case: Case) -> list[Difference]:
        """Plays the case on both servers; returns every difference."""
        if self.not_served:
            raise NotServedYet(self.not_served)
        if self.start_failure:
            return [Difference("start", "serves", self.start_failure)]
        if self.uringx.process.poll() is not None:
            return [Difference("start", "serves", f"uringx died before this case: {self.uringx.said()}")]
        self.nginx.mark_logs()
        self.uringx.mark_logs()
        ours, theirs = _pool.map(lambda s: self.play(case, s), (self.nginx, self.uringx))
        answers = max(sum(1 for r in c.responses if not 100 <= r.status < 200) for c in (ours, theirs))
        name_length_difference = name_length(theirs) - name_length(ours)  # before names are made equal
        promise_broken = normalise.broken_promise(ours, theirs)
        differences = compare.compare_conversations(ours, theirs, self.nginx, self.uringx)
        if case.logs:
            differences += self._compare_logs(answers, name_length_difference, promise_broken)
        return differences

    def _compare_logs(
        self, answers: int, name_length_difference: int, without_canary: bool
    ) -> list[Difference]:
        """A line is in the file before the connection is closed, but a lingering close outlasts the client's
        view of the connection: so wait shortly, until there are as many lines as answers (or, where the site
        has logs of its own, nothing changes any more) and the logs agree."""
        expected = 0 if self.site.has_own_access_logs else answers
        settled = not self.site.has_own_access_logs
        deadline = time.monotonic() + LOG_WAIT_S
        while True:
            lines = [len(s.new_lines().get("access.log", [])) for s in (self.nginx, self.uringx)]
            differences = compare.compare_logs(
                self.nginx, self.uringx, name_length_difference, without_canary
            )
            if (settled and not differences and min(lines) >= expected) or time.monotonic() > deadline:
                return differences
            settled = True
            time.sleep(0.01)

    def stop(self) -> list[Difference]:
        """Ends both with QUIT; what is wrong with uringx's end (exit code, [alert] lines, sanitizer reports,
        a killed worker)."""
        ours = self.nginx.stop()
        alive = self.uringx.process is not None
        theirs = self.uringx.stop() if alive else ours
        out = [] if ours == theirs else [Difference("exit", str(ours), str(theirs))]
        log = (
            self.uringx.log_text("error.log") + (self.uringx.prefix / "output").read_text(errors="replace")
            if alive
            else ""
        )
        bad = [
            line
            for line in log.split("\n")
            if "[alert]" in line or SANITIZER.search(line) or "exited on signal" in line
        ]
        nginx_alerts = [line for line in self.nginx.log_text("error.log").split("\n") if "[alert]" in line]
        if len(bad) > len(nginx_alerts):
            out.append(
                Difference(
                    "alerts", str(len(nginx_alerts)) + " lines of [alert]", "\n           ".join(bad[:5])
                )
            )
        return out
