"""add_before_body and add_after_body: the bodies of subrequests round an answer, with methods, conditions, ranges, error pages,
compression and logs; `-t` on their right and wrong forms."""
from harness.config_texts import config_cases, each, http, location, server
from harness.run import run_case
from harness.site import Site, every_way, get, gets, head, post

# Without the bytes of the body: they count its chunks, which are cut elsewhere.
SHORT = """log_format short '$status "$request"'; """
FILES = {
    "p/main.html": b"<main>\n",
    "p/before.html": b"<before>\n",
    "p/after.html": b"<after>\n",
    "p/empty.html": b"",
    "p/main.txt": b"text\n",
    "p/dir/index.html": b"index of dir\n",
    "p/big.html": b"".join(b"%07d\n" % n for n in range(20000)),
}


SITES = [
    Site("addition", http=SHORT, server="""
        access_log logs/short.log short;
        root html;
        location / { add_before_body /b/before.html; add_after_body /b/after.html; }
        location /b/ { alias p/; }
        location /only/before/ { alias html/; add_before_body /b/before.html; }
        location /only/after/ { alias html/; add_after_body /b/after.html; }
        location /types/ { alias html/; add_before_body /b/before.html; addition_types text/plain; }
        location /any/ { alias html/; add_before_body /b/before.html; addition_types *; }
        location /none/ { alias html/; add_before_body ""; add_after_body /b/after.html; }
        location /args/ { alias html/; add_before_body /b/before.html?a=b; }
        location /relative/ { alias html/; add_before_body before.html; }
        location /missing/ { alias html/; add_before_body /b/nothing.html; add_after_body /b/nothing2.html; }
        location /folder/ { alias html/; add_before_body /b/dir/; add_after_body /b/dir; }
        location /empty/ { alias p/; add_before_body /b/empty.html; add_after_body /b/empty.html; }
        location /error/ { alias html/; add_before_body /b/before.html; error_page 404 /b/main.html; }
        location /error200/ { alias html/; add_before_body /b/before.html; error_page 404 =200 /only/after/a.html; }
        location /big/ { alias p/; add_before_body /b/big.html; add_after_body /b/big.html; }
        location /list/ { alias html/images/; autoindex on; add_after_body /b/after.html; }
        location /self/ { alias html/; add_before_body /self/a.html; }
    """, files=FILES, cases=[every_way("/a.html"),
        gets("/", "/ten.txt", "/only/before/a.html", "/only/after/a.html", "/types/ten.txt", "/types/a.html", "/types/a.css",
            "/any/a.png", "/any/ten.txt", "/none/a.html", "/args/a.html", "/relative/a.html", "/missing/a.html", "/folder/a.html",
            "/empty/main.html", "/empty/empty.html", "/error/nothing", "/error200/nothing", "/big/main.html", "/nothing", "/dir",
            "/self/a.html"),
        gets("/list/"),
        ("two pipelined", get("/a.html") + get("/only/after/a.html")),
        ("HEAD of big", head("/big/main.html"))]),
    Site("what a subrequest answers", http=SHORT, server="""
        access_log logs/short.log short;
        root html; add_before_body /before; add_after_body /after;
        location / { }
        location = /after { return 200 "<after $uri $args $request_uri $request_method $args>"; }
        location = /before { return 200 "<before $uri>"; }
        location /status/ { alias html/; add_before_body /s201; add_after_body /s404; }
        location = /s201 { return 201 "created"; }
        location = /s404 { return 404 "not found"; }
        location /pages/ { alias html/; add_before_body /s403; add_after_body /s500; }
        location = /s403 { return 403; }
        location = /s500 { return 500; error_page 500 /page; }
        location = /page { return 200 "<page>"; }
        location /redirects/ { alias html/; add_before_body /r301; add_after_body /r302; }
        location = /r301 { return 301 /x; }
        location = /r302 { return 302 /x; }
        location /nothing/ { alias html/; add_before_body /s204; add_after_body /empty; }
        location = /s204 { return 204; }
        location = /empty { return 200 ""; }
        location /denied/ { alias html/; add_before_body /deny/a.html; add_after_body /internal/a.html; }
        location /deny/ { deny all; alias html/; }
        location /internal/ { internal; alias html/; }
        location /auth/ { auth_basic a; auth_basic_user_file nothing; alias html/; }
        location /auths/ { alias html/; add_before_body /auth/a.html; }
        location /rewrites/ { alias html/; add_before_body /re/a.html; add_after_body /try/x; }
        location /re/ { rewrite ^/re/(.*)$ /deny/$1 last; }
        location /try/ { try_files /nothing @named; }
        location @named { return 200 "<named $uri>"; }
        location /autoindex/ { alias html/; add_before_body /list/; add_after_body /noindex/; }
        location /list/ { alias html/images/; autoindex on; }
        location /gif/ { alias html/; add_before_body /g.gif; }
        location = /g.gif { empty_gif; }
        location /loop/ { alias html/; add_before_body /lo/x; }
        location /lo/ { rewrite ^ /lo/y last; }
        location /fields/ { alias html/; add_before_body /field; }
        location = /field { add_header X-Sub a; expires 1d; return 200 "<$sent_http_x_sub $sent_http_expires>"; }
        location /charset/ { alias html/; charset utf-8; add_before_body /cs; }
        location = /cs { charset koi8-r; return 200 "cs"; }
    """, files=FILES, cases=[
        gets("/a.html?x=y", *[f"/{p}/a.html" for p in "status pages redirects nothing denied auths rewrites gif loop fields charset".split()]),
        gets("/autoindex/a.html"),
        ("404", get("/nosuch")),
        ("POST", post("/a.html", b"body"))]),
    Site("addition: logs", http="""
        log_format sub '$status "$request" $uri $args $request_length $request_completion $pipe $v';
        map $uri $v { default $uri; }
    """, server="""
        root html; access_log logs/sub.log sub;
        add_before_body /b/before.html?a; add_after_body /nothing.html;
        location / { log_subrequest on; }
        location /b/ { alias p/; log_subrequest on; }
        location /off/ { alias html/; log_subrequest off; }
        location /other/ { alias html/; add_before_body /own/before.html; }
        location /own/ { alias p/; log_subrequest on; access_log logs/own.log sub; }
        location /cond/ { alias html/; add_before_body /b/before.html; add_after_body /cond2; }
        location = /cond2 { log_subrequest on; access_log logs/cond.log sub if=$arg_x; return 200 "x"; }
        location /denylog/ { alias html/; add_before_body /unread/; }
        location /unread/ { alias html/unreadable/; }
    """, files=FILES, cases=[gets("/a.html", "/off/a.html", "/other/a.html", "/cond/a.html", "/cond/a.html?x=1", "/ten.txt", "/denylog/a.html"),
        ("HEAD", head("/a.html")), ("referer", get("/a.html", "Referer: http://x/"))]),
    Site("addition under limits", http="""
        limit_conn_zone $binary_remote_addr zone=one:1m; limit_req_zone $binary_remote_addr zone=rate:1m rate=1r/m; log_subrequest on;
        log_format limits "$uri $status $limit_conn_status $limit_req_status";
    """, server="""
        access_log logs/limits.log limits; limit_conn one 1;
        location / { add_before_body /before.txt; add_after_body /ten.txt; addition_types *; }
        location = /before.txt { return 200 "before "; }
        location /rate/ { alias html/; limit_req zone=rate burst=1 nodelay; add_after_body /rate/ten.txt; addition_types *; }
    """, cases=gets("/one.txt", "/rate/one.txt", "/rate/ten.txt")),
    Site("addition: compressed", http=SHORT, server="""
        access_log logs/short.log short;
        root html; gzip on; gzip_min_length 0;
        add_before_body /b/before.html; add_after_body /b/big.html;
        location / { }
        location /b/ { alias p/; gzip on; }
        location /vary/ { gzip_vary on; alias html/; }
        location /static/ { gzip_static on; alias p/; }
        location /unpack/ { alias html/; add_before_body /packed/x.html; }
        location /packed/ { alias p/; gzip_static always; gunzip on; }
    """, files=FILES, cases=[(f"{coding} {t}", get(t, f"Accept-Encoding: {coding}"))
        for coding in ("gzip", "identity") for t in ("/a.html", "/vary/a.html", "/b/big.html", "/ten.txt", "/nothing")]),
]


def test_addition(site, case, pairs, judge, not_served_yet):
    run_case(site, case, pairs, judge, not_served_yet)


TEXTS = ("add_before_body /a;", "add_before_body;", "add_before_body a b;", "add_before_body /a; add_before_body /b;", "add_before_body '';",
    "add_before_body $uri;", "add_after_body /a;", "add_after_body /a; add_after_body /a;", "addition_types text/plain;",
    "addition_types *;", "addition_types;", "addition_types text/html;", "addition_types a/b a/b;", "addition_types a/b; addition_types c/d;")
CASES = [(f"config addition: {name}", text) for name, text in [
    *each(http, *TEXTS), *each(server, *TEXTS[:3]), *each(location, *TEXTS, "if ($uri) { add_before_body /a; }",
        "limit_except GET { add_after_body /a; }")]]


@config_cases(CASES)
def test_addition_config(case_id, text, check_config):
    check_config(case_id, text)
