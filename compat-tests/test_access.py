"""Who may ask: addresses, passwords, both (satisfy), the page one came from, links with a signature, symbolic links."""
import base64
import hashlib
import itertools
import os

from harness.client import Player, connect
from harness.config_texts import config_cases, each, http, location, server
from harness.run import run_case
from harness.running import ask, error_lines, serve, until
from harness.site import Case, HalfClose, Link, Pause, Site, get, gets, head, post, request


def basic(user: str, password: str = "secret", scheme: str = "Basic ") -> str:
    return "Authorization: " + scheme + base64.b64encode(f"{user}:{password}".encode("latin-1")).decode()


def raw_basic(data: bytes) -> str:
    return "Authorization: Basic " + base64.b64encode(data).decode()


def signed(path: str, expires, pad: str = "", sign_expires: bool = True) -> str:
    """The path with its signature over "EXPIRES PATH secret", as the site below wants it."""
    text = f"{expires if expires is not None and sign_expires else ''}{path} secret"
    signature = base64.urlsafe_b64encode(hashlib.md5(text.encode()).digest()).decode().rstrip("=") + pad
    return f"{path}?h={signature}" + ("" if expires is None else f"&e={expires}")


def sealed(prefix: str, rest: str, secret: str = "secret") -> str:
    return f"{prefix}{hashlib.md5((rest + secret).encode()).hexdigest()}/{rest}"


# The password is "secret" in every one of these.
HASHES = {
    "des": "abNANd1rDfiNc",
    "bsdi": "_J9..rasmz0.F/jqjWck",
    "md5": "$1$saltsalt$9xy1btjgzLYfb7hivXtC//",
    "sha256": "$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA",
    "sha512": "$6$rounds=1000$abc$MqEcPZUYRGGcOeq7PhMpfjfu/F0HrVEI0OlZBijWvO8mSG77iNUDP5MqFceKpJTBc8iITVtNyLiNTRNCxv6oh0",
    "bcrypt": "$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a",
    "bcryptb": "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
    "yescrypt": "$y$j75$abcdefghij/$tTvSDM/zwFTKPLDQ8qk9HWyMoxePxDz5.3pWC.mrhQ/",
    "scrypt": "$7$CU..../....abc$wAuEOYcLM7kO6uZQXQIbfiQLCU8Fy1YXPblM7CyxZH3",
    "apr1": "$apr1$saltsalt$LrttParrLPdxvgutaSXWJ0",
    "apr1short": "$apr1$s$UoSp2veMyXxx3bp9uljYO/",
    "apr1cut": "$apr1$longersalt12$YXScFcJtqSBgV1RHr/71m.",
    "plain": "{PLAIN}secret",
    "sha": "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
    "ssha": "{SSHA}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0",
    "nosalt": "{SSHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
}
# Lines that are no sound hash of anything.
BROKEN = {
    "empty": "", "bare": "secret", "star0": "*0", "star1": "*1", "locked": "!", "dollar": "$", "dollars": "$$",
    "md5nosalt": "$1$", "unknown": "$9$salt$xxxx", "apr1none": "$apr1$", "apr1bare": "$apr1$salt$", "plainempty": "{PLAIN}",
    "lowercase": "{plain}secret", "shanone": "{SHA}", "shabad": "{SHA}!!!", "sshanone": "{SSHA}", "sshabad": "{SSHA}a",
    "sshashort": "{SSHA}c2hvcnQ=", "badsalt": "::", "onechar": "a", "bcryptbad": "$2y$99$abcdefghijklmnopqrstuu",
    "nosuchmd5": "{MD5}abc", "shapad": "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ", "shatail": "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ= x",
}
LINES = "\n".join(f"{user}:{line}" for user, line in {**HASHES, **BROKEN}.items())
# Quirks of the format, one a line; what is expected is what nginx makes of it.
ODD_FILE = (b"\n\n# comment:{PLAIN}secret\n#hash:{PLAIN}secret\r\ncrlf:{PLAIN}secret\r\n"
            b"comment:{PLAIN}secret:more:fields\nspace user:{PLAIN}secret\n leading:{PLAIN}secret\nblank:{PLAIN}secret \n"
            b"twice:{PLAIN}first\ntwice:{PLAIN}second\nprefix\nprefix2:{PLAIN}secret\npref\nprefixed:{PLAIN}secret\n"
            b"after:{PLAIN}secret\nnul:{PLAIN}sec\0ret\nnu\0l:{PLAIN}secret\n\xfc\xdf:{PLAIN}secret\n"
            b":{PLAIN}secret\n::{PLAIN}secret\nlong:{PLAIN}" + b"x" * 2100 + b"\n"
            b"longest:{PLAIN}" + b"y" * 2041 + b"\n" + b"z" * 5000 + b":{PLAIN}secret\n"
            b"last:{PLAIN}secret")

AUTH = "auth_basic closed; auth_basic_user_file @PREFIX@/users;"

SITES = [
    Site("auth_basic", files={"users": LINES.encode(), "odd": ODD_FILE, "nothing": b"", "dir.users/x": b""}, server="""
        location / { auth_basic "closed site"; auth_basic_user_file @PREFIX@/users; root html;
            add_header X-User "$remote_user" always; }
        location /odd/ { auth_basic odd; auth_basic_user_file @PREFIX@/odd; alias html/; }
        location /nothing/ { auth_basic x; auth_basic_user_file @PREFIX@/nothing; alias html/; }
        location /nofile/ { auth_basic x; auth_basic_user_file @PREFIX@/nosuchfile; alias html/; }
        location /nodir/ { auth_basic x; auth_basic_user_file @PREFIX@/users/below; alias html/; }
        location /isdir/ { auth_basic x; auth_basic_user_file @PREFIX@/dir.users; alias html/; }
        location /realm/ { auth_basic "$arg_realm"; auth_basic_user_file @PREFIX@/users; alias html/; }
        location /quote/ { auth_basic 'a "quoted" \\word'; auth_basic_user_file @PREFIX@/users; alias html/; }
        location /noname/ { auth_basic ""; auth_basic_user_file @PREFIX@/users; alias html/; }
        location /onlyrealm/ { auth_basic x; alias html/; }
        location /onlyfile/ { auth_basic_user_file @PREFIX@/users; alias html/; }
        location /var/ { auth_basic x; auth_basic_user_file @PREFIX@/$arg_f; alias html/; }
        location /varonly/ { auth_basic x; auth_basic_user_file $arg_f; alias html/; }
        location /inner/ {
            auth_basic outer; auth_basic_user_file @PREFIX@/users; alias html/;
            location /inner/off/ { auth_basic off; alias html/; }
            location /inner/other/ { auth_basic other; alias html/; }
            location /inner/file/ { auth_basic_user_file @PREFIX@/odd; alias html/; }
        }
        location /page/ { auth_basic x; auth_basic_user_file @PREFIX@/users; error_page 401 /open/ten.txt; alias html/; }
        location /page200/ { auth_basic x; auth_basic_user_file @PREFIX@/users; error_page 401 =200 /open/ten.txt; alias html/; }
        location /page403/ { auth_basic x; auth_basic_user_file @PREFIX@/users; error_page 401 =403 /open/; alias html/; }
        location /named/ { auth_basic x; auth_basic_user_file @PREFIX@/users; error_page 401 @open; alias html/; }
        location /again/ { auth_basic x; auth_basic_user_file @PREFIX@/users; error_page 401 /realm/ten.txt?realm=second; alias html/; }
        location @open { return 200 "named $remote_user\\n"; }
        location /open/ { auth_basic off; alias html/; }
        location /ret/ { auth_basic x; auth_basic_user_file @PREFIX@/users; return 200 "rewrite is first\\n"; }
        location /try/ { auth_basic x; auth_basic_user_file @PREFIX@/users; root html; try_files /ten.txt =404; }
        location /list/ { auth_basic x; auth_basic_user_file @PREFIX@/users; autoindex on; alias html/noindex/; }
        location /limit/ { alias html/; limit_except GET { auth_basic limited; auth_basic_user_file @PREFIX@/users; } }
    """, cases=[
        gets("/ten.txt", "/missing", "/dir", "/", "/nothing/ten.txt", "/nofile/ten.txt", "/realm/ten.txt", "/realm/ten.txt?realm=off",
             "/realm/ten.txt?realm=a%22b", "/realm/ten.txt?realm=x", "/quote/ten.txt", "/noname/ten.txt", "/onlyrealm/ten.txt",
             "/onlyfile/ten.txt", "/inner/ten.txt", "/inner/off/ten.txt", "/inner/other/ten.txt", "/page/ten.txt", "/page200/ten.txt",
             "/page403/ten.txt", "/named/ten.txt", "/again/ten.txt", "/ret/", "/try/x", "/list/", "/limit/ten.txt", "/list"),
        *[(f"{name}", get("/ten.txt", basic(name))) for name in HASHES],
        *[(f"{name}, wrong", get("/ten.txt", basic(name, "Secret"))) for name in HASHES],
        *[(f"{name}, empty password", get("/ten.txt", basic(name, ""))) for name in ("des", "md5", "apr1", "plain", "sha", "ssha")],
        *[(f"{name}, longer", get("/ten.txt", basic(name, "secret" + "x" * 100))) for name in HASHES if name != "des"],
        *[(f"malformed {name}", get("/ten.txt", basic(name))) for name in BROKEN],
        *[(f"malformed {name}, empty password", get("/ten.txt", basic(name, ""))) for name in BROKEN],
        *[(f"odd {name}", get("/odd/ten.txt", basic(name))) for name in (
            "# comment", "#hash", "crlf", "comment", "space user", " leading", "blank", "twice", "prefix", "prefix2", "pref",
            "prefixed", "after", "nul", "nu", "nu\0l", "\xfc\xdf", "last", "LAST", "las", "lastt", "z" * 5000, "z" * 4999, "", ":")],
        ("odd twice, the second", get("/odd/ten.txt", basic("twice", "second"))),
        ("odd twice, the first", get("/odd/ten.txt", basic("twice", "first"))),
        ("odd blank in the password", get("/odd/ten.txt", basic("blank", "secret "))),
        ("odd nul in the stored password", get("/odd/ten.txt", basic("nul", "sec"))),
        ("odd nul in the password", get("/odd/ten.txt", basic("last", "secret\0more"))),
        ("odd long", get("/odd/ten.txt", basic("long", "x" * 2100))),
        ("odd long, as long as it is looked at", get("/odd/ten.txt", basic("long", "x" * 2041))),
        ("odd long, one less", get("/odd/ten.txt", basic("long", "x" * 2040))),
        ("odd longest", get("/odd/ten.txt", basic("longest", "y" * 2041))),
        *[(f"colon in the password {p!r}", get("/ten.txt", basic("plain", p))) for p in ("secret:", ":secret", "a:b")],
        *[(f"field {line!r}", get("/ten.txt", line)) for line in (
            "Authorization: Basic", "Authorization: Basic ", "Authorization: ", "Authorization: Basic =",
            "Authorization: Basic cGxhaW46c2VjcmV0", "authorization: basic cGxhaW46c2VjcmV0",
            "AUTHORIZATION: BASIC     cGxhaW46c2VjcmV0", "Authorization: Basic cGxhaW46c2VjcmV0=",
            "Authorization: Basic cGxhaW46c2VjcmV0====junk", "Authorization: Basic cGxhaW46c2VjcmV0 ",
            "Authorization: Basic cGxhaW46c2VjcmV0 x", "Authorization: Basic c", "Authorization: Basic cG",
            "Authorization: Basic cGxhaW4", "Authorization: Basic cGxhaW46", "Authorization: Basic cGxhaW46c2VjcmV",
            "Authorization: Basic OnNlY3JldA==", "Authorization: Basic !!!!", "Authorization: Basic c_-h",
            "Authorization: Basiccg", "Authorization: Basic\tcGxhaW46c2VjcmV0", "Authorization: Digest username=plain",
            "Authorization: Bearer cGxhaW46c2VjcmV0", "Proxy-Authorization: Basic cGxhaW46c2VjcmV0")],
        ("two fields", get("/ten.txt", basic("plain"), basic("sha"))),
        *[(f"bytes {data!r}", get("/ten.txt", raw_basic(data))) for data in (
            b"plain\0:secret", b"plain:secret\n", b"plain:secret\0", b"\xff\xfe:\x01", b"plain\n:x", b'q"uote\\:x', b"a\x7f\x1b:x")],
        ("HEAD", head("/ten.txt")), ("HEAD with", head("/ten.txt", basic("plain"))),
        ("POST", post("/ten.txt", b"body")), ("POST with", post("/ten.txt", b"body", basic("plain"))),
        ("range with", get("/ten.txt", basic("plain"), "Range: bytes=2-4")),
        ("condition with", get("/ten.txt", basic("plain"), 'If-None-Match: "6553e390-a"')),
        ("condition without", get("/ten.txt", 'If-None-Match: "6553e390-a"')),
        ("HTTP/1.0", request("GET", "/ten.txt", host=None, version="HTTP/1.0")),
        ("pipelined", get("/ten.txt") + get("/ten.txt", basic("sha")) + get("/ten.txt", basic("sha", "x")) + get("/ten.txt", basic("bcrypt"))),
        ("in pieces", [get("/ten.txt", basic("apr1"))[:-9], Pause(), get("/ten.txt", basic("apr1"))[-9:]]),
        ("half closed", [get("/ten.txt", basic("apr1"), "Connection: close"), HalfClose()]),
        ("no file, with", get("/nofile/ten.txt", basic("plain"))), ("below a file, with", get("/nodir/ten.txt", basic("plain"))),
        ("a directory, with", get("/isdir/ten.txt", basic("plain"))), ("an empty file, with", get("/nothing/ten.txt", basic("plain"))),
        ("only a realm, with", get("/onlyrealm/ten.txt", basic("plain"))),
        *[(f"{path} with", get(path, basic("plain"))) for path in (
            "/var/ten.txt?f=users", "/var/ten.txt?f=nosuch", "/var/ten.txt?f=", "/var/ten.txt?f=../users", "/varonly/ten.txt?f=users",
            "/varonly/ten.txt?f=html/nosuch", "/varonly/ten.txt", "/inner/ten.txt", "/inner/off/ten.txt", "/inner/other/ten.txt",
            "/inner/file/ten.txt", "/page/ten.txt", "/named/ten.txt", "/again/ten.txt", "/ret/", "/try/x", "/list/", "/limit/ten.txt",
            "/dir", "/missing", "/realm/ten.txt?realm=off")],
        ("wrong to a page", get("/page/ten.txt", basic("plain", "x"))), ("wrong to two", get("/again/ten.txt", basic("plain", "x"))),
        ("limit_except", request("DELETE", "/limit/ten.txt")), ("limit_except with", request("DELETE", "/limit/ten.txt", basic("plain"))),
    ]),
    Site("auth_basic inherited", files={"conf/rel.users": b"u:{PLAIN}p\n", "rel.users": b"u:{PLAIN}p\n"}, http="""
        auth_basic whole; auth_basic_user_file rel.users;
    """, server="""
        location / { root html; }
        location /off/ { auth_basic off; alias html/; }
        location /realm/ { auth_basic mine; alias html/; }
    """, cases=[gets("/ten.txt", "/off/ten.txt", "/realm/ten.txt"),
                *[(f"{path} with", get(path, basic("u", "p"))) for path in ("/ten.txt", "/off/ten.txt", "/realm/ten.txt")]]),
    Site("satisfy", files={"users": b"u:{PLAIN}p\n"}, server="\n".join(f"""
        location /{mode}/{rule}/{auth}/ {{ satisfy {mode}; {rules} {AUTH if auth == "auth" else ""} alias html/; }}"""
        for mode in ("any", "all") for auth in ("auth", "none")
        for rule, rules in (("allow", "allow all;"), ("deny", "deny all;"), ("norule", ""), ("other", "deny 10.0.0.1;"))) + """
        location /any/nofile/ { satisfy any; deny all; auth_basic x; auth_basic_user_file @PREFIX@/nosuch; alias html/; }
        location /any/page/ { satisfy any; deny all; error_page 403 /ok; error_page 401 /ok; alias html/; }
        location /any/page401/ { satisfy any; deny all; """ + AUTH + """ error_page 401 /ok; alias html/; }
        location /any/into/ { satisfy any; deny all; """ + AUTH + """ error_page 401 /any/allow/auth/ten.txt; alias html/; }
        location /any/off/ { satisfy any; deny all; auth_basic off; auth_basic_user_file @PREFIX@/users; alias html/; }
        location /ok { return 200 ok; }
    """, cases=[
        *[(f"{path}", get(path)) for path in (f"/{m}/{r}/{a}/ten.txt" for m in ("any", "all") for r in ("allow", "deny", "norule", "other") for a in ("auth", "none"))],
        *[(f"{path} right", get(path, basic("u", "p"))) for path in (f"/{m}/{r}/auth/ten.txt" for m in ("any", "all") for r in ("allow", "deny", "norule", "other"))],
        *[(f"{path} wrong", get(path, basic("u", "q"))) for path in (f"/{m}/{r}/auth/ten.txt" for m in ("any", "all") for r in ("allow", "deny", "norule", "other"))],
        gets("/any/nofile/ten.txt", "/any/page/ten.txt", "/any/page401/ten.txt", "/any/into/ten.txt", "/any/off/ten.txt"),
        ("no file, with", get("/any/nofile/ten.txt", basic("u", "p"))),
    ]),
    Site("auth_delay", files={"users": b"u:{PLAIN}p\n"}, server="""
        location / { auth_delay 100ms; """ + AUTH + """ root html; }
        location /deny/ { auth_delay 100ms; deny all; alias html/; }
        location /any/ { auth_delay 100ms; satisfy any; deny all; """ + AUTH + """ alias html/; }
        location /page/ { auth_delay 100ms; error_page 401 /deny/x; """ + AUTH + """ alias html/; }
        location /long/ { auth_delay 20s; """ + AUTH + """ alias html/; }
        location /ret { auth_delay 20s; return 401; }
    """, cases=[
        gets("/ten.txt", "/deny/ten.txt", "/any/ten.txt", "/page/ten.txt", "/ret"),
        ("right", get("/ten.txt", basic("u", "p"))), ("wrong", get("/ten.txt", basic("u", "q"))),
        ("pipelined", get("/ten.txt") + get("/ten.txt", basic("u", "p")) + get("/ten.txt")),
        ("POST", post("/ten.txt", b"x" * 1000)),
        Case("client goes", [get("/long/ten.txt"), Pause(0.1), HalfClose()]),
    ]),
    Site("valid_referers", servers="""
        server {
            listen 127.0.0.1:@P0@; server_name own.test *.wild.test www.tail.* .dot.test ~^re[0-9]+\\.test$;
            location = /plain { valid_referers example.com *.sub.net www.host.* .dot.org path.com/Gallery/ UPPER.com; return 200 "[$invalid_referer]"; }
            location = /none { valid_referers none example.com; return 200 "[$invalid_referer]"; }
            location = /blocked { valid_referers blocked example.com; return 200 "[$invalid_referer]"; }
            location = /both { valid_referers none blocked example.com; return 200 "[$invalid_referer]"; }
            location = /names { valid_referers server_names; return 200 "[$invalid_referer]"; }
            location = /all { valid_referers none blocked server_names example.com ~goo+gle; return 200 "[$invalid_referer]"; }
            location = /regex { valid_referers ~\\.example\\.com ~^host/path; return 200 "[$invalid_referer]"; }
            location = /nothing { return 200 "[$invalid_referer]"; }
            location = /several { valid_referers a.com; valid_referers b.com none; return 200 "[$invalid_referer]"; }
            location /outer {
                valid_referers none outer.com ~outer-regex;
                location /outer/same { return 200 "[$invalid_referer]"; }
                location /outer/own { valid_referers inner.com; return 200 "[$invalid_referer]"; }
                location /outer/re { valid_referers ~inner; return 200 "[$invalid_referer]"; }
            }
        }
        server { listen 127.0.0.1:@P1@; location / { valid_referers none server_names; return 200 "[$invalid_referer]"; } }
    """, cases=[
        *[(f"{path} {referer!r}", get(path, *([] if referer is None else [f"Referer: {referer}"])))
          for path, referers in {
            "/plain": (None, "", "-", "http://example.com", "http://example.com/", "https://example.com/x", "HTTP://EXAMPLE.COM:80/x",
                "http://www.example.com/", "http://a.sub.net/", "http://a.b.sub.net", "http://sub.net/", "http://www.host.de/x",
                "http://www.host/", "http://host.de/", "http://dot.org/", "http://a.dot.org/", "http://path.com/Gallery/x",
                "http://path.com/Gallery", "http://path.com/gallery/x", "http://path.com/", "http://path.com:81/Gallery/x", "http://upper.com/x",
                "ftp://example.com/", "example.com", "http://a.b", "http://abcd", "http:///", "http:// example.com",
                "http://example.com?x", "http://user@example.com/", "http://" + "a" * 254 + ".sub.net/", "http://" + "a" * 300, "https://i.ru"),
            "/none": (None, "-", "http://other.com/", "http://example.com/"), "/blocked": (None, "-", "http://other.com/", "XXXX"),
            "/both": (None, "-", "http://other.com/"),
            "/names": (None, "http://own.test/", "http://a.wild.test/", "http://wild.test/", "http://www.tail.com/", "http://dot.test/",
                "http://x.dot.test/", "http://re12.test/x", "http://RE12.test/x", "http://rex.test/x", "http://other.test/"),
            "/all": (None, "-", "http://own.test/", "http://www.google.com/", "http://other/google", "http://other.test/"),
            "/regex": ("http://www.example.com/", "http://www.EXAMPLE.com/", "http://host/path", "https://host/path", "http://host/other", None),
            "/nothing": (None, "http://x.com/abcdef"), "/several": (None, "http://a.com/xxxx", "http://b.com/xxxx", "http://c.com/xxxx"),
            "/outer/same": (None, "http://outer.com/", "http://inner.com/", "http://x/outer-regex"),
            "/outer/own": (None, "http://outer.com/", "http://inner.com/", "http://x/outer-regex"),
            "/outer/re": (None, "http://outer.com/", "http://x.com/inner", "http://x/outer-regex")}.items() for referer in referers],
        ("two fields", get("/plain", "Referer: http://example.com/", "Referer: http://other.com/")),
        *[Case(f"no server name, {referer!r}", [get("/", *([] if referer is None else [f"Referer: {referer}"]))], to="P1")
          for referer in (None, "http://localhost/", "http:///abcdefg")],
    ]),
    Site("secure_link", server="""
        location /md5/ { secure_link $arg_h,$arg_e; secure_link_md5 "$secure_link_expires$uri secret"; return 200 "[$secure_link] [$secure_link_expires]"; }
        location /order/ { secure_link $arg_h,$arg_e; secure_link_md5 "$uri secret"; return 200 "[$secure_link_expires] [$secure_link] [$secure_link_expires]"; }
        location /noexp/ { secure_link $arg_h; secure_link_md5 "$uri secret"; return 200 "[$secure_link] [$secure_link_expires]"; }
        location /half/ { secure_link $arg_h; return 200 "[$secure_link]"; }
        location /other/ { secure_link_md5 $uri; return 200 "[$secure_link]"; }
        location /unused/ { return 200 "[$secure_link] [$secure_link_expires]"; }
        location /s/ { secure_link_secret secret; return 200 "[$secure_link]"; }
        location /empty/ { secure_link_secret ""; return 200 "[$secure_link]"; }
        location /in/ {
            secure_link_secret secret;
            location /in/same/ { return 200 "[$secure_link]"; }
            location /in/md5/ { secure_link $arg_h; secure_link_md5 "$uri secret"; return 200 "[$secure_link]"; }
            location /in/half/ { secure_link $arg_h; return 200 "[$secure_link]"; }
        }
    """, cases=[
        *[(f"{name}", get(target)) for name, target in {
            "good": signed("/md5/x", 4000000000), "expired": signed("/md5/x", 1), "no expires": signed("/md5/x", ""), "expires 0": signed("/md5/x", 0),
            "expires -1": signed("/md5/x", -1), "expires x": signed("/md5/x", "x"), "expires with a tail": signed("/md5/x", "4000000000x"),
            "expires huge": signed("/md5/x", "99999999999999999999"), "another path": signed("/md5/x", 4000000000).replace("/md5/x", "/md5/y"),
            "padded": signed("/md5/x", 4000000000, pad="=="), "one pad": signed("/md5/x", 4000000000, pad="="),
            "too long": signed("/md5/x", 4000000000, pad="==="), "cut": "/md5/x?h=abc&e=4000000000", "none": "/md5/x", "no base64": "/md5/x?h=!!&e=1",
            "standard alphabet": "/md5/x?h=++++//////////////////&e=4000000000", "order": signed("/order/x", 4000000000, sign_expires=False),
            "without expires": signed("/noexp/x", None), "without expires, wrong": "/noexp/x?h=1B2M2Y8AsgTpgAmY7PhCfg", "half": "/half/x?h=a",
            "other half": "/other/x?h=a", "unused": "/unused/x", "inherited": sealed("/in/same/", "x"), "replaced": signed("/in/md5/x", None),
            "half replaced": signed("/in/half/x", None),
        }.items()],
        *[(f"sealed {name}", get(target)) for name, target in {
            "good": sealed("/s/", "link"), "upper": sealed("/s/", "link").replace("a", "A").replace("b", "B").replace("/S/", "/s/"),
            "with arguments": sealed("/s/", "link?a=b"), "arguments not signed": sealed("/s/", "link") + "?a=b", "deep": sealed("/s/", "a/b/c.html"),
            "escaped": sealed("/s/", "a%20b"), "escaped unsigned": sealed("/s/", "a b").replace(" ", "%20"), "wrong": "/s/" + "0" * 32 + "/link",
            "short": "/s/abc/link", "no rest": "/s/" + "0" * 32 + "/", "no slash": "/s/" + "0" * 32, "none": "/s/", "double": "/s//link",
            "no hex": "/s/" + "g" * 32 + "/link", "empty secret": sealed("/empty/", "link", ""), "empty secret, wrong": "/empty/" + "0" * 32 + "/x",
            "one level more": sealed("/s/x/", "link"),
        }.items()],
    ]),
    Site("disable_symlinks", files={
        "t/a.txt": b"a\n", "t/d/index.html": b"index\n", "t/d/f.txt": b"f\n", "t/own.txt": Link("a.txt"), "t/other.txt": Link("a.txt", 65534),
        "t/owndir": Link("d"), "t/otherdir": Link("d", 65534), "t/loop": Link("loop"), "t/dangling": Link("nowhere"),
        "t/abs.txt": Link("@PREFIX@/t/a.txt"), "t/l/index.html": Link("../a.txt"), "t/o/index.html": Link("../a.txt", 65534),
        "l": Link("t"), "ol": Link("t", 65534)}, main="user root;" , server="\n".join(f"""
        location /{policy}/ {{ disable_symlinks {policy}; alias @PREFIX@/t/; }}
        location /{policy}-link/ {{ disable_symlinks {policy}; alias @PREFIX@/l/; }}
        location /{policy}-olink/ {{ disable_symlinks {policy}; alias @PREFIX@/ol/; }}
        location /{policy}-from/ {{ disable_symlinks {policy} from=@PREFIX@/l; alias @PREFIX@/l/; }}
        location /{policy}-fromslash/ {{ disable_symlinks {policy} from=@PREFIX@/l/; alias @PREFIX@/l/; }}
        location /{policy}-fromfile/ {{ disable_symlinks {policy} from=@PREFIX@/l/own.txt; alias @PREFIX@/l/; }}
        location /{policy}-fromother/ {{ disable_symlinks {policy} from=/nosuch; alias @PREFIX@/l/; }}
        location /{policy}-frompart/ {{ disable_symlinks {policy} from=@PREFIX@/o; alias @PREFIX@/ol/; }}
        location /{policy}-fromgone/ {{ disable_symlinks {policy} from=@PREFIX@/gone; alias @PREFIX@/gone/; }}
        location /{policy}-fromvar/ {{ disable_symlinks {policy} from=$arg_from; alias @PREFIX@/l/; }}
        location /{policy}-try/ {{ disable_symlinks {policy}; root @PREFIX@/t; try_files /own.txt /other.txt /a.txt =404; }}
        location /{policy}-trydir/ {{ disable_symlinks {policy}; root @PREFIX@/t; try_files /owndir/ /otherdir/ /a.txt =404; }}
        location /{policy}-cache/ {{ disable_symlinks {policy}; open_file_cache max=10; open_file_cache_errors on; alias @PREFIX@/t/; }}
        location /{policy}-auto/ {{ disable_symlinks {policy}; autoindex on; alias @PREFIX@/t/; }}
        location /{policy}-page/ {{ disable_symlinks {policy}; error_page 403 404 /{policy}/a.txt; alias @PREFIX@/t/; }}""" for policy in ("on", "if_not_owner")) + """
        location /off/ { disable_symlinks off; alias @PREFIX@/t/; }
        location /open/ { alias @PREFIX@/t/; index /on/own.txt; }
        location / { root html; disable_symlinks on; location = /ten.txt { root html; disable_symlinks on from=@PREFIX@/html; } }
    """, cases=[
        *[(f"{place}{path}", get(place + path)) for place, path in itertools.product(("/on/", "/if_not_owner/", "/off/"), (
            "a.txt", "own.txt", "other.txt", "abs.txt", "owndir/f.txt", "otherdir/f.txt", "d/f.txt", "d/", "d", "owndir", "otherdir", "owndir/", "otherdir/",
            "loop", "loop/x", "dangling", "missing", "a.txt/x", "nosuch/x", "l/", "o/"))],
        *[(f"/{policy}-{place}", get(f"/{policy}-{place}")) for policy in ("on", "if_not_owner") for place in (
            "link/a.txt", "link/own.txt", "olink/a.txt", "from/a.txt", "from/own.txt", "from/other.txt", "from/d/", "fromslash/a.txt", "fromslash/own.txt",
            "fromfile/own.txt", "fromfile/a.txt", "fromother/a.txt", "frompart/a.txt", "fromgone/a.txt", "fromvar/a.txt", "fromvar/a.txt?from=/",
            "fromvar/a.txt?from=@PREFIX@/l", "try/", "trydir/", "cache/a.txt", "cache/own.txt", "cache/other.txt", "auto/", "auto/owndir/", "auto/loop/",
            "page/own.txt", "page/other.txt")],
        gets("/open/", "/canary.txt"),
        ("twice", get("/on/a.txt") + get("/on/own.txt") + get("/on/a.txt") + get("/on/own.txt")),
        ("after an open one", get("/off/own.txt") + get("/on/own.txt") + get("/off/own.txt")),
        ("cached", get("/on-cache/own.txt") + get("/on-cache/own.txt") + get("/on-cache/a.txt") + get("/on-cache/a.txt")),
        ("HEAD", head("/on/a.txt")), ("a range", get("/on/a.txt", "Range: bytes=0-0")), ("POST", post("/on/a.txt")),
    ]),
]

CONFIG = [
    *each(http, "auth_basic x;", "auth_basic;", "auth_basic x y;", "auth_basic off;", "auth_basic x; auth_basic y;",
          "auth_basic \"\";", "auth_basic $nosuch;", "auth_basic ${host;", "auth_basic $;", "auth_basic $1;",
          "auth_basic_user_file u;", "auth_basic_user_file;", "auth_basic_user_file u v;", "auth_basic_user_file u; auth_basic_user_file v;",
          "auth_basic_user_file /nosuch/file; auth_basic x;", "auth_basic_user_file $host;", "auth_basic_user_file $nosuch;",
          "auth_basic_user_file x${;", "auth_basic_user_file \"\";", "auth_delay 1s;", "auth_delay 100ms;", "auth_delay x;",
          "auth_delay;", "auth_delay 1s 2s;", "auth_delay 1s; auth_delay 2s;", "auth_delay -1;", "auth_delay 0;",
          "satisfy any;", "satisfy all;", "satisfy some;", "satisfy;", "satisfy any all;", "satisfy any; satisfy any;", "satisfy ANY;"),
    *each(location, "auth_basic x; auth_basic_user_file f;", "limit_except GET { auth_basic x; auth_basic_user_file f; }",
          "limit_except GET { satisfy any; }", "limit_except GET { auth_delay 1s; }", "auth_basic_user_file f { }",
          "limit_except GET { auth_basic x; auth_basic y; }", "if ($host) { auth_basic x; }",
          "limit_except GET { disable_symlinks on; }", "limit_except GET { valid_referers a.com; }"),
    *each(server, "valid_referers none;", "valid_referers blocked;", "valid_referers none blocked;", "valid_referers server_names;",
          "valid_referers none server_names;", "server_name ~x; valid_referers none server_names;", "valid_referers;", "valid_referers \"\";",
          "valid_referers a.com;", "valid_referers a.com a.com;", "valid_referers a.com/x a.com/y;", "valid_referers *.a.com .a.com;",
          "valid_referers .a.com a.com;", "valid_referers *;", "valid_referers *a.com;", "valid_referers a..com;", "valid_referers a.*.com;",
          "valid_referers www.a.* *.a.com a.com;", "valid_referers ~;", "valid_referers ~(;", "valid_referers ~x ~x;", "valid_referers none ~x;",
          "valid_referers /x;", "valid_referers A.com a.com;", "valid_referers none none a.com;", "valid_referers a.com; valid_referers a.com;",
          "server_name a.com; valid_referers a.com server_names;", "valid_referers server_names a.com; server_name a.com;",
          "server_name a.com b.com; valid_referers server_names c.com;", "server_name a.com a.com; valid_referers server_names;",
          "valid_referers $host;", "referer_hash_max_size 512;", "referer_hash_max_size x;", "referer_hash_max_size 1; referer_hash_max_size 2;",
          "referer_hash_bucket_size 64;", "referer_hash_bucket_size 32;", "referer_hash_bucket_size -1;", "referer_hash_bucket_size;",
          "referer_hash_max_size 0; valid_referers a.com;", "referer_hash_bucket_size 0; valid_referers a.com;",
          "referer_hash_bucket_size 70000; valid_referers a.com;", "referer_hash_max_size 0;",
          "valid_referers a.com; location / { valid_referers none; }", "valid_referers a.com; location / { valid_referers none ~x; }",
          "location / { return 200 $invalid_referer; }", "secure_link_secret x; secure_link a;", "secure_link_secret x; secure_link_md5 a;",
          "location / { secure_link_secret x; secure_link_md5 $uri; }"),
    *each(http, "valid_referers a.com;", "referer_hash_max_size 5;", "secure_link $host;", "secure_link a,b;", "secure_link;", "secure_link a b;",
          "secure_link a; secure_link b;", "secure_link $nosuch;", "secure_link_md5 $uri;", "secure_link_md5 $;", "secure_link_md5;",
          "secure_link_md5 a; secure_link_md5 b;", "secure_link_secret x;", "secure_link_secret;", "secure_link_secret x; secure_link_secret y;",
          "secure_link_secret x; secure_link a;", "secure_link_secret x; secure_link_md5 a;", "secure_link_secret \"\"; secure_link a;",
          "secure_link_secret x; server { location / { secure_link a; secure_link_md5 b; } }",
          "secure_link a; server { location / { secure_link_secret x; } }", "log_format x $secure_link$secure_link_expires;",
          "disable_symlinks on;", "disable_symlinks off;", "disable_symlinks if_not_owner;", "disable_symlinks;", "disable_symlinks x;", "disable_symlinks ON;",
          "disable_symlinks on off;", "disable_symlinks on on;", "disable_symlinks on from=/x;", "disable_symlinks from=/x on;", "disable_symlinks off from=/x;",
          "disable_symlinks from=/x off;", "disable_symlinks from=/x;", "disable_symlinks from=/x from=/y;", "disable_symlinks on from=;",
          "disable_symlinks on from=$document_root;", "disable_symlinks on from=$nosuch;", "disable_symlinks on from=$;", "disable_symlinks on form=/x;",
          "disable_symlinks on; disable_symlinks on;", "disable_symlinks on from=/x y;", "disable_symlinks if_not_owner from=$realpath_root;"),
]
CASES = [(f"access config: {name}", text) for name, text in CONFIG]


def test_access(site, case, pairs, judge, not_served_yet):
    run_case(site, case, pairs, judge, not_served_yet)


@config_cases(CASES)
def test_access_config(case_id, text, check_config):
    check_config(case_id, text)


def test_a_pipe_of_passwords_is_an_error_and_holds_up_nobody(server):
    os.mkfifo(server.prefix / "pipe")
    serve(server, inside="auth_basic x; auth_basic_user_file @PREFIX@/pipe; location /open { auth_basic off; return 200 open; }")
    # nginx's worker would wait for a writer in open(), for ever.
    writer = None if server.label == "uringx" else os.open(server.prefix / "pipe", os.O_RDWR)
    for _ in range(5):
        with connect("P0", server) as sock:
            player = Player(sock, 3.0)
            player.send(get("/ten.txt", basic("plain"), "Connection: close"))
            player.read_until(lambda: False)
            assert player.answers()[0].status == 500
    assert ask(server, "/open") == b"open"
    until(lambda: error_lines(server).count("29: Illegal seek") == 5, "five lines")
    if writer is not None:
        os.close(writer)
