"""Build a plan from declared and live objects. Pure: equal input gives an equal plan."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ztctl.core.model.address import Address
from ztctl.core.model.allowances import Allowances
from ztctl.core.model.canonical import Spec, replaced
from ztctl.core.model.copies import trusted
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem, Problems, Severity
from ztctl.core.model.facts import Fact, Slot, ZoneApplications, ZoneRecords
from ztctl.core.model.flows import Unseen
from ztctl.core.model.kind import Contained, Kind, Kinds, Proposal, Showing
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.lint import Code, audible, warning
from ztctl.core.model.markers import Immutable
from ztctl.core.model.names import to_ascii
from ztctl.core.model.objects import Live, Mark, Values, Wanted
from ztctl.core.model.plan import Action, Change, Edit, Phase, Plan, Reason, Refusal
from ztctl.core.model.values import Lookup, Unknown
from ztctl.core.planning import check
from ztctl.core.planning.compare import at_default, describe, differing, recanonised
from ztctl.core.planning.elsewhere import Placed, elsewhere
from ztctl.core.planning.guards import refusals
from ztctl.core.planning.handover import Going, Handing, Handover, helpers, under_way
from ztctl.core.planning.matching import Match, Matcher, MatchGround
from ztctl.core.planning.migration import Migrate, with_migrations
from ztctl.core.planning.quotas import quota_warnings
from ztctl.core.planning.removals import Removals
from ztctl.core.planning.renames import rename_warnings
from ztctl.core.planning.rotation import Rotate, with_rotations
from ztctl.core.planning.safety import Run, made_safe
from ztctl.core.planning.step_graph import ordered
from ztctl.core.reach.idle import Idle, idle_policies
from ztctl.core.reach.open_now import PublicPlaces, exposed_names, own_hosts
from ztctl.core.reach.timeline import current_timeline
from ztctl.core.reach.unseen import unseen
from ztctl.core.reach.versions import facts_of, timeline_of

_LEAVING = (Action.DELETE, Action.FORGET)
_VERDICTS = {
    MatchGround.ADOPTED: (Action.ADOPT, Reason.NOT_MARKED),
    MatchGround.MOVED: (Action.UPDATE, Reason.MOVED),
    MatchGround.RESTORED: (Action.UPDATE, Reason.MARK_LOST),
}
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Options:
    """Approvals and target addresses of a plan; no target: every object.

    Attributes:
        rotation: the step of a CA rotation to plan; ``None``: what is under way stays as it is.
        handover: which objects get another mark, or none; then nothing else is planned.
        migration: that of a tunnel's migration.
    """

    allowances: Allowances = field(default_factory=Allowances)
    targets: frozenset[Address] = frozenset()
    rotation: Rotate | None = None
    handover: Handover | None = None
    migration: Migrate | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """All changes with ordered steps, before the safety invariants are checked.

    Attributes:
        removed: the live objects that the plan deletes or forgets, by address.
        unchanged: number of declared objects without a change.
        refused: refusals found while wanted and live objects were matched.
        placed: what is on servers of which it is known, and what the files say of it.
    """

    declared: Declared
    account: str
    ledger: Ledger
    live: Mapping[str, tuple[Live, ...]]
    run: Run
    changes: tuple[Change, ...]
    removed: Mapping[Address, Live]
    unchanged: int
    refused: tuple[Refusal, ...]
    placed: tuple[Placed, ...] = ()

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
        """Match wanted and live objects, and derive the changes.

        Raises:
            Problems: all problems of the files that show only against the account.
            Failure: the step of a rotation or migration is not the next one.
        """
        declared = with_rotations(declared, live, kinds, options.rotation)
        declared = with_migrations(declared, live, kinds, options.migration)
        wanted = check.expanded(declared, kinds)
        ledger = Ledger(declared, wanted, live, kinds)
        planner = _Planner(ledger, declared, kinds)
        decided = [change for item in wanted if (change := planner.decide(item)) is not None]
        if options.handover is not None:
            return cls._handed(ledger, declared, kinds, account=account, options=options)
        kept = [planner.with_users(change) for change in decided]
        removals = Removals(ledger, declared, kinds)
        going = removals.changes(kept)
        refused = (*under_way(ledger, kinds), *planner.refused, *removals.refused)
        placed = tuple(elsewhere(ledger, kinds))
        errors = [item for item in ledger.problems if item.severity is Severity.ERROR]
        if errors:
            raise Problems(dict.fromkeys(errors))
        now, public = dict(facts_of(live, kinds)), PublicPlaces(declared.public)
        # What somebody is to put on a server may be there at any time: before the run, and in it.
        now |= {it.slot: it.either for it in placed}
        run = Run(now, kinds, ledger.resolve, public, options.allowances)
        stepped = _targeted(_with_steps([*kept, *going], run), options.targets, ledger)
        removed = {item.address: item.live for item in going if item.live}
        touched = {change.address for change in kept}
        touched |= {refusal.address for refusal in refused if refusal.address}
        counted = (it.address for it in wanted if not kinds[it.address.kind].housekeeping)
        unchanged = sum(address not in touched for address in counted)
        return cls(
            declared, account, ledger, live, run, stepped, removed, unchanged, refused, placed
        )

    @classmethod
    def _handed(
        cls, known: Ledger, declared: Declared, kinds: Kinds, *, account: str, options: Options
    ) -> Draft:
        """The changes of a handover; ``known`` has the live objects matched with the files."""
        assert options.handover is not None
        going = Going.of(options.handover, known, kinds)
        wanted = helpers(going, options.handover, kinds)
        live = {kind: tuple(known.live_of(kind)) for kind in kinds}
        ledger = Ledger(declared, wanted, live, kinds)
        planner = _Planner(ledger, replace(declared, ignored=()), kinds)
        made = [change for item in wanted if (change := planner.decide(item)) is not None]
        handing = Handing(ledger, kinds, options.handover, going)
        changes = handing.changes()
        now, public = dict(facts_of(live, kinds)), PublicPlaces(declared.public)
        run = Run(now, kinds, ledger.resolve, public, options.allowances)
        stepped = _with_steps([*made, *changes], run)
        there = {it.address: it.live for it in changes if it.live}
        return cls(declared, account, ledger, live, run, stepped, there, 0, tuple(handing.refused))

    @property
    def unseen(self) -> Unseen:
        """What decides who reaches the hosts of these changes, and is not known."""
        return unseen(timeline_of(self.changes, self.run.now))

    @property
    def unguarded(self) -> Unseen:
        """The zones of the stack's hosts whose own lists of applications are not known."""
        timeline = current_timeline(self.run.now)
        hosts = own_hosts(timeline, self.ledger.own)
        return Unseen(guarded=unseen(timeline, hosts).guarded)

    def without(self, others: Mapping[str, Live]) -> Draft:
        """The draft of an account without these live objects, by any key; all else is as known."""
        ids = {live.id for live in others.values()}
        live = {
            kind: tuple(it for it in items if it.id not in ids) for kind, items in self.live.items()
        }
        now = {slot: fact for slot, fact in self.run.now.items() if slot[1] not in ids}
        options = Options(self.run.allowances)
        kinds = self.run.kinds
        draft = Draft.of(self.declared, live, kinds, account=self.account, options=options)
        return draft.knowing(now)

    def knowing(self, now: Mapping[Slot, Fact]) -> Draft:
        """The same changes, checked against these facts."""
        return replace(self, run=replace(self.run, now=now))

    def plan(self) -> Plan:
        """Complete the plan: safe order, refusals, warnings, changes of access."""
        kinds, ledger, live, run = self.run.kinds, self.ledger, self.live, self.run
        safe = made_safe(self.changes, run, ledger.display_names())
        chosen = tuple(
            _with_public(change, self.declared) for change in _named(safe.changes, ledger)
        )
        refused = refusals(
            Proposal(chosen, live, run.allowances, self.declared.stack),
            kinds,
            stack=self.declared.stack,
            declared=sum(
                1
                for item in self.declared.wanted
                if item.shares is None and ledger.matched(item.address)
            ),
        )
        idle = list(idle_policies(safe.timeline))
        warnings = (
            *ledger.problems,
            *_gaps(run.now),
            *_idle_already(self, idle),
            *rename_warnings(chosen, kinds),
            *quota_warnings(chosen, live, kinds),
        )
        return Plan(
            self.account,
            self.declared.stack,
            _printed_order(chosen, kinds),
            unchanged=self.unchanged,
            refusals=_once_each((*self.refused, *safe.refusals, *_idle(idle), *refused)),
            warnings=tuple(audible(dict.fromkeys(warnings), self.declared.silences)),
            access=safe.access,
            exposed=exposed_names(safe.timeline, ledger.own, run.public),
            live={**ledger.pairs, **self.removed},
            copies=trusted(run.now, ledger.display_names()),
        )


def _gaps(now: Mapping[Slot, Fact]) -> Iterator[Problem]:
    """Warnings about zones whose records or own applications decide, and could not be read."""
    for fact in now.values():
        if isinstance(fact, ZoneApplications) and fact.gap:
            text = f"the zone {fact.name} may list applications of its own: {fact.gap}"
            hint = "one of them may open a name in it; let the token read Access of the zone"
            yield warning(Code.UNREAD_ZONE, text, hint=hint)
        if isinstance(fact, ZoneRecords) and fact.gap:
            text = f"the records of the zone {fact.name} could not be read: {fact.gap}"
            hint = "names in it count as open; let the token read its DNS"
            yield warning(Code.UNREAD_ZONE, text, hint=hint)


def _idle(policies: Sequence[Idle]) -> Iterator[Refusal]:
    """Refuse to make a policy that admits nobody."""
    for found in (it for it in policies if it.steps):
        address = min(step.address for step in found.steps)
        name = Mark.of_name(found.name)[0]
        why = f": {found.why}; {found.remedy}" if found.why else ""
        yield Refusal(address, f"the policy {name!r} would admit nobody{why}")


def _idle_already(draft: Draft, policies: Sequence[Idle]) -> Iterator[Problem]:
    """Warn of live policies of the stack, or of its objects, that admit nobody.

    Where the files tell it themselves it is not told again.
    """
    ledger, declared = draft.ledger, draft.declared
    told = {it.where for it in declared.warnings if it.code == Code.NO_ONE_ENTERS}
    places = {it.address: it.where for it in declared.wanted}
    idle = {it.id: it for it in policies if not it.steps}
    for live in (it for objects in draft.live.values() for it in objects if it.id in idle):
        owner, found = ledger.owner_of(live), idle[live.id]
        where = places.get(owner) if owner is not None else None
        if where is not None and where in told:
            continue
        if ledger.is_own(live) or any(map(ledger.is_own, ledger.users_of(live))):
            name = Mark.of_name(found.name)[0]
            why = f": {found.why}" if found.why else ""
            text = f"the policy {name!r} is live, and admits nobody{why}"
            yield warning(Code.NO_ONE_ENTERS, text, where, found.remedy)


def _with_public(change: Change, declared: Declared) -> Change:
    """Add notes where a change opens a name of which the files state something as public."""
    if change.phase is not Phase.DNS or change.action is Action.DELETE:
        return change
    host = to_ascii(change.address.key)
    stated = (
        f"{f'may be open below /{it.path}' if it.path else 'is open'} to everybody, as stated: "
        f"{it.reason}"
        for it in declared.public
        if it.host == host
    )
    return replace(change, notes=(*change.notes, *dict.fromkeys(stated)))


class _Planner:
    """Derives the change of each object; referenced objects have to be decided first."""

    def __init__(self, ledger: Ledger, declared: Declared, kinds: Kinds) -> None:
        self._kinds = kinds
        self._ledger = ledger
        self._declared = declared
        self._matcher = Matcher(
            ledger, kinds, {move.target: move.source for move in declared.moved}
        )
        self._ignored: dict[Address, list[str]] = defaultdict(list)
        for ignored in declared.ignored:
            self._ignored[ignored.address].append(ignored.field)
        self.refused: list[Refusal] = []

    def decide(self, wanted: Wanted) -> Change | None:
        """The change of one wanted object; ``None`` when there is none, or it is refused."""
        kind = self._kinds[wanted.address.kind]
        match = self._matcher.match(wanted)
        if match.refusal is not None:
            self.refused.append(match.refusal)
            return None
        for live in (*match.others, match.live):
            if live is not None:
                self._ledger.pair(wanted.address, live)
        if wanted.shares is not None and match.live is None:
            return None
        wanted = self._with_kept(wanted, match.live)
        written = self._without_lookups(kind.complete(wanted, match.live, self._ledger))
        after = recanonised(kind.specs, self._ledger.resolve(written))
        if match.live is None:
            return self._creation(kind, wanted, written, after)
        return self._update(kind, wanted, match, written, after)

    def _with_kept(self, wanted: Wanted, live: Live | None) -> Wanted:
        """The wanted side with the live value of each field that the files let differ."""
        names = self._ignored.get(wanted.address)
        if live is None or not names:
            return wanted
        # Without the mark, which is put back in any case.
        own = self._kinds[wanted.address.kind].marking.off(live)
        return replace(wanted, values={**wanted.values, **{it: own.get(it) for it in names}})

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
        return kind.container_of(wanted, self._ledger) if isinstance(kind, Contained) else None

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
            for edit in describe(
                name, kind.specs[name], _shown(kind, name, live, after), after[name]
            )
        )
        action, reason = _verdict(match, edits)
        if action is Action.REPLACE:
            self._ledger.renewed.add(wanted.address)
        was_foreign = match.how in (MatchGround.ADOPTED, MatchGround.CLAIMED)
        if action is Action.REPLACE and was_foreign:
            self.refused.append(_no_replacing(wanted, live, edits, kind.specs))
            return None
        change = Change(
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
            detail=str(self._matcher.source_of(wanted)) if match.how is MatchGround.MOVED else "",
            housekeeping=kind.housekeeping,
        )
        if action is Action.REPLACE:
            lost = sorted(kind.carried_over(live))
            return replace(change, notes=tuple(f"drops {it}, unknown to ztctl" for it in lost))
        if not was_foreign and not match.others:
            return change
        return replace(change, notes=kind.dropped_by(change))

    def with_users(self, change: Change) -> Change:
        """The change of an object that was not ours before, with a note for each foreign user.

        All objects must be decided: what is adopted by the same plan is no foreign user.
        """
        claimed = change.wanted is not None and change.wanted.claim is not None
        if change.live is None or not (claimed or change.action is Action.ADOPT):
            return change
        return replace(change, notes=(*change.notes, *self._foreign_users(change.live)))

    def _foreign_users(self, live: Live) -> Iterator[str]:
        """Who else uses an object, at any distance: a group by policies, these by applications."""
        waiting, seen = [live], {(live.kind, live.id)}
        for used in waiting:
            for user in self._ledger.users_of(used):
                if (user.kind, user.id) in seen:
                    continue
                seen.add((user.kind, user.id))
                waiting.append(user)
                if not self._ledger.is_own(user):
                    whose = f" of the stack {user.mark.stack!r}" if user.mark else ""
                    title = self._kinds[user.kind].title
                    yield f"is used by the {title} {user.name!r}{whose}, too"


def _shown(kind: Kind, name: str, live: Live, after: Values) -> Any:
    """The live value of a field, as its edits show it."""
    if isinstance(kind, Showing):
        return kind.shown(name, live, after[name])
    return live.values.get(name)


def _once_each(found: Sequence[Refusal]) -> tuple[Refusal, ...]:
    """Of refusals that the same flag of the same object lifts, only the first."""
    return tuple(
        {(item.address, item.flag or item.reason): item for item in reversed(found)}.values()
    )[::-1]


def _verdict(match: Match, edits: Sequence[Edit]) -> tuple[Action, Reason]:
    replacing = [edit for edit in edits if edit.replaces]
    if replacing:
        renewed = any(isinstance(edit.after, Unknown) for edit in replacing)
        return Action.REPLACE, Reason.DEPENDENCY_RENEWED if renewed else Reason.CANNOT_UPDATE
    return _VERDICTS.get(match.how, (Action.UPDATE, Reason.DIFFERS))


def _no_replacing(
    wanted: Wanted, live: Live, edits: Sequence[Edit], specs: Mapping[str, Spec]
) -> Refusal:
    fields = sorted({edit.path for edit in edits if edit.replaces})
    way = "an adoption" if wanted.claim is None else "a claim"
    markers = (specs[name].immutable for name in fields if name in specs)
    instead = next((marker.instead for marker in markers if marker), Immutable().instead)
    return Refusal(
        wanted.address,
        f"it is live as {live.name!r} ({live.id}), but differs in {', '.join(fields)}, which "
        f"cannot be changed; {way} never replaces: {instead.format(live=live.name)}",
    )


def _with_steps(changes: Sequence[Change], run: Run) -> tuple[Change, ...]:
    kinds = run.kinds
    stepped = [run.stepped(it, kinds[it.address.kind].steps(it)) for it in changes]
    try:
        return ordered(stepped, kinds, run.by_id)
    except ValueError as found:
        text = f"no order of these steps is possible: {found}"
        raise Problems([Problem(text, hint="apply the changes in two parts")]) from found


def _named(changes: Sequence[Change], ledger: Ledger) -> tuple[Change, ...]:
    """Replace ids by display names in all values that people read."""
    names = ledger.display_names()

    def shown(leaf: Any) -> Any:
        if not isinstance(leaf, str):
            return leaf
        if leaf in names:
            return names[leaf]
        # In brackets: the text as a whole is no name of an object, it contains an id.
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
    """Only the changes of the targets and what they need.

    Raises:
        Problems: a target is neither declared nor owned.
    """
    if not targets:
        return tuple(changes)
    by_address = {change.address: change for change in changes}
    unknown = [
        address
        for address in sorted(targets)
        if address not in by_address and not ledger.matched(address)
    ]
    if unknown:
        known = [*map(str, by_address.keys() | ledger.pairs.keys())]
        raise Problems(_not_known(address, known) for address in unknown)
    chosen: set[Address] = set()
    waiting = [address for address in targets if address in by_address]
    while waiting:
        address = waiting.pop()
        if address not in chosen:
            chosen.add(address)
            waiting += [need.address for step in by_address[address].steps for need in step.needs]
    return tuple(change for change in changes if change.address in chosen)


def _not_known(target: Address, known: Sequence[str]) -> Problem:
    similar = difflib.get_close_matches(str(target), known, 1)
    hint = f"did you mean {similar[0]}?" if similar else ""
    return Problem(f"no declared or owned object is called {target}", hint=hint)


def _printed_order(changes: Sequence[Change], kinds: Kinds) -> tuple[Change, ...]:
    rank = {kind.name: place for place, kind in enumerate(kinds.values())}

    def place(change: Change) -> tuple[int, int]:
        return change.phase, rank[change.address.kind]

    going = (change for change in changes if change.action in _LEAVING)
    staying = (change for change in changes if change.action not in _LEAVING)
    return (*sorted(staying, key=place), *sorted(going, key=place, reverse=True))
