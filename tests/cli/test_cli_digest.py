"""Promises about plans that are agreed to by their digest, where no plan file may travel."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Account, Ztctl


@pytest.fixture
def agreed(project: Ztctl, account: Account) -> tuple[Ztctl, str]:
    """A project, and the digest of its plan as it was shown."""
    ztctl = project.at(account)
    line = ztctl("plan", "--digest").out.splitlines()[-1]
    return ztctl, line.removeprefix("Digest: ")


def test_the_plan_that_was_agreed_to_is_applied(
    agreed: tuple[Ztctl, str], account: Account
) -> None:
    """Made again from the files, by whoever applies it."""
    ztctl, digest = agreed

    done = ztctl("apply", "--auto-approve", "--expect-digest", digest)

    assert done.code == 0
    assert account.written


def test_another_plan_is_refused(agreed: tuple[Ztctl, str], account: Account) -> None:
    """The file was changed after somebody had agreed: nothing is written, not even the lock."""
    ztctl, digest = agreed
    path = ztctl.folder / "ztctl.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("8h", "9h"), encoding="utf-8")

    done = ztctl("apply", "--auto-approve", "--expect-digest", digest)

    assert (done.code, account.written) == (4, [])
    assert "this is not the plan that was agreed to: its digest is " in done.err


def test_what_is_done_already_needs_no_agreement(agreed: tuple[Ztctl, str]) -> None:
    """A job that runs twice does not fail for a plan that has nothing left to do."""
    ztctl, digest = agreed
    ztctl("apply", "--auto-approve")

    assert ztctl("apply", "--auto-approve", "--expect-digest", digest).code == 0


def test_a_digest_that_is_none_is_wrong_usage(project: Ztctl) -> None:
    """It may be that a variable of the pipeline was empty: nothing is applied then."""
    done = project("apply", "--sandbox", "--auto-approve", "--expect-digest", "")

    assert done.code == 64
    assert "error: '' is no digest of a plan" in done.err


def test_machines_get_the_digest(project: Ztctl) -> None:
    """As a line of JSON of its own, behind the plan."""
    done = project("plan", "--sandbox", "--digest", "--format", "json")

    _, found = map(json.loads, done.out.splitlines())
    assert found["type"] == "digest"
    assert len(found["digest"]) == 64
