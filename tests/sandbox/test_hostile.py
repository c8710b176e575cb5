"""Hostile input: always an answer in the service's own shape, never an exception."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.examples import examples
from ztctl.sandbox.api.families import FAMILIES
from ztctl.sandbox.export import KINDS
from ztctl.sandbox.messages import Request, Response
from ztctl.sandbox.service import Sandbox

from .api import Api

ROUTES = [route for family in FAMILIES for route in family.routes]
BEARER = ("authorization", "Bearer token")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "name",
                    "type",
                    "domain",
                    "destinations",
                    "policies",
                    "include",
                    "email",
                    "tags",
                    "config",
                    "ingress",
                    "service",
                    "originRequest",
                    "content",
                    "posts",
                    "deletes",
                    "id",
                    "precedence",
                    "decision",
                    "session_duration",
                ]
            )
            | st.text(max_size=4),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


def furnished() -> tuple[Sandbox, dict[str, str]]:
    """A sandbox with one object of each kind, and its ids by path parameter."""
    objects, ids = furniture()
    sandbox = Sandbox.create()
    with sandbox.session() as state:
        for kind, key, one in objects:
            state.store.put(kind, key, one)
    return sandbox, ids


@cache
def furniture() -> tuple[list[tuple[str, str, Any]], dict[str, str]]:
    """What is in a furnished sandbox, made once: stored objects are never changed in place."""
    sandbox, ids = _furnished()
    with sandbox.session() as state:
        kinds = KINDS.values()
        return [(kind, key, one) for kind in kinds for key, one in state.store.items(kind)], ids


def _furnished() -> tuple[Sandbox, dict[str, str]]:
    sandbox = Sandbox.create()
    api = Api(sandbox)
    api.post("{A}/access/tags", {"name": "tag"})
    policy = {"name": "own", "decision": "allow", "include": [{"everyone": {}}]}
    app = api.app(policies=[policy], tags=["tag"])
    api.post(f"{{A}}/access/apps/{app['id']}/ca")
    return sandbox, {
        "account_id": sandbox.account_id,
        "zone_id": api.zone().rpartition("/")[2],
        "record_id": api.record()["id"],
        "app_id": app["id"],
        "policy_id": app["policies"][0]["id"],
        "group_id": api.group()["id"],
        "idp_id": api.get("{A}/access/identity_providers").result[0]["id"],
        "service_token_id": api.post("{A}/access/service_tokens", {"name": "a"}).result["id"],
        "tunnel_id": api.tunnel()["id"],
        "tag_name": "tag",
        "setting_id": "websockets",
        "rule_id": api.gateway_rule()["id"],
        "list_id": api.post("{A}/gateway/lists", {"name": "a", "type": "IP"}).result["id"],
        "check_id": api.post("{A}/devices/posture", {"name": "a", "type": "warp"}).result["id"],
        "virtual_network_id": api.network()["id"],
        "route_id": api.route()["id"],
        "hostname_route_id": api.hostname_route()["id"],
        "target_id": api.target()["id"],
        "certificate_id": api.post("{A}/access/gateway_ca").result["id"],
        "range": "10.0.0.0%2F24",
        "ip": "10.0.0.1",
    }


def test_every_id_of_a_path_is_furnished() -> None:
    """The furnished sandbox has something at every path."""
    named = {name for route in ROUTES for name in re.findall(r"{(\w+)}", route.path)}

    assert named - furniture()[1].keys() == set(), "make one in _furnished"


def shaped(response: Response) -> bool:
    """Whether an answer is a whole envelope, or the short one of some refusals."""
    body = json.loads(response.body)
    whole = {"result", "success", "errors", "messages"} <= set(body)
    whole = whole or (set(body) == {"success", "errors"} and response.status >= 400)
    return whole and body["success"] == (response.status < 400) == (body["errors"] == [])


def post(sandbox: Sandbox, body: bytes, *headers: tuple[str, str]) -> Response:
    """Post a raw body to the tags."""
    path = f"/client/v4/accounts/{sandbox.account_id}/access/tags"
    return sandbox.handle(Request("POST", path, (), (BEARER, *headers), body))


@examples(60)
@given(route=st.sampled_from(ROUTES), body=JSON)
def test_no_body_raises(route: Any, body: Any) -> None:
    """Whatever JSON is sent to whatever route, the answer is a whole envelope."""
    sandbox, ids = furnished()
    path = "/client/v4" + route.path.format(**ids)
    response = sandbox.handle(Request(route.method, path, (), (BEARER,), json.dumps(body).encode()))

    assert shaped(response)


@examples(80)
@given(route=st.sampled_from(ROUTES), text=st.text(max_size=12), data=st.data())
def test_no_query_or_id_raises(route: Any, text: str, data: Any) -> None:
    """Whatever stands in a path or query, the answer is a whole envelope."""
    sandbox, ids = furnished()
    victim = data.draw(st.sampled_from(sorted(ids)))
    path = "/client/v4" + route.path.format(**{**ids, victim: text})
    name = data.draw(st.sampled_from(route.query or ("x",)))
    response = sandbox.handle(Request(route.method, path, ((name, text),), (BEARER,), b"{}"))

    assert shaped(response)


@examples(80)
@given(method=st.text(max_size=8), path=st.text(max_size=30), body=st.binary(max_size=30))
def test_no_request_raises(method: str, path: str, body: bytes) -> None:
    """Any method, path and bytes get a whole envelope."""
    sandbox = Sandbox.create()

    assert shaped(sandbox.handle(Request(method, path, (), (), body)))
    assert shaped(sandbox.handle(Request("POST", f"/client/v4/{path}", (), (BEARER,), body)))
    assert shaped(post(sandbox, body))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"[]",
        b'"x"',
        b"null",
        b'{"name": NaN}',
        b'{"name": 1e999}',
        b'{"name": ' + b"9" * 5000 + b"}",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"a":' * 100 + b"1" + b"}" * 100,
    ],
)
def test_malformed_json_is_refused(sandbox: Sandbox, body: bytes) -> None:
    """A body that is no reasonable JSON object answers 400."""
    response = post(sandbox, body)

    assert (response.status, shaped(response)) == (400, True)


def test_huge_bodies_are_refused(sandbox: Sandbox) -> None:
    """A body over 10 MB answers 413."""
    assert post(sandbox, b" " * (10 * 1024 * 1024 + 1)).status == 413


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 201),
        ("Application/JSON; charset=utf-8", 201),
        ("application/x-www-form-urlencoded", 400),
        ("text/plain", 400),
        ("", 400),
    ],
)
def test_content_type_must_be_json(sandbox: Sandbox, kind: str, status: int) -> None:
    """A body of another type answers 400."""
    response = post(sandbox, b'{"name": "a"}', ("content-type", kind))

    assert (response.status, shaped(response)) == (status, True)


def test_lone_surrogates_survive(sandbox: Sandbox) -> None:
    """A name that is no valid Unicode is stored and shown without an exception."""
    assert post(sandbox, b'{"name": "\\ud800"}').status == 201
    assert len(sandbox.export()["tags"]) == 1
