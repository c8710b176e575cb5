"""Find what of an export the short form `hosts` says exactly, and put it there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ztctl.core.model.identity import HostPart
from ztctl.core.model.kind import Kind
from ztctl.core.model.names import to_ascii
from ztctl.core.model.objects import Live
from ztctl.documents.host_checks import OF_THE_APPLICATION
from ztctl.documents.host_ingress import rule_order

_OTHER_PARTS: Final = (HostPart.RECORD, HostPart.APPLICATION, HostPart.CA_KEY)
_RULE: Final = frozenset({"hostname", "service", "access"})
_LAUNCHER: Final = "app_launcher_visible"


@dataclass(slots=True)
class StatedEntry:
    """One object as a file states it.

    Attributes:
        comments: lines above it.
    """

    kind: Kind
    live: Live
    key: str
    fields: dict[str, Any]
    comments: list[str] = field(default_factory=list)


@dataclass(slots=True)
class ShortHost:
    """A host in the short form, and the objects that it stands for."""

    fields: dict[str, Any]
    parts: tuple[StatedEntry, ...]


Entries = dict[str, dict[str, StatedEntry]]


def take_hosts(
    entries: Entries, sections: Mapping[HostPart, str], long: Collection[str]
) -> dict[str, ShortHost]:
    """Take the objects out that an entry of `hosts` says as they are; the hosts by name.

    A host stands in for the last rules of its tunnel alone, in the order that `hosts` gives them.

    Args:
        entries: by section and key; what becomes part of a host is taken out.
        sections: those of the parts of a host.
        long: names that are to be written out.
    """
    hosts: dict[str, ShortHost] = {}
    for tunnel in entries.get(sections[HostPart.TUNNEL], {}).values():
        rules: list[Any] = list(tunnel.fields.get("ingress") or ())
        behind: str | None = None
        while rules:
            name = str(rules[-1].get("hostname", ""))
            is_next = behind is None or rule_order(name) < rule_order(behind)
            if not is_next or name in hosts or name in long:
                break
            parts = {
                part: found
                for part in _OTHER_PARTS
                if (found := entries.get(sections[part], {}).get(name)) is not None
            }
            fields = _host(name, rules[-1], tunnel, parts)
            if fields is None:
                break
            for part in parts:
                del entries[sections[part]][name]
            hosts[name] = ShortHost(fields, tuple(parts.values()))
            behind = name
            rules.pop()
        tunnel.fields.pop("ingress", None)
        if rules:
            tunnel.fields["ingress"] = rules
    return hosts


def _host(
    name: str, rule: Mapping[str, Any], tunnel: StatedEntry, parts: Mapping[HostPart, StatedEntry]
) -> dict[str, Any] | None:
    """The entry of `hosts` that says the same as its four objects; ``None`` if none does."""
    record, app, ca = (parts.get(part) for part in _OTHER_PARTS)
    if not rule.keys() <= _RULE or record is None or app is None or to_ascii(name) != name:
        return None
    if record.fields != {"tunnel": tunnel.key} or (ca is not None and ca.fields):
        return None
    made = _of_application(app.fields)
    if made is None:
        return None
    access = {"access": rule["access"]} if "access" in rule else {}
    no_ca = {} if ca is not None else {"ca_key": False}
    return {"tunnel": tunnel.key, "service": rule["service"], **made, **access, **no_ca}


def _of_application(fields: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a host says of its application; ``None`` if it cannot say all of it."""
    terminal = {"terminal": True} if fields.get("type") == "ssh" else {}
    rest = {name: it for name, it in fields.items() if name != "type"}
    # What a host says of the launcher where it states nothing, and what an application says.
    is_shown = rest.pop(_LAUNCHER, True)
    if is_shown is not bool(terminal):
        rest[_LAUNCHER] = is_shown
    if not fields.get("policies") or not rest.keys() <= {*OF_THE_APPLICATION}:
        return None
    return {**rest, **terminal}
