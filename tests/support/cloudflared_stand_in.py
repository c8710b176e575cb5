"""The two commands of cloudflared that `ssh` runs, for tests on machines that have none.

`access ssh-gen --hostname H` and `access ssh --hostname H [--destination HOST:PORT]`, with the
variables that the sandbox prints (HTTPS_PROXY, SSL_CERT_FILE, HOME): the same requests as
cloudflared 2026.8.2 sends, the same files. A real one is taken where there is any.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from select import select
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tests.support.front_client import BINARY, Client, said


def client() -> Client:
    """Whoever has the variables."""
    proxy = urlsplit(os.environ["HTTPS_PROXY"])
    address = (proxy.hostname or "", proxy.port or 0)
    return Client(address, Path(os.environ["SSL_CERT_FILE"]), Path(os.environ["HOME"]))


def token_of(one: Client, host: str) -> str:
    """A token for the application, by the organisation's; ends the process where there is none."""
    got = one.application_token(f"https://{host}")
    if "CF_Authorization" not in got.cookies():
        sys.exit("failed to run transfer service: Failed to fetch resource")
    return got.cookie("CF_Authorization")


def ssh_gen(host: str) -> None:
    """Write key and certificate; the key once, the certificate anew."""
    one = client()
    folder = one.home / ".cloudflared"
    private = folder / f"{host}-cf_key"
    public = private.with_name(f"{private.name}.pub")
    if not public.exists():
        _make_key(private, public)
    token = token_of(one, host)
    issuer = said(token)["iss"]
    fields = {"public_key": public.read_text(), "jwt": token, "issuer": issuer}
    got = one.sign(urlsplit(issuer).hostname or "", **fields)
    if got.status != 200:
        sys.exit(f"0: {got.body.decode(errors='replace')}")
    _written(private.with_name(f"{private.name}-cert.pub"), f"{got.json['certificate']}\n")


def _make_key(private: Path, public: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    _written(private, pem.decode())
    _written(public, f"{line.decode()}\n")


def _written(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)


def ssh(host: str, destination: str | None) -> None:
    """Carry standard input and output through a websocket to the host."""
    one = client()
    headers = {"Cf-Access-Token": token_of(one, host)}
    if destination:
        headers["Cf-Access-Jump-Destination"] = destination
    with one.websocket(host, headers) as (got, socket):
        if got.status != 101:
            sys.exit("websocket: bad handshake")
        # A login may be silent for longer than an answer may take.
        socket.stream.settimeout(None)

        # One thread for both ways: what TLS holds may not be read and written at once.
        ends: list[Any] = [0, socket.stream]
        while True:
            ready, _, _ = select(ends, (), (), 0 if socket.stream.pending() else None)
            if 0 in ready:
                data = os.read(0, 65536)
                socket.send(data) if data else ends.remove(0)
            if socket.stream in ready or socket.stream.pending():
                opcode, payload = socket.read()
                if opcode not in (BINARY, 0):
                    return
                os.write(1, payload)


def main() -> None:
    """Run one of the two commands."""
    parser = ArgumentParser()
    parser.add_argument("command", nargs=2)
    parser.add_argument("--hostname", required=True)
    parser.add_argument("--destination")
    asked = parser.parse_args()
    if asked.command == ["access", "ssh-gen"]:
        ssh_gen(asked.hostname)
    elif asked.command == ["access", "ssh"]:
        ssh(asked.hostname, asked.destination)
    else:
        parser.error("access ssh-gen, or access ssh")


if __name__ == "__main__":
    main()
