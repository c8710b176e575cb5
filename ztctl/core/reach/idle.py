"""Policies that nobody can ever pass, because their decision cannot test their rules."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from ztctl.core.model.decisions import is_tested, remedy, why_untested
from ztctl.core.model.facts import Criterion, Members, Policy, Test, stable_sorted
from ztctl.core.model.plan import StepId
from ztctl.core.reach.people import resolved, tested
from ztctl.core.reach.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Idle:
    """A policy that admits nobody after a run.

    Attributes:
        name: its live name, with the mark.
        why: what its decision cannot test; empty where that is not the reason.
        remedy: what to write instead.
        steps: the steps that made it so: of the policy, else of its groups.
    """

    name: str
    why: str
    remedy: str
    steps: frozenset[StepId]


def idle_policies(timeline: Timeline) -> Iterator[Idle]:
    """The reusable policies that the run makes, or edits or empties, so that they admit nobody.

    Those that admitted nobody before, and whose rules and groups stay as they are, are left out.
    """
    done = timeline.all_steps
    for slot in timeline.slots:
        if slot[0] is Policy:
            before, _ = _at(timeline, slot[1], ())
            after, groups = _at(timeline, slot[1], done)
            if after is None or _admits(after) or before == after:
                continue
            own = timeline.steps_of([slot])
            steps = own or timeline.steps_of((Members, key) for key in groups)
            yield Idle(after.about.label, *_reason(after), steps)


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
    return policy.decision == "deny" or tested(policy.about, policy.decision) is not None


def _reason(policy: Policy) -> tuple[str, str]:
    found = [
        test for test in _criteria(policy.about) if not is_tested(test.selector, policy.decision)
    ]
    if not found:
        return "", ""
    selector = stable_sorted(found)[0].selector
    return why_untested(selector, policy.decision), remedy(selector, policy.decision)


def _criteria(test: Test) -> Iterator[Criterion]:
    """The criteria of what is included and required, groups' too."""
    if isinstance(test, Criterion):
        yield test
    else:
        for inner in (*test.include, *test.require):
            yield from _criteria(inner)
