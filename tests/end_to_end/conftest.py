"""A team: an account, a server with OpenSSH's sshd, a laptop with its ssh, and nothing of it real.

Server and laptop are machines of their own (`tests/support/unshared.py`) that share the loopback;
the sandbox stands for Cloudflare, its API and its edge. cloudflared is the real one where
ZTCTL_TEST_CLOUDFLARED names it or PATH has it, and a stand-in else.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support import sshd, unshared
from tests.support.forking import Forks
from tests.support.process import TOKEN, Ended, environment
from tests.support.unshared import Machine, machine
from ztctl.sandbox.front.identity import Login
from ztctl.sandbox.front.origins import mapping
from ztctl.sandbox.front.serve import Options, fronted
from ztctl.sandbox.front.signing import TODAY, Certificates
from ztctl.sandbox.server import served
from ztctl.sandbox.service import Sandbox

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
QUICKSTART = EXAMPLES / "quickstart" / "ztctl.yaml"
CLOUDFLARED = os.environ.get("ZTCTL_TEST_CLOUDFLARED") or sshd.program("cloudflared")
STAND_IN = ROOT / "tests" / "support" / "cloudflared_stand_in.py"
HOST = "ssh.example.com"
JDOE = Login("jdoe@example.com", ("infra",))
HOME = "/home/laptop"


@pytest.fixture(scope="session", autouse=True)
def _possible() -> None:
    """Such machines can be made here; where everything is tested they must be."""
    reason = sshd.missing() or unshared.missing()
    if reason and os.environ.get("CI"):
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)


@dataclass(frozen=True, slots=True)
class Server:
    """A machine with sshd on a port of the loopback.

    Attributes:
        machine: where it runs.
        port: where it listens, once it is started.
    """

    machine: Machine
    port: int

    def unpack(self, bundle: Path) -> str:
        """Unpack a bundle; the path of its script there."""
        folder = f"/home/{bundle.stem}"
        self.machine.path(folder).mkdir(exist_ok=True)
        shutil.unpack_archive(bundle, self.machine.path(folder), filter="data")
        return f"{folder}/install.sh"

    def install(self, bundle: Path, *words: str) -> Ended:
        """Unpack a bundle, and run its script."""
        return self.machine.run("sh", self.unpack(bundle), *words)

    def updated(self, bundle: Path) -> None:
        """Install a newer bundle on a server that runs; sshd reads the CA file at each login."""
        done = self.install(bundle)
        assert done.code == 0, done.said

    def check(self, bundle: Path, *words: str) -> Ended:
        """Run the checks of a bundle that is unpacked there."""
        return self.machine.run("sh", f"/home/{bundle.stem}/install.sh", "check", *words)

    def start(self) -> None:
        """Start sshd; it listens when this returns."""
        done = self.machine.run("/usr/sbin/sshd", "-E", "/var/log/sshd.log")
        assert done.code == 0, done.said

    @property
    def log(self) -> str:
        """All that sshd has told."""
        return self.machine.path("/var/log/sshd.log").read_text(errors="replace")

    def logged(self, text: str) -> str:
        """The first line of the log that holds a text, once it is there."""

        def look() -> str | None:
            return next((line for line in self.log.splitlines() if text in line), None)

        return sshd.waited(look, f"{text!r} in the log of sshd")


@dataclass(frozen=True, slots=True)
class Laptop:
    """A machine with ssh, whose only user is root, at home in a folder that is empty at first."""

    machine: Machine
    variables: dict[str, str]

    @property
    def cloudflared(self) -> str:
        """Where cloudflared is."""
        return f"{HOME}/bin/cloudflared"

    def run(self, *command: str) -> Ended:
        """Run a command as the user of the laptop."""
        return self.machine.run(*command, environment=self.variables)

    def ssh(self, host: str, *command: str) -> Ended:
        """Log in, and run a command there."""
        quiet = ("-o", "BatchMode=yes", "-o", "IdentityAgent=none")
        return self.run("ssh", *quiet, host, *command)


@dataclass
class Team:
    """Everything together.

    Attributes:
        folder: of whoever runs ztctl.
        sandbox: the account.
    """

    folder: Path
    sandbox: Sandbox
    url: str
    forks: Forks
    stack: ExitStack
    count: int = field(default=0)

    def ztctl(self, *arguments: object) -> Ended:
        """Run ztctl on the account; it ends well."""
        done = self.tried(*arguments)
        assert done.code == 0, done.said
        return done

    def tried(self, *arguments: object) -> Ended:
        """Run ztctl on the account."""
        env = environment(
            self.folder,
            {
                "CLOUDFLARE_BASE_URL": self.url,
                "CLOUDFLARE_ACCOUNT_ID": self.sandbox.account_id,
                "CLOUDFLARE_API_TOKEN": TOKEN,
            },
        )
        return self.forks.run([*map(str, arguments)], folder=self.folder, env=env)

    def apply(self, text: str | None = None) -> None:
        """Write the file, the quickstart unless another is given, and apply it; connectors run."""
        text = QUICKSTART.read_text() if text is None else text
        (self.folder / "ztctl.yaml").write_text(text)
        self.ztctl("apply", "--auto-approve", "--settle", "0")
        with self.sandbox.session() as state:
            tunnels = [row["id"] for row in state.store.all("tunnel")]
        for tunnel in tunnels:
            self.sandbox.connect(tunnel)

    def bundle(self, *words: str, name: str = "bundle.tar") -> Path:
        """Render what a server gets."""
        self.ztctl("ssh", "server", "render", *words, "-o", name)
        return self.folder / name

    def configure(self, laptop: Laptop, server: Server, *words: str, renamed: str = "") -> None:
        """Install the blocks on a laptop, with the host keys that a server's script has printed.

        Of a wildcard, or behind a bastion, they are renamed, as the bundle tells.
        """
        printed = server.machine.run("sh", "/home/bundle/install.sh", "host-keys").out
        if renamed:
            printed = re.sub(r"(?m)^\S+", renamed, printed)
        (self.folder / "host-keys").write_text(printed)
        home = self.folder / f"home-{self.count}"
        home.mkdir()
        where = ("--home", home, "--cloudflared", laptop.cloudflared)
        self.ztctl("ssh", "client", "install", *words, *where, "--host-keys", "host-keys")
        shutil.copytree(home / ".ssh", laptop.machine.path(f"{HOME}/.ssh"))

    def users(self, server: Server, *emails: str, words: Sequence[str] = ()) -> Path:
        """The users file for these people on a server, as `ztctl ssh users` writes it."""
        (self.folder / "emails").write_text("".join(f"{it}\n" for it in emails))
        accounts = {"passwd": "passwd", "groups": "group"}
        for file, base in accounts.items():
            (self.folder / file).write_text(server.machine.run("getent", base).out)
        seen = ("--emails", "emails", "--passwd", "passwd", "--group-file", "groups")
        self.tried("ssh", "users", *seen, *words, "-o", "users")
        return self.folder / "users"

    def installed(
        self,
        server: Server,
        *words: str,
        people: Sequence[str] = (JDOE.email,),
        map_: Sequence[str] = (),
    ) -> Ended:
        """Render for a server, with accounts for these people, install it there, start sshd."""
        users = self.users(server, *people, words=map_)
        done = server.install(self.bundle(*words, "--users", str(users)))
        assert done.code == 0, done.said
        server.start()
        return done

    def machine(self) -> Machine:
        """A machine of its own."""
        self.count += 1
        folder = self.folder / f"machine-{self.count}"
        folder.mkdir()
        return self.stack.enter_context(machine(folder))

    def server(self) -> Server:
        """A server as Debian leaves it, sshd not started yet, on a port of its own."""
        new, port = self.machine(), sshd._free_port()
        config = new.path("/etc/ssh/sshd_config")
        places = f"Port {port}\nListenAddress 127.0.0.1\n"
        config.write_text(f"{config.read_text()}\n{places}")
        assert new.run("ssh-keygen", "-A").code == 0
        return Server(new, port)

    def laptop(
        self,
        origins: dict[str, int],
        login: Login | None = JDOE,
        certificates: Certificates = TODAY,
    ) -> Laptop:
        """A laptop of somebody who is logged in, before an edge that has these origins."""
        new, folder = self.machine(), self.folder / f"edge-{self.count}"
        mappings = tuple(mapping(f"{at}=127.0.0.1:{port}") for at, port in origins.items())
        options = Options(login, mappings, certificates)
        found = dict(self.stack.enter_context(fronted(self.sandbox, folder, options)))
        new.path(HOME).mkdir()
        shutil.copytree(Path(found["HOME"]) / ".cloudflared", new.path(f"{HOME}/.cloudflared"))
        shutil.copy(found["SSL_CERT_FILE"], new.path(f"{HOME}/ca.pem"))
        # ssh asks the accounts where home is, cloudflared asks HOME.
        accounts = new.path("/etc/passwd")
        rest = accounts.read_text().split("\n", 1)[1]
        accounts.write_text(f"root:x:0:0:root:{HOME}:/bin/bash\n{rest}")
        one = Laptop(
            new,
            {
                "HTTPS_PROXY": found["HTTPS_PROXY"],
                "SSL_CERT_FILE": f"{HOME}/ca.pem",
                "HOME": HOME,
            },
        )
        new.write(one.cloudflared, _program(), 0o755)
        return one


def _program() -> str:
    if CLOUDFLARED:
        return f'#!/bin/sh\nexec {shlex.quote(str(CLOUDFLARED))} "$@"\n'
    python, root, script = map(shlex.quote, (sys.executable, str(ROOT), str(STAND_IN)))
    return f'#!/bin/sh\nPYTHONPATH={root} exec {python} {script} "$@"\n'


@pytest.fixture(scope="session")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """What commands are forked from."""
    forks = Forks(environment(tmp_path_factory.mktemp("home")))
    yield forks
    forks.end()


@contextmanager
def assembled(folder: Path, forks: Forks) -> Iterator[Team]:
    """An account with nothing in it, and nobody there yet, until the block ends."""
    with ExitStack() as stack:
        sandbox = Sandbox.create()
        yield Team(folder, sandbox, stack.enter_context(served(sandbox)), forks, stack)


@pytest.fixture
def team(tmp_path: Path, forks: Forks) -> Iterator[Team]:
    """A team for one test."""
    with assembled(tmp_path, forks) as found:
        yield found
