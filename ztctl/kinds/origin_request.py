"""Settings of connections to an origin: cloudflared's ``originRequest``.

Keys, types and defaults: cloudflared 2026.8.2 and Cloudflare's OpenAPI description (July 2026).
Durations are integer seconds in the API, but strings in cloudflared's own file. Nulls and empty
objects in a reply count as absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic.alias_generators import to_camel

from ztctl.core.model.identity import Fields
from ztctl.core.model.markers import RefersTo, Unordered, WriteOnly
from ztctl.kinds.common import Cidr, Inside, Seconds, invalid

Audience = Annotated[Any, RefersTo("access_application", attribute="aud")]
Port = Annotated[int, Field(ge=1, le=65535)]


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
    no_happy_eyeballs: Inside = None
    match_sni_to_host: Inside = None
    no_tls_verify: Inside = None
    disable_chunked_encoding: Inside = None
    http2_origin: Inside = None
    http_host_header: str | None = None
    origin_server_name: str | None = None
    ca_pool: str | None = None
    proxy_type: Literal["", "socks"] | None = None
    bastion_mode: Annotated[Inside, WriteOnly()] = None
    """Let the client choose the destination, whatever the service says. The API's description does
    not know it, so that it is sent and not compared: `service: bastion` is better."""
    ip_rules: Annotated[list[IpRule] | None, WriteOnly()] = None
    """Only for the service `socks-proxy`; sent and not compared, for the same reason."""
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


def to_api(values: Any) -> dict[str, Any]:
    """Convert canonical settings for the API."""
    return _renamed(values, _API, _ACCESS)


def from_api(raw: Any) -> dict[str, Any]:
    """Convert settings of a reply; keys without a field are dropped."""
    return _renamed(raw, _inverted(_API), _inverted(_ACCESS))


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
