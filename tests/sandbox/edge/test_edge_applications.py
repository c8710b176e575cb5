"""Which application decides."""

from __future__ import annotations

import pytest

from .world import World

COVERS = [
    # place, host, path, whether it is covered
    ("ssh.example.com", "ssh.example.com", "/", True),
    ("ssh.example.com", "ssh.example.com", "/any/path", True),
    ("ssh.example.com", "SSH.Example.COM.", "/", True),
    ("ssh.example.com", "ssh.example.com:443", "/", True),
    ("ssh.example.com", "a.ssh.example.com", "/", False),
    ("*.example.com", "a.example.com", "/", True),
    ("*.example.com", "a.b.example.com", "/", False),
    ("*.*.example.com", "a.b.example.com", "/", True),
    ("*.*.example.com", "a.example.com", "/", False),
    ("*.test.example.com", "a.test.example.com", "/", True),
    ("*.test.example.com", "test.example.com", "/", False),
    ("*test.example.com", "test.example.com", "/", True),
    ("*test.example.com", "alphatest.example.com", "/", True),
    ("*test.example.com", "beta.test.example.com", "/", False),
    ("test*.example.com", "test-1.example.com", "/", True),
    ("t*t.example.com", "t.example.com", "/", False),
    ("a.*.example.com", "a.b.example.com", "/", True),
    ("a.*.example.com", "c.b.example.com", "/", False),
    ("x.example.com/*", "x.example.com", "/", True),
    ("x.example.com/*", "x.example.com", "/a/b", True),
    ("x.example.com/alpha", "x.example.com", "/alpha", True),
    ("x.example.com/alpha", "x.example.com", "/alpha/one/two", True),
    ("x.example.com/alpha", "x.example.com", "/alpha?q=1", True),
    ("x.example.com/alpha", "x.example.com", "/alphabet", False),
    ("x.example.com/alpha", "x.example.com", "/", False),
    ("x.example.com/alpha", "x.example.com", "/beta/../alpha", True),
    ("x.example.com/alpha", "x.example.com", "//alpha", True),
    ("x.example.com/alpha", "x.example.com", "/%61lpha", True),
    ("x.example.com/alpha/*", "x.example.com", "/alpha/one", True),
    ("x.example.com/alpha/*", "x.example.com", "/alpha/one/two", True),
    ("x.example.com/alpha/*", "x.example.com", "/alpha", False),
    ("x.example.com/foo*/bar", "x.example.com", "/foo/bar", True),
    ("x.example.com/foo*/bar", "x.example.com", "/food/bar", True),
    ("x.example.com/foo*/bar", "x.example.com", "/food/stuff/bar", True),
    ("x.example.com/foo*/bar", "x.example.com", "/food/barn", False),
    ("x.example.com/foo*/bar", "x.example.com", "/food/barn/bar/x", True),
]

WINS = [
    # places, host, path, the one that decides
    (["*.example.com", "a.example.com"], "a.example.com", "/", "a.example.com"),
    (["*.example.com", "a*.example.com"], "ab.example.com", "/", "a*.example.com"),
    (["*.*.example.com", "*.b.example.com"], "a.b.example.com", "/", "*.b.example.com"),
    (["a.example.com", "a.example.com/x"], "a.example.com", "/x", "a.example.com/x"),
    (["a.example.com", "a.example.com/x"], "a.example.com", "/y", "a.example.com"),
    (["a.example.com/x", "a.example.com/x/y"], "a.example.com", "/x/y/z", "a.example.com/x/y"),
    (["a.example.com/x", "a.example.com/*/z"], "a.example.com", "/x/z", "a.example.com/*/z"),
    (["*.example.com/long/path", "a.example.com"], "a.example.com", "/long/path", "a.example.com"),
    (["*.example.com", "a.example.com/x"], "a.example.com", "/", "*.example.com"),
    (["a.*.example.com", "*.b.example.com"], "a.b.example.com", "/", "a.*.example.com"),
    (["*.b.example.com", "a.*.example.com"], "a.b.example.com", "/", "*.b.example.com"),
]


@pytest.mark.parametrize(("place", "host", "path", "covered"), COVERS)
def test_a_place_covers_what_the_documentation_says(
    wide: World, place: str, host: str, path: str, covered: bool
) -> None:
    """An application stands before exactly the hosts and paths of its place."""
    app = wide.app(place)

    answer = wide.visit(host, path)

    assert answer.application == (app if covered else None)
    assert answer.outcome == ("blocked" if covered else "origin")


@pytest.mark.parametrize(("places", "host", "path", "winner"), WINS)
def test_the_most_specific_place_decides(
    wide: World, places: list[str], host: str, path: str, winner: str
) -> None:
    """Of several applications the most specific decides; of equals, the older."""
    for place in places:
        wide.app(place)

    answer = wide.visit(host, path)

    assert answer.application == wide.ids[winner]


def test_nothing_is_inherited_from_above(wide: World) -> None:
    """A path of its own is not opened by the Bypass of the path above."""
    wide.app("a.example.com", {"name": "b", "decision": "bypass", "include": [{"everyone": {}}]})
    wide.app("a.example.com/admin")

    assert wide.visit("a.example.com", "/x").outcome == "origin"
    assert wide.visit("a.example.com", "/admin/x").outcome == "blocked"


def test_a_browser_terminal_stands_before_its_host(wide: World) -> None:
    """An application of type ssh decides as a self-hosted one does."""
    app = wide.app("ssh.example.com", type="ssh")

    assert wide.visit("ssh.example.com").application == app


def test_every_public_destination_counts(wide: World) -> None:
    """An application decides at each of its destinations."""
    uris = ["a.example.com", "b.example.com/x"]
    destinations = [{"type": "public", "uri": uri} for uri in uris]
    app = wide.app("a.example.com", destinations=destinations)

    answers = [wide.visit("a.example.com"), wide.visit("b.example.com", "/x/y")]

    assert [answer.application for answer in answers] == [app, app]


def test_an_application_that_moves_leaves_its_old_place(wide: World) -> None:
    """After an update only the new place is covered."""
    app = wide.app("a.example.com")
    wide.visit("a.example.com")

    body = {"type": "self_hosted", "name": "a", "domain": "b.example.com"}
    wide.api.put(f"{{A}}/access/apps/{app}", body)

    assert wide.visit("a.example.com").application is None
    assert wide.visit("b.example.com").application == app


def test_a_deleted_application_covers_nothing(wide: World) -> None:
    """After a deletion the host is open."""
    app = wide.app("a.example.com")

    wide.api.delete(f"{{A}}/access/apps/{app}")

    assert wide.visit("a.example.com").outcome == "origin"


def test_unmatched_requests_can_be_denied(wide: World) -> None:
    """An account that requires protection refuses what no application decides, by 1050."""
    wide.organise(deny_unmatched_requests=True)

    answer = wide.visit("a.example.com")

    assert (answer.outcome, answer.status, "1050" in answer.reason) == ("blocked", 403, True)


def test_zones_are_exempted_from_denial(wide: World) -> None:
    """A zone in the list of exemptions stays open."""
    zones = ["example.com"]
    wide.organise(deny_unmatched_requests=True, deny_unmatched_requests_exempted_zone_names=zones)

    assert wide.visit("a.example.com").outcome == "origin"


def test_denial_leaves_applications_alone(wide: World) -> None:
    """What an application decides is decided by it, whatever the account requires."""
    wide.organise(deny_unmatched_requests=True)
    wide.app("a.example.com", {"name": "b", "decision": "bypass", "include": [{"everyone": {}}]})

    assert wide.visit("a.example.com").outcome == "origin"
