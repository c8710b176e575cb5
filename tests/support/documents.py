"""The published schemas, and whether the JSON that a command writes is as they say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

SCHEMAS = Path(__file__).parents[2] / "schemas"
# The schema of the files is not about what a command writes.
REPORTS = sorted(
    path.name.removesuffix(".schema.json")
    for path in SCHEMAS.glob("*.schema.json")
    if path.name != "ztctl.schema.json"
)


@cache
def schema(name: str) -> Mapping[str, Any]:
    """A schema by the name of its command."""
    path = SCHEMAS / f"{name}.schema.json"
    found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@cache
def validators() -> Mapping[str, tuple[Draft202012Validator, ...]]:
    """By the type of a record the schemas that tell of it."""
    found: dict[str, tuple[Draft202012Validator, ...]] = {}
    for name in REPORTS:
        for part in _parts(schema(name)):
            type_ = part["properties"]["type"]["const"]
            whole = {"$defs": schema(name).get("$defs", {}), **part}
            found[type_] = (*found.get(type_, ()), Draft202012Validator(whole))
    return found


def _parts(found: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A schema of one record, or each of several: by itself it says what is wrong with one."""
    if "oneOf" not in found:
        yield found
    for item in found.get("oneOf", ()):
        yield found["$defs"][item["$ref"].rpartition("/")[2]]


def faults(text: str) -> list[str]:
    """What is wrong with the records in a text, one record a line; other lines are passed over."""
    return [fault for record in records(text) for fault in _faults(record)]


def records(text: str) -> Iterator[Mapping[str, Any]]:
    """The lines that are JSON objects with a type."""
    for line in text.splitlines():
        if line.startswith("{"):
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict) and "type" in record:
                yield record


def _faults(record: Mapping[str, Any]) -> Iterator[str]:
    known = validators().get(record["type"], ())
    if not known:
        yield f"no schema tells of the type {record['type']!r}"
    for validator in known:
        for error in validator.iter_errors(record):
            yield f"{record['type']} {error.json_path}: {error.message}"
