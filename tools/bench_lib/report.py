"""The Markdown that tools/bench prints: what was run, the load table, latency, the memory tables, the slow disk."""

import statistics

from bench_lib import cases

SIZE_NAMES = {"0": "0 bytes", "1k": "1 KiB", "16k": "16 KiB", "100k": "100 KiB", "1m": "1 MiB", "10m": "10 MiB"}


def median(values):
    return statistics.median(values)


class Page:
    def __init__(self, command, machine, plan):
        self.plan = plan
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

    def add_load(self, results):
        """CPU per request, then requests a second; the ratio is to the same configuration's nginx, round by round."""
        names, pairs = list(self.plan.contenders), self.pairs()
        for title, field, form in (("server CPU, us per request", "cpu_us", "{:.1f}"),
                                   ("requests per second", "requests_per_second", "{:,.0f}")):
            head = [f"**{title}**"] + [n.replace("-", " ") for n in names] + [f"uringx/nginx {a.split('-')[1]}" for a, _ in pairs]
            rows = []
            for case, samples in results.items():
                values = {n: [getattr(s, field) for s in samples.get(n, ())] for n in names}
                row = [f"{SIZE_NAMES[case.size]}, {cases.MODES[case.mode].title}, {case.connections}"]
                row += [form.format(median(values[n])) if values[n] else "" for n in names]
                row += [f"{median(a / b if b else 0 for a, b in zip(values[ours], values[theirs])):.2f}" for ours, theirs in pairs]
                rows.append(row)
            self.table(head, rows)
        self.lines += ["CPU is user and system time of all processes of the server, io_uring's kernel workers included (they are "
                       "threads of the process).", ""]
        if any(cases.LISTENERS[cases.MODES[case.mode].listener] for case in results):
            self.lines += [f"HTTPS, h2 and handshakes: {self.plan.tls_protocol}; a handshake is a new connection with one request.", ""]
        failed = sum(s.errors for samples in results.values() for rows in samples.values() for s in rows)
        if failed:
            self.lines += [f"wrk and h2load counted {failed} failed requests.", ""]

    def add_latency(self, results):
        names, pairs = list(self.plan.contenders), self.pairs()
        head = ["**1 KiB, one at a time, p50, us**"] + [n.replace("-", " ") for n in names]
        head += [f"uringx/nginx {ours.split('-')[1]}" for ours, _ in pairs]
        rows = []
        if not results:
            return
        for protocol, values in results.items():
            ratios = [median(a / b for a, b in zip(values[ours], values[theirs])) for ours, theirs in pairs]
            rows.append([protocol] + [f"{median(values[n]):,.0f}" if n in values else "" for n in names] + [f"{ratio:.3g}" for ratio in ratios])
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
        self.lines += ["One worker; wrk asks for the hot file on 8 connections while curl has the text compressed. Both are on one core, where "
                       "curl only runs when wrk does not (SCHED_IDLE); MB/s counts compressed bytes that curl got.", ""]

    def add_idle(self, results, kind="keep-alive"):
        rows = []
        for name, found in results.items():
            few, many, count = found["one"], found["all"], found["count"]
            rows.append([f"{name}, {found['open']:,} open"] + [f"{many[key] / 1024:.1f}" for key in ("pss", "private", "anonymous", "rss")]
                        + [f"{(many['pss'] - few['pss']) / (count - 1):.2f}"])
        self.table([f"**idle {kind} connections, MiB**", "PSS", "private", "anonymous", "RSS", "KiB each (PSS)"], rows)
        self.lines += ["Sums over all processes of the server; the kernel's memory for sockets is the same for both and not in it.", ""]

    def add_slow(self, results):
        if results is None:
            self.lines += ["The slow disk was not measured: it needs root and /dev/fuse.", ""]
            return
        # Without a single finished answer there is no latency to speak of.
        rows = [[name.replace("-", " ")] + [f"{found[key]:,.0f}" if found[key] else "none" for key in
                ("quiet_rps", "quiet_p99_us", "busy_rps", "busy_p99_us")] for name, found in results.items()]
        self.table(["**a hot file beside a slow disk**", "alone, requests/s", "p99, us", "beside it, requests/s", "p99, us"], rows)
        self.lines += ["One worker; 8 connections ask for hot 1 KiB files while 8 others ask for files on a file system that takes "
                       "20 ms for each lookup, open and read.", ""]
