"""Promises about the schemas of what commands write as JSON.

Every record that a command writes in a test of the command line is validated by them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.support.documents import REPORTS, faults, schema


@pytest.mark.parametrize("name", REPORTS)
def test_a_schema_is_one(name: str) -> None:
    """By the rules of its draft."""
    Draft202012Validator.check_schema(schema(name))


def objects(found: Any) -> Iterator[Mapping[str, Any]]:
    """Every part of a schema that describes the members of an object."""
    if isinstance(found, dict):
        if "properties" in found and isinstance(found["properties"], dict):
            yield found
        for item in found.values():
            yield from objects(item)
    if isinstance(found, list):
        for item in found:
            yield from objects(item)


@pytest.mark.parametrize("name", REPORTS)
def test_a_schema_knows_every_member(name: str) -> None:
    """A member that it does not tell of is a fault, and so is one that is gone."""
    for found in objects(schema(name)):
        assert found["additionalProperties"] is False
        assert {*found["required"]} <= found["properties"].keys()


def test_what_is_not_described_is_a_fault() -> None:
    """The check of all tests of the command line finds what it is there for."""
    assert faults('{"type": "note", "text": "fine"}\nprose {"type": "note"}') == []
    assert faults('{"type": "note", "text": "fine", "more": 1}') != []
    assert faults('{"type": "nothing like it"}') != []
