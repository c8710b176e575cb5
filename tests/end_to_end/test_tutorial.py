"""Promises about the bastion tutorial: its page, from an empty account to a shell."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.end_to_end.conftest import CLOUDFLARED, HOME, JDOE, ROOT, Team, assembled
from tests.support.forking import Forks
from tests.support.process import Ended
from tests.support.running_connector import PLACE, asked, run_by_files
from tests.support.unshared import Machine
from ztctl.sandbox.edge.values import Visit
from ztctl.sandbox.messages import Request, Response
from ztctl.sandbox.service import Sandbox

PAGE = (ROOT / "docs" / "guides" / "bastion-tutorial.md").read_text(encoding="utf-8")
HOST = "bastion.example.com"


def blocks(language: str) -> list[str]:
    """The blocks of the page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


CONFIG, FILE = blocks("yaml")
CONSOLE = "".join(blocks("console"))
COMMANDS = re.findall(r"^\$ ztctl (.*)$", CONSOLE, re.MULTILINE)
TOLD = {"tunnel import": 2, "ssh users": 2}
IMPORTED = CONSOLE.partition("config.yml\n")[2].partition("$ ")[0]


@dataclass
class Walk:
    """Somebody who types what the page says.

    Attributes:
        team: the account, which is empty at first.
        said: how each command of the page ended that was typed.
        met: what somebody without a login met at the name after each write of the apply, at worst:
            as if a connector ran that serves everything.
    """

    team: Team
    said: dict[str, Ended] = field(default_factory=dict)
    met: list[str] = field(default_factory=list)
    shell: Ended | None = None
    connector: Machine | None = None

    def type(self, start: str, *more: object) -> Ended:
        """The next command of the page that begins so, with more behind it."""
        command = next(it for it in COMMANDS if it.startswith(start) and it not in self.said)
        done = self.said[command] = self.team.tried(*shlex.split(command), *more)
        return done

    def apply(self) -> None:
        """Type plan and apply; somebody asks for the name after each write."""
        plain, edge = Sandbox.handle, self.team.sandbox.edge

        def handle(sandbox: Sandbox, request: Request) -> Response:
            response = plain(sandbox, request)
            if request.method != "GET":
                self.met.append(edge.visit(Visit(HOST)).outcome)
            return response

        self.type("plan")
        edge.assume_connectors = True
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Sandbox, "handle", handle)
            self.type("apply", "--auto-approve", "--settle", "0")
        edge.assume_connectors = False

    def connect(self) -> None:
        """The files of the connector on their machine, from where it runs."""
        (self.team.folder / "connector").mkdir(mode=0o700)
        self.type("tunnel files ssh-pool -o")
        self.connector = machine = self.team.machine()
        machine.path("/etc/cloudflared").mkdir(exist_ok=True)
        for file in (self.team.folder / "connector").iterdir():
            shutil.copy2(file, machine.path("/etc/cloudflared"))
        run_by_files(machine, self.team.sandbox)
        (self.team.folder / "running.yml").write_text(machine.path(PLACE).read_text())

    def log_in(self) -> None:
        """A server behind the bastion, a laptop before it, and a login."""
        team, server = self.team, self.team.server()
        (team.folder / "emails").write_text(f"{JDOE.email}\n")
        (team.folder / "passwd").write_text(server.machine.run("getent", "passwd").out)
        self.type("ssh users")
        self.type("ssh server render")
        installed = server.install(team.folder / "bundle.tar")
        assert installed.code == 0, installed.said
        server.start()
        keys = server.machine.run("sh", "/home/bundle/install.sh", "host-keys").out
        (team.folder / "host-keys").write_text(re.sub(r"(?m)^\S+", "db1", keys))
        laptop = team.laptop({"10.0.0.12:22": server.port})
        home = team.folder / "home"
        home.mkdir()
        self.type("ssh client render")
        self.type("ssh client install", "--home", home, "--cloudflared", laptop.cloudflared)
        shutil.copytree(home / ".ssh", laptop.machine.path(f"{HOME}/.ssh"))
        self.shell = laptop.ssh("db1", "id", "-un")


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory, forks: Forks) -> Iterator[Walk]:
    """Somebody who has typed all of the page, from an account with nothing in it."""
    with assembled(tmp_path_factory.mktemp("team"), forks) as team:
        one = Walk(team)
        (team.folder / "config.yml").write_text(CONFIG)
        (team.folder / "ztctl.yaml").write_text(FILE)
        one.type("tunnel import")
        one.apply()
        one.type("ssh guide")
        one.connect()
        one.type("tunnel files ssh-pool --check")
        one.type("who")
        one.type("tunnel status")
        one.log_in()
        one.type("plan --exit-code")
        one.type("drift")
        yield one


def test_the_tutorial_ends_in_a_shell(walk: Walk) -> None:
    """Through the bastion, by a tunnel that a rendered config.yml and credentials run."""
    assert walk.shell is not None
    assert (walk.shell.code, walk.shell.out) == (0, "jdoe\n"), walk.shell.said


def test_each_command_of_the_page_ends_well(walk: Walk) -> None:
    """With 0, or 2 where something is told: two keys left out, an account that is missing."""
    ends = {command: code for command in COMMANDS if (code := walk.said[command].code)}

    assert {" ".join(it.split()[:2]): code for it, code in ends.items()} == TOLD
    assert walk.said["tunnel import config.yml"].out == IMPORTED


def test_the_name_answers_nobody_without_a_login(walk: Walk) -> None:
    """After no write of the apply: until the record is there it leads nowhere, then to Access."""
    assert list(dict.fromkeys(walk.met)) == ["no_record", "login"]


def test_the_copy_of_the_running_file_says_who_enters(walk: Walk) -> None:
    """The group, its country, the rule, and that the connector checks: known by a copy."""
    told = next(it.out for command, it in walk.said.items() if command.startswith("who "))

    assert told.startswith(f"{HOST} is closed: only those below may enter.")
    for part in ("told by running.yml", "Okta group infra", "in PT or US", "→ bastion"):
        assert part in told
    assert "asks for the Access token, too" in told


def test_nothing_is_left_to_do(walk: Walk) -> None:
    """The next plan is empty."""
    assert walk.said["plan --exit-code"].out.startswith("No changes.")


@pytest.mark.skipif(not CLOUDFLARED, reason="ZTCTL_TEST_CLOUDFLARED names no cloudflared")
def test_a_real_cloudflared_takes_the_file(walk: Walk) -> None:
    """It knows each of its keys, and its first rule is the one that answers."""
    assert walk.connector is not None

    told = asked(str(CLOUDFLARED), walk.connector, f"https://{HOST}")

    assert "OK" in told
    assert "Matched rule #0" in told
    assert "unused keys" not in told
