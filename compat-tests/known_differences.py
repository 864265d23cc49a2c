"""Where uringx differs from nginx 1.22 on purpose, with the reason. A row that is no longer true fails its cases.

`case` and `aspect` are shell patterns (`[[]` for a bracket). The case id is what pytest shows as `site: case`,
the aspects are those of harness/compare.py. A case that fits a row must show its aspect; all others stay equal.
"""
from typing import NamedTuple


class Known(NamedTuple):
    case: str
    aspect: str
    reason: str


CONNECT = "405 to CONNECT host:port, as current nginx answers it; 1.22 took the line for a broken one (400)"
JOINED = "$http_* joins several lines of a field with a comma, as nginx since 1.23; 1.22 showed the first line only"
BARE_LF = "a bare LF inside chunked coding gets 400, as RFC 9112 7.1 has it: readers that differ here smuggle"
NO_SPLITTING = "CR and LF become blanks in a header field; with nginx a client can write header lines of its own"
ONE_ETAG = "one ETag on the page of a 416; nginx sends the field twice when error_page leads to a file"
ANSWERED = "try_files ... =200 is answered with an empty 200; nginx leaves the request without any answer"
OWN_HELP = "the help names --print-directives and the built-in paths, which are a package's choice"


def rows(reason: str, table: dict[str, tuple[str, ...]]) -> list[Known]:
    return [Known(case, aspect, reason) for case, aspects in table.items() for aspect in aspects]


KNOWN_DIFFERENCES: list[Known] = [
    *rows(CONNECT, {
        "methods: CONNECT host:port": ("status", "body", "access_log:access.log", "error_log"),
        "combined: CONNECT": ("status", "body", "access_log:access.log", "error_log"),
        "error_page at server level: CONNECT": ("*",),
    }),
    *rows(JOINED, {
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
        "return: /t30[12378]": ("header:Location",),
    }),
    *rows(ONE_ETAG, {"error_page: 416": ("header:ETag",)}),
    *rows(ANSWERED, {"try_files: /code200": ("*",)}),
    *rows(OWN_HELP, {f"command line: {name}": ("message",)
                     for name in ("-h", "-[?]", "-hv", "-h with a bad file")}),
]
