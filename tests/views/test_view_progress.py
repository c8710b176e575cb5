"""Promises about what is told while and after a plan is carried out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest

import ztctl
from ztctl.core.model.address import Address
from ztctl.core.model.events import Event, Failed, Finished, Outcome, Reading, Skipped, Started
from ztctl.core.model.facts import DescribedEntry
from ztctl.core.model.plan import AccessChange, Plan, StepId
from ztctl.views.factory import make_view
from ztctl.views.outcome_lines import LOST as LOST_WORDS
from ztctl.views.wording import conjugated, duration

Golden = Callable[[str, str], None]
MakeShown = Callable[..., Any]

GROUP = StepId(Address("access_group", "infra-team"), "update")
POLICY = StepId(Address("access_policy", "ssh-team"), "create")
APPLICATION = Address("access_application", "ssh.example.com")
DELETED = StepId(APPLICATION, "delete")
CREATED = StepId(APPLICATION, "create")
CA_KEY = StepId(Address("ca_key", "ssh.example.com"), "create")

EVENTS: tuple[Event, ...] = (
    Reading(3, 9),
    Started(POLICY),
    Started(DELETED),
    Finished(POLICY, 0.21),
    Finished(DELETED, 65.0),
    Started(CREATED),
    Failed(CREATED, "no answer came", "run apply again", lost=True),
    Skipped(CA_KEY, CREATED),
)
LOST = Failed(CREATED, "no answer came", "run apply again", lost=True)
REFUSED = Failed(GROUP, "the rule is not valid")


def test_progress_off_a_terminal_is_plain_lines(shown: MakeShown, golden: Golden) -> None:
    """In a log each step has a line for its beginning and its end when asked, reading none."""
    it = shown(verbose=True)

    for event in EVENTS:
        it.view.event(event)

    golden("progress.txt", it.err)
    assert it.out == ""


def test_a_log_has_a_line_a_phase_and_what_went_wrong(small_plan: Plan, shown: MakeShown) -> None:
    """Without --verbose a log does not grow with the number of hosts."""
    it = shown()
    it.view.plan(small_plan)

    for event in EVENTS:
        it.view.event(event)

    assert it.err.splitlines() == [
        "Policy: 4 steps…",
        f"access_application.ssh.example.com: failed: no answer came ({LOST_WORDS})",
        "  hint: run apply again",
        "ca_key.ssh.example.com: skipped because access_application.ssh.example.com failed",
    ]


def test_quiet_hides_progress(shown: MakeShown) -> None:
    """With --quiet an apply is silent until its outcome."""
    it = shown(quiet=True, terminal=True)

    for event in EVENTS:
        it.view.event(event)

    assert it.err == ""


def test_a_terminal_shows_what_is_going_on(small_plan: Plan, shown: MakeShown) -> None:
    """On a terminal one line moves: phase, how much is done, what is under way; at last it goes."""
    it = shown(terminal=True)
    it.view.plan(small_plan)

    for event in EVENTS:
        it.view.event(event)
    it.view.close()

    assert "Reading the account… (3 of 9)" in it.err
    assert "  Policy  ━━━━━━━━────────────  2/5  0:00  ssh.example.com" in it.err
    assert "after 0.2s" not in it.err
    assert it.err.endswith("\x1b[?25h\r\x1b[1A\x1b[2K")


def test_a_status_never_takes_a_second_line(shown: MakeShown) -> None:
    """However many steps run at once, one of them is named."""
    it = shown(terminal=True)

    for number in range(10):
        it.view.event(Started(StepId(Address("tunnel", f"t{number}"), "create")))

    assert "0  0:00  t9" in it.err
    assert "\x1b[1A" not in it.err


def test_a_status_comes_back_after_a_prompt(shown: MakeShown) -> None:
    """Closing a view takes the status away for a prompt; the next event brings it back."""
    it = shown(terminal=True)
    it.view.event(Reading(1, 2))
    it.view.close()
    before = len(it.err)

    it.view.event(Started(POLICY))

    assert "0:00  ssh-team" in it.err[before:]


def test_a_complete_apply_is_one_line(small_plan: Plan, shown: MakeShown) -> None:
    """When all is done the closing line says how much, in its own fixed form."""
    it = shown()

    it.view.outcome(small_plan, Outcome(done=tuple(step.id for step in small_plan.steps)))

    assert it.out == "Apply complete: 3 added, 1 changed, 1 destroyed.\n"


def test_housekeeping_is_not_counted(whole_plan: Plan, shown: MakeShown) -> None:
    """The outcome counts what the plan has counted: adopted and forgotten too, the tag not."""
    it = shown()

    it.view.outcome(whole_plan, Outcome(done=tuple(step.id for step in whole_plan.steps)))

    expected = "Apply complete: 1 adopted, 3 added, 2 changed, 2 destroyed, 1 forgotten.\n"
    assert it.out == expected


def test_an_apply_in_part_lists_everything(
    small_plan: Plan, shown: MakeShown, golden: Golden
) -> None:
    """What was done, what failed and why, what was skipped: each change is in one list."""
    outcome = Outcome((POLICY, DELETED), (LOST, REFUSED), (Skipped(CA_KEY, CREATED),))
    it = shown()

    it.view.outcome(small_plan, outcome)

    golden("outcome-partial.txt", it.out)


def test_quiet_outcome_leaves_out_what_went_well(small_plan: Plan, shown: MakeShown) -> None:
    """With --quiet an outcome lists what is left to do, not what was done."""
    outcome = Outcome((POLICY,), (REFUSED,))
    it = shown(quiet=True)

    it.view.outcome(small_plan, outcome)

    assert it.out.startswith("Failed:\n  ! access_group.infra-team (update): the rule")
    assert "access_policy" not in it.out


def test_an_interrupted_apply_says_what_was_not_started(
    small_plan: Plan, shown: MakeShown, golden: Golden
) -> None:
    """After an interruption a change that was begun shows which of its steps were done."""
    outcome = Outcome((POLICY, DELETED), not_started=(CREATED, GROUP, CA_KEY), interrupted=True)
    it = shown()

    it.view.outcome(small_plan, outcome)

    golden("outcome-interrupted.txt", it.out)


def test_nothing_applied_is_said_so(small_plan: Plan, shown: MakeShown) -> None:
    """When the first write fails and nothing was done, the closing line claims nothing."""
    outcome = Outcome(failed=(REFUSED,), skipped=(Skipped(POLICY, GROUP),))
    it = shown()

    it.view.outcome(small_plan, outcome)

    assert it.out.endswith("Nothing was applied: 1 failed, 1 skipped, 2 not started.\n")


def test_a_lost_write_may_have_been_done(small_plan: Plan, shown: MakeShown) -> None:
    """When the only write was lost, nobody can say that nothing was applied."""
    it = shown()

    it.view.outcome(small_plan, Outcome(failed=(LOST,)))

    assert it.out.splitlines()[-1].startswith("Applied in part: 0 added")
    assert "nobody knows whether it was done" in it.out


def test_an_outcome_without_any_change_is_complete(shown: MakeShown) -> None:
    """An apply of an empty plan is complete."""
    it = shown()

    it.view.outcome(Plan("acc-1", "prod"), Outcome())

    assert it.out == "Apply complete: 0 added, 0 changed, 0 destroyed.\n"


def test_an_interruption_before_the_first_step_has_figures(
    small_plan: Plan, shown: MakeShown
) -> None:
    """An apply interrupted at once says that nothing is done and how much is not started."""
    ids = tuple(step.id for step in small_plan.steps)
    it = shown()

    it.view.outcome(small_plan, Outcome(not_started=ids, interrupted=True))

    closing = "Interrupted: 0 added, 0 changed, 0 destroyed; 4 not started."
    assert it.out.splitlines()[-1] == closing


def test_events_are_escaped_and_masked(shown: MakeShown) -> None:
    """What the account answers is shown harmless, and masked, in progress too."""
    it = shown(redact=lambda text: text.replace("hunter2", "(env PASSWORD)"))

    it.view.event(Failed(POLICY, "bad\x1b[31m hunter2", "ask\nhunter2"))

    expected = (
        "access_policy.ssh-team: failed: bad\\x1b[31m (env PASSWORD)\n"
        "  hint: ask\\n(env PASSWORD)\n"
    )
    assert it.err == expected


@pytest.mark.parametrize(
    ("verb", "expected"),
    [
        ("create", ("creating", "created")),
        ("configure", ("configuring", "configured")),
        ("forget", ("forgetting", "forgot")),
        ("attach", ("attaching", "attached")),
    ],
)
def test_verbs_are_conjugated(verb: str, expected: tuple[str, str]) -> None:
    """A step is told in English while it runs and when it is done."""
    assert conjugated(verb) == expected


@pytest.mark.parametrize(("seconds", "expected"), [(0.04, "0.0s"), (59.9, "59.9s"), (125, "2m05s")])
def test_durations_are_short(seconds: float, expected: str) -> None:
    """Seconds have one decimal, minutes none."""
    assert duration(seconds) == expected


def test_a_stream_that_knows_only_ascii_gets_escapes(small_plan: Plan) -> None:
    """A stream whose encoding is poor shows escapes, and arrows as ASCII has them."""
    raw = BytesIO()
    stream = TextIOWrapper(raw, encoding="ascii")
    view = make_view(
        "text",
        stdout=stream,
        stderr=stream,
        color=False,
        quiet=False,
        terminal=False,
        redact=str,
        version="1",
        detail="full",
    )

    entry = DescribedEntry("ann@example.com", "ssh://a:22")
    access = AccessChange("a.example.com", frozenset(), (entry,))
    view.plan(replace(small_plan, stack="Zürich", access=(access,)))

    assert b"Stack Z\\xfcrich in account acc-1." in raw.getvalue()
    assert b"+ ann@example.com -> ssh://a:22\n" in raw.getvalue()


def test_a_pipe_does_not_pay_for_rich() -> None:
    """Without colour and terminal no format imports rich."""
    code = (
        "import sys; from ztctl.views.factory import make_view\n"
        "for form in ('text', 'json', 'markdown'):\n"
        "    make_view(form, stdout=sys.stdout, stderr=sys.stderr, color=False, quiet=False,\n"
        "              terminal=False, redact=str, version='1').note('x')\n"
        "print('rich' in sys.modules)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(ztctl.__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "False\n"
