"""The complete list of what is made equal before two servers are compared: each a named function with its
reason.

Pure functions over parsed answers and log lines. Anything not listed here is a difference.
"""
from __future__ import annotations

import base64
import email.utils
import gzip
import re
import time
import zlib

from .client import BROKEN_PROMISE, Conversation, Response

NAME = r"(?:nginx|uringx)"
DATE_SLACK_S = 5


def date_value(response: Response, server) -> Response:
    """The Date header tells when the answer was made. It must be a valid date of the last seconds; then it
    counts as equal."""
    for i, (name, value) in enumerate(response.headers):
        if name == "Date" and re.fullmatch(
            r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", value
        ):
            if abs(email.utils.parsedate_to_datetime(value).timestamp() - time.time()) < DATE_SLACK_S:
                response.headers[i] = (name, "@NOW@")
    return response


def relative_expires(response: Response, server) -> Response:
    """`expires 1h` counts from the second of the answer, so the absolute date may differ by one between two
    servers."""
    for i, (name, value) in enumerate(response.headers):
        if name == "Expires" and value.endswith(" GMT"):
            try:
                left = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
            except (TypeError, ValueError):
                continue
            # Only dates that count from now; `modified` and the fixed epoch are far from any round distance
            # to it.
            if value != "Thu, 01 Jan 1970 00:00:01 GMT":
                response.headers[i] = (name, f"@NOW{'%+d' % (round(left / DATE_SLACK_S) * DATE_SLACK_S)}@")
        if name == "Cache-Control" and (found := re.fullmatch(r"max-age=(\d+)", value)):
            # `expires modified` and `expires @15h` also count down from now.
            response.headers[i] = (
                name,
                f"max-age=@{round(int(found.group(1)) / DATE_SLACK_S) * DATE_SLACK_S}@",
            )
    return response


def own_name(response: Response, server) -> Response:
    """Each server tells its own name and version in `Server` and in the last line of its error pages, and a
    Content-Length that counts the name's length. Name -> @NAME@, version -> @VERSION@, and the length as if
    the name were empty."""
    identity = response.header("Server") or ""
    if response.raw:  # HTTP/0.9: a page without a head
        response.raw = re.sub(
            rb"<hr><center>(nginx|uringx)(/[\d.]+)?</center>",
            b"<hr><center>@IDENTITY@</center>",
            response.raw,
        )
    if not re.fullmatch(NAME + r"(/[\d.]+)?", identity):
        return response
    short = re.sub(r"/[\d.]+", "/@VERSION@", re.sub(NAME, "@NAME@", identity))
    for i, (name, value) in enumerate(response.headers):
        if name == "Server":
            response.headers[i] = (name, short)
    footer = b"<hr><center>" + identity.encode() + b"</center>"
    own_page = footer in response.body or (
        not response.body
        and response.status >= 300
        and response.header("Content-Type") == "text/html"
        and response.header("ETag") is None
    )
    if own_page:
        response.body = response.body.replace(footer, b"<hr><center>@IDENTITY@</center>")
        for i, (name, value) in enumerate(response.headers):
            if name == "Content-Length" and value.isdigit():
                response.headers[i] = (name, f"{int(value) - len(identity)}+@IDENTITY@")
    return response


def compressed_body(response: Response, server) -> Response:
    """Compressors differ, and so do their results: what the client unpacks has to be equal. What is no whole gzip stays
    as it is. A precompressed file is told by its Content-Length, and is compared byte by byte."""
    if (response.header("Content-Encoding") or "").lower() == "gzip" and response.header("Content-Length") is None:
        try:
            response.body = b"@GZIP@" + gzip.decompress(response.body) if response.body else b""
        except (OSError, EOFError, zlib.error):
            response.body = b"@NO GZIP@" + response.body
    return response


def closing_connections(response: Response, server) -> Response:
    """stub_status also counts the connection of the case before while it is being closed."""
    if response.body.startswith(b"Active connections: "):
        response.body = re.sub(rb"(Active connections|Waiting): \d+", rb"\1: @N@", response.body)
    return response


def broken_promise(ours: Conversation, theirs: Conversation) -> bool:
    """After a 412 (and a few other answers made by header filters) nginx says `Connection: keep-alive` and
    closes all the same. A server that keeps the promise is no worse: the canary's answer and log line are
    then left out. True when that was done."""
    if ours.end != BROKEN_PROMISE or theirs.end != "eof" or theirs.canary_answers != 1:
        return False
    theirs.responses.pop()
    theirs.end = ours.end
    return True


def ports(text: str, server) -> str:
    """Both servers run beside each other, so their ports differ; they have five digits each, so that lengths
    agree."""
    for i, port in enumerate(server.ports):
        text = re.sub(rf"(?<!\d){port}(?!\d)", f"@P{i}@", text)
    return text


def folders(text: str, server) -> str:
    """Each server has its own prefix folder (of equal length)."""
    return text.replace(str(server.prefix), "@PREFIX@")


def multipart_boundary(response: Response, server) -> Response:
    """The boundary of multipart/byteranges is a number the server counts or draws; it must have nginx's 20
    digits."""
    content_type = response.header("Content-Type") or ""
    found = re.fullmatch(r"multipart/byteranges; boundary=(\d{20})", content_type)
    if found:
        response.headers = [(n, v.replace(found.group(1), "@BOUNDARY@")) for n, v in response.headers]
        response.body = response.body.replace(found.group(1).encode(), b"@BOUNDARY@")
    return response


def times_in_text(text: str, server) -> str:
    """Values of $time_local, $time_iso8601, $msec and $request_time tell when the request was made."""
    text = re.sub(r"\b\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}", "@TIME_LOCAL@", text)
    text = re.sub(r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", "@TIME_ISO8601@", text)
    text = re.sub(r"\b1[789]\d{8}\.\d{3}\b", "@MSEC@", text)
    return re.sub(r"(request_time|rtt)=[\d.]+", r"\1=@SECONDS@", text)


def process_numbers(text: str, server) -> str:
    """$pid, connection numbers and request ids are counters and random numbers of the process at hand."""
    text = re.sub(r"\b(pid|connection|client_port)=\d+", r"\1=@N@", text)
    return re.sub(r"\brequest_id=[0-9a-f]{32}\b", "request_id=@ID@", text)


def user_ids(text: str, server) -> str:
    """userid numbers clients by the second, the process and a counter; the first four bytes are the service's.
    Only a number of this hour is a new one: one that a client brought is compared whole."""

    def is_new(words: bytes) -> bool:
        times = (int.from_bytes(words[4:8], order) for order in ("big", "little"))
        return any(abs(when - time.time()) < 3600 for when in times)

    def of_hex(found: re.Match) -> str:
        words = bytes.fromhex(found.group(2))
        return f"{found.group(1)}={words[:4].hex()}@ID@" if is_new(words) else found.group(0)

    def of_base64(found: re.Match) -> str:
        words = base64.b64decode(found.group(2) + "==")
        return f"{found.group(1)}={words[:4].hex()}@ID@" if is_new(words) else found.group(0)

    text = re.sub(r"\b([uc]id)=([0-9A-F]{32})\b", of_hex, text)
    text = re.sub(r"\b([uc]id)=([A-Za-z0-9+/]{22})(?![A-Za-z0-9+/]{3})", of_base64, text)
    return re.sub(r"; expires=\w{3}, (?!31-Dec-37)\d\d-\w{3}-\d\d \d\d:\d\d:\d\d GMT", "; expires=@THEN@", text)


def client_port(text: str, server) -> str:
    """Our own port is the kernel's choice."""
    return re.sub(r"remote_port=\d+", "remote_port=@N@", text)


def version_values(text: str, server) -> str:
    """$nginx_version is the compatibility version, which is not that of the nginx at hand."""
    return re.sub(r"nginx_version=[\d.]+", "nginx_version=@VERSION@", text)


def error_log_head(line: str, server) -> str:
    """`2026/11/22 12:01:00 [error] 7#7: *3 ...`: time, process, thread and connection number are of the
    process at hand."""
    return re.sub(
        r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d (\[\w+\]) \d+#\d+: (?:\*\d+ )?", r"@TIME@ \1 @PID@: ", line
    )


def excess(line: str, server) -> str:
    """limit_req logs an excess in thousandths of a request, less what has drained since the request before: at the
    rates of our cases some thousandths. Whole requests are compared."""
    return re.sub(r"\bexcess: (\d+\.\d{3})", lambda found: f"excess: {round(float(found.group(1)))}", line)


def line_of_a_connection(line: str) -> bool:
    """Only error-log lines with a connection number (`*3`) belong to a request; the others tell of processes
    coming and going, at moments of their own (test_process.py looks at those)."""
    return re.match(r"^\S+ \S+ \[\w+\] \d+#\d+: \*\d+ ", line) is not None


def program_name(text: str, server) -> str:
    """Messages begin with the name of the program: `nginx: [emerg] ...` and `uringx: [emerg] ...`."""
    return re.sub(rf"^{NAME}: ", "@NAME@: ", text, flags=re.M)


RESPONSE_RULES = [compressed_body, date_value, relative_expires, multipart_boundary, own_name, closing_connections]
TEXT_RULES = [folders, ports, times_in_text, process_numbers, client_port, version_values, user_ids]
LOG_LINE_RULES = [error_log_head, excess] + TEXT_RULES
MESSAGE_RULES = [program_name, error_log_head, folders, ports]


def text(value: str, server, rules=TEXT_RULES) -> str:
    for rule in rules:
        value = rule(value, server)
    return value


def response(answer: Response, server) -> Response:
    for rule in RESPONSE_RULES:
        answer = rule(answer, server)
    answer.status_line = text(answer.status_line, server)
    answer.headers = [(n, text(v, server)) for n, v in answer.headers]
    answer.trailers = [(n, text(v, server)) for n, v in answer.trailers]
    if len(answer.body) < 1 << 16:
        answer.body = text(answer.body.decode("latin-1"), server).encode("latin-1")
        answer.raw = text(answer.raw.decode("latin-1"), server).encode("latin-1")
    return answer


def differs_by_own_name(ours: str, theirs: str, length_difference: int) -> bool:
    """Numbers in an access-log line that count bytes of an answer include the server's own name: they may
    differ by the difference of the names' lengths (or twice that, head and page) and by nothing else."""
    a, b = re.findall(r"\d+|\D+", ours), re.findall(r"\d+|\D+", theirs)
    if len(a) != len(b):
        return False
    for x, y in zip(a, b):
        if x == y:
            continue
        if not (
            x.isdigit() and y.isdigit() and int(x) - int(y) in (length_difference, 2 * length_difference)
        ):
            return False
    return True
