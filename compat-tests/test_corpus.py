"""Real configuration files (../shared/corpus beside the project): the share nginx accepts and the share
uringx accepts, per reason.

No threshold: the numbers are printed. But uringx must answer each of them: no signal, no time-out, and an
[emerg] sentence when it refuses.
"""
import collections
import os
import pathlib
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


# What may be refused: directives of these kinds, by the beginning of their names. Everything else that nginx has for
# answering from files is served.
NOT_SERVED_KINDS = {
    "compression": r"gzip(_\w+)?|gunzip(_\w+)?|brotli(_\w+)?|zstd(_\w+)?",
    "body filters": r"ssi(_\w+)?|sub_filter(_\w+)?|add_before_body|add_after_body|addition_types|slice|image_filter(_\w+)?"
    r"|xml_entities|xslt_\w+",
    "media and WebDAV": r"mp4(_\w+)?|flv|dav_\w+|create_full_put_path|min_delete_depth",
    "limits": r"limit_(req|conn|rate)(_\w+)?",
    "HTTP/3": r"http3(_\w+)?|quic_\w+",
    "proxying": r"proxy_\w+|upstream|mirror(_\w+)?|auth_request(_\w+)?|post_action",
    "FastCGI and its kin": r"(fastcgi|uwsgi|scgi|grpc|memcached)_\w+|perl(_\w+)?",
    "mail": r"mail",
    "stream": r"stream",
}


def kind_of(error: str, nginx_binary: bytes) -> str | None:
    """Which of the kinds that may be refused a refusal names; None: none of them."""
    directive = re.search(r'the directive "([^"]+)" of ngx_\w+ is known to nginx but not served', error)
    if directive:
        return next((k for k, names in NOT_SERVED_KINDS.items() if re.fullmatch(names, directive.group(1))), None)
    variable = re.search(r'the "(geoip|upstream|proxy|fastcgi)_\w+" variable is known to nginx but not served', error)
    if variable:
        return f"a variable of {variable.group(1)}"
    unknown = re.search(r'unknown directive "([^"]+)"', error)
    if unknown and b"\0" + unknown.group(1).encode() + b"\0" not in nginx_binary:
        return "a third-party module"
    return None


def test_refusals_name_what_is_not_about_files(corpus, binaries, reports, is_self_check):
    """A file that nginx accepts is refused for nothing but what proxies, compresses or limits."""
    if is_self_check:
        pytest.skip("nginx refuses none of them")
    ours, theirs = corpus
    accepted = {r[0] for r in ours if r[1] == "ok"}
    nginx_binary = pathlib.Path(os.path.realpath(binaries[0])).read_bytes()
    kinds = collections.Counter()
    others = []
    for name, verdict, error in theirs:
        if verdict == "ok" or name not in accepted:
            continue
        kind = kind_of(error, nginx_binary)
        kinds[kind] += 1
        if kind is None:
            others.append(f"{name}: {error}")
    reports.extend(f"  {count:4d}  refused for {kind}" for kind, count in kinds.most_common())
    assert not others, "\n".join(others)


KINDS = [
    ('[emerg] the directive "proxy_pass" of ngx_http_proxy_module is known to nginx but not served by uringx yet in f:1', "proxying"),
    ('[emerg] the directive "stream" of ngx_stream_module is known to nginx but not served by uringx yet in f:1', "stream"),
    ('[emerg] the "ssl" parameter of the "listen" directive is known to nginx but not served by uringx yet in f:1', None),
    ('[emerg] the directive "ssl_ciphers" of ngx_http_ssl_module is known to nginx but not served by uringx yet in f:1', None),
    ('[emerg] the directive "http2_push" of ngx_http_v2_module is known to nginx but not served by uringx yet in f:1', None),
    ('[emerg] the "ssl_protocol" variable is known to nginx but not served by uringx yet', None),
    ('[emerg] the directive "map" of ngx_http_map_module is known to nginx but not served by uringx yet in f:1', None),
    ('[emerg] unknown directive "more_set_headers" in f:1', "a third-party module"),
    ('[emerg] unknown directive "root" in f:1', None),
    ('[emerg] invalid port in "x" of the "listen" directive in f:1', None),
]


@pytest.mark.parametrize("error,kind", KINDS, ids=[k[0][8:40] for k in KINDS])
def test_refusals_are_sorted(error, kind):
    assert kind_of(error, b"\0root\0map\0") == kind
