"""Request bodies as bytes: sized and chunked, discarded and refused, smuggling shapes, `Expect`."""
from harness.run import run_case
from harness.site import Answer, Case, HalfClose, Pause, Site, chunked, get, post, request

BASIC = "server_name localhost; location / { root html; }"

SITES = [
    Site("request bodies", http="client_body_timeout 1s; lingering_timeout 1s;", server=BASIC + """
        location /ok { return 200 "ok $request_method\\n"; }
        location /small { client_max_body_size 10; root html; }
        location /none { client_max_body_size 0; return 200 "none\\n"; }
        location /deny { deny all; }
        location /413 { client_max_body_size 5; error_page 413 /ten.txt; return 200 x; }
        location /405 { error_page 405 =200 /ten.txt; root html; }
    """, cases=[
        ("sized body, then another request", post("/ok", b"x" * 100) + get("/ten.txt")),
        ("sized body to a file (405), then another request", post("/ten.txt", b"x" * 100) + get("/one.txt")),
        ("GET with a body", request("GET", "/ten.txt", "Content-Length: 5", body=b"abcde") + get("/one.txt")),
        ("HEAD with a body",
            request("HEAD", "/ten.txt", "Content-Length: 5", body=b"abcde") + get("/one.txt")),
        ("body to a missing file", post("/missing", b"x" * 50) + get("/one.txt")),
        ("body to a denied location", post("/deny", b"x" * 50) + get("/one.txt")),
        ("body to a directory redirect",
            request("GET", "/dir", "Content-Length: 5", body=b"abcde") + get("/one.txt")),
        ("body that looks like a request", post("/ok", get("/1k.txt")) + get("/one.txt")),
        ("body in pieces",
            [request("POST", "/ok", "Content-Length: 6"), Pause(), b"abc", Pause(), b"def" + get("/one.txt")]),
        ("big body", post("/ok", b"x" * 500_000) + get("/one.txt")),
        ("big body to a file", post("/ten.txt", b"x" * 500_000) + get("/one.txt")),
        ("body over 1m", post("/ok", b"x" * 1_100_000)),
        ("announced over 1m, nothing sent", request("POST", "/ok", "Content-Length: 1048577")),
        ("announced exactly 1m", post("/ok", b"x" * 1048576) + get("/one.txt")),
        ("over the limit of the location", post("/small/ten.txt", b"x" * 11)),
        ("at the limit of the location", post("/small/ten.txt", b"x" * 10) + get("/one.txt")),
        ("GET over the limit", request("GET", "/small/ten.txt", "Content-Length: 11", body=b"x" * 11)),
        ("no limit", post("/none", b"x" * 1_200_000) + get("/one.txt")),
        ("413 with an error page", post("/413", b"x" * 20)),
        ("405 answered by error_page", post("/405/x", b"x" * 20) + get("/one.txt")),
        ("405 of an existing file answered by error_page",
            post("/405/../ten.txt", b"x" * 20) + get("/one.txt")),
        *[(f"Content-Length {v!r}", request("POST", "/ok", f"Content-Length: {v}", body=b"abc")) for v in
          ("+3", "-3", "3.0", "0x3", "3a", "1_0", "", " ", "3 3", "3,3", "03", "99999999999999999999",
              "9223372036854775807", "9223372036854775808", "18446744073709551616", "\xb2", "3;", "'3'")],
        ("Content-Length twice, equal",
            request("POST", "/ok", "Content-Length: 3", "Content-Length: 3", body=b"abc")),
        ("Content-Length twice, different",
            request("POST", "/ok", "Content-Length: 3", "Content-Length: 4", body=b"abcd")),
        ("Content-Length 0", request("POST", "/ok", "Content-Length: 0") + get("/one.txt")),
        ("FIN inside the body", [request("POST", "/ok", "Content-Length: 10"), b"abc", HalfClose]),
        ("FIN inside the body to a file",
            [request("POST", "/ten.txt", "Content-Length: 10"), b"abc", HalfClose]),
        Case("a body that never comes", [request("POST", "/ten.txt", "Content-Length: 10")], canary=None,
            wait_s=4),
    ]),
    Site("chunked bodies", http="client_body_timeout 1s; lingering_timeout 1s;", server=BASIC + """
        location /ok { return 200 "ok\\n"; }
        location /small { client_max_body_size 10; root html; }
    """,
        cases=[
        ("empty", chunked("/ok", b"0\r\n\r\n") + get("/one.txt")),
        ("one chunk", chunked("/ok", b"3\r\nabc\r\n0\r\n\r\n") + get("/one.txt")),
        ("to a file", chunked("/ten.txt", b"3\r\nabc\r\n0\r\n\r\n") + get("/one.txt")),
        ("GET", chunked("/ten.txt", b"3\r\nabc\r\n0\r\n\r\n", method="GET") + get("/one.txt")),
        ("two chunks in packets",
            [chunked("/ok", b"3\r\nab"), Pause(), b"c\r\n1", Pause(), b"0\r\n" + b"x" * 16 + b"\r\n0\r",
                Pause(), b"\n\r\n" + get("/one.txt")]),
        ("upper-case hex", chunked("/ok", b"A\r\n0123456789\r\n0\r\n\r\n") + get("/one.txt")),
        ("leading zeros", chunked("/ok", b"0003\r\nabc\r\n000\r\n\r\n") + get("/one.txt")),
        ("extension", chunked("/ok", b"3;a=b\r\nabc\r\n0;x\r\n\r\n") + get("/one.txt")),
        ("extension with a quote", chunked("/ok", b"3;a=\"b;c\"\r\nabc\r\n0\r\n\r\n") + get("/one.txt")),
        ("blank before the extension", chunked("/ok", b"3 ;a\r\nabc\r\n0\r\n\r\n") + get("/one.txt")),
        ("blank after the size", chunked("/ok", b"3 \r\nabc\r\n0\r\n\r\n") + get("/one.txt")),
        ("tab after the size", chunked("/ok", b"3\t\r\nabc\r\n0\r\n\r\n") + get("/one.txt")),
        ("blank before the size", chunked("/ok", b" 3\r\nabc\r\n0\r\n\r\n") + get("/one.txt")),
        ("bare LF after the size", chunked("/ok", b"3\nabc\r\n0\r\n\r\n") + get("/one.txt")),
        ("bare LF after the data", chunked("/ok", b"3\r\nabc\n0\r\n\r\n") + get("/one.txt")),
        ("bare LFs everywhere", chunked("/ok", b"3\nabc\n0\n\n") + get("/one.txt")),
        ("CR in the extension", chunked("/ok", b"3;a\rb\r\nabc\r\n0\r\n\r\n") + get("/one.txt")),
        ("LF in the extension", chunked("/ok", b"3;a\nb\r\nabc\r\n0\r\n\r\n") + get("/one.txt")),
        ("CR without LF after the size", chunked("/ok", b"3\rabc\r\n0\r\n\r\n") + get("/one.txt")),
        ("no CRLF after the data", chunked("/ok", b"3\r\nabc0\r\n\r\n") + get("/one.txt")),
        ("data longer than the size", chunked("/ok", b"3\r\nabcd\r\n0\r\n\r\n") + get("/one.txt")),
        ("trailers", chunked("/ok", b"3\r\nabc\r\n0\r\nX: 1\r\nY: 2\r\n\r\n") + get("/one.txt")),
        ("broken trailer", chunked("/ok", b"3\r\nabc\r\n0\r\nX\r\n\r\n") + get("/one.txt")),
        ("trailer with bare LF", chunked("/ok", b"3\r\nabc\r\n0\r\nX: 1\n\n") + get("/one.txt")),
        *[(f"size {v.decode('latin-1')!r}", chunked("/ok", v + b"\r\nabc\r\n0\r\n\r\n") + get("/one.txt")) for v in
          (b"0x3", b"+3", b"-3", b"3_0", b"g", b"", b"3h", b"fffffffffffffff", b"7fffffffffffffff",
              b"8000000000000000", b"ffffffffffffffff", b"10000000000000003", b"3\0", b"\xb3", b"3.0", b"3,")],
        ("over the limit of the location in one packet",
            chunked("/small/ten.txt", b"b\r\nhello world\r\n0\r\n\r\n")),
        ("over the limit of the location in chunks",
            [chunked("/small/ten.txt", b"6\r\nabcdef\r\n"), Pause(), b"6\r\nabcdef\r\n0\r\n\r\n"]),
        ("at the limit of the location",
            chunked("/small/ten.txt", b"a\r\n0123456789\r\n0\r\n\r\n") + get("/one.txt")),
        ("over 1m", chunked("/ok", b"119000\r\n" + b"x" * 0x119000 + b"\r\n0\r\n\r\n")),
        ("big", chunked("/ok", (b"4000\r\n" + b"x" * 0x4000 + b"\r\n") * 20 + b"0\r\n\r\n") + get("/one.txt")),
        ("one byte chunks", chunked("/ok", b"1\r\nx\r\n" * 200 + b"0\r\n\r\n") + get("/one.txt")),
        ("FIN inside", [chunked("/ok", b"5\r\nab"), HalfClose]),
        ("pipelined twice", chunked("/ok", b"3\r\nabc\r\n0\r\n\r\n") * 2 + get("/one.txt")),
        *[(f"Transfer-Encoding {v!r}",
            request("POST", "/ok", f"Transfer-Encoding: {v}", body=b"3\r\nabc\r\n0\r\n\r\n")) for v in
          ("Chunked", "CHUNKED", "chunked ", "identity", "gzip", "gzip, chunked", "chunked, chunked",
              "chunked, identity", "xchunked", "chunkedx", "chunked;q=1", "\"chunked\"", "", ",", "chunked,",
              "\x0bchunked", "cow")],
        ("TE and CL",
            request("POST", "/ok", "Transfer-Encoding: chunked", "Content-Length: 3",
                body=b"3\r\nabc\r\n0\r\n\r\n")),
        ("CL and TE",
            request("POST", "/ok", "Content-Length: 3", "Transfer-Encoding: chunked",
                body=b"3\r\nabc\r\n0\r\n\r\n")),
        ("CL 0 and TE",
            request("POST", "/ok", "Content-Length: 0", "Transfer-Encoding: chunked", body=b"0\r\n\r\n")),
        ("TE identity and CL",
            request("POST", "/ok", "Content-Length: 3", "Transfer-Encoding: identity", body=b"abc")),
        ("TE twice",
            request("POST", "/ok", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked",
                body=b"0\r\n\r\n")),
        ("TE chunked and identity lines",
            request("POST", "/ok", "Transfer-Encoding: chunked", "Transfer-Encoding: identity",
                body=b"0\r\n\r\n")),
        ("TE with a blank before the colon",
            request("POST", "/ok", "Transfer-Encoding : chunked", body=b"0\r\n\r\n")),
        ("TE folded", request("POST", "/ok", "Transfer-Encoding:\r\n chunked", body=b"0\r\n\r\n")),
        ("TE with underscore",
            request("POST", "/ok", "Transfer_Encoding: chunked", "Content-Length: 5", body=b"0\r\n\r\n") + get("/one.txt")),
        ("TE with a NUL",
            request("POST", "/ok", "Transfer-Encoding: chun\0ked", "Content-Length: 5", body=b"0\r\n\r\n")),
        ("TE after LF only line",
            b"POST /ok HTTP/1.1\r\nHost: localhost\nTransfer-Encoding: chunked\n\r\n0\r\n\r\n" + get("/one.txt")),
    ]),
    Site("what is left of a body", http="lingering_timeout 1s; client_max_body_size 1k; error_page 400 /error400;", server=BASIC + """
        add_header X-Body "[$content_length][$request_body][$request_body_file]" always;
        location /error400 { return 200 "400 [$content_length][$request_body]\\n"; }
        location /length { client_max_body_size 1; error_page 413 /error413; root html; }
        location /length404 { client_max_body_size 1m; error_page 404 /error413; try_files /nosuch =404; }
        location /named { client_max_body_size 1; error_page 413 = @named; root html; }
        location @named { return 200 "named [$content_length]\\n"; }
        location /error413 { return 200 "413 [$content_length][$request_body]\\n"; }
        location /file { client_max_body_size 1; error_page 413 /ten.txt; root html; }
        location /moved { client_max_body_size 1; error_page 413 http://elsewhere/; root html; }
        location /twice { client_max_body_size 1; error_page 413 /length/deeper; root html; }
        location /rewritten { client_max_body_size 1; rewrite ^ /ok last; }
        location /ok { client_max_body_size 1m; return 200 "ok [$content_length]\\n"; }
    """, cases=[
        *[(f"{path}, {name}", what + get("/one.txt")) for path in
          ("/length", "/length404", "/named", "/file", "/moved", "/twice", "/rewritten", "/ok") for name, what in
          (("none", get(path)), ("sized", post(path, b"x" * 10)), ("GET", request("GET", path, "Content-Length: 10", body=b"x" * 10)),
           ("chunked", chunked(path, b"a\r\n0123456789\r\n0\r\n\r\n")),
           ("two chunks", chunked(path, b"1\r\nX\r\n9\r\n123456789\r\n0\r\n\r\n")),
           ("a broken chunk", chunked(path, b"1\r\nX\r\nX\r\n")))],
        *[(f"{path}, sized, incomplete", [request("POST", path, "Content-Length: 10000", body=b"0123456789")], {"canary": None})
          for path in ("/length", "/length404", "/ok")],
        *[(f"{path}, chunked, incomplete", [chunked(path, b"ffff\r\n0123456789")], {"canary": None})
          for path in ("/length", "/length404", "/ok")],
        ("length and chunked", request("POST", "/ok", "Content-Length: 10", "Transfer-Encoding: chunked", body=b"0\r\n\r\n")),
        ("over the server's limit", post("/ten.txt", b"x" * 1025)), ("at the server's limit", post("/ten.txt", b"x" * 1024) + get("/one.txt")),
        *[(method, request(method, "/ten.txt", "Content-Length: 3", body=b"abc") + get("/one.txt"))
          for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "HEAD")],
        *[(f"{method} over the limit", request(method, "/length", "Content-Length: 3", body=b"abc"))
          for method in ("PUT", "DELETE", "HEAD")],
    ]),
    *[Site(f"bodies with {words}", http="client_body_timeout 1s; lingering_timeout 1s;" + words, server=BASIC + """
        location /ok { return 200 "ok [$request_body][$request_body_file]\\n"; }
    """, cases=[
        ("sized", post("/ok", b"x" * 100) + get("/one.txt")), ("to a file", post("/ten.txt", b"x" * 100) + get("/one.txt")),
        ("big", post("/ok", b"x" * 100_000) + get("/one.txt")),
        ("chunked", chunked("/ok", b"3\r\nabc\r\n0\r\n\r\n") + get("/one.txt")),
    ]) for words in ("client_body_in_file_only on;", "client_body_in_file_only clean;", "client_body_in_single_buffer on;",
                     "client_body_buffer_size 1;", "client_body_temp_path bodies 1 2;", "client_max_body_size 0;")],
    Site("expect", http="client_body_timeout 1s; lingering_timeout 1s;", server=BASIC + """
        location /ok { return 200 "ok\\n"; } location /small { client_max_body_size 10; root html; }""",
        cases=[
        ("sized, body after the 100",
            [request("POST", "/ten.txt", "Expect: 100-continue", "Content-Length: 3"), Answer, b"abc"]),
        ("return location, body at once",
            request("POST", "/ok", "Expect: 100-continue", "Content-Length: 3", body=b"abc") + get("/one.txt")),
        ("file, body at once",
            request("POST", "/ten.txt", "Expect: 100-continue", "Content-Length: 3", body=b"abc") + get("/one.txt")),
        ("return location, body later",
            [request("POST", "/ok", "Expect: 100-continue", "Content-Length: 3"), Answer,
                b"abc" + get("/one.txt")]),
        ("chunked",
            [request("POST", "/ok", "Expect: 100-continue", "Transfer-Encoding: chunked"), Answer,
                b"3\r\nabc\r\n0\r\n\r\n" + get("/one.txt")]),
        ("other case",
            [request("POST", "/ok", "Expect: 100-CONTINUE", "Content-Length: 3"), Answer,
                b"abc" + get("/one.txt")]),
        ("other expectation", request("POST", "/ok", "Expect: 200-ok", "Content-Length: 3", body=b"abc")),
        ("empty", request("POST", "/ok", "Expect:", "Content-Length: 3", body=b"abc")),
        ("GET without a body", get("/ten.txt", "Expect: 100-continue")),
        ("GET with length 0", get("/ten.txt", "Expect: 100-continue", "Content-Length: 0")),
        ("413 instead of 100",
            request("POST", "/small/ten.txt", "Expect: 100-continue", "Content-Length: 11")),
        ("404", [request("POST", "/missing", "Expect: 100-continue", "Content-Length: 3"), Answer, b"abc"]),
        ("pipelined with a body at once twice",
            (request("POST", "/ok", "Expect: 100-continue", "Content-Length: 3", body=b"abc")) * 2 + get("/one.txt")),
    ]),
]


def test_protocol(site, case, pairs, judge, not_served_yet):
    run_case(site, case, pairs, judge, not_served_yet)
