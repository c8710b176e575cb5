"""Limits of an account: enforced when asked for, otherwise not."""

from __future__ import annotations

from typing import Any

import pytest

from ztctl.sandbox.service import Sandbox
from ztctl.sandbox.settings import Settings

from .api import EVERYONE, Api


@pytest.fixture
def limited() -> Api:
    """A client of an account whose limits are enforced."""
    return Api(Sandbox.create(settings=Settings(quotas=True)))


def tokens(api: Api, count: int) -> list[Any]:
    """The answers to so many new service tokens."""
    return [api.post("{A}/access/service_tokens", {"name": f"t{n}"}) for n in range(count)]


def test_account_is_full_at_its_limit(limited: Api) -> None:
    """The 51st service token is refused, and taken once another is gone."""
    answers = tokens(limited, 51)

    assert [answer.status for answer in answers] == [201] * 50 + [400]
    assert "limited to 50 service token" in answers[50].message
    limited.delete(f"{{A}}/access/service_tokens/{answers[0].result['id']}")
    assert tokens(limited, 1)[0].status == 201


def test_limits_are_off_by_default(api: Api) -> None:
    """Without the switch an account holds as much as one likes."""
    assert tokens(api, 51)[50].status == 201


def test_providers_count_those_that_were_there(limited: Api) -> None:
    """Three identity providers are seeded, so 47 more can be made."""
    body = {"name": "x", "type": "github", "config": {}}
    answers = [limited.post("{A}/access/identity_providers", body) for _ in range(48)]

    assert [answer.status for answer in answers] == [201] * 47 + [400]


def test_deleted_tunnels_do_not_count(limited: Api) -> None:
    """A tunnel that was deleted softly makes room."""
    bodies = [{"name": f"t{n}", "config_src": "cloudflare"} for n in range(1001)]
    answers = [limited.post("{A}/cfd_tunnel", body) for body in bodies]
    assert [answers[999].status, answers[1000].status] == [200, 400]

    limited.delete(f"{{A}}/cfd_tunnel/{answers[0].result['id']}")
    assert limited.post("{A}/cfd_tunnel", bodies[1000]).status == 200


@pytest.mark.parametrize(("path", "most"), [("groups", 300), ("policies", 500)])
def test_rule_holders_are_limited(limited: Api, path: str, most: int) -> None:
    """Groups and reusable policies have limits of their own."""
    body = {"name": "x", "decision": "allow", "include": EVERYONE}
    answers = [limited.post(f"{{A}}/access/{path}", body) for _ in range(most + 1)]

    assert [answers[most - 1].status, answers[most].status] == [201, 400]


def test_own_policies_of_applications_do_not_count(limited: Api) -> None:
    """The policies of one application are none of the account's reusable ones."""
    own = {"name": "own", "decision": "allow", "include": EVERYONE}
    limited.app(policies=[own])
    answers = [limited.post("{A}/access/policies", own) for _ in range(500)]

    assert {answer.status for answer in answers} == {201}


def test_applications_are_limited(limited: Api) -> None:
    """The 501st application is refused."""
    names = [f"h{number}.example.com" for number in range(501)]
    bodies = [{"type": "self_hosted", "name": name, "domain": name} for name in names]
    answers = [limited.post("{A}/access/apps", body) for body in bodies]

    assert [answers[499].status, answers[500].status] == [201, 400]


@pytest.mark.parametrize(("count", "status"), [(1000, 201), (1001, 400)])
def test_rules_are_limited(limited: Api, count: int, status: int) -> None:
    """A group and a policy have at most a thousand rules each."""
    rules = [{"email": {"email": f"u{number}@example.com"}} for number in range(count)]
    body = {"name": "x", "decision": "allow", "include": rules}

    assert limited.post("{A}/access/groups", body).status == status
    assert limited.post("{A}/access/policies", body).status == status
