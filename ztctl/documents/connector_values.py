"""The scalars of cloudflared's own file, typed as its reader types them.

cloudflared reads its file by gopkg.in/yaml.v3 (``resolve.go``, ``decode.go``), in two ways: members
of rules and settings of the origin have a type, to which a scalar is converted; a key at the top
has to be of its type already (``config/configuration.go``), so that ``edge-ip-version: 4`` is
refused, and a null is, too.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final

from ztctl.core.model.connector_file import Form
from ztctl.core.model.durations import nanoseconds
from ztctl.documents.nodes import Node, Scalar, SequenceNode, data

_INTEGER: Final = re.compile(r"[+-]?(?:0|[1-9][0-9]*)", re.ASCII)
_BASED: Final = re.compile(r"([+-]?)0(x[0-9a-f]+|b[01]+|o?[0-7]+)", re.ASCII | re.IGNORECASE)
_FLOAT: Final = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:e[-+]?[0-9]+)?|[-+]?\.inf|\.nan",
    re.ASCII | re.IGNORECASE,
)
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ][0-9:.]+\S*)?", re.ASCII)
# What a number or a time begins with.
_NUMERIC: Final = frozenset("+-.0123456789")
_BASES: Final = {"x": 16, "b": 2, "o": 8}
# YAML 1.1, which the reader keeps to where a flag is expected.
_WORDS: Final = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF"), False),
}


_SIGNS: Final = {"": 1, "+": 1, "-": -1}
_LISTS: Final = {Form.TEXTS: Form.TEXT, Form.NUMBERS: Form.NUMBER}
_RANGES: Final = {Form.NUMBER: range(-(2**63), 2**63), Form.SIZE: range(2**64)}


class Misfit(ValueError):
    """A value that cloudflared refuses; its text says what it was found to be."""


def member(node: Node, form: Form) -> Any:
    """Convert a member of a rule, or a setting of the origin; ``None`` for null.

    Returns:
        A duration in nanoseconds.

    Raises:
        Misfit: cloudflared refuses it.
    """
    if form in _LISTS:
        if not isinstance(node, SequenceNode):
            raise Misfit(_kind_of(node))
        # The reader drops a null among the items.
        read = (member(item, _LISTS[form]) for item in node.items)
        return [item for item in read if item is not None]
    if not isinstance(node, Scalar):
        raise Misfit(_kind_of(node))
    if node.is_null:
        return None
    found = _resolved(node)
    if form is Form.TEXT:
        return str(node)
    if form is Form.FLAG and isinstance(found, str):
        found = _WORDS.get(found, found)
    if form in _RANGES and found is None:
        found = _cut_off(node)
    return _of_form(node, found, form)


def _cut_off(node: Scalar) -> int | None:
    """A number with a fraction, where a whole one is expected."""
    digits = str(node).replace("_", "")
    # `float` spells what is no number without the dot.
    spelt = re.sub("[.](?=[a-z])", "", digits, flags=re.IGNORECASE)
    number = float(spelt) if _FLOAT.fullmatch(digits) else math.inf
    return int(number) if math.isfinite(number) else None


def setting(node: Node, form: Form) -> Any:
    """Convert a value at the top of the file; a duration stays the text that it is.

    Raises:
        Misfit: cloudflared refuses it.
    """
    if form is Form.TEXTS:
        if not isinstance(node, SequenceNode):
            raise Misfit(_kind_of(node))
        return [setting(item, Form.TEXT) for item in node.items]
    if not isinstance(node, Scalar) or node.is_null:
        raise Misfit(_kind_of(node))
    found = _of_form(node, _resolved(node), form)
    return str(node) if form is Form.DURATION else found


def _of_form(node: Scalar, found: Any, form: Form) -> Any:
    match form:
        case Form.TEXT if isinstance(found, str):
            return str(node)
        case Form.FLAG if isinstance(found, bool):
            return found
        case Form.NUMBER | Form.SIZE if isinstance(found, int) and not isinstance(found, bool):
            if found in _RANGES[form]:
                return found
        case Form.DURATION if isinstance(found, str):
            # Two characters look like a micro sign, and Go takes both.
            length = nanoseconds(found.lstrip("+-").replace("μ", "µ"))
            sign = found[: len(found) - len(found.lstrip("+-"))]
            if length is not None and sign in _SIGNS:
                return length * _SIGNS[sign]
    raise Misfit(_kind_of(node))


def _resolved(node: Scalar) -> Any:
    """A bool, an int, a text, or ``None`` for a number with a fraction and for a time."""
    typed = data(node)
    text = str(node)
    if not node.plain or isinstance(typed, bool) or text[:1] not in _NUMERIC:
        return typed if isinstance(typed, bool) else text
    digits = text.replace("_", "")
    if len(digits) <= 20 and _INTEGER.fullmatch(digits):
        return int(digits)
    if len(digits) <= 70 and (based := _BASED.fullmatch(digits)):
        letter = based[2][0].lower()
        number = based[2][1:] if letter in _BASES else based[2]
        return int(based[1] + number, _BASES.get(letter, 8))
    return None if _FLOAT.fullmatch(digits) or _TIME.fullmatch(text) else text


def _kind_of(node: Node) -> str:
    if not isinstance(node, Scalar):
        return "a list" if isinstance(node, SequenceNode) else "a mapping"
    if node.is_null:
        return "empty"
    found = _resolved(node)
    shown = repr(str(node)[:40])
    if found is None or isinstance(found, str):
        return f"the text {shown}" if found is not None else f"the number or time {shown}"
    return str(found).lower() if isinstance(found, bool) else f"the number {found}"
