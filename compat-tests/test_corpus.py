"""Real configuration files (../shared/corpus beside the project): the share nginx accepts and the share
uringx accepts, per reason.

No threshold: the numbers are printed. But uringx must answer each of them: no signal, no time-out, and an
[emerg] sentence when it refuses.
"""
import collections
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import PROJECT
from harness.pair import not_served

CHECK = PROJECT.parent / "shared/corpus/check"


def verdicts(binary: str, out) -> list[tuple[str, str, str]]:
    """(name, 'ok' or 'refused', error) of every file."""
    done = subprocess.run(
        [sys.executable, str(CHECK), binary, "--out", str(out)], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [tuple(line.split("\t")) for line in out.read_text(errors="replace").splitlines()]


def reason(error: str) -> str:
    """Refusals of one kind together: the sentence without names and places, or the directive that is not
    served yet."""
    missing = not_served(error)
    if missing:
        return f"not served yet: {missing}"
    unknown = re.search(r'unknown directive "([^"]+)"', error)
    if unknown:
        return f"unknown directive: {unknown.group(1)}"
    return re.sub(
        r'"[^"]*"', '"..."', re.sub(r" in /\S+:\d+", "", re.sub(r"^exit \d+: .*?(?=\[)|\d+#\d+: ", "", error))
    )


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, binaries):
    if not CHECK.exists():
        pytest.skip(f"{CHECK} is not there: the real configuration files are not part of the repository")
    if os.geteuid() != 0:
        pytest.skip("the corpus needs root (private network and mount namespaces)")
    folder = tmp_path_factory.mktemp("corpus")
    with ThreadPoolExecutor(2) as pool:
        return tuple(pool.map(verdicts, binaries, (folder / "nginx.tsv", folder / "uringx.tsv")))


def test_uringx_answers_every_real_configuration(corpus, reports):
    ours, theirs = corpus
    reports.append(
        f"real configurations: nginx accepts {sum(r[1] == 'ok' for r in ours)}/{len(ours)}, uringx {sum(r[1] == 'ok' for r in theirs)}/{len(theirs)}"
    )
    classes = collections.Counter(reason(r[2]) for r in theirs if r[1] != "ok")
    reports.extend(f"  {count:4d}  {why}" for why, count in classes.most_common(40))
    crashed = [
        r for r in theirs if r[1] != "ok" and (not r[2].startswith("exit 1:") or "[emerg]" not in r[2])
    ]
    known = {r[0] for r in ours if r[1] != "ok" and "[emerg]" not in r[2]}
    crashed = [r for r in crashed if r[0] not in known]
    assert not crashed, "\n".join(f"{name}: {error}" for name, _, error in crashed[:20])


def test_uringx_accepts_nothing_that_nginx_refuses(corpus, is_self_check):
    """Accepting a file that nginx refuses would hide a mistake in it, unless the refusal is about a module
    this nginx was built without."""
    ours, theirs = corpus
    refused = {r[0]: r[2] for r in ours if r[1] != "ok"}
    too_kind = [
        f"{r[0]}: nginx said {refused[r[0]]}"
        for r in theirs
        if r[1] == "ok" and r[0] in refused and "unknown " "" "" "" "directive" not in refused[r[0]]
    ]
    assert not too_kind, "\n".join(too_kind)
