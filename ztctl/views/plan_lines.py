"""Format a plan as lines: changes by phase with their reasons, access, warnings, refusals."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby

from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.facts import DescribedEntry, Openness
from ztctl.core.model.names import any_other
from ztctl.core.model.plan import Action, Change, Exposed, Plan, Refusal
from ztctl.core.model.values import Unknown
from ztctl.views.escape import Clean
from ztctl.views.fields import FieldWriter, hidden_note, is_present
from ztctl.views.folding import Folding
from ztctl.views.styled_line import TONES, Line, Tone
from ztctl.views.wording import (
    ACTIONS,
    action_phrase,
    heading,
    is_removal,
    reason_phrase,
)

OBJECT = 3
FIELD = 7
BLANK = Line()
# Of more hosts with the same gains and losses only so many are named.
MANY = 4
EXPOSED = {
    Openness.OPEN: "OPEN TO EVERYBODY NOW:",
    Openness.ANY_LOGIN: "OPEN TO ANYBODY WHO LOGS IN, NOW:",
}
TRUSTS = "This is as true as a copy that is trusted:"
WHEN_LOST = (
    "A loss holds for new logins at once, for issued tokens when their session ends,",
    "and for open SSH sessions when they are closed.",
)


@dataclass(frozen=True, slots=True)
class PlanLines:
    """Formats a plan, part by part."""

    clean: Clean

    def preface(self, plan: Plan) -> Iterator[Line]:
        """Stack, account, and a legend of the symbols used."""
        yield Line(f"Stack {self.clean(plan.stack)} in account {self.clean(plan.account)}.")
        used = {change.action for change in plan.changes}
        yield Line("Symbols:")
        yield from (
            Line(words.legend, words.symbol, OBJECT)
            for action, words in ACTIONS.items()
            if action in used
        )

    def exposed(self, plan: Plan) -> Iterator[Line]:
        """Hosts that are open now, in each degree; first, because they are so before any apply.

        And the copies that all of the plan trusts.
        """
        for degree, title in EXPOSED.items():
            found = [item for item in plan.exposed if item.openness is degree]
            if found:
                yield Line(title, tone=Tone.ERROR)
                yield from (line for item in found for line in self._exposed(item))
                yield BLANK
        if plan.copies:
            yield Line(TRUSTS, tone=Tone.WARNING)
            yield from (Line(self.clean(it.text), "!", OBJECT) for it in plan.copies)
            yield BLANK

    def _exposed(self, item: Exposed) -> Iterator[Line]:
        host = any_other(self.clean(item.host))
        yield Line(f"{host}: {self.clean(item.reason)}", "!", OBJECT)
        if item.stays:
            yield Line("it stays so after this plan", "", FIELD, Tone.ERROR)
        elif item.becomes:
            yield Line("this plan asks everybody to log in; anybody can", "", FIELD, Tone.ERROR)
        else:
            yield Line("this plan closes it", "", FIELD, Tone.QUIET)

    def changes(self, plan: Plan) -> Iterator[Line]:
        """Every change under the heading of its phase."""
        for (removal, phase), group in groupby(
            plan.changes, lambda change: (is_removal(change), change.phase)
        ):
            yield Line(heading(phase, removal=removal), tone=Tone.STRONG)
            yield BLANK
            for change in group:
                yield from self.change(change)
                yield BLANK

    def change(self, change: Change) -> Iterator[Line]:
        """One change: action, reason, origin, fields, notes."""
        address = self.clean(change.address)
        yield Line(f"{address} {action_phrase(change, self.clean)}", "#", OBJECT, Tone.STRONG)
        yield from (Line(f"({text})", "#", OBJECT, Tone.QUIET) for text in self._remarks(change))
        yield Line(address, ACTIONS[change.action].symbol, OBJECT)
        yield from self._fields(change)
        yield from (Line(self.clean(note), "!", FIELD, Tone.WARNING) for note in change.notes)

    def _remarks(self, change: Change) -> Iterator[str]:
        yield f"because {reason_phrase(change, self.clean)}"
        if change.wanted is not None and change.wanted.origin:
            yield f"from {self.clean(change.wanted.origin)}"
        if change.live is not None and change.action in (
            Action.REPLACE,
            Action.DELETE,
            Action.FORGET,
        ):
            yield f"live id {self.clean(change.live.id)}"
        if change.housekeeping:
            yield "housekeeping, not counted"

    def _fields(self, change: Change) -> Iterator[Line]:
        fields = FieldWriter(self.clean)
        whole = {Action.CREATE: ("+", change.after), Action.DELETE: ("-", change.before)}
        mark, values = whole.get(change.action, ("", {}))
        if values:
            shown = {name: it for name, it in values.items() if name not in change.silent}
            yield from fields.all_fields(mark, shown, FIELD)
            if change.silent:
                yield hidden_note(len(change.silent), "default", FIELD)
        else:
            yield from fields.edits(change.edits, FIELD)
            yield from _unchanged(change)

    def access(self, plan: Plan) -> Iterator[Line]:
        """Who gains and who loses access; hosts with the same gains and losses are grouped."""
        if not plan.access:
            return
        yield Line("Access:", tone=Tone.STRONG)
        alike: dict[tuple[tuple[DescribedEntry, ...], tuple[DescribedEntry, ...]], list[str]] = {}
        for change in plan.access:
            alike.setdefault((change.gained, change.lost), []).append(change.host)
        for (gained, lost), hosts in alike.items():
            yield Line(self._hosts(hosts), indent=OBJECT)
            told = {(way.who, way.change) for way in gained if way.change}
            yield from self._visitors(gained, "+")
            yield from self._visitors([it for it in lost if (it.who, it.change) not in told], "-")
        if any(change.lost and change.by_login for change in plan.access):
            yield from (Line(text, "", OBJECT, Tone.QUIET) for text in WHEN_LOST)
        yield BLANK

    def _hosts(self, hosts: Sequence[str]) -> str:
        shown = ", ".join(any_other(self.clean(host)) for host in hosts[:MANY])
        return f"{shown} and {len(hosts) - MANY} more" if len(hosts) > MANY else shown

    def _visitors(self, ways: Iterable[DescribedEntry], mark: str) -> Iterator[Line]:
        for way in ways:
            sign = "~" if way.change else mark
            tone = Tone.ERROR if way.openness and mark == "+" else TONES[sign]
            change = f": {self.clean(way.change)}" if way.change else ""
            text = f"{self.clean(way.who)} → {self.clean(way.origin)}{change}"
            yield Line(text, sign, FIELD, tone)

    def warnings(self, plan: Plan, names: Folding | None = None) -> Iterator[Line]:
        """Problems that stop nothing; with ``names`` those that say the same are one."""
        if not plan.warnings:
            return
        yield Line("Warnings:", tone=Tone.WARNING)
        alike: dict[object, list[Problem]] = {}
        for problem in plan.warnings:
            text = problem.text.removeprefix(f"{problem.about}: ")
            folds = names is not None and problem.about
            alike.setdefault((text, problem.hint) if folds else problem, []).append(problem)
        for problems in alike.values():
            yield from self._warning(problems, names)
        yield BLANK

    def _warning(self, problems: Sequence[Problem], names: Folding | None) -> Iterator[Line]:
        problem, *others = problems
        place = f"{self.clean(problem.where)}: " if problem.where else ""
        text = self.clean(problem.text)
        if others and names is not None:
            shown = names.folded(self.clean(item.about) for item in problems)
            told = problem.text.removeprefix(f"{problem.about}: ")
            place, text = "", f"{shown} ({len(problems)}): {self.clean(told)}"
        yield Line(f"{place}{text}", "!", OBJECT)
        if problem.hint:
            yield Line(f"hint: {self.clean(problem.hint)}", "", OBJECT, Tone.QUIET)

    def refusals(self, plan: Plan) -> Iterator[Line]:
        """Reasons why apply refuses the plan, and flags that apply will require."""
        refused = [refusal for refusal in plan.refusals if not refusal.apply_only]
        wanted = [refusal for refusal in plan.refusals if refusal.apply_only]
        if refused:
            yield Line("Refused:", tone=Tone.ERROR)
            alike: dict[tuple[str, str, bool], list[Refusal]] = {}
            for refusal in refused:
                of_object = refusal.address is not None
                option = refusal.flag.partition(" ")[0] if of_object else refusal.flag
                alike.setdefault((refusal.reason, option, of_object), []).append(refusal)
            yield from chain.from_iterable(map(self._refused, alike.values()))
            yield BLANK
        options: dict[tuple[str, bool], list[Refusal]] = {}
        for refusal in wanted:
            of_object = refusal.address is not None
            option = refusal.flag.partition(" ")[0] if of_object else refusal.flag
            options.setdefault((option, of_object), []).append(refusal)
        for (option, _), items in options.items():
            yield from self._wanted(option, items)
            yield BLANK

    def _wanted(self, option: str, items: Sequence[Refusal]) -> Iterator[Line]:
        """What one flag is wanted for: each reason once, with the objects that it is about."""
        flags = {it.flag for it in items}
        flag = next(iter(flags)) if len(flags) == 1 else f"{option} of each, or of all"
        title = f"Apply will want {self.clean(flag)}:" if option else "Apply will refuse:"
        yield Line(title, tone=Tone.WARNING)
        reasons: dict[str, list[Refusal]] = {}
        for item in items:
            reasons.setdefault(item.reason, []).append(item)
        for alike in reasons.values():
            if len(alike) > 1 and all(it.address for it in alike):
                yield from self._alike(alike)
            else:
                yield from map(self._refusal, alike)

    def _refused(self, alike: Sequence[Refusal]) -> Iterator[Line]:
        """Refusals for one reason: that once, every name, and the flag on a line to be copied."""
        first, *others = alike
        flag = first.flag
        if others and first.address:
            yield from self._alike(alike)
            option = flag.partition(" ")[0]
            flag = f"{option} all" if option else ""
        else:
            yield self._refusal(first)
        if flag:
            yield Line(self.clean(flag), "", OBJECT)

    def _alike(self, alike: Sequence[Refusal]) -> Iterator[Line]:
        yield Line(f"{self.clean(alike[0].reason)}:", "!", OBJECT)
        yield Line(", ".join(self.clean(str(it.address)) for it in alike), "", OBJECT)

    def _refusal(self, refusal: Refusal) -> Line:
        subject = f"{self.clean(refusal.address)}: " if refusal.address else ""
        return Line(f"{subject}{self.clean(refusal.reason)}", "!", OBJECT)


def _unchanged(change: Change) -> Iterator[Line]:
    """Count the fields that an update leaves unchanged."""
    edited = {re.split(r"[.\[]", edit.path, maxsplit=1)[0] for edit in change.edits}
    kept = sum(
        name not in edited and is_present(value) and not isinstance(value, Unknown)
        for name, value in change.after.items()
    )
    if change.edits and kept:
        yield hidden_note(kept, "field", FIELD)
