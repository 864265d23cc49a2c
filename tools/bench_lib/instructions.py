"""What a request costs in instructions of the server's own: callgrind counts them over the simulated kernel (tests/sim/request_cost.cc).

The figures are the same on every run and every machine, which times are not. valgrind cannot run the server itself: it holds its lock
while a thread waits in io_uring_enter(2)."""

import re
import subprocess
import sys

KINDS = {
    "file": "1 KiB file",
    "logged": "1 KiB file, access log",
    "not-modified": "not modified (304)",
    "missing": "no such file (404)",
    "return": "return 200 text",
}
REQUESTS = 3200
# Counted from where a turn of the loop begins, but not in the kernel's place.
COUNTED = "uringx::Worker::run_turn*"
NOT_COUNTED = [f"uringx::SimulatedBackend::{call}*" for call in ("submit_and_wait", "reap", "open_cached", "read_cached", "stat_open_file")]
# Column -> the function that is counted with all it calls.
PARTS = {
    "reading the request": "uringx::Http1::read_head()",
    "phases, file and answer": "uringx::Exchange::start()",
    "of it the head": "uringx::Http1::make_head()",
    "when it is sent": "uringx::SocketSender::on_sent(uringx::Completion)",
}


def count(program, kind, requests, folder):
    """{part or "all": instructions}"""
    out = folder / f"{kind}.{requests}"
    toggles = [f"--toggle-collect={name}" for name in (COUNTED, *NOT_COUNTED)]
    subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *toggles, program, kind, str(requests)], check=True,
                   stderr=subprocess.DEVNULL)
    told = subprocess.run(["callgrind_annotate", "--inclusive=yes", "--threshold=100", out], check=True, capture_output=True, text=True)
    found = {"all": int(re.search(r"^([\d,]+) .*PROGRAM TOTALS", told.stdout, re.M)[1].replace(",", ""))}
    for part, function in PARTS.items():
        line = re.search(rf"^\s*([\d,]+) .*:{re.escape(function)} \[", told.stdout, re.M)
        if not line:
            raise SystemExit(f"tools/bench: callgrind saw no call of {function}")
        found[part] = int(line[1].replace(",", ""))
    return found


def measure(_plan, binaries, _cores, folder):
    """{kind: {part: instructions a request}}; what the start costs falls out of the difference of two runs."""
    folder.mkdir()
    found = {}
    for kind in KINDS:
        few, many = (count(binaries["request-cost"], kind, requests, folder) for requests in (REQUESTS, 2 * REQUESTS))
        found[kind] = {part: (many[part] - few[part]) / REQUESTS for part in few}
        print(f"instructions, {kind}: {found[kind]['all']:.0f}", file=sys.stderr, flush=True)
    return found


def add_to(page, results):
    columns = ["all", *PARTS]
    page.table(["**instructions a request**", *columns],
               [[KINDS[kind], *(f"{parts[column]:,.0f}" for column in columns)] for kind, parts in results.items()])
    page.lines += ["Of the server itself, without the kernel: callgrind over the simulated kernel, keep-alive, three header fields, "
                   "32 requests a turn, `open_file_cache` for the files.", ""]
