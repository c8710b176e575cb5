"""One line of output before it is rendered: text, symbol, indentation, tone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto


class Tone(Enum):
    """The meaning of a piece of text; colour expresses it, but never carries it alone."""

    PLAIN = auto()
    STRONG = auto()
    QUIET = auto()
    ADD = auto()
    CHANGE = auto()
    DESTROY = auto()
    WARNING = auto()
    ERROR = auto()


Paint = Callable[[str, Tone], str]

TONES = {
    "+": Tone.ADD,
    "~": Tone.CHANGE,
    "-": Tone.DESTROY,
    "-/+": Tone.DESTROY,
    "!": Tone.WARNING,
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line, of text that is escaped already.

    Attributes:
        mark: the symbol, which ends at column ``indent``; the text follows after a space.
        tail: a remark after the text, such as ``# forces replacement``.
        lead: a text before the symbol, such as the name of a phase.
        column: columns of the text in which nothing stands when it is broken.
        whole: it is never broken: a command, to be pasted.
    """

    text: str = ""
    mark: str = ""
    indent: int = 0
    tone: Tone = Tone.PLAIN
    tail: str = ""
    tail_tone: Tone = Tone.QUIET
    lead: str = ""
    column: int = 0
    whole: bool = False

    def spans(self) -> Iterator[tuple[str, Tone]]:
        """Split the line into pieces of one tone each."""
        if self.indent:
            yield self.lead, Tone.STRONG
            yield " " * (self.indent - len(self.lead) - len(self.mark)), Tone.PLAIN
            yield self.mark, TONES.get(self.mark, self.tone)
            yield " ", Tone.PLAIN
        yield self.text, self.tone
        if self.tail:
            yield f"  {self.tail}", self.tail_tone

    def render(self, paint: Paint) -> str:
        """Render the line as text, without its line break."""
        return "".join(paint(text, tone) for text, tone in self.spans() if text).rstrip(" ")


def rows_of(lines: Iterable[Line], paint: Paint) -> list[str]:
    """Render lines; blank ones at the end are left out."""
    return trimmed(line.render(paint) for line in lines)


def trimmed(rows: Iterable[str]) -> list[str]:
    """The rows without the empty ones at their end."""
    found = list(rows)
    while found and not found[-1]:
        found.pop()
    return found


def no_paint(text: str, tone: Tone) -> str:  # noqa: ARG001
    """Return the text without colour."""
    return text
