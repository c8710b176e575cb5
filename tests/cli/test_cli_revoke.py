"""Promises about the options that go with the writes of an apply: settle, probe, revoke."""

from __future__ import annotations

import json
from typing import Any

import pytest

Ztctl = Any
HOST = "ssh.example.com"


@pytest.fixture
def narrowed(project: Ztctl, account: Any) -> Ztctl:
    """The quickstart applied to an account, and then a file that lets fewer people in."""
    ztctl = project.at(account)
    provider = {"name": "Okta", "type": "okta", "config": {}}
    if not account.sandbox.export()["identity_providers"]:
        account.post("/accounts/{account}/access/identity_providers", provider)
    done = ztctl("apply", "--auto-approve", "--settle", "0")
    assert done.code == 0, done.said
    file = project.folder / "ztctl.yaml"
    file.write_text(file.read_text().replace("country: [PT, US]", "country: PT"))
    account.sandbox.log.clear()
    return ztctl


def revocations(account: Any) -> list[str]:
    """The applications of which tokens were revoked, as the API saw it."""
    return [line for line in account.written if line.endswith("/revoke_tokens")]


def test_who_loses_entry_has_to_log_in_again(narrowed: Ztctl, account: Any) -> None:
    """After a narrowing run the tokens of the application are revoked, once, and that is told."""
    done = narrowed("apply", "--auto-approve", "--revoke")

    assert done.code == 0, done.said
    assert len(revocations(account)) == 1
    assert account.written[-1].endswith("/revoke_tokens")
    assert f"Revoked, everybody has to log in again:\n    access_application.{HOST}\n" in done.out


def test_nothing_is_revoked_unasked(narrowed: Ztctl, account: Any) -> None:
    """Without the option sessions last as long as they last."""
    done = narrowed("apply", "--auto-approve")

    assert done.code == 0
    assert revocations(account) == []


def test_who_loses_nothing_stays_logged_in(narrowed: Ztctl, account: Any) -> None:
    """A run that only lets more people in revokes nothing."""
    assert narrowed("apply", "--auto-approve").code == 0
    file = narrowed.folder / "ztctl.yaml"
    file.write_text(file.read_text().replace("country: PT", "country: [PT, ES]"))

    done = narrowed("apply", "--auto-approve", "--revoke", "--format", "json")

    assert done.code == 0, done.said
    assert revocations(account) == []
    assert json.loads(done.out.splitlines()[-1])["revoked"] == []


def test_the_probe_is_answered_by_the_sandbox(project: Ztctl) -> None:
    """With the sandbox the login that is asked for is the sandbox's own, and nothing is waited."""
    done = project("apply", "--sandbox", "--auto-approve", "--probe")

    assert done.code == 0, done.said
    assert f"asking {HOST} without a credential" in done.err
    assert "waiting" not in done.err


def test_waiting_is_a_plain_line(project: Ztctl) -> None:
    """Where no terminal is, a pause is one line of the step that waits."""
    done = project("apply", "--sandbox", "--auto-approve", "--settle", "1")

    lines = [line for line in done.err.splitlines() if "waiting" in line]
    assert lines == [f"dns_record.{HOST}: waiting 1 s for the edge to know what is before"]


@pytest.mark.parametrize("seconds", ["-1", "nan", "601", "soon"])
def test_a_pause_that_makes_no_sense_is_wrong_usage(project: Ztctl, seconds: str) -> None:
    """Less than nothing, more than ten minutes, and what is no number are refused."""
    done = project("apply", "--sandbox", "--auto-approve", "--settle", seconds)

    assert done.code == 64
    assert done.out == ""


def test_destroy_takes_settle_too(project: Ztctl) -> None:
    """What takes protection away can be told to wait."""
    assert project("apply", "--sandbox", "--auto-approve").code == 0

    done = project(
        "destroy", "--sandbox", "--auto-approve", "--settle", "0.1", "--allow-ca-deletion", "all"
    )

    assert done.code == 0, done.said
    assert "waiting 0 s" in done.err
