"""sub_filter, and slice where files are served: bodies, their heads, other filters and error pages beside them; `-t`."""
import gzip

from harness.config_texts import config_cases, each, http, location, server
from harness.run import run_case
from harness.site import Site, get, gets, head, post, request
from harness.tree import MTIME, text_of

LAST = "Tue, 14 Nov 2023 22:13:20 GMT"
assert MTIME == 1_700_000_000

# Several reads of a file, and more than one block on the way out; matches lie across multiples of 4096 and 32768.
LONG = text_of(200_000).replace(b"0004095\n", b"<needle>").replace(b"0000511\n0000512\n", b"____<NEEDLE>____")
FILES = {
    "f/page.html": b"<html><head><title>A page</title></HEAD><body>abcaBcAbABC ab bcd</body></html>\n",
    "f/abc.txt": b"xabcaBcAbABCab bcd",
    "f/long.html": LONG,
    "f/end.html": b"aabaab aab aa",
    "f/cut.html": b"x" * 4090 + b"a needle in a needle" + b"y" * 32758 + b"needle" * 3 + b"need",
    "f/empty.html": b"",
    "f/zipped.html": b"never asked for by name",
    "f/zipped.html.gz": gzip.compress(b"<p>abc</p>" * 20, mtime=0),
    "f/utf8.html": "Привет, мир — привет".encode(),
    "f/a.css": b"abc {}\n",
}

# Lines of the log without sizes: how a body is cut into chunks is a server's own.
FORMAT = "log_format plain '$request $status';"
LOG = "access_log logs/plain.log plain;"

MATCHING = """
    root f; default_type text/html;
    location /one/ { alias f/; sub_filter "</head>" "<script></script></head>"; }
    location /order/ { alias f/; sub_filter ab 1; sub_filter abc 2; sub_filter bcd [3]; sub_filter_once off; }
    location /order-once/ { alias f/; sub_filter abc 1; sub_filter ABC 2; sub_filter b 3; }
    location /cut-first/ { alias f/; sub_filter aab 1; sub_filter aa 2; sub_filter a 3; sub_filter_once off; }
    location /cut-last/ { alias f/; sub_filter a 3; sub_filter aab 1; sub_filter need 2; sub_filter needle 4; sub_filter_once off; }
    location /overlap/ { alias f/; sub_filter aab 1; sub_filter ab 2; sub_filter aa 3; sub_filter_once off; }
    location /remove/ { alias f/; sub_filter a ""; sub_filter_once off; }
    location /needle/ { alias f/; sub_filter needle "a much longer text than what it replaces"; sub_filter_once off; }
    location /absent/ { alias f/; sub_filter "not there" x; }
    location /utf8/ { alias f/; sub_filter "привет" "пока"; sub_filter_once off; }
    location /vars/ { alias f/; sub_filter "$arg_s" "[$uri$arg_r]"; sub_filter ab "$arg_r"; sub_filter_once off; }
    location /vars-once/ { alias f/; sub_filter "B$ARG_s" "[$arg_r]"; sub_filter x "$sent_http_content_type"; }
    location ~ ^/capture/(.*)/(.*)$ { alias f/$2; sub_filter "$1" "<$1>"; sub_filter_once off; }
    location /many/ { alias f/; sub_filter_once off;
        sub_filter a 1; sub_filter b 22; sub_filter c 333; sub_filter d 4444; sub_filter e ""; sub_filter " " "_"; sub_filter x a; }
"""
NAMES = ("page.html", "abc.txt", "long.html", "end.html", "cut.html", "empty.html", "utf8.html")

HEADS = """
    root f; types { text/html html; text/css css; text/plain txt; }
    sub_filter abc "<abc>";
    location /modified/ { alias f/; sub_filter_last_modified on; }
    location /types/ { alias f/; sub_filter_types text/css; }
    location /all/ { alias f/; sub_filter_types *; }
    location /inner/ { alias f/; sub_filter b B; location /inner/deep/ { alias f/; } location /inner/own/ { alias f/; sub_filter a A; } }
    location /once/ { alias f/; sub_filter_once off; }
    location /length/ { alias f/; add_header X-Length "$sent_http_content_length,$sent_http_last_modified,$sent_http_etag"; }
    location /return { default_type text/html; return 200 "abc abc"; }
    location /return-empty { default_type text/html; return 200 ""; }
    location /return-plain { default_type text/plain; return 200 "abc abc"; }
    location /redirect { return 302 /abc; }
    location /404/ { error_page 404 /page.html; sub_filter title TITLE; }
    location /plain-404/ { sub_filter "Not Found" "abc"; }
    location /trailer/ { alias f/; add_trailer T x; }
    location /gzip/ { alias f/; gzip on; gzip_min_length 1; gzip_types text/css; sub_filter_types text/css; sub_filter_once off; sub_filter b B; }
    location /static/ { alias f/; gzip_static on; sub_filter abc x; }
    location /always/ { alias f/; gzip_static always; gunzip on; sub_filter abc x; }
    location /if/ { alias f/; if ($arg_a) { expires 1h; } }
    location /no-chunks/ { alias f/; chunked_transfer_encoding off; }
    location /list/ { alias f/; autoindex on; sub_filter cut.html CUT; }
"""


def ways(*targets: str) -> list:
    kinds = {
        "GET": get,
        "HEAD": head,
        "POST": lambda t: post(t, b"abc"),
        "1.0": lambda t: get(t, version="HTTP/1.0"),
        "1.0 keep-alive": lambda t: get(t, "Connection: keep-alive", version="HTTP/1.0"),
        "range": lambda t: get(t, "Range: bytes=1-4"),
        "no such range": lambda t: get(t, "Range: bytes=9999-"),
        "modified since": lambda t: get(t, f"If-Modified-Since: {LAST}"),
        "match": lambda t: get(t, 'If-Match: "x"', "Connection: close"),
        "none match": lambda t: get(t, "If-None-Match: *"),
        "gzip": lambda t: get(t, "Accept-Encoding: gzip"),
    }
    return [(f"{kind} {target}", make(target)) for target in targets for kind, make in kinds.items()]


SITES = [
    Site("sub_filter: matching", http=FORMAT, server=LOG + MATCHING, files=FILES, cases=[
        *[gets(*(f"{place}{name}" for name in NAMES))
          for place in ("/one/", "/order/", "/order-once/", "/overlap/", "/cut-first/", "/cut-last/", "/remove/", "/needle/", "/absent/", "/utf8/", "/many/")],
        gets("/vars/abc.txt", "/vars/abc.txt?s=bcD&r=zz", "/vars/abc.txt?s=AB", "/vars/abc.txt?s=ab&r=A", "/vars/page.html?s=%61",
             "/vars/long.html?s=needle&r=X", "/vars-once/abc.txt", "/vars-once/abc.txt?s=c&r=X", "/vars-once/abc.txt?s=CAB",
             "/capture/abc/page.html", "/capture/ABC/page.html", "/capture/%3C/page.html", "/capture//abc.txt",
             "/capture/needle/long.html", "/capture/needle/cut.html"),
        ("two pipelined", get("/one/page.html") + get("/order/abc.txt")),
        ("HTTP/1.0", get("/needle/cut.html", version="HTTP/1.0")),
        ("HTTP/0.9", b"GET /one/page.html\r\n"),
    ]),
    Site("sub_filter: heads", http=FORMAT, server=LOG + HEADS, files=FILES, cases=[
        ways("/page.html", "/modified/page.html", "/return", "/gzip/page.html", "/static/zipped.html", "/always/zipped.html"),
        gets("/a.css", "/abc.txt", "/types/a.css", "/types/page.html", "/types/abc.txt", "/all/abc.txt", "/all/a.css", "/inner/page.html",
             "/inner/deep/page.html", "/inner/own/page.html", "/once/page.html", "/length/page.html", "/return-empty", "/return-plain",
             "/redirect", "/404/nothing", "/plain-404/nothing", "/nothing", "/trailer/page.html", "/if/page.html", "/if/page.html?a=1",
             "/no-chunks/page.html", "/list/", "/empty.html", "/f", "/long.html"),
        ("HEAD of nothing", head("/plain-404/nothing")),
        ("css compressed", get("/gzip/a.css", "Accept-Encoding: gzip")),
        ("long compressed", get("/gzip/long.html", "Accept-Encoding: gzip")),
        ("no method", request("BREW", "/page.html")),
    ]),
    Site("slice", server="""
        root html; slice 4;
        location /header/ { alias html/; add_header X "$slice_range"; }
        location /set/ { alias html/; set $s $slice_range; add_header X "[$s] [$slice_range]"; }
        location /off/ { alias html/; slice 0; set $s $slice_range; add_header X "[$s]"; }
        location /big/ { alias html/; slice 1m; set $s $slice_range; add_header X "[$s]"; }
        location /return { set $s $slice_range; return 200 "$s"; }
    """, cases=[
        gets("/ten.txt", "/header/ten.txt", "/set/ten.txt", "/off/ten.txt", "/big/ten.txt", "/return", "/set/", "/set/nothing"),
        [(f"{target} {value}", get(target, f"Range: {value}")) for target in ("/ten.txt", "/set/ten.txt", "/return", "/big/ten.txt")
         for value in ("bytes=0-1", "bytes=5-6", "bytes=9-", "bytes=-3", "bytes= 5-6", "bytes=  9-", "bytes=1-2,5-6", "BYTES=7-8", "bytes=",
                       "bytes=x", "bytes=4", "items=5-6", "bytes=9223372036854775807-", "bytes=9223372036854775808-",
                       "bytes=99999999999999999999-", "bytes=2097153-")],
        ("If-Range", get("/set/ten.txt", "Range: bytes=5-6", 'If-Range: "x"')),
        ("If-Range that holds", get("/set/ten.txt", "Range: bytes=5-6", f"If-Range: {LAST}")),
        ("HEAD", head("/set/ten.txt", "Range: bytes=5-6")),
    ]),
]


def test_sub_filter(site, case, pairs, judge, not_served_yet):
    run_case(site, case, pairs, judge, not_served_yet)


CONFIGS = [
    *each(location, 'sub_filter "" x;', "sub_filter a b;", "sub_filter a b; sub_filter a b;", "sub_filter a;", "sub_filter a b c;", "sub_filter;",
          "sub_filter $uri x; sub_filter $uri y;", "sub_filter $nonsense y;", "sub_filter a $nonsense;", 'sub_filter a "${b";',
          'sub_filter "${B" a;', "sub_filter $ a;", "sub_filter a $;", 'sub_filter a "";', "sub_filter $1 $2;", "sub_filter $URI $URI;",
          "if ($uri) { sub_filter a b; }", "limit_except GET { sub_filter a b; }", "sub_filter_once on; sub_filter_once off;",
          "sub_filter_once maybe;", "sub_filter_once;", "sub_filter_types text/html text/css text/css;", "sub_filter_types;",
          "sub_filter_types *;", "sub_filter_types * text/css;", "sub_filter_types text/css; sub_filter_types text/CSS;",
          "sub_filter_last_modified on;", "sub_filter_last_modified x;", "sub_filter_last_modified on; sub_filter_last_modified on;",
          "".join(f"sub_filter p{i} x;" for i in range(255)), "".join(f"sub_filter p{i} x;" for i in range(256)),
          "slice 1k;", "slice 0;", "slice 1k; slice 2k;", "slice x;", "slice -1;", "slice 1 2;", "slice;", "slice 1g;",
          "if ($uri) { slice 1k; }"),
    *each(server, "sub_filter a b;", "sub_filter_once off; sub_filter_types text/css; sub_filter_last_modified on;", "slice 1m;",
          "if ($uri) { sub_filter a b; }"),
    *each(http, "sub_filter a b;", 'sub_filter "" x;', "sub_filter_types text/html;", "slice 1m;"),
]


@config_cases(CONFIGS, prefix="sub_filter: ")
def test_sub_filter_config(case_id, text, check_config):
    check_config(case_id, text)
