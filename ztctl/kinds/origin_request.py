"""Settings of connections to an origin: cloudflared's ``originRequest``.

Keys, types and defaults: cloudflared 2026.8.2 and Cloudflare's OpenAPI description (July 2026).
Durations are integer seconds in the API, but strings in cloudflared's own file. Nulls and empty
objects in a reply count as absent.

A rule inherits each setting of its tunnel that it leaves out. One that it has wins, ``false`` and
an empty text included (cloudflared 2026.8.2, package ``ingress``, ``setConfig``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic.alias_generators import to_camel

from ztctl.core.model.canonical import fields_of
from ztctl.core.model.identity import Fields
from ztctl.core.model.markers import KeepsEmpty, RefersTo, Unordered
from ztctl.kinds.carry import Lists, lists_of
from ztctl.kinds.common import Cidr, Flag, Inside, Seconds, invalid, seconds

Audience = Annotated[Any, RefersTo("access_application", attribute="aud")]
Port = Annotated[int, Field(ge=1, le=65535)]
Text = Annotated[str | None, KeepsEmpty()]


class Access(Fields):
    """The connector's own check of the Access token."""

    required: Inside = True
    team_name: str | None = None
    """The Zero Trust team; read from the organisation when left out."""
    aud_tag: Annotated[list[Audience], Unordered()]
    """Applications of the file whose tokens are taken, or `{id: AUD}`."""

    @model_validator(mode="before")
    @classmethod
    def _is_required(cls, value: Any) -> Any:
        # cloudflared verifies tokens only if `required` is true, so that it must be sent.
        return {"required": True, **value} if isinstance(value, Mapping) else value


class IpRule(Fields):
    """Where a SOCKS proxy may connect to."""

    prefix: Cidr
    ports: list[Port] | None = None
    allow: Inside = None


class OriginRequest(Fields):
    """How the connector reaches the origin."""

    connect_timeout: Seconds | None = None
    tls_timeout: Seconds | None = None
    tcp_keep_alive: Seconds | None = None
    keep_alive_timeout: Seconds | None = None
    keep_alive_connections: Annotated[int | None, Field(ge=0)] = None
    no_happy_eyeballs: Flag | None = None
    match_sni_to_host: Flag | None = None
    no_tls_verify: Flag | None = None
    disable_chunked_encoding: Flag | None = None
    http2_origin: Flag | None = None
    http_host_header: Text = None
    origin_server_name: Text = None
    ca_pool: Text = None
    proxy_type: Annotated[Literal["", "socks"] | None, KeepsEmpty()] = None
    bastion_mode: Flag | None = None
    """Let the client choose the destination, whatever address the service is."""
    ip_rules: list[IpRule] | None = None
    """Only for the service `socks-proxy`, and only those of the rule itself."""
    access: Access | None = None

    @model_validator(mode="after")
    def _audience(self) -> OriginRequest:
        if self.access is not None and self.access.required and not self.access.aud_tag:
            text = "access is required, but no audience is named, which lets nobody in"
            hint = "list applications under aud_tag, or write `access: true` on the rule"
            raise invalid(self, text, hint)
        return self


_API = {
    **{name: to_camel(name) for name in OriginRequest.model_fields},
    "match_sni_to_host": "matchSNItoHost",
    "no_tls_verify": "noTLSVerify",
}
_ACCESS = {name: to_camel(name) for name in Access.model_fields}
_NOT_INHERITED = frozenset({"access", "ip_rules"})
# What a flag or text is where neither the rule nor its tunnel states it.
_UNSET_AS: Mapping[type, Any] = {bool: False, str: ""}


def own_settings(values: Any, inherited: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that differ from the inherited ones, so that one meaning has one form.

    ``access`` and ``ip_rules`` are not inherited, or to no effect.
    """
    stated = values if isinstance(values, Mapping) else {}
    return {
        name: item
        for name, item in stated.items()
        if name in _NOT_INHERITED or item != inherited.get(name, _UNSET_AS.get(type(item)))
    }


def effective(values: Any, inherited: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a rule as cloudflared uses them: its own, else those of its tunnel."""
    general = {name: item for name, item in inherited.items() if name not in _NOT_INHERITED}
    return {**general, **(values or {})}


def restated(
    values: Any, former: Mapping[str, Any], inherited: Mapping[str, Any]
) -> dict[str, Any]:
    """The own settings with which a rule stays as it was, where its tunnel gets others.

    A number that nothing stated cannot be taken back.
    """
    kept = effective(values, former)
    unset = {name: _UNSET_AS.get(type(item)) for name, item in inherited.items()}
    off = {name: item for name, item in unset.items() if item is not None}
    return own_settings({**off, **kept}, inherited)


def to_api(values: Any) -> dict[str, Any]:
    """Convert canonical settings for the API."""
    return _renamed(values, _API, _ACCESS)


# Rules of addresses look the same in the file and in the API.
LISTS: Lists = {_API[name]: it for name, it in lists_of(fields_of(OriginRequest)).items()}


def from_api(raw: Any) -> dict[str, Any]:
    """Convert settings of a reply; keys without a field are left out."""
    return _renamed(raw, _inverted(_API), _inverted(_ACCESS))


_IN_SECONDS = frozenset(
    name for name, spec in fields_of(OriginRequest).items() if seconds in spec.normalise
)


def to_file(values: Any) -> Any:
    """Canonical settings as a file states them: seconds with their unit."""
    if not isinstance(values, Mapping):
        return values
    return {
        name: f"{item}s" if name in _IN_SECONDS and type(item) is int else item
        for name, item in values.items()
    }


def _renamed(values: Any, names: Mapping[str, str], access: Mapping[str, str]) -> dict[str, Any]:
    if not isinstance(values, Mapping):
        return {}
    found = {names[key]: item for key, item in values.items() if key in names and item is not None}
    inner = found.pop("access", None)
    if isinstance(inner, Mapping):
        renamed = {access[key]: item for key, item in inner.items() if key in access}
        found["access"] = {key: item for key, item in renamed.items() if item is not None}
    return found


def _inverted(names: Mapping[str, str]) -> dict[str, str]:
    return {value: key for key, value in names.items()}
