"""Promises about the answer to who reaches a host."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.core.making import Account, edited, files, host, living
from ztctl.core.model.facts import DescribedEntry, Openness, ZoneRecords
from ztctl.core.model.objects import Live
from ztctl.core.reach.entries import path_matches
from ztctl.core.reach.versions import facts_of
from ztctl.core.reach.who import Lead, Reach, reach
from ztctl.kinds.registry import KINDS
from ztctl.views.reach import reach_page

HOST = "ssh.example.com"
SERVICE = "ssh://localhost:22"


def account(policy: dict[str, Any] | None = None, **sections: Any) -> Account:
    """The account after a stack of one host was applied to it."""
    whole = {**host(), **sections}
    if policy is not None:
        whole["policies"] = {"team": policy}
    live = living(files(whole))
    apps = (
        replace(app, raw={**app.raw, "aud": app.attribute("aud")})
        for app in live["access_application"]
    )
    return {**live, "access_application": tuple(apps)}


def asked(found: Account, name: str = HOST, **facts: Any) -> Reach:
    """The answer."""
    known = dict(facts_of(found, KINDS))
    known |= {(ZoneRecords, zone.id): ZoneRecords(zone.name, read=True) for zone in found["zone"]}
    return reach(name, found, known, **facts)


def test_a_guarded_host_is_told_from_end_to_end() -> None:
    """Record, tunnel, rule, application, policy and people, with names instead of ids."""
    found = asked(account())

    assert found.open == ()
    assert found.leads == (Lead(HOST, "tunnel-edge.cfargotunnel.com", True, "edge"),)
    assert [(it.tunnel, it.service, it.checks) for it in found.services] == [
        ("edge", SERVICE, True)
    ]
    ((guard,), (ruling,)) = found.guards, found.guards[0].policies
    assert (guard.path, guard.application, guard.id, guard.stack) == (
        "", HOST, f"access_application-{HOST}", "prod",
    )  # fmt: skip
    assert (ruling.decision, ruling.name, ruling.people) == ("allow", "team", "ann@example.com")
    assert found.enter == (
        DescribedEntry("ann@example.com", SERVICE, session="24h", policy="team", tunnel="edge"),
    )
    assert found.shut == ("everybody else",)


def test_a_policy_that_asks_for_no_second_factor_is_told() -> None:
    """Also where its application asks for one."""
    rules = {"decision": "allow", "include": [{"email": "ann@example.com"}]}

    found = asked(account({**rules, "mfa_config": {"mfa_disabled": True}}))

    assert found.guards[0].policies[0].people == "ann@example.com, with no second factor"


def test_an_uncovered_host_is_open() -> None:
    """Without an application, and with a connector that asks for nothing, everybody comes in."""
    rule = {"hostname": HOST, "service": SERVICE, "access": False}
    live = {**account(tunnels={"edge": {"ingress": [rule]}}), "access_application": ()}

    found = asked(live)

    assert found.open == (f"no application covers it, and it leads to {SERVICE}",)
    assert [way.openness for way in found.enter] == [Openness.OPEN]
    assert "everybody else" not in found.shut


def test_a_reason_that_a_file_states_goes_along() -> None:
    """An open host that is meant to be open says who said so."""
    assert asked(account(), stated=lambda _: "a public site").stated == "a public site"


def test_a_reason_for_what_is_open_says_nothing_of_logins() -> None:
    """A path that is stated to be open, and a login for everyone on the rest of the host."""
    everyone = {"decision": "allow", "include": [{"everyone": True}]}
    rule = {"hostname": HOST, "service": SERVICE, "access": False}
    overrides = [{"path_pattern": "/healthz"}]
    place = {"uri": HOST, "overrides": overrides}
    live = account(
        everyone,
        applications={HOST: {"policies": ["team"], "destinations": [place]}},
        tunnels={"edge": {"ingress": [rule]}},
    )

    found = asked(live, stated={"healthz": "probes"}.get)

    assert found.stated == "probes"
    assert ["below /healthz" in reason for reason in found.open] == [True]
    assert [reason for reason in found.any_login if "as stated" in reason] == []
    assert found.any_login != ()


def test_requirements_and_exclusions_shut_people_out() -> None:
    """Who is left out, and what is asked of everybody, is told in words."""
    policy = {
        "decision": "allow",
        "include": [{"email_domain": "example.com"}],
        "require": [{"country": "PT"}],
        "exclude": [{"email": "bob@example.com"}],
    }

    found = asked(account(policy))

    assert found.shut == ("bob@example.com", "who is not in PT", "everybody else")
    assert found.guards[0].policies[0].people == (
        "everyone with an @example.com address, who is in PT, but not bob@example.com"
    )


MFA = {"auth_method": "mfa"}
ANN = {"email": "ann@example.com"}
ASKED = "who is not logged in with several factors (MFA)"


@pytest.mark.parametrize(
    ("web", "shut"),
    [
        ({"include": [{"everyone": True}]}, ("whoever does not log in",)),
        ({"include": [ANN], "exclude": [{"country": "PT"}]}, ("everybody else",)),
        ({"include": [ANN], "require": [MFA]}, (ASKED, "everybody else")),
        ({"include": [ANN], "require": [MFA], "purpose_justification_required": True},
         (ASKED, "everybody else")),
    ],
)  # fmt: skip
def test_what_only_one_of_two_policies_asks_for_shuts_nobody_out(
    web: dict[str, Any], shut: tuple[str, ...]
) -> None:
    """Who does not meet the demand of one policy may enter by the other."""
    policies = {
        "admins": {"decision": "allow", "include": [ANN], "require": [MFA]},
        "web": {"decision": "allow", **web},
    }
    applications = {HOST: {"policies": ["admins", "web"]}}

    assert asked(account(policies=policies, applications=applications)).shut == shut


def test_a_demand_is_told_in_words() -> None:
    """Whoever gives no reason stays outside: that is no name of a field."""
    policy = {"decision": "allow", "include": [ANN], "purpose_justification_required": True}

    shut = asked(account(policy)).shut

    assert shut == ("who comes without a stated purpose", "everybody else")


def test_a_helper_group_is_told_by_what_it_holds() -> None:
    """A list of countries is asked for, and not a group that nobody wrote."""
    policy = {"decision": "allow", "include": [ANN], "require": [{"country": ["PT", "US"]}]}

    found = asked(account(policy))

    assert found.guards[0].policies[0].people == "ann@example.com, who is in PT or US"
    assert found.shut == ("who is not in PT or US", "everybody else")


def test_a_denial_is_told_with_its_policy() -> None:
    """Whom a policy denies stands among those who may not enter."""
    policies = {
        "no": {"decision": "deny", "include": [{"email": "bob@example.com"}]},
        "team": {"decision": "allow", "include": [{"email_domain": "example.com"}]},
    }
    applications = {HOST: {"policies": ["no", "team"]}}

    found = asked(account(policies=policies, applications=applications))

    assert [ruling.decision for ruling in found.guards[0].policies] == ["deny", "allow"]
    assert found.shut == ("bob@example.com (denied by no)", "everybody else")


def test_a_group_is_told_with_what_it_holds() -> None:
    """A policy about a group says whom the group holds, and what it asks of them."""
    group = {"include": [{"email": "ann@example.com"}], "require": [{"country": "PT"}]}
    policy = {"decision": "allow", "include": [{"group": "infra"}]}

    found = asked(account(policy, groups={"infra": group}))

    people = "group infra (ann@example.com, who is in PT)"
    assert found.guards[0].policies[0].people == people
    assert "who is not in PT" in found.shut


def test_a_path_with_its_own_application_is_told_apart() -> None:
    """Below a path another application decides, and the host as a whole is open there."""
    policies = {
        "team": {"decision": "allow", "include": [{"email": "ann@example.com"}]},
        "all": {"decision": "bypass", "include": [{"everyone": True}]},
    }
    applications = {HOST: {"policies": ["team"]}, f"{HOST}/hook": {"policies": ["all"]}}
    rule = {"hostname": HOST, "service": SERVICE, "access": False}

    found = asked(
        account(policies=policies, applications=applications, tunnels={"edge": {"ingress": [rule]}})
    )

    assert [(guard.path, guard.application) for guard in found.guards] == [
        ("", HOST), ("hook", f"{HOST}/hook"),
    ]  # fmt: skip
    assert found.open == (f"below /hook a Bypass policy lets everybody in to {SERVICE}",)


def test_a_tunnel_that_could_not_be_read_serves_everything() -> None:
    """Unknown is open: without an application the host counts as open, and it says why."""
    live = {**account(), "tunnel": (), "access_application": ()}

    found = asked(live, unread=["tunnels could not be read"])

    assert (found.open, found.unknown != ()) == ((), True)
    assert found.unread == ("tunnels could not be read",)
    assert any("is not known" in note for note in found.notes)


def test_a_guarded_name_whose_records_are_not_known_may_lead_anywhere() -> None:
    """Its people may get there for all that is known, so that it is not said to lead nowhere."""
    live = {**account(), "dns_record": ()}

    found = reach(HOST, live, dict(facts_of(live, KINDS)))

    assert [way.who for way in found.enter] == ["ann@example.com"]
    assert reach_page(found, str).blocks[0][0].text.startswith(f"{HOST} is closed: ")


def test_a_policy_that_could_not_be_read_may_admit_anybody() -> None:
    """Unknown is open, and told as not known: the application stands there, its policy does not."""
    found = asked({**account(), "access_policy": ()})

    key = "access_policy-team"
    assert (found.open, found.any_login) == ((), ())
    assert found.unknown == (
        f"whomever the policy {key} lets in, which was not read, may reach {SERVICE}",
    )
    assert [(it.decision, it.people) for it in found.guards[0].policies] == [
        ("unknown", "nobody knows whom")
    ]


@pytest.mark.parametrize(
    ("content", "proxied", "where"),
    [
        ("lb.invalid", True, "whatever stands behind it"),
        ("192.0.2.1", False, "the address in its record, which is not proxied"),
    ],
)
def test_a_record_that_leads_elsewhere_is_open(content: str, proxied: bool, where: str) -> None:
    """Without an application everybody passes; past Cloudflare, with one, too."""
    values = {"tunnel": content, "proxied": proxied}
    live = {**account(), "access_application": ()}

    found = asked(edited(live, "dns_record", HOST, values=values))

    assert found.open == (f"no application covers it, and it leads to {where}",)


def test_a_name_without_a_record_leads_nowhere() -> None:
    """Nobody enters a host that is not there, and nothing is open."""
    found = asked(account(), "nope.example.com")

    assert found.notes == ("no record answers for the name",)
    assert (found.enter, found.shut) == ((), ("everybody",))


@pytest.mark.parametrize(
    "sections",
    [
        {"dns": {HOST: {"tunnel": "edge", "proxied": False}}},
        {"tunnels": {"edge": {}}},
        {"applications": {HOST: {"policies": []}}},
        {"policies": {"team": {"decision": "deny", "include": [{"email": "bob@example.com"}]}}},
    ],
    ids=["not proxied", "not served", "without a policy", "a denial alone"],
)
def test_a_host_that_nobody_gets_to_is_told_as_such(sections: dict[str, Any]) -> None:
    """Whatever shuts them out, all are shut out: there is nobody of whom they were the others."""
    found = asked(account(**sections))

    assert (found.open, found.unknown, found.enter) == ((), (), ())
    assert found.shut == ("everybody",)
    assert reach_page(found, str).blocks[0][0].text == f"Nobody gets to {HOST}."


def test_an_object_that_nobody_marked_has_no_stack() -> None:
    """An application made by hand is told without a stack."""
    live = account()
    (app,) = live["access_application"]
    bare: tuple[Live, ...] = (replace(app, mark=None),)

    assert asked({**live, "access_application": bare}).guards[0].stack == ""


def test_a_pattern_with_many_wildcards_is_compared_at_once() -> None:
    """What others have written is never a regular expression that tries all combinations."""
    assert not path_matches("*a" * 200 + "b", "a" * 400)
    assert path_matches("*a" * 200, "a" * 400)
