"""Serving files: types, ranges, conditional requests, index, try_files, redirects of directories, alias,
autoindex."""
from harness.run import run_case
from harness.site import Case, Site, get, gets, head, post, request

LAST = "Tue, 14 Nov 2023 22:13:20 GMT"
BEFORE = "Tue, 14 Nov 2023 22:13:19 GMT"
AFTER = "Tue, 14 Nov 2023 22:13:21 GMT"
ETAG = '"6553f0b0-a"'  # of ten.txt: hexadecimal time and size

RANGES = ["0-0", "0-4", "0-9", "0-", "5-", "9-9", "9-", "10-", "10-10", "0-10", "0-99", "-1", "-5", "-10",
    "-11", "-0", "-", "--1", "5-4", "a-b", "0-4,", ",0-4", " 0-4", "0-4 ",
          "0 - 4", "0- 4", "0 -4", "+0-4", "0-+4", "0x0-4", "00-04", "0-4;", "0-4,6-8", "0-4, 6-8",
    "0-4 , 6-8", "0-4,,6-8", "6-8,0-4", "0-4,3-6", "0-0,9-9", "0-4,100-", "100-,0-4",
          "100-200,300-", "0-1,2-3,4-5", "0-9,0-9", "0-5,0-5", "-1,-2,-3", "-5,-6", "0-,0-", "0-0,-1",
    "9-,-1", "1-1,3-3,5-5,7-7",
          "0-9223372036854775807", "0-9223372036854775808", "0-18446744073709551615", "9223372036854775807-",
    "9223372036854775806-9223372036854775807", "9223372036854775808-",
          "-9223372036854775807", "-9223372036854775808", "-18446744073709551616",
    "18446744073709551615-18446744073709551616", "5-18446744073709551620", "99999999999999999999999-",
          "1-9223372036854775807,-9223372036854775807", "-9223372036854775800,-9223372036854775800", "0-4\t",
    "0-4, a", "0-4,-", "0-4,5", "5"]
UNITS = ["bytes=0-4", "Bytes=0-4", "BYTES=0-4", "bytes = 0-4", "bytes =0-4", "bytes= 0-4", "bytes:0-4",
    "bytes 0-4", "items=0-4", "bytes=", "bytes", "", "=0-4", "0-4", "bytes==0-4", "bytesx=0-4"]
DATES = [LAST, BEFORE, AFTER, "Tuesday, 14-Nov-23 22:13:20 GMT", "Tue Nov 14 22:13:20 2023",
    "14 Nov 2023 22:13:20 GMT", "Tue, 14 Nov 2023 22:13:20", "Tue, 14 Nov 2023 22:13:20 UTC",
    "tue, 14 nov 2023 22:13:20 gmt",
         "Wed, 14 Nov 2023 22:13:20 GMT", "Tue, 14 Nov 2023 22:13:60 GMT", "Tue, 14 Nov 2023 24:13:20 GMT",
    "Tue, 31 Feb 2023 22:13:20 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "Tue, 14 Nov 9999 22:13:20 GMT",
         "Tue, 14 Nov 1969 22:13:20 GMT", "1700000000", "", "x", "Sat, 29 Feb 2020 00:00:00 GMT",
    "Tue, 29 Feb 2100 00:00:00 GMT", LAST + "; length=10", " " + LAST + " ", "Tue,14 Nov 2023 22:13:20 GMT",
         "Tue, 14-Nov-2023 22:13:20 GMT", "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
    "Sun Nov  6 08:49:37 1994", "Tue, 1 Nov 2023 22:13:20 GMT"]
TAGS = [ETAG, "W/" + ETAG, "*", '"x"', ETAG + ', "x"', '"x", ' + ETAG, '"x",' + ETAG, '"x" ,  ' + ETAG + " ",
    '"x",W/' + ETAG, ETAG.strip('"'), "", '"', ETAG[:-1], ETAG[1:], "W/", 'w/' + ETAG, "* ", " *", '*, "x"',
        '"x" ' + ETAG, ",".join(['"x"'] * 50) + "," + ETAG, ETAG.upper(), "\t" + ETAG, '"x,' + ETAG[1:],
    ", " + ETAG, '"a\\"b", ' + ETAG, "'" + ETAG + "'", '""', "W/*"]

MIME = """types { text/html html htm shtml; text/css css; image/gif gif; image/jpeg jpeg jpg; application/javascript js; image/png png; image/svg+xml svg svgz; application/x-gz gz; } default_type application/octet-stream;"""

SITES = [
    Site("static", server="""
        server_name localhost;
        location / { root html; }
        location /types { alias html; types { text/x-one txt; "a b" html; } }
        location /notypes/ { alias html/; types { } default_type text/weird; }
        location /default/ { alias html/; default_type "text/plain; charset=x"; }
        location /emptytype/ { alias html/; types { } default_type ""; }
        location /abs/ { root @SITE@; }
        location /norecord { log_not_found off; root html; }
        location /deep/root/ { root html/dir/sub/../../; }
        location /slashroot/ { root html/; }
        location /sendfile { sendfile on; tcp_nopush on; alias html; }
        location /directio { directio 4k; alias html; }
        location /aio { aio threads; sendfile on; alias html; }
        location /chunk { sendfile on; sendfile_max_chunk 64k; alias html; }
        location /nodelay { tcp_nodelay off; alias html; }
        location /outbuf { output_buffers 1 4k; alias html; }
    """,
        http="include mime.types;", cases=[
        gets("/", "/index.html", "/ten.txt", "/empty.txt", "/one.txt", "/1k.txt", "/64k.bin", "/big.bin",
            "/a.html", "/a.css", "/a.js", "/a.png", "/a.gif", "/a.jpg", "/a.JPG", "/a.svg", "/a.xml",
            "/a.tar.gz", "/a.unknown",
             "/noextension", "/dot.", "/.hidden", "/.hidden.html", "/missing", "/missing/", "/missing/x",
            "/ten.txt/", "/ten.txt/x", "/link.txt", "/dirlink", "/dirlink/", "/dirlink/file.txt", "/dangling",
            "/loop", "/unreadable.txt",
             "/unreadable/", "/unreadable/index.html", "/unreadable", "/nosearch/", "/nosearch/file.txt",
            "/nosearch", "/noindex/", "/indexdir/", "/index.html/", "/dir/index.html", "/dir/file.txt",
            "/dir", "/dir/", "/dir/sub", "/norecord/x",
             "/types/ten.txt", "/types/a.html", "/types/a.css", "/notypes/ten.txt", "/notypes/noextension",
            "/default/noextension", "/default/a.html", "/emptytype/ten.txt", "/abs/x", "/deep/root/x",
            "/slashroot/x",
             "/sendfile/big.bin", "/directio/big.bin", "/directio/one.txt", "/aio/big.bin", "/chunk/big.bin",
            "/nodelay/64k.bin", "/outbuf/64k.bin", "/" + "x" * 255, "/" + "x" * 256, "/" + "d/" * 100,
            "/dir/" + "../dir/" * 30 + "file.txt"),
        *[(f"HEAD {t}", head(t)) for t in ("/big.bin", "/empty.txt", "/dir", "/noindex/", "/unreadable.txt",
            "/")],
        ("range of a big file", get("/big.bin", "Range: bytes=1000000-1000099")),
            ("two ranges of a big file", get("/big.bin", "Range: bytes=0-99,1048000-")),
        ("range with directio", get("/directio/big.bin", "Range: bytes=777-99999")),
            ("range in chunks of sendfile", get("/chunk/big.bin", "Range: bytes=65530-400000")),
    ]),
    Site("URI", server="""
        server_name localhost;
        location / { root html; }
        location /echo { return 200 \"$uri|$request_uri|$args|$is_args\\n\"; }
    """, cases=[
        gets("/with%20space.txt", "/percent%2541.txt", "/percent%41.txt", "/question%3F.txt",
            "/question?.txt", "/hash%23.txt", "/hash#.txt", "/plus+.txt", "/plus%2B.txt", "/plus%20.txt",
            "/colon:x.txt", "/colon%3Ax.txt", "/quote%22.txt", "/quote\".txt",
             "/semi;x.txt", "/tilde~.txt", "/%7etilde~.txt", "/back%5cslash.txt", "/back\\slash.txt",
            "/%C3%BCml%C3%A4ut.txt", "/\xc3\xbcml\xc3\xa4ut.txt", "/ctrl%02.txt", "/ten%2etxt", "/%74en.txt",
            "/%54en.txt", "/t%65n.txt?x",
             "/ten.txt?", "/ten.txt?a=b&c=d", "/ten.txt??", "/ten.txt?/../x", "/ten.txt#f", "/ten.txt?a#f",
            "/ten.txt#f?a", "/ten.txt%3Fa", "/?", "/?a", "/#", "/dir?a=b", "/dir#x", "/dir%3f", "/dir/?x",
             "//", "//ten.txt", "/dir//file.txt", "///dir///file.txt", "/dir/./file.txt", "/./ten.txt", "/.",
            "/dir/.", "/dir/..", "/dir/../", "/dir/../ten.txt", "/dir/sub/../file.txt",
            "/dir/sub/../../ten.txt", "/..", "/../", "/../ten.txt", "/dir/../../ten.txt",
             "/dir/../../../etc/passwd", "/%2e%2e/ten.txt", "/dir/%2e%2e/ten.txt", "/dir/.%2e/ten.txt",
            "/dir/%2E./ten.txt", "/dir/%2e/file.txt", "/%2e%2e%2fetc/passwd", "/dir%2ffile.txt", "/dir%2f",
            "/dir%2f..%2ften.txt", "/..%2f", "/dir/..%2f..%2f", "/dir%2f/file.txt",
             "/...", "/.../", "/dir/...", "/dir/.../x", "/..x", "/.x/", "/dir/..x/", "/dir..",
            "/dir../ten.txt", "/dir./file.txt", "/dir/.;/file.txt", "/dir/..;/ten.txt", "/dir/\\..\\ten.txt",
             "/%", "/%1", "/%zz", "/%0", "/%00", "/ten%00.txt", "/ten.txt%00", "/%2", "/%g0", "/%%", "/%25",
            "/%252e%252e/", "/a%0ab", "/a%0d%0ab", "/%7f", "/%80", "/%ff", "/ten.txt%20", "/%20ten.txt",
            "/%09", "/%u0041", "/ten.txt?%zz", "/ten.txt?%00"),
        gets("/echo", "/echo?", "/echo?a=1", "/echo/%20x", "/echo/a%2fb", "/echo//b", "/echo/../echo/x",
            "/echo?a=%20&b=/../", "/echo/%41?%41", "/echo#x", "/echo?x#y", "/echo/\xc3\xa4", "/echo/%c3%a4",
            "/echo/%0d%0aX:1", "/echo/x%3fy?z", "/ECHO", prefix="echo "),
    ]),
    Site("merge_slashes off", http="""
        merge_slashes off;
    """, server="""
        server_name localhost;
        location / { root html; }
        location //x { return 200 \"$uri\\n\"; }
        location /e { return 200 \"$uri\\n\"; }
    """, cases=[
        gets("//", "//ten.txt", "/dir//file.txt", "//x", "///x", "/e//a", "/e/./a//b", "/e//../a", "/e/..//a",
            "/dir//", "/dir//sub", "/e/a/../..//x")]),
    Site("ranges", server="""
        server_name localhost; root html;
        location /max0/ { max_ranges 0; alias html/; }
        location /max1/ { max_ranges 1; alias html/; }
        location /max2/ { max_ranges 2; alias html/; }
    """, http="""
        include mime.types;
    """, cases=[
        *[(f"bytes={r}", get("/ten.txt", f"Range: bytes={r}")) for r in RANGES],
        *[(f"unit {u!r}", get("/ten.txt", f"Range: {u}")) for u in UNITS],
        *[(f"{p} {r}", get(f"/{p}/ten.txt", f"Range: bytes={r}")) for p in ("max0", "max1", "max2") for r in ("0-1",
            "0-1,3-4", "0-1,3-4,6-7", "100-")],
        *[(f"{f} {r}", get(f, f"Range: bytes={r}")) for f in ("/empty.txt", "/one.txt", "/1k.txt") for r in ("0-",
            "0-0", "-1", "1-", "0-0,0-0", "1-2,5-6")],
        ("multi of a png", get("/a.png", "Range: bytes=0-1,3-4")),
        ("multi without a type", get("/noextension", "Range: bytes=0-1,3-4")),
        ("HEAD multi", head("/ten.txt", "Range: bytes=0-1,3-4")),
        ("200 ranges", get("/1k.txt", "Range: bytes=" + ",".join(f"{i}-{i}" for i in range(200)))),
        ("200 ranges that exceed the file", get("/ten.txt", "Range: bytes=" + ",".join(["0-5"] * 200))),
        ("pipelined", get("/ten.txt", "Range: bytes=0-1,3-4") * 2 + get("/one.txt")),
        ("range of a missing file", get("/missing", "Range: bytes=0-1")),
        ("range of an index", get("/", "Range: bytes=0-5")),
        ("range of a redirect", get("/dir", "Range: bytes=0-5")),
        ("POST with a range", request("POST", "/ten.txt", "Range: bytes=0-1")),
        *[(f"If-Range {v}", get("/ten.txt", "Range: bytes=0-4", f"If-Range: {v}")) for v in (ETAG, '"x"',
            "W/" + ETAG, LAST, BEFORE, AFTER, "x", "", ETAG.strip('"'), ETAG + ', "x"', "*",
            "Tuesday, 14-Nov-23 22:13:20 GMT", '"', '""')],
        ("If-Range without Range", get("/ten.txt", f"If-Range: {ETAG}")),
        ("If-Range and unsatisfiable", get("/ten.txt", "Range: bytes=100-", f"If-Range: {ETAG}")),
        ("wrong If-Range and unsatisfiable", get("/ten.txt", "Range: bytes=100-", 'If-Range: "x"')),
        ("Range and If-None-Match", get("/ten.txt", "Range: bytes=0-4", f"If-None-Match: {ETAG}")),
        ("Range and If-Match", get("/ten.txt", "Range: bytes=0-4", 'If-Match: "x"')),
        ("Range and If-Modified-Since", get("/ten.txt", "Range: bytes=0-4", f"If-Modified-Since: {LAST}")),
    ]),
    Site("conditional", server="""
        server_name localhost; root html;
        location /off/ { if_modified_since off; alias html/; }
        location /exact/ { if_modified_since exact; alias html/; }
        location /before/ { if_modified_since before; alias html/; }
        location /noetag/ { etag off; alias html/; }
        location /echo { return 200 x; }
        location /auto/ { autoindex on; }
    """, cases=[
        *[(f"If-Modified-Since {d!r}", get("/ten.txt", f"If-Modified-Since: {d}")) for d in DATES],
        *[(f"If-Unmodified-Since {d!r}", get("/ten.txt", f"If-Unmodified-Since: {d}")) for d in (LAST, BEFORE,
            AFTER, "x", "")],
        *[(f"{p} If-Modified-Since {n}", get(f"/{p}/ten.txt", f"If-Modified-Since: {d}")) for p in ("off",
            "exact", "before") for n,
            d in (("equal", LAST), ("before", BEFORE), ("after", AFTER), ("broken", "x"))],
        *[(f"If-None-Match {t!r}", get("/ten.txt", f"If-None-Match: {t}")) for t in TAGS],
        *[(f"If-Match {t!r}", get("/ten.txt", f"If-Match: {t}")) for t in TAGS],
        *[(f"etag off, {h}", get("/noetag/ten.txt", *([h] if h else []))) for h in ("",
            f"If-None-Match: {ETAG}", "If-None-Match: *", f"If-Match: {ETAG}", "If-Match: *",
            f"If-Modified-Since: {LAST}", "Range: bytes=0-1")],
        ("etag off with If-Range ETag", get("/noetag/ten.txt", "Range: bytes=0-1", f"If-Range: {ETAG}")),
        ("etag off with If-Range date", get("/noetag/ten.txt", "Range: bytes=0-1", f"If-Range: {LAST}")),
        *[(f"{a} and {b}", get("/ten.txt", a, b)) for a in (f"If-None-Match: {ETAG}", 'If-None-Match: "x"') for b in (f"If-Modified-Since: {LAST}",
            f"If-Modified-Since: {AFTER}", f"If-Modified-Since: {BEFORE}")],
        *[(f"{a} and {b}", get("/ten.txt", a, b)) for a in (f"If-Match: {ETAG}", 'If-Match: "x"') for b in (f"If-Unmodified-Since: {BEFORE}",
            f"If-Unmodified-Since: {LAST}", f"If-None-Match: {ETAG}")],
        ("all five",
            get("/ten.txt", f"If-Match: {ETAG}", f"If-Unmodified-Since: {LAST}", f"If-None-Match: {ETAG}",
                f"If-Modified-Since: {LAST}", "Range: bytes=0-1")),
        ("HEAD 304", head("/ten.txt", f"If-None-Match: {ETAG}")),
        ("HEAD 412", head("/ten.txt", 'If-Match: "x"')),
        ("POST 405 before 412", request("POST", "/ten.txt", 'If-Match: "x"')),
        ("missing with If-Match", get("/missing", 'If-Match: "x"')),
        ("missing with If-None-Match", get("/missing", "If-None-Match: *")),
        ("redirect with If-Match", get("/dir", 'If-Match: "x"')),
        ("return with If-None-Match *", get("/echo", "If-None-Match: *")),
        ("return with If-Match *", get("/echo", "If-Match: *")),
        ("return with If-Modified-Since", get("/echo", f"If-Modified-Since: {LAST}")),
        ("autoindex with If-None-Match *", get("/auto/sub/", "If-None-Match: *")),
        ("autoindex with If-Match", get("/auto/sub/", 'If-Match: "x"')),
        ("304 pipelined", get("/ten.txt", f"If-None-Match: {ETAG}") * 3 + get("/one.txt")),
        ("304 in HTTP/1.0", request("GET", "/ten.txt", f"If-None-Match: {ETAG}", version="HTTP/1.0")),
        ("mtime 1", get("/a.xml")),
        ("mtime 1 conditional", get("/a.xml", "If-Modified-Since: Thu, 01 Jan 1970 00:00:01 GMT")),
        ("mtime 0", get("/auto/A.txt")),
    ]),
    Site("directory redirects", server="""
        server_name www.example.org alias.example.org; root html;
        location /noabs/ { absolute_redirect off; alias html/; }
        location /noport/ { port_in_redirect off; alias html/; }
        location /srvname/ { server_name_in_redirect on; alias html/; }
        location /exact/x/ { return 200 x; }
        location /both/y/ { port_in_redirect off; server_name_in_redirect on; alias html/dir/; }
    """,
         cases=[
        *[(f"{h} {t}", get(t, host=h)) for t in ("/dir", "/noabs/dir", "/noport/dir", "/srvname/dir",
            "/both/y/sub") for h in ("localhost", "alias.example.org", "other:8080", "[::1]:1234", "UPPER",
                "dot.")],
        gets("/dir?a=b", "/dir?", "/dir?a=b&c=d#f", "/dir%20with%20space", "/dir%25", "/dir%3Fq", "/dir%23h",
            "/dir%22q", "/dir%3Cb%3E", "/dir%7Bc%7D%5E%7C", "/%C3%BCnter", "/dir%20with%20space?x=%20y",
            "//dir", "/./dir", "/x/../dir", "/noindex", "/emptydir", "/reallyempty", "/dir/sub", "/dirlink",
            "/exact/x", "/exact/x?a", "/dir%2fsub", "//evil.com/..//dir", "/%0d%0aX:1/../dir"),
        ("POST", request("POST", "/dir")), ("HEAD", head("/dir")),
             ("HTTP/1.0", request("GET", "/dir", version="HTTP/1.0")),
             ("HTTP/1.0 without Host", request("GET", "/dir", host=None, version="HTTP/1.0")),
             ("PUT", request("PUT", "/dir")),
        ("absolute form", b"GET http://in.the.uri/dir HTTP/1.1\r\nHost: localhost\r\n\r\n"),
             ("conditional", get("/dir", "If-None-Match: *")),
    ]),
    Site("directory redirects without a name", server="""
        root html;
        location /srvname/ { server_name_in_redirect on; alias html/; }
    """,
        cases=[gets("/dir", "/srvname/dir"),
            ("no Host in 1.0", request("GET", "/dir", host=None, version="HTTP/1.0")),
            ("no Host in 1.0, name", request("GET", "/srvname/dir", host=None, version="HTTP/1.0"))]),
    Site("redirects over a unix socket", servers="""
        server { listen unix:@PREFIX@/s.sock; server_name sock; root html; }
    """,
        cases=[Case("directory", [get("/dir")], to="unix:s.sock"),
            Case("file", [get("/ten.txt")], to="unix:s.sock"),
            Case("missing", [get("/missing")], to="unix:s.sock")]),
    Site("index", server="""
        server_name localhost; root html;
        location /two/ { alias html/; index nothing.html index.htm index.html; }
        location /abs/ { alias html/reallyempty/; index no.html /a.html; }
        location /var/ { alias html/dir/; index $arg_i index.html; }
        location /fileindex/ { alias html/; index ten.txt; }
        location /nested/ { alias html/; index dir/index.html; }
        location /loop/ { alias html/reallyempty/; index /loop/; }
        location /dot/ { alias html/dir/; index ../ten.txt; }
        location /none/ { alias html/dir/; index nothing; }
        location /auto/ { autoindex on; index index.html; }
        location /intern/ { alias html/dir/; index index.html; }
        location = /intern/index.html { return 200 "internal redirect\\n"; }
        location /nosuchroot/ { root nosuch; }
        location /uscore/ { alias html/; index $arg_nothing$arg_i last.html index.html; }
        location ~ ^/re/(.*) { alias html/$1; index index.html; }
        location /query/ { alias html/; index index.html?x; }
    """, cases=[
        gets("/", "/dir/", "/htm/", "/both/", "/two/htm/", "/two/both/", "/two/dir/", "/two/noindex/",
            "/abs/", "/var/", "/var/?i=file.txt", "/var/?i=nothing", "/var/?i=/ten.txt", "/fileindex/",
            "/nested/", "/loop/", "/dot/", "/none/", "/auto/", "/intern/", "/nosuchroot/", "/noindex/",
            "/emptydir/", "/indexdir/",
             "/unreadable/", "/nosearch/", "/ten.txt/", "/missing/", "/re/dir/", "/re/dir", "/re/", "/query/",
            "/uscore/", "/uscore/?i=ten.txt", "/dirlink/", "/loop"),
        ("POST", request("POST", "/dir/")), ("POST to a location of the index", request("POST", "/intern/")),
        ("HEAD", head("/dir/")), ("query", get("/dir/?a=b")), ("PUT", request("PUT", "/dir/")),
        ("DELETE where there is none", request("DELETE", "/noindex/"))]),
    Site("try_files", server="""
        server_name localhost; root html; error_page 404 /errors/404.html;
        location /usual { try_files $uri $uri/ =404; }
        location /dir { try_files $uri $uri/ =404; }
        location /noindex { try_files $uri $uri/ =404; }
        location /code { try_files $uri =418; }
        location /code500 { try_files /no =500; }
        location /code200 { try_files /no =200; }
        location /code204 { try_files /no =204; }
        location /code301 { try_files /no =301; }
        location /code999 { try_files /no =444; }
        location /named { try_files $uri @back; }
        location @back { return 200 "named $uri $request_uri $args\\n"; }
        location /tofile { try_files /no /ten.txt; }
        location /tomissing { try_files /no /alsono; }
        location /toquery { try_files /no /echo?x=$uri; }
        location /toargs { try_files /no /echo?$args; }
        location /toargs2 { try_files /no /echo$is_args$args; }
        location /echo { return 200 "echo $uri $args\\n"; }
        location /loop { try_files /no /loop; }
        location /dironly { try_files /dir/ =404; }
        location /dirnoslash { try_files /dir =404; }
        location /fileslash { try_files /ten.txt/ =404; }
        location /vars { try_files /$arg_f /$arg_g.txt =404; }
        location /al/ { alias html/dir/; try_files $uri $uri/ =404; }
        location /al2/ { alias html/; try_files $uri /al2/ten.txt; }
        location /al3 { alias html; try_files $uri $uri/ =404; }
        location ~ ^/re/(.+)$ { alias html/$1; try_files "" =404; }
        location ~ ^/re2/(?<n>.+)$ { try_files /$n /dir/$n =404; }
        location /spaces { try_files "/with space.txt" =404; }
        location /esc { try_files /with%20space.txt =404; }
        location /dots { try_files /dir/../ten.txt =404; }
        location /slashes { try_files //ten.txt =404; }
        location /nested/ { try_files $uri @back; location /nested/in { try_files /one.txt =404; } }
        location /wrongname { try_files /no @nowhere; }
        location /empty { try_files "" =404; }
        location /index { try_files /dir/ /ten.txt; index nothing; }
        location /un { try_files /unreadable.txt /ten.txt; }
        location /un2 { try_files /nosearch/file.txt /ten.txt; }
        location /dang { try_files /dangling /ten.txt; }
        location /looplink { try_files /loop /ten.txt; }
        location /spa { try_files $uri /index.html; }
        location /toext { try_files $uri http://x/; }
        location /rel { try_files no ten.txt; }
        location /longname { try_files $uri$uri$uri$uri /ten.txt; }
        location = / { try_files /ten.txt =404; }
    """,
        cases=[
        gets("/", "/usual", "/usual/x", "/dir", "/dir/", "/dir/file.txt", "/dir/missing", "/dir/sub",
            "/noindex", "/noindex/", "/code", "/code500", "/code200", "/code204", "/code301", "/code999",
            "/named", "/named?x=1", "/tofile", "/tofile?q", "/tomissing", "/toquery", "/toquery/%20x?y",
            "/toargs?a=b", "/toargs", "/toargs2?a=b", "/toargs2",
             "/loop", "/dironly", "/dirnoslash", "/fileslash", "/vars?f=ten.txt", "/vars?g=one",
            "/vars?f=dir/../ten.txt", "/vars?f=../x", "/vars?f=%74en.txt", "/vars", "/al/file.txt", "/al/",
            "/al/sub", "/al/sub/", "/al/missing", "/al", "/al2/one.txt", "/al2/missing", "/al3/ten.txt",
            "/al3/dir", "/al3", "/al3x", "/re/ten.txt", "/re/dir", "/re/dir/", "/re/no",
            "/re/with%20space.txt", "/re2/ten.txt", "/re2/file.txt", "/re2/no",
             "/spaces", "/esc", "/dots", "/slashes", "/nested/x", "/nested/in", "/wrongname", "/empty",
            "/index", "/un", "/un2", "/dang", "/looplink", "/spa/route/x", "/spa", "/toext", "/rel",
            "/longname" + "x" * 200, "/unreadable.txt", "/missing", "/errors/404.html", "/named/../code",
            "/echo/x?y"),
        ("POST to a named location", post("/named", b"abc")), ("POST to a file", post("/tofile", b"abc")),
            ("POST to a code", post("/code", b"abc") + get("/one.txt")), ("HEAD", head("/tofile")),
            ("range", get("/tofile", "Range: bytes=0-1")), ("PUT to the named", request("PUT", "/named"))]),
    Site("alias", server="""
        server_name localhost; root html/dir;
        location /i/ { alias html/i/; }
        location /noslash { alias html/i/; }
        location /slashless/ { alias html/i; }
        location /bare { alias html/i; }
        location = /exact { alias html/ten.txt; }
        location = /exactdir { alias html/dir/; }
        location = /exactdir2/ { alias html/dir/; }
        location ^~ /pre/ { alias html/; }
        location /file { alias html/ten.txt; }
        location ~ ^/re/(.+)$ { alias html/$1; }
        location ~ ^/fix/ { alias html/ten.txt; }
        location ~* ^/ci/(.*)\\.TXT$ { alias html/$1.txt; }
        location ~ /nam/(?<file>[^/]+)$ { alias html/dir/$file; }
        location /out/ {
            alias html/dir/;
            location /out/sub/ { alias html/i/; }
            location ~ \\.gif$ { alias html/i/top.gif; }
        }
        location /var/ { alias html/$arg_d/; }
        location /abs/ { alias @SITE@/dir/; }
        location /dd/ { alias html/dir/../i/; }
        location /ap { alias html/images; autoindex on; }
        location /idx/ { alias html/dir/; index file.txt; }
        location /docroot { alias html/i/; return 200 "$document_root $realpath_root $request_filename\\n"; }
        location /docroot2/ { alias html/$arg_d; return 200 "$document_root $request_filename\\n"; }
        location ~ ^/docroot3/(.*)$ {
            alias html/$1; return 200 "$document_root $realpath_root $request_filename\\n";
        }
    """,
        cases=[
        gets("/i/top.gif", "/i/", "/i", "/i/../secret.txt", "/i../secret.txt", "/i/..%2fsecret.txt",
            "/i/%2e%2e/secret.txt", "/ixx/top.gif", "/noslash/top.gif", "/noslashtop.gif",
            "/noslash../secret.txt", "/noslash", "/noslash/", "/noslash//top.gif", "/slashless/top.gif",
            "/slashlesstop.gif", "/slashless/xx/top.gif", "/slashless/../secret.txt", "/slashless/",
             "/bare/top.gif", "/barexx/top.gif", "/bare../secret.txt", "/bare/../secret.txt", "/bare",
            "/bare/", "/exact", "/exact/", "/exactx", "/exactdir", "/exactdir/", "/exactdir2/", "/exactdir2",
            "/pre/ten.txt", "/pre/dir", "/pre/dir/", "/pre../ten.txt", "/pre", "/file", "/file/", "/filex",
            "/re/ten.txt", "/re/dir", "/re/dir/", "/re/../ten.txt", "/re/%2e%2e/x", "/re/dir/..%2ften.txt",
            "/re/.%2e/x", "/re/with%20space.txt", "/re/percent%2541.txt",
             "/fix/x", "/fix/y/z", "/ci/TEN.txt", "/CI/ten.TXT", "/ci/ten.txt", "/nam/file.txt",
            "/nam/x/file.txt", "/out/file.txt", "/out/sub/top.gif", "/out/x.gif", "/out/sub/x.gif",
            "/out/sub", "/var/x?d=dir", "/var/file.txt?d=dir", "/var/file.txt", "/var/file.txt?d=../x",
            "/abs/file.txt", "/abs/sub", "/dd/top.gif", "/ap", "/ap/", "/apx", "/ap/deep", "/ap/deep/",
            "/idx/", "/idx", "/docroot/a/b", "/docroot", "/docroot2/x?d=dir", "/docroot2/x",
            "/docroot3/dir/x", "/docroot3/missing", "/file.txt", "/sub", "/i//top.gif", "/i/./top.gif")]),
    Site("autoindex", server="""
        server_name localhost; root html; autoindex on;
        location /exact/ { alias html/auto/; autoindex_exact_size off; }
        location /local/ { alias html/auto/; autoindex_localtime on; }
        location /off/ { autoindex off; alias html/auto/; }
        location /html/ { alias html/auto/; autoindex_format html; }
    """, http="""
        include mime.types;
    """, cases=[
        gets("/auto/", "/auto", "/exact/", "/local/", "/off/", "/html/", "/reallyempty/", "/emptydir/",
            "/noindex/", "/noindex/inner/", "/auto/emptysub/", "/auto/missing/", "/images/", "/auto/?C=N",
            "/auto//", "/unreadable/", "/nosearch/", "/ten.txt/", "/dir/", "/auto/linkdir/", "/auto/broken/",
            "/dir%20with%20space/", "/dir%3Cb%3E/", "/auto/?callback=f"),
        ("HEAD", head("/auto/")), ("POST", request("POST", "/auto/")),
        ("HTTP/1.0", request("GET", "/auto/", version="HTTP/1.0")),
        ("HTTP/1.0 keep-alive", request("GET", "/auto/", "Connection: keep-alive", version="HTTP/1.0")),
        ("range", get("/auto/", "Range: bytes=0-9")), ("DELETE", request("DELETE", "/auto/")),
        ("pipelined", get("/auto/") * 2 + get("/ten.txt"))]),
    Site("autoindex formats", server="""
        server_name localhost; root html; autoindex on;
        location /json/ { alias html/auto/; autoindex_format json; }
        location /xml/ { alias html/auto/; autoindex_format xml; }
        location /jsonp/ { alias html/auto/; autoindex_format jsonp; }
        location /ejson/ { alias html/reallyempty/; autoindex_format json; }
        location /exml/ { alias html/reallyempty/; autoindex_format xml; }
    """,
        cases=[gets("/json/", "/xml/", "/jsonp/", "/jsonp/?callback=f", "/jsonp/?callback=",
            "/jsonp/?callback=a%3Cb", "/ejson/", "/exml/"), ("HEAD json", head("/json/")),
            ("HEAD xml", head("/xml/"))]),
    Site("open_file_cache", http="""
        open_file_cache max=100 inactive=10s; open_file_cache_valid 10s; open_file_cache_min_uses 1;
        open_file_cache_errors on;
    """, server="""
        server_name localhost; root html; autoindex on;
        location /t { try_files $uri /ten.txt; }
    """, cases=[
        *[(f"{n} {t}", get(t) * 2) for n in ("first", "again") for t in ("/ten.txt", "/missing", "/dir",
            "/dir/", "/unreadable.txt", "/auto/sub/", "/big.bin", "/t", "/empty.txt")],
        ("range", get("/ten.txt", "Range: bytes=1-2,4-5") * 2)]),
    Site("default types", server="""
        server_name localhost; root html;
    """,
        cases=[gets("/a.html", "/a.gif", "/a.jpg", "/a.JPG", "/a.png", "/a.css", "/noextension", "/ten.txt",
            "/a.unknown", "/dot.", "/.hidden.html")]),
    Site("own types", http=MIME, server="""
        server_name localhost; root html;
        location /over/ { alias html/; types { text/over html; } }
        location /double/ { alias html/; types { text/one txt; text/two txt; } }
    """, cases=[
        gets("/a.html", "/a.svg", "/a.tar.gz", "/a.xml", "/noextension", "/dot.", "/over/a.html",
            "/over/a.css", "/double/ten.txt", "/a.JPG")]),
    Site("charset", http="""
        include mime.types; charset utf-8;
    """, server="""
        server_name localhost; root html;
        location /echo { return 200 x; }
        location /off/ { charset off; alias html/; }
        location /koi/ { charset koi8-r; alias html/; }
        location /plain { default_type text/plain; return 200 x; }
        location /types/ { charset_types text/css; alias html/; }
    """, cases=[
        gets("/a.html", "/ten.txt", "/a.css", "/a.js", "/a.xml", "/a.png", "/noextension", "/echo", "/plain",
            "/off/a.html", "/koi/a.html", "/types/a.css", "/types/a.html", "/missing", "/dir", "/dir/")]),
]


def test_files(site, case, pairs, judge, not_served_yet):
    run_case(site, case, pairs, judge, not_served_yet)
