"""Promises about the connector's own Access check."""

from __future__ import annotations

from typing import Any

import pytest

from ztctl.core.model.address import Address
from ztctl.core.model.objects import Live, Mark, Wanted
from ztctl.core.model.values import Ref
from ztctl.kinds.access_application import ApplicationAttributes
from ztctl.kinds.audience import with_access
from ztctl.kinds.organization import OrganizationAttributes

from .replay import declare, ledger

NAME = "ssh.example.com"
ORGANISATION = Live("organization", "o", "acme", "acme", {}, OrganizationAttributes("acme"))
ALLOW = declare("access_policy", "team", decision="allow", include=[{"everyone": True}])
BYPASS = declare("access_policy", "free", decision="bypass", include=[{"ip": "192.0.2.0/24"}])


def application(key: str, **fields: Any) -> Wanted:
    """A declared application."""
    return declare("access_application", key, **fields)


def foreign(host: str, mark: Mark | None = None, aud: str = "aud-x") -> Live:
    """A live application that the file does not know."""
    values = {"destinations": [host]}
    return Live(
        "access_application", f"id-{host}", host, host, values, ApplicationAttributes(aud), mark
    )


def rule(hostname: str | None = NAME, **fields: Any) -> dict[str, Any]:
    """A canonical rule that leads to an origin."""
    name = {"hostname": hostname} if hostname else {}
    return {**name, "service": "ssh://localhost:22", **fields}


def access(
    *wanted: Wanted,
    live: tuple[Live, ...] = (),
    choice: bool | None = None,
    of: dict[str, Any] | None = None,
    team: str | None = "acme",
) -> tuple[Any, list[str]]:
    """The check that a rule gets, and what is wrong."""
    known = ledger(wanted, live, team=team)
    found = with_access(of or rule(), choice, declare("tunnel", "edge"), known)
    settings = found.get("origin_request") or {}
    return settings.get("access"), [problem.summary for problem in known.problems]


def audience(found: tuple[Any, list[str]]) -> list[str]:
    """The audience of a check as keys and ids."""
    check, problems = found
    assert problems == []
    return [it.to.key if isinstance(it, Ref) else it for it in check["aud_tag"]]


def test_a_rule_behind_an_application_is_checked() -> None:
    """By default the connector refuses what does not come through Access."""
    check, problems = access(application(NAME, policies=["team"]), ALLOW)

    assert problems == []
    assert check == {
        "required": True,
        "team_name": "acme",
        "aud_tag": [Ref(Address("access_application", NAME), "aud")],
    }


def test_the_audience_is_everybody_who_may_decide() -> None:
    """The most specific application decides, so that each that can is let through."""
    found = access(
        application(NAME),
        application("wild", domain="*.example.com"),
        application("inside", domain="s*h.example.com"),
        application("path", domain=f"{NAME}/admin"),
        application("other.example.com"),
        application("deep", domain="*.ssh.example.com"),
    )

    assert sorted(audience(found)) == ["inside", "path", NAME, "wild"]


def test_an_application_of_several_names_is_in_the_audience_once() -> None:
    """An application is listed once, however many of its names a wildcard rule serves."""
    names = [NAME, "www.example.com"]

    found = access(application("both", destinations=names), of=rule("*.example.com"))

    assert audience(found) == ["both"]


@pytest.mark.parametrize(
    ("hostname", "expected"),
    [
        ("*.example.com", ["a.b.example.com", "ssh.example.com", "wild"]),
        ("b.example.com", ["wild"]),
        ("*.example.net", ["y"]),
        ("y-1.example.net", ["y"]),
        ("a.b.example.com", ["a.b.example.com"]),
        ("*", ["a.b.example.com", "ssh.example.com", "wild", "x.example.org", "y"]),
        (None, ["a.b.example.com", "ssh.example.com", "wild", "x.example.org", "y"]),
    ],
)
def test_a_wildcard_rule_takes_every_application_below(
    hostname: str | None, expected: list[str]
) -> None:
    """An ingress star covers any depth, a star of Access one label."""
    found = access(
        application(NAME),
        application("a.b.example.com"),
        application("wild", domain="*.example.com"),
        application("x.example.org"),
        application("y", domain="y-*.example.net"),
        of=rule(hostname),
    )

    assert sorted(audience(found)) == expected


def test_a_foreign_application_that_decides_is_let_through() -> None:
    """Somebody else's wildcard over our name must not lock its people out."""
    live = (
        foreign("*.example.com"),
        foreign("other.example.com", aud="aud-no"),
        foreign("ssh.example.com", mark=Mark("prod"), aud="aud-gone"),
    )

    assert audience(access(application(NAME), live=live)) == [NAME, "aud-x"]


def test_another_stack_is_foreign_too() -> None:
    """The application of another stack decides as well as any."""
    live = (foreign("*.example.com", mark=Mark("other")),)

    assert audience(access(application(NAME), live=live)) == [NAME, "aud-x"]


@pytest.mark.parametrize(
    "open_door",
    [
        {"policies": ["free"]},
        {"policies": ["team", "free"]},
        {"options_preflight_bypass": True},
    ],
)
def test_no_check_where_access_lets_the_nameless_through(open_door: dict[str, Any]) -> None:
    """The connector would refuse what a Bypass policy or a preflight request is let through for."""
    wanted = (application(NAME, **open_door), ALLOW, BYPASS)

    assert access(*wanted) == (None, [])
    assert audience(access(*wanted, choice=True)) == [NAME]


@pytest.mark.parametrize("reference", [{"live": "Free"}, {"id": "p-1"}])
def test_a_bypass_policy_of_the_account_counts(reference: dict[str, str]) -> None:
    """How a policy is referred to does not change what it does."""
    policy = Live("access_policy", "p-1", "Free", "Free", {"decision": "bypass"})

    assert access(application(NAME, policies=[reference]), live=(policy,)) == (None, [])


def test_no_check_where_no_application_of_the_file_decides() -> None:
    """A rule without an application is left as it is."""
    live = (foreign("*.example.com"),)

    assert access(application("other.example.com"), live=live) == (None, [])


def test_a_wish_can_be_met_by_a_foreign_application() -> None:
    """Asked for, the check works with whatever application decides."""
    assert audience(access(live=(foreign("*.example.com"),), choice=True)) == ["aud-x"]


def test_a_check_that_nobody_could_pass_is_a_problem() -> None:
    """With no application at all the rule would be closed to everybody."""
    _, problems = access(choice=True)

    (problem,) = problems
    assert problem.startswith("tunnel.edge: no application decides for ssh.example.com")


def test_what_is_declined_is_declined() -> None:
    """`access: false` is the last word, and asks for no team."""
    assert access(application(NAME), choice=False, team=None) == (None, [])


@pytest.mark.parametrize("choice", [None, True])
def test_a_status_is_no_origin(choice: bool | None) -> None:
    """A rule that answers by itself has nothing to protect."""
    status = rule(service="http_status:404")

    assert access(application(NAME), of=status, choice=choice) == (None, [])


def test_the_team_comes_from_the_organisation() -> None:
    """Unless the file gives it."""
    check, _ = access(application(NAME), live=(ORGANISATION,), team=None)

    assert check["team_name"] == "acme"


def test_a_login_domain_of_its_own_is_no_lack_of_permission() -> None:
    """The organisation was read: that its domain does not hold the team's name is what is said."""
    own = "login.example.com"
    organisation = Live("organization", own, "", "", {}, OrganizationAttributes(""))
    known = ledger([application(NAME)], (organisation,), team=None)

    with_access(rule(), None, declare("tunnel", "edge"), known)

    (problem,) = known.problems
    assert f"login domain '{own}' does not hold it" in problem.summary
    assert problem.hint.startswith("write `team: NAME`")


def test_a_missing_team_is_an_error_with_three_ways_out() -> None:
    """The check is never left out in silence."""
    known = ledger([application(NAME)], team=None)

    with_access(rule(), None, declare("tunnel", "edge"), known)

    (problem,) = known.problems
    assert "tunnel.edge" in problem.summary
    for way_out in (
        "Organizations, Identity Providers, and Groups",
        "`team: NAME`",
        "access: false",
    ):
        assert way_out in problem.hint


BY_HAND = {"required": True, "aud_tag": ["aud-1"]}


def test_a_check_written_by_hand_is_kept() -> None:
    """Only the team is filled in."""
    by_hand = rule(origin_request={"connect_timeout": 30, "access": BY_HAND})

    check, problems = access(application(NAME), of=by_hand)

    assert (check, problems) == ({**BY_HAND, "team_name": "acme"}, [])


def test_a_team_written_by_hand_needs_no_other() -> None:
    """Who names the team is not asked for a permission to read it."""
    by_hand = rule(origin_request={"access": {**BY_HAND, "team_name": "mine"}})

    assert access(of=by_hand, team=None) == ({**BY_HAND, "team_name": "mine"}, [])


def test_other_settings_stay() -> None:
    """The check is put beside what the rule says already."""
    known = ledger([application(NAME)])
    given = rule(origin_request={"connect_timeout": 30})

    found = with_access(given, None, declare("tunnel", "edge"), known)

    assert found["origin_request"]["connect_timeout"] == 30
    assert given["origin_request"] == {"connect_timeout": 30}
