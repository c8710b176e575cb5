"""What happens while a plan is carried out, as records, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ztctl.core.model.address import Address
from ztctl.core.model.objects import Live
from ztctl.core.model.plan import StepId


@dataclass(frozen=True, slots=True)
class Reading:
    """The account is being read: ``done`` of ``total`` kinds are in."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Started:
    """A step begins."""

    step: StepId


@dataclass(frozen=True, slots=True)
class Waiting:
    """A step that began waits; ``why`` is empty when it goes on."""

    step: StepId
    why: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """A step is done, ``seconds`` after it began."""

    step: StepId
    seconds: float


@dataclass(frozen=True, slots=True)
class Failed:
    """A step did not succeed; what depends on it will be skipped.

    ``lost`` says that nobody knows whether the write was done: the answer never came.
    """

    step: StepId
    reason: str
    hint: str = ""
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """A step is not tried because ``because_of`` failed."""

    step: StepId
    because_of: StepId


Event = Reading | Started | Waiting | Finished | Failed | Skipped
Report = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an apply did, step by step; every step of the plan is in exactly one place.

    Attributes:
        done: finished steps, in the order in which they finished.
        failed: steps that did not succeed.
        skipped: steps not tried because another failed.
        not_started: steps not reached because the run was interrupted.
        interrupted: a person stopped it.
        live: the objects as they are afterwards, by address.
        revoked: the applications of which everybody has to log in again.
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
