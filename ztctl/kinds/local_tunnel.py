"""Locally managed tunnels: what is theirs alone.

The rules of such a tunnel stand in a file on its server, together with how its connector runs. The
account holds neither (cloudflared pushes a copy of the rules, for display), so that they are not
compared with anything live: `ztctl tunnel files` writes them. Keys and types: cloudflared 2026.8.2,
``cmd/cloudflared/tunnel/cmd.go``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.identity import Fields
from ztctl.core.model.lint import Code, warning
from ztctl.core.model.objects import Live, Values, Wanted
from ztctl.kinds.common import Duration, Flag, invalid

LOCAL = "local"
# Why a tunnel of ours is not replaced by one whose configuration is elsewhere, by what is wanted.
NOT_REPLACED = {
    LOCAL: "its configuration is in the account, and no file takes that over: take `config: local` "
    "out, or give the new tunnel another key",
    "cloudflare": "it is managed by a file on its host: write `config: local`, or move it to "
    "remote management by `ztctl tunnel migrate {key}`",
}
# The same for one that is live and not ours.
INSTEAD = (
    "write `config: local` where a file on its server configures it, and leave `config` out where "
    "the account does; or give this tunnel another key, and lead records to that one by "
    "`tunnel: {{live: {live}}}`, or delete it by hand"
)

_LISTENS = re.compile(r"([\w.-]*|\[[0-9A-Fa-f:.]+\]):(\d{1,5})", re.ASCII)
# cloudflared 2026.8.2, `cmd/cloudflared/tunnel/tag.go`.
_TAG = re.compile(r"[a-zA-Z0-9!#$%&'*+.^_`|~-]+=[ -~]+")


def _check_listening(value: Any) -> Any:
    found = _LISTENS.fullmatch(value) if isinstance(value, str) else None
    if found is None or int(found[2]) > 65535:
        raise invalid(value, "{value} is no address with a port", "write 127.0.0.1:20241")
    return value


def _check_tag(value: Any) -> Any:
    if not (isinstance(value, str) and _TAG.fullmatch(value)):
        raise invalid(value, "{value} is no tag", "write KEY=VALUE")
    return value


def _check_address(value: Any) -> Any:
    try:
        ip_address(value if isinstance(value, str) else "")
    except ValueError:
        raise invalid(value, "{value} is not an IP address", "write 192.0.2.7") from None
    return value


Level = Literal["debug", "info", "warn", "error", "fatal"]
Text = Annotated[str, Field(min_length=1, max_length=4096)]
# cloudflared takes zero for a number that is not stated.
Count = Annotated[int, Field(ge=1, le=10_000)]


class ConnectorFields(Fields):
    """How the connector of a locally managed tunnel runs: settings of its `config.yml`."""

    protocol: Literal["auto", "quic", "http2"] | None = None
    """`auto` where it is left out."""
    loglevel: Level | None = None
    """`info` where it is left out; `debug` writes tokens of users into the log."""
    transport_loglevel: Level | None = None
    logfile: Text | None = None
    """Wins over `log_directory`."""
    log_directory: Text | None = None
    metrics: Annotated[str, BeforeValidator(_check_listening)] | None = None
    """Where `/ready` answers, such as `127.0.0.1:20241`."""
    no_autoupdate: Flag | None = None
    """True where a package manager updates cloudflared."""
    autoupdate_freq: Duration | None = None
    edge_ip_version: Literal["auto", "4", "6"] | None = None
    edge_bind_address: Annotated[str, BeforeValidator(_check_address)] | None = None
    region: Text | None = None
    """Only `us` is documented."""
    grace_period: Duration | None = None
    """How long sessions may go on once it is told to stop; `30s` where it is left out."""
    retries: Count | None = None
    ha_connections: Count | None = None
    """`4` where it is left out."""
    pidfile: Text | None = None
    tags: list[Annotated[str, BeforeValidator(_check_tag)]] | None = None
    """`KEY=VALUE` each."""
    label: Text | None = None
    """How the dashboard calls the connector."""
    origincert: Text | None = None
    """Where `cert.pem` is; a connector does not need it."""
    post_quantum: Flag | None = None
    """By QUIC alone."""
    no_prechecks: Flag | None = None


def is_local(values: Values) -> bool:
    """Whether these are values of a locally managed tunnel."""
    return values.get("config") == LOCAL


def misplaced(wanted: Wanted) -> Iterator[Problem]:
    """Report settings and a copy of a server's file where the tunnel is managed remotely."""
    if wanted.local.get("config_file") and not is_local(wanted.values):
        yield Problem(
            f"{wanted.address}: `config_file` is of a locally managed tunnel, and this one is "
            "managed remotely",
            wanted.where,
            "write `config: local` beside it; what this one serves is read from the account",
        )
    if wanted.local.get("connector") and not is_local(wanted.values):
        yield Problem(
            f"{wanted.address}: `connector` is of a locally managed tunnel, and this one is "
            "managed remotely",
            wanted.where,
            "write `config: local` beside it; the connector of this one gets such settings as "
            "options (`ztctl tunnel service`)",
        )


def renamed(wanted: Wanted, live: Live, name: str, *, running: bool) -> Iterator[Problem]:
    """Warn that a tunnel gets another name, where a connector may look for it by the old one.

    cloudflared looks for a name in the credentials file first, which holds none in its usual form,
    and then asks the API by its `cert.pem`; an id is found in any case (2026.8.2, source).
    """
    if name == live.name or not (is_local(live.values) or running):
        return
    yield warning(
        Code.RENAMED_TUNNEL,
        f"{live.name!r} becomes {name!r}: a connector that looks for it by name (`tunnel: NAME` in "
        "its config.yml, `cloudflared tunnel run NAME`) does not start again",
        wanted.where,
        f"write its id there first: {live.id}",
        about=str(wanted.address),
    )
