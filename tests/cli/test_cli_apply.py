"""Promises about plan, apply and destroy, from the files to the exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

Ztctl = Any
Account = Any
EDITED = ("session_duration: 8h", "session_duration: 9h")


def edit(ztctl: Ztctl, before: str, after: str) -> None:
    """Edit the file as a person would."""
    path: Path = ztctl.folder / "ztctl.yaml"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def test_the_quickstart_applies_to_the_sandbox_and_is_in_step(project: Ztctl) -> None:
    """A newcomer's first apply does everything, and the next plan has nothing to do."""
    applied = project("apply", "--sandbox", "--auto-approve")

    planned = project("plan", "--sandbox", "--exit-code")

    assert applied.code == 0
    assert applied.out.endswith("Apply complete: 7 added, 0 changed, 0 destroyed.\n")
    assert (planned.code, planned.out) == (0, "No changes. 7 objects are in step.\n")


def test_a_folder_is_named_by_f(ztctl: Ztctl, project: Ztctl) -> None:
    """A folder means its own YAML files, wherever the command runs."""
    elsewhere = ztctl.folder / "elsewhere"
    elsewhere.mkdir()

    done = ztctl.within(elsewhere)("plan", "--sandbox", "--quiet", "-f", "..")

    assert (done.code, done.out) == (0, "Plan: 7 to add, 0 to change, 0 to destroy.\n")


def test_differences_are_2_where_they_are_asked_for(project: Ztctl) -> None:
    """An edit of the file is a difference: 2 with --exit-code, 0 without."""
    project("apply", "--sandbox", "--auto-approve")
    edit(project, *EDITED)

    codes = project("plan", "--sandbox", "--exit-code").code, project("plan", "--sandbox").code

    assert codes == (2, 0)


def test_an_edit_is_applied_alone(project: Ztctl, account: Account) -> None:
    """Only the object that differs is written."""
    ztctl = project.at(account)
    ztctl("apply", "--auto-approve")
    account.sandbox.log.clear()
    edit(ztctl, *EDITED)

    done = ztctl("apply", "--auto-approve")

    assert done.code == 0
    assert "ssh-team: session_duration 8h → 9h" in done.out
    assert [line.rsplit("/", 1)[0] for line in account.written] == [
        f"PUT /accounts/{account.sandbox.account_id}/access/policies"
    ]


def test_destroy_takes_the_stack_away(project: Ztctl, account: Account) -> None:
    """Destroy deletes what the stack owns, once the CA's deletion is allowed, and no more."""
    ztctl = project.at(account)
    ztctl("apply", "--auto-approve")
    before = ztctl("destroy", "--auto-approve")

    done = ztctl("destroy", "--auto-approve", "--allow-ca-deletion", "all")

    assert (before.code, done.code) == (4, 0)
    assert "--allow-ca-deletion ca_key.ssh.example.com" in " ".join(before.out.split())
    assert done.out.endswith("Destroy complete: 0 added, 0 changed, 7 destroyed.\n")
    assert "ssh.example.com" not in json.dumps(account.sandbox.export())


def test_nothing_to_destroy_is_no_error(project: Ztctl) -> None:
    """Where nothing carries the mark, destroy has nothing to do."""
    done = project("destroy", "--sandbox")

    assert (done.code, done.out) == (0, "No changes. 0 objects are in step.\n")


def test_a_failure_in_the_middle_is_3_and_the_next_apply_ends_it(
    project: Ztctl, account: Account
) -> None:
    """A step that fails stops what needs it; the outcome lists all; applying again completes it."""
    ztctl = project.at(account)
    account.sandbox.faults.add(method="POST", path="/cfd_tunnel$", status=400)

    done = ztctl("apply", "--auto-approve")

    assert done.code == 3
    assert "  ! tunnel.ssh-pool (create): " in done.out
    assert "\nSkipped:\n" in done.out
    assert done.out.splitlines()[-1].startswith("Applied in part: 5 added, 0 changed")
    assert ztctl("apply", "--auto-approve").code == 0


def test_a_failure_of_the_first_write_is_1(project: Ztctl, account: Account) -> None:
    """When nothing was done the exit code is that of an error."""
    # The first write takes the lock.
    account.sandbox.faults.add(method="POST", status=400, nth=2, times=None)

    done = project.at(account)("apply", "--auto-approve")

    assert done.code == 1
    assert done.out.splitlines()[-1].startswith("Nothing was applied: ")


def test_a_refusal_is_4_before_2(project: Ztctl, account: Account) -> None:
    """What a guard forbids is refused by plan and by apply, and nothing is written."""
    ztctl = project.at(account)
    ztctl("apply", "--auto-approve")
    account.sandbox.log.clear()
    path = ztctl.folder / "ztctl.yaml"
    kept = path.read_text(encoding="utf-8").split("ca_keys:")[0]
    path.write_text(f"{kept}removed:\n  - address: ca_key.ssh.example.com\n", encoding="utf-8")

    codes = ztctl("plan", "--exit-code").code, ztctl("apply", "--auto-approve").code

    assert codes == (4, 4)
    assert account.written == []


def test_a_saved_plan_that_no_longer_fits_says_what_has_moved(
    project: Ztctl, account: Account
) -> None:
    """Somebody made the tag meanwhile, so that it is not to be made: that object is named."""
    ztctl = project.at(account)
    ztctl("plan", "--out", "plan.json")
    account.post("/accounts/{account}/access/tags", {"name": "ztctl-quickstart"})

    done = ztctl("apply", "plan.json", "--auto-approve")

    assert done.code == 4
    assert "saved: access_tag.ztctl-quickstart needs no change any more\n" in done.err


def test_adopting_wants_a_word_at_apply_and_none_at_plan(project: Ztctl, account: Account) -> None:
    """A live object without a mark is planned as adopted; apply takes it over when told to."""
    ztctl = project.at(account)
    record = {"type": "A", "name": "ssh.example.com", "content": "192.0.2.7", "proxied": True}
    account.post("/zones/{zone}/dns_records", record)

    planned = ztctl("plan", "--exit-code")
    codes = [ztctl("apply", "--auto-approve", *word).code for word in ((), ("--adopt",))]

    assert planned.code == 2
    assert "Apply will want --adopt:\n  ! dns_record.ssh.example.com: " in planned.out
    assert codes == [4, 0]
    assert [found["type"] for found in account.sandbox.export()["dns_records"]] == ["CNAME"]


def test_adopt_goes_with_an_address_and_without(project: Ztctl, account: Account) -> None:
    """Before an option, a saved plan and at the end it means everything; a typo is one."""
    ztctl = project.at(account)
    record = {"type": "A", "name": "ssh.example.com", "content": "192.0.2.7", "proxied": True}
    account.post("/zones/{zone}/dns_records", record)
    ztctl("plan", "--out", "plan.json")
    told = "Apply will want --adopt"

    outputs = [
        ztctl("plan", "--adopt", *words).out
        for words in (("--full",), (), ("dns_record.ssh.example.com",), ("tunnel.ssh-pool",))
    ]
    done = ztctl("apply", "--adopt", "plan.json", "--auto-approve")

    assert [told in output for output in outputs] == [False, False, False, True]
    assert "Apply will want --adopt dns_record.ssh.example.com:\n" in outputs[-1]
    assert done.code == 0


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("tunnel.ssh-pol", "--adopt: no file declares tunnel.ssh-pol"),
        ("hosts.shh.example.com", "did you mean access_application.ssh.example.com?"),
        ("ssh.example.com", "of a host write hosts.ssh.example.com"),
    ],
)
def test_a_misspelt_adoption_is_wrong_usage(project: Ztctl, word: str, told: str) -> None:
    """It would be a yes to nothing."""
    done = project("apply", "--sandbox", "--auto-approve", "--adopt", word)

    assert done.code == 64
    assert told in " ".join(done.err.split())


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('"ssh-pool"', '"renamed"', "refers to the tunnel 'ssh-pool'"),
        ('"targets": []', '"targets": ["nonsense.pool"]', "there is no kind 'nonsense'"),
        ('"stack"', '"heap"', "the plan is damaged: "),
    ],
)
def test_a_saved_plan_that_refers_to_nothing_is_damaged(
    project: Ztctl, account: Account, before: str, after: str, told: str
) -> None:
    """An edited plan is checked as files are, and nothing is written."""
    ztctl = project.at(account)
    ztctl("plan", "--out", "plan.json")
    path = project.folder / "plan.json"
    path.write_text(path.read_text().replace(before, after, 1))
    account.sandbox.log.clear()

    done = ztctl("apply", "--auto-approve", "plan.json")

    assert done.code == 1
    assert told in done.err
    assert account.written == []


def test_a_saved_plan_is_applied_while_it_fits(project: Ztctl, account: Account) -> None:
    """A plan that was saved is carried out, and a second time it no longer fits: 4."""
    ztctl = project.at(account)
    saved = ztctl("plan", "--out", "plan.json")

    codes = [ztctl("apply", "--auto-approve", "plan.json").code for _ in range(2)]

    assert saved.code == 0
    assert saved.err.endswith("The plan is saved: ztctl apply plan.json\n")
    assert codes == [0, 4]


def test_the_next_command_is_told_whole(project: Ztctl) -> None:
    """It can be pasted: the account's options and the quotes of a name with blanks are in it."""
    saved = project("plan", "--sandbox", "--out", "my plan")

    assert saved.err.endswith("The plan is saved: ztctl apply 'my plan' --sandbox\n")


def test_a_saved_plan_is_locked_first_and_read_once(project: Ztctl, account: Account) -> None:
    """With a yes in advance; the flag goes up before anything is read."""
    ztctl = project.at(account)
    ztctl("plan", "--out", "plan.json")
    account.sandbox.log.clear()

    ztctl("apply", "--auto-approve", "plan.json")

    first, *rest = account.sandbox.log
    assert (first.method, b"lock-ztctl-" in first.body) == ("POST", True)
    assert len([one for one in rest if one.path.endswith("/access/policies")]) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("apply", "plan.json", "-f", "ztctl.yaml"),
        ("apply", "plan.json", "--var", "a=b"),
        ("plan", "--target", "nonsense"),
        ("plan", "--target", "nonsense.x"),
        ("plan", "--format", "xml"),
        ("plan", "--nope"),
        ("plan", "--var", "novalue"),
        ("plan", "--sandbox", "--api-url", "https://api.example.com"),
        ("plan", "--sandbox", "--api-token-file", "token"),
        ("apply", "--allow-disconnect", "tunnel"),
        ("nonsense",),
        ("sandbox", "serve", "--port", "70000"),
        ("sandbox", "serve", "--host", "0.0.0.0"),
        ("sandbox", "serve", "--host", "192.0.2.1"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_64_and_writes_nothing(arguments: tuple[str, ...], project: Ztctl) -> None:
    """A command that cannot be meant says what is wrong with it, and does nothing."""
    before = project.files()

    done = project(*arguments)

    assert done.code == 64
    assert done.err.startswith("Usage error: ")
    assert done.out == ""
    assert project.files() == before


@pytest.mark.parametrize("command", ["plan", "sandbox serve"])
def test_wrong_usage_leads_to_the_right_help(command: str, ztctl: Ztctl) -> None:
    """Who misspells an option is sent to the help of that command."""
    done = ztctl(*command.split(), "--nope")

    assert done.err.endswith(f"\n  ztctl {command} --help shows how\n")


def test_nobody_to_ask_is_64_and_writes_nothing(project: Ztctl, account: Account) -> None:
    """Without a terminal apply wants --auto-approve; it shows the plan and leaves."""
    done = project.at(account)("apply")

    assert done.code == 64
    assert done.out.endswith("Plan: 7 to add, 0 to change, 0 to destroy.\n")
    assert done.err == (
        "error: there are changes to apply and nobody to ask\n  hint: pass --auto-approve\n"
    )
    assert account.written == []


def test_nobody_need_be_asked_when_there_is_nothing_to_do(project: Ztctl) -> None:
    """An apply without changes ends well on its own."""
    project("apply", "--sandbox", "--auto-approve")

    done = project("apply", "--sandbox")

    assert (done.code, done.out) == (0, "No changes. 7 objects are in step.\n")


def test_a_target_is_planned_with_what_it_needs(project: Ztctl) -> None:
    """One object and those that it refers to; the rest is left out."""
    done = project("plan", "--sandbox", "--quiet", "--target", "access_policy.ssh-team")

    assert (done.code, done.out) == (0, "Plan: 3 to add, 0 to change, 0 to destroy.\n")


def test_a_target_that_nobody_knows_is_an_error(project: Ztctl) -> None:
    """A misspelt address of a known kind is told and not passed over."""
    done = project("plan", "--sandbox", "--target", "tunnel.shs-pool")

    assert done.code == 1
    assert "tunnel.shs-pool\n  hint: did you mean tunnel.ssh-pool?\n" in done.err


def test_the_calls_behind_a_plan_can_be_shown(project: Ztctl) -> None:
    """Each step has its request in the list."""
    done = project("plan", "--sandbox", "--calls")

    calls = done.out.split("\nCalls:\n")[1].splitlines()
    assert [line.split(": ")[1].split()[0] for line in calls if line].count("POST") >= 7
