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
    ("-T with comments, quotes and blank lines", ["-T", "-c", "comments.conf"]),
    ("-T with nested includes", ["-T", "-c", "nested.conf"]),
    ("-T with a glob, in its order", ["-T", "-c", "globs.conf"]),
    ("-T with a glob that matches nothing", ["-T", "-c", "noglob.conf"]),
    ("-T with one file under two names", ["-T", "-c", "names.conf"]),
    ("-T with a file by glob and by name", ["-T", "-c", "both.conf"]),
    ("-T with an include inside blocks", ["-T", "-c", "blocks.conf"]),
    ("-T with a missing include", ["-T", "-c", "gone.conf"]),
    ("-T with an error in an include", ["-T", "-c", "badinc.conf"]),
    ("-T with an empty include", ["-T", "-c", "emptyinc.conf"]),
    ("-T of an absolute path", ["-T", "-c", "@PREFIX@/nested.conf"]),
    ("-T of a path with dots", ["-T", "-c", "inc/../nested.conf"]),
    ("-T with CR line ends", ["-T", "-c", "crlf.conf"]), ("-T -t", ["-T", "-t", "-c", "good.conf"]),
    ("-Tq bad", ["-Tq", "-c", "bad.conf"]), ("-T with warnings", ["-T", "-c", "warn.conf"]),
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
    ("beginning of a long option", ["--lin"]), ("end behind a long option", ["--lintx"]),
    ("long option with a value", ["--lint=x"]), ("long option in a word of flags", ["-t-lint"]),
    ("long option as a value", ["-t", "-c", "--lint"]), ("two dashes", ["--"]),
    ("--version", ["--version"]), ("word", ["start"]), ("word after -t", ["-t", "x"]),
    ("empty argument", [""]), ("-h", ["-h"]), ("-?", ["-?"]), ("-v", ["-v"]),
    ("-h with a bad file", ["-h", "-c", "bad.conf"]), ("-v with -t", ["-v", "-t", "-c", "good.conf"]),
    ("-hv", ["-hv"]), ("-e missing folder", ["-t", "-e", "nosuch/x.log", "-c", "good.conf"]),
    ("-e stderr", ["-t", "-e", "stderr", "-c", "bad.conf"]),
    ("-e a folder", ["-t", "-e", "inc", "-c", "good.conf"]), ("start with a bad file", ["-c", "bad.conf"]),
    ("start with a missing file", ["-c", "nosuch.conf"]), ("start with an empty file", ["-c", "empty.conf"]),
]


SERVER = "server { listen 127.0.0.1:@P0@; }"
INCLUDES = {
    "comments.conf": "# first\n\n   events { } # behind\n\t\nhttp { #in\n log_format x '#no comment $uri';\n"
    "# include inc/a.conf;\n" + SERVER + "\n}\n\n# last",
    "inc/a2.conf": "# nothing\n", "inc/n1.conf": "include inc/n2.conf;\n", "inc/n2.conf": "include inc/n3.conf; etag on;",
    "inc/n3.conf": "# three\n", "inc/bad.conf": "etag on;\nnonsense on;\n", "inc/none.conf": "",
    "nested.conf": "events { }\nhttp { include inc/n1.conf; " + SERVER + " }\n",
    "globs.conf": "include inc/n[3-9].conf; events { }\nhttp { include inc/[nz]*[13z].conf; " + SERVER + " }\n",
    "noglob.conf": "events { }\ninclude nosuch/*.conf;\nhttp { " + SERVER + " }\n",
    "names.conf": "events { }\ninclude inc/a2.conf; include @PREFIX@/inc/a2.conf; include inc/../inc/a2.conf;\n",
    "both.conf": "events { }\ninclude inc/a2.conf; include inc/a2*;\ninclude inc/a2.conf;\n",
    "blocks.conf": "events { include inc/a2.conf; }\nhttp { types { include inc/a2.conf; include inc/n3.conf; }\n"
    "server { listen 127.0.0.1:@P0@; location / { include inc/a.conf; include inc/a2.conf; } } }\n",
    "gone.conf": "events { }\ninclude inc/a2.conf;\ninclude inc/gone.conf;\n",
    "badinc.conf": "events { }\nhttp { include inc/bad.conf; }\n",
    "emptyinc.conf": "events { }\ninclude inc/none.conf;\ninclude inc/none.conf;\n",
}


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
    for name, text in INCLUDES.items():
        (server.prefix / name).write_text(server.fill(text))
    (server.prefix / "crlf.conf").write_bytes(b"events { }\r\n# a\r\n\r\ninclude inc/a2.conf;\r\n")
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


LINT_CASES = {
    "sound": ("root html; location /a/ { alias /b/; }", 0, []),
    "two traps": ("root html; error_log off;\nlocation /a { alias /b/; }", 0, ["log-switch", "alias-slash"]),
    "refused": ("root html; error_log off;\nnonsense on;", 1, ["log-switch"]),
    "broken": ("root html; error_log off;\n{", 1, None),
}


@pytest.mark.parametrize("name", LINT_CASES)
def test_lint(name, workspace, binaries, is_self_check):
    """No comparison: nginx has no lint. Findings go to stderr as "[lint] RULE: ... in FILE:LINE" and change no exit status."""
    if is_self_check:
        pytest.skip("nginx has no lint")
    lines, status, rules = LINT_CASES[name]
    server = workspace.server(binaries[1], "lint")
    conf = server.prefix / "lint.conf"
    conf.write_text(server.fill("pid logs/lint.pid;\nevents { }\nhttp { access_log off; server { listen 127.0.0.1:@P0@;\n"
        + lines + "\n} }\n"))

    def run(*options):
        done = subprocess.run([binaries[1], "-p", f"{server.prefix}/", "-c", "lint.conf", "-e", "early.log", *options],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, cwd="/", preexec_fn=limit_locked_memory)
        assert done.stdout == ""
        return done.returncode, done.stderr

    plain_status, plain = run("-t")
    linted_status, linted = run("-t", "--lint")
    quiet_status, quiet = run("--lint", "-q")
    assert plain_status == linted_status == quiet_status == status
    assert "[lint]" not in plain
    said = re.findall(r"^uringx: \[lint\] (.*)$", linted, re.M)
    if rules is None:
        assert said == ["not looked through, for it cannot be read to its end"]
        return
    found = [re.fullmatch(r"([a-z0-9-]+): .+ in (\S+):(\d+)", line) for line in said]
    assert [m.group(1) for m in found if m] == rules
    assert all(m.group(2) == str(conf) for m in found if m)
    assert said[-1] == f"{len(rules)} finding" + ("" if len(rules) == 1 else "s")
    assert (said[0] == "refused, and looked through all the same") == (status != 0)
    assert [line.split(":")[0] for line in re.findall(r"\[lint\] (.*)", quiet)] == rules
