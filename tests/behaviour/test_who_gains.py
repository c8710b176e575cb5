"""A plan says who gains and who loses entry to which host, in words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.account import Account
from tests.support.by_hand import put
from tests.support.files import HOST, host, short
from ztctl.core.model.facts import DescribedEntry, Openness

ANN, BOB = "ann@example.com", "bob@example.com"
SERVICE = "ssh://localhost:22"
File = dict[str, Any]
Ways = list[tuple[str, str]]


def guarded(*include: Any, **policy: Any) -> File:
    """One host behind one policy."""
    file = host()
    file["policies"]["team"] = {"decision": "allow", "include": list(include), **policy}
    return file


def access(account: Account, file: File) -> dict[str, tuple[Ways, Ways]]:
    """Who gains and who loses, by host."""
    plan = account.plan(file, exposure=["all"], interruption=["all"])
    return {
        change.host: (
            list(map(told, change.gained)),
            list(map(told, change.lost)),
        )
        for change in plan.access
    }


def told(way: DescribedEntry) -> tuple[str, str]:
    """Who reaches what, and what changes for them."""
    return f"{way.who}: {way.change}" if way.change else way.who, way.origin


def test_a_new_host_tells_who_may_enter(account: Account) -> None:
    """Everybody whom the policy lets in gains entry."""
    found = access(account, guarded({"email_domain": "example.com"}))

    assert found == {HOST: ([("everyone with an @example.com address", SERVICE)], [])}


def test_an_edited_policy_tells_both_sides(account: Account) -> None:
    """Who comes new and who goes; who stays is not mentioned."""
    account.apply(guarded({"email": [ANN, BOB]}))

    found = access(account, guarded({"email": [BOB, "eve@example.com"]}))

    assert found == {HOST: ([("eve@example.com", SERVICE)], [(ANN, SERVICE)])}


def test_an_edited_group_tells_only_what_is_new_in_it(account: Account) -> None:
    """The group is named, and with it those who joined and left."""

    def file(*emails: str) -> File:
        return {
            **guarded({"group": "ops"}),
            "groups": {"ops": {"include": [{"email": list(emails)}]}},
        }

    account.apply(file(ANN))

    found = access(account, file(BOB))

    assert found == {HOST: ([(f"group ops: {BOB}", SERVICE)], [(f"group ops: {ANN}", SERVICE)])}


def test_a_mail_in_other_letters_is_the_same_person(account: Account) -> None:
    """The application's own policy, spelt otherwise, gives way, and nobody comes or goes."""
    account.apply(guarded({"email": ANN}))
    own = {"name": "Own", "decision": "allow", "include": [{"email": {"email": "Ann@Example.com"}}]}
    put(account, "{A}/access/apps", account.one("apps"), policies=[own])

    assert access(account, guarded({"email": ANN})) == {}


def test_a_longer_session_is_a_gain(account: Account) -> None:
    """The same people for a longer time."""
    account.apply(guarded({"email": ANN}, session_duration="1h"))

    found = access(account, guarded({"email": ANN}, session_duration="8h"))

    assert found == {HOST: ([(f"{ANN}: session 1h → 8h", SERVICE)], [])}


def test_a_shorter_session_is_told_from_before_to_after(account: Account) -> None:
    """A loss has the same direction as a gain: first how it was, then how it will be."""
    account.apply(guarded({"email": ANN}, session_duration="8h"))

    found = access(account, guarded({"email": ANN}, session_duration="4h"))

    assert found == {HOST: ([], [(f"{ANN}: session 8h → 4h", SERVICE)])}


@pytest.mark.parametrize(
    ("before", "after", "gain", "loss"),
    [
        ([], ["PT"], "", "now asked: in PT"),
        (["PT"], [], "no longer asked: in PT", ""),
        (["PT"], ["US"], "asked: in PT → in US", "asked: in PT → in US"),
        (["PT", "US"], ["PT"], "", "asked: in PT or US → in PT"),
        (["PT"], ["PT", "US"], "asked: in PT → in PT or US", ""),
        (["PT", "US"], ["ES", "PT", "US"], "asked: in PT or US → in ES, PT or US", ""),
    ],
)
def test_a_changed_requirement_is_told_with_both_sides(
    account: Account, before: list[str], after: list[str], gain: str, loss: str
) -> None:
    """A list of countries becomes a helper group, which nobody wrote: its countries are told."""

    def asking(countries: list[str]) -> File:
        return guarded({"email": ANN}, require=[{"country": countries}] if countries else [])

    account.apply(asking(before))

    found = access(account, asking(after))

    assert found == {
        HOST: (
            [(f"{ANN}: {gain}", SERVICE)] if gain else [],
            [(f"{ANN}: {loss}", SERVICE)] if loss else [],
        )
    }


def test_a_group_that_others_exclude_tells_whom_it_gives_up(account: Account) -> None:
    """Of an excluded group those who enter now are told, and not the whole group."""

    def file(*countries: str) -> File:
        return {
            **guarded({"email_domain": "example.com"}, exclude=[{"group": "contractors"}]),
            "groups": {"contractors": {"include": [{"country": list(countries)}]}},
        }

    account.apply(file("NO", "PT"))

    found = access(account, file("PT"))

    who = "everyone with an @example.com address: also in NO (group contractors)"
    assert found == {HOST: ([(who, SERVICE)], [])}


def test_a_host_that_moves_to_another_tunnel_is_told_as_moved(account: Account) -> None:
    """Nobody comes or goes: the same people reach the same service, through another tunnel."""
    file = guarded({"email": ANN})
    file["tunnels"]["spare"] = {}
    account.apply(file)
    file["hosts"][HOST]["tunnel"] = "spare"

    moved = (f"{ANN}: moved from tunnel pool to tunnel spare", SERVICE)
    assert access(account, file) == {HOST: ([moved], [moved])}


def test_everybody_before_and_after_stands_beside_what_changes(account: Account) -> None:
    """Who stays is on both sides, each with the policy and the tunnel that lead there."""
    file = guarded({"email": ANN}, session_duration="8h")
    file["tunnels"]["spare"] = {}
    account.apply(file)
    file["policies"]["team"]["include"].append({"email": BOB})
    file["hosts"][HOST]["tunnel"] = "spare"

    (change,) = account.plan(file, interruption=["all"]).access

    def way(who: str, tunnel: str) -> DescribedEntry:
        return DescribedEntry(who, SERVICE, session="8h", policy="team", tunnel=tunnel)

    assert change.before == (way(ANN, "pool"),)
    assert change.after == (way(ANN, "spare"), way(BOB, "spare"))


def test_what_changes_for_those_who_are_moved_is_told_with_it(account: Account) -> None:
    """One line for the same people, whichever side a change is on."""
    file = guarded({"email": ANN}, session_duration="8h", require=[{"auth_method": "mfa"}])
    file["tunnels"]["spare"] = {}
    account.apply(file)
    file["hosts"][HOST]["tunnel"] = "spare"
    file["policies"]["team"] |= {"session_duration": "4h", "require": []}

    found = access(account, file)

    asked = "no longer asked: logged in with several factors (MFA)"
    moved = f"{ANN}: moved from tunnel pool to tunnel spare, {asked}, session 8h → 4h"
    assert found == {HOST: ([(moved, SERVICE)], [(moved, SERVICE)])}


def test_a_service_pointed_elsewhere_is_a_gain_and_a_loss(account: Account) -> None:
    """The same people, another origin."""
    account.apply(guarded({"email": ANN}))
    file = guarded({"email": ANN})
    file["hosts"][HOST]["service"] = "ssh://prod:22"

    moved = f"{ANN}: moved from {SERVICE}"
    assert access(account, file) == {HOST: ([(moved, "ssh://prod:22")], [(moved, SERVICE)])}


@pytest.mark.parametrize(
    ("decision", "words", "degree"),
    [
        ("allow", "EVERYONE", Openness.ANY_LOGIN),
        ("bypass", "BYPASS, nobody is asked: EVERYONE", Openness.OPEN),
        ("non_identity", "without a login: EVERYONE", Openness.OPEN),
    ],
)
def test_everyone_is_spelt_out_loudly(
    account: Account, decision: str, words: str, degree: Openness
) -> None:
    """What lets everybody in cannot be overlooked."""
    file = guarded({"everyone": True}, decision=decision)
    file["hosts"][HOST]["access"] = False

    (change,) = account.plan(file, exposure=["all"]).access

    assert [(way.who, way.openness) for way in change.gained] == [(words, degree)]


def test_the_hosts_of_other_stacks_that_use_the_policy_are_told(account: Account) -> None:
    """A policy that somebody else's application links, too, changes who enters there."""
    account.apply(guarded({"email": ANN}))
    policy = account.one("policies", name="team.ztctl-prod")["id"]
    body = {"type": "self_hosted", "name": "wiki", "domain": "wiki.example.com"}
    account.call("POST", "{A}/access/apps", {**body, "policies": [policy]})
    zone = account.one("zones", name="example.com")["id"]
    record = {"type": "A", "name": "wiki.example.com", "content": "192.0.2.1", "proxied": True}
    account.call("POST", f"/zones/{zone}/dns_records", record)

    found = access(account, guarded({"email": [ANN, BOB]}))

    assert sorted(found) == [HOST, "wiki.example.com"]
    assert found["wiki.example.com"] == ([(BOB, "whatever stands behind it")], [])


def test_a_plan_that_changes_nobodys_access_says_nothing_of_it(account: Account) -> None:
    """A title or a timeout lets nobody in."""
    account.apply(guarded({"email": ANN}))
    file = guarded({"email": ANN})
    file["hosts"][HOST] = short() | {"terminal": False}
    file["tunnels"]["pool"] = {"origin_request": {"connect_timeout": "10s"}}

    plan = account.plan(file)

    assert (plan.is_empty, plan.access) == (False, ())
