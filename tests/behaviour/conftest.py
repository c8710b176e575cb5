"""Accounts for tests of what a person sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.account import Account


@pytest.fixture
def account(tmp_path: Path) -> Account:
    """A fresh account with two zones; whatever a test does, each of its applies is observed."""
    return Account(tmp_path)
