"""``--calls``: what is shown is what is sent."""

from __future__ import annotations

import copy
import json
from typing import Any

from tests.support.account import Account
from ztctl.core.model.plan import Plan
from ztctl.engine.preview import UNKNOWN, Preview, previews
from ztctl.kinds.registry import KINDS

FILE: dict[str, Any] = {
    "groups": {"people": {"include": [{"email": "ann@example.com"}]}},
    "policies": {"team": {"decision": "allow", "include": [{"group": "people"}]}},
    "applications": {"ssh.example.com": {"policies": ["team"]}},
    "tunnels": {
        "pool": {"ingress": [{"hostname": "ssh.example.com", "service": "ssh://localhost:22"}]}
    },
    "dns": {"ssh.example.com": {"tunnel": "pool"}},
    "ca_keys": {"ssh.example.com": {}},
}


def edited() -> dict[str, Any]:
    """The file with one field of every kind changed that can be changed."""
    file = copy.deepcopy(FILE)
    file["groups"]["people"]["include"] = [{"email": "bob@example.com"}]
    file["policies"]["team"]["session_duration"] = "8h"
    file["applications"]["ssh.example.com"]["session_duration"] = "2h"
    file["tunnels"]["pool"]["ingress"][0]["service"] = "ssh://localhost:2222"
    file["dns"]["ssh.example.com"]["comment"] = "the way in"
    return file


def shown(plan: Plan, account: Account) -> list[tuple[str, str, Any]]:
    """Method, path and body of every preview."""
    place = account.sandbox.account_id
    return [
        (item.call.method, item.call.path.replace("{account}", place), item.call.body)
        for item in previews(plan, KINDS)
    ]


def sent(account: Account) -> list[tuple[str, str, Any]]:
    """Method, path and body of every write that the account saw."""
    return [
        (entry.method, entry.path, json.loads(entry.body) if entry.body else None)
        for entry in account.writes()
    ]


def test_the_calls_of_an_update_are_the_calls_that_apply_sends(account: Account) -> None:
    """When every value is known, method, path and body are shown exactly as they go out."""
    account.apply(FILE)
    plan = account.plan(edited(), interruption=["all"])
    account.forget_log()

    account.carry_out(plan)

    assert sorted(shown(plan, account), key=str) == sorted(sent(account), key=str)
    # Three of the five are restricted first: other people and another server at once.
    assert len(sent(account)) == 8


def test_the_calls_of_a_removal_are_the_calls_that_apply_sends(account: Account) -> None:
    """Deletions carry ids that are known: they are shown as they go out."""
    account.apply(FILE)
    plan = account.plan({}, deletions=True, ca_deletion=["all"])
    account.forget_log()

    account.carry_out(plan)

    assert sorted(shown(plan, account), key=str) == sorted(sent(account), key=str)


def test_what_is_not_there_yet_reads_so(account: Account) -> None:
    """An id that only apply will know stands open, in paths and bodies alike, and unquoted."""
    calls = {str(item.step.id): item.call for item in previews(account.plan(FILE), KINDS)}

    configure = calls["tunnel.pool#configure"]
    assert configure.path == f"/accounts/{{account}}/cfd_tunnel/{UNKNOWN}/configurations"
    assert calls["access_policy.team#create"].body["include"] == [{"group": {"id": UNKNOWN}}]
    assert calls["ca_key.ssh.example.com#create"].path.endswith(f"/apps/{UNKNOWN}/ca")


def test_what_is_replaced_is_not_known_by_its_old_id(account: Account) -> None:
    """What refers to an object that is made anew shows the open id, not the one that goes."""
    account.apply(FILE)
    file = copy.deepcopy(FILE)
    file["applications"]["ssh.example.com"]["type"] = "ssh"
    plan = account.plan(file, interruption=["all"], ca_deletion=["all"])
    old = account.one("apps")

    made = [item for item in previews(plan, KINDS) if item.step.id.verb != "delete"]

    assert len(made) > 1
    assert [_said(item) for item in made if old["id"] in _said(item)] == []
    assert [_said(item) for item in made if old["aud"] in _said(item)] == []


def _said(item: Preview) -> str:
    return f"{item.call.path} {json.dumps(item.call.body)}"


def test_a_preview_sends_nothing(account: Account) -> None:
    """The account sees no request while calls are shown."""
    account.apply(FILE)
    plan = account.plan(edited())
    account.forget_log()

    list(previews(plan, KINDS))

    assert not account.sandbox.log
