"""Saved plans: what was saved comes back, and nothing else is taken for one."""

from __future__ import annotations

import copy
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.support.account import Account, File
from tests.support.examples import examples
from ztctl import __version__
from ztctl.cli.planning import options_of
from ztctl.cli.saved_plans import read_plan, save_plan
from ztctl.core.model.diagnostics import Failure, ZtctlError
from ztctl.engine import planfile
from ztctl.ssh.public_keys import key_files

OKTA = {"identity_provider": "Okta", "name": ["a", "b"]}
FILE: File = {
    "policies": {"team": {"decision": "allow", "include": [{"okta": OKTA}]}},
    "tunnels": {"pool": {"protect": True}},
    "hosts": {
        "ssh.example.com": {
            "tunnel": "pool",
            "service": "ssh://localhost:22",
            "policies": ["team", {"live": "Company"}],
        },
        "open.example.com": {
            "tunnel": "pool",
            "service": "http://localhost",
            "public": {"reason": "status"},
        },
    },
    "removed": [{"address": "tunnel.old", "name": "Old", "forget": True}],
    "moved": [{"from": "tunnel.before", "to": "tunnel.pool"}],
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the plan goes."""
    return tmp_path / "plan.json"


@pytest.fixture
def account(tmp_path: Path) -> Account:
    """An account with the policy that the file refers to."""
    account = Account(tmp_path)
    everyone: Any = [{"everyone": {}}]
    policy = {"name": "Company", "decision": "allow", "include": everyone}
    account.call("POST", "{A}/access/policies", policy)
    return account


def saved(account: Account, path: Path, file: File = FILE, **options: Any) -> dict[str, Any]:
    """Save the plan of a file; the document that was written."""
    declared = account.declared(file)
    save_plan(path, account.plan_of(declared, **options), declared, options_of(**options))
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def test_what_was_saved_comes_back(account: Account, path: Path) -> None:
    """Every object, reference, place, removal and move of the file, and what it was planned for."""
    saved(account, path, target=["tunnel.pool"])

    found, declared = read_plan(path)

    assert declared == account.declared(FILE)
    assert [str(target) for target in found.targets] == ["tunnel.pool"]
    assert found.account == account.sandbox.account_id


def test_a_plan_made_again_is_the_same(account: Account, path: Path) -> None:
    """As long as the account stays as it was."""
    saved(account, path)

    found, declared = read_plan(path)

    assert not planfile.moved(found, account.plan_of(declared))


def test_a_plan_for_a_changed_account_is_another(account: Account, path: Path) -> None:
    """An object that appeared, or an edit of one that is there, is noticed."""
    saved(account, path)
    account.call("POST", "{A}/access/tags", {"name": "ztctl-prod"})

    found, declared = read_plan(path)

    assert planfile.moved(found, account.plan_of(declared))


def test_a_plan_by_which_others_gain_is_another(account: Account, path: Path) -> None:
    """The same edits, but the policy that they use lets other people in by now."""
    saved(account, path)
    policy = account.one("policies", name="Company")
    body = {**policy, "decision": "bypass"}
    account.call("PUT", f"{{A}}/access/policies/{policy['id']}", body)

    found, declared = read_plan(path)

    assert planfile.moved(found, account.plan_of(declared))


def test_a_plan_is_for_its_owner_alone(account: Account, path: Path) -> None:
    """Nobody else may read it, also when an older file of that name was open to everybody."""
    path.write_text("older")
    path.chmod(0o644)

    saved(account, path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_plan_that_cannot_be_written_is_a_failure(account: Account, tmp_path: Path) -> None:
    """A missing folder is told, not thrown."""
    with pytest.raises(Failure, match="cannot write the plan"):
        saved(account, tmp_path / "missing" / "plan.json")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"version: 1",
        b"null",
        b"[]",
        b"{}",
        b'"ztctl_plan"',
        b'{"ztctl_plan": 1',
        b'{"ztctl_plan": "1"}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"\x00" * 64,
    ],
)
def test_what_is_no_plan_is_a_failure(path: Path, content: bytes) -> None:
    """Any other content is refused with the way to a plan."""
    path.write_bytes(content)

    with pytest.raises(Failure, match="is not a plan") as caught:
        read_plan(path)

    assert "ztctl plan --out" in caught.value.hint


def test_a_plan_of_another_version_is_a_failure(account: Account, path: Path) -> None:
    """The version that wrote it is named."""
    document = saved(account, path)
    path.write_text(json.dumps({**document, "ztctl_version": "9.9.9"}))

    with pytest.raises(Failure, match=r"written by ztctl 9\.9\.9"):
        read_plan(path)


def test_a_file_that_is_too_large_is_not_read(path: Path) -> None:
    """Its size decides, before any of it is in memory."""
    with path.open("wb") as file:
        file.truncate(planfile.MAX_BYTES + 1)

    with pytest.raises(Failure, match="too large"):
        read_plan(path)


def test_a_missing_file_is_a_failure(path: Path) -> None:
    """So is a folder in its place."""
    with pytest.raises(Failure, match="cannot read the plan"):
        read_plan(path)
    with pytest.raises(Failure, match="cannot read the plan"):
        read_plan(path.parent)


@pytest.mark.parametrize("name", ["account", "contents", "plan"])
def test_a_plan_without_a_part_is_damaged(account: Account, path: Path, name: str) -> None:
    """The hint is to make a new one."""
    document = saved(account, path)
    path.write_text(json.dumps({key: item for key, item in document.items() if key != name}))

    with pytest.raises(Failure, match="is damaged") as caught:
        read_plan(path)

    assert caught.value.hint == "make a new plan"


def test_a_plan_that_is_nested_without_end_is_damaged(account: Account, path: Path) -> None:
    """Depth that the parser still takes must not exhaust what comes after it."""
    document = saved(account, path)
    deep: Any = ["s", 1, 1, True, "x"]
    for _ in range(200):
        deep = ["l", 1, 1, [deep]]
    document["contents"]["files"][0]["root"][3][0][1] = deep
    path.write_text(json.dumps(document))

    with pytest.raises(Failure, match="is damaged"):
        read_plan(path)


def _places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield way
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _places(item, (*way, key))


def _with(document: Any, way: tuple[Any, ...], value: Any) -> Any:
    if not way:
        return value
    changed = copy.deepcopy(document)
    holder = changed
    for key in way[:-1]:
        holder = holder[key]
    holder[way[-1]] = value
    return changed


def _without(document: Any, way: tuple[Any, ...]) -> Any:
    changed = copy.deepcopy(document)
    holder = changed
    for key in way[:-1]:
        holder = holder[key]
    del holder[way[-1]]
    return changed


NODES: list[Any] = [
    ["s", 1, 1, True, "x"],
    ["s", 1, 1, False, ""],
    ["l", 1, 1, []],
    ["m", 1, 1, []],
]
SHAPES: list[Any] = [[], {}, [1, 2], [None], {"": None}, {"$type": "Ref"}, *NODES]
WRONG = st.sampled_from(
    [None, 5, -1, 1e400, True, "", "x", "\ud800", "../x", "/etc/passwd", "tunnel.x", *SHAPES]
)


@examples(50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_mutated_plan_is_unchanged_or_a_clear_error(
    account: Account, path: Path, data: Any
) -> None:
    """Whatever is replaced or left out: refused with words, or checked as files are and planned.

    What it then plans is either what was saved, or differs from it, and apply refuses it.
    """
    document = saved(account, path)
    way = data.draw(st.sampled_from([way for way in _places(document) if way]))
    gone = data.draw(st.booleans())
    mutated = _without(document, way) if gone else _with(document, way, data.draw(WRONG))
    path.write_text(json.dumps(mutated))

    try:
        found, declared = read_plan(path)
        plan = account.plan_of(declared)
    except ZtctlError:
        return

    if not planfile.moved(found, plan):
        assert not planfile.moved(parsed(document), plan)


def parsed(document: Any) -> planfile.Saved:
    """A plan file that was not mutated."""
    return planfile.parse(json.dumps(document).encode(), "plan.json")


def test_a_plan_file_names_its_version(account: Account, path: Path) -> None:
    """A person who opens it sees what wrote it."""
    assert saved(account, path)["ztctl_version"] == __version__


# -- where it is written --------------------------------------------------------------------


def test_a_plan_is_not_written_through_a_link(account: Account, path: Path) -> None:
    """What the link leads to stays as it is."""
    other = path.parent / "other"
    other.write_text("mine", encoding="utf-8")
    path.symlink_to(other)

    with pytest.raises(Failure, match="it is there, and no file"):
        saved(account, path)

    assert (other.read_text(encoding="utf-8"), path.is_symlink()) == ("mine", True)


def test_a_plan_is_not_written_into_a_pipe(account: Account, path: Path) -> None:
    """Nor waits for somebody to read it."""
    os.mkfifo(path)

    with pytest.raises(Failure, match="it is there, and no file"):
        saved(account, path)


def test_a_plan_replaces_an_older_one_as_a_whole(account: Account, path: Path) -> None:
    """Who has the older file open reads the older file, and nothing is left beside it."""
    path.write_text("older", encoding="utf-8")
    with path.open(encoding="utf-8") as older:
        saved(account, path)

        assert older.read() == "older"
    assert [it.name for it in path.parent.iterdir() if it.name.startswith(".ztctl-")] == []
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


# -- where its keys go ----------------------------------------------------------------------

KEYED: File = {**FILE, "hosts": {"ssh.example.com": {**FILE["hosts"]["ssh.example.com"]}}}
KEYED["hosts"]["ssh.example.com"]["public_key_file"] = "ca/ssh.pub"


def test_a_plan_with_a_key_file_is_read_back(account: Account, path: Path) -> None:
    """The file that it was made from is here and says so."""
    saved(account, path, KEYED)

    _, declared = read_plan(path)

    assert [str(it.address) for it, _ in key_files(declared)] == ["ca_key.ssh.example.com"]


def test_a_plan_does_not_write_to_a_folder_of_its_own_choice(account: Account, path: Path) -> None:
    """The name of the YAML file was edited to another folder's: it does not state a key file."""
    document = saved(account, path, KEYED)
    elsewhere = path.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "other.yaml").write_text("version: 1\nstack: other\n", encoding="utf-8")
    document["contents"]["files"][0]["name"] = str(elsewhere / "other.yaml")
    path.write_text(json.dumps(document))

    with pytest.raises(Failure, match=r"which .*other\.yaml does not say"):
        read_plan(path)


def test_a_plan_does_not_write_to_a_file_of_its_own_choice(account: Account, path: Path) -> None:
    """The key file was edited: the YAML file states another one."""
    saved(account, path, KEYED)
    path.write_text(path.read_text().replace("ca/ssh.pub", "authorized_keys"))

    with pytest.raises(Failure, match=r"is to write .*authorized_keys, which"):
        read_plan(path)


@pytest.mark.parametrize("name", ["../x.pub", "/etc/x.pub", "ca/../../x"])
def test_a_plan_does_not_write_outside_of_its_folder(
    account: Account, path: Path, name: str
) -> None:
    """The edited path goes through the same model as that of a file."""
    saved(account, path, KEYED)
    path.write_text(path.read_text().replace("ca/ssh.pub", name))

    with pytest.raises(Failure, match="does not stay below the folder"):
        read_plan(path)
