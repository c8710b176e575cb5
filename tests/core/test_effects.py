"""What a step does to host names, derived from the facts before and after it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ztctl.core.model.address import Address
from ztctl.core.model.facts import (
    EVERYONE,
    UNKNOWN_TUNNEL,
    Application,
    Fact,
    Ingress,
    Members,
    Policy,
    Record,
    Slot,
    TunnelRules,
)
from ztctl.core.model.names import may_meet
from ztctl.core.model.plan import StepId
from ztctl.core.reach.effects import Effects, effects
from ztctl.core.reach.timeline import Timeline, Version

from .making import files, host, living, plan

A, B, WILD = "a.example.com", "b.example.com", "*.example.com"
ASKED = Ingress("ssh://dev:22", A, audience=frozenset({"aud"}))
NOBODY = frozenset[str]()
TEAM = (Policy("allow", Members(frozenset({EVERYONE}))),)


def rules(*served: Ingress) -> TunnelRules:
    """A tunnel with these rules and a closing one."""
    return TunnelRules((*served, Ingress("http_status:404")))


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (None, Application((A, f"{B}/admin")), Effects(covers=frozenset({A, B}))),
        (Application((A,)), Application((WILD,)), Effects(frozenset({WILD}), frozenset({A}))),
        (Application((A,)), Application((A,), session=60.0), Effects()),
        (None, Record(A, "t"), Effects(opens=frozenset({A}))),
        (Record(A, "t"), None, Effects(closes=frozenset({A}))),
        (Record(A, "t"), Record(A, "u"), Effects(NOBODY, NOBODY, frozenset({A}), frozenset({A}))),
        (Record(A, "t"), Record(A, "t"), Effects()),
        (rules(), rules(ASKED), Effects(opens=frozenset({A}))),
        (rules(ASKED), rules(), Effects(closes=frozenset({A}))),
        (rules(ASKED), rules(Ingress("ssh://dev:22", A)), Effects(opens=frozenset({A}))),
        (rules(), rules(Ingress("http_status:503", A)), Effects()),
        (UNKNOWN_TUNNEL, None, Effects()),
        (None, TEAM[0], Effects()),
        (None, None, Effects()),
    ],
)
def test_effects_follow_from_the_facts(
    before: Fact | None, after: Fact | None, found: Effects
) -> None:
    """An application covers, a record and an origin's rule open; a check that goes opens, too."""
    assert effects(before, after) == found


def test_settings_of_a_rule_that_lead_nowhere_else_open_nothing() -> None:
    """A timeout of the connector is written, and no name opens by it."""
    before, after = host(A), host(A)
    after["tunnels"]["edge"]["ingress"][0]["origin_request"] = {"connect_timeout": "10s"}

    (step,) = plan(files(after), living(files(before))).steps

    assert str(step.id) == "tunnel.edge#configure"
    assert (step.opens, step.closes) == (NOBODY, NOBODY)


RECORDS = st.builds(
    Record,
    name=st.just(A),
    tunnel=st.sampled_from(["t", "u"]),
    proxied=st.booleans(),
)
TUNNELS = st.lists(
    st.builds(
        Ingress,
        service=st.sampled_from(["ssh://dev:22", "ssh://prod:22", "http_status:404"]),
        hostname=st.sampled_from([A, B]),
        audience=st.sampled_from([None, frozenset({"aud"})]),
    ),
    max_size=2,
    unique_by=lambda rule: rule.hostname,
).map(lambda served: rules(*sorted(served, key=lambda rule: rule.hostname)))
APPLICATIONS = st.lists(st.sampled_from([A, B, WILD]), unique=True).map(
    lambda places: Application(tuple(places), TEAM, "aud")
)
OBJECTS: dict[Slot, Any] = {
    (Record, "r"): RECORDS,
    (Record, "w"): st.just(Record(WILD, "t")),
    (TunnelRules, "t"): TUNNELS,
    (Application, "a"): APPLICATIONS,
}


@settings(max_examples=100)
@given(st.data())
def test_who_reaches_a_host_changes_only_where_the_effects_say_so(data: st.DataObject) -> None:
    """Whatever one object becomes, a host that others reach than before is among its names.

    Not held to it: who the policies let in, and rules or places that overlap or have a path.
    """
    slot = data.draw(st.sampled_from(list(OBJECTS)))
    slots = {it: data.draw(made) for it, made in OBJECTS.items()}
    slots[slot], after = data.draw(st.tuples(*[st.none() | OBJECTS[slot]] * 2))
    step = StepId(Address("object", slot[1]), "update")
    versions = {it: (Version(fact),) for it, fact in slots.items()}
    line = Timeline(versions | {slot: (Version(slots[slot]), Version(after, step))})

    names = [name for found in effects(slots[slot], after) for name in found]

    for visited in (A, B, "c.example.com"):
        scope = line.scope(visited)
        if scope.entries_at(()) != scope.entries_at({step}):
            assert any(may_meet(name, visited) for name in names), visited
