"""A real documentation site under Debian's untouched /etc/nginx/nginx.conf: every file from both servers, and
a real browser.

Needs root (private mount and network namespaces, so that port 80, /var/log/nginx, /run/nginx.pid and
/var/www/html are the test's own), Debian's python3-doc and, for the last test, chromium.
"""
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.parse
from pathlib import Path

import pytest

from harness.browser import browser

FETCH = Path(__file__).parent / "harness/site_fetch.py"
STOCK = {"/etc/nginx/nginx.conf", "/etc/nginx/sites-enabled/default"}


def documents() -> str | None:
    # tools/test names its own copy on machines whose dpkg leaves documentation out.
    places = [os.environ.get("URINGX_DOC_SITE", ""), *glob.glob("/usr/share/doc/python3*/html")]
    found = [p for p in places if p and os.path.exists(f"{p}/library/index.html")]
    return os.path.realpath(found[0]) if found else None


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """The site as a folder of plain files: the package's links to other packages' folders would lead nowhere
    under /var/www/html."""
    if documents() is None:
        pytest.skip("no documentation site: apt-get install python3-doc")
    root = tmp_path_factory.mktemp("documents") / "html"
    for folder, _, names in os.walk(documents()):
        here = root / os.path.relpath(folder, documents())
        here.mkdir(parents=True)
        for name in names:
            if os.path.exists(os.path.join(folder, name)):
                shutil.copy2(os.path.join(folder, name), here / name)
    for folder in (root, *root.parents):
        if os.stat(folder).st_uid == os.geteuid() and folder != Path("/") and folder != Path("/tmp"):
            os.chmod(folder, 0o755)
    return str(root)


@pytest.fixture(scope="module")
def visits(binaries, tmp_path_factory, copied):
    """What a visitor saw at nginx and at uringx."""
    if os.geteuid() != 0:
        pytest.skip("needs root: unshare of mount and network namespaces")
    missing = [p for p in STOCK if not os.path.exists(p)]
    if missing:
        pytest.skip(f"Debian's configuration is not complete: {missing}")
    seen = []
    for number, binary in enumerate(binaries):
        out = tmp_path_factory.mktemp("site") / "seen.json"
        arguments = [binary, copied, str(out)] + ([browser()] if browser() and number == 1 else [])
        done = subprocess.run(
            ["unshare", "-n", "-m", sys.executable, str(FETCH), *arguments],
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert out.exists(), done.stdout + done.stderr
        seen.append(json.loads(out.read_text()))
    return seen


def comparable(answer: dict) -> dict:
    """Headers without the moment (Date) and the server's own name, and error pages without their last line's
    name."""
    headers = [
        (n, "@NOW@" if n == "Date" else "@NAME@" if n == "Server" else v) for n, v in answer["headers"]
    ]
    text = re.sub(r"<center>(nginx|uringx)(/[\d.]+)?</center>", "<center>@NAME@</center>", answer["text"])
    if text != answer["text"]:
        headers = [(n, v if n != "Content-Length" else "@LENGTH@") for n, v in headers]
        return {"status": answer["status"], "headers": headers, "text": text}
    return {
        "status": answer["status"],
        "headers": headers,
        "text": text,
        "size": answer["size"],
        "sha256": answer["sha256"],
    }


def started(visits):
    for seen in visits:
        assert seen["start"] == "ok", seen["start"]


def test_the_untouched_configuration_starts_and_stops(visits):
    started(visits)
    for seen in visits:
        assert seen["stopped"], "the pid file is still there after QUIT"
        assert not [
            line for line in seen["error_log"].split("\n") if re.search(r"\[(alert|emerg|crit)\]", line)
        ], seen["error_log"]


@pytest.mark.parametrize("kind", ["plain", "conditional", "range"])
def test_every_file_is_the_same(visits, kind, reports):
    started(visits)
    ours, theirs = (seen[kind] for seen in visits)
    assert len(ours) >= (500 if kind == "plain" else 50)
    different = [path for path in ours if comparable(ours[path]) != comparable(theirs[path])]
    if kind == "plain":
        reports.append(
            f"documentation site: {len(ours)} addresses, {sum(a['size'] for a in ours.values()) >> 20} MiB, {len(different)} different"
        )
    assert (
        not different
    ), f"{len(different)} of {len(ours)} differ; the first: {different[0]}\n  nginx  {ours[different[0]]}\n  uringx {theirs[different[0]]}"


def test_every_file_is_what_lies_on_the_disk(visits, copied):
    started(visits)
    for path, answer in visits[1]["plain"].items():
        name = copied + urllib.parse.unquote(path)
        if os.path.isfile(name) and os.access(name, os.R_OK):
            assert answer["status"] == 200, path
            assert answer["sha256"] == hashlib.sha256(Path(name).read_bytes()).hexdigest(), path


def test_a_browser_opens_it_without_a_failed_request(visits, copied):
    if browser() is None:
        pytest.skip("no browser: apt-get install chromium")
    if not os.path.exists(f"{copied}/_static/jquery.js"):
        pytest.skip("the pages lack their scripts: apt-get install libjs-jquery libjs-underscore")
    started(visits)
    seen = visits[1]["browser"]
    assert not seen["failed"], seen["failed"]
    requests = [re.search(r'"GET (\S+) HTTP/1.1" (\d+)', line) for line in seen["access_log"]]
    answered = {m.group(1): int(m.group(2)) for m in requests if m}
    bad = {path: status for path, status in answered.items() if status >= 400}
    assert not bad, bad
    assert {"/", "/library/index.html"} <= answered.keys()
    assert any(path.endswith(".css") or ".css?" in path for path in answered) and any(
        ".js" in path for path in answered
    ), answered
    assert (
        "Python" in seen["dom"]["/"] and "The Python Standard Library" in seen["dom"]["/library/index.html"]
    )
