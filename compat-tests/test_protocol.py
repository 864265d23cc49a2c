"""HTTP/1.x as bytes: request line, versions, Host, header fields and their sizes."""
from harness.run import run_case
from harness.site import HalfClose, Pause, Site, get, head, hosts, post, raw, request

BASIC = "server_name localhost; location / { root html; }"
CRLF = b"\r\n"


def host_get(*headers: bytes) -> bytes:
    return raw(b"GET /ten.txt HTTP/1.1", b"Host: localhost", *headers)


METHODS = ["OPTIONS", "POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND", "MKCOL", "COPY",
    "MOVE", "LOCK", "UNLOCK", "PROPPATCH",
           "BREW", "get", "Get", "GETX", "GE", "G", "M-SEARCH", "A_B", "PURGE", "X" * 40]

SITES = [
    Site("methods", server=BASIC, cases=[
        ("GET", get("/ten.txt")),
        ("HEAD", head("/ten.txt")),
        ("HEAD of a missing file", head("/missing")),
        ("HEAD of a directory without slash", head("/dir")),
        ("HEAD with ranges", head("/ten.txt", "Range: bytes=2-4")),
        ("HEAD twice pipelined", head("/ten.txt") + head("/1k.txt") + get("/one.txt")),
        *[(m, request(m, "/ten.txt")) for m in METHODS],
        *[(f"{m} on a missing file", request(m, "/missing")) for m in ("POST", "PUT", "DELETE", "OPTIONS",
            "TRACE")],
        *[(f"{m} on a directory", request(m, "/dir/")) for m in ("POST", "PUT", "OPTIONS")],
        ("POST on a directory without slash", request("POST", "/dir")),
        ("POST with a body", post("/ten.txt", b"a=b")),
        ("POST with an empty body", post("/ten.txt")),
        ("CONNECT host:port", raw(b"CONNECT example.com:443 HTTP/1.1", b"Host: example.com:443")),
        ("CONNECT host without port", raw(b"CONNECT example.com HTTP/1.1", b"Host: example.com")),
        ("OPTIONS *", raw(b"OPTIONS * HTTP/1.1", b"Host: localhost")),
        ("GET *", raw(b"GET * HTTP/1.1", b"Host: localhost")),
        ("TRACE with absolute URI", raw(b"TRACE http://localhost/ HTTP/1.1", b"Host: localhost")),
    ]),
    Site("versions", server=BASIC, cases=[
        ("HTTP/1.0", request("GET", "/ten.txt", version="HTTP/1.0")),
        ("HTTP/1.0 without Host", request("GET", "/ten.txt", host=None, version="HTTP/1.0")),
        ("HTTP/1.0 keep-alive", request("GET", "/ten.txt", "Connection: keep-alive", version="HTTP/1.0")),
        ("HTTP/1.0 Keep-Alive twice",
            request("GET", "/ten.txt", "Connection: Keep-Alive", version="HTTP/1.0") * 2),
        ("HTTP/1.0 missing file", request("GET", "/missing", version="HTTP/1.0")),
        ("HTTP/1.0 directory redirect without Host", request("GET", "/dir", host=None, version="HTTP/1.0")),
        ("HTTP/1.0 range", request("GET", "/ten.txt", "Range: bytes=1-2", version="HTTP/1.0")),
        ("HTTP/1.0 chunked body",
            request("POST", "/ten.txt", "Transfer-Encoding: chunked", body=b"3\r\nabc\r\n0\r\n\r\n",
                version="HTTP/1.0")),
        ("HTTP/1.0 Expect",
            request("POST", "/ten.txt", "Expect: 100-continue", "Content-Length: 3", body=b"abc",
                version="HTTP/1.0")),
        ("HTTP/0.9", b"GET /ten.txt\r\n"),
        ("HTTP/0.9 bare LF", b"GET /ten.txt\n"),
        ("HTTP/0.9 missing", b"GET /missing\r\n"),
        ("HTTP/0.9 root", b"GET /\r\n"),
        ("HTTP/0.9 directory", b"GET /dir\r\n"),
        ("HTTP/0.9 POST", b"POST /ten.txt\r\n"),
        ("HTTP/0.9 HEAD", b"HEAD /ten.txt\r\n"),
        ("HTTP/0.9 trailing blanks", b"GET /ten.txt  \r\n"),
        *[(f"version {v}", raw(b"GET /ten.txt " + v.encode(), b"Host: localhost")) for v in
          ("HTTP/1.2", "HTTP/1.9", "HTTP/1.10", "HTTP/1.99", "HTTP/1.100", "HTTP/1.00", "HTTP/01.1",
              "HTTP/2.0", "HTTP/3.0", "HTTP/0.9", "HTTP/10.1", "HTTP/1",
           "HTTP/1.", "HTTP/.1", "HTTP/1.1x", "HTTP/1.1 ", "HTTP/1.1  x", "http/1.1", "HTTPS/1.1",
              "HTTP /1.1", "HTTP/1 .1", "HTTP/-1.1", "HTTP/1,1", "HTCPCP/1.0",
           "HTTP/999999999999.1", "HTTP/1.a", "H", "HTTP")],
        ("HTTP/2 preface on a plain port", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ("HTTP/2 preface and SETTINGS", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"),
        ("TLS hello on a plain port", bytes.fromhex("16030100c8010000c40303") + b"\x11" * 32 + b"\r\n\r\n"),
        ("SSH banner", b"SSH-2.0-OpenSSH_9.2\r\n"),
        ("binary noise", bytes(range(1, 32)) + b"\r\n\r\n"),
        ("NUL bytes first", b"\0\0\0\0"),
    ]),
    Site("request line", server=BASIC, cases=[
        ("bare LF", raw(b"GET /ten.txt HTTP/1.1", b"Host: localhost", eol=b"\n")),
        ("LF in the line, CRLF in headers", b"GET /ten.txt HTTP/1.1\nHost: localhost\r\n\r\n"),
        ("CRLF in the line, LF in headers", b"GET /ten.txt HTTP/1.1\r\nHost: localhost\n\n"),
        ("bare CR", b"GET /ten.txt HTTP/1.1\rHost: localhost\r\r"),
        ("CR CR LF", b"GET /ten.txt HTTP/1.1\r\r\nHost: localhost\r\n\r\n"),
        ("one empty line before", CRLF + get("/ten.txt")),
        ("three empty lines before", CRLF * 3 + get("/ten.txt")),
        ("LFs before", b"\n\n\n" + get("/ten.txt")),
        ("CRs before", b"\r\r" + get("/ten.txt")),
        ("empty lines between pipelined", get("/ten.txt") + CRLF * 2 + get("/one.txt")),
        ("a blank before the method", b" " + get("/ten.txt")),
        ("a tab before the method", b"\t" + get("/ten.txt")),
        ("two blanks after the method", raw(b"GET  /ten.txt HTTP/1.1", b"Host: localhost")),
        ("two blanks before the version", raw(b"GET /ten.txt  HTTP/1.1", b"Host: localhost")),
        ("tab after the method", raw(b"GET\t/ten.txt HTTP/1.1", b"Host: localhost")),
        ("tab before the version", raw(b"GET /ten.txt\tHTTP/1.1", b"Host: localhost")),
        ("blank after the version", raw(b"GET /ten.txt HTTP/1.1 ", b"Host: localhost")),
        ("blank in the path", raw(b"GET /with space.txt HTTP/1.1", b"Host: localhost")),
        ("two blanks in the path", raw(b"GET /with  space.txt HTTP/1.1", b"Host: localhost")),
        ("blank at the end of the path", raw(b"GET /ten.txt x HTTP/1.1", b"Host: localhost")),
        ("no target", raw(b"GET HTTP/1.1", b"Host: localhost")),
        ("empty target", raw(b"GET  HTTP/1.1", b"Host: localhost")),
        ("method only", b"GET\r\n\r\n"),
        ("method and blank only", b"GET \r\n\r\n"),
        ("no slash", raw(b"GET ten.txt HTTP/1.1", b"Host: localhost")),
        ("query only", raw(b"GET ?a=b HTTP/1.1", b"Host: localhost")),
        ("fragment only", raw(b"GET #a HTTP/1.1", b"Host: localhost")),
        ("backslash first", raw(b"GET \\ten.txt HTTP/1.1", b"Host: localhost")),
        *[(f"byte {b:#04x} in the path", raw(b"GET /t" + bytes([b]) + b".txt HTTP/1.1", b"Host: localhost")) for b in
          (0x00, 0x01, 0x07, 0x08, 0x09, 0x0b, 0x0c, 0x1f, 0x22, 0x3c, 0x5c, 0x5e, 0x60, 0x7b, 0x7c, 0x7e,
              0x7f, 0x80, 0xc3, 0xff)],
        *[(f"byte {b:#04x} in the query",
            raw(b"GET /ten.txt?t" + bytes([b]) + b" HTTP/1.1", b"Host: localhost")) for b in (0x00, 0x01,
                0x09, 0x7f, 0x80, 0xff)],
        *[(f"byte {b:#04x} in the method",
            raw(b"G" + bytes([b]) + b"T /ten.txt HTTP/1.1", b"Host: localhost")) for b in (0x00, 0x09, 0x2d,
                0x5f, 0x7f, 0xe4)],
        ("in single bytes", [piece for b in get("/one.txt") for piece in (bytes([b]),)]),
        ("in two packets", [b"GET /ten", Pause(), b".txt HTTP/1.1\r\nHost: localhost\r\n\r\n"]),
        ("CR and LF in two packets",
            [b"GET /ten.txt HTTP/1.1\r", Pause(), b"\nHost: localhost\r\n\r", Pause(), b"\n"]),
        ("half a line, then FIN", [b"GET /ten.t", HalfClose]),
        ("half the headers, then FIN", [b"GET /ten.txt HTTP/1.1\r\nHost: loc", HalfClose]),
        ("nothing, then FIN", [HalfClose]),
        ("an empty line, then FIN", [CRLF, HalfClose]),
        ("a whole request, then FIN", [get("/ten.txt"), HalfClose]),
        ("two requests, then FIN", [get("/ten.txt") + get("/1k.txt"), HalfClose]),
        ("a big file, then FIN", [get("/big.bin"), HalfClose]),
        ("one and a half requests, then FIN", [get("/ten.txt") + b"GET /one", HalfClose]),
    ]),
    Site("absolute form", servers="""
        server {
            listen 127.0.0.1:@P0@; server_name one;
            return 200 "one $host $http_host $uri $request_uri $args\\n";
        }
        server {
            listen 127.0.0.1:@P0@; server_name two;
            return 200 "two $host $http_host $uri $request_uri $args\\n";
        }
    """, cases=[
        ("the URI's host wins", raw(b"GET http://two/x HTTP/1.1", b"Host: one")),
        ("without Host", raw(b"GET http://two/x HTTP/1.1")),
        ("without Host, HTTP/1.0", raw(b"GET http://two/x HTTP/1.0")),
        *[(t, raw(b"GET " + t.encode() + b" HTTP/1.1", b"Host: one")) for t in
          ("http://two", "http://two?a=b", "http://two#f", "http://two/", "http://two/a?b=c",
              "http://two:80/x", "http://two:/x", "http://two:99999/x", "http://two:8a/x",
           "http://TWO/x", "HTTP://two/x", "hTTp://two/x", "https://two/x", "ftp://two/x", "x://two/x",
              "x-y://two/x", "x1://two/", "1x://two/", "://two/x", "http:/two/x", "http:two/x",
           "http:///x", "http://", "http://two./x", "http://two.:80/x", "http://[::1]/x", "http://[::1]:80/x",
              "http://[::1/x", "http://[]/x", "http://user@two/x", "http://user:pw@two/x",
           "http://t%77o/x", "http://two/%2e%2e/x", "http://two/a/../b", "http://two//a//b", "http://tw_o/x",
              "http://two\\x/", "http://-/", "http://two/x#frag")],
    ]),
    Site("host", servers="""
        server {
            listen 127.0.0.1:@P0@ default_server; server_name first;
            return 200 "first [$host] [$http_host] [$server_name]\\n";
        }
        server {
            listen 127.0.0.1:@P0@; server_name example.com;
            return 200 "example [$host] [$http_host] [$server_name]\\n";
        }
        server {
            listen 127.0.0.1:@P0@; server_name ""; return 200 "empty [$host] [$http_host] [$server_name]\\n";
        }
    """, cases=[
        hosts("example.com", "EXAMPLE.com", "example.com.", "example.com..", "example.com:80", "example.com:",
            "example.com:@P0@", "example.com:0", "example.com:65535", "example.com:65536",
              "example.com:abc", "example.com:80:80", "example.com.:80", ".example.com", "a..b",
            "example.com/", "example.com/x", "example.com?x", "example.com#x", "exa mple.com", "example.com ",
              "[::1]", "[::1]:80", "[::1", "::1", "[]", "[::1]x", "[::1]:x", "127.0.0.1", "127.0.0.1:80",
            "user@example.com", "example.com,first", "", " ", "-", ".", "..", ":", ":80", "_", "a_b", "*",
            "*.x",
              "exam\\ple.com", "exam%70le.com", "ex\"ample", "ex<ample", "a\x00b", "ex\x7fa", "\xe4xample",
            "x" * 300, "example.com;x", "example.com|x", "(x)", "a'b"),
        ("no Host in HTTP/1.1", get("/", host=None)),
        ("no Host in HTTP/1.0", request("GET", "/", host=None, version="HTTP/1.0")),
        ("empty Host in HTTP/1.0", request("GET", "/", host="", version="HTTP/1.0")),
        ("two equal Hosts", get("/", "Host: localhost")),
        ("two different Hosts", get("/", "Host: example.com", host="first")),
        ("two Hosts in HTTP/1.0", request("GET", "/", "Host: example.com", host="first", version="HTTP/1.0")),
        ("lower-case field name", get("/", "host: example.com", host=None)),
        ("upper-case field name", get("/", "HOST: example.com", host=None)),
        ("no blank after the colon", get("/", "Host:example.com", host=None)),
        ("many blanks", get("/", "Host:    example.com   ", host=None)),
        ("tab before the value", get("/", "Host:\texample.com", host=None)),
        ("a bad Host after a good one", get("/", "Host: a/b", host="example.com")),
        ("Host after other fields", get("/", "X: 1", "Host: example.com", host=None)),
    ]),
    Site("header fields", server="""
        server_name localhost;
        location / { root html; }
        location /echo {
            return 200 "x=[$http_x] y=[$http_x_y] long=[$http_long] cookie=[$http_cookie] c=[$cookie_a] ua=[$http_user_agent] ref=[$http_referer] ct=[$content_type] cl=[$content_length] via=[$http_via] xff=[$http_x_forwarded_for]\\n";
        }
    """,
        cases=[
        *[(name, raw(b"GET /echo HTTP/1.1", b"Host: localhost", line)) for name, line in [
            ("plain", b"X: 1"), ("no blank", b"X:1"), ("blanks around", b"X:   1 2   "),
            ("tab around", b"X:\t1\t"), ("empty", b"X:"), ("empty with blank", b"X: "), ("no colon", b"X"),
            ("blank before the colon", b"X : 1"), ("tab before the colon", b"X\t: 1"),
            ("blank in the name", b"X Y: 1"), ("underscore", b"X_Y: 1"), ("hyphen", b"X-Y: 1"),
            ("leading underscore", b"_X: 1"), ("leading hyphen", b"-X: 1"), ("digits", b"123: 1"),
            ("dot in the name", b"X.Y: 1"), ("bang in the name", b"X!: 1"),
            ("quote in the name", b"\"X\": 1"),
            ("empty name", b": 1"), ("leading blank", b" X: 1"), ("leading tab", b"\tX: 1"),
            ("NUL in the name", b"X\0Y: 1"), ("NUL in the value", b"X: a\0b"),
            ("CR in the value", b"X: a\rb"),
            ("CR at the end of the value", b"X: a\r"), ("CR in the name", b"X\rY: 1"),
            ("control byte in the value", b"X: a\x01b"), ("DEL in the value", b"X: a\x7fb"),
            ("tab in the value", b"X: a\tb"),
            ("high bytes in the value", b"X: \xc3\xa4\xff"), ("high byte in the name", b"\xe4X: 1"),
            ("DEL in the name", b"X\x7f: 1"), ("control byte in the name", b"X\x01: 1"),
            ("slash in the name", b"X/Y: 1"), ("colon in the value", b"X: a:b"),
            ("quotes in the value", b"X: \"a\\b\""),
            ("user agent", b"User-Agent: curl/8"), ("referer", b"Referer: http://x/"),
            ("content type", b"Content-Type: a/b"), ("cookie", b"Cookie: a=1; b=2"),
            ("cookie without value", b"Cookie: a"), ("cookie in quotes", b"Cookie: b=2; a=\"q\""),
            ("cookie named alike", b"Cookie: xa=1; A=3"), ("cookie twice inside", b"Cookie: a=1; a=2"),
        ]],
        ("obs-fold", raw(b"GET /echo HTTP/1.1", b"Host: localhost", b"X: 1", b" folded")),
        ("obs-fold with tab", raw(b"GET /echo HTTP/1.1", b"Host: localhost", b"X: 1", b"\tfolded")),
        ("fold as the first line", raw(b"GET /echo HTTP/1.1", b" folded", b"Host: localhost")),
        ("same field twice", host_get(b"X: 1", b"X: 2").replace(b"/ten.txt", b"/echo")),
        ("cookies in two lines", host_get(b"Cookie: b=1", b"Cookie: a=2").replace(b"/ten.txt", b"/echo")),
        ("X-Forwarded-For twice",
            host_get(b"X-Forwarded-For: 1.1.1.1", b"X-Forwarded-For: 2.2.2.2").replace(b"/ten.txt", b"/echo")),
        ("User-Agent twice", host_get(b"User-Agent: 1", b"User-Agent: 2").replace(b"/ten.txt", b"/echo")),
        ("If-Modified-Since twice", host_get(b"If-Modified-Since: x", b"If-Modified-Since: y")),
        ("Range twice", host_get(b"Range: bytes=0-1", b"Range: bytes=2-3")),
        ("Content-Type twice", host_get(b"Content-Type: a/b", b"Content-Type: c/d")),
        ("Expect twice", host_get(b"Expect: 100-continue", b"Expect: 100-continue")),
        ("Authorization twice", host_get(b"Authorization: a", b"Authorization: b")),
        ("Referer twice", host_get(b"Referer: a", b"Referer: b")),
        ("Upgrade twice", host_get(b"Upgrade: a", b"Upgrade: b")),
        ("If-Range twice", host_get(b"If-Range: a", b"If-Range: b", b"Range: bytes=0-1")),
        ("If-None-Match twice", host_get(b"If-None-Match: \"a\"", b"If-None-Match: *")),
        ("If-Match twice", host_get(b"If-Match: *", b"If-Match: \"a\"")),
        ("Keep-Alive twice", host_get(b"Keep-Alive: a", b"Keep-Alive: b")),
        ("Via twice", host_get(b"Via: a", b"Via: b").replace(b"/ten.txt", b"/echo")),
        ("Connection twice", host_get(b"Connection: keep-alive", b"Connection: close")),
        ("Connection: close", host_get(b"Connection: close")),
        ("Connection: Close", host_get(b"Connection: Close")),
        ("Connection: keep-alive, close", host_get(b"Connection: keep-alive, close")),
        ("Connection: closed", host_get(b"Connection: closed")),
        ("Connection: upgrade with Upgrade", host_get(b"Connection: Upgrade", b"Upgrade: websocket")),
        ("Upgrade: h2c",
            host_get(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c",
                b"HTTP2-Settings: AAMAAABkAAQAAP__")),
        ("100 fields", host_get(*[b"X%d: %d" % (i, i) for i in range(100)])),
        ("Accept-Encoding: gzip", host_get(b"Accept-Encoding: gzip, br")),
        ("TE: trailers", host_get(b"TE: trailers", b"Connection: TE")),
    ]),
    Site("header rules off", http="""
        underscores_in_headers on; ignore_invalid_headers off;
    """, server="""
        server_name localhost;
        location / { return 200 "[$http_x_y] [$http_x] [$http_x_y_z]\\n"; }
    """, cases=[
        (name, raw(b"GET / HTTP/1.1", b"Host: localhost", line)) for name, line in [
            ("underscore", b"X_Y: 1"), ("dot", b"X.Y: 1"), ("blank before the colon", b"X : 1"),
            ("blank in the name", b"X Y: 1"), ("bang", b"X!: 1"), ("quote", b"\"X\": 1"),
            ("empty name", b": 1"),
            ("leading blank", b" X: 1"), ("NUL in the name", b"X\0Y: 1"),
            ("control byte in the name", b"X\x01: 1"), ("high byte in the name", b"\xe4X: 1"),
            ("no colon", b"X"), ("DEL", b"X\x7f: 1")]]),
    Site("underscores on", http="""
        underscores_in_headers on;
    """, server="""
        server_name localhost; return 200 "[$http_x_y] [$http__x] [$http_x_]\\n";
    """, cases=[
        ("inside", get("/", "X_Y: 1")), ("first", get("/", "_X: 1")), ("last", get("/", "X_: 1")),
        ("both forms", get("/", "X_Y: 1", "X-Y: 2")), ("with an invalid byte", get("/", "X_Y!: 1"))]),
    Site("header sizes", http="""
        client_header_buffer_size 128; large_client_header_buffers 3 512;
    """, server=BASIC, cases=[
        *[(f"URI of {n} bytes", get("/" + "a" * (n - 1))) for n in (80, 110, 400, 480, 495, 496, 497, 498,
            499, 500, 510, 600, 2000)],
        *[(f"a field of {n} bytes", get("/ten.txt", "X: " + "a" * (n - 5))) for n in (100, 400, 500, 510, 511,
            512, 513, 514, 600, 2000)],
        *[(f"{n} fields of 400 bytes", get("/ten.txt", *["X: " + "a" * 395] * n)) for n in (1, 2, 3, 4, 8)],
        *[(f"{n} fields of 100 bytes", get("/ten.txt", *["X: " + "a" * 95] * n)) for n in (1, 4, 8, 12, 14,
            20)],
        ("a field name of 600 bytes", get("/ten.txt", "X" * 600 + ": 1")),
        ("long lines pipelined",
            get("/" + "a" * 400) + get("/" + "b" * 450) + get("/ten.txt", "X: " + "c" * 480)),
        ("long URI in two packets",
            [b"GET /" + b"a" * 300, Pause(), b"a" * 400 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"]),
        ("endless URI without an end", b"GET /" + b"a" * 5000),
        ("endless field without an end", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 5000),
        ("many empty lines first", CRLF * 400 + get("/ten.txt")),
    ]),
    Site("header sizes across servers", http="", servers="""
        server {
            listen 127.0.0.1:@P0@ default_server; server_name small; client_header_buffer_size 64;
            large_client_header_buffers 2 512; return 200 "small\\n";
        }
        server {
            listen 127.0.0.1:@P0@; server_name large; client_header_buffer_size 1k;
            large_client_header_buffers 4 2k; return 200 "large\\n";
        }
    """,
        cases=[
        ("short to small", get("/", host="small")),
            ("long to small", get("/", "X: " + "a" * 600, host="small")),
            ("long to large", get("/", "X: " + "a" * 300, host="large")),
        ("small then large then small",
            get("/", host="small") + get("/", "X: " + "a" * 200, host="large") + get("/", "X: " + "a" * 600,
                host="small")),
        ("large pipelined", get("/", "X: " + "a" * 200, host="large") * 3)]),
    Site("default header sizes", server=BASIC, cases=[
        *[(f"URI of {n} bytes", get("/" + "a" * (n - 1))) for n in (1000, 1024, 4000, 8000, 8170, 8190, 8200,
            9000, 40000)],
        *[(f"a field of {n} bytes", get("/ten.txt", "X: " + "a" * (n - 5))) for n in (1000, 1024, 8000, 8190,
            8192, 8193, 9000)],
        ("fields of 32 KiB in all", get("/ten.txt", *["X: " + "a" * 1000] * 30)),
        ("fields of 40 KiB in all", get("/ten.txt", *["X: " + "a" * 1000] * 40)),
    ]),
]


def test_protocol(site, case, pairs, judge, not_served_yet):
    run_case(site, case, pairs, judge, not_served_yet)
