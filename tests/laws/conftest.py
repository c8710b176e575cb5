"""The accounts that each law is tried on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.account import Account
from tests.support.foreign import lived_in

NewAccount = Callable[[], Account]
# What the service may do: spell answers in the awkward of two ways, keep what a PUT leaves out.
WORLDS: Any = (
    pytest.param({}, id="ordinary"),
    pytest.param({"keeps_omitted": True}, id="keeping"),
    pytest.param({"awkward": True}, id="awkward", marks=pytest.mark.thorough),
    pytest.param({"awkward": True, "keeps_omitted": True}, id="both", marks=pytest.mark.thorough),
)


@pytest.fixture(scope="session")
def plan_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a plan is saved, again and again."""
    return tmp_path_factory.mktemp("plans") / "plan.json"


@pytest.fixture(scope="session", params=WORLDS)
def new_account(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> NewAccount:
    """Makes accounts in which others have been at work, in every world."""
    folder: Path = tmp_path_factory.mktemp("laws")

    def make() -> Account:
        account = Account(folder, **request.param)
        lived_in(account)
        return account

    return make
