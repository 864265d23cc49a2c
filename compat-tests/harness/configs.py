"""`-t` on one configuration text with both binaries: exit code, message and error log compared.

Owned by the session fixture `config_tester`; runs on the thread of the test. Both binaries use the same
prefix folder one after the other, so that paths in messages are equal by themselves.
"""
from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass

from . import normalise
from .compare import Difference, compare_lines
from .pair import SANITIZER, NotServedYet, Workspace, not_served
from .servers import limit_locked_memory

TIMEOUT_S = 20


@dataclass
class Verdict:
    """What `-t` said; exit is negative when a signal ended it, 'time-out' when it did not end."""

    exit: int | str
    message: list[str]
    error_log: list[str]
    raw: str

    @property
    def crashed(self) -> bool:
        return (
            isinstance(self.exit, str)
            or self.exit < 0
            or self.exit > 1
            or SANITIZER.search(self.raw) is not None
        )


class ConfigTester:
    def __init__(self, workspace: Workspace, nginx: str, uringx: str):
        self.nginx, self.uringx = nginx, uringx
        self.server = workspace.server(nginx, "nginx")
        self.prefix = self.server.prefix
        for name, text in FILES.items():
            path = self.prefix / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)

    def verdict(self, binary: str, text: bytes, *flags: str) -> Verdict:
        (self.prefix / "t.conf").write_bytes(text)
        shutil.rmtree(self.prefix / "logs", ignore_errors=True)
        (self.prefix / "logs").mkdir()
        command = [binary, "-t", *flags, "-p", f"{self.prefix}/", "-c", "t.conf", "-e", "logs/early.log"]
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=TIMEOUT_S,
                cwd="/",
                preexec_fn=limit_locked_memory,
                env={"PATH": "/usr/bin:/bin", "TZ": "UTC"},
            )
            code, said = done.returncode, done.stdout.decode("utf-8", "backslashreplace")
        except subprocess.TimeoutExpired as expired:
            code, said = "time-out", (expired.stdout or b"").decode("utf-8", "backslashreplace")
        clean = lambda text: [
            normalise.text(line, self.server, normalise.MESSAGE_RULES) for line in text.splitlines()
        ]
        early = self.prefix / "logs/early.log"
        return Verdict(
            code,
            clean(said),
            clean(early.read_text(errors="backslashreplace")) if early.exists() else ["(no file)"],
            said,
        )

    def compare(self, text: str | bytes) -> list[Difference]:
        """Every difference between both verdicts on `text`; raises NotServedYet when uringx refuses with its
        own sentence."""
        data = self.server.fill(text).encode("utf-8", "surrogateescape") if isinstance(text, str) else text
        ours, theirs = self.verdict(self.nginx, data), self.verdict(self.uringx, data)
        if theirs.crashed and not ours.crashed:
            return [Difference("crash", str(ours.exit), f"{theirs.exit}: {theirs.raw[:2000]}")]
        refused = not_served(theirs.raw)
        if refused and theirs.exit == 1:
            raise NotServedYet(refused)
        out = (
            []
            if ours.exit == theirs.exit
            else [
                Difference("exit", f"{ours.exit}: {ours.raw.strip()}", f"{theirs.exit}: {theirs.raw.strip()}")
            ]
        )
        if not out:
            out += compare_lines("message", ours.message, theirs.message)
        return out + (
            compare_lines("error_log", ours.error_log, theirs.error_log)
            if not out
            else []
        )


FILES = {
    "conf.d/one.conf": b"server { listen @P1@; server_name one; }\n".replace(b"@P1@", b"127.0.0.1:18081"),
    "conf.d/two.conf": b"server { listen 127.0.0.1:18082; server_name two; }\n",
    "inc/empty.conf": b"",
    "inc/comment.conf": b"# only a comment",
    "inc/nonl.conf": b"server_tokens off;",
    "inc/half.conf": b"server { listen 127.0.0.1:18083;",
    "inc/close.conf": b"}\n",
    "inc/unknown.conf": b"\n\nnonsense on;\n",
    "inc/nosemicolon.conf": b"server_tokens off",
    "inc/self.conf": b"include inc/self.conf;\n",
    "inc/block.conf": b"location /inc { return 200 x; }\n",
    "inc/types.conf": b"text/html html;\n",
    "inc/crlf.conf": b"server_tokens off;\r\netag on;\r\n",
    "inc/a space.conf": b"server_tokens off;\n",
    "inc/unclosedquote.conf": b"root \"html;\n",
    "inc/binary.conf": bytes(range(256)),
    "notafolder": b"",
}
