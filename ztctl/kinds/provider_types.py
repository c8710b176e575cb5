"""Which types of identity providers a selector can test; rules about others are true of nobody.

Types and what their configuration holds: Cloudflare's Python SDK 5.9.0. Custom claims are of those
whose configuration has ``claims``. What the API says of a rule about another type is not recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.objects import Live, Values, Wanted
from ztctl.core.model.values import Lookup

_TYPES: Final[Mapping[str, frozenset[str]]] = {
    "auth_context": frozenset({"azureAD"}),
    "azure_ad": frozenset({"azureAD"}),
    "github_organization": frozenset({"github"}),
    "google_workspace": frozenset({"google-apps"}),
    "okta": frozenset({"okta"}),
    "saml": frozenset({"saml"}),
    "oidc": frozenset(
        {
            *("azureAD", "centrify", "google", "google-apps"),
            *("oidc", "okta", "onelogin", "pingone"),
        }
    ),
}
# The selector to write instead, by the type of the provider.
_SELECTORS: Final = {
    "azureAD": "azure_ad",
    "github": "github_organization",
    "google-apps": "google_workspace",
    "okta": "okta",
    "oidc": "oidc",
    "saml": "saml",
}


def wrong_providers(
    wanted: Wanted, rule_lists: tuple[str, ...], ledger: Ledger
) -> Iterator[Problem]:
    """Report rules about an identity provider of a type that their selector does not test."""
    for name in rule_lists:
        for rule in wanted.values.get(name) or ():
            if isinstance(rule, Mapping):
                yield from _of_rule(wanted, rule, ledger)


def _of_rule(wanted: Wanted, rule: Values, ledger: Ledger) -> Iterator[Problem]:
    for selector, value in rule.items():
        reference = value.get("identity_provider") if isinstance(value, Mapping) else None
        live = _provider(reference, ledger)
        kind = live.key if live is not None else ""
        if live is None or not kind or selector not in _TYPES or kind in _TYPES[selector]:
            continue
        instead = _SELECTORS.get(kind)
        yield Problem(
            f"{wanted.address}: `{selector}` cannot test who logged in at {live.name!r}, an "
            f"identity provider of the type {kind}: the rule would be true of nobody",
            getattr(reference, "where", None) or wanted.where,
            f"write `{instead}`, or name another provider"
            if instead
            else "name another provider, or test `email` or `login_method`",
        )


def _provider(reference: Any, ledger: Ledger) -> Live | None:
    """The live provider, where there is exactly one; what is ambiguous is told elsewhere."""
    if isinstance(reference, Lookup):
        found = ledger.found(reference)
        return found[0] if len(found) == 1 else None
    known = ledger.live_of("identity_provider")
    return next((live for live in known if live.id == reference), None)
