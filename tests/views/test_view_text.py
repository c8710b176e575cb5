"""Promises about the plan and the outcome as text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.text import Text

from ztctl.core.model.address import Address
from ztctl.core.model.diagnostics import Failure, Problem, Severity, Where
from ztctl.core.model.objects import Live
from ztctl.core.model.plan import Action, Change, Edit, Phase, Plan, Reason, Refusal
from ztctl.core.model.values import Secret
from ztctl.views.page import Page
from ztctl.views.styled_line import Line

Golden = Callable[[str, str], None]
MakeShown = Callable[..., Any]
ANYTHING = st.text(st.characters(exclude_categories=()), max_size=12)
SCALARS = st.one_of(
    ANYTHING, st.integers(), st.booleans(), st.none(), st.floats(), st.just(Secret("hunter2"))
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(ANYTHING, inner), max_leaves=8
)


def test_a_whole_plan_reads_like_prose(whole_plan: Plan, shown: MakeShown, golden: Golden) -> None:
    """Every action, edit, note, warning and refusal has its place, and nothing is on stderr."""
    it = shown(detail="full")

    it.view.plan(whole_plan)

    golden("plan-full.txt", it.out)
    assert it.err == ""


def test_colour_adds_escapes_and_changes_no_word(whole_plan: Plan, shown: MakeShown) -> None:
    """A coloured plan without its escapes is the plain plan."""
    it, coloured = shown(), shown(color=True)
    it.view.plan(whole_plan)

    coloured.view.plan(whole_plan)

    assert "\x1b[32m+\x1b[0m" in coloured.out
    assert Text.from_ansi(coloured.out).plain.rstrip("\n") == it.out.rstrip("\n")


def test_quiet_leaves_refusals_and_the_closing_line(
    whole_plan: Plan, shown: MakeShown, golden: Golden
) -> None:
    """With --quiet a plan says only what stands against it and how much it would do."""
    it = shown(quiet=True)

    it.view.plan(whole_plan)

    golden("plan-quiet.txt", it.out)


@pytest.mark.parametrize(
    ("flags", "title"),
    [
        (("--adopt", "--adopt"), "Apply will want --adopt:"),
        (
            ("--adopt tunnel.a", "--adopt tunnel.b"),
            "Apply will want --adopt of each, or of all:",
        ),
    ],
)
def test_one_reason_is_told_once_for_all_that_it_is_about(
    flags: tuple[str, ...], title: str, shown: MakeShown
) -> None:
    """Whoever adopts a hundred objects reads the reason once, and all their addresses."""
    addresses = (Address("tunnel", "a"), Address("tunnel", "b"))
    refusals = tuple(
        Refusal(it, "it is live already", flag, apply_only=True)
        for it, flag in zip(addresses, flags, strict=True)
    )
    it = shown(quiet=True)

    it.view.plan(Plan("acc-1", "prod", refusals=refusals))

    assert it.out.startswith(f"{title}\n  ! it is live already:\n    tunnel.a, tunnel.b\n\n")


@pytest.mark.parametrize(
    ("unchanged", "expected"),
    [
        (0, "No changes. 0 objects are in step.\n"),
        (1, "No changes. 1 object is in step.\n"),
        (9, "No changes. 9 objects are in step.\n"),
    ],
)
def test_an_empty_plan_is_one_line(unchanged: int, expected: str, shown: MakeShown) -> None:
    """A plan without changes says so in its first two words."""
    it = shown()

    it.view.plan(Plan("acc-1", "prod", unchanged=unchanged))

    assert it.out == expected


def test_an_empty_plan_still_warns(shown: MakeShown) -> None:
    """What is wrong is told even when there is nothing to do."""
    warning = Problem("a key file is stale", severity=Severity.WARNING)
    it = shown()

    it.view.plan(Plan("acc-1", "prod", unchanged=2, warnings=(warning,)))

    expected = "Warnings:\n  ! a key file is stale\n\nNo changes. 2 objects are in step.\n"
    assert it.out == expected


def test_the_closing_line_has_no_room_for_what_does_not_occur(
    small_plan: Plan, shown: MakeShown
) -> None:
    """Without adoption and forgetting the closing line is Terraform's, to the byte."""
    it = shown(quiet=True)

    it.view.plan(small_plan)

    assert it.out == "Plan: 3 to add, 1 to change, 1 to destroy.\n"


@pytest.mark.parametrize("action", [Action.CREATE, Action.DELETE])
def test_what_is_at_its_default_is_counted_and_not_shown(action: Action, shown: MakeShown) -> None:
    """A field that holds but its default is no news, for what comes and for what goes."""
    values = {"name": "edge", "retries": 3, "proxy": False}
    change = Change(
        Address("tunnel", "edge"),
        action,
        Reason.NOT_LIVE,
        Phase.TUNNEL,
        before=values,
        after=values,
        silent=frozenset({"retries", "proxy"}),
    )
    it = shown(detail="full")

    it.view.plan(Plan("acc-1", "prod", (change,)))

    assert 'name = "edge"\n        # (2 defaults hidden)\n' in it.out
    assert "retries" not in it.out


def test_the_legend_names_only_symbols_in_use(small_plan: Plan, shown: MakeShown) -> None:
    """A plan without deletions does not explain how a deletion looks."""
    it = shown(detail="full")

    it.view.plan(small_plan)

    legend = it.out.split("\n\n")[0].splitlines()[2:]
    expected = ["  + create", "  ~ update in place", "-/+ destroy, then create again"]
    assert legend == expected


def test_hostile_text_is_shown_escaped(
    hostile_plan: Plan, shown: MakeShown, golden: Golden
) -> None:
    """Escapes, markup and bidi controls in any text of a plan are shown and never obeyed."""
    it = shown(detail="full")

    it.view.plan(hostile_plan)

    golden("hostile-full.txt", it.out)
    assert it.out.replace("\n", "").isprintable()


def test_a_file_beside_a_coloured_terminal_gets_no_escapes(shown: MakeShown) -> None:
    """Where stdout is a terminal and stderr a file, what is told on stderr is plain."""
    it = shown(color=True)

    it.view.failure(Failure("the token is refused", "make a new one"))

    assert it.err == "error: the token is refused\n  hint: make a new one\n"


def test_markup_in_a_name_is_not_coloured(hostile_plan: Plan, shown: MakeShown) -> None:
    """Rich markup in a name stays the text that it is, on a terminal too."""
    it = shown(color=True, terminal=True)

    it.view.failure(Failure("[red]x[/red] \x1b]0;evil\x07", ":smile:"))

    assert "[red]x[/red] \\x1b]0;evil\\x07" in it.err
    assert ":smile:" in it.err


def test_every_text_is_masked(hostile_plan: Plan, shown: MakeShown) -> None:
    """No text of a plan reaches the output past the masking function."""
    it = shown(detail="full", redact=lambda text: text.replace("evil", "(env NAME)"))

    it.view.plan(hostile_plan)

    assert "(env NAME)" in it.out
    assert "evil" not in it.out


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=ANYTHING, before=VALUES, after=VALUES, action=st.sampled_from(Action))
def test_any_values_give_printable_lines(
    shown: MakeShown, text: str, before: Any, after: Any, action: Action
) -> None:
    """Whatever the account holds, a plan of it is printable lines without a secret in them."""
    address = Address("tunnel", text)
    change = Change(
        address,
        action,
        Reason.DIFFERS,
        Phase.TUNNEL,
        live=Live("tunnel", text, text, text, {}),
        edits=(Edit(text, before, after),),
        before={text: before},
        after={text: after},
        notes=(text,),
        detail=text,
    )
    it = shown()

    it.view.plan(Plan("a", "s", (change,), refusals=(Refusal(address, text, text),)))

    assert it.out.replace("\n", "").isprintable()
    assert "hunter2" not in it.out


def test_problems_start_with_their_place(shown: MakeShown, golden: Golden) -> None:
    """Each problem is told on stderr in the form that editors understand, its hint below."""
    items = [
        Problem("no such policy: ssh-taem", Where("a.yaml", 3, 15), "did you mean ssh-team?"),
        Problem("the file is empty"),
        Problem("a key file is stale", Where("b.yaml", 1, 1), severity=Severity.WARNING),
    ]
    it = shown()

    it.view.problems(items)

    golden("problems.txt", it.err)
    assert it.out == ""


def test_a_failure_says_what_to_do(shown: MakeShown) -> None:
    """A failure is one line, and its hint another, on stderr."""
    it = shown()

    it.view.failure(Failure("the token is refused", "make a new one"))

    assert it.err == "error: the token is refused\n  hint: make a new one\n"
    assert it.out == ""


def test_a_page_is_its_blocks(shown: MakeShown) -> None:
    """The blocks of a page go to stdout, a blank line between them, masked."""
    it = shown(redact=lambda text: text.replace("hunter2", "(env PASSWORD)"))

    it.view.page(Page("Runs", ((Line("[red]"), Line("hunter2")), (Line("b", "+", 3),)), ()))

    assert it.out == "[red]\n(env PASSWORD)\n\n  + b\n"


def test_notes_and_next_steps_are_for_people(shown: MakeShown) -> None:
    """A note is one line whatever it holds; next steps keep their lines; both are on stderr."""
    it = shown()

    it.view.note("saved as a\nb")
    it.view.next_steps("ztctl plan\nztctl apply")

    assert it.err == "saved as a\\nb\n\nztctl plan\nztctl apply\n"
    assert it.out == ""


def test_quiet_keeps_notes_to_itself(shown: MakeShown) -> None:
    """With --quiet nothing is said beside data, problems and failures."""
    it = shown(quiet=True)

    it.view.note("saved")
    it.view.next_steps("ztctl apply")

    assert it.err == ""


def test_a_removal_says_so_in_its_heading(whole_plan: Plan, shown: MakeShown) -> None:
    """What goes stands below headings of its own, phases backwards."""
    it = shown(detail="full")

    it.view.plan(replace(whole_plan, refusals=(), warnings=()))

    headings = [line for line in it.out.splitlines() if line[:1].isdigit() or "Removal" in line]
    expected = [
        "1. Policy",
        "2. Tunnel",
        "3. DNS",
        "4. Certificate",
        "Removal: 3. DNS",
        "Removal: 2. Tunnel",
    ]
    assert headings == expected
