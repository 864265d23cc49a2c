"""rewrite, set, if, break, return and error_page as scripts of a request, and limit_except: what is answered, what
is logged, and what `-t` says to right and wrong ones."""
from harness.config_texts import config_cases, each, http, location, server
from harness.run import run_case
from harness.site import HalfClose, Pause, Site, chunked, get, gets, head, post, request

SHOW = r'return 200 "uri=$uri args=[$args] q=$is_args$query_string d=$document_uri 1=[$1] 2=[$2]\n";'


def methods(target: str, *names: str) -> list:
    """One case for each method."""
    return [(f"{name} {target}", request(name, target)) for name in names]


SITES = [
    Site("rewrite", server=r"""
        root html; rewrite_log on; error_log logs/error.log notice;
        location /show { """ + SHOW + r""" }
        location /last/ { rewrite ^/last/(.*)$ /show/$1 last; return 500; }
        location /lastargs/ { rewrite ^/lastargs/([^/]*)/?(.*)$ /show/$2?a=$1 last; }
        location /drop/ { rewrite ^/drop/(.*)$ /show/$1? last; }
        location /dropargs/ { rewrite ^/dropargs/(.*)$ /show?x=$1? last; }
        location /break/ { rewrite ^/break/(.*)$ /dir/$1 break; return 500; }
        location /plain/ { rewrite ^/plain/(.*)$ /show/$1; rewrite ^/show/a$ /show/b; """ + SHOW + r""" }
        location /chain/ {
            rewrite ^/chain/1/(.*)$ /chain/2/$1; rewrite ^/chain/2/(.*)$ /chain/3/$1?c=1;
            rewrite ^/chain/3/(.*)$ /show/$1 last;
        }
        location /redir/ { rewrite ^/redir/(.*)$ /to/$1 redirect; }
        location /perm/ { rewrite ^/perm/(.*)$ /to/$1?x=1 permanent; }
        location /redirdrop/ { rewrite ^/redirdrop/(.*)$ /to/$1? redirect; }
        location /redirq/ { rewrite ^/redirq/(.*)$ /to?q=$1&u=$uri redirect; }
        location /abs/ { rewrite ^/abs/(.*)$ http://other.example/$1; return 500; }
        location /abss/ { rewrite ^/abss/(.*)$ https://other.example/$1? permanent; }
        location /abslast/ { rewrite ^/abslast/(.*)$ http://other.example/$1 last; }
        location /scheme/ { rewrite ^/scheme/(.*)$ $scheme://other.example/$1; }
        location /schemex/ { rewrite ^/schemex/(.*)$ $scheme$1 break; }
        location /uri/ { rewrite ^ /show$uri last; }
        location /urired/ { rewrite ^ /to$uri redirect; }
        location /requri/ { rewrite ^ /show?r=$request_uri? last; }
        location /arg/ { rewrite ^ /show?a=$arg_a&b=$arg_b? last; }
        location /argpath/ { rewrite ^ /show/$arg_a? last; }
        location /named/ { rewrite ^/named/(?<year>\d+)/(?<name>[^/]+)$ /show/$name?year=$year last; }
        location /twice/ { rewrite ^/twice/(.)(.)$ /show/$2$2$1$1?$1=$2 last; }
        location /high/ { rewrite ^/high/(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)$ /show/$9$8$10 last; }
        location /unset/ { rewrite ^/unset/(a)?(b)?$ /show/[$1][$2][$3] last; }
        location /empty/ { rewrite ^/empty/(.*)$ $1 last; }
        location /onlyargs/ { rewrite ^ ?x=1 last; }
        location /onlyq/ { rewrite ^ ? last; }
        location /noslash/ { rewrite ^/noslash/(.*)$ show/$1 last; }
        location /noslashb/ { rewrite ^/noslashb/(.*)$ dir/$1 break; }
        location /case/ { rewrite (?i)^/CASE/(.*)$ /show/$1 last; }
        location /caseno/ { rewrite ^/CASENO/(.*)$ /show/$1 last; """ + SHOW + r""" }
        location /loop { rewrite ^/loop /loop/x last; }
        location /loop2 { rewrite ^(.*)$ $1x last; }
        location /almost { rewrite ^/almost(\d)$ /almost$1$1 last; rewrite ^/almost(\d\d)$ /show last; }
        location /internal/ { internal; return 200 "internal $uri\n"; }
        location /toint/ { rewrite ^/toint/(.*)$ /internal/$1 last; }
        location /missing/ { rewrite ^/missing/(.*)$ /nowhere/$1 last; }
        location /files/ { rewrite ^/files/(.*)$ /dir/$1 last; }
        location /todir/ { rewrite ^ /dir last; }
        location /type/ { rewrite ^/type/(.*)$ /a.$1 break; }
        location /al/ { alias html/dir/; rewrite ^/al/(.*)$ /al/file.txt break; }
        location /al2/ { alias html/dir/; rewrite ^/al2/x$ /al2/file.txt last; rewrite ^/al2/y /zz break; }
        location /al3/ { alias html/dir/; rewrite ^/al3/x$ /z; break; }
        location ~ ^/cap/(\w+)/(\w+)$ { rewrite x /y; """ + SHOW + r""" }
        location ~ ^/capm/(\w+)/(\w+)$ { rewrite ^/(c)apm /y; """ + SHOW + r""" }
        location /tail { rewrite ^/tail(.*)$ /show$1?$args; """ + SHOW + r""" }
    """, cases=[
        gets("/last/", "/last/x", "/last/x?a=b", "/last/x%20y", "/last/x%2Fy?z", "/last/%3Fq", "/last/a+b?c+d", "/last/%c3%a4",
             "/lastargs/k/v", "/lastargs/k%26l/v?z=1", "/lastargs/a+b/", "/lastargs/a b".replace(" ", "%20"),
             "/lastargs/%25/x", "/lastargs//./x%26y/z", "/lastargs/a&b/z", "/lastargs/a;b/", "/lastargs/x#y",
             "/drop/x?a=b", "/drop/x", "/dropargs/x%20y?a=b", "/dropargs/xy?a=b", "/break/file.txt", "/break/none",
             "/break/", "/break/sub", "/plain/a", "/plain/b?q", "/chain/1/x", "/chain/1/x?y=2", "/chain/3/x?y=2",
             "/redir/x", "/redir/x?a=b", "/redir/x%20y", "/redir/%3Fx", "/redir/%25", "/redir/a%26b", "/redir/%22%3C",
             "/redir/a+b", "/redir/%2B", "/redir/%E4", "/redir/%7F", "/redir/%23", "/redir//x/./%20",
             "/redir/", "/perm/x", "/perm/x?a", "/redirdrop/x?a=b", "/redirq/x%20y?z", "/redirq/xy", "/redirq/x%26y",
             "/abs/x?y", "/abs/x%20y", "/abss/x?y", "/abslast/x", "/scheme/x?y=1", "/schemex/x", "/uri/x?y",
             "/uri/a%20b", "/urired/x", "/urired/x%25y", "/urired/x%3fy", "/urired/a%2541", "/requri/x?y=1",
             "/arg/?a=1&b=2", "/arg/?a=%20", "/arg/", "/argpath/?a=x%20y", "/argpath/?a=", "/named/2024/name",
             "/named/2024/a%20b", "/named/x", "/twice/ab", "/twice/%26%3d", "/high/abcdefghij", "/unset/", "/unset/a",
             "/unset/b", "/unset/ab", "/empty/", "/empty/x", "/onlyargs/", "/onlyq/", "/noslash/x", "/noslash/",
             "/noslashb/file.txt", "/case/x", "/caseno/x", "/loop", "/loop2", "/almost1", "/internal/x", "/toint/x",
             "/missing/x", "/files/file.txt", "/files/sub", "/files/sub/", "/files/", "/todir/", "/type/html",
             "/type/css", "/type/unknown", "/al/x", "/al2/x", "/al2/y", "/al2/file.txt", "/al3/x", "/cap/a/b", "/capm/a/b",
             "/tail?a=1", "/tail", "/tailx?"),
        ("HEAD", head("/redir/x")), ("POST", post("/last/x", b"body")), ("POST redirected", post("/redir/x", b"body")),
        ("HTTP/1.0", get("/redir/x", version="HTTP/1.0", host=None)),
        ("absolute target", request("GET", "http://h.example/last/x%20y?q", host="localhost")),
        ("two on one connection", get("/last/1") + get("/last/2?x")),
    ]),
    Site("rewrite at server level", server=r"""
        root html; rewrite_log on; error_log logs/error.log notice;
        rewrite ^/one/(.*)$ /two/$1; rewrite ^/two/x$ /three?t=1 last; rewrite ^/three never;
        rewrite ^/brk/(.*)$ /dir/$1 break; rewrite ^/old/(.*)$ /new/$1 permanent; rewrite ^/dir/r$ /ten.txt;
        rewrite ^/int$ /hidden; set $seen "server $1"; rewrite ^/cycle /cycle/x; rewrite ^/zero$ "?";
        location /two/ { return 200 "two $uri $args [$1] $seen\n"; }
        location /three { return 200 "three $uri $args\n"; }
        location = /hidden { internal; return 200 "hidden\n"; }
        location /cycle { rewrite ^ /cycle/y last; }
        location /back { rewrite ^ /one/back last; }
    """, cases=[gets("/one/a", "/one/x?q", "/three", "/brk/file.txt", "/brk/r", "/old/x?y", "/dir/r", "/int", "/hidden",
        "/cycle", "/zero", "/", "/back", "/two/%20x", "/one/a%20b")]),
    Site("set", server=r"""
        root html; error_log logs/error.log info;
        set $server_set "s"; set $empty ""; set $both one;
        location /a { set $x a; set $y "$x-$x"; set $x b; return 200 "$x $y ${x}y $server_set [$empty]\n"; }
        location /un { return 200 "[$x] [$never]\n"; }
        location /unlog { return 200 "[$never] [$never]\n"; }
        location /quiet { uninitialized_variable_warn off; return 200 "[$never]\n"; }
        location /never { set $never 1; return 200 "$never\n"; }
        location /args { set $args "a=1&b=2"; return 200 "$args $arg_a $arg_b $is_args $query_string $request_uri\n"; }
        location /noargs { set $args ""; return 200 "[$args] [$is_args]\n"; }
        location /append { set $args "$args&z=1"; rewrite ^ /show last; }
        location /show { """ + SHOW + r""" }
        location /redirargs { set $args x=y; rewrite ^ /to redirect; }
        location /argsdir { set $args "n=$arg_a"; root html; rewrite ^ /dir; }
        location /case { set $MiXed 1; return 200 "$mixed $MIXED\n"; }
        location /http { set $http_x set; return 200 "$http_x $http_y\n"; }
        location /arg { set $arg_a set; return 200 "$arg_a $arg_b\n"; }
        location /cookie { set $cookie_c set; return 200 "$cookie_c\n"; }
        location /sent { set $sent_http_x set; add_header X real; return 200 "$sent_http_x\n"; }
        location ~ ^/quote/(.*)$ { set $q $1; set $u "$uri"; rewrite ^/(q)uote/(.*) /$1; set $r "$1"; return 200 "$q|$u|$r|$1\n"; }
        location ~ ^/quoteif/(.*)$ { if ($uri = "/quoteif/$1") { return 200 "same $1\n"; } return 200 "other $1\n"; }
        location ~ ^/named/(?<cap>.*)$ { set $n "<$cap>"; set $cap changed; return 200 "$n $cap $1\n"; }
        location /cap2 { return 200 "[$cap]\n"; }
        location /again { set $both two; rewrite ^ /second last; }
        location /second { set $third "$both-3"; return 200 "$both $third $server_set\n"; }
        location /err { set $e "kept"; error_page 404 = /errpage; return 404; }
        location /errpage { return 200 "[$e]\n"; }
        location /header { set $h "v$arg_a"; add_header X-H $h; return 204; }
        location /root { set $where dir; root html/$where; }
        location /if { set $v 0; if ($arg_a) { set $v 1; } if ($arg_b) { set $v "${v}2"; } return 200 "$v\n"; }
        location /brk { set $v 1; break; set $v 2; }
        location /num { set $n 007; if ($n = 7) { return 200 "seven\n"; } return 200 "$n\n"; }
        location /self { set $s "$s+"; set $s "$s+"; return 200 "$s\n"; }
        location /now { set $m $request_method; set $st $status; return 200 "$m $st\n"; }
    """, http='log_format v "$uri [$x] [$never] [$server_set] [$cap]"; access_log logs/v.log v;', cases=[
        gets("/a", "/un", "/unlog", "/quiet", "/never", "/args?q", "/noargs?q", "/noargs", "/append?a=1", "/append",
             "/redirargs?o", "/argsdir/?a=1", "/argsdir?a=1", "/case", "/arg?a=1&b=2", "/cookie", "/sent",
             "/quote/a", "/quote/a%20b", "/quote/a+b", "/quote/%26%3f", "/quote/a&b", "/quoteif/a", "/quoteif/a%20b",
             "/quoteif/a%26b", "/named/x", "/named/x%20y", "/cap2", "/again", "/second", "/err", "/header?a=1",
             "/header?a=%0d%0aX:1", "/root/file.txt", "/root", "/if", "/if?a=1", "/if?a=1&b=0", "/if?a=1&b=1", "/brk",
             "/num", "/self", "/now", "/none"),
        ("own http field", get("/http", "X: sent", "Y: y")), ("cookie sent", get("/cookie", "Cookie: c=1")),
    ]),
    Site("if conditions", server=r"""
        root html; rewrite_log on; error_log logs/error.log notice; set $file html/ten.txt;
        location /true { if ($arg_a) { return 200 "yes\n"; } return 200 "no\n"; }
        location /eq { if ($arg_a = x) { return 200 "yes\n"; } return 200 "no\n"; }
        location /eqempty { if ($arg_a = "") { return 200 "yes\n"; } return 200 "no\n"; }
        location /eqvar { if ($arg_a = $arg_b) { return 200 "yes\n"; } return 200 "no\n"; }
        location /eqblank { if ($arg_a = "a b") { return 200 "yes\n"; } return 200 "no\n"; }
        location /ne { if ($arg_a != x) { return 200 "yes\n"; } return 200 "no\n"; }
        location /re { if ($arg_a ~ ^x(.)(.)?) { return 200 "yes [$1] [$2]\n"; } return 200 "no [$1]\n"; }
        location /rei { if ($arg_a ~* ^x(.)) { return 200 "yes [$1]\n"; } return 200 "no [$1]\n"; }
        location /nre { if ($arg_a !~ ^x(.)) { return 200 "yes [$1]\n"; } return 200 "no [$1]\n"; }
        location /nrei { if ($arg_a !~* ^x(.)) { return 200 "yes [$1]\n"; } return 200 "no [$1]\n"; }
        location /ren { if ($arg_a ~ ^(?<n>\d+)-(?<m>.*)$) { return 200 "$n $m\n"; } return 200 "no [$n]\n"; }
        location /req { if ($args ~ "a=(\d{2,3});") { return 200 "yes $1\n"; } return 200 "no\n"; }
        location /f { if (-f html$arg_a) { return 200 "file\n"; } return 200 "no\n"; }
        location /nf { if (!-f html$arg_a) { return 200 "no file\n"; } return 200 "file\n"; }
        location /d { if (-d html$arg_a) { return 200 "dir\n"; } return 200 "no\n"; }
        location /nd { if (!-d html$arg_a) { return 200 "no dir\n"; } return 200 "dir\n"; }
        location /e { if (-e html$arg_a) { return 200 "there\n"; } return 200 "no\n"; }
        location /ne2 { if (!-e html$arg_a) { return 200 "not there\n"; } return 200 "there\n"; }
        location /x { if (-x html$arg_a) { return 200 "exec\n"; } return 200 "no\n"; }
        location /nx { if (!-x html$arg_a) { return 200 "no exec\n"; } return 200 "exec\n"; }
        location /dev { if (-e /dev/null) { return 200 "there\n"; } if (!-f /dev/null) { return 200 "no\n"; } return 500; }
        location /const { if (-f html/ten.txt) { return 200 "file\n"; } return 200 "no\n"; }
        location /var { if (-f $file) { return 200 "file\n"; } return 200 "no\n"; }
        location /novalue { if (-f $arg_a) { return 200 "file\n"; } return 200 "no\n"; }
        location /many {
            set $r ""; if (-f html/ten.txt) { set $r "${r}1"; } if (-f html/none) { set $r "${r}2"; }
            if (-d html/dir) { set $r "${r}3"; } if (!-e html/none) { set $r "${r}4"; } if ($arg_a) { set $r "${r}5"; }
            if (-x html/dir) { set $r "${r}6"; } return 200 "$r\n";
        }
        location /reqfile/ { alias html/; if (!-e $request_filename) { return 200 "missing\n"; } }
        location /spaces { if ( $arg_a = x ) { return 200 "yes\n"; } return 200 "no\n"; }
        location /glued { if ($arg_a = x){return 200 "yes\n";} return 200 "no\n"; }
        location /after { if ($arg_a ~ (.)(.)) { set $c "$1$2"; } if ($arg_b ~ zzz) { } return 200 "[$c] [$1]\n"; }
        location ~ ^/loc/(.*)$ { if ($arg_a ~ (x)) { return 200 "if [$1]\n"; } return 200 "loc [$1]\n"; }
        location ~ ^/locvar/(.*)$ { if ($arg_a) { return 200 "if [$1]\n"; } return 200 "loc [$1]\n"; }
        location /method { if ($request_method !~ ^(GET|HEAD)$) { return 405; } return 200 "fine\n"; }
        location /ua { if ($http_user_agent ~* (bot|crawler)) { return 403; } return 200 "fine\n"; }
        location /host { if ($host = old.example) { return 301 http://new.example$request_uri; } return 200 "$host\n"; }
        location /perm/ { if (-f html/unreadable/index.html) { return 200 "there\n"; } return 200 "no\n"; }
        location /long { if (-f html/$arg_a/x) { return 200 "there\n"; } return 200 "no\n"; }
    """, cases=[
        gets("/true", "/true?a=0", "/true?a=00", "/true?a=1", "/true?a=", "/true?a=no", "/eq?a=x", "/eq?a=X", "/eq?a=xx",
             "/eq", "/eqempty", "/eqempty?a=1", "/eqvar", "/eqvar?a=1&b=1", "/eqvar?a=1&b=2", "/eqblank?a=a%20b", "/ne?a=x",
             "/ne?a=y", "/ne", "/re?a=xyz", "/re?a=xy", "/re?a=ay", "/re", "/rei?a=XY", "/rei?a=ay", "/nre?a=xy", "/nre?a=ay",
             "/nrei?a=XY", "/nrei?a=AY", "/ren?a=12-z", "/ren?a=z", "/req?a=12;", "/req?a=1;", "/f?a=/ten.txt", "/f?a=/dir", "/f?a=/none",
             "/f?a=/link.txt", "/f?a=/dangling", "/f?a=/loop", "/f?a=/ten.txt/x", "/nf?a=/ten.txt", "/nf?a=/dir", "/nf?a=/none",
             "/d?a=/dir", "/d?a=/dir/", "/d?a=/ten.txt", "/d?a=/dirlink", "/d?a=/none", "/nd?a=/dir", "/nd?a=/none",
             "/e?a=/ten.txt", "/e?a=/dir", "/e?a=/none", "/e?a=/dangling", "/ne2?a=/none", "/ne2?a=/ten.txt",
             "/x?a=/dir", "/x?a=/ten.txt", "/x?a=/none", "/nx?a=/dir", "/nx?a=/ten.txt", "/dev", "/const", "/var", "/novalue",
             "/novalue?a=html/ten.txt", "/many", "/many?a=1", "/reqfile/ten.txt", "/reqfile/none", "/reqfile/", "/spaces?a=x", "/spaces", "/glued?a=x",
             "/after?a=12&b=1", "/after", "/loc/y?a=x", "/loc/y?a=z", "/locvar/y?a=1", "/locvar/y", "/method", "/ua", "/host", "/perm/", "/f?a=/nosearch/file.txt"),
        ("long name", get("/long?a=" + "n" * 300)),
        ("long path", get("/long?a=" + "n/" * 2500)),
        methods("/method", "POST", "PUT", "HEAD", "OPTIONS"),
        ("bot", get("/ua", "User-Agent: Googlebot/2.1")), ("old host", get("/host?q=1", host="old.example")),
    ]),
    Site("if takes over settings", server=r"""
        root html; add_header X-S server; error_log logs/error.log info; default_type text/x-server;
        location /one { add_header X-1 one; if ($arg_a) { add_header X-2 two; } if ($arg_b) { add_header X-3 three; } return 204; }
        location /file/ {
            alias html/; add_header X-1 one; expires 1h;
            if ($arg_a) { add_header X-2 two; } if ($arg_b) { expires 2h; } if ($arg_c) { }
        }
        location /root/ { root html; if ($arg_a) { root html/dir; } if ($arg_b) { set $x 1; } }
        location /try/ { try_files /dir/file.txt =404; if ($arg_a) { set $x 1; } }
        location /tryroot { try_files $uri /ten.txt; if ($arg_a) { add_header X-T t; } }
        location /err { error_page 404 /errors/404.html; if ($arg_a) { error_page 404 /errors/403.html; } if ($arg_b) { return 404; } }
        location /log { if ($arg_a) { access_log logs/if.log; } return 200 "x\n"; }
        location /nolog { if ($arg_a) { access_log off; } return 200 "x\n"; }
        location /ret { if ($arg_a) { add_header X-R r; return 200 "ret\n"; } add_header X-O o; return 200 "other\n"; }
        location /brk/ { alias html/; if ($arg_a) { add_header X-B b; break; } add_header X-L l; }
        location /rw/ { root html; if ($arg_a) { add_header X-W w; rewrite ^/rw/(.*)$ /dir/$1 break; } }
        location /rwl/ { if ($arg_a) { add_header X-W w; rewrite ^/rwl/(.*)$ /root/dir/$1 last; } return 200 "$uri\n"; }
        location /deny/ { alias html/; deny all; if ($arg_a) { set $x 1; } }
        location /limit/ { alias html/; limit_except GET { deny all; } if ($arg_a) { set $x 1; } }
        location /index/ { alias html/htm/; index index.htm; if ($arg_a) { add_header X-I i; } }
        location /auto/ { alias html/images/; autoindex on; if ($arg_a) { add_header X-A a; } }
        location ~ ^/re/(\w+)$ { alias html/$1.txt; if ($arg_a ~ (t..)) { add_header X-C "$1"; } }
        location /charset/ { alias html/; charset utf-8; if ($arg_a) { charset koi8-r; } }
        location /types/ { alias html/; types { text/x-y txt; } if ($arg_a) { add_header X-T t; } }
        location = /exact { if ($arg_a) { add_header X-E e; } return 200 "exact\n"; }
        location /nest/ { if ($arg_a) { add_header X-N 1; } location /nest/in { if ($arg_a) { add_header X-N 2; } return 204; } return 200 "n\n"; }
        location @named { if ($arg_a) { add_header X-N named; } return 200 "named\n"; }
        location /toname { try_files /none @named; }
        location /elog { if ($arg_a) { set $x 1; } error_log logs/elog.log info; root html; }
        location /sendfile/ { alias html/; if ($arg_a) { sendfile on; gzip on; } }
        if ($arg_s) { set $srv 1; }
        if ($http_x_block) { return 403 "blocked\n"; }
        if ($arg_sr = rw) { rewrite ^ /exact; }
        if ($arg_sr = brk) { rewrite ^ /ten.txt break; }
        location /srv { return 200 "[$srv]\n"; }
    """, cases=[
        *[(f"{path}{q}", get(path + q)) for path in ("/one", "/file/ten.txt", "/root/file.txt", "/try/x", "/tryroot", "/err/x", "/log",
          "/nolog", "/ret", "/brk/ten.txt", "/rw/file.txt", "/rwl/x", "/deny/ten.txt", "/limit/ten.txt", "/index/", "/auto/", "/re/ten",
          "/charset/a.html", "/types/ten.txt", "/exact", "/nest/x", "/nest/in", "/toname", "/elog/none", "/sendfile/ten.txt")
          for q in ("", "?a=1", "?a=ten&b=1", "?b=1")],
        gets("/file/ten.txt?a=1&c=1", "/file/ten.txt?c=1", "/srv", "/srv?s=1", "/x?sr=rw", "/x?sr=brk", "/srv?sr=brk"),
        ("POST limited", post("/limit/ten.txt", b"x")), ("POST limited, if", post("/limit/ten.txt?a=1", b"x")),
        ("blocked", get("/exact", "X-Block: 1")), ("blocked HEAD", head("/exact", "X-Block: 1")),
    ]),
    Site("return in scripts", server=r"""
        root html; error_page 404 /errors/404.html; error_page 403 = /ten.txt; add_header X-A a always; rewrite_log on;
        location /code { if ($arg_c = 404) { return 404; } if ($arg_c = 403) { return 403; } if ($arg_c = 444) { return 444; }
            if ($arg_c = 204) { return 204; } if ($arg_c = 200) { return 200; } if ($arg_c = 301) { return 301 /x?$args; }
            if ($arg_c = 500) { return 500 "text $uri\n"; } if ($arg_c = 302) { return http://o.example$request_uri; }
            if ($arg_c = 308) { return 308 $scheme://o.example/; } if ($arg_c = 408) { return 408; } if ($arg_c = 499) { return 499; }
            if ($arg_c = 0) { return 0; } return 200 "none\n"; }
        location /first { return 200 "first\n"; return 200 "second\n"; }
        location /rewritten { rewrite ^/rewritten(.*)$ /ten.txt$1; return 200 "$uri\n"; }
        location /404text { return 404 "own $uri\n"; }
        location /type { default_type application/json; return 200 '{"u":"$uri"}'; }
        location /type.html { return 200 "<p>"; }
        location /range { return 200 "0123456789"; }
        location /capt { rewrite ^/capt/(.*)$ /x/$1; return 302 /y/$1; }
        location /empty { return 200 ""; }
        location /e301 { return 301 ""; }
        location /status { return 418 "$status\n"; }
    """, cases=[gets(*[f"/code?c={c}" for c in (404, 403, 444, 204, 200, 301, 500, 302, 308, 408, 499, 0, 1)], "/first", "/rewritten/x", "/404text",
        "/type", "/type.html", "/capt/a%20b", "/capt/%0d%0aX:1", "/empty", "/e301", "/status"),
        ("range", get("/range", "Range: bytes=2-3")), ("HEAD", head("/type")), ("HEAD 404", head("/code?c=404")),
        ("POST 200", post("/first", b"body")), ("POST 444", post("/code?c=444", b"body")),
        ("chunked 404", chunked("/code?c=404", b"3\r\nabc\r\n0\r\n\r\n")), ("PUT", request("PUT", "/first")),
        ("POST with the rest later", [post("/first", b"")[:-4] + b"\r\n\r\n", Pause(), b""]),
        ("half closed", [get("/first"), HalfClose()])]),
    Site("error_page in scripts and redirects", server=r"""
        root html; rewrite_log on; error_log logs/error.log notice;
        location /echo { return 200 "echo $uri [$args] $status $request_method $request_uri\n"; }
        location /var { error_page 404 /echo?$arg_x; return 404; }
        location /varuri { error_page 404 $arg_to; return 404; }
        location /varname { error_page 404 @$arg_n; return 404; }
        location @n1 { return 200 "n1 $uri $status\n"; }
        location @n2 { return 404; }
        location @n3 { rewrite ^ /echo?n3 last; }
        location @n4 { rewrite ^ /dir/file.txt break; }
        location @n5 { error_page 404 @n1; return 404; }
        location @n6 { root html/dir; try_files /file.txt =404; }
        location @n7 { set $seven 7; if ($arg_if) { return 202 "if $seven\n"; } return 203 "no if\n"; }
        location /named/1 { error_page 404 @n1; return 404; }
        location /named/2 { error_page 404 @n2; return 404; }
        location /named/3 { error_page 404 =201 @n3; return 404; }
        location /named/4 { error_page 404 = @n4; return 404; }
        location /named/5 { error_page 404 @n5; return 404; }
        location /named/6 { error_page 404 =203 @n6; return 404; }
        location /named/7 { error_page 404 = @n7; return 404; }
        location /named/none { error_page 404 @nobody; return 404; }
        location /named/none500 { error_page 404 @nobody; error_page 500 /echo; return 404; }
        location /named/rec { recursive_error_pages on; error_page 404 @nobody; error_page 500 /echo; return 404; }
        location /named/reccycle { recursive_error_pages on; error_page 404 500 @nobody; return 404; }
        location /rec/ {
            recursive_error_pages on; error_page 404 = /rec/b; error_page 403 = /echo;
            location = /rec/a { return 404; } location = /rec/b { return 403; } location = /rec/c { error_page 404 /rec/c; return 404; }
            location = /rec/off { recursive_error_pages off; error_page 404 /rec/b; return 404; }
            location = /rec/code { error_page 404 =403 /rec/d; return 404; } location = /rec/d { return 500; }
        }
        location /norec/ {
            error_page 404 = /norec/b; error_page 403 = /echo;
            location = /norec/a { return 404; } location = /norec/b { return 403; }
            location = /norec/on { recursive_error_pages on; error_page 404 /norec/a; return 404; }
        }
        location /viaif { error_page 404 /errors/404.html; error_page 418 = @n1; if ($arg_t) { return 418; } return 404; }
        location /rewrite404 { error_page 404 /rw-target; return 404; }
        location /rw-target { rewrite ^ /echo?rewritten last; }
        location /redirected { error_page 302 /echo; rewrite ^ /elsewhere redirect; }
        location /redirected301 { error_page 301 =200 /ten.txt; rewrite ^ /elsewhere permanent; }
        location /code0 { error_page 404 =0 /echo; return 404; }
        location /code204 { error_page 404 =204 /echo; return 404; }
        location /code301 { error_page 404 =301 /echo; return 404; }
        location /code301url { error_page 404 =301 http://o.example/$arg_a; return 404; }
        location /code308url { error_page 404 =308 https://o.example$request_uri; return 404; }
        location /codeurl { error_page 404 =200 http://o.example; return 404; }
        location /code404 { error_page 404 =404 /echo; return 404; }
        location /code444 { error_page 404 =444 /echo; return 404; }
        location /rel { error_page 404 relative; return 404; }
        location /emptyvar { error_page 404 $arg_none; return 404; }
        location /args { error_page 404 /echo?a=b; return 404; }
        location /keepargs { error_page 404 /echo; return 404; }
        location /dirtarget { error_page 404 /dir/; return 404; }
        location /dirnoslash { error_page 404 /dir; return 404; }
        location /gone { error_page 410 =410 /errors/404.html; return 410; }
        location /maint { if (-d html/dir) { return 503; } error_page 503 @maint; }
        location @maint { rewrite ^(.*)$ /errors/50x.html break; }
        location /expect { error_page 404 /echo; return 404; }
        location /body { client_max_body_size 3; error_page 413 /echo; root html; }
        location /bodyname { client_max_body_size 3; error_page 413 = @n1; root html; }
        location /deny { deny all; error_page 403 = @n1; }
        location /e405 { error_page 405 =200 $uri; root html; }
        location = /e405/ten.txt { alias html/ten.txt; error_page 405 =200 /ten.txt; }
        location = /notext { error_page 404 /echo; return 404 ""; }
        location /tryerr { error_page 404 = /echo; try_files /none =404; }
        location /uri/ { error_page 404 /echo$uri; return 404; }
    """, cases=[gets("/var?x=y", "/var", "/varuri?to=/echo", "/varuri?to=/echo%3Fa", "/varuri?to=@n1", "/varuri?to=http://a", "/varuri?to=", "/varuri",
        "/varname?n=n1", "/varname?n=none", *[f"/named/{n}" for n in (1, 2, 3, 4, 5, 6, 7)], "/named/7?if=1", "/named/none", "/named/none500",
        "/named/rec", "/named/reccycle", "/rec/a", "/rec/b", "/rec/c", "/rec/off", "/rec/code", "/rec/none", "/norec/a", "/norec/on", "/norec/x",
        "/viaif", "/viaif?t=1", "/rewrite404", "/redirected", "/redirected301", "/code0", "/code204", "/code301", "/code301url?a=x%20y",
        "/code308url?a", "/codeurl", "/code404", "/code444", "/rel", "/emptyvar", "/args?c=d", "/keepargs?c=d", "/dirtarget", "/dirnoslash", "/gone",
        "/maint", "/deny", "/notext", "/tryerr", "/uri/a%20b?x", "/uri/%25"),
        methods("/keepargs", "POST", "PUT", "HEAD", "DELETE", "OPTIONS"), methods("/named/1", "POST", "HEAD", "PUT"), methods("/e405/ten.txt", "POST"),
        ("expect", [post("/expect", b"body", "Expect: 100-continue")]),
        ("expect, named", [post("/named/1", b"body", "Expect: 100-continue")]),
        ("expect, code", [post("/code404", b"body", "Expect: 100-continue")]),
        ("large body", post("/body", b"12345")), ("large body, named", post("/bodyname", b"12345")),
        ("body and the next request", post("/keepargs", b"body") + get("/echo")),
        ("chunked body and the next request", chunked("/named/1", b"3\r\nabc\r\n0\r\n\r\n") + get("/echo")),
        ("half a body", [post("/keepargs", b"12345")[:-2], Pause(), b"45" + get("/echo")]),
    ]),
    Site("limit_except", server=r"""
        root html;
        location /get/ { alias html/; limit_except GET { deny all; } }
        location /head/ { alias html/; limit_except HEAD { deny all; } }
        location /post/ { limit_except POST { deny all; } return 200 "post\n"; }
        location /several/ { alias html/; limit_except GET POST OPTIONS { allow 127.0.0.2; deny all; } }
        location /allow/ { alias html/; deny all; limit_except GET { allow all; } }
        location /inherit/ { alias html/; deny all; limit_except GET { } }
        location /nest/ { root html; limit_except GET { deny all; } location /nest/in { return 200 "in\n"; } }
        location /script/ { limit_except GET { deny all; } if ($arg_a) { return 200 "if\n"; } set $x 1; return 200 "end\n"; }
        location /return/ { limit_except GET { allow all; } return 200 "end\n"; }
        location /try/ { limit_except GET { allow all; } try_files /ten.txt =404; }
        location /log/ { alias html/; limit_except GET { access_log logs/limited.log; } }
        location /err/ { alias html/; error_page 403 =200 /ten.txt; limit_except GET { deny all; } }
        location /add/ { alias html/; add_header X-A a always; limit_except GET { deny all; } }
        location /webdav/ { alias html/; limit_except GET PROPFIND LOCK MKCOL { deny all; } }
        location /gif { empty_gif; if ($arg_a) { add_header X-A a; } limit_except GET { allow all; } }
        location /stub { stub_status; if ($arg_a) { add_header X-A a; } }
    """, cases=[*[(f"{m} {t}", request(m, t)) for t in ("/get/ten.txt", "/head/ten.txt", "/post/", "/several/ten.txt", "/allow/ten.txt", "/inherit/ten.txt",
        "/nest/x", "/nest/in", "/script/", "/script/?a=1", "/return/", "/try/", "/log/ten.txt", "/err/ten.txt", "/add/ten.txt")
        for m in ("GET", "HEAD", "POST", "DELETE")], *[(f"{m} /webdav/ten.txt", request(m, "/webdav/ten.txt"))
        for m in ("PROPFIND", "LOCK", "MKCOL", "COPY", "BREW", "TRACE", "get")], gets("/gif", "/gif?a=1"), methods("/gif", "POST", "HEAD")]),
    Site("scripts found in the wild", servers=r"""
        server {
            listen 127.0.0.1:@P0@; server_name example.com www.example.com; root html; rewrite_log on; error_log logs/error.log notice;
            if ($host = www.example.com) { return 301 $scheme://example.com$request_uri; }
            if ($http_user_agent ~* "(libwww|wget/0|nikto)") { return 403; }
            location / { try_files $uri $uri/ /index.php?$args; }
            location ~ \.php$ { if (!-f $document_root$fastcgi_name) { return 404 "no php $uri $args\n"; } }
            location /wp-admin { rewrite /wp-admin$ $scheme://$host$uri/ permanent; return 200 "admin\n"; }
            rewrite ^/sitemap_index\.xml$ /index.php?sitemap=1 last;
            rewrite ^/([^/]+?)-sitemap([0-9]+)?\.xml$ /index.php?sitemap=$1&sitemap_n=$2 last;
            location /blog { if (!-e $request_filename) { rewrite ^.+?(/wp-.*) $1 last; rewrite ^/blog/(.*)$ /index.php?q=$1 last; } }
            location /legacy/ { rewrite ^/legacy/(\d+)/(.+?)\.html$ /new/$2?id=$1 permanent; rewrite ^/legacy/(.*)/$ /legacy/$1 redirect; return 410; }
            location = /old.html { rewrite ^ /new.html permanent; }
            location ~* ^.+\.(jpg|gif|png)$ {
                if ($http_referer !~ ^(https?://(.+\.)?example\.com|$)) { return 403; } expires 30d; log_not_found off;
            }
            location /versioned/ { rewrite ^/versioned/(.+)\.(\d+)\.(css|js)$ /$1.$3 break; }
            location /trailing/ { rewrite ^(.+)/+$ $1 permanent; return 200 "$uri\n"; }
            location /lang { set $lang en; if ($http_accept_language ~* ^de) { set $lang de; } rewrite ^/lang/(.*)$ /$lang/$1 break; }
            location /cors {
                set $cors ""; if ($http_origin ~* (https?://[^/]*\.example\.com(:[0-9]+)?)$) { set $cors "true"; }
                if ($request_method = OPTIONS) { set $cors "${cors}options"; }
                if ($cors = "true") { add_header Access-Control-Allow-Origin "$http_origin"; }
                if ($cors = "trueoptions") { add_header Access-Control-Allow-Origin "$http_origin"; add_header Access-Control-Max-Age 1728000; return 204; }
                return 200 "cors\n";
            }
            location /maintenance { if (-f $document_root/ten.txt) { return 503; } error_page 503 @maintenance; }
            location @maintenance { rewrite ^(.*)$ /errors/50x.html break; }
            location /download { set $d "false"; if ($args ~ '\bdl[=&]?') { set $d true; }
                if ($d = true) { add_header Content-Disposition attachment; rewrite ^ /ten.txt break; } return 200 "view\n"; }
            location /mobile { set $m 0; if ($http_user_agent ~* "(android|iphone)") { set $m 1; }
                if ($http_cookie ~ "desktop=1") { set $m 0; } if ($m = 1) { rewrite ^ http://m.example.com$request_uri? redirect; break; } return 200 "desktop\n"; }
            location /spa { try_files $uri /spa/index.html; if ($arg_x) { set $y 1; } }
            location ~ ^/users/(?<user>[a-z]+)/(?<rest>.*)$ { if ($user = root) { return 403; } rewrite ^ /show/$rest?user=$user? last; }
            location /show { return 200 "$uri $args\n"; }
            location /api { rewrite ^/api/v(\d+)/(.*)$ /show/$2?v=$1 last; rewrite ^/api/(.*)$ /api/v1/$1 last; return 404; }
            location /upper { if ($uri ~ [A-Z]) { return 301 /lower; } return 200 "fine\n"; }
            location /methods { if ($request_method !~ ^(GET|HEAD|POST)$) { return 444; } return 200 "ok\n"; }
            location /q { if ($args ~ "^id=(\d+)") { set $id $1; rewrite ^ /item/$id? permanent; } if ($query_string = "") { return 200 "none\n"; } return 200 "$args\n"; }
        }
        server { listen 127.0.0.1:@P0@; server_name ~^(?<sub>.+)\.wild\.example$; root html;
            set $folder $sub; if ($sub ~ ^(en|de)$) { set $folder "$1"; } location / { root html/$folder; } rewrite ^/go$ http://$folder.example/; }
        server { listen 127.0.0.1:@P0@; server_name .redirect.example; rewrite ^ https://redirect.example$request_uri? permanent; }
        server { listen 127.0.0.1:@P0@; server_name www.strip.example; if ($host ~* ^www\.(.*)) { set $bare $1; rewrite ^(.*)$ http://$bare$1 permanent; } }
    """, http="map $uri $fastcgi_name { default $uri; }", cases=[
        *[(t, get(t, host="example.com")) for t in ("/", "/ten.txt", "/none", "/none?a=1", "/x.php?y", "/wp-admin", "/wp-admin/", "/sitemap_index.xml", "/post-sitemap2.xml",
          "/post-sitemap.xml", "/blog/x", "/blog/wp-content/x.css", "/blog/dir", "/legacy/12/some.page.html?x=1", "/legacy/a/", "/legacy/b", "/old.html?q", "/a.png",
          "/versioned/a.123.css", "/versioned/a.css", "/trailing/x/", "/trailing/x//", "/trailing/x", "/lang/page.html", "/cors", "/maintenance", "/download", "/download?dl=1",
          "/mobile", "/spa/x", "/spa/x?x=1", "/users/ann/a/b", "/users/root/x", "/users/ann/a%20b?z", "/api/v2/x", "/api/x?a=1", "/upper/A", "/upper/a", "/methods", "/q", "/q?id=12&x", "/q?x")],
        ("www", get("/x?y=1", host="www.example.com")), ("agent", get("/", "User-Agent: nikto", host="example.com")),
        ("referer", get("/a.png", "Referer: http://evil.example/", host="example.com")), ("own referer", get("/a.png", "Referer: https://www.example.com/x", host="example.com")),
        ("german", get("/lang/page.html", "Accept-Language: de-DE", host="example.com")),
        ("origin", get("/cors", "Origin: https://a.example.com", host="example.com")), ("preflight", request("OPTIONS", "/cors", "Origin: https://a.example.com:8080", host="example.com")),
        ("phone", get("/mobile?x=1", "User-Agent: iPhone", host="example.com")), ("phone, desktop", get("/mobile", "User-Agent: iPhone", "Cookie: desktop=1", host="example.com")),
        ("DELETE", request("DELETE", "/methods", host="example.com")),
        *[(f"{h} {t}", get(t, host=h)) for h, t in (("de.wild.example", "/page.html"), ("en.wild.example", "/page.html"), ("x.wild.example", "/page.html"), ("de.wild.example", "/go"),
          ("a.redirect.example", "/x?y=%20"), ("redirect.example", "/"), ("www.strip.example", "/x%20y?z"), ("WWW.strip.example", "/"))],
    ]),
]


def test_rewrite(site, case, pairs, judge, not_served_yet):
    run_case(site, case, pairs, judge, not_served_yet)


SCRIPT = r"""rewrite ^ /x;|rewrite ^ /x last;|rewrite ^ /x break;|rewrite ^ /x redirect;|rewrite ^ /x permanent;|rewrite ^ /x LAST;|rewrite ^ /x nonsense;
rewrite ^ /x last last;|rewrite ^;|rewrite;|rewrite ^ "";|rewrite "" /x;|rewrite ^ ?;|rewrite ( /x;|rewrite [a /x;|rewrite a{2,1} /x;|rewrite ^(?<n /x;|rewrite ^(?<uri>.) /x;
rewrite ^(?<args>.) /$args;|rewrite ^(?<own>.) /$own;|rewrite ^(.)$ /$1$2$9;|rewrite ^ /$;|rewrite ^ /${uri;|rewrite ^ /${uri}x;|rewrite ^ /$unknown;|rewrite ^ /x?$;|rewrite ^ /x?${a?b};
rewrite ^ http://x;|rewrite ^ https://x last;|rewrite ^ $scheme://x break;|rewrite ^ /x { };|rewrite ^ /x$0;|rewrite \ /x;|rewrite * /x;|rewrite +a /x;|rewrite ^ /x last; break;
set $a b;|set $a;|set a b;|set $ b;|set "" b;|set $a "";|set $a $b;|set $a $a;|set $a b c;|set $uri x;|set $host x;|set $args x;|set $ARGS x;|set $http_x y;|set $arg_x y;|set $cookie_x y;
set $request_uri x;|set $remote_addr x;|set $document_root x;|set $status x;|set $time_local x;|set $ssl_protocol x;|set $upstream_addr x;|set $sent_http_x y;|set $gzip_ratio x;
set $1 x;|set ${a} x;|set $a-b x;|set $a ${b;|set $a ${};|set $a $;|set $a "$b$";|set $a x; set $A y; set $a $A;|set $body_bytes_sent x;|set $query_string x;|set $is_args x;
break;|break x;|break; break;|break { };|return;|return 200;|return 200 x;|return 200 x y;|return x;|return 1000;|return 999;|return -1;|return http://x;|return https://x;|return $scheme://x;
return $uri;|return /x;|return 302 $unknown;|return 301 ${uri;|return 200 $1;|return http://x y;|return 99999999999;|return 0x1;|return 200 "";
rewrite_log on;|rewrite_log off;|rewrite_log x;|rewrite_log;|rewrite_log on; rewrite_log off;|uninitialized_variable_warn on;|uninitialized_variable_warn 1;|uninitialized_variable_warn off; uninitialized_variable_warn off;
if ($host) { };|if ($host) { }|if ($host = x) { }|if ($host != x) { }|if ($host ~ x) { }|if ($host ~* x) { }|if ($host !~ x) { }|if ($host !~* x) { }|if (-f x) { }|if (!-f x) { }|if (-d x) { }|if (!-d $uri) { }
if (-e x) { }|if (!-e x) { }|if (-x x) { }|if (!-x x) { }|if (-z x) { }|if (!-z x) { }|if (- x) { }|if (-ff x) { }|if (-f) { }|if (-f x y) { }|if -f x { }|if $host { }|if ($host { }|if $host) { }|if () { }|if ( ) { }|if ( { }|if ) { }|if { }|if (x) { }
if ($) { }|if (host) { }|if ($host x) { }|if ($host = ) { }|if ($host = "") { }|if ($host == x) { }|if ($host === x) { }|if ($host = x y) { }|if ($host=x) { }|if ($host =x) { }|if ($host ~) { }|if ($host ~x) { }|if ($host !x) { }|if ($host ! x) { }
if ($host ~ ( ) { }|if ($host ~ "(") { }|if ($host ~ "x{2}") { }|if ($host ~ (?<uri>x)) { }|if ($host ~ (?<mine>x)) { return 200 $mine; }|if ($unknown) { }|if ($unknown = x) { }|if ($host = $unknown) { }|if ($host = $) { }|if ($host = ${x) { }
if ($1) { }|if ($1 = x) { }|if (${host}) { }|if ($host-x) { }|if ("$host" = x) { }|if ('$host' = 'x y') { }|if ($host = 'x' ) { }|if ( $host = x ) { }|if ( $host ) { }|if (! $host) { }|if (!$host) { }|if ($host && $uri) { }|if ($host = a || $host = b) { }|if ($host < 1) { }|if ($host > 1) { }
if ($host) { set $x 1; } set $y $x;|if ($host) { return 404; }|if ($host) { rewrite ^ /x last; break; }|if ($host) { if ($uri) { } }|if ($host) { location / { } }|if ($host) { server_name x; }|if ($host) { internal; }|if ($host) { nonsense; }|if ($host) { return; }
if ($host) { rewrite_log on; }|if ($host) { uninitialized_variable_warn off; }|if ($host) { error_page 404 /x; }|if ($host) { add_header A b; }|if ($host) { root x; }|if ($host) { try_files a b; }|if ($host) { alias x; }|if ($host) { allow all; }|if ($host) { deny all; }
if ($host) { expires 1h; }|if ($host) { access_log off; }|if ($host) { error_log x; }|if ($host) { gzip on; }|if ($host) { charset utf-8; }|if ($host) { sendfile on; }|if ($host) { index x; }|if ($host) { autoindex on; }|if ($host) { types { } }|if ($host) { default_type x; }|if ($host) { etag off; }
if ($host) { client_max_body_size 1; }|if ($host) { keepalive_timeout 1; }|if ($host) { limit_except GET { } }|if ($host) { root a; root b; }|if ($host) { include nothing-*; }|if ($host) { satisfy any; }|if ($host) { return 200|if ($host) {|if ($host) { } }
if ($host) { add_trailer A b; }|if ($host) { recursive_error_pages on; }|if ($host) { server_tokens off; }|if ($host) { log_not_found off; }|if ($host) { absolute_redirect off; }|if ($host) { empty_gif; }|if ($host) { stub_status; }|if ($host) { valid_referers none; }
error_page 404 /x; if ($host) { error_page 404 /y; }|error_page 404;|error_page 404 =;|error_page 404 = ;|error_page 404 =x /y;|error_page /x;|error_page 299 /x;|error_page 600 /x;|error_page 499 /x;|error_page x /y;|error_page 404 $unknown;|error_page 404 @x;|error_page 404 =200 @x;|error_page =200 /x;|error_page 404 500 =-1 /x;
recursive_error_pages on;|recursive_error_pages x;|recursive_error_pages on; recursive_error_pages on;|uninitialized_variable_warn;|try_files $a; set $a 1;|try_files $a x; set $a 1;|root $a; set $a 1;|alias $a; set $a 1;"""
SNIPPETS = [text for line in SCRIPT.splitlines() for text in line.split("|")]
CASES = [(f"scripts: {name}", text) for name, text in [
    *each(location, *SNIPPETS), *each(server, *SNIPPETS[::4]),
    *each(http, "rewrite ^ /x;", "set $a b;", "if ($host) { }", "break;", "return 200;", "rewrite_log on;", "uninitialized_variable_warn off;", "rewrite_log x;",
          "log_format a $a; server { listen 127.0.0.1:@P0@; set $a 1; }", "log_format a $a; server { listen 127.0.0.1:@P0@; }",
          "map $uri $a { default 1; } server { listen 127.0.0.1:@P0@; set $a 1; }", "server { listen 127.0.0.1:@P0@; set $a 1; } map $uri $a { default 1; }",
          "server { listen 127.0.0.1:@P0@; server_name ~(?<a>.); set $a 1; if ($a ~ (?<a>.)) { } }", "server { listen 127.0.0.1:@P0@; location ~ (?<uri>x) { } }"),
]]


@config_cases(CASES)
def test_script_configurations(case_id, text, check_config):
    check_config(case_id, text)
