"""Access and error logs: every request's lines are compared in all test modules; here the formats, files,
conditions and moments."""
import time

from harness.client import Player, connect
from harness.run import run_case
from harness.site import Answer, HalfClose, Pause, Site, chunked, get, gets, head, post, request

ALL = ("status=$status bytes=$bytes_sent body=$body_bytes_sent length=$request_length pipe=$pipe "
       "requests=$connection_requests connection=$connection request_time=$request_time msec=$msec "
       "iso=$time_iso8601 local=$time_local")
REQUEST = ("m=$request_method u=$uri r=$request_uri a=$args q=$query_string d=$document_uri i=$is_args "
           "p=$server_protocol s=$scheme h=$host hh=$http_host sn=$server_name sp=$server_port ra=$remote_addr "
           "remote_port=$remote_port ru=$remote_user ct=$content_type cl=$content_length f=$request_filename "
           "root=$document_root rr=$realpath_root c=$request_completion https=$https request_id=$request_id "
           "cookie=$cookie_a arg=$arg_a")
SENT = ("st=$status ct=$sent_http_content_type cl=$sent_http_content_length lm=$sent_http_last_modified "
        "et=$sent_http_etag lo=$sent_http_location co=$sent_http_connection ka=$sent_http_keep_alive "
        "te=$sent_http_transfer_encoding ar=$sent_http_accept_ranges cr=$sent_http_content_range "
        "cc=$sent_http_cache_control ex=$sent_http_x_own link=$sent_http_link")
FORMATS = f"log_format all '{ALL}'; log_format req '{REQUEST}'; log_format sent '{SENT}';"
ODD = "User-Agent: a\"b\\c\x01\x7f\xe4\tz"

SITES = [
    Site("combined", server="server_name localhost; root html;", cases=[
        gets("/ten.txt", "/missing", "/dir", "/noindex/", "/%20x?y=%22", "/a\"b", "/\xc3\xa4", "/a\\b"),
        ("agent and referer", get("/ten.txt", "User-Agent: Mozilla/5.0 (X11)", "Referer: http://x/?a=b")),
        ("odd bytes", get("/ten.txt", ODD, 'Referer: "')),
        ("user", get("/ten.txt", "Authorization: Basic dXNlcjpwdw==")),
        ("user with odd bytes", get("/ten.txt", "Authorization: Basic dSJzXGVyOnA=")),
        ("user broken", get("/ten.txt", "Authorization: Basic ####")), ("HEAD", head("/1k.txt")),
        ("304", get("/ten.txt", "If-None-Match: *")), ("range", get("/1k.txt", "Range: bytes=0-99")),
        ("multi range", get("/1k.txt", "Range: bytes=0-99,200-299")),
        ("HTTP/1.0", request("GET", "/ten.txt", host=None, version="HTTP/1.0")),
        ("HTTP/0.9", b"GET /ten.txt\r\n"),
        ("400 without a request", b"\x16\x03\x01\r\n\r\n"), ("400 half", [b"GET /x", HalfClose]),
        ("400 long", b"GET /" + b"\x01" * 300 + b" HTTP/1.1\r\n\r\n"), ("414", get("/" + "a" * 9000)),
        ("494", get("/", "X: " + "a" * 9000)), ("nothing", [HalfClose]),
        ("pipelined", get("/ten.txt") * 20), ("body", post("/ten.txt", b"x" * 100)),
        ("bare LF", b"GET /ten.txt HTTP/1.1\nHost: a\n\n"), ("lower-case method", request("get", "/ten.txt")),
        ("blank lines first", b"\r\n\r\n" + get("/ten.txt")),
        ("absolute", b"GET http://x/ten.txt HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("CONNECT", b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"), ("version 2", b"GET / HTTP/2.0\r\n\r\n"),
        ("preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")]),
    Site("all log variables", http=FORMATS + """
        access_log logs/all.log all; access_log logs/req.log req; access_log logs/sent.log sent;
    """, server="""
        server_name localhost alias; root html; add_header X-Own $uri;
        location /cc/ { expires max; add_header Link a; add_header Link b; alias html/; }
        location /ka { keepalive_timeout 9s 7s; return 200 x; }
        location /ret { return 200 \"12345\"; }
        location /auto/ { autoindex on; }
    """, cases=[
        gets("/ten.txt", "/ten.txt?a=1", "/missing", "/dir", "/dir/", "/cc/ten.txt", "/ka", "/ret",
            "/auto/sub/", "/noindex/", "/big.bin", "/empty.txt", "/%zz", "/a%20b?a=%20"),
        ("long head", get("/ten.txt", "X: " + "a" * 2000)), ("body", post("/ret", b"x" * 1000)),
        ("body to a file", post("/ten.txt", b"x" * 1000)),
        ("chunked body", chunked("/ret", b"5\r\nabcde\r\n0\r\n\r\n")),
        ("chunked body to a file", chunked("/ten.txt", b"5\r\nabcde\r\n0\r\n\r\n")),
        ("body in two packets",
            [request("POST", "/ret", "Content-Length: 6"), Pause(), b"abc", Pause(), b"def"]),
        ("head in three packets",
            [b"GET /ten.txt HT", Pause(), b"TP/1.1\r\nHost: loc", Pause(), b"alhost\r\n\r\n"]),
        ("pipelined", [get("/ten.txt") * 3 + head("/1k.txt") + get("/missing")] + [Answer] * 5),
        ("blank lines first", b"\r\n\r\n" + get("/ten.txt")), ("HEAD", head("/1k.txt")),
        ("range", get("/1k.txt", "Range: bytes=5-10")),
        ("multi range", get("/1k.txt", "Range: bytes=5-10,20-30")),
        ("416", get("/ten.txt", "Range: bytes=50-")), ("304", get("/ten.txt", "If-None-Match: *")),
        ("HTTP/1.0", request("GET", "/ten.txt", host=None, version="HTTP/1.0")),
        ("HTTP/0.9", b"GET /ten.txt\r\n"), ("bad request", b"BAD\r\n\r\n"),
        ("bad host", get("/ten.txt", host="a/b")), ("no host", get("/", host=None)),
        ("all headers",
            get("/ten.txt?a=1", "Cookie: a=2", "Content-Type: t", "Authorization: Basic dTpw",
                host="Alias:80")), ("400 half head", [b"GET /ten.txt HTTP/1.1\r\nHost: a\r\nX", HalfClose]),
        ("Expect", request("POST", "/ret", "Expect: 100-continue", "Content-Length: 3", body=b"abc"))]),
    Site("escape modes", http="""
        log_format d '[$http_user_agent] [$arg_a] [$uri] [$request]';
        log_format de escape=default '[$http_user_agent] [$arg_a] [$uri]';
        log_format j escape=json '{"ua":"$http_user_agent","a":"$arg_a","u":"$uri","n":"$http_none"}';
        log_format n escape=none '[$http_user_agent] [$arg_a] [$uri] [$http_none]';
        log_format multi 'one $status' "two $uri" three$host; log_format braces '${status}x${uri}';
        log_format quote '"$status" \\'$uri\\''; log_format bin '$binary_remote_addr';
        log_format text 'only text'; log_format esc 'a\\tb'; access_log logs/d.log d;
        access_log logs/de.log de; access_log logs/j.log j; access_log logs/n.log n;
        access_log logs/multi.log multi; access_log logs/braces.log braces; access_log logs/quote.log quote;
        access_log logs/bin.log bin; access_log logs/text.log text; access_log logs/esc.log esc;
    """, server="""
        server_name localhost; root html;
    """, cases=[
        ("plain", get("/ten.txt?a=1", "User-Agent: x")), ("nothing", get("/ten.txt")),
        ("odd bytes", get("/ten.txt?a=\"\\\xe4", ODD)),
        ("UTF-8", get("/%C3%A4?a=\xc3\xa4", "User-Agent: \xc3\xa4\xe2\x82\xac")),
        ("decoded control bytes in uri", get("/%01%09%22%5c%7f%ff%0a%0d%08%0c")),
        ("json specials", get("/x?a=/b", 'User-Agent: \x08\x0c\r\x1b"\\/\x1f'.replace("\r", ""))),
        ("long", get("/ten.txt?a=" + "\"" * 800))]),
    Site("if and several logs", http="""
        log_format s '$status $uri';
    """, server="""
        server_name localhost; root html; access_log logs/one.log s; access_log logs/two.log combined;
        access_log logs/cond.log s if=$arg_log;
        location /off/ { access_log off; alias html/; }
        location /own/ {
            access_log logs/own.log s; alias html/;
            location /own/in/ { alias html/; }
            location /own/off/ { access_log off; alias html/; }
        }
        location /cond2/ { access_log logs/cond2.log s if=$arg_a$arg_b; alias html/; }
        location /cond0/ { access_log logs/cond0.log combined if=$http_x; alias html/; }
        location /redir { try_files /no /own/ten.txt; }
        location /err { error_page 404 /off/ten.txt; }
        location /offthen { access_log off; error_page 404 /own/ten.txt; }
        location /same/ { access_log logs/same.log s; access_log logs/same.log s; alias html/; }
    """, cases=[
        gets("/ten.txt", "/ten.txt?log=1", "/ten.txt?log=0", "/ten.txt?log=", "/ten.txt?log=00",
            "/off/ten.txt", "/off/missing", "/own/ten.txt", "/own/in/ten.txt", "/own/off/ten.txt",
            "/cond2/ten.txt?a=0", "/cond2/ten.txt?a=0&b=0", "/cond2/ten.txt", "/redir", "/err", "/offthen",
            "/same/ten.txt"), ("header 0", get("/cond0/ten.txt", "X: 0")),
        ("header 1", get("/cond0/ten.txt", "X: 1"))]),
    Site("variable file names", http="""
        log_format s '$status $uri'; open_log_file_cache max=10 inactive=1s valid=1s min_uses=1;
    """, server="""
        server_name a b; root html; access_log logs/v-$host.log s;
        location /arg/ { access_log logs/x-$arg_f.log s; alias html/; }
        location /abs/ { access_log @PREFIX@/logs/abs-$host.log; alias html/; }
        location /noroot/ { root nosuch; access_log logs/nr-$host.log s; }
        location /nocache/ { open_log_file_cache off; access_log logs/nc-$host.log s; alias html/; }
        location /nodir/ { access_log logs/nodir/$host.log s; alias html/; }
    """, cases=[
        *[(f"{h} {t}", get(t, host=h)) for h in ("a", "b", "c.d") for t in ("/ten.txt", "/abs/ten.txt",
            "/noroot/x", "/nocache/ten.txt")],
        gets("/arg/ten.txt?f=1", "/arg/ten.txt?f=2", "/arg/ten.txt", "/nodir/ten.txt"),
        ("several", get("/ten.txt", host="a") + get("/ten.txt", host="b") + get("/ten.txt", host="a"))]),
    Site("log_not_found and log_subrequest", server="""
        server_name localhost; root html;
        location /quiet/ { log_not_found off; alias html/; }
        location /sub/ { log_subrequest on; alias html/; }
        location /q2/ { log_not_found off; alias html/; autoindex off; }
    """,
        cases=[gets("/missing", "/quiet/missing", "/quiet/noindex/", "/quiet/nosearch/x",
            "/quiet/unreadable.txt", "/sub/ten.txt", "/sub/missing", "/quiet/ten.txt/x", "/ten.txt/x",
            "/loop")]),
    *[Site(f"error_log {level}", main=f"error_log logs/error_{level}.log {level};", server="""
        server_name localhost; root html;
        location /deny { deny all; }
        location /small { client_max_body_size 1; }
        location /loop { try_files /no /loop; }
    """, cases=[
        gets("/missing", "/noindex/", "/unreadable.txt", "/deny", "/loop", "/%zz", "/..", "/ten.txt"),
        ("413", post("/small", b"abc")), ("bad host", get("/", host="a/b")), ("no host", get("/", host=None)),
        ("bad method", b"get / HTTP/1.1\r\n\r\n"), ("bad header", get("/ten.txt", "X Y: 1")),
        ("half", [b"GET /x HTTP/1.1\r\nHos", HalfClose]), ("long URI", get("/" + "a" * 9000)),
        ("long header", get("/", "X: " + "a" * 9000)),
        ("bad length", request("POST", "/", "Content-Length: x"))])
      for level in ("info", "notice", "warn", "error", "crit", "alert", "emerg")],
    Site("error_log places", http="""
        error_log logs/error_http.log;
    """, server="""
        server_name localhost; root html; error_log logs/error_server.log info;
        location /own/ { error_log logs/error_own.log warn; alias html/; }
        location /two/ { error_log logs/error_a.log error; error_log logs/error_b.log info; alias html/; }
        location /same/ { error_log logs/error_s.log info; error_log logs/error_s.log error; alias html/; }
        location /crit/ { error_log logs/error_c.log crit; alias html/; }
        location /null/ { error_log /dev/null; alias html/; }
    """,
        cases=[gets("/missing", "/own/missing", "/two/missing", "/same/missing", "/crit/missing",
            "/null/missing", "/%zz", "/two/noindex/", "/crit/nosearch/x"),
            ("bad header in two", get("/two/ten.txt", "X Y: 1"))]),
    Site("buffered", http="""
        log_format s '$status $uri'; access_log logs/buffered.log s buffer=1k;
        access_log logs/flush.log s buffer=64k flush=200ms;
    """, server="""
        server_name localhost; root html;
    """, cases=[("a hundred lines", get("/ten.txt") * 100)]),
]


def test_logs(site, case, pairs, judge, not_served_yet):
    run_case(site, case, pairs, judge, not_served_yet)


LIVE = Site("log moments", http="""
        log_format s '$status $uri $request_length'; access_log logs/s.log s;
        access_log logs/late.log s buffer=64k flush=300ms; access_log logs/never.log s buffer=64k;
    """, server="""
        server_name localhost; root html;
    """)


def lines(server, name: str) -> list[str]:
    return server.log_text(name).splitlines()


def each_server(pairs, not_served_yet):
    pair = pairs.get(LIVE)
    if pair.not_served:
        not_served_yet(pair.not_served)
    assert not pair.start_failure, pair.start_failure
    return (pair.nginx, pair.uringx)


def test_line_is_in_the_file_before_the_next_answer(pairs, not_served_yet):
    for server in each_server(pairs, not_served_yet):
        with connect("P0", server) as sock:
            player = Player(sock, 3.0)
            for turn in range(1, 40):
                before = len(lines(server, "s.log"))
                player.send(get(f"/ten.txt?{turn}"))
                player.read_until(lambda: player.whole_answers() >= 2 * turn - 1)
                player.send(get("/one.txt"))
                player.read_until(lambda: player.whole_answers() >= 2 * turn)
                assert len(lines(server, "s.log")) > before, f"{server.label}: no line, turn {turn}"


def test_line_is_in_the_file_before_the_connection_is_closed(pairs, not_served_yet):
    for server in each_server(pairs, not_served_yet):
        for turn in range(40):
            before = len(lines(server, "s.log"))
            errors = len(lines(server, "error.log"))
            with connect("P0", server) as sock:
                player = Player(sock, 3.0)
                player.send(get("/missing", "Connection: close"))
                player.read_until(lambda: False)
                assert player.end == "eof"
                assert len(lines(server, "s.log")) == before + 1, f"{server.label}: no access line, {turn}"
                assert len(lines(server, "error.log")) == errors + 1, f"{server.label}: no error line, {turn}"


def test_flush_writes_buffered_lines_in_time(pairs, not_served_yet):
    for server in each_server(pairs, not_served_yet):
        marker = f"/flushed-{time.monotonic_ns()}"
        with connect("P0", server) as sock:
            player = Player(sock, 3.0)
            player.send(get(marker, "Connection: close"))
            player.read_until(lambda: False)
        deadline = time.monotonic() + 3
        while marker not in server.log_text("late.log") and time.monotonic() < deadline:
            time.sleep(0.02)
        assert marker in server.log_text("late.log"), f"{server.label}: flush=300ms wrote nothing in 3 s"
        assert marker not in server.log_text("never.log"), f"{server.label} wrote one line of 64k"


def test_buffered_lines_are_not_lost_at_a_graceful_stop(pairs, not_served_yet):
    servers = each_server(pairs, not_served_yet)
    counts = [len(lines(server, "s.log")) for server in servers]
    pairs.stop()
    for server, count in zip(servers, counts):
        assert len(lines(server, "never.log")) == count, f"{server.label} lost buffered lines"
        assert len(lines(server, "late.log")) == count, f"{server.label} lost flushed lines"
