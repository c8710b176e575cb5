"""Saved plans: what was saved comes back, and nothing else is taken for one."""

from __future__ import annotations

import copy
import json
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
from ztctl.core.model.diagnostics import Failure
from ztctl.engine import planfile

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
    planfile.save(path, account.plan_of(declared, **options), declared, options_of(**options))
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def test_what_was_saved_comes_back(account: Account, path: Path) -> None:
    """Every object, reference, place, removal and move of the file, and what it was planned for."""
    saved(account, path, target=["tunnel.pool"])

    found = planfile.read(path)

    assert found.declared == account.declared(FILE)
    assert [str(target) for target in found.targets] == ["tunnel.pool"]
    assert found.account == account.sandbox.account_id


def test_a_plan_made_again_is_the_same(account: Account, path: Path) -> None:
    """As long as the account stays as it was."""
    saved(account, path)

    found = planfile.read(path)

    assert planfile.same(found, account.plan_of(found.declared))


def test_a_plan_for_a_changed_account_is_another(account: Account, path: Path) -> None:
    """An object that appeared, or an edit of one that is there, is noticed."""
    saved(account, path)
    account.call("POST", "{A}/access/tags", {"name": "ztctl-prod"})

    found = planfile.read(path)

    assert not planfile.same(found, account.plan_of(found.declared))


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
        b'{"ztctl_plan": 2}',
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
        planfile.read(path)

    assert "ztctl plan --out" in caught.value.hint


def test_a_plan_of_another_version_is_a_failure(account: Account, path: Path) -> None:
    """The version that wrote it is named."""
    document = saved(account, path)
    path.write_text(json.dumps({**document, "ztctl_version": "9.9.9"}))

    with pytest.raises(Failure, match=r"written by ztctl 9\.9\.9"):
        planfile.read(path)


def test_a_file_that_is_too_large_is_not_read(path: Path) -> None:
    """Its size decides, before any of it is in memory."""
    with path.open("wb") as file:
        file.truncate(planfile.MAX_BYTES + 1)

    with pytest.raises(Failure, match="too large"):
        planfile.read(path)


def test_a_missing_file_is_a_failure(path: Path) -> None:
    """So is a folder in its place."""
    with pytest.raises(Failure, match="cannot read the plan"):
        planfile.read(path)
    with pytest.raises(Failure, match="cannot read the plan"):
        planfile.read(path.parent)


@pytest.mark.parametrize("name", ["account", "targets", "declared", "shown"])
def test_a_plan_without_a_part_is_damaged(account: Account, path: Path, name: str) -> None:
    """The hint is to make a new one."""
    document = saved(account, path)
    path.write_text(json.dumps({key: item for key, item in document.items() if key != name}))

    with pytest.raises(Failure, match="is damaged") as caught:
        planfile.read(path)

    assert caught.value.hint == "make a new plan"


def test_a_plan_that_is_nested_without_end_is_damaged(account: Account, path: Path) -> None:
    """Depth that the parser still takes must not exhaust what comes after it."""
    document = saved(account, path)
    deep: Any = "x"
    for _ in range(800):
        deep = [deep]
    document["declared"]["wanted"][0]["values"]["include"] = deep
    path.write_text(json.dumps(document))

    with pytest.raises(Failure):
        planfile.read(path)


@pytest.mark.parametrize("template", ["{0.__class__}", "{}{}", "{", "}", "{}}", 5])
def test_a_template_that_is_more_than_a_place_is_damaged(
    account: Account, path: Path, template: Any
) -> None:
    """A file that somebody else wrote cannot have a template read what lies behind a value."""
    document = saved(account, path)
    ways = [way for way in _places(document["declared"]) if way and way[-1] == "template"]
    path.write_text(json.dumps(_with(document, ("declared", *ways[0]), template)))

    with pytest.raises(Failure, match="is damaged"):
        planfile.read(path)


def _places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield way
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _places(item, (*way, key))


def _with(document: Any, way: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(document)
    holder = changed
    for key in way[:-1]:
        holder = holder[key]
    holder[way[-1]] = value
    return changed


NO_TYPES: tuple[Any, ...] = ("Ref", "Where", "Plan", "", 5, [], None)
WRONG = st.sampled_from(
    [None, 5, True, "", "text", [], {}, [1, 2], *({"$type": name} for name in NO_TYPES)]
)


@examples(150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_plan_is_never_a_traceback(account: Account, path: Path, data: Any) -> None:
    """Whatever one value is replaced by: it is refused, or it has the types that a plan has."""
    document = saved(account, path)
    ways = [way for way in _places(document["declared"]) if way]
    way = data.draw(st.sampled_from(ways))
    path.write_text(json.dumps(_with(document, ("declared", *way), data.draw(WRONG))))

    try:
        found = planfile.read(path)
    except Failure:
        return

    assert isinstance(found.declared.stack, str)
    for wanted in found.declared.wanted:
        assert isinstance(wanted.values, dict)
        assert isinstance(wanted.local, dict)
        assert isinstance(wanted.protect, bool)
        assert isinstance(wanted.name, str | None)


def test_a_plan_file_names_its_version(account: Account, path: Path) -> None:
    """A person who opens it sees what wrote it."""
    assert saved(account, path)["ztctl_version"] == __version__
