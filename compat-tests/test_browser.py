"""A page of a hundred styles, scripts, pictures and fonts in a real browser over https: each loaded, once, over HTTP/2 where
the server offers it and over HTTP/1.1 where not; and compressed in every coding that the browser knows.

Run with nginx first, which shows that the page is right. Needs chromium.
"""
import collections
import html
import json
import os
import re
import shutil
import struct
import subprocess
import zlib

import pytest

from harness.browser import browser, visit
from harness.running import run
from harness.site import WRAPPER

pytestmark = pytest.mark.skipif(browser() is None, reason="no browser: apt-get install chromium")

STYLES, SCRIPTS, PICTURES, FONTS = 20, 30, 44, 6
NAMES = [f"{kind}{n}.{kind}" for kind, count in (("css", STYLES), ("js", SCRIPTS), ("png", PICTURES), ("ttf", FONTS)) for n in range(count)]
# Told in the document, where --dump-dom shows it: what came, by which protocol, and what it did. Fonts do not hold up the
# event `load`.
REPORT = """
<pre id="report"></pre>
<script>
const tell = () => {
  const seen = performance.getEntriesByType("resource");
  if (seen.length < %d) return setTimeout(tell, 50);
  const style = getComputedStyle(document.documentElement);
  document.getElementById("report").textContent = JSON.stringify({
    page: performance.getEntriesByType("navigation")[0].nextHopProtocol,
    protocols: Object.fromEntries(seen.map(e => [new URL(e.name).pathname, e.nextHopProtocol])),
    styles: [...Array(%d).keys()].filter(n => style.getPropertyValue("--style" + n).trim() == "on").length,
    scripts: window.ran,
    fonts: [...document.fonts].filter(f => f.status == "loaded").length,
    pictures: [...document.images].filter(i => i.complete && i.naturalWidth == 1).length,
  });
};
addEventListener("load", () => document.fonts.ready.then(tell));
</script>
"""


def picture() -> bytes:
    """A PNG of one dot."""
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(b"\0\xff\0\0")) + chunk(b"IEND", b""))


def font() -> bytes:
    """A TrueType font of one empty letter, which stands for every "t"."""
    cmap = struct.pack(">HHHHI", 0, 1, 3, 1, 12) + struct.pack(">HHHHHHH", 4, 32, 0, 4, 4, 1, 0) + struct.pack(
        ">HHHHHhhHH", ord("t"), 0xFFFF, 0, ord("t"), 0xFFFF, 1 - ord("t"), 1, 0, 0)
    tables = {
        b"OS/2": struct.pack(">HhHHH10h h10s4I4sHHHhhhHHIIhhHHH", 4, 500, 400, 5, 0, *[100] * 10, 0, bytes(10), 1, 0, 0, 0,
                             b"none", 64, 116, 116, 800, -200, 0, 800, 200, 1, 0, 500, 700, 0, 32, 1),
        b"cmap": cmap,
        b"glyf": bytes(4),
        b"head": struct.pack(">IIIIHHQQhhhhHHhhh", 0x10000, 0x10000, 0, 0x5F0F3CF5, 3, 1000, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0),
        b"hhea": struct.pack(">IhhhHhhhhhh8xhH", 0x10000, 800, -200, 0, 500, 0, 0, 500, 1, 0, 0, 0, 2),
        b"hmtx": struct.pack(">HhHh", 500, 0, 500, 0),
        b"loca": bytes(6),
        b"maxp": struct.pack(">IHHHHHHHHHHHHHH", 0x10000, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0),
        b"name": struct.pack(">HHH", 0, 1, 18) + struct.pack(">HHHHHH", 3, 1, 0x409, 1, 2, 0) + b"\0f",
        b"post": struct.pack(">IIhhIIIII", 0x30000, 0, 0, 0, 0, 0, 0, 0, 0),
    }
    place, index, data = 12 + 16 * len(tables), b"", b""
    for name, content in tables.items():
        padded = content + bytes(-len(content) % 4)
        total = sum(struct.unpack(f">{len(padded) // 4}I", padded)) & 0xFFFFFFFF
        index += name + struct.pack(">III", total, place + len(data), len(content))
        data += padded
    return struct.pack(">IHHHH", 0x10000, len(tables), 128, 3, 16 * len(tables) - 128) + index + data


@pytest.fixture(scope="module")
def page(workspace):
    """A folder with index.html and all that it names."""
    folder = workspace.path / "hundred"
    folder.mkdir()
    os.chmod(folder, 0o755)
    for n in range(STYLES):
        face = f"@font-face {{ font-family: f{n}; src: url(ttf{n}.ttf); }} #f{n} {{ font-family: f{n}; }}" if n < FONTS else ""
        (folder / f"css{n}.css").write_text(f":root {{ --style{n}: on; }} {face}\n")
    for n in range(SCRIPTS):
        (folder / f"js{n}.js").write_text("window.ran = (window.ran || 0) + 1; //" + "x" * 900 * n)
    for n in range(PICTURES):
        (folder / f"png{n}.png").write_bytes(picture() + bytes(1000 * n))
    for n in range(FONTS):
        (folder / f"ttf{n}.ttf").write_bytes(font())
    lines = ['<!doctype html><html><head><title>a hundred</title><link rel="icon" href="data:,">']
    lines += [f'<link rel="stylesheet" href="css{n}.css">' for n in range(STYLES)]
    lines += [f'<script src="js{n}.js"></script>' for n in range(SCRIPTS)]
    lines += ["</head><body>"] + [f'<img src="png{n}.png" alt="">' for n in range(PICTURES)]
    lines += [f'<p id="f{n}">text</p>' for n in range(FONTS)] + [REPORT % (len(NAMES), STYLES), "</body></html>"]
    (folder / "index.html").write_text("\n".join(lines))
    return folder


def run_page(server, workspace, page, listen: str, more: str = ""):
    keys = workspace.certificates()
    run(server, WRAPPER.format(
        main="", events="",
        http="log_format told '$request_uri $server_protocol $status $https $ssl_protocol'; log_format coded '$request_uri $status "
             "$sent_http_content_encoding'; include mime.types;",
        servers=f"""server {{ listen 127.0.0.1:@P0@ {listen}; server_name localhost; root {page}; access_log logs/told.log told;
            ssl_certificate {keys}/cert.pem; ssl_certificate_key {keys}/key.pem; ssl_protocols TLSv1.3; {more} }}"""))
    return visit(browser(), f"https://127.0.0.1:{server.ports[0]}", "/", "--ignore-certificate-errors")


def report_of(seen) -> dict:
    told = re.search(r'<pre id="report">(\{.*?\})</pre>', seen.dom)
    assert told, seen.dom[-2000:]
    return json.loads(html.unescape(told.group(1)))


@pytest.mark.parametrize("listen,protocol,logged", [("ssl http2", "h2", "HTTP/2.0"), ("ssl", "http/1.1", "HTTP/1.1")],
                         ids=["h2", "http/1.1"])
def test_a_page_of_a_hundred_resources(server, workspace, page, listen, protocol, logged):
    seen = run_page(server, workspace, page, listen)
    assert server.stop() == 0  # the log is whole

    requested = collections.Counter(server.log_text("told.log").splitlines())
    assert len(NAMES) == 100
    assert requested == {f"/{name} {logged} 200 on TLSv1.3": 1 for name in ["", *NAMES]}

    assert report_of(seen) == {"page": protocol, "protocols": {f"/{name}": protocol for name in NAMES},
                      "styles": STYLES, "scripts": SCRIPTS, "fonts": FONTS, "pictures": PICTURES}
    # Chromium looks for a font in its cache first, as a request of its own; `fonts` above says that they came.
    failed = [failure for failure in seen.failed if ".ttf: " not in failure]
    assert not failed, failed
    assert "[alert]" not in server.log_text("error.log") and "[crit]" not in server.log_text("error.log")


# What the browser is to get, and how: made for each answer, or laid beside the files.
TYPES = "text/css application/javascript"
CODINGS = {
    "gzip": ("gzip", f"gzip on; gzip_min_length 1; gzip_types {TYPES};"),
    "gzip_static": ("gzip", "gzip_static on;"),
    "brotli": ("br", f"brotli on; brotli_min_length 1; brotli_types {TYPES};"),
    "brotli_static": ("br", "brotli_static on;"),
    "zstd": ("zstd", f"zstd on; zstd_min_length 1; zstd_types {TYPES};"),
    "zstd_static": ("zstd", "zstd_static on;"),
    # Equally liked: the smallest, as a rule.
    "all": ("br", "".join(f"{name} on; {name}_min_length 1; {name}_types {TYPES};" for name in ("gzip", "brotli", "zstd"))),
}
PACKERS = {"gz": ["gzip", "-kf"], "br": ["brotli", "-kf"], "zst": ["zstd", "-qkf"]}


@pytest.fixture(scope="module")
def packed_page(page, workspace):
    """The page with a .gz, a .br and a .zst beside each of its texts."""
    folder = workspace.path / "packed"
    shutil.copytree(page, folder)
    texts = [path for path in folder.iterdir() if path.suffix in (".html", ".css", ".js")]
    for packer in PACKERS.values():
        subprocess.run([*packer, *texts], check=True)
    return folder


@pytest.mark.parametrize("name", CODINGS)
@pytest.mark.parametrize("server", ["uringx"], indirect=True)  # Debian's nginx has neither brotli nor zstd of its own
def test_a_page_in_a_coding(server, workspace, packed_page, name):
    coding, directives = CODINGS[name]
    seen = run_page(server, workspace, packed_page, "ssl http2", f"{directives} access_log logs/coded.log coded;")
    assert server.stop() == 0  # the log is whole
    report = report_of(seen)  # fonts and pictures come as they are
    assert (report["styles"], report["scripts"], report["pictures"]) == (STYLES, SCRIPTS, PICTURES)
    lines = collections.Counter(server.log_text("coded.log").splitlines())
    texts = ["", *(name for name in NAMES if name.endswith((".css", ".js")))]
    assert {line: lines[line] for line in (f"/{text} 200 {coding}" for text in texts)} == {
        f"/{text} 200 {coding}": 1 for text in texts}
    assert all(line.endswith((" 200 -", f" 200 {coding}")) for line in lines)
    assert "[alert]" not in server.log_text("error.log") and "[crit]" not in server.log_text("error.log")
