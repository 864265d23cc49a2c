"""What a configuration computes and what its texts see: map, geo, split_clients, captures, volatile variables,
nginx's own variables, and what -t says about all of them."""
from harness.config_texts import config_cases, each, http, main, server
from harness.run import run_case
from harness.site import Case, Site, get, gets, hosts, post, request

ECHO = "return 200 "
LOG = "log_format v '$request [$m]'; access_log logs/v.log v;"

MAP = r"""
    map $arg_k $m {
        default none;
        plain 1; Upper 2; "" empty; "two words" 3; 'quote"d' 4; \default 5; \~tilde 6; \\back 7; 0 zero; "a$b" 8;
        hostnames h; volatile v; include.txt i; $dollar d; semi\;colon s; ünï u; a.b dotted; *.star literal; .dot dot;
        ~^r(\d+)$ number-$1; ~*^CASE(?<rest>.*)$ "<$rest>"; "~(?<y>\d{4})-(?<mo>\d\d)" "$y/$mo/$1/$2"; ~^x regex-before;
        xyz exact-first; ~^late 1st; ~^later 2nd; ~^empty$ ""; ~^both $arg_k$uri; ~^esc\x41$ hex; text$uri no; ~* any;
    }
    map $m $chained { ~^number 'n:$m'; none 'x$1'; default $m; }
    map "$arg_a|$arg_b" $pair { "1|2" both; ~^(.*)\|(.*)$ "$2|$1"; }
    map $host $same_case { example.com yes; default no; }
    map $uri $no_default { /nothing x; }
    map $args $constant { default static; }
    map "fixed" $of_constant { fixed "from constant"; }
    map $arg_empty $of_nothing { "" nothing; default something; }
    map $args $by_args { ~(^|&)deep=(?<deep>[^&]*) $deep; default flat; }
"""
MAP_KEYS = ["plain", "PLAIN", "upper", "UPPER", "", "two%20words", "default", "~tilde", "r12", "R12", "r", "casex",
            "CaseX", "2026-11", "x", "xyz", "XYZ", "late", "later", "empty", "both", "nothing", "*.star", ".dot",
            "dot", "a.b", "hostnames", "volatile", "include.txt", "0", "00", "escA", "h", "u" * 300, "R" * 1000,
            "r" + "1" * 500, "\\back", "plain.", "a$b", "%C3%BCn", "quote\"d"]

HOSTNAMES = """
    map $http_host $m {
        hostnames; default none;
        example.com exact; *.example.com sub; www.example.* any; .both.org both; *.deep.example.com deep;
        www.example.net net; *.com com; mail.* mail; a.b.* ab; a.* a; ~^re\\.(.+)$ $1; "" empty; single one;
        *.x.both.org inner; www.sub.* ws; .com.au au;
    }
"""
HOSTNAMES_ASKED = ["example.com", "EXAMPLE.COM", "example.com.", "a.example.com", "a.b.example.com", "x.deep.example.com",
                   "deep.example.com", "www.example.com", "www.example.org", "www.example.net", "www.example.co.uk",
                   "www.example", "both.org", "x.both.org", "y.x.both.org", "x.x.both.org", "xboth.org", "com", "b.com",
                   "mail.example.org", "mail", "mail.", "a.b.c", "a.c.b", "a.b", "re.match.it", "single", "single.",
                   ".example.com", "x..example.com", "com.au", "x.com.au", "www.sub.x", "unknown.net"]

GEO = """
    geo $arg_ip $g {
        default none; 10.0.0.0/8 ten; 10.1.0.0/16 ten-one; 10.1.2.3 host; 10.1.2.0/24 net; 192.168.0.0/16 private;
        ::1 six; 2001:db8::/32 doc; 2001:db8:1::/48 doc-one; 255.255.255.255 broadcast; 0.0.0.0 zero; 127.0.0.0/8 loop;
        128.0.0.0/1 upper; delete 10.1.2.0/24; 10.1.2.128/25 half; fe80::/10 link;
    }
    geo $arg_ip $bare { 1.2.3.4 x; }
    geo $arg_ip $r {
        ranges; default none; 10.0.0.0-10.0.0.255 a; 10.0.0.16-10.0.0.31 inside; 10.0.0.0-10.0.0.7 begin;
        10.0.0.250-10.0.0.255 end; 10.1.0.0-10.3.255.255 wide; 10.2.0.0-10.2.0.0 one; 127.0.0.1-127.0.0.1 me;
        192.168.0.0-192.168.0.10 gone; delete 192.168.0.0-192.168.0.10; 5.0.255.255-5.1.0.0 across;
    }
    geo $client { default other; 127.0.0.1 local; 127.0.0.0/8 loop; ::1 six; }
    geo $proxied { default other; proxy 127.0.0.1; 1.2.3.4 four; 5.6.7.8 eight; 127.0.0.1 local; ::5 six; }
    geo $recursive { default other; proxy_recursive; proxy 127.0.0.0/8; proxy 10.0.0.0/8; proxy ::1;
                     1.2.3.4 four; 5.6.7.8 eight; 127.0.0.1 local; 10.0.0.0/8 ten; }
    geo $ranged { ranges; proxy 127.0.0.1; default other; 1.2.3.0-1.2.3.255 four; }
    geo $arg_ip $included { include geo.conf; default d; }
"""
ADDRESSES = ["10.0.0.0", "10.0.0.7", "10.0.0.8", "10.0.0.15", "10.0.0.16", "10.0.0.31", "10.0.0.32", "10.0.0.249",
             "10.0.0.250", "10.0.0.255", "10.0.1.0", "10.0.255.255", "10.1.0.0", "10.1.2.2", "10.1.2.3", "10.1.2.127",
             "10.1.2.128", "10.1.2.255", "10.2.0.0", "10.2.0.1", "10.3.255.255", "10.4.0.0", "192.168.0.5",
             "127.0.0.1", "128.0.0.0", "127.255.255.255", "255.255.255.255", "255.255.255.254", "0.0.0.0", "0.0.0.1",
             "1.2.3.4", "::1", "::", "2001:db8::1", "2001:db8:1::1", "2001:db8:2::1", "::ffff:10.1.2.3", "fe80::1",
             "fe7f::1", "ff::", "5.0.255.254", "5.0.255.255", "5.1.0.0", "5.1.0.1", "", "x", "10.0.0", "10.0.0.0.0",
             "256.0.0.0", "10.0.0.0/8", "1.2.3.4:80", "[::1]", "10..0.1", "010.1.2.3", "unix:", "::ffff:a01:203"]

FORWARDED = ["1.2.3.4", "5.6.7.8, 1.2.3.4", "1.2.3.4, 5.6.7.8", "1.2.3.4, 10.0.0.1", "1.2.3.4,10.0.0.1,10.0.0.2",
             "garbage", "1.2.3.4, garbage", "garbage, 1.2.3.4", "", "::5", "[::5]:80", "1.2.3.4:80", " 1.2.3.4 ",
             "127.0.0.1", "10.0.0.1, 127.0.0.1", "9.9.9.9"]

SPLIT = """
    split_clients $arg_x $half { 50% a; * b; }
    split_clients "${arg_x}salt" $parts { 0.01% tiny; 0.5% small; 33.33% third; 10% tenth; 56.16% most; }
    split_clients $arg_x $some { 1% one; 2.5% two; }
    split_clients $arg_x $star { 20% a; * rest; }
    split_clients $arg_x $whole { 100% all; }
    split_clients $arg_x$uri $quoted { 50% "with $arg_x"; * ''; }
"""


def many(count: int, text: str) -> bytes:
    """Requests on one connection, each with another value."""
    return b"".join(get(f"/s?x={text.format(i)}") for i in range(count))


CORE = """
    arg_a arg_b arg_A arg_a_b arg_ arg_a1 args query_string is_args uri document_uri request_uri request_method request
    cookie_a cookie_B cookie_c_d cookie_ http_x http_x_y http_host http_cookie http_user_agent http_referer http_via
    http_x_forwarded_for http_accept_language http_ content_length content_type host server_name server_addr
    server_protocol scheme https remote_addr remote_user document_root realpath_root request_filename
    limit_rate connection_requests pipe request_length bytes_sent body_bytes_sent status request_completion
    sent_http_x sent_http_content_type sent_http_content_length sent_http_location
    sent_http_last_modified sent_http_connection sent_http_keep_alive sent_http_transfer_encoding
    sent_http_cache_control sent_http_link sent_http_etag sent_http_date sent_http_server sent_trailer_x
    proxy_protocol_addr proxy_protocol_port proxy_protocol_server_addr proxy_protocol_server_port
    ssl_protocol ssl_cipher ssl_session_reused ssl_client_verify ssl_server_name http2 gzip_ratio request_body
    request_body_file upstream_addr upstream_status upstream_http_x realip_remote_addr
""".split()

SITES = [
    Site("map", http=MAP + LOG, server=f"""
        location /pair {{ {ECHO} "[$pair] [$1] [$2]\\n"; }}
        location /more {{ {ECHO} "[$same_case] [$no_default] [$constant] [$of_constant] [$of_nothing] [$by_args] [$deep]\\n"; }}
        location /late {{ {ECHO} "[$1] [$m] [$1] [$rest] [$y]\\n"; }}
        location ~ ^/(loc)/(.*)$ {{ {ECHO} "[$1] [$m] [$1] [$2]\\n"; }}
        location /twice {{ {ECHO} "[$m] [$m] [$chained]\\n"; }}
        location /chain {{ {ECHO} "[$chained] [$1]\\n"; }}
        location /header {{ add_header X-M $m; add_header X-C $chained; {ECHO} "$m\\n"; }}
        location /root {{ root html/$m; }}
        location / {{ {ECHO} "[$m]\\n"; }}
    """, cases=[
        gets(*[f"/?k={k}" for k in MAP_KEYS]),
        gets("/pair?a=1&b=2", "/pair?a=2&b=1", "/pair", "/more", "/more?deep=x&y", "/more?empty=1", "/more?a&deep=",
             "/late?k=r7", "/late?k=caseabc", "/late?k=2025-12", "/late?k=plain", "/loc/r9?k=r9", "/loc/x?k=plain",
             "/twice?k=r5", "/twice?k=none", "/chain?k=r5", "/chain?k=plain", "/chain?k=CASEy", "/header?k=r3",
             "/header?k=empty", "/root/ten.txt?k=plain", "/root/a?k=both"),
        ("host in capitals", get("/more", host="EXAMPLE.com")),
        ("two requests, two values", get("/?k=r1") + get("/?k=plain") + get("/?k=r2")),
        ("captures of the last request are gone", get("/late?k=r1") + get("/late?k=plain"))]),
    Site("map hostnames", http=HOSTNAMES + LOG, server=f'{ECHO} "[$m] [$1]\\n";', cases=[
        hosts(*HOSTNAMES_ASKED), ("no host", request("GET", "/", host=None, version="HTTP/1.0"))]),
    Site("map volatile", http="""
        map $uri $once { ~^/(.*)$ $1; } map $uri $anew { volatile; ~^/(.*)$ $1; }
        map $arg_x $outer { volatile; default "$once,$anew"; }
        log_format v '$once $anew $outer'; access_log logs/v.log v;
    """, server=f"""
        location /a {{ try_files /none /b; }}
        location /first/ {{ add_header X-Before "$once $anew"; error_page 404 /shown; root html; }}
        location /b {{ {ECHO} "[$once] [$anew] [$outer]\\n"; }}
        location /shown {{ {ECHO} "[$once] [$anew] [$outer] [$1]\\n"; }}
        location /try/ {{ try_files /$once/none /$anew/none /shown; }}
        location /index/ {{ root html; index $once-none.html $anew-none.html /shown; }}
    """, cases=[gets("/a", "/b", "/first/missing", "/try/x", "/index/", "/shown?x=1")]),
    Site("map include", files={"m.conf": "a 1; b 2;\n~^c(.)$ $1;\n", "d/1.conf": "x 10;", "d/2.conf": "y 20; default z;"},
         http="map $arg_k $m { include m.conf; include d/*.conf; include none*.conf; }" + LOG,
         server=f'{ECHO} "[$m] [$1]\\n";', cases=[gets(*[f"/?k={k}" for k in "a b cd x y q".split()])]),
    Site("map for files and logs", files={"logs/x": ""}, http="""
        map $status $loggable { ~^[23] 0; default 1; } map $uri $folder { ~^/f(\\d) d$1; default dir; }
        map $sent_http_content_type $expiry { default off; text/html epoch; text/css max; ~image/ 1h; }
        map $http_user_agent $kind { ~*bot robot; ~*(?<who>curl|wget) $who; default human; } include mime.types;
        access_log logs/some.log combined if=$loggable; log_format k '$kind $who'; access_log logs/kind.log k;
    """, server=f"""
        root html; expires $expiry;
        location /f {{ {ECHO} "$folder\\n"; }} location /dir {{ try_files /$folder/missing /$folder/index.html =404; }}
        location /kind {{ {ECHO} "$kind $who\\n"; }} location /go {{ return 302 /$kind/$folder; }}
    """, cases=[gets("/", "/ten.txt", "/a.css", "/missing", "/f1", "/f22", "/fx", "/dir", "/dir/x", "/go"),
                *[(f"agent {a}", get("/kind", f"User-Agent: {a}")) for a in ("curl/7", "GoogleBOT", "Firefox", "WGET")]]),
    Site("map cycles", http="""
        map $a $a { default x$a; } map $b $c { default $c; } map $c $b { default $b; }
    """, server=f'location /a {{ {ECHO} "[$a]\\n"; }} location /b {{ {ECHO} "[$b] [$c]\\n"; }}',
         cases=[gets("/a", "/b")]),
    Site("geo", files={"geo.conf": "10.0.0.0/8 ten;\n1.2.3.4 one;\n"}, http=GEO + """
        log_format v '$g $r $client $proxied'; access_log logs/v.log v;""", server=f"""
        listen [::1]:@P1@; listen unix:@PREFIX@/s.sock;
        location /ip {{ {ECHO} "[$g] [$r] [$bare] [$included]\\n"; }}
        location /me {{ {ECHO} "[$client] [$proxied] [$recursive] [$ranged]\\n"; }}
    """, cases=[
        gets(*[f"/ip?ip={a}" for a in ADDRESSES]), ("no argument", get("/ip")),
        Case("over IPv6", [get("/me")], to="[::1]:P1"), Case("over a unix socket", [get("/me")], to="unix:s.sock"),
        ("me", get("/me")),
        *[(f"forwarded {f!r}", get("/me", f"X-Forwarded-For: {f}")) for f in FORWARDED],
        ("two fields", get("/me", "X-Forwarded-For: 5.6.7.8", "X-Forwarded-For: 1.2.3.4")),
        ("two fields through trusted ones", get("/me", "X-Forwarded-For: 5.6.7.8", "X-Forwarded-For: 10.0.0.9"))]),
    Site("split_clients", http=SPLIT + "keepalive_requests 100000;",
         server=f'location /s {{ {ECHO} "$half $parts [$some] $star $whole [$quoted]\\n"; }}', cases=[
        Case("numbers", [many(1200, "{0}")], wait_s=10, logs=False),
        Case("long texts", [many(600, "client-{0}-of-a-longer-name-{0:032x}")], wait_s=10, logs=False),
        Case("addresses", [many(600, "10.0.{0}.7")], wait_s=10, logs=False),
        gets("/s", "/s?x=", "/s?x=a", "/s?x=ab", "/s?x=abc", "/s?x=abcd", "/s?x=abcde")]),
    Site("core variables", http="include mime.types;", server="root html;" + "\n".join(
        f'location = /{v} {{ add_header X-V "[${v}]"; return 200 "[${v}]\\n"; }}' for v in CORE) + """
        location /file/ { alias html/; add_header X-All "$sent_http_content_type $sent_http_content_length $sent_http_etag $status $request_filename $document_root"; }
    """, cases=[
        *[(f"${v}", get(f"/{v}?a=1&A=2&b=&a_b=%20x&c", "X: 1", "X-Y: 2", "Cookie: a=1; B=2; c_d=3; a=4", "Accept-Language: de",
                        "Authorization: Basic dXNlcjpwYXNz")) for v in CORE],
        ("POST content_length", post("/content_length", b"12345", "Content-Type: text/x")),
        ("POST content_type", post("/content_type", b"12345", "Content-Type: text/x")),
        ("HTTP/1.0", request("GET", "/server_protocol", version="HTTP/1.0")),
        gets("/file/ten.txt", "/file/missing", "/uri?", "/is_args?", "/args?", "/request_uri?a=%20", "/uri%20x")]),
    Site("realpath_root", files={"real/a.txt": "a", "real/sub/b.txt": "b"}, server=f"""
        location /real {{ root @PREFIX@/real/../real/./sub; {ECHO} "$realpath_root $document_root\\n"; }}
        location /none {{ root @PREFIX@/nothing; {ECHO} "[$realpath_root]\\n"; }}
        location /file {{ root @PREFIX@/real/a.txt; {ECHO} "[$realpath_root]\\n"; }}
        location /below {{ root @PREFIX@/real/a.txt/x; {ECHO} "[$realpath_root]\\n"; }}
        location /var {{ root @PREFIX@/$arg_d; {ECHO} "[$realpath_root]\\n"; }}
        location /al/ {{ alias @PREFIX@/real/; add_header X-R $realpath_root; }}
        
        location /long {{ root @PREFIX@/{"x" * 300}; {ECHO} "[$realpath_root]\\n"; }}
    """, cases=[gets("/real", "/none", "/file", "/below", "/var", "/var?d=real", "/var?d=real/sub/..", "/var?d=..",
                     "/var?d=missing", "/al/a.txt", "/al/none", "/long")]),
    Site("names and braces", server=r"""
        location /1 { return 200 "${uri}x $uri-$uri.$uri/${arg_a}b\n"; }
        location ~ ^/2/(?<first>[a-z]+)(?<second>\d*)$ { return 200 "$first|$second|$1|$2|$3|${first}x\n"; }
        location ~ ^/3/(a)|(b)$ { return 200 "[$1] [$2] [$9]\n"; }
        location /4 { return 200 "$URI ${Uri} $ARG_a $Http_X\n"; }
        location /5 { return 200 $arg_a; } location /6 { return 200 "$arg_a$arg_b"; }
        location ~ ^/7/(?<x>.*)$ { add_header X-X $x; return 200 "$x\n"; }
    """, cases=[gets("/1", "/1?a=1", "/2/abc12", "/2/abc", "/3/a", "/3/b", "/4?a=1", "/5", "/5?a=x", "/6?a=1&b=2", "/7/",
                     "/7/%41/b")]),
]


def test_variables(site, case, pairs, judge, not_served_yet):
    run_case(site, case, pairs, judge, not_served_yet)


def maps(*bodies: str) -> list:
    return [(f"map {{ {b} }}", http(f"map $uri $m {{ {b} }}")) for b in bodies]


def geos(*bodies: str) -> list:
    return [(f"geo {{ {b} }}", http(f"geo $g {{ {b} }}")) for b in bodies]


def splits(*bodies: str) -> list:
    return [(f"split_clients {{ {b} }}", http(f"split_clients $uri $s {{ {b} }}")) for b in bodies]


CONFIGS = [
    *maps("", "default 1;", "default 1; default 2;", "default 1; default 1;", "a 1; a 2;", "a 1; A 2;", "a 1; b 1;", "a;",
          "a b c;", "a b c d;", "hostnames;", "hostnames; volatile;", "volatile x;", "hostnames on;", "a $nonsense;",
          "a $;", "a ${x;", "a $1;", "a $host$nonsense;", "~( 1;", "~^a$ 1; ~^a$ 2;", "~ 1;", "~* 1;", "~*( 1;",
          "~(?<uri>x) 1;", "~(?<args>x) 1;", "~(?<m>x) 1;", "~(?<a>x)(?<b>y) $a$b;", "a { }", "a 1; b { 1; }", "a 1",
          "a 1; }", "\\default 1; default 2;", "\\~x 1;", "\\ 1;", "'' 1;", "'' 1; '' 2;", "hostnames; *.a.com 1; .a.com 2;",
          "hostnames; a.com 1; .a.com 2;", "hostnames; .a.com 1; a.com 2;", "hostnames; *.a.com 1; *.a.com 2;",
          "hostnames; *.*.com 1;", "hostnames; a*b 1;", "hostnames; * 1;", "hostnames; *. 1;", "hostnames; . 1;",
          "hostnames; a..b 1;", "hostnames; *a.com 1;", "hostnames; a.* 1; a.* 2;", "hostnames; A.COM 1; a.com 2;",
          "*.*.com 1;", "include none.conf;", "include none*.conf;", "a 1; hostnames; *.b 2;", "$host 1;", "a '$host'; a 2;",
          f"{'k' * 46} 1;", f"{'k' * 47} 1;", f"{'k' * 100} 1;", f"hostnames; *.{'k' * 30}.com 1;"),
    *each(http, "map;", "map $a;", "map $uri $b;", "map $uri $b { } extra;", "map $uri b { }", "map uri $b { a 1; }",
          "map $uri $ { }", "map $nonsense $b { }", "map $uri $uri { }", "map $uri $args { }", "map $uri $limit_rate { }",
          "map $uri $arg_x { }", "map $uri $http_x { } map $http_x $y { }", "map $uri $b { } map $uri $b { default 2; }",
          "map $uri $b { } log_format a $b;", "log_format a $b; map $uri $b { }", "map $uri $B { } log_format a $b;",
          "map $b $c { } map $c $b { }", "map $uri $a-b { }", "map $uri $b $c { }", "map '' $b { }", "map $ $b { }",
          "map_hash_max_size 10;", "map_hash_max_size x;", "map_hash_max_size 1; map_hash_max_size 1;",
          "map_hash_bucket_size 128;", "map_hash_bucket_size 0; map $uri $b { a 1; }", "map_hash_bucket_size 0; map $uri $b { }",
          "map_hash_max_size 0; map $uri $b { a 1; }", "map_hash_bucket_size 70000; map $uri $b { a 1; }",
          "map $uri $b { } map_hash_max_size 10;", "map $uri $b { } map_hash_bucket_size 64;",
          f"map_hash_bucket_size 128; map $uri $b {{ {'k' * 100} 1; {'k' * 47} 1; }}",
          f"map_hash_bucket_size 65; map $uri $b {{ {'k' * 110} 1; }}", f"map_hash_bucket_size 65; map $uri $b {{ {'k' * 111} 1; }}"),
    *each(server, "map $uri $b { }", "geo $b { }", "split_clients $uri $b { }", "map_hash_max_size 1;"),
    *geos("", "default 1;", "default 1; default 2;", "127.0.0.1 1;", "127.0.0.0/8 1; 127.0.0.0/8 2;",
          "127.0.0.1/8 1;", "x 1;", "10.0.0.0/33 1;", "10.0.0.0/8;", "10.0.0.0/8 1 2;", "::1 1; ::1 2;", "2001:db8::1/32 1;",
          "delete 127.0.0.1;", "127.0.0.1 1; delete 127.0.0.1;", "delete ::1;", "delete x;", "proxy 127.0.0.1;", "proxy x;",
          "proxy 10.0.0.1/8;", "proxy;", "proxy_recursive;", "ranges;", "ranges; ranges;", "default 1; ranges;",
          "proxy 127.0.0.1; ranges;", "ranges; 1.1.1.1-1.1.1.2 1;", "ranges; 1.1.1.1 1;", "ranges; 1.1.1.2-1.1.1.1 1;",
          "ranges; 1.1.1.1-x 1;", "ranges; x-1.1.1.1 1;", "ranges; 0.0.0.0-255.255.255.255 1;",
          "ranges; 1.1.1.1-1.1.1.9 1; 1.1.1.1-1.1.1.9 2;", "ranges; 1.1.1.1-1.1.1.9 1; 1.1.1.5-1.1.1.12 2;",
          "ranges; 1.1.1.5-1.1.1.12 1; 1.1.1.1-1.1.1.9 2;", "ranges; 1.1.0.0-1.3.255.255 1; 1.2.5.0-1.4.0.0 2;",
          "ranges; 1.1.1.1-1.1.1.9 1; 1.1.1.0-1.1.1.10 2;", "ranges; delete 1.1.1.1-1.1.1.2;",
          "ranges; 1.1.0.0-1.2.255.255 1; delete 1.1.0.0-1.2.255.255;", "ranges; 1.1.0.0-1.2.255.255 1; 1.1.0.0-1.2.255.255 2;",
          "ranges; default 1; default 2;", "ranges; ::1-::2 1;", "ranges; delete x;", "nonsense;", "a b c;", "a { }",
          "include none.conf;", "include none*.conf;", "10.0.0.0/8 a; 10.0.0.0/16 b; 10.0.0.0/8 c;", "0.0.0.0/0 a; default b;",
          "255.255.255.255 a; 255.255.255.255 b;", "127.0.0.1 1", "default", "10.0.0.0/8 $host;", "10.0.0.0/x 1;", "1.1.1.1/ 1;"),
    *each(http, "geo;", "geo $a;", "geo a { }", "geo $a b { }", "geo a $b { }", "geo $nonsense $b { }", "geo $host $b { }",
          "geo $ { }", "geo $ $b { }", "geo $uri { }", "geo $a $b $c { }", "geo $a { } geo $a { default 2; }", "geo $args { }"),
    *splits("", "50% a; * b;", "50% a; 60% b;", "100% a; * b;", "100% a; 0.01% b;", "0% a;", "* a; * b;", "* a; 1% b;",
            "50 a;", "x% a;", "0.001% a;", "0.01% a;", ".5% a;", "1.% a;", "1..5% a;", "-1% a;", "% a;", "33.3% a; 33.3% b; 33.4% c;",
            "33.3% a; 33.3% b; 33.5% c;", "50% a", "50% { }", "101% a;", "1000000% a;", "50% $nonsense;", "'' a;", "** a;"),
    *each(http, "split_clients;", "split_clients $uri;", "split_clients $uri s { }", "split_clients $uri $ { }",
          "split_clients $nonsense $s { }", "split_clients $uri $uri { }", "split_clients x $s { 50% a; }",
          "split_clients $uri $s { } log_format a $s;"),
    *each(server, "return 200 $nonsense;", "return 200 ${uri;", "return 200 ${};", "return 200 $-;", "return 200 ${uri}x$;",
          "return 200 $arg_;", "return 200 $http_;", "return 200 $cookie_;", "return 200 $sent_http_;", "return 200 $uri_x;",
          "return 200 $m;", "server_name ~^(?<host>.*)$;", "server_name ~^(?<args>.*)$;", "server_name ~^(?<limit_rate>.*)$;",
          "location ~ (?<request>x) { }", "location ~ (?<arg_x>x) { return 200 $arg_x; }", "location ~ (?<1a>x) { }",
          "location ~ (?<a>x)(?<a>y) { }", "return 200 $tcpinfo_rtt$tcpinfo_rttvar$tcpinfo_snd_cwnd$tcpinfo_rcv_space;",
          "return 200 $time_local$time_iso8601$msec$hostname$pid$connection;", "return 200 $ssl_nonsense;", "return 200 $0;",
          "return 200 $1$9;", "return 200 ${1};"),
    *each(main, "env;", "env A;", "env A=b;", "env A B;", "env '';", "env A=b; env A;", "variables_hash_max_size 10;"),
]
CASES = [(f"variables: {name}", text) for name, text in CONFIGS]


@config_cases(CASES)
def test_config(case_id, text, check_config):
    check_config(case_id, text)
