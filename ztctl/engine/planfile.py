"""Plan files: the plan that was shown, and the wanted side that it was built from, as JSON.

`apply` builds the plan again from a fresh reading, and refuses unless it equals the saved one.

A dataclass is written as an object of its fields and of ``$type``, its name, by which it is known
where the annotation is ``Any``; an address is written as its text.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, Final, get_args, get_origin, get_type_hints

from ztctl import __version__
from ztctl.core.model.address import Address
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Failure, Where
from ztctl.core.model.plan import Plan
from ztctl.core.model.values import Lookup, Ref
from ztctl.core.planning.planner import Options

FORMAT = 1
MAX_BYTES = 64 * 1024 * 1024

# The dataclasses that values may hold.
_IN_VALUES: Final[Mapping[str, type]] = {type_.__name__: type_ for type_ in (Lookup, Ref, Where)}
_hints = cache(get_type_hints)


@dataclass(frozen=True, slots=True)
class Saved:
    """The content of a plan file; ``shown`` is the saved plan as JSON values."""

    declared: Declared
    targets: frozenset[Address]
    account: str
    shown: object


def save(path: Path, plan: Plan, declared: Declared, options: Options) -> None:
    """Write a plan file with mode 0600, replacing an existing one.

    Raises:
        Failure: it cannot be written.
    """
    # The warnings about the files have been shown.
    declared = replace(declared, warnings=())
    content = Saved(declared, options.targets, plan.account, _comparable(plan))
    document = {"ztctl_plan": FORMAT, "ztctl_version": __version__, **_dump(content)}
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
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or document.get("ztctl_plan") != FORMAT:
        raise Failure(f"{path} is not a plan", "ztctl plan --out FILE writes one")
    if document.get("ztctl_version") != __version__:
        raise Failure(
            f"{path} was written by ztctl {document.get('ztctl_version')}", "make a new plan"
        )
    try:
        saved: Saved = _load(Saved, document)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise Failure(f"{path} is damaged: {error!r}", "make a new plan") from error
    return saved


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
    """Convert a value to JSON types."""
    if isinstance(value, Address):
        return str(value)
    if is_dataclass(value):
        shown = {field.name: _dump(getattr(value, field.name)) for field in fields(value)}
        return {"$type": type(value).__name__, **shown}
    if isinstance(value, Mapping):
        return {str(key): _dump(item) for key, item in value.items()}
    if isinstance(value, frozenset):
        return sorted(_dump(item) for item in value)
    return [_dump(item) for item in value] if isinstance(value, list | tuple) else value


def _load(type_: Any, value: Any) -> Any:
    """Convert JSON types to a value of an annotated type, the inverse of `_dump`.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: it is not of this type.
    """
    origin, arguments = get_origin(type_) or type_, get_args(type_)
    if origin is UnionType:
        return None if value is None else _load(arguments[0], value)
    if origin is Any:
        if isinstance(value, dict):
            held = _IN_VALUES[value["$type"]] if "$type" in value else dict[str, Any]
            return _load(held, value)
        return _load(list[Any], value) if isinstance(value, list) else value
    if origin is Address:
        return Address.parse(value)
    if is_dataclass(origin):
        hints = _hints(type_)
        found = type_(**{name: _load(hint, value[name]) for name, hint in hints.items()})
        return _with_safe_template(found) if isinstance(found, Ref | Lookup) else found
    if origin in (dict, Mapping):
        return {key: _load(arguments[1], item) for key, item in value.items()}
    if origin in (list, tuple, frozenset):
        return origin([_load(arguments[0], item) for item in _checked(list, value)])
    return _checked(origin, value)


def _checked(type_: type, value: Any) -> Any:
    if not isinstance(value, type_):
        raise TypeError(f"there should be a {type_.__name__} instead of a {type(value).__name__}")
    return value


def _with_safe_template(reference: Ref | Lookup) -> Ref | Lookup:
    # A plan file is untrusted, and `str.format` evaluates attributes and indexes inside braces.
    rest = reference.template.replace("{}", "", 1)
    if "{" in rest or "}" in rest:
        raise ValueError("a template has one place for a value")
    return reference
