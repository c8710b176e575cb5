"""Script files: a sandbox's configuration and faults in one JSON file, to reproduce a failure.

All members are optional. Every unknown or invalid member is reported with its path.

| member | value |
|---|---|
| `zones` | list of names, or of `{name, plan, status}` (plan `free`, `pro`, `business`, `enterprise`; status `initializing`, `pending`, `active`, `moved`) |
| `settings` | `{awkward, detached_calls, new_zone_calls, new_policy_calls, zone_access_listed, zone_access_enforced, keeps_omitted, counts_identical, quotas, rate_limit, latency}`: see `ztctl.sandbox.settings` |
| `settings.rate_limit` | null, or `{calls, window, block, body, per_second, headers, retry_after}`: see `ztctl.sandbox.rate_limit` |
| `settings.latency` | null; seconds; or an object with `distribution`: `fixed` with `seconds`, `uniform` with `low`, `high`, `seed`, `lognormal` with `median`, `sigma`, `seed` |
| `tokens` | list of `{token, permissions, account_owned, name, email, dashboard, expires_on}`: see `ztctl.sandbox.tokens.Holder`; if there are any, other tokens are rejected |
| `faults` | list of `{kind, method, path, nth, times, status, body, headers, seconds}`: see `ztctl.sandbox.faults` (`times` null: no limit) |
| `lag` | seconds until the edge sees a write, by kind of object, or `*` for every kind |
| `assume_connectors` | true: the edge treats every tunnel that is not deleted as if a connector ran |
| `connectors` | list of tunnel ids or names; each starts one more connector |
"""  # noqa: E501 - a table's row is one line

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from ztctl.sandbox.export import KINDS
from ztctl.sandbox.faults import Kind, scripted
from ztctl.sandbox.latency import LONGEST, Fixed, Lognormal, Uniform
from ztctl.sandbox.messages import Object
from ztctl.sandbox.rate_limit import BodyKind, HeaderKind, RateLimit
from ztctl.sandbox.reading import (
    WRONG,
    Reader,
    Unreadable,
    flag,
    list_of,
    map_of,
    number,
    one_of,
    optional,
    parsed,
    read,
    record,
    text,
    whole,
    wrong,
)
from ztctl.sandbox.seeds import Plan, Status, ZoneSeed
from ztctl.sandbox.settings import Settings

if TYPE_CHECKING:
    from ztctl.sandbox.service import Sandbox

LARGEST = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class TokenSeed:
    """An initial API token. The secret is not in the repr."""

    token: str = field(repr=False)
    permissions: tuple[str, ...]
    account_owned: bool = False
    name: str = ""
    email: str = ""
    dashboard: bool = False
    expires_on: str = ""

    def define(self, sandbox: Sandbox) -> None:
        """Define it in a sandbox."""
        known = ("account_owned", "name", "email", "dashboard", "expires_on")
        sandbox.define_token(
            self.token, self.permissions, **{name: getattr(self, name) for name in known}
        )


@dataclass(frozen=True, slots=True)
class Script:
    """Content of a script file. `faults` are keyword arguments of `Faults.add`."""

    zones: tuple[ZoneSeed, ...] = ()
    settings: Settings = field(default_factory=Settings)
    tokens: tuple[TokenSeed, ...] = ()
    faults: tuple[Object, ...] = ()
    lag: dict[str, float] = field(default_factory=dict)
    assume_connectors: bool = False
    connectors: tuple[str, ...] = ()

    def play(self, sandbox: Sandbox) -> None:
        """Apply tokens, faults, lag and connectors to a sandbox that has the zones and settings.

        Raises Unreadable for connectors of unknown tunnels; the sandbox is unchanged then.
        """
        tunnels = _tunnels(sandbox, self.connectors)
        for token in self.tokens:
            token.define(sandbox)
        for fault in self.faults:
            sandbox.faults.add(**fault)
        for kind, seconds in self.lag.items():
            sandbox.edge.lag(kind, seconds)
        if self.assume_connectors:
            sandbox.edge.assume_connectors = True
        for tunnel in tunnels:
            sandbox.connect(tunnel)


def load(path: Path) -> Script:
    """Load a script file. Raises Unreadable (a ValueError) if it is invalid, OSError."""
    with path.open("rb") as file:
        return loads(file.read(LARGEST + 1))


def loads(raw: bytes) -> Script:
    """Load the content of a script file. Raises Unreadable (a ValueError) if it is invalid."""
    if len(raw) > LARGEST:
        raise Unreadable([f"larger than {LARGEST // 1024 // 1024} MB"])
    script: Script = read(parsed(raw), SCRIPT)
    return script


def latency(value: Any, where: str, problems: list[str]) -> Any:
    """A latency: a number of seconds, or an object with `distribution` and its parameters."""
    if not isinstance(value, dict):
        seconds = number(0, LONGEST)(value, where, problems)
        return WRONG if seconds is WRONG else Fixed(seconds)
    place = f"{where}.distribution" if where else "distribution"
    name = one_of(*DISTRIBUTIONS)(value.get("distribution"), place, problems)
    if name is WRONG:
        return WRONG
    rest = {member: one for member, one in value.items() if member != "distribution"}
    return DISTRIBUTIONS[name](rest, where, problems)


def _matching(what: str, form: str) -> Reader:
    def reader(value: Any, where: str, problems: list[str]) -> Any:
        if isinstance(value, str) and re.fullmatch(form, value):
            return value
        return wrong(where, f"must be {what}", problems)

    return reader


def _zone(value: Any, where: str, problems: list[str]) -> Any:
    if isinstance(value, str):
        return _zone({"name": value}, where, problems)
    return ZONE(value, where, problems)


def _fault(**script: Any) -> Object:
    scripted(**script)
    return script


def _fault_body(value: Any, where: str, problems: list[str]) -> Any:
    if value is None or isinstance(value, str | dict):
        return value
    return wrong(where, "must be a text, an object or null", problems)


def _lag(value: Any, where: str, problems: list[str]) -> Any:
    made = map_of(number(0, LONGEST))(value, where, problems)
    unknown = [name for name in value if name not in LAG_KINDS] if made is not WRONG else []
    for name in unknown:
        wrong(where, f"there is no kind {name[:64]!r}; known are {', '.join(LAG_KINDS)}", problems)
    return WRONG if unknown else made


def _tunnels(sandbox: Sandbox, wanted: tuple[str, ...]) -> list[str]:
    with sandbox.session() as state:
        tunnels = [one for one in state.store.all("tunnel") if one["deleted_at"] is None]
    # Ids come last: a name that is the id of another tunnel must not hide that.
    ids = {one[member]: one["id"] for member in ("name", "id") for one in tunnels}
    missing = [
        f"connectors[{at}]: there is no tunnel of that id or name"
        for at, name in enumerate(wanted)
        if name not in ids
    ]
    if missing:
        raise Unreadable(missing)
    return [ids[name] for name in wanted]


SECONDS = number(0, LONGEST)
SEED = whole(-(2**31))
DISTRIBUTIONS: dict[str, Reader] = {
    "fixed": record(Fixed, {"seconds": SECONDS}, ("seconds",)),
    "uniform": record(Uniform, {"low": SECONDS, "high": SECONDS, "seed": SEED}, ("low", "high")),
    "lognormal": record(
        Lognormal, {"median": SECONDS, "sigma": number(0, 10), "seed": SEED}, ("median",)
    ),
}
ZONE = record(
    ZoneSeed,
    {"name": text, "plan": one_of(*get_args(Plan)), "status": one_of(*get_args(Status))},
    ("name",),
)
RATE_LIMIT = record(
    RateLimit,
    {
        "calls": whole(1),
        "window": whole(1),
        "block": whole(1),
        "body": one_of(*get_args(BodyKind)),
        "per_second": optional(whole(1)),
        "headers": one_of(*get_args(HeaderKind)),
        "retry_after": flag,
    },
)
SETTING: dict[str, Reader] = {
    "awkward": flag,
    "detached_calls": whole(0),
    "new_zone_calls": whole(0),
    "new_policy_calls": whole(0),
    "zone_access_listed": flag,
    "zone_access_enforced": flag,
    "keeps_omitted": flag,
    "counts_identical": flag,
    "quotas": flag,
    "rate_limit": optional(RATE_LIMIT),
    "latency": optional(latency),
}
TOKEN = record(
    TokenSeed,
    {
        "token": _matching("a text without spaces", "[!-~]+"),
        "permissions": list_of(text),
        "account_owned": flag,
        "name": text,
        "email": text,
        "dashboard": flag,
        "expires_on": text,
    },
    ("token", "permissions"),
)
FAULT = record(
    _fault,
    {
        "kind": one_of(*get_args(Kind)),
        "method": optional(_matching("a method such as GET", "[A-Za-z]+")),
        "path": text,
        "nth": whole(1),
        "times": optional(whole(1)),
        "status": whole(200, 599),
        "body": _fault_body,
        "headers": map_of(text),
        "seconds": SECONDS,
    },
)
LAG_KINDS = ("*", *KINDS.values())
SCRIPT = record(
    Script,
    {
        "zones": list_of(_zone),
        "settings": record(Settings, SETTING),
        "tokens": list_of(TOKEN),
        "faults": list_of(FAULT),
        "lag": _lag,
        "assume_connectors": flag,
        "connectors": list_of(text),
    },
)
