"""Policies that nobody can ever pass: untested by their decision, or at odds with themselves."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from ztctl.core.model.decisions import ONE_EACH, is_tested, remedy, why_untested
from ztctl.core.model.facts import EVERYONE, Criterion, Members, Policy, Test, stable_sorted
from ztctl.core.model.plan import StepId
from ztctl.core.reach.people import resolved, tested, within
from ztctl.core.reach.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Idle:
    """A policy that admits nobody after a run.

    Attributes:
        id: its id.
        name: its live name, with the mark.
        why: what its decision cannot test, or which rules exclude each other; else empty.
        remedy: what to write instead.
        steps: the steps that made it so: of the policy, else of its groups; none: it is so already.
    """

    id: str
    name: str
    why: str
    remedy: str
    steps: frozenset[StepId]


def idle_policies(timeline: Timeline) -> Iterator[Idle]:
    """The reusable policies that admit nobody when the run is done, whoever's they are.

    It is no doing of the run where their rules and groups stay as they are.
    """
    done = timeline.all_steps
    for slot in timeline.slots:
        if slot[0] is Policy:
            before, _ = _at(timeline, slot[1], ())
            after, groups = _at(timeline, slot[1], done)
            if after is None or _admits(after):
                continue
            steps: frozenset[StepId] = frozenset()
            if before != after:
                own = timeline.steps_of([slot])
                steps = own or timeline.steps_of((Members, key) for key in groups)
            yield Idle(slot[1], after.about.label, *_reason(after), steps)


def _at(
    timeline: Timeline, key: str, done: Collection[StepId]
) -> tuple[Policy | None, frozenset[str]]:
    """The decision and rules of a policy in a state, groups resolved, and the ids of the groups."""
    policy: Policy | None = timeline.fact_at((Policy, key), done)
    asked: set[str] = set()

    def group(key: str) -> Members | None:
        asked.add(key)
        found: Members | None = timeline.fact_at((Members, key), done)
        return found

    if policy is None:
        return None, frozenset()
    return Policy(policy.decision, resolved(policy.about, group)), frozenset(asked)


def _admits(policy: Policy) -> bool:
    """True for a Deny, too, which is there to admit nobody."""
    if policy.decision == "deny":
        return True
    about = tested(policy.about, policy.decision)
    return about is not None and not _contradiction(about)


def _contradiction(about: Test) -> str:
    """Why nobody passes these rules, however they are tested; empty if somebody may."""
    if isinstance(about, Criterion):
        return ""
    if any(within(EVERYONE, test) for test in about.exclude):
        return "it excludes everyone"
    if all(any(within(test, out) for out in about.exclude) for test in about.include):
        return "everything that it includes it also excludes"
    for selector in sorted(ONE_EACH):
        tests = (test for test in about.require if isinstance(test, Criterion))
        values = sorted(test.value for test in tests if test.selector == selector)
        if len(values) > 1:
            return f"it requires {' and '.join(values)} at once"
    required = (_contradiction(test) for test in stable_sorted(about.require))
    included = [_contradiction(test) for test in stable_sorted(about.include)]
    return next(filter(None, required), "") or (included[0] if all(included) else "")


def _reason(policy: Policy) -> tuple[str, str]:
    found = [
        test for test in _criteria(policy.about) if not is_tested(test.selector, policy.decision)
    ]
    if not found:
        return _contradiction(policy.about), "change its rules"
    selector = stable_sorted(found)[0].selector
    return why_untested(selector, policy.decision), remedy(selector, policy.decision)


def _criteria(test: Test) -> Iterator[Criterion]:
    """The criteria of what is included and required, groups' too."""
    if isinstance(test, Criterion):
        yield test
    else:
        for inner in (*test.include, *test.require):
            yield from _criteria(inner)
