"""Validation of Access rules, and the references of rules to other objects.

Source: official Python SDK and Cloudflare OpenAPI description, July 2026: every element of
include, exclude and require is an object with exactly one key; inner keys without `?` are
required; `linked_app_token` only with non_identity and bypass. Recorded: 400/12130 when a
referenced group, service token or identity provider does not exist. Terraform provider's tests: a
rule names an identity provider by what is no UUID; that is not looked up. Unrecorded: that a bare
address in an `ip` rule is stored with its full mask, that cycles of groups are refused.
Not emulated: Zero Trust lists (`email_list`, `ip_list`), device posture integrations and
account members are not looked up. Rules are evaluated by the edge.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ztctl.sandbox.api.addresses import range_of
from ztctl.sandbox.api.delays import refuse_just_made
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError, conflict, invalid
from ztctl.sandbox.fields import Check, FieldError, choice, listing, text, uuid
from ztctl.sandbox.ids import is_uuid
from ztctl.sandbox.messages import Object
from ztctl.sandbox.store import Index, Store

RULE_LISTS = ("include", "exclude", "require")
Reference = tuple[str, str]

_TEXT = text(empty=False)


def network(value: Any) -> str:
    """Validate an address or a CIDR; an address gets its full mask."""
    try:
        whole = range_of(value, strict=False)
    except ValueError as error:
        raise FieldError("must be an IP address or a CIDR") from error
    return str(value) if "/" in str(value) else str(whole)


def _country(value: Any) -> str:
    if not isinstance(value, str) or re.fullmatch(r"[A-Z][A-Z0-9]", value) is None:
        raise FieldError("must be a two-letter country code")
    return value


# Members by selector. A name that ends in ? is optional.
SELECTORS: dict[str, dict[str, Check]] = {
    "everyone": {},
    "email": {"email": _TEXT},
    "email_domain": {"domain": _TEXT},
    "email_list": {"id": uuid},
    "ip": {"ip": network},
    "ip_list": {"id": uuid},
    "group": {"id": uuid},
    "geo": {"country_code": _country},
    "any_valid_service_token": {},
    "service_token": {"token_id": uuid},
    "certificate": {},
    "common_name": {"common_name": _TEXT},
    "auth_method": {"auth_method": _TEXT},
    "auth_context": {"id": _TEXT, "ac_id": _TEXT, "identity_provider_id": _TEXT},
    "login_method": {"id": uuid},
    "azureAD": {"id": _TEXT, "identity_provider_id": _TEXT},
    "github-organization": {"identity_provider_id": _TEXT, "name": _TEXT, "team?": text()},
    "gsuite": {"email": _TEXT, "identity_provider_id": _TEXT},
    "okta": {"name": _TEXT, "identity_provider_id": _TEXT},
    "saml": {"attribute_name": _TEXT, "attribute_value": _TEXT, "identity_provider_id": _TEXT},
    "oidc": {"claim_name": _TEXT, "claim_value": _TEXT, "identity_provider_id": _TEXT},
    "device_posture": {"integration_uid": _TEXT, "account_id?": text()},
    "external_evaluation": {"evaluate_url": _TEXT, "keys_url": _TEXT},
    "linked_app_token": {"app_uid": uuid},
    "user_risk_score": {"user_risk_score": listing(choice(("low", "medium", "high", "unscored")))},
    "cloudflare_account_member": {"account_id?": text()},
}

_REFERRING = {
    "group": ("id", "access_group"),
    "login_method": ("id", "identity_provider"),
    "service_token": ("token_id", "service_token"),
    "linked_app_token": ("app_uid", "app"),
}

_WORDING = {
    "access_group": "access group",
    "identity_provider": "identity provider",
    "service_token": "service token",
    "app": "application",
}


def checked_rules(call: Call, body: Object, where: str = "") -> Object:
    """Validate the rule lists of a body; raises ApiError 400/12130 for the first error."""
    return {name: _checked_list(call, body, name, where) for name in RULE_LISTS}


def rule_elements(rules: Object) -> list[Object]:
    """All elements of the rule lists of a stored object."""
    return [element for name in RULE_LISTS for element in rules.get(name, ())]


def references(rules: Object) -> Iterator[Reference]:
    """The objects that the rules of a stored object refer to, as (kind, key)."""
    for element in rule_elements(rules):
        yield from _references(element)


def reference_index(kind: str) -> Index:
    """An index of the objects of a kind by the references of their rules."""
    return Index(kind, "refers", lambda one: set(references(one)))


def refuse_if_referred(store: Store, kind: str, key: str) -> None:
    """Raise ApiError 409 if a rule refers to the object.

    Unrecorded: that clients have to order deletions.
    """
    for referrer in ("policy", "access_group"):
        for one in store.find(referrer, "refers", (kind, key)):
            # An inline policy is deleted together with its application.
            if one.get("app_id") != key:
                raise conflict(f"{_WORDING[kind]} is used by {one['id']}")


def uses_linked_app(rules: Object) -> bool:
    """Whether a rule has the selector `linked_app_token`."""
    return any(kind == "app" for kind, _ in references(rules))


def _checked_list(call: Call, body: Object, name: str, where: str) -> list[Object]:
    given = body.get(name)
    if given is None:
        return []
    if not isinstance(given, list):
        raise invalid(f"'{name}' must be an array")
    return [
        _checked(call, element, name, f"{where}{name}[{place}].")
        for place, element in enumerate(given)
    ]


def _checked(call: Call, element: Any, name: str, where: str) -> Object:
    if not isinstance(element, dict):
        raise invalid(f"invalid '{name}' configuration: each rule must be an object")
    strange = [key for key in element if key not in SELECTORS and call.holds(where + key)]
    if strange and len(strange) == len(element):
        return element
    selectors = [key for key in element if key not in strange]
    if len(selectors) != 1:
        raise invalid(f"invalid '{name}' configuration: each rule must have exactly one selector")
    (key,) = selectors
    if key not in SELECTORS:
        raise invalid(f"invalid '{name}' configuration: unknown selector {key[:60]}")
    if not isinstance(element[key], dict):
        raise invalid(f"invalid '{name}' configuration: {key} must be an object")
    rule = {key: _members(call, element[key], key, name, where)}
    for kind, target in _references(rule):
        if call.store.get(kind, target) is None:
            raise invalid(f"invalid '{name}' configuration: {_WORDING[kind]} not found")
        if kind == "access_group":
            refuse_just_made(call, kind, target, f"invalid '{name}' configuration: ")
    return {**{key: element[key] for key in strange}, **rule}


def _members(call: Call, inner: Object, key: str, name: str, where: str) -> Object:
    checks = SELECTORS[key]
    described = {member.rstrip("?") for member in checks}
    strange = [member for member in inner if member not in described]
    return call.foreign(inner, strange, f"{where}{key}.") | {
        member.rstrip("?"): _member(check, inner[member.rstrip("?")], f"{key}.{member}", name)
        for member, check in checks.items()
        if not _absent(inner, member, key, name)
    }


def _absent(inner: Object, member: str, key: str, name: str) -> bool:
    if inner.get(member.rstrip("?")) is not None:
        return False
    if not member.endswith("?"):
        raise invalid(f"invalid '{name}' configuration: {key}.{member} is required")
    return True


def _member(check: Check, value: Any, path: str, name: str) -> Any:
    try:
        return check(value)
    except FieldError as bad:
        raise _wrong(path, name, bad) from bad


def _wrong(path: str, name: str, bad: FieldError) -> ApiError:
    return invalid(f"invalid '{name}' configuration: {path.rstrip('?')} {bad}")


def _references(element: Object) -> Iterator[Reference]:
    for key, inner in element.items():
        if key in _REFERRING:
            member, kind = _REFERRING[key]
            yield kind, inner[member]
        if is_uuid(inner.get("identity_provider_id", "")):
            yield "identity_provider", inner["identity_provider_id"]
