"""Private routes: what the file says is live, what has our mark goes, what is others' stays."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.account import Account, edits, refused, told
from tests.support.files import HOST, host
from ztctl.core.model.calls import CallFailed
from ztctl.core.model.diagnostics import Problems
from ztctl.core.model.plan import Action, Plan

ROUTES = "{A}/teamnet/routes"
LAN = "10.0.0.0/8"
DEVICES = "every enrolled device (WARP)"


def routed(*keys: str, **fields: Any) -> dict[str, Any]:
    """A file with a tunnel and routes to it."""
    entries = {key: {"tunnel": "pool", **fields} for key in keys or (LAN,)}
    return {"tunnels": {"pool": {}}, "private_routes": entries}


def living(account: Account) -> dict[tuple[str, str], Any]:
    """The living routes by range and name of the network."""
    account_ = account.everything()
    networks = {item["id"]: item["name"] for item in account_["virtual_networks"]}
    return {
        (item["network"], networks[item["virtual_network_id"]]): item
        for item in account_["routes"]
        if not item["deleted_at"]
    }


def access(plan: Plan) -> list[tuple[str, list[str], list[str]]]:
    """Who gains and who loses what by a plan."""
    return [
        (
            change.host,
            [f"{way.who} → {way.origin}" for way in change.gained],
            [f"{way.who} → {way.origin}" for way in change.lost],
        )
        for change in plan.access
    ]


def by_hand(account: Account, **fields: Any) -> Any:
    """A route to the stack's tunnel that somebody else makes."""
    tunnel = account.one("tunnels")["id"]
    return account.call("POST", ROUTES, {"network": LAN, "tunnel_id": tunnel, **fields})


def test_a_route_is_made_in_the_default_network(account: Account) -> None:
    """The key is the range; the mark stands behind the comment, and the next plan is empty."""
    file = routed(comment="the LAN")

    account.apply(file)

    (route,) = living(account).values()
    assert list(living(account)) == [(LAN, "default")]
    assert route["tunnel_id"] == account.one("tunnels")["id"]
    assert route["comment"] == "the LAN ztctl-prod"
    assert account.plan(file).is_empty


@pytest.mark.parametrize(
    ("key", "fields"),
    [
        ("lan", {"network": LAN}),
        (LAN, {"virtual_network": {"live": "default"}}),
    ],
    ids=["a name", "the default said"],
)
def test_every_way_to_say_a_route_is_one_route(
    account: Account, key: str, fields: dict[str, Any]
) -> None:
    """However a route is spelt, the one that is live is in step with it."""
    account.apply(routed())

    assert account.plan(routed(key, **fields)).is_empty


@pytest.mark.parametrize(
    ("key", "network"), [("fd00::1", "fd00::1/128"), ("192.0.2.7", "192.0.2.7/32")]
)
def test_an_address_is_a_range_of_one(account: Account, key: str, network: str) -> None:
    """A single address is routed as such, IPv6 too."""
    account.apply(routed(key))

    assert list(living(account)) == [(network, "default")]
    assert account.plan(routed(key)).is_empty


def test_one_range_in_two_networks_is_two_routes(account: Account) -> None:
    """Networks may overlap: each route is compared with the one of its own network."""
    file = routed(comment="one")
    file["virtual_networks"] = {"staging": {}}
    other = {"network": LAN, "tunnel": "pool", "virtual_network": "staging", "comment": "two"}
    file["private_routes"]["lab"] = other

    account.apply(file)

    found = {network: route["comment"] for (_, network), route in living(account).items()}
    assert found == {"default": "one ztctl-prod", "staging": "two ztctl-prod"}
    assert account.plan(file).is_empty


def test_a_route_that_leads_elsewhere_is_one_edit(account: Account) -> None:
    """A route is turned to another tunnel in place, so that nobody is cut off in between."""
    account.apply(routed())
    before = living(account)[LAN, "default"]["id"]
    file = routed(tunnel="new")
    file["tunnels"]["new"] = {}

    plan = account.plan(file)
    account.carry_out(plan)

    assert edits(plan) == [f"private_route.{LAN} tunnel"]
    assert living(account)[LAN, "default"]["id"] == before
    assert account.plan(file).is_empty


def test_another_range_is_there_before_the_old_one_goes(account: Account) -> None:
    """A changed range is a new route, and the old one is deleted after it."""
    account.apply(routed("lan", network=LAN))
    account.forget_log()

    account.apply(routed("lan", network="10.0.0.0/9"))

    writes = [entry.method for entry in account.writes() if "/teamnet/" in entry.path]
    assert writes == ["POST", "DELETE"]
    assert list(living(account)) == [("10.0.0.0/9", "default")]


def test_a_route_goes_with_the_whole_section(account: Account) -> None:
    """What carries the mark is found although no file speaks of routes any more."""
    account.apply(routed())

    plan = account.plan({"tunnels": {"pool": {}}})
    account.carry_out(plan)

    assert told(plan) == [f"delete private_route.{LAN}"]
    assert living(account) == {}


def test_a_destroy_takes_route_network_and_tunnel(account: Account) -> None:
    """The route goes before the tunnel that it leads to and before the network it is in."""
    file = routed(virtual_network="staging")
    file["virtual_networks"] = {"staging": {}}
    account.apply(file)

    outcome = account.destroy(file)

    assert outcome.is_complete, outcome.failed
    assert living(account) == {}
    assert all(tunnel["deleted_at"] for tunnel in account.everything()["tunnels"])
    assert account.plan_of(account.declared({"groups": {}})).is_empty


def test_an_unmarked_route_is_adopted_with_a_yes(account: Account) -> None:
    """The same range in the same network without a mark is adopted; its words stay."""
    account.apply({"tunnels": {"pool": {}}})
    made = by_hand(account, comment="by hand")

    plan = account.plan(routed())
    account.carry_out(account.plan(routed(), adopt=True))

    assert [change.action for change in plan.changes] == [Action.ADOPT]
    assert refused(plan) == [(f"private_route.{LAN}", "--adopt")]
    route = living(account)[LAN, "default"]
    assert (route["id"], route["comment"]) == (made["id"], "by hand ztctl-prod")


def test_a_route_that_is_let_go_of_keeps_the_users_words(account: Account) -> None:
    """``forget`` takes the mark off and nothing else."""
    account.apply(routed(comment="the LAN"))
    removed = [{"address": f"private_route.{LAN}", "forget": True}]

    account.apply({"tunnels": {"pool": {}}, "removed": removed})

    assert living(account)[LAN, "default"]["comment"] == "the LAN"


def test_the_route_of_another_stack_is_refused(account: Account) -> None:
    """Another stack's route of that range stays as it is."""
    account.apply({**routed(), "stack": "other"})

    (refusal,) = account.plan(routed()).refusals

    assert "belongs to the stack 'other'" in refusal.reason


def test_two_stacks_do_not_see_each_others_routes(account: Account) -> None:
    """A stack without routes deletes none of another stack's."""
    account.apply({**routed(), "stack": "other"})
    account.apply({"tunnels": {"mine": {}}})

    account.destroy({"tunnels": {"mine": {}}})

    assert list(living(account)) == [(LAN, "default")]


def test_a_tunnel_with_somebody_elses_route_is_not_deleted(account: Account) -> None:
    """The plan is refused before the first write, and names the route."""
    account.apply(host())
    made = by_hand(account)
    account.forget_log()

    plan = account.plan_of(account.declared({"groups": {}}), deletions=True, ca_deletion=["all"])

    (refusal,) = plan.refusals
    assert str(refusal.address) == "tunnel.pool"
    assert f"still used by the private route '{LAN}' ({made['id']})" in refusal.reason
    assert account.writes() == []


def test_a_tunnel_with_a_route_of_a_host_name_is_not_deleted(account: Account) -> None:
    """Routes of private host names are looked for where a tunnel is to go, and only there."""
    account.apply({"tunnels": {"pool": {}}})
    body = {"hostname": "db.internal", "tunnel_id": account.one("tunnels")["id"]}
    made = account.call("POST", "{A}/zerotrust/routes/hostname", body)
    account.forget_log()

    in_step = account.plan({"tunnels": {"pool": {}}})
    asked = [entry.path for entry in account.sandbox.log]
    plan = account.plan({"groups": {}}, deletions=True)

    assert in_step.is_empty
    assert not [path for path in asked if "/routes/hostname" in path]
    (refusal,) = plan.refusals
    assert str(refusal.address) == "tunnel.pool"
    assert f"the private host name route 'db.internal' ({made['id']})" in refusal.reason


def test_a_network_with_somebody_elses_route_is_not_deleted(account: Account) -> None:
    """A virtual network that another's route is in stays, and the plan names the route."""
    account.apply({"tunnels": {"pool": {}}, "virtual_networks": {"staging": {}}})
    staging = account.one("virtual_networks", name="staging")["id"]
    by_hand(account, virtual_network_id=staging)

    (refusal,) = account.plan({"tunnels": {"pool": {}}}).refusals

    assert str(refusal.address) == "virtual_network.staging"
    assert f"still used by the private route '{LAN}@staging'" in refusal.reason


def test_a_route_is_told_as_what_it_opens(account: Account) -> None:
    """A plan says that every device of the account gains the range, and by which tunnel."""
    plan = account.plan(routed())

    assert access(plan) == [(f"{LAN} in default", [f"{DEVICES} → tunnel pool"], [])]
    assert plan.refusals == ()
    assert plan.exposed == ()


def test_a_route_that_goes_is_told_as_a_loss(account: Account) -> None:
    """Who reached the range loses it."""
    account.apply(routed())

    plan = account.plan({"tunnels": {"pool": {}}})

    assert access(plan) == [(f"{LAN} in default", [], [f"{DEVICES} → tunnel pool"])]


def test_a_comment_opens_nothing(account: Account) -> None:
    """An edit that leads nobody anywhere else is told as a change, not as access."""
    account.apply(routed())

    assert access(account.plan(routed(comment="the LAN"))) == []


def test_a_route_beside_hosts_changes_nothing_for_them(account: Account) -> None:
    """A route is no door of a host: a host's plan tells the host's visitors, and is not refused."""
    file = {**host(), "private_routes": {LAN: {"tunnel": "pool"}}}

    plan = account.plan(file)

    assert [change.host for change in plan.access] == [HOST, f"{LAN} in default"]
    assert not any(way.openness for change in plan.access for way in change.gained)
    account.carry_out(plan)
    assert account.plan(file).is_empty


def test_a_key_that_is_no_range_is_a_problem(account: Account) -> None:
    """A key is a range, or there is a ``network`` below it."""
    with pytest.raises(Problems) as caught:
        account.plan(routed("lan"))

    (problem,) = caught.value.items
    assert problem.summary == "'lan' is not an IP address or network"
    assert problem.hint.endswith("; or say `network:` below 'lan'")


@pytest.mark.parametrize(
    ("key", "fields"),
    [("10.1.2.3/8", {}), ("lan", {"network": "10.1.2.3/8"})],
    ids=["key", "field"],
)
def test_a_range_with_an_address_in_it_is_a_problem(
    account: Account, key: str, fields: dict[str, Any]
) -> None:
    """A mask that is too short would open millions of addresses instead of one."""
    with pytest.raises(Problems) as caught:
        account.plan(routed(key, **fields))

    (problem,) = caught.value.items
    assert problem.summary.endswith("'10.1.2.3/8' has address bits set behind its mask")
    assert problem.hint.startswith("write 10.0.0.0/8, or the one address without a mask")


def test_one_range_twice_is_a_problem(account: Account) -> None:
    """Two entries for one range of one network are told offline."""
    file = routed()
    file["private_routes"]["lan"] = {"network": "10.0.0.0/8", "tunnel": "pool"}

    with pytest.raises(Problems) as caught:
        account.plan(file)

    assert f"are the same object, '{LAN}'" in str(caught.value)


def test_a_network_named_by_name_or_left_out_is_one_route(account: Account) -> None:
    """Only the account shows that two entries state one route, and both are named."""
    networked = {"network": LAN, "tunnel": "pool", "virtual_network": {"live": "default"}}
    file = routed()
    file["private_routes"]["office"] = networked

    with pytest.raises(Problems) as caught:
        account.plan(file)

    text = "private_route.10.0.0.0/8 and private_route.office are the same object"
    assert text in str(caught.value)


def test_networks_called_like_each_others_keys_keep_their_routes(account: Account) -> None:
    """A route is found by the network that it is in, not by what the network is called."""
    file = {
        "tunnels": {"pool": {}},
        "virtual_networks": {"a": {"name": "b"}, "b": {"name": "a"}},
        "private_routes": {
            "r": {"network": LAN, "tunnel": "pool", "virtual_network": "a"},
            "s": {"network": LAN, "tunnel": "pool", "virtual_network": "b"},
        },
    }
    account.apply(file)

    assert told(account.plan(file)) == []


@pytest.mark.parametrize("spelling", ["10.0.0.7", "10.0.0.7/32"])
def test_a_forgotten_route_is_found_by_either_spelling(account: Account, spelling: str) -> None:
    """An address with or without its mask is the same route."""
    account.apply(routed("10.0.0.7"))
    entry = {"address": f"private_route.{spelling}", "forget": True}

    plan = account.plan({**routed(), "private_routes": {}, "removed": [entry]})

    assert told(plan) == [f"forget private_route.{spelling}"]


@pytest.mark.parametrize(
    ("key", "fields"), [("office", {"network": LAN}), (LAN, {"virtual_network": "blue"})]
)
def test_a_route_forgotten_under_another_address_is_a_problem(
    account: Account, key: str, fields: dict[str, Any]
) -> None:
    """What was to be kept is never deleted instead; the problem gives the address to write."""
    networks: dict[str, Any] = {"virtual_networks": {"blue": {}}}
    account.apply({**routed(key, **fields), **networks})
    entry = {"address": f"private_route.{key}", "forget": True}

    with pytest.raises(Problems) as caught:
        account.plan({**routed(), **networks, "private_routes": {}, "removed": [entry]})

    live = "10.0.0.0/8@blue" if "virtual_network" in fields else "10.0.0.0/8"
    assert f"private_route.{live} would be deleted as not declared" in str(caught.value)


def test_a_comment_without_room_for_the_mark_is_a_problem(account: Account) -> None:
    """A hundred characters are the most, the mark included."""
    with pytest.raises(Problems) as caught:
        account.plan(routed(comment="x" * 95))

    assert "has 106 characters, and 100 is the most" in str(caught.value)


def test_a_token_that_may_not_read_routes_plans_hosts(account: Account) -> None:
    """A 403 on a section that the file does not use fails nothing."""
    account.sandbox.faults.add(kind="status", status=403, path="/teamnet/", times=None)

    assert "create tunnel.pool" in told(account.plan(host()))


def test_a_token_that_may_not_read_declared_routes_fails(account: Account) -> None:
    """Where the file speaks of routes a 403 is told."""
    account.sandbox.faults.add(kind="status", status=403, path="/teamnet/routes", times=None)

    with pytest.raises(CallFailed) as caught:
        account.plan(routed())

    assert caught.value.status == 403


@pytest.mark.parametrize("fault", ["reset_after", "reset_before"])
def test_a_lost_answer_makes_no_second_route(account: Account, fault: Any) -> None:
    """When nobody knows whether the route was made, it is looked up first, network by network."""
    file = routed()
    file["virtual_networks"] = {"staging": {}}
    file["private_routes"]["lab"] = {
        "network": LAN,
        "tunnel": "pool",
        "virtual_network": "staging",
    }
    account.apply({"tunnels": {"pool": {}}})
    account.sandbox.faults.add(kind=fault, method="POST", path="/teamnet/routes$", nth=2)

    account.apply(file)

    assert sorted(living(account)) == [(LAN, "default"), (LAN, "staging")]
    assert account.plan(file).is_empty
