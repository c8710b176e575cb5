"""Promises about Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.support.examples import examples
from ztctl.core.model.diagnostics import Failure, Problem
from ztctl.core.model.events import Failed, Outcome, Started
from ztctl.core.model.facts import DescribedEntry, Openness
from ztctl.core.model.plan import AccessChange, Plan
from ztctl.views.escape import Clean
from ztctl.views.line_output import StreamOutput
from ztctl.views.markdown import NEXT_COMMENT, MarkdownView, code_span, fenced
from ztctl.views.page import Page
from ztctl.views.styled_line import Line

Golden = Callable[[str, str], None]
MakeShown = Callable[..., Any]


def test_a_whole_plan_is_a_comment(whole_plan: Plan, shown: MakeShown, golden: Golden) -> None:
    """A long plan is folded; its closing line, which comes first, and its refusals are not."""
    it = shown("markdown")

    it.view.plan(whole_plan)

    golden("plan.md", it.out)
    assert it.err == ""


def test_hostile_text_stays_inside_its_fence(
    hostile_plan: Plan, shown: MakeShown, golden: Golden
) -> None:
    """Backticks, tags and mentions in a plan stand only inside longer fences."""
    it = shown("markdown")

    it.view.plan(hostile_plan)

    golden("hostile.md", it.out)
    assert "@all" not in outside_fences(it.out)


def outside_fences(text: str) -> str:
    """The lines of a Markdown text that are in no fenced block."""
    fence, kept = "", []
    for line in text.splitlines():
        ticks = line[: len(line) - len(line.lstrip("`"))]
        if fence:
            fence = "" if line == fence else fence
        elif len(ticks) >= 3:
            fence = ticks
        else:
            kept.append(line)
    return "\n".join(kept)


def test_who_gains_and_who_loses_is_never_folded(whole_plan: Plan, shown: MakeShown) -> None:
    """It is what a reviewer decides about, however long the plan is."""
    entry = DescribedEntry("EVERYONE", "http://localhost:80", Openness.OPEN)
    access = tuple(AccessChange(f"{name}.example.com", frozenset(), (entry,)) for name in "abcdef")
    it = shown("markdown")

    it.view.plan(replace(whole_plan, access=access))

    outside = re.sub(r"<details>.*?</details>", "", it.out, flags=re.DOTALL)
    assert outside.count("OPEN TO EVERYBODY") == 6
    assert it.out.count("OPEN TO EVERYBODY") == 6


TEXTS = st.one_of(
    st.text("`~ab \\<>@", max_size=9),
    st.builds(str.__mul__, st.sampled_from("`a~\U0001f600"), st.integers(0, 70_000)),
)


@examples(30)
@given(st.lists(TEXTS, min_size=1, max_size=30))
def test_every_comment_has_room_for_what_it_holds(rows: list[str]) -> None:
    """Whatever the lines hold, and however long: none is lost, and none gets out of its block."""
    out = StringIO()
    view = MarkdownView(out, StreamOutput(StringIO()), Clean(str))

    view.next_steps("\n".join(rows))

    comments = out.getvalue().split(NEXT_COMMENT)
    tokens = [token for it in comments for token in MarkdownIt("commonmark").parse(it)]
    inside = "".join(token.content for token in tokens if token.type == "fence")
    assert max(len(comment.encode()) for comment in comments) <= 65_536
    assert {token.type for token in tokens} <= {"fence"}
    for sign in "`~@\U0001f600":
        assert inside.count(sign) == "".join(rows).count(sign)


def test_an_empty_plan_has_no_block(shown: MakeShown) -> None:
    """A plan without changes is a title and the closing line."""
    it = shown("markdown")

    it.view.plan(Plan("acc-1", "prod", unchanged=2))

    assert it.out == "### Plan for `prod`\n\n**No changes. 2 objects are in step.**\n\n"


def test_quiet_leaves_the_changes_out(whole_plan: Plan, shown: MakeShown) -> None:
    """With --quiet a comment holds the refusals and the closing line."""
    it = shown("markdown", quiet=True)

    it.view.plan(whole_plan)

    assert "# forces replacement" not in it.out
    assert "\n!   the plan opens a door that no flag admits\n" in it.out


def test_an_outcome_is_a_comment(small_plan: Plan, shown: MakeShown, golden: Golden) -> None:
    """What was done and what was not is told in blocks, the closing line outside."""
    done, *rest = (step.id for step in small_plan.steps)
    outcome = Outcome((done,), (Failed(rest[0], "no"),), not_started=tuple(rest[1:]))
    it = shown("markdown")

    it.view.outcome(small_plan, outcome)

    golden("outcome.md", it.out)


def test_next_steps_belong_to_the_comment(shown: MakeShown) -> None:
    """What to do next stands in a block to copy from, with the data."""
    it = shown("markdown")

    it.view.next_steps("ztctl plan --out plan.json\nztctl apply plan.json")

    expected = "```text\nztctl plan --out plan.json\nztctl apply plan.json\n```\n\n"
    assert it.out == expected


def test_what_is_for_people_is_beside_the_comment(small_plan: Plan, shown: MakeShown) -> None:
    """Problems, failures, notes and progress are plain text on stderr."""
    it = shown("markdown")

    it.view.problems([Problem("bad")])
    it.view.failure(Failure("worse"))
    it.view.note("so it goes")
    it.view.event(Started(small_plan.steps[0].id))

    expected = "error: bad\nerror: worse\nso it goes\naccess_group.infra-team: updating…\n"
    assert it.err == expected
    assert it.out == ""


def test_a_page_is_its_blocks_below_its_heading(shown: MakeShown) -> None:
    """Each block of a page stands in a fence of its own, masked."""
    it = shown("markdown", redact=lambda text: text.replace("hunter2", "(env PASSWORD)"))

    it.view.page(Page("Runs", ((Line("hunter2"), Line()), (), (Line("b"),)), ()))

    assert it.out == "### Runs\n\n```diff\n(env PASSWORD)\n```\n\n```diff\nb\n```\n\n"


@pytest.mark.parametrize(("folds", "count"), [(True, 1), (False, 0)])
def test_a_long_block_is_folded_unless_the_page_says_no(
    folds: bool, count: int, shown: MakeShown
) -> None:
    """A page says whether its long blocks may be hidden behind a click."""
    it = shown("markdown")

    it.view.page(Page("Runs", ((Line("a"),) * 20,), (), folds=folds))

    assert it.out.count("<details>") == count


@given(st.lists(st.text("`~ab \\", max_size=9), min_size=1))
def test_no_row_closes_its_fence(rows: list[str]) -> None:
    """No run of backticks in a block is as long as the fence around it."""
    opening, *inner, closing = fenced(rows, "").split("\n")

    assert opening == closing
    assert all(opening not in row for row in inner)


@pytest.mark.parametrize(
    ("text", "expected"), [("prod", "`prod`"), ("a`b", "`` a`b ``"), ("``", "``` `` ```")]
)
def test_code_spans_hold_backticks(text: str, expected: str) -> None:
    """A name with backticks is one code span."""
    assert code_span(text) == expected
