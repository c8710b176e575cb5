"""Format a plan so that it fits a head: objects folded by kind, people by where they may go.

Equal things are one line. What becomes open to everybody, what is deleted and what is refused is
never folded. The counts of the lines add up to the closing line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

from ztctl.core.model.facts import HELPER, Openness
from ztctl.core.model.names import any_other
from ztctl.core.model.plan import AccessChange, Action, Change, Edit, Plan
from ztctl.views.escape import Clean
from ztctl.views.fields import FieldWriter, elements, is_list, is_present
from ztctl.views.folding import Folding, shared_domain
from ztctl.views.plan_lines import BLANK, WHEN_LOST
from ztctl.views.styled_line import TONES, Line, Tone
from ztctl.views.wording import ACTIONS, PHASES, is_removal, noun, plural, short_id
from ztctl.views.wrapping import cells

# Columns of the objects: the sign stands before the first, the names from the second on.
_SIGN = 17
_NAMES = 16
# Of the people, and from where the hosts stand.
_PEOPLE = 5
_HOSTS = 20
_MOST_EDITS = 4
_LONGEST = 60
# Before the path of an origin, where not all of it is meant.
_BELOW = "below /"
# Of more objects than that nothing is said but their names.
_MOST_DETAILED = 8
_ELEMENT = re.compile(r"(?P<list>.*)\[\d*\]")

OPENED = {
    Openness.OPEN: "OPEN TO EVERYBODY",
    Openness.ANY_LOGIN: "OPEN TO ANY LOGIN",
}


@dataclass(frozen=True)
class CompactLines:
    """Formats a plan, part by part.

    Attributes:
        every: every name of every list is written out.
    """

    clean: Clean
    plan: Plan
    every: bool = False

    def preface(self) -> Iterator[Line]:
        """Stack and account, and the domain that is left out of names."""
        short = short_id(self.plan.account)
        creates = all(change.action is Action.CREATE for change in self.plan.changes)
        new = creates and not self.plan.unchanged
        state = ": nothing of it is live yet" if new else ""
        yield Line(f"Stack {self.clean(self.plan.stack)} in account {self.clean(short)}{state}.")
        if domain := self.names.domain:
            yield Line(f"Hosts without a dot are below {domain}.", tone=Tone.QUIET)

    @cached_property
    def names(self) -> Folding:
        """How names are folded in this plan."""
        hosts = (change.host for change in self.plan.access)
        return Folding(shared_domain(map(self.clean, hosts)), self.every)

    # -- objects ----------------------------------------------------------------------------

    def objects(self) -> Iterator[Line]:
        """The changes by phase, kind and what happens; equal ones are one line."""
        names = self.names
        for (_, phase), group in groupby(
            self.plan.changes, lambda change: (is_removal(change), change.phase)
        ):
            title = PHASES[phase]
            alike: dict[tuple[str, Action, str, bool], list[Change]] = {}
            for change in group:
                what = self._what(change)
                key = change.address.kind, change.action, what, change.housekeeping
                alike.setdefault(key, []).append(change)
            for (kind, action, what, housekeeping), changes in alike.items():
                row = _Row(self.clean, names, kind, action, what, changes)
                yield from row.lines(title, counted=not housekeeping)
                title = ""
            notes: dict[str, list[Change]] = {}
            for change in (it for changes in alike.values() for it in changes):
                for note in change.notes:
                    notes.setdefault(self.clean(note), []).append(change)
            yield from (
                Line(f"{self._named(changes)}: {note}", "!", _SIGN, Tone.WARNING)
                for note, changes in notes.items()
            )

    def _named(self, changes: Iterable[Change]) -> str:
        return ", ".join(f"{noun(it.address.kind)} {self.clean(it.address.key)}" for it in changes)

    def _what(self, change: Change) -> str:
        """What changes of an object that stays; empty for one that comes or goes."""
        if change.action in (Action.CREATE, Action.DELETE, Action.FORGET):
            return ""
        edits = _Edits(self.clean, change, self.names)
        return "; ".join(edits.phrases())

    # -- people -----------------------------------------------------------------------------

    def access(self) -> Iterator[Line]:
        """Who gains entry, who loses it, and for whom it changes: by people, with their hosts."""
        if not self.plan.access:
            return
        yield Line("Access", "", 1, Tone.STRONG)
        yield from self._opened()
        rows: dict[tuple[str, str, str], dict[str, None]] = {}
        for change in self.plan.access:
            for key in signed_rows(change):
                rows.setdefault(key, {})[change.host] = None
        people: dict[tuple[str, str, str, tuple[str, ...]], list[str]] = {}
        for (sign, who, what), hosts in sorted(rows.items(), key=lambda it: "+-~".index(it[0][0])):
            # Each who gains or loses has a line, those for whom the same changes share one.
            apart = "" if sign == "~" else who
            people.setdefault((sign, apart, what, tuple(hosts)), []).append(who)
        for (sign, _, what, places), whos in people.items():
            yield from self._people(sign, whos, what, places)
        if any(change.lost and change.by_login for change in self.plan.access):
            yield Line(" ".join(WHEN_LOST), "", _PEOPLE - 2, Tone.QUIET)
        yield BLANK

    def _opened(self) -> Iterator[Line]:
        """Every host that opens to strangers, on a line of its own."""
        for change in self.plan.access:
            host = any_other(self.clean(change.host))
            for way in change.gained:
                if way.openness:
                    told = f": {self.clean(way.change)}" if way.change else ""
                    text = f"{host}: {self.clean(way.who)} → {self.clean(way.origin)}{told}"
                    yield from _people_lines("+", OPENED[way.openness], text, Tone.ERROR)

    def _people(
        self, sign: str, whos: Sequence[str], what: str, hosts: Sequence[str]
    ) -> Iterator[Line]:
        names = [any_other(self.clean(host)) for host in hosts]
        shown = self.names.folded(names)
        # A range of addresses, at which nobody logs in, is no host.
        ranges = {change.host for change in self.plan.access if not change.by_login}
        called = "places" if ranges & {*hosts} else "hosts"
        count = f" ({len(names)} {called})" if len(names) > 1 else ""
        told = f": {self.clean(what)}" if what else ""
        who = ", ".join(map(self.clean, whos))
        yield from _people_lines(sign, who, f"{shown}{count}{told}", TONES[sign])


def _people_lines(sign: str, who: str, text: str, tone: Tone) -> Iterator[Line]:
    """People and behind them their hosts, on a line of their own where the people are many."""
    apart = cells(who) >= _HOSTS - 1
    if apart:
        yield Line(f"{who}:", sign, _PEOPLE, tone)
    head, sign = (" " * _HOSTS, "") if apart else (f"{who}{' ' * (_HOSTS - cells(who))}", sign)
    yield Line(f"{head}{text}", sign, _PEOPLE, tone, column=len(head))


def signed_rows(change: AccessChange, *, places: bool = False) -> Iterator[tuple[str, str, str]]:
    """Sign, people and what changes for them, of one host; but for what opens to strangers.

    ``places``: below which path they come or go is told, where it is not the whole host.
    """
    both = {way.who for way in change.gained} & {way.who for way in change.lost}
    gained = [way for way in change.gained if not way.openness]
    known = {(way.who, way.change) for way in change.gained if way.change}
    for sign, ways in (("+", gained), ("-", change.lost)):
        for way in ways:
            if not way.change:
                # Who is here among the gains and the losses is led elsewhere.
                led = way.who in both or not change.by_login
                session = f" ({way.session})" if way.session else ""
                below = "".join(way.origin.partition(_BELOW)[1:]) if places else ""
                yield sign, f"{way.who}{session}", f"→ {way.origin}" if led else below
            elif sign == "+" or (way.who, way.change) not in known:
                first, comma, rest = way.change.partition(", ")
                moved = f" → {way.origin}" if first.startswith("moved ") else ""
                yield "~", way.who, f"{first}{moved}{comma}{rest}"


@dataclass(frozen=True, slots=True)
class _Row:
    """Objects of one kind to which the same happens."""

    clean: Clean
    names: Folding
    kind: str
    action: Action
    what: str
    changes: Sequence[Change]

    def lines(self, lead: str, *, counted: bool) -> Iterator[Line]:
        """One line for all of them, and one for what they take the place of."""
        words = ACTIONS[self.action]
        count = len(self.changes)
        head = f"{count} {plural(self.kind, count)}" if counted else "mark"
        text = self._text() if counted else f"{self._text()} (not counted)"
        tone = TONES.get(words.symbol, Tone.PLAIN)
        lead = f"  {lead}" if lead else ""
        yield _columns(lead, words.symbol, head, text, tone)
        for change in self.changes:
            if others := len(change.others):
                head = f"{others} {plural(self.kind, others)}"
                text = f"{self.clean(change.address.key)}: of which this one takes the place"
                yield _columns("", "-", head, text, Tone.DESTROY)

    def _text(self) -> str:
        keys = [self._name(change) for change in self.changes]
        folds = self.action in (Action.CREATE, Action.UPDATE)
        if (
            self.action is Action.CREATE
            and len(self.changes) <= _MOST_DETAILED
            and any(map(self._detail, self.changes))
        ):
            details = map(self._detail, self.changes)
            pairs = zip(keys, details, strict=True)
            found = ", ".join(f"{self.names.short(key, keys)}{more}" for key, more in pairs)
        else:
            found = self.names.folded(keys) if folds else self.names.full(keys)
        adopt = "adopt " if self.action is Action.ADOPT else ""
        end = {Action.FORGET: ": stays live, loses its mark"}.get(self.action, "")
        return f"{adopt}{found}{f': {self.what}' if self.what else ''}{end}"

    def _name(self, change: Change) -> str:
        """The key; of a helper group whose it is, and of which list."""
        key = self.clean(change.address.key)
        owner, helper, selector = key.partition(HELPER)
        return f"{selector} of {owner.replace('.', ' ', 1)} (helper)" if helper else key

    def _detail(self, change: Change) -> str:
        """What tells a new object from others of its kind at a glance."""
        rules, places = change.after.get("ingress"), change.after.get("destinations")
        session = change.after.get("session_duration")
        if isinstance(rules, Sequence) and rules:
            return f" ({_count([*filter(_named, rules)] or rules, 'rule')})"
        if isinstance(places, Sequence) and len(places) > 1:
            return f" ({_count(places, 'place')})"
        if "decision" in change.after and isinstance(session, str):
            return f" ({self.clean(session)})"
        return ""


def _columns(lead: str, sign: str, head: str, text: str, tone: Tone) -> Line:
    padded = head.ljust(_NAMES) if len(head) < _NAMES else f"{head} "
    return Line(f"{padded}{text}", sign, _SIGN, tone, lead=lead, column=_NAMES)


def _count(values: Sequence[Any], what: str) -> str:
    return f"{len(values)} {what}{'' if len(values) == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class _Edits:
    """The edits of one object in a few words."""

    clean: Clean
    change: Change
    names: Folding

    def phrases(self) -> Iterator[str]:
        """What changes, in the order of the fields; of many only the first ones."""
        found = list(self._phrases())
        yield from found[:_MOST_EDITS]
        if (more := len(found) - _MOST_EDITS) > 0:
            yield f"and {more} more"

    def _phrases(self) -> Iterator[str]:
        for name, group in groupby(self.change.edits, _list_of):
            edits = list(group)
            if not name:
                yield from map(self._field, edits)
                continue
            for sign, values in (
                ("+", [it.after for it in edits if not is_present(it.before)]),
                ("-", [it.before for it in edits if not is_present(it.after)]),
                ("~", [it.after for it in edits if is_present(it.before) and is_present(it.after)]),
            ):
                if values:
                    shown = self.names.folded(map(self._element, values))
                    yield f"{self.clean(name)} {sign} {shown}"

    def _field(self, edit: Edit) -> str:
        path = self._path(edit.path)
        if is_list(edit.after) and edit.after and not (is_present(edit.before) and edit.before):
            return f"{path} + {self.names.folded(map(self._element, elements(edit.after)))}"
        before, after = map(self._value, (edit.before, edit.after))
        if before and after:
            return f"{path} {before} → {after}"
        if not is_present(edit.after):
            return f"{path} {before or 'as it is'} goes"
        return f"{path} {after}" if after and not is_present(edit.before) else f"{path} changes"

    def _path(self, path: str) -> str:
        """The path, with the host name of a rule instead of its place."""
        place = re.match(r"ingress\[(\d+)\]\.", path)
        rules = self.change.after.get("ingress") or ()
        if place and int(place[1]) < len(rules):
            host = _named(rules[int(place[1])])
            return self.clean(f"{host} {path[place.end() :]}") if host else self.clean(path)
        return self.clean(path)

    def _element(self, value: Any) -> str:
        if host := _named(value):
            return self.clean(host)
        fields = FieldWriter(self.clean)
        if isinstance(value, Mapping) and len(value) == 1:
            ((name, inner),) = value.items()
            return f"{self.clean(name)} {fields.inline(inner)}"
        return fields.inline(value)

    def _value(self, value: Any) -> str:
        """A value that is short enough for the line; empty for another, and for none."""
        if not is_present(value) or is_list(value):
            return ""
        text = FieldWriter(self.clean).inline(value)
        if isinstance(value, str) and value and " " not in value:
            text = self.clean(value)
        return text if len(text) <= _LONGEST else ""


def _named(value: Any) -> str:
    """The host name of an ingress rule."""
    found = value.get("hostname") if isinstance(value, Mapping) else None
    return found if isinstance(found, str) else ""


def _list_of(edit: Edit) -> str:
    """The list of which the edit concerns one whole element; empty for another edit."""
    found = _ELEMENT.fullmatch(edit.path)
    return found["list"] if found else ""
