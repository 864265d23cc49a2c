"""The Markdown that tools/bench prints: what was run, the load table, latency, the memory tables."""

import statistics

from bench_lib import cases, peers

SIZE_NAMES = {"0": "0 bytes", "1k": "1 KiB", "10k": "10 KiB", "100k": "100 KiB", "1m": "1 MiB", "100m": "100 MiB"}
# The tables of the load: heading, what of a load.Sample is in it, how it is written, whether the spread of the rounds is told.
LOAD_TABLES = (
    ("server CPU, us per request", "cpu_us", "{:.1f}", True),
    ("requests per second", "requests_per_second", "{:,.0f}", False),
    ("memory after it (PSS), MiB", "pss_mib", "{:.1f}", False),
)
LATENCIES = ("p50_us", "p99_us", "p999_us")


def median(values):
    return statistics.median(values)


def case_name(case):
    return ", ".join(filter(None, (SIZE_NAMES.get(case.size), cases.MODES[case.mode].title, str(case.connections))))


def cell(values, form, spread=False):
    """The median of the rounds, and half of what is between the least and the most of several; nothing where nothing was measured."""
    if not values:
        return ""
    return form.format(median(values)) + (" ±" + form.format((max(values) - min(values)) / 2) if spread and len(values) > 1 else "")


def ratio(values, others):
    """The median of the ratios within a round; nothing where one of them was not measured."""
    return f"{median(a / b if b else 0 for a, b in zip(values, others)):.2f}" if values and others else ""


def percentiles(samples):
    """The medians of the rounds. Without a single finished answer there is no latency to speak of."""
    if not samples or samples[0].p50_us is None:
        return ""
    found = [median(getattr(s, field) for s in samples) for field in LATENCIES]
    return " / ".join(f"{us:,.0f}" for us in found) if found[0] else "none"


class Page:
    def __init__(self, command, machine, plan):
        self.plan = plan
        self.load = {}  # what add_load() got
        self.lines = [f"Measured with `{command}`: {plan.rounds} interleaved rounds, medians.", "", f"{machine}.", ""]

    def text(self):
        return "\n".join(self.lines).rstrip() + "\n"

    def table(self, head, rows):
        self.lines.append("| " + " | ".join(head) + " |")
        self.lines.append("|" + "|".join(["---"] + ["--:"] * (len(head) - 1)) + "|")
        self.lines += ["| " + " | ".join(row) + " |" for row in rows]
        self.lines.append("")

    def pairs(self):
        """(uringx's contender, nginx's with the same configuration), where both are measured."""
        names = list(self.plan.contenders)
        return [(n, n.replace("uringx", "nginx")) for n in names if n.startswith("uringx") and n.replace("uringx", "nginx") in names]

    def compared(self):
        """{heading: (contender, what it is divided by)}: uringx by nginx with the same configuration, and by the floor."""
        found = {f"uringx/nginx {ours.partition('-')[2]}": (ours, theirs) for ours, theirs in self.pairs()}
        if "uringx-tuned" in self.plan.contenders and peers.FLOOR in self.plan.contenders:
            found["uringx tuned / floor"] = ("uringx-tuned", peers.FLOOR)
        return found

    def add_load(self, results):
        """CPU per request, requests a second and memory with ratios round by round, then latency."""
        self.load = results
        names, compared = list(self.plan.contenders), self.compared()
        for title, field, form, spread in LOAD_TABLES:
            rows = []
            for case, samples in results.items():
                values = {n: [getattr(s, field) for s in samples.get(n, ())] for n in names}
                rows.append([case_name(case)] + [cell(values[n], form, spread) for n in names]
                            + [ratio(values[ours], values[theirs]) for ours, theirs in compared.values()])
            self.table([f"**{title}**"] + [n.replace("-", " ") for n in names] + list(compared), rows)
        self.add_percentiles(results)
        self.add_load_notes(results)

    def add_percentiles(self, results):
        """Of the cases where wrk knows them."""
        names = list(self.plan.contenders)
        rows = [[case_name(case)] + [percentiles(samples.get(name)) for name in names] for case, samples in results.items()]
        rows = [row for row in rows if any(row[1:])]
        if rows:
            self.table(["**latency, us: p50 / p99 / p99.9**"] + [n.replace("-", " ") for n in names], rows)

    def add_load_notes(self, results):
        self.lines += ["CPU is user and system time of all processes of the server, io_uring's kernel workers included (they are "
                       "threads of the process); ± is half of what lies between the lowest and the highest round. Memory is that of all "
                       "processes, with all cases before it in the same run.", ""]
        if any("ssl" in cases.LISTENERS[cases.MODES[case.mode].listener] for case in results):
            self.lines += [f"HTTPS, h2 and handshakes: {self.plan.tls_protocol}; a handshake is a new connection with one request.", ""]
        failed = {f"{name} ({case_name(case)})": sum(s.errors for s in rows)
                  for case, samples in results.items() for name, rows in samples.items()}
        told = "; ".join(f"{count:,} of {what}" for what, count in failed.items() if count)
        if told:
            self.lines += [f"wrk and h2load counted failed requests: {told}.", ""]

    def add_latency(self, results):
        names, pairs = list(self.plan.contenders), self.pairs()
        head = ["**1 KiB, one at a time, p50, us**"] + [n.replace("-", " ") for n in names]
        head += [f"uringx/nginx {ours.split('-')[1]}" for ours, _ in pairs]
        rows = []
        if not results:
            return
        for protocol, values in results.items():
            ratios = [median(a / b for a, b in zip(values[ours], values[theirs])) for ours, theirs in pairs]
            rows.append([protocol] + [f"{median(values[n]):,.0f}" if n in values else "" for n in names]
                        + [f"{ratio:.3g}" for ratio in ratios])
        self.table(head, rows)
        self.lines += ["One connection, and h2load asks again when the answer is there.", ""]

    def add_codings(self, results):
        """CPU per request and size of the answer; the ratio is to nginx's CPU, round by round."""
        names = list(next(iter(results.values())))
        head = ["**a page, server CPU, us per request**"]
        head += [word for name in names for word in (name, "bytes")] + [f"{name} / {names[0]}" for name in names[1:]]
        rows = []
        for case, found in results.items():
            row = [case] + [word for name in names for word in (f"{median(found[name][0]):.1f}", f"{found[name][1]:,}")]
            row += [f"{median(a / b for a, b in zip(found[name][0], found[names[0]][0])):.2f}" for name in names[1:]]
            rows.append(row)
        self.table(head, rows)

    def add_fairness(self, results):
        """The hot file's requests a second and p99, medians; by what the p99 grows, round by round; what was compressed meanwhile."""
        names = list(next(iter(results.values())))
        head = ["**a hot file of 1 KiB beside 100 MiB being compressed**"]
        head += [word for name in names for word in (f"{name}, requests/s", "p99, us", "times p99 alone", "MB/s compressed")]
        rows = []
        for beside, found in results.items():
            row = [f"beside {beside}"]
            for name in names:
                growth = median(now.p99_us / alone.p99_us for now, alone in zip(found[name], results["nothing"][name]))
                rate = median(s.requests_per_second for s in found[name])
                # Without a single finished answer there is no latency to speak of.
                row += [f"{rate:,.0f}"] + ([f"{median(s.p99_us for s in found[name]):,.0f}", f"{growth:.2f}"] if rate else ["none", "none"])
                row += [f"{median(s.beside_mb_per_second for s in found[name]):.1f}"]
            rows.append(row)
        self.table(head, rows)
        self.lines += ["One worker; wrk asks for the hot file on 8 connections while curl has the text compressed. Both are on one core, "
                       "where curl only runs when wrk does not (SCHED_IDLE); MB/s counts compressed bytes that curl got.", ""]

    def add_idle(self, results, kind="keep-alive"):
        rows = []
        for name, found in results.items():
            few, many, count = found["one"], found["all"], found["count"]
            rows.append([f"{name}, {found['open']:,} open"] + [f"{many[key] / 1024:.1f}" for key in ("pss", "private", "anonymous", "rss")]
                        + [f"{(many['pss'] - few['pss']) / (count - 1):.2f}"])
        self.table([f"**idle {kind} connections, MiB**", "PSS", "private", "anonymous", "RSS", "KiB each (PSS)"], rows)
        self.lines += ["Sums over all processes of the server; the kernel's memory for sockets is the same for both and not in it.", ""]
