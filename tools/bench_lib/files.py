"""What is served beside the files of the size classes: pages that compress, their copies for gzip_static, and very many files."""

import gzip
import os
import random

PAGES = {"page.html": 100 << 10, "small.html": 10 << 10}
MANY_COUNT = 100_000
MANY_BYTES = 1024
# The path of number `number`, in Python and in Lua: at most 100 names in a folder.
MANY_PATH = "/many/{}/{}/{}.bin"
MANY_PATH_LUA = '("/many/%d/%d/%d.bin"):format(math.floor(number / 10000), math.floor(number / 100) % 100, number % 100)'


def make_pages(root):
    """{name: bytes}: texts of words that come again and again, as pages have them, with their copies for gzip_static."""
    chance = random.Random(1)
    words = ["".join(chance.choice("etaoinshrdlu") for _ in range(chance.randint(2, 9))) for _ in range(800)]
    text = ""
    while len(text) < max(PAGES.values()):
        text += f'<p class="{chance.choice(words)}">' + " ".join(chance.choices(words, k=12)) + "</p>\n"
    root.mkdir(parents=True)
    root.chmod(0o755)
    pages = {name: text[:size].encode() for name, size in PAGES.items()}
    for name, page in pages.items():
        (root / name).write_bytes(page)
        (root / f"{name}.gz").write_bytes(gzip.compress(page, 6))
    return pages


def make_folder(root):
    """An empty folder, to be asked for without its slash."""
    root.mkdir()
    root.chmod(0o755)


def many_path(number):
    return MANY_PATH.format(number // 10000, number // 100 % 100, number % 100)


def make_many(root):
    """MANY_COUNT files of random bytes."""
    for number in range(MANY_COUNT):
        path = root.parent / many_path(number).lstrip("/")
        if number % 100 == 0:
            path.parent.mkdir(parents=True)
        path.write_bytes(os.urandom(MANY_BYTES))


# Folder below the servers' root -> what makes it.
FOLDERS = {"folder": make_folder, "packed": make_pages, "many": make_many}
