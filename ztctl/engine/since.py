"""What of a drift came about since the last apply that a journal records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ztctl.core.model.drift import Deviation, DriftItem, DriftReport, DriftSeverity
from ztctl.core.runs.journal import JournalledRun, WriteResult

# What no object that was written explains.
_ALWAYS = (Deviation.OPEN, Deviation.REFUSED, Deviation.SERVER)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The last apply of a stack, and what all of its applies have left.

    Attributes:
        ended: ISO 8601; when it began, where its end was not recorded.
        made: addresses of objects that a run wrote last without deleting them.
    """

    ended: str
    made: frozenset[str]

    @classmethod
    def of(cls, runs: Iterable[JournalledRun], account: str, stack: str) -> Recorded | None:
        """The last run that wrote something; ``None``: there is none."""
        own = [
            run
            for run in runs
            if (run.account, run.stack) == (account, stack)
            and any(it.result is not WriteResult.FAILED for it in run.writes)
        ]
        if not own:
            return None
        own.sort(key=lambda run: run.began)
        made: dict[str, bool] = {}
        for write in (it for run in own for it in run.writes if it.result is WriteResult.DONE):
            made[write.address] = write.verb not in ("delete", "forget")
        return cls(
            own[-1].ended or own[-1].began, frozenset(it for it, stays in made.items() if stays)
        )


def is_since(item: DriftItem, report: DriftReport, recorded: Recorded) -> bool:
    """Whether an item of the report came about since; true of what is open, and where in doubt."""
    if item.severity is DriftSeverity.EXPOSED or item.deviation in _ALWAYS:
        return True
    changed = item.author.time if item.author is not None else item.changed
    if changed:
        return _later(changed, recorded.ended)
    if item.deviation is Deviation.MISSING and str(item.address) in recorded.made:
        return True
    # Nobody wrote it as far as the log goes back; without a log nobody knows.
    return bool(report.authors)


def _later(one: str, other: str) -> bool:
    """Whether a time is later than another; true where one of them is none."""
    try:
        return datetime.fromisoformat(one) > datetime.fromisoformat(other)
    except (TypeError, ValueError):
        return True
