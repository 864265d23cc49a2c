"""Breaks good configurations in small ways, from a fixed seed: the same mutants in every run.

Pure. A mutant keeps the line structure of its base text, so that line numbers in messages stay telling.
"""
from __future__ import annotations

import random
import re

Mutator = "Callable[[random.Random, list[str]], list[str] | None]"
BROKEN_VALUES = ["", "-1", "x", "0", "99999999999999999999", "1.5", "on", "off", "1k", "1h", '"', "'", "$",
    "$nonsense", "${", "/", "=", "~", "(", "\\", "{", "}", ";", "#", "\u00e4", "a b", "auto", "all", "~(",
    "=404", "@x"]
SWAPPED = ["worker_processes 2;", "worker_connections 10;", "listen 127.0.0.1:@P9@;", "server_name x;",
    "location /swapped { }", "server { listen 127.0.0.1:@P9@; }", "http { }", "events { }",
    "types { a/b c; }", "return 200;", "alias html;",
           "try_files a =404;", "internal;", "user nobody;", "log_format m x;",
    "limit_except GET { deny all; }", "client_header_timeout 5;", "server_tokens off;", "deny all;",
    "error_page 404 /x;", "pid x.pid;", "index a;", "merge_slashes off;", "expires 1h;"]


def directive_lines(lines: list[str]) -> list[int]:
    return [i for i, line in enumerate(lines) if line.strip() and not line.strip().startswith("#")]


def simple_lines(lines: list[str]) -> list[int]:
    return [i for i in directive_lines(lines) if lines[i].rstrip().endswith(";") and "{" not in lines[i]]


def replaced(lines: list[str], at: int, *new: str) -> list[str]:
    return lines[:at] + list(new) + lines[at + 1:]


def drop_semicolon(rng, lines):
    at = rng.choice(simple_lines(lines))
    return replaced(lines, at, lines[at].rstrip()[:-1])


def drop_brace(rng, lines):
    at = rng.choice([i for i in directive_lines(lines) if "{" in lines[i] or "}" in lines[i]])
    where = rng.choice([m.start() for m in re.finditer(r"[{}]", lines[at])])
    return replaced(lines, at, lines[at][:where] + lines[at][where + 1:])


def extra_brace(rng, lines):
    at = rng.choice(directive_lines(lines))
    return replaced(lines, at, lines[at] + rng.choice([" }", " {", " { }"]))


def swap_context(rng, lines):
    at = rng.choice(directive_lines(lines))
    return replaced(lines, at, lines[at], rng.choice(SWAPPED))


def move_line(rng, lines):
    simple = simple_lines(lines)
    at, to = rng.choice(simple), rng.choice(directive_lines(lines))
    rest = lines[:at] + [""] + lines[at + 1:]
    return rest[:to + 1] + [lines[at]] + rest[to + 1:]


def drop_argument(rng, lines):
    at = rng.choice(simple_lines(lines))
    words = lines[at].strip()[:-1].split()
    if len(words) < 2:
        return None
    words.pop(rng.randrange(1, len(words)))
    return replaced(lines, at, " ".join(words) + ";")


def add_argument(rng, lines):
    at = rng.choice(simple_lines(lines))
    return replaced(lines, at, lines[at].rstrip()[:-1] + " extra;")


def break_value(rng, lines):
    at = rng.choice(simple_lines(lines))
    words = lines[at].strip()[:-1].split()
    if len(words) < 2:
        return None
    words[rng.randrange(1, len(words))] = rng.choice(BROKEN_VALUES)
    return replaced(lines, at, " ".join(words) + ";")


def double_line(rng, lines):
    at = rng.choice(simple_lines(lines))
    return replaced(lines, at, lines[at], lines[at])


def misspell(rng, lines):
    at = rng.choice(directive_lines(lines))
    letters = [m.start() for m in re.finditer(r"[a-z]", lines[at].split()[0])]
    if not letters:
        return None
    where = len(lines[at]) - len(lines[at].lstrip()) + rng.choice(letters)
    return replaced(lines, at, lines[at][:where] + rng.choice("abcxyz_") + lines[at][where + 1:])


def insert_byte(rng, lines):
    at = rng.choice(directive_lines(lines))
    where = rng.randrange(len(lines[at]) + 1)
    return replaced(lines, at, lines[at][:where] + rng.choice("{};\"'\\#$ \t%=~@\u00e4") + lines[at][where:])


def drop_byte(rng, lines):
    at = rng.choice(directive_lines(lines))
    where = rng.randrange(len(lines[at]))
    return replaced(lines, at, lines[at][:where] + lines[at][where + 1:])


def cut_off(rng, lines):
    at = rng.choice(directive_lines(lines))
    return lines[:at] + [lines[at][:rng.randrange(len(lines[at]) + 1)]]


def join_lines(rng, lines):
    at = rng.choice(directive_lines(lines)[:-1])
    return lines[:at] + [lines[at] + (lines[at + 1] if at + 1 < len(lines) else ""), ""] + lines[at + 2:]


MUTATORS = [drop_semicolon, drop_brace, extra_brace, swap_context, move_line, drop_argument, add_argument,
    break_value, double_line, misspell, insert_byte, drop_byte, cut_off, join_lines]


def mutants(base: str, seed: int, per_mutator: int) -> list[tuple[str, str]]:
    """(name, text) of `per_mutator` different mutants for each way of breaking."""
    rng = random.Random(seed)
    found, seen = [], {base}
    for mutator in MUTATORS:
        made = 0
        for _ in range(per_mutator * 20):
            if made == per_mutator:
                break
            lines = mutator(rng, base.split("\n"))
            text = "\n".join(lines) if lines is not None else base
            if text not in seen:
                seen.add(text)
                made += 1
                found.append((f"{mutator.__name__} {made}", text))
    return found
