"""Files read as a command reads them, with what an apply would have made of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ztctl.core.model.declared import Declared
from ztctl.core.model.objects import Live
from ztctl.documents import load
from ztctl.kinds.ca_key import CaKeyAttributes
from ztctl.kinds.registry import KINDS

TOP = """\
version: 1
stack: prod
policies:
  p: {decision: allow, include: [{email: a@example.com}]}
tunnels:
  edge: {}
"""


@pytest.fixture
def declared(tmp_path: Path) -> Callable[[str], Declared]:
    """Read a text below a policy ``p`` and a tunnel ``edge``."""

    def make(text: str) -> Declared:
        path = tmp_path / "ztctl.yaml"
        path.write_text(TOP + text, encoding="utf-8")
        return load([path], KINDS)

    return make


@pytest.fixture
def ca() -> Callable[[str], Live]:
    """A live CA of this public key."""
    return lambda key: Live("ca_key", "ca-1", "x", "x", {}, CaKeyAttributes(key))
