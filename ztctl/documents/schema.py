"""Generate the JSON Schema of the file from the models that validate it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from ztctl.core.model.kind import Kinds
from ztctl.documents import hosts
from ztctl.documents.field_docs import field_docs, models_in
from ztctl.documents.host_checks import host_sections
from ztctl.documents.merge import HELD, LISTED
from ztctl.documents.models import Host, Top

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_VARIABLE: Final[Mapping[str, str]] = {"type": "string", "pattern": r"\$\{.+\}"}
_REF: Final = "#/$defs/{model}"
_VARS: Final[Mapping[str, Any]] = {
    "type": ["object", "null"],
    "description": "Values of `${var.NAME}`.",
    "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
}


def schema(kinds: Kinds) -> dict[str, Any]:
    """Generate the schema (draft 2020-12) of a whole file; deterministic for given kinds.

    It is meant for editors: references between entries are not checked; numbers, booleans, enums
    and patterns also accept a text with a variable. Nothing is required at the top level, because
    several files may be merged.
    """
    models: dict[str, type[BaseModel]] = {
        kind.section: kind.model for kind in kinds.values() if kind.section
    }
    if host_sections(kinds):
        models[hosts.SECTION] = Host
    refs, shared = _definitions([Top, *models.values()])
    definitions = dict(shared["$defs"])
    _describe(definitions, [Top, *models.values()])
    top = definitions.pop(refs[Top]["$ref"].rpartition("/")[2])
    properties = dict(top["properties"])
    properties["vars"] = dict(_VARS)
    for section, model in models.items():
        properties[section] = _section(section, refs[model], definitions)
    for name in LISTED:
        properties[name] = properties.pop(name)
    return {
        "$schema": _DIALECT,
        "title": "ztctl",
        "description": "SSH hosts behind Cloudflare Access.",
        "type": "object",
        "additionalProperties": False,
        "properties": _with_variables(properties),
        "patternProperties": {f"^{HELD}": {"description": "Values for aliases; not read itself."}},
        "$defs": {name: _with_variables(definitions[name]) for name in sorted(definitions)},
    }


def _definitions(models: Sequence[type[BaseModel]]) -> tuple[dict[Any, Any], dict[str, Any]]:
    by_mode, shared = models_json_schema(
        [(model, "validation") for model in dict.fromkeys(models)], ref_template=_REF
    )
    return {model: found for (model, _), found in by_mode.items()}, shared


def _describe(definitions: Mapping[str, Any], models: Sequence[type[BaseModel]]) -> None:
    """Add the attribute docstrings of fields as descriptions, which editors show."""
    for model in {inner for outer in models for inner in models_in(outer)}:
        for name, text in field_docs(model).items():
            definitions[model.__name__]["properties"][name]["description"] = text


def _section(name: str, ref: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    definition = definitions[ref["$ref"].rpartition("/")[2]]
    return {
        "type": ["object", "null"],
        "title": name,
        "description": definition.get("description", ""),
        "additionalProperties": {"anyOf": [dict(ref), {"type": "null"}]},
    }


def _with_variables(node: Any) -> Any:
    """Accept a text with a variable wherever the schema wants something narrower than a text."""
    if isinstance(node, list):
        return [_with_variables(item) for item in node]
    if not isinstance(node, dict):
        return node
    # A default of null only repeats that the field is optional.
    inner = {
        key: _with_variables(item) for key, item in node.items() if (key, item) != ("default", None)
    }
    if not _is_narrow(inner):
        return inner
    kept = {key: inner.pop(key) for key in ("title", "description", "default") if key in inner}
    return {**kept, "anyOf": [inner, dict(_VARIABLE)]}


def _is_narrow(node: Mapping[str, Any]) -> bool:
    return (
        node.get("type") in ("integer", "number", "boolean")
        or isinstance(node.get("enum"), list)
        or isinstance(node.get("pattern"), str)
    )
