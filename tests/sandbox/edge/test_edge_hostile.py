"""Accounts that come from anybody, at the edge."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.examples import examples
from ztctl.sandbox.edge.values import PrivateVisit, Visit, Visitor
from ztctl.sandbox.reading import Unreadable
from ztctl.sandbox.service import Sandbox

from ..spoiling import Place, around, places, spoilt
from .cases import ALLOW, BYPASS, HERE, MACHINE, STAFF, policy
from .conftest import new_world

NOTHINGS: list[Any] = [
    None,
    "",
    "x",
    0,
    -1,
    True,
    [],
    {},
    [None],
    [""],
    {"a": {}},
    "*",
    "http_status:x",
]
PUBLIC = [Visit(host, path) for host in ("a.example.com", "b.example.com") for path in ("/", "/x")]
PRIVATE = [
    PrivateVisit(address, visitor=Visitor(enrolled=True, email="ann@example.com"))
    for address in ("10.0.0.5", "10.0.0.6", "wiki.internal")
]


def furnished() -> Any:
    """An exported account with something of all that matters at the edge."""
    world = new_world()
    world.token("svc")
    world.group("staff", include=STAFF, require=[{"geo": {"country_code": "PT"}}])
    access = {"required": True, "teamName": "acme", "audTag": ["a"]}
    guarded = {"service": "ssh://h", "originRequest": {"access": access}}
    rules = [
        {"hostname": "*.example.com", "path": "^/x", "service": "http://h:80"},
        {"hostname": "a.example.com", **guarded},
        {"service": "http_status:404"},
    ]
    tunnel = world.tunnel("pool", rules, originRequest={"connectTimeout": 5})
    world.sandbox.connect(tunnel)
    world.record("*", tunnel)
    world.api.record("b", "c.example.com", proxied=True)
    machines = policy("machines", "non_identity", MACHINE, require=HERE)
    people = policy("people", "allow", [{"group": {"id": "@staff"}}], exclude=HERE)
    world.app("a.example.com", machines, people, allowed_idps=["@okta"])
    world.app("b.example.com/x", BYPASS)
    where = {"type": "private", "cidr": "10.0.0.6", "port_range": "20-30", "l4_protocol": "tcp"}
    private = {"type": "self_hosted", "name": "private", "destinations": [where]}
    world.made("{A}/access/apps", {**private, "policies": [ALLOW]})
    world.api.post("{A}/teamnet/routes", {"network": "10.0.0.0/8", "tunnel_id": tunnel})
    host = {"hostname": "*.internal", "tunnel_id": tunnel}
    world.api.post("{A}/zerotrust/routes/hostname", host)
    target = {"hostname": "web1", "ip": {"ipv4": {"ip_addr": "10.0.0.5"}}}
    world.api.post("{A}/infrastructure/targets", target)
    world.organise(
        deny_unmatched_requests=True,
        deny_unmatched_requests_exempted_zone_names=["example.org"],
    )
    return world.sandbox.export()


ACCOUNT = furnished()
PLACES = sorted(places(ACCOUNT), key=str)
ADDED = ["target_criteria", "destinations", "include", "paused", "originRequest", "bastionMode"]


@examples(60)
@given(place=st.sampled_from(PLACES), value=st.sampled_from(NOTHINGS), added=st.sampled_from(ADDED))
def test_no_hostile_account_breaks_the_edge(place: Place, value: Any, added: str) -> None:
    """Whatever stands at whatever place, an account that is taken can be visited."""
    account = spoilt(ACCOUNT, place, value)
    outer = around(account, place)
    if isinstance(outer, dict):
        outer.setdefault(added, value)
    sandbox = Sandbox.create(zones=())
    sandbox.edge.visit(PUBLIC[0])
    try:
        sandbox.import_(account)
    except Unreadable as error:
        assert error.problems  # noqa: PT017 - a refusal is as good as an answer

    assert all(sandbox.edge.visit(visit).outcome for visit in PUBLIC)
    assert all(sandbox.edge.connect_privately(visit).outcome for visit in PRIVATE)
