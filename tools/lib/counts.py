"""How many tests a runner's own report says it ran: doctest (through meson), pytest and our small checkers."""

import dataclasses
import json
import pathlib
import re
import xml.etree.ElementTree


@dataclasses.dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def __str__(self):
        tail = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{tail}"


# doctest's last lines: "[doctest] test cases: 3 | 1 passed | 2 failed | 1 skipped". Its "skipped" counts what a filter left
# out as well, so it says nothing here.
DOCTEST_SUMMARY = re.compile(r"^\[doctest\] test cases:\s*\d+\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed", re.MULTILINE)
PLAIN_SUMMARY = re.compile(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?")


def from_meson(testlog_path):
    """Counts of a meson testlog.json and the failed tests, each as (name, output).

    A doctest executable counts its test cases. One that died without its summary, or whose exit code is bad although no
    case failed (a sanitizer report, a leak), is one failed test. An executable that ran no case at all has failed too.
    Other executables are one test each.
    """
    counts, failures = Counts(), []
    path = pathlib.Path(testlog_path)
    if not path.exists():
        return counts, failures
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        record = json.loads(line)
        output = record.get("stdout", "") + record.get("stderr", "")
        good = record["result"] == "OK"
        if record["result"] == "SKIP":
            counts.skipped += 1
            continue
        summary = DOCTEST_SUMMARY.search(output)
        if summary:
            own = Counts(int(summary[1]), int(summary[2]))
            if good and own.passed + own.failed == 0:
                own.failed, good = 1, False
            elif not good and own.failed == 0:
                own.failed = 1
            counts.add(own)
        elif good:
            counts.passed += 1
        else:
            counts.failed += 1
        if not good:
            failures.append((f"{record['name']} ({record['result']}, exit {record.get('returncode')})", output))
    return counts, failures


def from_junit(xml_path):
    """Counts of a JUnit XML file as pytest writes it, and the failed tests as (name, text)."""
    counts, failures = Counts(), []
    path = pathlib.Path(xml_path)
    if not path.exists():
        return counts, failures
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        bad = [element for kind in ("failure", "error") for element in case.findall(kind)]
        if bad:
            counts.failed += 1
            failures.append((f"{case.get('classname')}::{case.get('name')}", bad[0].text or bad[0].get("message") or ""))
        elif case.find("skipped") is not None:
            counts.skipped += 1
        else:
            counts.passed += 1
    return counts, failures


def from_summary(output):
    """Counts of the last "N passed, N failed" in a checker's output; no such line is no test."""
    found = PLAIN_SUMMARY.findall(output)
    if not found:
        return Counts()
    passed, failed, skipped = found[-1]
    return Counts(int(passed), int(failed), int(skipped or 0))
