"""Accounts that were made by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.account import Account


@pytest.fixture
def account(tmp_path: Path) -> Account:
    """A fresh account with two zones."""
    return Account(tmp_path)
