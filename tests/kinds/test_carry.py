"""Promises about replacing writes: what no field models is sent back, at every depth, as it came.

The live object is what the kind itself makes of one generated entry, with members that nobody knows
strewn into every object of it. It is then changed to another generated entry. Which objects of the
body are the live ones is told here by what people would call the same: by the host name and path of
a rule, by the name or network of a destination, by the content of what has no name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.strategies.connections import SERVICES
from tests.support.strategies.parts import (
    approvals,
    cors,
    durations,
    flags,
    mfa,
    optional,
    origin_request,
    ruled,
    some,
    words,
)
from ztctl.core.model.canonical import replaced
from ztctl.core.model.flows import BatchItem
from ztctl.core.model.kind import Contained
from ztctl.core.model.objects import Live
from ztctl.core.model.plan import Phase, Step, StepId
from ztctl.core.model.values import Lookup, Ref
from ztctl.core.planning.compare import differing
from ztctl.kinds.plain import PlainKind
from ztctl.kinds.registry import KINDS

from .replay import declare, kind, live_of, play

Json = Any
Fields = dict[str, Any]
HOSTS = ("a.example.com", "b.example.com", "*.c.example.com")
# Destinations of types that no field models (Python SDK 5.9.0), and of one that is to come.
ELSEWHERE = (
    {"type": "all_workers"},
    {"type": "worker", "worker_id": "w-1", "overrides": [{"behavior": "public"}]},
    {"type": "via_mcp_server_portal", "mcp_server_id": "m-1"},
    {"type": "to_come", "uri": "x.example.com", "cidr": "10.0.0.0/8"},
)
RULES = ("include", "exclude", "require")
ANYTHING: tuple[Json, ...] = (
    True,
    False,
    0,
    7,
    "text",
    None,
    [],
    [1, {"deep": None}],
    {"deep": {"er": False}},
)

places = st.one_of(
    st.sampled_from(HOSTS),
    st.fixed_dictionaries(
        {"uri": st.sampled_from(HOSTS)},
        optional={
            "overrides": st.lists(
                st.fixed_dictionaries({"path_pattern": st.sampled_from(["/x", "/y/*"])}),
                min_size=1,
                max_size=2,
                unique_by=str,
            )
        },
    ),
    st.fixed_dictionaries(
        {"cidr": st.sampled_from(["10.0.0.7", "10.1.0.0/16"])},
        optional={"port_range": st.sampled_from(["22", "80-90"]), "l4_protocol": st.just("tcp")},
    ),
)
PAGE = "5d3a06e9-cdce-4975-9b06-03293db87732"


def _place(value: Any) -> Any:
    return value if isinstance(value, str) else value.get("uri") or value.get("cidr")


ip_rules = st.lists(
    st.fixed_dictionaries(
        {"prefix": st.sampled_from(["10.0.0.0/8", "192.0.2.7"])},
        optional={"ports": st.just([22]), "allow": flags},
    ),
    max_size=2,
    unique_by=lambda rule: rule["prefix"],
)
check = optional(
    access=st.fixed_dictionaries(
        {"aud_tag": st.sampled_from([[{"id": "aud-1"}], [{"id": "aud-1"}, {"id": "aud-2"}]])},
        optional={"team_name": st.just("acme")},
    ),
    ip_rules=ip_rules,
    bastion_mode=flags,
)
settings_of_origin = st.builds(lambda one, more: {**one, **more}, origin_request(), check)
ENTRIES: dict[str, st.SearchStrategy[Fields]] = {
    "access_group": ruled(()),
    "access_policy": st.builds(
        lambda lists, more: {"decision": "allow", **lists, **more},
        ruled(()),
        optional(
            session_duration=durations,
            approval_required=flags,
            approval_groups=approvals,
            purpose_justification_prompt=words | st.just(""),
            isolation_required=flags,
            mfa_config=mfa,
        ),
    ),
    "access_application": optional(
        destinations=st.lists(places, min_size=1, max_size=3, unique_by=_place),
        session_duration=durations,
        app_launcher_visible=flags,
        skip_interstitial=flags,
        custom_deny_message=words | st.just(""),
        cors_headers=cors | st.none(),
        mfa_config=mfa | st.none(),
        custom_pages=some(st.sampled_from([PAGE, PAGE.replace("5", "6")])),
    ),
    "tunnel": st.fixed_dictionaries(
        {},
        optional={
            "origin_request": settings_of_origin,
            "ingress": st.lists(
                st.builds(
                    lambda rule, own: {**rule, "origin_request": own},
                    st.fixed_dictionaries(
                        {"hostname": st.sampled_from(HOSTS), "service": st.sampled_from(SERVICES)},
                        optional={"path": st.sampled_from(["^/x$", "^/y"])},
                    ),
                    settings_of_origin,
                ),
                max_size=3,
                unique_by=lambda rule: (rule["hostname"], rule.get("path")),
            ),
        },
    ),
    "dns_record": st.fixed_dictionaries(
        {"tunnel": st.sampled_from([{"id": "t-1"}, {"id": "t-2"}])},
        optional={
            "proxied": flags,
            "comment": words,
            "tags": some(st.sampled_from(["x:1", "y:2"])),
            "settings": optional(ipv4_only=flags, flatten_cname=flags),
        },
    ),
    "gateway_rule": st.fixed_dictionaries(
        {"traffic": st.sampled_from(["net.dst.ip == 10.0.0.5", "net.dst.ip == 10.0.0.6"])},
        optional={
            "identity": words | st.just(""),
            "enabled": flags,
            "command_logging": flags,
            "precedence": st.sampled_from([1, 2]),
            "description": words,
        },
    ),
}
KEY = "a.example.com"
ECHOED: dict[str, Fields] = {
    "access_group": {"id": "g-1", "uid": "g-1", "created_at": "x", "updated_at": "x"},
    "access_policy": {"id": "p-1", "uid": "p-1", "reusable": True, "app_count": 2},
    "access_application": {
        "id": "a-1", "uid": "a-1", "aud": "aud-1", "domain_type": "public", "created_at": "x",
        "policies": [{"id": "p-1", "precedence": 1, "decision": "allow", "reusable": True}],
    },
    "tunnel": {"id": "t-1", "name": "edge.ztctl-prod", "config_src": "cloudflare"},
    "gateway_rule": {
        "id": "l-1", "action": "audit_ssh", "version": 2, "created_at": "x", "updated_at": "x",
    },
    "dns_record": {
        "id": "r-1", "zone_id": "zone-1", "meta": {"auto_added": False}, "proxiable": True,
        "created_on": "x", "modified_on": "x", "locked": False, "private_routing": False,
    },
}  # fmt: skip
REPLACING = [name for name, it in KINDS.items() if it.section and name in ENTRIES]


def test_every_kind_that_replaces_is_tried() -> None:
    """The others of a file are merged by their writes, or are made and deleted only."""
    others = {"ca_key", "ssh_audit_key"} | {
        name
        for name, it in KINDS.items()
        if isinstance(it, PlainKind) and it.rest.change == "PATCH"
    }

    assert {name for name, it in KINDS.items() if it.section} - others == {*REPLACING}


def written(name: str, fields: Fields) -> Fields:
    """The values that a step writes for an entry, references resolved."""
    wanted = declare(name, KEY, **fields)
    values = {**wanted.values, "name": KEY}

    def resolved(leaf: Any) -> Any:
        return f"{leaf.attribute}-1" if isinstance(leaf, Ref | Lookup) else leaf

    return {field: replaced(value, resolved) for field, value in values.items()}


def update(name: str, live: Live, values: Fields) -> Fields:
    """The body that makes a live object of these values."""
    found = kind(name)
    step = Step(StepId(declare(name, KEY, **_LEAST.get(name, {})).address, "update"), Phase.DNS)
    if isinstance(found, Contained):
        work: list[BatchItem] = [(_in_zone(step, live), live, values)]
        (body,) = play(found.batch(work), {}).body["puts"]
        return {key: item for key, item in body.items() if key != "id"}
    answer = {"tunnel_id": "t-1"} if name == "tunnel" else live.raw
    body = play(found.update(live, values, "configure"), answer).body
    return dict(body["config"]) if name == "tunnel" else dict(body)


_LEAST: dict[str, Fields] = {
    "access_group": {"include": [{"everyone": True}]},
    "access_policy": {"decision": "allow", "include": [{"everyone": True}]},
    "dns_record": {"tunnel": {"id": "t-1"}},
    "gateway_rule": {"traffic": "net.dst.ip == 10.0.0.5"},
}


def _in_zone(step: Step, live: Live) -> Step:
    return Step(step.id, step.phase, container=live.container)


def live(name: str, raw: Json) -> Live:
    """What a kind makes of a live object; of a tunnel, of its configuration."""
    if name == "tunnel":
        return live_of(name, ECHOED[name], {"config": raw, "version": 1})
    return live_of(name, {**raw, **ECHOED[name]})


def as_made(name: str, values: Fields) -> Json:
    """The object of the API that these values make."""
    least = {"ingress": [{"service": "http_status:404"}]} if name == "tunnel" else {}
    bare: Json = {"name": KEY, "type": "CNAME", "content": "old"} if name == "dns_record" else {}
    made = update(
        name, live(name, {**bare, **least, "name": KEY} if name != "tunnel" else least), values
    )
    return json.loads(json.dumps(made))


# -- strewing -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Strewn:
    """A live object with unknown members, and where they are: the way to each, its name, value."""

    raw: Json
    members: tuple[tuple[tuple[Any, ...], str, Json], ...]


def strewn(raw: Json, chance: Random) -> Strewn:
    """Put unknown members into every object, and unknown elements into the destinations."""
    found: list[tuple[tuple[Any, ...], str, Json]] = []

    def into(value: Json, way: tuple[Any, ...]) -> Json:
        if isinstance(value, list):
            name = way[-1]
            each = [into(item, (*way, _identity(str(name), item))) for item in value]
            more = chance.sample(ELSEWHERE, chance.randrange(3)) if name == "destinations" else []
            found.extend((way, "", item) for item in more)
            return chance.sample([*each, *more], len([*each, *more])) if more else each
        # A rule or override that is not understood is a difference, because it may let people in.
        if not isinstance(value, Mapping) or {*way} & {*RULES, "overrides"}:
            return value
        inner = {name: into(item, (*way, name)) for name, item in value.items()}
        for number in range(chance.randrange(3)):
            name, item = f"zz{number}", chance.choice(ANYTHING)
            inner[name] = item
            found.append((way, name, item))
        return inner

    return Strewn(into(raw, ()), tuple(found))


def _identity(name: str, item: Json) -> Any:
    """What makes an element of this list the same one in the body and live."""
    if not isinstance(item, Mapping):
        return str(item)
    match name:
        case "destinations":
            return item.get("uri") or item.get("cidr") or item.get("hostname")
        case "ingress":
            return (item.get("hostname"), item.get("path"))
        case _:
            return json.dumps(bare(item), sort_keys=True)


def objects(value: Json, way: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Json]]:
    """Every object and list of a body, with the way to it."""
    yield way, value
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from objects(item, (*way, name))
    elif isinstance(value, list):
        for item in value:
            yield from objects(item, (*way, _identity(str(way[-1]), item)))


def bare(value: Json) -> Json:
    """The same without unknown members and elements, and without what is then empty."""
    if isinstance(value, list):
        kept = [item for item in value if item not in ELSEWHERE]
        return [bare(item) for item in kept]
    if not isinstance(value, Mapping):
        return value
    each = {name: bare(item) for name, item in value.items() if not name.startswith("zz")}
    if "destinations" in each:
        # They are a set, and strewing shuffles them.
        each["destinations"].sort(key=json.dumps)
    return {name: item for name, item in each.items() if item not in ({}, [], "", None, False)}


@pytest.mark.parametrize("name", REPLACING)
@examples(60)
@given(data=st.data(), chance=st.randoms(use_true_random=False))
def test_an_edit_loses_nothing_that_it_does_not_name(
    name: str, data: st.DataObject, chance: Random
) -> None:
    """Any edit of any object: the body is what it would be without the unknown, and has it all.

    Gone is only what is part of an object that the edit itself takes out; nothing unknown is sent
    that was not read.
    """
    before, after = written(name, data.draw(ENTRIES[name])), written(name, data.draw(ENTRIES[name]))
    raw = as_made(name, before)
    known, found = live(name, raw), strewn(raw, chance)
    now = live(name, found.raw)
    plain = update(name, known, after)

    body = update(name, now, after)

    assert now.values == known.values
    assert bare(body) == bare(plain)
    there, remaining = dict(objects(body)), {way for way, _ in objects(plain)}
    edited = {*differing(KINDS[name].specs, after, known.values)}
    for way, member, item in found.members:
        if way in remaining or (way and _field(way[0]) not in edited):
            assert item in there[way] if member == "" else there[way][member] == item
    sent = {
        (way, key) for way, value in there.items() if isinstance(value, Mapping) for key in value
    }
    read = {(way, member) for way, member, _ in found.members}
    assert {(way, key) for way, key in sent if str(key).startswith("zz")} <= read


def _field(member: Any) -> Any:
    return "origin_request" if member == "originRequest" else member


@pytest.mark.parametrize("name", REPLACING)
@examples(30)
@given(data=st.data(), chance=st.randoms(use_true_random=False))
def test_what_is_not_edited_goes_back_as_it_came(
    name: str, data: st.DataObject, chance: Random
) -> None:
    """A write that changes nothing is the live object, but for what the service alone sets."""
    values = written(name, data.draw(ENTRIES[name]))
    found = strewn(as_made(name, values), chance)

    body = update(name, live(name, found.raw), values)

    always = {"policies", "domain"} | (
        {"tags", "settings", "comment"} if name == "dns_record" else set()
    )
    assert {key: it for key, it in body.items() if key not in always} == {
        key: it for key, it in found.raw.items() if key not in always
    }
