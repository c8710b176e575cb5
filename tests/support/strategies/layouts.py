"""Files as people might write them: the same values in any order, style, indentation, commented."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from hypothesis import strategies as st

from tests.support.strategies.sides import sides

# Plain in block and flow, whatever follows; not the name of a type.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./@-]*(?: [A-Za-z0-9_./@-]+)*")
_TYPED = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))
AWKWARD = (
    "", " ", "NO", "yes", "null", "022", "0o17", "1.10", "1e3", "2026-01-01", "10:30", "<<", "=",
    "a: b", "a #b", "# c", "- a", "---", "--- a", "...", "? a", "*.example.com", "&a", "!a", "%a",
    "@a", "`a", "[a", "{a}", "a, b", "a]", "'a", '"a"', "a'b\\c", "\\", "a ", " a", "a\tb",
    "a\n", "a\nb", "a\n\nb\n", "a\n\n", "  a\nb\n", "\ta\nb", "a\n b\nc", "\u200b", "a\u2028b",
    "größe 🙂", "ssh://localhost:22", "::1", "a:", "a\n# no comment\nb", "x" * 120, "wo rd " * 40,
    "many words " * 12 + "end",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Written:
    """A file.

    Attributes:
        value: what it says; numbers are texts.
        comments: the text of each comment in it.
    """

    text: str
    value: Any
    comments: tuple[str, ...]


@st.composite
def written(draw: st.DrawFn) -> Written:
    """A declared file, or any other mapping, as somebody wrote it."""
    value = draw(_anything() | sides())
    writer = _Writer(Random(draw(st.integers(0, 1 << 32))))
    lines = writer.file({"version": 1, "stack": "law", **value})
    end = draw(st.sampled_from(["\n", "\n", "\n", "\r\n"]))
    text = "".join(line + end for line in lines)
    return Written(text, _texts(writer.value), tuple(writer.comments))


def _anything() -> st.SearchStrategy[dict[str, Any]]:
    texts = st.sampled_from(AWKWARD) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    leaves = texts | st.booleans() | st.none() | st.integers(0, 99)
    keys = st.sampled_from([text for text in AWKWARD if text]) | st.sampled_from(
        ["groups", "policies", "hosts", "include", "okta", "name", "protect", "x-a", "vars"]
    )
    values = st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
        max_leaves=12,
    )
    return st.dictionaries(keys, values, max_size=4)


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_texts(item) for item in value]
    return value if value is None or isinstance(value, bool) else str(value)


@dataclass
class _Writer:
    """Writes values in a random layout, and remembers its comments and anchors."""

    rnd: Random
    comments: list[str] = field(default_factory=list)
    value: dict[str, Any] = field(default_factory=dict)
    _anchored: list[tuple[str, Any]] = field(default_factory=list)
    _anchors: int = 0
    # Below a block of text a comment that is as deep would belong to the text.
    _deepest: int = 9

    def file(self, value: dict[str, Any]) -> list[str]:
        keys = list(value)
        self.rnd.shuffle(keys)
        self.value = {key: value[key] for key in keys}
        start = self._between(0) + (["---"] if self._may(0.1) else [])
        return [*start, *self._mapping(self.value, 0), *self._between(0)]

    def _may(self, chance: float) -> bool:
        return self.rnd.random() < chance

    def _comment(self) -> str:
        self.comments.append(f"# c{len(self.comments)};" + self.rnd.choice(["", " a: b", " 'x"]))
        return self.comments[-1]

    def _beside(self) -> str:
        return " " * self.rnd.randint(1, 3) + self._comment() if self._may(0.15) else ""

    def _between(self, indent: int) -> list[str]:
        lines: list[str] = []
        while self._may(0.15):
            lines += [""] * self.rnd.choice([0, 0, 1, 2])
            if self._may(0.7):
                lines.append(
                    " " * self.rnd.choice([0, indent, indent, self._deepest]) + self._comment()
                )
        return lines

    def _mapping(self, value: dict[str, Any], indent: int) -> list[str]:
        lines: list[str] = []
        keys = list(value)
        if self._may(0.5):
            self.rnd.shuffle(keys)
        for key in keys:
            lines += self._between(indent)
            head = " " * indent + self._scalar(key, flow=False, key=True) + ":"
            lines += self._behind(head, value[key], indent, minimum=indent + 1)
        return lines

    def _list(self, value: list[Any], indent: int) -> list[str]:
        lines: list[str] = []
        for item in value:
            lines += self._between(indent)
            below = indent + 2
            if isinstance(item, dict) and item and self._may(0.5):
                first, *rest = self._without_comments(item, below)
                lines += [" " * indent + "- " + first[below:], *rest]
            else:
                lines += self._behind(" " * indent + "-", item, indent, minimum=indent + 1)
        return lines

    def _without_comments(self, value: dict[str, Any], indent: int) -> list[str]:
        """A mapping that begins with its first key."""
        while True:
            known, anchored = len(self.comments), len(self._anchored)
            lines = self._mapping(value, indent)
            if lines[0].strip() and lines[0].strip()[0] != "#":
                return lines
            del self.comments[known:], self._anchored[anchored:]

    def _behind(self, head: str, value: Any, indent: int, *, minimum: int) -> list[str]:
        for name, known in self._anchored:
            if known == value and type(known) is type(value) and self._may(0.5):
                return [f"{head} *{name}{self._beside()}"]
        if self._may(0.1):
            self._anchors += 1
            name = f"n{self._anchors}"
            lines = self._value(f"{head} &{name}", value, indent, minimum)
            self._anchored.append((name, value))
            return lines
        return self._value(head, value, indent, minimum)

    def _value(self, head: str, value: Any, indent: int, minimum: int) -> list[str]:
        self._deepest = 9
        if isinstance(value, dict | list) and value and self._may(0.7):
            below = minimum + self.rnd.randint(0, 3)
            if isinstance(value, dict):
                return [head + self._beside(), *self._mapping(value, below)]
            below = indent if head.lstrip()[0] != "-" and self._may(0.3) else below
            return [head + self._beside(), *self._list(value, below)]
        if isinstance(value, dict | list):
            return self._spread(head, list(self._flow(value)), indent)
        if isinstance(value, str) and self._may(0.3) and (block := self._block(value, head)):
            return block
        text = self._scalar(value, flow=False)
        if text and self._may(0.1):
            place = " " * (minimum + self.rnd.randint(0, 2))
            return [head + self._beside(), *self._between(indent), place + text + self._beside()]
        return [f"{head} {text}".rstrip() + self._beside()]

    def _spread(self, head: str, tokens: list[str], indent: int) -> list[str]:
        """Brackets on one line, or on several with comments."""
        if self._may(0.6):
            return [f"{head} {''.join(tokens)}{self._beside()}"]
        lines, line = [], f"{head} "
        for token in tokens:
            line += token
            if token in ("[", "{", ", ") and self._may(0.4):
                lines += [line.rstrip() + self._beside(), *self._between(indent + 4)]
                line = " " * (indent + 2)
        return [*lines, line + self._beside()]

    def _flow(self, value: Any) -> Iterator[str]:
        if not isinstance(value, dict | list):
            yield self._scalar(value, flow=True)
            return
        yield "{" if isinstance(value, dict) else "["
        for place, item in enumerate(value):
            if place:
                yield ", "
            if isinstance(value, dict):
                yield self._scalar(item, flow=True, key=True) + ": "
            yield from self._flow(value[item] if isinstance(value, dict) else item)
        yield "}" if isinstance(value, dict) else "]"

    def _block(self, text: str, head: str) -> list[str]:
        """A literal block; nothing if the text cannot be one."""
        lines = text.rstrip("\n").split("\n")
        if not text.strip() or not text.replace("\n", "").isprintable() or text[0] in " \n":
            return []
        end = len(text) - len(text.rstrip("\n"))
        chomp = {0: "-", 1: ""}.get(end, "+")
        style = "|" if len(lines) > 1 or self._may(0.5) else ">"
        pad = " " * (len(head) - len(head.lstrip()) + self.rnd.randint(3, 5))
        body = [pad + line if line else "" for line in [*lines, *[""] * (end - 1)]]
        self._deepest = min(9, len(pad) - 1)
        return [f"{head} {style}{chomp}{self._beside()}", *body]

    def _scalar(self, value: Any, *, flow: bool, key: bool = False) -> str:
        if value is None:
            return self.rnd.choice(["null", "~"] if flow or key else ["null", "~", ""])
        if not isinstance(value, str):
            return str(value).lower()
        styles = ["double"]
        if value.isprintable():
            styles.append("single")
        if _PLAIN.fullmatch(value) and value.lower() not in _TYPED:
            styles += ["plain"] * 3
        style = self.rnd.choice(styles)
        if style == "plain":
            return value
        if style == "single":
            return "'" + value.replace("'", "''") + "'"
        return '"' + "".join(map(_escaped, value)) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else f"\\U{ord(character):08x}"
