"""Paths that are open: by an override of a destination, by a rule, and stated to be so."""

from __future__ import annotations

from string import ascii_lowercase
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
    "an empty pattern": {"behavior": "public", "path_pattern": ""},
    "an empty text": "",
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


# An override, and an edit that opens more than it does.
WIDER: dict[str, tuple[File, dict[str, Any]]] = {
    "the root, then all": ({"path_pattern": "/"}, {"overrides": ["/*"]}),
    "one path, then all below": (HEALTH, {"overrides": ["/healthz", "/healthz/*"]}),
    "a wildcard inside, then all": ({"path_pattern": "/api/*/health"}, {"overrides": ["/*"]}),
    "an odd pattern, then another": ({"path_pattern": "/a|b"}, {"overrides": ["/c|d"]}),
    "one path, then a bypass from there on": (HEALTH, {"bypass": "/healthz"}),
    "an odd pattern, then a bypass": ({"path_pattern": "/a|b"}, {"bypass": ""}),
    "the root, then every login": ({"path_pattern": "/"}, {"include": EVERYONE}),
    "an odd pattern, then no application": ({"path_pattern": "/a|b"}, {"gone": True}),
}


def widened(override: File, *, access: bool = False, **edit: Any) -> File:
    """A file with an override, and more that is open."""
    overrides = [override, *({"path_pattern": it} for it in edit.get("overrides", ()))]
    file = overridden(*overrides)
    del file["ca_keys"]
    file["tunnels"]["pool"]["ingress"][0]["access"] = access
    if "bypass" in edit:
        file["policies"]["open"] = {"decision": "bypass", "include": EVERYONE}
        if edit["bypass"]:
            below = {"domain": f"{HOST}{edit['bypass']}", "policies": ["open"]}
            file["applications"]["below"] = below
        else:
            file["applications"][HOST]["policies"] = ["open"]
    if "include" in edit:
        file["groups"]["people"]["include"] = edit["include"]
    if "gone" in edit:
        del file["applications"]
    return file


@pytest.mark.parametrize("name", WIDER)
def test_an_override_is_no_leave_for_what_lies_beside_it(scene: Scene, name: str) -> None:
    """Refused: that some paths are open already does not mean that the others are."""
    override, edit = WIDER[name]
    scene.account.apply(widened(override), exposure=[HOST])

    scene.refused_as_open(widened(override, **edit), HOST)


@pytest.mark.parametrize("pattern", ["/", "/a|b", "/api/*/health"])
def test_who_enters_beside_an_override_is_told_behind_a_check(scene: Scene, pattern: str) -> None:
    """Refused: the check shuts out whom the override lets in, and nobody who logs in elsewhere."""
    override = {"path_pattern": pattern}
    scene.account.apply(widened(override, access=True))

    scene.refused_as_open(widened(override, access=True, include=EVERYONE), HOST)


def test_an_override_beside_the_place_of_its_application(scene: Scene) -> None:
    """Told: below the path that is public, people enter as they do at the place."""
    file = widened(HEALTH, access=True)
    file["applications"][HOST]["destinations"][0]["uri"] = f"{HOST}/healthz"
    scene.account.apply(file)
    file["groups"]["people"]["include"] = [{"email": "bob@example.com"}]

    assert [origin for _, origin in gained(scene.account.plan(file), HOST)] == [
        f"{SERVICE} below /healthz"
    ]


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


def test_a_path_moves_between_applications_of_one_host(scene: Scene) -> None:
    """Complete: the old application gives the path up before the new one takes it."""
    file = unchecked()
    file["applications"]["z"] = {"domain": f"{HOST}/b", "policies": ["team"]}
    scene.account.apply(file)
    moved = unchecked()
    moved["applications"]["a"] = {"domain": f"{HOST}/b", "policies": ["team"]}
    moved["applications"]["z"] = {"domain": f"{HOST}/c", "policies": ["team"]}

    outcome = scene.account.apply(moved)

    assert outcome.failed == ()
    assert told(scene.account.plan(moved)) == []


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


@pytest.mark.parametrize("after", ["", "/b", "^/aaa/c", "^/aaab$"])
@pytest.mark.parametrize("before", ["^/aaa/b$", "^/aaa$", "/aaa"])
def test_an_open_rule_is_no_leave_for_other_paths(scene: Scene, before: str, after: str) -> None:
    """Refused: what one expression takes says nothing of what another one does."""
    file = on_a_path(before, place="/bbb")
    scene.account.apply(file, exposure=[HOST])
    (rule,) = file["tunnels"]["pool"]["ingress"]
    del rule["path"]

    scene.refused_as_open(on_a_path(after, place="/bbb") if after else file, HOST)


def test_an_open_rule_may_take_less(scene: Scene) -> None:
    """Not refused: all paths were open."""
    file = on_a_path("/aaa", place="/bbb")
    (rule,) = file["tunnels"]["pool"]["ingress"]
    del rule["path"]
    scene.account.apply(file, exposure=[HOST])

    assert refused(scene.account.plan(on_a_path("/aaa", place="/bbb"))) == []


# -- stated to be public --------------------------------------------------------------------


def with_a_bypass(path: str = "/healthz", **fields: Any) -> File:
    """The whole file and an application on a path below that asks nobody; fields for both."""
    file = unchecked(**fields)
    file["policies"]["open"] = {"decision": "bypass", "include": EVERYONE}
    below = {"domain": f"{HOST}{path}", "policies": ["open"]}
    file["applications"]["below"] = below
    return file


def short(**public: Any) -> File:
    """A host in the short form that states something as public, and an open path of it."""
    file = with_a_bypass()
    return {
        "policies": file["policies"],
        "groups": file["groups"],
        "applications": {"below": file["applications"]["below"]},
        "tunnels": {"pool": {}},
        "hosts": {
            HOST: {
                "tunnel": "pool",
                "service": SERVICE,
                "policies": ["team"],
                "access": False,
                **public,
            }
        },
    }


def on_the_path() -> File:
    """The application on the open path itself says that it is open."""
    file = with_a_bypass()
    file["applications"]["below"]["public"] = {"reason": "health checks"}
    return file


STATING: dict[str, File] = {
    "at the host": short(public=STATED),
    "at the application": with_a_bypass(public=STATED),
    "at the application on the path": on_the_path(),
    "at the override": overridden(HEALTH, public=STATED),
}


@pytest.mark.parametrize("name", STATING)
def test_a_path_that_is_stated_to_be_public_is_no_door(scene: Scene, name: str) -> None:
    """Not refused, and never told again: the file says it for good."""
    file = STATING[name]

    scene.account.apply(file)
    plan = scene.account.plan(file)

    assert scene.visit(HOST, "/healthz").outcome == "origin"
    assert scene.visit(HOST, "/").outcome == "login"
    assert (told(plan), plan.exposed, refused(plan)) == ([], (), [])


@pytest.mark.parametrize("name", STATING)
def test_an_edit_beside_a_public_path_is_not_refused(scene: Scene, name: str) -> None:
    """What is stated to be open is in no way of other changes."""
    file = STATING[name]
    scene.account.apply(file)
    include = [{"email": "bob@example.com"}]

    plan = scene.account.plan({**file, "groups": {"people": {"include": include}}})

    assert refused(plan) == []


@pytest.mark.parametrize("path", ["/api", "/health", "/healthzz", "/"])
def test_a_path_that_is_not_stated_is_a_door_all_the_same(scene: Scene, path: str) -> None:
    """Refused: one open path is no leave for another."""
    override = {"behavior": "public", "path_pattern": path}

    scene.refused_as_open(overridden(HEALTH, override, public=STATED), HOST)


def test_a_public_path_of_an_uncovered_host(scene: Scene) -> None:
    """Refused: without an application the rest of the host is open, too."""
    file = unchecked(public=STATED)
    file["applications"]["below"] = {"domain": f"{HOST}/x", "policies": ["team"], "public": STATED}
    del file["applications"][HOST]
    del file["ca_keys"]

    scene.refused_as_open(file, HOST)


def test_what_is_open_elsewhere_on_the_host_is_told(scene: Scene) -> None:
    """A plan names the path that nobody speaks of, and not the one that the file states."""
    file = overridden(HEALTH, public=STATED)
    scene.account.apply(file)
    by_hand(scene, HEALTH, {"behavior": "public", "path_pattern": "/api"})
    carrying = unchecked(public=STATED)

    plan = scene.account.plan(carrying)

    assert [(it.host, it.stays) for it in plan.exposed] == [(HOST, True)]
    assert "below /api" in plan.exposed[0].reason


def test_a_public_application_covers_what_its_names_cover(scene: Scene) -> None:
    """Refused below: a wildcard of an application is one label, and so is what it states."""
    wildcard = "*.dev.example.com"
    rule = {"hostname": wildcard, "service": SERVICE, "access": False}
    application = {"domain": wildcard, "policies": ["open"], "public": {"reason": "a demo"}}
    file = {
        "policies": {"open": {"decision": "bypass", "include": EVERYONE}},
        "applications": {"dev": application},
        "tunnels": {"pool": {"ingress": [rule]}},
        "dns": {wildcard: {"tunnel": "pool"}},
    }

    scene.refused_as_open(file, "*.*.dev.example.com")


@pytest.mark.parametrize("path", ["/a/*/b", "/a*"])
def test_a_star_in_a_public_path_stands_for_any_text(scene: Scene, path: str) -> None:
    """Not refused: as in the path of an application."""
    file = with_a_bypass(path, public={"reason": "a demo", "paths": [path]})

    assert refused(scene.account.plan(file)) == []


def test_a_wildcard_of_an_override_can_be_stated(scene: Scene) -> None:
    """Not refused, and never told again."""
    path = "/api/*/health"
    file = overridden({"path_pattern": path}, public={"reason": "a demo", "paths": [path]})

    first = scene.account.plan(file)
    scene.account.apply(file, exposure=[HOST])
    plan = scene.account.plan(file)

    assert (refused(first), told(plan), plan.exposed) == ([], [], ())


def test_a_stated_path_covers_no_other_one_by_chance(scene: Scene) -> None:
    """Refused: what stands for a wildcard in the model begins with no letter of the alphabet."""
    letters = [f"/{letter}*/b" for letter in ascii_lowercase]
    file = with_a_bypass("/*/b", public={"reason": "a demo", "paths": letters})

    scene.refused_as_open(file, HOST)


@pytest.mark.parametrize(
    "path",
    [
        "healthz",
        "/",
        "/*",
        "/**",
        "/**/",
        "/a b",
        "/a?b",
        "/a/../b",
        "/a//b",
        "/%61",
        "/a\x00",
        "/a\u200b",
        "",
    ],
)
def test_what_is_no_path_cannot_be_public(scene: Scene, path: str) -> None:
    """A path begins with a slash, and the whole host is stated by leaving `paths` out."""
    file = with_a_bypass(public={"reason": "a demo", "paths": [path]})

    assert problems(scene.account, file) == [
        f"applications.{HOST}: `public.paths[0]`: {path!r} is not a path of a host"
    ]


def test_private_destinations_are_not_public(scene: Scene) -> None:
    """A statement about nothing is a mistake."""
    file = unchecked()
    place = {"cidr": "10.0.0.0/8"}
    private = {"destinations": [place], "policies": ["team"], "public": {"reason": "a demo"}}
    file["applications"]["private"] = private

    assert problems(scene.account, file) == [
        "access_application.private states that its hosts are public, and has none"
    ]


def test_a_host_with_public_paths_still_says_who_may_enter(scene: Scene) -> None:
    """Only a host that is open as a whole has nothing in front of it."""
    file = short(public=STATED)
    del file["hosts"][HOST]["policies"]

    assert problems(scene.account, file) == [
        f"hosts.{HOST} needs `policies` or `application` for its other paths"
    ]


def test_a_record_tells_which_paths_are_stated_to_be_open(scene: Scene) -> None:
    """The plan says so where the name appears."""
    plan = scene.account.plan(short(public=STATED))

    notes = [note for change in plan.changes for note in change.notes]
    assert "may be open below /healthz to everybody, as stated: health checks" in notes
