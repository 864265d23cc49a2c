"""`-t` on the directives of ssl: verdict and words on good and bad values, with the certificates and keys they name.

The texts of OpenSSL's errors are part of what is compared: both servers use the same library.
"""
import pytest

from harness import tls_files
from harness.config_texts import config_cases, each, http

CERTIFICATE = "ssl_certificate tls/ec.pem; ssl_certificate_key tls/ec.key;"
LEAF = "ssl_certificate tls/leaf.pem; ssl_certificate_key tls/leaf.key;"


@pytest.fixture(scope="module", autouse=True)
def certificates(config_tester):
    tls_files.make(config_tester.prefix / "tls")


def bare(text: str) -> str:
    """A server with TLS and nothing else."""
    return http(f"server {{ listen 127.0.0.1:@P0@ ssl;\n{text}\n}}")


def with_certificate(text: str) -> str:
    return bare(f"{CERTIFICATE}\n{text}")


def with_leaf(text: str) -> str:
    """With a certificate of an authority that the server trusts."""
    return bare(f"{LEAF} ssl_trusted_certificate tls/ca.pem;\n{text}")


def above(text: str) -> str:
    """In http{}, with a server that has a certificate of its own."""
    return http(f"{text}\nserver {{ listen 127.0.0.1:@P0@ ssl; {CERTIFICATE} }}")


def alone(text: str) -> str:
    """In http{}, with a server that has only what is inherited."""
    return http(f"{text}\nserver {{ listen 127.0.0.1:@P0@ ssl; }}")


def cleartext(text: str) -> str:
    """A server without TLS: its certificates are read all the same."""
    return http(f"server {{ listen 127.0.0.1:@P0@;\n{text}\n}}")


def pair(certificate: str, key: str) -> str:
    return f"ssl_certificate {certificate}; ssl_certificate_key {key};"


CERTIFICATES = [
    *each(bare, "", CERTIFICATE, "ssl_certificate tls/ec.pem;", "ssl_certificate_key tls/ec.key;",
        "ssl_certificate;", "ssl_certificate a b;", "ssl_certificate_key;",
        pair("nosuch.pem", "tls/ec.key"), pair("tls/junk.pem", "tls/ec.key"), pair("tls/empty.pem", "tls/ec.key"),
        pair("tls", "tls/ec.key"), pair('""', "tls/ec.key"), pair("tls/ec.key", "tls/ec.key"),
        pair("tls/ec.pem", "nosuch.key"), pair("tls/ec.pem", "tls/junk.pem"), pair("tls/ec.pem", "tls/ec.pem"),
        pair("tls/ec.pem", "tls"), pair("tls/ec.pem", '""'), pair("tls/ec.pem", "tls/rsa.key"),
        pair("tls/ec.pem", "tls/other.key"), pair("tls/rsa.pem", "tls/ec.key"), pair("tls/weak.pem", "tls/weak.key"),
        pair("tls/both.pem", "tls/both.pem"), pair("tls/chain.pem", "tls/leaf.key"),
        pair("tls/broken-chain.pem", "tls/leaf.key"), pair("tls/dh.pem", "tls/ec.key"),
        pair("@PREFIX@/tls/ec.pem", "@PREFIX@/tls/ec.key"),
        pair("data:x", "tls/ec.key"), pair("data:", "tls/ec.key"), pair("tls/ec.pem", "data:x"),
        pair("tls/ec.pem", "engine:nosuch:x"), pair("tls/ec.pem", "engine:nosuch"), pair("tls/ec.pem", "engine:"),
        pair("engine:nosuch:x", "tls/ec.key"),
        pair("tls/ec.pem", "tls/ec.key") + pair("tls/rsa.pem", "tls/rsa.key"),
        pair("tls/ec.pem", "tls/ec.key") + pair("tls/other.pem", "tls/other.key"),
        "ssl_certificate tls/ec.pem; ssl_certificate tls/rsa.pem; ssl_certificate_key tls/ec.key;",
        "ssl_certificate tls/ec.pem; ssl_certificate tls/rsa.pem; ssl_certificate_key tls/ec.key; "
        "ssl_certificate_key tls/rsa.key;",
        "ssl_certificate tls/ec.pem; ssl_certificate_key tls/ec.key; ssl_certificate_key tls/rsa.key;"),
    *each(bare, pair("$ssl_server_name.pem", "$ssl_server_name.key"), pair("$ssl_server_name.pem", "tls/ec.key"),
        pair("tls/ec.pem", "$ssl_server_name.key"), pair("tls/ec$.pem", "tls/ec.key"), pair("$nonsense.pem", "tls/ec.key"),
        pair("tls/ec.pem", "${ssl_server_name"), pair("data:$ssl_server_name", "data:$ssl_server_name"),
        pair("nosuch.pem", "$ssl_server_name.key")),
    *each(alone, "", CERTIFICATE, "ssl_certificate tls/ec.pem;", pair("nosuch.pem", "tls/ec.key"),
        "ssl_reject_handshake on;", pair("$ssl_server_name.pem", "$ssl_server_name.key")),
    *each(above, "", CERTIFICATE, "ssl_certificate nosuch.pem;", "ssl_certificate_key nosuch.key;",
        pair("nosuch.pem", "nosuch.key")),
    *each(cleartext, "", "ssl_certificate x;", "ssl_certificate_key x;", pair("nosuch.pem", "x"), CERTIFICATE,
        "ssl_reject_handshake on;", "ssl_ciphers NONSENSE;", CERTIFICATE + "ssl_ciphers NONSENSE;"),
    *each(http, CERTIFICATE, pair("nosuch.pem", "nosuch.key"), "ssl_certificate nosuch.pem;"),
]

PASSWORDS = [
    *each(bare, *(pair("tls/rsa.pem", f"tls/{key}.key") + f"ssl_password_file tls/{file};" for key in ("pkcs8", "pkcs1", "rsa")
        for file in ("passwords", "passwords-crlf", "passwords-end", "wrong-passwords", "empty.pem"))),
    *each(with_certificate, "ssl_password_file nosuch;", "ssl_password_file tls;", "ssl_password_file tls/long-password;",
        "ssl_password_file tls/passwords; ssl_password_file tls/passwords;", "ssl_password_file;", "ssl_password_file a b;"),
    *each(alone, pair("tls/rsa.pem", "tls/pkcs8.key") + "ssl_password_file tls/passwords;"),
]

SERVERS = [
    (f"servers: {text}", http(text)) for text in (
        f"server {{ listen 127.0.0.1:@P0@ ssl; {CERTIFICATE} }} server {{ listen 127.0.0.1:@P0@ ssl; server_name b; }}",
        f"server {{ listen 127.0.0.1:@P0@ ssl; server_name b; }} server {{ listen 127.0.0.1:@P0@ ssl; {CERTIFICATE} }}",
        f"server {{ listen 127.0.0.1:@P0@; server_name b; }} server {{ listen 127.0.0.1:@P0@ ssl; {CERTIFICATE} }}",
        f"server {{ listen 127.0.0.1:@P0@; {CERTIFICATE} }} server {{ listen 127.0.0.1:@P0@ ssl; server_name b; }}",
        f"server {{ listen 127.0.0.1:@P0@ ssl; }} server {{ listen 127.0.0.1:@P0@ ssl default_server; {CERTIFICATE} }}",
        f"server {{ listen 127.0.0.1:@P0@; }} server {{ listen 127.0.0.1:@P1@ ssl; {CERTIFICATE} }}",
        f"server {{ listen 127.0.0.1:@P0@; listen 127.0.0.1:@P1@ ssl; {CERTIFICATE} }}",
        "server { listen 127.0.0.1:@P0@; listen 127.0.0.1:@P1@ ssl; }",
        "server { listen 127.0.0.1:@P0@ ssl; ssl_reject_handshake on; } server { listen 127.0.0.1:@P0@ ssl; server_name b; }",
        "server { listen 127.0.0.1:@P0@ ssl; ssl_reject_handshake on; } server { listen 127.0.0.1:@P0@ ssl; server_name b; "
        + CERTIFICATE + " }",
        "server { listen 127.0.0.1:@P0@ ssl; ssl_reject_handshake on; } server { listen 127.0.0.1:@P0@ ssl; server_name b; "
        "ssl_reject_handshake on; }",
        f"server {{ listen *:@P0@ ssl; {CERTIFICATE} }} server {{ listen 127.0.0.1:@P0@; }}",
        f"server {{ listen *:@P0@; }} server {{ listen 127.0.0.1:@P0@ ssl; {CERTIFICATE} }}",
    )
]

LEGACY = [
    *each(with_certificate, "ssl on;", "ssl off;", "ssl x;", "ssl;", "ssl on; ssl on;"),
    *each(bare, "ssl on;", "ssl off;", "ssl on; ssl_certificate tls/ec.pem;", "ssl on; ssl_reject_handshake on;",
        "ssl on; ssl_certificate tls/ec.pem; ssl_certificate tls/rsa.pem; ssl_certificate_key tls/ec.key;"),
    *each(cleartext, "ssl on;", "ssl off;", "ssl on;" + CERTIFICATE),
    *each(above, "ssl on;", "ssl off;"),
    *each(alone, "ssl on;"),
]

NEGOTIATION = [
    *each(with_certificate, *(f"ssl_protocols {words};" for words in (
        "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3", "TLSv1.4", "", "SSLv2 SSLv3", "TLSv1.3 TLSv1.3", "TLSv1.2; ssl_protocols TLSv1.3",
        "TLSv1.2; ssl_protocols TLSv1.2", "tlsv1.2", "TLSv1.2 x", "all")),
        *(f"ssl_ciphers {words};" for words in (
        "HIGH:!aNULL:!MD5", "NONSENSE", '""', "ALL", "ALL:@SECLEVEL=0", "@SECLEVEL=9", "ECDHE-ECDSA-AES128-GCM-SHA256:NONSENSE",
        "TLS_AES_128_GCM_SHA256", "!ALL", "HIGH; ssl_ciphers HIGH", "a b")),
        *(f"ssl_ecdh_curve {words};" for words in (
        "auto", "prime256v1", "X25519:prime256v1:secp384r1", "secp521r1", "NONSENSE", "X25519:NONSENSE", '""', "X25519:", "AUTO",
        "auto; ssl_ecdh_curve auto")),
        *(f"ssl_dhparam {words};" for words in (
        "tls/dh.pem", "nosuch.pem", "tls/junk.pem", "tls/ec.pem", "tls/small-dh.pem", "tls", '""', "tls/dh.pem; ssl_dhparam x")),
        *(f"ssl_prefer_server_ciphers {word};" for word in ("on", "off", "x", "on; ssl_prefer_server_ciphers on")),
        *(f"ssl_conf_command {words};" for words in (
        "Options PrioritizeChaCha", "Options -SessionTicket", "Options NONSENSE", "Ciphersuites TLS_AES_128_GCM_SHA256",
        "Ciphersuites NONSENSE", "nonsense x", "Protocol TLSv1.2", "Protocol x", "MinProtocol TLSv1.3", "Curves P-256",
        "Certificate tls/rsa.pem", "Certificate nosuch.pem", "PrivateKey tls/rsa.key", "ServerInfoFile nosuch", "DHParameters tls/dh.pem",
        "Options", "a b c", "VerifyMode Request", "ClientCAFile tls/ca.pem",
        "Options PrioritizeChaCha; ssl_conf_command Options ServerPreference")),
        *(f"ssl_buffer_size {word};" for word in ("4k", "16k", "1", "0", "x", "1g", "4k; ssl_buffer_size 4k")),
        *(f"ssl_early_data {word};" for word in ("on", "off", "x", "on; ssl_early_data on")),
        *(f"ssl_reject_handshake {word};" for word in ("on", "off", "x", "on; ssl_reject_handshake on"))),
    *each(above, "ssl_ciphers NONSENSE;", "ssl_ecdh_curve NONSENSE;", "ssl_dhparam nosuch.pem;", "ssl_protocols TLSv1.3;",
        "ssl_conf_command nonsense x;", "ssl_protocols TLSv1.3 TLSv1.3;"),
]

CLIENTS = [
    *each(with_certificate, *(f"ssl_verify_client {word};" for word in (
        "off", "on", "optional", "optional_no_ca", "x", "ON", "off; ssl_verify_client off")),
        *(f"ssl_verify_client {word}; ssl_client_certificate tls/ca.pem;" for word in (
        "off", "on", "optional", "optional_no_ca")),
        *(f"ssl_verify_client on; ssl_client_certificate {file};" for file in (
        "tls/chain.pem", "nosuch.pem", "tls/junk.pem", "tls/empty.pem", "tls/ec.key", "tls/broken-chain.pem", "tls", '""',
        "tls/crl.pem", "tls/both.pem")),
        "ssl_client_certificate nosuch.pem;", "ssl_client_certificate tls/ca.pem; ssl_client_certificate tls/ca.pem;",
        "ssl_verify_client optional_no_ca; ssl_client_certificate nosuch.pem;",
        *(f"ssl_trusted_certificate {file};" for file in (
        "tls/ca.pem", "tls/chain.pem", "nosuch.pem", "tls/junk.pem", "tls/empty.pem", "tls", '""', "tls/crl.pem")),
        *(f"ssl_crl {file};" for file in (
        "tls/crl.pem", "nosuch.pem", "tls/junk.pem", "tls/empty.pem", "tls/ca.pem", "tls", '""', "tls/crl.pem; ssl_crl x")),
        *(f"ssl_verify_depth {word};" for word in ("0", "1", "100", "x", "-1", "2; ssl_verify_depth 2"))),
    *each(above, "ssl_verify_client on;", "ssl_verify_client on; ssl_client_certificate tls/ca.pem;",
        "ssl_client_certificate nosuch.pem;", "ssl_crl nosuch.pem;"),
    *each(with_certificate, "ssl_verify_client optional_no_ca; ssl_ocsp on;", "ssl_ocsp off;", "ssl_ocsp x;",
        "ssl_ocsp off; ssl_ocsp off;", "ssl_ocsp;", "ssl_ocsp_cache off;", "ssl_ocsp_cache shared:o:1m;",
        "ssl_ocsp_cache shared:o:1k;", "ssl_ocsp_cache shared:o;", "ssl_ocsp_cache shared::1m;", "ssl_ocsp_cache shared:o:x;",
        "ssl_ocsp_cache x;", "ssl_ocsp_cache off; ssl_ocsp_cache off;", "ssl_ocsp_responder http://127.0.0.1/;",
        "ssl_ocsp_responder a; ssl_ocsp_responder b;", "ssl_ocsp on;", "ssl_ocsp leaf;", "ssl_ocsp ON;", "ssl_ocsp on off;",
        "ssl_ocsp on; ssl_verify_client on; ssl_client_certificate tls/ca.pem;", "ssl_ocsp on; ssl_verify_client on;",
        "ssl_ocsp on; ssl_verify_client optional_no_ca; ssl_crl nosuch.pem;",
        "ssl_ocsp on; ssl_verify_client optional_no_ca; ssl_dhparam nosuch.pem;",
        "ssl_ocsp leaf; ssl_ocsp_cache shared:o:1m; ssl_session_cache shared:o:1m;",
        "ssl_session_cache shared:o:1m; ssl_ocsp leaf; ssl_ocsp_cache shared:o:2m;", "ssl_ocsp leaf; ssl_ocsp_cache shared:o:32k;",
        "ssl_ocsp leaf; ssl_ocsp_cache shared:o:31k;", "ssl_ocsp_cache;", "ssl_ocsp_cache a b;", "ssl_ocsp_responder;",
        *(f"ssl_ocsp on; ssl_ocsp_responder {url};" for url in (
        "http://127.0.0.1/", "http://127.0.0.1", "http://127.0.0.1:8080", "HTTP://127.0.0.1/a", "https://127.0.0.1/", "127.0.0.1",
        "http://", "http://127.0.0.1:0/", "http://127.0.0.1:65536/", "http://127.0.0.1:x/", "http://127.0.0.1:", "http://:80/",
        "http:///a", "http://[::1]/", "http://[::1]:80/a", "http://[::1", "http://nosuch.invalid/", "http://localhost/?a", '""')),
        "ssl_ocsp off; ssl_ocsp_responder http://;"),
    *each(above, "ssl_ocsp on;", "ssl_ocsp on; ssl_ocsp_responder x;", "ssl_ocsp on; ssl_verify_client optional_no_ca;",
        "ssl_ocsp leaf; ssl_ocsp_cache shared:o:1m;"),
    *each(bare, "ssl_reject_handshake on; ssl_ocsp on;", "ssl_ocsp on; ssl_verify_client optional_no_ca;"),
]

SESSIONS = [
    *each(with_certificate, *(f"ssl_session_cache {words};" for words in (
        "off", "none", "builtin", "builtin:1000", "builtin:0", "builtin:x", "builtin:", "builtin:-1", "shared:s:1m", "shared:s:32k",
        "shared:s:31k", "shared:s:1g", "shared:s:0", "shared:s:x", "shared:s:", "shared:s", "shared:", "shared::1m", "shared",
        "x", "off none", "builtin:1000 shared:s:1m", "shared:s:1m builtin:1000", "off shared:s:1m", "off off off", "",
        "shared:s:1m; ssl_session_cache shared:s:1m", "shared:s:1m; ssl_session_cache shared:s:2m",
        "shared:s:1m; ssl_session_cache shared:t:1m", "none; ssl_session_cache off", "OFF")),
        *(f"ssl_session_tickets {word};" for word in ("on", "off", "x", "on; ssl_session_tickets on")),
        *(f"ssl_session_ticket_key {words};" for words in (
        "tls/ticket48", "tls/ticket80", "tls/ticket40", "nosuch", "tls", '""', "a b",
        "tls/ticket48; ssl_session_ticket_key tls/ticket80", "tls/ticket48; ssl_session_ticket_key nosuch",
        "tls/ticket48; ssl_session_tickets off", "nosuch; ssl_session_tickets off",
        "tls/ticket80; ssl_session_cache shared:s:1m")),
        *(f"ssl_session_timeout {word};" for word in ("5m", "1d", "0", "x", "-1", "1ms", "5m; ssl_session_timeout 5m"))),
    *each(above, "ssl_session_cache shared:s:1m;", "ssl_session_cache x;", "ssl_session_ticket_key nosuch;",
        "ssl_session_tickets off;"),
    *[(f"zones: {name}", http(text)) for name, text in (
        ("of two servers", f"server {{ listen 127.0.0.1:@P0@ ssl; {CERTIFICATE} ssl_session_cache shared:s:1m; }} "
            f"server {{ listen 127.0.0.1:@P1@ ssl; {CERTIFICATE} ssl_session_cache shared:s:1m; }}"),
        ("of two sizes", f"server {{ listen 127.0.0.1:@P0@ ssl; {CERTIFICATE} ssl_session_cache shared:s:1m; }} "
            f"server {{ listen 127.0.0.1:@P1@ ssl; {CERTIFICATE} ssl_session_cache shared:s:2m; }}"),
        ("in http and in a server", f"ssl_session_cache shared:s:1m; server {{ listen 127.0.0.1:@P0@ ssl; {CERTIFICATE} "
            "ssl_session_cache shared:s:1m; }"),
        ("of two sizes in http and in a server", "ssl_session_cache shared:s:1m; server { listen 127.0.0.1:@P0@ ssl; "
            f"{CERTIFICATE} ssl_session_cache shared:s:4m; }}"),
        ("without a server that uses it", "ssl_session_cache shared:s:1m; server { listen 127.0.0.1:@P0@; }"),
    )],
]

STAPLING = [
    *each(with_certificate, "ssl_stapling on;", "ssl_stapling off;", "ssl_stapling x;", "ssl_stapling on; ssl_stapling on;",
        "ssl_stapling on; ssl_stapling_verify on;", "ssl_stapling_verify x;"),
    *each(with_leaf, "ssl_stapling on;", *(f"ssl_stapling on; ssl_stapling_file {file};" for file in (
        "tls/answer.der", "nosuch", "tls/junk.pem", "tls/empty.pem", "tls")), "ssl_stapling_file nosuch;",
        *(f"ssl_stapling on; ssl_stapling_responder {url};" for url in (
        "http://127.0.0.1/", "http://127.0.0.1:9", "http://127.0.0.1:9/a/b", "HTTP://127.0.0.1:9/", "https://127.0.0.1/", "http://",
        "127.0.0.1", "x", "http://nosuch.invalid/", "http://127.0.0.1:x/", "http://127.0.0.1:0/", "http://127.0.0.1:99999/",
        "http:///x", '""'))),
    *each(bare, LEAF + "ssl_stapling on;", pair("tls/chain.pem", "tls/leaf.key") + "ssl_stapling on;",
        pair("tls/plain.pem", "tls/plain.key") + "ssl_trusted_certificate tls/ca.pem; ssl_stapling on;",
        pair("tls/secure.pem", "tls/secure.key") + "ssl_trusted_certificate tls/ca.pem; ssl_stapling on;",
        pair("tls/ec.pem", "tls/ec.key") + pair("tls/rsa.pem", "tls/rsa.key") + "ssl_stapling on;",
        pair("tls/ec.pem", "tls/ec.key") + pair("tls/rsa.pem", "tls/rsa.key") + "ssl_stapling on; ssl_stapling_file tls/answer.der;",
        pair("$ssl_server_name.pem", "x") + "ssl_stapling on;", pair("$ssl_server_name.pem", "x") + "ssl_stapling on; "
        "ssl_stapling_file nosuch;", "ssl_reject_handshake on; ssl_stapling on;"),
]

PLACES = [
    *[(f"in a location: {directive}", http(f"server {{ listen 127.0.0.1:@P0@; location / {{ {directive} }} }}"))
      for directive in ("ssl on;", "ssl_certificate x;", "ssl_protocols TLSv1.3;", "ssl_session_cache off;",
                        "ssl_verify_client on;", "ssl_stapling on;", "ssl_conf_command a b;", "ssl_reject_handshake on;")],
    *[(f"in main: {directive}", f"{directive}\nevents {{ }}\n")
      for directive in ("ssl_certificate x;", "ssl_protocols TLSv1.3;", "ssl_engine nosuch;", "ssl_engine;",
                        "ssl_engine a b;", "ssl_engine dynamic; ssl_engine dynamic;")],
    *each(http, "ssl_engine nosuch;"),
]

GROUPS = {"certificates": CERTIFICATES, "passwords": PASSWORDS, "servers": SERVERS, "legacy": LEGACY,
    "negotiation": NEGOTIATION, "clients": CLIENTS, "sessions": SESSIONS, "stapling": STAPLING, "places": PLACES}


@config_cases([(f"ssl {group}: {name}", text) for group, rows in GROUPS.items() for name, text in rows])
def test_ssl_config(case_id, text, check_config):
    check_config(case_id, text)
