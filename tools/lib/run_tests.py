"""The stages of tools/test: each runs one tool under a time limit and says how many tests passed and failed.

A stage that crashes, hangs past its limit or runs no test has failed, whatever it counted. The closing line adds all up.
"""

import concurrent.futures
import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import time

import counts

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RELEASE = ROOT / "build"
SANITIZER = ROOT / "build-sanitizer"
LOGS = RELEASE / "test-logs"
DOC_SITES = ["/usr/share/doc/python3.11/html", str(RELEASE / "doc-site/usr/share/doc/python3.11/html")]
FAILURE_LINES_MAX = 60
# Tests of a stage that failed once and passed when they were run again.
UNSTEADY_MAX = 10
running = set()  # processes, to be ended with this one
# Where memory and lifetime errors would show; the whole server runs under the sanitizers in examples-sanitizer.
SANITIZED_SUITES = ["unit", "golden", "sim", "fuzz", "ring"]


def environment():
    """Debian's tools first, sanitizers that end the process at the first report, and where the tests find things."""
    env = dict(os.environ)
    env["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
    env["ASAN_OPTIONS"] = "detect_leaks=1:strict_string_checks=1:abort_on_error=0"
    env["UBSAN_OPTIONS"] = "halt_on_error=1:print_stacktrace=1"
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    env["URINGX_BINARY"] = str(RELEASE / "uringx")
    env.setdefault("URINGX_DOC_SITE", next((p for p in DOC_SITES if os.path.exists(f"{p}/index.html")), ""))
    return env


def run(command, limit_seconds, **more_environment):
    """Runs a command in its own process group: (exit code or None when the limit ended it, output)."""
    process = subprocess.Popen(command, cwd=ROOT, env=environment() | more_environment, stdin=subprocess.DEVNULL, text=True, errors="replace",
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    running.add(process)
    try:
        output, _ = process.communicate(timeout=limit_seconds)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        end(process)
        output, _ = process.communicate()
        return None, output
    except BaseException:
        end(process)
        raise
    finally:
        running.discard(process)


def end(process):
    """With all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


class Result:
    """What one stage brought: its counts, and what to show of it when something failed."""

    def __init__(self, code, output, stage_counts, failures=()):
        self.counts = stage_counts
        self.failures = list(failures)
        self.notes = []
        if code is None:
            self.fail("ended: it ran past its time limit", output)
        elif self.counts.passed + self.counts.failed == 0:
            self.fail("no test ran" if code == 0 else f"exit code {code} and no test counted", output)
        elif code != 0 and self.counts.failed == 0:
            self.fail(f"exit code {code} although no test failed", output)
        elif self.counts.failed and not self.failures:
            self.failures.append(("output", output))

    def fail(self, reason, output):
        self.counts.failed += 1
        self.failures.append((reason, output))


def build_stage(build):
    def stage():
        code, output = run(["tools/build", build], 2400)
        # A build is no test: it counts only when it fails.
        result = Result(0, "", counts.Counts(passed=1))
        result.counts.passed = 0
        if code != 0:
            result.fail("did not build" if code is not None else "the build ran past its time limit", output)
        return result
    return stage


def checker_stage(*command, limit_seconds=120):
    """A small checker of ours that closes with "N passed, N failed"."""
    def stage():
        code, output = run(list(command), limit_seconds)
        return Result(code, output, counts.from_summary(output))
    return stage


def layers_stage():
    code, output = run(["tools/check-layers", "--self-test"], 60)
    result = Result(code, output, counts.from_summary(output))
    code, output = run(["tools/check-layers"], 60)
    if code == 0:
        result.counts.passed += 1
    else:
        result.fail("the layer rule is broken", output)
    return result


def meson_stage(folder, suites=(), timeout_multiplier=1):
    def stage():
        logs = folder / "meson-logs"
        for old in logs.glob("testlog-stage*"):
            old.unlink()
        command = ["meson", "test", "-C", str(folder), "--no-rebuild", "--logbase", "testlog-stage",
                   "--timeout-multiplier", str(timeout_multiplier)]
        for suite in suites:
            command += ["--suite", suite]
        code, output = run(command, 1200)
        found, failures = counts.from_meson(logs / "testlog-stage.json")
        return Result(code, output, found, failures)
    return stage


def compat_half(part, chosen):
    """Half of compat-tests, with its own ports. One that fails is run once more; what failed once only is in the output."""
    junit = LOGS / f"compat-{part}.xml"
    junit.unlink(missing_ok=True)
    code, output = run(["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--reruns", "1", f"--junitxml={junit}",
                        "-k", chosen, "compat-tests"], 2400, URINGX_PORTS_PART=f"{part}/2")
    found, failures = counts.from_junit(junit)
    result = Result(code, output, found, failures)
    result.notes = [line for line in output.splitlines() if line.startswith("failed once: ")]
    return result


def compat_stage():
    """The same cases over other transports beside all the rest: each waits for its servers about half of its time."""
    chosen = ["not test_over"] if os.environ.get("URINGX_TRANSPORTS") == "none" else ["not test_over", "test_over"]
    with concurrent.futures.ThreadPoolExecutor() as halves:
        try:
            whole, *rest = halves.map(compat_half, range(len(chosen)), chosen)
        except KeyboardInterrupt:
            for process in list(running):
                end(process)
            raise
    for half in rest:
        whole.counts.add(half.counts)
        whole.failures += half.failures
        whole.notes += half.notes
    if len(whole.notes) > UNSTEADY_MAX:
        whole.fail(f"more than {UNSTEADY_MAX} tests failed once", "\n".join(whole.notes))
    return whole


STAGES = {
    "build": build_stage("release"),
    "layers": layers_stage,
    "suites": meson_stage(RELEASE),
    "examples": checker_stage("tools/check-examples", str(RELEASE / "uringx")),
    "readme": checker_stage("tools/update-readme", "--check", "--uringx", str(RELEASE / "uringx")),
    "compat": compat_stage,
    "build-sanitizer": build_stage("sanitizer"),
    "sanitizer": meson_stage(SANITIZER, SANITIZED_SUITES, timeout_multiplier=4),
    "examples-sanitizer": checker_stage("tools/check-examples", str(SANITIZER / "uringx")),
}
# What cannot run when a build has failed.
NEEDS = {"suites": "build", "examples": "build", "readme": "build", "compat": "build", "sanitizer": "build-sanitizer",
         "examples-sanitizer": "build-sanitizer"}


def show(failures):
    for name, output in failures:
        lines = output.rstrip().splitlines()
        print(f"  --- {name}")
        if len(lines) > FAILURE_LINES_MAX:
            print(f"  | ... {len(lines) - FAILURE_LINES_MAX} lines before these; all of them are in build/test-logs/")
        for line in lines[-FAILURE_LINES_MAX:]:
            print(f"  | {line}")


def save(name, result):
    text = "".join(f"--- {title}\n{output}\n" for title, output in result.failures)
    (LOGS / f"{name}.failed.txt").write_text(text, encoding="utf-8")


def main():
    wanted = sys.argv[1:]
    if wanted == ["--list"]:
        print("\n".join(STAGES))
        return 0
    unknown = [name for name in wanted if name not in STAGES]
    if unknown:
        print(f"tools/test: no stage called {', '.join(unknown)}; there are: {', '.join(STAGES)}")
        return 2
    LOGS.mkdir(parents=True, exist_ok=True)
    for old in LOGS.glob("*.failed.txt"):
        old.unlink()

    chosen = [name for name in STAGES if not wanted or name in wanted or name in {NEEDS.get(w) for w in wanted}]
    total, broken = counts.Counts(), set()
    for name in chosen:
        started = time.monotonic()
        if NEEDS.get(name) in broken:
            result = Result(1, "", counts.Counts())
            result.failures = [(f"not run: {NEEDS[name]} failed", "")]
        else:
            result = STAGES[name]()
        if result.counts.failed:
            broken.add(name)
        told = str(result.counts) if result.counts.passed + result.counts.failed else "done"
        print(f"{name:18} {told:36} {time.monotonic() - started:7.1f} s", flush=True)
        for note in result.notes:
            print(f"  {note}")
        if result.failures:
            save(name, result)
            show(result.failures)
        total.add(result.counts)
    print(total)
    return 1 if total.failed or not total.passed else 0


signal.signal(signal.SIGTERM, signal.default_int_handler)
try:
    sys.exit(main())
except KeyboardInterrupt:
    sys.exit(130)
