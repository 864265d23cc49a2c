"""Every requirement of RFC 9113 on connections, frames and streams that can be seen from outside (sections 3 to 7).
Each test is named by its section.
"""
import struct

import pytest

from harness.http2_cases import BIG, Cases, OPEN, POST, port  # noqa: F401
from harness.http2_raw import *  # noqa: F403

case = CASES = Cases()


# --- RFC 9113 section 3: starting ---------------------------------------------------------------------------------

@case("3.4 a connection begins with SETTINGS of both sides, the server's acknowledges the client's")
def _(c):
    c.gets(1)


@case("3.4 what is no preface ends the connection", preface=b"PRI * HTTP/2.0\r\n\r\nSM\r\n\rX" + settings())
def _(c):
    c.sock.settimeout(WAIT_S)
    received = b""
    while data := c.sock.recv(65536):
        received += data
    assert b"\x07" in received or received.startswith(b"HTTP/1.1 400")


@case("3.4 anything else at all ends the connection", preface=b"SOMETHING QUITE DIFFERENT\r\n\r\n")
def _(c):
    c.sock.settimeout(2)
    while c.sock.recv(65536):
        pass


def without_settings(name, *frames_):
    @case(f"3.4 SETTINGS may be missing from the client's preface, as nginx has it: {name}", preface=PREFACE)
    def _(c):
        for part in frames_:
            c.send(part)
        assert c.answer(1).status == 200
        assert [f.flags for f in c.seen if f.kind == SETTINGS] == [0], "what was not sent is not acknowledged"
        c.lives()


without_settings("a request comes first", headers(1))
without_settings("the acknowledgement comes first", frame(SETTINGS, ACK, 0), headers(1))
without_settings("PING comes first", frame(PING, 0, 0, b"12345678") + headers(1))
without_settings("byte by byte", *[bytes([byte]) for byte in frame(SETTINGS, ACK, 0) + headers(1)])


@case("3.4 SETTINGS that come late are acknowledged", preface=PREFACE + frame(PING, 0, 0, b"12345678"))
def _(c):
    c.wait_for(lambda f: f.kind == PING)
    c.send(settings((INITIAL_WINDOW_SIZE, 1)), headers(1))
    assert c.wait_for(lambda f: f.kind == SETTINGS).flags & ACK
    c.wait_for(lambda f: f.kind == DATA)
    assert c.answers[1].frames == [1]


@case("3.4 nginx's SETTINGS are followed by a window for the connection", preface=PREFACE)
def _(c):
    first, second = c.read(), c.read()
    assert (first.kind, first.flags, first.stream) == (SETTINGS, 0, 0)
    assert (second.kind, second.stream, second.payload) == (WINDOW_UPDATE, 0, struct.pack(">I", (1 << 31) - 1 - 65535))


@case("3.4 frames may follow the preface at once", preface=PREFACE + settings() + headers(1))
def _(c):
    assert c.answer(1).status == 200


@case("3.4 the preface may come byte by byte", preface=b"")
def _(c):
    for byte in PREFACE + settings() + headers(1):
        c.send(bytes([byte]))
    assert c.answer(1).status == 200


# --- section 4: frames --------------------------------------------------------------------------------------------

@case("4.1 frames of unknown type are ignored")
def _(c):
    c.send(frame(0x16, 0xff, 0, b"x" * 8), frame(0xee, 0, 1, b""))
    c.lives()


@case("4.1 undefined flags are ignored")
def _(c):
    c.send(frame(PING, 0x16, 0, b"undefine"))
    c.wait_for(lambda f: f.kind == PING and f.payload == b"undefine")
    c.lives()


@case("4.1 the reserved bit is ignored")
def _(c):
    c.send(frame(PING, 0, 1 << 31, b"reserved"))
    assert c.wait_for(lambda f: f.kind == PING).payload == b"reserved"


@case("4.2 a DATA frame of 2^14 bytes is taken")
def _(c):
    c.send(headers(1, POST, OPEN), frame(DATA, END_STREAM, 1, b"x" * (1 << 14)))
    assert c.answer(1).status == 200


@case("4.2 a larger DATA frame is FRAME_SIZE_ERROR")
def _(c):
    c.send(headers(1, POST, OPEN), frame(DATA, END_STREAM, 1, b"x" * ((1 << 14) + 1)))
    c.any_error(1, FRAME_SIZE_ERROR)


@case("4.2 a larger HEADERS frame is FRAME_SIZE_ERROR of the connection")
def _(c):
    c.send(headers(1, request(("x-large", "x" * (1 << 14)))))
    c.connection_error(FRAME_SIZE_ERROR)


@case("4.2 a larger SETTINGS frame is FRAME_SIZE_ERROR of the connection")
def _(c):
    c.send(settings(*[(0xfe, 1)] * 2731))
    c.connection_error(FRAME_SIZE_ERROR)


@case("4.3 a field block that cannot be decoded is COMPRESSION_ERROR")
def _(c):
    c.send(headers(1, b"\x00\x85\xf2\xb2\x4a\x84\xff\x84\x49\x50\x9f\xff"))
    c.connection_error(COMPRESSION_ERROR)


@case("4.3 the field block of a refused stream is decoded: the table stays the same on both sides")
def _(c):
    fields = b"".join(literal(n, v) for n, v in request()) + literal("x-kept", "yes", 0x40)
    c.send(headers(1, literal("UPPER", "malformed") + fields))
    c.stream_error(1, PROTOCOL_ERROR)
    c.gets(3, b"".join(literal(n, v) for n, v in request()) + integer(62, 7, 0x80))


@case("4.3 PRIORITY inside a field block is PROTOCOL_ERROR")
def _(c):
    c.send(headers(1, flags=END_STREAM), frame(PRIORITY, 0, 1, b"\0\0\0\0\0"))
    c.connection_error(PROTOCOL_ERROR)


@case("4.3 HEADERS of another stream inside a field block are PROTOCOL_ERROR")
def _(c):
    c.send(headers(1, flags=END_STREAM), headers(3))
    c.connection_error(PROTOCOL_ERROR)


# --- section 5: streams -------------------------------------------------------------------------------------------

def idle(name, what, *codes):
    @case(f"5.1 idle: {name}")
    def _(c):
        c.send(what)
        c.connection_error(*codes)


idle("DATA is PROTOCOL_ERROR", frame(DATA, END_STREAM, 1, b"x"), PROTOCOL_ERROR)
idle("RST_STREAM is PROTOCOL_ERROR", frame(RST_STREAM, 0, 1, b"\0\0\0\x08"), PROTOCOL_ERROR)
idle("WINDOW_UPDATE is PROTOCOL_ERROR", window_update(1, 100), PROTOCOL_ERROR)
idle("CONTINUATION is PROTOCOL_ERROR", frame(CONTINUATION, END_HEADERS, 1, b""), PROTOCOL_ERROR)


@case("5.1 idle: PRIORITY is taken")
def _(c):
    c.send(frame(PRIORITY, 0, 1, b"\0\0\0\0\x0f"))
    c.gets(1)


def half_closed(name, what, *codes):
    @case(f"5.1 half-closed (remote): {name}", (INITIAL_WINDOW_SIZE, 1))
    def _(c):
        c.send(headers(1))
        c.wait_for(lambda f: f.kind == DATA)
        c.send(what)
        c.any_error(1, *codes)


half_closed("DATA is STREAM_CLOSED", frame(DATA, END_STREAM, 1, b"x"), STREAM_CLOSED)
half_closed("HEADERS are STREAM_CLOSED", headers(1), STREAM_CLOSED)
half_closed("CONTINUATION is an error", frame(CONTINUATION, END_HEADERS, 1, b""), STREAM_CLOSED, PROTOCOL_ERROR)


@case("5.1 half-closed (remote): WINDOW_UPDATE, PRIORITY and RST_STREAM are taken", (INITIAL_WINDOW_SIZE, 1))
def _(c):
    c.send(headers(1))
    c.wait_for(lambda f: f.kind == DATA)
    c.send(frame(PRIORITY, 0, 1, b"\0\0\0\0\x0f"), window_update(1, 100))
    assert c.answer(1).complete
    c.send(headers(3, request(path=BIG)))
    c.wait_for(lambda f: f.kind == DATA and f.stream == 3)
    c.send(frame(RST_STREAM, 0, 3, struct.pack(">I", CANCEL)))
    c.lives()


def closed_by_reset(name, what, *codes):
    @case(f"5.1 closed by RST_STREAM: {name}", (INITIAL_WINDOW_SIZE, 1))
    def _(c):
        c.send(headers(1, POST, OPEN), frame(RST_STREAM, 0, 1, struct.pack(">I", CANCEL)), what)
        c.any_error(1, *codes)


closed_by_reset("DATA is STREAM_CLOSED", frame(DATA, END_STREAM, 1, b"x"), STREAM_CLOSED)
closed_by_reset("HEADERS are STREAM_CLOSED", headers(1), STREAM_CLOSED)
closed_by_reset("CONTINUATION is an error", frame(CONTINUATION, END_HEADERS, 1, b""), STREAM_CLOSED, PROTOCOL_ERROR)


def closed_by_end(name, what, *codes):
    @case(f"5.1 closed by END_STREAM: {name}")
    def _(c):
        c.gets(1)
        c.send(what)
        c.any_error(1, *codes)


closed_by_end("DATA is STREAM_CLOSED", frame(DATA, END_STREAM, 1, b"x"), STREAM_CLOSED)
closed_by_end("HEADERS are PROTOCOL_ERROR, as 5.1.1 has it and nginx", headers(1), PROTOCOL_ERROR)
closed_by_end("CONTINUATION is an error", frame(CONTINUATION, END_HEADERS, 1, b""), STREAM_CLOSED, PROTOCOL_ERROR)


@case("5.1 closed by END_STREAM: PRIORITY, WINDOW_UPDATE and RST_STREAM are taken")
def _(c):
    c.gets(1)
    c.send(frame(PRIORITY, 0, 1, b"\0\0\0\0\x0f"), window_update(1, 100), frame(RST_STREAM, 0, 1, b"\0\0\0\x08"))
    c.lives()


@case("5.1.1 a stream with an even identifier is PROTOCOL_ERROR")
def _(c):
    c.send(headers(2))
    c.connection_error(PROTOCOL_ERROR)


@case("5.1.1 a stream with a smaller identifier than one before is PROTOCOL_ERROR")
def _(c):
    c.gets(5)
    c.send(headers(3))
    c.connection_error(PROTOCOL_ERROR)


@case("5.1.1 identifiers may be skipped")
def _(c):
    c.gets(5)
    c.gets(1001)


@case("5.1.2 a stream beyond SETTINGS_MAX_CONCURRENT_STREAMS is refused, the others go on", (INITIAL_WINDOW_SIZE, 0))
def _(c):
    assert c.server_settings[MAX_CONCURRENT_STREAMS] == 20
    for n in range(20):
        c.send(headers(2 * n + 1))
    c.lives()
    c.send(headers(41, b"".join(literal(n, v) for n, v in request()) + literal("x-kept", "yes", 0x40)))
    c.stream_error(41, REFUSED_STREAM)
    c.send(settings((INITIAL_WINDOW_SIZE, 100)))
    assert all(c.answer(2 * n + 1).body == b"0123456789" for n in range(20))
    c.gets(43, b"".join(literal(n, v) for n, v in request()) + integer(62, 7, 0x80))


@case("5.3.1 of RFC 7540: HEADERS that depend on themselves are PROTOCOL_ERROR")
def _(c):
    c.send(headers(1, flags=END_STREAM | END_HEADERS | PRIORITY_FLAG, before=struct.pack(">IB", 1, 15)))
    c.any_error(1, PROTOCOL_ERROR)


@case("5.3.1 of RFC 7540: PRIORITY that depends on itself is PROTOCOL_ERROR")
def _(c):
    c.send(frame(PRIORITY, 0, 1, struct.pack(">IB", 1, 15)))
    c.any_error(1, PROTOCOL_ERROR)


@case("5.4.1 GOAWAY of a connection error names the last stream that was served")
def _(c):
    c.gets(1)
    c.gets(7)
    c.send(frame(PING, 0, 1, b"12345678"))
    goaway = c.wait_for(lambda f: f.kind == GOAWAY)
    assert struct.unpack(">I", goaway.payload[:4])[0] == 7
    assert c.wait_for(lambda f: False) is None


@case("5.4.2 frames behind a stream's error are ignored, the connection goes on")
def _(c):
    c.send(headers(1, POST[:-1], OPEN), frame(DATA, 0, 1, b"abc"), frame(DATA, END_STREAM, 1, b"abc"))
    c.gets(3)


@case("5.5 an unknown frame inside a field block is PROTOCOL_ERROR")
def _(c):
    c.send(headers(1, flags=END_STREAM), frame(0xff, 0, 1, b"12345678"))
    c.connection_error(PROTOCOL_ERROR)


# --- section 6: the types of frames -------------------------------------------------------------------------------

@case("6.1 DATA on stream 0 is PROTOCOL_ERROR")
def _(c):
    c.send(frame(DATA, END_STREAM, 0, b"x"))
    c.connection_error(PROTOCOL_ERROR)


@case("6.1 DATA with as much padding as payload is PROTOCOL_ERROR")
def _(c):
    c.send(headers(1, POST, OPEN), frame(DATA, END_STREAM | PADDED, 1, b"\x06Test"))
    c.connection_error(PROTOCOL_ERROR)


@case("6.1 padded DATA without a byte for its length is an error of the connection")
def _(c):
    c.send(headers(1, POST, OPEN), frame(DATA, END_STREAM | PADDED, 1, b""))
    c.connection_error(PROTOCOL_ERROR, FRAME_SIZE_ERROR)


@case("6.1 several, padded and empty DATA frames are taken")
def _(c):
    c.send(headers(1, POST + [("content-length", "8")], OPEN), frame(DATA, 0, 1, b"abcd"), frame(DATA, 0, 1, b""),
           frame(DATA, PADDED, 1, b"\x05efgh\0\0\0\0\0"), frame(DATA, END_STREAM | PADDED, 1, b"\0"))
    assert c.answer(1).body == b"POST 8"


@case("6.1 padding counts against flow control and is given back")
def _(c):
    c.send(headers(1, POST, OPEN))
    for _ in range(40):
        c.send(frame(DATA, PADDED, 1, b"\xff" + b"x" + b"\0" * 255))
    c.send(frame(DATA, END_STREAM, 1, b""))
    assert c.answer(1).status == 200


@case("6.2 HEADERS on stream 0 are PROTOCOL_ERROR")
def _(c):
    c.send(headers(0))
    c.connection_error(PROTOCOL_ERROR)


@case("6.2 HEADERS with too much padding are PROTOCOL_ERROR")
def _(c):
    fragment = b"".join(literal(n, v) for n, v in request())
    c.send(headers(1, fragment, END_STREAM | END_HEADERS | PADDED, before=bytes([255])))
    c.connection_error(PROTOCOL_ERROR)


@case("6.2 padded HEADERS with a priority are taken")
def _(c):
    c.send(headers(1, flags=END_STREAM | END_HEADERS | PADDED | PRIORITY_FLAG, before=struct.pack(">BIB", 9, 0, 255),
                   after=b"\0" * 9))
    assert c.answer(1).status == 200


@case("6.2 HEADERS with a priority and no room for it are an error of the connection")
def _(c):
    c.send(frame(HEADERS, END_STREAM | END_HEADERS | PRIORITY_FLAG, 1, b"\0\0\0"))
    c.connection_error(FRAME_SIZE_ERROR, PROTOCOL_ERROR)


@case("6.3 PRIORITY on stream 0 is PROTOCOL_ERROR")
def _(c):
    c.send(frame(PRIORITY, 0, 0, b"\0\0\0\0\x0f"))
    c.connection_error(PROTOCOL_ERROR)


@case("6.3 PRIORITY of another length than 5 is FRAME_SIZE_ERROR")
def _(c):
    c.send(headers(1, POST, OPEN), frame(PRIORITY, 0, 1, b"\x80\0\0\x01"))
    c.any_error(1, FRAME_SIZE_ERROR)


@case("6.3 PRIORITY of any tree is taken")
def _(c):
    for stream, depends, exclusive in ((1, 0, 0), (3, 1, 1), (5, 3, 0), (1, 5, 1), (7, 999, 0)):
        c.send(frame(PRIORITY, 0, stream, struct.pack(">IB", depends | exclusive << 31, 200)))
    c.gets(9)


@case("6.4 RST_STREAM on stream 0 is PROTOCOL_ERROR")
def _(c):
    c.send(frame(RST_STREAM, 0, 0, b"\0\0\0\x08"))
    c.connection_error(PROTOCOL_ERROR)


@case("6.4 RST_STREAM of another length than 4 is FRAME_SIZE_ERROR")
def _(c):
    c.send(headers(1, POST, OPEN), frame(RST_STREAM, 0, 1, b"\0\0\x08"))
    c.connection_error(FRAME_SIZE_ERROR)


@case("6.4 RST_STREAM ends the answer", (INITIAL_WINDOW_SIZE, 20000))
def _(c):
    c.send(headers(1, request(path=BIG)))
    c.wait_for(lambda f: f.kind == DATA)
    c.send(frame(RST_STREAM, 0, 1, struct.pack(">I", CANCEL)))
    c.lives()
    c.send(window_update(0, 1 << 20), window_update(1, 1 << 20))
    before = len(c.answers[1].body)
    c.lives()
    assert len(c.answers[1].body) == before


@case("6.5 SETTINGS with ACK and a payload are FRAME_SIZE_ERROR")
def _(c):
    c.send(frame(SETTINGS, ACK, 0, b"\0" * 6))
    c.connection_error(FRAME_SIZE_ERROR)


@case("6.5 SETTINGS on a stream are PROTOCOL_ERROR")
def _(c):
    c.send(frame(SETTINGS, 0, 1, b"\0\x03\0\0\0\x64"))
    c.connection_error(PROTOCOL_ERROR)


@case("6.5 SETTINGS of a length that is no multiple of 6 are FRAME_SIZE_ERROR")
def _(c):
    c.send(frame(SETTINGS, 0, 0, b"\0\x03\0"))
    c.connection_error(FRAME_SIZE_ERROR)


def bad_setting(key, value, *codes):
    @case(f"6.5.2 setting {key} = {value}")
    def _(c):
        c.send(settings((key, value)))
        c.connection_error(*codes)


bad_setting(ENABLE_PUSH, 2, PROTOCOL_ERROR)
bad_setting(INITIAL_WINDOW_SIZE, 1 << 31, FLOW_CONTROL_ERROR)
bad_setting(MAX_FRAME_SIZE, (1 << 14) - 1, PROTOCOL_ERROR)
bad_setting(MAX_FRAME_SIZE, 1 << 24, PROTOCOL_ERROR)


@case("6.5.2 unknown settings are ignored")
def _(c):
    c.send(settings((0xff, 1), (0xabcd, 0xffffffff)))
    assert c.wait_for(lambda f: f.kind == SETTINGS).flags & ACK
    c.gets(1)


@case("6.5.2 DATA frames keep to SETTINGS_MAX_FRAME_SIZE", (MAX_FRAME_SIZE, 1 << 14), (INITIAL_WINDOW_SIZE, 1 << 24))
def _(c):
    c.send(window_update(0, 1 << 24))
    assert max(c.gets(1, request(path=BIG)).frames) <= 1 << 14


@case("6.5.2 the encoder keeps to SETTINGS_HEADER_TABLE_SIZE 0", (HEADER_TABLE_SIZE, 0))
def _(c):
    c.decoder.max_allowed_table_size = 0
    c.gets(1)
    c.gets(3)
    assert c.decoder.header_table_size == 0


@case("6.5.3 SETTINGS are acknowledged in order")
def _(c):
    c.send(settings(), settings((INITIAL_WINDOW_SIZE, 1)), settings())
    for _ in range(3):
        assert c.wait_for(lambda f: f.kind == SETTINGS).flags & ACK


@case("6.5.3 of a setting that stands twice the last value holds")
def _(c):
    c.send(settings((INITIAL_WINDOW_SIZE, 100), (INITIAL_WINDOW_SIZE, 1)), headers(1))
    c.wait_for(lambda f: f.kind == DATA)
    assert c.answers[1].frames == [1]


@case("6.6 PUSH_PROMISE of a client is PROTOCOL_ERROR")
def _(c):
    c.send(headers(1, POST, OPEN), frame(PUSH_PROMISE, END_HEADERS, 1, b"\0\0\0\x02" + literal(":method", "GET")))
    c.connection_error(PROTOCOL_ERROR)


@case("6.6 PUSH_PROMISE is PROTOCOL_ERROR before its payload comes")
def _(c):
    c.send(frame(PUSH_PROMISE, 0, 1, b"\0\0\0\x02")[:9])
    c.connection_error(PROTOCOL_ERROR)


@case("6.7 PING is answered with the same bytes")
def _(c):
    c.send(frame(PING, 0, 0, b"\x01\x02\xff\x00abcd"))
    pong = c.wait_for(lambda f: f.kind == PING)
    assert pong.flags == ACK and pong.payload == b"\x01\x02\xff\x00abcd"


@case("6.7 PING with ACK is not answered")
def _(c):
    c.send(frame(PING, ACK, 0, b"nobody's"), frame(PING, 0, 0, b"question"))
    assert c.wait_for(lambda f: f.kind == PING).payload == b"question"


@case("6.7 PING on a stream is PROTOCOL_ERROR")
def _(c):
    c.send(frame(PING, 0, 1, b"12345678"))
    c.connection_error(PROTOCOL_ERROR)


@case("6.7 PING of another length than 8 is FRAME_SIZE_ERROR")
def _(c):
    c.send(frame(PING, 0, 0, b"123456"))
    c.connection_error(FRAME_SIZE_ERROR)


@case("6.8 GOAWAY on a stream is PROTOCOL_ERROR")
def _(c):
    c.send(frame(GOAWAY, 0, 1, b"\0" * 8))
    c.connection_error(PROTOCOL_ERROR)


@case("6.8 GOAWAY of a client lets what is under way end", (INITIAL_WINDOW_SIZE, 1))
def _(c):
    c.send(headers(1), frame(GOAWAY, 0, 0, b"\0" * 8), window_update(1, 100))
    assert c.answer(1).complete


@case("6.8 GOAWAY of a client that waits for nothing ends the connection")
def _(c):
    c.send(frame(GOAWAY, 0, 0, b"\0" * 8 + b"debug data"))
    assert c.wait_for(lambda f: False, 2) is None


@case("6.8 GOAWAY without room for its fields is FRAME_SIZE_ERROR")
def _(c):
    c.send(frame(GOAWAY, 0, 0))
    c.connection_error(FRAME_SIZE_ERROR)


def bad_update(name, what, stream, *codes):
    @case(f"6.9 {name}")
    def _(c):
        c.send(headers(1, POST, OPEN), what)
        if stream:
            c.any_error(stream, *codes)
        else:
            c.connection_error(*codes)


bad_update("WINDOW_UPDATE of 0 on the connection is PROTOCOL_ERROR", window_update(0, 0), 0, PROTOCOL_ERROR)
bad_update("WINDOW_UPDATE of 0 on a stream is PROTOCOL_ERROR", window_update(1, 0), 1, PROTOCOL_ERROR)
bad_update("WINDOW_UPDATE of another length than 4 is FRAME_SIZE_ERROR", frame(WINDOW_UPDATE, 0, 0, b"\0\0\x01"), 0, FRAME_SIZE_ERROR)
bad_update("6.9.1 a window beyond 2^31-1 on the connection is FLOW_CONTROL_ERROR", window_update(0, (1 << 31) - 1), 0,
           FLOW_CONTROL_ERROR)
bad_update("6.9.1 a window beyond 2^31-1 on a stream is FLOW_CONTROL_ERROR", window_update(1, (1 << 31) - 1), 1, FLOW_CONTROL_ERROR)


@case("6.9 WINDOW_UPDATE's reserved bit is ignored", (INITIAL_WINDOW_SIZE, 0))
def _(c):
    c.send(headers(1), window_update(1, 1 << 31 | 100))
    assert c.answer(1).body == b"0123456789"


@case("6.9.1 no more than the window of a stream is sent, and the rest when it opens", (INITIAL_WINDOW_SIZE, 1))
def _(c):
    c.send(headers(1))
    c.wait_for(lambda f: f.kind == DATA)
    c.lives()
    assert c.answers[1].body == b"0"
    c.send(window_update(1, 3))
    c.wait_for(lambda f: f.kind == DATA)
    c.lives()
    assert c.answers[1].body == b"0123"
    c.send(window_update(1, 1000))
    assert c.answer(1).body == b"0123456789"


@case("6.9.1 no more than the window of the connection is sent", (INITIAL_WINDOW_SIZE, 1 << 24))
def _(c):
    c.send(headers(1, request(path=BIG)))
    c.wait_for(lambda f: f.kind == DATA and len(c.answers[1].body) == 65535)
    c.lives()
    assert len(c.answers[1].body) == 65535
    c.send(window_update(0, 1 << 24))
    assert c.answer(1).complete


@case("6.9.1 an answer without a body needs no window", (INITIAL_WINDOW_SIZE, 0))
def _(c):
    assert c.gets(1, request(method="HEAD")).body == b""


@case("6.9.1 a stream without a window does not stop others", (INITIAL_WINDOW_SIZE, 0))
def _(c):
    c.send(headers(1), headers(3), window_update(3, 100))
    assert c.answer(3).complete and not c.answers[1].complete


@case("6.9.2 a new initial window holds for open streams", (INITIAL_WINDOW_SIZE, 0))
def _(c):
    c.send(headers(1))
    c.wait_for(lambda f: f.kind == HEADERS)
    c.lives()
    assert c.answers[1].body == b""
    c.send(settings((INITIAL_WINDOW_SIZE, 1)))
    c.wait_for(lambda f: f.kind == DATA)
    assert c.answers[1].body == b"0"


@case("6.9.2 a window may become negative", (INITIAL_WINDOW_SIZE, 3))
def _(c):
    c.send(headers(1))
    c.wait_for(lambda f: f.kind == DATA)
    c.send(settings((INITIAL_WINDOW_SIZE, 2)))
    c.send(window_update(1, 1))
    c.lives()
    assert c.answers[1].body == b"012"
    c.send(window_update(1, 1))
    c.wait_for(lambda f: f.kind == DATA)
    assert c.answers[1].body == b"0123"


@case("6.9.2 an initial window that lifts a stream's beyond 2^31-1 is FLOW_CONTROL_ERROR", (INITIAL_WINDOW_SIZE, 0))
def _(c):
    c.send(headers(1), window_update(1, (1 << 31) - 1), settings((INITIAL_WINDOW_SIZE, 1)))
    c.any_error(1, FLOW_CONTROL_ERROR)


@case("6.9.1 more body than the window allows is FLOW_CONTROL_ERROR")
def _(c):
    # One write of more than the window: no update of the server's can have come before it.
    c.send(headers(1, POST, OPEN) + b"".join(frame(DATA, 0, 1, b"x" * 16384) for _ in range(64)))
    c.any_error(1, FLOW_CONTROL_ERROR)


@case("6.9.1 the windows of a body are opened as it is read")
def _(c):
    c.send(headers(1, POST, OPEN))
    left, room = 300_000, {0: 65535, 1: c.server_settings.get(INITIAL_WINDOW_SIZE, 65535)}
    room[0] += sum(struct.unpack(">I", f.payload)[0] for f in c.seen if f.kind == WINDOW_UPDATE)
    while left:
        now = min(left, 16384, room[0], room[1])
        if now == 0:
            got = c.wait_for(lambda f: f.kind == WINDOW_UPDATE)
            room[got.stream] += struct.unpack(">I", got.payload)[0]
            continue
        c.send(frame(DATA, 0, 1, b"x" * now))
        left, room = left - now, {stream: size - now for stream, size in room.items()}
    c.send(frame(DATA, END_STREAM, 1))
    assert c.answer(1).status == 200


@case("6.10 CONTINUATION frames make one block with HEADERS")
def _(c):
    fields = b"".join(literal(n, v) for n, v in request())
    c.send(headers(1, fields[:5], END_STREAM), frame(CONTINUATION, 0, 1, fields[5:9]), frame(CONTINUATION, 0, 1, b""),
           frame(CONTINUATION, END_HEADERS, 1, fields[9:]))
    assert c.answer(1).status == 200


def continuation(name, *frames_, codes=(PROTOCOL_ERROR,)):
    @case(f"6.10 {name}")
    def _(c):
        c.send(*frames_)
        c.connection_error(*codes)


continuation("a frame of another type before END_HEADERS is PROTOCOL_ERROR",
             headers(1, flags=END_STREAM), frame(DATA, END_STREAM, 1, b"x"))
continuation("CONTINUATION of another stream is PROTOCOL_ERROR",
             headers(1, flags=END_STREAM), frame(CONTINUATION, END_HEADERS, 3, literal("a", "b")))
continuation("CONTINUATION on stream 0 is PROTOCOL_ERROR",
             headers(1, flags=END_STREAM), frame(CONTINUATION, END_HEADERS, 0, literal("a", "b")))
continuation("CONTINUATION behind HEADERS with END_HEADERS is PROTOCOL_ERROR",
             headers(1, POST, OPEN), frame(CONTINUATION, END_HEADERS, 1, literal("a", "b")), codes=(PROTOCOL_ERROR, STREAM_CLOSED))
continuation("CONTINUATION behind CONTINUATION with END_HEADERS is PROTOCOL_ERROR",
             headers(1, POST, 0), frame(CONTINUATION, END_HEADERS, 1, b""), frame(CONTINUATION, END_HEADERS, 1, b""),
             codes=(PROTOCOL_ERROR, STREAM_CLOSED))
continuation("CONTINUATION behind DATA is PROTOCOL_ERROR",
             headers(1, POST, OPEN), frame(DATA, 0, 1, b"x"), frame(CONTINUATION, END_HEADERS, 1, b""))


# --- section 7: error codes ---------------------------------------------------------------------------------------

@case("7 unknown codes in RST_STREAM and GOAWAY mean nothing special", (INITIAL_WINDOW_SIZE, 1))
def _(c):
    c.send(headers(1), headers(3), frame(RST_STREAM, 0, 1, b"\0\0\0\xff"), frame(GOAWAY, 0, 0, b"\0" * 4 + b"\0\0\0\xff"),
           window_update(3, 100))
    assert c.answer(3).complete


@pytest.mark.parametrize("function, own_settings, options", CASES)
def test_rfc9113(function, own_settings, options, port):
    with RawClient(port, *own_settings, **options) as client:
        function(client)
