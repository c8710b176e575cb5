"""Plan files: the plan that was shown, and the wanted side that it was built from, as JSON.

`apply` builds the plan again from a fresh reading, and refuses unless it equals the saved one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ztctl import __version__
from ztctl.core.model.address import Address
from ztctl.core.model.declared import Declared, Moved, Removed
from ztctl.core.model.diagnostics import Failure, Where
from ztctl.core.model.objects import Wanted
from ztctl.core.model.plan import Plan
from ztctl.core.model.values import Lookup, Ref, Secret, Unknown
from ztctl.core.planning.planner import Options

T = TypeVar("T")

FORMAT = 1
MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Saved:
    """The content of a plan file; ``shown`` is the saved plan as JSON values."""

    declared: Declared
    targets: frozenset[Address]
    account: str
    shown: Any


def save(path: Path, plan: Plan, declared: Declared, options: Options) -> None:
    """Write a plan file with mode 0600, replacing an existing one.

    Raises:
        Failure: it cannot be written.
    """
    document = {
        "ztctl_plan": FORMAT,
        "ztctl_version": __version__,
        "account": plan.account,
        "targets": sorted(str(target) for target in options.targets),
        "declared": _dump_declared(declared),
        "shown": _comparable(plan),
    }
    try:
        # The file may hold values of environment variables. Mode at creation, so that it is never
        # readable by others; `chmod` for a file that existed with another mode.
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:  # noqa: PTH123
            json.dump(document, file, indent=1)
        path.chmod(0o600)
    except OSError as error:
        raise Failure(f"cannot write the plan {path}: {error.strerror}") from error


def read(path: Path) -> Saved:
    """Read a plan file.

    Raises:
        Failure: it is no plan file, is damaged, or was written by another version of ztctl.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Failure(f"{path} is too large to be a plan")
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Failure(f"cannot read the plan {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise Failure(f"{path} is not a plan", "ztctl plan --out FILE writes one") from error
    if not isinstance(document, dict) or document.get("ztctl_plan") != FORMAT:
        raise Failure(f"{path} is not a plan", "ztctl plan --out FILE writes one")
    if document.get("ztctl_version") != __version__:
        raise Failure(
            f"{path} was written by ztctl {document.get('ztctl_version')}", "make a new plan"
        )
    try:
        targets = frozenset(_address(item) for item in _typed(document["targets"], list))
        declared = _load_declared(document["declared"])
        return Saved(declared, targets, _typed(document["account"], str), document["shown"])
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise Failure(f"{path} is damaged: {error!r}", "make a new plan") from error


def same(saved: Saved, plan: Plan) -> bool:
    """Whether a plan equals the saved one."""
    # Through JSON once, as the saved one went: tuples become lists.
    now = json.loads(json.dumps(_comparable(plan)))
    return saved.account == plan.account and bool(saved.shown == now)


def alike(one: Plan, other: Plan) -> bool:
    """Whether two plans make the same edits to the same objects; reasons may differ."""
    return one.account == other.account and bool(_comparable(one) == _comparable(other))


def _comparable(plan: Plan) -> Any:
    return [
        {
            "address": str(change.address),
            "action": change.action.value,
            "id": change.live.id if change.live else None,
            "edits": [[edit.path, _dump(edit.before), _dump(edit.after)] for edit in change.edits],
            "written": _dump(change.written),
        }
        for change in plan.changes
    ]


def _dump(value: Any) -> Any:
    match value:
        case Where():
            return {"$where": _dump_where(value)}
        case Ref():
            return {
                "$ref": [str(value.to), value.attribute, value.template, _dump_where(value.where)]
            }
        case Lookup():
            return {
                "$lookup": [
                    value.kind,
                    value.name,
                    value.attribute,
                    value.template,
                    _dump_where(value.where),
                ]
            }
        case Unknown():
            return {"$unknown": [str(value.of), value.attribute]}
        case Secret():
            return {"$secret": True}
        case Mapping():
            return {str(key): _dump(item) for key, item in value.items()}
        case list() | tuple():
            return [_dump(item) for item in value]
        case _:
            return value


def _load(value: Any) -> Any:
    match value:
        case {"$ref": [to, str() as attribute, template, where]}:
            return Ref(_address(to), attribute, _template(template), _load_where(where))
        case {"$lookup": [str() as kind, str() as name, str() as attribute, template, where]}:
            return Lookup(kind, name, attribute, _template(template), _load_where(where))
        case {"$ref": _} | {"$lookup": _}:
            raise TypeError("a reference is incomplete")
        case {"$where": place}:
            return _load_where(place)
        case dict():
            return {key: _load(item) for key, item in value.items()}
        case list():
            return [_load(item) for item in value]
        case _:
            return value


def _dump_where(where: Where | None) -> Any:
    return [where.file, where.line, where.column] if where else None


def _load_where(value: Any) -> Where | None:
    match value:
        case None:
            return None
        case [str() as file, int() as line, int() as column]:
            return Where(file, line, column)
        case _:
            raise TypeError("a place is none")


def _typed(value: Any, type_: type[T]) -> T:
    if not isinstance(value, type_):
        raise TypeError(f"there should be a {type_.__name__} instead of a {type(value).__name__}")
    return value


def _optional_text(value: Any) -> str | None:
    return None if value is None else _typed(value, str)


def _texts(value: Any) -> dict[str, str]:
    return {key: _typed(item, str) for key, item in _typed(value, dict).items()}


def _address(value: Any) -> Address:
    return Address.parse(_typed(value, str))


def _template(value: Any) -> str:
    template = _typed(value, str)
    # A plan file is untrusted, and `str.format` evaluates attributes and indexes inside braces.
    if "{" in template.replace("{}", "", 1) or "}" in template.replace("{}", "", 1):
        raise ValueError("a template has one place for a value")
    return template


def _dump_declared(declared: Declared) -> dict[str, Any]:
    return {
        "stack": declared.stack,
        "account": declared.account,
        "team": declared.team,
        "public": dict(declared.public),
        "environment": dict(declared.environment),
        "wanted": [
            {
                "address": str(item.address),
                "values": _dump(item.values),
                "name": item.name,
                "protect": item.protect,
                "where": _dump_where(item.where),
                "origin": item.origin,
                "local": _dump(item.local),
            }
            for item in declared.wanted
        ],
        "removed": [
            [str(item.address), item.name, item.forget, _dump_where(item.where)]
            for item in declared.removed
        ],
        "moved": [
            [str(item.source), str(item.target), _dump_where(item.where)] for item in declared.moved
        ],
    }


def _load_declared(given: dict[str, Any]) -> Declared:
    return Declared(
        stack=_typed(given["stack"], str),
        account=_optional_text(given["account"]),
        team=_optional_text(given["team"]),
        public=_texts(given["public"]),
        environment=_texts(given["environment"]),
        wanted=tuple(_load_wanted(item) for item in _typed(given["wanted"], list)),
        removed=tuple(
            Removed(_address(address), _optional_text(name), _typed(forget, bool), _load_where(at))
            for address, name, forget, at in _typed(given["removed"], list)
        ),
        moved=tuple(
            Moved(_address(source), _address(target), _load_where(where))
            for source, target, where in _typed(given["moved"], list)
        ),
    )


def _load_wanted(item: dict[str, Any]) -> Wanted:
    return Wanted(
        _address(item["address"]),
        _typed(_load(item["values"]), dict),
        name=_optional_text(item["name"]),
        protect=_typed(item["protect"], bool),
        where=_load_where(item["where"]),
        origin=_typed(item["origin"], str),
        local=_typed(_load(item["local"]), dict),
    )
