"""A writer that changes a file and then asks for it never gets the old bytes, whatever the kind of change.

nginx opens every file anew, so that this is true of it by itself; uringx keeps files open and has to notice.
"""
import concurrent.futures
import ctypes
import gzip
import http.client
import mmap
import os
import random
import shutil
import subprocess
import threading

import pytest

from harness.site import WRAPPER

ROUNDS = 1500
EXCHANGE = 2  # renameat2: RENAME_EXCHANGE
LIBC = ctypes.CDLL(None)
GZIPPED = {"Accept-Encoding": "gzip"}


class Tree:
    """A folder with /page/here/file.txt and /current -> release-N, a client, and the ways to change them."""

    def __init__(self, root, port, seed):
        self.root, self.random, self.number = root, random.Random(seed), 0
        self.client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        os.makedirs(f"{root}/page/here")
        self.file = f"{root}/page/here/file.txt"
        self.write(b"first")

    def get(self, target="/page/here/file.txt", **fields):
        self.client.request("GET", target, headers=fields)
        answer = self.client.getresponse()
        return answer.status, answer.read()

    def expect(self, body, target="/page/here/file.txt"):
        for _ in range(self.random.choice([1, 2, 5, 8])):  # what is asked for often is kept open
            status, got = self.get(target)
            assert (status, got[:60], len(got)) == (200, body[:60], len(body))

    def text(self):
        self.number += 1
        return b"%d-" % self.number * self.random.choice([1, 1, 100, 3000])

    def write(self, body, path=None):
        with open(path or self.file, "wb") as file:
            file.write(body)

    # --- the changes; each leaves the file readable ---
    def in_place(self, path=None):
        body = self.text()
        with open(path or self.file, "r+b") as file:
            file.write(body)
            file.truncate(len(body))

    def append(self):
        with open(self.file, "ab") as file:
            file.write(b"more")

    def replaced(self):
        self.write(self.text(), f"{self.root}/new")
        os.rename(f"{self.root}/new", self.file)

    def exchanged(self):
        self.write(self.text(), f"{self.root}/new")
        assert LIBC.renameat2(-100, f"{self.root}/new".encode(), -100, self.file.encode(), EXCHANGE) == 0

    def removed(self):
        os.unlink(self.file)
        assert self.get()[0] == 404
        self.write(self.text())

    def absent_for_long(self):
        os.unlink(self.file)
        for _ in range(self.random.choice([2, 5, 60])):  # that there is nothing is remembered, too
            assert self.get()[0] == 404
        body, new = self.text(), f"{self.root}/new"
        self.write(body, new)
        arrive = self.random.choice([os.rename, os.link, os.symlink])
        arrive(new, self.file)
        self.expect(body)
        if os.path.islink(self.file):
            os.replace(new, self.file)
        elif os.path.exists(new):
            os.unlink(new)

    def unreadable(self):
        os.chmod(self.file, 0)
        assert self.get()[0] == 403
        os.chmod(self.file, 0o644)

    def folder_closed(self):
        os.chmod(f"{self.root}/page", 0o700)
        assert self.get()[0] == 403
        os.chmod(f"{self.root}/page", 0o755)

    def folder_swapped(self, name="page/here"):
        os.makedirs(f"{self.root}/other/{name[5:]}", exist_ok=True)
        shutil.copytree(f"{self.root}/{name}", f"{self.root}/other", symlinks=True, dirs_exist_ok=True)
        inside = f"{self.root}/other/{self.file.removeprefix(f'{self.root}/{name}/')}"
        self.write(self.text(), inside)
        os.rename(f"{self.root}/{name}", f"{self.root}/gone")
        os.rename(f"{self.root}/other", f"{self.root}/{name}")
        shutil.rmtree(f"{self.root}/gone")

    def outer_folder_swapped(self):
        self.folder_swapped("page")

    def through_another_name(self):
        os.link(self.file, f"{self.root}/alias")
        self.in_place(f"{self.root}/alias")
        os.unlink(f"{self.root}/alias")

    def through_a_mapping(self):
        with open(self.file, "r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
            memory[0:1] = b"*"

    def own_link_moved(self):
        body = self.text()
        self.write(body, f"{self.root}/target-{self.number}")
        os.symlink(f"target-{self.number}", f"{self.root}/own")
        os.rename(f"{self.root}/own", f"{self.root}/page/link")
        assert self.get("/page/link")[0] == 404
        os.rename(f"{self.root}/target-{self.number}", f"{self.root}/page/target-{self.number}")
        self.expect(body, "/page/link")
        os.unlink(f"{self.root}/page/target-{self.number}")
        assert self.get("/page/link")[0] == 404

    def link_moved(self):
        for release in ("release-0", "release-1"):
            body = self.text()
            os.makedirs(f"{self.root}/{release}", exist_ok=True)
            self.write(body, f"{self.root}/{release}/file.txt")
            os.symlink(release, f"{self.root}/link")
            os.rename(f"{self.root}/link", f"{self.root}/current")
            self.expect(body, "/current/file.txt")
        os.rename(f"{self.root}/release-1", f"{self.root}/away")
        assert self.get("/current/file.txt")[0] == 404
        os.rename(f"{self.root}/away", f"{self.root}/release-1")
        self.expect(body, "/current/file.txt")

    CHANGES = (in_place, append, replaced, exchanged, removed, absent_for_long, unreadable, folder_closed,
               folder_swapped, outer_folder_swapped, through_another_name, through_a_mapping, own_link_moved,
               link_moved)


def start_tree(server, options="", inside=""):
    root = str(server.prefix / "tree")
    os.makedirs(root)
    os.chmod(root, 0o755)
    user = "user www-data;" if os.geteuid() == 0 else ""
    server.start(WRAPPER.format(main=user, events="", http=f"access_log off; keepalive_requests 100000; {options}",
        servers="server { listen 127.0.0.1:@P0@; root tree; " + inside + " }"))
    return Tree(root, server.ports[0], seed=7)


def run_changes(tree, port, rounds):
    """While a second client asks for the same file without a pause."""
    asking = threading.Event()
    asking.set()

    def ask():
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        while asking.is_set():
            try:
                client.request("GET", "/page/here/file.txt")
                answer = client.getresponse()
                assert answer.status in (200, 403, 404)
                answer.read()
            except http.client.HTTPException:  # the file was cut while it was being sent
                client.close()

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask)
        try:
            change_and_ask(tree, rounds)
        finally:
            asking.clear()
        asked.result()


def change_and_ask(tree, rounds):
    for _ in range(rounds):
        change = tree.random.choice(Tree.CHANGES)
        change(tree)
        with open(tree.file, "rb") as file:
            body = file.read()
        tree.expect(body)
        if len(body) > 50_000:
            tree.write(b"short again")


@pytest.mark.skipif(os.geteuid() != 0, reason="root is needed: the server must not be able to read everything")
def test_every_change_is_seen_by_the_next_request(server):
    run_changes(start_tree(server), server.ports[0], ROUNDS)


@pytest.mark.skipif(os.geteuid() != 0, reason="root is needed: the server must not be able to read everything")
def test_fresh_also_where_the_cache_is_switched_off(server):
    run_changes(start_tree(server, "open_file_cache off;"), server.ports[0], 100)


@pytest.mark.parametrize("asks", [1, 2, 5, 50])
def test_open_file_cache_remembers_no_absence(server, asks):
    """Unless open_file_cache_errors says so."""
    tree = start_tree(server, "open_file_cache max=100;")
    for number in range(10):
        for _ in range(asks):
            assert tree.get(f"/new-{number}")[0] == 404
        tree.write(b"here", f"{tree.root}/new-{number}")
        assert tree.get(f"/new-{number}") == (200, b"here")


@pytest.mark.parametrize("options", ["", "open_file_cache off;"])
def test_what_was_not_there_is_served_once_it_is(server, options):
    """A precompressed file, what try_files asks for, an index, a folder."""
    tree = start_tree(server, options + "gzip_static on; gunzip off; gzip_types text/plain;", inside="""
        location /tried/ { try_files $uri $uri/index.txt /page/here/file.txt; }
        location /indexed/ { index first.txt second.txt; }""")
    os.makedirs(f"{tree.root}/indexed")
    tree.write(b"second", f"{tree.root}/indexed/second.txt")
    for number in range(20):
        body = tree.text()
        tree.write(body)
        for _ in range(number % 5 + 1):
            assert tree.get("/page/here/file.txt", **GZIPPED)[1] == body
            assert tree.get("/tried/it")[1] == body
            assert tree.get("/indexed/")[1] == b"second"
        tree.write(gzip.compress(b"compressed"), f"{tree.file}.gz")
        assert gzip.decompress(tree.get("/page/here/file.txt", **GZIPPED)[1]) == b"compressed"
        os.makedirs(f"{tree.root}/tried/it")
        tree.write(b"of a folder", f"{tree.root}/tried/it/index.txt")
        assert tree.get("/tried/it")[1] == b"of a folder"
        tree.write(b"first", f"{tree.root}/indexed/first.txt")
        assert tree.get("/indexed/")[1] == b"first"
        shutil.rmtree(f"{tree.root}/tried")
        tree.write(b"a file", f"{tree.root}/tried")
        assert tree.get("/tried/it")[1] == body
        for path in ("tried", "indexed/first.txt", "page/here/file.txt.gz"):
            os.unlink(f"{tree.root}/{path}")


@pytest.mark.skipif(os.geteuid() != 0, reason="root is needed to mount")
def test_fresh_across_mounts(server):
    tree = start_tree(server)
    os.makedirs(f"{tree.root}/over")
    for _ in range(3):
        tree.write(tree.text())
        with open(tree.file, "rb") as file:
            below = file.read()
        tree.expect(below)
        above = tree.text()
        tree.write(above, f"{tree.root}/over/file.txt")
        bound = subprocess.run(["mount", "--bind", f"{tree.root}/over", f"{tree.root}/page/here"], check=False)
        if bound.returncode != 0:
            pytest.skip("mounting is not allowed here")
        try:
            tree.expect(above)
        finally:
            subprocess.run(["umount", "-l", f"{tree.root}/page/here"], check=True)
        tree.expect(below)
