"""Open names that somebody has accepted: why, until when, and what was seen of them then."""

from __future__ import annotations

from dataclasses import dataclass, fields

from ztctl.core.model.diagnostics import Where


@dataclass(frozen=True, slots=True)
class Seen:
    """What decides whether an acceptance still holds; texts that are compared whole.

    Attributes:
        tunnel: the tunnels that the name leads to, each with its id.
        service: the services that answer there.
        cover: who decides, path by path, and where it is open.
    """

    tunnel: tuple[str, ...] = ()
    service: tuple[str, ...] = ()
    cover: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One name of an accept file.

    Attributes:
        host: the name or pattern as a report has it, in punycode.
        until: the last day on which it holds, as ``2027-02-28``.
        where: the place in its file.
    """

    host: str
    reason: str
    until: str
    seen: Seen
    where: Where | None = None

    def ended(self, seen: Seen, today: str) -> str:
        """Why it does not hold any more; empty when it does. ``today`` as ``until``."""
        if self.until < today:
            return f"was accepted until {self.until}: {self.reason}"
        changed = [
            f"its {it.name} was {_listed(before)}"
            for it in fields(Seen)
            if (before := getattr(self.seen, it.name)) != getattr(seen, it.name)
        ]
        return f"was accepted as it was then: {'; '.join(changed)}" if changed else ""


def _listed(texts: tuple[str, ...]) -> str:
    return " and ".join(texts) or "none"
