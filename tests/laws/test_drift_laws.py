"""What a plan would do and what a drift tells are one thing, for every pair of files."""

from __future__ import annotations

from hypothesis import given

from tests.laws.conftest import NewAccount
from tests.laws.test_laws import every_yes
from tests.support.drifting import drift
from tests.support.examples import examples
from tests.support.strategies.parts import Side
from tests.support.strategies.sides import sides
from ztctl.core.model.diagnostics import Problems
from ztctl.core.model.drift import Deviation, DriftSeverity
from ztctl.core.model.facts import Openness

FEW = 2


@examples(FEW)
@given(before=sides(), after=sides())
def test_a_drift_tells_what_a_plan_would_do(
    new_account: NewAccount, before: Side, after: Side
) -> None:
    """Each change stands in one item, and so does everybody who gains or loses, the other way."""
    account = new_account()
    account.apply(before, **every_yes(account, before))
    try:
        plan, items = account.plan(after), drift(account, after)
    except Problems:
        return

    told = [it for item in items if item.address for it in (item.address, *item.with_it)]
    refused = {item.address for item in items if item.deviation is Deviation.REFUSED}
    assert len(told) == len({*told})
    changed = {it.address for it in plan.changes if not it.housekeeping}
    assert changed <= {*told} - refused

    wider = {host for it in items for host in it.hosts if it.severity.rank < 2}
    lost = {change.host for it in items for change in it.access if change.lost}
    opened = {host for it in items for host in it.hosts if it.severity is DriftSeverity.EXPOSED}
    assert {it.host for it in plan.access if it.lost} <= wider
    assert {it.host for it in plan.access if it.gained} <= lost | opened
    assert {it.host for it in plan.exposed if it.openness is Openness.OPEN} <= opened
