"""How often each law is tried, and the accounts that it is tried on."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.account import Account
from tests.support.foreign import lived_in

# A whole file is large for a generated value, and an example of a law takes a few dozen calls.
_SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)
settings.register_profile("laws", max_examples=30, deadline=None, suppress_health_check=_SLOW)
settings.register_profile("laws-ci", settings.get_profile("laws"), derandomize=True)
settings.load_profile("laws-ci" if os.environ.get("CI") else "laws")

NewAccount = Callable[[], Account]


@pytest.fixture(scope="session")
def plan_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a plan is saved, again and again."""
    return tmp_path_factory.mktemp("plans") / "plan.json"


@pytest.fixture(scope="session", params=[False, True], ids=["ordinary", "awkward"])
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
