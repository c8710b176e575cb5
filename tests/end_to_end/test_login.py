"""Promises about the whole way: from one file and one command to a shell, with the real OpenSSH."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.conftest import EXAMPLES, HOST, JDOE, Team, assembled
from tests.support.forking import Forks
from ztctl.sandbox.front.identity import Login

ASMITH = Login("asmith@example.com", ("infra",))
# A login of the sandbox has no second factor.
BASTION = (EXAMPLES / "bastion" / "ztctl.yaml").read_text().replace("- auth_method: mfa", "")
WILDCARD = """\
version: 1
stack: many
policies:
  ops: {decision: allow, include: [{email: jdoe@example.com}]}
tunnels:
  edge: {}
hosts:
  '*.example.com': {tunnel: edge, service: 'ssh://10.0.0.5:22', policies: [ops]}
"""


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory: pytest.TempPathFactory, forks: Forks) -> Iterator[Team]:
    """A team whose account holds the quickstart, and nobody there yet."""
    with assembled(tmp_path_factory.mktemp("team"), forks) as found:
        found.apply()
        yield found


def test_from_the_quickstart_to_a_shell(quickstart: Team) -> None:
    """Apply, render, install; jdoe logs in by a certificate, runs a command, copies a file."""
    team, server = quickstart, quickstart.server()
    team.installed(server, HOST)
    laptop = team.laptop({"localhost:22": server.port})
    team.configure(laptop, server, "--user", "jdoe")

    done = laptop.ssh(HOST, "id", "-un")

    assert (done.code, done.out) == (0, "jdoe\n"), done.said + server.log
    sent = laptop.run("scp", "-q", "/etc/hostname", f"{HOST}:copied")
    assert (sent.code, server.machine.path("/home/jdoe/copied").exists()) == (0, True), sent.said


def test_the_hardened_profile_lets_certificates_in(quickstart: Team) -> None:
    """Every restriction of it, and a login by certificate all the same."""
    team, server = quickstart, quickstart.server()
    team.installed(server, HOST, "--profile", "hardened")
    laptop = team.laptop({"localhost:22": server.port})
    team.configure(laptop, server, "--user", "jdoe")

    done = laptop.ssh(HOST, "id", "-un")

    assert (done.code, done.out) == (0, "jdoe\n"), done.said + server.log


@pytest.mark.parametrize("login", [JDOE, ASMITH], ids=lambda it: it.email)
def test_mapped_people_share_an_account(login: Login, quickstart: Team) -> None:
    """Both log in as deploy, and the server's log says who of them it was."""
    team, server = quickstart, quickstart.server()
    server.machine.run("useradd", "-m", "deploy")
    people = (JDOE.email, ASMITH.email)
    team.installed(server, HOST, people=people, map_=("--map", f"deploy={','.join(people)}"))
    laptop = team.laptop({"localhost:22": server.port}, login)
    team.configure(laptop, server, "--user", "deploy")

    done = laptop.ssh(HOST, "id", "-un")

    assert (done.code, done.out) == (0, "deploy\n"), done.said + server.log
    assert server.logged(f"ID {login.email}")


def test_an_alias_account_is_the_other_account(quickstart: Team) -> None:
    """Another name of an account that exists: the same uid, gid, home and groups."""
    team, server = quickstart, quickstart.server()
    server.machine.run("useradd", "-m", "-G", "www-data,adm", "john")
    team.installed(server, HOST, map_=("--alias", "jdoe=john"))
    laptop = team.laptop({"localhost:22": server.port})
    team.configure(laptop, server, "--user", "jdoe")

    done = laptop.ssh(HOST, "id -u; id -g; id -G; pwd")

    theirs = server.machine.run("sh", "-c", "id -u john; id -g john; id -G john; echo ~john")
    assert sorted(done.out.split()) == sorted(theirs.out.split()), done.said + server.log


def test_through_a_bastion(team: Team) -> None:
    """The client says which machine behind it; each has its own host key, and trusts one CA."""
    team.apply(BASTION)
    server = team.server()
    team.installed(server)
    laptop = team.laptop({"10.0.0.12:22": server.port})
    behind = ("bastion.example.com", "--via", "db1=10.0.0.12:22")
    team.configure(laptop, server, *behind, "--user", "jdoe", renamed="db1")

    done = laptop.ssh("db1", "id", "-un")

    assert (done.code, done.out) == (0, "jdoe\n"), done.said + server.log


def test_any_name_of_a_pattern(team: Team) -> None:
    """One entry of the file, one block, for each name below it."""
    team.apply(WILDCARD)
    server = team.server()
    team.installed(server)
    laptop = team.laptop({"10.0.0.5:22": server.port})
    team.configure(laptop, server, "--user", "jdoe", renamed="web.example.com")

    done = laptop.ssh("web.example.com", "id", "-un")

    assert (done.code, done.out) == (0, "jdoe\n"), done.said + server.log
