"""The JSON Schema comes from the models, and editors can use it."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
import yaml

from ztctl.documents.schema import schema

from .workshop import KINDS


def errors(text: str) -> list[str]:
    """What an editor would underline."""
    validator = jsonschema.Draft202012Validator(schema(KINDS))
    return [error.json_path for error in validator.iter_errors(yaml.safe_load(text))]


def test_it_is_a_schema() -> None:
    """The result is itself valid against the dialect that it names."""
    made = schema(KINDS)

    jsonschema.Draft202012Validator.check_schema(made)
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_it_is_always_the_same() -> None:
    """Two runs give the same text, so that a checked-in copy can be compared."""
    assert json.dumps(schema(KINDS)) == json.dumps(schema(KINDS))


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\nstack: prod\n",
        "policies: {p: , q: {decision: deny, countries: ['NO']}}",
        "hosts: {h: {tunnel: t, service: s, policies: [p, {live: x}], terminal: true}}",
        "hosts: {h: {tunnel: t, service: s, terminal: '${var.terminal}'}}",
        "tunnels: {t: {ingress: [{service: s, origin_request: {connect_timeout: 30}}]}}",
        "tunnels: {t: {ingress: [{service: s, origin_request: {connect_timeout: '${var.t}'}}]}}",
        "policies: {p: {decision: '${env.ZTCTL_DECISION}'}}",
        "stack: ${env.ZTCTL_STACK}",
        "vars: {a: 1, b: true, c: text, d: }",
        "removed: [{address: tunnel.edge, forget: true}]\nmoved: [{from: tunnel.a, to: tunnel.b}]",
    ],
)
def test_what_loads_is_not_underlined(text: str) -> None:
    """Good files, variables in place of numbers and booleans included, have no errors."""
    assert errors(text) == []


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("stack: Prod", "$.stack"),
        ("version: 2", "$.version"),
        ("polices: {}", "$"),
        ("hosts: {h: {tunnel: t}}", "$.hosts.h"),
        ("tunnels: {t: {ingress: [{service: s, access: maybe}]}}", "$.tunnels.t"),
        ("removed: [{addres: x}]", "$.removed"),
    ],
)
def test_what_does_not_load_is_underlined(text: str, path: str) -> None:
    """A mistake is found while it is typed."""
    assert errors(text) == [path]


def test_everything_at_the_top_is_described() -> None:
    """An editor shows what each section is for."""
    properties: dict[str, Any] = schema(KINDS)["properties"]

    assert [name for name, field in properties.items() if not field.get("description")] == []


def test_sections_are_those_that_load() -> None:
    """Every kind with a section is there, with the short form, and no other."""
    properties = schema(KINDS)["properties"]

    sections = {kind.section for kind in KINDS.values() if kind.section}
    top = {"version", "stack", "account", "team", "lint", "vars", "hosts", "removed", "moved"}
    top |= {"ignore"}
    assert set(properties) == sections | top
