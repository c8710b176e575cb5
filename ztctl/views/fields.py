"""Fields and edits as lines, in Terraform's notation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ztctl.core.model.plan import Edit
from ztctl.core.model.values import UNSET, Lookup, Ref, Secret, Unknown
from ztctl.views.escape import Clean
from ztctl.views.styled_line import Line, Tone

FORCES = "# forces replacement"
WIDEST_INLINE = 72
WIDEST_NAME = 32
STEP = 4


@dataclass(frozen=True, slots=True)
class FieldWriter:
    """Tells values to people; every text in them goes through ``clean``."""

    clean: Clean

    def whole(self, mark: str, values: Mapping[str, Any], indent: int) -> Iterator[Line]:
        """Every field that is there, its names aligned."""
        present = {self.clean(name): value for name, value in values.items() if is_there(value)}
        width = _width(present)
        for name, value in present.items():
            yield from self.one(mark, f"{name.ljust(width)} = ", value, indent)

    def edits(self, edits: Iterable[Edit], indent: int) -> Iterator[Line]:
        """One edit after the other, their paths aligned."""
        named = [(self.clean(edit.path), edit) for edit in edits]
        width = _width(name for name, _ in named)
        for name, edit in named:
            tail = FORCES if edit.replaces else ""
            head = f"{name.ljust(width)} = "
            yield from self.edited(head, edit.before, edit.after, indent, tail)

    def one(self, mark: str, head: str, value: Any, indent: int, tail: str = "") -> Iterator[Line]:
        """One value behind its head, on as many lines as it needs."""
        if self._fits(value):
            yield _line(f"{head}{self.inline(value)}", mark, indent, tail)
            return
        opening, closing = ("{", "}") if isinstance(value, Mapping) else ("[", "]")
        yield _line(f"{head}{opening}", mark, indent, tail)
        if isinstance(value, Mapping):
            yield from self.whole(mark, value, indent + STEP)
        else:
            for item in elements(value):
                yield from self.one(mark, "", item, indent + STEP)
        yield _line(closing, "", indent)

    def edited(
        self, head: str, before: Any, after: Any, indent: int, tail: str = ""
    ) -> Iterator[Line]:
        """One difference: what is added or removed with its own symbol, the rest as a pair."""
        if not is_there(before):
            yield from self.one("+", head, after, indent, tail)
        elif not is_there(after):
            yield from self._gone(head, before, indent, tail)
        elif self._fits(before) and self._fits(after):
            pair = f"{self.inline(before)} -> {self.inline(after)}"
            yield _line(f"{head}{pair}", "~", indent, tail)
        else:
            yield from self.one("-", head, before, indent, tail)
            yield from self.one("+", head, after, indent, tail)

    def _gone(self, head: str, before: Any, indent: int, tail: str) -> Iterator[Line]:
        if self._fits(before):
            yield _line(f"{head}{self.inline(before)} -> null", "-", indent, tail)
        else:
            yield from self.one("-", head, before, indent, tail)

    def _fits(self, value: Any) -> bool:
        if is_list(value) and any(isinstance(item, Mapping) for item in value):
            return False
        return not is_composite(value) or len(self.inline(value)) <= WIDEST_INLINE

    def inline(self, value: Any) -> str:
        """A value on one line, however long."""
        if isinstance(value, Mapping):
            present = {name: item for name, item in value.items() if is_there(item)}
            pairs = (f"{self.clean(name)} = {self.inline(item)}" for name, item in present.items())
            return f"{{{', '.join(pairs)}}}"
        if is_list(value):
            return f"[{', '.join(self.inline(item) for item in elements(value))}]"
        return self.scalar(value)

    def scalar(self, value: Any) -> str:
        """A single value: text in quotes, everything else without."""
        match value:
            case None:
                return "null"
            case bool():
                return "true" if value else "false"
            case str():
                return self.clean.quoted(str(value))
            case Unknown():
                return f"{self.clean(value.of)} {value}"
            case Secret():
                return str(value)
            case Ref() | Lookup():
                return self.clean(reference(value))
            case _:
                return self.clean(value)


def reference(value: Ref | Lookup) -> str:
    """What a reference leads to, in words: a name instead of an id."""
    target = str(value.to) if isinstance(value, Ref) else f"live {value.kind} {value.name}"
    named = target if value.attribute == "id" else f"{target} {value.attribute}"
    return value.template.replace("{}", named)


def hidden(count: int, what: str, indent: int) -> Line:
    """The remark that something is the same on both sides and not shown."""
    plural = "" if count == 1 else "s"
    same = "" if what == "default" else "unchanged "
    return Line(f"# ({count} {same}{what}{plural} hidden)", "", indent, Tone.QUIET)


def is_there(value: Any) -> bool:
    """False for absence: ``None`` and silence."""
    return value is not None and value is not UNSET


def is_list(value: Any) -> bool:
    """True for everything that holds elements."""
    return isinstance(value, list | tuple | set | frozenset)


def is_composite(value: Any) -> bool:
    """True for what may need several lines."""
    return is_list(value) or isinstance(value, Mapping)


def elements(value: Iterable[Any]) -> list[Any]:
    """The elements in an order that is the same in every run."""
    return sorted(value, key=repr) if isinstance(value, set | frozenset) else list(value)


def _width(names: Iterable[str]) -> int:
    return min(max((len(name) for name in names), default=0), WIDEST_NAME)


def _line(text: str, mark: str, indent: int, tail: str = "") -> Line:
    return Line(text, mark, indent, tail=tail, tail_tone=Tone.DESTROY)
