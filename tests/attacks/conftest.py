"""Accounts for attacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attacks.scene import Scene
from tests.support.account import Account


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A fresh account."""
    return Scene(Account(tmp_path))
