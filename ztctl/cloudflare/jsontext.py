"""Parse JSON from untrusted servers: size and depth are bounded, texts can be encoded."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import chain
from typing import Final, NoReturn

from ztctl.core.model.calls import Json

LARGEST: Final = 64 * 1024 * 1024
DEEPEST: Final = 64


def parse(body: bytes) -> Json:
    """Parse the body of a response.

    Raises:
        ValueError: with a reason for people, and no part of the body: it may hold a secret.
    """
    if len(body) > LARGEST:
        raise ValueError(f"larger than {LARGEST // 1024 // 1024} MB")
    try:
        text = body.decode("utf-8-sig")
        value = json.loads(text, parse_constant=_reject_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except ValueError:
        # Covers bad UTF-8, bad JSON, NaN, and numbers too long for Python to convert.
        raise ValueError("not JSON") from None
    if _too_deep(value):
        raise ValueError("nested too deeply")
    return _without_surrogates(value) if "\\ud" in text or "\\uD" in text else value


def _reject_constant(constant: str) -> NoReturn:
    raise ValueError(constant)


def _too_deep(value: Json) -> bool:
    # Level by level: recursion over untrusted input could exhaust the stack.
    level = _containers([value])
    for _ in range(DEEPEST):
        inner = (item.values() if type(item) is dict else item for item in level)
        level = _containers(chain.from_iterable(inner))
    return bool(level)


def _containers(values: Iterable[Json]) -> list[Json]:
    return [value for value in values if type(value) is dict or type(value) is list]


def _without_surrogates(value: Json) -> Json:
    # An escaped lone surrogate is valid JSON, but cannot be encoded as UTF-8.
    return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
