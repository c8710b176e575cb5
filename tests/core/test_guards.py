"""Promises about what a plan refuses unasked, and which flag is the yes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ztctl.core.model.address import Address
from ztctl.core.model.allowances import allowed
from ztctl.core.model.objects import Live
from ztctl.kinds.tunnel import TunnelAttributes

from .making import (
    Account,
    Sections,
    edited,
    files,
    host,
    live_object,
    living,
    plan,
    removed,
    told,
)

APP = "access_application.ssh.example.com"
RULE: dict[str, Any] = {"decision": "allow", "include": [{"email": "ann@example.com"}]}
CA = {**host(), "ca_keys": {"ssh.example.com": {}}}


def policies(count: int) -> dict[str, Any]:
    """So many policies."""
    return {"policies": {f"p{place}": RULE for place in range(count)}}


def running(account: Account) -> Account:
    """The account in which the tunnel has connectors."""
    return edited(account, "tunnel", "edge", attributes=TunnelAttributes(True, "healthy"))


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        (9, 1, False),
        (10, 7, False),
        (10, 6, True),
        (100, 70, False),
        (100, 69, True),
        (1, 0, True),
    ],
)
def test_deleting_much_wants_a_yes(before: int, after: int, refused: bool) -> None:
    """More than 30% of ten or more, or everything while nothing declared is live."""
    account = living(files(policies(before)))

    found = plan(files(policies(after)), account)

    assert told(found) == ([("None", "--allow-deletions")] if refused else [])
    assert told(plan(files(policies(after)), account, deletions=True)) == []


def test_a_copied_stack_name_deletes_nothing_unasked() -> None:
    """A file of which nothing is live does not wipe out the stack whose name it took."""
    found = plan(files(host("other.example.com", "other", "other")), living(files(policies(3))))

    assert told(found) == [("None", "--allow-deletions")]


def test_a_first_apply_deletes_nothing_and_asks_nothing() -> None:
    """Nothing declared is live in a new account, and that is no reason to stop."""
    assert told(plan(files(host()))) == []


def test_an_application_without_a_policy_wants_a_yes() -> None:
    """Taking the last policy away locks everybody out."""
    wanted = host()
    wanted["applications"]["ssh.example.com"]["policies"] = []
    account = living(files(host()))

    assert told(plan(files(wanted), account)) == [(APP, f"--allow-no-policy {APP}")]
    assert told(plan(files(wanted), account, no_policy=frozenset({APP}))) == []


def test_an_application_that_never_had_a_policy_is_no_news() -> None:
    """The guard is about losing policies."""
    bare = {"applications": {"ssh.example.com": None}}
    edit = {"applications": {"ssh.example.com": {"session_duration": "8h"}}}

    assert told(plan(files(edit), living(files(bare)))) == []


def test_a_certificate_authority_wants_a_yes_of_its_own() -> None:
    """Also when it goes with its application, and also under destroy."""
    key = "ca_key.ssh.example.com"
    account = living(files(CA))

    assert told(plan(files({}), account, deletions=True)) == [(key, f"--allow-ca-deletion {key}")]
    assert told(plan(files({}), account, deletions=True, ca_deletion=frozenset({key}))) == []


def test_a_replaced_application_wants_a_yes() -> None:
    """While its domain is free nobody can enter."""
    wanted = {**host(), "applications": {"ssh.example.com": {"type": "ssh", "policies": ["team"]}}}
    account = living(files(host()))

    assert told(plan(files(wanted), account)) == [(APP, f"--allow-interruption {APP}")]
    assert told(plan(files(wanted), account, interruption=frozenset({APP}))) == []


@pytest.mark.parametrize("status", [True, False])
def test_a_tunnel_at_work_wants_a_yes(status: bool) -> None:
    """Deleting it cuts off whoever works through it; an idle one is no matter."""
    tunnel: Sections = {"tunnels": {"edge": {}}}
    account = living(files(tunnel))
    account = running(account) if status else account

    found = plan(files({}), account, deletions=True)

    expected = [("tunnel.edge", "--allow-disconnect tunnel.edge")] if status else []
    assert told(found) == expected
    assert told(plan(files({}), account, deletions=True, disconnect=frozenset({"all"}))) == []


def test_a_locally_managed_tunnel_is_not_replaced() -> None:
    """No flag makes ztctl delete a tunnel that a file on its host configures."""
    account = edited(
        living(files({"tunnels": {"edge": {}}})), "tunnel", "edge", values={"config": "local"}
    )

    found = plan(files({"tunnels": {"edge": {}}}), account, disconnect=frozenset({"all"}))

    assert told(found) == [("tunnel.edge", "")]


@pytest.mark.parametrize("forget", [False, True])
def test_a_protected_object_stays(forget: bool) -> None:
    """Neither deleting nor forgetting it passes without its own yes."""
    address = "access_policy.p0"
    account = living(files({"policies": {"p0": {**RULE, "protect": True}}}))
    gone = files({}, removed=[removed(address, forget=forget)])

    found = plan(gone, account, deletions=True)

    assert told(found) == [(address, f"--allow-protected {address}")]
    assert told(plan(gone, account, deletions=True, protected=frozenset({address}))) == []


def test_destroying_a_protected_application_asks_once() -> None:
    """The protecting tag is no protected object: one yes is enough."""
    wanted = {"applications": {"ssh.example.com": {"protect": True}}}

    found = plan(files({}), living(files(wanted)), deletions=True, protected=frozenset({APP}))

    assert told(found) == []


def foreign(account: Account) -> Account:
    """The account in which an application of somebody else uses our policy."""
    wiki = replace(
        live_object(account, "access_application", "ssh.example.com"),
        id="wiki-1",
        name="wiki",
        key="wiki",
        mark=None,
        values={"destinations": ["wiki.example.com"], "policies": ["access_policy-team"]},
    )
    return {**account, "access_application": (*account["access_application"], wiki)}


def test_a_policy_in_foreign_use_is_not_deleted() -> None:
    """Before the first write the plan names who still uses it, and no flag helps."""
    account = foreign(living(files(host())))

    found = plan(files({}), account, deletions=True)

    assert told(found) == [("access_policy.team", "")]
    assert "'wiki' (wiki-1)" in found.refusals[0].reason


def test_what_lets_go_in_the_same_plan_does_not_hold() -> None:
    """An application that gets another policy does not keep the old one alive."""
    wanted = {**host(policy="crew")}

    assert told(plan(files(wanted), living(files(host())))) == []


def test_what_is_forgotten_still_holds() -> None:
    """A forgotten application keeps its policies, so that they cannot be deleted."""
    account = living(files(host()))

    found = plan(files({}, removed=[removed(APP, forget=True)]), account, deletions=True)

    assert ("access_policy.team", "") in told(found)


def test_a_group_in_use_by_a_foreign_group_is_not_deleted() -> None:
    """Groups hold groups."""
    account = living(files({"groups": {"g": {"include": [{"email": "ann@example.com"}]}}}))
    holder = Live(
        "access_group", "h", "theirs", "theirs", {"include": [{"group": "access_group-g"}]}
    )
    account = {**account, "access_group": (*account["access_group"], holder)}

    assert told(plan(files({}), account, deletions=True)) == [("access_group.g", "")]


@pytest.mark.parametrize(
    ("given", "expected"),
    [((), False), (("tunnel.edge",), True), (("all",), True), (("tunnel.edge2", "edge"), False)],
)
def test_a_yes_is_for_one_address_or_for_all(given: tuple[str, ...], expected: bool) -> None:
    """A flag admits exactly what it names."""
    assert allowed(Address("tunnel", "edge"), frozenset(given)) is expected
