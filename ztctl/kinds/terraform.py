"""Live objects as resources of Terraform's Cloudflare provider, version 5, and their import ids.

Names, attributes and ids: the provider's documentation, 5.22.0. What an object has and the provider
cannot state is dropped by the first apply there, and told. No attribute that may hold a secret is
among those that are written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ztctl.core.model.address import Address
from ztctl.core.model.canonical import fields_of
from ztctl.core.model.objects import Live, Values
from ztctl.kinds.access_application import AccessApplicationFields, ApplicationAttributes
from ztctl.kinds.common import STAMPS, items, text_of
from ztctl.kinds.terraform_names import BY_KIND, CONFIGURATION, TerraformNames

Raw = Mapping[str, Any]
_RULES = ("include", "exclude", "require")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_TUNNEL_DOMAIN = ".cfargotunnel.com"
# Attributes that a resource takes as they come from the API, by kind.
_PLAIN: Mapping[str, Collection[str]] = {
    "access_group": (),
    "access_policy": (
        *("decision", "session_duration", "approval_required", "approval_groups"),
        *("purpose_justification_required", "purpose_justification_prompt", "isolation_required"),
        *("mfa_config", "connection_rules"),
    ),
    "access_application": (
        *("type", "session_duration", "allowed_idps", "auto_redirect_to_identity"),
        *("app_launcher_visible", "logo_url", "custom_deny_message", "custom_deny_url"),
        *("custom_non_identity_deny_url", "custom_pages", "enable_binding_cookie"),
        *("http_only_cookie_attribute", "same_site_cookie_attribute", "path_cookie_attribute"),
        *("options_preflight_bypass", "cors_headers", "service_auth_401_redirect"),
        *("skip_interstitial", "allow_iframe", "allow_authenticate_via_warp"),
        *("read_service_tokens_from_header", "mfa_config"),
    ),
    "virtual_network": (),
    "private_route": ("network",),
    "dns_record": ("type", "proxied", "tags", "settings"),
}
# What the provider cannot state of an application's own policy, and more would enter without.
_NARROWING = (
    *("approval_required", "approval_groups"),
    *("purpose_justification_required", "isolation_required"),
)
_NOTHING: Sequence[Any] = (None, "", [], {}, False)
_DESTINATION = (
    *("type", "uri", "cidr", "hostname", "l4_protocol", "mcp_server_id", "port_range", "vnet_id"),
)
_ORIGIN_REQUEST = {
    "matchSNItoHost": "match_sn_ito_host",
    "noTLSVerify": "no_tls_verify",
    "http2Origin": "http2_origin",
    "caPool": "ca_pool",
    "tlsTimeout": "tls_timeout",
    "tcpKeepAlive": "tcp_keep_alive",
    **{
        name: _CAMEL.sub("_", name).lower()
        for name in (
            *("connectTimeout", "disableChunkedEncoding", "httpHostHeader", "originServerName"),
            *("keepAliveConnections", "keepAliveTimeout", "noHappyEyeballs", "proxyType"),
        )
    },
}
_ACCESS = {"required": "required", "teamName": "team_name", "audTag": "aud_tag"}
_COMPUTED = STAMPS | {
    *("id", "uid", "aud", "name", "tags", "comment", "policies", "precedence", "reusable"),
    *("app_count", "domain", "domain_type", "self_hosted_domains", "destinations", "account_id"),
    *_RULES,
    *("zone_id", "zone_name", "created_on", "modified_on", "comment_modified_on", "meta"),
    *("tags_modified_on", "proxiable", "locked", "content", "ttl", "deleted_at", "tunnel_name"),
    *("tunnel_id", "virtual_network_id", "virtual_network_name", "is_default_network"),
    *("is_default", "tun_type"),
}


@dataclass(frozen=True, slots=True)
class Named:
    """A place in a value that names another object: by its id, or another attribute.

    Attributes:
        id: the id, or the audience tag, of an object of the account.
        template: the text around it.
    """

    id: str
    template: str = "{}"


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource, and how Terraform imports it.

    Attributes:
        type: its type in the provider.
        of: the object; what is called so in Terraform may be several resources.
        ids: what others name it by, with the attribute that holds it.
        body: its attributes; ``Named`` where they name other objects.
        remarks: what Terraform's first apply would drop or change.
    """

    type: str
    of: Address
    import_id: str
    body: Mapping[str, Any]
    ids: Mapping[str, str]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Leaving:
    """A live object that Terraform is to take over.

    Attributes:
        address: what it is called in the files.
        bare: its values without the stack's mark.
        account: id of the account.
    """

    address: Address
    live: Live
    bare: Values
    account: str

    def resource(
        self,
        body: Raw,
        remarks: Sequence[str] = (),
        names: TerraformNames | None = None,
        **ids: str,
    ) -> Resource:
        """A resource of it; ``ids`` are what others name it by, by attribute.

        ``names`` are what it is called where it is only a part of the object.
        """
        called = names or BY_KIND[self.live.kind]
        zone = self.live.container.id if self.live.container is not None else ""
        id_ = self.live.owner if called.is_of_another else self.live.id
        import_id = called.import_id(self.account, id_, zone)
        made = _without_nothing(body)
        named = {value: name for name, value in ids.items() if value}
        return Resource(called.v5, self.address, import_id, made, named, tuple(remarks))

    def resources(self) -> Iterator[Resource]:
        """All resources of it; none for what the provider does not know."""
        make = _MAKERS.get(self.live.kind)
        if make is not None:
            yield from make(self)


def _group(one: Leaving) -> Iterator[Resource]:
    live, account = one.live, one.account
    rules, remarks = _rules(live.raw)
    body = {"account_id": account, "name": live.key, **rules}
    found = (*remarks, *_dropped(live, ()))
    yield one.resource(body, found, id=live.id)


def _policy(one: Leaving) -> Iterator[Resource]:
    live, account = one.live, one.account
    rules, remarks = _rules(live.raw)
    plain = _stated(live.raw, _PLAIN[live.kind])
    body = {"account_id": account, "name": live.key, **plain, **rules}
    if "session_duration" not in plain:
        remarks = (*remarks, "it has no session of its own: Terraform may make that 24h")
    found = (*remarks, *_dropped(live, _PLAIN[live.kind]))
    yield one.resource(body, found, id=live.id)


def _application(one: Leaving) -> Iterator[Resource]:
    live, account, raw = one.live, one.account, one.live.raw
    remarks: list[str] = []
    body = {
        "account_id": account,
        "name": live.name,
        "type": "self_hosted",
        "session_duration": "24h",
        **_stated(raw, _PLAIN[live.kind]),
        "destinations": [*_destinations(raw, remarks)],
        "policies": [*_attached(raw, remarks)],
        "tags": [*(one.bare.get("tags") or ())] or None,
    }
    found = (*remarks, *_dropped(live, _PLAIN[live.kind]))
    aud = ApplicationAttributes.of(live).aud
    yield one.resource(body, found, id=live.id, aud=aud)


def _destinations(raw: Raw, remarks: list[str]) -> Iterator[Raw]:
    listed = [it for it in raw.get("destinations") or () if isinstance(it, Mapping)]
    uris = raw.get("self_hosted_domains") or [raw.get("domain")]
    for item in listed or [{"type": "public", "uri": uri} for uri in uris if uri]:
        more = sorted(name for name, it in item.items() if name not in _DESTINATION and it)
        if more:
            what = item.get("uri") or item.get("type")
            remarks.append(f"the destination {what} has {', '.join(more)}, which is dropped")
        yield {name: item[name] for name in _DESTINATION if item.get(name)}


def _attached(raw: Raw, remarks: list[str]) -> Iterator[Raw]:
    """The policies by id; those of the application alone whole, as they are no resource."""
    found = [it for it in raw.get("policies") or () if isinstance(it, Mapping)]
    found.sort(key=lambda it: place if isinstance(place := it.get("precedence"), int) else 0)
    for at, policy in enumerate(found, start=1):
        place = policy.get("precedence") or at
        if policy.get("reusable", "decision" not in policy) is not False:
            yield {"id": Named(text_of(policy, "id")), "precedence": place}
            continue
        rules, more = _rules(policy)
        name = text_of(policy, "name")
        remarks += more
        remarks.append(
            f"the policy {name!r} is the application's own: imported, Terraform knows no id of it, "
            "and its first apply may make it anew"
        )
        plain = _stated(policy, ("decision", "connection_rules", "mfa_config"))
        held = _stated(policy, _PLAIN["access_policy"])
        narrowing = {key: it for key, it in held.items() if key in _NARROWING and it}
        if narrowing:
            words = ", ".join(narrowing)
            remarks.append(f"the provider has no {words} there: Terraform refuses this as it is")
        lost = sorted(held.keys() - plain.keys() - narrowing.keys())
        if lost:
            remarks.append(f"its {', '.join(lost)} cannot be stated there, and may be dropped")
        yield {"name": name, "precedence": place, **plain, **narrowing, **rules}


def _tunnel(one: Leaving) -> Iterator[Resource]:
    live, account = one.live, one.account
    body: Raw = {"account_id": account, "name": live.key, "config_src": "cloudflare"}
    yield one.resource(body, id=live.id)
    config = live.raw.get("config")
    if not isinstance(config, Mapping):
        return
    remarks: list[str] = []
    found: dict[str, Any] = {
        "ingress": [_rule(it, remarks) for it in config.get("ingress") or ()],
        "origin_request": _origin_request(config.get("originRequest"), "the tunnel", remarks),
    }
    for key, value in config.items():
        off = key == "warp-routing" and not (isinstance(value, Mapping) and value.get("enabled"))
        if key not in ("ingress", "originRequest") and value and not off:
            remarks.append(f"`{key}` cannot be stated there: the first apply drops it")
    made = _without_nothing(found)
    body = {"account_id": account, "tunnel_id": Named(live.id), "config": made}
    yield one.resource(body, remarks, CONFIGURATION)


def _rule(rule: Any, remarks: list[str]) -> Raw:
    raw: Raw = rule if isinstance(rule, Mapping) else {}
    host = text_of(raw, "hostname") or "the last rule"
    settings = _origin_request(raw.get("originRequest"), host, remarks)
    plain = {name: raw.get(name) or None for name in ("hostname", "path", "service")}
    return _without_nothing({**plain, "origin_request": settings})


def _origin_request(raw: Any, whose: str, remarks: list[str]) -> dict[str, Any] | None:
    given: Raw = raw if isinstance(raw, Mapping) else {}
    found: dict[str, Any] = {}
    for name, value in given.items():
        if name == "access" and isinstance(value, Mapping):
            found["access"] = {
                ours: [Named(str(it)) for it in items(value, name)]
                if name == "audTag"
                else value[name]
                for name, ours in _ACCESS.items()
                if value.get(name) is not None
            }
            lost = sorted(
                f"access.{it}" for it, held in value.items() if it not in _ACCESS and held
            )
        else:
            known = name in _ORIGIN_REQUEST
            lost = [name] if not known and value not in _NOTHING else []
            if known and value is not None:
                found[_ORIGIN_REQUEST[name]] = value
        remarks += (f"{whose}: `{it}` cannot be stated: the first apply drops it" for it in lost)
    return found or None


def _record(one: Leaving) -> Iterator[Resource]:
    raw, zone = one.live.raw, one.live.container
    if zone is None:
        return
    content = text_of(raw, "content")
    tunnel, found, rest = content.partition(_TUNNEL_DOMAIN)
    settings = {name: it for name, it in (raw.get("settings") or {}).items() if it}
    body = {
        "zone_id": zone.id,
        "name": one.live.name,
        **_stated(raw, ("type", "proxied")),
        "content": Named(tunnel, "{}" + _TUNNEL_DOMAIN) if found and not rest else content,
        "ttl": 1 if raw.get("proxied") else raw.get("ttl"),
        "comment": one.bare.get("comment") or None,
        "tags": raw.get("tags") or None,
        "settings": settings or None,
    }
    remarks = _dropped(one.live, _PLAIN[one.live.kind])
    yield one.resource(body, remarks)


def _ca(one: Leaving) -> Iterator[Resource]:
    yield one.resource({"account_id": one.account, "app_id": Named(one.live.owner)})


def _network(one: Leaving) -> Iterator[Resource]:
    live, comment = one.live, one.bare.get("comment") or None
    body = {"account_id": one.account, "name": live.name, "comment": comment}
    yield one.resource(body, _dropped(live, ()), id=live.id)


def _route(one: Leaving) -> Iterator[Resource]:
    live, raw = one.live, one.live.raw
    ends = ("tunnel_id", "virtual_network_id")
    named = {name: Named(text_of(raw, name)) for name in ends if raw.get(name)}
    body = {"account_id": one.account, "network": text_of(raw, "network"), **named}
    body["comment"] = one.bare.get("comment") or None
    yield one.resource(body, _dropped(live, ("network",)))


_Maker = Callable[[Leaving], Iterator[Resource]]
_MAKERS: Mapping[str, _Maker] = {
    "access_group": _group,
    "access_policy": _policy,
    "access_application": _application,
    "tunnel": _tunnel,
    "dns_record": _record,
    "ca_key": _ca,
    "virtual_network": _network,
    "private_route": _route,
}


def _rules(raw: Raw) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The rules, spelt as the provider does; what it does not know is written, and refused there.

    Left out, a rule could let more people in.
    """
    found: dict[str, Any] = {}
    remarks: list[str] = []
    for name in _RULES:
        listed = [_selector(item, remarks) for item in raw.get(name) or ()]
        if listed:
            found[name] = listed
    return found, tuple(remarks)


def _selector(item: Any, remarks: list[str]) -> Any:
    if not isinstance(item, Mapping):
        remarks.append("one of its rules is of a form that Terraform does not know")
        return {"unknown": str(item)}
    made = {}
    for name, inner in item.items():
        spelt = _SELECTORS.get(name, name.replace("-", "_"))
        if spelt not in _KNOWN:
            remarks.append(f"the provider has no rule `{name}`: Terraform refuses this as it is")
        made[spelt] = inner
        if isinstance(inner, Mapping):
            # A member of whatever kind may narrow the rule.
            made[spelt] = {
                key: Named(value) if key == "id" and isinstance(value, str) else value
                for key, value in inner.items()
                if value not in _NOTHING
            }
    return made


_SELECTORS = {"azureAD": "azure_ad", "github-organization": "github_organization"}
_KNOWN = frozenset(
    {
        *("any_valid_service_token", "auth_context", "auth_method", "azure_ad", "certificate"),
        *("cloudflare_account_member", "common_name", "device_posture", "email", "email_domain"),
        *("email_list", "everyone", "external_evaluation", "geo", "github_organization", "group"),
        *("gsuite", "ip", "ip_list", "linked_app_token", "login_method", "oidc", "okta", "saml"),
        *("service_token", "user_risk_score"),
    }
)


def _stated(raw: Raw, names: Collection[str]) -> dict[str, Any]:
    return {name: raw[name] for name in names if raw.get(name) not in (None, "", [], {})}


def _without_nothing(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


def _dropped(live: Live, names: Collection[str]) -> tuple[str, ...]:
    """What the object has, and no attribute that is written holds; by name alone."""
    fields = fields_of(AccessApplicationFields) if live.kind == "access_application" else {}
    more: Sequence[str] = sorted(
        name
        for name, value in live.raw.items()
        if name not in names
        and name not in _COMPUTED
        and value not in _NOTHING
        and not (name in fields and fields[name].default == value)
    )
    return (f"{', '.join(more)}: not written here; look before the first apply",) if more else ()
