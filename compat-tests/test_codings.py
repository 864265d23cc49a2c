"""Content codings: gzip with everything that decides for whom, gunzip, precompressed files; brotli and zstd, which nginx has in
modules of others only, at uringx alone."""
from __future__ import annotations

import gzip
import re
import shutil
import subprocess
import zlib

import pytest
from harness.client import play
from harness.config_texts import config_cases, each, location, server as in_server
from harness.run import run_case
from harness.site import Case, Link, Site, chunked, get, head, post, request

AE = "Accept-Encoding: gzip"
PROXY = "Via: 1.1 proxy"
MSIE6 = "User-Agent: Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)"
# Lines without the numbers that count compressed bytes.
FORMAT = 'log_format plain "$request $status $sent_http_content_encoding $request_completion";'
LOG = "access_log logs/plain.log plain;"

PAGE = "".join(f"<p>line {i} of a page that says the same all over again</p>\n" for i in range(2000))
TEXTS = {"page/index.html": PAGE, "page/plain.txt": PAGE, "page/small.html": "x" * 19, "page/twenty.html": "x" * 20,
         "page/empty.html": "", "page/picture.png": "png" * 100, "page/style.css": "a { b: c }\n" * 50,
         "page/UPPER.HTML": PAGE[:500], "page/404.html": "not here, not here, not here, not here\n"}


def accepts(*values: str, target="/index.html") -> list:
    return [(f"{target} Accept-Encoding: {value}", get(target, f"Accept-Encoding: {value}")) for value in values]


def asked_with(*lines: str, target="/index.html") -> list:
    return [(f"{target} {line}", get(target, AE, line)) for line in lines]


QUALITIES = accepts(
    "gzip", "GZIP", "gzip, deflate, br", "deflate, gzip", "deflate,gzip", "deflate;gzip", "x-gzip", "gzipx", "gzip x", "gzi", "", "*",
    "identity", "gzip;q=0", "gzip;q=0.0", "gzip;q=0.00", "gzip;q=0.000", "gzip;q=0.0000", "gzip;q=0.001", "gzip;q=0.0001",
    "gzip;q=1", "gzip;q=1.0", "gzip;q=1.000", "gzip;q=1.0000", "gzip;q=1.1", "gzip;q=2", "gzip;q=", "gzip;q", "gzip;", "gzip; q=1",
    "gzip ;q=1", "gzip; q = 1", "gzip;Q=0.5", "gzip;q=.5", "gzip;q=0.5,deflate", "gzip;q=0.5 , deflate", "gzip;q=0,gzip", "gzip;q=a",
    "gzip;q=0.a", "gzip;level=1", "gzip;level=1;q=1", "br;q=1, gzip;q=0.2", "*;q=0, gzip", "gzip\t", "\tgzip", "agzip, gzip", "gzip,", ",gzip",
    "gzip;q=0.5x", "gzip;q=1x", "gzip,,", "gzip;;q=1", "gzip;q=0.12,", "gzip;q=0. 5")

VIA = LOG + """
    gzip on; gzip_types text/plain; root page;
    location /off/ { alias page/; }
    location /any/ { alias page/; gzip_proxied any; }
    location /auth/ { alias page/; gzip_proxied auth; }
    location /expired/ { alias page/; gzip_proxied expired; expires $arg_e; }
    location /noexpired/ { alias page/; gzip_proxied no-cache; expires $arg_e; }
    location /nocache/ { alias page/; gzip_proxied no-cache no-store private; add_header Cache-Control $arg_c; }
    location /onlynocache/ { alias page/; gzip_proxied no-cache; add_header Cache-Control $arg_c; }
    location /nolm/ { alias page/; gzip_proxied no_last_modified; }
    location /noetag/ { alias page/; gzip_proxied no_etag; }
    location /noetagoff/ { alias page/; gzip_proxied no_etag; etag off; }
    location /text { gzip_proxied no_last_modified no_etag; return 200 "a text that is long enough to be worth it"; }
"""

SITES = [
    Site("gzip", files=TEXTS, http=FORMAT, server=LOG + """
        root page; gzip on; gzip_types text/css;
        location /text { return 200 "a text that is long enough to be worth it"; }
        location /created { return 201 "a text that is long enough to be worth it"; }
        location /short { return 200 "a text"; }
        location /forbidden { return 403; }
        location /error { return 500; }
        location /list/ { alias page/; autoindex on; }
        location /trailers/ { alias page/; add_trailer X-End $request_completion; }
        location /old/ { alias page/; chunked_transfer_encoding off; }
        location /noetag/ { alias page/; etag off; }
        location /ownetag/ { alias page/; etag off; add_header ETag abc; }
        location /weak/ { alias page/; etag off; add_header ETag 'W/"a"'; }
        location /charset/ { alias page/; charset utf-8; }
        location /page404/ { error_page 404 /404.html; }
        location /off/ { alias page/; gzip off; }
        location /if/ { alias page/; if ($arg_off) { gzip off; } }
    """, cases=[
        *QUALITIES,
        *[(t, get(t, AE)) for t in (
            "/", "/plain.txt", "/small.html", "/twenty.html", "/empty.html", "/picture.png", "/style.css", "/UPPER.HTML", "/text", "/created",
            "/short", "/forbidden", "/error", "/nowhere", "/list/", "/list", "/trailers/index.html", "/old/index.html", "/noetag/index.html",
            "/ownetag/index.html", "/weak/index.html", "/charset/index.html", "/page404/x", "/off/index.html", "/if/index.html",
            "/if/index.html?off=1")],
        ("HEAD", head("/index.html", AE)), ("HEAD of a small one", head("/small.html", AE)),
        ("HTTP/1.0", get("/index.html", AE, version="HTTP/1.0")),
        ("HTTP/1.0 keep-alive", get("/index.html", AE, "Connection: keep-alive", version="HTTP/1.0")),
        ("POST", post("/index.html", b"body", AE)), ("POST to a text", post("/text", b"body", AE)),
        ("a range", get("/index.html", AE, "Range: bytes=0-9")), ("a range of what is small", get("/small.html", AE, "Range: bytes=0-9")),
        ("If-None-Match of the strong one", get("/index.html", AE, 'If-None-Match: "5a4c2f00-1c5b8"')),
        ("If-None-Match *", get("/index.html", AE, "If-None-Match: *")),
        ("If-Modified-Since", get("/index.html", AE, "If-Modified-Since: Tue, 01 Jan 2030 00:00:00 GMT")),
        ("two lines", get("/index.html", "Accept-Encoding: deflate", AE)),
        ("a body that turns out to be malformed", chunked("/list/", b"zz\r\n", AE, method="GET")),
        ("a body that turns out to be malformed, a text", chunked("/text", b"zz\r\n", AE, method="GET")),
        ("pipelined", get("/index.html", AE) + get("/text", AE) + get("/small.html", AE)),
        ("msie6", get("/index.html", AE, MSIE6)), *asked_with(PROXY),
    ]),
    Site("gzip settings", files=TEXTS, http=FORMAT, server=LOG + """
        gzip on; root page;
        location /l/ { alias page/; gzip_comp_level 9; }
        location /l2/ { alias page/; gzip_comp_level 2; }
        location /l3/ { alias page/; gzip_comp_level 3; }
        location /min0/ { alias page/; gzip_min_length 0; }
        location /min/ { alias page/; gzip_min_length 200k; }
        location /all/ { alias page/; gzip_types *; }
        location /types/ { alias page/; gzip_types text/plain TEXT/CSS; }
        location /v10/ { alias page/; gzip_http_version 1.0; }
        location /vary/ { alias page/; gzip_vary on; }
        location /varyoff/ { alias page/; gzip_vary on; gzip off; }
        location /disable/ { alias page/; gzip_disable "msie6" "bad[ ]?bot"; }
        location /window/ { alias page/; gzip_window 16k; gzip_hash 8k; gzip_buffers 16 8k; }
        location /inherit/ { gzip_types text/css; location /inherit/deep/ { alias page/; } }
        location /post { gzip_min_length 1; return 200 "x"; }
    """, cases=[
        *[(t, get(t, AE)) for t in (
            "/l/index.html", "/l2/index.html", "/l3/index.html", "/min0/small.html", "/min0/empty.html", "/min/index.html", "/all/picture.png",
            "/all/plain.txt", "/types/plain.txt", "/types/style.css", "/types/index.html", "/v10/index.html", "/vary/index.html",
            "/vary/picture.png", "/vary/small.html", "/vary/nowhere", "/varyoff/index.html", "/window/index.html", "/inherit/deep/style.css",
            "/inherit/deep/index.html", "/post")],
        ("v10 HTTP/1.0", get("/v10/index.html", AE, version="HTTP/1.0")),
        ("v10 HTTP/1.0 keep-alive", get("/v10/index.html", AE, "Connection: keep-alive", version="HTTP/1.0")),
        ("vary, identity", get("/vary/index.html")), ("vary, HEAD", head("/vary/index.html", AE)),
        ("vary, 304", get("/vary/index.html", "If-None-Match: *")), ("vary, 304 of a picture", get("/vary/picture.png", "If-None-Match: *")),
        ("vary, range", get("/vary/index.html", "Range: bytes=0-9")),
        *asked_with(MSIE6, MSIE6.replace("5.1", "5.1; SV1"), "User-Agent: a bad bot", "User-Agent: BadBot/2", "User-Agent: Mozilla/5.0",
                    target="/disable/index.html"),
    ]),
    Site("gzip for proxies", files=TEXTS, http=FORMAT, server=VIA, cases=[
        *[(f"via {t}", get(t, AE, PROXY)) for t in (
            "/off/plain.txt", "/any/plain.txt", "/auth/plain.txt", "/expired/plain.txt", "/expired/plain.txt?e=-1", "/expired/plain.txt?e=1h",
            "/expired/plain.txt?e=epoch", "/noexpired/plain.txt?e=-1", "/nocache/plain.txt", "/nocache/plain.txt?c=no-cache",
            "/nocache/plain.txt?c=no-store", "/nocache/plain.txt?c=private", "/nocache/plain.txt?c=public", "/nocache/plain.txt?c=x-no-cache-y",
            "/nocache/plain.txt?c=NO-CACHE", "/onlynocache/plain.txt?c=no-store", "/nolm/plain.txt", "/noetag/plain.txt",
            "/noetagoff/plain.txt", "/text", "/nowhere")],
        ("auth with a password", get("/auth/plain.txt", AE, PROXY, "Authorization: Basic YTpi")),
        ("no proxy", get("/off/plain.txt", AE)),
    ]),
    Site("precompressed", http=FORMAT, files={
        "pre/a.html": PAGE, "pre/a.html.gz": gzip.compress(PAGE.encode(), mtime=0), "pre/plain.html": PAGE, "pre/onlygz.html.gz": gzip.compress(b"only", mtime=0),
        "pre/dir.html": "x", "pre/dir.html.gz/x": "", "pre/link.html": "x", "pre/link.html.gz": Link("a.html.gz"),
        "pre/dangling.html": "x", "pre/dangling.html.gz": Link("nowhere"), "pre/loop.html": "x", "pre/loop.html.gz": Link("loop.html.gz"),
        "pre/empty.html": "x", "pre/empty.html.gz": b"",
        "pre/two.html.gz": gzip.compress(b"first ", mtime=0) + gzip.compress(b"second", mtime=0), "pre/bad.html.gz": b"this is no gzip",
        "pre/cut.html.gz": gzip.compress(PAGE.encode(), mtime=0)[:500], "pre/trail.html.gz": gzip.compress(b"good", mtime=0) + b"trailing",
        "pre/large.html.gz": gzip.compress(PAGE.encode() * 40, mtime=0),
    }, server=LOG + """
        location /on/ { alias pre/; gzip_static on; }
        location /vary/ { alias pre/; gzip_static on; gzip_vary on; }
        location /always/ { alias pre/; gzip_static always; }
        location /alwaysvary/ { alias pre/; gzip_static always; gzip on; gzip_vary on; }
        location /unpack/ { alias pre/; gzip_static always; gunzip on; gunzip_buffers 4 4k; }
        location /unpackvary/ { alias pre/; gzip_static always; gunzip on; gzip_vary on; }
        location /unpackgzip/ { alias pre/; gzip_static always; gunzip on; gzip on; gzip_http_version 1.0; }
        location /both/ { alias pre/; gzip_static on; gzip on; }
        location /types/ { alias pre/; gzip_static on; types { text/x-own html; } }
        location /error/ { error_page 404 =200 /always/a.html; }
    """, cases=[
        *[(f"{t}{' gzip' if coded else ''}", get(t, *([AE] if coded else []))) for coded in (True, False) for t in (
            "/on/a.html", "/on/plain.html", "/on/onlygz.html", "/on/dir.html", "/on/link.html", "/on/dangling.html", "/on/loop.html", "/on/empty.html",
            "/on/nowhere.html", "/on/", "/on/a.html.gz", "/vary/a.html", "/vary/plain.html", "/vary/dir.html", "/always/a.html", "/always/plain.html", "/always/onlygz.html",
            "/always/two.html", "/unpack/a.html", "/unpack/two.html", "/unpack/bad.html", "/unpack/cut.html", "/unpack/trail.html", "/unpack/large.html",
            "/unpack/plain.html", "/unpackvary/a.html", "/unpackgzip/a.html", "/both/a.html", "/both/plain.html", "/types/a.html", "/error/x")],
        ("HEAD", head("/on/a.html", AE)), ("HEAD, unpacked", head("/unpack/a.html")), ("POST", post("/on/a.html", b"x", AE)),
        ("unpacked, HTTP/1.0", get("/unpack/a.html", version="HTTP/1.0")),
        ("304", get("/on/a.html", AE, "If-None-Match: *")), ("vary, 304", get("/vary/a.html", AE, "If-None-Match: *")),
        ("unpacked, 304", get("/unpack/a.html", "If-None-Match: *")),
        ("unpacked with vary, 304", get("/unpackvary/a.html", "If-None-Match: *")), ("always with vary, 304", get("/alwaysvary/a.html", "If-None-Match: *")),
        ("unpacked, range", get("/unpack/a.html", "Range: bytes=0-9")), ("range", get("/on/a.html", AE, "Range: bytes=0-9")),
        ("proxy", get("/on/a.html", AE, PROXY)), ("HTTP/1.0", get("/on/a.html", AE, version="HTTP/1.0")),
    ]),
]


def test_answers(site, case, pairs, judge, not_served_yet):
    run_case(site, case, pairs, judge, not_served_yet)


@config_cases([
    *each(location, "gzip on;", "gzip yes;", "gzip on; gzip off;", "gzip;", "gzip on on;", "gzip_comp_level 0;", "gzip_comp_level 10;", "gzip_comp_level 9;",
          "gzip_comp_level -1;", "gzip_comp_level x;", "gzip_comp_level 1; gzip_comp_level 2;", "gzip_types;", "gzip_types text/html;", "gzip_types a/b a/b;",
          "gzip_types *;", "gzip_types * a/b;", "gzip_min_length x;", "gzip_min_length 1k;", "gzip_min_length 1m; gzip_min_length 2m;", "gzip_vary on;",
          "gzip_vary 1;", "gzip_http_version 1.0;", "gzip_http_version 1.1;", "gzip_http_version 2;", "gzip_http_version 1.0; gzip_http_version 1.1;",
          "gzip_proxied any;", "gzip_proxied any any;", "gzip_proxied no-cache no-store;", "gzip_proxied x;", "gzip_proxied off; gzip_proxied any;",
          "gzip_disable msie6;", "gzip_disable msie6 a b;", "gzip_disable (;", "gzip_disable a; gzip_disable b;", "gzip_window 1000;", "gzip_window 4k;",
          "gzip_window 64k;", "gzip_hash 4k;", "gzip_hash 256k;", "gzip_buffers 4 8k;", "gzip_buffers 4;", "gzip_buffers x 8k;", "postpone_gzipping 1k;", "gzip_no_buffer on;",
          "gzip_static on;", "gzip_static always;", "gzip_static off;", "gzip_static maybe;", "gzip_static on; gzip_static on;", "gzip_static;", "gunzip on;", "gunzip 1;",
          "gunzip on; gunzip on;", "gunzip_buffers 4 8k;", "gunzip_buffers 4;", "gunzip_buffers 0 8k;", "if ($uri) { gzip on; }", "if ($uri) { gzip_static on; }",
          "if ($uri) { gzip_vary on; }", "add_header X $gzip_ratio;"),
    *each(in_server, "gzip on;", "gzip_static on;", "gunzip on;", "if ($uri) { gzip on; }"),
], prefix="codings: ")
def test_verdict(case_id, text, check_config):
    check_config(case_id, text)


# --- brotli and zstd: uringx alone ----------------------------------------------------------------------------------

DECODERS = {None: lambda body: body, "gzip": gzip.decompress,
            "br": lambda body: subprocess.run(["brotli", "-dc"], input=body, capture_output=True, check=True).stdout,
            "zstd": lambda body: subprocess.run(["zstd", "-dc"], input=body, capture_output=True, check=True).stdout}
MODERN = Site("brotli and zstd", files={
    **TEXTS, "page/random.bin.html": "".join(chr(33 + (i * i * 7919 + i // 3) % 90) for i in range(300_000)),
    "pre/a.html": PAGE, "pre/a.html.gz": "g" * 300, "pre/a.html.br": "b" * 100, "pre/a.html.zst": "z" * 200,
    "pre/b.html": PAGE, "pre/b.html.gz": "g" * 100, "pre/b.html.br": "b" * 300, "pre/c.html": PAGE, "pre/c.html.zst": "z" * 200,
}, http="log_format ratio '$gzip_ratio $brotli_ratio $zstd_ratio'; access_log logs/ratio.log ratio;", server="""
    root page; brotli on; zstd on; gzip on; gzip_vary on; brotli_types text/css; brotli_min_length 100; zstd_min_length 30;
    location /l/ { alias page/; gzip off; zstd off; brotli_comp_level 11; brotli_window 1k; }
    location /l0/ { alias page/; gzip off; zstd off; brotli_comp_level 0; }
    location /z/ { alias page/; gzip off; brotli off; zstd_comp_level 1; }
    location /z9/ { alias page/; gzip off; brotli off; zstd_comp_level 19; }
    location /pre/ { gzip_static on; brotli_static on; zstd_static on; root .; }
    location /prebr/ { alias pre/; brotli_static always; }
""", cases=[("GET", get("/"))])


@pytest.fixture(scope="module")
def modern(workspace, binaries):
    if "nginx" in binaries[1]:
        pytest.skip("nginx alone has neither")
    made = workspace.server(binaries[1], "uringx")
    for name, content in MODERN.files.items():
        path = made.prefix / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    made.start(MODERN.text())
    yield made
    assert made.stop() == 0 and "[alert]" not in made.log_text("error.log")


def fetch(server, target: str, accept: str | None, *lines: str, method="GET"):
    fields = ([f"Accept-Encoding: {accept}"] if accept else []) + ["Connection: close", *lines]
    return play(Case("one", [request(method, target, *fields)], canary=None, logs=False), server).responses[0]


@pytest.mark.parametrize("accept, coding", [
    ("gzip", "gzip"), ("br", "br"), ("zstd", "zstd"), ("gzip, br, zstd", "br"), ("gzip, zstd", "zstd"), ("gzip, deflate, br", "br"),
    ("gzip;q=1, br;q=0.5", "gzip"), ("gzip;q=0.5, br;q=0.4, zstd;q=0.6", "zstd"), ("br;q=0, zstd;q=0, gzip", "gzip"), ("br;q=0", None), (None, None),
    ("*", None), ("brotli", None), ("identity", None)])
def test_the_client_chooses(modern, accept, coding):
    answer = fetch(modern, "/index.html", accept)
    assert answer.header("Content-Encoding") == coding and answer.header("Vary") == "Accept-Encoding"
    assert DECODERS[coding](answer.body).decode() == PAGE
    assert (answer.header("ETag") or "").startswith("W/") == (coding is not None)
    of_head = fetch(modern, "/index.html", accept, method="HEAD")
    without = lambda fields: [(n, v) for n, v in fields if n not in ("Transfer-Encoding", "Date")]
    assert without(of_head.headers) == without(answer.headers)


@pytest.mark.parametrize("folder, accept", [("/l", "br"), ("/l0", "br"), ("/z", "zstd"), ("/z9", "zstd")])
@pytest.mark.parametrize("name", ["index.html", "random.bin.html", "twenty.html", "empty.html"])
def test_levels(modern, folder, accept, name):
    answer = fetch(modern, f"{folder}/{name}", accept)
    assert DECODERS[answer.header("Content-Encoding")](answer.body).decode() == MODERN.files[f"page/{name}"]
    assert answer.header("Content-Encoding") == (accept if len(MODERN.files[f"page/{name}"]) >= 100 else None)


@pytest.mark.parametrize("name, accept, coding", [
    ("a", "gzip, br, zstd", "br"), ("a", "gzip, zstd", "zstd"), ("a", "gzip", "gzip"), ("a", "gzip;q=1, br;q=0.9", "gzip"), ("b", "gzip, br, zstd", "gzip"),
    ("b", "br;q=1, gzip;q=0.1", "br"), ("c", "gzip, br, zstd", "zstd")])
def test_precompressed_files(modern, name, accept, coding):
    answer = fetch(modern, f"/pre/{name}.html", accept)
    suffix = {"gzip": "gz", "br": "br", "zstd": "zst"}[coding]
    content = MODERN.files[f"pre/{name}.html.{suffix}"].encode()
    assert answer.header("Content-Encoding") == coding and answer.body == content and answer.header("Vary") == "Accept-Encoding"
    etag = answer.header("ETag")
    assert etag and etag != fetch(modern, f"/pre/{name}.html", None).header("ETag")
    assert fetch(modern, f"/pre/{name}.html", accept, f"If-None-Match: {etag}").status == 304
    part = fetch(modern, f"/pre/{name}.html", accept, "Range: bytes=10-19", f"If-Range: {etag}")
    assert part.status == 206 and part.body == content[10:20] and part.header("Content-Encoding") == coding


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")
@pytest.mark.parametrize("target, coding", [
    ("/index.html", "gzip"), ("/index.html", "br"), ("/index.html", "zstd"), ("/l/index.html", "br"), ("/z/index.html", "zstd")])
def test_curl_unpacks(modern, target, coding):
    url = f"http://127.0.0.1:{modern.ports[0]}{target}"
    said = subprocess.run(["curl", "-s", "-D-", "--compressed", "-H", f"Accept-Encoding: {coding}", url], capture_output=True, check=True)
    fields, _, body = said.stdout.partition(b"\r\n\r\n")
    assert f"Content-Encoding: {coding}".encode() in fields.split(b"\r\n") and body.decode() == PAGE


def test_always(modern):
    assert fetch(modern, "/prebr/a.html", None).header("Content-Encoding") == "br"


def test_ratios_are_logged(modern):
    before = len(modern.log_text("ratio.log").splitlines())
    for accept in ("gzip", "br", "zstd", "identity"):
        fetch(modern, "/index.html", accept)
    lines = modern.log_text("ratio.log").splitlines()[before:]
    ratio = r"\d+\.\d\d"
    assert [bool(re.fullmatch(pattern, line)) for pattern, line in zip(
        (f"{ratio} - -", f"- {ratio} -", f"- - {ratio}", "- - -"), lines)] == [True] * 4, lines


@pytest.mark.parametrize("text, says", [
    ("brotli_comp_level 12;", "value must be between 0 and 11"), ("brotli_window 3k;", '"brotli_window" directive must be a power of two between 1k and 16m'),
    ("zstd_comp_level 0;", "value must be between 1 and 22"), ("brotli_static maybe;", 'invalid value "maybe"'), ("zstd maybe;", 'invalid value "maybe" in "zstd" directive')])
def test_refused(workspace, binaries, text, says):
    if "nginx" in binaries[1]:
        pytest.skip("nginx alone has neither")
    made = workspace.server(binaries[1], "uringx")
    made.write_config(f"events {{ }} http {{ {text} }}")
    shown = subprocess.run([binaries[1], "-t", "-p", f"{made.prefix}/", "-c", "nginx.conf"], capture_output=True, text=True)
    assert shown.returncode == 1 and says in shown.stderr and re.search(r"in \S+:1$", shown.stderr, re.M)


def test_a_body_of_many_turns(modern):
    target = modern.prefix / "page/large.html"
    target.write_text(PAGE * 100)
    answer = fetch(modern, "/large.html", "gzip")
    assert zlib.crc32(gzip.decompress(answer.body)) == zlib.crc32((PAGE * 100).encode())
