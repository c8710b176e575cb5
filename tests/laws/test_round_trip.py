"""The round trip: exported, adopted and released, an account is what it was, and was throughout."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, example, given

from tests.laws.seeded import Patch
from tests.support.account import Account
from tests.support.doors import Doors
from tests.support.examples import examples
from tests.support.exporting import exported, read_back
from tests.support.handmade import Killed, Mortal, changes, lasting
from tests.support.strategies.hand_made import GUARDED, HARD, Drawn, hand_made, make, recorded
from ztctl.core.model.declared import Declared
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.objects import Live
from ztctl.core.planning.handover import Handover
from ztctl.documents import export_values

FEW = 2
MOST_WRITES = 80
# What is drawn can be read as it is, and to try a smaller one costs as much again.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
# What a policy without a session gets at any write: the one that it gives anyway, as is looked at.
WRITTEN_DOWN = re.compile(r"policies \S+ session_duration: None -> ")
# Lists whose order means nothing, and which an awkward service tells in another one.
SETS = {"include", "exclude", "require"}
Json = Any


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files are, again and again."""
    return tmp_path_factory.mktemp("round-trip")


@pytest.mark.parametrize("awkward", [False, True], ids=["ordinary", "awkward"])
@examples(FEW, phases=PHASES)
@given(drawn=hand_made())
@example(drawn=HARD)
@example(drawn=recorded())
def test_an_account_goes_in_and_out_and_is_what_it_was(
    folder: Path, drawn: Drawn, *, awkward: bool
) -> None:
    """Field by field but for what was shown; nobody meets anything else after any write."""
    account = Account(folder, awkward=awkward)
    foreign = make(account, drawn)
    goes_round(account, foreign)


@pytest.mark.thorough
@pytest.mark.parametrize("drawn", [HARD, recorded()], ids=["hard", "recorded"])
def test_one_that_is_cut_off_after_each_write_goes_on(folder: Path, drawn: Drawn) -> None:
    """Nothing else is asked for than before, and the end is the same."""
    account = Mortal(folder)
    goes_round(account, make(account, drawn), cut_off)


def in_one_run(account: Account, declared: Declared, yes: Json) -> None:
    """Plan and carry out."""
    plan = account.plan_of(declared, **yes)
    assert [it for it in plan.refusals if not it.apply_only] == []
    assert account.carry_out(plan).is_complete


def cut_off(account: Account, declared: Declared, yes: Json) -> None:
    """Plan and carry out, again and again: each run dies after its first write."""
    assert isinstance(account, Mortal)
    for _ in range(MOST_WRITES):
        plan = account.plan_of(declared, **yes)
        if plan.is_empty:
            return
        assert [it for it in plan.refusals if not it.apply_only] == []
        account.lives = 1
        with pytest.raises(Killed):
            account.carry_out(plan)
        account.lives = None
    raise AssertionError("it never ends")


Run = Callable[[Account, Declared, Json], None]


def goes_round(account: Account, foreign: frozenset[str], run: Run = in_one_run) -> None:
    """Export, adopt and release an account of which these are in no file."""
    doors = Doors(account.sandbox, GUARDED, "10.0.0.6")
    met, before = doors.answers(), raw(account)
    sessions = sessions_in(account.everything())

    seen: list[str] = []

    def look(whole: Json) -> None:
        seen.extend(doors.changed(met))
        seen.extend([f"sessions: {sessions_in(whole)}"] * (sessions_in(whole) != sessions))

    account.looks.append(look)
    found = exported(account)
    named = {it.id for it in found.document.left}
    assert named == foreign, found.document.left
    declared = read_back(found, account.folder)
    run(account, declared, {"adopt": True})
    assert account.plan_of(declared).is_empty
    run(account, declared, {"handover": Handover()})
    assert seen == []
    after = changes(before, raw(account))
    assert [it for it in after if not WRITTEN_DOWN.match(it)] == []


def raw(account: Account) -> dict[str, Json]:
    """The account without times and versions, with sets in one order."""
    return {key: _in_order(it) for key, it in lasting(account).items()}


def _in_order(item: Json) -> Json:
    sets = {name: sorted(item[name], key=str) for name in SETS & item.keys()}
    return {**item, **sets}


def sessions_in(whole: Json) -> dict[tuple[str, str], str]:
    """How long a login lasts, for each application and each policy of it that lets somebody in."""
    policies = {it["id"]: it for it in whole["policies"]}
    return {
        (app["id"], link["id"]): policies[link["id"]].get("session_duration")
        or app.get("session_duration")
        or "24h"
        for app in whole["apps"]
        for link in app.get("policies") or ()
        if policies[link["id"]]["decision"] in ("allow", "non_identity")
    }


# -- the reverse check ----------------------------------------------------------------------


def _a_rule_is_dropped(patch: pytest.MonkeyPatch) -> None:
    """What a policy or group requires is not written."""
    honest = export_values.stated

    def wrong(*given: Any) -> dict[str, Any]:
        return {name: it for name, it in honest(*given).items() if name != "require"}

    patch.setattr("ztctl.documents.export.stated", wrong)


def _all_of_becomes_any_of(patch: pytest.MonkeyPatch) -> None:
    """Countries that are required together are written as a list, of which any counts."""
    patch.setattr(export_values, "_is_all_of", lambda _: False)


def _the_tag_goes(patch: pytest.MonkeyPatch) -> None:
    """A release deletes the stack's tag from what others put it on."""
    honest = Ledger.users_of

    def none(ledger: Ledger, live: Live) -> Any:
        return () if live.kind == "access_tag" else honest(ledger, live)

    patch.setattr(Ledger, "users_of", none)


def _nothing_is_proved(patch: pytest.MonkeyPatch) -> None:
    """Whatever a plan of the file would do, the file is handed out."""
    patch.setattr("ztctl.cli.export_flow.unproven", lambda *_: ())


@pytest.mark.thorough
@pytest.mark.parametrize("proof", [(), (_nothing_is_proved,)], ids=["proved", "unproved"])
@pytest.mark.parametrize("fault", [_a_rule_is_dropped, _all_of_becomes_any_of, _the_tag_goes])
def test_the_round_trip_finds_a_seeded_fault(
    folder: Path, monkeypatch: pytest.MonkeyPatch, fault: Patch, proof: tuple[Patch, ...]
) -> None:
    """By what the export names, or without its proof by what becomes of the account."""
    account = Account(folder)
    foreign = make(account, HARD)
    for patch in (fault, *proof):
        patch(monkeypatch)

    with pytest.raises(AssertionError):
        goes_round(account, foreign)
