"""Show everything as Markdown for a comment on a pull request, after Atlantis's conventions.

Untrusted text stands only inside fences and code spans, where neither markup nor a mention works.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
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

# Atlantis folds longer output.
LONGEST_OPEN = 12
# Of a diff block in a comment on GitHub, which shows more by scrolling only.
WIDTH = 100


class MarkdownView(PeopleView):
    """Plan, outcome and next steps on stdout, ready to be posted; the rest as text on stderr."""

    def plan(self, plan: Plan) -> None:
        """Write a diff block, folded when it is long; refusals and the closing line never are."""
        self.close()
        exposed, changes, refusals = (_rows(self._wrapped(part)) for part in self.plan_parts(plan))
        self._parts(
            f"### Plan for {code_span(self.clean(plan.stack))}",
            fenced(exposed),
            folded(changes),
            fenced(refusals),
            f"**{plan_closing(plan)}**",
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
            folded(_rows(() if self.quiet else lines.done())),
            fenced(_rows(lines.revoked())),
            fenced(_rows(lines.undone())),
            f"**{outcome_lines.closing(found)}**",
        )

    def page(self, page: Page) -> None:
        """Write the blocks as diff blocks, with sensitive values masked."""
        self.close()
        block = folded if page.folds else fenced
        shown = map(_broken, page.blocks) if page.wraps else page.blocks
        parts = (f"### {page.heading}", *(block(rows_of(lines, no_paint)) for lines in shown))
        self._parts(*map(self.clean.lines, parts))

    def next_steps(self, text: str) -> None:
        """Write next steps as a code block on stdout: they belong to the comment."""
        if not self.quiet:
            self._parts(fenced([self.clean.whole(line) for line in text.split("\n")], "text"))

    def _parts(self, *parts: str) -> None:
        write_text(self.stdout, "".join(f"{part}\n\n" for part in parts if part))


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


def folded(rows: Sequence[str]) -> str:
    """Format rows as a diff block, inside ``<details>`` when it is long."""
    block = fenced(rows)
    if len(rows) <= LONGEST_OPEN:
        return block
    return f"<details><summary>Show {len(rows)} lines</summary>\n\n{block}\n\n</details>"


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
