"""Attacks on I1: nobody without a credential reaches an origin that no file states to be open.

Each refusal is checked twice: the plan names the host, and where it is let through all the same, a
stranger does get in. What is not refused is visited, too.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.attacks.scene import Scene, problems
from tests.support.account import refused
from tests.support.files import HOST, whole

File = dict[str, Any]
EVERYONE: list[File] = [{"everyone": True}]
TEAM: File = {"team": {"decision": "allow", "include": [{"email": "ann@example.com"}]}}
SERVICE = "ssh://localhost:22"
BELOW = "*.*.dev.example.com"


def ruled(**rule: Any) -> File:
    """The whole file, its one rule changed."""
    file = whole()
    file["tunnels"]["pool"]["ingress"][0] |= rule
    return file


def entered_by(policies: File, *names: str, **application: Any) -> File:
    """The whole file with other policies at the host's application."""
    file = whole()
    file["policies"] |= policies
    file["applications"][HOST] = {"policies": list(names or policies), **application}
    return file


# -- applications on paths ------------------------------------------------------------------


def health(**rule: Any) -> File:
    """The whole file, and an application on a path below that asks nobody."""
    file = ruled(**rule)
    file["policies"]["open"] = {"decision": "bypass", "include": EVERYONE}
    file["applications"]["health"] = {"domain": f"{HOST}/healthz", "policies": ["open"]}
    return file


@pytest.mark.parametrize("rule", [{}, {"access": False}])
def test_a_path_below_with_its_own_bypass(scene: Scene, rule: File) -> None:
    """Refused: I1 counts the policies of applications on a path below.

    Nothing is inherited from the application on the whole name, so below /healthz nobody is asked.
    """
    scene.refused_as_open(health(**rule), HOST)

    assert scene.opened(health(**rule), HOST, "/healthz/x").outcome == "origin"
    assert scene.visit(HOST).outcome == "login"


def test_a_path_below_with_its_own_bypass_behind_a_connector_that_checks(scene: Scene) -> None:
    """Not refused: Bypass issues no token, and the rule takes nobody without one (I1)."""
    scene.account.apply(health(access=True))

    assert scene.visit(HOST, "/healthz").outcome == "refused"


def path_only(**rule: Any) -> File:
    """An application on a path, and none on the rest of the host."""
    file = ruled(**rule)
    file["applications"] = {f"{HOST}/admin": {"policies": ["team"]}}
    del file["ca_keys"]
    return file


def test_an_application_on_a_path_only(scene: Scene) -> None:
    """Refused: I1 wants the whole name covered, and the rest of the host is open."""
    scene.refused_as_open(path_only(access=False), HOST)

    assert scene.opened(path_only(access=False), HOST).outcome == "origin"
    assert scene.visit(HOST, "/admin").outcome == "login"


def test_an_application_on_a_path_only_behind_a_connector_that_checks(scene: Scene) -> None:
    """Not refused: a rule made by default asks for a token of the application, on every path."""
    scene.account.apply(path_only())

    assert scene.visit(HOST).outcome == "refused"


def test_paths_of_equal_length_are_told_apart(scene: Scene) -> None:
    """Refused: /ab decides for itself, however the star of /a* is counted."""
    file = ruled(access=False)
    file["policies"]["open"] = {"decision": "bypass", "include": EVERYONE}
    file["applications"]["a"] = {"domain": f"{HOST}/a*", "policies": ["team"]}
    file["applications"]["b"] = {"domain": f"{HOST}/ab", "policies": ["open"]}

    scene.refused_as_open(file, HOST)

    assert scene.opened(file, HOST, "/ab").outcome == "origin"


# -- policies that ask nobody ---------------------------------------------------------------

HALVES: File = {
    "low": {"decision": "bypass", "include": [{"ip": "0.0.0.0/1"}]},
    "high": {"decision": "bypass", "include": [{"ip": "128.0.0.0/1"}]},
}


def one(decision: str, include: list[File], **fields: Any) -> File:
    """A single policy."""
    return {"open": {"decision": decision, "include": include, **fields}}


OPEN: dict[str, File] = {
    "bypass": one("bypass", EVERYONE),
    "bypass but for a country": one("bypass", EVERYONE, exclude=[{"country": "KP"}]),
    "bypass but for a person": one("bypass", EVERYONE, exclude=[{"email": "eve@example.com"}]),
    "two halves of the internet": one("bypass", [{"ip": ["0.0.0.0/1", "128.0.0.0/1"]}]),
    "a half each": HALVES,
    "all of IPv6": one("bypass", [{"ip": ["8000::/1", "::/1"]}]),
    "a country": one("bypass", [{"country": "PT"}]),
    "service auth for everyone": one("non_identity", EVERYONE),
    "behind a denial": {"no": {"decision": "deny", "include": EVERYONE}} | one("bypass", EVERYONE),
    "allow everyone": one("allow", EVERYONE),
    "allow every address": one("allow", [{"ip": ["0.0.0.0/0", "::/0"]}]),
    "allow everyone but one": one("allow", EVERYONE, exclude=[{"email": "eve@example.com"}]),
    "a demand that everybody meets": one("allow", EVERYONE, require=EVERYONE),
    "any reason will do": one("allow", EVERYONE, purpose_justification_required=True),
}


@pytest.mark.parametrize("name", OPEN)
def test_a_policy_that_asks_nobody(scene: Scene, name: str) -> None:
    """Refused: Bypass or Service Auth as wide as the internet, or Allow for everyone (I1).

    A denial before it changes nothing, since Bypass is looked at first; a country is as wide as the
    internet; a reason for coming is not a credential.
    """
    scene.refused_as_open(entered_by(OPEN[name]), HOST)


@pytest.mark.parametrize("name", ["two halves of the internet", "a half each"])
def test_half_the_internet_and_the_other_half(scene: Scene, name: str) -> None:
    """Whoever asks from 8.8.4.4 or 222.122.0.1 gets in: the refusal was right."""
    file = entered_by(OPEN[name])
    file["tunnels"]["pool"]["ingress"][0]["access"] = False

    assert scene.opened(file, HOST).outcome == "origin"


@pytest.mark.parametrize("where", ["include", "require"])
def test_everyone_wrapped_in_a_group(scene: Scene, where: str) -> None:
    """Refused: a group of everyone that requires every address is everyone."""
    rules: File = {"include": [{"group": "all"}]}
    if where == "require":
        rules = {"include": EVERYONE, "require": [{"group": "all"}]}
    file = entered_by({"open": {"decision": "bypass", **rules}})
    file["groups"]["all"] = {"include": EVERYONE, "require": [{"ip": "0.0.0.0/0"}]}
    file["tunnels"]["pool"]["ingress"][0]["access"] = False

    scene.refused_as_open(file, HOST)

    assert scene.opened(file, HOST).outcome == "origin"


# -- wildcards ------------------------------------------------------------------------------


def wild(**rule: Any) -> File:
    """A wildcard in DNS, ingress and Access."""
    return {
        "policies": TEAM,
        "applications": {"dev": {"domain": "*.dev.example.com", "policies": ["team"]}},
        "tunnels": {
            "pool": {"ingress": [{"hostname": "*.dev.example.com", "service": SERVICE, **rule}]}
        },
        "dns": {"*.dev.example.com": {"tunnel": "pool"}},
    }


def test_a_wildcard_served_deeper_than_access_covers(scene: Scene) -> None:
    """Refused: DNS and ingress answer at any depth, Access covers one label (I1)."""
    scene.refused_as_open(wild(access=False), BELOW)

    assert scene.opened(wild(access=False), BELOW).outcome == "origin"
    assert scene.visit("a.dev.example.com").outcome == "login"
    assert scene.visit("a.b.dev.example.com").outcome == "origin"


def test_a_wildcard_served_deeper_behind_a_connector_that_checks(scene: Scene) -> None:
    """Not refused: two labels below, the connector asks for a token that nobody can have."""
    scene.account.apply(wild())

    assert scene.visit("a.b.dev.example.com").outcome == "refused"


# -- audiences ------------------------------------------------------------------------------


def audience(aud: str, place: str) -> File:
    """A rule without an application of its own that asks for somebody else's tokens."""
    check = {"required": True, "team_name": "acme", "aud_tag": [{"id": aud}]}
    access = {"origin_request": {"access": check}}
    tunnel: File = {"ingress": [{"hostname": HOST, "service": SERVICE}]}
    if place == "rule":
        tunnel["ingress"][0] |= access
    else:
        tunnel |= access
    return {"tunnels": {"pool": tunnel}, "dns": {HOST: {"tunnel": "pool"}}}


def test_the_audience_of_a_foreign_application(scene: Scene) -> None:
    """Not refused: a rule that requires Access with a non-empty audience is closed (I1).

    Whoever holds a token of the other application has a credential. Nobody gets in by a browser,
    which is an outage and not a door.
    """
    aud = str(scene.application("wiki.example.com")["aud"])

    scene.account.apply(audience(aud, "rule"))

    assert scene.visit(HOST).outcome == "refused"


def test_an_audience_of_the_whole_tunnel(scene: Scene) -> None:
    """Refused: cloudflared inherits the tunnel's Access settings and never asks for them."""
    aud = str(scene.application("wiki.example.com")["aud"])
    file = audience(aud, "tunnel")

    scene.refused_as_open(file, HOST)

    assert scene.opened(file, HOST).outcome == "origin"


# -- others in the same account -------------------------------------------------------------


def leaning(host: str = "a.dev.example.com") -> File:
    """Another stack's host, without an application of its own."""
    rule = {"hostname": host, "service": SERVICE, "access": False}
    tunnels = {"theirs": {"ingress": [rule]}}
    return {"stack": "staging", "tunnels": tunnels, "dns": {host: {"tunnel": "theirs"}}}


def narrower() -> File:
    """Our wildcard, become a single name."""
    application = {"domain": "b.dev.example.com", "policies": ["team"]}
    return {"policies": TEAM, "applications": {"dev": application}}


def opened_up() -> File:
    """Our wildcard, its policy become a Bypass."""
    file = {"policies": one("bypass", EVERYONE), "applications": wild()["applications"]}
    file["applications"]["dev"]["policies"] = ["open"]
    return file


@pytest.mark.parametrize(
    "file", [{"policies": TEAM}, narrower(), opened_up()], ids=["gone", "narrower", "open"]
)
def test_another_stacks_host_that_leans_on_our_wildcard(scene: Scene, file: File) -> None:
    """Refused: I1 is about every origin of the account, not only about ours."""
    ours = {"policies": TEAM, "applications": wild()["applications"]}
    scene.account.apply(ours)
    scene.account.apply(leaning())

    yes: File = {"deletions": True, "interruption": ["all"]}

    scene.refused_as_open(file, "a.dev.example.com", **yes)
    assert scene.opened(file, "a.dev.example.com", **yes).outcome == "origin"


@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_two_stacks_at_once(scene: Scene, first: str) -> None:
    """The one that comes second is refused: each plan is held against the live account.

    One stack takes a wildcard application away on which the other is about to lean.
    """
    ours = {"policies": TEAM, "applications": wild()["applications"]}
    yes: File = {"deletions": True}
    scene.account.apply(ours)

    if first == "ours":
        scene.account.apply({"policies": TEAM}, **yes)
        scene.refused_as_open(leaning(), "a.dev.example.com")
    else:
        scene.account.apply(leaning())
        scene.refused_as_open({"policies": TEAM}, "a.dev.example.com", **yes)


def test_an_alias_of_a_name_that_leads_to_a_tunnel(scene: Scene) -> None:
    """Refused: a proxied CNAME to a name of ours leads where that leads, under its own name.

    No application covers the alias, and a rule for every name serves it.
    """
    scene.account.apply(ruled(access=False))
    scene.record("alias.example.com", HOST)
    file = ruled(access=False)
    del file["tunnels"]["pool"]["ingress"][0]["hostname"]

    scene.refused_as_open(file, "alias.example.com")

    assert scene.opened(file, "alias.example.com").outcome == "origin"


# -- tunnels and records --------------------------------------------------------------------


def led_by_hand(*, application: bool) -> File:
    """A record of ours that leads to a tunnel of somebody else's."""
    file: File = {"dns": {HOST: {"tunnel": {"live": "By hand"}}}}
    if application:
        file |= {"policies": TEAM, "applications": {HOST: {"policies": ["team"]}}}
    return file


def test_a_local_tunnel(scene: Scene) -> None:
    """Refused: unknown is open; a tunnel that is configured in a file serves every name."""
    scene.tunnel("By hand", source="local")

    scene.refused_as_open(led_by_hand(application=False), HOST)

    assert scene.opened(led_by_hand(application=False), HOST).outcome == "origin"


def test_a_local_tunnel_behind_an_application(scene: Scene) -> None:
    """Not refused: whatever it serves, Access asks first."""
    scene.tunnel("By hand", source="local")

    scene.account.apply(led_by_hand(application=True))

    assert scene.visit(HOST).outcome == "login"


@pytest.mark.parametrize("section", ["routes", "load_balancers", "workers"])
def test_what_ztctl_does_not_manage_cannot_be_declared(scene: Scene, section: str) -> None:
    """Private routes, load balancers and Workers are not seen: no file may seem to state them."""
    file = whole() | {section: {"any": {}}}

    assert problems(scene.account, file) == [f"there is no section `{section}`"]


def test_a_private_destination_is_no_door(scene: Scene) -> None:
    """Not refused: only enrolled devices come by a private network, and they have a credential."""
    file = whole()
    inner = {"destinations": [{"cidr": "10.0.0.0/8"}], "policies": ["team"]}
    file["applications"]["inner"] = inner

    assert refused(scene.account.plan(file)) == []
