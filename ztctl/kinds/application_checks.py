"""What is wrong with an application's own fields, and with what it takes from others.

Two applications cannot have one domain at once (API error 11010), so that a domain which changes
hands is given up before it is taken. In between nobody decides for it: that is announced as an
interruption, and refused where the name would then be open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ztctl.core.allowances import Allowances, allowed
from ztctl.core.diagnostics import Problem
from ztctl.core.hostnames import meet
from ztctl.core.objects import Live, Values, Wanted
from ztctl.core.plan import Action, Change, Refusal
from ztctl.kinds.destinations import decides

# Public domains an application may have (Cloudflare documentation, account limits).
MOST_DOMAINS = 5


def mistakes(wanted: Wanted) -> Iterator[Problem]:
    """Domains that are none or too many, and settings that exclude each other."""
    values = wanted.values
    public = [item for item in values["destinations"] if isinstance(item, str)]
    if len(public) > MOST_DOMAINS:
        yield Problem(
            f"{wanted.address} has {len(public)} domains; the service takes {MOST_DOMAINS}",
            wanted.where,
            "share the names out over several applications, or use a wildcard",
        )
    for item in public:
        if "." not in item.partition("/")[0]:
            yield Problem(
                f"{wanted.address} needs a domain: {item!r} is none",
                wanted.where,
                "give it `domain:` or `destinations:`, or name it after its host",
            )
    if values["auto_redirect_to_identity"] and len(values["allowed_idps"]) != 1:
        yield Problem(
            f"{wanted.address} redirects to the identity provider, but does not name one",
            wanted.where,
            "auto_redirect_to_identity needs exactly one entry in allowed_idps",
        )
    if values["options_preflight_bypass"] and values.get("cors_headers"):
        yield Problem(
            f"{wanted.address} sets options_preflight_bypass and cors_headers, which exclude "
            "each other",
            wanted.where,
            "drop one of them",
        )


def takeover(
    change: Change,
    changes: Sequence[Change],
    live: Mapping[str, tuple[Live, ...]],
    allowances: Allowances,
) -> Iterator[Refusal]:
    """What stands against the domains that change hands by this change."""
    yield from _taken(change, live, changes)
    handed = _handed_over(change, changes)
    if handed and not allowed(change.address, allowances.interruption):
        yield Refusal(
            change.address,
            f"the next application can take {', '.join(sorted(handed))} only once this one has "
            "let go: nobody can enter for a moment",
            f"--allow-interruption {change.address}",
        )
    taken = {place.partition("/")[0] for place in handed}
    for name in sorted({place.partition("/")[0] for place in _given_up(change)}):
        # A name that changes hands does not wait for its old tunnel to stop serving it.
        closing = _closing(name, changes) if name not in taken else frozenset()
        yield from _left_open(change, name, closing, changes, live)


def _public(values: Values) -> frozenset[str]:
    return frozenset(item for item in values.get("destinations") or () if isinstance(item, str))


def _handed_over(change: Change, changes: Sequence[Change]) -> frozenset[str]:
    """The destinations that this change gives up and a change of this plan takes.

    A replaced application hands over to itself.
    """
    if change.live is None or change.action is Action.FORGET:
        return frozenset()
    replaces = change.action is Action.REPLACE
    given = _given_up(change)
    takers = (
        _public(other.written)
        for other in changes
        if other.address.kind == change.address.kind and (replaces or other is not change)
    )
    return given & frozenset[str]().union(*takers)


def _given_up(change: Change) -> frozenset[str]:
    """The destinations that this change takes its application away from, if only for a moment."""
    if change.live is None or change.action is Action.FORGET:
        return frozenset()
    had = _public(change.live.values)
    return had if change.action is Action.REPLACE else had - _public(change.written)


def _taken(
    change: Change, live: Mapping[str, tuple[Live, ...]], changes: Sequence[Change]
) -> Iterator[Refusal]:
    """Destinations that somebody else's application has: the API would refuse them."""
    wanted = _public(change.written)
    if not wanted:
        return
    if change.action is Action.DELETE:
        return
    own = change.live.id if change.live else None
    rivals = (other for other in live.get(change.address.kind, ()) if other.id != own)
    for other in rivals:
        for name in sorted(wanted & _public(other.values)):
            if not any(item.live is not None and item.live.id == other.id for item in changes):
                yield Refusal(
                    change.address,
                    f"{name} belongs to the application {other.name!r} ({other.id}): "
                    "take it out there first",
                )


def _left_open(
    change: Change,
    name: str,
    closing: frozenset[str],
    changes: Sequence[Change],
    live: Mapping[str, tuple[Live, ...]],
) -> Iterator[Refusal]:
    """What would lead to an origin once nobody decides for a name any more.

    Unknown is open: a tunnel whose configuration was not read, or is kept on its host, may serve
    everything. A record that goes in this plan goes first, and one that leads to another account
    is no door.
    """
    if _covered_meanwhile(change, name, live):
        return
    tunnels = {tunnel.id: tunnel for tunnel in live.get("tunnel", ())}
    going = {item.live.id for item in changes if item.live and item.action is Action.DELETE}
    for record in live.get("dns_record", ()):
        tunnel = tunnels.get(str(record.values.get("tunnel")).partition(".cfargotunnel.com")[0])
        if tunnel is None or record.id in going or not record.values.get("proxied"):
            continue
        closes = tunnel.id in closing
        if meet(record.name, name) and not closes and _may_serve(tunnel, name):
            yield Refusal(
                change.address,
                f"{name} would be open: the record {record.name!r} leads to the tunnel "
                f"{tunnel.name!r}, which {_serves_how(tunnel)}; remove the record first, or apply "
                "`access: true` on the tunnel's rule",
            )


def _closing(name: str, changes: Sequence[Change]) -> frozenset[str]:
    """The ids of the tunnels that stop serving a name in this plan."""
    return frozenset(
        change.live.id
        for change in changes
        if change.live is not None and change.address.kind == "tunnel"
        for step in change.steps
        if name in step.closes
    )


def _covered_meanwhile(change: Change, name: str, live: Mapping[str, tuple[Live, ...]]) -> bool:
    """True when another application decides for the whole name all the time."""
    assert change.live is not None
    return any(
        decides(place, name)
        for other in live.get(change.address.kind, ())
        if other.id != change.live.id
        for place in _public(other.values)
        if "/" not in place and "*" not in name
    )


def _may_serve(tunnel: Live, name: str) -> bool:
    return not tunnel.attribute("is_read") or _serves_without_access(tunnel, name)


def _serves_how(tunnel: Live) -> str:
    return "serves it without Access" if tunnel.attribute("is_read") else "may serve anything"


def _serves_without_access(tunnel: Live, name: str) -> bool:
    for rule in tunnel.values.get("ingress") or ():
        pattern = rule.get("hostname") or "*"
        if pattern == "*" or decides(name, pattern) or pattern == name:
            access = (rule.get("origin_request") or {}).get("access") or {}
            closed = access.get("required") and access.get("aud_tag")
            return not closed and not str(rule.get("service")).startswith("http_status")
    return False
