"""Large tables and the hashes nginx keeps them in: geo files of 100,000 lines, names longer than a bucket."""
import ipaddress
import random

from harness.config_texts import config_cases, each, http
from harness.run import run_case
from harness.site import Site, get

LINES = 100_000
ASKED = 300


def networks() -> list[tuple[str, str]]:
    """Networks of every length as a country list has them: nested, next to each other, a few of IPv6."""
    chance = random.Random(7)
    found = {}
    while len(found) < LINES:
        if chance.random() < 0.2:
            bits = chance.randint(20, 64)
            address = ipaddress.ip_network((chance.getrandbits(128), bits), strict=False)
        else:
            address = ipaddress.ip_network((chance.getrandbits(32), chance.choice((8, 12, 16, 20, 22, 24, 24, 28, 32))), strict=False)
        found[str(address)] = f"c{chance.randrange(240)}"
    return list(found.items())


def ranges() -> list[tuple[str, str]]:
    """Disjoint ranges in rising order, with gaps, some over the 65536 addresses at which nginx cuts."""
    chance = random.Random(8)
    starts = sorted(chance.sample(range(1 << 24, 200 << 24), LINES))
    rows = []
    for first, following in zip(starts, starts[1:] + [210 << 24]):
        last = first if chance.random() < 0.1 else chance.randrange(first, following)
        rows.append((f"{ipaddress.ip_address(first)}-{ipaddress.ip_address(last)}", f"r{chance.randrange(240)}"))
    return rows


NETWORKS, RANGES = networks(), ranges()
lines = lambda rows: "".join(f"{what} {value};\n" for what, value in rows).encode()


def addresses() -> list[str]:
    """Some anywhere, some at the edges of what the files name, and just beside."""
    chance = random.Random(9)
    asked = ["0.0.0.0", "255.255.255.255", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::ffff:1.2.3.4", "no-address"]
    for name, _ in chance.sample(NETWORKS, ASKED):
        network = ipaddress.ip_network(name)
        asked += [str(network[0]), str(network[-1])]
        if int(network[0]) > 0:
            asked.append(str(network[0] - 1))
    for name, _ in chance.sample(RANGES, ASKED):
        first, last = map(ipaddress.ip_address, name.split("-"))
        asked += [str(first), str(last), str(first - 1), str(last + 1)]
    return asked + [str(ipaddress.ip_address(chance.getrandbits(32))) for _ in range(ASKED)]


ADDRESSES = addresses()
GEO = """
    keepalive_requests 100000;
    geo $arg_a $network { default none; include nets.conf; }
    geo $arg_a $range { ranges; default none; include ranges.conf; }
"""
SITES = [
    Site("geo of 100,000 lines", files={"nets.conf": lines(NETWORKS), "ranges.conf": lines(RANGES)}, http=GEO,
         server='location / { return 200 "$network $range\\n"; }', cases=[
             (f"addresses from {at}", [get(f"/?a={a}") for a in ADDRESSES[at:at + 100]]) for at in range(0, len(ADDRESSES), 100)]),
    Site("geo beside a .bin of the same name",
         # What nginx keeps in FILE.bin for its next start answers as the lines do; one that is no such file is not used.
         files={"r.conf": b"10.0.0.0-10.0.0.9 a;\n10.0.0.10-10.2.0.0 b;\n", "r.conf.bin": b"GEORNG no base of nginx's"},
         http="geo $arg_a $range { ranges; default none; include r.conf; }", server="return 200 $range;",
         cases=[(a, get(f"/?a={a}")) for a in ("10.0.0.0", "10.0.0.9", "10.0.0.10", "10.1.255.255", "10.2.0.0", "10.2.0.1")]),
]


def test_answers(site, case, pairs, judge, not_served_yet):
    run_case(site, case, pairs, judge, not_served_yet)


def one_wrong(rows, line: str) -> bytes:
    return lines(rows[:60_000]) + line.encode() + b"\n" + lines(rows[60_000:])


WRONG = {
    "nets-short.conf": one_wrong(NETWORKS, "10.0.0.0/8;"), "nets-bad.conf": one_wrong(NETWORKS, "10.0.0.0/40 x;"),
    "nets-twice.conf": one_wrong(NETWORKS, f"{NETWORKS[0][0]} again;"), "ranges-bad.conf": one_wrong(RANGES, "10.0.0.9-10.0.0.0 x;"),
    "ranges-over.conf": one_wrong(RANGES, f"{RANGES[3][0].split('-')[0]}-{RANGES[4][0].split('-')[1]} x;"),
    "nets.conf": lines(NETWORKS), "ranges.conf": lines(RANGES),
}


@config_cases([(f"geo {name}", http(f"geo $g {{ {'ranges; ' if name.startswith('ranges') else ''}include {name}; }}"))
               for name in WRONG], prefix="large tables: ")
def test_verdict(case_id, text, config_tester, check_config):
    for name, content in WRONG.items():
        path = config_tester.prefix / name
        if not path.exists():
            path.write_bytes(content)
    check_config(case_id, text)


LONG = "k" * 100
MANY = " ".join(f"name{i}.example.com" for i in range(300))


@config_cases([
    *each(http, "types { text/a " + LONG + "; } server { listen 127.0.0.1:@P0@; }", "map $uri $a { " + LONG + " 1; }",
          f"map $uri $a {{ hostnames; *.{LONG}.com 1; }}", f"server {{ listen 127.0.0.1:@P0@; set ${LONG} 1; }}",
          f"server {{ listen 127.0.0.1:@P0@; location / {{ valid_referers {LONG}.com; }} }}",
          f"server {{ listen 127.0.0.1:@P0@; server_name {LONG}.com; }} server {{ listen 127.0.0.1:@P0@; server_name b; }}"),
    ("many names", http(f"server {{ listen 127.0.0.1:@P0@; server_name {MANY}; }}")),
    ("many keys", http("map_hash_max_size 8; map $uri $a { " + " ".join(f"key{i} {i};" for i in range(300)) + " }")),
    ("many types", http("types_hash_max_size 8; types { text/a " + " ".join(f"x{i}" for i in range(300)) + "; } "
                        "server { listen 127.0.0.1:@P0@; }")),
    ("many variables", http("variables_hash_max_size 8; server { listen 127.0.0.1:@P0@; }")),
    ("many keys fit", http("map_hash_max_size 4096; map $uri $a { " + " ".join(f"key{i} {i};" for i in range(300)) + " }")),
], prefix="hash sizes: ")
def test_hash_sizes(case_id, text, check_config):
    check_config(case_id, text)
