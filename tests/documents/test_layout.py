"""The one layout of a file: what it says stays, and so does every comment."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given

from tests.support.strategies.layouts import Written, written
from ztctl.core.model.diagnostics import Problem
from ztctl.documents.layout import laid_out
from ztctl.documents.nodes import data
from ztctl.documents.reader import read_bytes
from ztctl.kinds.registry import KINDS


def formatted(text: str | bytes) -> str:
    """The layout of a file that must be fine."""
    found: list[Problem] = []
    content = text if isinstance(text, bytes) else text.encode()
    result = laid_out(content, "f.yaml", KINDS, found)
    assert not found, (found, text)
    assert result is not None
    return result.decode()


def meaning(text: str) -> Any:
    """What the loader reads."""
    found: list[Problem] = []
    root = read_bytes(text.encode(), "f.yaml", found)
    assert not found, (found, text)
    assert root is not None
    return data(root)


@given(written())
def test_a_layout_says_the_same(file: Written) -> None:
    """The loader reads the same values before and after."""
    assert meaning(file.text) == file.value

    assert meaning(formatted(file.text)) == file.value


@given(written())
def test_a_layout_keeps_every_comment(file: Written) -> None:
    """Each comment is there once."""
    found = re.findall(r"# c\d+;.*", formatted(file.text))

    assert sorted(found) == sorted(comment.rstrip() for comment in file.comments)


@given(written())
def test_a_layout_is_stable(file: Written) -> None:
    """What was formatted is not formatted again."""
    once = formatted(file.text)

    assert formatted(once) == once
