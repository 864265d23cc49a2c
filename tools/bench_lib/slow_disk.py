"""A disk on which everything takes 20 ms and nothing is cached: a FUSE file system in a process of its own.

Every lookup, getattr, open, read, readdir and flush is answered 20 ms after it was asked, however many are asked at once. There are endless
names: fN.bin is a file, listN a folder with a few of those files, in every folder; nothing else exists. So a client may ask for
another path each time, and no cache of a server helps.

It speaks the kernel's protocol (linux/fuse.h, version 7.31) by itself, so that no package is needed; mounting asks for root.
"""

import collections
import contextlib
import ctypes
import errno
import math
import os
import re
import select
import stat
import struct
import subprocess
import sys
import time

DELAY_SECONDS = 0.02
FILE_BYTES = 1024
LISTED_FILES = 8

MNT_DETACH = 2
MS_NOSUID_NODEV_RDONLY = 2 | 4 | 1
REQUEST_BYTES_MAX = 1 << 18
# Hardware does not wait for the clients' processor.
NICE = -10

# Opcodes of linux/fuse.h.
LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS, RELEASE, FLUSH, INIT = 1, 2, 3, 14, 15, 17, 18, 25, 26
OPENDIR, READDIR, RELEASEDIR, ACCESS, INTERRUPT, DESTROY, BATCH_FORGET = 27, 28, 29, 34, 36, 38, 42
NO_REPLY = {FORGET, INTERRUPT, BATCH_FORGET}
SLOW = {LOOKUP, GETATTR, OPEN, READ, READDIR, FLUSH}
ASYNC_READ, PARALLEL_DIROPS = 1 << 0, 1 << 18

IN_HEADER = struct.Struct("<IIQQIIIHH")
OUT_HEADER = struct.Struct("<IiQ")
ENTRY_HEADER = struct.Struct("<QQII")  # struct fuse_dirent, before the name
ROOT_NODE = 1
NAME = re.compile(rb"(?:f(\d{1,9})\.bin|list(\d{1,9}))")


def node_of(name):
    """The number of the file or folder of that name, None when there is none: files are even, folders odd as the root is."""
    found = NAME.fullmatch(name)
    if not found:
        return None
    return 2 * int(found[1]) + 2 if found[1] is not None else 2 * int(found[2]) + 3


def attributes(node):
    """struct fuse_attr of a folder or a file."""
    mode, size, links = (stat.S_IFDIR | 0o755, 0, 2) if node % 2 else (stat.S_IFREG | 0o644, FILE_BYTES, 1)
    when = 1_700_000_000
    return struct.pack("<6Q10I", node, size, 8, when, when, when, 0, 0, 0, mode, links, 0, 0, 0, 4096, 0)


def entries(first):
    """A folder's entries from number `first` on, as readdir has them."""
    listed = b""
    for number in range(first, LISTED_FILES):
        name = b"f%d.bin" % number
        entry = ENTRY_HEADER.pack(node_of(name), number + 1, len(name), stat.S_IFREG >> 12) + name
        listed += entry.ljust((len(entry) + 7) & ~7, b"\0")
    return listed


def answer(opcode, node, body):
    """(error, payload) for one request."""
    if opcode == INIT:
        flags = ASYNC_READ | PARALLEL_DIROPS
        return 0, struct.pack("<IIIIHHIIHH8I", 7, 31, 1 << 17, flags, 64, 48, 1 << 17, 1, 32, 0, *[0] * 8)
    if opcode == LOOKUP:
        found = node_of(body.rstrip(b"\0"))
        return (0, struct.pack("<QQQQII", found, 0, 0, 0, 0, 0) + attributes(found)) if found else (errno.ENOENT, b"")
    if opcode == GETATTR:
        return 0, struct.pack("<QII", 0, 0, 0) + attributes(node)
    if opcode in (OPEN, OPENDIR):
        return 0, struct.pack("<QII", 0, 0, 0)
    if opcode in (READ, READDIR):
        offset, size = struct.unpack_from("<QI", body, 8)
        return 0, b"s" * max(0, min(size, FILE_BYTES - offset)) if opcode == READ else entries(offset)
    if opcode == STATFS:
        return 0, struct.pack("<5QIIII6I", 1, 0, 0, 1, 0, 4096, 255, 4096, 0, *[0] * 6)
    if opcode in (RELEASE, RELEASEDIR, FLUSH, ACCESS, DESTROY):
        return 0, b""
    return errno.ENOSYS, b""


def next_request(device):
    """The kernel's next request, None when there is none now; OSError (ENODEV) when the file system was unmounted."""
    while True:
        try:
            return os.read(device, REQUEST_BYTES_MAX)
        except BlockingIOError:
            return None
        except OSError as error:
            # ENOENT: the request was interrupted before it was read (linux/Documentation/filesystems/fuse.rst).
            if error.errno not in (errno.ENOENT, errno.EINTR):
                raise


def reply(device, unique, error, payload):
    with contextlib.suppress(OSError):  # whoever asked does not wait any more
        os.write(device, OUT_HEADER.pack(OUT_HEADER.size + len(payload), -error, unique) + payload)


def serve(device, owner):
    """The disk's loop: until it is unmounted, or the other end of the pipe `owner` is closed."""
    os.set_blocking(device, False)
    poll = select.poll()
    poll.register(device, select.POLLIN)
    poll.register(owner, select.POLLIN)
    waiting = collections.deque()  # (when it is due, unique, error, payload), in order: all take equally long
    while True:
        timeout = math.ceil((waiting[0][0] - time.monotonic()) * 1000) if waiting else -1
        if any(fd == owner for fd, _ in poll.poll(max(timeout, 0) if waiting else None)):
            return
        while request := next_request(device):
            length, opcode, unique, node, *_ = IN_HEADER.unpack_from(request)
            if opcode in NO_REPLY:
                continue
            said = answer(opcode, node, request[IN_HEADER.size:length])
            if opcode in SLOW:
                waiting.append((time.monotonic() + DELAY_SECONDS, unique, *said))
            else:
                reply(device, unique, *said)
        while waiting and waiting[0][0] <= time.monotonic():
            reply(device, *waiting.popleft()[1:])


@contextlib.contextmanager
def mounted(folder):
    """The slow disk at `folder`, until the block ends; gives its process (subprocess.Popen). OSError where there cannot be one."""
    libc = ctypes.CDLL(None, use_errno=True)
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
    target = os.fsencode(folder)
    if libc.mount(b"slow-disk", target, b"fuse", MS_NOSUID_NODEV_RDONLY, options) != 0:
        os.close(device)
        raise OSError(ctypes.get_errno(), "mount of the slow disk")
    with subprocess.Popen([sys.executable, __file__, str(device)], stdin=subprocess.PIPE, pass_fds=[device]) as disk:
        os.close(device)
        try:
            yield disk
        finally:
            libc.umount2(target, MNT_DETACH)


if __name__ == "__main__":
    os.nice(NICE)
    with contextlib.suppress(OSError):
        serve(int(sys.argv[1]), sys.stdin.fileno())
