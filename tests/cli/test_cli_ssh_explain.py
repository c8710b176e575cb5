"""Promises about `ztctl ssh explain` as a command."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Ztctl

TIME = "Nov 30 13:00:00 web sshd[7]: "
REFUSED = (
    f"{TIME}Certificate invalid: name is not a listed principal\n"
    f"{TIME}Connection closed by authenticating user jdoe 127.0.0.1 port 40006 [preauth]\n"
)
CA = "SHA256:" + "c" * 43
UNTRUSTED = (
    f"{TIME}Failed publickey for jdoe from 127.0.0.1 port 40014 ssh2: ECDSA-CERT SHA256:k ID "
    f"jdoe@example.com (serial 7) CA ECDSA {CA}\n"
)
ACCEPTED = (
    f"{TIME}Accepted publickey for jdoe from 127.0.0.1 port 40004 ssh2: ECDSA-CERT SHA256:k ID "
    f"jdoe@example.com (serial 7) CA ECDSA {CA}\n"
)


def log(ztctl: Ztctl, text: str) -> Path:
    """A log in the folder."""
    path = ztctl.folder / "auth.log"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_refused_login_is_a_difference(ztctl: Ztctl) -> None:
    """It says what is wrong, and what to do."""
    log(ztctl, REFUSED)

    done = ztctl("ssh", "explain", "auth.log", env={"COLUMNS": "80"})

    assert done.code == 2
    assert "the part of the e-mail" in " ".join(done.out.split())
    assert "hint: log in under that name" in done.out
    assert max(map(len, done.out.splitlines())) <= 80


def test_a_login_that_worked_is_none(ztctl: Ztctl) -> None:
    """It says who came in as whom."""
    log(ztctl, ACCEPTED)

    done = ztctl("ssh", "explain", "auth.log")

    assert (done.code, "jdoe@example.com as jdoe" in done.out) == (0, True)


def test_what_is_no_such_log_is_an_error(ztctl: Ztctl) -> None:
    """And what to give it is said."""
    log(ztctl, "Dear diary\n")

    done = ztctl("ssh", "explain", "auth.log")

    assert (done.code, "ssh explain -" in done.out) == (1, True)


def test_a_file_that_is_not_there_is_an_error(ztctl: Ztctl) -> None:
    """With its name."""
    done = ztctl("ssh", "explain", "none.log")

    assert (done.code, "none.log" in done.err) == (1, True)


def test_the_ca_is_compared_with_a_file(ztctl: Ztctl) -> None:
    """Of the keys that a server is to trust none has signed."""
    log(ztctl, UNTRUSTED)
    key = "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBGx5"
    (ztctl.folder / "ca.pub").write_text(f"ecdsa-sha2-nistp256 {key} x\n")

    done = ztctl("ssh", "explain", "auth.log", "--ca", "ca.pub", "--format", "json")

    found = json.loads(done.out)
    assert (done.code, found["known_cas"]) == (2, 1)
    assert "none of those given" in found["attempts"][0]["causes"][0]["words"]


def test_a_file_without_a_key_is_an_error(ztctl: Ztctl) -> None:
    """Or the comparison would say that somebody else has signed."""
    log(ztctl, UNTRUSTED)

    done = ztctl("ssh", "explain", "auth.log", "--ca", "auth.log")

    assert (done.code, "holds no public key" in done.err) == (1, True)


def test_a_log_moves_no_cursor(ztctl: Ztctl) -> None:
    """Names in it are chosen by whoever connects."""
    log(ztctl, f"{TIME}Invalid user \x1b[2Jx\u202e from 6.6.6.6 port 1\n")

    done = ztctl("ssh", "explain", "auth.log")

    assert done.code == 2
    assert "\x1b" not in done.said
    assert "\u202e" not in done.said
