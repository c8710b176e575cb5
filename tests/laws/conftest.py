"""The accounts that each law is tried on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.account import Account
from tests.support.foreign import lived_in

NewAccount = Callable[[], Account]
# Whether answers are spelt in the awkward of the two ways that the service may use.
SPELLINGS = (
    pytest.param(False, id="ordinary"),
    pytest.param(True, id="awkward", marks=pytest.mark.thorough),
)


@pytest.fixture(scope="session")
def plan_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a plan is saved, again and again."""
    return tmp_path_factory.mktemp("plans") / "plan.json"


@pytest.fixture(scope="session", params=SPELLINGS)
def new_account(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> NewAccount:
    """Makes accounts in which others have been at work, in both ways of spelling answers."""
    folder: Path = tmp_path_factory.mktemp("laws")

    def make() -> Account:
        account = Account(folder, awkward=request.param)
        lived_in(account)
        return account

    return make
