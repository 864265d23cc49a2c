"""Makes pytest items of the case tables, keeps one pair of servers alive at a time, and sums up at the
end."""
from __future__ import annotations

import collections
import contextlib
import fnmatch
import glob
import os
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness.configs import ConfigTester  # noqa: E402
from harness.pair import NotServedYet, Pair, Workspace  # noqa: E402
from harness.run import ONLY_ONCE, SHUTS_DOWN, UNSTEADY, slug  # noqa: E402
from harness.running import BASIC, kill_if_ours  # noqa: E402
from harness.site import Site  # noqa: E402
from known_differences import KNOWN_DIFFERENCES  # noqa: E402
from served import FIRST_WAVE  # noqa: E402

PROJECT = Path(__file__).resolve().parent.parent
GROUPS_SHOWN, GROUP_CHARACTERS = 60, 110
UNSTEADY_TESTS: dict[str, list[str]] = {}  # by node id: the last line of what was said
BUILT_IN_PID = Path("/run/nginx.pid")


def find_nginx() -> str:
    return os.environ.get("NGINX_BINARY", "/usr/sbin/nginx")


def find_uringx() -> str | None:
    if os.environ.get("URINGX_BINARY"):
        return os.path.abspath(os.environ["URINGX_BINARY"])
    built = [p for p in sorted(glob.glob(str(PROJECT / "build*/uringx"))) if os.access(p, os.X_OK)]
    return built[0] if built else None


def pytest_configure(config):
    if not os.access(find_nginx(), os.X_OK):
        raise pytest.UsageError(f"{find_nginx()} is missing: apt-get install nginx (or set NGINX_BINARY)")
    uringx = find_uringx()
    if uringx is None or not os.access(uringx, os.X_OK):
        raise pytest.UsageError("no uringx binary: build one (build*/uringx) or set URINGX_BINARY")
    config.binaries = (find_nginx(), uringx)
    config.is_self_check = os.path.realpath(uringx) == os.path.realpath(find_nginx())
    config.seen_aspects = collections.Counter()
    config.not_served = collections.Counter()
    config.groups = collections.defaultdict(list)
    config.reports = []
    config.had_built_in_pid = BUILT_IN_PID.exists()


@pytest.fixture(scope="session")
def binaries(request):
    """(nginx, uringx) paths."""
    return request.config.binaries


@pytest.fixture(scope="session")
def is_self_check(request):
    """True when nginx is compared with itself, to test the harness: lists of known differences do not
    apply."""
    return request.config.is_self_check


@pytest.fixture(scope="session")
def reports(request):
    """Lines printed in the closing summary."""
    return request.config.reports


@pytest.fixture(scope="session")
def workspace():
    space = Workspace()
    yield space
    space.close()


class Pairs:
    """The living pair; asking for another site stops it."""

    def __init__(self, workspace, binaries):
        self.workspace, self.binaries, self.current = workspace, binaries, None

    def get(self, site: Site, transport=None) -> Pair:
        current = self.current
        if current is None or current.site is not site or current.transport is not transport:
            self.stop()
            self.current = Pair(site, self.workspace, *self.binaries, transport)
        return self.current

    def stop(self):
        pair, self.current = self.current, None
        return pair.stop() if pair else []


@pytest.fixture(scope="session")
def pairs(workspace, binaries):
    keeper = Pairs(workspace, binaries)
    yield keeper
    keeper.stop()


@pytest.fixture
def judge(request):
    """judge(case_id, differences): fails the test for every difference that is not listed, and for every
    listed one that vanished. What is listed for the case `like` is allowed, too, but need not be there."""

    def decide(case_id: str, differences: list, like: str | None = None):
        if request.config.is_self_check:
            assert not differences, f"nginx differs from itself in {case_id}:\n" + "\n".join(
                map(str, differences)
            )
            return
        rows = [row for row in KNOWN_DIFFERENCES if fnmatch.fnmatchcase(case_id, row.case)]
        allowed = rows + [row for row in KNOWN_DIFFERENCES if like and fnmatch.fnmatchcase(like, row.case)]
        new = [d for d in differences if not any(fnmatch.fnmatchcase(d.aspect, row.aspect) for row in allowed)]
        request.config.seen_aspects.update(d.aspect for d in new)
        for difference in new:
            request.config.groups[signature(difference)].append(case_id)
        gone = [
            row for row in rows if not any(fnmatch.fnmatchcase(d.aspect, row.aspect) for d in differences)
        ]
        problems = "\n".join(str(d) for d in new)
        problems += "".join(
            f"\n  the known difference {row.aspect!r} of {row.case!r} has vanished: remove it from known_differences.py"
            for row in gone
        )
        if problems:
            pytest.fail(f"{case_id}\n{problems}", pytrace=False)

    return decide


@pytest.fixture
def not_served_yet(request):
    """not_served_yet(name): ends the test as skipped, or fails it when the directive is one that uringx
    promises to serve."""

    def decide(name: str):
        if name in FIRST_WAVE:
            pytest.fail(f'uringx refuses "{name}", which it must serve', pytrace=False)
        request.config.not_served[name] += 1
        pytest.skip(f"not served yet: {name}")

    return decide


@pytest.fixture(scope="session")
def config_tester(workspace, binaries):
    return ConfigTester(workspace, *binaries)


@pytest.fixture
def check_config(config_tester, judge, not_served_yet):
    """check_config(case_id, text): both verdicts of `-t` on a configuration text, compared and judged."""

    def check(case_id: str, text: str | bytes):
        try:
            differences = config_tester.compare(text)
        except NotServedYet as refused:
            not_served_yet(refused.args[0])
        if differences:
            print(text)
        judge(case_id, differences)

    return check


@pytest.fixture(params=["nginx", "uringx"])
def server(request, workspace, binaries):
    """One server after the other, with the basic configuration of running.py, not started; killed at the end."""
    made = workspace.server(binaries[request.param == "uringx"], request.param)
    made.write_config(BASIC)
    yield made
    made.kill()
    pid = made.pid_path.read_text().strip() if made.pid_path.exists() else ""
    if pid.isdigit():
        kill_if_ours(made, int(pid))


def pytest_generate_tests(metafunc):
    """A test function with the argument `case` gets every case of the module's SITES, and None at each site's
    end."""
    if "case" in metafunc.fixturenames:
        rows = [
            pytest.param(site, c, id=slug(c.id if c else f"{site.name}: {SHUTS_DOWN}"), marks=() if c else ONLY_ONCE)
            for site in metafunc.module.SITES
            for c in site.cases + [None]
        ]
        metafunc.parametrize("site,case", rows)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session, config, items):
    config.all_case_ids = [
        i.callspec.params["case_id"] if "case_id" in getattr(i, "callspec", NoSpec).params else case_id_of(i)
        for i in items
    ]


class NoSpec:
    params: dict = {}


def case_id_of(item) -> str:
    params = getattr(item, "callspec", NoSpec).params
    if params.get("case") is not None:
        return params["case"].id
    return f"{params['site'].name}: {SHUTS_DOWN}" if "site" in params else item.name


def signature(difference) -> tuple[str, str, str]:
    """Differences that look alike without their numbers and names: groups for the summary."""
    short = lambda text: re.sub(r"\d+", "N", re.sub(r'"[^"]*"', '"..."', re.sub(r"^answer \d+: ", "", text)))[
        :GROUP_CHARACTERS
    ]
    return difference.aspect, short(difference.nginx), short(difference.uringx)


def pytest_runtest_logreport(report):
    """What fails once is told of, whatever it does when it is run again (--reruns; a second failure counts as every other)."""
    if report.outcome == "rerun":
        UNSTEADY_TESTS[report.nodeid] = str(report.longreprtext).strip().splitlines()[-1:]


def pytest_sessionfinish(session):
    """`nginx -t` leaves an empty file at its built-in pid path when a text names none. The pid file of a
    running server is not empty."""
    with contextlib.suppress(FileNotFoundError):  # another run may be faster
        if not session.config.had_built_in_pid and BUILT_IN_PID.stat().st_size == 0:
            BUILT_IN_PID.unlink()


def pytest_terminal_summary(terminalreporter, config):
    write = terminalreporter.write_line
    if config.reports or config.seen_aspects or config.not_served:
        terminalreporter.section("compatibility")
    write(
        f"nginx: {config.binaries[0]}   uringx: {config.binaries[1]}{'   (self-check)' if config.is_self_check else ''}"
    )
    for line in config.reports:
        write(line)
    if config.not_served:
        write("not served yet: " + ", ".join(f"{n} ({c})" for n, c in config.not_served.most_common()))
    if config.seen_aspects:
        write(
            "differences by aspect: " + ", ".join(f"{n} ({c})" for n, c in config.seen_aspects.most_common())
        )
    for (aspect, ours, theirs), cases in sorted(config.groups.items(), key=lambda row: -len(row[1]))[
        :GROUPS_SHOWN
    ]:
        write(f"  {len(cases):4d} x {aspect}: {ours}  ->  {theirs}   ({cases[0][:80]})")
    if UNSTEADY:
        write("connections that once ended differently: " + ", ".join(UNSTEADY))
    for test, said in UNSTEADY_TESTS.items():
        write(f"failed once: {test}: {' '.join(said)}")
    write(f"known differences listed: {len(KNOWN_DIFFERENCES)}")
