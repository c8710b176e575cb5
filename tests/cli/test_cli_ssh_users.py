"""Promises about `ztctl ssh users` as a command."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Ztctl

PASSWD = "root:x:0:0::/root:/bin/bash\njdoe:x:1000:1000::/home/jdoe:/bin/bash\n"
HOSTS = """\
version: 1
stack: s
policies:
  ops: {decision: allow, include: [{email: [jdoe@a.com, new@a.com]}, {email_domain: b.com}]}
  other: {decision: allow, include: [{email: ann@a.com}]}
tunnels: {edge: {}}
hosts:
  a.example.com: {tunnel: edge, service: ssh://localhost:22, policies: [ops]}
  b.example.com: {tunnel: edge, service: ssh://10.0.0.1:22, policies: [other]}
"""


@pytest.fixture
def listed(ztctl: Ztctl) -> Ztctl:
    """A folder with two hosts, and a server's accounts."""
    (ztctl.folder / "ztctl.yaml").write_text(HOSTS)
    (ztctl.folder / "passwd").write_text(PASSWD)
    return ztctl


def test_the_people_of_a_host_come_from_its_policies(listed: Ztctl) -> None:
    """Whom a rule names by address is compared, whom it names otherwise is told of."""
    done = listed("ssh", "users", "a.example.com", "--passwd", "passwd", "--format", "json")

    found = json.loads(done.out)
    assert done.code == 2
    assert {it["name"]: it["presence"] for it in found["users"]} == {
        "jdoe": "present",
        "new": "missing",
    }
    assert found["unlisted"] == ["email_domain b.com (policy ops)"]


def test_the_users_file_is_written(listed: Ztctl) -> None:
    """In lines that begin with a word, fields split by tabs; what applies it is told last."""
    done = listed("ssh", "users", "a.example.com", "--alias", "new=jdoe", "-o", "users")

    text = (listed.folder / "users").read_text()
    assert text.splitlines()[1:] == ["account\tjdoe", "alias\tnew\tjdoe"]
    assert text.startswith("# Accounts of a.example.com")
    assert done.out.endswith("\n\nsudo sh install.sh --users users\n")


def test_only_an_earlier_users_file_is_overwritten(listed: Ztctl) -> None:
    """The list that was read stays, and so does everything else of somebody's own."""
    passwd = "root:x:0:0::/root:/bin/sh\n"
    (listed.folder / "pw").write_text(passwd)
    words = ("ssh", "users", "a.example.com", "--passwd", "pw", "-o")

    refused, first, again = (listed(*words, it) for it in ("pw", "users", "users"))

    assert (refused.code, first.code, again.code) == (1, 2, 2)
    assert "pw is there, and is no earlier output of ztctl ssh users" in refused.err
    assert (listed.folder / "pw").read_text() == passwd


def test_a_plan_warns_of_a_name_that_two_people_share(listed: Ztctl) -> None:
    """So does validate, at the host; and nothing else comes of it."""
    path = listed.folder / "ztctl.yaml"
    path.write_text(HOSTS.replace("new@a.com", "jdoe@b.com"))

    planned, validated = listed("plan", "--sandbox"), listed("validate")

    assert (planned.code, validated.code) == (0, 0)
    assert "[principal-collision]" in planned.said
    assert "[principal-collision]" in validated.said


def test_a_list_needs_no_file_and_no_account(ztctl: Ztctl) -> None:
    """Addresses from a file are compared with accounts from a file."""
    (ztctl.folder / "emails").write_text("jdoe@a.com\n")
    (ztctl.folder / "passwd").write_text(PASSWD)

    done = ztctl("ssh", "users", "--emails", "emails", "--passwd", "passwd")

    assert (done.code, done.err) == (0, "")


def test_several_hosts_want_a_name(listed: Ztctl) -> None:
    """Their people are not the same."""
    done = listed("ssh", "users")

    assert (done.code, "several SSH hosts" in done.err) == (64, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--map", "x=nobody@a.com"], "nobody of this host"),
        (["--map", "x=hunter"], "no e-mail address"),
        (["--map", "x"], "not of the form"),
        (["--map", "../x=jdoe@a.com"], "not of the form"),
        (["--alias", "jdoo=root"], "did you mean jdoe"),
        (["--group-file", "passwd"], "without --passwd"),
        (["--allow-collision", "zzz"], "nobody of this host"),
        (["--allow-system", "zzz"], "nobody of this host"),
    ],
)
def test_wrong_usage_is_told(listed: Ztctl, words: list[str], said: str) -> None:
    """With what is meant, as far as it can be told."""
    done = listed("ssh", "users", "a.example.com", *words)

    assert done.code == 64
    assert said in done.err


def test_every_bad_line_is_told_at_once(listed: Ztctl) -> None:
    """By file, line and column."""
    (listed.folder / "emails").write_text("one\ntwo\n")

    done = listed("ssh", "users", "--emails", "emails")

    assert done.code == 1
    assert "emails:1:1" in done.err
    assert "emails:2:1" in done.err


def test_a_name_that_is_a_command_makes_no_line(ztctl: Ztctl) -> None:
    """Nobody chooses what a server runs by an address."""
    (ztctl.folder / "emails").write_text("$(reboot)@a.com\n", encoding="utf-8")

    done = ztctl("ssh", "users", "--emails", "emails", "-o", "users")

    assert done.code == 2
    assert (ztctl.folder / "users").read_text().count("\n") == 1


def test_a_list_moves_no_cursor(ztctl: Ztctl) -> None:
    """A line with what cannot be seen is told by its place alone."""
    (ztctl.folder / "emails").write_text("a\u202eb@a.com\n", encoding="utf-8")

    done = ztctl("ssh", "users", "--emails", "emails")

    assert (done.code, "\u202e" in done.said) == (1, False)
