"""Parts of stored objects that may be anything: an imported account comes from anybody."""

from __future__ import annotations

from typing import Any

from ztctl.sandbox.messages import Object


def table(value: Any) -> Object:
    """An object, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def tables(value: Any) -> list[Object]:
    """The objects of a list; none for anything else."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def words(value: Any) -> list[str]:
    """The texts of a list; none for anything else."""
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def word(value: Any) -> str:
    """A text, or an empty one for anything else."""
    return value if isinstance(value, str) else ""
