"""Which steps wait although they need nothing: shared writes, and phases."""

from __future__ import annotations

from tests.engine.conftest import Run, failed, failures, keys, skips, step
from ztctl.core.model.plan import Phase


def test_steps_that_can_share_a_write_share_it(run: Run) -> None:
    """One call for all that are ready with one key, one more for each other key."""
    run(step("a", batch="z"), step("b", batch="z"), step("c", batch="y"))

    assert sorted(run.script.sent) == ["POST /batch/a+b", "POST /batch/c"]


def test_a_shared_write_waits_for_those_who_will_join(run: Run) -> None:
    """A step that is ready is held back while others that may join it are not."""
    run(step("first"), step("a", batch="z"), step("b", "first", batch="z"))

    assert run.script.sent == ["POST /first", "POST /batch/a+b"]


def test_one_refusal_in_a_shared_write_is_one_failure(run: Run) -> None:
    """The others of the write are done, and only what needs the refused one is skipped."""
    run.script.answers = {"/batch/a+b": {"b"}}

    outcome = run(step("a", batch="z"), step("b", batch="z"), step("c", "b"), step("d", "a"))

    assert (failures(outcome), skips(outcome)) == (["b"], [("c", "b")])
    assert sorted(keys(outcome.done)) == ["a", "d"]


def test_a_shared_write_that_fails_fails_for_all(run: Run) -> None:
    """Each step of it is told as failed."""
    run.script.answers = {"/batch/a+b": failed("/batch")}

    outcome = run(step("a", batch="z"), step("b", batch="z"))

    assert failures(outcome) == ["a", "b"]


def test_creation_runs_through_the_phases(run: Run) -> None:
    """A later phase begins only when the earlier ones are through, needs or not."""
    phases = [Phase.CERTIFICATE, Phase.DNS, Phase.TUNNEL, Phase.POLICY]

    run(*(step(phase.name, phase=phase) for phase in phases))

    names = [text.removeprefix("POST /") for text in run.script.sent]
    assert names == ["POLICY", "TUNNEL", "DNS", "CERTIFICATE"]


def test_removal_runs_through_the_phases_backwards(run: Run) -> None:
    """What leads inside goes before what is inside."""
    run(*(step(phase.name, verb="delete", phase=phase) for phase in Phase))

    names = [text.removeprefix("DELETE /") for text in run.script.sent]
    assert names == ["CERTIFICATE", "DNS", "TUNNEL", "POLICY"]


def test_a_phase_holds_up_no_step_that_is_needed(run: Run) -> None:
    """When an earlier phase needs a later one, the needs win."""
    outcome = run(step("record", phase=Phase.DNS), step("policy", "record"))

    assert keys(outcome.done) == ["record", "policy"]


def test_a_phase_that_is_brought_forward_shares_its_writes(run: Run) -> None:
    """Where a later phase has to come first, what of it is ready is still one write."""
    records = [step(name, verb="delete", phase=Phase.DNS, batch="z") for name in ("a", "b")]
    key = step("key", "a#delete", "b#delete", verb="delete", phase=Phase.CERTIFICATE)

    run(key, *records)

    assert run.script.sent == ["POST /batch/a+b", "DELETE /key"]


def test_what_comes_last_holds_up_no_later_phase(run: Run) -> None:
    """Steps of the next phase go out together, though a tail of an earlier one waits for them."""
    run(
        step("app", "a", verb="narrow", tail=True),
        step("a", phase=Phase.DNS, batch="z"),
        step("b", phase=Phase.DNS, batch="z"),
    )

    assert run.script.sent == ["POST /batch/a+b", "PUT /app"]


def test_a_failure_in_a_phase_does_not_hold_up_the_next(run: Run) -> None:
    """The rest goes on."""
    run.script.answers = {"/a": failed("/a")}

    outcome = run(step("a"), step("b", phase=Phase.TUNNEL))

    assert keys(outcome.done) == ["b"]
