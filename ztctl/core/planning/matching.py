"""Match wanted with live objects: by id, mark, old address or natural key; no state file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from ztctl.core.model.address import Address
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.kind import Kind, Kinds, TakesPlaces
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.lint import Code, warning
from ztctl.core.model.marks import InName
from ztctl.core.model.objects import Live, Wanted
from ztctl.core.model.plan import Refusal
from ztctl.core.model.values import Claim, Lookup


class MatchGround(Enum):
    """Why a live object is matched with a wanted one."""

    OWNED = "it carries our mark"
    CLAIMED = "the file claims it by its id"
    MOVED = "it is live under its old address"
    RESTORED = "its mark was taken off, and it can only be ours"
    SHARED = "it may be used by anybody"
    ADOPTED = "it is the same thing and carries no mark"


@dataclass(frozen=True, slots=True)
class Match:
    """The result for one wanted object.

    Attributes:
        live: the matched live object; ``None``: it has to be created.
        others: further live objects that the wanted one replaces.
        refusal: why the match must not be used.
    """

    live: Live | None = None
    how: MatchGround = MatchGround.OWNED
    others: tuple[Live, ...] = ()
    refusal: Refusal | None = None


class Index:
    """The live objects of one kind by key (those of this stack), by id, and by natural key."""

    def __init__(self, kind: Kind, live: Iterable[Live], stack: str) -> None:
        self.by_slot: dict[str, list[Live]] = defaultdict(list)
        self.by_id: dict[str, Live] = {}
        self.by_natural: dict[str, list[Live]] = defaultdict(list)
        for item in live:
            self.by_id[item.id] = item
            if not item.is_matchable:
                continue
            if item.belongs_to(stack):
                self.by_slot[item.key].append(item)
            for key in kind.live_keys(item):
                self.by_natural[key].append(item)


class Matcher:
    """Finds the live object of each wanted one; none that is matched already is found again.

    ``moved`` maps new addresses to old ones.
    """

    def __init__(self, ledger: Ledger, kinds: Kinds, moved: Mapping[Address, Address]) -> None:
        self._ledger = ledger
        self._kinds = kinds
        self._moved = moved
        self._indexes: dict[str, Index] = {}
        self._first: dict[tuple[str, str], Wanted] = {}
        self._keys_by_kind: dict[str, frozenset[str]] = {}
        self._claims_by_kind: dict[str, frozenset[str]] = {}

    def match(self, wanted: Wanted) -> Match:
        """Match one wanted object; several candidates are reported as a problem with their ids."""
        kind = self._kinds[wanted.address.kind]
        index = self._index(kind)
        if wanted.claim is not None:
            return self._claimed(kind, wanted, wanted.claim)
        if wanted.shares is not None:
            return self._shared(wanted, wanted.shares)
        if pinned := index.by_id.get(wanted.pinned):
            return self._unless_foreign(wanted, pinned, MatchGround.OWNED)
        keys = sorted(kind.natural_keys(wanted, self._ledger))
        natural = self._free(live for key in keys for live in index.by_natural.get(key, ()))
        if kind.keyed_by_fields:
            self._report_same(wanted, keys)
        source = self._moved.get(wanted.address)
        moved = index.by_slot.get(source.key, ()) if source else ()
        for how, found in (
            (MatchGround.OWNED, self._owned(kind, wanted, index, natural)),
            (MatchGround.MOVED, self._free(moved)),
        ):
            if found:
                return self._unique(wanted, found, how)
        return self._by_natural_key(kind, wanted, natural)

    def _claimed(self, kind: Kind, wanted: Wanted, claim: Claim) -> Match:
        """The live object of this id, and nothing else: none is created in its place."""
        live = self._index(kind).by_id.get(claim.id)
        if live is None or not live.is_matchable:
            self._ledger.add_problem(_unclaimable(kind, wanted, claim, live))
            return Match()
        return self._unless_foreign(wanted, live, MatchGround.CLAIMED)

    def _shared(self, wanted: Wanted, shares: Lookup) -> Match:
        """The live object that another stack declares; none is created in its place."""
        found = self._ledger.found(shares)
        if len(found) != 1:
            # Whoever takes everything away has nothing to take away there.
            if wanted.values:
                self._ledger.resolve(shares)
            return Match()
        if self._is_own(found[0]):
            text = f"{wanted.address} is shared, but {found[0].name!r} is of this stack"
            self._ledger.add_problem(Problem(text, wanted.where, "drop `shared`, and declare it"))
        return Match(found[0], MatchGround.SHARED)

    def _report_same(self, wanted: Wanted, keys: Iterable[str]) -> None:
        for key in keys:
            first = self._first.setdefault((wanted.address.kind, key), wanted)
            if first is not wanted:
                text = f"{first.address} and {wanted.address} are the same object in this account"
                hint = f"the other one is at {first.where}" if first.where else ""
                self._ledger.add_problem(Problem(text, wanted.where, hint))

    def source_of(self, wanted: Wanted) -> Address | None:
        """The old address of an object that the file moves, else ``None``."""
        return self._moved.get(wanted.address)

    def _index(self, kind: Kind) -> Index:
        if kind.name not in self._indexes:
            self._indexes[kind.name] = Index(
                kind, self._ledger.live_of(kind.name), self._ledger.stack
            )
        return self._indexes[kind.name]

    def _owned(
        self, kind: Kind, wanted: Wanted, index: Index, natural: Sequence[Live]
    ) -> Sequence[Live]:
        if kind.keyed_by_fields:
            return [item for item in natural if self._is_own(item)]
        by_slot = self._free(index.by_slot.get(kind.slot(wanted), ()))
        if by_slot:
            return by_slot
        declared = self._declared_keys(kind)
        # `name:` was added since: what the stack made under the key is renamed.
        by_key = self._free(index.by_slot.get(wanted.address.key, ()))
        if by_key and wanted.address.key not in declared:
            return by_key
        own = [item for item in natural if self._is_own(item) and item.key not in declared]
        keys = kind.natural_keys(wanted, self._ledger)
        # Several objects of the stack may become one; the others are then deleted as undeclared.
        return sorted(own, key=lambda it: (-len(keys & kind.live_keys(it)), it.key))[:1]

    def _declared_keys(self, kind: Kind) -> frozenset[str]:
        """Keys of all wanted objects of a kind, those before a move included."""
        if kind.name not in self._keys_by_kind:
            wanted = [
                it
                for it in self._ledger.wanted_of(kind.name)
                if it.claim is None and it.shares is None
            ]
            sources = (self._moved.get(item.address) for item in wanted)
            moved = (source.key for source in sources if source is not None)
            slots = (kind.slot(item) for item in wanted)
            self._keys_by_kind[kind.name] = frozenset((*slots, *moved))
        return self._keys_by_kind[kind.name]

    def _by_natural_key(self, kind: Kind, wanted: Wanted, natural: Sequence[Live]) -> Match:
        if natural and kind.shared:
            return Match(natural[0], MatchGround.SHARED)
        # An object of this stack belongs to another wanted one, whose own update frees the key.
        natural = [live for live in natural if not self._is_own(live)]
        foreign = next((live for live in natural if live.mark is not None), None)
        if foreign is not None:
            return _refused(wanted, foreign)
        if not natural:
            return Match()
        if isinstance(kind, TakesPlaces):
            ours = kind.is_ours(natural[0], self._ledger)
            return Match(
                natural[0],
                MatchGround.RESTORED if ours else MatchGround.ADOPTED,
                tuple(natural[1:]),
            )
        if len(natural) > 1 and isinstance(kind.marking, InName):
            # Names are not unique, and none of these is in the way of one with the mark.
            self._ledger.add_problem(_not_adopted(wanted, natural))
            return Match()
        return self._unique(wanted, natural, MatchGround.ADOPTED)

    def _unique(self, wanted: Wanted, found: Sequence[Live], how: MatchGround) -> Match:
        if len(found) > 1:
            self._ledger.add_problem(_ambiguous(wanted, found))
        return self._unless_foreign(wanted, found[0], how)

    def _unless_foreign(self, wanted: Wanted, live: Live, how: MatchGround) -> Match:
        if live.mark is not None and not live.belongs_to(self._ledger.stack):
            return _refused(wanted, live)
        return Match(live, how)

    def _is_own(self, live: Live) -> bool:
        return live.belongs_to(self._ledger.stack)

    def _free(self, found: Iterable[Live]) -> list[Live]:
        unique = {live.id: live for live in found}
        return [
            live
            for live in unique.values()
            if self._ledger.owner_of(live) is None and live.id not in self._claims(live.kind)
        ]

    def _claims(self, kind: str) -> frozenset[str]:
        """The ids that the files claim, or a rotation pins, among the objects of a kind."""
        if kind not in self._claims_by_kind:
            wanted = self._ledger.wanted_of(kind)
            claims = (it.claim.id if it.claim is not None else it.pinned for it in wanted)
            self._claims_by_kind[kind] = frozenset(filter(None, claims))
        return self._claims_by_kind[kind]


def _refused(wanted: Wanted, live: Live) -> Match:
    assert live.mark is not None
    reason = (
        f"it is live as {live.name!r} ({live.id}) and belongs to the stack {live.mark.stack!r}: "
        "take it out of this file, or let that stack hand it over (`ztctl stack transfer`)"
    )
    return Match(live, MatchGround.ADOPTED, refusal=Refusal(wanted.address, reason))


def _ambiguous(wanted: Wanted, found: Sequence[Live]) -> Problem:
    ids = ", ".join(live.id for live in found)
    return Problem(
        f"{len(found)} live objects could be {wanted.address}: {ids}",
        wanted.where,
        "delete or rename one of them; ztctl never guesses",
    )


def _unclaimable(kind: Kind, wanted: Wanted, claim: Claim, live: Live | None) -> Problem:
    text = (
        f"there is no live {kind.title} with the id {claim.id}"
        if live is None
        else f"{claim.id} is {live.name!r}, of a type that cannot be declared"
    )
    return Problem(
        f"{wanted.address}: {text}",
        claim.where or wanted.where,
        "nothing is made in its place: write the id of one that is live, or take `id:` out",
    )


def _not_adopted(wanted: Wanted, found: Sequence[Live]) -> Problem:
    ids = ", ".join(live.id for live in found)
    return warning(
        Code.SAME_NAME_LIVE,
        f"{wanted.address} is made anew: {len(found)} live objects are called {found[0].name!r} "
        f"and carry no mark: {ids}",
        wanted.where,
        "to take one of them over, claim it by `id:`",
    )
