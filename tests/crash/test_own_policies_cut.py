"""Policies of an application's own become reusable, and the run is cut off at each of its calls."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from tests.crash.cutting import Crashing, Cut, Killed
from tests.support.files import HOST
from tests.support.own_policies import ANN, BOB, attached, by_hand, reusable
from ztctl.sandbox.edge.values import Visit, Visitor

YES: dict[str, Any] = {"adopt": True}
VISITORS = {
    "a stranger": Visitor(),
    "the office": Visitor(address="203.0.113.3"),
    "a stranger who logs in": Visitor(address="198.51.100.9", email="x@example.net"),
    "ann": Visitor(address="198.51.100.9", email=ANN),
    "bob abroad": Visitor(address="198.51.100.9", country="ES", email=BOB),
    "one who left": Visitor(address="198.51.100.9", email="eve@example.com"),
    "root": Visitor(address="198.51.100.9", email="root@example.com"),
}


def answers(account: Crashing) -> dict[str, tuple[str, str | None]]:
    """What the edge says to each visitor, and which policy decided."""
    account.sandbox.edge.assume_connectors = True
    found = {
        who: account.sandbox.edge.visit(Visit(HOST, visitor=it)) for who, it in VISITORS.items()
    }
    return {who: (it.outcome, it.policy) for who, it in found.items()}


def die() -> None:
    """The process is no more."""
    raise Killed


def test_ids_order_and_who_enters_stay_wherever_the_run_is_cut_off(tmp_path: Path) -> None:
    """Own policies at 2, 4 and 7 beside a reusable one: after each write all is as before.

    A run that was killed is finished by the next one, which does nothing twice.
    """
    wrong: list[str] = []
    nth, died = 1, True
    while died:
        account = Crashing(tmp_path)
        by_hand(account)
        places = [(key, place) for key, _, place, _ in attached(account)]
        before = answers(account)
        looked: list[Any] = []
        account.looks.append(partial(_look, account, looked))
        account.cut = partial(Cut, at=nth, act=die, after=True, seen=[])
        try:
            account.apply(reusable(), **YES)
            died, account.cut = False, None
        except Killed:
            account.cut = None
            assert account.apply(reusable(), **YES).is_complete
        if any(it != (places, before) for it in looked):
            wrong.append(f"at call {nth}: {next(it for it in looked if it != (places, before))}")
        calls = [it.path.rpartition("/")[2] for it in account.writes() if it.status < 400]
        if calls.count("make_reusable") != len(places) - 1:
            wrong.append(f"at call {nth}: {calls}")
        if not (account.plan(reusable()).is_empty and all(it[3] for it in attached(account))):
            wrong.append(f"at call {nth}: it is not finished")
        nth += 1

    assert wrong == []
    assert nth > len(places) * 2


def _look(account: Crashing, looked: list[Any], _: Any) -> None:
    looked.append(([(key, place) for key, _, place, _ in attached(account)], answers(account)))
