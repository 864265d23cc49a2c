"""Compares two conversations and their log lines: gives a list of `Difference`s, each with the aspect it
belongs to.

Pure; the aspects are what `known_differences.py` refers to.
"""
from __future__ import annotations

import difflib
from dataclasses import dataclass

from . import normalise
from .client import Conversation, Response

SHOWN_BYTES = 600


@dataclass(frozen=True)
class Difference:
    """aspect: answers, end, status, header:NAME, header-order, body, trailers, access_log:FILE, error_log, exit,
    message, start."""

    aspect: str
    nginx: str
    uringx: str

    def __str__(self):
        return f"  {self.aspect}\n    nginx  {self.nginx}\n    uringx {self.uringx}"


def shown(data: bytes) -> str:
    return repr(data[:SHOWN_BYTES]) + (f"... ({len(data)} bytes)" if len(data) > SHOWN_BYTES else "")


def body_difference(a: bytes, b: bytes) -> Difference:
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    if len(a) < SHOWN_BYTES and len(b) < SHOWN_BYTES:
        return Difference("body", shown(a), shown(b))
    window = slice(max(0, at - 60), at + 120)
    return Difference(
        "body",
        f"{len(a)} bytes, from byte {at}: {a[window]!r}",
        f"{len(b)} bytes, from byte {at}: {b[window]!r}",
    )


def compare_answers(a: Response, b: Response, which: str) -> list[Difference]:
    out = []
    if a.raw or b.raw:
        if a.raw != b.raw or a.status_line != b.status_line:
            out.append(
                Difference(
                    "answers",
                    which + shown(a.raw or a.status_line.encode()),
                    which + shown(b.raw or b.status_line.encode()),
                )
            )
        return out
    if a.status_line != b.status_line:
        out.append(Difference("status", which + a.status_line, which + b.status_line))
    names = list(dict.fromkeys(n for n, _ in a.headers + b.headers))
    same = True
    for name in names:
        ours = [v for n, v in a.headers if n == name]
        theirs = [v for n, v in b.headers if n == name]
        if ours != theirs:
            same = False
            out.append(
                Difference(
                    f"header:{name}",
                    which + (" | ".join(ours) if ours else "(absent)"),
                    which + (" | ".join(theirs) if theirs else "(absent)"),
                )
            )
    if same and [n for n, _ in a.headers] != [n for n, _ in b.headers]:
        out.append(
            Difference(
                "header-order",
                which + ", ".join(n for n, _ in a.headers),
                which + ", ".join(n for n, _ in b.headers),
            )
        )
    if a.body != b.body:
        out.append(body_difference(a.body, b.body))
    if a.trailers != b.trailers:
        out.append(Difference("trailers", which + str(a.trailers), which + str(b.trailers)))
    if a.complete != b.complete:
        out.append(Difference("complete", which + str(a.complete), which + str(b.complete)))
    return out


def compare_conversations(a: Conversation, b: Conversation, nginx, uringx) -> list[Difference]:
    ours = [normalise.response(r, nginx) for r in a.responses]
    theirs = [normalise.response(r, uringx) for r in b.responses]
    out = []
    for i, (x, y) in enumerate(zip(ours, theirs)):
        out += compare_answers(x, y, f"answer {i + 1}: " if max(len(ours), len(theirs)) > 1 else "")
    if len(ours) != len(theirs):
        brief = lambda rs: f"{len(rs)}: " + ", ".join(r.status_line or shown(r.raw) for r in rs)
        out.append(Difference("answers", brief(ours), brief(theirs)))
    if a.end != b.end:
        out.append(Difference("end", a.end, b.end))
    return out


def compare_lines(
    aspect: str, ours: list[str], theirs: list[str], name_length_difference: int = 0
) -> list[Difference]:
    if ours == theirs:
        return []
    if (
        len(ours) == len(theirs)
        and name_length_difference
        and all(
            x == y or normalise.differs_by_own_name(y, x, name_length_difference)
            for x, y in zip(ours, theirs)
        )
    ):
        return []
    marks = [
        line
        for line in difflib.unified_diff(ours, theirs, lineterm="", n=0)
        if not line.startswith(("---", "+++", "@@"))
    ]
    gone, come = [m[1:] for m in marks if m[0] == "-"], [m[1:] for m in marks if m[0] == "+"]
    if len(gone) == len(come):
        gone, come = map(list, zip(*(around_the_difference(a, b) for a, b in zip(gone, come))))
    return [
        Difference(
            aspect, "\n           ".join(gone) or "(no line)", "\n           ".join(come) or "(no line)"
        )
    ]


def around_the_difference(a: str, b: str) -> tuple[str, str]:
    """Two long lines cut down to where they begin to differ."""
    if max(len(a), len(b)) <= SHOWN_BYTES:
        return a, b
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    begin = max(0, at - 60)
    return tuple(
        f"{'...' if begin else ''}{line[begin:at + 240]}{'...' if len(line) > at + 240 else ''}"
        for line in (a, b)
    )


def compare_logs(
    nginx, uringx, name_length_difference: int, without_canary: bool = False
) -> list[Difference]:
    """The lines that came since mark_logs(), file by file; `without_canary` leaves the canary's lines out."""
    ours, theirs = nginx.new_lines(), uringx.new_lines()
    out = []
    for name in sorted(ours.keys() | theirs.keys()):
        aspect = "error_log" if name.startswith("error") else f"access_log:{name}"
        of_a_connection = normalise.line_of_a_connection if aspect == "error_log" else lambda line: True
        a = [
            normalise.text(line, nginx, normalise.LOG_LINE_RULES)
            for line in ours.get(name, [])
            if of_a_connection(line)
        ]
        b = [
            normalise.text(line, uringx, normalise.LOG_LINE_RULES)
            for line in theirs.get(name, [])
            if of_a_connection(line)
        ]
        if without_canary:
            a, b = ([line for line in lines if "GET /canary.txt" not in line] for lines in (a, b))
        out += compare_lines(aspect, a, b, 0 if aspect == "error_log" else name_length_difference)
    return out
