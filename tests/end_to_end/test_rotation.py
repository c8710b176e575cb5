"""Promises about a server and a laptop while the CA of their host is rotated."""

from __future__ import annotations

from tests.end_to_end.conftest import HOST, Laptop, Server, Team

FAST = ("--auto-approve", "--settle", "0")


def logged_in(laptop: Laptop, server: Server) -> None:
    """Jdoe gets in."""
    done = laptop.ssh(HOST, "id", "-un")

    assert (done.code, done.out) == (0, "jdoe\n"), done.said + server.log


def test_a_login_works_at_every_step_of_a_rotation(team: Team) -> None:
    """Before it, with both CAs, after the move, with the new one alone, and when it is done."""
    team.apply()
    server = team.server()
    team.installed(server, HOST)
    laptop = team.laptop({"localhost:22": server.port})
    team.configure(laptop, server, "--user", "jdoe")
    rotate = ("ssh", "ca", "rotate", HOST)

    logged_in(laptop, server)
    team.ztctl(*rotate, "start", *FAST)
    logged_in(laptop, server)
    server.updated(team.bundle(HOST))
    logged_in(laptop, server)
    team.ztctl(*rotate, "move", *FAST, "--allow-interruption", "--servers-updated")
    logged_in(laptop, server)
    server.updated(team.bundle(HOST))
    logged_in(laptop, server)
    team.ztctl(*rotate, "finish", *FAST, "--servers-updated")
    logged_in(laptop, server)

    trusted = server.machine.path("/etc/ssh/ztctl_ca.pub").read_text()
    keys = [line for line in trusted.splitlines() if line.startswith("ecdsa-")]
    assert len(keys) == 1
