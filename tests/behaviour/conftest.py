"""Accounts for tests of what a person sees."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.behaviour.account import Account


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    """A fresh account with two zones; whatever a test does, no apply may leave a name open."""
    account = Account(tmp_path)
    yield account
    assert account.open_names() == []
