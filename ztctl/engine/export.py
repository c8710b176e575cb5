"""Read an account for an export: all that any plan of the exported files needs, each list once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ztctl.core.model.events import Event, Report
from ztctl.core.model.facts import TunnelRules
from ztctl.core.model.flows import Ask
from ztctl.core.model.kind import Kinds
from ztctl.core.model.marks import UNMARKED
from ztctl.core.model.objects import Live
from ztctl.engine.drive import Api
from ztctl.engine.read import Reader
from ztctl.engine.whole_account import DECIDING, told_gaps, whole_account

_TUNNEL: Final = "tunnel"


@dataclass(frozen=True, slots=True)
class Exportable:
    """An account, as far as the token may read it.

    Attributes:
        live: the live objects by kind, tunnels with their configurations.
        unread: what could not be read, as text, with the permission for it.
        replies: answers what was asked for already, and asks for the rest.
    """

    live: Mapping[str, tuple[Live, ...]]
    unread: tuple[str, ...]
    replies: Api


async def read_exportable(kinds: Kinds, api: Api, report: Report) -> Exportable:
    """Read every list of an account, and the rules of every tunnel.

    Raises:
        CallFailed, Failures: something failed other than by a missing permission, or without it
            nothing can be said.
    """
    replies = Reader(kinds, Ask(""), api)
    whole = await whole_account(kinds, replies, report)
    readable = frozenset(
        (_TUNNEL, key)
        for (of, key), it in whole.facts.items()
        if of is TunnelRules and isinstance(it, TunnelRules) and it.rules is not None
    )
    # What is removed by its id is read whole: here, each tunnel of which the rules can be read.
    reader = Reader(kinds, Ask("", removed=readable), replies)
    live = {**whole.live}
    if _TUNNEL in live:
        live[_TUNNEL] = await reader.live_of(_TUNNEL)
    # What decides nothing about names, and would be deleted where no file declares it.
    declared = (it for it in kinds.values() if it.section and it.marking is not UNMARKED)
    others = [it.name for it in declared if it.name not in DECIDING]
    # What rules name, and nothing else is read for: an id stands for what may not be read.
    used = {name for all in live.values() for it in all for name, _ in kinds[it.kind].uses(it)}
    named = [it.name for it in kinds.values() if it.is_read_only and it.name in used - live.keys()]
    others += named
    ask = Ask(
        "",
        lookups=frozenset(others),
        by_id=frozenset(named),
        used=frozenset(others) - frozenset(named),
    )
    found = await Reader(kinds.only(others), ask, replies).account(_nobody, required=())
    unread = (*whole.unread, *told_gaps(found.unread.values()))
    return Exportable({**live, **found.live}, unread, replies)


def _nobody(event: Event) -> None:
    """It is one list more."""
