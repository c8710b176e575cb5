"""The JSON Schema of the file, made from the very models that validate it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from ztctl.core.model.kind import Kinds
from ztctl.documents import hosts
from ztctl.documents.field_docs import field_docs, models_in
from ztctl.documents.host_checks import HostSections
from ztctl.documents.models import Host, Top

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_VARIABLE: Final[Mapping[str, str]] = {"type": "string", "pattern": r"\$\{.+\}"}
_REF: Final = "#/$defs/{model}"
_TOP_LAST: Final = ("removed", "moved")
_VARS: Final[Mapping[str, Any]] = {
    "type": ["object", "null"],
    "description": "Values of `${var.NAME}`.",
    "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
}


def schema(kinds: Kinds) -> dict[str, Any]:
    """The schema of a whole file (draft 2020-12); the same kinds always give the same one.

    It is meant for editors: it knows no references between entries, and where something
    narrower than a text is wanted it also takes a text with a variable. Nothing is required at
    the top, because several files may make one whole.
    """
    declared = [kind for kind in kinds.values() if kind.section]
    models: dict[str, type[BaseModel]] = {kind.section: kind.model for kind in declared}
    if HostSections.are_in(kinds):
        models = {**models, hosts.SECTION: Host}
    refs, shared = _definitions([Top, *models.values()])
    definitions = dict(shared["$defs"])
    _describe(definitions, [Top, *models.values()])
    top = definitions.pop(refs[Top]["$ref"].rpartition("/")[2])
    properties = dict(top["properties"])
    properties["vars"] = dict(_VARS)
    for section, model in models.items():
        properties[section] = _section(section, refs[model], definitions)
    for name in _TOP_LAST:
        properties[name] = properties.pop(name)
    return {
        "$schema": _DIALECT,
        "title": "ztctl",
        "description": "SSH hosts behind Cloudflare Access.",
        "type": "object",
        "additionalProperties": False,
        "properties": _with_variables(properties),
        "$defs": {name: _with_variables(definitions[name]) for name in sorted(definitions)},
    }


def _definitions(models: Sequence[type[BaseModel]]) -> tuple[dict[Any, Any], dict[str, Any]]:
    by_mode, shared = models_json_schema(
        [(model, "validation") for model in dict.fromkeys(models)], ref_template=_REF
    )
    return {model: found for (model, _), found in by_mode.items()}, shared


def _describe(definitions: Mapping[str, Any], models: Sequence[type[BaseModel]]) -> None:
    """Put the fields' docstrings beside them, where editors show them."""
    for model in {inner for outer in models for inner in models_in(outer)}:
        for name, words in field_docs(model).items():
            definitions[model.__name__]["properties"][name]["description"] = words


def _section(name: str, ref: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    one = definitions[ref["$ref"].rpartition("/")[2]]
    return {
        "type": ["object", "null"],
        "title": name,
        "description": one.get("description", ""),
        "additionalProperties": {"anyOf": [dict(ref), {"type": "null"}]},
    }


def _with_variables(node: Any) -> Any:
    """The same schema, with a variable allowed wherever something other than a text is wanted."""
    if isinstance(node, list):
        return [_with_variables(item) for item in node]
    if not isinstance(node, dict):
        return node
    inner = {
        key: _with_variables(value) for key, value in node.items() if not _is_noise(key, value)
    }
    if not _is_narrow(inner):
        return inner
    told = {key: inner.pop(key) for key in ("title", "description", "default") if key in inner}
    return {**told, "anyOf": [inner, dict(_VARIABLE)]}


def _is_narrow(node: Mapping[str, Any]) -> bool:
    return (
        node.get("type") in ("integer", "number", "boolean")
        or isinstance(node.get("enum"), list)
        or isinstance(node.get("pattern"), str)
    )


def _is_noise(key: str, value: Any) -> bool:
    """Whether it only repeats that the field may be left out."""
    return key == "default" and value is None
