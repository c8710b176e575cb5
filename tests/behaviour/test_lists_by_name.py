"""Zero Trust lists and posture checks in rules: by name or id, read once and only where used."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.support.account import Account
from tests.support.exporting import adopted, exported, policy, text_of
from ztctl.core.model.calls import CallFailed
from ztctl.core.model.diagnostics import Problems

LISTS, CHECKS = "{A}/gateway/lists", "{A}/devices/posture"


@pytest.fixture
def ids(account: Account) -> dict[str, str]:
    """Lists, two of them of one name, and a posture check."""
    made = {
        f"{type} {name}": account.call("POST", LISTS, {"name": name, "type": type})["id"]
        for type, name in (("EMAIL", "staff"), ("IP", "staff"), ("IP", "office"), ("URL", "office"))
    }
    check = {"name": "Disk", "type": "disk_encryption"}
    return {**made, "Disk": account.call("POST", CHECKS, check)["id"]}


def rules(**selectors: Any) -> dict[str, Any]:
    """A file with a policy that tests these."""
    include = [{name: it} for name, it in selectors.items()]
    return {"policies": {"std": {"decision": "allow", "include": include}}}


NAMED = rules(email_list="staff", ip_list=["staff", "office"], device_posture="Disk")
WIRE = [
    ("email_list", "id", "EMAIL staff"),
    ("ip_list", "id", "IP staff"),
    ("ip_list", "id", "IP office"),
    ("device_posture", "integration_uid", "Disk"),
]


def test_names_become_ids_and_nothing_is_nagged_about(
    account: Account, ids: dict[str, str]
) -> None:
    """A name is looked for among lists of the type that the selector tests."""
    assert account.apply(NAMED).is_complete

    sent = account.one("policies")["include"]
    assert sorted(map(str, sent)) == sorted(str({of: {key: ids[it]}}) for of, key, it in WIRE)
    assert account.plan(NAMED).is_empty


def test_an_id_is_one_with_the_name(account: Account, ids: dict[str, str]) -> None:
    """Written alone or as `{id: …}`, it says the same as the name does."""
    account.apply(NAMED)
    said = rules(
        email_list=ids["EMAIL staff"].upper(),
        ip_list=[{"id": ids["IP staff"]}, {"live": "office"}],
        device_posture={"id": ids["Disk"]},
    )

    assert account.plan(said).is_empty


@pytest.mark.parametrize(
    ("selector", "name", "said"),
    [
        ("email_list", "office", "no live gateway email list called 'office'"),
        ("ip_list", "offce", "no live gateway ip list called 'offce'"),
        ("device_posture", "Firewall", "no live posture check called 'Firewall'"),
        ("ip_list", "6f0c9a1e-0000-4000-8000-00000000000a", "no live gateway ip list with the id"),
    ],
)
def test_what_is_not_there_is_an_error(
    account: Account, ids: dict[str, str], selector: str, name: str, said: str
) -> None:
    """A list of another type is not there, either: a test of it would be true of nobody."""
    with pytest.raises(Problems, match=said):
        account.plan(rules(**{selector: name}))


def test_two_of_one_name_are_told_with_their_ids(account: Account, ids: dict[str, str]) -> None:
    """Which one is meant is not guessed."""
    other = account.call("POST", LISTS, {"name": "staff", "type": "EMAIL"})["id"]

    with pytest.raises(Problems) as told:
        account.plan(NAMED)

    assert ids["EMAIL staff"] in str(told.value)
    assert other in str(told.value)


def unreadable(account: Account) -> None:
    """Let nobody read lists and posture checks any more."""
    for path in ("/gateway/lists", "/devices/posture"):
        account.sandbox.faults.add(kind="status", status=403, path=f".*{path}", times=None)


def test_they_are_read_only_where_they_are_named(account: Account) -> None:
    """Another file needs no permission for them, and no call."""
    unreadable(account)
    file = {**NAMED, "policies": {"std": {**NAMED["policies"]["std"], "include": [{"ip": "::1"}]}}}

    assert account.apply(file).is_complete


def test_a_token_without_the_permission_takes_ids(account: Account, ids: dict[str, str]) -> None:
    """An id stands for what may not be read; a name cannot."""
    unreadable(account)

    assert not account.plan(rules(ip_list=ids["IP office"], device_posture=ids["Disk"])).refusals
    with pytest.raises((CallFailed, Problems), match="gateway/lists"):
        account.plan(rules(ip_list="office"))


def test_an_export_writes_names(account: Account, ids: dict[str, str]) -> None:
    """It is proved, and adopted as it is; without the permission it has ids."""
    include = [{of: {key: ids[it]}} for of, key, it in WIRE]
    policy(account, include=include, session_duration="24h")

    found = exported(account)
    unreadable(account)
    blind = exported(account)
    account.sandbox.faults.script = []

    (said, unseen) = (
        yaml.safe_load(text_of(it))["policies"]["std"]["include"] for it in (found, blind)
    )
    assert found.is_complete
    assert {
        str(name): sorted([it] if isinstance(it, str) else it)
        for one in said
        for name, it in one.items()
    } == {
        "email_list": ["staff"],
        "ip_list": ["office", "staff"],
        "device_posture": ["Disk"],
    }
    assert {"email_list": {"id": ids["EMAIL staff"]}} in unseen
    assert adopted(account, found).is_empty
