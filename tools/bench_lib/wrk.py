"""Running wrk: the scripts that say what it asks for, and its own numbers without the rounding of the text that it prints."""

import subprocess
import tempfile
import typing

PIPELINED_REQUESTS = 16
NUMBERS = "numbers:"


class Run(typing.NamedTuple):
    """What one run of wrk counted. Latencies are 0 where no request was finished, None where they are not known."""

    requests: int  # finished
    read_bytes: int  # heads included, of unfinished answers too
    seconds: float
    p50_us: float | None
    p99_us: float | None
    p999_us: float | None
    errors: int  # of sockets, answers that took too long, and other statuses than the one that was to come


# Without a function `request` wrk formats the request once, and no Lua runs until the end.
DONE = f"""done = function(summary, latency)
  local errors = summary.errors
  print(string.format("{NUMBERS} %.0f %.0f %.0f %.0f %.0f %.0f %.0f %.0f", summary.requests, summary.bytes, summary.duration,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9),
    errors.connect + errors.read + errors.write + errors.timeout, errors.status))
end
"""
PIPELINED = f"""local requests
init = function()
  requests = wrk.format():rep({PIPELINED_REQUESTS})
end
request = function()
  return requests
end
"""


def uniform(path, count):
    """A script that asks for `count` paths, each as often as any other; `path` is Lua that gives number `number` (from 0) its path.

    All requests are formatted before the clock starts. The generator is Lehmer's with the multiplier 16807 (Park and Miller, 1988): its
    products are exact in Lua's numbers, and each run asks in the same order.
    """
    return f"""local requests, state = {{}}, 1
init = function()
  for number = 0, {count} - 1 do
    requests[number + 1] = wrk.format("GET", {path})
  end
end
request = function()
  state = state * 16807 % 2147483647
  return requests[state % {count} + 1]
end
"""


def run(url, connections, seconds, core, headers=(), script="", status=200, more=()):
    """A Run of one thread on that core. `script` is Lua that defines `init` and `request`; `more` are further words for wrk.

    wrk offers no session to resume: over TLS each new connection is a full handshake.
    """
    command = ["taskset", "-c", str(core), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", *more]
    for name, value in headers:
        command += ["-H", f"{name}: {value}"]
    with tempfile.NamedTemporaryFile("w", suffix=".lua", encoding="utf-8") as lua:
        lua.write(script + DONE)
        lua.flush()
        said = subprocess.run([*command, "-s", lua.name, url], capture_output=True, text=True, timeout=seconds * 3 + 60, check=True).stdout
    requests, read_bytes, duration_us, *latencies, failed, bad = (int(n) for n in said.rpartition(NUMBERS)[2].split())
    # wrk counts what is 400 or more as an error, also where that is what was asked for.
    wrong = abs(requests - bad) if status >= 400 else bad
    if script == PIPELINED:
        # wrk adds samples for what a slow answer kept from being asked, with the time between answers as that between requests; where
        # several are asked for at once, it adds so many that its percentiles mean nothing.
        latencies = [None] * len(latencies)
    return Run(requests, read_bytes, duration_us / 1e6, *latencies, failed + wrong)
