"""Rules of the files that a policy's decision cannot test, so that they are true of nobody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ztctl.core.model.decisions import is_tested, remedy, why_untested
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.lint import Code, warning
from ztctl.core.model.objects import Values, Wanted
from ztctl.core.model.values import Ref


def untested_rules(declared: Declared) -> Iterator[Problem]:
    """Warn of rules that admit, deny or exclude nobody; live groups are not looked into."""
    groups = {item.address.key: item for item in declared.of("access_group")}
    for wanted in declared.of("access_policy"):
        yield from _Check(wanted, groups).problems()


@dataclass(frozen=True, slots=True)
class _Check:
    """One policy of the files, and the groups of the files."""

    policy: Wanted
    groups: Mapping[str, Wanted]

    def problems(self) -> Iterator[Problem]:
        """One warning where the policy admits nobody at all, else one for each rule."""
        values, verb = self.policy.values, "denies" if self._decision == "deny" else "admits"
        never = self._never(values, ())
        if never:
            # Whom nobody can be kept out by shuts nobody out.
            admits = verb == "admits"
            code = Code.NO_ONE_ENTERS if admits else Code.UNTESTED_RULE
            yield self._warning(f"{verb} nobody", never, code=code)
        else:
            yield from self._each(values.get("include"), f"{verb} nobody")
        yield from self._each(values.get("exclude"), "excludes nobody", "leave it out")

    @property
    def _decision(self) -> str:
        return str(self.policy.values.get("decision"))

    def _each(self, rules: Iterable[Any] | None, what: str, hint: str = "") -> Iterator[Problem]:
        found = (self._never_true(rule, ()) for rule in rules or ())
        for selector in dict.fromkeys(filter(None, found)):
            yield self._warning(f"{what} by `{selector}`", selector, hint)

    def _warning(
        self, what: str, selector: str, hint: str = "", code: Code = Code.UNTESTED_RULE
    ) -> Problem:
        why = why_untested(selector, self._decision)
        return warning(
            code,
            f"{self.policy.address} {what}: {why}",
            self.policy.where,
            hint or remedy(selector, self._decision),
        )

    def _never(self, lists: Values, above: tuple[str, ...]) -> str:
        """The selector that makes rule lists true of nobody; empty if there is none."""
        required = (self._never_true(rule, above) for rule in lists.get("require") or ())
        included = [self._never_true(rule, above) for rule in lists.get("include") or ()]
        return next(filter(None, required), "") or (
            included[0] if included and all(included) else ""
        )

    def _never_true(self, rule: Any, above: tuple[str, ...]) -> str:
        """The selector that makes a rule true of nobody, a group's own rules looked into."""
        if not isinstance(rule, Mapping) or len(rule) != 1:
            return ""
        ((selector, value),) = rule.items()
        if selector != "group":
            return "" if is_tested(selector, self._decision) else selector
        key = value.to.key if isinstance(value, Ref) else ""
        if key in above:
            return ""
        helper = self.policy.local.get("helpers", {}).get(key)
        if helper is not None:
            return self._never_true(helper, above)
        group = self.groups.get(key)
        return self._never(group.values, (*above, key)) if group is not None else ""
