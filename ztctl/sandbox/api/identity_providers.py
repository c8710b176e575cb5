"""Identity providers.

Source: official Python SDK and Cloudflare OpenAPI description, July 2026 (types, the members of
each type's `config`, SCIM; its secret is shown once, when SCIM is enabled). Recorded: `uid`,
`version` and `config.redirect_url`, no `scim_config` unless SCIM was set up; secrets in `config`
can be written and never read. Quoted by others: there is one one-time PIN. Terraform provider's
tests: a provider is deleted although an application allows it. Unrecorded: that secrets are omitted
in responses, that the one-time PIN of a new account has an empty name, that `type` cannot be
changed, that a provider that a rule names is not deleted (409).
Not emulated: the identity providers themselves; the endpoints of SCIM users and groups; SAML
certificates; renewing the SCIM secret.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ztctl.sandbox.api.lookups import found
from ztctl.sandbox.api.quotas import check_room
from ztctl.sandbox.api.rules import refuse_if_referred
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import Refusal, conflict, invalid
from ztctl.sandbox.fields import Check, Field, Shape, anything, choice, flag, listing, mapping, text
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.paging import PAGING, Sizes, paged
from ztctl.sandbox.permissions import ORGANISATION
from ztctl.sandbox.routing import Family, Route
from ztctl.sandbox.store import Index

PATH = "/accounts/{account_id}/access/identity_providers"
ONE = PATH + "/{idp_id}"
SIZES = Sizes(200)
UNKNOWN = Refusal(404, 12135, "access.api.error.not_found")
SECRETS = ("client_secret",)

_TEXT = text()
_OAUTH: dict[str, Check] = {"client_id": _TEXT, "client_secret": _TEXT}
_CLAIMS: dict[str, Check] = {**_OAUTH, "claims": listing(_TEXT), "email_claim_name": _TEXT}

CONFIGS: dict[str, dict[str, Check]] = {
    "onetimepin": {},
    "azureAD": {
        **_CLAIMS,
        "azure_cloud": _TEXT,
        "conditional_access_enabled": flag,
        "directory_id": _TEXT,
        "prompt": choice(("login", "select_account", "none")),
        "support_groups": flag,
    },
    "saml": {
        "attributes": listing(_TEXT),
        "email_attribute_name": _TEXT,
        "enable_encryption": flag,
        "force_authn": flag,
        "header_attributes": listing(mapping({"attribute_name": _TEXT, "header_name": _TEXT})),
        "idp_public_certs": listing(_TEXT),
        "issuer_url": _TEXT,
        "max_sso_url_length": anything,
        "sign_request": flag,
        "sso_target_url": _TEXT,
    },
    "centrify": {**_CLAIMS, "centrify_account": _TEXT, "centrify_app_id": _TEXT},
    "facebook": _OAUTH,
    "github": _OAUTH,
    "google-apps": {
        **_CLAIMS,
        "apps_domain": _TEXT,
        "prompt": choice(("none", "consent", "select_account")),
        "use_login_hint": flag,
    },
    "google": _CLAIMS,
    "linkedin": _OAUTH,
    "oidc": {
        **_CLAIMS,
        "auth_url": _TEXT,
        "certs_url": _TEXT,
        "pkce_enabled": flag,
        "scopes": listing(_TEXT),
        "token_url": _TEXT,
    },
    "okta": {**_CLAIMS, "authorization_server_id": _TEXT, "okta_account": _TEXT},
    "onelogin": {**_CLAIMS, "onelogin_account": _TEXT},
    "pingone": {**_CLAIMS, "ping_env_id": _TEXT},
    "yandex": _OAUTH,
    "cloudflare": {"restrict_to_account_members": flag},
}
SHAPE = Shape(
    invalid,
    (
        Field("name", text(350), required=True),
        Field("type", choice(CONFIGS), required=True),
        Field("config", anything, required=True),
        Field("scim_config", anything),
    ),
)
SCIM = Shape(
    invalid,
    (
        Field("enabled", flag, False),
        Field("group_member_deprovision", flag, False),
        Field("identity_update_behavior", choice(("automatic", "reauth", "no_action"))),
        Field("seat_deprovision", flag, False),
        Field("user_deprovision", flag, False),
    ),
)


def _list(call: Call) -> Reply:
    providers = call.store.all("identity_provider")
    if call.switch("scim_enabled"):
        providers = [one for one in providers if _scim_on(one)]
    return paged(call, providers, SIZES, "identity_provider", _shown(call))


def _create(call: Call) -> Reply:
    provider = {"id": call.state.uuid(), **_written(call)}
    check_room(call, "identity_provider")
    if provider["type"] == "onetimepin" and _has_pin(call):
        raise conflict("a onetimepin connection already exists")
    return Reply(_stored(call, provider, {}), 201, "identity_provider")


def _get(call: Call) -> Reply:
    return Reply(_shown(call)(_found(call)), kind="identity_provider")


def _replace(call: Call) -> Reply:
    old = _found(call)
    provider = {"id": old["id"], **_written(call)}
    if provider["type"] != old["type"]:
        raise invalid("the type of an identity provider cannot be changed")
    return Reply(_stored(call, provider, old), kind="identity_provider")


def _delete(call: Call) -> Reply:
    key = _found(call)["id"]
    refuse_if_referred(call.store, "identity_provider", key)
    call.store.remove("identity_provider", key)
    return Reply({"id": key}, 202)


def _found(call: Call) -> Object:
    return found(call, "identity_provider", "idp_id", UNKNOWN)


def _has_pin(call: Call) -> bool:
    return any(one["type"] == "onetimepin" for one in call.store.all("identity_provider"))


def _written(call: Call) -> Object:
    provider = call.fields(SHAPE)
    provider["config"] = _config(call, provider["type"], provider["config"])
    if scim := _scim(call, provider.pop("scim_config", {})):
        provider["scim_config"] = scim
    return {**provider, "version": call.state.hex(32)}


def _config(call: Call, kind: str, given: Any) -> Object:
    if not isinstance(given, dict):
        raise invalid("config must be an object")
    shape = Shape(invalid, tuple(Field(name, check) for name, check in CONFIGS[kind].items()))
    config = call.read(shape, given, "config.")
    defaults = {"azure_cloud": "default"} if kind == "azureAD" else {}
    return {**defaults, **{name: config[name] for name in config if name not in SECRETS}}


def _scim(call: Call, given: Any) -> Object:
    if not isinstance(given, dict):
        raise invalid("scim_config must be an object")
    if not given:
        return {}
    scim = call.read(SCIM, given, "scim_config.")
    if scim["seat_deprovision"] and not scim["user_deprovision"]:
        raise invalid("seat_deprovision needs user_deprovision")
    return scim


def _stored(call: Call, provider: Object, old: Object) -> Object:
    """Store a provider; the result has the SCIM secret if SCIM has just been enabled."""
    scim = provider.get("scim_config")
    if scim:
        scim["scim_base_url"] = f"https://{_team(call)}/scim/{provider['id']}"
    call.store.put("identity_provider", provider["id"], provider)
    shown = _shown(call)(provider)
    if not scim or not _scim_on(provider) or _scim_on(old):
        return shown
    return {**shown, "scim_config": {**scim, "secret": call.state.hex(64)}}


def _shown(call: Call) -> Callable[[Object], Object]:
    """How providers are shown in this account."""
    redirect = {"redirect_url": f"https://{_team(call)}/cdn-cgi/access/callback"}
    return lambda one: {**one, "uid": one["id"], "config": {**one["config"], **redirect}}


def _team(call: Call) -> str:
    return str(call.store.all("organization")[0]["auth_domain"])


def _scim_on(provider: Object) -> bool:
    return bool(provider.get("scim_config", {}).get("enabled"))


FAMILY = Family(
    (
        Route("GET", PATH, _list, ORGANISATION, (*PAGING, "scim_enabled")),
        Route("POST", PATH, _create, ORGANISATION, write=True),
        Route("GET", ONE, _get, ORGANISATION),
        Route("PUT", ONE, _replace, ORGANISATION, write=True),
        Route("DELETE", ONE, _delete, ORGANISATION, write=True),
    ),
    (Index("app", "identity_provider", lambda app: app.get("allowed_idps") or ()),),
)
