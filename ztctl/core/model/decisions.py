"""Which decision of a policy can test which selector, as one table.

Source: the table of selectors in Cloudflare's documentation (Access policies, "Identity-based
selector?", July 2026): an identity exists after a login only, "Bypass policies do not support
identity-based rule types", service tokens and linked app tokens "require the Service Auth action".
``linked_app_token`` under Bypass: the OpenAPI description ("only compatible with non_identity and
bypass decisions"). Not documented, and so a guess, are ``auth_context`` and
``cloudflare_account_member`` as identity-based, and that a rule which cannot be tested is never
true, as reports of service tokens in Allow policies say of those.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

AFTER_LOGIN: Final = frozenset({"allow", "deny"})
ALWAYS: Final = frozenset({"allow", "deny", "bypass", "non_identity"})
SERVICE_AUTH: Final = frozenset({"non_identity"})
# Selectors that have exactly one value for each visitor.
ONE_EACH: Final = frozenset({"email", "email_domain", "country"})

# By the selector's name in the file; groups count by what they hold.
TESTED_BY: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "everyone": ALWAYS,
        "email": AFTER_LOGIN,
        "email_domain": AFTER_LOGIN,
        "email_list": AFTER_LOGIN,
        "ip": ALWAYS,
        "ip_list": ALWAYS,
        "country": ALWAYS,
        "okta": AFTER_LOGIN,
        "google_workspace": AFTER_LOGIN,
        "azure_ad": AFTER_LOGIN,
        "github_organization": AFTER_LOGIN,
        "saml": AFTER_LOGIN,
        "oidc": AFTER_LOGIN,
        "login_method": AFTER_LOGIN,
        "auth_method": AFTER_LOGIN,
        "auth_context": AFTER_LOGIN,
        "any_valid_service_token": SERVICE_AUTH,
        "service_token": SERVICE_AUTH,
        "certificate": ALWAYS,
        "common_name": ALWAYS,
        "device_posture": ALWAYS,
        "external_evaluation": AFTER_LOGIN,
        "linked_app_token": SERVICE_AUTH | {"bypass"},
        "user_risk_score": AFTER_LOGIN,
        "cloudflare_account_member": AFTER_LOGIN,
    }
)


def is_tested(selector: str, decision: str) -> bool:
    """True if a policy of this decision can find a rule with this selector to be true.

    What is not known, of both, counts as tested: it may admit somebody.
    """
    return decision not in ALWAYS or decision in TESTED_BY.get(selector, ALWAYS)


def why_untested(selector: str, decision: str) -> str:
    """Explain why such a rule is never true."""
    if TESTED_BY[selector] == AFTER_LOGIN:
        return f"nobody logs in for `{decision}`, so that it never tests `{selector}`"
    if decision in AFTER_LOGIN:
        return f"`{decision}` decides about people who logged in, and never tests `{selector}`"
    return f"`{decision}` never tests `{selector}`"


def remedy(selector: str, decision: str) -> str:
    """Say which decision would test the rule."""
    if TESTED_BY[selector] == AFTER_LOGIN:
        return "people log in for `decision: allow`"
    if decision == "deny":
        return "Service Auth is decided before any deny: exclude it in the non_identity policy"
    return "put it into a policy of its own with `decision: non_identity`"
