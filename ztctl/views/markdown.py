"""Show everything as Markdown for a comment on a pull request, after Atlantis's conventions.

Untrusted text stands only inside fences and code spans, where neither markup nor a mention works.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from ztctl.core.model.events import Outcome
from ztctl.core.model.plan import Plan
from ztctl.views import outcome_lines
from ztctl.views.line_output import write_text
from ztctl.views.page import Page
from ztctl.views.people_view import PeopleView
from ztctl.views.styled_line import Line, no_paint, rows_of, trimmed
from ztctl.views.wording import plan_closing
from ztctl.views.wrapping import wrapped

# A comment on GitHub holds 65,536 characters (the API's error). Bytes of UTF-8 are counted here, of
# which there are never fewer.
LONGEST_COMMENT = 65_000
# Of a block, so that its fence and what stands around it has room, too.
_LONGEST_BLOCK = 48_000
_LONGEST_ROW = 8_000
NEXT_COMMENT = "<!-- ztctl: the next comment begins here -->"
# Atlantis folds longer output.
LONGEST_OPEN = 12
# Of a diff block in a comment on GitHub, which shows more by scrolling only.
WIDTH = 100


@dataclass(slots=True)
class MarkdownView(PeopleView):
    """Plan, outcome and next steps on stdout, ready to be posted; the rest as text on stderr."""

    _size: int = 0

    def plan(self, plan: Plan) -> None:
        """Write verdict, gains and losses, and refusals; then the rest, folded where it is long."""
        self.close()
        parts = self.plan_parts(plan)
        exposed, changes, access, warnings, refusals = (_rows(self._wrapped(it)) for it in parts)
        self._parts(
            f"### Plan for {code_span(self.clean(plan.stack))}",
            f"**{plan_closing(plan)}**",
            *blocks(exposed),
            *blocks(access),
            *blocks(refusals),
            *folded([*changes, *([""] if changes and warnings else []), *warnings]),
        )

    def _wrapped(self, lines: Iterable[Line]) -> Iterable[Line]:
        if self.detail == "full":
            return lines
        return _broken(lines)

    def outcome(self, plan: Plan, outcome: Outcome) -> None:
        """Write what was done, folded when it is long, then what was not, and the closing line."""
        self.close()
        found = outcome_lines.group_by_change(plan, outcome)
        lines = outcome_lines.OutcomeLines(self.clean, outcome, found)
        what = "Destroy" if found.destroys else "Apply"
        self._parts(
            f"### {what} of {code_span(self.clean(plan.stack))}",
            *folded(_rows(() if self.quiet else lines.done())),
            *blocks(_rows(lines.revoked())),
            *blocks(_rows(lines.undone())),
            f"**{outcome_lines.closing(found)}**",
        )

    def page(self, page: Page) -> None:
        """Write the blocks as diff blocks, with sensitive values masked."""
        self.close()
        parted = folded if page.folds else blocks
        shown = map(_broken, page.blocks) if page.wraps else page.blocks
        texts = (self.clean.lines("\n".join(rows_of(lines, no_paint))) for lines in shown)
        parts = (part for text in texts for part in parted(text.split("\n") if text else []))
        self._parts(self.clean.lines(f"### {page.heading}"), *parts)

    def next_steps(self, text: str) -> None:
        """Write next steps as a code block on stdout: they belong to the comment."""
        if not self.quiet:
            self._parts(*blocks([self.clean.whole(line) for line in text.split("\n")], "text"))

    def _parts(self, *parts: str) -> None:
        """Write the parts, and where a comment is full the sign that the next one begins."""
        for part in filter(None, parts):
            size = len(part.encode()) + 2
            if self._size + size > LONGEST_COMMENT:
                write_text(self.stdout, f"{NEXT_COMMENT}\n\n")
                self._size = 0
            self._size += size
            write_text(self.stdout, f"{part}\n\n")


def _broken(lines: Iterable[Line]) -> Iterable[Line]:
    return chain.from_iterable(wrapped(line, WIDTH) for line in lines)


def _rows(lines: Iterable[Line]) -> list[str]:
    return trimmed(map(_row, lines))


def _row(line: Line) -> str:
    """Format a line with its symbol in the first column, where a diff block gives it a colour."""
    # GitHub colours lines of a diff block that begin with `!`, and knows no `~`.
    mark = line.mark.replace("~", "!")
    text = f"{mark}{line.lead}".ljust(line.indent) + f" {line.text}" if line.indent else line.text
    return f"{text}  {line.tail}" if line.tail else text


def folded(rows: Sequence[str]) -> list[str]:
    """Format rows as diff blocks, each fit for a comment, inside ``<details>`` when long."""
    if len(rows) <= LONGEST_OPEN:
        return blocks(rows)
    return [
        f"<details><summary>Show {len(part)} lines</summary>\n\n{fenced(part)}\n\n</details>"
        for part in _parted(rows)
    ]


def blocks(rows: Sequence[str], language: str = "diff") -> list[str]:
    """Format rows as code blocks that each fit a comment; none for no rows."""
    return [fenced(part, language) for part in _parted(rows)]


def _parted(rows: Iterable[str]) -> Iterator[list[str]]:
    """Rows that fit a comment together; one that is too long for that is broken."""
    part: list[str] = []
    size = 0
    for row in chain.from_iterable(map(_pieces, rows)):
        length = len(row.encode()) + 1
        if part and size + length > _LONGEST_BLOCK:
            yield part
            part, size = [], 0
        part.append(row)
        size += length
    if part:
        yield part


def _pieces(row: str) -> Iterator[str]:
    # A character takes at most four bytes.
    step = _LONGEST_ROW // 4
    yield row[:step]
    # No piece begins as a line that is added or taken away.
    yield from (f" {row[place : place + step]}" for place in range(step, len(row), step))


def fenced(rows: Sequence[str], language: str = "diff") -> str:
    """Format rows as a code block, its fence longer than any backticks in it; empty for no rows."""
    if not rows:
        return ""
    text = "\n".join(rows)
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def code_span(text: str) -> str:
    """Format a text as a code span, whatever backticks it holds."""
    ticks = "`" * (_longest_run(text) + 1)
    pad = " " if "`" in text else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
