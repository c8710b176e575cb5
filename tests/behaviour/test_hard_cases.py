"""Edits of which the order is hard: nothing opens, nobody is let in or shut out on the way.

Every apply of these tests is watched write by write, as all of this folder are.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.account import Account, refused
from tests.support.files import HOST

A, B = "a.example.com", "b.example.com"
ANN, BOB = "ann@example.com", "bob@example.com"
File = dict[str, Any]


def people(*emails: str) -> File:
    """A policy that lets these in."""
    return {"decision": "allow", "include": [{"email": list(emails)}]}


def behind(*applications: str) -> File:
    """Two names on one tunnel, behind these applications."""
    return {
        "policies": {"team": people(ANN)},
        "applications": {name: {"policies": ["team"]} for name in applications},
        "tunnels": {
            "pool": {
                "ingress": [
                    {"hostname": A, "service": "ssh://a:22"},
                    {"hostname": B, "service": "ssh://b:22"},
                ]
            }
        },
        "dns": {A: {"tunnel": "pool"}, B: {"tunnel": "pool"}},
    }


def host(service: str = "ssh://dev:22", *, tunnel: str = "pool", **fields: Any) -> File:
    """One host in the short form."""
    return {
        "policies": {"team": people(ANN), "crew": people(BOB)},
        "tunnels": {tunnel: {}},
        "hosts": {A: {"tunnel": tunnel, "service": service, "policies": ["team"], **fields}},
    }


def order(account: Account, before: File, after: File, **yes: Any) -> list[str]:
    """Apply one file, then the other; the writes of the second, in the order they were done."""
    account.apply(before)
    outcome = account.apply(after, deletions=True, **yes)
    assert account.plan(after).is_empty
    return [str(step) for step in outcome.done]


def test_a_wildcard_is_split_without_a_gap(account: Account) -> None:
    """The connector takes every token until it knows the new ones; Access asks all the time."""
    done = order(account, behind("*.example.com"), behind(A, B))

    assert done[0] == "tunnel.pool#relax"
    assert done[-2:] == ["tunnel.pool#configure", "access_application.*.example.com#delete"]


def test_single_applications_become_a_wildcard_without_a_gap(account: Account) -> None:
    """And back: the wildcard is there before the single ones go."""
    done = order(account, behind(A, B), behind("*.example.com"))

    assert done[:2] == ["tunnel.pool#relax", "access_application.*.example.com#create"]
    assert done[-1] == "tunnel.pool#configure"


def test_a_host_moves_to_another_tunnel_without_a_gap(account: Account) -> None:
    """The new rule, then the record, then the old rule."""
    both: File = {"tunnels": {"one": {}, "two": {}}}

    done = order(account, host(tunnel="one") | both, host(tunnel="two") | both)

    assert done == ["tunnel.two#configure", f"dns_record.{A}#update", "tunnel.one#configure"]


def test_a_host_moves_to_a_tunnel_that_served_every_name(account: Account) -> None:
    """The rule for every name is kept, as the last one, until the named one takes over."""
    service = "ssh://localhost:22"
    named = {"ingress": [{"hostname": HOST, "service": service}]}
    whole = {
        "policies": {"team": {"decision": "allow", "include": [{"email": "ann@example.com"}]}},
        "applications": {HOST: {"policies": ["team"]}},
    }
    every = {"ingress": [{"service": service}]}
    account.apply(
        {**whole, "tunnels": {"new": every, "old": named}, "dns": {HOST: {"tunnel": "old"}}}
    )

    file = {
        **whole,
        "tunnels": {"new": named, "old": {"ingress": []}},
        "dns": {HOST: {"tunnel": "new"}},
    }
    account.apply(file)

    assert account.plan(file).is_empty


def test_a_tunnel_is_replaced_without_a_gap(account: Account) -> None:
    """The old one goes when nothing leads to it any more."""
    done = order(account, host(tunnel="one"), host(tunnel="two"))

    assert done[-2:] == [f"dns_record.{A}#update", "tunnel.one#delete"]


def test_a_swapped_policy_is_one_write(account: Account) -> None:
    """Another policy in its place: the list is written whole."""
    done = order(account, host(), host(policies=["crew"]))

    assert done == [f"access_application.{A}#update"]


def test_a_group_is_narrowed_and_widened_in_one_write(account: Account) -> None:
    """Who leaves and who comes are the same write: there is no state between."""

    def file(*emails: str) -> File:
        return {
            **host(),
            "groups": {"people": {"include": [{"email": list(emails)}]}},
            "policies": {"team": {"decision": "allow", "include": [{"group": "people"}]}},
        }

    done = order(account, file(ANN, BOB), file(BOB, "eve@example.com"))

    assert done == ["access_group.people#update"]


def test_who_comes_new_never_meets_the_old_service(account: Account) -> None:
    """The service moves first, then people are let in."""
    wider = {**host("ssh://prod:22"), "policies": {"team": people(ANN, BOB)}}
    narrower = {**host(), "policies": {"team": people(ANN)}}

    done = order(account, narrower, wider)

    assert done == ["tunnel.pool#configure", "access_policy.team#update"]


def test_who_leaves_never_meets_the_new_service(account: Account) -> None:
    """People are taken out first, then the service moves."""
    wider = {**host(), "policies": {"team": people(ANN, BOB)}}
    narrower = {**host("ssh://prod:22"), "policies": {"team": people(ANN)}}

    done = order(account, wider, narrower)

    assert done == ["access_policy.team#update", "tunnel.pool#configure"]


@pytest.fixture
def exchange() -> tuple[File, File]:
    """Other people and another service at once: no order of the two writes is safe."""
    return host(), host("ssh://prod:22", policies=["crew"])


def test_other_people_at_another_service_are_refused(
    account: Account, exchange: tuple[File, File]
) -> None:
    """Whatever comes first, somebody would reach what was never meant for them."""
    before, after = exchange
    account.apply(before)

    plan = account.plan(after)

    address = f"access_application.{A}"
    assert (address, f"--allow-interruption {address}") in refused(plan)


def test_with_a_yes_people_are_shut_out_in_between(
    account: Account, exchange: tuple[File, File]
) -> None:
    """First nobody, then the service, then the new people."""
    before, after = exchange

    done = order(account, before, after, interruption=["all"])

    assert done == [
        f"access_application.{A}#restrict",
        "tunnel.pool#configure",
        f"access_application.{A}#update",
    ]


def test_two_applications_swap_their_policies(account: Account) -> None:
    """Each list is one write, and the two need not wait for each other."""

    def file(one: str, other: str) -> File:
        found = host()
        found["hosts"] = {
            A: {"tunnel": "pool", "service": "ssh://a:22", "policies": [one]},
            B: {"tunnel": "pool", "service": "ssh://b:22", "policies": [other]},
        }
        return found

    done = order(account, file("team", "crew"), file("crew", "team"))

    assert sorted(done) == [f"access_application.{A}#update", f"access_application.{B}#update"]


def test_an_address_record_becomes_a_way_to_the_tunnel_in_one_batch(account: Account) -> None:
    """Two calls would leave a gap, or be refused: a name has one kind of record."""
    zone = account.one("zones", name="example.com")["id"]
    body = {"type": "A", "name": A, "content": "192.0.2.7", "proxied": True}
    account.call("POST", f"/zones/{zone}/dns_records", body)
    account.forget_log()

    account.apply(host(), adopt=True)

    writes = [entry for entry in account.writes() if "dns_records" in entry.path]
    assert [entry.path.rpartition("/")[2] for entry in writes] == ["batch"]


def test_everything_is_taken_away_from_the_outside_inwards(account: Account) -> None:
    """Names close before what stands behind them goes, and Access goes last."""
    account.apply(host())

    done = [str(step) for step in account.destroy(host()).done]

    places = [done.index(f"dns_record.{A}#delete"), done.index(f"access_application.{A}#delete")]
    assert places == sorted(places)
    assert done.index("tunnel.pool#delete") > places[0]
