"""Hand live objects of a stack to another one, or release them: their marks change, nothing else.

The live side decides: what carries the mark, and is chosen, gets the mark of the other stack or
none. No field of the files is compared or written, so that who reaches what stays as it is. A stack
has its tags until nobody carries them.

While objects go from stack to stack each of both stacks has a tag that ends in ``--moving``.
Without it, a run of either that comes after one which was cut off would make anew what has gone to
the other stack: the same key under another mark is another object. With it, such a run is refused.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from ztctl.core.model.address import Address
from ztctl.core.model.canonical import references
from ztctl.core.model.diagnostics import Problem, Problems
from ztctl.core.model.identity import HostPart
from ztctl.core.model.kind import Kind, Kinds
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.lint import Code, warning
from ztctl.core.model.marks import InName
from ztctl.core.model.objects import EMPTY, Live, Mark, Wanted
from ztctl.core.model.plan import Action, Change, Phase, Reason, Refusal
from ztctl.core.model.values import Ref
from ztctl.core.planning.compare import describe, differing, recanonised

# Of more objects that refer to one only so many are named.
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Handover:
    """What is asked for.

    Attributes:
        to: the stack that gets the objects; ``None``: they are released.
        chosen: their addresses; none: all that the stack has.
        whole: the other stack must have nothing of its own, as it is the new name of this one.
    """

    to: str | None = None
    chosen: frozenset[Address] = frozenset()
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Going:
    """The live objects that a handover is about, by address, and what is said of the files."""

    objects: Mapping[Address, Live]
    notes: Mapping[Address, tuple[str, ...]]

    @classmethod
    def of(cls, handover: Handover, known: Ledger, kinds: Kinds) -> Going:
        """Choose among the objects of the stack; ``known`` has them matched with the files.

        Raises:
            Problems: an address is neither declared nor owned.
        """
        own = _addressed(known, kinds)
        chosen = handover.chosen or own.keys()
        missing = [it for it in chosen if it not in own and not _is_gone(it, known, kinds)]
        if missing:
            raise Problems(
                Problem(f"no declared or owned object is called {it}", hint=_near(it, own))
                for it in sorted(missing)
            )
        objects = {address: live for address, live in own.items() if address in chosen}
        notes = _notes(objects, known, kinds, handover) if handover.chosen else {}
        return cls(objects, {**notes, **(_parts(objects, known) if handover.to is None else {})})


def helpers(going: Going, handover: Handover, kinds: Kinds) -> tuple[Wanted, ...]:
    """The tags of the other stack that the objects are to carry."""
    if handover.to is None:
        return ()
    found: dict[Address, Wanted] = {}
    for address, live in going.objects.items():
        for it in kinds[live.kind].companions(_as_wanted(address, live), handover.to):
            if it.address != address:
                found.setdefault(it.address, it)
    return tuple(found.values())


class Handing:
    """Derives the changes of a handover.

    Attributes:
        refused: why some of it cannot be.
    """

    def __init__(self, ledger: Ledger, kinds: Kinds, handover: Handover, going: Going) -> None:
        self._ledger = ledger
        self._kinds = kinds
        self._handover = handover
        self._going = going
        self.refused: list[Refusal] = [*self._refusals()]

    def changes(self) -> list[Change]:
        """Of each object the mark, of each tag that nobody carries then its deletion."""
        marked = [self._marked(*it) for it in self._going.objects.items()]
        return [*marked, *self._tags(), *self._flags(at_work=bool(marked))]

    def _marked(self, address: Address, live: Live) -> Change:
        kind, to = self._kinds[live.kind], self._handover.to
        bare = kind.marking.off(live)
        change = Change(
            address,
            Action.FORGET if to is None else Action.UPDATE,
            Reason.RELEASED if to is None else Reason.HANDED_OVER,
            kind.phase,
            live=live,
            container=live.container,
            before=live.values,
            notes=(*self._notes_on(live), *self._going.notes.get(address, ())),
            detail=to or "",
        )
        if to is None:
            return change
        written = {**bare, **kind.marking.put(_as_wanted(address, live), live, to)}
        after = recanonised(kind.specs, self._ledger.resolve(written))
        edits = tuple(
            edit
            for name in differing(kind.specs, after, live.values)
            for edit in describe(name, kind.specs[name], live.values.get(name), after[name])
        )
        return replace(change, written=written, edits=edits, after={**live.values, **after})

    def _notes_on(self, live: Live) -> Iterator[str]:
        """What a new name means for others."""
        kind = self._kinds[live.kind]
        if not isinstance(kind.marking, InName):
            return
        if kind.phase is Phase.TUNNEL:
            yield "connectors that are told its name, not its id or token, want the new one"
        for other in self._namesakes(live):
            yield f"another {kind.title} is called {live.key!r} too: {other.id}"

    def _namesakes(self, live: Live) -> Iterator[Live]:
        if self._handover.to is None:
            yield from (it for it in self._ledger.live_of(live.kind) if it.name == live.key)

    def _tags(self) -> Iterator[Change]:
        """The mark's own objects, deleted where nobody has them any more."""
        going = {(live.kind, live.id) for live in self._going.objects.values()}
        for kind in self._kinds.values():
            for live in self._ledger.live_of(kind.name) if kind.housekeeping else ():
                if not live.belongs_to(self._ledger.stack) or (live.mark and live.mark.moving):
                    continue
                users = [it for it in self._ledger.users_of(live) if (it.kind, it.id) not in going]
                foreign = [it for it in users if not it.belongs_to(self._ledger.stack)]
                if not users:
                    yield self._deletion(live)
                elif foreign:
                    self._ledger.add_problem(self._kept(live, foreign[0]))

    def _kept(self, live: Live, user: Live) -> Problem:
        text = (
            f"{live.kind}.{live.key} stays: it is used by the {self._kinds[user.kind].title} "
            f"{user.name!r} ({user.id}), which is not of this stack"
        )
        hint = "take it off there by hand, and delete it then"
        return warning(Code.KEPT_IN_USE, text, hint=hint)

    def _flags(self, *, at_work: bool) -> Iterator[Change]:
        """The tags that say that a handover is under way, deleted when it is not."""
        to, stack = self._handover.to, self._ledger.stack
        if to is None:
            return
        there = self._flagged
        for name in (it for it in (stack, to) if at_work or it in there):
            kind = next(it for it in self._kinds.values() if it.housekeeping)
            tag = Mark(name, moving=True).tag
            made = Live(kind.name, tag, tag, tag, {"name": tag}, mark=Mark(name, moving=True))
            change = replace(self._deletion(there.get(name, made)), last=True)
            yield change if name in there else replace(change, before=EMPTY)

    @property
    def _flagged(self) -> Mapping[str, Live]:
        """The tags that say that objects of a stack are on their way, by stack."""
        return {it.mark.stack: it for it in flags(self._ledger, self._kinds) if it.mark}

    def _deletion(self, live: Live) -> Change:
        kind = self._kinds[live.kind]
        address = Address(live.kind, live.key)
        reason = Reason.NOT_DECLARED
        values = live.values
        return Change(
            address, Action.DELETE, reason, kind.phase, live=live, before=values, housekeeping=True
        )

    # -- what cannot be ---------------------------------------------------------------------

    def _refusals(self) -> Iterator[Refusal]:
        to = self._handover.to
        for address, live in self._going.objects.items():
            if live.mark is not None and live.mark.spare is not None:
                why = "it stands beside one whose place it takes: finish that, or abort it, first"
                yield Refusal(address, why)
            elif to is None and (left := _other_mark(self._kinds[live.kind], live)):
                why = f"without its mark it would count as of the stack {left.stack!r}"
                yield Refusal(address, f"{why}: rename it by hand first")
        if to is None:
            yield from under_way(self._ledger, self._kinds)
            return
        flagged, both = self._flagged.keys(), {self._ledger.stack, to}
        if len(flagged & both) == 1 and flagged - both:
            # One of the two is on its way to, or from, another stack.
            (name,) = flagged & both
            yield Refusal(None, _cut_off(name, flagged))
        theirs = {
            (it.kind, it.id if kind.keyed_by_fields else it.key): it
            for kind in self._kinds.values()
            for it in self._ledger.live_of(kind.name)
            if it.belongs_to(to) and not kind.housekeeping
        }
        for address, live in self._going.objects.items():
            other = theirs.get((live.kind, live.key))
            if other is not None:
                why = f"the stack {to!r} has one that is called {live.key!r} too: {other.id}"
                yield Refusal(address, why)
        if self._handover.whole and theirs and not flagged & both:
            one = next(iter(theirs.values()))
            there = f"the stack {to!r} has {len(theirs)} live objects already, such as {one.name!r}"
            what_then = "`ztctl stack transfer` hands objects to a stack that is there"
            if not self._going.objects:
                there = f"nothing carries the mark of the stack {self._ledger.stack!r}, and {there}"
                what_then = f"where it was renamed, write `stack: {to}` in the files"
            yield Refusal(None, f"{there}: {what_then}")


def flags(ledger: Ledger, kinds: Kinds) -> Iterator[Live]:
    """The tags that say that objects go from one stack to another."""
    for kind in kinds.values():
        for live in ledger.live_of(kind.name) if kind.housekeeping else ():
            if live.mark is not None and live.mark.moving:
                yield live


def under_way(ledger: Ledger, kinds: Kinds) -> Iterator[Refusal]:
    """Refuse every other run of a stack while its objects go to another one, or come from there."""
    found = {it.mark.stack for it in flags(ledger, kinds) if it.mark}
    if ledger.stack in found:
        yield Refusal(None, _cut_off(ledger.stack, found))


def _cut_off(stack: str, flagged: Collection[str]) -> str:
    others = " and ".join(repr(it) for it in sorted(flagged) if it != stack)
    return (
        f"objects of {stack!r} go from stack to stack, and that was cut off"
        f"{f'; so they do of {others}' if others else ''}: run the same `ztctl stack` command again"
    )


def _addressed(known: Ledger, kinds: Kinds) -> dict[Address, Live]:
    """The objects that carry the stack's mark by address: that of the files, or by their key."""
    found: dict[Address, Live] = {}
    for kind in kinds.values():
        if kind.housekeeping:
            continue
        for live in known.live_of(kind.name):
            if live.belongs_to(known.stack):
                key = Address(kind.name, live.key)
                free = key not in found and not known.is_declared(key)
                undeclared = key if free else Address(kind.name, live.id)
                found[known.owner_of(live) or undeclared] = live
    return found


def _is_gone(address: Address, known: Ledger, kinds: Kinds) -> bool:
    """Whether an object is not the stack's any more, or not yet: a run before has done it."""
    if known.is_declared(address):
        return True
    live = known.live_of(address.kind) if address.kind in kinds else ()
    return any(it.key == address.key for it in live)


def _near(address: Address, own: Iterable[Address]) -> str:
    known = sorted(map(str, own))
    if similar := difflib.get_close_matches(str(address), known, 1):
        return f"did you mean {similar[0]}?"
    more = ", …" if len(known) > _MOST_NAMED else ""
    there = f"{', '.join(known[:_MOST_NAMED])}{more}"
    return f"live, with the mark of this stack: {there or 'nothing'}"


def _as_wanted(address: Address, live: Live) -> Wanted:
    """An object as its files would have it, as far as its mark goes."""
    mark = live.mark or Mark("")
    return Wanted(address, EMPTY, name=live.key, protect=mark.protect, spare=mark.spare)


def _other_mark(kind: Kind, live: Live) -> Mark | None:
    """A mark that shows, where marks of this kind stand, only without the one behind it."""
    bare = kind.marking.off(live)
    name = str(bare.get("name") or live.name)
    return kind.marking.read(name, {**live.raw, **bare})[1]


def _notes(
    going: Mapping[Address, Live], known: Ledger, kinds: Kinds, handover: Handover
) -> dict[Address, tuple[str, ...]]:
    """What the files have to say of the objects that go, where others that stay refer to them."""
    users: dict[Address, dict[str, None]] = {}
    told: dict[Address, tuple[str, ...]] = {}
    leaving = {it.origin for it in known.wanted if it.address in going and it.origin}
    for wanted in known.wanted:
        stays = wanted.address not in going and wanted.origin not in leaving
        for to in dict.fromkeys(it.to for it in references(wanted.values) if isinstance(it, Ref)):
            if to in going and stays:
                users.setdefault(to, {})[wanted.origin or str(wanted.address)] = None
            if known.shares(to) is not None:
                # Its rules go with the mark of the name, whatever the file says.
                continue
            leads = kinds[to.kind].host_part is HostPart.TUNNEL and to not in going
            if leads and wanted.origin and wanted.address in going:
                rule = f"{wanted.origin} states a rule of {to}, too: once it is out of the file, "
                rest = "the next apply takes that rule off, unless it is written out there"
                told[wanted.address] = (f"{rule}{rest}",)
    for to, found in users.items():
        live, marking = going[to], kinds[to.kind].marking
        name = live.key
        if handover.to is not None:
            name = marking.live_name(_as_wanted(to, live), live, handover.to)
        more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
        named = ", ".join([*found][:_MOST_NAMED])
        text = f"used by {named}{more}: once it is out of the file, write {{live: {name}}} there"
        told[to] = (*told.get(to, ()), text)
    return told


def _parts(going: Mapping[Address, Live], known: Ledger) -> dict[Address, tuple[str, ...]]:
    """What becomes of the parts that released objects have in what another stack declares."""
    found: dict[Address, tuple[str, ...]] = {}
    for wanted in known.wanted:
        for to in (it.to for it in references(wanted.values) if isinstance(it, Ref)):
            shares = known.shares(to)
            if shares is not None and wanted.address in going:
                text = (
                    f"what it has in {shares.name} is of no stack then: the next apply of the "
                    "stack that declares it takes that away, unless it is written out there before"
                )
                found[wanted.address] = (text,)
    return found
