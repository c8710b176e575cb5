"""The certificate from the signing endpoint, shown to a real OpenSSH server.

The first five rows of the failure matrix; each also fails as the server's log says it does.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support import sshd
from tests.support.front_client import Client
from ztctl.sandbox.front.identity import Login
from ztctl.sandbox.front.signing import Certificates

from ..api import EVERYONE
from .conftest import HOST, TEAM, Estate, Serve

LOCAL = Login(f"{sshd.user()}@example.com")

pytestmark = pytest.mark.usefixtures("openssh")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a key, a folder and a server to log in to."""

    folder: Path
    server: sshd.Server

    @property
    def key(self) -> Path:
        """The private key; the public one and the certificate stand beside it."""
        return self.folder / "id"

    def certified(self, client: Client) -> None:
        """Ask the sandbox for a certificate of the key."""
        token = client.application_token(f"https://{HOST}").cookie("CF_Authorization")
        public = self.key.with_suffix(".pub").read_text()
        got = client.sign(TEAM, public_key=public, jwt=token, issuer=f"https://{TEAM}")
        assert got.status == 200
        self.key.with_name("id-cert.pub").write_text(f"{got.json['certificate']}\n")

    def log_in(self) -> subprocess.CompletedProcess[str]:
        """Run a command on the server."""
        options = {
            "CertificateFile": self.key.with_name("id-cert.pub"),
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": self.folder / "known_hosts",
            "LogLevel": "ERROR",
            "BatchMode": "yes",
        }
        command = [sshd.program("ssh") or "", "-F", "none", "-p", str(self.server.port)]
        command += ["-i", str(self.key)]
        for name, value in options.items():
            command += ["-o", f"{name}={value}"]
        command += [f"{sshd.user()}@127.0.0.1", "id -un"]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=sshd.PATIENCE
        )


@pytest.fixture
def person(estate: Estate, echoing: str, tmp_path: Path) -> Iterator[Person]:
    """Somebody before a server that trusts the application's authority."""
    policy = estate.api.policy("everyone", include=EVERYONE)
    estate.protect(policies=[policy["id"]])
    estate.publish(echoing)
    with sshd.running(tmp_path / "sshd", estate.authority()) as server:
        one = Person(tmp_path, server)
        sshd.keygen("-q", "-t", "ecdsa", "-b", "256", "-m", "PEM", "-N", "", "-f", one.key)
        yield one


def refused(person: Person) -> None:
    """The login fails as every failed login does for the client."""
    done = person.log_in()

    assert (done.returncode, done.stdout) == (255, "")
    assert done.stderr.endswith("Permission denied (publickey).\n")


def test_the_certificate_logs_in(person: Person, serve: Serve) -> None:
    """Whoever has the account's name as local part of the e-mail gets in, and the log says who."""
    person.certified(serve(LOCAL))

    done = person.log_in()

    assert (done.stdout, done.stderr, done.returncode) == (f"{sshd.user()}\n", "", 0)
    accepted = person.server.logged("Accepted certificate ID")
    assert f'Accepted certificate ID "{LOCAL.email}"' in accepted
    assert f"via {person.server.trusted}" in accepted
    line = person.server.logged("Accepted publickey for")
    fingerprint = sshd.keygen("-lf", person.server.trusted).split()[1]
    assert f"ID {LOCAL.email}" in line
    assert line.endswith(f"CA ECDSA {fingerprint}")


def test_ssh_keygen_reads_the_certificate(person: Person, serve: Serve) -> None:
    """OpenSSH shows what the certificate holds."""
    person.certified(serve(LOCAL))

    shown = sshd.keygen("-L", "-f", person.key.with_name("id-cert.pub"))

    lines = [line.strip() for line in shown.splitlines()]
    assert "Type: ecdsa-sha2-nistp256-cert-v01@openssh.com user certificate" in lines
    assert f'Key ID: "{LOCAL.email}"' in lines
    place = lines.index("Principals:")
    assert lines[place + 1 : place + 6] == [
        sshd.user(),
        "Critical Options: (none)",
        "Extensions:",
        "permit-port-forwarding",
        "permit-pty",
    ]


def test_a_principal_that_is_not_the_login_name(person: Person, serve: Serve) -> None:
    """Somebody else's certificate does not open this account."""
    person.certified(serve(Login("nobody-here@example.com")))

    refused(person)

    assert person.server.logged("Certificate invalid: name is not a listed principal")


def test_a_certificate_without_principals(person: Person, serve: Serve) -> None:
    """A certificate for all principals opens no account."""
    person.certified(serve(LOCAL, certificates=Certificates(principals=lambda email: ())))

    refused(person)

    assert person.server.logged("Certificate lacks principal list")


def test_an_expired_certificate(person: Person, serve: Serve) -> None:
    """A certificate of a quarter of an hour ago is too old."""
    form = Certificates(since=timedelta(minutes=-15), until=timedelta(minutes=-10))
    person.certified(serve(LOCAL, certificates=form))

    refused(person)

    assert person.server.logged("Certificate invalid: expired")


def test_a_certificate_from_the_future(person: Person, serve: Serve) -> None:
    """A certificate for later is too young."""
    form = Certificates(since=timedelta(minutes=10), until=timedelta(minutes=15))
    person.certified(serve(LOCAL, certificates=form))

    refused(person)

    assert person.server.logged("Certificate invalid: not yet valid")


def test_a_certificate_of_another_authority(
    person: Person, estate: Estate, serve: Serve, tmp_path: Path
) -> None:
    """After the authority was made anew the log names the new one, and no other reason."""
    path = f"{{A}}/access/apps/{estate.apps[HOST]['id']}/ca"
    estate.api.delete(path)
    estate.api.post(path)
    person.certified(serve(LOCAL))

    refused(person)

    new = tmp_path / "new.pub"
    new.write_text(estate.authority())
    fingerprint = sshd.keygen("-lf", new).split()[1]
    line = person.server.logged(f"Failed publickey for {sshd.user()} ")
    assert f"ID {LOCAL.email} " in line
    assert line.endswith(f"CA ECDSA {fingerprint}")
    assert "Certificate invalid" not in person.server.log.read_text()
