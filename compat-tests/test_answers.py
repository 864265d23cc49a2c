"""What an answer says besides its body: add_header, expires, server_tokens, etag; variables in texts."""
from harness.run import run_case
from harness.site import Site, get, gets, head, post, request

# Variables with a value of their own for each request; one location and one case for each.
VARIABLES = """
    arg_a args binary_remote_addr body_bytes_sent bytes_sent connection_requests content_length
    content_type cookie_a document_root document_uri host http_x http_user_agent http_host is_args
    limit_rate nginx_version pipe query_string realpath_root remote_addr remote_user request
    request_completion request_filename request_id request_length request_method request_uri scheme
    sent_http_content_type sent_http_content_length sent_http_last_modified sent_http_location
    sent_http_connection sent_http_keep_alive sent_http_transfer_encoding sent_http_etag
    sent_http_cache_control sent_http_x_y server_addr server_name server_protocol status time_iso8601
    time_local uri https server_port remote_port request_body request_body_file pid connection
    sent_trailer_x
""".split()

EXPIRES = ["1h", "-1", "-1h", "0", "epoch", "max", "off", "modified 1h", "modified -1h", "30d", "1y", "1w2d",
           "90", "1h30m", "@15h", "@15h30m33s", "@0s", "$arg_e", "modified +1d", "+1h", "-30d",
           "modified $arg_e"]

SITES = [
    Site("add_header", http="""
        add_header X-Http http;
    """, server=r"""
        server_name localhost; root html; add_header X-Server server;
        location /plain/ { alias html/; }
        location /own/ { add_header X-Own own; alias html/; }
        location /always/ { add_header X-Always a always; add_header X-Sometimes s; alias html/; }
        location /var/ { add_header X-Var "$uri $args $arg_a"; alias html/; }
        location /empty/ { add_header X-Empty ""; add_header X-Arg $arg_a; alias html/; }
        location /twice/ { add_header X-T 1; add_header X-T 2; alias html/; }
        location /known/ {
            add_header Cache-Control no-store; add_header Last-Modified ""; add_header Content-Type text/x;
            alias html/;
        }
        location /lm/ { add_header Last-Modified "Mon, 01 Jan 2001 00:00:00 GMT"; alias html/; }
        location /etag/ { add_header ETag '"mine"'; alias html/; }
        location /link/ { add_header Link "</a.css>; rel=preload"; add_header Link "</b.css>"; alias html/; }
        location /cc/ {
            expires 1h; add_header Cache-Control "public"; add_header Cache-Control "no-transform";
            alias html/;
        }
        location /outer/ {
            add_header X-Outer 1;
            location /outer/in/ { alias html/; }
            location /outer/own/ { add_header X-Inner 2; alias html/; }
        }
        location /ret { add_header X-R r; return 200 "x\n"; }
        location /ret404 { add_header X-R r; add_header X-A a always; return 404; }
        location /ret301 { add_header X-R r; return 301 /x; }
        location /sent/ {
            add_header X-Sent "$sent_http_content_type $sent_http_content_length $sent_http_etag $status";
            alias html/;
        }
        location /date/ { add_header Date today; add_header Server mine; alias html/; }
        location /loc/ { add_header Location /elsewhere; return 201; }
        location /crlf/ { add_header X-C "$arg_a"; alias html/; }
        location /page/ { error_page 404 /page2; add_header X-P 1 always; alias html/; }
        location /page2 { add_header X-P 2 always; return 200 "p\n"; }
        location /cookie/ { add_header Set-Cookie "a=1; Path=/"; add_header Set-Cookie b=2; alias html/; }
        location /name/ { add_header "X Y" z; alias html/; }
        location /long/ { add_header X-L "$args$args$args$args"; alias html/; }
        location /vary/ { add_header Vary Accept; alias html/; }
        location /ar/ { add_header Accept-Ranges none; alias html/; }
        location /cl/ { add_header Content-Length 3; alias html/; }
        location /conn/ { add_header Connection X; alias html/; }
    """ , cases=[
        gets("/ten.txt", "/missing",
            *[f"/{p}/ten.txt" for p in "plain own always var empty twice known lm etag link cc outer/in "
                "outer/own sent date crlf cookie name vary ar cl conn".split()],
            *[f"/{p}/missing" for p in "own always page cc sent known".split()], "/var/ten.txt?a=1",
            "/empty/ten.txt?a=1", "/crlf/ten.txt?a=b%0d%0ac", "/ret", "/ret404", "/ret301", "/loc/",
            "/always/dir", "/own/dir", "/long/ten.txt?" + "x" * 900, "/own/noindex/"),
        ("304", get("/own/ten.txt", "If-None-Match: *")), ("206", get("/always/ten.txt", "Range: bytes=0-1")),
        ("206 multi", get("/own/ten.txt", "Range: bytes=0-1,4-5")),
        ("416", get("/always/ten.txt", "Range: bytes=100-")),
        ("412", get("/always/ten.txt", 'If-Match: "x"')), ("405", request("POST", "/always/ten.txt")),
        ("400", b"GET / HTTP/1.1\r\n\r\n"), ("HEAD", head("/own/ten.txt")),
        ("If-None-Match of an own ETag", get("/etag/ten.txt", 'If-None-Match: "mine"')),
        ("If-Modified-Since of an own date",
            get("/lm/ten.txt", "If-Modified-Since: Mon, 01 Jan 2001 00:00:00 GMT"))]),
    Site("expires", server="\n".join(
        f"location /e{i}/ {{ expires {v}; alias html/; }}" for i, v in enumerate(EXPIRES)) + r"""
        server_name localhost; root html;
        location /outer/ {
            expires 1h; alias html/;
            location /outer/in/ { alias html/; }
            location /outer/off/ { expires off; alias html/; }
        }
        location /ret { expires 1h; return 200 "x\n"; }
        location /ret404 { expires 1h; return 404; }
        location /ret301 { expires 1h; return 301 /x; }
        location /lm/ { expires modified 1h; return 200 "x\n"; }
    """,
        cases=[
        gets(*[f"/e{i}/ten.txt" for i in range(22)],
            *[f"/e17/ten.txt?e={v}" for v in ("1h", "-1", "max", "epoch", "off", "modified", "x", "@15h", "0",
                "", "99999d", "1h1h", "+1h", "modified+1h")], "/e21/ten.txt?e=1h", "/e0/missing", "/e0/dir",
            "/e0/dir/", "/e0/one.txt", "/e7/one.txt", "/outer/ten.txt", "/outer/in/ten.txt",
            "/outer/off/ten.txt", "/ret", "/ret404", "/ret301", "/lm/"),
        ("304", get("/e0/ten.txt", "If-None-Match: *")), ("206", get("/e0/ten.txt", "Range: bytes=0-1")),
            ("416", get("/e0/ten.txt", "Range: bytes=99-")), ("HEAD", head("/e5/ten.txt"))]),
    Site("server_tokens off", http="""
        server_tokens off;
    """, server="""
        server_name localhost; root html;
        location /on/ { server_tokens on; alias html/; }
        location /build/ { server_tokens build; alias html/; }
        location /r { return 500; }
    """, cases=[
        gets("/ten.txt", "/missing", "/dir", "/on/ten.txt", "/on/missing", "/r", "/noindex/"),
        ("400", b"GET / HTTP/1.1\r\n\r\n"), ("HEAD 404", head("/missing")),
        ("POST 405", request("POST", "/ten.txt")), ("414", get("/" + "a" * 9000)),
        ("pipelined", get("/missing") + get("/on/missing") + get("/ten.txt"))]),
    # What the kernel measured of a connection has more digits at one time than at another, so only that it is a
    # number can be compared.
    Site("variables in return", http="\n".join(
        f'map $tcpinfo_{v} ${v} {{ "~^[1-9][0-9]*$" "a number"; default "none"; }}'
        for v in ("rtt", "rttvar", "snd_cwnd", "rcv_space")), server="\n".join(
        f'location = /{v} {{ return 200 "{v}=${v}\\n"; }}' for v in VARIABLES) + r"""
        server_name localhost other; root html; default_type text/plain;
        location /braces { return 200 "${host}x${uri}\n"; }
        location /arg { return 200 "[$arg_a] [$arg_A] [$arg_b_c] [$arg_] [$args]\n"; }
        location /cookie { return 200 "[$cookie_a] [$cookie_A] [$cookie_b_c]\n"; }
        location ~ ^/re/(?<first>\w+)/(\w*) { return 200 "[$first] [$1] [$2] [$3] [$uri]\n"; }
        location /name { return 200 "hostname=$hostname\n"; }
        location /file/ {
            add_header X-F "$request_filename $document_root $realpath_root $uri $document_uri"; alias html/dir/;
        }
        location /proxy { return 200 "[$proxy_protocol_addr] [$proxy_protocol_port] [$server_protocol]\n"; }
        location /tcp {
            return 200 "rtt $rtt rttvar $rttvar snd_cwnd $snd_cwnd rcv_space $rcv_space\n";
        }
        location /time { return 200 "request_time=$request_time $msec $time_local $time_iso8601\n"; }
        location /bin { return 200 $binary_remote_addr; }
        location /trailer { return 200 "[$sent_trailer_x]\n"; }
    """, cases=[
        *[(f"${v}",
            get(f"/{v}?a=1&b=%20", "X: y", "Cookie: a=1; b=2", "Content-Type: t/u", "User-Agent: ua",
                "Referer: ref", host="Other:123")) for v in VARIABLES],
        gets("/braces", "/arg?a=1", "/arg?A=1", "/arg?a=1&a=2", "/arg?b_c=1", "/arg?b-c=1", "/arg?xa=1&a=2",
            "/arg?a", "/arg?a=", "/arg?=1", "/arg?&&a=3", "/arg?a=1;b=2", "/arg?a=%20+x", "/re/a/b", "/re/a/",
            "/re/a%20b/c", "/name", "/file/file.txt", "/file/sub/deep.txt", "/proxy", "/tcp", "/time", "/bin",
            "/trailer", "/is_args", "/args", "/request", "/uri/%20/../x"),
        ("cookies", get("/cookie", "Cookie: a=1; A=2; b_c=3")),
            ("cookie blanks", get("/cookie", "Cookie:  a = 1 ;b_c= x y ;")),
            ("cookie empty", get("/cookie", "Cookie: a=")),
            ("cookie commas", get("/cookie", "Cookie: x=1,a=2")),
            ("remote_user", get("/remote_user", "Authorization: Basic dXNlcjpwdw==")),
            ("remote_user broken", get("/remote_user", "Authorization: Basic !!!")),
            ("remote_user without colon", get("/remote_user", "Authorization: Basic dXNlcg==")),
            ("remote_user digest", get("/remote_user", "Authorization: Digest x")),
        ("request_length", get("/request_length", "X: " + "a" * 100)),
            ("request_length of a body", post("/request_length", b"x" * 50)),
            ("connection_requests", get("/connection_requests") * 3), ("pipe", get("/pipe") * 2),
            ("content_length", post("/content_length", b"abc")),
            ("request of a bare LF", b"GET /request HTTP/1.1\nHost: a\n\n"),
            ("request_method HEAD", head("/request_method")),
            ("request_method PUT", request("PUT", "/request_method")),
            ("HTTP/1.0 protocol", request("GET", "/server_protocol", version="HTTP/1.0")),
            ("HTTP/0.9 protocol", b"GET /server_protocol\r\n"),
            ("HTTP/1.0 without Host: host", request("GET", "/host", host=None, version="HTTP/1.0")),
            ("request_uri absolute", b"GET http://h/request_uri?x HTTP/1.1\r\nHost: a\r\n\r\n")]),
    Site("bytes of no text in fields", server="""
        location /field { add_header X-B $binary_remote_addr; return 200 x; }
        location /part { add_header X-B "a${binary_remote_addr}z" always; return 404; }
        location /redirect { return 302 /x$binary_remote_addr; }
        location /body { return 200 $binary_remote_addr; }
    """, cases=[gets("/field", "/part", "/redirect", "/body")]),
    Site("limit_rate", server="""
        location / { limit_rate 0; return 200 "[$limit_rate]\\n"; }
    """, cases=[gets("/")]),
    Site("if_modified and etag off at http", http="""
        etag off; if_modified_since off; max_ranges 0;
    """, server="""
        server_name localhost; root html;
        location /on/ { etag on; if_modified_since before; max_ranges 5; alias html/; }
    """,
        cases=[(f"{t} {h}", get(t, h)) for t in ("/ten.txt", "/on/ten.txt") for h in ("X: y",
            "If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT", "If-None-Match: *", "Range: bytes=0-1",
            "Range: bytes=0-1,3-4")]),
]


def test_routing(site, case, pairs, judge, not_served_yet):
    run_case(site, case, pairs, judge, not_served_yet)
