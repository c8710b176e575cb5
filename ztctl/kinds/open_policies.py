"""Policies of the files that let in anybody who logs in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ztctl.core.model.canonical import replaced
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.facts import Criterion, LoginProvider, Members, Openness
from ztctl.core.model.lint import Code, warning
from ztctl.core.model.objects import Wanted
from ztctl.core.model.values import Lookup, Ref
from ztctl.kinds.own_policies import own_of
from ztctl.kinds.selectors import flattened

_GROUP = "access_group"
# The type by which a file may name the provider; what others are is known to the account alone.
_ONE_TIME_PIN = "onetimepin"
# Selectors that are true of people whom somebody has named, or of groups, which are looked into.
_NAMED = frozenset(
    {
        *("email", "email_domain", "email_list", "okta", "google_workspace", "azure_ad"),
        *("github_organization", "saml", "oidc", "group"),
    }
)


def open_policies(declared: Declared) -> Iterator[Problem]:
    """Warn of Allow policies that any login passes, as a plan would count them.

    Those that only applications use of which the file says that they are public are left out.
    """
    groups = {item.address.key: item for item in declared.of(_GROUP)}
    if all(map(_names_people, (*groups.values(), *declared.of("access_policy")))):
        return
    meant = _public_alone(declared)
    for policy in declared.of("access_policy"):
        if policy.address not in meant and _any_login_passes(policy, groups):
            yield warning(
                Code.OTP_EVERYONE,
                f"{policy.address} lets in anybody who logs in: by a one-time PIN that is any "
                "mailbox of the world",
                policy.where,
                "name people by `email`, `email_domain` or a group of your identity provider, or "
                "`require` one of these",
            )


def _names_people(wanted: Wanted) -> bool:
    """True where nobody else is included, so that nothing has to be worked out."""
    return all(_NAMED.issuperset(rule) for rule in wanted.values.get("include") or ())


def _public_alone(declared: Declared) -> set[Any]:
    """The policies that public applications use, and no others."""
    used: dict[bool, set[Any]] = {True: set(), False: set()}
    for application in declared.of("access_application"):
        is_public = bool(application.local.get("public"))
        used[is_public] |= {it.address for it in own_of(application)}
        listed = application.values.get("policies") or ()
        used[is_public] |= {it.to for it in listed if isinstance(it, Ref)}
    return used[True] - used[False]


def _any_login_passes(policy: Wanted, groups: Mapping[str, Wanted]) -> bool:
    if policy.values.get("decision") != "allow":
        return False
    # Deferred: most files name people, and need nothing of who reaches what.
    from ztctl.core.reach.people import openness
    from ztctl.kinds import facts

    helpers = policy.local.get("helpers", {})

    def group(key: str) -> Members:
        if key in helpers:
            return facts.members({"include": flattened(_named([helpers[key]]))})
        if key in groups:
            return facts.members(_named(groups[key].values))
        # A live one holds whom nobody can tell from the files.
        return Members(frozenset({Criterion("live_group", key)}))

    def login(key: str) -> LoginProvider:
        return LoginProvider(is_open=key == _ONE_TIME_PIN)

    return openness(facts.policy(_named(policy.values)), group, login) is Openness.ANY_LOGIN


def _named(values: Any) -> Any:
    """The values with names in place of references."""

    def name(leaf: Any) -> Any:
        if isinstance(leaf, Ref):
            return leaf.to.key
        return leaf.name if isinstance(leaf, Lookup) else leaf

    return replaced(values, name)
