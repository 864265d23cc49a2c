"""The command line: every option, its words and its exit code; `-V` as tools read it."""
import re
import subprocess

import pytest

from harness import normalise
from harness.compare import Difference, compare_lines
from harness.pair import not_served
from harness.servers import limit_locked_memory


GOOD = "worker_processes 1;\npid logs/cl.pid;\nerror_log logs/e.log;\nevents { }\nhttp { include inc/a.conf; include inc/*.conf;\n access_log logs/a.log; server { listen 127.0.0.1:@P0@; } }\n"
COMMANDS = [
    ("-t", ["-t", "-c", "good.conf"]), ("-t of a bad file", ["-t", "-c", "bad.conf"]),
    ("-t of a missing file", ["-t", "-c", "nosuch.conf"]), ("-t of a folder", ["-t", "-c", "inc"]),
    ("-tq good", ["-tq", "-c", "good.conf"]), ("-t -q good", ["-t", "-q", "-c", "good.conf"]),
    ("-t -q bad", ["-t", "-q", "-c", "bad.conf"]), ("-q -t warnings", ["-q", "-t", "-c", "warn.conf"]),
    ("-t warnings", ["-t", "-c", "warn.conf"]), ("-q alone, bad file", ["-q", "-c", "bad.conf"]),
    ("-T", ["-T", "-c", "good.conf"]), ("-T bad", ["-T", "-c", "bad.conf"]),
    ("-T -q", ["-T", "-q", "-c", "good.conf"]), ("-T file without newline", ["-T", "-c", "nonl.conf"]),
    ("-T empty file", ["-T", "-c", "empty.conf"]),
    ("-T with a file included twice", ["-T", "-c", "twice.conf"]), ("-T binary", ["-T", "-c", "binary.conf"]),
    ("-tc glued", ["-tc", "good.conf"]), ("-cgood.conf glued", ["-t", "-cgood.conf"]),
    ("-t absolute path", ["-t", "-c", "@PREFIX@/good.conf"]),
    ("-c twice", ["-t", "-c", "bad.conf", "-c", "good.conf"]),
    ("-g good", ["-t", "-c", "good.conf", "-g", "worker_rlimit_nofile 100;"]),
    ("-g bad", ["-t", "-c", "good.conf", "-g", "nonsense;"]),
    ("-g without semicolon", ["-t", "-c", "good.conf", "-g", "daemon off"]),
    ("-g duplicate", ["-t", "-c", "good.conf", "-g", "worker_processes 2;"]),
    ("-g empty", ["-t", "-c", "good.conf", "-g", ""]),
    ("-g block", ["-t", "-c", "good.conf", "-g", "events { }"]),
    ("-g two", ["-t", "-c", "good.conf", "-g", "daemon off; master_process off;"]),
    ("-g unterminated quote", ["-t", "-c", "good.conf", "-g", "user \"x;"]),
    ("-T with -g", ["-T", "-c", "good.conf", "-g", "daemon off;"]),
    ("-c without a value", ["-t", "-c"]), ("-p without a value", ["-t", "-p"]),
    ("-g without a value", ["-t", "-g"]), ("-e without a value", ["-t", "-e"]),
    ("-s without a value", ["-s"]), ("-s unknown", ["-s", "explode", "-c", "good.conf"]),
    ("-s empty", ["-s", "", "-c", "good.conf"]),
    ("-s stop without a pid file", ["-s", "stop", "-c", "good.conf"]),
    ("-s reload without a pid file", ["-s", "reload", "-c", "good.conf"]),
    ("-s quit with a bad file", ["-s", "quit", "-c", "bad.conf"]),
    ("-s with an empty pid file", ["-s", "stop", "-c", "emptypid.conf"]),
    ("-s with a broken pid file", ["-s", "stop", "-c", "brokenpid.conf"]),
    ("-s with a dead pid", ["-s", "stop", "-c", "deadpid.conf"]),
    ("unknown option", ["-x"]), ("unknown option glued", ["-tx"]), ("long option", ["--help"]),
    ("--version", ["--version"]), ("word", ["start"]), ("word after -t", ["-t", "x"]),
    ("empty argument", [""]), ("-h", ["-h"]), ("-?", ["-?"]), ("-v", ["-v"]),
    ("-h with a bad file", ["-h", "-c", "bad.conf"]), ("-v with -t", ["-v", "-t", "-c", "good.conf"]),
    ("-hv", ["-hv"]), ("-e missing folder", ["-t", "-e", "nosuch/x.log", "-c", "good.conf"]),
    ("-e stderr", ["-t", "-e", "stderr", "-c", "bad.conf"]),
    ("-e a folder", ["-t", "-e", "inc", "-c", "good.conf"]), ("start with a bad file", ["-c", "bad.conf"]),
    ("start with a missing file", ["-c", "nosuch.conf"]), ("start with an empty file", ["-c", "empty.conf"]),
]


@pytest.fixture(scope="module")
def command_folder(workspace, binaries):
    server = workspace.server(binaries[0], "nginx")
    (server.prefix / "inc").mkdir()
    (server.prefix / "inc/a.conf").write_text("server_tokens off;\n")
    (server.prefix / "inc/z.conf").write_text("etag on; # no newline at the end")
    for name, text in {"good": GOOD, "bad": "events { }\nnonsense;\n",
        "warn": "events { }\nhttp { types { text/html html; text/plain html; } server { listen "
        "127.0.0.1:@P0@; server_name a a; } }\n", "nonl": "events { }", "empty": "",
                       "twice": "events { }\nhttp { include inc/a.conf; server { listen 127.0.0.1:@P0@; "
        "include inc/a.conf; } }\n", "emptypid": "pid empty.pid;\nevents { }\n",
        "brokenpid": "pid broken.pid;\nevents { }\n", "deadpid": "pid dead.pid;\nevents { }\n"}.items():
        (server.prefix / f"{name}.conf").write_text(server.fill(text))
    (server.prefix / "binary.conf").write_bytes(b"events { }\n# \xff\x01\x7f\r\n")
    (server.prefix / "empty.pid").write_text("")
    (server.prefix / "broken.pid").write_text("no number\n")
    (server.prefix / "dead.pid").write_text("4194303\n")
    return server


def own_words(said: str, server) -> list[str]:
    said = re.sub(r"nginx version: .*", "nginx version: @VERSION@", said)
    said = re.sub(r"Usage: (nginx|uringx)", "Usage: @NAME@", said)
    said = normalise.text(said, server, [normalise.program_name, normalise.folders, normalise.ports])
    return [normalise.error_log_head(line, server) for line in said.split("\n")]


@pytest.mark.parametrize("case_id,arguments", [(f"command line: {n}", a) for n, a in COMMANDS],
    ids=[n.replace("[", "(") for n, _ in COMMANDS])
def test_command_line(case_id, arguments, command_folder, binaries, judge, not_served_yet):
    server, results = command_folder, []
    for binary in binaries:
        early = server.prefix / "early.log"
        early.unlink(missing_ok=True)
        options = [server.fill(a) for a in arguments]
        fixed = [] if "-p" in options else ["-p", f"{server.prefix}/"]
        fixed += [] if "-e" in options else ["-e", "early.log"]
        done = subprocess.run([binary, *fixed, *options], stdin=subprocess.DEVNULL, capture_output=True,
            timeout=30, cwd="/", preexec_fn=limit_locked_memory)
        log = early.read_text(errors="backslashreplace") if early.exists() else "(no file)"
        results.append((done.returncode,
            *(own_words(text, server) for text in (done.stdout.decode("latin-1"),
                done.stderr.decode("latin-1"), log))))
    ours, theirs = results
    refused = not_served("\n".join(theirs[2]))
    if refused:
        not_served_yet(refused)
    differences = [] if ours[0] == theirs[0] else [Difference("exit", str(ours[0]), str(theirs[0]))]
    for i, aspect in enumerate(("stdout", "message", "error_log"), 1):
        differences += compare_lines(aspect, ours[i], theirs[i])
    judge(case_id, differences)


def test_big_v_can_be_read_by_tools(binaries):
    """Test suites and configuration tools read these lines of `nginx -V`."""
    for binary in binaries:
        done = subprocess.run([binary, "-V"], capture_output=True, text=True, timeout=30)
        assert done.returncode == 0 and done.stdout == ""
        assert re.search(r"^nginx version: nginx/\d+\.\d+\.\d+( \(uringx [\d.]+\))?$", done.stderr, re.M), done.stderr
        arguments = re.search(r"^configure arguments: (.*)$", done.stderr, re.M)
        assert arguments, done.stderr
        if "uringx" in done.stderr:
            for missing in ("proxy", "fastcgi", "uwsgi", "scgi", "memcached"):
                assert f"--without-http_{missing}_module" in arguments.group(1)
            assert "=dynamic" not in arguments.group(1)


def test_small_v_is_the_first_line_of_big_v(binaries):
    for binary in binaries:
        small, big = (subprocess.run([binary, option], capture_output=True, text=True, timeout=30).stderr for option in ("-v",
            "-V"))
        assert small.strip() and small.strip() == big.split("\n")[0]
