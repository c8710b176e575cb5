"""Migration of a tunnel to remote management: what is wanted beside the files meanwhile.

It has two steps. *start* makes a remotely managed twin with the rules of the files, to which
nothing leads. *finish* leads everything that led to the old tunnel to the twin, and once the old
one may go deletes it and gives the twin its name. Before that *abort* takes the twin away. All that
is known of it stands in the account: the twin carries a mark of its own (``Spare.NEXT``) while the
old tunnel is there, and the migration moves from the first thing that is led there. The wanted side
of each step is the files and the tunnels of that step, as in a rotation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from ztctl.core.model.address import Address
from ztctl.core.model.canonical import references
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.identity import HostPart
from ztctl.core.model.kind import Kinds, Rotating
from ztctl.core.model.objects import EMPTY, Live, Spare, Wanted
from ztctl.core.model.values import Claim, Ref

LiveByKind = Mapping[str, tuple[Live, ...]]


class MigrationStep(StrEnum):
    """What is asked for."""

    START = "start"
    FINISH = "finish"
    ABORT = "abort"


class MigrationState(StrEnum):
    """How far a migration has come, by what is live."""

    NONE = "none"
    STARTED = "started"
    MOVING = "moving"


@dataclass(frozen=True, slots=True)
class Migrate:
    """One step of the migration of one tunnel.

    Attributes:
        step: ``None``: the tunnels are taken as they are, whatever the files say of the old one.
        retires: the step finish deletes the old tunnel also while a connector runs for it.
        takes_foreign: it leads there also what belongs to nobody, such as records without a mark.
    """

    tunnel: Address
    step: MigrationStep | None
    retires: bool = False
    takes_foreign: bool = False

    def ends(self, old: Live | None) -> bool:
        """Whether the old tunnel goes by this step: also without a word if nothing runs for it."""
        idle = old is not None and not old.attribute("running")
        return self.step is MigrationStep.FINISH and (self.retires or idle)


@dataclass(frozen=True, slots=True)
class Migration:
    """The live tunnels of one declared one.

    Attributes:
        wanted: the declared tunnel.
        old: the live one of the stack that has its name.
        next: its remotely managed twin.
        is_led: something that the files lead to the tunnel leads to the twin.
    """

    wanted: Wanted
    old: Live | None = None
    next: Live | None = None
    is_led: bool = False

    @property
    def state(self) -> MigrationState:
        """How far it has come; where the old one is gone, the twin takes over."""
        if self.next is None:
            return MigrationState.NONE
        moves = self.old is None or self.is_led
        return MigrationState.MOVING if moves else MigrationState.STARTED


def migration_of(wanted: Wanted, declared: Declared, live: LiveByKind, kinds: Kinds) -> Migration:
    """What is live of a declared tunnel and its migration."""
    kind = kinds[wanted.address.kind]
    slot = kind.slot(wanted)
    own = [it for it in live.get(kind.name, ()) if it.belongs_to(declared.stack)]
    old = next((it for it in own if it.key == slot and not _is_spare(it)), None)
    twin = next(
        (it for it in own if it.key == f"{slot}{Spare.NEXT.ending}" and _is_spare(it)), None
    )
    is_led = twin is not None and _is_led(wanted.address, twin, declared, live, kinds)
    return Migration(wanted, old, twin, is_led)


def migrations(declared: Declared, live: LiveByKind, kinds: Kinds) -> Iterator[Migration]:
    """The migrations of declared tunnels that are under way."""
    kind = kinds.of_host(HostPart.TUNNEL)
    if not any(map(_is_spare, live.get(kind.name, ()))):
        return
    for wanted in declared.of(kind.name):
        found = migration_of(wanted, declared, live, kinds)
        if found.state is not MigrationState.NONE and wanted.claim is None:
            yield found


def leading_to(tunnel: Live, live: LiveByKind, kinds: Kinds) -> Iterator[Live]:
    """Every live object that was read and leads to a tunnel."""
    for kind in kinds.values():
        for it in live.get(kind.name, ()):
            if (tunnel.kind, tunnel.id) in kind.uses(it):
                yield it


def with_migrations(
    declared: Declared, live: LiveByKind, kinds: Kinds, asked: Migrate | None
) -> Declared:
    """The files, and what migrations want beside them: those under way, and the step asked for.

    Raises:
        Failure: the step is not possible now.
    """
    found = {it.wanted.address: it for it in migrations(declared, live, kinds)}
    if asked is not None and asked.tunnel not in found:
        wanted = next(it for it in declared.wanted if it.address == asked.tunnel)
        found[asked.tunnel] = migration_of(wanted, declared, live, kinds)
    if not found:
        return declared
    kept = [it for it in declared.wanted if it.address not in found]
    added: list[Wanted] = []
    for address, migration in found.items():
        mine = asked if asked is not None and asked.tunnel == address else None
        beside = _Tunnels(migration, kinds, mine)
        added += beside.wanted()
        if mine is not None and mine.takes_foreign and migration.old is not None:
            added += beside.foreign(declared, live, migration.old)
    return replace(declared, wanted=(*kept, *added))


class _Tunnels:
    """The wanted side of one migration."""

    def __init__(self, migration: Migration, kinds: Kinds, asked: Migrate | None) -> None:
        self._found = migration
        self._kinds = kinds
        self._asked = asked

    def wanted(self) -> Iterator[Wanted]:
        """The declared tunnel and those beside it."""
        found, asked = self._found, self._asked
        state = _after(found, asked.step if asked is not None else None)
        if state is MigrationState.MOVING:
            kept = found.old if asked is None or not asked.ends(found.old) else None
            yield self._taking(keeps_name=kept is not None)
            if kept is not None:
                yield self._former(kept)
            return
        if asked is None or found.old is None:
            yield found.wanted
        else:
            # Whether the files say already that it is managed remotely is no matter.
            yield replace(found.wanted, values=EMPTY, pinned=found.old.id)
        if state is MigrationState.STARTED:
            yield self._twin()

    def _twin(self) -> Wanted:
        kind = self._kinds[self._found.wanted.address.kind]
        assert isinstance(kind, Rotating)
        twin = self._found.next
        made = kind.spare(self._found.wanted, Spare.NEXT, twin)
        return replace(made, pinned=twin.id if twin is not None else "")

    def _taking(self, *, keeps_name: bool) -> Wanted:
        """The twin as the declared tunnel; it gets the name when no other tunnel has it."""
        declared, twin = self._found.wanted, self._twin()
        taking = replace(twin, address=declared.address, name=declared.name, rotates=None)
        return taking if keeps_name else replace(taking, spare=None, protect=declared.protect)

    def _former(self, old: Live) -> Wanted:
        """The old tunnel, of which nothing is changed."""
        address = self._found.wanted.address
        return Wanted(
            Address(address.kind, f"{address.key}{Spare.FORMER.ending}"),
            EMPTY,
            name=old.key,
            protect=bool(old.mark and old.mark.protect),
            where=self._found.wanted.where,
            pinned=old.id,
        )

    def foreign(self, declared: Declared, live: LiveByKind, old: Live) -> Iterator[Wanted]:
        """What leads to the old tunnel and is nobody's, led to the declared one; else as it is."""
        named = _named(declared, self._kinds)
        for it in leading_to(old, live, self._kinds):
            kind = self._kinds[it.kind]
            if it.mark is None and not kind.is_read_only and (it.kind, it.key) not in named:
                to = self._found.wanted.address
                refers = [spec.refers for spec in kind.specs.values() if spec.refers]
                led = {
                    one.template.format(old.id): Ref(to, template=one.template) for one in refers
                }
                values = {name: _led(value, led) for name, value in it.values.items()}
                yield Wanted(Address(it.kind, it.key), values, claim=Claim(it.id))


def _led(value: object, led: Mapping[str, Ref]) -> object:
    return led.get(value, value) if isinstance(value, str) else value


def _is_spare(live: Live) -> bool:
    return live.mark is not None and live.mark.spare is not None


def _named(declared: Declared, kinds: Kinds) -> frozenset[tuple[str, str]]:
    """Kind and live key of what the files declare."""
    found = (it for it in declared.wanted if it.claim is None)
    return frozenset((it.address.kind, kinds[it.address.kind].slot(it)) for it in found)


def _is_led(
    tunnel: Address, twin: Live, declared: Declared, live: LiveByKind, kinds: Kinds
) -> bool:
    """Whether something leads to the twin that the files lead to the declared tunnel."""
    led = [
        it for it in declared.wanted if any(_is_to(tunnel, ref) for ref in references(it.values))
    ]
    if not led:
        return False
    slots = {(it.address.kind, kinds[it.address.kind].slot(it)) for it in led}
    # How the key of such an object reads says nothing.
    by_fields = {it.address.kind for it in led if kinds[it.address.kind].keyed_by_fields}
    return any(
        (it.kind, it.key) in slots or (it.kind in by_fields and it.belongs_to(declared.stack))
        for it in leading_to(twin, live, kinds)
    )


def _is_to(tunnel: Address, reference: object) -> bool:
    return isinstance(reference, Ref) and reference.to == tunnel


def _after(found: Migration, step: MigrationStep | None) -> MigrationState:
    """The state that a step leads to; without one what is begun is completed.

    Raises:
        Failure: it is not the next step.
    """
    state, name = found.state, found.wanted.address.key
    match step, state:
        case (None, _):
            return state
        case (MigrationStep.START, MigrationState.NONE) if found.old is None:
            raise Failure(f"the tunnel {name} is not live as the stack's", "ztctl apply first")
        case (MigrationStep.START, MigrationState.NONE | MigrationState.STARTED):
            return MigrationState.STARTED
        case (MigrationStep.FINISH, MigrationState.STARTED | MigrationState.MOVING):
            return MigrationState.MOVING
        case (MigrationStep.ABORT, MigrationState.STARTED) | (_, MigrationState.NONE):
            return MigrationState.NONE
        case _:
            raise Failure(
                f"the migration of the tunnel {name} is past that: its names move to the twin",
                "go on by finish",
            )
