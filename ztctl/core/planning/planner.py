"""Two sides in, a plan out. Pure: the same input always gives the same plan."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ztctl.core.model.address import Address
from ztctl.core.model.allowances import Allowances
from ztctl.core.model.canonical import replaced
from ztctl.core.model.declared import Declared, Removed
from ztctl.core.model.diagnostics import Problem, Problems, Severity
from ztctl.core.model.kind import Contained, Kind, Kinds, Proposal
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.objects import EMPTY, Live, Values, Wanted
from ztctl.core.model.plan import Action, Change, Edit, Phase, Plan, Reason, Refusal
from ztctl.core.model.values import Lookup, Unknown
from ztctl.core.planning import check
from ztctl.core.planning.compare import at_default, describe, differing, recanonised
from ztctl.core.planning.guards import refusals
from ztctl.core.planning.matching import Match, Matcher, MatchGround
from ztctl.core.planning.quotas import quota_warnings
from ztctl.core.planning.safety import Run, made_safe
from ztctl.core.planning.step_graph import ordered
from ztctl.core.reach.open_now import PublicHosts, exposed_names
from ztctl.core.reach.versions import facts_of

_LEAVING = (Action.DELETE, Action.FORGET)
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Options:
    """How a plan is asked for: what is allowed, and which addresses it is about."""

    allowances: Allowances = field(default_factory=Allowances)
    targets: frozenset[Address] = frozenset()


def build_plan(
    declared: Declared,
    live: Mapping[str, tuple[Live, ...]],
    kinds: Kinds,
    *,
    account: str,
    options: Options,
) -> Plan:
    """What has to be done so that the account holds what the files want.

    Raises:
        Problems: everything that only the account could tell is wrong with the files.
    """
    return Draft.of(declared, live, kinds, account=account, options=options).plan()


@dataclass(frozen=True, slots=True)
class Draft:
    """Every change with its steps in order, before it is proved that they are safe.

    Attributes:
        going: what is live behind the addresses that go.
        unchanged: how many declared objects are in step.
        refused: what was refused while both sides were matched.
    """

    declared: Declared
    kinds: Kinds
    account: str
    options: Options
    ledger: Ledger
    live: Mapping[str, tuple[Live, ...]]
    run: Run
    changes: tuple[Change, ...]
    going: Mapping[Address, Live]
    unchanged: int
    refused: tuple[Refusal, ...]

    @classmethod
    def of(
        cls,
        declared: Declared,
        live: Mapping[str, tuple[Live, ...]],
        kinds: Kinds,
        *,
        account: str,
        options: Options,
    ) -> Draft:
        """Match both sides and say what changes.

        Raises:
            Problems: everything that only the account could tell is wrong with the files.
        """
        wanted = check.expanded(declared, kinds)
        ledger = Ledger(declared, wanted, live, kinds)
        planner = _Planner(ledger, declared, kinds)
        kept = [change for item in wanted if (change := planner.decide(item)) is not None]
        gone = planner.removals(kept)
        errors = [item for item in ledger.problems if item.severity is Severity.ERROR]
        if errors:
            raise Problems(dict.fromkeys(errors))
        now, public = dict(facts_of(live, kinds)), PublicHosts(declared.public)
        run = Run(now, kinds, ledger.resolve, public, options.allowances)
        stepped = _targeted(_with_steps([*kept, *gone], run), options.targets, ledger)
        going = {item.address: item.live for item in gone if item.live}
        touched = {change.address for change in kept}
        touched |= {refusal.address for refusal in planner.refused if refusal.address}
        touched |= {item.address for item in wanted if kinds[item.address.kind].housekeeping}
        unchanged = sum(1 for item in wanted if item.address not in touched)
        refused = tuple(planner.refused)
        return cls(
            declared, kinds, account, options, ledger, live, run, stepped, going, unchanged, refused
        )

    @property
    def uncovers(self) -> bool:
        """True when an application stops protecting a name."""
        return any(step.uncovers for change in self.changes for step in change.steps)

    def knowing(self, live: Mapping[str, tuple[Live, ...]]) -> Draft:
        """The same changes of an account of which more of others' objects was read."""
        run = replace(self.run, now=dict(facts_of(live, self.kinds)))
        return replace(self, live=live, run=run)

    def plan(self) -> Plan:
        """The plan, its order proved safe."""
        kinds, ledger, live, run = self.kinds, self.ledger, self.live, self.run
        safe = made_safe(self.changes, run, ledger.display_names())
        chosen = tuple(
            _with_public(change, self.declared) for change in _named(safe.changes, ledger)
        )
        refused = refusals(
            Proposal(chosen, live, self.options.allowances),
            kinds,
            stack=self.declared.stack,
            declared=sum(1 for item in self.declared.wanted if ledger.matched(item.address)),
        )
        return Plan(
            self.account,
            self.declared.stack,
            _printed_order(chosen, kinds),
            unchanged=self.unchanged,
            refusals=_once_each((*self.refused, *safe.refusals, *refused)),
            warnings=tuple(dict.fromkeys((*ledger.problems, *quota_warnings(chosen, live, kinds)))),
            access=safe.access,
            exposed=exposed_names(safe.timeline, ledger.own, run.public),
            live={**ledger.pairs, **self.going},
        )


def _with_public(change: Change, declared: Declared) -> Change:
    """Say it where a name opens that the files want to be open."""
    reason = declared.public.get(change.address.key)
    if reason is None or change.phase is not Phase.DNS or change.action is Action.DELETE:
        return change
    return replace(change, notes=(*change.notes, f"is open to everybody, as stated: {reason}"))


class _Planner:
    """Decides object by object, in the order in which they refer to each other."""

    def __init__(self, ledger: Ledger, declared: Declared, kinds: Kinds) -> None:
        self._kinds = kinds
        self._ledger = ledger
        self._declared = declared
        self._matcher = Matcher(
            ledger, kinds, {move.target: move.source for move in declared.moved}
        )
        self._removed = {self._slot(item): item for item in declared.removed}
        self.refused: list[Refusal] = []

    def decide(self, wanted: Wanted) -> Change | None:
        """The change of one wanted object, or ``None`` when it is in step or refused."""
        kind = self._kinds[wanted.address.kind]
        match = self._matcher.match(wanted)
        if match.refusal is not None:
            self.refused.append(match.refusal)
            return None
        if match.live is not None:
            self._pair(wanted, match)
        written = self._without_lookups(kind.complete(wanted, match.live, self._ledger))
        after = recanonised(kind.specs, self._ledger.resolve(written))
        if match.live is None:
            return self._creation(kind, wanted, written, after)
        return self._update(kind, wanted, match, written, after)

    def _pair(self, wanted: Wanted, match: Match) -> None:
        for live in (match.live, *match.others):
            if live is not None:
                self._ledger.pair(wanted.address, live)
        if match.live is not None:
            self._ledger.pairs[wanted.address] = match.live

    def _without_lookups(self, values: Values) -> Values:
        def resolved(leaf: Any) -> Any:
            return self._ledger.resolve(leaf) if isinstance(leaf, Lookup) else leaf

        return {name: replaced(value, resolved) for name, value in values.items()}

    def _creation(self, kind: Kind, wanted: Wanted, written: Values, after: Values) -> Change:
        return Change(
            wanted.address,
            Action.CREATE,
            Reason.NOT_LIVE,
            kind.phase,
            wanted=wanted,
            container=self._container(kind, wanted),
            written=written,
            after={name: value for name, value in after.items() if value is not None},
            silent=at_default(kind.specs, after),
            housekeeping=kind.housekeeping,
        )

    def _container(self, kind: Kind, wanted: Wanted) -> Live | None:
        if not isinstance(kind, Contained):
            return None
        return kind.container_of(wanted, self._ledger)

    def _update(
        self, kind: Kind, wanted: Wanted, match: Match, written: Values, after: Values
    ) -> Change | None:
        live = match.live
        assert live is not None
        names = differing(kind.specs, after, live.values)
        if not names and not match.others:
            return None
        edits = tuple(
            edit
            for name in names
            for edit in describe(name, kind.specs[name], live.values.get(name), after[name])
        )
        action, reason = _verdict(match, edits)
        if action is Action.REPLACE:
            self._ledger.renewed.add(wanted.address)
        if action is Action.REPLACE and match.how is MatchGround.ADOPTED:
            self.refused.append(_no_replacing_adoption(wanted, live, edits))
            return None
        adopts = action is Action.ADOPT
        return Change(
            wanted.address,
            action,
            reason,
            kind.phase,
            live=live,
            wanted=wanted,
            others=match.others,
            container=live.container or self._container(kind, wanted),
            written=written,
            edits=edits,
            before=live.values,
            after={**live.values, **after},
            notes=self._adoption_notes(kind, live) if adopts else (),
            detail=str(self._matcher.source_of(wanted)) if match.how is MatchGround.MOVED else "",
            housekeeping=kind.housekeeping,
        )

    def _adoption_notes(self, kind: Kind, live: Live) -> tuple[str, ...]:
        users = [user for user in self._ledger.users_of(live) if self._is_foreign(user)]
        return (
            *kind.dropped_by_adoption(live),
            *(
                f"is used by the {self._kinds[user.kind].title} {user.name!r}, too"
                for user in users
            ),
        )

    def _is_foreign(self, live: Live) -> bool:
        return not live.belongs_to(self._ledger.stack)

    # -- what goes --------------------------------------------------------------------------

    def removals(self, kept: Sequence[Change]) -> list[Change]:
        """Deletions: marked and not declared, named by ``removed``, or gone with their owner."""
        gone = [change for kind in self._kinds.values() for change in self._undeclared(kind)]
        gone += self._removed_unmarked({(c.address.kind, c.live.id) for c in gone if c.live})
        return gone + self._with_owner([*kept, *gone])

    def _undeclared(self, kind: Kind) -> list[Change]:
        return [
            self._going(kind, live)
            for live in self._ledger.live_of(kind.name)
            if live.belongs_to(self._ledger.stack) and self._ledger.owner_of(live) is None
        ]

    def _slot(self, entry: Removed) -> tuple[str, str]:
        """Kind and ``Live.key`` of what is removed: its key may be spelt in another way."""
        kind = self._kinds[entry.address.kind]
        return kind.name, kind.slot(Wanted(entry.address, EMPTY, name=entry.name))

    def _going(self, kind: Kind, live: Live) -> Change:
        entry = self._removed.get((kind.name, live.key))
        address = entry.address if entry else Address(kind.name, live.key)
        action = Action.FORGET if entry and entry.forget else Action.DELETE
        reason = Reason.REMOVED if entry else Reason.NOT_DECLARED
        return self._deletion(kind, live, address, action, reason)

    def _removed_unmarked(self, already: Collection[tuple[str, str]]) -> list[Change]:
        found: list[Change] = []
        for entry in self._declared.removed:
            kind = self._kinds[entry.address.kind]
            for live in self._named_by(entry, kind):
                free = self._ledger.owner_of(live) is None and (kind.name, live.id) not in already
                if free and not entry.forget:
                    found.append(
                        self._deletion(kind, live, entry.address, Action.DELETE, Reason.REMOVED)
                    )
        return found

    def _named_by(self, entry: Removed, kind: Kind) -> list[Live]:
        name = entry.name
        if name is None and not kind.owner:
            return []
        found = [
            live
            for live in self._ledger.live_of(kind.name)
            if (live.name == name if name is not None else live.key == entry.address.key)
        ]
        if len(found) > 1:
            ids = ", ".join(live.id for live in found)
            text = f"{len(found)} live objects answer to {entry.address}: {ids}"
            self._ledger.add_problem(Problem(text, entry.where, "ztctl never guesses"))
        foreign = [live for live in found if live.mark and not live.belongs_to(self._ledger.stack)]
        self.refused += [
            Refusal(entry.address, f"{live.name!r} belongs to the stack {live.mark.stack!r}")
            for live in foreign
            if live.mark
        ]
        return [live for live in found if live not in foreign]

    def _with_owner(self, changes: Sequence[Change]) -> list[Change]:
        going = {(c.address.kind, c.live.id): c for c in changes if c.live and _deletes(c)}
        listed = set(going)
        found: list[Change] = []
        for kind in self._kinds.values():
            for live in self._ledger.live_of(kind.name) if kind.owner else ():
                owner = going.get((kind.owner, live.owner))
                if owner is not None and (kind.name, live.id) not in listed:
                    address = Address(kind.name, owner.address.key)
                    change = self._deletion(kind, live, address, Action.DELETE, Reason.OWNER_GOES)
                    found.append(replace(change, detail=str(owner.address)))
        return found

    def _deletion(
        self, kind: Kind, live: Live, address: Address, action: Action, reason: Reason
    ) -> Change:
        edits = tuple(
            Edit(name, value, None) for name, value in live.values.items() if value is not None
        )
        return Change(
            address,
            action,
            reason,
            kind.phase,
            live=live,
            container=live.container,
            edits=edits if action is Action.DELETE else (),
            before=live.values,
            silent=at_default(kind.specs, live.values),
            housekeeping=kind.housekeeping,
        )


def _once_each(found: Sequence[Refusal]) -> tuple[Refusal, ...]:
    """The same without those that the same flag of the same object admits already."""
    return tuple(
        {(item.address, item.flag or item.reason): item for item in reversed(found)}.values()
    )[::-1]


def _deletes(change: Change) -> bool:
    return change.action in (Action.DELETE, Action.REPLACE)


def _verdict(match: Match, edits: Sequence[Edit]) -> tuple[Action, Reason]:
    replacing = [edit for edit in edits if edit.replaces]
    if replacing:
        renewed = any(isinstance(edit.after, Unknown) for edit in replacing)
        return Action.REPLACE, Reason.DEPENDENCY_RENEWED if renewed else Reason.CANNOT_UPDATE
    match match.how:
        case MatchGround.ADOPTED:
            return Action.ADOPT, Reason.NOT_MARKED
        case MatchGround.MOVED:
            return Action.UPDATE, Reason.MOVED
        case MatchGround.RESTORED:
            return Action.UPDATE, Reason.MARK_LOST
        case _:
            return Action.UPDATE, Reason.DIFFERS


def _no_replacing_adoption(wanted: Wanted, live: Live, edits: Sequence[Edit]) -> Refusal:
    fields = ", ".join(sorted({edit.path for edit in edits if edit.replaces}))
    return Refusal(
        wanted.address,
        f"it is live as {live.name!r} ({live.id}), but differs in {fields}, which cannot be "
        "changed; an adoption never replaces: delete it by hand, or declare it as it is",
    )


def _with_steps(changes: Sequence[Change], run: Run) -> tuple[Change, ...]:
    stepped = [run.stepped(change, run.kind_of(change).steps(change)) for change in changes]
    try:
        return ordered(stepped, run.kinds)
    except ValueError as found:
        text = f"no order of these steps is possible: {found}"
        raise Problems([Problem(text, hint="apply the changes in two parts")]) from found


def _named(changes: Sequence[Change], ledger: Ledger) -> tuple[Change, ...]:
    """The same changes with names instead of ids in everything that people read."""
    names = ledger.display_names()

    def shown(leaf: Any) -> Any:
        if not isinstance(leaf, str):
            return leaf
        if leaf in names:
            return names[leaf]
        # In brackets, because no such name exists: the id stands there.
        return _ID.sub(
            lambda found: f"<{names[found[0]]}>" if found[0] in names else found[0], leaf
        )

    return tuple(
        replace(
            change,
            before=replaced(change.before, shown),
            after=replaced(change.after, shown),
            edits=tuple(
                replace(
                    edit, before=replaced(edit.before, shown), after=replaced(edit.after, shown)
                )
                for edit in change.edits
            ),
        )
        for change in changes
    )


def _targeted(
    changes: Sequence[Change], targets: Collection[Address], ledger: Ledger
) -> tuple[Change, ...]:
    """Only the targets and what they need; a target that nothing is known of is a problem."""
    if not targets:
        return tuple(changes)
    by_address = {change.address: change for change in changes}
    unknown = [
        address
        for address in sorted(targets)
        if address not in by_address and not ledger.matched(address)
    ]
    if unknown:
        raise Problems(Problem(f"no declared or owned object is called {it}") for it in unknown)
    chosen: set[Address] = set()
    waiting = [address for address in targets if address in by_address]
    while waiting:
        address = waiting.pop()
        if address not in chosen:
            chosen.add(address)
            waiting += [need.address for step in by_address[address].steps for need in step.needs]
    return tuple(change for change in changes if change.address in chosen)


def _printed_order(changes: Sequence[Change], kinds: Kinds) -> tuple[Change, ...]:
    rank = {kind.name: place for place, kind in enumerate(kinds.values())}
    going = [change for change in changes if change.action in _LEAVING]
    staying = [change for change in changes if change.action not in _LEAVING]

    def place(change: Change) -> tuple[int, int]:
        return change.phase, rank[change.address.kind]

    return (*sorted(staying, key=place), *sorted(going, key=place, reverse=True))
