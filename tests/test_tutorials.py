"""Promises about the table of the two tutorials: each step has its command and its test."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PAGE = (HERE.parent / "docs" / "guides" / "tutorials.md").read_text(encoding="utf-8")
STEPS, LEFT = (part.split("\n") for part in PAGE.split("## What is left by hand"))
ROWS = [line.strip("| ").split(" | ") for line in STEPS if re.match(r"\| (?!step|---)", line)]
BY_HAND = [line for line in LEFT if re.match(r"\| (server|laptop) ", line)]
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_step_has_its_test(row: list[str]) -> None:
    """The test that a row names is there."""
    file, _, name = row[-1].partition("::")
    tree = ast.parse((HERE / file).read_text(encoding="utf-8"))

    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_both_tutorials_are_there() -> None:
    """Each row says of which it is, and has four cells."""
    assert {tuple(row[1].split(", ")) for row in ROWS} == {("A",), ("B",), ("A", "B")}
    assert {len(row) for row in ROWS} == {4}


def test_the_steps_by_hand_are_counted() -> None:
    """As many numbers stand in the table as the text says, in their order."""
    numbers = [int(found) for line in BY_HAND for found in re.findall(r"\*\*(\d+)\*\*", line)]

    assert numbers == [*range(1, len(numbers) + 1)]
    assert f"{NUMBERS[len(numbers)].capitalize()} are left" in " ".join(LEFT)
    assert len(BY_HAND) == 12
