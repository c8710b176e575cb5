"""Warn of a host that goes together with its CA while another one comes: it may be a rename."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ztctl.core.model.address import Address
from ztctl.core.model.diagnostics import Problem, Severity
from ztctl.core.model.identity import HOSTS, HostPart
from ztctl.core.model.kind import Kinds
from ztctl.core.model.plan import Action, Change


def rename_warnings(changes: Sequence[Change], kinds: Kinds) -> Iterator[Problem]:
    """One warning for each host that may be renamed: with another name its CA would be another.

    That are a single host of which the CA goes and a single one of which it comes; of several,
    those with the same first label.
    """
    found = {change.address: change for change in changes}
    application, ca_key = (
        kinds.of_host(part).name for part in (HostPart.APPLICATION, HostPart.CA_KEY)
    )
    both = {
        action: [
            change
            for change in changes
            if change.action is action
            and change.address.kind == ca_key
            and (own := found.get(Address(application, change.address.key))) is not None
            and own.action is action
        ]
        for action in (Action.DELETE, Action.CREATE)
    }
    gone, come = both[Action.DELETE], both[Action.CREATE]
    for old in gone:
        alike = [new for new in come if _label(new) == _label(old)]
        new = come[0] if len(gone) == len(come) == 1 else next(iter(alike), None)
        if new is not None and new.wanted is not None:
            yield Problem(
                f"{old.address.key} goes with its CA, and {new.address.key} comes with another",
                new.wanted.where,
                "if it is renamed, the CA stays with `moved: [{from: "
                f"{HOSTS}.{old.address.key}, to: {HOSTS}.{new.address.key}}}]`",
                Severity.WARNING,
            )


def _label(change: Change) -> str:
    return change.address.key.partition(".")[0]
