"""error_page and return: statuses, texts, addresses, and who answers instead."""
from harness.run import run_case
from harness.site import Site, get, gets, post, request

CODES = [200, 201, 202, 204, 205, 206, 207, 299, 300, 301, 302, 303, 304, 307, 308, 309, 399,
         400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421,
         422, 426, 429, 431, 444, 451, 494, 495, 496, 497, 498, 499, 500, 501, 502, 503, 504, 505, 506, 507, 508,
         599, 600, 700, 999, 0]
RETURNS = "\n".join(f'location = /c{c} {{ return {c}; }} location = /t{c} {{ return {c} "text {c}\\n"; }}'
                    for c in CODES)

SITES = [
    Site("error_page", server=r"""
        server_name localhost; root html; error_page 404 /errors/404.html;
        error_page 500 502 503 504 /errors/50x.html;
        location /errors/ { }
        location /same { error_page 404 =200 /ten.txt; }
        location /resp { error_page 404 = /echo; }
        location /echo { return 200 "echo $uri $args $request_method $status\n"; }
        location /echo404 { return 404 "text 404\n"; }
        location /code { error_page 404 =403 /ten.txt; }
        location /to404 { error_page 404 = /echo404; }
        location /url { error_page 404 http://example.com/x; }
        location /url301 { error_page 404 =301 http://example.com/y; }
        location /url200 { error_page 404 =200 http://example.com/z; }
        location /urlhttps { error_page 404 https://example.com$uri?$args; }
        location /slashless { error_page 404 errors/404.html; }
        location /query { error_page 404 /echo?code=404&u=$uri; }
        location /var { error_page 404 /$arg_page; }
        location /many { error_page 403 404 405 /errors/403.html; }
        location /deny { error_page 403 /errors/403.html; deny all; }
        location /nested/ { error_page 404 /nested/missing2; }
        location /nested2/ {
            error_page 404 /nested2/missing;
            location /nested2/missing { error_page 404 /ten.txt; }
        }
        location /recursive { error_page 404 /recursive2; }
        location /recursive2 { error_page 404 /recursive; }
        location /method { error_page 405 /echo; }
        location /method2 { error_page 405 =200 $uri; }
        location /r500 { return 500; }
        location /r502 { return 502; }
        location /r503 { return 503; }
        location /r504 { return 504 "text\n"; }
        location /r404 { return 404; }
        location /r403 { return 403; }
        location /r418 { return 418; }
        location /r444 { error_page 404 /do444; }
        location /do444 { return 444; }
        location /none { error_page 599 /x; }
        location /inner {
            error_page 404 /in;
            location /inner/deep { }
            location /inner/own { error_page 403 /x; }
        }
        location = /in { internal; return 200 "internal\n"; }
        location /toredirect { error_page 404 /redir; }
        location /redir { return 301 /target; }
        location /dirp { error_page 404 /dir/; }
        location /dirp2 { error_page 404 /dir; }
        location /auth { error_page 401 /ten.txt; return 401; }
        location /r301 { error_page 301 /ten.txt; return 301 /x; }
        location /r302 { error_page 302 =200 /ten.txt; return 302 /x; }
        location /r200 { error_page 300 /x; return 200 "plain\n"; }
        location /r204 { error_page 307 /ten.txt; return 307 /q; }
        location /loc { error_page 404 /loc2; add_header X-A a; add_header X-B b always; }
        location /loc2 { return 302 /y; }
        location /416 { error_page 416 /ten.txt; alias html; }
        location /gone { error_page 412 416 /untagged/one.txt; alias html; open_file_cache max=1; }
        location /text { error_page 412 416 = /echo; alias html; open_file_cache max=1; }
        location /untagged/ { etag off; alias html/; open_file_cache max=1; }
        location /again { error_page 412 =200 /again/one.txt; alias html; recursive_error_pages on; }
        location /once { error_page 412 = /once/one.txt; alias html; }
        location /fields { error_page 412 /one.txt; alias html; add_header X-A a; expires 1h; add_trailer X-T t; }
        location /own412 { error_page 412 = @own412; alias html; }
        location @own412 { return 412 "own\n"; }
        location /412 { error_page 412 /one.txt; alias html; }
        location /413 { client_max_body_size 1; error_page 413 =200 /one.txt; }
        location /400 { error_page 400 /one.txt; }
        location /304 { error_page 304 /one.txt; alias html; }
        location /neg { error_page 404 = http://example.com/w; }
        location /big { error_page 404 =200 /big.bin; }
        location /range { error_page 404 =200 /1k.txt; }
        location /mixed { error_page 404 =/ten.txt; }
        location /frag { error_page 404 /ten.txt#x; }
        location /esc { error_page 404 "/with space.txt"; }
        location /pct { error_page 404 /with%20space.txt; }
        location /type { error_page 404 /a.css; }
        location /spaced { error_page 404 "=200" /ten.txt; }
    """, cases=[
        gets("/missing", "/missing?a=b", "/errors/missing", "/same", "/resp", "/code", "/to404", "/url",
            "/url301", "/url200", "/urlhttps?x=y", "/slashless", "/query/a", "/var", "/var?page=ten.txt",
            "/var?page=nope", "/many", "/deny", "/nested/x", "/nested2/x", "/recursive", "/r500", "/r502",
            "/r503", "/r504", "/r404", "/r403", "/r418", "/r444", "/do444", "/none", "/inner", "/inner/deep",
            "/inner/own", "/in", "/toredirect", "/dirp", "/dirp2", "/auth", "/r301", "/r302", "/r200",
            "/r204", "/loc", "/neg", "/big", "/mixed", "/frag", "/esc", "/pct", "/type", "/spaced",
             "/errors/404.html", "/416/ten.txt", "/dir/missing"),
        ("416", get("/416/ten.txt", "Range: bytes=100-")), ("412", get("/412/ten.txt", 'If-Match: "x"')),
        # The file whose ETag the head may still have is closed by then, and no longer in the cache.
        ("416, another file", get("/gone/ten.txt", "Range: bytes=100-")), ("412, another file", get("/gone/ten.txt", 'If-Match: "x"')),
        *[(f"412 of {where}", get(f"/{where}/ten.txt", 'If-Match: "x"')) for where in ("again", "once", "fields", "own412")],
        ("412 by date", get("/once/ten.txt", "If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT")),
        ("416, a text", get("/text/ten.txt", "Range: bytes=100-")), ("412, a text", get("/text/ten.txt", 'If-Match: "x"')),
        ("413", post("/413/x", b"abc")), ("304", get("/304/ten.txt", "If-None-Match: *")),
        ("range of the page", get("/range", "Range: bytes=0-9")),
        ("range of a 404 page", get("/missing", "Range: bytes=0-3")),
        ("conditional 404 page", get("/missing", "If-None-Match: *")),
        ("If-Match on a 404 page", get("/missing", 'If-Match: "x"')),
        *[(f"{m} {t}", request(m, t)) for m in ("POST", "HEAD", "PUT") for t in ("/missing", "/same", "/resp",
            "/url", "/deny", "/method", "/method2", "/ten.txt", "/r404")],
        ("POST with a body, then another", post("/resp", b"x" * 300) + get("/ten.txt")),
        ("POST chunked, then another",
            request("POST", "/same", "Transfer-Encoding: chunked", body=b"3\r\nabc\r\n0\r\n\r\n") + get("/ten.txt")),
        ("HTTP/1.0", request("GET", "/missing", version="HTTP/1.0")),
        ("bad request has no page of a location", b"GET /400 HTTP/1.1\r\n\r\n"),
        ("URI too long", get("/" + "a" * 9000)), ("pipelined", get("/missing") * 3 + get("/ten.txt"))]),
    Site("arguments behind error_page", http="log_format a '$uri [$args] $status'; access_log logs/a.log a;", server="""
        root html;
        location /echo { return 200 "$uri [$args]\\n"; }
        location /file { error_page 404 /echo$uri; }
        location /return { error_page 404 /echo$uri; return 404; }
        location /deny { error_page 403 $uri.html; deny all; }
        location /with { error_page 404 /echo$uri?a=b; return 404; }
        location /empty { error_page 404 /echo$uri?; return 404; }
        location /name { error_page 404 @name; return 404; }
        location @name { return 200 "$uri [$args]\\n"; }
        location /text { error_page 404 /echo; return 404; }
    """, cases=[gets(*[f"/{place}{args}" for place in ("file", "return", "deny", "with", "empty", "name", "text", "none")
                       for args in ("", "?", "?q=1")]), gets("/none?#", "/none?#x", "/none%20?", "/none?x#", "/echo?", "/echo%20?#")]),
    Site("error_page at server level", server=r"""
        server_name localhost; root html; error_page 400 /errors/50x.html; error_page 414 =200 /ten.txt;
        error_page 494 =431 /one.txt; error_page 405 =200 /one.txt; error_page 403 404 = @fallback;
        location @fallback { return 200 "fallback $uri $status\n"; }
        location /own { error_page 500 /x; }
        location /deny { deny all; }
        large_client_header_buffers 2 1k;
    """, cases=[
        ("400", b"GET / HTTP/1.1\r\n\r\n"), ("400 bad path", get("/%zz")),
        ("400 bad host", get("/", host="a/b")), ("414", get("/" + "a" * 2000)),
        ("494", get("/", "X: " + "a" * 2000)), ("405", request("POST", "/ten.txt")),
        ("TRACE", request("TRACE", "/ten.txt")), ("CONNECT", b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("unknown version", b"GET / HTTP/3.0\r\nHost: a\r\n\r\n"),
        ("501", request("POST", "/ten.txt", "Transfer-Encoding: cow")),
        gets("/missing", "/own/missing", "/deny", "/noindex/")]),
    Site("return", http="include mime.types;", server=RETURNS + r"""
        server_name localhost; root html; default_type text/plain;
        location /url1 { return http://example.com/; }
        location /url2 { return 301 /local?x=y; }
        location /url3 { return 302 https://example.com$request_uri; }
        location /url4 { return 307 //example.com/x; }
        location /url5 { return 308 relative; }
        location /url6 { return 303 ?q; }
        location /url7 { return 301 ""; }
        location /url8 { return 301 $scheme://$host:$server_port$uri; }
        location /url9 { return 301 "/with space"; }
        location /url10 { return $scheme://$host/; }
        location /url11 { absolute_redirect off; return 301 /x; }
        location /url12 { port_in_redirect off; return 301 /x; }
        location /url13 { return 301 /$arg_x; }
        location /url14 { return 301 $uri; }
        location /url15 { return 301 HTTP://Upper/; }
        location /url16 { return 301 ftp://x/; }
        location /empty { return 200 ""; }
        location /none { return 200; }
        location /type { default_type text/html; return 200 "<b>\n"; }
        location /json { default_type application/json; return 200 '{"a":"$arg_a"}'; }
        location /dollar { return 200 "a${host}b"; }
        location /long { return 200 "$args$args$args$args$args$args$args$args"; }
        location /esc { return 200 "a\tb\"c\\d\n\r\x"; }
        location /single { return 200 'a\'b $host "q"\n'; }
        location /nolf { return 200 text; }
        location /unknowncode { return 405 "no\n"; }
        location /file.css { return 200 "css\n"; }
        location ~ ^/cap/(.*) { return 200 "$1\n"; }
        location /hdr { add_header X-A $uri; return 200 x; }
        location /after { return 200 one; return 200 two; }
        location /in { return 200 "server\n"; }
    """, cases=[
        gets(*[f"/{k}{c}" for c in CODES for k in "ct"]),
        gets(*[f"/url{i}" for i in range(1, 17)], "/url3/a%20b?c=%20", "/url8/a%20b", "/url13?x=a%0d%0ab",
            "/url13?x=//evil", "/url14/%0d%0aX:1", "/url14/%C3%A4", "/empty", "/none", "/type", "/json?a=1",
            "/json?a=%22", "/dollar", "/long?" + "x" * 1000, "/esc", "/single", "/nolf", "/unknowncode",
            "/file.css", "/cap/a%20b", "/cap/%3C", "/hdr", "/hdr/%0aX", "/after", "/in"),
        *[(f"{m} {t}", request(m, t)) for m in ("HEAD", "POST", "PUT", "DELETE", "OPTIONS", "BREW") for t in ("/c200",
            "/t200", "/c301", "/t404", "/url2", "/c204", "/c444")],
        ("444 pipelined after a good one", get("/t200") + get("/c444") + get("/t200")),
        ("444 with a body", post("/c444", b"x" * 10)),
        ("444 HTTP/1.0", request("GET", "/c444", version="HTTP/1.0")),
        ("range of a text", get("/t200", "Range: bytes=0-2")),
        ("conditional text", get("/t200", "If-None-Match: *")),
        ("HTTP/1.0 text", request("GET", "/t200", version="HTTP/1.0")),
        ("HTTP/0.9 text", b"GET /t200\r\n"), ("HTTP/0.9 error", b"GET /c404\r\n"),
        ("pipelined texts", get("/t200") + get("/t404") + get("/c301") + get("/t500") + get("/t200")),
        *[(f"Host {h} redirect", get("/url2", host=h)) for h in ("other", "other:123", "[::1]", "a.")]]),
    Site("return at server level", server="""
        server_name localhost; return 301 https://$host$request_uri;
        location / { return 200 never; }
    """,
        cases=[gets("/", "/a?b", "/%20", "//x"),
            ("HTTP/1.0 without Host", request("GET", "/", host=None, version="HTTP/1.0")),
            ("POST", post("/", b"abc"))]),
]


def test_routing(site, case, pairs, judge, not_served_yet):
    run_case(site, case, pairs, judge, not_served_yet)
