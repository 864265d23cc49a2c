"""Certificates, keys and what else the directives of ssl name, made with openssl when a test asks for them.

`make` fills a folder; it knows nothing of servers.
"""
from __future__ import annotations

import subprocess
from pathlib import Path

# What is left of a certificate's chain when a tool cut it off.
BROKEN = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


def openssl(folder: Path, *arguments: str):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)


def make(folder: Path) -> Path:
    """ec.pem, rsa.pem (signed by themselves), leaf.pem (of the authority ca.pem, with a responder's address),
    their keys *.key, chains, encrypted keys, ticket keys, DH parameters, a revocation list and an OCSP answer."""
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "done").exists():
        return folder
    curve = ("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
    for name, kind in (("ec", curve), ("ca", curve), ("other", curve), ("rsa", ("rsa:2048",)), ("weak", ("rsa:512",))):
        openssl(folder, "req", "-x509", "-newkey", *kind, "-nodes", "-days", "2", "-subj", f"/C=XX/O=Test {name}/CN={name}",
                "-keyout", f"{name}.key", "-out", f"{name}.pem")
    sign(folder, "leaf", "authorityInfoAccess=OCSP;URI:http://127.0.0.1:9/ocsp\n")
    sign(folder, "plain", "")
    sign(folder, "secure", "authorityInfoAccess=OCSP;URI:https://127.0.0.1:9/ocsp\n")
    for name, extra in (("pkcs8", ()), ("pkcs1", ("-traditional",))):
        openssl(folder, "rsa", "-in", "rsa.key", "-aes128", *extra, "-passout", "pass:secret", "-out", f"{name}.key")
    openssl(folder, "dhparam", "-dsaparam", "-out", "dh.pem", "2048")
    openssl(folder, "dhparam", "-dsaparam", "-out", "small-dh.pem", "512")
    serial = subprocess.run(["openssl", "x509", "-in", "leaf.pem", "-noout", "-serial"], cwd=folder, check=True,
                            capture_output=True, text=True).stdout.strip().partition("=")[2]
    (folder / "index.txt").write_text(f"V\t491231235959Z\t\t{serial}\tunknown\t/CN=leaf\n")
    (folder / "ca.cnf").write_text("[ca]\ndefault_ca=x\n[x]\ndatabase=index.txt\ndefault_md=sha256\ndefault_crl_days=2\n")
    openssl(folder, "ca", "-config", "ca.cnf", "-gencrl", "-keyfile", "ca.key", "-cert", "ca.pem", "-out", "crl.pem")
    openssl(folder, "ocsp", "-issuer", "ca.pem", "-cert", "leaf.pem", "-reqout", "request.der", "-no_nonce")
    openssl(folder, "ocsp", "-index", "index.txt", "-rsigner", "ca.pem", "-rkey", "ca.key", "-CA", "ca.pem", "-reqin",
            "request.der", "-respout", "answer.der", "-ndays", "2")
    leaf, ca = (folder / "leaf.pem").read_bytes(), (folder / "ca.pem").read_bytes()
    for name, content in {
        "chain.pem": leaf + ca,
        "broken-chain.pem": leaf + BROKEN,
        "both.pem": leaf + (folder / "leaf.key").read_bytes(),
        "junk.pem": b"no certificate\n",
        "empty.pem": b"",
        "passwords": b"wrong\nsecret\n",
        "passwords-crlf": b"wrong\r\n\r\nsecret\r\n",
        "passwords-end": b"wrong\nsecret",
        "wrong-passwords": b"wrong\n",
        "long-password": b"x" * 5000,
        "ticket48": bytes(range(48)),
        "ticket80": bytes(range(100, 180)),
        "ticket40": bytes(40),
    }.items():
        (folder / name).write_bytes(content)
    for file in folder.iterdir():
        file.chmod(0o644)  # those whose names hold variables are read by workers, who are nobody
    (folder / "done").write_text("")
    return folder


def sign(folder: Path, name: str, extensions: str):
    """NAME.pem, signed by ca.pem."""
    openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
            f"/C=XX/O=Test/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
    (folder / f"{name}.ext").write_text(extensions)
    openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-out", f"{name}.pem", "-extfile", f"{name}.ext")
