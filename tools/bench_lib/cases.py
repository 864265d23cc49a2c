"""What tools/bench measures: size classes, ways to connect, the contenders and their configurations."""

import dataclasses

SIZES = {"0": 0, "1k": 1024, "16k": 16 << 10, "100k": 100 << 10, "1m": 1 << 20, "10m": 10 << 20}
CONNECTIONS = [1, 64, 512]
MODES = ["keepalive", "new"]
PARTS = ["load", "idle", "slow"]

# Contender -> (binary, configuration). The first one is what the others are compared with.
CONTENDERS = {
    "nginx-stock": ("nginx", "stock"),
    "nginx-tuned": ("nginx", "tuned"),
    "uringx-stock": ("uringx", "stock"),
    "uringx-tuned": ("uringx", "tuned"),
}

# One text for both binaries: stock is what Debian's nginx.conf says, tuned is what a benchmark-minded person would write.
COMMON = """worker_processes 1;
pid {folder}/server.pid;
error_log {folder}/error.log warn;
events {{ worker_connections {worker_connections}; }}
http {{
    sendfile on;
    tcp_nopush on;
    types_hash_max_size 2048;
    types {{ text/html html; application/octet-stream bin; }}
    default_type application/octet-stream;
{settings}
    server {{
        listen 127.0.0.1:{port}{listen_flags};
        server_name localhost;
        root {root};
        location / {{ try_files $uri $uri/ =404; }}
    }}
}}
"""
SETTINGS = {
    "stock": "    access_log {folder}/access.log;\n    gzip on;\n",
    "tuned": ("    access_log off;\n    open_file_cache max=1000 inactive=60s;\n    open_file_cache_valid 30s;\n"
              "    keepalive_requests 1000000;\n"),
}
LISTEN_FLAGS = {"stock": "", "tuned": " reuseport"}


@dataclasses.dataclass
class Plan:
    sizes: dict
    connections: list
    modes: list
    contenders: dict
    parts: list
    rounds: int
    seconds: int
    idle_connections: int


def choose(text, known, what):
    """The subset of `known` (a list or a dict) that a comma-separated option names, in the order of `known`."""
    if not text:
        return known
    names = text.split(",")
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit(f"tools/bench: no {what} called {', '.join(unknown)}; there are {', '.join(map(str, known))}")
    return {n: known[n] for n in known if n in names} if isinstance(known, dict) else [n for n in known if n in names]


def plan(arguments):
    """The options of the command line as a Plan; an option given by hand wins over --quick."""
    quick = arguments.quick
    connections = arguments.connections or ("64" if quick else None)
    return Plan(
        sizes=choose(arguments.sizes or ("1k,1m" if quick else None), SIZES, "size class"),
        connections=[int(c) for c in connections.split(",")] if connections else CONNECTIONS,
        modes=choose(arguments.modes, MODES, "mode"),
        contenders=choose(arguments.contenders, CONTENDERS, "contender"),
        parts=choose(arguments.parts, PARTS, "part"),
        rounds=arguments.rounds or (3 if quick else 5),
        seconds=arguments.seconds or (1 if quick else 2),
        idle_connections=arguments.idle_connections,
    )


def config_text(config, folder, port, root, worker_connections):
    settings = SETTINGS[config].format(folder=folder)
    return COMMON.format(folder=folder, port=port, root=root, worker_connections=worker_connections, settings=settings,
                         listen_flags=LISTEN_FLAGS[config])
