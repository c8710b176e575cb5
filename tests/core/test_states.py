"""Every state of a run, name by name: which there are, what they break, which order mends it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztctl.core.model.address import Address
from ztctl.core.model.facts import (
    EVERYONE,
    Application,
    Criterion,
    Fact,
    Ingress,
    Members,
    Policy,
    Record,
    Slot,
    TunnelRules,
)
from ztctl.core.model.plan import StepId
from ztctl.core.reach.invariants import Invariant, repaired, violations
from ztctl.core.reach.timeline import Timeline, Version

HOST = "ssh.example.com"
TUNNEL, APP, RECORD = (TunnelRules, "t"), (Application, "a"), (Record, "r")
KIND_OF = {
    TunnelRules: "tunnel",
    Application: "access_application",
    Record: "dns_record",
    Members: "access_group",
}
ANN, BOB = Criterion("email", "ann@example.com"), Criterion("email", "bob@example.com")
DEV, PROD = "ssh://dev:22", "ssh://prod:22"

Slots = Mapping[Slot, tuple[Fact | None, ...]]


def step(slot: Slot, number: int) -> StepId:
    """The name of the step that makes this version of an object."""
    return StepId(Address(KIND_OF[slot[0]], slot[1]), f"v{number}")


def line(slots: Slots, needs: Mapping[StepId, set[StepId]] | None = None) -> Timeline:
    """A timeline of objects given by their versions; the steps of one object follow each other."""
    order: dict[StepId, set[StepId]] = {name: set(found) for name, found in (needs or {}).items()}
    versions: dict[Any, tuple[Version, ...]] = {}
    for slot, (now, *later) in slots.items():
        made = [Version(fact, step(slot, number)) for number, fact in enumerate(later, start=1)]
        for one, other in pairwise(made):
            order.setdefault(other.step, set()).add(one.step)  # type: ignore[arg-type]
        versions[slot] = (Version(now), *made)
    return Timeline(versions, order)


def allow(*who: Criterion) -> Policy:
    """A policy that lets these in."""
    return Policy("allow", Members(frozenset(who)))


def app(*policies: Policy, places: tuple[str, ...] = (HOST,)) -> Application:
    """An application with policies of its own."""
    return Application(places, policies, "aud")


def serves(service: str = DEV, *, checks: bool = False) -> TunnelRules:
    """A tunnel that serves the host."""
    return TunnelRules((Ingress(service, HOST, audience=frozenset({"aud"}) if checks else None),))


def broken(timeline: Timeline, *public: str) -> list[tuple[Invariant, str, list[str]]]:
    """What is broken, for which name, behind which steps."""
    return [
        (found.invariant, found.host, [str(item) for item in found.after])
        for found in violations(timeline, lambda host, _: host in public)
    ]


LEADS = Record(HOST, "t")


def test_a_name_that_opens_before_it_is_covered_is_an_open_door() -> None:
    """The record may be there before the application: in that state everybody may enter."""
    timeline = line({TUNNEL: (serves(),), RECORD: (None, LEADS), APP: (None, app(allow(ANN)))})

    assert broken(timeline) == [(Invariant.NO_EXPOSURE, HOST, ["dns_record.r#v1"])]


def test_a_stricter_order_closes_the_door() -> None:
    """Once the record waits for the application nothing is broken in any state."""
    timeline = line({TUNNEL: (serves(),), RECORD: (None, LEADS), APP: (None, app(allow(ANN)))})

    mended = repaired(timeline, lambda *_: False)

    assert mended.comes_before(step(APP, 1), step(RECORD, 1))
    assert broken(mended) == []


def test_what_is_stated_to_be_open_is_no_door() -> None:
    """A public host may lead to its origin without anything in front."""
    timeline = line({TUNNEL: (serves(),), RECORD: (None, LEADS)})

    assert broken(timeline, HOST) == []


def test_what_is_open_already_is_not_held_against_a_run() -> None:
    """A run that leaves an open host as open as it was breaks nothing."""
    timeline = line({TUNNEL: (serves(),), RECORD: (LEADS, LEADS)})

    assert broken(timeline) == []


def test_an_open_host_must_not_lead_elsewhere() -> None:
    """Open to another origin is worse than it was."""
    timeline = line({TUNNEL: (serves(DEV), serves(PROD)), RECORD: (LEADS,)})

    assert broken(timeline) == [(Invariant.NO_EXPOSURE, HOST, ["tunnel.t#v1"])]


def test_nobody_gets_in_between_who_gets_in_neither_before_nor_after() -> None:
    """New people at the old service, or old people at the new one: neither order is safe."""
    timeline = line(
        {
            TUNNEL: (serves(DEV), serves(PROD)),
            RECORD: (LEADS,),
            APP: (app(allow(ANN)), app(allow(BOB))),
        }
    )

    found = broken(repaired(timeline, lambda *_: False))

    assert [invariant for invariant, *_ in found] == [Invariant.NO_WIDENING]


def test_people_are_taken_out_before_the_service_moves() -> None:
    """Who leaves is gone before the new service is there; nobody else is shut out."""
    timeline = line(
        {
            TUNNEL: (serves(DEV), serves(PROD)),
            RECORD: (LEADS,),
            APP: (app(allow(ANN, BOB)), app(allow(ANN))),
        }
    )

    mended = repaired(timeline, lambda *_: False)

    assert mended.comes_before(step(APP, 1), step(TUNNEL, 1))
    assert broken(mended) == []


def test_people_are_let_in_after_the_service_has_moved() -> None:
    """Who comes new never meets the old service."""
    timeline = line(
        {
            TUNNEL: (serves(DEV), serves(PROD)),
            RECORD: (LEADS,),
            APP: (app(allow(ANN)), app(allow(ANN, BOB))),
        }
    )

    mended = repaired(timeline, lambda *_: False)

    assert mended.comes_before(step(TUNNEL, 1), step(APP, 1))
    assert broken(mended) == []


def test_who_may_enter_before_and_after_is_shut_out_for_a_moment() -> None:
    """A connector that wants the token of an application that is gone lets nobody in."""
    timeline = line(
        {
            TUNNEL: (serves(checks=True),),
            RECORD: (LEADS,),
            APP: (app(allow(ANN)), None, app(allow(ANN))),
        }
    )

    assert broken(timeline) == [
        (Invariant.NO_LOCK_OUT, HOST, ["access_application.a#v1"]),
    ]


def test_an_application_below_a_path_covers_nothing_else() -> None:
    """What stands in front of a path only leaves the host open."""
    timeline = line(
        {
            TUNNEL: (serves(),),
            RECORD: (LEADS,),
            APP: (app(allow(ANN)), app(allow(ANN), places=(f"{HOST}/admin",))),
        }
    )

    assert (Invariant.NO_EXPOSURE, HOST, ["access_application.a#v1"]) in broken(timeline)


def test_a_tunnel_of_nobody_knows_what_serves_every_name() -> None:
    """Unknown is open: what was not read may serve anything."""
    timeline = line({TUNNEL: (TunnelRules(None),), RECORD: (None, LEADS)})

    assert broken(timeline) == [(Invariant.NO_EXPOSURE, HOST, ["dns_record.r#v1"])]


@pytest.mark.parametrize("decision", ["bypass", "non_identity", "allow"])
def test_everyone_is_a_door(decision: str) -> None:
    """A policy that asks nobody anything is no protection, whatever it is called."""
    everyone = Policy(decision, Members(frozenset({EVERYONE})))
    timeline = line({TUNNEL: (serves(),), RECORD: (LEADS,), APP: (app(allow(ANN)), app(everyone))})

    assert broken(timeline) == [(Invariant.NO_EXPOSURE, HOST, ["access_application.a#v1"])]


def test_so_many_steps_at_once_are_refused_instead_of_guessed() -> None:
    """A policy that leans on more groups than can be gone through is not waved through."""
    groups: dict[Slot, Any] = {
        (Members, f"g{number}"): (Members(frozenset({ANN})), Members(frozenset({BOB})))
        for number in range(14)
    }
    who = Members(frozenset(Criterion("group", key) for _, key in groups))
    timeline = line(
        {
            **groups,
            TUNNEL: (serves(),),
            RECORD: (LEADS,),
            APP: (app(Policy("allow", who)),),
        }
    )

    assert {invariant for invariant, *_ in broken(timeline)} >= {Invariant.NOT_SHOWN}


@given(st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=6))
def test_states_are_exactly_what_the_order_allows(pairs: set[tuple[int, int]]) -> None:
    """A set of steps is a state when it holds everything that its steps wait for."""
    names = [StepId(Address("tunnel", f"t{place}"), "update") for place in range(5)]
    needs = {
        name: {names[other] for one, other in pairs if one == place and other < place}
        for place, name in enumerate(names)
    }
    slots: dict[Slot, Any] = {
        (TunnelRules, name.address.key): (Version(None), Version(None, name)) for name in names
    }

    found = set(Timeline(slots, needs).states(names))

    subsets = (
        frozenset(name for place, name in enumerate(names) if number >> place & 1)
        for number in range(2 ** len(names))
    )
    assert found == {done for done in subsets if all(needs[name] <= done for name in done)}
