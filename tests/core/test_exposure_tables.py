"""Who reaches what under a name, as tables of cases: names, rules, applications, policies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from ztctl.core.model.facts import (
    EVERYONE,
    UNKNOWN_TUNNEL,
    Application,
    Criterion,
    Ingress,
    Members,
    OrganizationSettings,
    Policy,
    Record,
    TunnelRules,
    ZoneRecords,
    Zones,
)
from ztctl.core.model.names import access_covers, ingress_matches
from ztctl.core.reach.entries import (
    DIRECT,
    ELSEWHERE,
    UNREAD,
    Entry,
    HostState,
    applications_for,
    entries,
    paths_of,
    resolve,
)
from ztctl.core.reach.people import AdmittedBy

HOST = "a.example.com"
ANN = Criterion("email", "ann@example.com")
TEAM = Policy("allow", Members(frozenset({ANN})))
OPEN = Policy("bypass", Members(frozenset({EVERYONE})))
DENIED = Policy("deny", Members(frozenset({ANN})))
SSH = Ingress("ssh://localhost:22", HOST)


# -- names ----------------------------------------------------------------------------------

ACCESS: Sequence[tuple[str, str, bool]] = (
    ("a.example.com", "a.example.com", True),
    ("a.example.com", "b.example.com", False),
    ("*.example.com", "a.example.com", True),
    ("*.example.com", "a.b.example.com", False),
    ("*.example.com", "example.com", False),
    ("*.*.example.com", "a.b.example.com", True),
    ("dev-*.example.com", "dev-a.example.com", True),
    ("dev-*.example.com", "dev-.example.com", True),
    ("dev-*.example.com", "dev-a.b.example.com", False),
    ("*-dev.example.com", "a-dev.example.com", True),
    ("a*c.example.com", "abc.example.com", True),
    ("a.*.example.com", "a.b.example.com", True),
)


@pytest.mark.parametrize(("pattern", "host", "expected"), ACCESS)
def test_an_access_star_stands_inside_one_label(pattern: str, host: str, expected: bool) -> None:
    """Cloudflare's documentation of application paths: one label, or a part of one."""
    assert access_covers(pattern, host) is expected


INGRESS: Sequence[tuple[str, str, bool]] = (
    ("", HOST, True),
    ("*", HOST, True),
    (HOST, HOST, True),
    ("b.example.com", HOST, False),
    ("*.example.com", HOST, True),
    ("*.example.com", "a.b.c.example.com", True),
    ("*.example.com", "example.com", False),
    ("*.example.com", "notexample.com", False),
)


@pytest.mark.parametrize(("pattern", "host", "expected"), INGRESS)
def test_an_ingress_star_stands_for_any_depth(pattern: str, host: str, expected: bool) -> None:
    """The end of the name is compared, however many labels stand before it."""
    assert ingress_matches(pattern, host) is expected


RECORDS: Sequence[tuple[str, list[Record], list[str | None]]] = (
    ("its own record", [Record(HOST, "t")], ["t"]),
    ("another name", [Record("b.example.com", "t")], []),
    ("a star", [Record("*.example.com", "t")], ["t"]),
    ("its own before a star", [Record("*.example.com", "s"), Record(HOST, "t")], ["t"]),
    ("a record of another type hides a star", [Record("*.example.com", "s"), Record(HOST)], [None]),
    ("without proxy", [Record(HOST, "t", proxied=False)], []),
    ("an own record without proxy hides a star",
     [Record("*.example.com", "s"), Record(HOST, "t", proxied=False)], []),
    ("an alias", [Record(HOST, alias="b.example.com"), Record("b.example.com", "t")], [None, "t"]),
    ("an alias without proxy",
     [Record(HOST, proxied=False, alias="b.example.com"), Record("b.example.com", "t")], []),
    ("an alias of a name without proxy",
     [Record(HOST, alias="b.example.com"), Record("b.example.com", "t", proxied=False)],
     [None, "t"]),
    ("an alias of what a star answers",
     [Record(HOST, alias="b.example.org"), Record("*.example.org", "t")], [None, "t"]),
    ("an alias of itself", [Record(HOST, alias=HOST)], [None]),
    ("a ring of aliases",
     [Record(HOST, alias="b.example.com"), Record("b.example.com", alias=HOST)], [None, None]),
)  # fmt: skip


@pytest.mark.parametrize(
    ("what", "records", "expected"), RECORDS, ids=[case[0] for case in RECORDS]
)
def test_a_name_leads_where_its_nearest_record_leads(
    what: str, records: list[Record], expected: list[str | None]
) -> None:
    """Its own record, else the nearest star; a proxied alias leads where the other name does."""
    assert [record.tunnel for record in resolve(HOST, records)] == expected, what


def test_the_nearest_star_answers() -> None:
    """A star nearer to the name hides one that is farther away."""
    records = [Record("*.example.com", "far"), Record("*.b.example.com", "near")]

    assert [one.tunnel for one in resolve("x.a.b.example.com", records)] == ["near"]
    assert [one.tunnel for one in resolve("x.a.c.example.com", records)] == ["far"]


# -- the most specific application ----------------------------------------------------------

EQUALS = ["a*.example.com", "*a.example.com"]
WHOLE = [HOST, f"{HOST}/*"]
DECIDING: Sequence[tuple[str, str, list[str], list[str]]] = (
    ("none", "", ["b.example.com"], []),
    ("the name", "", [HOST], [HOST]),
    ("a star", "", ["*.example.com"], ["*.example.com"]),
    ("the name before a star", "", ["*.example.com", HOST], [HOST]),
    ("a longer pattern first", "", ["*.example.com", "a*.example.com"], ["a*.example.com"]),
    ("a path only", "", [f"{HOST}/x"], []),
    ("a path", "x", [HOST, f"{HOST}/x"], [f"{HOST}/x"]),
    ("below a path", "x/y", [HOST, f"{HOST}/x"], [f"{HOST}/x"]),
    ("beside a path", "xy", [HOST, f"{HOST}/x"], [HOST]),
    ("the longer path", "x/y", [f"{HOST}/x", f"{HOST}/x/y"], [f"{HOST}/x/y"]),
    ("the host before the path", "x", [HOST, "*.example.com/x"], [HOST]),
    ("all of a host", "", [f"{HOST}/*"], [f"{HOST}/*"]),
    ("a star at the end does not take the path itself", "x", [f"{HOST}/x/*"], []),
    ("a star at the end takes what is below", "x/y", [f"{HOST}/x/*"], [f"{HOST}/x/*"]),
    ("a star in the path", "v1/admin", [f"{HOST}/*/admin"], [f"{HOST}/*/admin"]),
    ("a star counts nothing", "ab", [f"{HOST}/a*", f"{HOST}/ab"], [f"{HOST}/ab"]),
    ("of equals all", "", EQUALS, EQUALS),
    ("the host, and all of it", "", WHOLE, WHOLE),
)  # fmt: skip


@pytest.mark.parametrize(
    ("what", "path", "stated", "expected"), DECIDING, ids=[case[0] for case in DECIDING]
)
def test_the_most_specific_application_decides(
    what: str, path: str, stated: list[str], expected: list[str]
) -> None:
    """Host before path, names before stars, longer before shorter; nothing is inherited."""
    applications = [Application((place,)) for place in stated]

    found = [app.places[0] for app in applications_for(HOST, path, applications)]

    assert found == expected, what


# -- entries --------------------------------------------------------------------------------


READ = Zones((ZoneRecords("example.com", read=True), ZoneRecords("example.net")))
UNREAD_ZONE = Zones((ZoneRecords("example.com", gap="could not be read"),))
_NOT_KNOWN = "whatever its records lead to, which are not known: "
UNREAD_NAMES = f"{_NOT_KNOWN}the zone example.com could not be read"
UNREAD_ALIAS = f"{_NOT_KNOWN}the zone example.net was not read"
NO_ZONE = f"{_NOT_KNOWN}it lies in no active zone that the token sees"


def state(
    *applications: Application, rules: Sequence[Ingress] = (SSH,), **fields: Any
) -> HostState:
    """One name that leads to a tunnel."""
    tunnels: Mapping[str, TunnelRules] = {"t": TunnelRules(tuple(rules))}
    made = HostState(
        HOST,
        (Record(HOST, "t"),),
        READ,
        tunnels.get,
        applications,
        paths=paths_of(HOST, applications, (), "any"),
    )
    return replace(made, **fields)


def told(found: frozenset[Entry]) -> set[tuple[str, str, str, bool]]:
    """Entries in short: path, service, how, whether anybody may."""
    return {
        (entry.path, entry.origin.service, str(entry.grant.how), bool(entry.openness))
        for entry in found
    }


def app(*policies: Policy | str, place: str = HOST, **fields: Any) -> Application:
    """An application on the host."""
    return Application((place,), policies, aud="aud", **fields)


def checked(*audience: str) -> Ingress:
    """The rule, asking for tokens of these audiences."""
    return replace(SSH, audience=frozenset(audience))


UNASKED = ("", SSH.service, "unasked", True)
LOGIN = ("", SSH.service, "login", False)
BYPASS = ("", SSH.service, "bypass", True)
DENY_UNMATCHED = OrganizationSettings(deny_unmatched=True)


def exempt(zone: str) -> OrganizationSettings:
    """The account denies what no application covers, but in this zone."""
    return replace(DENY_UNMATCHED, exempt_zones=frozenset({zone}))


ENTRIES: Sequence[tuple[str, HostState, set[tuple[str, str, str, bool]]]] = (
    ("no application", state(), {UNASKED}),
    ("an application", state(app(TEAM)), {LOGIN}),
    ("an application without policies", state(app()), set()),
    ("a policy that is not known", state(app("gone")), set()),
    ("a policy by reference", state(app("p"), policies={"p": TEAM}.get), {LOGIN}),
    ("a bypass", state(app(OPEN)), {BYPASS}),
    ("a bypass behind a denial", state(app(DENIED, OPEN)), {BYPASS}),
    ("a denial after it", state(app(TEAM, DENIED)), {LOGIN}),
    ("an application on a path", state(app(TEAM, place=f"{HOST}/x")),
     {UNASKED, ("x", SSH.service, "login", False)}),
    ("a bypass on a path", state(app(TEAM), app(OPEN, place=f"{HOST}/x")),
     {LOGIN, ("x", SSH.service, "bypass", True)}),
    ("no rule for the name", state(rules=[replace(SSH, hostname="b.example.com")]), set()),
    ("a rule that answers by itself", state(rules=[Ingress("http_status:404")]), set()),
    ("the first rule that fits", state(rules=[SSH, Ingress("ssh://other")]), {UNASKED}),
    ("a rule on a path, and the next", state(rules=[replace(SSH, path="^/x"), Ingress("ssh://other")]),
     {UNASKED, ("", "ssh://other", "unasked", True)}),
    ("unknown is open", state(tunnels={"t": UNKNOWN_TUNNEL}.get), {("", UNREAD, "unasked", True)}),
    ("unknown, but asked", state(app(TEAM), tunnels={"t": UNKNOWN_TUNNEL}.get),
     {("", UNREAD, "login", False)}),
    ("a tunnel that is gone", state(tunnels={}.get), set()),
    # -- names that lead to no tunnel
    ("no record in a zone that was read", state(records=()), set()),
    ("no record, guarded", state(app(TEAM), records=()), set()),
    ("no record in a zone that was not read", state(records=(), zones=UNREAD_ZONE),
     {("", UNREAD_NAMES, "unasked", True)}),
    ("not read, but guarded", state(app(TEAM), records=(), zones=UNREAD_ZONE),
     {("", UNREAD_NAMES, "login", False)}),
    ("in no zone of the account", state(records=(), zones=Zones(())),
     {("", NO_ZONE, "unasked", True)}),
    ("proxied elsewhere", state(records=(Record(HOST),)),
     {("", ELSEWHERE.service, "unasked", True)}),
    ("proxied elsewhere, guarded", state(app(TEAM), records=(Record(HOST),)),
     {("", ELSEWHERE.service, "login", False)}),
    ("past Cloudflare", state(records=(Record(HOST, proxied=False),)),
     {("", DIRECT.service, "unasked", True)}),
    ("past Cloudflare, an application or not",
     state(app(TEAM), records=(Record(HOST, proxied=False),)),
     {("", DIRECT.service, "unasked", True)}),
    ("one of two proxied", state(app(TEAM), records=(Record(HOST), Record(HOST, proxied=False))),
     {("", ELSEWHERE.service, "login", False)}),
    ("a tunnel without proxy", state(records=(Record(HOST, "t", proxied=False),)), set()),
    ("an alias into a zone that was not read",
     state(records=(Record(HOST, alias="b.example.net"),)),
     {("", UNREAD_ALIAS, "unasked", True)}),
    ("an alias out of the account", state(records=(Record(HOST, alias="b.invalid"),)),
     {("", ELSEWHERE.service, "unasked", True)}),
    ("an alias of a name without a record", state(records=(Record(HOST, alias="b.example.com"),)),
     set()),
    # -- the connector's own check
    ("a check without an application", state(rules=[checked("aud")]), set()),
    ("a check for the application", state(app(TEAM), rules=[checked("aud")]), {LOGIN}),
    ("a check for another application", state(app(TEAM), rules=[checked("other")]), set()),
    ("a check against a bypass", state(app(OPEN), rules=[checked("aud")]), set()),
    # -- an account that denies what no application covers
    ("denied unless covered", state(settings=DENY_UNMATCHED), set()),
    ("covered all the same", state(app(TEAM), settings=DENY_UNMATCHED), {LOGIN}),
    ("an exempt zone", state(settings=exempt("example.com")), {UNASKED}),
    ("another exempt zone", state(settings=exempt("ample.com")), set()),
)  # fmt: skip


@pytest.mark.parametrize(("what", "given", "expected"), ENTRIES, ids=[case[0] for case in ENTRIES])
def test_who_reaches_what(
    what: str, given: HostState, expected: set[tuple[str, str, str, bool]]
) -> None:
    """Every way to an origin, and of each whether anybody at all may take it."""
    assert told(entries(given)) == expected, what


def test_a_denial_narrows_what_comes_after_it() -> None:
    """Whom a denial is about is left out of every later Allow, and of no earlier one."""
    everyone = Policy("allow", Members(frozenset({EVERYONE})))
    after = entries(state(app(DENIED, everyone)))
    before = entries(state(app(everyone, DENIED)))

    assert {entry.grant.exclude for entry in after} == {frozenset({ANN})}
    assert {entry.grant.exclude for entry in before} == {frozenset()}


@pytest.mark.parametrize(("rule", "left_out"), [(SSH, False), (checked("aud"), True)])
def test_whom_a_bypass_is_about_the_check_of_the_connector_keeps_out(
    rule: Ingress, left_out: bool
) -> None:
    """A bypass comes before every Allow, and who is bypassed carries no token to be checked."""
    office = Criterion("ip", "192.0.2.0/24")
    policies = (TEAM, Policy("bypass", Members(frozenset({office}))))

    found = entries(state(app(*policies), rules=[rule]))

    logins = {entry.grant.exclude for entry in found if entry.grant.how is AdmittedBy.LOGIN}
    assert logins == {frozenset({office} if left_out else ())}


def test_a_group_is_read_as_it_is_now() -> None:
    """The grant names what the group holds, so that an edit of the group shows."""
    by_group = Policy("allow", Members(frozenset({Criterion("group", "g")})))
    groups = {"g": Members(frozenset({ANN}))}

    (entry,) = entries(state(app(by_group), groups=groups.get))

    assert entry.grant.who == groups["g"]
    assert entry.grant.how is AdmittedBy.LOGIN
