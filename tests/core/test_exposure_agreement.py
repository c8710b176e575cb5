"""The model of who reaches what never says "closed" where the sandbox's edge lets a stranger in.

Small accounts are made by the API, read as an apply reads them, and judged by the model; then
strangers go to every name and path of them. The edge was written by other hands from the same
documentation, and shares nothing with the model. The model may be more cautious, never less.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from tests.support.account import Account
from tests.support.examples import examples
from tests.support.files import whole
from tests.support.observer.guests import LOGGED_IN, STRANGERS
from tests.support.observer.places import hosts, paths, places, rules
from ztctl.core.model.facts import Fact, Openness, Slot
from ztctl.core.model.flows import Unseen
from ztctl.core.planning import check
from ztctl.core.reach.entries import ELSEWHERE, UNREAD, Entry
from ztctl.core.reach.timeline import Timeline, current_timeline
from ztctl.core.reach.unseen import unseen
from ztctl.core.reach.versions import facts_of
from ztctl.engine.read import Reader, ask_for
from ztctl.kinds.registry import KINDS
from ztctl.sandbox.edge.values import Visit

Made = st.SearchStrategy[Any]
File = dict[str, Any]

# The second zone is one of which the file names nothing.
FAR = ("far.example.org", "a.far.example.org")
EXACT = ("a.example.com", "dev-a.example.com", "a.b.example.com", "example.com", *FAR)
STARS = ("*.example.com", "*.b.example.com", "*.example.org")
COVERS = (
    *EXACT,
    *STARS,
    "dev-*.example.com",
    "*-a.example.com",
    "*.*.example.com",
    "d*a.example.com",
)
BELOW = ("", "", "", "/ab", "/a*", "/ab/c", "/ab/*", "/*")
TUNNELS = ("managed", "other", "local")
SERVICES = ("ssh://one", "http_status:404", "bastion", "http://two")
CLOSING = {"service": "http_status:404"}

_tests: Made = st.sampled_from(
    [
        {"everyone": {}},
        {"everyone": {}},
        {"geo": {"country_code": "US"}},
        {"ip": {"ip": "0.0.0.0/1"}},
        {"ip": {"ip": "128.0.0.0/1"}},
        {"ip": {"ip": "192.0.2.0/24"}},
        {"ip": {"ip": "::/0"}},
        {"email": {"email": "ann@example.com"}},
        {"email_domain": {"domain": "somewhere.invalid"}},
        {"any_valid_service_token": {}},
        {"group": {"id": "@inner"}},
        {"group": {"id": "@outer"}},
    ]
)


def _some(items: Made, least: int = 0, most: int = 2) -> Made:
    return st.lists(items, min_size=least, max_size=most, unique_by=str)


def _ruled(tests: Made, **fields: Made) -> Made:
    return st.fixed_dictionaries(
        {"include": _some(tests, 1), **fields},
        optional={"require": _some(tests, 0, 1), "exclude": _some(tests, 0, 1)},
    )


_inner = _tests.filter(lambda test: "group" not in test)
_outer = _tests.filter(lambda test: test != {"group": {"id": "@outer"}})
_decisions = st.sampled_from(["bypass", "bypass", "allow", "allow", "deny", "non_identity"])
_public = _some(st.sampled_from(["/*", "/x", "/ab/*", "/ab/c", "/*b/c", "/a*"]), 0, 1)
# Whether an application is made below its zone.
_zoned = st.sampled_from([False, False, True])
_policies = _some(_ruled(_tests, decision=_decisions), 1)


def accounts(
    *, exact: Sequence[str] = EXACT, stars: Sequence[str] = STARS, busy: bool = False
) -> Made:
    """Accounts whose names, aliases and rules are of these.

    ``busy``: with several records and applications, and a tunnel that serves every name.
    """
    covers = (*COVERS, *(name for name in (*exact, *stars) if name not in COVERS))
    least, most = (3, 6) if busy else (0, 4)
    record = st.one_of(
        st.fixed_dictionaries({"tunnel": st.sampled_from(TUNNELS), "proxied": st.booleans()}),
        st.fixed_dictionaries({"tunnel": st.sampled_from(TUNNELS), "proxied": st.just(True)}),
        st.fixed_dictionaries({"alias": st.sampled_from(exact), "proxied": st.just(True)}),
        st.fixed_dictionaries(
            {
                "alias": st.sampled_from(["elsewhere.example.net", "gone.example.com"]),
                "proxied": st.booleans(),
            }
        ),
    )
    rule = st.fixed_dictionaries(
        {"service": st.sampled_from(SERVICES)},
        optional={
            "hostname": st.sampled_from([*exact, *stars]),
            "path": st.sampled_from(["^/ab", "/x$", "^/ab$", "^/ab(/.*)?$", "^/ab/c$"]),
            "check": st.sampled_from(["first", "none"]),
            "originRequest": st.just({"bastionMode": True}),
        },
    )
    return st.fixed_dictionaries(
        {
            "records": st.dictionaries(
                st.sampled_from([*exact, *stars]), record, min_size=max(least, 1)
            ),
            "managed": st.lists(rule, min_size=1, max_size=3).map(
                lambda made: [*made, {"service": "http://two"}] if busy else made
            ),
            "other": st.lists(rule, max_size=2),
            "apps": st.lists(
                st.tuples(
                    st.sampled_from(covers), st.sampled_from(BELOW), _policies, _public, _zoned
                ),
                min_size=least,
                max_size=most,
                unique_by=lambda app: (app[0], app[1], app[4]),
            ),
            "enforced": st.sampled_from([True, True, False]),
            "inner": _ruled(_inner),
            "outer": _ruled(_outer),
            "deny_unmatched": st.sampled_from([False, False, False, True]),
            "exempt": st.booleans(),
        }
    )


# Paths of which Access and the connector make different things.
SLY = ("/ab/../below", "/ab%2Fc", "/%61b")


class Built:
    """An account made by the API."""

    def __init__(self, account: Account, given: File) -> None:
        self.account = account
        self._ids: dict[str, str] = {}
        self._organise(given)
        settings = replace(account.sandbox.settings, zone_access_enforced=given["enforced"])
        account.sandbox.settings = settings
        for name in ("inner", "outer"):
            body = {"name": name, **self._filled(given[name])}
            self._ids[name] = account.call("POST", "{A}/access/groups", body)["id"]
        # What applications of a zone mean by the inner group: one of the zone with the same rules.
        inner = {"name": "inner", **self._filled(given["inner"])}
        self._inner = {
            zone["name"]: account.call("POST", f"/zones/{zone['id']}/access/groups", inner)["id"]
            for zone in account.everything()["zones"]
        }
        apps = [self._app(*app) for app in given["apps"]]
        self._tunnels(given, apps)
        for name, fields in given["records"].items():
            self._record(name, fields)

    def _organise(self, given: File) -> None:
        known = self.account.call("GET", "{A}/access/organizations")
        exempt = ["example.com"] if given["exempt"] else []
        fields = {
            "deny_unmatched_requests": given["deny_unmatched"],
            "deny_unmatched_requests_exempted_zone_names": exempt,
        }
        self.account.call("PUT", "{A}/access/organizations", {**known, **fields})

    def _filled(self, value: Any, ids: Mapping[str, str] | None = None) -> Any:
        known = self._ids if ids is None else ids
        if isinstance(value, dict):
            return {key: self._filled(one, known) for key, one in value.items()}
        if isinstance(value, list):
            return [self._filled(one, known) for one in value]
        is_name = isinstance(value, str) and value.startswith("@")
        return known[value[1:]] if is_name else value

    def _app(
        self, name: str, path: str, policies: list[File], public: list[str], zoned: bool
    ) -> File:
        place, zone, base = f"{name}{path}", _zone_of(name), "{A}"
        ids = self._ids
        if zoned:
            base = f"/zones/{self.account.one('zones', name=zone)['id']}"
            ids = {**ids, "inner": self._inner[zone]}
        listed = [
            {"name": f"{place} {number}", **self._filled(policy, ids)}
            for number, policy in enumerate(policies)
        ]
        overrides = [{"behavior": "public", "path_pattern": pattern} for pattern in public]
        where = [{"type": "public", "uri": place, "overrides": overrides}]
        body = {"type": "self_hosted", "name": place, "destinations": where, "policies": listed}
        made: File = self.account.call("POST", f"{base}/access/apps", body)
        return made

    def _tunnels(self, given: File, apps: list[File]) -> None:
        for name in TUNNELS:
            source = "local" if name == "local" else "cloudflare"
            body = {"name": name, "config_src": source}
            key = self._ids[name] = self.account.call("POST", "{A}/cfd_tunnel", body)["id"]
            listed = [self._rule(rule, apps) for rule in given.get(name, ())]
            if listed:
                config = {"config": {"ingress": closed(listed)}}
                self.account.call("PUT", f"{{A}}/cfd_tunnel/{key}/configurations", config)

    def _rule(self, rule: File, apps: list[File]) -> File:
        said = {name: value for name, value in rule.items() if name != "check"}
        if "check" in rule and apps:
            tags = [apps[0]["aud"]] if rule["check"] == "first" else []
            access = {"required": True, "teamName": "acme", "audTag": tags}
            said["originRequest"] = {**said.get("originRequest", {}), "access": access}
        return said

    def _record(self, name: str, fields: File) -> None:
        leads = "tunnel" in fields
        content = f"{self._ids[fields['tunnel']]}.cfargotunnel.com" if leads else fields["alias"]
        if content == name:
            content = "elsewhere.example.net"
        zone = self.account.one("zones", name=_zone_of(name))["id"]
        body = {"type": "CNAME", "name": name, "content": content, "proxied": fields["proxied"]}
        self.account.call("POST", f"/zones/{zone}/dns_records", body)


def _zone_of(name: str) -> str:
    return ".".join(name.split(".")[-2:])


def closed(listed: list[File]) -> list[File]:
    """The rules up to the first that takes everything, or with one that does."""
    wide = (place for place, rule in enumerate(listed) if not rule.keys() & {"hostname", "path"})
    last = next(wide, None)
    return [*listed, CLOSING] if last is None else listed[: last + 1]


def modelled(account: Account) -> Timeline:
    """The account as an apply reads it when it looks at everything."""
    declared = account.declared(whole())
    ask = ask_for(declared, check.expanded(declared, KINDS), KINDS)

    def missing(facts: Mapping[Slot, Fact]) -> Unseen:
        timeline = current_timeline(facts)
        return unseen(timeline, timeline.hosts) | Unseen(frozenset({"*"}))

    async def read() -> Timeline:
        async with account.client() as client:
            reader = Reader(KINDS, ask, client)
            reading = await reader.account(lambda _: None)
            known = dict(facts_of(reading.live, KINDS))
            return current_timeline(await reader.with_beyond(known, missing))

    return asyncio.run(read())


def let_in(account: Account) -> Iterator[tuple[str, str, str, str, Openness]]:
    """Every name and path where a stranger gets in, to which origin, and if only by a login."""
    edge = account.sandbox.edge
    edge.assume_connectors = True
    with account.sandbox.session() as state:
        known, served = places(state.store), rules(state.store)
        names = sorted(hosts(state.store, known, served))
    for name in names:
        for path in (*paths(name, known, served), *SLY):
            for who, visitor in STRANGERS.items():
                answer = edge.visit(Visit(name, path, visitor, "10.0.0.1:22"))
                degree = Openness.ANY_LOGIN if who == LOGGED_IN else Openness.OPEN
                if answer.outcome == "origin":
                    yield name, path, str(answer.tunnel), str(answer.service), degree
                elif answer.outcome == "elsewhere":
                    yield name, path, "", ELSEWHERE.service, degree


def says_open(entry: Entry, tunnel: str, service: str, degree: Openness) -> bool:
    """True for a way by which such strangers reach this origin, or whatever the tunnel serves."""
    spelt = entry.origin.service.partition("://")[::2]
    same = spelt[0] == service.partition("://")[0] and service.partition("://")[2].startswith(
        spelt[1]
    )
    known = entry.origin.tunnel == tunnel and (same or entry.origin.service == UNREAD)
    return entry.openness >= degree and known


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files of all generated accounts are written."""
    return tmp_path_factory.mktemp("agreement")


@examples(50)
@given(given_account=accounts())
def test_where_a_stranger_gets_in_the_model_says_so(folder: Path, given_account: File) -> None:
    """For every door that the edge leaves open, the model names it: host, tunnel and service."""
    account = Built(Account(folder), given_account).account
    model = modelled(account)

    missed = {
        (name, path, service, degree)
        for name, path, tunnel, service, degree in let_in(account)
        if not any(
            says_open(entry, tunnel, service, degree) for entry in model.scope(name).entries_at(())
        )
    }

    if any(app[-1] for app in given_account["apps"]):
        event("an application of a zone")
    event("some door is open" if any(True for _ in let_in(account)) else "no door is open")
    assert missed == set()
