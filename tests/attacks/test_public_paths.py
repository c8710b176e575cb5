"""Paths that are open: by an override of a destination, by a rule, and stated to be so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.attacks.scene import Scene, gained, lost, problems
from tests.support.account import edits, refused, told
from tests.support.files import HOST, whole

File = dict[str, Any]
EVERYONE: list[File] = [{"everyone": True}]
SERVICE = "ssh://localhost:22"
HEALTH: File = {"behavior": "public", "path_pattern": "/healthz"}
ALL: File = {"behavior": "public", "path_pattern": "/*"}
STATED: File = {"reason": "health checks", "paths": ["/healthz"]}


def unchecked(**application: Any) -> File:
    """The whole file, its rule asking for no token, and more about its application."""
    file = whole()
    file["tunnels"]["pool"]["ingress"][0]["access"] = False
    file["applications"][HOST] |= application
    return file


def overridden(*overrides: File, **application: Any) -> File:
    """The same with overrides of the application's one destination."""
    place = {"uri": HOST, "overrides": list(overrides)}
    return unchecked(destinations=[place], **application)


def by_hand(scene: Scene, *overrides: Any) -> None:
    """Somebody makes paths of the file's application public, past its file."""
    app = scene.account.one("apps", name=HOST)
    with scene.account.sandbox.session() as state:
        place = {"type": "public", "uri": HOST, "overrides": list(overrides)}
        state.store.put("app", app["id"], {**app, "destinations": [place]})


def live(scene: Scene) -> Any:
    """The overrides of the one application, as the account has them."""
    (place,) = scene.account.one("apps", name=HOST)["destinations"]
    return place.get("overrides")


# -- overrides ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("override", "path"),
    [
        (HEALTH, "/healthz"),
        (ALL, "/"),
        ({"behavior": "public", "path_pattern": "/api/*"}, "/api/v1/x"),
        ({"behavior": "public", "path_pattern": "/a*/b"}, "/ax/b"),
        ({"behavior": "public", "path_pattern": "/.well-known/*"}, "/.well-known/x"),
    ],
)
def test_an_override_is_a_door(scene: Scene, override: File, path: str) -> None:
    """Refused: a path that the application makes public asks nobody."""
    scene.refused_as_open(overridden(override), HOST)

    assert scene.opened(overridden(override), HOST, path).outcome == "origin"


def test_an_override_of_an_application_on_a_path(scene: Scene) -> None:
    """Refused: a wildcard reaches into the place, wherever it begins."""
    file = unchecked()
    override = {"behavior": "public", "path_pattern": "/*/b"}
    place = {"uri": f"{HOST}/admin", "overrides": [override]}
    file["applications"]["admin"] = {"destinations": [place], "policies": ["team"]}

    scene.refused_as_open(file, HOST)

    assert scene.opened(file, HOST, "/admin/b").outcome == "origin"
    assert scene.visit(HOST, "/x/b").outcome == "login"


def test_an_override_ends_where_its_place_ends(scene: Scene) -> None:
    """Not refused: no request for that path is the application's to decide."""
    file = unchecked()
    place = {"uri": f"{HOST}/admin", "overrides": [HEALTH]}
    file["applications"]["admin"] = {"destinations": [place], "policies": ["team"]}

    scene.account.apply(file)

    assert scene.visit(HOST, "/healthz").outcome == "login"


def test_an_override_behind_a_connector_that_checks(scene: Scene) -> None:
    """Not refused: Access issues no token there, and the rule takes nobody without one."""
    file = overridden(HEALTH)
    file["tunnels"]["pool"]["ingress"][0]["access"] = True

    scene.account.apply(file)

    assert scene.visit(HOST, "/healthz").outcome == "refused"


def test_a_stated_override_turns_off_the_check_that_would_undo_it(scene: Scene) -> None:
    """By default a connector does not deny what the file lets Access admit; so it is refused."""
    file = overridden(HEALTH)
    del file["tunnels"]["pool"]["ingress"][0]["access"]

    scene.refused_as_open(file, HOST)


def test_an_override_by_hand_is_carried_and_told(scene: Scene) -> None:
    """No difference where the file states none, kept by every write, and named as open."""
    file = unchecked()
    scene.account.apply(file)
    by_hand(scene, HEALTH)

    plan = scene.account.plan(file)
    scene.account.apply(unchecked(skip_interstitial=True))

    assert told(plan) == []
    assert [(it.host, it.stays) for it in plan.exposed] == [(HOST, True)]
    assert "below /healthz" in plan.exposed[0].reason
    assert live(scene) == [HEALTH]
    assert scene.visit(HOST, "/healthz").outcome == "origin"


def test_an_override_by_hand_is_taken_away_where_the_file_says_so(scene: Scene) -> None:
    """An empty list is none: an edit, and a loss for everybody."""
    scene.account.apply(unchecked())
    by_hand(scene, HEALTH)

    plan = scene.account.plan(overridden())
    scene.account.apply(overridden())

    assert edits(plan) == [f"access_application.{HOST} destinations[]"] * 2
    assert ("EVERYONE, the application makes the path public", f"{SERVICE} below /healthz") in lost(
        plan, HOST
    )
    assert live(scene) is None
    assert scene.visit(HOST, "/healthz").outcome == "login"


UNKNOWN: dict[str, Any] = {
    "no pattern": {"behavior": "public"},
    "a pattern that is no text": {"behavior": "public", "path_pattern": 7},
    "a pattern of another language": {"behavior": "public", "path_pattern": "^/a(b|c)$"},
    "a pattern in braces": {"behavior": "public", "path_pattern": "/{a,b}"},
    "percent signs": {"behavior": "public", "path_pattern": "/%61"},
    "dot segments": {"behavior": "public", "path_pattern": "/a/../b"},
    "another behaviour": {"behavior": "service_only", "path_pattern": "/a"},
    "another member": {"behavior": "public", "path_pattern": "/a", "methods": ["GET"]},
    "no object": "public",
    "nothing": None,
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_not_understood_in_an_override_counts_as_open(scene: Scene, name: str) -> None:
    """Unknown is open: told, in step, and sent back as it came."""
    file = unchecked()
    scene.account.apply(file)
    by_hand(scene, UNKNOWN[name])

    plan = scene.account.plan(file)

    assert told(plan) == []
    assert [it.host for it in plan.exposed] == [HOST]
    scene.account.forget_log()
    changing = scene.account.plan(unchecked(skip_interstitial=True))
    (change,) = changing.changes
    (place,) = change.written["destinations"]
    assert place["overrides"] != []


def test_a_destination_is_named_once(scene: Scene) -> None:
    """With overrides and without them, one place is one destination."""
    file = unchecked(destinations=[{"uri": HOST, "overrides": [HEALTH]}, HOST])

    assert problems(scene.account, file) == [
        f"access_application.{HOST} names the destination {HOST} twice"
    ]


def test_a_domain_with_overrides_among_the_destinations_is_one(scene: Scene) -> None:
    """`domain` only says which destination comes first."""
    file = overridden(HEALTH, domain=HOST)

    assert gained(scene.account.plan(file, exposure=[HOST]), HOST) != []
    scene.account.apply(file, exposure=[HOST])

    assert live(scene) == [HEALTH]
    assert refused(scene.account.plan(file)) == []


# -- path expressions -----------------------------------------------------------------------


def on_a_path(*expressions: str, place: str = "/aaa") -> File:
    """Rules for paths, asking for no token, and an application on one path alone."""
    file = whole()
    rules = [
        {"hostname": HOST, "path": expression, "service": "http://10.0.0.7", "access": False}
        for expression in expressions
    ]
    file["tunnels"]["pool"]["ingress"] = rules
    file["applications"] = {f"{HOST}{place}": {"policies": ["team"]}}
    del file["ca_keys"]
    return file


@pytest.mark.parametrize(
    ("expression", "place"),
    [
        ("^/aaa$", "/aaa"),
        ("^/aaa$", "/a*"),
        (r"^/favicon\.ico$", "/favicon.ico"),
        (r"^/\.well-known$", "/.well-known"),
    ],
)
def test_an_application_covers_a_rule_for_one_path(
    scene: Scene, expression: str, place: str
) -> None:
    """Not refused: every request that the rule takes is the application's to decide."""
    file = on_a_path(expression, place=place)

    scene.account.apply(file)

    path = expression.strip("^$").replace("\\", "")
    assert scene.visit(HOST, path).outcome == "login"
    assert scene.visit(HOST, f"{path}/../b").outcome == "no_service"
    assert scene.visit(HOST, "/other").outcome == "no_service"


@pytest.mark.parametrize(
    ("expression", "sly"),
    [
        ("^/aaa", "/aaab"),
        ("/aaa$", "/b/aaa"),
        ("^/aaa|^/b", "/b"),
        ("^/aaa.$", "/aaab"),
        ("^/aaa/", "/aaa/../b"),
        ("^/aaa(/.*)?$", "/aaa/../b"),
        ("^/aaa/b$", "/aaa%2Fb"),
        ("^/aaa/?$", "/aaa%2F"),
    ],
)
def test_an_expression_takes_more_than_the_application_covers(
    scene: Scene, expression: str, sly: str
) -> None:
    """Refused: Access decides by the normalised path, the connector by the path as it was sent."""
    file = on_a_path(expression)

    scene.refused_as_open(file, HOST)

    assert scene.opened(file, HOST, sly).outcome == "origin"


def test_a_rule_for_one_path_without_an_application(scene: Scene) -> None:
    """Refused: an application on another path does not decide for it."""
    file = on_a_path("^/aaa$", place="/bbb")

    scene.refused_as_open(file, HOST)

    assert scene.opened(file, HOST, "/aaa").outcome == "origin"


def test_a_rule_for_one_path_takes_nothing_from_the_rules_behind_it(scene: Scene) -> None:
    """Refused: all other paths are open, as they would be without it."""
    file = on_a_path("^/aaa$")
    rule = {"hostname": HOST, "service": "http://10.0.0.8", "access": False}
    file["tunnels"]["pool"]["ingress"].append(rule)

    scene.refused_as_open(file, HOST)

    assert scene.opened(file, HOST, "/other").outcome == "origin"
    assert scene.visit(HOST, "/aaa").outcome == "login"
