"""Durations as Go writes them, such as ``1h30m``."""

from __future__ import annotations

import re

# Units of Go's time.ParseDuration, in nanoseconds.
UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9}
UNITS["h"] = 60 * UNITS["m"]
_PART = re.compile(r"(\d{1,19}(?:\.\d{0,19})?|\.\d{1,19})(ns|us|µs|ms|s|m|h)", re.ASCII)
_DURATION = re.compile(f"(?:{_PART.pattern})+", re.ASCII)
_LONGEST = 2**63 - 1


def nanoseconds(text: str) -> int | None:
    """Parse a Go duration such as ``1h30m`` to nanoseconds; ``None`` if it is invalid.

    As in Go, the result must fit into 64 bits, and fractions of a nanosecond are cut off.
    """
    if text == "0":
        return 0
    if not _DURATION.fullmatch(text):
        return None
    length = sum(_part_length(number, UNITS[unit]) for number, unit in _PART.findall(text))
    return length if length <= _LONGEST else None


def _part_length(number: str, unit: int) -> int:
    whole, _, part = number.partition(".")
    return int(whole or 0) * unit + int(part.ljust(19, "0")) * unit // 10**19
