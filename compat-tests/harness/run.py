"""The one test body of all case tables; a test module only names its SITES."""
from __future__ import annotations

import re

import pytest

from .pair import NotServedYet

SHUTS_DOWN = "serves to the end and stops cleanly"
# For a site's last item: run again it would look at servers that nobody had asked anything.
ONLY_ONCE = pytest.mark.flaky(reruns=0)
END_TRIES = 4  # a third of the tries where the log line of the answer before the end keeps uringx for half a millisecond
UNSTEADY: list[str] = []  # cases whose connection once ended differently; printed in the summary


def run_case(site, case, pairs, judge, not_served_yet, transport=None):
    """Plays one case, over HTTP/1.1 or the transport; `case is None` is the site's last item: both servers stop, and
    uringx leaves no alert."""
    pair = pairs.get(site, transport)
    way = f"{transport.name}: " if transport else ""
    if case is None:
        differences = pairs.stop()
        if pair.not_served:
            not_served_yet(pair.not_served)
        judge(f"{way}{site.name}: {SHUTS_DOWN}", differences)
        return
    try:
        differences = pair.run(case)
        for _ in range(END_TRIES):
            # FIN or RST can hang on when a packet meets a closing socket: only what repeats is a difference.
            if not differences or any(d.aspect != "end" for d in differences):
                break
            UNSTEADY.append(way + case.id)
            differences = pair.run(case)
    except NotServedYet as refused:
        not_served_yet(refused.args[0])
    judge(way + case.id, differences, like=case.id if transport else None)


def slug(name: str) -> str:
    """pytest's ids want printable ASCII without its own separators."""
    return (
        re.sub(r"[^\x20-\x7e]", lambda m: f"\\x{ord(m.group()):02x}", name)
        .replace("::", ":.:")
        .replace("[", "(")
        .replace("]", ")")
    )
