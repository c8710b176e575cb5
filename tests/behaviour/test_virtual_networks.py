"""Virtual networks: a stack's own are as the file says, the account's default is never touched."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.account import Account, edits, refused, told
from ztctl.core.model.calls import CallFailed
from ztctl.core.model.diagnostics import Problems
from ztctl.core.model.plan import Action
from ztctl.engine.plan import emptied
from ztctl.kinds.registry import KINDS

NETWORKS = "{A}/teamnet/virtual_networks"


def network(key: str = "staging", **fields: Any) -> dict[str, Any]:
    """A file with one virtual network."""
    return {"virtual_networks": {key: fields}}


def living(account: Account) -> dict[str, Any]:
    """The living networks by name, the default one left out."""
    return {
        item["name"]: item
        for item in account.everything()["virtual_networks"]
        if not item["deleted_at"] and not item["is_default_network"]
    }


def default(account: Account) -> Any:
    """The account's default network."""
    return account.one("virtual_networks", is_default_network=True)


def test_a_network_is_made_with_the_mark_behind_its_comment(account: Account) -> None:
    """What is made is called by its key, and the next plan is empty."""
    file = network(comment="the  lab")

    account.apply(file)

    assert living(account)["staging"]["comment"] == "the lab ztctl-prod"
    assert account.plan(file).is_empty


def test_a_comment_is_changed_and_nothing_else(account: Account) -> None:
    """A change is one write; words that the file does not say stay."""
    account.apply(network(comment="one"))

    plan = account.plan(network(comment="two"))
    account.carry_out(plan)

    assert edits(plan) == ["virtual_network.staging comment"]
    assert living(account)["staging"]["comment"] == "two ztctl-prod"
    assert account.plan(network()).is_empty


def test_a_network_that_was_moved_is_renamed(account: Account) -> None:
    """``moved`` keeps the network, and so the routes in it."""
    account.apply(network())
    before = living(account)["staging"]["id"]
    moved = {"from": "virtual_network.staging", "to": "virtual_network.lab"}

    account.apply({**network("lab"), "moved": [moved]})

    assert living(account)["lab"]["id"] == before
    assert account.plan(network("lab")).is_empty


def test_a_network_is_deleted_when_the_whole_section_leaves_the_file(account: Account) -> None:
    """What carries the mark is found although no file speaks of networks any more."""
    account.apply({**network(), "groups": GROUPS})

    plan = account.plan({"groups": GROUPS})
    account.carry_out(plan)

    assert told(plan) == ["delete virtual_network.staging"]
    assert living(account) == {}


def test_a_destroy_takes_the_networks_along(account: Account) -> None:
    """Nothing with the mark is left, and the default network is as it was."""
    before = default(account)
    account.apply(network())

    account.destroy(network())

    assert living(account) == {}
    assert default(account) == before


def test_a_network_of_nobody_is_adopted_with_a_yes(account: Account) -> None:
    """The same name without a mark is adopted, and its comment stays."""
    made = account.call("POST", NETWORKS, {"name": "staging", "comment": "by hand"})

    plan = account.plan(network())
    account.carry_out(account.plan(network(), adopt=True))

    assert [change.action for change in plan.changes] == [Action.ADOPT]
    assert refused(plan) == [("virtual_network.staging", "--adopt")]
    assert living(account)["staging"]["id"] == made["id"]
    assert living(account)["staging"]["comment"] == "by hand ztctl-prod"


def test_a_name_claims_nothing_that_carries_no_mark(account: Account) -> None:
    """``name:`` is what the network is called; what is live under it is adopted like any other."""
    account.call("POST", NETWORKS, {"name": "Lab 1"})

    plan = account.plan(network("lab", name="Lab 1"))

    assert refused(plan) == [("virtual_network.lab", "--adopt")]


def test_the_network_of_another_stack_is_refused(account: Account) -> None:
    """Another stack's network of that name stays, and the plan says whose it is."""
    account.apply({**network(), "stack": "other"})

    (refusal,) = account.plan(network()).refusals

    assert "belongs to the stack 'other'" in refusal.reason


def test_two_stacks_do_not_see_each_others_networks(account: Account) -> None:
    """A stack that has no network deletes none of another stack's."""
    account.apply({**network(), "stack": "other"})
    account.apply(network("mine"))

    account.destroy(network("mine"))

    assert list(living(account)) == ["staging"]


def test_the_default_network_cannot_be_declared(account: Account) -> None:
    """Cloudflare's own network belongs to no stack: the file is told to leave it out."""
    before = default(account)

    with pytest.raises(Problems) as caught:
        account.plan(network(before["name"]))

    assert "is the account's default network" in str(caught.value)
    assert default(account) == before


def test_the_default_network_cannot_be_removed(account: Account) -> None:
    """Naming it under ``removed`` is refused, with no flag that allows it."""
    file = {
        "groups": GROUPS,
        "removed": [{"address": "virtual_network.x", "name": default(account)["name"]}],
    }

    plan = account.plan(file, deletions=True)

    assert refused(plan) == [("virtual_network.x", "")]


def test_a_network_that_is_called_otherwise_is_another_network(account: Account) -> None:
    """The routes move over, and the old network goes after them."""
    route = {"network": "10.0.0.0/8", "tunnel": "pool", "virtual_network": "a"}
    rest = {"tunnels": {"pool": {}}, "private_routes": {"r": route}}
    account.apply({**rest, **network("a")})

    account.apply({**rest, **network("a", name="b")})

    assert list(living(account)) == ["b"]
    assert account.plan({**rest, **network("a", name="b")}).is_empty


def test_a_network_of_ours_that_became_the_default_is_left_alone(account: Account) -> None:
    """Somebody made it the account's default by hand: leaving the file deletes nothing."""
    account.apply(network())
    mine = living(account)["staging"]["id"]
    account.call("PATCH", f"{NETWORKS}/{mine}", {"is_default_network": True})

    assert account.plan({"groups": {}}).is_empty
    assert default(account)["id"] == mine


def test_a_token_that_may_not_read_networks_plans_what_does_not_need_them(
    account: Account,
) -> None:
    """A 403 on a section that the file does not use fails nothing."""
    forbid(account, "virtual_networks")

    assert told(account.plan({"groups": GROUPS})) == ["create access_group.people"]


@pytest.mark.parametrize("ending", ["plan", "destroy", "removed"])
def test_a_token_that_may_not_read_declared_networks_fails(account: Account, ending: str) -> None:
    """Where the file speaks of networks a 403 is told, in a destroy and for a removal too."""
    account.apply(network())
    forbid(account, "virtual_networks")
    removed = {"groups": GROUPS, "removed": [{"address": "virtual_network.staging"}]}
    nothing = emptied(account.declared(network()), KINDS)
    declared = {"plan": network(), "removed": removed}

    with pytest.raises(CallFailed) as caught:
        account.plan_of(nothing if ending == "destroy" else account.declared(declared[ending]))

    assert caught.value.status == 403


GROUPS = {"people": {"include": [{"email": "ann@example.com"}]}}


def forbid(account: Account, section: str) -> None:
    """Let the token read everything of the account but one list."""
    account.sandbox.faults.add(
        kind="status", status=403, method="GET", path=f"/teamnet/{section}$", times=None
    )
