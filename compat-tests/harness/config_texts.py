"""The notation of configuration cases: a text put into its context, one case for each text, and the pytest items
made of them.

Owned by the test modules; pure functions. What a case is compared for is said by `configs.py`.
"""
from __future__ import annotations

import pytest


def main(text: str) -> str:
    return text + "\nevents { }\n"


def events(text: str) -> str:
    return f"pid t.pid; events {{\n{text}\n}}\n"


def http(text: str) -> str:
    return f"pid t.pid; events {{ }}\nhttp {{\n{text}\n}}\n"


def server(text: str) -> str:
    return http(f"server {{ listen 127.0.0.1:@P0@;\n{text}\n}}")


def location(text: str) -> str:
    return server(f"location / {{\n{text}\n}}")


def each(context, *texts: str) -> list:
    """One case for each text, named after context and text."""
    return [(f"{context.__name__}: {t}", context(t)) for t in texts]


def short(name: str) -> str:
    """A case's name as pytest's id: printable, of bounded length, without pytest's own separators."""
    shown = ascii(name if len(name) < 100 else name[:97] + "...")[1:-1]
    return shown.replace("::", ":.:").replace("[", "(").replace("]", ")")


def config_cases(rows, prefix: str = ""):
    """Decorates a test with the arguments `case_id` and `text`: one item for each (name, text). The prefix stands in
    the case's name (see known_differences.py), not in pytest's id."""
    names = [name for name, _ in rows]
    doubled = {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else None
    assert not doubled, f"two cases of one name: {doubled}"
    return pytest.mark.parametrize("case_id,text", [(prefix + name, text) for name, text in rows],
                                   ids=[short(name) for name in names])
