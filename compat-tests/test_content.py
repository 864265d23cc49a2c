"""What a location answers with and what is added to it: empty_gif, random_index, userid, add_trailer, and these together
with error pages, ranges, conditions and HEAD; `-t` on their right and wrong forms."""
from harness.config_texts import config_cases, each, http, location, server
from harness.run import run_case
from harness.site import Site, every_way, get, gets, head, post, request

ID = "fwAAAWsDLC9wHQJNAwMDAg"  # 16 bytes: a number of this module, some years old


def cookie(value: str) -> str:
    return f"Cookie: {value}"


# nginx closes the connection after a 412 though it said to keep it; asked for, it is no difference.
CLOSE = "Connection: close"


SITES = [
    Site("empty_gif", server="""
        root html;
        location = /e.gif { empty_gif; }
        location /in/ { empty_gif; add_header X-A a; expires modified 1d; location /in/ner { } }
        location /etag { empty_gif; add_header ETag '"e"'; add_header Last-Modified "Tue, 14 Nov 2023 22:13:20 GMT"; }
        location /type { empty_gif; types { text/x gif; } default_type text/y; charset utf-8; }
        location /page { error_page 405 /ten.txt; empty_gif; }
        location /deny { deny all; empty_gif; }
        location /try { try_files /nothing /e.gif; }
    """, cases=[every_way("/e.gif"),
        gets("/in/", "/in/x", "/in/ner", "/in/ner/", "/etag", "/type", "/type.gif", "/deny", "/try", "/e.gif?x"),
        ("PUT", request("PUT", "/e.gif")), ("POST to a page", post("/page", b"x")), ("DELETE", request("DELETE", "/e.gif")),
        ("two pipelined", get("/e.gif") + get("/e.gif"))]),
    Site("index under the alias of a regular expression", server="""
        location ~ ^/list/(.*)$ { alias html/$1; autoindex on; index none.html; }
        location ~ ^/second/(.*)$ { alias html/$1; index none.html index.html; }
        location ~ ^/none/(.*)$ { alias html/$1; }
    """, cases=[gets("/list/", "/second/", "/none/", "/none/dir/", "/list/dir/", "/second/dir/", "/list/ten.txt")]),
    Site("random_index", server="""
        root html;
        location / { random_index on; }
        location /off/ { random_index off; alias html/en/; }
        location /al/ { alias html/en/; random_index on; }
        location /types/ { alias html/en/; random_index on; types { text/x html; } add_header X-A $uri; }
        location /auto/ { alias html/reallyempty/; random_index on; autoindex on; add_header X-A a; }
        location /index/ { alias html/reallyempty/; random_index on; index x /ten.txt; }
        location /page/ { alias html/reallyempty/; random_index on; error_page 403 /errors/403.html; }
        location /nodir/ { alias html/nowhere/; random_index on; }
        location /file/ { alias html/ten.txt/; random_index on; }
        location /closed/ { alias html/unreadable/; random_index on; }
        location /outer/ { alias html/en/; random_index on; location /outer/in/ { alias html/de/; } }
        location /deny/ { alias html/en/; random_index on; location ~ html$ { deny all; } }
    """, cases=[every_way("/en/"),
        gets("/images/deep/", "/noindex/inner/", "/emptydir/", "/reallyempty/", "/indexdir/", "/indexdir/index.html/",
            "/off/", "/al/", "/al", "/types/", "/auto/", "/index/", "/page/", "/nodir/", "/file/", "/closed/",
            "/outer/", "/outer/in/", "/deny/", "/en/?a=b", "/en", "/en/page.html", "/missing/"),
        ("PUT", request("PUT", "/en/")), ("HEAD of nothing", head("/reallyempty/"))]),
    Site("userid", http="""
        log_format uid "$status got=$uid_got set=$uid_set reset=$uid_reset";
    """, server=r"""
        root html; userid on; access_log logs/uid.log uid;
        location / { }
        location /vars { return 200 "$uid_got|$uid_set|$uid_reset\n"; }
        location /off/ { userid off; alias html/; }
        location /log/ { userid log; alias html/; }
        location /v1 { userid v1; return 200 "$uid_got|$uid_set\n"; }
        location /v1s { userid v1; userid_service 258; return 200 "$uid_set\n"; }
        location /service { userid_service 16909060; return 200 "$uid_set\n"; }
        location /name { userid_name cid; return 200 "$uid_got|$uid_set\n"; }
        location /domain { userid_domain example.com; return 204; }
        location /nodomain { userid_domain none; userid_path ""; return 204; }
        location /path { userid_path /p; userid_domain .a.b; userid_expires max; return 204; }
        location /session { userid_expires off; return 204; }
        location /hour { userid_expires 1h; return 204; }
        location /flags1 { userid_flags secure; return 204; }
        location /flags2 { userid_flags secure httponly samesite=strict; return 204; }
        location /flags3 { userid_flags samesite=lax HttpOnly; return 204; }
        location /flags4 { userid_flags samesite=none; return 204; }
        location /flags5 { userid_flags off; return 204; }
        location /p3p { userid_p3p 'policyref="/w3c/p3p.xml", CP="CUR"'; return 200 x; }
        location /nop3p { userid_p3p none; return 200 x; }
        location /mark { userid_mark A; userid_p3p P; userid_expires max; return 200 "$uid_got|$uid_set\n"; }
        location /eq { userid_mark =; return 200 "$uid_got|$uid_set\n"; }
        location /all { userid_mark 7; userid_domain d; userid_flags httponly; add_header X-S $uid_set; return 200 x; }
        location /404 { error_page 404 /vars; return 404; }
        location /named { error_page 404 @n; return 404; }
        location @n { return 200 "$uid_set\n"; }
        location /gif { empty_gif; }
        location /auto/ { autoindex on; }
    """, cases=[
        gets("/ten.txt", "/vars", "/off/ten.txt", "/log/ten.txt", "/v1", "/v1s", "/service", "/name", "/domain",
            "/nodomain", "/path", "/session", "/hour", "/flags1", "/flags2", "/flags3", "/flags4", "/flags5", "/p3p",
            "/nop3p", "/mark", "/eq", "/all", "/404", "/named", "/gif", "/missing", "/dir", "/auto/sub/"),
        *[(f"{t} with {c}", get(t, cookie(c))) for t in ("/vars", "/mark", "/eq", "/log/ten.txt", "/off/ten.txt") for c in (
            f"uid={ID}==", f"uid={ID}A=", f"uid={ID}", f"uid={ID}xyz", f"a=b; uid={ID}==; c=d", f"UID={ID}==", "uid=short",
            "uid=", "uid=!!!!!!!!!!!!!!!!!!!!!!!!", "uid=AAAAAAAAAAAAAAAAAAAAAA==", f"cid={ID}==", "uid=AAAAAAAAAAA=AAAAAAAAAA==")],
        ("own name", get("/name", cookie(f"cid={ID}=="))), ("two cookies", get("/vars", cookie("uid=x"), cookie(f"uid={ID}=="))),
        ("HEAD", head("/ten.txt")), ("304", get("/ten.txt", "If-None-Match: *")), ("206", get("/ten.txt", "Range: bytes=1-2")),
        ("416", get("/ten.txt", "Range: bytes=99-")), ("412", get("/ten.txt", 'If-Match: "x"', CLOSE)), ("400", b"GET / HTTP/1.1\r\n\r\n"),
        ("405", post("/ten.txt")), ("known client", get("/ten.txt", cookie(f"uid={ID}==")))]),
    Site("add_trailer", http="""
        log_format t "$status $sent_trailer_x_a|$sent_http_content_length|$sent_http_transfer_encoding";
    """, server=r"""
        root html; access_log logs/t.log t; sendfile on; add_trailer X-S server;
        location / { }
        location /own/ { add_trailer X-A "a $uri"; add_trailer x-b b; alias html/; }
        location /always/ { add_trailer X-A a always; add_trailer X-B b; alias html/; error_page 403 /own/ten.txt; }
        location /empty/ { add_trailer X-A ""; add_trailer X-B $arg_b; alias html/; }
        location /off/ { chunked_transfer_encoding off; add_trailer X-A a; alias html/; }
        location /auto/ { add_trailer X-A a; autoindex on; }
        location /gif { add_trailer X-A a; empty_gif; }
        location /ret { add_trailer X-A "$status $sent_http_content_type"; return 200 "x\n"; }
        location /ret404 { add_trailer X-A a; return 404; }
        location /ret404a { add_trailer X-A a always; return 404; }
        location /ret301 { add_trailer X-A a; return 301 /x; }
        location /ret204 { add_trailer X-A a; return 204; }
        location /ret433 { add_trailer X-A a always; return 433; }
        location /none { return 200 ""; }
        location /page/ { error_page 404 = /own/ten.txt; error_page 416 /always/ten.txt; alias html/; add_trailer X-P p; }
        location /index/ { add_trailer X-A a; alias html/dir/; }
        location /both/ { add_trailer X-A a; add_header Trailer X-A; add_header X-A h; alias html/; }
    """, cases=[every_way("/own/ten.txt", "/always/ten.txt"),
        gets("/ten.txt", "/missing", "/own/empty.txt", "/own/missing", "/always/missing", "/always/unreadable.txt",
            "/empty/ten.txt", "/empty/ten.txt?b=1", "/off/ten.txt", "/auto/sub/", "/gif", "/ret", "/ret404", "/ret404a",
            "/ret301", "/ret204", "/ret433", "/none", "/page/missing", "/page/ten.txt", "/index/", "/own/dir",
            "/both/ten.txt", "/own/64k.bin"),
        ("416 with a page", get("/page/ten.txt", "Range: bytes=99-")), ("off 416", get("/off/ten.txt", "Range: bytes=99-")),
        ("off HEAD", head("/off/ten.txt")), ("off 1.0", get("/off/ten.txt", version="HTTP/1.0")),
        ("two pipelined", get("/own/ten.txt") + get("/ret")), ("HEAD auto", head("/auto/sub/"))]),
    Site("what add_header does to the known fields", server="""
        root html;
        location /tag/ { add_header etag '"mine"'; add_header X-A $sent_http_etag; alias html/; }
        location /tagafter/ { add_header X-A a; add_header ETag '"mine"'; etag off; alias html/; }
        location /notag/ { add_header ETag ""; add_header Last-Modified ""; alias html/; }
        location /lm/ { add_header last-modified "Mon, 01 Jan 2001 00:00:00 GMT"; add_header X-L $sent_http_last_modified; alias html/; }
        location /bad/ { add_header Last-Modified "no date" always; alias html/; }
        location /ret { add_header X-A a; add_header ETag '"r"'; return 200 x; }
        location /cc/ { add_header Cache-Control public; add_header Cache-Control no-transform; expires 1d; alias html/; }
        location /list/ { autoindex on; add_header ETag '"l"'; expires max; alias html/reallyempty/; }
        location /page/ { error_page 404 /lm/ten.txt; error_page 416 = /tag/ten.txt; expires 1h; add_header X-P p always; alias html/; }
    """, cases=[every_way("/tag/ten.txt", "/lm/ten.txt"),
        gets("/tagafter/ten.txt", "/notag/ten.txt", "/bad/ten.txt", "/bad/missing", "/ret", "/cc/ten.txt", "/cc/missing",
            "/list/", "/page/missing", "/page/ten.txt", "/tag/missing", "/lm/dir"),
        ("416 with a page", get("/page/ten.txt", "Range: bytes=99-")),
        *[(f"If-Range {v} {t}", get(t, "Range: bytes=1-2", f"If-Range: {v}")) for t in ("/tag/ten.txt", "/tagafter/ten.txt",
            "/notag/ten.txt", "/lm/ten.txt") for v in ('"mine"', '"6553f0b0-a"', "Mon, 01 Jan 2001 00:00:00 GMT",
            "Tue, 14 Nov 2023 22:13:20 GMT")]]),
    Site("aliases and what leads out of them", server=r"""
        root html;
        location /x { alias html/i/; }
        location /dot { alias html/i/.; }
        location ~ ^/re(.*)$ { alias html/i/$1; }
        location ~ ^/cap/(?<f>.*)$ { alias html/i/$f; }
        location /up/ { alias html/dir/../i/; }
        location /try { alias html/i/; try_files $uri $uri/ =404; }
        location /trac97 { alias html/i; try_files $uri /trac97/index.html; }
        location ~ ^/tre/(.*)$ { alias html/$1; try_files "" =404; }
    """, cases=[gets("/x/top.gif", "/xtop.gif", "/x..", "/x../secret.txt", "/x...", "/x../i/top.gif", "/x/../secret.txt",
        "/dot/top.gif", "/dot./secret.txt", "/re/top.gif", "/retop.gif", "/re../secret.txt", "/cap/top.gif",
        "/cap/../secret.txt", "/up/top.gif", "/up/../secret.txt", "/try/top.gif", "/try../secret.txt", "/try/none",
        "/trac97/top.gif", "/trac97/none", "/tre/ten.txt", "/tre/none", "/x%2e%2e/secret.txt", "/x..%2fsecret.txt")]),
]


def test_content(site, case, pairs, judge, not_served_yet):
    run_case(site, case, pairs, judge, not_served_yet)


ALL_LEVELS = ("userid on;", "userid off;", "userid v1;", "userid log;", "userid ON;", "userid yes;", "userid;", "userid on off;",
    "userid on; userid off;", "userid_service 1;", "userid_service x;", "userid_service -1;", "userid_service 1; userid_service 2;",
    "userid_name a;", "userid_name a; userid_name b;", "userid_domain none;", "userid_domain a; userid_domain b;", "userid_domain;",
    "userid_path /;", "userid_path / /;", "userid_path /; userid_path /;", "userid_expires 1d;", "userid_expires max;",
    "userid_expires off;", "userid_expires x;", "userid_expires -1;", "userid_expires max; userid_expires off;",
    "userid_flags secure;", "userid_flags secure httponly samesite=lax;", "userid_flags a;", "userid_flags secure secure;",
    "userid_flags samesite=lax samesite=strict;", "userid_flags secure httponly samesite=lax off;", "userid_flags off; userid_flags secure;",
    "userid_p3p none;", "userid_p3p a b;", "userid_p3p a; userid_p3p b;", "userid_mark off;", "userid_mark a;", "userid_mark =;",
    "userid_mark ab;", "userid_mark -;", "userid_mark '';", "userid_mark a; userid_mark b;",
    "add_trailer;", "add_trailer X;", "add_trailer X a;", "add_trailer X a always;", "add_trailer X a never;", "add_trailer X a always b;",
    "add_trailer X $nothing;", "add_trailer X $;", "add_trailer X '';", "add_trailer ETag a;", "add_trailer X a; add_trailer X b;")
CASES = [(f"config content: {name}", text) for name, text in [
    *each(http, *ALL_LEVELS, "empty_gif;", "random_index on;"),
    *each(server, "empty_gif;", "random_index on;", "userid_mark abc;", "add_trailer X $x;", "log_format a $uid_set;"),
    *each(location, "empty_gif;", "empty_gif on;", "empty_gif; empty_gif;", "random_index on;", "random_index off;", "random_index x;",
        "random_index;", "random_index on; random_index off;", "random_index on on;", "random_index ON;", "userid x;", "userid_flags;",
        "userid_flags a b c d;", "return 200 $uid_got$uid_set$uid_reset;", "userid on; add_header X $uid_set; empty_gif;",
        "add_trailer a b; add_trailer c d always; random_index on; autoindex on;"),
]]


@config_cases(CASES)
def test_content_config(case_id, text, check_config):
    check_config(case_id, text)
