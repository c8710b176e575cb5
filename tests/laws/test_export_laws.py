"""The laws of an export, for whole accounts: it is proved, and what is adopted is in step."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.laws.conftest import NewAccount
from tests.laws.test_laws import EMPTY, edits, every_yes
from tests.support.account import told
from tests.support.examples import examples
from tests.support.exporting import adopted, body_of, exported
from tests.support.strategies.accounts import Drawn, accounts, fill
from tests.support.strategies.parts import Side
from tests.support.strategies.sides import sides
from tests.support.unmarked import made_by_hand

pytestmark = pytest.mark.thorough
FEW = 4
MADE = ("groups", "policies", "apps", "tunnels", "dns_records")


@examples(FEW)
@given(file=sides())
def test_a_stack_is_exported_as_it_is_declared(new_account: NewAccount, file: Side) -> None:
    """An export of an applied stack is proved, and a plan of it is empty but for adoptions."""
    account = new_account()
    account.apply(file, **every_yes(account, file))

    found = exported(account)

    assert body_of(exported(account)) == body_of(found)


@examples(FEW)
@given(file=sides())
def test_what_was_made_by_hand_is_adopted_by_its_export(
    new_account: NewAccount, file: Side
) -> None:
    """Exported, proved, adopted: the next plan is empty."""
    account = new_account()
    account.apply(file, **every_yes(account, file))
    made_by_hand(account)

    again = adopted(account, exported(account))

    assert edits(again) == EMPTY
    assert told(again) == EMPTY


@examples(FEW)
@given(drawn=accounts())
def test_whatever_others_made_is_proved_or_named(new_account: NewAccount, drawn: Drawn) -> None:
    """Hostile names, foreign types and unheard of settings: adopted without a loss, or named."""
    account = new_account()
    fill(account, drawn)
    before = {it["id"]: it for kind in MADE for it in account.everything()[kind]}

    found = exported(account)
    again = adopted(account, found)

    assert told(again) == EMPTY
    after = {it["id"]: it for kind in MADE for it in account.everything()[kind]}
    assert after.keys() == before.keys()
    named = {it.id for it in found.document.left}
    assert all(after[key] == before[key] for key in named & before.keys())
