"""A tunnel of several stacks: each has its rules, and none touches or nags about another's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.account import Account, refused, told
from tests.support.files import short
from ztctl.core.model.diagnostics import Problems
from ztctl.core.planning.handover import Handover

TEAM = {"team": {"decision": "allow", "include": [{"email": "ann@example.com"}]}}
OURS, THEIRS = "a.example.com", "b.example.com"
LIVE = "pool.ztctl-base"
CLOSING = ("", "http_status:404")


def base(*names: str, **tunnel: Any) -> dict[str, Any]:
    """The stack that declares the tunnel, with hosts of its own."""
    hosts = {name: short(ca_key=False) for name in names}
    return {"stack": "base", "policies": TEAM, "tunnels": {"pool": tunnel}, "hosts": hosts}


def sharer(*names: str, stack: str = "prod", **host: Any) -> dict[str, Any]:
    """A stack with hosts behind the tunnel of the other one."""
    hosts = {name: short("edge", ca_key=False, **host) for name in names}
    tunnels = {"edge": {"shared": LIVE}}
    return {"stack": stack, "policies": TEAM, "tunnels": tunnels, "hosts": hosts}


def written(account: Account) -> list[dict[str, Any]]:
    """The rules of the tunnel, as they are in the account."""
    tunnel = account.one("tunnels", name=LIVE)["id"]
    found = account.call("GET", f"{{A}}/cfd_tunnel/{tunnel}/configurations")
    rules: list[dict[str, Any]] = found["config"]["ingress"]
    return rules


def rules(account: Account) -> list[tuple[str, str]]:
    """Name and service of each rule."""
    return [(rule.get("hostname", ""), rule["service"]) for rule in written(account)]


def write(account: Account, found: Sequence[dict[str, Any]]) -> None:
    """Somebody writes the rules by hand."""
    tunnel = account.one("tunnels", name=LIVE)["id"]
    path = f"{{A}}/cfd_tunnel/{tunnel}/configurations"
    account.call("PUT", path, {"config": {"ingress": found}})


def by_hand(account: Account, *names: str) -> None:
    """Rules of nobody, in front of all others."""
    more = [{"hostname": name, "service": "http://localhost:80", "path": "^/x"} for name in names]
    write(account, [*more, *written(account)])


def test_both_stacks_are_in_step_after_both_have_applied(account: Account) -> None:
    """Each has its rule, and neither plan has anything to say of the other's."""
    account.apply(base(OURS))

    account.apply(sharer(THEIRS))

    ssh = "ssh://localhost:22"
    assert rules(account) == [(OURS, ssh), (THEIRS, ssh), CLOSING]
    assert told(account.plan(base(OURS))) == []
    assert told(account.plan(sharer(THEIRS))) == []


def test_the_tunnel_stays_the_declaring_stacks(account: Account) -> None:
    """It is neither renamed nor marked, and its settings are not touched."""
    account.apply(base(OURS, origin_request={"connect_timeout": "10s"}))
    before = account.one("tunnels", name=LIVE)

    plan = account.plan(sharer(THEIRS))
    account.carry_out(plan)

    assert "update tunnel.edge" in told(plan)
    assert account.one("tunnels", id=before["id"])["name"] == LIVE
    path = f"{{A}}/cfd_tunnel/{before['id']}/configurations"
    assert account.call("GET", path)["config"]["originRequest"] == {"connectTimeout": 10}


def test_exact_names_stand_before_wildcards_of_others(account: Account) -> None:
    """Whoever comes first: a rule behind a wider one would never be reached."""
    wide = base(ingress=[{"hostname": "*.example.com", "service": "http_status:503"}])
    account.apply(wide)

    account.apply(sharer(THEIRS, "*.b.example.com"))

    names = [name for name, _ in rules(account)]
    assert names == [THEIRS, "*.b.example.com", "*.example.com", ""]
    assert account.plan(wide).is_empty


def test_what_a_sharer_gives_up_goes_and_nothing_else(account: Account) -> None:
    """A rule is gone before the record by whose mark it was ours."""
    account.apply(base(OURS))
    account.apply(sharer(THEIRS, "c.example.com"))

    account.apply(sharer("c.example.com"))

    assert [name for name, _ in rules(account)] == [OURS, "c.example.com", ""]
    assert account.plan(base(OURS)).is_empty


def test_a_destroyed_sharer_leaves_the_tunnel_as_it_was(account: Account) -> None:
    """Its own rules go; the declaring stack's stay as they were written."""
    account.apply(base(OURS))
    before = written(account)
    account.apply(sharer(THEIRS))

    account.destroy(sharer(THEIRS))

    assert written(account) == before
    assert account.plan(base(OURS)).is_empty
    assert told(account.plan({**sharer(), "policies": {}})) == []


def test_the_declaring_stack_edits_its_own_alone(account: Account) -> None:
    """Its rules change and go, in a configuration that holds those of others."""
    account.apply(base(OURS, "c.example.com"))
    account.apply(sharer(THEIRS))
    theirs = next(it for it in written(account) if it.get("hostname") == THEIRS)

    account.apply(base("c.example.com", "d.example.com"))

    assert {name for name, _ in rules(account)} == {"c.example.com", "d.example.com", THEIRS, ""}
    assert theirs in written(account)
    assert account.plan(sharer(THEIRS)).is_empty


def test_rules_of_nobody_are_kept_by_a_sharer(account: Account) -> None:
    """Known to ztctl or not: what it does not own goes back as it came."""
    account.apply(base(OURS))
    by_hand(account, "x.example.net", OURS)
    before = written(account)

    account.apply(sharer(THEIRS))
    account.destroy(sharer(THEIRS))

    assert written(account) == before


def test_a_rule_of_nobody_is_taken_over_with_a_yes(account: Account) -> None:
    """The sharer's name has a rule already, which says something else."""
    account.apply(base(OURS))
    by_hand(account, THEIRS)

    plan = account.plan(sharer(THEIRS))

    assert refused(plan) == [("tunnel.edge", "--adopt")]
    assert THEIRS in plan.refusals[0].reason
    assert account.apply(sharer(THEIRS), adopt=["tunnel.edge"]).is_complete


def test_the_declaring_stack_wants_a_yes_for_the_name_of_another(account: Account) -> None:
    """Two stacks that declare one rule would put it back in turns: that is told."""
    account.apply(base(OURS))
    account.apply(sharer(THEIRS))
    rule = {"hostname": THEIRS, "service": "ssh://localhost:2222", "access": False}

    plan = account.plan(base(OURS, ingress=[rule]))

    assert ("tunnel.pool", "--adopt") in refused(plan)
    assert "of the stack 'prod'" in plan.refusals[0].reason


def test_the_name_of_another_stack_is_refused(account: Account) -> None:
    """Two sharers of one name: the record says whose it is, and nothing is written."""
    account.apply(base(OURS))
    account.apply(sharer(THEIRS))

    plan = account.plan(sharer(THEIRS, stack="third"))

    assert (f"dns_record.{THEIRS}", "") in refused(plan)
    assert all("'prod'" in it.reason for it in plan.refusals)


def test_an_open_door_through_a_shared_tunnel_is_seen(account: Account) -> None:
    """A wildcard of the other stack serves whatever name leads to the tunnel."""
    wide = {"hostname": "*.example.org", "service": "ssh://localhost:22"}
    account.apply(base(OURS, ingress=[wide]))
    file = sharer(THEIRS)
    file["dns"] = {"c.example.org": {"tunnel": "edge"}}

    plan = account.plan(file)

    (refusal,) = plan.refusals
    assert refusal.flag == "--allow-exposure c.example.org"


def test_a_release_says_what_becomes_of_the_rules(account: Account) -> None:
    """Without the mark of its record a rule is the declaring stack's to take away."""
    account.apply(base(OURS))
    account.apply(sharer(THEIRS))
    before = written(account)

    plan = account.plan(sharer(THEIRS), handover=Handover())
    account.carry_out(plan)

    (notes,) = (it.notes for it in plan.changes if it.address.kind == "dns_record")
    assert f"what it has in {LIVE} is of no stack then" in notes[0]
    assert written(account) == before


def test_a_transfer_takes_the_rules_along(account: Account) -> None:
    """The record has the mark of the other stack, whose rule it is from then on."""
    account.apply(base(OURS))
    account.apply(sharer(THEIRS))

    account.apply(sharer(THEIRS), handover=Handover(to="third", whole=True))

    assert account.plan(sharer(THEIRS, stack="third")).is_empty
    assert account.plan(base(OURS)).is_empty


def test_a_host_moves_to_a_shared_tunnel_and_back(account: Account) -> None:
    """Nobody is shut out on the way, and no rule stays behind."""
    account.apply(base(OURS))
    alone = sharer(THEIRS)
    alone["tunnels"]["own"] = {}
    alone["hosts"][THEIRS]["tunnel"] = "own"
    account.apply(alone)

    account.apply(sharer(THEIRS), deletions=True)
    shared = [name for name, _ in rules(account)]
    account.apply(alone)

    assert shared == [OURS, THEIRS, ""]
    assert [name for name, _ in rules(account)] == [OURS, ""]
    assert account.plan(alone).is_empty


def test_a_wider_rule_takes_no_name_that_is_given_up(account: Account) -> None:
    """The record goes first where a rule of others would serve the name in between."""
    account.apply(base(ingress=[{"hostname": "*.example.com", "service": "ssh://x:22"}]))
    account.apply(sharer(THEIRS, "c.example.com"))
    account.forget_log()

    account.apply(sharer("c.example.com"))

    paths = [one.path.rpartition("/")[2] for one in account.writes()]
    assert paths.index("batch") < paths.index("configurations")
    assert [name for name, _ in rules(account)] == ["c.example.com", "*.example.com", ""]


RULES = {"hostname": "*.example.com", "service": "ssh://x:22", "access": False}
NAMES = [f"{letter}.example.com" for letter in "abcd"]
STACKS = ("base", "one", "two")


@st.composite
def lives(draw: st.DrawFn) -> list[tuple[str, dict[str, Any]]]:
    """What three stacks with names of their own apply, one after the other."""
    owners = {name: draw(st.sampled_from(STACKS)) for name in NAMES}
    turns = [
        *draw(st.lists(st.sampled_from(STACKS[1:]), max_size=3)),
        *draw(st.permutations(STACKS)),
    ]
    return [(stack, draw(files(stack, owners))) for stack in ("base", *turns)]


@st.composite
def files(draw: st.DrawFn, stack: str, owners: dict[str, str]) -> dict[str, Any]:
    """Some of the names of a stack, as rules and records."""
    names = [name for name in draw(st.permutations(NAMES)) if owners[name] == stack]
    used = names[: draw(st.integers(0, len(names)))]
    service = st.sampled_from(["ssh://localhost:22", "ssh://localhost:2222"])
    found = [{"hostname": name, "service": draw(service), "access": False} for name in used]
    wide = [RULES] if stack == "base" and draw(st.booleans()) else []
    tunnel = {"ingress": [*found, *wide], **({"shared": LIVE} if stack != "base" else {})}
    dns = {name: {"tunnel": "pool"} for name in used}
    return {"stack": stack, "tunnels": {"pool": tunnel}, "dns": dns}


def parts(account: Account, owners: dict[str, str]) -> dict[str, list[dict[str, Any]]]:
    """The rules of the tunnel by the stack that has the name."""
    found: dict[str, list[dict[str, Any]]] = {}
    for rule in written(account):
        found.setdefault(owners.get(rule.get("hostname", ""), "base"), []).append(rule)
    return found


@settings(max_examples=5)
@given(lives())
def test_whoever_applies_when_all_come_into_step(turns: list[tuple[str, dict[str, Any]]]) -> None:
    """Each apply leaves the rules of the others as they were; in the end no plan says anything."""
    owners = {name: stack for stack, file in turns for name in file["dns"]}
    with TemporaryDirectory() as folder:
        account = Account(Path(folder))
        guarded(account)
        account.apply(turns[0][1])
        for stack, file in turns[1:]:
            before = parts(account, owners)
            account.apply(file, deletions=True)
            after = parts(account, owners)
            others = {*before, *after} - {stack}
            assert {it: after.get(it) for it in others} == {it: before.get(it) for it in others}
        last = dict(turns)
        assert [told(account.plan(file)) for file in last.values()] == [[]] * len(last)


def guarded(account: Account) -> None:
    """Somebody's application stands before all names."""
    policy = {"name": "by hand", "decision": "allow", "include": [{"email": {"email": "a@b.c"}}]}
    used = [{"id": account.call("POST", "{A}/access/policies", policy)["id"]}]
    app = {"type": "self_hosted", "name": "all", "domain": "*.example.com", "policies": used}
    account.call("POST", "{A}/access/apps", app)


@pytest.mark.parametrize(
    ("fields", "told_of"),
    [
        ({"name": "other"}, "`name` cannot stand beside `shared`"),
        ({"protect": True}, "`protect` cannot stand beside `shared`"),
        ({"origin_request": {"connect_timeout": "1s"}}, "`origin_request` cannot stand"),
        ({"ingress": [{"hostname": OURS, "service": "ssh://x:22"}]}, "has no record that leads"),
        ({"ingress": [{"service": "ssh://x:22"}]}, "the rule of * has no record"),
        ({"shared": "nothing"}, "there is no live tunnel called 'nothing'"),
        ({"shared": "pool.ztctl-prod"}, "is of this stack"),
    ],
)
def test_what_a_shared_tunnel_cannot_have(
    account: Account, fields: dict[str, Any], told_of: str
) -> None:
    """Each is an error at its place, before anything is written."""
    account.apply({"tunnels": {"pool": {}}})
    account.apply(base(OURS))
    file = sharer()
    file["tunnels"] = {"pool": {}, "edge": {**file["tunnels"]["edge"], **fields}}

    with pytest.raises(Problems, match="(?s)" + told_of.replace("*", r"\*")):
        account.plan(file)


def test_a_tunnel_of_nobody_can_be_shared(account: Account) -> None:
    """By its id, and though nobody has written a rule there yet."""
    body = {"name": "office", "config_src": "cloudflare"}
    key = account.call("POST", "{A}/cfd_tunnel", body)["id"]
    file = sharer(THEIRS)
    file["tunnels"]["edge"] = {"shared": {"id": key}}

    account.apply(file)

    found = account.call("GET", f"{{A}}/cfd_tunnel/{key}/configurations")["config"]["ingress"]
    assert [rule.get("hostname") for rule in found] == [THEIRS, None]
    assert account.one("tunnels", id=key)["name"] == "office"
    assert account.plan(file).is_empty


def test_what_the_declaring_stack_does_not_state_goes_where_nobody_has_it(account: Account) -> None:
    """What a sharer left behind with its entry is cleaned up, and nothing of the others."""
    account.apply(base(OURS))
    account.apply(sharer(THEIRS, "c.example.com"))
    gone = sharer("c.example.com")
    by_hand(account, "x.example.net")

    account.apply(gone)
    account.apply(base(OURS))

    assert [name for name, _ in rules(account)] == [OURS, "c.example.com", ""]


def test_a_local_tunnel_cannot_be_shared(account: Account) -> None:
    """Its rules are a file on its host."""
    account.call("POST", "{A}/cfd_tunnel", {"name": LIVE, "config_src": "local"})

    with pytest.raises(Problems, match="a file on its host"):
        account.plan(sharer(THEIRS))
