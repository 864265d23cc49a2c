"""Who the client is: realip, the PROXY protocol, browsers; and what goes with connections: stub_status, keep-alive
choices, limits of a head."""
import re
import signal
import socket
import struct
import time
from pathlib import Path

import pytest

from harness.client import Player, connect
from harness.config_texts import config_cases, each, http, location, server as in_server
from harness.run import run_case
from harness.running import ask, has_ended, open_download, read_rest, run, until
from harness.site import Answer, HalfClose, Pause, Reset, Site, get, gets, head, post, request

WHO = ("ra=$remote_addr realip_remote_addr=$realip_remote_addr realip_remote_port=$realip_remote_port "
       "pa=$proxy_protocol_addr pp=$proxy_protocol_port psa=$proxy_protocol_server_addr "
       "psp=$proxy_protocol_server_port")
FORMAT = f"log_format who '{WHO} $request'; access_log logs/who.log who;"
PLACES = f"""
    root html;
    location = /who {{ return 200 "{WHO}\\n"; }}
    location = /port {{ return 200 "$remote_addr [$remote_port]\\n"; }}
    location = /binary {{ return 200 "$binary_remote_addr"; }}
    location /allowed/ {{ allow 192.0.2.1; allow 2001:db8::/32; allow 10.0.0.0/8; deny all; alias html/; }}
    location /denied/ {{ deny 192.0.2.1; allow all; alias html/; }}
"""


def real(value: str, target="/who", name="X-Real-IP", **more) -> bytes:
    return get(target, f"{name}: {value}", **more)


def xff(*values: str, target="/who") -> bytes:
    return get(target, *(f"X-Forwarded-For: {value}" for value in values))


def v1(line: str, *requests: bytes) -> bytes:
    return f"PROXY {line}\r\n".encode("latin-1") + b"".join(requests or (get("/who"),))


SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def v2(addresses: bytes, *requests: bytes, command=0x21, family=0x11, length=None, tlvs=b"") -> bytes:
    rest = addresses + tlvs
    size = len(rest) if length is None else length
    return SIGNATURE + struct.pack("!BBH", command, family, size) + rest + b"".join(requests or (get("/who"),))


def tlv(kind: int, value: bytes) -> bytes:
    return struct.pack("!BH", kind, len(value)) + value


IPV4 = bytes([192, 0, 2, 1, 198, 51, 100, 2]) + struct.pack("!HH", 1111, 80)
IPV6 = socket.inet_pton(socket.AF_INET6, "2001:db8::1") + socket.inet_pton(socket.AF_INET6, "2001:db8::2") \
    + struct.pack("!HH", 1111, 443)

ADDRESSES = ("192.0.2.1", "192.0.2.1:8080", "2001:db8::1", "[2001:db8::1]:8080", "::ffff:192.0.2.1", "::", "0.0.0.0",
             "001.002.003.004", "2001:DB8:0:0::1")
NO_ADDRESSES = ("junk", "", "192.0.2", "192.0.2.1.5", "192.0.2.256", "255.255.255.255", "192.0.2.1:0",
                "192.0.2.1:65536", "192.0.2.1:", "192.0.2.1:x", "[2001:db8::1]", "[2001:db8::1]:", "[2001:db8::1]x80",
                "2001:db8::g", "unix:", "unix:/x", "192.0.2.1/24", "-1", "localhost", ",", " , ")

AGENTS = {
    "none": None,
    "MSIE 6": "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)",
    "MSIE 5": "Mozilla/4.0 (compatible; MSIE 5.01; Windows NT 5.0)",
    "MSIE 5.5": "Mozilla/4.0 (compatible; MSIE 5.5; Windows NT 5.0)",
    "MSIE 10": "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2)",
    "Opera as MSIE": "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.0; en) Opera 8.0",
    "Opera 9": "Opera/9.01 (X11; FreeBSD 6 i386; U; en)",
    "Opera without version": "Opera",
    "Gecko": "Mozilla/5.0 (X11; U; Linux i686; en-US; rv:1.0.0) Gecko/20020610",
    "Gecko 1.7.8": "Mozilla/5.0 (Windows; U; Windows NT 5.1; ru-RU; rv:1.7.8) Gecko/20050511 Firefox/1.0.4",
    "Safari": "Mozilla/5.0 (Macintosh; U; PPC Mac OS X; ru-ru) AppleWebKit/418.8 (KHTML, like Gecko) Safari/419.3",
    "Konqueror": "Mozilla/5.0 (compatible; Konqueror/3.5; FreeBSD) KHTML/3.5.1 (like Gecko)",
    "Netscape 4": "Mozilla/4.72 [en] (X11; U; Linux)",
    "Netscape 4, short": "Mozilla/4.72",
    "Lynx": "Lynx/2.8.5rel.1 libwww-FM/2.14",
    "curl": "curl/8.0",
}


def agents(target: str) -> list:
    return [(f"{target} {name}", get(target, *([f"User-Agent: {agent}"] if agent else [])))
            for name, agent in AGENTS.items()]


MANY = [f"X-{i}: {i}" for i in range(20)]

SITES = [
    Site("realip X-Real-IP", http=FORMAT + "set_real_ip_from 127.0.0.1;", server=PLACES, cases=[
        [(f"address {a}", real(a)) for a in ADDRESSES], [(f"no address {a!r}", real(a)) for a in NO_ADDRESSES],
        [(f"port of {a}", real(a, "/port")) for a in ADDRESSES[:4]],
        ("no field", get("/who")), ("twice", get("/who", "X-Real-IP: 192.0.2.1", "X-Real-IP: 192.0.2.2")),
        ("lower case", real("192.0.2.1", name="x-real-ip")),
        ("a list: the last", real("192.0.2.1, 192.0.2.2")), ("blanks and commas behind", real("192.0.2.1 , ,")),
        ("blanks between", real("192.0.2.1  192.0.2.2")), ("another field", xff("192.0.2.1")),
        ("allowed", real("192.0.2.1", "/allowed/ten.txt")), ("allowed by network", real("2001:db8:1::1", "/allowed/ten.txt")),
        ("not allowed", real("192.0.2.2", "/allowed/ten.txt")), ("denied", real("192.0.2.1", "/denied/ten.txt")),
        ("not denied", real("192.0.2.2", "/denied/ten.txt")), ("mapped address allowed", real("::ffff:10.1.2.3", "/allowed/ten.txt")),
        ("error log tells it", real("192.0.2.1", "/missing")), ("binary", real("192.0.2.1", "/binary")),
        ("binary IPv6", real("2001:db8::1", "/binary")),
        ("of one request only", [real("192.0.2.1"), Answer, get("/who"), Answer, real("192.0.2.2", "/missing"), Answer,
            get("/missing"), Answer]),
        ("pipelined", real("192.0.2.1") + get("/who") + real("192.0.2.2")),
        ("bad request afterwards", [real("192.0.2.1"), Answer, b"BAD\r\n\r\n"]),
        ("kept connection closed by the client", [real("192.0.2.1"), Answer, HalfClose]),
        ("with a refused head", get("/who", "X-Real-IP: 192.0.2.1", "Host: a", "Host: b")),
        ("HEAD", head("/who", "X-Real-IP: 192.0.2.1")), ("POST", post("/who", b"abc", "X-Real-IP: 192.0.2.1")),
    ]),
    Site("realip X-Forwarded-For", http=FORMAT, servers="""
        server { listen 127.0.0.1:@P0@; set_real_ip_from 127.0.0.0/8; real_ip_header X-Forwarded-For; """ + PLACES + """ }
        server { listen 127.0.0.1:@P1@; set_real_ip_from 127.0.0.1; set_real_ip_from 10.0.0.0/8;
            set_real_ip_from 2001:db8::/32; real_ip_header X-Forwarded-For; real_ip_recursive on; """ + PLACES + """ }
        server { listen 127.0.0.1:@P2@; set_real_ip_from 127.0.0.2; real_ip_header X-Forwarded-For; """ + PLACES + """ }
        server { listen 127.0.0.1:@P3@; set_real_ip_from 0.0.0.0/0; real_ip_header X-Forwarded-For;
            real_ip_recursive on; """ + PLACES + """ }
        """, cases=[
        [(f"{port} ports of what was found", xff("192.0.2.1:1, 10.0.0.1:2", target="/port"), dict(to=port))
         for port in ("P0", "P1", "P3")],
        *[(f"{port} {name}", what, dict(to=port)) for port in ("P0", "P1", "P2", "P3") for name, what in (
            ("one", xff("192.0.2.1")), ("two", xff("192.0.2.1, 192.0.2.2")),
            ("trusted last", xff("192.0.2.1, 10.0.0.1")), ("all trusted", xff("10.0.0.3, 10.0.0.2, 10.0.0.1")),
            ("junk before", xff("junk, 10.0.0.1")), ("junk last", xff("192.0.2.1, junk")),
            ("ports", xff("192.0.2.1:1, 10.0.0.1:2")),
            ("IPv6 between", xff("192.0.2.1, 2001:db8::5, 10.0.0.1")), ("comma first", xff(",10.0.0.1")),
            ("blank value", xff("")), ("two fields", xff("192.0.2.1", "192.0.2.2")),
            ("two fields, trusted last", xff("192.0.2.1", "10.0.0.1")),
            ("three fields", xff("192.0.2.9", "192.0.2.1, 10.0.0.2", "10.0.0.1")),
            ("two fields, junk last", xff("192.0.2.1", "junk")), ("two fields, junk first", xff("junk", "10.0.0.1")),
            ("not allowed", xff("192.0.2.7", target="/allowed/ten.txt")))]]),
    Site("realip elsewhere", http=FORMAT + "real_ip_header X-Client; set_real_ip_from 127.0.0.1; set_real_ip_from unix:; "
        "set_real_ip_from ::1; set_real_ip_from localhost;", servers="""
        server { listen 127.0.0.1:@P0@; listen [::1]:@P0@; listen unix:@PREFIX@/s.sock; """ + PLACES + """
            location /untrusted { set_real_ip_from 192.0.2.0/24; return 200 "$remote_addr\\n"; }
            location /first { return 200 "$remote_addr\\n"; }
            error_page 404 /who; }
        server { listen 127.0.0.1:@P1@; set_real_ip_from 192.0.2.0/24; """ + PLACES + """
            location /here/ { set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP; allow 192.0.2.1; deny all; alias html/; }
            location /back/ { set_real_ip_from 127.0.0.1; error_page 404 /who; alias html/; }
        }
        """, cases=[
        ("own field", real("192.0.2.1", name="X-Client")), ("own field, lower case", real("192.0.2.1", name="x-client")),
        ("own field twice", get("/who", "X-Client: 192.0.2.1", "X-Client: 192.0.2.2")),
        ("own field, a list", real("192.0.2.1, 192.0.2.3", name="X-Client")), ("the usual field", real("192.0.2.1")),
        ("IPv6 peer", real("192.0.2.1", name="X-Client"), dict(to="[::1]:P0")),
        ("IPv6 peer, not allowed", real("192.0.2.9", "/allowed/ten.txt", name="X-Client"), dict(to="[::1]:P0")),
        ("unix peer", real("192.0.2.1", name="X-Client"), dict(to="unix:s.sock")),
        ("unix peer, nothing said", get("/who"), dict(to="unix:s.sock")),
        ("unix peer, allowed", real("192.0.2.1", "/allowed/ten.txt", name="X-Client"), dict(to="unix:s.sock")),
        ("decided before the location", real("192.0.2.1", "/untrusted", name="X-Client")),
        ("after an internal redirect", real("192.0.2.1", "/missing", name="X-Client")),
        ("decided by the location", real("192.0.2.1", "/here/ten.txt"), dict(to="P1")),
        ("not allowed by the location", real("192.0.2.2", "/here/ten.txt"), dict(to="P1")),
        ("server trusts others", real("192.0.2.1", name="X-Client"), dict(to="P1")),
        ("kept after a redirect out of it", real("192.0.2.1", "/back/missing", name="X-Client"), dict(to="P1")),
    ]),
    Site("PROXY protocol", http=FORMAT + "client_header_timeout 1s;", servers="""
        server { listen 127.0.0.1:@P0@ proxy_protocol; listen unix:@PREFIX@/p.sock proxy_protocol; """ + PLACES + """ }
        server { listen 127.0.0.1:@P1@ proxy_protocol; set_real_ip_from 127.0.0.1; real_ip_header proxy_protocol; """
            + PLACES + """ }
        server { listen 127.0.0.1:@P2@; """ + PLACES + """ }
        server { listen 127.0.0.1:@P2@ proxy_protocol; server_name other; """ + PLACES + """ }
        server { listen 127.0.0.1:@P3@ proxy_protocol; listen 127.0.0.1:@P4@; set_real_ip_from 10.0.0.0/8;
            real_ip_header proxy_protocol; """ + PLACES + """ }
        """, cases=[
        (f"{port} {name}", what, dict(to=port, **more)) for port in ("P0", "P1") for name, what, more in (
            ("TCP4", v1("TCP4 192.0.2.1 198.51.100.2 1111 80"), {}),
            ("TCP6", v1("TCP6 2001:db8::1 2001:db8::2 1111 443"), {}),
            ("TCP4 with IPv6 addresses", v1("TCP4 2001:db8::1 2001:db8::2 1111 443"), {}),
            ("addresses of no kind", v1("TCP4 abc def 0 0"), {}), ("ports 65535", v1("TCP4 1.2.3.4 5.6.7.8 65535 65535"), {}),
            ("capitals", v1("TCP6 2001:DB8::A 2001:DB8::B 1 2"), {}), ("zeros before", v1("TCP4 001.2.3.4 5.6.7.8 0001 02"), {}),
            ("UNKNOWN", v1("UNKNOWN"), {}), ("UNKNOWN and more", v1("UNKNOWN ffff:f::1 whatever \t"), {}),
            ("UNKNOWNX", v1("UNKNOWNX"), {}),
            ("long UNKNOWN", v1("UNKNOWN " + "x" * 300), {}),
            ("two requests", v1("TCP4 192.0.2.1 198.51.100.2 1111 80", get("/who"), get("/ten.txt")), {}),
            ("a second request later",
                [v1("TCP4 192.0.2.1 198.51.100.2 1111 80"), Answer, get("/missing"), Answer], {}),
            ("header alone first", [v1("TCP4 192.0.2.1 198.51.100.2 1111 80", b"\r\n")[:-2], Pause(), get("/who")], {}),
            ("v2 IPv4", v2(IPV4), {}), ("v2 IPv6", v2(IPV6, family=0x21), {}),
            ("v2 LOCAL", v2(IPV4, command=0x20), {}), ("v2 LOCAL, nothing", v2(b"", command=0x20, family=0), {}),
            ("v2 unknown command", v2(IPV4, command=0x22), {}), ("v2 datagram", v2(IPV4, family=0x12), {}),
            ("v2 unix", v2(b"\0" * 216, family=0x31), {}), ("v2 unspecified", v2(b"", family=0), {}),
            ("v2 TLVs", v2(IPV4, tlvs=tlv(2, b"example.org") + tlv(0xea, b"\x01vpce-1")), {}),
            ("v2 broken TLVs", v2(IPV4, tlvs=b"\x02\xff"), {}),
            ("v2 port 0", v2(bytes(12)), {}),
            ("v2 header alone first", [v2(IPV4, b"-")[:-1], Pause(), get("/who")], {}),
            ("v2 error log", v2(IPV4, get("/missing")), {}))] + [
        ("not allowed by the header", v1("TCP4 192.0.2.9 1.1.1.1 1 2", get("/allowed/ten.txt")), dict(to="P1")),
        ("allowed by the header", v1("TCP4 192.0.2.1 1.1.1.1 1 2", get("/allowed/ten.txt")), dict(to="P1")),
        ("port of the header", v1("TCP4 192.0.2.1 1.1.1.1 1111 2", get("/port")), dict(to="P1")),
        ("a field does not replace it", v1("TCP4 192.0.2.1 1.1.1.1 1111 2", real("192.0.2.5")), dict(to="P1")),
        ("untrusted sender", v1("TCP4 192.0.2.1 1.1.1.1 1111 2"), dict(to="P3")),
        ("port without the protocol", get("/who"), dict(to="P4")),
        ("unix peer", v1("TCP4 192.0.2.1 1.1.1.1 1111 2"), dict(to="unix:p.sock")),
        ("other server's listen asks for it", get("/who"), dict(to="P2", canary=None)),
        ("other server's listen has it", v1("TCP4 192.0.2.1 1.1.1.1 1111 2"), dict(to="P2")),
        ("bad request after it", v1("TCP4 192.0.2.1 1.1.1.1 1111 2", b"BAD\r\n\r\n"), dict(to="P1")),
        ] + [(f"broken {name}", what, dict(canary=None)) for name, what in (
            ("garbage", b"xyz"), ("request line only", b"GET /who HTTP/1.1"), ("TCP5", b"PROXY TCP5 1.2.3.4 5.6.7.8 1 2"),
            ("lower case", b"proxy TCP4 1.2.3.4 5.6.7.8 1 2"), ("no blank", b"PROXYTCP4 1.2.3.4 5.6.7.8 1 2"),
            ("odd address", b"PROXY TCP4 1.2.3.x 5.6.7.8 1 2"), ("odd port", b"PROXY TCP4 1.2.3.4 5.6.7.8 1x 2"),
            ("port too large", b"PROXY TCP4 1.2.3.4 5.6.7.8 65536 2"), ("negative port", b"PROXY TCP4 1.2.3.4 5.6.7.8 -1 2"),
            ("no port", b"PROXY TCP4 1.2.3.4 5.6.7.8  2"),
            ("v2 version 1", v2(IPV4, command=0x11)), ("v2 version 3", v2(IPV4, command=0x31)),
            ("v2 shorter than its addresses", v2(IPV4[:11])), ("v2 nothing for IPv4", v2(b"")),
            ("v2 IPv6 with IPv4's", v2(IPV4, family=0x21)))] + [
        ("cut off", [b"PROXY TCP4 1.2.3.4", HalfClose], dict(canary=None)),
        ("nothing, then closed", [HalfClose], dict(canary=None)),
        ("nothing, then reset", [b"", Pause(0.1), Reset], dict(canary=None)),
        ("nothing at all", [b""], dict(canary=None, wait_s=3)),
        ("header, then nothing", [v1("TCP4 192.0.2.1 1.1.1.1 1111 2", b"\r\n")[:-2]], dict(canary=None, wait_s=3)),
        ("header, then closed", [v1("TCP4 192.0.2.1 1.1.1.1 1111 2", b"\r\n")[:-2], Pause(), HalfClose], dict(canary=None)),
        ("TCP4 in three packets", [b"PROXY TCP4 192.0.2.1 ", Pause(), b"198.51.100.2 1111 80\r", Pause(), b"\n" + get("/who")]),
        ("v2 in two packets", [v2(IPV4)[:14], Pause(), v2(IPV4)[14:]]),
        ("v2 with many TLVs", v2(IPV4, tlvs=tlv(4, b"x" * 2000))),
        ("more than a line", v1("TCP9 1.2.3.4 5.6.7.8 1 2"), dict(canary=None)),
        ("CRLF missing", b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n" + get("/who"), dict(canary=None)),
    ]),
    Site("browsers", http="modern_browser unlisted; ancient_browser Lynx netscape4; ancient_browser_value old;",
         server="""
        location = /inherited { return 200 "[$msie] [$modern_browser] [$ancient_browser]\\n"; }
        location = /listed { modern_browser msie 5.5; modern_browser gecko 1.7; modern_browser safari 100;
            modern_browser konqueror 3.0; return 200 "[$msie] [$modern_browser] [$ancient_browser]\\n"; }
        location = /both { modern_browser msie 6.0; modern_browser opera 9.0; modern_browser unlisted;
            modern_browser_value "new one"; return 200 "[$msie] [$modern_browser] [$ancient_browser]\\n"; }
        location = /own { ancient_browser curl; return 200 "[$modern_browser] [$ancient_browser]\\n"; }
        location = /twice { modern_browser gecko 2.0; modern_browser gecko 1.0.0; ancient_browser_value a;
            ancient_browser_value b; return 200 "[$modern_browser] [$ancient_browser]\\n"; }
    """, cases=[agents(target) for target in ("/inherited", "/listed", "/both", "/own", "/twice")]),
    Site("no browsers", server='location / { return 200 "[$msie] [$modern_browser] [$ancient_browser]\\n"; }',
         cases=agents("/")),
    Site("MSIE", server="""
        root html; msie_refresh on; max_headers 5;
        location /r { return 301 /a"b'c%20d<e>; } location /u { return 302 http://x/; }
        location /r3 { return 303 /a; } location /r7 { return 307 /a; } location /r8 { return 308 /a; }
        location /page { error_page 404 http://x/y?z=1; return 404; } location /page1 { error_page 404 =301 /x; return 404; }
        location /page3 { error_page 404 =303 http://x/y; return 404; }
        location /off { msie_refresh off; return 301 /a; }
        location /status { return 301 "/$status"; }
    """, cases=[
        [(f"{target} MSIE", get(target, f"User-Agent: {AGENTS['MSIE 6']}"))
         for target in ("/r", "/u", "/r3", "/r7", "/r8", "/page", "/page1", "/page3", "/off", "/dir", "/status")],
        [(f"{target} another", get(target)) for target in ("/r", "/page", "/dir")],
        ("HEAD MSIE", head("/r", f"User-Agent: {AGENTS['MSIE 6']}")),
        ("HTTP/1.0 MSIE", request("GET", "/r", f"User-Agent: {AGENTS['MSIE 6']}", version="HTTP/1.0")),
        ("five fields", get("/ten.txt", *MANY[:4])), ("six fields", get("/ten.txt", *MANY[:5])),
        ("twenty fields", get("/ten.txt", *MANY)),
        ("many and a body", post("/ten.txt", b"abc", *MANY[:6])),
        ("many invalid ones", get("/ten.txt", *[f"x_{i}: 1" for i in range(20)])),
    ]),
    Site("limits of fields", servers="""
        server { listen 127.0.0.1:@P0@; location / { return 200 x; } }
        server { listen 127.0.0.1:@P0@; server_name few; max_headers 2; location / { return 200 x; } }
        server { listen 127.0.0.1:@P0@; server_name none; max_headers 0; location / { return 200 x; } }
    """, http="large_client_header_buffers 8 16k;", cases=[
        ("a thousand", get("/", *["a: b"] * 999)), ("a thousand and one", get("/", *["a: b"] * 1000)),
        ("the chosen server's", get("/", "a: b", host="few")), ("one too many", get("/", "a: b", "c: d", host="few")),
        ("none allowed", get("/", host="none")),
    ]),
    Site("status", server="""
        location = /status { stub_status; } location = /on { stub_status on; } location = /off { stub_status off; }
        location = /more { stub_status; add_header X-Writing $connections_writing; expires 1h; default_type a/b; }
        location = /text { return 200 "$connections_reading $connections_writing\\n"; }
        location /nested/ { stub_status; location /nested/in/ { root html; } }
        location = /denied { deny all; stub_status; }
    """, cases=[
        gets("/status", "/on", "/off", "/more", "/text", "/nested/", "/nested/x", "/nested/in/x", "/status?a=b", "/denied"),
        ("HEAD", head("/status")), ("POST", post("/status", b"abc")), ("PUT", request("PUT", "/status")),
        ("GET with a body", request("GET", "/status", "Content-Length: 3", body=b"abc")),
        ("OPTIONS", request("OPTIONS", "/status")), ("range", get("/status", "Range: bytes=0-5")),
        ("HTTP/1.0", request("GET", "/status", version="HTTP/1.0")), ("HTTP/0.9", b"GET /status\r\n"),
        ("pipelined", get("/status") * 3),
    ]),
    Site("status of a server", server="stub_status; location /x { return 200 x; }", cases=[
        gets("/", "/any", "/x"), ("POST", post("/any", b""))]),
]


def test_client_address(site, case, pairs, judge, not_served_yet):
    run_case(site, case, pairs, judge, not_served_yet)


FROM = ("127.0.0.1", "10.0.0.0/8", "10.0.0.1/8", "::1", "2001:db8::/32", "2001:db8::1/32", "unix:", "localhost", "0.0.0.0/0",
        "255.255.255.255", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "::/129", "unix:/x", "nosuch.invalid", "all", "10.0.0.1:80",
        "[::1]", "''", "10.0.0.1 10.0.0.2", "")
RESOLVERS = ("127.0.0.1", "127.0.0.1:53", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:x", "[::1]", "[::1]:53", "[::1]:x", "[::1",
             "[]", "[::g]", "[::1]x", "localhost", "localhost:5353", "nosuch.invalid", ":53", "127.0.0.1/x", "127.0.0.1?x", "unix:",
             "unix:/x", "127.0.0.1 ipv6=off", "127.0.0.1 ipv6=x", "127.0.0.1 valid=30s", "127.0.0.1 valid=x", "valid=30s",
             "ipv6=off", "127.0.0.1 [::1] valid=1h", "127.0.0.1; resolver 127.0.0.2", "", "''", "127.0.0.1 valid=30s ipv6=on x.invalid")
CONFIGS = [
    *each(http, *[f"set_real_ip_from {a};" for a in FROM], "real_ip_header X-Real-IP;", "real_ip_header X-Forwarded-For;",
        "real_ip_header proxy_protocol;", "real_ip_header Forwarded;", "real_ip_header;", "real_ip_header a b;",
        "real_ip_header a; real_ip_header b;", "real_ip_header X-Real-IP; real_ip_header X-Real-IP;", "real_ip_header '';",
        "real_ip_recursive on;", "real_ip_recursive x;", "real_ip_recursive on; real_ip_recursive on;", "real_ip_recursive;",
        "log_format a '$realip_remote_addr $realip_remote_port';"),
    *each(location, "set_real_ip_from 127.0.0.1; real_ip_header a; real_ip_recursive off;",
        "limit_except GET { set_real_ip_from 127.0.0.1; }", "if ($host) { set_real_ip_from 127.0.0.1; }"),
    *each(in_server, "set_real_ip_from 10.0.0.1/8; set_real_ip_from 10.0.0.1/8;"),
    *each(http,
        "server { listen 127.0.0.1:@P0@ proxy_protocol; } server { listen 127.0.0.1:@P0@; }",
        "server { listen 127.0.0.1:@P0@; } server { listen 127.0.0.1:@P0@ proxy_protocol; }",
        "server { listen 127.0.0.1:@P0@ proxy_protocol; } server { listen 127.0.0.1:@P0@ proxy_protocol; }",
        "server { listen 127.0.0.1:@P0@ proxy_protocol proxy_protocol; }", "server { listen 127.0.0.1:@P0@ proxy_protocol=on; }",
        "server { listen 127.0.0.1:@P0@ proxy_protocol backlog=5; } server { listen 127.0.0.1:@P0@ backlog=6; }",
        "server { listen 127.0.0.1:@P0@ proxy_protocol default_server; } server { listen 127.0.0.1:@P0@ default_server; }",
        "server { listen 127.0.0.1:@P0@ proxy_protocol; listen 127.0.0.1:@P0@ proxy_protocol; }",
        "server { listen @P0@ proxy_protocol; } server { listen 127.0.0.1:@P0@; }",
        "server { listen unix:@PREFIX@/t.sock proxy_protocol; }", "server { listen [::1]:@P0@ proxy_protocol ipv6only=on; }",
        "log_format a '$proxy_protocol_addr $proxy_protocol_port $proxy_protocol_server_addr $proxy_protocol_server_port';"),
    *each(location, "stub_status;", "stub_status on;", "stub_status off;", "stub_status x;", "stub_status a b;",
        "stub_status; stub_status;", "stub_status; return 200 $connections_active$connections_reading;",
        "return 200 $connections_writing$connections_waiting;", "limit_except GET { stub_status; }"),
    *each(in_server, "stub_status;", "stub_status x;"), *each(http, "stub_status;", "log_format a $connections_active;"),
    *each(location, *[f"resolver {words};" for words in RESOLVERS], "resolver_timeout 5s;", "resolver_timeout x;",
        "resolver_timeout;", "resolver_timeout 5s; resolver_timeout 5s;", "resolver_timeout 5 6;"),
    *each(http, "modern_browser msie 5.5;", "modern_browser MSIE 5.5;", "modern_browser unlisted;", "modern_browser x;",
        "modern_browser chrome 1;", "modern_browser msie x;", "modern_browser msie 5.5.x;", "modern_browser msie 5.5 6;",
        "modern_browser;", "modern_browser msie '';", "modern_browser opera 1.2.3.4.5.6;", "ancient_browser a b c;",
        "ancient_browser netscape4;", "ancient_browser;", "modern_browser_value x;", "modern_browser_value;",
        "ancient_browser_value x; ancient_browser_value y;", "modern_browser_value a b;",
        "modern_browser unlisted; modern_browser unlisted;", "log_format a '$msie $modern_browser $ancient_browser';",
        "map $host $msie { default 1; }", "max_headers 10;", "max_headers 0;", "max_headers x;", "max_headers;",
        "max_headers -1;", "max_headers 1 2;", "max_headers 5; max_headers 6;", "max_headers 99999999999999999999;",
        "msie_refresh on;", "msie_refresh x;", "msie_refresh;", "chunked_transfer_encoding x;", "chunked_transfer_encoding;",
        "keepalive_disable;", "keepalive_disable none msie6;", "keepalive_disable none; keepalive_disable safari;",
        "keepalive_disable MSIE6;", "keepalive_disable msie6 safari none;"),
    *each(location, "max_headers 10;", "modern_browser msie 6.0; ancient_browser x;"),
]
assert len({name for name, _ in CONFIGS}) == len(CONFIGS), "two configurations of one name"


CONFIG_CASES = [(f"client config: {name}", text) for name, text in CONFIGS]


@config_cases(CONFIG_CASES)
def test_client_config(case_id, text, check_config):
    check_config(case_id, text)


# ---- running servers

COUNTED = """\
daemon off;
worker_processes 3;
pid nginx.pid;
error_log logs/error.log info;
events { worker_connections 64; }
http {
access_log off;
keepalive_timeout 20s;
server { listen 127.0.0.1:@P0@ sndbuf=32k; root html; location /status { stub_status; }
    location /v { return 200 "one\\n"; } }
}
"""
NAMES = ("active", "accepts", "handled", "requests", "reading", "writing", "waiting")


def counts(server) -> dict[str, int]:
    """What stub_status says, the connection that asks included."""
    text = ask(server, "/status").decode()
    assert re.fullmatch(r"Active connections: \d+ \nserver accepts handled requests\n \d+ \d+ \d+ \n"
                        r"Reading: \d+ Writing: \d+ Waiting: \d+ \n", text), text
    return dict(zip(NAMES, map(int, re.findall(r"\d+", text))))


def settled(server, **wanted):
    """Waits until the counts are these; connections just closed may still be counted."""
    last = {}

    def as_wanted():
        last.update(counts(server))
        return all(last[name] == value for name, value in wanted.items())

    until(as_wanted, f"{wanted}, not {last}")
    return dict(last)


def asked_once(server, target="/v"):
    sock = connect("P0", server)
    player = Player(sock, 3.0)
    player.send(get(target))
    player.read_until(lambda: player.whole_answers() >= 1)
    return sock


def test_counts_over_all_workers(server):
    run(server, COUNTED)
    first = settled(server, active=1, reading=0, writing=1, waiting=0)
    assert first["accepts"] == first["handled"]
    kept = [asked_once(server) for _ in range(5)]
    silent = [connect("P0", server) for _ in range(2)]
    halves = [connect("P0", server) for _ in range(3)]
    for sock in halves:
        sock.sendall(b"GET /v HT")
    download, _ = open_download(server)
    busy = settled(server, active=12, reading=3, writing=2, waiting=7)
    assert busy["accepts"] - first["accepts"] >= 12 and busy["accepts"] == busy["handled"]
    assert busy["requests"] - first["requests"] >= 10
    for sock in kept + silent + halves:
        sock.close()
    download.close()
    settled(server, active=1, reading=0, writing=1, waiting=0)


def test_counts_outlive_a_reload(server):
    run(server, COUNTED)
    for _ in range(20):
        ask(server)
    before = counts(server)
    children = set(server.children(server.process.pid))
    server.send_signal(signal.SIGHUP)
    until(lambda: all(has_ended(child) for child in children), "the old workers' end")
    after = counts(server)
    for name in ("accepts", "handled", "requests"):
        assert after[name] > before[name] >= 21, name
    settled(server, active=1, reading=0, writing=1, waiting=0)


def title(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").decode()
    except OSError:
        return ""


def test_title_of_a_draining_worker(server):
    run(server)
    download, seen = open_download(server)
    (worker,) = server.children(server.process.pid)
    assert re.fullmatch("(nginx|uringx): worker process", title(worker))
    server.send_signal(signal.SIGHUP)
    until(lambda: re.fullmatch("(nginx|uringx): worker process is shutting down", title(worker)), "its title")
    until(lambda: len(server.children(server.process.pid)) == 2, "the next worker")
    assert len(read_rest(download, seen)) > 1 << 20
    download.close()
    until(lambda: has_ended(worker), "its end")


def ends_after(sock, limit_s=6.0) -> float:
    begin = time.monotonic()
    sock.settimeout(limit_s)
    assert sock.recv(100) == b""
    return time.monotonic() - begin


def test_keepalive_min_timeout(server):
    if server.label == "nginx":
        pytest.skip("of nginx 1.27, which the judge is not")
    text = COUNTED.replace("keepalive_timeout 20s;", "keepalive_timeout 1s; keepalive_min_timeout 2s;").replace(
        "location /v {", "location /short { keepalive_min_timeout 0; return 200 x; } location /v {")
    run(server, text)
    with asked_once(server) as sock:
        assert ends_after(sock) > 0.8, "keepalive_timeout counts where it is the shorter one"
    long, short_one = asked_once(server), asked_once(server, "/short")
    server.send_signal(signal.SIGHUP)
    assert ends_after(short_one) < 0.8, "a stop ends what is idle"
    long.sendall(get("/v"))
    player = Player(long, 3.0)
    player.read_until(lambda: player.whole_answers() >= 1)
    assert player.answers()[0].header("Connection") == "keep-alive", "promised for the least time, stop or not"
    assert ends_after(long) > 0.5
