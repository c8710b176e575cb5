"""Selectors of Access rules, and their conversion between the file and the API.

In the API each element of a rule list is an object with exactly one key, and holds one value.
Names and inner keys: Cloudflare's OpenAPI description and Python SDK 5.9.0 (July 2026).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BeforeValidator, Field, model_validator

from ztctl.core.model.canonical import fields_of
from ztctl.core.model.identity import Fields
from ztctl.core.model.markers import Normalised, RefersTo, Unordered
from ztctl.core.model.names import has_star_label
from ztctl.kinds.common import Cidr, OneOrMany, invalid, is_host, is_id, lower
from ztctl.kinds.countries import COUNTRIES, MEANT

Item = TypeVar("Item")
Many = Annotated[list[Item], OneOrMany(), Field(min_length=1)]

IDENTITY_PROVIDER = RefersTo("identity_provider", live_only=True)
Provider = Annotated[Any, IDENTITY_PROVIDER]


def _or_id(value: Any) -> Any:
    """An id alone is that of a live object, and not its name."""
    return {"id": value} if is_id(value) else value


EmailList = Annotated[Any, RefersTo("gateway_email_list", live_only=True), BeforeValidator(_or_id)]
IpList = Annotated[Any, RefersTo("gateway_ip_list", live_only=True), BeforeValidator(_or_id)]
PostureCheck = Annotated[Any, RefersTo("posture_check", live_only=True), BeforeValidator(_or_id)]


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _email(value: Any) -> Any:
    local, _, domain = value.partition("@") if isinstance(value, str) else ("", "", "")
    if domain and "*" in local:
        hint = f"a whole domain is `email_domain: {domain}`"
        raise invalid(value, "{value} is nobody's e-mail address: there are no wildcards", hint)
    if not local or any(map(str.isspace, local)) or not _is_mail_domain(domain):
        hint = "write ann@example.com; a whole domain is `email_domain: example.com`"
        raise invalid(value, "{value} is not an e-mail address", hint)
    return value


def _domain(value: Any) -> Any:
    text = value if isinstance(value, str) else ""
    if has_star_label(text) and _is_mail_domain(text[2:]):
        reason = "{value} is no mail domain: there are no wildcards"
        raise invalid(value, reason, f"write {text[2:]}, and each subdomain by itself")
    if not _is_mail_domain(text):
        raise invalid(value, "{value} is not a mail domain", "write example.com, without the @")
    return value


def _is_mail_domain(text: str) -> bool:
    return "*" not in text and is_host(text)


def _country(value: Any) -> Any:
    text = value.upper() if isinstance(value, str) else ""
    if text not in COUNTRIES:
        meant = MEANT.get(text)
        usual = "write the two letters of ISO 3166-1, such as PT"
        hint = f"did you mean {meant}?" if meant else usual
        raise invalid(value, "{value} is not a country code", hint)
    return value


def _name(value: Any) -> Any:
    if isinstance(value, str) and not value.strip():
        raise invalid(value, "{value} is empty, which nobody is called", "write it as it is there")
    return value


def _true(value: Any) -> Any:
    if value is not True:
        raise invalid(value, "this selector takes no value but true", "write `true`")
    return value


Email = Annotated[str, BeforeValidator(_email), Normalised(lower)]
Domain = Annotated[str, BeforeValidator(_domain), Normalised(lower)]
Country = Annotated[str, BeforeValidator(_country), Normalised(_upper)]
Yes = Annotated[bool, BeforeValidator(_true)]
Name = Annotated[str, BeforeValidator(_name)]


class Okta(Fields):
    """Members of an Okta group."""

    identity_provider: Provider
    """The identity provider, by name."""
    name: Many[Name]
    """The group's name."""


class GoogleWorkspace(Fields):
    """Members of a Google Workspace group."""

    identity_provider: Provider
    email: Many[Email]
    """The group's e-mail address."""


class AzureAd(Fields):
    """Members of a Microsoft Entra group."""

    identity_provider: Provider
    id: Many[Name]
    """The group's object id."""


class GithubOrganization(Fields):
    """Members of a GitHub organisation, or of one of its teams."""

    identity_provider: Provider
    name: Name
    team: Many[Name] | None = None


class Saml(Fields):
    """People with a SAML attribute of this value."""

    identity_provider: Provider
    attribute_name: Name
    attribute_value: Many[Name]


class Oidc(Fields):
    """People with an OIDC claim of this value."""

    identity_provider: Provider
    claim_name: Name
    claim_value: Many[Name]


class AuthContext(Fields):
    """An Entra authentication context."""

    identity_provider: Provider
    id: Name
    ac_id: Name


class ExternalEvaluation(Fields):
    """An answer of a service of your own."""

    evaluate_url: Name
    keys_url: Name


class Rule(Fields):
    """One test of a person or a device. A list of values means any of them."""

    everyone: Yes | None = None
    email: Many[Email] | None = None
    email_domain: Many[Domain] | None = None
    email_list: Many[EmailList] | None = None
    """A Zero Trust list of e-mail addresses, by name or id."""
    ip: Many[Cidr] | None = None
    ip_list: Many[IpList] | None = None
    """A Zero Trust list of addresses, by name or id."""
    country: Many[Country] | None = None
    """ISO 3166-1 alpha-2; `T1` is Tor, `XK` is Kosovo."""
    group: Many[Annotated[Any, RefersTo("access_group")]] | None = None
    """An Access group of the file, or `{live: NAME}`."""
    okta: Many[Okta] | None = None
    google_workspace: Many[GoogleWorkspace] | None = None
    azure_ad: Many[AzureAd] | None = None
    github_organization: Many[GithubOrganization] | None = None
    saml: Many[Saml] | None = None
    oidc: Many[Oidc] | None = None
    login_method: Many[Provider] | None = None
    """People who logged in by this identity provider. At the one-time PIN, anybody can."""
    auth_method: Many[Name] | None = None
    """An authentication method of RFC 8176, such as `mfa`."""
    auth_context: Many[AuthContext] | None = None
    any_valid_service_token: Yes | None = None
    service_token: Many[Annotated[Any, RefersTo("service_token", live_only=True)]] | None = None
    """Whoever holds the token; for `non_identity` only."""
    certificate: Yes | None = None
    """Any valid client certificate."""
    common_name: Many[Name] | None = None
    """The common name of a client certificate."""
    device_posture: Many[PostureCheck] | None = None
    """A device posture check, by name or id."""
    external_evaluation: Many[ExternalEvaluation] | None = None
    linked_app_token: Many[Annotated[Any, RefersTo("access_application")]] | None = None
    """People who hold a token of this application."""
    user_risk_score: (
        Annotated[list[Literal["low", "medium", "high", "unscored"]], OneOrMany(), Unordered()]
        | None
    ) = None
    cloudflare_account_member: Yes | None = None

    @model_validator(mode="after")
    def _one_selector(self) -> Rule:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            text = "each element holds exactly one selector; found {found}"
            hint = "begin every selector with its own dash"
            raise invalid(self, text, hint, found=", ".join(given) or "none")
        return self


# The API's key of a selector, where it is not the file's.
_RENAMED = {
    "azure_ad": "azureAD",
    "country": "geo",
    "github_organization": "github-organization",
    "google_workspace": "gsuite",
}
_FROM_API = {_RENAMED.get(name, name): name for name in Rule.model_fields}
# The key of a value that stands alone inside its API element.
_INNER = {
    "email": "email",
    "email_domain": "domain",
    "email_list": "id",
    "ip": "ip",
    "ip_list": "id",
    "country": "country_code",
    "group": "id",
    "login_method": "id",
    "auth_method": "auth_method",
    "service_token": "token_id",
    "common_name": "common_name",
    "device_posture": "integration_uid",
    "linked_app_token": "app_uid",
    "user_risk_score": "user_risk_score",
}
# Selectors whose API element is empty.
_EMPTY = frozenset(
    {"everyone", "any_valid_service_token", "certificate", "cloudflare_account_member"}
)
# The selectors whose API element holds a list itself.
_WHOLE = frozenset({"user_risk_score"})
# The beginning of a live rule that is not understood; the rule itself follows.
_UNKNOWN = "unknown selector "
_PROVIDER, _PROVIDER_ID = "identity_provider", "identity_provider_id"


def flattened(rules: Any) -> Any:
    """Split rules into one element a value. Idempotent; anything but a list is unchanged."""
    if not isinstance(rules, list | tuple):
        return rules
    return [element for rule in rules for element in _elements(rule)]


def _elements(rule: Any) -> Iterator[Any]:
    if not isinstance(rule, Mapping):
        yield rule
        return
    for name, given in rule.items():
        if given is None:
            continue
        for value in given if isinstance(given, list) and name not in _WHOLE else [given]:
            yield from ({name: single} for single in _combinations(value))


def _combinations(value: Any) -> Iterator[Any]:
    """Yield one object for each combination of an object's list values."""
    if not isinstance(value, Mapping):
        yield value
        return
    choices = [item if isinstance(item, list) else [item] for item in value.values()]
    for chosen in itertools.product(*choices):
        yield dict(zip(value, chosen, strict=True))


def count(rule: Mapping[str, Any]) -> int:
    """Number of API elements that one element of the file becomes."""
    return sum(1 for _ in _elements(rule))


def to_api(rules: Any) -> list[dict[str, Any]]:
    """Convert canonical rules for the API; references must be resolved."""
    return [_element_to_api(rule) for rule in rules or ()]


def _element_to_api(rule: Any) -> Any:
    if not isinstance(rule, Mapping):
        return json.loads(str(rule).removeprefix(_UNKNOWN))
    ((name, value),) = rule.items()
    if name in _EMPTY:
        inner = {}
    elif name in _INNER:
        inner = {_INNER[name]: value}
    else:
        inner = _stated(value, _PROVIDER, _PROVIDER_ID)
    return {_RENAMED.get(name, name): inner}


def _stated(fields: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    """Copy fields without empty ones, and rename one of them."""
    renamed = {new if key == old else key: item for key, item in fields.items()}
    return {key: item for key, item in renamed.items() if item is not None}


def from_api(rules: Any) -> list[Any]:
    """Convert rules of a reply to selectors of the file.

    An unknown element becomes a string: it must count as a difference and be shown, because it may
    admit somebody.
    """
    if not isinstance(rules, list):
        return []
    return [_element_from_api(element) for element in rules]


def _element_from_api(element: Any) -> Any:
    if not (isinstance(element, Mapping) and len(element) == 1):
        return _unknown(element)
    ((api, inner),) = element.items()
    name = _FROM_API.get(api)
    if name is None or not isinstance(inner, Mapping):
        return _unknown(element)
    if name in _EMPTY:
        return {name: True} if set(inner) <= {"account_id"} else _unknown(element)
    if name in _INNER:
        key = _INNER[name]
        return (
            {name: inner[key]} if key in inner and not _extra(inner, {key}) else _unknown(element)
        )
    stated = _stated(inner, _PROVIDER_ID, _PROVIDER)
    return _unknown(element) if _extra(stated, _members(name)) else {name: stated}


def _extra(inner: Mapping[str, Any], known: Collection[str]) -> bool:
    """Whether a live rule says more than is known of its selector."""
    return any(inner[item] for item in inner if item not in known and item != "account_id")


@cache
def _members(name: str) -> frozenset[str]:
    """The fields of a selector that has several."""
    element = fields_of(Rule)[name].element
    return frozenset(element.fields if element is not None else ())


def _unknown(element: Any) -> str:
    return f"{_UNKNOWN}{json.dumps(element, sort_keys=True, default=str)}"
