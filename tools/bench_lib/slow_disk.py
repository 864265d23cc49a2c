"""A hot file's latency while other clients wait for a slow disk.

The disk is a FUSE file system of this process: every lookup, getattr, open and read of it takes 20 ms, nothing is cached. It
speaks the kernel's protocol (linux/fuse.h, version 7.31) by itself, so that no package is needed; mounting asks for root.
"""

import contextlib
import ctypes
import errno
import os
import stat
import struct
import subprocess
import sys
import threading
import time

from bench_lib import cases, load, servers

DELAY_SECONDS = 0.02
FILE_COUNT = 64
FILE_BYTES = 1024
CONNECTIONS = 8
# Enough that every waiting client has its request slept upon at once.
THREADS = 48
SECONDS = 3

MNT_DETACH = 2
MS_NOSUID_NODEV_RDONLY = 2 | 4 | 1
REQUEST_BYTES_MAX = 1 << 18

# Opcodes of linux/fuse.h.
LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS, RELEASE, FLUSH, INIT = 1, 2, 3, 14, 15, 17, 18, 25, 26
OPENDIR, RELEASEDIR, ACCESS, INTERRUPT, DESTROY, BATCH_FORGET = 27, 29, 34, 36, 38, 42
NO_REPLY = {FORGET, INTERRUPT, BATCH_FORGET}
SLOW = {LOOKUP, GETATTR, OPEN, READ}
ASYNC_READ, PARALLEL_DIROPS = 1 << 0, 1 << 18

IN_HEADER = struct.Struct("<IIQQIIIHH")
OUT_HEADER = struct.Struct("<IiQ")
ROOT_NODE = 1


def attributes(node):
    """struct fuse_attr of the root folder or of file number node - 2."""
    mode, size, links = (stat.S_IFDIR | 0o755, 0, 2) if node == ROOT_NODE else (stat.S_IFREG | 0o644, FILE_BYTES, 1)
    when = 1_700_000_000
    return struct.pack("<6Q10I", node, size, 8, when, when, when, 0, 0, 0, mode, links, 0, 0, 0, 4096, 0)


def answer(opcode, node, body):
    """(error, payload) for one request."""
    if opcode == INIT:
        flags = ASYNC_READ | PARALLEL_DIROPS
        return 0, struct.pack("<IIIIHHIIHH8I", 7, 31, 1 << 17, flags, 64, 48, 1 << 17, 1, 32, 0, *[0] * 8)
    if opcode == LOOKUP:
        name = body.rstrip(b"\0").decode("ascii", "replace")
        number = name[1:].removesuffix(".bin")
        if node != ROOT_NODE or not name.startswith("f") or not number.isdigit() or int(number) >= FILE_COUNT:
            return errno.ENOENT, b""
        found = int(number) + 2
        return 0, struct.pack("<QQQQII", found, 0, 0, 0, 0, 0) + attributes(found)
    if opcode == GETATTR:
        return 0, struct.pack("<QII", 0, 0, 0) + attributes(node)
    if opcode in (OPEN, OPENDIR):
        return 0, struct.pack("<QII", 0, 0, 0)
    if opcode == READ:
        offset, size = struct.unpack_from("<QI", body, 8)
        return 0, b"s" * max(0, min(size, FILE_BYTES - offset))
    if opcode == STATFS:
        return 0, struct.pack("<5QIIII6I", 1, 0, 0, 1, 0, 4096, 255, 4096, 0, *[0] * 6)
    if opcode in (RELEASE, RELEASEDIR, FLUSH, ACCESS, DESTROY):
        return 0, b""
    return errno.ENOSYS, b""


def serve(device):
    """One thread's loop; ends when the file system is unmounted (ENODEV)."""
    while True:
        try:
            request = os.read(device, REQUEST_BYTES_MAX)
        except InterruptedError:
            continue
        except OSError as error:
            # ENOENT: the request was interrupted before it was read (linux/Documentation/filesystems/fuse.rst).
            if error.errno == errno.ENOENT:
                continue
            return
        length, opcode, unique, node, *_ = IN_HEADER.unpack_from(request)
        if opcode in NO_REPLY:
            continue
        if opcode in SLOW:
            time.sleep(DELAY_SECONDS)
        error, payload = answer(opcode, node, request[IN_HEADER.size:length])
        with contextlib.suppress(OSError):
            os.write(device, OUT_HEADER.pack(OUT_HEADER.size + len(payload), -error, unique) + payload)


@contextlib.contextmanager
def mounted(folder):
    """The slow disk at `folder`, until the block ends."""
    libc = ctypes.CDLL(None, use_errno=True)
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
    target = os.fsencode(folder)
    if libc.mount(b"slow-disk", target, b"fuse", MS_NOSUID_NODEV_RDONLY, options) != 0:
        os.close(device)
        raise OSError(ctypes.get_errno(), "mount of the slow disk")
    threads = [threading.Thread(target=serve, args=(device,), daemon=True) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        libc.umount2(target, MNT_DETACH)
        os.close(device)


SCRIPT = """local number = 0
request = function()
  number = (number + 1) % {count}
  return wrk.format("GET", "/slow/f" .. number .. ".bin")
end
"""


def measure_one(server, script, core):
    """Hot requests a second and p99 alone, then beside clients of the slow disk."""
    requests, _, elapsed, p99_us, _ = load.run_wrk(server.url("/hot.bin"), cases.MODES["keepalive"], CONNECTIONS, SECONDS, core)
    found = {"quiet_rps": requests / elapsed, "quiet_p99_us": p99_us}
    slow = subprocess.Popen(["taskset", "-c", str(core), "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS + 2}s", "-s", str(script),
                             server.url("/slow/")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    time.sleep(1)
    requests, _, elapsed, p99_us, _ = load.run_wrk(server.url("/hot.bin"), cases.MODES["keepalive"], CONNECTIONS, SECONDS, core)
    said, _ = slow.communicate(timeout=60)
    found |= {"busy_rps": requests / elapsed, "busy_p99_us": p99_us}
    if "Non-2xx" in said or " 0 requests in" in said:
        raise SystemExit(f"tools/bench: the slow disk was not served by {server.name}: {said}")
    return found


def measure(plan, binaries, cores, folder):
    """{contender: {quiet_rps, quiet_p99_us, busy_rps, busy_p99_us}}, or None where it cannot be measured."""
    if os.geteuid() != 0 or not os.path.exists("/dev/fuse"):
        return None
    root = folder / "files"
    (root / "slow").mkdir(parents=True)
    for shared in (folder, root):
        shared.chmod(0o755)
    (root / "hot.bin").write_bytes(os.urandom(FILE_BYTES))
    script = folder / "slow.lua"
    script.write_text(SCRIPT.format(count=FILE_COUNT), encoding="utf-8")
    results = {}
    try:
        with mounted(root / "slow"):
            for name, (binary, config) in plan.own_contenders().items():
                with servers.Server(name, binaries[binary], config, folder / name, root, cores[0]) as server:
                    results[name] = measure_one(server, script, cores[1])
                print(f"slow disk {name}: {results[name]}", file=sys.stderr, flush=True)
    except OSError as error:
        print(f"tools/bench: {error}; no slow disk", file=sys.stderr)
        return None
    return results
