"""Values of a plan as JSON, with Terraform's way to tell what is unknown or secret."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ztctl.core.model.values import UNSET, Lookup, Ref, Secret, Unknown
from ztctl.views.escape import Redact
from ztctl.views.fields import elements, is_list, reference


def to_json(value: Any, redact: Redact) -> Any:
    """What JSON can hold of a value: an unknown field is left out, a secret is null."""
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
    text = reference(value) if isinstance(value, Ref | Lookup) else str(value)
    shown = redact(text)
    # A number that the environment gave is masked too; JSON has no word for infinity.
    is_number = isinstance(value, int | float) and math.isfinite(value) and shown == text
    return value if is_number else shown


def holds(value: Any, sought: type, redact: Redact) -> Any:
    """Where a value holds the sought type: ``true`` there, the containers round it, else false."""
    if isinstance(value, sought):
        return True
    if isinstance(value, Mapping):
        found = {redact(str(name)): holds(item, sought, redact) for name, item in value.items()}
        return {name: item for name, item in found.items() if item is not False}
    if is_list(value):
        return [holds(item, sought, redact) for item in elements(value)]
    return False


def is_marked(flags: Any) -> bool:
    """True when ``holds`` has found anything at all."""
    if isinstance(flags, dict):
        return any(map(is_marked, flags.values()))
    return any(map(is_marked, flags)) if isinstance(flags, list) else flags is True
