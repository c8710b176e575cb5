"""Coercion of values in stored objects whose type is not guaranteed, as imports are untrusted."""

from __future__ import annotations

from typing import Any

from ztctl.sandbox.messages import Object


def as_object(value: Any) -> Object:
    """An object; empty for anything else."""
    return value if isinstance(value, dict) else {}


def as_objects(value: Any) -> list[Object]:
    """The objects in a list; empty for anything else."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def as_texts(value: Any) -> list[str]:
    """The strings in a list; empty for anything else."""
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def as_text(value: Any) -> str:
    """A string; empty for anything else."""
    return value if isinstance(value, str) else ""
