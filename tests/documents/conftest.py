"""Every test gets a working folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from .workshop import KINDS, Workshop


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """An empty working folder, so that paths are shown as they are written."""
    monkeypatch.chdir(tmp_path)
    return Workshop(KINDS)
