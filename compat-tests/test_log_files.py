"""Log files: every byte through the escapes, gzip, files whose names hold variables and which are kept open, full
disks and folders that go; and the words of `-t`.

Tests with the argument `server` run with nginx first, which shows that the assertion is right.
"""
from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
import zlib

import pytest

from harness.config_texts import config_cases, each, http, server as in_server
from harness.run import run_case
from harness.running import ask_each, serve, until
from harness.site import Site, get, gets

BYTES = [("%" + "%".join(f"{b:02x}" for b in range(at, at + 16) if b)) for at in range(0, 256, 16)]
RAW = [bytes(b for b in range(at, at + 16) if b not in (0, 9, 10, 13) and b >= 32) for at in range(32, 256, 16)]

SITES = [
    Site("every byte", http="""
        log_format d '[$uri]'; log_format j escape=json '[$uri]'; log_format n escape=none '[$uri]';
        log_format hd '[$http_x]'; log_format hj escape=json '[$http_x]'; log_format hn escape=none '[$http_x]';
        access_log logs/d.log d; access_log logs/j.log j; access_log logs/n.log n;
        access_log logs/hd.log hd; access_log logs/hj.log hj; access_log logs/hn.log hn;
    """, server="server_name localhost; root html; location / { return 200 x; }",
        cases=[*[(f"decoded {b[:3]}", get("/" + b)) for b in BYTES],
               *[(f"header {r[0]:02x}", get("/", "X: " + r.decode("latin-1"))) for r in RAW]]),
    Site("full disk", http="access_log /dev/full; access_log logs/other.log;", server="location / { return 200 x; }",
        cases=gets("/first", "/second")),
    Site("files named by variables, kept", http="log_format s '$status $uri';", servers="""
        server { listen 127.0.0.1:@P0@; server_name localhost; root html;
            open_log_file_cache max=2 inactive=1s valid=10s min_uses=2;
            access_log logs/k-$arg_f.log s;
            location /one/ { open_log_file_cache max=1; alias html/; }
            location /off/ { open_log_file_cache off; alias html/; }
            location /two/ { access_log logs/t1-$arg_f.log s; access_log logs/t2-$arg_f.log s; alias html/; }
            location /sub/ { access_log logs/sub-$arg_f.log s if=$arg_l; alias html/; }
        }
    """, cases=[
        *[(f"round {r} {t}", get(t)) for r in range(3) for t in ("/ten.txt?f=a", "/one/ten.txt?f=b", "/off/ten.txt?f=c",
            "/two/ten.txt?f=d")],
        gets("/sub/ten.txt?f=e", "/sub/ten.txt?f=e&l=1", "/ten.txt?f=", "/ten.txt"),
        ("more files than are kept", b"".join(get(f"/ten.txt?f=m{n}") for n in range(8)) * 2),
        ("the same again", b"".join(get(f"/one/ten.txt?f=o{n % 3}") for n in range(12)))]),
]


def test_logs_more(site, case, pairs, judge, not_served_yet):
    run_case(site, case, pairs, judge, not_served_yet)


# ---- gzip


def members(data: bytes) -> list[bytes]:
    """The gzip members of a file that hold something, each checked to its end. (nginx writes an empty one where a
    line alone is longer than the buffer.)"""
    out = []
    while data:
        one = zlib.decompressobj(wbits=31)
        out.append(one.decompress(data))
        assert one.eof, "a torn member"
        data = one.unused_data
    return [one for one in out if one]


@pytest.mark.parametrize("options,requests,most", [
    ("gzip", 5, 1), ("gzip=1", 500, 1), ("gzip=9 buffer=1k", 200, 6), ("buffer=4k gzip=6", 1000, 20),
    ("gzip=9 buffer=1m", 1000, 1), ("gzip buffer=10", 20, 20), ("gzip=5 buffer=64 flush=10s", 50, 50)])
def test_gzip_logs_hold_every_line_in_whole_members(server, options, requests, most):
    serve(server, f"access_log logs/z.gz s {options}; keepalive_requests 100000;", "location / { return 200 x; }")
    for at in range(0, requests, 100):
        ask_each(server, *[f"/{n}" for n in range(at, min(at + 100, requests))])
    assert server.stop() == 0
    found = members((server.prefix / "logs/z.gz").read_bytes())
    assert b"".join(found).split() == b" ".join(b"200 /%d" % n for n in range(requests)).split()
    assert all(one.endswith(b"\n") for one in found)
    assert 1 <= len(found) <= most


def test_gzip_log_is_written_when_flush_says(server):
    serve(server, "access_log logs/z.gz s gzip flush=200ms;", "location / { return 200 x; }")
    ask_each(server, "/one")
    until(lambda: (server.prefix / "logs/z.gz").stat().st_size > 0, "the first member")
    assert members((server.prefix / "logs/z.gz").read_bytes()) == [b"200 /one\n"]
    ask_each(server, "/two")
    until(lambda: len(members((server.prefix / "logs/z.gz").read_bytes())) == 2, "the second member")


def test_gzip_log_is_whole_when_reopened(server):
    serve(server, "access_log logs/z.gz s gzip;", "location / { return 200 x; }")
    ask_each(server, "/one")
    os.rename(server.prefix / "logs/z.gz", server.prefix / "logs/old.gz")
    server.send_signal(signal.SIGUSR1)
    until(lambda: (server.prefix / "logs/z.gz").exists(), "the new file")
    ask_each(server, "/two")
    server.stop()
    found = members((server.prefix / "logs/old.gz").read_bytes()) + members((server.prefix / "logs/z.gz").read_bytes())
    assert b"".join(found) == b"200 /one\n200 /two\n"


def test_gzip_log_on_a_full_disk_holds_up_nothing(server):
    serve(server, "access_log /dev/full s gzip buffer=64;", "location / { return 200 x; }")
    ask_each(server, *[f"/{n}" for n in range(50)])
    until(lambda: 'write() to "/dev/full" failed (28: No space left on device)' in server.log_text("error.log"), "the alert")
    ask_each(server, "/still")


def test_full_disk_is_told_of_once_a_minute(server):
    serve(server, "access_log /dev/full s;", "location / { return 200 x; }")
    for n in range(5):
        ask_each(server, f"/{n}")
        time.sleep(0.3)
    lines = [line for line in server.log_text("error.log").splitlines() if "[alert]" in line]
    assert len(lines) == 1 and 'write() to "/dev/full" failed (28: No space left on device) while logging request' in lines[0]


# ---- files named by variables


def open_files(server, name):
    """How many descriptors of the worker lead to that log."""
    found = 0
    for pid in server.children(server.process.pid):
        for fd in os.listdir(f"/proc/{pid}/fd"):
            try:
                found += os.readlink(f"/proc/{pid}/fd/{fd}").split(" (deleted)")[0] == str(server.prefix / "logs" / name)
            except FileNotFoundError:
                pass
    return found


@pytest.mark.parametrize("cache,uses,kept", [
    ("max=10", 1, 1), ("max=10", 3, 1), ("max=10 min_uses=3", 2, 0), ("max=10 min_uses=3", 3, 1), ("off", 3, 0)])
def test_log_file_is_kept_open_as_the_cache_says(server, cache, uses, kept):
    serve(server, f"open_log_file_cache {cache}; access_log logs/v-$host.log s;", "location / { return 200 x; }")
    for n in range(uses):
        ask_each(server, f"/{n}")
    until(lambda: server.log_text("v-localhost.log").count("\n") == uses, "the lines")
    until(lambda: open_files(server, "v-localhost.log") == kept, f"{kept} descriptors")


def test_least_used_log_file_is_closed_for_another(server):
    serve(server, "open_log_file_cache max=2; access_log logs/v-$arg_f.log s;", "location / { return 200 x; }")
    for n, name in enumerate("abca"):
        ask_each(server, f"/{n}?f={name}")
        until(lambda: f"200 /{n}\n" in server.log_text(f"v-{name}.log"), "the line")
    until(lambda: [open_files(server, f"v-{n}.log") for n in "abc"] == [1, 0, 1], "a and c open, b closed")


def test_unused_log_file_is_closed(server):
    serve(server, "open_log_file_cache max=9 inactive=1s; access_log logs/v-$arg_f.log s;", "location / { return 200 x; }")
    ask_each(server, "/a?f=a")
    time.sleep(2.2)
    ask_each(server, "/b?f=b")
    until(lambda: [open_files(server, f"v-{n}.log") for n in "ab"] == [0, 1], "only b open")


def test_moved_log_file_is_noticed_after_valid(server):
    serve(server, "open_log_file_cache max=9 valid=1s inactive=1h; access_log logs/v-$host.log s;", "location / { return 200 x; }")
    ask_each(server, "/1")
    until(lambda: server.log_text("v-localhost.log"), "the first line")
    os.rename(server.prefix / "logs/v-localhost.log", server.prefix / "logs/old.log")
    (server.prefix / "logs/v-localhost.log").touch()
    os.chmod(server.prefix / "logs/v-localhost.log", 0o666)
    ask_each(server, "/2")
    until(lambda: "200 /2" in server.log_text("old.log") + server.log_text("v-localhost.log"), "the second line")
    time.sleep(2.1)
    ask_each(server, "/3")
    until(lambda: "200 /3" in server.log_text("v-localhost.log"), "a line in the new file")


def test_removed_folder_of_a_log_is_told_and_survived(server):
    folder = server.prefix / "logs/sub"
    folder.mkdir()
    os.chmod(folder, 0o777)
    serve(server, "access_log logs/sub/$host.log s;", "location / { return 200 x; }")
    ask_each(server, "/1")
    until(lambda: (folder / "localhost.log").exists(), "the first file")
    (folder / "localhost.log").unlink()
    folder.rmdir()
    ask_each(server, "/2")
    until(lambda: 'logs/sub/localhost.log" failed (2: No such file or directory) while logging request' in
          server.log_text("error.log"), "what went wrong")
    folder.mkdir()
    os.chmod(folder, 0o777)
    ask_each(server, "/3")
    until(lambda: server.log_text("sub/localhost.log") == "200 /3\n", "a line in the new folder")


def test_kept_log_file_is_opened_anew_at_reopen(server, is_self_check):
    """nginx keeps to the moved file until `valid` is over; uringx takes USR1 for what it says. No line is lost."""
    serve(server, "open_log_file_cache max=9 valid=1h; access_log logs/v-$host.log s;", "location / { return 200 x; }")
    ask_each(server, "/1")
    until(lambda: server.log_text("v-localhost.log"), "the first line")
    os.rename(server.prefix / "logs/v-localhost.log", server.prefix / "logs/old.log")
    server.send_signal(signal.SIGUSR1)
    until(lambda: "reopening logs" in server.log_text("error.log"), "the reopening")
    time.sleep(0.3)
    ask_each(server, "/2")
    until(lambda: "200 /2" in server.log_text("old.log") + server.log_text("v-localhost.log"), "the second line")
    assert server.log_text("old.log").startswith("200 /1\n")
    if server.label == "uringx" and not is_self_check:
        assert server.log_text("v-localhost.log") == "200 /2\n"


# ---- disks and folders that go


def test_removed_log_folder_is_told_at_reopen_and_survived(server):
    folder = server.prefix / "sub"
    folder.mkdir()
    os.chmod(folder, 0o777)
    serve(server, "access_log sub/a.log s; access_log sub/z.gz s gzip; access_log logs/b.log s;", "location / { return 200 x; }")
    ask_each(server, "/1")
    for name in ("a.log", "z.gz"):
        (folder / name).unlink()
    folder.rmdir()
    server.send_signal(signal.SIGUSR1)
    said = f'open() "{folder}/a.log" failed (2: No such file or directory)'
    until(lambda: said in server.log_text("error.log"), "what went wrong")
    ask_each(server, "/2")
    until(lambda: server.log_text("b.log") == "200 /1\n200 /2\n", "lines of the other log")
    folder.mkdir()
    os.chmod(folder, 0o777)
    server.send_signal(signal.SIGUSR1)
    until(lambda: (folder / "a.log").exists() and (folder / "z.gz").exists(), "new files")
    until(lambda: (ask_each(server, "/3"), "200 /3\n" in (folder / "a.log").read_text())[1], "a line in the new file")
    server.stop()
    assert b"200 /3\n" in members((folder / "z.gz").read_bytes())[-1]


@pytest.fixture
def small_disk(server):
    """A file system of 64 KiB in the server's folder."""
    folder = server.prefix / "disk"
    folder.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=0777", "compat", folder]).returncode:
        pytest.skip("mounting a file system needs root")
    yield folder
    server.stop()
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize("log", ["disk/a.log s", "disk/v-$host.log s", "disk/a.log s buffer=1k flush=100ms", "disk/z.gz s gzip flush=100ms"])
def test_full_disk_keeps_whole_lines_and_uringx_all_of_them(server, small_disk, log, is_self_check):
    serve(server, f"access_log {log}; keepalive_requests 10000;", "location / { return 200 x; }")
    ask_each(server, "/before")
    filler = small_disk / "filler"
    with open(filler, "wb", buffering=0) as out, contextlib.suppress(OSError):
        while True:
            out.write(b"x" * 512)
    targets = [f"/{n}/{'p' * 200}" for n in range(100)]  # more than the file's last page has room for
    ask_each(server, *targets)
    time.sleep(0.4)
    filler.unlink()
    time.sleep(1.5)
    ask_each(server, "/after")
    time.sleep(0.3)
    server.stop()
    [path] = [one for one in small_disk.iterdir()]
    data = path.read_bytes()
    if path.suffix == ".gz":
        if server.label == "nginx" or is_self_check:
            return  # it tears members
        data = b"".join(members(data))
    found = data.decode().splitlines()
    assert data.endswith(b"\n")
    if server.label == "uringx" and not is_self_check:
        assert found == ["200 /before", *[f"200 {target}" for target in targets], "200 /after"]


# ---- configurations

CONFIG_CASES = [
    *each(http, *[f"access_log logs/a.log combined {words};" for words in (
        "gzip buffer=1k", "buffer=1k gzip", "gzip=1", "gzip=9", "gzip=0", "gzip=", "gzip=-1", "gzip=05", "gzipx", "GZIP",
        "gzip flush=5s", "flush=5s gzip", "gzip gzip=5", "gzip buffer=x", "gzip buffer=0")]),
    *each(http, "access_log logs/$host.log combined gzip;", "access_log /tmp/${host.log;",
        "access_log logs/a.log combined gzip; access_log logs/a.log combined gzip;",
        "access_log logs/a.log combined gzip; access_log logs/a.log combined gzip=2;",
        "access_log logs/a.log combined gzip; access_log logs/a.log combined buffer=64k;",
        "access_log logs/a.log combined gzip; access_log logs/a.log combined;",
        *[f"open_log_file_cache {words};" for words in ("", "off", "max=10", "max=0", "max=-1", "max=", "max", "max=10 off",
            "off max=10", "inactive=1s", "max=1 inactive=x", "max=1 inactive=1m", "max=1 valid=", "max=1 min_uses=0",
            "max=1 min_uses=x", "max=1 x=y", "max=1 inactive=1s valid=1s min_uses=1", "max=1 inactive=1s valid=1s min_uses=1 off",
            "max=1; open_log_file_cache off", "on")]),
    *each(in_server, "open_log_file_cache max=5;", "log_subrequest on;", "log_subrequest x;"),
]


@config_cases(CONFIG_CASES, prefix="config log targets: ")
def test_config_of_logs(case_id, text, check_config):
    check_config(case_id, text)
