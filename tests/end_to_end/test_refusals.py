"""Promises about who does not get in, and that it is said why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.end_to_end.conftest import HOST, Laptop, Server, Team, assembled
from tests.support.forking import Forks
from ztctl.sandbox.front.identity import Login
from ztctl.sandbox.front.signing import Certificates

OTHER = "other.example.com"
TWO = f"""\
version: 1
stack: two
policies:
  ops: {{decision: allow, include: [{{email_domain: example.com}}]}}
tunnels:
  edge: {{}}
hosts:
  {HOST}: {{tunnel: edge, service: 'ssh://10.0.0.1:22', policies: [ops], public_key_file: ca.pub}}
  {OTHER}: {{tunnel: edge, service: 'ssh://10.0.0.2:22', policies: [ops]}}
"""
JDOE, MARY = Login("jdoe@example.com"), Login("mary@example.com")
EXPIRED = Certificates(since=timedelta(minutes=-15), until=timedelta(minutes=-10))


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory, forks: Forks) -> Iterator[Team]:
    """A team with two hosts; each has a CA of its own."""
    with assembled(tmp_path_factory.mktemp("team"), forks) as found:
        found.apply(TWO)
        yield found


@pytest.fixture(scope="module")
def server(team: Team) -> Server:
    """The server of the first host, set up for it."""
    one = team.server()
    team.installed(one, HOST, "--profile", "hardened")
    return one


def refused(laptop: Laptop, host: str) -> None:
    """The login fails as every failed login does for the client."""
    done = laptop.ssh(host, "id", "-un")

    assert (done.code, done.out) == (255, ""), done.said
    assert "Permission denied (publickey" in done.err


def explained(team: Team, server: Server) -> str:
    """What `ztctl ssh explain` makes of the server's log, its lines joined."""
    (team.folder / "sshd.log").write_text(server.log)
    return " ".join(team.tried("ssh", "explain", "sshd.log", "--ca", "ca.pub").out.split())


def test_somebody_elses_certificate(team: Team, server: Server) -> None:
    """Mary may enter, and is not jdoe."""
    laptop = team.laptop({"10.0.0.1:22": server.port}, MARY)
    team.configure(laptop, server, "--user", "jdoe")

    refused(laptop, HOST)

    server.logged("name is not a listed principal")
    assert "the certificate does not name the account" in explained(team, server)


def test_an_expired_certificate(team: Team, server: Server) -> None:
    """A certificate of a quarter of an hour ago is too old."""
    laptop = team.laptop({"10.0.0.1:22": server.port}, JDOE, EXPIRED)
    team.configure(laptop, server, "--user", "jdoe")

    refused(laptop, HOST)

    server.logged("Certificate invalid: expired")
    assert "the certificate had ended" in explained(team, server)


def test_a_certificate_of_another_application(team: Team, server: Server) -> None:
    """Who may enter the other host has a certificate that this server does not trust."""
    laptop = team.laptop({"10.0.0.2:22": server.port}, JDOE)
    team.configure(laptop, server, "--user", "jdoe", renamed=OTHER)

    refused(laptop, OTHER)

    server.logged("Connection closed by authenticating user jdoe")
    assert "ztctl ssh ca shows the CAs of the stack" in explained(team, server)


def test_before_the_installation(team: Team) -> None:
    """A server that trusts no CA yet refuses everybody, and its check says so."""
    bare = team.server()
    bare.machine.run("useradd", "-m", "jdoe")
    bare.start()
    laptop = team.laptop({"10.0.0.1:22": bare.port}, JDOE)
    bundle = team.bundle(HOST)
    bare.unpack(bundle)
    team.configure(laptop, bare, "--user", "jdoe")

    refused(laptop, HOST)

    checked = bare.check(bundle, "--account", "jdoe")
    assert checked.code == 1
    assert "FAIL" in checked.out
    assert "trustedusercakeys" in checked.out.lower()
    (team.folder / "said").write_text(checked.out)
    told = team.tried("ssh", "check", HOST, "--server", "said", "--format", "json")
    found = {(it["id"], it["verdict"]): it for it in json.loads(told.out)["checks"]}
    assert found["H2", "fail"]["remedy"] == "run install.sh"
    assert ("H8", "fail") not in found
