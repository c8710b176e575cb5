"""An unmodified cloudflared, with the variables that the sandbox prints and nothing else.

No package registry carries it: it is looked for on PATH and in ZTCTL_TEST_CLOUDFLARED.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import sshd
from tests.support.front_client import Client
from ztctl.sandbox.front.identity import Login
from ztctl.sandbox.front.signing import Certificates

from ..api import EVERYONE
from .conftest import HOST, TEAM, Estate, Serve

FOUND = os.environ.get("ZTCTL_TEST_CLOUDFLARED") or sshd.program("cloudflared")
LOCAL = Login(f"{sshd.user()}@example.com")

URL = f"https://{HOST}"

pytestmark = [
    pytest.mark.skipif(
        not FOUND, reason="cloudflared is neither on PATH nor named by ZTCTL_TEST_CLOUDFLARED"
    ),
    pytest.mark.usefixtures("openssh"),
]


@dataclass(frozen=True, slots=True)
class Terminal:
    """What somebody would type."""

    client: Client
    folder: Path

    @property
    def env(self) -> dict[str, str]:
        """The variables to export, and a PATH."""
        return {
            "PATH": os.environ["PATH"],
            "HTTPS_PROXY": f"http://{self.client.proxy[0]}:{self.client.proxy[1]}",
            "SSL_CERT_FILE": str(self.client.authority),
            "HOME": str(self.client.home),
        }

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a program."""
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env=self.env,
            stdin=subprocess.DEVNULL,
            timeout=sshd.PATIENCE,
        )

    def generate(self) -> subprocess.CompletedProcess[str]:
        """Ask for a certificate."""
        return self.run(str(FOUND), "access", "ssh-gen", "--hostname", HOST)

    def ssh(self, command: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Run a command on the host by the configuration that the client needs."""
        config = self.folder / "ssh_config"
        config.write_text(self._config(*options))
        return self.run(sshd.program("ssh") or "", "-F", str(config), HOST, command)

    def file(self, name: str) -> Path:
        """One of the files that cloudflared keeps."""
        return self.client.home / ".cloudflared" / name

    def _config(self, *options: str) -> str:
        """The split form; absolute paths, because ssh does not ask HOME where home is."""
        program = shlex.quote(str(FOUND))
        proxied = shlex.join([str(FOUND), "access", "ssh", "--hostname", "%h", *options])
        return (
            f'Match host {HOST} exec "{program} access ssh-gen --hostname {HOST}"\n'
            f"  IdentityFile {self.file(f'{HOST}-cf_key')}\n"
            f"  CertificateFile {self.file(f'{HOST}-cf_key-cert.pub')}\n"
            "  IdentitiesOnly yes\n"
            f"Host {HOST}\n"
            f"  ProxyCommand {proxied}\n"
            f"  User {sshd.user()}\n"
            "  IdentityAgent none\n"
            "  StrictHostKeyChecking no\n"
            f"  UserKnownHostsFile {self.folder}/known_hosts\n"
            "  LogLevel ERROR\n"
            "  BatchMode yes\n"
        )


@pytest.fixture
def server(estate: Estate, tmp_path: Path) -> Iterator[sshd.Server]:
    """A real sshd that trusts the application's authority."""
    policy = estate.api.policy("everyone", include=EVERYONE)
    estate.protect(policies=[policy["id"]])
    with sshd.running(tmp_path / "sshd", estate.authority()) as running:
        yield running


@pytest.fixture
def published(estate: Estate, server: sshd.Server) -> sshd.Server:
    """The same, behind the tunnel of the host."""
    estate.publish(f"ssh://localhost:{server.port}")
    return server


@pytest.mark.usefixtures("published")
def test_ssh_gen_gets_a_certificate(serve: Serve, tmp_path: Path) -> None:
    """`access ssh-gen` says nothing, ends with 0 and leaves key and certificate."""
    terminal = Terminal(serve(LOCAL), tmp_path)

    done = terminal.generate()

    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
    shown = sshd.keygen("-L", "-f", terminal.file(f"{HOST}-cf_key-cert.pub"))
    assert f'Key ID: "{LOCAL.email}"' in shown
    assert terminal.file(f"{TEAM}-jwks").exists()


def test_ssh_runs_a_command(published: sshd.Server, serve: Serve, tmp_path: Path) -> None:
    """`ssh` with cloudflared as its ProxyCommand runs a remote command, and carries its bytes."""
    terminal = Terminal(serve(LOCAL), tmp_path)

    done = terminal.ssh("id -un; head -c 300000 /dev/zero | wc -c")

    assert (done.stdout.split(), done.returncode) == ([sshd.user(), "300000"], 0), done.stderr
    assert published.logged(f'Accepted certificate ID "{LOCAL.email}"')


def test_a_second_run_uses_what_the_first_left(
    published: sshd.Server, serve: Serve, tmp_path: Path
) -> None:
    """The cached application token and key serve again, with a new certificate."""
    terminal = Terminal(serve(LOCAL), tmp_path)
    assert terminal.generate().returncode == 0
    first = terminal.file(f"{HOST}-cf_key-cert.pub").read_text()
    terminal.file(f"{TEAM}-org-token").unlink()

    done = terminal.ssh("id -un")

    assert (done.stdout, done.returncode) == (f"{sshd.user()}\n", 0), done.stderr
    assert terminal.file(f"{HOST}-cf_key-cert.pub").read_text() != first


def test_a_bastion_needs_its_destination(
    estate: Estate, server: sshd.Server, serve: Serve, tmp_path: Path
) -> None:
    """Through a bastion ssh arrives with --destination, and fails without it."""
    estate.publish("bastion")
    terminal = Terminal(serve(LOCAL), tmp_path)

    arrived = terminal.ssh("id -un", "--destination", f"127.0.0.1:{server.port}")
    lost = terminal.ssh("id -un")

    assert (arrived.stdout, arrived.returncode) == (f"{sshd.user()}\n", 0), arrived.stderr
    assert (lost.stdout, lost.returncode) == ("", 255)


@pytest.mark.parametrize(
    ("form", "log"),
    [
        (Certificates(principals=lambda email: ("other",)), "name is not a listed principal"),
        (Certificates(principals=lambda email: ()), "Certificate lacks principal list"),
    ],
    ids=["another principal", "no principals"],
)
def test_a_wrong_certificate_is_refused(
    published: sshd.Server, serve: Serve, tmp_path: Path, form: Certificates, log: str
) -> None:
    """A certificate that does not fit reaches the server, which refuses it."""
    terminal = Terminal(serve(LOCAL, certificates=form), tmp_path)

    done = terminal.ssh("id -un")

    assert (done.stdout, done.returncode) == ("", 255)
    assert "Permission denied (publickey)" in done.stderr
    assert published.logged(log)


def test_without_authority_it_says_so(estate: Estate, serve: Serve, tmp_path: Path) -> None:
    """An application without CA shows the sentence that users of the service report."""
    estate.protect(ca=False, policies=[estate.api.policy("everyone", include=EVERYONE)["id"]])
    estate.publish("ssh://127.0.0.1:22")

    done = Terminal(serve(LOCAL), tmp_path).generate()

    assert done.returncode != 0
    assert "0: Bad Request. Please create a ca for application." in done.stderr


def test_a_stale_token_shows_its_symptom(estate: Estate, serve: Serve, tmp_path: Path) -> None:
    """A token that the service no longer takes ends in the known "invalid character" error."""
    estate.protect(policies=[estate.api.policy("everyone", include=EVERYONE)["id"]])
    estate.publish("ssh://127.0.0.1:22")
    terminal = Terminal(serve(LOCAL), tmp_path)
    assert terminal.generate().returncode == 0
    token = terminal.file(f"{HOST}-{estate.apps[HOST]['aud']}-token")
    token.write_text(token.read_text()[:-6] + "AAAAAA")

    done = terminal.generate()

    assert done.returncode != 0
    assert "invalid character 'u' looking for beginning of value" in done.stderr


def test_an_unprotected_host_has_no_application(
    estate: Estate, serve: Serve, tmp_path: Path
) -> None:
    """Where no application is, cloudflared finds none."""
    estate.publish("ssh://127.0.0.1:22")

    done = Terminal(serve(LOCAL), tmp_path).generate()

    assert done.returncode != 0
    assert f"failed to find Access application at {URL}" in done.stderr


def test_somebody_else_gets_no_certificate(estate: Estate, serve: Serve, tmp_path: Path) -> None:
    """Whom the policies do not let in is sent to a browser, which the sandbox says it is not."""
    estate.protect()
    estate.publish("ssh://127.0.0.1:22")

    done = Terminal(serve(Login("eve@example.com")), tmp_path).generate()

    assert done.returncode != 0
    assert "error on request 501" in done.stderr
    assert "--as EMAIL" in done.stderr
