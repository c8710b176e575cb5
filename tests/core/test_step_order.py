"""Promises about the order of steps: golden orders, no ring, and nothing open on the way.

Each file of ``cases`` holds the files before and after, and the steps in waves: what stands in
one line can go out at once, each line waits for something in the line before.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.support.examples import examples
from ztctl.core.model.address import Address
from ztctl.core.model.plan import Action, Change, Phase, Plan, Reason, Step, StepId
from ztctl.core.model.values import Ref
from ztctl.core.planning.step_graph import ordered
from ztctl.kinds.destinations import public_hosts
from ztctl.kinds.registry import KINDS

from .making import Account, change_of, files, living, order, plan, removed, waves

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
ALL = frozenset({"all"})
POLICIES = {
    name: {"decision": "allow", "include": [{"email": f"{name}@example.com"}]} for name in "pq"
}


def between(before: dict[str, Any], after: dict[str, Any]) -> Plan:
    """The plan from one file to another, everything allowed."""
    return plan(
        files(after), living(files(before)), deletions=True, ca_deletion=ALL, interruption=ALL
    )


@pytest.mark.parametrize("case", CASES, ids=[case.stem for case in CASES])
def test_steps_come_in_a_safe_order(case: Path) -> None:
    """The order of each case is the one that its promise describes."""
    told = yaml.safe_load(case.read_text(encoding="utf-8"))

    found = between(told["before"], told["after"])

    assert waves(found) == told["order"]


# -- any two files --------------------------------------------------------------------------------

NAMES = [f"{letter}.example.com" for letter in "abc"]
HOST = st.fixed_dictionaries(
    {"tunnel": st.sampled_from("tu"), "own": st.booleans(), "policy": st.sampled_from("pq")}
)
HOSTS = st.dictionaries(st.sampled_from(NAMES), HOST)


def sections(hosts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A file in which each host has its own application or stands behind the wildcard."""
    applications = {
        name: {"policies": [facts["policy"]]} for name, facts in hosts.items() if facts["own"]
    }
    if len(applications) < len(hosts):
        applications["*.example.com"] = {"policies": ["p"]}
    return {
        "policies": POLICIES,
        "applications": applications,
        "tunnels": {
            tunnel: {
                "ingress": [
                    {"hostname": name, "service": "ssh://localhost:22"}
                    for name, facts in hosts.items()
                    if facts["tunnel"] == tunnel
                ]
            }
            for tunnel in {facts["tunnel"] for facts in hosts.values()}
        },
        "dns": {name: {"tunnel": facts["tunnel"]} for name, facts in hosts.items()},
    }


class Edge:
    """Which names lead where and what covers them, as the steps of a plan change it."""

    def __init__(self, account: Account) -> None:
        self._covers = {
            Address(live.kind, live.key): set(public_hosts(live.values["destinations"]))
            for live in account.get("access_application", ())
        }
        self._serves = {
            live.key: set(KINDS["tunnel"].hosts(live.key, live.values))
            for live in account.get("tunnel", ())
        }
        self._leads = {
            live.key: live.values["tunnel"].partition(".")[0].removeprefix("tunnel-")
            for live in account.get("dns_record", ())
        }

    def take(self, step: Step) -> None:
        """Do what one step does."""
        address = step.id.address
        self._covers.setdefault(address, set()).update(step.covers)
        self._covers[address] -= step.uncovers
        if address.kind == "tunnel":
            self._serves.setdefault(address.key, set()).update(step.opens)
            self._serves[address.key] -= step.closes
        if address.kind == "dns_record":
            self._leads.pop(address.key, None)
            if isinstance(target := step.values.get("tunnel"), Ref):
                self._leads[address.key] = target.to.key

    def exposed(self) -> set[str]:
        """The names that lead to an origin with nothing in front of them."""
        covered = set[str]().union(*self._covers.values())
        covered |= set(NAMES) if "*.example.com" in covered else set()
        return {
            name
            for name, tunnel in self._leads.items()
            if name in self._serves.get(tunnel, ()) and name not in covered
        }


@examples(40)
@given(HOSTS, HOSTS)
def test_no_two_files_make_a_ring(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Hosts that come, go and change tunnel, cover and policy can always be ordered."""
    found = between(sections(before), sections(after))

    assert len(order(found)) == len(found.steps)


@examples(60)
@given(HOSTS, HOSTS, st.randoms(use_true_random=False))
def test_no_order_that_the_plan_allows_opens_a_door(
    before: dict[str, Any], after: dict[str, Any], chance: Any
) -> None:
    """After each step of any allowed order every name that leads somewhere is covered."""
    found = between(sections(before), sections(after))
    edge, waiting, done = Edge(living(files(sections(before)))), list(found.steps), set[StepId]()
    assert edge.exposed() == set()

    while waiting:
        step = chance.choice([step for step in waiting if step.needs <= done])
        edge.take(step)
        waiting.remove(step)
        done.add(step.id)
        assert edge.exposed() == set(), step.id


# -- what goes with its owner ---------------------------------------------------------------------


@pytest.mark.parametrize("gone", [False, True])
def test_a_ca_waits_until_its_application_has_closed_its_names(gone: bool) -> None:
    """Nobody who may still reach a host is locked out of it: the record goes first."""

    def file(*names: str) -> dict[str, Any]:
        application = {"pool": {"destinations": list(names), "policies": ["p"]}} if names else {}
        return {
            "policies": POLICIES,
            "applications": application,
            "tunnels": {"t": {}},
            "dns": {name: {"tunnel": "t"} for name in names},
        }

    before = living(files({**file(*NAMES[:2]), "ca_keys": {"pool": {}}}))
    after = files(file(*NAMES[: 0 if gone else 1]), removed=[removed("ca_key.pool")])

    found = plan(after, before, deletions=True, ca_deletion=ALL)

    (going,) = change_of(found, "ca_key.pool").steps
    closed = NAMES[0 if gone else 1 : 2]
    assert {str(need) for need in going.needs} == {f"dns_record.{name}#delete" for name in closed}


@pytest.mark.parametrize(("closed", "waits"), [(NAMES[0], True), (NAMES[1], False)])
def test_a_ca_of_an_application_that_stays_waits_for_its_names_alone(
    closed: str, waits: bool
) -> None:
    """The record goes before the CA; the record of another application holds it up for nothing."""
    both = NAMES[:2]
    file: dict[str, Any] = {
        "policies": POLICIES,
        "applications": {name: {"policies": ["p"]} for name in both},
        "tunnels": {"t": {}},
        "dns": {name: {"tunnel": "t"} for name in both},
    }
    rest = {**file, "dns": {name: {"tunnel": "t"} for name in both if name != closed}}
    before = living(files({**file, "ca_keys": {NAMES[0]: {}}}))

    found = plan(files(rest, removed=[removed(f"ca_key.{NAMES[0]}")]), before, ca_deletion=ALL)

    (going,) = change_of(found, f"ca_key.{NAMES[0]}").steps
    assert {str(it) for it in going.needs} == ({f"dns_record.{closed}#delete"} if waits else set())


# -- edges by themselves --------------------------------------------------------------------------


def change(kind: str, key: str, *verbs: str, phase: Phase, **facts: Any) -> Change:
    """A change made by hand, each of its steps with these facts."""
    address = Address(kind, key)
    steps = tuple(Step(StepId(address, verb), phase, **facts) for verb in verbs)
    return Change(address, Action.UPDATE, Reason.DIFFERS, phase, steps=steps)


def needs(*changes: Change) -> dict[str, set[str]]:
    """What each step waits for."""
    return {
        str(step.id): {str(need) for need in step.needs}
        for found in ordered(changes, KINDS, {})
        for step in found.steps
    }


ONE = frozenset({"a.example.com"})
WILD = frozenset({"*.example.com"})


@pytest.mark.parametrize("opened", [ONE, WILD, frozenset({"*"})])
@pytest.mark.parametrize("covered", [ONE, WILD])
def test_opening_waits_for_cover(opened: frozenset[str], covered: frozenset[str]) -> None:
    """A rule or record waits for every application whose names meet its own."""
    found = needs(
        change("tunnel", "t", "configure", phase=Phase.TUNNEL, opens=opened),
        change("access_application", "a", "create", phase=Phase.POLICY, covers=covered),
    )

    assert found["tunnel.t#configure"] == {"access_application.a#create"}


def test_giving_up_a_name_waits_until_it_is_closed() -> None:
    """An application goes only after records and rules of its names."""
    found = needs(
        change("access_application", "a", "delete", phase=Phase.POLICY, uncovers=WILD),
        change("dns_record", "a.example.com", "delete", phase=Phase.DNS, closes=ONE),
    )

    assert found["access_application.a#delete"] == {"dns_record.a.example.com#delete"}


def test_names_that_do_not_meet_wait_for_nobody() -> None:
    """Independent hosts go out at once."""
    found = needs(
        change("access_application", "a", "create", phase=Phase.POLICY, covers=ONE),
        change("tunnel", "t", "configure", phase=Phase.TUNNEL, opens=frozenset({"x.example.org"})),
    )

    assert found["tunnel.t#configure"] == set()


def test_the_steps_of_one_change_follow_each_other() -> None:
    """A tunnel is made before it is configured."""
    found = needs(change("tunnel", "t", "create", "configure", phase=Phase.TUNNEL))

    assert found["tunnel.t#configure"] == {"tunnel.t#create"}


def test_a_ring_is_refused_and_named() -> None:
    """Steps that wait for each other are told in the order in which they do."""
    one, other = Address("access_group", "a"), Address("access_group", "b")

    with pytest.raises(ValueError, match=r"access_group\.a#create → access_group\.b#create → "):
        needs(
            change(
                "access_group",
                "a",
                "create",
                phase=Phase.POLICY,
                values={"include": [Ref(other)]},
            ),
            change(
                "access_group",
                "b",
                "create",
                phase=Phase.POLICY,
                values={"include": [Ref(one)]},
            ),
        )
