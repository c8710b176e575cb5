"""The configuration of a tunnel: the document of the API, and what the file says of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ztctl.core.model.ledger import Ledger
from ztctl.core.model.objects import Live, Values, Wanted
from ztctl.kinds import ingress, origin_request
from ztctl.kinds.audience import with_access, with_team

# In place of a configuration that was not read; ``None`` is that of a tunnel without one.
UNREAD = object()


def configuration_of(live: Live) -> Mapping[str, Any]:
    """The configuration as it came; empty if there is none, or it was not read."""
    found = live.raw.get("config")
    return found if isinstance(found, Mapping) else {}


def document(values: Values) -> dict[str, Any]:
    """Canonical values as a configuration of the API."""
    settings = origin_request.to_api(values.get("origin_request"))
    return {"ingress": ingress.to_api(values.get("ingress")), "originRequest": settings}


def fields_in(config: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the file that a configuration of the API states, not canonical yet."""
    return {
        "ingress": ingress.from_api(config.get("ingress")),
        "origin_request": origin_request.from_api(config.get("originRequest")),
    }


def without_nothing(item: dict[str, Any]) -> dict[str, Any]:
    """A rule or configuration without settings that would say nothing."""
    return {name: value for name, value in item.items() if name != "originRequest" or value}


def with_own_settings(values: Values) -> Values:
    """Canonical values without settings that are what they would be if they were left out."""
    general = origin_request.own_settings(values.get("origin_request"), {})
    rules = ingress.with_own_settings(values.get("ingress") or (), general)
    found = {"ingress": rules, "origin_request": general or None}
    return {**values, **{name: item for name, item in found.items() if name in values}}


def completed(wanted: Wanted, ledger: Ledger) -> dict[str, Any]:
    """The rules and settings of a declared tunnel, the check of the Access token added to rules."""
    choices: list[bool | None] = [*wanted.local["access"]]
    rules = wanted.values["ingress"]
    choices += [None] * (len(rules) - len(choices))
    checked = [
        with_access(rule, choice, wanted, ledger)
        for rule, choice in zip(rules, choices, strict=False)
    ]
    general = with_team(wanted.values.get("origin_request"), wanted, ledger)
    return {"ingress": checked, "origin_request": general}


def unreadable(reply: Any) -> str:
    """Why a reply about a configuration says nothing; empty if it can be read, or there is none."""
    if reply is UNREAD or reply is None:
        return ""
    if not isinstance(reply, Mapping):
        return "the answer is no object"
    where = ingress.unreadable(reply.get("config"))
    return f"`{where}` is of another type than cloudflared expects" if where else ""
