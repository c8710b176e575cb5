"""What was looked at before anything is planned, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What a check came to."""

    PASS = "pass"  # noqa: S105
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        area: what it is part of, such as ``Token``.
        name: what was looked at.
        found: what there is, or what is wrong.
        remedy: what to do; empty where nothing is to be done.
    """

    area: str
    name: str
    verdict: Verdict
    found: str
    remedy: str = ""
