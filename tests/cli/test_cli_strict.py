"""Promises about warnings on the command line: told with their code, and under --strict the end."""

from __future__ import annotations

import json
from typing import Any

import pytest

Ztctl = Any
# Asks for a session that its policy does not give.
WARNED = """\
version: 1
stack: prod
policies:
  team: {decision: allow, include: [{email: ann@example.com}], session_duration: 12h}
tunnels: {pool: {}}
hosts:
  ssh.example.com:
    {tunnel: pool, service: "ssh://localhost:22", policies: [team], session_duration: 2h}
"""
SILENCED = WARNED.replace(
    "ssh.example.com:\n", "ssh.example.com: # ztctl: ignore[session-shadowed] w\n"
)
STRICT = "error: --strict takes no warnings: session-shadowed\n"


@pytest.fixture
def warned(ztctl: Ztctl) -> Ztctl:
    """The command line in a folder with a file of which there is a warning."""
    (ztctl.folder / "ztctl.yaml").write_text(WARNED, encoding="utf-8")
    return ztctl


def silence(ztctl: Ztctl) -> None:
    """Take the warning back with a reason."""
    (ztctl.folder / "ztctl.yaml").write_text(SILENCED, encoding="utf-8")


def test_validate_tells_warnings_and_counts_them(warned: Ztctl) -> None:
    """They stop nothing."""
    done = warned("validate")

    assert done.code == 0
    assert done.err == (
        "ztctl.yaml:7:3: warning: ssh.example.com: asked for 2h, and policy team gives 12h, which "
        "wins [session-shadowed]\n"
        "  hint: take `session_duration` out here, or use a policy that gives 2h\n"
        "The files are valid: 5 objects declared; 1 warning in 1 file.\n"
    )


def test_validate_counts_what_is_wrong(warned: Ztctl) -> None:
    """The last line says how many errors and warnings there are, in how many files."""
    (warned.folder / "more.yaml").write_text(
        "groups: {a: {include: 5}, b: {inclde: []}}\n", encoding="utf-8"
    )

    done = warned("validate", "-f", "ztctl.yaml", "-f", "more.yaml")

    assert done.code == 1
    assert done.err.splitlines()[-1] == "3 errors, 1 warning in 2 files."
    assert done.err.count(": error: ") == 3


def test_validate_without_a_place_names_no_file(ztctl: Ztctl) -> None:
    """A file that is not there has no lines."""
    done = ztctl("validate", "-f", "nowhere.yaml")

    assert done.code == 1
    assert done.err.splitlines()[-1] == "1 error."


def test_validate_tells_machines_the_code(warned: Ztctl) -> None:
    """One document says what was found, and how much of it."""
    done = warned("validate", "--format", "json")

    found = json.loads(done.out)
    assert [it.get("code") for it in found["diagnostics"]] == ["session-shadowed"]
    assert (found["valid"], found["warning_count"], found["objects"]) == (True, 1, 5)


@pytest.mark.parametrize("command", [("validate",), ("plan", "--sandbox")])
def test_strict_makes_an_end_and_says_which(command: tuple[str, ...], warned: Ztctl) -> None:
    """Exit 1 where there is a warning, and 0 once it is taken back with a reason."""
    lax, strict = warned(*command), warned(*command, "--strict")
    silence(warned)
    silent = warned(*command, "--strict")

    assert (lax.code, strict.code, silent.code) == (0, 1, 0)
    assert STRICT in strict.err
    assert "--strict takes" not in lax.said + silent.said


def test_a_strict_plan_is_not_saved(warned: Ztctl) -> None:
    """Nobody applies it by accident; it is shown all the same."""
    done = warned("plan", "--sandbox", "--strict", "--out", "plan")

    assert done.code == 1
    assert "to add, 0 to change" in done.out
    assert not (warned.folder / "plan").exists()


def test_a_refusal_goes_before_strict(warned: Ztctl) -> None:
    """Exit 4: the plan would be refused without the warning, too."""
    file = warned.folder / "ztctl.yaml"
    text = WARNED.replace("email: ann@example.com", "everyone: true")
    file.write_text(text, encoding="utf-8")

    done = warned("plan", "--sandbox", "--strict")

    assert done.code == 4


@pytest.mark.parametrize("before", ["nothing", "a plan", "a plan and a yes"])
def test_a_strict_apply_writes_nothing(before: str, warned: Ztctl, account: Any) -> None:
    """Not even a lock; from files, and from a saved plan."""
    ztctl = warned.at(account)
    words = ["apply", "--strict"]
    if before != "nothing":
        assert ztctl("plan", "--out", "plan").code == 0
        words.insert(1, "plan")
    if before != "a plan":
        words.append("--auto-approve")

    done = ztctl(*words)

    assert done.code == 1
    assert STRICT in done.err
    assert [one for one in account.sandbox.log if one.method != "GET"] == []


def test_a_strict_apply_without_warnings_goes_on(warned: Ztctl, account: Any) -> None:
    """From a saved plan, too: what is taken back in comments stays so."""
    silence(warned)
    ztctl = warned.at(account)
    assert ztctl("plan", "--strict", "--out", "plan").code == 0

    done = ztctl("apply", "plan", "--strict", "--auto-approve")

    assert done.code == 0
    assert "Apply complete" in done.said


def test_a_strict_apply_writes_the_key_that_is_stale(project: Ztctl) -> None:
    """A plan warns of it; an apply puts it right, and is not stopped from doing so."""
    assert project("apply", "--sandbox", "--auto-approve").code == 0
    key = project.folder / "ca" / "ssh.example.com.pub"
    key.unlink()

    planned = project("plan", "--sandbox", "--strict")
    applied = project("apply", "--sandbox", "--strict", "--auto-approve")

    assert (planned.code, applied.code) == (1, 0)
    assert "--strict takes no warnings: key-file-stale" in planned.err
    assert key.exists()


def test_a_stale_key_is_taken_back_for_all_of_the_files(project: Ztctl) -> None:
    """Where keys are not kept beside the files, such as in CI."""
    assert project("apply", "--sandbox", "--auto-approve").code == 0
    (project.folder / "ca" / "ssh.example.com.pub").unlink()
    file = project.folder / "ztctl.yaml"
    lint = "\nlint: {ignore: {key-file-stale: keys are handed out elsewhere}}\n"
    file.write_text(file.read_text(encoding="utf-8") + lint, encoding="utf-8")

    done = project("plan", "--sandbox", "--strict")

    assert done.code == 0
    assert "key-file-stale" not in done.said
