"""Convert values of a plan to JSON; unknown and sensitive ones are flagged as Terraform does."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ztctl.core.model.values import UNSET, Lookup, Ref, Secret, Unknown
from ztctl.core.runs.journal import Redact
from ztctl.views.fields import describe_reference, elements, is_list


def to_json(value: Any, redact: Redact) -> Any:
    """Convert a value to JSON: unknown members of mappings are left out, secrets are null."""
    if isinstance(value, Mapping):
        return {
            redact(str(name)): to_json(item, redact)
            for name, item in value.items()
            if not isinstance(item, Unknown) and item is not UNSET
        }
    if is_list(value):
        return [to_json(item, redact) for item in elements(value)]
    if value is UNSET or isinstance(value, Unknown | Secret):
        return None
    return _scalar(value, redact)


def _scalar(value: Any, redact: Redact) -> Any:
    if value is None or isinstance(value, bool):
        return value
    text = describe_reference(value) if isinstance(value, Ref | Lookup) else str(value)
    shown = redact(text)
    # A number that the environment gave is masked too; JSON has no word for infinity.
    is_number = isinstance(value, int | float) and math.isfinite(value) and shown == text
    return value if is_number else shown


def flags_of(value: Any, sought: type, redact: Redact) -> Any:
    """Mark where a value holds the sought type: ``true`` there, containers around it, else false.

    Members of mappings that are ``false`` are left out, as in Terraform's ``after_unknown``.
    """
    if isinstance(value, sought):
        return True
    if isinstance(value, Mapping):
        found = {redact(str(name)): flags_of(item, sought, redact) for name, item in value.items()}
        return {name: item for name, item in found.items() if item is not False}
    if is_list(value):
        return [flags_of(item, sought, redact) for item in elements(value)]
    return False


def any_flag(flags: Any) -> bool:
    """Whether ``flags_of`` has marked anything."""
    if isinstance(flags, dict):
        return any(map(any_flag, flags.values()))
    return any(map(any_flag, flags)) if isinstance(flags, list) else flags is True


def redacted(value: Any, redact: Redact) -> Any:
    """Mask the texts in lists and in values of dictionaries; numbers and names stay."""
    if isinstance(value, dict):
        return {name: redacted(item, redact) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(item, redact) for item in value]
    return redact(value) if isinstance(value, str) else value
