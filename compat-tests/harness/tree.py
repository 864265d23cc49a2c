"""The files both servers serve: one tree a test run, with fixed times, so that ETag and Last-Modified are
equal by themselves."""
import os
from pathlib import Path

MTIME = 1_700_000_000  # Tue, 14 Nov 2023 22:13:20 GMT
TEN = b"0123456789"


def text_of(size: int) -> bytes:
    """`size` bytes without a period shorter than a page, so that a misplaced or stale byte is seen."""
    line = b"".join(b"%07d\n" % n for n in range(size // 8 + 1))
    return line[:size]


FILES: dict[str, bytes] = {
    "index.html": b"<html><body>index of the root</body></html>\n",
    "canary.txt": b"canary\n",
    "ten.txt": TEN,
    "empty.txt": b"",
    "one.txt": b"1",
    "1k.txt": text_of(1024),
    "64k.bin": text_of(65536),
    "big.bin": text_of(1 << 20) + b"end",
    "a.html": b"<p>a</p>\n",
    "a.css": b"p{}\n",
    "a.js": b"1;\n",
    "a.png": b"\x89PNG fake",
    "a.gif": b"GIF89a fake",
    "a.jpg": b"jpeg fake",
    "a.JPG": b"JPEG fake",
    "a.svg": b"<svg/>",
    "a.xml": b"<x/>",
    "a.tar.gz": b"\x1f\x8b fake",
    "a.unknown": b"unknown\n",
    "noextension": b"no extension\n",
    "dot.": b"a dot at the end\n",
    ".hidden": b"hidden\n",
    ".hidden.html": b"hidden html\n",
    "with space.txt": b"with space\n",
    "percent%41.txt": b"percent\n",
    "question?.txt": b"question\n",
    "hash#.txt": b"hash\n",
    "plus+.txt": b"plus\n",
    "colon:x.txt": b"colon\n",
    "quote\".txt": b"quote\n",
    "semi;x.txt": b"semicolon\n",
    "tilde~.txt": b"tilde\n",
    "back\\slash.txt": b"backslash\n",
    "ümläut.txt": "umlaut\n".encode(),
    "ctrl\x02.txt": b"control\n",
    "dir/index.html": b"index of dir\n",
    "dir/file.txt": b"file in dir\n",
    "dir/sub/deep.txt": b"deep\n",
    "dir/sub/index.html": b"index of sub\n",
    "noindex/only.txt": b"only\n",
    "noindex/inner/x": b"x",
    "htm/index.htm": b"index.htm\n",
    "both/index.html": b"both html\n",
    "both/index.htm": b"both htm\n",
    "indexdir/index.html/inside.txt": b"index.html is a directory\n",
    "dir with space/index.html": b"dir with space\n",
    "dir%/index.html": b"dir percent\n",
    "dir?q/index.html": b"dir question\n",
    "dir#h/index.html": b"dir hash\n",
    "dir\"q/index.html": b"dir quote\n",
    "dir<b>/index.html": b"dir angle\n",
    "dir{c}^|/index.html": b"dir braces\n",
    "ünter/index.html": b"dir umlaut\n",
    "unreadable.txt": b"nobody may read this\n",
    "unreadable/index.html": b"closed\n",
    "nosearch/file.txt": b"closed\n",
    "errors/404.html": b"custom 404 page\n",
    "errors/403.html": b"custom 403 page\n",
    "errors/50x.html": b"custom 50x page\n",
    "errors/405.html": b"custom 405 page\n",
    "images/one.png": b"one png\n",
    "images/two.gif": b"two gif\n",
    "images/deep/three.png": b"three png\n",
    "i/index.html": b"index of i\n",
    "i/top.gif": b"top gif\n",
    "secret.txt": b"secret beside i\n",
    "ixx/top.gif": b"top gif of ixx\n",
    "en/page.html": b"english\n",
    "de/page.html": b"german\n",
    "a.example.com/index.html": b"site a\n",
    "b.example.com/index.html": b"site b\n",
    "www.example.com/index.html": b"site www\n",
    "auto/A.txt": b"A",
    "auto/b.txt": b"bb",
    "auto/c <&>.txt": b"c",
    "auto/d:e.txt": b"colon",
    "auto/ f.txt": b"blank first",
    "auto/g%41.txt": b"percent",
    "auto/h?i#j.txt": b"marks",
    "auto/quo\"te'.txt": b"quotes",
    "auto/" + "n" * 49: b"49",
    "auto/" + "o" * 50: b"50",
    "auto/" + "p" * 51: b"51",
    "auto/" + "q" * 80 + ".txt": b"80",
    "auto/" + "ä" * 60: b"60 two-byte characters",
    "auto/ünï.txt": b"umlaut",
    "auto/.dot": b"dot",
    "auto/sub/x": b"x",
    "auto/Zdir/x": b"x",
    "auto/1k": text_of(1024),
    "auto/10240": text_of(10240),
    "auto/1048575": text_of(1048575),
    "auto/1048576": text_of(1048576),
    "auto/1572864": text_of(1572864),
    "auto/999": text_of(999),
    "emptydir/.keep": b"",
}

LINKS = {"link.txt": "ten.txt", "dirlink": "dir", "dangling": "nowhere", "loop": "loop", "auto/link": "A.txt",
    "auto/linkdir": "sub",
         "auto/broken": "nowhere"}
EMPTY_DIRS = ["auto/emptysub", "reallyempty"]
TIMES = {"auto/b.txt": 951_782_400, "auto/A.txt": 0, "one.txt": 1_000_000_000, "a.xml": 1}


def build(root: Path) -> Path:
    """Writes the tree under `root`; every name may be asked for by the tests, none may be changed by them."""
    for name, content in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for name in EMPTY_DIRS:
        (root / name).mkdir(parents=True)
    for name, target in LINKS.items():
        os.symlink(target, root / name)
    for folder, dirs, names in os.walk(root):
        for name in names + dirs:
            path = os.path.join(folder, name)
            when = TIMES.get(os.path.relpath(path, root), MTIME)
            os.utime(path, (when, when), follow_symlinks=False)
            if not os.path.islink(path):
                os.chmod(path, 0o755 if os.path.isdir(path) else 0o644)
    os.utime(root, (MTIME, MTIME))
    os.chmod(root, 0o755)
    for name in ("unreadable.txt", "unreadable", "nosearch"):
        os.chmod(root / name, 0o000 if name != "unreadable" else 0o311)
    return root
