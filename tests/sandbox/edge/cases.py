"""Policies and visitors, as data: what Access says to whom.

Rules name objects by `@name`; `@svc` is a living service token whose credentials are presented
where a visitor says `token`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

Policy = dict[str, Any]

EVERYONE: list[dict[str, Any]] = [{"everyone": {}}]
STAFF = [{"email_domain": {"domain": "example.com"}}]
ANN = {"email": "ann@example.com"}
BOB = {"email": "bob@example.com"}
EVE = {"email": "eve@example.net"}
NOBODY: dict[str, Any] = {}
OKTA = {"okta": {"name": "infra", "identity_provider_id": "@okta"}}
MACHINE = [{"service_token": {"token_id": "@svc"}}]


class Case(NamedTuple):
    """What is attached, who comes, what happens and by which policy."""

    what: str
    policies: tuple[Policy, ...]
    who: dict[str, Any]
    outcome: str
    by: str | None = None
    app: dict[str, Any] = {}  # noqa: RUF012 - never changed


def email(address: str) -> Policy:
    """One e-mail selector."""
    return {"email": {"email": address}}


def country(code: str) -> Policy:
    """One country selector."""
    return {"geo": {"country_code": code}}


def policy(name: str, decision: str, include: Any = EVERYONE, **rules: Any) -> Policy:
    """One policy of an application."""
    return {"name": name, "decision": decision, "include": include, **rules}


ALLOW = policy("allow", "allow")
DENY = policy("deny", "deny")
BYPASS = policy("bypass", "bypass")
SERVICE = policy("service", "non_identity", MACHINE)
ANY_SERVICE = policy("any", "non_identity", [{"any_valid_service_token": {}}])
HERE = [{"ip": {"ip": "203.0.113.0/24"}}]

CASES = (
    Case("no policy, nobody", (), NOBODY, "blocked"),
    Case("no policy, somebody", (), ANN, "blocked"),
    # -- the order of decisions
    Case("allow asks nobody to log in", (ALLOW,), NOBODY, "login"),
    Case("allow lets in who logged in", (ALLOW,), ANN, "origin", "allow"),
    Case("deny asks nobody to log in", (DENY,), NOBODY, "login"),
    Case("deny refuses who logged in", (DENY,), ANN, "blocked", "deny"),
    Case("the first of two decides: allow", (ALLOW, DENY), ANN, "origin", "allow"),
    Case("the first of two decides: deny", (DENY, ALLOW), ANN, "blocked", "deny"),
    Case("bypass goes before allow", (ALLOW, BYPASS), NOBODY, "origin", "bypass"),
    Case("bypass goes before deny", (DENY, BYPASS), ANN, "origin", "bypass"),
    Case("service goes before deny", (DENY, SERVICE), {"token": True}, "origin", "service"),
    Case("service before bypass", (SERVICE, BYPASS), {"token": True}, "origin", "service"),
    Case("bypass before service", (BYPASS, SERVICE), {"token": True}, "origin", "bypass"),
    Case(
        "precedence, not position",
        ({**ALLOW, "precedence": 2}, {**DENY, "precedence": 1}),
        ANN,
        "blocked",
        "deny",
    ),
    Case(
        "no match is refusal", (policy("a", "allow", [email("ann@example.com")]),), BOB, "blocked"
    ),
    Case("a deny that fits nobody lets nobody in", (policy("d", "deny", STAFF),), EVE, "blocked"),
    # -- include, require, exclude
    Case(
        "include is any of",
        (policy("a", "allow", [email("x@example.com"), email("ann@example.com")]),),
        ANN,
        "origin",
        "a",
    ),
    Case("an empty include fits nobody", (policy("a", "allow", []),), ANN, "blocked"),
    Case(
        "require is all of",
        (policy("a", "allow", STAFF, require=[country("PT"), country("US")]),),
        ANN,
        "blocked",
    ),
    Case(
        "require that holds",
        (policy("a", "allow", STAFF, require=[country("PT"), email("ann@example.com")]),),
        ANN,
        "origin",
        "a",
    ),
    Case(
        "require alone lets nobody in",
        (policy("a", "allow", [], require=STAFF),),
        ANN,
        "blocked",
    ),
    Case(
        "exclude is none of",
        (policy("a", "allow", STAFF, exclude=[email("x@y.z"), email("ann@example.com")]),),
        ANN,
        "blocked",
    ),
    Case(
        "exclude of others",
        (policy("a", "allow", STAFF, exclude=[email("bob@example.com")]),),
        ANN,
        "origin",
        "a",
    ),
    Case(
        "an exclude of a deny spares",
        (policy("d", "deny", exclude=[email("ann@example.com")]), ALLOW),
        ANN,
        "origin",
        "allow",
    ),
    # -- selectors
    Case(
        "mail without case", (policy("a", "allow", [email("Ann@Example.com")]),), ANN, "origin", "a"
    ),
    Case(
        "a domain is a whole domain",
        (policy("a", "allow", STAFF),),
        {"email": "x@a.example.com"},
        "blocked",
    ),
    Case(
        "a domain's look-alike",
        (policy("a", "allow", STAFF),),
        {"email": "x@notexample.com"},
        "blocked",
    ),
    Case("country", (policy("a", "allow", [country("PT")]),), ANN, "origin", "a"),
    Case("another country", (policy("a", "allow", [country("US")]),), ANN, "blocked"),
    Case("address", (policy("b", "bypass", HERE),), NOBODY, "origin", "b"),
    Case("another address", (policy("b", "bypass", HERE),), {"address": "192.0.2.1"}, "blocked"),
    Case(
        "an address of the other sort",
        (policy("b", "bypass", [{"ip": {"ip": "::/0"}}]),),
        NOBODY,
        "blocked",
    ),
    Case(
        "an IPv6 address",
        (policy("b", "bypass", [{"ip": {"ip": "2001:db8::/32"}}]),),
        {"address": "2001:db8::1"},
        "origin",
        "b",
    ),
    Case(
        "login method",
        (policy("a", "allow", [{"login_method": {"id": "@okta"}}]),),
        {**ANN, "login_method": "@okta"},
        "origin",
        "a",
    ),
    Case(
        "another login method",
        (policy("a", "allow", [{"login_method": {"id": "@okta"}}]),),
        {**ANN, "login_method": "@onetimepin"},
        "blocked",
    ),
    Case(
        "a provider's group",
        (policy("a", "allow", [OKTA]),),
        {**ANN, "holds": [OKTA]},
        "origin",
        "a",
    ),
    Case("a provider's group that is not held", (policy("a", "allow", [OKTA]),), ANN, "blocked"),
    Case(
        "a certificate without a login",
        (policy("s", "non_identity", [{"certificate": {}}]),),
        {"holds": [{"certificate": {}}]},
        "origin",
        "s",
    ),
    Case(
        "no certificate", (policy("s", "non_identity", [{"certificate": {}}]),), NOBODY, "blocked"
    ),
    # -- before an identity is known
    Case("bypass knows no mail", (policy("b", "bypass", STAFF),), ANN, "blocked"),
    Case("service knows no mail", (policy("s", "non_identity", STAFF),), ANN, "blocked"),
    Case(
        "bypass knows no provider's group",
        (policy("b", "bypass", [OKTA]),),
        {**ANN, "holds": [OKTA]},
        "blocked",
    ),
    Case(
        "bypass excludes nobody by mail",
        (policy("b", "bypass", exclude=[email("ann@example.com")]),),
        ANN,
        "origin",
        "b",
    ),
    Case(
        "bypass requires no identity",
        (policy("b", "bypass", require=[email("ann@example.com")]),),
        ANN,
        "blocked",
    ),
    # -- service tokens
    Case("a token in service auth", (SERVICE,), {"token": True}, "origin", "service"),
    Case("any token in service auth", (ANY_SERVICE,), {"token": True}, "origin", "any"),
    Case("no token", (SERVICE,), NOBODY, "blocked"),
    Case("no token, but an allow", (SERVICE, ALLOW), NOBODY, "login"),
    Case("a token with a wrong secret", (SERVICE, ALLOW), {"token": "wrong"}, "login"),
    Case(
        "another token",
        (policy("s", "non_identity", [{"service_token": {"token_id": "@other"}}]),),
        {"token": True},
        "blocked",
    ),
    Case("a token in a plain allow", (policy("a", "allow", MACHINE),), {"token": True}, "login"),
    Case("a token in a bypass", (policy("b", "bypass", MACHINE),), {"token": True}, "blocked"),
    Case(
        "a token and a country",
        (policy("s", "non_identity", MACHINE, require=[country("US")]),),
        {"token": True},
        "blocked",
    ),
    # -- groups
    Case("a group", (policy("a", "allow", [{"group": {"id": "@staff"}}]),), ANN, "origin", "a"),
    Case(
        "not of the group", (policy("a", "allow", [{"group": {"id": "@staff"}}]),), EVE, "blocked"
    ),
    Case(
        "a group in a group",
        (policy("a", "allow", [{"group": {"id": "@all"}}]),),
        ANN,
        "origin",
        "a",
    ),
    Case(
        "a group is excluded",
        (policy("a", "allow", exclude=[{"group": {"id": "@all"}}]),),
        ANN,
        "blocked",
    ),
    Case(
        "a group is required: any of its countries",
        (policy("a", "allow", STAFF, require=[{"group": {"id": "@iberia"}}]),),
        {**ANN, "country": "ES"},
        "origin",
        "a",
    ),
    Case(
        "a group is required: none of its countries",
        (policy("a", "allow", STAFF, require=[{"group": {"id": "@iberia"}}]),),
        {**ANN, "country": "US"},
        "blocked",
    ),
    Case(
        "a group's own exclude",
        (policy("a", "allow", [{"group": {"id": "@not-bob"}}]),),
        BOB,
        "blocked",
    ),
    Case(
        "a group of identities in a bypass",
        (policy("b", "bypass", [{"group": {"id": "@staff"}}]),),
        ANN,
        "blocked",
    ),
    Case(
        "a group of countries in a bypass",
        (policy("b", "bypass", [{"group": {"id": "@iberia"}}]),),
        NOBODY,
        "origin",
        "b",
    ),
    # -- the application's own settings
    Case(
        "an allowed provider",
        (ALLOW,),
        {**ANN, "login_method": "@okta"},
        "origin",
        "allow",
        {"allowed_idps": ["@okta"]},
    ),
    Case(
        "a provider that is not allowed",
        (ALLOW,),
        {**ANN, "login_method": "@onetimepin"},
        "login",
        None,
        {"allowed_idps": ["@okta"]},
    ),
    Case("a provider that is not known", (ALLOW,), ANN, "login", None, {"allowed_idps": ["@okta"]}),
    Case(
        "bypass asks for no provider",
        (BYPASS,),
        NOBODY,
        "origin",
        "bypass",
        {"allowed_idps": ["@okta"]},
    ),
)
