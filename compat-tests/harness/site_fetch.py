"""Runs inside private mount and network namespaces (see test_documentation_site.py): serves a folder with the
machine's untouched /etc/nginx/nginx.conf, fetches every file of it, optionally opens it in a browser, and
writes what it saw as JSON.

usage: site_fetch.py BINARY DOCUMENTS OUT.json [BROWSER]
"""
import hashlib
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

START_TIMEOUT_S = 15
PID = Path("/run/nginx.pid")
ACCESS_LOG = Path("/var/log/nginx/access.log")
BROWSER_OPTIONS = [
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


def shell(*command: str):
    subprocess.run(command, check=True, capture_output=True)


def make_private(documents: str):
    """Port 80, the logs, the pid file and /var/www/html of this namespace only."""
    shell("mount", "--make-rprivate", "/")
    shell("ip", "link", "set", "lo", "up")
    for folder in ("/run", "/var/log/nginx", "/var/lib/nginx"):
        if not os.path.isdir(folder):
            os.makedirs(folder)
        shell("mount", "-t", "tmpfs", "tmpfs", folder)
        os.chmod(folder, 0o755)
    shell("mount", "-t", "tmpfs", "tmpfs", "/var/www")
    os.makedirs("/var/www/html")
    shell("mount", "--bind", documents, "/var/www/html")


def targets(root: str) -> list[str]:
    found = ["/", "/nosuchfile", "/_sources", "/_static/"]
    for folder, _, files in os.walk(root, followlinks=True):
        rel = os.path.relpath(folder, root)
        found += [urllib.parse.quote("/" + os.path.normpath(os.path.join(rel, name))) for name in files]
    return sorted(found)


def fetch_all(paths: list[str], request_headers: dict) -> dict:
    answers, connection = {}, http.client.HTTPConnection("127.0.0.1", 80, timeout=10)
    for path in paths:
        connection.request("GET", path, headers=request_headers)
        answer = connection.getresponse()
        body = answer.read()
        answers[path] = {
            "status": answer.status,
            "headers": answer.getheaders(),
            "sha256": hashlib.sha256(body).hexdigest(),
            "size": len(body),
            "text": body.decode("latin-1") if answer.status >= 300 else "",
        }
    return answers


def browse(browser: str, pages: list[str]) -> dict:
    """Opens each page; the browser's network log tells of failed requests, the access log of every answer."""
    ACCESS_LOG.write_text("")
    failed, titles = [], {}
    for page in pages:
        with tempfile.TemporaryDirectory() as profile:
            net_log = os.path.join(profile, "net.json")
            done = subprocess.run(
                [
                    browser,
                    *BROWSER_OPTIONS,
                    f"--user-data-dir={profile}/p",
                    f"--log-net-log={net_log}",
                    "--virtual-time-budget=5000",
                    "--dump-dom",
                    f"http://127.0.0.1{page}",
                ],
                capture_output=True,
                timeout=120,
                env={**os.environ, "HOME": profile},
            )
            titles[page] = done.stdout.decode("utf-8", "replace")
            failed += failed_requests(net_log)
    return {"failed": failed, "dom": titles, "access_log": ACCESS_LOG.read_text().splitlines()}


def failed_requests(net_log: str) -> list[str]:
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
        if str(parameters.get("url", "")).startswith("http://127.0.0.1"):
            ours[source] = parameters["url"]
        # -3 is ERR_ABORTED: the page itself gave the request up.
        if source in ours and parameters.get("net_error", 0) not in (0, -1, -3):
            failures.append(
                f"{ours[source]}: {errors.get(parameters['net_error'], parameters['net_error'])} in {names.get(event['type'])}"
            )
    return failures


def main():
    binary, documents, out = sys.argv[1:4]
    make_private(documents)
    started = subprocess.Popen(
        [binary, "-c", "/etc/nginx/nginx.conf"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    deadline = time.monotonic() + START_TIMEOUT_S
    while not (PID.exists() and PID.read_text().strip()):
        if started.poll() not in (None, 0) or time.monotonic() > deadline:
            started.kill()
            json.dump(
                {
                    "start": f"no pid file, exit code {started.poll()}: {started.communicate()[0].decode(errors='replace')}"
                },
                open(out, "w"),
            )
            return
        time.sleep(0.01)
    result = {"start": "ok"}
    try:
        paths = targets(documents)
        result["plain"] = fetch_all(paths, {})
        result["conditional"] = fetch_all(paths[:50], {"If-None-Match": "*"})
        result["range"] = fetch_all(paths[:50], {"Range": "bytes=10-99"})
        if len(sys.argv) > 4:
            result["browser"] = browse(sys.argv[4], ["/", "/library/index.html", "/library/functions.html"])
    finally:
        os.kill(int(PID.read_text()), signal.SIGQUIT)
        deadline = time.monotonic() + START_TIMEOUT_S
        while PID.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        result["stopped"] = not PID.exists()
        result["error_log"] = Path("/var/log/nginx/error.log").read_text(errors="replace")
        json.dump(result, open(out, "w"))


main()
