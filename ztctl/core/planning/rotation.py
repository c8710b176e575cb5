"""Rotation of the CA of an application: what is wanted beside the files while it is under way.

It has three steps. *start* makes a spare application like the declared one, with a CA of its own.
*move* gives the name to the spare one, which becomes the declared one, while the former takes a
spare name. *finish* deletes the former with its CA. All that is known of it stands in the account:
spare applications carry a mark of their own (``Spare``). The wanted side of each step is the files
and the spare applications of that step, so that matching, order, proof and journal are those of any
plan; a plan in between wants what is there, and neither undoes nor repeats anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from ztctl.core.model.address import Address
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.identity import HostPart
from ztctl.core.model.kind import Kinds, Rotating
from ztctl.core.model.objects import Live, Spare, Wanted


class RotationStep(StrEnum):
    """What is asked for."""

    START = "start"
    MOVE = "move"
    FINISH = "finish"
    ABORT = "abort"


class RotationState(StrEnum):
    """How far a rotation has come, by what is live."""

    NONE = "none"
    STARTED = "started"
    MOVING = "moving"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Rotate:
    """One step of the rotation of one application's CA."""

    application: Address
    step: RotationStep


@dataclass(frozen=True, slots=True)
class Rotation:
    """The live applications of one declared one.

    Attributes:
        wanted: the declared application.
        current: the live one of the stack that is it, without a spare mark.
        is_held: whether an application of anybody, but for spare ones, has one of its names.
        next: the live one that is to get its names.
        former: the live one that had its names.
    """

    wanted: Wanted
    current: Live | None = None
    is_held: bool = False
    next: Live | None = None
    former: Live | None = None

    @property
    def state(self) -> RotationState:
        """How far it has come; where the next one is there, and nobody has the names, they move."""
        if self.next is not None:
            held = self.former is None and (self.is_held or self.current is not None)
            return RotationState.STARTED if held else RotationState.MOVING
        return RotationState.NONE if self.former is None else RotationState.MOVED


def rotation_of(
    wanted: Wanted, live: Mapping[str, tuple[Live, ...]], kinds: Kinds, stack: str
) -> Rotation:
    """What is live of a declared application and its rotation."""
    kind = kinds[wanted.address.kind]
    names = kind.hosts(wanted.address.key, wanted.values)
    holders = [
        it
        for it in live.get(kind.name, ())
        if names & kind.hosts(it.key, it.values) and not (it.mark and it.mark.spare)
    ]
    own = {
        (it.key, it.mark.spare if it.mark else None): it
        for it in live.get(kind.name, ())
        if it.belongs_to(stack)
    }
    return Rotation(
        wanted,
        own.get((kind.slot(wanted), None))
        or next((it for it in holders if it.belongs_to(stack)), None),
        bool(holders),
        *(own.get((f"{wanted.address.key}{it.ending}", it)) for it in (Spare.NEXT, Spare.FORMER)),
    )


def under_way(
    declared: Declared, live: Mapping[str, tuple[Live, ...]], kinds: Kinds
) -> Iterator[Rotation]:
    """The rotations of declared applications of which something is live."""
    kind = kinds.of_host(HostPart.APPLICATION)
    spare = {it.key for it in live.get(kind.name, ()) if it.mark is not None and it.mark.spare}
    for wanted in declared.of(kind.name) if spare else ():
        keys = {f"{wanted.address.key}{it.ending}" for it in Spare}
        if wanted.claim is None and keys & spare:
            found = rotation_of(wanted, live, kinds, declared.stack)
            if found.state is not RotationState.NONE:
                yield found


def with_rotations(
    declared: Declared,
    live: Mapping[str, tuple[Live, ...]],
    kinds: Kinds,
    asked: Rotate | None,
) -> Declared:
    """The files, and what rotations want beside them: those under way, and the step asked for.

    Raises:
        Failure: the step is not possible now.
    """
    found = {it.wanted.address: it for it in under_way(declared, live, kinds)}
    if asked is not None and asked.application not in found:
        wanted = next(it for it in declared.wanted if it.address == asked.application)
        found[asked.application] = rotation_of(wanted, live, kinds, declared.stack)
    if not found:
        return declared
    kept = [it for it in declared.wanted if it.address not in found]
    cas = live.get(kinds.of_host(HostPart.CA_KEY).name, ())
    added = [
        item
        for address, rotation in found.items()
        for item in _Beside(rotation, cas, kinds).wanted(
            asked.step if asked is not None and asked.application == address else None
        )
    ]
    return replace(declared, wanted=(*kept, *added))


class _Beside:
    """The wanted side of one rotation."""

    def __init__(self, rotation: Rotation, cas: tuple[Live, ...], kinds: Kinds) -> None:
        self._rotation = rotation
        self._kinds = kinds
        self._with_ca = {it.owner for it in cas}

    def wanted(self, step: RotationStep | None) -> Iterator[Wanted]:
        """The declared application and spare ones with their CAs."""
        found = self._rotation
        state = _after(found, step)
        moving = state is RotationState.MOVING
        pinned = found.next if moving else None
        yield replace(found.wanted, pinned=pinned.id if pinned is not None else "")
        if state is RotationState.STARTED:
            yield from self._spare(Spare.NEXT, found.next)
        former = found.former or (found.current if moving else None)
        # Without a CA the former one is half gone: it is not kept.
        is_kept = moving or (state is RotationState.MOVED and self._has_ca(former))
        if is_kept and former is not None:
            yield from self._spare(Spare.FORMER, former)

    def _has_ca(self, live: Live | None) -> bool:
        return live is not None and live.id in self._with_ca

    def _spare(self, spare: Spare, live: Live | None) -> Iterator[Wanted]:
        application, ca_key = map(self._kinds.of_host, (HostPart.APPLICATION, HostPart.CA_KEY))
        assert isinstance(application, Rotating)
        assert isinstance(ca_key, Rotating)
        like = self._rotation.current if spare is Spare.NEXT else None
        made = application.spare(self._rotation.wanted, spare, like)
        yield replace(made, pinned=live.id if live is not None else "")
        # A CA that is gone with the name is not made again.
        if spare is Spare.NEXT or self._has_ca(live):
            yield ca_key.spare(made, spare, None)


def _after(found: Rotation, step: RotationStep | None) -> RotationState:
    """The state that a step leads to; without one what is begun is completed.

    Raises:
        Failure: it is not the next step.
    """
    state, name = found.state, found.wanted.address.key
    match step, state:
        case (None, _):
            return state
        case (RotationStep.START, RotationState.NONE | RotationState.STARTED):
            return RotationState.STARTED
        case (RotationStep.MOVE, RotationState.STARTED) if found.current is None:
            raise Failure(f"the application of {name} is not the stack's", "ztctl apply first")
        case (RotationStep.MOVE, RotationState.STARTED | RotationState.MOVING):
            return RotationState.MOVING
        case (RotationStep.MOVE, RotationState.MOVED):
            return RotationState.MOVED
        case (RotationStep.FINISH, RotationState.MOVED | RotationState.NONE):
            return RotationState.NONE
        case (RotationStep.ABORT, RotationState.STARTED | RotationState.NONE):
            return RotationState.NONE
        case (_, RotationState.NONE):
            raise Failure(f"no CA rotation of {name} is under way", "begin one by the step start")
        case (RotationStep.FINISH, _):
            raise Failure(
                f"the name {name} has not moved to the new CA yet", "the step move does that"
            )
        case _:
            raise Failure(
                f"the CA rotation of {name} is past that: the name "
                f"{'moves' if state is RotationState.MOVING else 'has moved'}",
                f"go on by {'move' if state is RotationState.MOVING else 'finish'}",
            )
