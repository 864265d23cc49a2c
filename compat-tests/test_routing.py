"""Which server, which location, who may: server_name, location, internal, access, limit_except, inheritance, and the
sites that come with the packages."""
from harness.run import run_case
from harness.site import Case, Site, get, gets, head, hosts, post, request

ECHO = 'return 200 "{}\\n";'

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
