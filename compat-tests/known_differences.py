"""Where uringx differs from nginx 1.22 on purpose, with the reason. A row that is no longer true fails its cases.

`case` and `aspect` are shell patterns (`[[]` for a bracket). The case id is what pytest shows as `site: case`,
the aspects are those of harness/compare.py. A case that fits a row must show its aspect; all others stay equal.
"""
import glob
from typing import NamedTuple

import known_http2_differences as http2


class Known(NamedTuple):
    case: str
    aspect: str
    reason: str


CONNECT = "405 to CONNECT host:port, as current nginx answers it; 1.22 took the line for a broken one (400)"
JOINED = "$http_* joins several lines of a field with a comma, as nginx since 1.23; 1.22 showed the first line only"
BARE_LF = "a bare LF inside chunked coding gets 400, as RFC 9112 7.1 has it: readers that differ here smuggle"
NO_SPLITTING = ("CR, LF and NUL become blanks in a header field; with nginx a client can write header lines of its own, and some clients "
                "end a field at a NUL")
ONE_ETAG = "one ETag on the page of a 416; nginx sends the field twice when error_page leads to a file"
ANSWERED = "try_files ... =200 is answered with an empty 200; nginx leaves the request without any answer"
AIO_ON = ('"aio on" is accepted, as by the nginx.org packages, which have file AIO; Debian builds nginx without it, '
          "and uringx reads every file that way")
OWN_MODULES = ("a module of nginx's own is accepted without its file, which uringx would not load: only its directives "
               "are refused")
LOG_ROOT = ("before each line of a log with variables in its name nginx asks the disk whether the document root is "
            "there, with a blocking call on the worker; uringx opens the log on its ring and asks for nothing else")
LOG_OPEN = ("uringx writes logs, and opens those with variables in their names, on its ring, after the answer: when that "
            "fails, the worker logs it without the request's context")
CODED_RANGES = "ranges are served of precompressed files, too (gzip_static); nginx sends the whole file"
CLOSED_INSIDE = ("what is included may close the connection (return 444): by then uringx has begun the answer and logs its status; nginx "
                 "still holds everything back")
HEAD_LEFT = ("over TLS the head of an answer whose filters fail at once has left already; nginx closes the connection without a "
             "word")
VARY_304 = ("a 304 says Vary: Accept-Encoding where the whole answer would (gzip_vary), as RFC 9110 15.4.5 has it; nginx leaves it "
            "out")
BUFFER_FILL = ("nginx writes a log's buffer when an upper estimate of the next line would not fit, uringx when its real "
               "length does not: the last lines reach the file with another write, none is lost")
ALIAS_CLOSED = ("a URI that would lead out of an alias (\"location /x { alias /y/; }\" and /x../z, or a capture that begins within "
                "a name) gets 404; nginx serves the file beside the folder")
STATUS_999 = "a status of four digits is no HTTP: error_page =1000 is refused; nginx takes any number"
FIRST_LINE = ("of a broken PROXY protocol header the error log gets the first line, as in nginx since 1.23; with 1.22 a client "
              "writes lines of its own")
SPLIT_HEADER = ("a PROXY protocol header may come in any packets and have up to 4096 bytes; nginx wants it in one packet, and "
                "1.22 within client_header_buffer_size")
SAYS_WHAT = "uringx says what is wrong with modern_browser's one word; nginx ends without a message"
OWN_HELP = "the help names --print-directives and the built-in paths, which are a package's choice"

LATE_CAPTURES = ("a text whose $1 stands before a variable that captures anew shows the new $1 as nginx does; where it is longer "
                 "than the old one nginx ends with 500")
ONE_CYCLE_LINE = "variables that need each other are logged once for each text, not once more for its copy"
LONG_NAMES = ("a host name, variable, key of a map or file name extension may be of any length: uringx has no hash buckets into "
              "which it must fit, where nginx refuses to start (could not build server_names_hash)")
NO_BEST_HASH = "no warning says that a hash could not be built optimally: uringx has none of a size that is to be found"
ARGS_BY_CHANCE = ("$args behind error_page ... $uri without a \"?\" is nothing (\"-\" in a log); nginx leaves it unset, and what it shows "
                  "depends on what the error came from")
GEO_PATTERNS = "include in geo takes patterns, as current nginx; 1.22 looked for a file of that name"

UNMAPPED = ("a byte that a charset_map to UTF-8 does not name becomes \"?\" in every body; nginx sends it as it is where the buffer at "
            "hand holds nothing that needs more bytes")
NO_REALPATH = "$realpath_root is asked for by a thread of its own when the phases begin; a request that ends before has none"
AFTER_IT_ALL = "add_after_body comes behind all of a page with includes; nginx puts it behind the first one that it waits for"


def rows(reason: str, table: dict[str, tuple[str, ...]]) -> list[Known]:
    return [Known(case, aspect, reason) for case, aspects in table.items() for aspect in aspects]


KNOWN_DIFFERENCES: list[Known] = [
    *rows(AFTER_IT_ALL, {"ssi: with everything else: /add/main.html": ("body",)}),
    *rows(LATE_CAPTURES, {
        "map: /late[?]k=r7": ("*",), "map: /late[?]k=caseabc": ("*",), "map: /late[?]k=2025-12": ("*",),
        "map: captures of the last request are gone": ("*",),
    }),
    *rows(NO_REALPATH, {"all log variables: 400 half head": ("access_log:req.log",)}),
    *rows(UNMAPPED, {"charset_map: /koi-utf/unmapped.html": ("body",)}),
    *rows(ONE_CYCLE_LINE, {"map cycles: /[ab]": ("error_log",)}),
    *rows(LONG_NAMES, {
        **{f"hash sizes: http: {text}": ("exit",) for text in (
            "types *", "map [$]uri *", "server { listen 127.0.0.1:@P0@; set *", "server { listen 127.0.0.1:@P0@; location *",
            "server { listen 127.0.0.1:@P0@; server_name *")},
        "variables: map { kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk* 1; }": ("exit",),
        "variables: http: map_hash_bucket_size 65; map [$]uri [$]b { " + "k" * 111 + " 1; }": ("exit",),
    }),
    *rows(NO_BEST_HASH, {f"hash sizes: many {what}": ("message",) for what in ("keys", "types", "variables")}),
    *rows(ARGS_BY_CHANCE, {f"arguments behind error_page: /{place}{args}": ("access_log:a.log",)
                           for place in ("return", "deny") for args in ("", "[?]", "[?]q=1")}),
    *rows(GEO_PATTERNS, {"variables: geo { include none[*].conf; }": ("exit",)}),
    *rows(CONNECT, {
        "methods: CONNECT host:port": ("status", "body", "access_log:access.log", "error_log"),
        "combined: CONNECT": ("status", "body", "access_log:access.log", "error_log"),
        "error_page at server level: CONNECT": ("*",),
    }),
    *rows(JOINED, {
        "valid_referers: two fields": ("access_log:access.log",),
        "header fields: same field twice": ("body", "header:Content-Length", "access_log:access.log"),
        "header fields: User-Agent twice": ("body", "header:Content-Length", "access_log:access.log"),
        "header fields: Via twice": ("body", "header:Content-Length", "access_log:access.log"),
        "header fields: Referer twice": ("access_log:access.log",),
        "underscores on: both forms": ("body", "header:Content-Length", "access_log:access.log"),
    }),
    *rows(BARE_LF, {
        "chunked bodies: bare LF after the size": ("*",),
        "chunked bodies: bare LF after the data": ("*",),
        "chunked bodies: bare LFs everywhere": ("*",),
        "chunked bodies: trailer with bare LF": ("*",),
    }),
    *rows(NO_SPLITTING, {
        "return: /url14/%0d%0aX:1": ("header:Location", "header:X"),
        "return: /hdr/%0aX": ("header:X-A",),
        **{f"bytes of no text in fields: /{place}": ("header:*",) for place in ("field", "part", "redirect")},
        "return: /t30[12378]": ("header:Location",),
        "auth_basic: bytes b'plain*x00:secret'": ("header:X-User",),
        "auth_basic: bytes b'plain*n:x'": ("header:X-User",),
    }),
    *rows(ONE_ETAG, {
        "error_page: 416": ("header:ETag",),
        "add_trailer: 416 with a page": ("header:ETag",),
        "what add_header does to the known fields: 416 with a page": ("header:ETag", "header:X-A"),
    }),
    *rows(ANSWERED, {"try_files: /code200": ("*",)}),
    *rows(ALIAS_CLOSED, {
        "alias: /noslash../secret.txt": ("*",),
        "aliases and what leads out of them: /x..": ("*",),
        "aliases and what leads out of them: /x../*": ("*",),
        "aliases and what leads out of them: /x%2e%2e/secret.txt": ("*",),
        "aliases and what leads out of them: /x..%2fsecret.txt": ("*",),
        "aliases and what leads out of them: /dot./secret.txt": ("*",),
        "aliases and what leads out of them: /re../secret.txt": ("*",),
        "aliases and what leads out of them: /try../secret.txt": ("*",),
    }),
    *rows(STATUS_999, {"config answers: server: error_page 404 =1000 /x;": ("exit",)}),
    *rows(AIO_ON, {"config files: server: aio on;": ("exit",)}),
    *rows(OWN_MODULES, {"config main: main: load_module modules/ngx_stream_module.so;": ("exit",)}),
    *rows(LOG_ROOT, {"variable file names: * /noroot/x": ("error_log", "access_log:nr-*.log")}),
    *rows(LOG_OPEN, {"variable file names: /nodir/ten.txt": ("error_log",),
                     "full disk: /first": ("error_log",)}),
    *rows(CODED_RANGES, {"precompressed: range": ("*",)}),
    *rows(VARY_304, {f"{case}, 304": ("header:Vary",) for case in ("gzip settings: vary", "precompressed: unpacked with vary")}),
    *rows(HEAD_LEFT, {f"tls: precompressed: /unpack/{name}.html": ("*",) for name in ("bad", "cut", "trail")}),
    *rows(CLOSED_INSIDE, {f"{way}ssi: what is included closes the connection: {target}": ("access_log:access.log", *more)
                          for target in ("/page", "/kept", "/after") for way, more in (("", ()), ("tls: ", ("answers",)), ("h2*: ", ("answers",)))}),
    *rows(BUFFER_FILL, {"buffered: a hundred lines": ("access_log:buffered.log",)}),
    *rows(FIRST_LINE, {f"PROXY protocol: {name}": ("error_log",) for name in (
        "other server's listen asks for it", "more than a line", "CRLF missing")}),
    *rows(SPLIT_HEADER, {f"PROXY protocol: {name}": ("*",) for name in (
        "TCP4 in three packets", "v2 in two packets", "v2 with many TLVs")}),
    *rows(SAYS_WHAT, {"client config: http: modern_browser x;": ("message",)}),
    *rows(OWN_HELP, {f"command line: {name}": ("message",)
                     for name in ("-h", "-[?]", "-hv", "-h with a bad file")}),
    *(Known(f"h2*: {glob.escape(case)}", aspect, http2.REASONS[reason])
      for reason, groups in http2.CASES.items() for aspects, cases in groups.items() for case in cases for aspect in aspects),
]
