"""The harness's client of HTTP/2 and TLS: at nginx it gets over every transport what HTTP/1.1 gets; what it cannot ask is
named; a server that breaks the rules is found out."""
import socket
import threading

import pytest

from harness.client import play
from harness.site import Answer, Case, HalfClose, Pause, WRAPPER, chunked, get, head, post, request
from harness.transports import H2, H2C, TLS
from harness.translate import NotExpressible, Request, translate

http2 = pytest.importorskip("harness.http2", reason="python3-h2 is missing")

SERVER = r"""
    server {
        listen 127.0.0.1:@P0@; server_name localhost; root html; keepalive_requests 8;
        location /say { return 200 "$request_method $scheme $host [$http_x] $args\n"; }
        location /trailer/ { add_trailer X-T "t $uri"; alias html/; }
        location /auto/ { autoindex on; }
        location /small/ { client_max_body_size 1000; return 200 x; }
        location /gone { return 444; }
        location /etag { add_header ETag '"x"'; add_header www-authenticate y; return 200 x; }
    }
"""
CASES = [Case(name, steps if isinstance(steps, list) else [steps]) for name, steps in {
    "GET": get("/ten.txt"), "HEAD": head("/1k.txt"), "404": get("/missing"), "redirect": get("/dir"),
    "304": get("/ten.txt", "If-None-Match: *"), "range": get("/1k.txt", "Range: bytes=5-9"),
    "ranges": get("/1k.txt", "Range: bytes=5-9,20-29"), "a megabyte": get("/big.bin"), "listing": get("/auto/"),
    "empty": get("/empty.txt"), "host, arguments, field": get("/say?a=%20b", "X: y z", host="other:1"), "no Host": get("/", host=None),
    "POST": post("/say", b"x" * 100), "POST to a file": post("/ten.txt", b"abc"), "chunked": chunked("/say", b"3\r\nabc\r\n0\r\n\r\n"),
    "a body of a megabyte": post("/say", b"x" * 1_000_000), "413": post("/small/", b"x" * 1001), "trailers": get("/trailer/ten.txt"),
    "three on one connection": get("/ten.txt") + head("/ten.txt") + get("/one.txt"),
    "waiting between": [get("/ten.txt"), Answer, Pause(), get("/one.txt")], "spelling of names": get("/etag"),
    "path of odd bytes": get("/t\xe4\"<>.txt"),
}.items()]
HOP_BY_HOP = ("Connection", "Keep-Alive", "Transfer-Encoding")


@pytest.fixture(scope="module", params=[TLS, H2, H2C], ids=lambda transport: transport.name)
def served(request, workspace, binaries):
    """The same text at nginx over HTTP/1.1 and over the transport."""
    transport = request.param
    text = WRAPPER.format(main="", events="", http="", servers=SERVER)
    plain, other = (workspace.server(binaries[0], "nginx") for _ in range(2))
    plain.start(text)
    other.start(transport.text(text, workspace.certificates()))
    yield plain, other, transport
    plain.stop()
    other.stop()


def told(response, server, scheme: str):
    """What must be the same over all transports: names of fields in one spelling, without those of the connection. (Trailers
    want a chunked body in HTTP/1.1, which has no length.)"""
    headers = [(name.lower(), value.replace(f"{scheme}://", "SCHEME://").replace(f":{server.ports[0]}", ":PORT"))
               for name, value in response.headers if name not in HOP_BY_HOP + ("Date", "Content-Length")]
    body = response.body.replace(b" %s " % scheme.encode(), b" SCHEME ")
    if boundary := (response.header("Content-Type") or "").partition("boundary=")[2]:
        headers = [(name, value.replace(boundary, "BOUNDARY")) for name, value in headers]
        body = body.replace(boundary.encode(), b"BOUNDARY")
    return response.status, sorted(headers), body, response.trailers, response.complete, response.raw


@pytest.mark.parametrize("asked", CASES, ids=lambda asked: asked.name)
def test_same_as_over_http_1(asked, served):
    plain, other, transport = served
    ours, theirs = play(asked, plain), transport.play(asked, other)
    scheme = "https" if transport.tls else "http"
    without_canary = lambda said: [r for r in said.responses if r.body != b"canary\n"]
    assert [told(r, other, scheme) for r in without_canary(theirs)] == [told(r, plain, "http") for r in without_canary(ours)]
    for answer in theirs.responses:
        length = answer.header("Content-Length")
        assert not (length and answer.body) or int(length) == len(answer.body)
    if transport.http2:
        assert theirs.canary_answers == 1 and theirs.end == "open"


def test_end_of_the_connection(served):
    _, other, transport = served
    if not transport.http2:
        pytest.skip("of HTTP/2")
    said = transport.play(Case("limited", [get("/ten.txt") * 10]), other)
    assert [r.body for r in said.responses] == [b"0123456789"] * 8 and said.end == "GOAWAY NO_ERROR, eof"
    said = transport.play(Case("reset", [get("/gone") + get("/ten.txt")]), other)
    assert said.responses[0].raw.startswith(b"reset: ") and not said.responses[0].complete
    assert said.responses[1].body == b"0123456789" and said.end == "open"


REQUESTS = {
    get("/a?b", "X-Y: 1", "Connection: close"): Request(b"GET", b"/a?b", b"localhost", fields=[(b"x-y", b"1")]),
    get("/", host=None): Request(b"GET", b"/"),
    get("/", "TE: trailers", "Connection: TE"): Request(b"GET", b"/", b"localhost", fields=[(b"te", b"trailers")]),
    post("/", b"abc"): Request(b"POST", b"/", b"localhost", fields=[(b"content-length", b"3")], body=b"abc"),
    chunked("/", b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"): Request(b"POST", b"/", b"localhost", body=b"abc"),
}


@pytest.mark.parametrize("sent", REQUESTS, ids=range(len(REQUESTS)))
def test_translation(sent):
    assert translate(Case("x", [sent])) == [REQUESTS[sent]]
    assert translate(Case("x", [sent[:9], Pause(), sent[9:] + sent])) == [REQUESTS[sent]] * 2


INEXPRESSIBLE = {
    "the end of the connection is the point": [get("/"), HalfClose], "no request": [b""],
    "a head without its end": [b"GET / HTTP/1.1\r\nHost: a\n\n"], "several Hosts": [get("/", "Host: b")],
    "TE beyond trailers": [get("/", "TE: gzip")], "no request line of RFC 9112": [b"GET  / HTTP/1.1\r\n\r\n"],
    "another version than HTTP/1.1": [request("GET", "/", version="HTTP/1.0")], "CONNECT": [request("CONNECT", "a:1")],
    "a target that is no path": [get("http://a/")], "a line that is no field": [get("/", "X : 1")],
    "bytes that no value has": [get("/", "X: a\0b")], "a body without its end": [request("POST", "/", "Content-Length: 5", body=b"abc")],
    "framing that readers differ about": [chunked("/", b"0\r\n\r\n", "Content-Length: 5")],
    "chunks out of the ordinary": [chunked("/", b"3;x=y\r\nabc\r\n0\r\n\r\n")],
}


@pytest.mark.parametrize("reason", INEXPRESSIBLE)
def test_what_http_2_has_no_words_for(reason):
    with pytest.raises(NotExpressible, match=f"^{reason}$"):
        translate(Case("x", INEXPRESSIBLE[reason]))


def test_a_text_with_the_proxy_protocol_has_no_transport(workspace):
    with pytest.raises(NotExpressible):
        TLS.text("server { listen 80 proxy_protocol; }", workspace.certificates())


SETTINGS = b"\0\0\0\4\0\0\0\0\0"


@pytest.mark.parametrize("frames,end", [
    (b"HTTP/1.1 400 Bad Request\r\n\r\n", "broken HTTP/2"),
    (SETTINGS + b"\0\0\1\1\4\0\0\0\1\x40", "broken HTTP/2"),  # header fields cut short
    (SETTINGS + b"\0\0\1\1\5\0\0\0\3\x88", "broken HTTP/2"),  # an answer to a stream that was never opened
    (SETTINGS + b"\0\0\1\1\4\0\0\0\1\x88" + b"\0\0\2\1\4\0\0\0\1\x08\3", "broken HTTP/2"),
    (SETTINGS + b"\0\0\x08\7\0\0\0\0\0\0\0\0\0\0\0\0\2", "GOAWAY INTERNAL_ERROR, eof"),
    (SETTINGS, "eof"),
], ids=range(6))
def test_a_server_that_breaks_the_rules_is_found_out(frames, end):
    ours, theirs = socket.socketpair()

    def serve():
        theirs.recv(1 << 16)
        theirs.sendall(frames)
        theirs.shutdown(socket.SHUT_WR)
        theirs.recv(1 << 16)

    thread = threading.Thread(target=serve)
    thread.start()
    with ours, theirs:
        said = http2.converse(ours, [Request(b"GET", b"/", b"a")], 2.0)
        ours.shutdown(socket.SHUT_RDWR)
        thread.join(5)
    assert said.end.startswith(end), said.end
    assert not said.responses[0].complete
