"""What tools/bench measures: size classes, ways to connect, the contenders and their configurations."""

import dataclasses
import email.utils
import subprocess

from bench_lib import files, wrk

SIZES = {"0": 0, "1k": 1024, "10k": 10 << 10, "100k": 100 << 10, "1m": 1 << 20, "100m": 100 << 20}
# When the files were last modified.
MODIFIED = 1_704_067_200
CONNECTIONS = [1, 64, 512]
PARTS = ["load", "latency", "codings", "fairness", "idle", "idle-tls", "cold", "reload", "scaling", "ring", "instructions"]
H2_STREAMS = 32


@dataclasses.dataclass(frozen=True)
class Request:
    """What a mode asks for that is measured with this request only, whatever the sizes are, and what has to be answered."""

    size: str  # of SIZES, what the file has; "" where the answer is the server's own text
    path: str
    status: int = 200
    headers: tuple = ()
    part: tuple = (0, None)  # of the file, as slice() takes it
    body_path: str = ""  # the file with the bytes that come, where it is not the one that is asked for
    script: str = ""  # for wrk.run
    folder: str = ""  # of files.FOLDERS, which has to be there


@dataclasses.dataclass(frozen=True)
class Mode:
    """A way to ask: which client (wrk, h2load) connects to which of LISTENERS, and whether each request has its own connection."""

    title: str
    client: str
    listener: str
    new_connections: bool = False
    # What a handshake costs does not depend on the file: such a mode is measured with the smallest size only.
    smallest_only: bool = False
    request: Request | None = None  # otherwise a file of each size
    peers: tuple = ("h2o", "lighttpd", "caddy")  # servers without nginx.conf (peers.py) that take part, where the listener is theirs


MODES = {
    "keepalive": Mode("keep-alive", "wrk", "plain"),
    "limited": Mode("keep-alive, limit_req", "wrk", "limited", smallest_only=True),
    "pushed": Mode("keep-alive, tcp_nopush off", "wrk", "pushed", peers=()),
    "new": Mode("new connection", "wrk", "plain", new_connections=True),
    "https": Mode("HTTPS/1.1 keep-alive", "wrk", "ecdsa"),
    "h2c": Mode(f"h2c, {H2_STREAMS} streams", "h2load", "h2c"),
    "h2": Mode(f"h2 over TLS, {H2_STREAMS} streams", "h2load", "ecdsa"),
    "pipelined": Mode(f"keep-alive, {wrk.PIPELINED_REQUESTS} requests a write", "wrk", "plain",
                      request=Request("1k", "/1k.bin", script=wrk.PIPELINED)),
    # lighttpd keeps each file that it was asked for open, until it may open no more and answers with 403.
    "many": Mode(f"keep-alive, {files.MANY_COUNT:,} files at random", "wrk", "plain", peers=("h2o", "caddy"), request=Request(
        "1k", files.many_path(0), script=wrk.uniform(files.MANY_PATH_LUA, files.MANY_COUNT), folder="many")),
    "gzip-static": Mode("gzip_static", "wrk", "plain", peers=(), request=Request(
        "10k", "/packed/small.html", headers=(("Accept-Encoding", "gzip"),), body_path="/packed/small.html.gz", folder="packed")),
    "range": Mode("range of 200 bytes (206)", "wrk", "plain", request=Request(
        "100k", "/100k.bin", 206, (("Range", "bytes=100-299"),), (100, 300))),
    "not-modified": Mode("not modified (304)", "wrk", "plain", request=Request(
        "1k", "/1k.bin", 304, (("If-Modified-Since", email.utils.formatdate(MODIFIED, usegmt=True)),))),
    "missing": Mode("no such file (404)", "wrk", "plain", request=Request("", "/missing.bin", 404)),
    "redirect": Mode("folder without its slash (301)", "wrk", "plain", peers=(), request=Request("", "/folder", 301, folder="folder")),
    "handshake-rsa": Mode("full TLS handshake, RSA 2048", "wrk", "rsa", new_connections=True, smallest_only=True),
    "handshake-ecdsa": Mode("full TLS handshake, ECDSA P-256", "wrk", "ecdsa", new_connections=True, smallest_only=True),
}
# One stream at a time on one connection: protocol -> (listener, whether HTTP/2 is spoken).
LATENCY = {
    "HTTP/1.1": ("plain", False),
    "h2c": ("h2c", True),
    "HTTPS/1.1": ("ecdsa", False),
    "h2 over TLS": ("ecdsa", True),
}

# Contender -> (binary, configuration). Of a configuration that both have, uringx is compared with nginx.
CONTENDERS = {
    "nginx-stock": ("nginx", "stock"),
    "nginx-tuned": ("nginx", "tuned"),
    "nginx-aio": ("nginx", "aio"),
    "uringx-stock": ("uringx", "stock"),
    "uringx-tuned": ("uringx", "tuned"),
    "nginx-logged": ("nginx", "logged"),
    "uringx-logged": ("uringx", "logged"),
    # With configurations of their own (peers.py), for what a server does under load.
    "h2o": ("h2o", None),
    "lighttpd": ("lighttpd", None),
    "caddy": ("caddy", None),
    "floor": ("floor", None),
}
DEFAULT_CONTENDERS = "nginx-stock,nginx-tuned,uringx-stock,uringx-tuned"

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
{servers}}}
"""
SETTINGS = {
    "stock": "    access_log {folder}/access.log;\n    gzip on;\n",
    "tuned": ("    access_log off;\n    open_file_cache max=1000 inactive=60s;\n    open_file_cache_valid 30s;\n"
              "    keepalive_requests 1000000;\n"),
}
SETTINGS["aio"] = SETTINGS["tuned"] + "    aio threads;\n"
SETTINGS["logged"] = SETTINGS["tuned"].replace("access_log off", "access_log {folder}/access.log")
LISTEN_FLAGS = {"stock": "", "tuned": " reuseport", "aio": " reuseport", "logged": " reuseport"}
# A port for each: nginx 1.22 speaks nothing but HTTP/2 on a cleartext port with http2, and a port has one key, so that the client's
# preferences decide nothing.
LISTENERS = {"plain": "", "limited": "", "pushed": "", "h2c": " http2", "rsa": " ssl http2", "ecdsa": " ssl http2"}
SERVER = """    server {{
        listen 127.0.0.1:{port}{flags};
        server_name localhost;
        root {root};
{secure}        location / {{ try_files $uri $uri/ =404; }}
        location /packed/ {{ gzip_static on; }}
    }}
"""
# h2load does not come back after the GOAWAY that ends a connection at keepalive_requests.
MANY_REQUESTS = "        keepalive_requests 1000000;\n"
# Every request is counted, none is refused: what counting costs is what is measured.
LIMIT_ZONE = "    limit_req_zone $binary_remote_addr zone=clients:10m rate=1000000r/s;\n"
LISTENER_SETTINGS = {"limited": "        limit_req zone=clients burst=1000000 nodelay;\n", "pushed": "        tcp_nopush off;\n"}
CERTIFICATE = ("        ssl_certificate {folder}/{key}.crt;\n        ssl_certificate_key {folder}/{key}.key;\n"
               "        ssl_protocols {protocol};\n")
KEY_OPTIONS = {"rsa": ["rsa:2048"], "ecdsa": ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]}


@dataclasses.dataclass
class Plan:
    sizes: dict
    connections: list
    modes: dict
    contenders: dict
    parts: list
    rounds: int
    seconds: int
    idle_connections: int
    tls_protocol: str

    def own_contenders(self):
        """Those that read nginx.conf: for parts that measure more than requests."""
        return {name: contender for name, contender in self.contenders.items() if contender[1] is not None}


def choose(text, known, what):
    """The subset of `known` (a list or a dict) that a comma-separated option names, in the order of `known`."""
    if not text or text == "all":
        return known
    names = text.split(",")
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit(f"tools/bench: no {what} called {', '.join(unknown)}; there are {', '.join(map(str, known))}")
    return {n: known[n] for n in known if n in names} if isinstance(known, dict) else [n for n in known if n in names]


def plan(arguments):
    """The options of the command line as a Plan; an option given by hand wins over --quick."""
    quick = arguments.quick
    parts = ",".join([*filter(None, [arguments.parts]), *arguments.parts_named])
    connections = arguments.connections or ("64" if quick else None)
    return Plan(
        sizes=choose(arguments.sizes or ("1k,1m" if quick else None), SIZES, "size class"),
        connections=[int(c) for c in connections.split(",")] if connections else CONNECTIONS,
        modes=choose(arguments.modes or ("keepalive,new" if quick else None), MODES, "mode"),
        contenders=choose(arguments.contenders or DEFAULT_CONTENDERS, CONTENDERS, "contender"),
        parts=choose(parts or ("load,idle,cold" if quick else None), PARTS, "part"),
        rounds=arguments.rounds or (3 if quick else 5),
        seconds=arguments.seconds or (1 if quick else 2),
        idle_connections=arguments.idle_connections,
        tls_protocol=arguments.tls_protocol,
    )


def make_certificates(folder):
    """A self-signed certificate for each kind of key: the contenders share them."""
    folder.mkdir(parents=True)
    for key, options in KEY_OPTIONS.items():
        subprocess.run(["openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost", "-newkey", *options, "-keyout", folder / f"{key}.key", "-out",
                        folder / f"{key}.crt"], check=True, capture_output=True, timeout=60)


def config_text(config, folder, ports, root, worker_connections, certificates=None, tls_protocol=None):
    """The configuration with a server for each of `ports` (listener -> port)."""
    texts = []
    for listener, port in ports.items():
        secure = MANY_REQUESTS if "http2" in LISTENERS[listener] and config == "stock" else ""
        if "ssl" in LISTENERS[listener]:
            secure += CERTIFICATE.format(folder=certificates, key=listener, protocol=tls_protocol)
        secure += LISTENER_SETTINGS.get(listener, "")
        texts.append(SERVER.format(port=port, flags=LISTENERS[listener] + LISTEN_FLAGS[config], root=root, secure=secure))
    settings = SETTINGS[config].format(folder=folder) + (LIMIT_ZONE if "limited" in ports else "")
    return COMMON.format(folder=folder, worker_connections=worker_connections, settings=settings, servers="".join(texts))
