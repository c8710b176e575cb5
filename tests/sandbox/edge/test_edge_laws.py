"""What holds of the edge whatever the account looks like."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.examples import examples
from ztctl.sandbox.edge.applications import covers_host, normal_path, place_of
from ztctl.sandbox.edge.edge import Edge
from ztctl.sandbox.edge.globs import covers, covers_below
from ztctl.sandbox.edge.ingress import Arriving, rules_of, served
from ztctl.sandbox.edge.names import normal_host
from ztctl.sandbox.edge.values import Visit, Visitor

from .cases import ALLOW, BYPASS, DENY, EVERYONE, SERVICE, STAFF, policy
from .conftest import new_world
from .world import OPEN, World

LABEL = st.sampled_from(["a", "b", "ab", "eu", "x1"])
STARRED = st.sampled_from(["*", "a*", "*b", "a", "eu"])
HOSTS = st.lists(LABEL, min_size=1, max_size=3).map(lambda one: ".".join([*one, "example.com"]))
PATTERNS = st.lists(STARRED, min_size=1, max_size=3).map(
    lambda one: ".".join([*one, "example.com"])
)
PATHS = st.sampled_from(["", "/a", "/a/b", "/a/*", "/a*/b", "/*"])
REQUESTS = st.sampled_from(["/", "/a", "/a/b", "/a/c", "/ax/b", "/x"])
VISITORS = st.sampled_from(
    [
        Visitor(),
        Visitor(email="ann@example.com"),
        Visitor(email="eve@example.net", country="US"),
        Visitor(address="2001:db8::1"),
    ]
)
POLICIES = st.lists(
    st.sampled_from(
        [
            {**ALLOW, "name": "allow"},
            {**DENY, "name": "deny"},
            policy("staff", "allow", STAFF),
            policy("abroad", "deny", [{"geo": {"country_code": "US"}}]),
            policy("six", "bypass", [{"ip": {"ip": "2001:db8::/32"}}]),
        ]
    ),
    max_size=3,
)
PLACES = st.lists(
    st.tuples(PATTERNS, PATHS, POLICIES), max_size=4, unique_by=lambda one: (one[0], one[1])
)
LESS = examples(40)


def populated(places: list[tuple[str, str, list[dict[str, Any]]]]) -> World:
    """An account whose every name leads to one origin, with these applications."""
    world = new_world()
    world.record("*", world.tunnel("pool", OPEN))
    for host, path, policies in places:
        world.app(host + path, *policies)
    return world


@LESS
@given(places=PLACES, host=HOSTS, path=REQUESTS, visitor=VISITORS)
def test_an_unrelated_application_changes_nothing(
    places: list[Any], host: str, path: str, visitor: Visitor
) -> None:
    """An application on a name that is not visited changes no answer."""
    world = populated(places)
    visit = Visit(host, path, visitor)
    before = world.sandbox.edge.visit(visit)

    world.app("unrelated.example.com", BYPASS)
    world.app("*.unrelated.example.com", DENY)

    assert world.sandbox.edge.visit(visit) == before


@LESS
@given(places=PLACES, host=HOSTS, path=REQUESTS, visitor=VISITORS)
def test_an_application_without_policies_lets_nobody_in(
    places: list[Any], host: str, path: str, visitor: Visitor
) -> None:
    """Deny is the default: whoever comes, an application that says nothing refuses."""
    world = populated([(place, below, []) for place, below, _ in places])

    answer = world.sandbox.edge.visit(Visit(host, path, visitor))

    assert answer.outcome == ("origin" if answer.application is None else "blocked")


@LESS
@given(places=PLACES, host=HOSTS, path=REQUESTS)
def test_nobody_reaches_an_origin_but_by_bypass(places: list[Any], host: str, path: str) -> None:
    """Where an application decides, somebody without credentials passes a Bypass or nothing."""
    world = populated(places)

    answer = world.sandbox.edge.visit(Visit(host, path, Visitor(address="2001:db8::1")))

    if answer.application is not None and answer.outcome == "origin":
        policies = world.api.get(f"{{A}}/access/apps/{answer.application}").result["policies"]
        decided = {one["id"]: one["decision"] for one in policies}
        assert decided[answer.policy] == "bypass"


@LESS
@given(places=PLACES, moved=st.integers(0, 3), host=HOSTS, path=REQUESTS, visitor=VISITORS)
def test_an_edge_that_was_there_all_along_knows_no_more_than_a_new_one(
    places: list[Any], moved: int, host: str, path: str, visitor: Visitor
) -> None:
    """After any writes, what has been learnt one by one is what a look at everything tells."""
    world = populated(places)
    apps = world.api.get("{A}/access/apps").result
    for app in apps[:moved]:
        body = {"type": "self_hosted", "name": "m", "domain": f"m.{app['domain']}"}
        world.api.put(f"{{A}}/access/apps/{app['id']}", body)
    for app in apps[moved:2]:
        world.api.delete(f"{{A}}/access/apps/{app['id']}")
    with world.sandbox.session() as state:
        late = Edge(state)
    late.assume_connectors = True
    visit = Visit(host, path, visitor)

    assert world.sandbox.edge.visit(visit) == late.visit(visit)


@given(pattern=PATTERNS, host=HOSTS)
def test_a_wildcard_never_covers_two_labels(pattern: str, host: str) -> None:
    """What an application's place covers has as many labels as the place."""
    if covers_host(pattern, host):
        assert pattern.count(".") == host.count(".")


@given(host=HOSTS, more=LABEL)
def test_an_ingress_wildcard_covers_any_depth(host: str, more: str) -> None:
    """What a connector's `*.` serves, it serves a label further down too."""
    rules = rules_of({"ingress": [{"hostname": "*.example.com", "service": "ssh://h"}]})

    assert served(rules, Arriving(host, "/")).outcome == "origin"
    assert served(rules, Arriving(f"{more}.{host}", "/")).outcome == "origin"


@LESS
@given(policies=POLICIES, visitor=VISITORS)
def test_a_bypass_for_everyone_opens_whatever_else_is_said(
    policies: list[dict[str, Any]], visitor: Visitor
) -> None:
    """No Allow and no Block closes what a Bypass for everyone has opened."""
    world = populated([("a.example.com", "", [*policies, BYPASS])])

    assert world.sandbox.edge.visit(Visit("a.example.com", visitor=visitor)).outcome == "origin"


@LESS
@given(policies=POLICIES, visitor=VISITORS)
def test_a_service_policy_opens_nothing_to_people(
    policies: list[dict[str, Any]], visitor: Visitor
) -> None:
    """A Service Auth policy for one token changes whom nobody presents it to in nothing."""
    without = populated([("a.example.com", "", policies)])
    with_it = populated([])
    with_it.token("svc")
    with_it.app("a.example.com", *policies, SERVICE)
    visit = Visit("a.example.com", visitor=visitor)

    outcomes = [world.sandbox.edge.visit(visit).outcome for world in (without, with_it)]

    assert outcomes[0] == outcomes[1]


@LESS
@given(policies=POLICIES, visitor=VISITORS)
def test_a_deny_for_everyone_in_front_lets_in_no_more_than_bypass_does(
    policies: list[dict[str, Any]], visitor: Visitor
) -> None:
    """With a Block for everyone first, only a Bypass lets anybody in."""
    first = policy("none", "deny", EVERYONE)
    world = populated([("a.example.com", "", [first, *policies])])

    answer = world.sandbox.edge.visit(Visit("a.example.com", visitor=visitor))

    bypassed = any(one["decision"] == "bypass" for one in policies) and ":" in visitor.address
    assert (answer.outcome == "origin") is bypassed


@given(text=st.text("ab/", max_size=12), holes=st.lists(st.integers(0, 12), max_size=4))
def test_a_text_is_covered_by_itself_with_holes(text: str, holes: list[int]) -> None:
    """Stars put anywhere into a text leave a pattern that fits the text."""
    pattern = "".join(("*" if place in holes else "") + char for place, char in enumerate(text))

    assert covers(pattern, text)


@given(path=st.lists(LABEL, max_size=4), below=st.lists(LABEL, max_size=2))
def test_a_path_covers_itself_and_all_below(path: list[str], below: list[str]) -> None:
    """A place on a path decides for the path and for what is below it."""
    place = "".join(f"/{part}" for part in path)
    asked = place + "".join(f"/{part}" for part in below)

    assert covers_below(place, normal_path(asked))


@given(text=st.text(max_size=40))
def test_no_text_breaks_a_place(text: str) -> None:
    """Whatever is a host, a path or a place, it has one normal spelling."""
    place = place_of(text)

    assert normal_host(normal_host(text)) == normal_host(text)
    assert normal_path(text).startswith("/")
    assert place.path == "" or place.path.startswith("/")
