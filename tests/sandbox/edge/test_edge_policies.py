"""Whom an application lets in."""

from __future__ import annotations

from typing import Any

import pytest

from ztctl.sandbox.edge.values import Visit

from .cases import (
    ALLOW,
    ANN,
    BYPASS,
    CASES,
    EVERYONE,
    MACHINE,
    NOBODY,
    SERVICE,
    STAFF,
    Case,
    policy,
)
from .world import World

HOST = "a.example.com"


@pytest.fixture
def peopled(wide: World) -> World:
    """An account with groups and service tokens."""
    wide.token("svc")
    wide.token("other")
    wide.group("staff", include=STAFF)
    wide.group("all", include=[{"group": {"id": "@staff"}}, {"email": {"email": "x@y.z"}}])
    wide.group("iberia", include=[{"geo": {"country_code": code}} for code in ("PT", "ES")])
    exclude = [{"email": {"email": "bob@example.com"}}]
    wide.group("not-bob", include=STAFF, exclude=exclude)
    return wide


def coming(world: World, who: dict[str, Any]) -> dict[str, Any]:
    """A visitor in which `token` is replaced by the credentials of a new secret of @svc."""
    who = dict(who)
    token = who.pop("token", None)
    if token is not None:
        path = f"{{A}}/access/service_tokens/{world.ids['svc']}/rotate"
        made = world.api.post(path).result
        secret = made["client_secret"] if token is True else token
        who["service_token"] = (made["client_id"], secret)
    return who


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_access_decides(peopled: World, case: Case) -> None:
    """Each visitor meets what the policies of the application say, by the policy that decides."""
    app = peopled.app(HOST, *case.policies, **case.app)
    attached = peopled.api.get(f"{{A}}/access/apps/{app}").result["policies"]
    names = {one["id"]: one["name"] for one in attached}

    answer = peopled.visit(HOST, **coming(peopled, case.who))

    assert (answer.outcome, names.get(answer.policy or "")) == (case.outcome, case.by)
    assert answer.application == app


STATUSES = [
    # policies, application, organisation, who, status
    ((ALLOW,), {}, {}, NOBODY, 302),
    ((), {}, {}, NOBODY, 403),
    ((policy("d", "deny"),), {}, {}, ANN, 403),
    ((BYPASS,), {}, {}, NOBODY, 200),
    ((SERVICE,), {}, {}, NOBODY, 403),
    ((SERVICE,), {"service_auth_401_redirect": True}, {}, NOBODY, 401),
    ((SERVICE, ALLOW), {"service_auth_401_redirect": True}, {}, NOBODY, 401),
    ((SERVICE, ALLOW), {"service_auth_401_redirect": True}, {}, ANN, 200),
    ((ALLOW,), {"service_auth_401_redirect": True}, {}, NOBODY, 302),
    ((ALLOW,), {}, {"strict_service_token_auth": True}, {"token": True}, 403),
    ((ALLOW,), {}, {"strict_service_token_auth": True}, {"token": "wrong"}, 401),
    ((ALLOW,), {}, {"strict_service_token_auth": True}, NOBODY, 302),
    ((SERVICE,), {}, {"strict_service_token_auth": True}, {"token": True}, 200),
]


@pytest.mark.parametrize(("policies", "app", "organisation", "who", "status"), STATUSES)
def test_every_answer_has_its_status(
    peopled: World,
    policies: tuple[Any, ...],
    app: dict[str, Any],
    organisation: dict[str, Any],
    who: dict[str, Any],
    status: int,
) -> None:
    """A login is a redirect, a refusal 403, or 401 where the account wants it for machines."""
    peopled.organise(**organisation)
    peopled.app(HOST, *policies, **app)

    assert peopled.visit(HOST, **coming(peopled, who)).status == status


def test_a_preflight_passes_where_the_application_lets_it(wide: World) -> None:
    """With options_preflight_bypass an OPTIONS request reaches the origin unasked."""
    wide.app(HOST, ALLOW, options_preflight_bypass=True)

    assert wide.sandbox.edge.visit(Visit(HOST, method="OPTIONS")).outcome == "origin"
    assert wide.sandbox.edge.visit(Visit(HOST)).outcome == "login"


def test_a_preflight_is_asked_like_all_others(wide: World) -> None:
    """Without the setting an OPTIONS request meets the login."""
    wide.app(HOST, ALLOW)

    assert wide.sandbox.edge.visit(Visit(HOST, method="OPTIONS")).outcome == "login"


def test_a_token_ends_when_it_expires(wide: World) -> None:
    """After its duration a service token opens nothing."""
    credentials = wide.token("svc", duration="1h")
    wide.app(HOST, policy("s", "non_identity", MACHINE))
    before = wide.visit(HOST, service_token=credentials)

    wide.clock.wait(3600)

    after = wide.visit(HOST, service_token=credentials)
    assert (before.outcome, after.outcome) == ("origin", "blocked")


def test_a_token_without_end_lasts(wide: World) -> None:
    """A service token that lasts for ever still opens after years."""
    credentials = wide.token("svc", duration="forever")
    wide.app(HOST, policy("s", "non_identity", MACHINE))

    wide.clock.wait(10 * 365 * 86400)

    assert wide.visit(HOST, service_token=credentials).outcome == "origin"


def test_a_rotated_secret_ends_the_old_one(wide: World) -> None:
    """After a rotation the old secret opens nothing."""
    credentials = wide.token("svc")
    wide.app(HOST, policy("s", "non_identity", MACHINE))

    wide.api.post(f"{{A}}/access/service_tokens/{wide.ids['svc']}/rotate")

    assert wide.visit(HOST, service_token=credentials).outcome == "blocked"


def test_an_old_secret_counts_until_it_ends(wide: World) -> None:
    """A rotation that says when the old secret ends leaves it good until then."""
    wide.app("svc.example.com", policy("any", "non_identity", [{"any_valid_service_token": {}}]))
    old = wide.token("svc")
    end = {"previous_client_secret_expires_at": "2026-07-01T01:00:00Z"}
    path = f"{{A}}/access/service_tokens/{wide.ids['svc']}/rotate"
    new = old[0], wide.api.post(path, end).result["client_secret"]

    meant = [wide.visit("svc.example.com", service_token=one).outcome for one in (old, new)]
    wide.clock.wait(3600)
    later = [wide.visit("svc.example.com", service_token=one).outcome for one in (old, new)]

    assert (meant, later) == (["origin", "origin"], ["blocked", "origin"])


def test_a_secret_is_shown_once(wide: World) -> None:
    """The stored secret of a service token comes back in no later answer."""
    _, secret = wide.token("svc")
    path = f"{{A}}/access/service_tokens/{wide.ids['svc']}"

    answers = [wide.api.get(path), wide.api.get("{A}/access/service_tokens"), wide.api.delete(path)]

    assert all(secret not in str(answer.body) for answer in answers)


def test_reusable_policies_count_as_their_own_do(wide: World) -> None:
    """A linked policy decides, and a change of it is met at once."""
    linked = wide.made("{A}/access/policies", ALLOW)
    wide.app(HOST, {"id": linked, "precedence": 1})
    before = wide.visit(HOST, **ANN)

    wide.api.put(f"{{A}}/access/policies/{linked}", {**ALLOW, "decision": "deny"})

    assert (before.outcome, before.policy) == ("origin", linked)
    assert wide.visit(HOST, **ANN).outcome == "blocked"


def test_a_changed_group_is_met_at_once(wide: World) -> None:
    """What a policy says through a group follows the group."""
    group = wide.group("staff", include=STAFF)
    wide.app(HOST, policy("a", "allow", [{"group": {"id": "@staff"}}]))
    before = wide.visit(HOST, **ANN)

    body = {"name": "staff", "include": [{"email": {"email": "bob@example.com"}}]}
    wide.api.put(f"{{A}}/access/groups/{group}", body)

    assert (before.outcome, wide.visit(HOST, **ANN).outcome) == ("origin", "blocked")


def test_groups_nest_as_deep_as_one_likes(wide: World) -> None:
    """A chain of a thousand groups is followed to its end."""
    wide.group("g0", include=STAFF)
    for number in range(1000):
        wide.group(f"g{number + 1}", include=[{"group": {"id": f"@g{number}"}}])
    wide.app(HOST, policy("a", "allow", [{"group": {"id": "@g1000"}}]))

    assert wide.visit(HOST, **ANN).outcome == "origin"
    assert wide.visit(HOST, email="eve@example.net").outcome == "blocked"


def test_groups_in_a_circle_let_nobody_in(wide: World) -> None:
    """Groups that need each other, as the API refuses to make them, end in a refusal."""
    one, two = wide.group("one", include=EVERYONE), wide.group("two", include=EVERYONE)
    wide.app(HOST, policy("a", "allow", [{"group": {"id": one}}]))

    with wide.sandbox.session() as state:
        for key, other in ((one, two), (two, one)):
            group = state.store.get("access_group", key) or {}
            include = [{"group": {"id": other}}]
            state.store.put("access_group", key, {**group, "include": include})

    assert wide.visit(HOST, **ANN).outcome == "blocked"


STRANGE: list[dict[str, Any]] = [
    {"address": "nowhere"},
    {"country": ""},
    {"email": "", "country": "pt"},
    {"email": "a@"},
    {"email": "x" * 10_000},
    {"service_token": ("", "")},
    {"service_token": ("é", "ü")},
    {"holds": [{}]},
    {"holds": [{"email": "plain"}, {"okta": ["list"]}, {"two": {}, "keys": {}}]},
    {"login_method": ""},
]


@pytest.mark.parametrize("who", STRANGE)
def test_no_visitor_is_too_strange(peopled: World, who: dict[str, Any]) -> None:
    """Whoever comes, a policy for one person lets nobody else in, and nothing breaks."""
    peopled.app(HOST, policy("a", "allow", [{"email": {"email": "ann@example.com"}}]))

    assert peopled.visit(HOST, **who).outcome in ("login", "blocked")
