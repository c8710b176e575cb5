"""Events of reading and applying, and the outcome of an apply."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ztctl.core.model.address import Address
from ztctl.core.model.objects import Live
from ztctl.core.model.plan import StepId


@dataclass(frozen=True, slots=True)
class Reading:
    """The account is being read: ``done`` of ``total`` kinds are finished."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Started:
    """A step begins."""

    step: StepId


@dataclass(frozen=True, slots=True)
class Sent:
    """The write of a started step goes out: from here on it may be done."""

    step: StepId


@dataclass(frozen=True, slots=True)
class Waiting:
    """A started step waits; an empty ``why`` means that it continues."""

    step: StepId
    why: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """A step is done, ``seconds`` after it began."""

    step: StepId
    seconds: float


@dataclass(frozen=True, slots=True)
class Failed:
    """A step failed; the steps that need it will be skipped.

    ``lost``: no answer arrived, so that the write may have been done.
    """

    step: StepId
    reason: str
    hint: str = ""
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """A step is not tried because the step ``because_of`` failed."""

    step: StepId
    because_of: StepId


Event = Reading | Started | Sent | Waiting | Finished | Failed | Skipped
Report = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of an apply; every step of the plan is in exactly one of the four lists.

    Attributes:
        done: finished steps, in the order in which they finished.
        failed: steps that failed.
        skipped: steps not tried because another failed.
        not_started: steps not reached because the run was interrupted.
        interrupted: a person stopped the run.
        live: the live objects afterwards, by address.
        revoked: the applications whose sessions were revoked, so that everybody logs in again.
    """

    done: tuple[StepId, ...] = ()
    failed: tuple[Failed, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    not_started: tuple[StepId, ...] = ()
    interrupted: bool = False
    live: Mapping[Address, Live] = field(default_factory=dict, repr=False)
    revoked: tuple[Address, ...] = ()

    @property
    def is_complete(self) -> bool:
        """True when every step was done."""
        return not (self.failed or self.skipped or self.not_started or self.interrupted)
