"""``ztctl release``, from the files to the exit code."""

from __future__ import annotations

import json
from typing import Any

Ztctl = Any
Account = Any


def test_a_release_ends_as_an_apply_does(project: Ztctl) -> None:
    """With what was done, what is left, and the way back."""
    project("apply", "--sandbox", "--auto-approve")

    done = project("release", "--sandbox", "--auto-approve")
    again = project("plan", "--sandbox", "--quiet")

    assert done.code == 0
    assert done.out.endswith("Apply complete: 0 added, 0 changed, 0 destroyed, 6 forgotten.\n")
    assert "`ztctl apply --adopt` of the same files takes it back." in done.err
    assert again.out.endswith("Plan: 6 to adopt, 0 to add, 0 to change, 0 to destroy.\n")


def test_where_nothing_carries_the_mark_nothing_was_released(project: Ztctl) -> None:
    """A misspelt name of a stack does not end like a release that was done."""
    done = project("release", "--sandbox", "--auto-approve")

    assert done.code == 0
    assert "Nothing of it carries the mark of the stack 'quickstart'." in done.err
    assert "released" not in done.err


def test_a_release_under_the_lock_tells_records(project: Ztctl, account: Account) -> None:
    """In JSON it is a plan and an outcome, and the lock is held while it writes."""
    ztctl = project.at(account)
    ztctl("apply", "--auto-approve")
    account.sandbox.log.clear()

    done = ztctl("release", "--auto-approve", "--format", "json", "--settle", "0")

    records = [json.loads(line) for line in done.out.splitlines()]
    (plan,) = (it for it in records if it["type"] == "plan")
    actions = {str(it["change"]["actions"]) for it in plan["resource_changes"]}
    assert actions == {"['forget']", "['delete']"}
    writes = [it for it in account.sandbox.log if it.method != "GET"]
    assert b"lock-ztctl" in writes[0].body
    assert "lock-ztctl" in writes[-1].path
    assert done.code == 0


def test_what_terraform_needs_is_written_first(project: Ztctl) -> None:
    """With --no-release that is all; without it, it asks, and here is nobody to answer."""
    project("apply", "--sandbox", "--auto-approve")

    usage = project("release", "--sandbox", "--no-release")
    done = project("release", "--sandbox", "--terraform", "tf", "--no-release")
    unasked = project("release", "--sandbox", "--terraform", "tf")
    planned = project("plan", "--sandbox")

    assert usage.code == 64
    assert (done.code, done.out) == (0, "")
    assert {"tf/imports.tf", "tf/resources.tf"} <= project.files()
    assert planned.out == "No changes. 7 objects are in step.\n"
    assert unasked.code == 64
