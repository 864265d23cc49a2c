"""Every requirement on messages and field blocks that can be seen from outside: RFC 9113 section 8, RFC 9218, RFC 7541.
Each test is named by its section.
"""
import pytest

from harness.http2_cases import Cases, OPEN, POST, SMALL, port  # noqa: F401
from harness.http2_raw import *  # noqa: F403

case = CASES = Cases()


# --- section 8: messages ------------------------------------------------------------------------------------------

@case("8.1 a body and trailers are taken")
def _(c):
    c.send(headers(1, POST + [("trailer", "x-sum")], OPEN), frame(DATA, 0, 1, b"abc"), headers(1, [("x-sum", "1")]))
    assert c.answer(1).status == 200


def malformed(name, *frames_, stream=1):
    @case(f"{name}")
    def _(c):
        c.send(*frames_)
        c.stream_error(stream, PROTOCOL_ERROR)


def malformed_fields(name, fields, status=400, however_it_ends=True):
    """nginx's answer, and then the reset: 8.1.1 has both."""
    @case(f"{name}")
    def _(c):
        c.send(headers(1, fields))
        answer = c.answer(1)
        assert answer.complete and answer.status == status and b"<title>" in answer.body
        c.stream_error(1, PROTOCOL_ERROR)
        if however_it_ends:
            c.send(headers(3, fields, flags=END_HEADERS))
            c.stream_error(3, PROTOCOL_ERROR)
        c.gets(5)


malformed("8.1 trailers without END_STREAM are malformed",
          headers(1, POST, OPEN), frame(DATA, 0, 1, b"abc"), headers(1, [("x-sum", "1")], END_HEADERS))
malformed("8.1 pseudo fields in trailers are malformed",
          headers(1, POST, OPEN), frame(DATA, 0, 1, b"abc"), headers(1, [(":method", "GET")]))
malformed("8.1 pseudo fields in trailers that do not end the stream are malformed",
          headers(1, POST, OPEN), frame(DATA, 0, 1, b"abc"), headers(1, [(":method", "GET")], END_HEADERS))
malformed("8.1.1 a content-length that is not the body's is malformed",
          headers(1, POST + [("content-length", "1")], OPEN), frame(DATA, END_STREAM, 1, b"test"))
malformed("8.1.1 a content-length that is not that of all DATA frames is malformed",
          headers(1, POST + [("content-length", "5")], OPEN), frame(DATA, 0, 1, b"test"), frame(DATA, END_STREAM, 1, b"test"))
malformed("8.1.1 a body that ends before its content-length is malformed",
          headers(1, POST + [("content-length", "5")], OPEN), frame(DATA, END_STREAM, 1, b"test"))
malformed_fields("8.1.1 a content-length without a body is malformed", POST + [("content-length", "1")], however_it_ends=False)
malformed_fields("8.2.1 an upper case name is malformed", request(("X-Test", "ok")))
for name in (b"", b"a b", b"a\0b", b"a\rb", b"a\nb", b"a:b", b"\x7f", b"\xe9", b" a"):
    malformed_fields(f"8.2.1 the name {name!r} is malformed", request((name, "x")))
for value in (b"a\0b", b"a\rb", b"a\nb"):
    malformed_fields(f"8.2.1 the value {value!r} is malformed", request(("x-test", value)))
for name, value in (("connection", "keep-alive"), ("keep-alive", "timeout=5"), ("proxy-connection", "close"),
                    ("transfer-encoding", "chunked"), ("upgrade", "h2c"), ("te", "trailers, deflate")):
    malformed_fields(f"8.2.2 {name}: {value} is malformed", request((name, value)))
malformed_fields("8.3 an unknown pseudo field is malformed", [(":test", "ok"), *request()])
malformed_fields("8.3 a pseudo field of answers is malformed", [*request(), (":status", "200")])
malformed_fields("8.3 a pseudo field behind others is malformed",
                 [(":scheme", "http"), (":path", "/"), ("x-test", "ok"), (":method", "GET"), (":authority", "a.test")])
malformed_fields("8.3.1 an empty :path is malformed", request(path=""))
malformed_fields("8.3.1 a relative :path is malformed", request(path="ten.txt"))
malformed_fields("8.3.1 a :path with a control byte is malformed", request(path="/ten.txt\x02"))
malformed_fields("8.3.1 a :path with a blank is malformed", request(path="/ten txt"))
malformed_fields("8.3.1 without :method it is malformed", request(method=None))
malformed_fields("8.3.1 without :scheme it is malformed", request(scheme=None))
malformed_fields("8.3.1 without :path it is malformed", request(path=None))
malformed_fields("8.3.1 without :authority and Host it is malformed", request(authority=None))
malformed_fields("8.3.1 an :authority with blanks is malformed", request(authority="a b"))
for name, value in ((":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "a.test")):
    malformed_fields(f"8.3.1 {name} twice is malformed", [(name, value), *request()])
malformed_fields("8.5 CONNECT with a :path is malformed", request(method="CONNECT"), status=405)
malformed_fields("8.5 CONNECT without :authority is malformed", [(":method", "CONNECT")])


malformed_fields("8.3.1 an empty :authority is malformed", request(authority=""))
malformed_fields("8.3.1 a :scheme that can be none is malformed", request(scheme="1http"))
malformed_fields("8.3 a pseudo field in CONTINUATION behind others is malformed", [("x-test", "ok"), *request()])


@case("8.2.1 blanks round a value are taken off, as nginx does")
def _(c):
    for n, value in enumerate(("\ta=b\t", "  a=b", "a=b ")):
        assert c.gets(2 * n + 1, request(("cookie", value), path="/w/")).body == b"a=b"
    assert c.gets(7, request(("cookie", " \t "), path="/w/")).body == b""


@case("8.2.1 a name that is odd without being malformed is left out")
def _(c):
    c.gets(1, request(("a(b", "x")))


@case("8.1.1 a malformed HEAD is answered without a body, and reset")
def _(c):
    c.send(headers(1, request(("Upper", "x"), method="HEAD")))
    assert c.answer(1).status == 400 and c.answers[1].frames == []
    c.stream_error(1, PROTOCOL_ERROR)


@case("8.1.1 a malformed field block is decoded to its end")
def _(c):
    c.send(headers(1, block([("x-test", "ok"), *request()]) + literal("x-kept", "yes", 0x40)))
    c.stream_error(1, PROTOCOL_ERROR)
    c.gets(3, block(request()) + integer(62, 7, 0x80))


@case("8.2.2 te: trailers is allowed")
def _(c):
    c.gets(1, request(("te", "trailers")))


@case("8.2.3 cookies in several fields are one")
def _(c):
    answer = c.gets(1, request(("cookie", "a=b"), ("x-test", "1"), ("cookie", "c=d"), ("cookie", "e=f"), path="/w/"))
    assert answer.body == b"a=b; c=d; e=f"


@case("8.2.1 names and values of answers are well-formed, whatever a configuration adds")
def _(c):
    fields = c.gets(1, request(path="/w/%0d%0aset-cookie:%20b%09%20")).fields
    assert ("x-w", "/w/  set-cookie: b") in fields and ("x-kept", "yes") in fields
    assert not [n for n, _ in fields if n != n.lower() or " " in n or n in ("connection", "upgrade")]


@case("8.3.1 Host stands for :authority, and may repeat it")
def _(c):
    c.gets(1, request(("host", "a.test"), authority=None))
    c.gets(3, request(("host", "a.test")))


@case("8.3.1 a Host that is not :authority is refused")
def _(c):
    c.gets(1, request(("host", "b.test")), status=400)


@case("8.3.2 answers have :status and no field of the connection")
def _(c):
    answer = c.gets(1)
    names = [n for n, _ in answer.fields]
    assert names[0] == ":status" and names.count(":status") == 1
    assert not {"connection", "keep-alive", "transfer-encoding", "upgrade", "proxy-connection"} & set(names)


@case("8.1 HEAD, 204 and 304 end with their HEADERS")
def _(c):
    assert c.gets(1, request(method="HEAD")).frames == []
    etag = dict(c.gets(3).fields)["etag"]
    answer = c.gets(5, request(("if-none-match", etag)), status=304)
    assert answer.frames == [] and answer.complete


@case("8.1 100 (Continue) comes before the answer, and the answer after the body")
def _(c):
    c.send(headers(1, POST + [("expect", "100-continue"), ("content-length", "3")], OPEN))
    c.wait_for(lambda f: f.kind == HEADERS)
    assert c.answers[1].interim == [[(":status", "100")]]
    c.send(frame(DATA, END_STREAM, 1, b"abc"))
    assert c.answer(1).body == b"POST 3"


@case("8.1 an answer does not wait for a body that does not come")
def _(c):
    c.send(headers(1, POST, OPEN))
    assert c.answer(1, 3).complete


@case("8.5 CONNECT is refused")
def _(c):
    c.gets(1, [(":method", "CONNECT"), (":authority", "a.test:443")], status=405)


@case("8.1 many streams at once are all answered")
def _(c):
    c.send(*[headers(2 * n + 1) for n in range(20)])
    assert all(c.answer(2 * n + 1).body == b"0123456789" for n in range(20))


# --- RFC 9218: priorities -----------------------------------------------------------------------------------------

def bad_priority_update(name, what, *codes):
    @case(f"RFC 9218 7.1 PRIORITY_UPDATE {name}")
    def _(c):
        c.send(what)
        c.connection_error(*codes)


bad_priority_update("of stream 0 is PROTOCOL_ERROR", frame(PRIORITY_UPDATE, 0, 0, b"\0\0\0\0u=0"), PROTOCOL_ERROR)
bad_priority_update("of a stream that the server would open is PROTOCOL_ERROR", frame(PRIORITY_UPDATE, 0, 0, b"\0\0\0\x02u=0"),
                    PROTOCOL_ERROR)
bad_priority_update("on a stream is PROTOCOL_ERROR", frame(PRIORITY_UPDATE, 0, 1, b"\0\0\0\x01u=0"), PROTOCOL_ERROR)
bad_priority_update("without room for a stream is FRAME_SIZE_ERROR", frame(PRIORITY_UPDATE, 0, 0, b"\0\0\x01"), FRAME_SIZE_ERROR)


# --- RFC 7541 -----------------------------------------------------------------------------------------------------

PSEUDO = literal(":authority", "a.test")
INDEXED = bytes([0x82, 0x86]) + literal(":path", SMALL) + PSEUDO  # :method GET, :scheme http from the static table


def block_fault(name, fragment):
    @case(f"RFC 7541 {name}")
    def _(c):
        c.send(headers(1, fragment))
        c.connection_error(COMPRESSION_ERROR)


block_fault("2.3.3 an index beyond both tables", INDEXED + integer(70, 7, 0x80))
block_fault("2.3.3 a name's index beyond both tables", INDEXED + integer(70, 6, 0x40) + text(b"x"))
block_fault("5.1 an integer of too many bytes", INDEXED + b"\xff" + b"\xff" * 20 + b"\x01")
block_fault("5.2 a string longer than the block", INDEXED + b"\x00" + text(b"x-a") + b"\x7f\x10abc")
block_fault("5.2 a Huffman code padded with more than 7 bits", INDEXED + b"\x00\x85\xf2\xb2\x4a\x84\xff\x84\x49\x50\x9f\xff")
block_fault("5.2 a Huffman code padded with zeros", INDEXED + b"\x00\x85\xf2\xb2\x4a\x84\xff\x83\x49\x50\x90")
block_fault("5.2 EOS in a Huffman code", INDEXED + b"\x00\x85\xf2\xb2\x4a\x84\xff\x88\x49\x50\x9f\xff\xff\xff\xff\x7f")
block_fault("6.1 index 0", INDEXED + b"\x80")
block_fault("6.3 a table larger than was allowed", b"\x3f\xe2\x1f" + INDEXED)
block_fault("4.2 a table size update behind a field", INDEXED + b"\x20")


def block_good(name, *fragments):
    @case(f"RFC 7541 {name}")
    def _(c):
        for n, fragment in enumerate(fragments):
            c.gets(2 * n + 1, fragment)


block_good("2.3.1 fields of the static table", INDEXED)
block_good("2.3.2 entries of the dynamic table, later too",
           INDEXED + literal("x-a", "1", 0x40), INDEXED + integer(62, 7, 0x80) + integer(62, 6, 0x40) + text(b"2"),
           INDEXED + integer(62, 7, 0x80) + integer(63, 7, 0x80))
block_good("4.1 eviction from the dynamic table",
           INDEXED + b"".join(literal(f"x-{n}", "v" * 1000, 0x40) for n in range(8)), INDEXED + integer(64, 7, 0x80))
block_good("4.4 an entry larger than the table empties it", INDEXED + literal("x-a", "v" * 5000, 0x40), INDEXED)
block_good("5.2 Huffman codes", bytes([0x82, 0x86]) + literal(":path", SMALL) +
           b"\x41\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff")
block_good("6.2.1 to 6.2.3 every kind of literal", INDEXED + literal("x-a", "1", 0x40) + literal("x-b", "2") +
           literal("x-c", "3", 0x10) + integer(58, 4, 0x10) + text(b"agent") + integer(58, 6, 0x40) + text(b"again"))
block_good("6.3 smaller tables, and larger ones again", b"\x20" + INDEXED, b"\x20\x3f\xe1\x1f" + INDEXED)


@pytest.mark.parametrize("function, own_settings, options", CASES)
def test_rfc9113(function, own_settings, options, port):
    with RawClient(port, *own_settings, **options) as client:
        function(client)
