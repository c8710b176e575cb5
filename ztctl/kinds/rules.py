"""Rule lists of groups and policies: conversion, helper groups, and rules nobody can satisfy.

The API combines the elements of ``require`` by AND. In the file a list always means "any of", so
that a list of two or more values under ``require`` becomes a helper group of the same stack.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field

from ztctl.core.model.address import Address
from ztctl.core.model.canonical import Spec, canonical, fields_of, sort_key
from ztctl.core.model.decisions import ONE_EACH, is_tested
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem, Where
from ztctl.core.model.facts import HELPER
from ztctl.core.model.identity import Fields, plain
from ztctl.core.model.kind import Alternative, Resolve
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.lint import Code, warning
from ztctl.core.model.markers import DecidesReach, Default, Normalised, Unordered
from ztctl.core.model.marks import InName
from ztctl.core.model.objects import Live, Values, Wanted
from ztctl.core.model.plan import Change
from ztctl.core.model.values import Ref
from ztctl.kinds import selectors
from ztctl.kinds.carry import Elements, Lists
from ztctl.kinds.plain import PlainKind
from ztctl.kinds.provider_types import wrong_providers
from ztctl.kinds.selectors import Rule, flattened

Included = Annotated[
    list[Rule],
    Field(min_length=1),
    Default(()),
    Unordered(),
    Normalised(flattened),
    DecidesReach(),
]
Rules = Annotated[
    list[Rule] | None, Default(()), Unordered(), Normalised(flattened), DecidesReach()
]
LISTS = ("include", "exclude", "require")


class _Lists(Fields):
    """The three lists, of whichever kind."""

    include: Rules = None
    exclude: Rules = None
    require: Rules = None


_LISTS = fields_of(_Lists)


def required(owner: str, fields: Fields, helpers: dict[str, Any]) -> list[Any]:
    """What an entry requires, with references to helper groups in place of lists.

    Args:
        owner: what the names of the groups begin with.
        fields: the entry.
        helpers: the groups by name; further ones are added.
    """

    def of(rule: Any) -> Any:
        if not isinstance(rule, Mapping) or selectors.count(rule) < 2:
            return rule
        selector = next(iter(rule))
        name = f"{owner}{HELPER}{selector}"
        # Two lists of the same selector need two helper groups.
        taken = sum(1 for helper in helpers if helper.partition("#")[0] == name)
        helper = f"{name}#{taken + 1}" if taken else name
        helpers[helper] = rule
        return {"group": Ref(Address("access_group", helper))}

    return [of(plain(rule)) for rule in getattr(fields, "require", None) or []]


def helper_groups(wanted: Wanted) -> Iterator[Wanted]:
    """The helper groups of lists that an object requires."""
    for name, rule in wanted.local.get("helpers", {}).items():
        yield Wanted(
            Address("access_group", name),
            {"include": canonical(_LISTS["include"], [rule]), "exclude": [], "require": []},
            where=wanted.where,
            origin=f"any of a list that {wanted.address} requires",
        )


class Ruled(PlainKind):
    """A kind with ``include``, ``exclude`` and ``require``."""

    marking = InName()

    def from_api(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """All fields, rules converted to the selectors of the file."""
        return {**raw, **rules_from_api(raw)}

    def to_api(self, values: Values) -> dict[str, Any]:
        """All fields, rules converted to those of the API."""
        return {**super().to_api(values), **rules_to_api(values)}

    @property
    def lists(self) -> Lists:
        """Rules are told apart by what they test."""
        return {**super().lists, **dict.fromkeys(LISTS, Elements(self._understood))}

    def _understood(self, element: Any) -> Any:
        """A live rule as it would be written; several, if it holds a list of values."""
        made = selectors.to_api(canonical(self.specs["include"], selectors.from_api([element])))
        return made[0] if len(made) == 1 else made

    def declare(
        self, key: str, fields: Fields, *, where: Where | None = None, origin: str = ""
    ) -> Wanted:
        """Convert an entry; lists under ``require`` become references to helper groups."""
        helpers: dict[str, Any] = {}
        kept = required(f"{self.name.removeprefix('access_')}.{key}", fields, helpers)
        wanted = super().declare(key, fields, where=where, origin=origin)
        if not helpers:
            return wanted
        values = {**wanted.values, "require": canonical(self.specs["require"], kept)}
        return replace(wanted, values=values, local={**wanted.local, "helpers": helpers})

    def complete(self, wanted: Wanted, live: Live | None, ledger: Ledger) -> Values:
        """Add the mark; report rules about identity providers of another type."""
        for problem in wrong_providers(wanted, LISTS, ledger):
            ledger.add_problem(problem)
        return super().complete(wanted, live, ledger)

    def alternatives(self, change: Change, resolve: Resolve) -> Iterator[Alternative]:
        """First admit only those whom the old and the new rules admit, then apply the new rules."""
        if change.live is None or [step.id.verb for step in change.steps] != ["update"]:
            return
        live = change.live.values
        kept = [
            rule
            for rule in change.written.get("include") or ()
            if _comparison_key(resolve(rule)) in map(_comparison_key, live.get("include") or ())
        ]
        added = {
            name: [*(change.written.get(name) or ()), *(live.get(name) or ())]
            for name in ("exclude", "require")
        }
        if not kept:
            # `include` may not be empty: excluding everyone is how to admit nobody.
            kept = change.written["include"]
            added["exclude"] = [{"everyone": True}]
        narrowed = {**change.written, **added, "include": kept}
        # Without one the session of the application applies, which may be longer.
        if change.written.get("session_duration") is None and live.get("session_duration"):
            narrowed["session_duration"] = live["session_duration"]
        restrict = self.step(change, "restrict", values=narrowed)
        yield Alternative((restrict, *change.steps), interrupts=True)

    def companions(self, wanted: Wanted, stack: str) -> tuple[Wanted, ...]:
        """The helper groups of ``require`` lists, and the object."""
        return (*helper_groups(wanted), wanted)

    def check(self, declared: Declared) -> Iterable[Problem]:
        """Warn of rule sets that nobody can satisfy, and of rules that count for nothing."""
        for wanted in declared.of(self.name):
            found = list(contradictions(wanted.values))
            for why in found:
                text = f"nobody can satisfy {wanted.address}: {why}"
                yield warning(Code.NO_ONE_ENTERS, text, wanted.where)
            for text, hint in () if found else _shadowed(wanted.values):
                summary = f"{wanted.address}: {text}"
                yield warning(Code.SHADOWED_RULE, summary, wanted.where, hint)


def contradictions(values: Values) -> Iterator[str]:
    """Why nobody can satisfy rules, as text; nothing where somebody may."""
    excluded = {sort_key(rule) for rule in values.get("exclude") or ()}
    included = [sort_key(rule) for rule in values.get("include") or ()]
    if sort_key({"everyone": True}) in excluded:
        yield "it excludes everyone"
    elif included and excluded.issuperset(included):
        yield "everything that it includes it also excludes"
    for selector in sorted(ONE_EACH):
        required = {
            str(rule[selector])
            for rule in values.get("require") or ()
            if isinstance(rule, Mapping) and selector in rule
        }
        if len(required) > 1:
            yield (
                f"it requires {' and '.join(sorted(required))} at once; "
                f"write one list, `{selector}: [{', '.join(sorted(required))}]`, for any of them"
            )


def _shadowed(values: Values) -> Iterator[tuple[str, str]]:
    """What is said of rules of ``include`` that others make meaningless, and what to do."""
    everyone = sort_key({"everyone": True})
    decision = str(values.get("decision"))
    included = {sort_key(rule): rule for rule in values.get("include") or ()}
    excluded = {sort_key(rule) for rule in values.get("exclude") or ()}
    for selector in sorted({_selector(included[key]) for key in included.keys() & excluded}):
        # What is never tested is told as that.
        if is_tested(selector, decision):
            text = f"`{selector}` is included and excluded alike, which keeps it out"
            yield text, "take one of the two out"
    if everyone in included and len(included) > 1:
        others = sorted({_selector(rule) for key, rule in included.items() if key != everyone})
        text = (
            f"`{'`, `'.join(others)}` beside `everyone` restricts nothing: any one rule is enough"
        )
        yield text, "move it to `require` where it is meant to restrict, or take it out"


def _selector(rule: Any) -> str:
    return next(iter(rule), "") if isinstance(rule, Mapping) else str(rule)


def _comparison_key(rule: Any) -> str:
    return sort_key(canonical(Spec(), rule))


def rules_from_api(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Convert the three rule lists of a reply to those of the file."""
    return {name: selectors.from_api(raw.get(name)) for name in LISTS}


def rules_to_api(values: Values) -> dict[str, Any]:
    """Convert the three rule lists for the API; empty ones are sent, too."""
    return {name: selectors.to_api(values.get(name)) for name in LISTS}
