"""Chromium without a window: opens one page and tells what became of it.

Owned by the call, which blocks until the browser has ended; its profile is a folder of that call alone.
"""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

TIMEOUT_S = 120
OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-dev-shm-usage",
]


@dataclass
class Visit:
    dom: str
    failed: list  # requests to the page's own origin that the browser's network log tells an error of


def browser() -> str | None:
    return shutil.which("chromium")


def visit(binary: str, origin: str, page: str, *options: str) -> Visit:
    with tempfile.TemporaryDirectory() as profile:
        net_log = os.path.join(profile, "net.json")
        done = subprocess.run(
            [binary, *OPTIONS, *options, f"--user-data-dir={profile}/p", f"--log-net-log={net_log}",
             "--virtual-time-budget=5000", "--dump-dom", origin + page],
            capture_output=True, timeout=TIMEOUT_S, env={**os.environ, "HOME": profile})
        return Visit(done.stdout.decode("utf-8", "replace"), failed_requests(net_log, origin))


def failed_requests(net_log: str, origin: str) -> list[str]:
    """Errors of requests to our server in Chromium's network log."""
    text = Path(net_log).read_text(errors="replace")
    try:
        log = json.loads(text)
    except json.JSONDecodeError:
        # A browser that is shut down at once may leave the list open at its end.
        log = json.loads(text.rstrip().rstrip(",") + "]}")
    ours, failures = {}, []
    names = {number: name for name, number in log["constants"]["logEventTypes"].items()}
    errors = {number: name for name, number in log["constants"]["netError"].items()}
    for event in log["events"]:
        source, parameters = event["source"]["id"], event.get("params", {})
        if str(parameters.get("url", "")).startswith(origin):
            ours[source] = parameters["url"]
        # -3 is ERR_ABORTED: the page itself gave the request up.
        if source in ours and parameters.get("net_error", 0) not in (0, -1, -3):
            failures.append(
                f"{ours[source]}: {errors.get(parameters['net_error'], parameters['net_error'])} in {names.get(event['type'])}"
            )
    return failures
