"""Bodies recoded with charset_map, and their heads; the maps that come with nginx; `-t`."""
import gzip
from pathlib import Path

from harness.config_texts import config_cases, each, http, location, server
from harness.run import run_case
from harness.site import Site, get, gets, head, post

LAST = "Tue, 14 Nov 2023 22:13:20 GMT"
MAPS = {name: Path("/etc/nginx", name).read_bytes() for name in ("koi-utf", "koi-win", "win-utf")}
RUSSIAN = "Съешь же ещё этих мягких французских булок, да выпей чаю. ЁЖ №1 — «тест» € • ·"
FILES = {
    **MAPS,
    "f/koi.html": RUSSIAN.encode("koi8-r", "ignore"),
    "f/win.html": RUSSIAN.encode("cp1251"),
    "f/utf.html": RUSSIAN.encode(),
    "f/utf.txt": "é ö 漢字 😀 ё".encode(),
    "f/every.html": bytes(range(256)) * 3 + b"\x80",
    "f/ascii.html": b"<p>plain ascii</p>\n",
    "f/empty.html": b"",
    "f/broken.html": b"\xe2\x82\xac\xd0\x81 \xff \xc0\x80 \xe2\x28\xa1 \xc3\xc3 \xf0\x9f\x98\x80 \xf4\x90\x80\x80 \xed\xa0\x80 \xd1\x91\xc3\xa9\x00",
    "f/cut.html": b"a\xe2\x82",
    "f/cut2.html": b"a\xe0a",
    "f/cut3.html": b"\xd1\x91\xf0\x9f\x98",
    "f/long.html": (RUSSIAN * 2000).encode(),
    "f/long-koi.html": (RUSSIAN * 3000).encode("koi8-r", "ignore"),
    "f/unmapped.html": b"a\x81b\x82",
    "f/zipped.html": b"never asked for by name",
    "f/zipped.html.gz": gzip.compress("ёж <p>".encode("koi8-r") * 20, mtime=0),
}
# Lines of the log without sizes: how a body is cut into chunks is a server's own.
HTTP = """
    log_format plain '$request $status';
    types { text/html html; text/plain txt; text/css css; }
    include @PREFIX@/koi-utf; include @PREFIX@/koi-win; include @PREFIX@/win-utf;
    charset_map shifted koi8-r { 41 42; 42 43; e1 41; }
"""
SERVER = """
    access_log logs/plain.log plain;
    root f;
    location /koi-utf/ { alias f/; source_charset koi8-r; charset utf-8; }
    location /utf-koi/ { alias f/; source_charset UTF-8; charset KOI8-R; }
    location /koi-win/ { alias f/; source_charset koi8-r; charset windows-1251; }
    location /win-koi/ { alias f/; source_charset windows-1251; charset koi8-r; }
    location /win-utf/ { alias f/; source_charset windows-1251; charset utf-8; }
    location /utf-win/ { alias f/; source_charset utf-8; charset windows-1251; }
    location /shift/ { alias f/; source_charset shifted; charset koi8-r; }
    location /shift-back/ { alias f/; source_charset koi8-r; charset SHIFTED; }
    location /same/ { alias f/; source_charset Koi8-R; charset koi8-r; }
    location /only-source/ { alias f/; source_charset koi8-r; }
    location /var/ { alias f/; source_charset $arg_s; charset $arg_d; }
    location /types/ { alias f/; source_charset koi8-r; charset utf-8; charset_types text/css; }
    location /inner/ { alias f/; charset koi8-r; source_charset utf-8;
        location /inner/off/ { alias f/; charset off; }
        location /inner/win/ { alias f/; charset windows-1251; }
        location /inner/same/ { alias f/; source_charset koi8-r; } }
    location /gzip/ { alias f/; source_charset koi8-r; charset utf-8; gzip on; gzip_min_length 1; }
    location /static/ { alias f/; source_charset koi8-r; charset utf-8; gzip_static on; }
    location /static-bytes/ { alias f/; source_charset koi8-r; charset windows-1251; gzip_static on; }
    location /always/ { alias f/; source_charset koi8-r; charset utf-8; gzip_static always; gunzip on; }
    location /static-same/ { alias f/; charset utf-8; gzip_static on; }
    location /sub/ { alias f/; source_charset koi8-r; charset utf-8; sub_filter ascii "А"; }
    location /return { default_type text/html; source_charset utf-8; charset koi8-r; return 200 "привет ©"; }
    location /redirect { source_charset utf-8; charset koi8-r; return 302 /x; }
    location /404/ { source_charset utf-8; charset koi8-r; }
    location /404-page/ { error_page 404 /koi-utf/koi.html; }
    location /list/ { alias list/; autoindex on; source_charset utf-8; charset koi8-r; }
    location /list-utf/ { alias list/; autoindex on; source_charset koi8-r; charset utf-8; }
    location /list-xml/ { alias list/; autoindex on; autoindex_format xml; charset koi8-r; }
    location /list-xml-over/ { alias list/; autoindex on; autoindex_format xml; charset koi8-r; override_charset on; }
    location /trailer/ { alias f/; source_charset koi8-r; charset windows-1251; add_trailer T x; }
    location /if/ { alias f/; source_charset utf-8; if ($arg_a) { charset koi8-r; } if ($arg_b) { source_charset koi8-r; charset utf-8; } }
    location /header/ { alias f/; source_charset koi8-r; charset utf-8; add_header X "$sent_http_content_type $sent_http_content_length"; }
"""
RECODED = ("/koi-utf/", "/utf-koi/", "/koi-win/", "/win-koi/", "/win-utf/", "/utf-win/", "/shift/", "/shift-back/")
NAMES = ("koi.html", "win.html", "utf.html", "utf.txt", "every.html", "ascii.html", "empty.html", "broken.html", "long.html", "long-koi.html")


def ways(*targets: str) -> list:
    kinds = {
        "HEAD": head,
        "POST": lambda t: post(t, b"abc"),
        "1.0": lambda t: get(t, version="HTTP/1.0"),
        "range": lambda t: get(t, "Range: bytes=1-4"),
        "ranges": lambda t: get(t, "Range: bytes=0-2,5-9"),
        "no such range": lambda t: get(t, "Range: bytes=9999-"),
        "modified since": lambda t: get(t, f"If-Modified-Since: {LAST}"),
        "none match": lambda t: get(t, "If-None-Match: *"),
        "gzip": lambda t: get(t, "Accept-Encoding: gzip"),
    }
    return [(f"{kind} {target}", make(target)) for target in targets for kind, make in kinds.items()]


SITES = [
    Site("charset_map", http=HTTP, server=SERVER, files={**FILES, "list/ёлка.txt": b"1", "list/abc.txt": b"22"}, cases=[
        gets(*(f"{place}{name}" for place in RECODED for name in NAMES)),
        gets(*(f"/utf-koi/{name}.html" for name in ("cut", "cut2", "cut3"))),
        gets("/koi-utf/unmapped.html", "/koi-win/unmapped.html", "/same/koi.html", "/only-source/koi.html", "/types/utf.txt", "/types/koi.html",
             "/inner/utf.html", "/inner/off/utf.html", "/inner/win/utf.html", "/inner/same/utf.html", "/gzip/koi.html", "/always/zipped.html",
             "/static/koi.html", "/sub/ascii.html", "/return", "/redirect", "/404/nothing", "/404-page/nothing", "/list/", "/list-utf/",
             "/list-xml/", "/list-xml-over/", "/trailer/koi.html", "/if/utf.html", "/if/utf.html?a=1", "/if/koi.html?b=1", "/header/koi.html",
             "/koi-utf/nothing", "/koi-utf"),
        gets("/var/utf.html?s=utf-8&d=koi8-r", "/var/koi.html?s=KOI8-R&d=Utf-8", "/var/koi.html?s=koi8-r&d=koi8-R", "/var/koi.html?s=q&d=r",
             "/var/koi.html?s=q&d=Q", "/var/koi.html?s=koi8-r&d=r", "/var/koi.html?s=shifted&d=utf-8", "/var/a.css?s=q&d=r"),
        ways("/koi-utf/koi.html", "/koi-win/koi.html", "/utf-koi/broken.html", "/gzip/koi.html", "/static/zipped.html",
             "/static-bytes/zipped.html", "/static-same/zipped.html", "/always/zipped.html", "/return"),
    ]),
]


def test_charset(site, case, pairs, judge, not_served_yet):
    run_case(site, case, pairs, judge, not_served_yet)


CONFIGS = [
    *each(http, "charset_map a a {}", "charset_map a b {}", "charset_map a b {} charset_map B A {}", "charset_map a b {} charset_map a B {}",
          "charset_map a b {} charset_map a c {}", "charset_map a b { 80 }", "charset_map a b { 80; }", "charset_map a b { 80 90; 80 91; 801 91; }",
          "charset_map a b { zz 90; }", "charset_map a b { 80 zz; }", "charset_map a b { 80 100; }", "charset_map a b { 0080 090; }",
          "charset_map a utf-8 { 80 41; }", "charset_map a utf-8 { 80 c3; }", "charset_map a utf-8 { 80 c3a; }",
          "charset_map a utf-8 { 80 c3a9; 81 c3a9; }", "charset_map a utf-8 { 80 c3a941; }", "charset_map a utf-8 { 80 F0908080; }",
          "charset_map a utf-8 { 80 E282AC4; }", "charset_map a utf-8 { 80 E28241; }", "charset_map a utf-8 { 80 E08080; }",
          'charset_map a utf-8 { 80 ""; }', 'charset_map a b { "" 80; }', 'charset_map a b { 80 ""; }', "charset_map utf-8 a { 80 90; }",
          "charset_map a UTF-8 { 80 c3a9; }", "charset_map a UTF-8 { 80 E9; }", "charset_map a b { 80 90 91; }", "charset_map a b { 80 90 { } }",
          "charset_map a b { include koi; }", "charset_map a b { include koi x; }", "charset_map a { }", "charset_map a b c { }", "charset_map a b;",
          'charset_map "" b { }', "charset_map $x b { }", "charset_map a off { }", "charset_map a b { 80 90;", "charset_map a b { 80 90",
          "charset koi8-r; source_charset utf-8;", "charset koi8-r; source_charset utf-8; server { }",
          "server { charset koi8-r; source_charset utf-8; } charset_map koi8-r utf-8 { }",
          "server { charset koi8-r; source_charset utf-8; } charset_map UTF-8 KOI8-R { }",
          "server { charset koi8-r; source_charset UTF-8; } charset_map koi8-r utf-16 { }",
          "include /etc/nginx/koi-utf; include /etc/nginx/koi-win; include /etc/nginx/win-utf;",
          "include /etc/nginx/koi-utf; include /etc/nginx/koi-utf;"),
    *each(server, "charset_map a b { }", "source_charset koi8-r; location / { charset utf-8; }", "charset utf-8; location / { source_charset koi8-r; }",
          "source_charset a; charset b; location / { charset off; }", "source_charset a; charset $arg_x;", "source_charset a; charset A;"),
    *each(location, "override_charset x;", "override_charset on; override_charset on;", "charset koi8-r; source_charset off;",
          "source_charset off; charset off;", 'charset "";', 'source_charset ""; charset koi8-r;', "charset $;", "charset $a-b;",
          "charset $host$uri;", "charset a$b;", "source_charset $nonsense;", "source_charset;", "source_charset a; source_charset b;",
          "charset off; charset off;", "if ($uri) { charset a; source_charset b; }", "if ($uri) { charset_map a b { } }",
          "if ($uri) { override_charset on; }", "if ($uri) { charset_types text/css; }", "charset_types;"),
]


@config_cases(CONFIGS, prefix="charset: ")
def test_charset_config(case_id, text, check_config):
    check_config(case_id, text)
