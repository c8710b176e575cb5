"""Promises about values and edits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ztctl.core.model.address import Address
from ztctl.core.model.values import UNSET, Lookup, Ref, Secret, Unknown
from ztctl.views.escape import Clean
from ztctl.views.fields import FieldWriter
from ztctl.views.styled_line import Line, no_paint


def rendered(lines: Iterator[Line]) -> list[str]:
    """Lines as plain text."""
    return [line.render(no_paint) for line in lines]


@pytest.fixture
def fields() -> FieldWriter:
    """Fields that mask nothing."""
    return FieldWriter(Clean(str))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "null"),
        (True, "true"),
        (30, "30"),
        ("(sensitive)", '"(sensitive)"'),
        (Secret("hunter2"), "(sensitive)"),
        (Unknown(Address("tunnel", "edge")), "tunnel.edge (known after apply)"),
        (
            Ref(Address("tunnel", "edge"), "id", "{}.cfargotunnel.com"),
            "tunnel.edge.cfargotunnel.com",
        ),
        (Ref(Address("tunnel", "edge"), "token"), "tunnel.edge token"),
        (Lookup("identity_provider", "Okta"), "live identity_provider Okta"),
        ({"b": 1, "a": None, "c": UNSET}, "{b = 1}"),
        (("x", ["y"]), '["x", ["y"]]'),
        (frozenset({"b", "a"}), '["a", "b"]'),
        ([], "[]"),
    ],
)
def test_each_value_has_one_spelling(value: Any, expected: str, fields: FieldWriter) -> None:
    """Text is quoted, so that no text can be taken for a secret or an unknown."""
    assert fields.inline(value) == expected


def test_a_long_value_takes_several_lines(fields: FieldWriter) -> None:
    """What does not fit on a line is told element by element, names aligned."""
    value = {"a": "x" * 40, "long_name": ["y" * 40, {"z": None}]}

    lines = rendered(fields.rows("+", "v = ", value, 3))

    expected = [
        "  + v = {",
        f'      + a         = "{"x" * 40}"',
        "      + long_name = [",
        f'          + "{"y" * 40}"',
        "          + {}",
        "        ]",
        "    }",
    ]
    assert lines == expected


def test_a_long_value_that_goes_is_told_element_by_element(fields: FieldWriter) -> None:
    """A list of maps that is taken away is as readable as one that is added."""
    lines = rendered(fields.edit_lines("v = ", [{"a": 1}], None, 3))

    assert lines == ["  - v = [", "      - {a = 1}", "    ]"]


def test_a_value_that_changes_its_shape_is_told_twice(fields: FieldWriter) -> None:
    """A text that becomes a list of maps is shown as it was and as it will be."""
    lines = rendered(fields.edit_lines("v = ", "a", [{"a": 1}], 3, "# forces replacement"))

    expected = [
        '  - v = "a"  # forces replacement',
        "  + v = [  # forces replacement",
        "      + {a = 1}",
        "    ]",
    ]
    assert lines == expected
