"""Warn of a host that goes together with its CA while another one comes: it may be a rename."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ztctl.core.model.address import Address
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.identity import HOSTS, OWN_PARTS, HostPart
from ztctl.core.model.kind import Kinds
from ztctl.core.model.lint import Code, warning
from ztctl.core.model.plan import Action, Change


def rename_warnings(changes: Sequence[Change], kinds: Kinds) -> Iterator[Problem]:
    """One warning for each host that may be renamed: with another name its CA would be another.

    That are a single host of which all that is its own goes, and a single one of which it comes; of
    several, those with the same first label.
    """
    gone, come = (_hosts(changes, kinds, action) for action in (Action.DELETE, Action.CREATE))
    for old in gone:
        alike = [new for new in come if _label(new) == _label(old)]
        new = come[0] if len(gone) == len(come) == 1 else next(iter(alike), None)
        if new is not None and new.wanted is not None:
            yield warning(
                Code.RENAME_LOSES_CA,
                f"{old.address.key} goes with its CA, and {new.address.key} comes with another",
                new.wanted.where,
                "if it is renamed, the CA stays with `moved: [{from: "
                f"{HOSTS}.{old.address.key}, to: {HOSTS}.{new.address.key}}}]`",
            )


def _hosts(changes: Sequence[Change], kinds: Kinds, action: Action) -> list[Change]:
    """The CAs that come or go together with the application and the record of one name."""
    concerned = {change.address for change in changes if change.action is action}
    own = [kinds.of_host(part).name for part in OWN_PARTS]
    ca_key = kinds.of_host(HostPart.CA_KEY).name
    return [
        change
        for change in changes
        if change.address.kind == ca_key
        and all(Address(kind, change.address.key) in concerned for kind in own)
    ]


def _label(change: Change) -> str:
    return change.address.key.partition(".")[0]
