"""The JSON Schema that is checked in is the one that the models give."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

# What an editor should underline, and where.
WRONG = {
    "a misspelt section": ("polices: {}", "$"),
    "a misspelt field": ("tunnels: {edge: {ingres: []}}", "$.tunnels.edge"),
    "the API's own spelling": (
        "tunnels: {edge: {ingress: [{service: bastion, originRequest: {}}]}}",
        "$.tunnels.edge",
    ),
    "a decision that there is not": (
        "policies: {p: {decision: maybe, include: [{everyone: true}]}}",
        "$.policies.p",
    ),
    "a policy without a decision": ("policies: {p: {include: [{everyone: true}]}}", "$.policies.p"),
    "a host without a tunnel": ("hosts: {a.example.com: {service: bastion}}", "$.hosts['a."),
    "a selector that there is not": (
        "groups: {g: {include: [{planet: earth}]}}",
        "$.groups.g",
    ),
    "a stack in capitals": ("stack: Prod", "$.stack"),
    "another version": ("version: 2", "$.version"),
    "a list where a mapping belongs": ("dns: [a.example.com]", "$.dns"),
    "a number beyond its bounds": (
        "dns: {a.example.com: {tunnel: edge, ttl: 100000}}",
        "$.dns['a.",
    ),
    "a removal without an address": ("removed: [{name: edge}]", "$.removed"),
}


@pytest.fixture(scope="session")
def text(root: Path) -> str:
    """The schema as it is checked in."""
    return (root / "schemas" / "ztctl.schema.json").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def validator(text: str) -> Any:
    """What an editor makes of the schema."""
    return Draft202012Validator(json.loads(text))


def test_the_schema_is_up_to_date(text: str, ztctl: Callable[..., Any]) -> None:
    """`ztctl schema` prints exactly what is checked in; scripts/reference writes it anew."""
    assert ztctl("schema").out == text


def test_the_schema_is_a_schema(text: str) -> None:
    """The schema is valid in the dialect that it names."""
    schema = json.loads(text)

    Draft202012Validator.check_schema(schema)

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_the_schema_accepts_every_example(validator: Any, root: Path) -> None:
    """No file of the examples is underlined by an editor, and none of the exported ones."""
    files = sorted((root / "examples").glob("*/*.yaml"))
    files += sorted((root / "tests/export/golden").glob("*.yaml"))

    found = {
        file.name: list(validator.iter_errors(yaml.safe_load(file.read_text()))) for file in files
    }

    assert len(files) >= 5
    assert {name: errors for name, errors in found.items() if errors} == {}


def test_every_example_names_the_schema(root: Path) -> None:
    """The first line of each file of the examples leads an editor to the schema."""
    for file in sorted((root / "examples").glob("*/*.yaml")):
        head, _, path = file.read_text().partition("\n")[0].partition("$schema=")
        assert head == "# yaml-language-server: "
        assert (file.parent / path).resolve() == root / "schemas" / "ztctl.schema.json"


@pytest.mark.parametrize("wrong", WRONG)
def test_the_schema_refuses(wrong: str, validator: Any) -> None:
    """A mistake is underlined at its place, or at the entry that it is in."""
    text, path = WRONG[wrong]

    errors = list(validator.iter_errors(yaml.safe_load(text)))

    assert [error.json_path.startswith(path) for error in errors] == [True]
