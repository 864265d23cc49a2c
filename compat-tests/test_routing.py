"""Which server, which location, what it says: server_name, location, error_page, return, internal, access,
headers, variables."""
from harness.run import run_case
from harness.site import Case, Site, get, gets, head, hosts, post, request

ECHO = 'return 200 "{}\\n";'

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

CODES = [200, 201, 202, 204, 205, 206, 207, 299, 300, 301, 302, 303, 304, 307, 308, 309, 399,
         400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421,
         422, 426, 429, 431, 444, 451, 494, 495, 496, 497, 498, 499, 500, 501, 502, 503, 504, 505, 506, 507, 508,
         599, 600, 700, 999, 0]
RETURNS = "\n".join(f'location = /c{c} {{ return {c}; }} location = /t{c} {{ return {c} "text {c}\\n"; }}'
                    for c in CODES)

EXPIRES = ["1h", "-1", "-1h", "0", "epoch", "max", "off", "modified 1h", "modified -1h", "30d", "1y", "1w2d",
           "90", "1h30m", "@15h", "@15h30m33s", "@0s", "$arg_e", "modified +1d", "+1h", "-30d",
           "modified $arg_e"]

SITES = [
    Site("server names", servers="\n".join('server { listen 127.0.0.1:@P0@%s; server_name %s; return 200 '
        '"%d $server_name [$host] [$1] [$n]\\n"; }' % (" default_server" if i == 2 else "", names, i) for i,
        names in enumerate([
        "example.com www.example.com", "*.example.com", "_", ".example.org", "mail.*", "*.sub.example.com",
            "www.example.*", r"~^(?<n>.+)\.regex\.net$", r"~^www\d+\.regex\.net$",
            r"~^(?<n>[a-z]+)\.other\.net$", "exact.other.net", "UPPER.Example.Net", "*.wild.net wild.net",
            r"~\.de$", r"~^CI\.(?<n>fr)$", "[::1]", "127.0.0.1", "a.*.b.com.invalid_placeholder",
            "localhost dup.net", "xn--mller-kva.de"])).replace("a.*.b.com.invalid_placeholder",
                "under_score.net"), cases=[
        hosts("example.com", "www.example.com", "WWW.EXAMPLE.COM", "a.example.com", "a.b.example.com",
            "x.sub.example.com", "sub.example.com", "example.org", "www.example.org", "a.b.example.org",
            "xexample.org", "mail.foo", "mail.foo.bar", "mail", "mail.", "www.example.net",
            "www.example.co.uk", "www.example", "a.regex.net", "www1.regex.net", "A.Regex.Net",
            "foo.other.net", "exact.other.net",
              "FOO.other.net", "upper.example.net", "wild.net", "x.wild.net", "x.wild.net.", "foo.de",
            "foo.de.", "foo.de:80", "ci.fr", "CI.FR", "[::1]", "127.0.0.1", "127.0.0.1:@P0@",
            "under_score.net", "dup.net", "xn--mller-kva.de", "nothing.at.all", "_", ".", "", "*.example.com",
            ".example.com"), ("HTTP/1.0 without Host", request("GET", "/", host=None, version="HTTP/1.0"))]),
    Site("captures of the server name", servers=r"""
        server {
            listen 127.0.0.1:@P0@; server_name ~^(?<sub>[^.]+)\.example\.com$; root html/$sub.example.com;
            location /echo { return 200 "$sub $1 [$2]\n"; }
            location /r { return 301 https://$sub.new.example/$uri; }
            location ~ ^/(?<what>loc.*)$ { return 200 "$sub $what $1\n"; }
            location /al/ { alias html/$sub.example.com/; }
            add_header X-Sub $sub;
        }
        server { listen 127.0.0.1:@P0@; server_name ~^(.+)\.(num)\.net$; return 200 "$1 $2 $3\n"; }
        server { listen 127.0.0.1:@P0@ default_server; return 200 "default [$sub] [$1]\n"; }
    """, cases=[
        *[(f"{h} {t}", get(t, host=h)) for h in ("a.example.com", "b.example.com", "B.EXAMPLE.COM",
            "www.example.com", "nosuch.example.com", "a.b.example.com") for t in ("/", "/echo", "/r/x",
                "/location", "/al/", "/missing")], ("numbers", get("/", host="x.num.net")),
        ("default", get("/", host="none")),
        ("two names on one connection",
            get("/echo", host="a.example.com") + get("/echo", host="b.example.com") + get("/",
                host="x.num.net") + get("/", host="none"))]),
    Site("ports and addresses", servers="""
        server {
            listen 127.0.0.1:@P0@; listen 127.0.0.1:@P1@; server_name one;
            return 200 "one $server_addr $server_port\\n";
        }
        server {
            listen 127.0.0.1:@P0@ default_server; listen 127.0.0.1:@P2@; server_name two;
            return 200 "two $server_addr $server_port\\n";
        }
        server { listen @P3@; server_name any; return 200 "any $server_addr $server_port\\n"; }
        server {
            listen 127.0.0.1:@P3@; server_name special; return 200 "special $server_addr $server_port\\n";
        }
        server {
            listen [::1]:@P4@; server_name six;
            return 200 "six $server_addr $server_port $remote_addr $host\\n";
        }
        server { listen *:@P5@; return 200 "star $server_addr\\n"; }
        server {
            listen unix:@PREFIX@/u.sock; server_name un;
            return 200 "unix $server_addr $remote_addr $server_port $binary_remote_addr\\n";
        }
        server { listen [::]:@P6@ ipv6only=off; return 200 "dual $server_addr $remote_addr\\n"; }
        server { listen localhost:@P7@; return 200 "name $server_addr\\n"; }
        server {
            listen 127.0.0.1:@P8@ backlog=10 reuseport so_keepalive=on deferred rcvbuf=64k sndbuf=64k fastopen=3;
            return 200 "options\\n";
        }
    """, cases=[
        *[Case(f"{to} Host {h}", [get("/", host=h)], to=to) for to in ("P0", "P1", "P2", "P3", "P5", "P7",
            "P8", "[::1]:P4", "[::1]:P6", "P6", "unix:u.sock") for h in ("one", "two", "any", "special", "x")]]),
    Site("locations", server=r"""
        server_name localhost;
        location / { return 200 "root\n"; }
        location = / { return 200 "exact root\n"; }
        location /a { return 200 "a\n"; }
        location /a/ { return 200 "a/\n"; }
        location /a/b { return 200 "a/b\n"; }
        location = /a/b { return 200 "exact a/b\n"; }
        location = /a/b/ { return 200 "exact a/b/\n"; }
        location ^~ /pre { return 200 "pre\n"; }
        location ^~ /pre/re.txt/long { return 200 "pre long\n"; }
        location /pre/longer { return 200 "pre longer\n"; }
        location ~ \.txt$ { return 200 "re txt\n"; }
        location ~ ^/cap/(\d+)/(.*)$ { return 200 "cap $1 $2 [$3]\n"; }
        location ~* \.PNG$ { return 200 "ci png\n"; }
        location ~ \.png$ { return 200 "never\n"; }
        location ~ ^/Case { return 200 "Case\n"; }
        location ~* ^/nocase { return 200 "nocase\n"; }
        location /images/ { return 200 "images\n"; }
        location ~ ^/named/(?<x>[a-z]+)(?<y>\d*) { return 200 "$x-$y-$1-$2\n"; }
        location /nest {
            location /nest/in { return 200 "nest in\n"; }
            location ~ \.txt$ { return 200 "nest txt\n"; }
            location = /nest/exact { return 200 "nest exact\n"; }
            location ~ \.x$ { location ~ ^/nest/y { return 200 "nest x y\n"; } return 200 "nest x\n"; }
            location ^~ /nest/hat { return 200 "hat\n"; }
            return 200 "nest\n";
        }
        location "/with space" { return 200 "space\n"; }
        location '/quote"d' { return 200 "quoted\n"; }
        location ~ "^/brace/\d{2}$" { return 200 "brace\n"; }
        location /%20lit { return 200 "literal percent\n"; }
        location =/tight { return 200 "tight\n"; }
        location ~^/tightre { return 200 "tightre\n"; }
        location ~ ^/(?!no)neg { return 200 "neg\n"; }
        location ~ ä { return 200 "umlaut\n"; }
        location /longest/x { return 200 "x\n"; }
        location /longest/ { return 200 "l\n"; }
        location ~ "^/utf/.{1}$" { return 200 "one char\n"; }
        location ~* ^/utfi/Ä$ { return 200 "ci umlaut\n"; }
        location ~ ^/empty/(.*)/(x)?$ { return 200 "[$1] [$2]\n"; }
        location ^~ /hatre { location ~ \.txt$ { return 200 "hat nested re\n"; } return 200 "hatre\n"; }
        location /order/ { }
        location ~ ^/order/a { return 200 "first\n"; }
        location ~ ^/order/ab { return 200 "second\n"; }
    """,
        cases=[
        gets("/", "/?x", "/x", "/a", "/a/", "/a/b", "/a/b/", "/a/bc", "/a/b/c", "/ab", "/A", "/pre",
            "/prefix", "/pre/re.txt", "/pre/re.txt/long.txt", "/pre/longer.txt", "/x.txt", "/x.txt/",
            "/x.TXT", "/x.txt?y", "/cap/12/rest", "/cap/12/", "/cap/x/", "/cap/12/a%20b%2fc", "/x.png",
            "/x.PNG", "/Case", "/case", "/NoCase", "/images/x.png", "/images/x.jpg", "/named/abc12",
            "/named/abc", "/named/12", "/nest", "/nest/in", "/nest/in.txt", "/nest/exact", "/nest/y.x",
             "/nest/z.x", "/nest/hat.txt", "/nestx", "/with%20space", "/with%20spacex", "/quote%22d",
            "/quote\"d", "/brace/12", "/brace/123", "/%2520lit", "/%20lit", "/tight", "/tightre", "/neg",
            "/noneg", "/%C3%A4", "/\xc3\xa4", "/longest/x", "/longest/y", "/longest", "/utf/%C3%A4", "/utf/a",
            "/utfi/%C3%A4", "/utfi/%C3%84", "/empty//x", "/empty/a/", "/hatre/x.txt", "/hatre/x",
            "/order/abc", "/a%2fb", "/./a/b", "/a//b", "/x/../a/b", "/%61/b", "/pre/../a/b")]),
    Site("named locations", server=r"""
        server_name localhost; root html;
        location @n { return 200 "named $uri\n"; }
        location /try { try_files /no @n; }
        location /err { error_page 404 @n; }
        location /err2 { error_page 404 = @n; }
        location /err3 { error_page 404 =201 @n; }
        location /err4 { error_page 403 @n; deny all; }
        location @m { root html; }
        location /m { try_files /no @m; }
        location @loop { error_page 404 @loop; root html; }
        location /loop { try_files /no @loop; }
        location @o { try_files /no2 @n; }
        location /o { try_files /no @o; }
        location @err { return 404; }
        location /e { error_page 404 /ten.txt; try_files /no @err; }
    """, cases=[
        gets("/try", "/err", "/err2", "/err3", "/err4", "/m", "/m/", "/loop", "/o", "/e", "/@n", "/try?a=b"),
        *[(f"{m} {t}", request(m, t)) for m in ("POST", "HEAD", "PUT") for t in ("/try", "/err", "/err4",
            "/m")], ("POST with a body", post("/err", b"x" * 100) + get("/ten.txt"))]),
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
    Site("internal", server=r"""
        server_name localhost; root html;
        location /secret { internal; }
        location = /errors/404.html { internal; }
        error_page 404 /errors/404.html;
        location /try { try_files /no /secret.txt; }
        location = /ten.txt { internal; }
        location /idx/ { alias html/dir/; }
        location = /idx/index.html { internal; alias html/dir/index.html; }
        location ~ \.inc$ { internal; return 200 "inc\n"; }
        location /re { error_page 404 =200 /x.inc; }
    """, cases=[
        gets("/secret.txt", "/secret", "/errors/404.html", "/missing", "/try", "/ten.txt", "/idx/",
            "/idx/index.html", "/a.inc", "/re"), ("HEAD", head("/secret.txt")),
        ("POST", request("POST", "/secret.txt"))]),
    Site("access", server=r"""
        server_name localhost; root html;
        location /all/ { allow all; alias html/; }
        location /none/ { deny all; alias html/; }
        location /me/ { allow 127.0.0.1; deny all; alias html/; }
        location /notme/ { deny 127.0.0.1; allow all; alias html/; }
        location /net/ { allow 127.0.0.0/8; deny all; alias html/; }
        location /othernet/ { allow 10.0.0.0/8; deny all; alias html/; }
        location /first/ { allow all; deny all; alias html/; }
        location /six/ { allow ::1; deny all; alias html/; }
        location /six64/ { allow ::/0; deny all; alias html/; }
        location /unix/ { allow unix:; deny all; alias html/; }
        location /ret/ { deny all; return 200 "return comes first\n"; }
        location /page/ { error_page 403 /ten.txt; deny all; }
        location /try/ { deny all; try_files /ten.txt =404; }
        location /onlydeny/ { deny 10.0.0.1; alias html/; }
        location /inh/ {
            deny all; alias html/;
            location /inh/dir/ { alias html/dir/; }
            location /inh/images/ { allow all; alias html/images/; }
        }
        location /auto/ { deny all; autoindex on; }
        location /redir { deny all; alias html; }
        location /any/ { satisfy any; allow 127.0.0.1; deny all; alias html/; }
        location /sat/ { satisfy all; deny all; alias html/; }
        location /host/ { allow 127.0.0.1/31; deny all; alias html/; }
        location /zero/ { allow 0.0.0.0/0; deny all; alias html/; }
    } server {
        listen [::1]:@P1@; root html;
        location /six/ { allow ::1; deny all; alias html/; }
        location /four/ { allow 127.0.0.1; deny all; alias html/; }
        location /net/ { deny ::/64; alias html/; }
    } server {
        listen unix:@PREFIX@/u.sock;
        location / { root html; allow unix:; deny all; }
        location /d/ { deny unix:; alias html/; }
    """, cases=[
        gets(*[f"/{p}/ten.txt" for p in "all none me notme net othernet first six six64 unix ret page try "
            "onlydeny inh any sat host zero".split()], "/inh/dir/file.txt", "/inh/images/one.png",
            "/none/missing", "/none/dir", "/auto/", "/redir", "/redir/dir"),
            ("POST denied", request("POST", "/none/ten.txt")), ("HEAD denied", head("/none/ten.txt")),
            ("denied with a body", post("/none/ten.txt", b"abc") + get("/one.txt")),
        *[Case(f"IPv6 {p}", [get(f"/{p}/ten.txt")], to="[::1]:P1") for p in ("six", "four", "net")],
            Case("unix allowed", [get("/ten.txt")], to="unix:u.sock"),
            Case("unix denied", [get("/d/ten.txt")], to="unix:u.sock")]),
    Site("limit_except", server=r"""
        server_name localhost; root html;
        location /get/ { limit_except GET { deny all; } alias html/; }
        location /post/ { limit_except POST { deny all; } return 200 "post\n"; }
        location /postfile/ { limit_except POST { deny all; } alias html/; }
        location /head/ { limit_except HEAD { deny all; } alias html/; }
        location /many/ { limit_except GET POST PUT { deny all; } alias html/; }
        location /me/ { limit_except GET { allow 127.0.0.1; deny all; } alias html/; }
        location /page/ { error_page 403 /ten.txt; limit_except GET { deny all; } alias html/; }
        location /dav/ { limit_except PROPFIND MKCOL OPTIONS { deny all; } alias html/; }
        location /both/ { deny all; limit_except GET { allow all; } alias html/; }
        location /inner/ { limit_except GET { deny 10.0.0.1; } alias html/; }
    """,
        cases=[(f"{m} /{p}/", request(m, f"/{p}/ten.txt")) for p in ("get", "post", "postfile", "head",
            "many", "me", "page", "dav", "both", "inner") for m in ("GET", "HEAD", "POST", "PUT", "OPTIONS",
                "PROPFIND", "BREW")]),
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
    Site("variables in return", server="\n".join(
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
            return 200 "rttvar=$tcpinfo_rttvar snd_cwnd=$tcpinfo_snd_cwnd rcv_space=$tcpinfo_rcv_space\n";
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
    Site("limit_rate", server="""
        location / { limit_rate 0; return 200 "[$limit_rate]\\n"; }
    """, cases=[gets("/")]),
    Site("inheritance", http="""
        root html/dir; index file.txt; default_type text/x-http; etag off; error_page 404 /h404;
    """, servers=r"""
        server {
            listen 127.0.0.1:@P0@; server_name localhost;
            location / { }
            location /own/ {
                root html; index ten.txt; default_type text/x-own; etag on; error_page 500 /x;
                location /own/in/ { }
                location /own/in2/ { alias html/; }
            }
            location /h404 { return 200 "h404\n"; }
            location /s/ { alias html/; }
        }
        server {
            listen 127.0.0.1:@P0@; server_name two; root html/images; index one.png; default_type text/x-two;
            location / { }
            location /x/ { root html; }
        }
    """,
        cases=[gets("/", "/file.txt", "/missing", "/own/", "/own/x", "/own/in/", "/own/in2/",
            "/own/in2/noextension", "/s/", "/s/noextension", "/sub/deep.txt"),
            gets("/", "/one.png", "/missing", "/x/", prefix="two ", host="two")]),
    Site("if_modified and etag off at http", http="""
        etag off; if_modified_since off; max_ranges 0;
    """, server="""
        server_name localhost; root html;
        location /on/ { etag on; if_modified_since before; max_ranges 5; alias html/; }
    """,
        cases=[(f"{t} {h}", get(t, h)) for t in ("/ten.txt", "/on/ten.txt") for h in ("X: y",
            "If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT", "If-None-Match: *", "Range: bytes=0-1",
            "Range: bytes=0-1,3-4")]),
    Site("Debian's site", http="""
        sendfile on; tcp_nopush on; types_hash_max_size 2048; include mime.types;
        default_type application/octet-stream; ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
        ssl_prefer_server_ciphers on; gzip on;
    """, servers="""
        server {
            listen 127.0.0.1:@P0@ default_server; listen [::1]:@P1@ default_server; root html;
            index index.html index.htm index.nginx-debian.html; server_name _;
            location / { try_files $uri $uri/ =404; }
        }
    """,
        cases=[gets("/", "/ten.txt", "/dir", "/dir/", "/missing", "/noindex/", "/htm/", "/a.html?x",
            "/.hidden"), Case("over IPv6", [get("/")], to="[::1]:P1")]),
    Site("the container image's site", main="user nobody nogroup; worker_rlimit_nofile 1024;", http="""
        include mime.types; default_type application/octet-stream;
        log_format main '$remote_addr - $remote_user [$time_local] "$request" ' '$status $body_bytes_sent "$http_referer" ' '"$http_user_agent" "$http_x_forwarded_for"';
        access_log logs/main.log main; sendfile on; keepalive_timeout 65;
    """, servers="""
        server {
            listen 127.0.0.1:@P0@; server_name localhost;
            location / { root html; index index.html index.htm; }
            error_page 500 502 503 504 /50x.html;
            location = /50x.html { root html/errors; }
        }
    """,
        cases=[gets("/", "/ten.txt", "/dir", "/missing", "/50x.html"),
            ("with headers", get("/ten.txt", "Referer: r", 'User-Agent: "q"', "X-Forwarded-For: 1.2.3.4"))]),
    Site("h5bp", http="""
        include mime.types; charset utf-8; server_tokens off; etag on;
    """, server=r"""
        server_name localhost; root html; error_page 404 /errors/404.html;
        location ~* /\.(?!well-known\/) { deny all; }
        location ~* (?:#.*#|\.(?:bak|conf|dist|fla|in[ci]|log|orig|psd|sh|sql|sw[op])|~)$ { deny all; }
        add_header X-Content-Type-Options nosniff always; add_header X-Frame-Options DENY always;
    """,
        cases=[gets("/", "/.hidden", "/.git/config", "/x.bak", "/x~", "/.well-known/x", "/ten.txt", "/a.css",
            "/missing")]),
]


def test_routing(site, case, pairs, judge, not_served_yet):
    run_case(site, case, pairs, judge, not_served_yet)
