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
import time
import urllib.parse
from pathlib import Path

from browser import visit  # this file is run by its name: its folder is the first place of modules

START_TIMEOUT_S = 15
PID = Path("/run/nginx.pid")
ACCESS_LOG = Path("/var/log/nginx/access.log")


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
    visits = {page: visit(browser, "http://127.0.0.1", page) for page in pages}
    return {
        "failed": [failure for seen in visits.values() for failure in seen.failed],
        "dom": {page: seen.dom for page, seen in visits.items()},
        "access_log": ACCESS_LOG.read_text().splitlines(),
    }


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
