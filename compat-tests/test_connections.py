"""Connections: keep-alive, pipelining, time-outs, lingering close."""
from harness.run import run_case
from harness.site import Answer, Case, Pause, Reset, Site, chunked, get, head, post, request

BASIC = "server_name localhost; location / { root html; }"

SITES = [
    Site("keep-alive", server=BASIC + """
        location /short { keepalive_timeout 60s 30s; return 200 "short\\n"; }
        location /off { keepalive_timeout 0; return 200 "off\\n"; }
        location /three { keepalive_requests 3; return 200 "three\\n"; }
        location /one { keepalive_requests 1; return 200 "one\\n"; }
        location /time { keepalive_time 1ms; return 200 "time\\n"; }
        location /safari { keepalive_disable safari; return 200 "safari\\n"; }
        location /msie { keepalive_disable msie6; return 200 "msie\\n"; }
        location /nodis { keepalive_disable none; return 200 "none\\n"; }
        location /hdr0 { keepalive_timeout 60s 0; return 200 "hdr0\\n"; }
        location /rated/ { alias html/; limit_rate 100k; }
    """, cases=[
        ("Keep-Alive header", get("/short")), ("Keep-Alive header 0", get("/hdr0")),
            ("timeout 0", get("/off")), ("timeout 0, pipelined", get("/off") + get("/ten.txt")),
        ("requests 3 of 5 pipelined", get("/three") * 5), ("requests 1", get("/one")),
        ("time over", [get("/ten.txt"), Pause(0.05), get("/time"), get("/ten.txt")]),
        ("HTTP/1.0 keep-alive header", request("GET", "/short", "Connection: keep-alive", version="HTTP/1.0")),
        ("HTTP/1.0 close header", request("GET", "/short", "Connection: close", version="HTTP/1.0")),
        ("ten pipelined", get("/ten.txt") * 10),
            ("fifty pipelined", b"".join(get(f"/ten.txt?{i}") for i in range(50))),
        ("pipelined in odd packets", [(get("/ten.txt") * 3)[:70], Pause(), (get("/ten.txt") * 3)[70:]]),
        ("pipelined big and small", get("/big.bin") + get("/one.txt") + get("/64k.bin") + get("/empty.txt")),
        ("pipelined with errors",
            get("/missing") + get("/ten.txt") + get("/dir") + get("/noindex/") + get("/one.txt")),
        ("two hundred pipelined", get("/ten.txt") * 200),
        ("pipelined kinds of answers", head("/ten.txt") + get("/1k.txt", "Range: bytes=10-19") + get("/dir") + head("/missing")
            + get("/ten.txt", "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT", "If-Unmodified-Since: Fri, 01 Jan 2100 00:00:00 GMT")
            + get("/three") + get("/one.txt")),
        ("pipelined, one with a rate", get("/ten.txt") * 2 + get("/rated/1k.txt") + get("/one.txt") * 2),
        ("pipelined, one with a body", get("/ten.txt") + post("/three", b"x" * 100) + get("/one.txt")),
        ("pipelined, the last in halves", [get("/ten.txt") * 3 + get("/one.txt")[:20], Pause(0.1), get("/one.txt")[20:]]),
        ("pipelined after a bad request", b"BAD\r\n\r\n" + get("/ten.txt")),
        ("pipelined, bad request second", get("/ten.txt") + b"GET /x HTTP/1.1\r\n\r\n" + get("/ten.txt")),
        ("pipelined after close", get("/ten.txt", "Connection: close") + get("/one.txt")),
        ("sequential",
            [get("/ten.txt"), Answer, get("/one.txt"), Answer, head("/1k.txt"), Answer, get("/missing"),
                Answer]),
        *[(f"{agent} {path}", get(path, f"User-Agent: {agent}")) for agent in
          ("Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)",
              "Mozilla/5.0 (Macintosh; U; Intel Mac OS X) AppleWebKit/419.3 (KHTML, like Gecko) "
              "Safari/419.3", "Mozilla/5.0 (Macintosh; Intel Mac OS X) Chrome/90 Safari/537.36")
          for path in ("/ten.txt", "/safari", "/msie", "/nodis")],
        ("MSIE 6 POST",
            request("POST", "/ten.txt", "User-Agent: Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)",
                "Content-Length: 0")),
        ("MSIE error page without padding",
            get("/missing", "User-Agent: Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 5.1)")),
        ("Chrome error page padding",
            get("/missing", "User-Agent: Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/100 Safari/537.36")),
        ("Opera error page", get("/missing", "User-Agent: Opera/9.80 (compatible; MSIE 7.0; Windows NT 5.1)")),
        ("Konqueror", get("/ten.txt", "User-Agent: Mozilla/5.0 (compatible; Konqueror/3.5)")),
        Case("the client resets while idle", [get("/ten.txt"), Answer, Reset]),
        Case("the client resets during a big download", [get("/big.bin"), Reset], logs=False),
    ]),
    Site("timeouts", http="""
        client_header_timeout 1s; client_body_timeout 1s; keepalive_timeout 1s; send_timeout 1s;
        lingering_timeout 1s; lingering_time 1s;
    """,
         server=BASIC + 'location /r { reset_timedout_connection on; root html; }', cases=[
        Case("nothing sent", [b""], canary=None, wait_s=3),
        Case("half a request line", [b"GET /ten"], canary=None, wait_s=3),
        Case("half the headers", [b"GET /ten.txt HTTP/1.1\r\nHost: localhost\r\n"], canary=None, wait_s=3),
        Case("keep-alive runs out", [get("/ten.txt")], canary=None, wait_s=3),
        Case("half a second request", [get("/ten.txt") + b"GET /x"], canary=None, wait_s=3),
        Case("body missing, discarded", [request("POST", "/ten.txt", "Content-Length: 10", body=b"abc")],
            canary=None, wait_s=3),
        Case("chunked body missing, discarded", [chunked("/ten.txt", b"3\r\nab")], canary=None, wait_s=3),
        Case("headers drip",
            [x for c in (b"GET /ten.txt HT", b"TP/1.1\r\nHost: ", b"localhost\r\n", b"X: 1\r\n", b"\r\n") for x in (c,
                Pause(0.3))], canary=None, wait_s=3),
    ]),
    Site("lingering", http="""
        lingering_close always; lingering_timeout 1s; client_max_body_size 10;
    """, server=BASIC, cases=[
        ("413 with data following", post("/ten.txt", b"x" * 200_000)),
        ("close after GET", get("/ten.txt", "Connection: close")),
        ("400", b"GET / HTTP/1.1\r\n\r\n" + b"x" * 3000)]),
    Site("lingering off", http="""
        lingering_close off; lingering_timeout 1s; client_max_body_size 10;
    """, server=BASIC, cases=[
        ("413", request("POST", "/ten.txt", "Content-Length: 20")),
        ("close after GET", get("/ten.txt", "Connection: close")),
        ("405 with a body", post("/ten.txt", b"x" * 10))]),
]


def test_protocol(site, case, pairs, judge, not_served_yet):
    run_case(site, case, pairs, judge, not_served_yet)
