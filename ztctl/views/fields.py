"""Format fields and edits as lines, in Terraform's notation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ztctl.core.model.plan import Edit
from ztctl.core.model.values import UNSET, Lookup, Ref, Unknown
from ztctl.views.escape import Clean
from ztctl.views.styled_line import Line, Tone

FORCES = "# forces replacement"
WIDEST_INLINE = 72
WIDEST_NAME = 32
STEP = 4


@dataclass(frozen=True, slots=True)
class FieldWriter:
    """Formats values; every text in them goes through ``clean``."""

    clean: Clean

    def all_fields(self, mark: str, values: Mapping[str, Any], indent: int) -> Iterator[Line]:
        """Format every field that has a value, the names aligned."""
        present = {self.clean(name): value for name, value in values.items() if is_present(value)}
        width = _width(present)
        for name, value in present.items():
            yield from self.rows(mark, f"{name.ljust(width)} = ", value, indent)

    def edits(self, edits: Iterable[Edit], indent: int) -> Iterator[Line]:
        """Format edits, the paths aligned."""
        named = [(self.clean(edit.path), edit) for edit in edits]
        width = _width(name for name, _ in named)
        for name, edit in named:
            tail = FORCES if edit.replaces else ""
            head = f"{name.ljust(width)} = "
            yield from self.edit_lines(head, edit.before, edit.after, indent, tail)

    def rows(self, mark: str, head: str, value: Any, indent: int, tail: str = "") -> Iterator[Line]:
        """Format a value after its head, on as many lines as it needs."""
        if self._fits(value):
            yield _line(f"{head}{self.inline(value)}", mark, indent, tail)
            return
        opening, closing = ("{", "}") if isinstance(value, Mapping) else ("[", "]")
        yield _line(f"{head}{opening}", mark, indent, tail)
        if isinstance(value, Mapping):
            yield from self.all_fields(mark, value, indent + STEP)
        else:
            for item in elements(value):
                yield from self.rows(mark, "", item, indent + STEP)
        yield _line(closing, "", indent)

    def edit_lines(
        self, head: str, before: Any, after: Any, indent: int, tail: str = ""
    ) -> Iterator[Line]:
        """Format an edit: the added or the removed value, or ``before -> after`` if short."""
        was, stays = is_present(before), is_present(after)
        if was and self._fits(before) and self._fits(after):
            pair = f"{self.inline(before)} -> {self.inline(after) if stays else 'null'}"
            yield _line(f"{head}{pair}", "~" if stays else "-", indent, tail)
            return
        if was:
            yield from self.rows("-", head, before, indent, tail)
        if stays or not was:
            yield from self.rows("+", head, after, indent, tail)

    def _fits(self, value: Any) -> bool:
        if is_list(value) and any(isinstance(item, Mapping) for item in value):
            return False
        return not is_composite(value) or len(self.inline(value)) <= WIDEST_INLINE

    def inline(self, value: Any) -> str:
        """Format a value on one line, however long."""
        if isinstance(value, Mapping):
            present = {name: item for name, item in value.items() if is_present(item)}
            pairs = (f"{self.clean(name)} = {self.inline(item)}" for name, item in present.items())
            return f"{{{', '.join(pairs)}}}"
        if is_list(value):
            return f"[{', '.join(self.inline(item) for item in elements(value))}]"
        return self.scalar(value)

    def scalar(self, value: Any) -> str:
        """Format a single value: strings in quotes, everything else without."""
        match value:
            case None:
                return "null"
            case bool():
                return "true" if value else "false"
            case str():
                return self.clean.quoted(str(value))
            case Unknown():
                return f"{self.clean(value.of)} {value}"
            case Ref() | Lookup():
                return self.clean(describe_reference(value))
            case _:
                return self.clean(value)


def describe_reference(value: Ref | Lookup) -> str:
    """Name what a reference points to by address or live name, in place of an id."""
    target = str(value.to) if isinstance(value, Ref) else f"live {value.kind} {value.name}"
    named = target if value.attribute == "id" else f"{target} {value.attribute}"
    return value.template.replace("{}", named)


def hidden_note(count: int, what: str, indent: int) -> Line:
    """Format the comment that counts unchanged or default fields that are not shown."""
    plural = "" if count == 1 else "s"
    same = "" if what == "default" else "unchanged "
    return Line(f"# ({count} {same}{what}{plural} hidden)", "", indent, Tone.QUIET)


def is_present(value: Any) -> bool:
    """False for ``None`` and for a field that is not set."""
    return value is not None and value is not UNSET


def is_list(value: Any) -> bool:
    """Whether it is a collection other than a mapping."""
    return isinstance(value, list | tuple | set | frozenset)


def is_composite(value: Any) -> bool:
    """Whether it may need several lines."""
    return is_list(value) or isinstance(value, Mapping)


def elements(value: Iterable[Any]) -> list[Any]:
    """The elements in an order that is the same in every run; sets are sorted."""
    return sorted(value, key=repr) if isinstance(value, set | frozenset) else list(value)


def _width(names: Iterable[str]) -> int:
    return min(max((len(name) for name in names), default=0), WIDEST_NAME)


def _line(text: str, mark: str, indent: int, tail: str = "") -> Line:
    return Line(text, mark, indent, tail=tail, tail_tone=Tone.DESTROY)
