"""The other web servers that tools/bench can run beside nginx and uringx: what their configurations say, and how they are started.

Each gets the same files and certificates, one core and no access log, as "tuned" has it. The floor is no server: it answers
everything with a constant (tools/floor).
"""

import shutil

from bench_lib import cases


def h2o(folder, ports, root, certificates, tls_protocol):
    hosts = ""
    for listener, port in ports.items():
        secure = ""
        if "ssl" in cases.LISTENERS[listener]:
            secure = (f"\n      ssl: {{certificate-file: {certificates}/{listener}.crt, key-file: {certificates}/{listener}.key, "
                      f"minimum-version: {tls_protocol}}}")
        hosts += (f"  '{listener}:{port}':\n    listen:\n      host: 127.0.0.1\n      port: {port}{secure}\n"
                  f"    paths:\n      /: {{file.dir: {root}}}\n")
    return (f"pid-file: {folder}/server.pid\nerror-log: {folder}/error.log\nnum-threads: 1\nmax-connections: 20000\n"
            f"http1-request-timeout: 60\nhosts:\n{hosts}")


def lighttpd(folder, ports, root, certificates, tls_protocol):
    text = (f'server.modules = ("mod_openssl")\nserver.document-root = "{root}"\nserver.pid-file = "{folder}/server.pid"\n'
            f'server.errorlog = "{folder}/error.log"\nserver.bind = "127.0.0.1"\nserver.port = {ports["plain"]}\n'
            'server.max-keep-alive-requests = 1000000\nserver.max-fds = 40000\nserver.max-connections = 20000\n'
            'server.feature-flags = ("server.h2proto" => "enable", "server.h2c" => "enable")\n'
            'mimetype.assign = (".html" => "text/html", "" => "application/octet-stream")\n')
    for listener, port in ports.items():
        if listener == "plain":
            continue
        secure = ""
        if "ssl" in cases.LISTENERS[listener]:
            secure = (f'ssl.engine = "enable"\n  ssl.pemfile = "{certificates}/{listener}.crt"\n'
                      f'  ssl.privkey = "{certificates}/{listener}.key"\n'
                      f'  ssl.openssl.ssl-conf-cmd = ("MinProtocol" => "{tls_protocol}")')
        text += f'$SERVER["socket"] == "127.0.0.1:{port}" {{\n  {secure}\n}}\n'
    return text


def caddy(_, ports, root, certificates, tls_protocol):
    version = tls_protocol.lower().replace("v", "")  # tls1.3
    text = "{\n  admin off\n  auto_https off\n  servers {\n    protocols h1 h2 h2c\n  }\n}\n"
    for listener, port in ports.items():
        secure, scheme = "", "http"
        if "ssl" in cases.LISTENERS[listener]:
            scheme = "https"
            secure = f"  tls {certificates}/{listener}.crt {certificates}/{listener}.key {{\n    protocols {version}\n  }}\n"
        text += f"{scheme}://:{port} {{\n  bind 127.0.0.1\n  root * {root}\n  file_server\n{secure}}}\n"
    return text


def floor(*_):
    return ""


# Name -> (binary, the configuration's text, the words that start it in the foreground with that configuration in {config}).
PEERS = {
    "h2o": ("h2o", h2o, ["-c", "{config}"]),
    "lighttpd": ("lighttpd", lighttpd, ["-D", "-f", "{config}"]),
    "caddy": ("caddy", caddy, ["run", "--adapter", "caddyfile", "--config", "{config}", "--pidfile", "{folder}/server.pid"]),
    "floor": ("floor", floor, ["{port}", str(cases.SIZES["1k"]), "{folder}/server.pid"]),
}
FLOOR = "floor"


def binary_of(name, build):
    """Where the program is; the floor's in the folder of the build. Ends the program where it is missing."""
    binary = PEERS[name][0]
    found = shutil.which(binary, path=f"/usr/sbin:/usr/bin:{build}/tools/floor")
    if not found:
        raise SystemExit(f"tools/bench: no {binary}; tools/setup peers installs the servers to compare with")
    return found


def configuration(name, folder, ports, root, certificates, tls_protocol):
    """(text of the configuration, words that start it)."""
    _, text, words = PEERS[name]
    return text(folder, ports, root, certificates, tls_protocol), words


def listeners_of(contender):
    """What limits requests is nginx's own, and the floor speaks HTTP/1.1 only."""
    if contender == FLOOR:
        return ["plain"]
    return [listener for listener in cases.LISTENERS if contender not in PEERS or listener != "limited"]


def knows(contender, mode):
    """Whether its configuration has what the mode asks for."""
    return mode.listener in listeners_of(contender) and (contender not in PEERS or contender in mode.peers)


def plays(contender, case):
    """Whether it takes part: the floor has one answer, and never closes a connection."""
    if contender == FLOOR:
        return case.size == "1k" and case.mode in ("keepalive", "pipelined")
    return knows(contender, cases.MODES[case.mode])
