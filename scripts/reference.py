"""Write pages of the reference to standard output, from what the product uses itself.

    python scripts/reference.py [audit]

By default the page of the file, from the models that validate it; else that of the audit's rules.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from ztctl.core.model.canonical import Spec, fields_of
from ztctl.core.model.kind import Kind
from ztctl.core.model.values import UNSET
from ztctl.core.reach.audit_rules import RULES, Risk
from ztctl.documents.field_docs import field_docs
from ztctl.documents.models import Host, Top
from ztctl.kinds import common
from ztctl.kinds.access_application import AccessApplicationFields
from ztctl.kinds.ca_key import CaKeyFields
from ztctl.kinds.registry import KINDS

Schema = Mapping[str, Any]
DECLARED: tuple[Kind, ...] = tuple(kind for kind in KINDS.values() if kind.section)
TEXTS: Mapping[Any, str] = {
    common.duration_text: "duration",
    common.seconds: "duration in whole seconds",
    common.cidr: "address or network",
}
# Defaults that depend on the entry's key.
BY_KEY: Mapping[tuple[type[BaseModel], str], str] = {
    (AccessApplicationFields, "destinations"): "the key",
    (CaKeyFields, "application"): "the key",
}
PHASES = {1: "policy", 2: "tunnel", 3: "DNS", 4: "certificate"}

HEAD = """\
# The file

Written by `scripts/reference` from the models that validate the file; a test keeps both equal.

A file is a mapping. `version` and `stack` are always there; each other section maps keys to
fields. The key is the object's name in the file, and its address is `kind.key`, such as
`access_policy.ssh-team`. Several files (`-f` may be repeated, and may name a folder) make one
whole: keys may not repeat, and `version`, `stack`, `account`, `team` and `lint` must agree.

- A *reference* is a key of the file. `{live: NAME}` names what lives in the account only,
  `{id: ID}` is the id itself. Identity providers and service tokens are always live: their name
  alone is enough.
- *One or a list* means that one value may stand for a list of one. A list is always "any of".
- Durations are `8h`, `30m` or `1h30m`; days have no unit.
- `${var.NAME}`, `${env.NAME}` and `${env.NAME:-default}` are replaced inside every value, after
  the file was parsed. `$${` is a plain `${`. Of the environment a file reads
  `CLOUDFLARE_ACCOUNT_ID` and names that begin with `ZTCTL_`; others need `--allow-env NAME`.
- A field *with a default* is always managed: leaving it out means the default. Lists of rules,
  policies and destinations are always managed too. Any other field that is left out is neither
  compared nor changed.
- Values follow the YAML 1.2 core schema: `NO` is a country and `022` a text.
"""


AUDIT = """\
# What an audit looks for

Written by `scripts/reference` from the rules themselves; a test keeps both equal. How to run one,
and how to read it: [the guide](../guides/audit.md).
"""
RISKS = {
    Risk.OPEN: "reachable without a login. Ends with 5.",
    Risk.UNSEEN: "what decides could not be seen, so that it counts as open. Ends with 5.",
    Risk.WEAK: "closed to whoever does not log in, and less safe than it could be.",
}


def main() -> None:
    """Print the page that is asked for."""
    made = audit_rules() if sys.argv[1:] == ["audit"] else page()
    sys.stdout.write("\n".join(made) + "\n")


def audit_rules() -> Iterator[str]:
    """The page of an audit's rules, line by line."""
    yield AUDIT
    for risk, means in RISKS.items():
        yield f"## {risk.value.capitalize()}\n\n{risk.value.upper()}: {means}\n"
        yield "| code | what is found | why | what to do |\n|---|---|---|---|"
        for rule in RULES.values():
            if rule.risk is risk:
                yield f"| `{rule.code}` | {rule.title} | {rule.why} | {rule.remedy} |"
        yield ""
    yield "What none of these is found of is CLOSED: a name that an application covers whole is"
    yield "closed whatever its tunnel serves."


def page() -> Iterator[str]:
    """The page, line by line."""
    models: dict[str, type[BaseModel]] = {kind.section: kind.model for kind in DECLARED}
    definitions = _definitions([Top, Host, *models.values()])
    yield HEAD
    yield "## The top"
    yield ""
    yield from _table(Top, definitions)
    yield "| `vars` | mapping | | Single values of `${var.NAME}`; `--var-file`, `--var` win. |"
    yield "| `x-…` | anything | | Not read; holds values for aliases (`&name`, `*name`). |"
    for kind in DECLARED:
        yield from _kind(kind, definitions)
    yield from _section("hosts", Host, definitions)
    yield ""
    yield "The short form: it expands to entries of the sections above, and the plan shows those."
    shown = {*models.values(), Host, Top}
    yield ""
    yield "## Objects inside"
    for name, model in sorted(_nested([Top, Host, *models.values()]).items()):
        if model not in shown:
            yield from ("", f"### {name}", "", _doc(model), "")
            yield from _table(model, definitions)


def _definitions(models: list[type[BaseModel]]) -> dict[str, Any]:
    _, shared = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/{model}"
    )
    found: dict[str, Any] = shared["$defs"]
    return found


def _kind(kind: Kind, definitions: Schema) -> Iterator[str]:
    yield from _section(kind.section, kind.model, definitions)
    yield ""
    yield f"Kind `{kind.name}`, phase {PHASES[kind.phase]}. {_mark(kind)}"


def _mark(kind: Kind) -> str:
    if kind.owner:
        return "It carries no mark: it goes with its application."
    if not kind.marking.where:
        return "It carries no mark: it goes by `removed:` alone."
    return f"The mark is {kind.marking.where}."


def _section(section: str, model: type[BaseModel], definitions: Schema) -> Iterator[str]:
    yield from ("", f"## {section}", "", _doc(model), "")
    yield from _table(model, definitions)


def _doc(model: type[BaseModel]) -> str:
    return inspect.cleandoc(model.__doc__ or "").partition("\n\n")[0]


def _table(model: type[BaseModel], definitions: Schema) -> Iterator[str]:
    schema = definitions[model.__name__]
    specs = fields_of(model)
    told = field_docs(model)
    yield "| field | type | default | |"
    yield "|---|---|---|---|"
    for name, field in model.model_fields.items():
        shown = field.alias or name
        node = schema["properties"][shown]
        spec = specs.get(name, Spec())
        needed = shown in schema.get("required", ())
        words = [field.description or told.get(name, ""), *_remarks(spec)]
        cells = (
            f"`{shown}`",
            _sharpened(_type(node, definitions), spec),
            "required" if needed else BY_KEY.get((model, name)) or _default(spec, node),
            " ".join(filter(None, words)),
        )
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _sharpened(text: str, spec: Spec) -> str:
    """What a text or a reference is, as far as its markers tell."""
    inner = spec.element or spec
    if inner.refers is not None:
        return text.replace("reference", f"reference to `{inner.refers.kind}`")
    for step in (*spec.normalise, *inner.normalise):
        if step in TEXTS:
            return text.replace("text", TEXTS[step])
    return text


def _remarks(spec: Spec) -> Iterator[str]:
    if spec.immutable:
        yield "A change replaces the object."
    if spec.unordered:
        yield "Order means nothing."


def _default(spec: Spec, node: Schema) -> str:
    default = node.get("default") if spec.default is UNSET else spec.default
    match default:
        case None:
            return ""
        case bool():
            return f"`{str(default).lower()}`"
        case () | []:
            return "none"
        case _:
            return f"`{default}`"


def _type(node: Schema, definitions: Schema) -> str:
    match node:
        case {"$ref": ref}:
            name = str(ref).rpartition("/")[2]
            return f"[{name}](#{name.lower()})"
        case {"anyOf": options}:
            return _either([item for item in options if item.get("type") != "null"], definitions)
        case {"enum": values}:
            return " or ".join(f"`{value}`" for value in values)
        case {"const": value}:
            return f"`{value}`"
        case {"type": "array", "items": items}:
            return f"list of {_type(items, definitions)}"
        case {"type": "integer", "minimum": low, "maximum": high}:
            return f"integer, {low} to {high}"
        case {"type": "integer", "minimum": low}:
            return f"integer, at least {low}"
        case {"type": "string"}:
            return "text"
        case {"type": "object", "additionalProperties": {"type": "string"}}:
            return "mapping of texts"
        case {"type": str(plain)}:
            return plain
        case _:
            return "any"


def _either(options: list[Any], definitions: Schema) -> str:
    if any("live" in item.get("properties", {}) for item in options):
        bodies = [_type(item, definitions) for item in options if "$ref" in item]
        return " or ".join(("reference", *bodies))
    names = list(dict.fromkeys(_type(item, definitions) for item in options))
    if len(names) == 2 and names[1] == f"list of {names[0]}":
        return f"one or a list of {names[0]}"
    return " or ".join(names)


def _nested(models: list[type[BaseModel]]) -> dict[str, type[BaseModel]]:
    """Every model inside these, however deep, by name."""
    found: dict[str, type[BaseModel]] = {}
    waiting = list(models)
    while waiting:
        model = waiting.pop()
        for field in model.model_fields.values():
            for inner in _models_in(field.annotation):
                if inner.__name__ not in found:
                    found[inner.__name__] = inner
                    waiting.append(inner)
    return found


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _models_in(inner)


if __name__ == "__main__":
    main()
