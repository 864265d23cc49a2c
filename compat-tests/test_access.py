"""Who may ask: addresses, passwords, both (satisfy), the page one came from, links with a signature, symbolic links."""
import base64

import pytest

from harness.pair import NotServedYet
from harness.run import run_case
from harness.site import Case, HalfClose, Pause, Site, get, gets, head, post, request
from test_config import each, http, location, server, short


def basic(user: str, password: str = "secret", scheme: str = "Basic ") -> str:
    return "Authorization: " + scheme + base64.b64encode(f"{user}:{password}".encode("latin-1")).decode()


def raw_basic(data: bytes) -> str:
    return "Authorization: Basic " + base64.b64encode(data).decode()


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

AUTH = f"auth_basic closed; auth_basic_user_file @PREFIX@/users;"

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
          "limit_except GET { auth_basic x; auth_basic y; }", "if ($host) { auth_basic x; }"),
]
CASES = [(f"access config: {name}", text) for name, text in CONFIG]
assert len({name for name, _ in CASES}) == len(CASES), "two cases of one name"


def test_access(site, case, pairs, judge, not_served_yet):
    run_case(site, case, pairs, judge, not_served_yet)


@pytest.mark.parametrize("case_id,text", CASES, ids=[short(name) for name, _ in CASES])
def test_access_config(case_id, text, config_tester, judge, not_served_yet):
    try:
        differences = config_tester.compare(text)
    except NotServedYet as refused:
        not_served_yet(refused.args[0])
    judge(case_id, differences)
