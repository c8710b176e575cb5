"""Show everything as JSON lines; the member ``type`` tells them apart.

Only ASCII is written, so that no control character and no bidi control reaches a terminal.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, TextIO, assert_never

from ztctl.core.model.calls import CallFailed
from ztctl.core.model.diagnostics import Failure, Problem, Severity
from ztctl.core.model.events import (
    Event,
    Failed,
    Finished,
    Outcome,
    Reading,
    Sent,
    Skipped,
    Started,
    Waiting,
)
from ztctl.core.model.plan import Change, Plan, StepId
from ztctl.core.runs.journal import Redact
from ztctl.views.jsonplan import FORMAT_VERSION, plan_document, problem_fields
from ztctl.views.line_output import write_text
from ztctl.views.outcome_lines import group_by_change
from ztctl.views.page import Page


class JsonView:
    """Plan, progress and outcome on stdout; diagnostics and notes on stderr."""

    def __init__(self, stdout: TextIO, stderr: TextIO, redact: Redact, *, version: str) -> None:
        self._stdout = stdout
        self._stderr = stderr
        self._redact = redact
        self._version = version

    def begin(self) -> None:
        """Write a line of type ``version``."""
        known = {"format_version": FORMAT_VERSION, "ztctl_version": self._version}
        _write(self._stdout, {"type": "version", **known})

    def plan(self, plan: Plan) -> None:
        """Write one document of type ``plan``."""
        _write(self._stdout, plan_document(plan, self._redact, self._version))

    def event(self, event: Event) -> None:
        """Write ``apply_start``, ``…_waiting``, ``…_complete``, ``…_errored`` or ``…_skipped``.

        Nothing is written while the account is read: stdout of a plan holds the plan alone.
        """
        match event:
            case Reading() | Sent():
                pass
            case Started(step):
                self._event("apply_start", step)
            case Waiting(step, why):
                if why:
                    self._event("apply_waiting", step, reason=self._redact(why))
            case Finished(step, seconds):
                self._event("apply_complete", step, elapsed_seconds=seconds)
            case Failed():
                self._event("apply_errored", event.step, **self._why(event))
            case Skipped(step, because_of):
                self._event("apply_skipped", step, because_of=self._step(because_of))
            case _:
                assert_never(event)

    def _event(self, kind: str, step: StepId, **fields: Any) -> None:
        _write(self._stdout, {"type": kind, **self._step(step), **fields})

    def _step(self, step: StepId) -> dict[str, Any]:
        return {"address": self._redact(str(step.address)), "step": self._redact(step.verb)}

    def _why(self, failed: Failed) -> dict[str, Any]:
        return {
            "reason": self._redact(failed.reason),
            "hint": self._redact(failed.hint),
            "lost": failed.lost,
        }

    def outcome(self, plan: Plan, outcome: Outcome) -> None:
        """Write one line of type ``outcome``: figures and addresses by change, failures by step."""
        found = group_by_change(plan, outcome)
        failures = [{**self._step(item.step), **self._why(item)} for item in outcome.failed]
        fields = {
            "type": "outcome",
            "status": found.status.value,
            "summary": asdict(found.summary),
            "done": self._addresses(found.done),
            "failed": self._addresses(found.failed),
            "skipped": self._addresses(found.skipped),
            "not_started": self._addresses(found.not_started),
            "revoked": [self._redact(str(address)) for address in outcome.revoked],
            "failures": failures,
        }
        _write(self._stdout, fields)

    def _addresses(self, changes: Iterable[Change]) -> list[str]:
        return [self._redact(str(change.address)) for change in changes]

    def problems(self, items: Iterable[Problem]) -> None:
        """Write one line of type ``diagnostic`` a problem, on stderr."""
        for item in items:
            _write(self._stderr, {"type": "diagnostic", **problem_fields(item, self._redact)})

    def checked(self, problems: Sequence[Problem], objects: int) -> None:
        """Write one document of type ``validate``, on stdout."""
        errors = sum(item.severity is Severity.ERROR for item in problems)
        fields = {
            "format_version": FORMAT_VERSION,
            "type": "validate",
            "valid": not errors,
            "error_count": errors,
            "warning_count": len(problems) - errors,
            "objects": 0 if errors else objects,
            "diagnostics": [problem_fields(item, self._redact) for item in problems],
        }
        _write(self._stdout, fields)

    def failure(self, failure: Failure | CallFailed) -> None:
        """Write a diagnostic without a position, on stderr."""
        self.problems([Problem(failure.summary, hint=failure.hint)])

    def page(self, page: Page) -> None:
        """Write one line a record on stdout, with sensitive values masked."""
        text = "".join(f"{json.dumps(record)}\n" for record in page.records)
        write_text(self._stdout, self._redact(text))

    def note(self, text: str) -> None:
        """Write one line of type ``note``, on stderr."""
        _write(self._stderr, {"type": "note", "text": self._redact(text)})

    def next_steps(self, text: str) -> None:
        """Write one line of type ``next_steps``, on stderr."""
        _write(self._stderr, {"type": "next_steps", "text": self._redact(text)})

    def close(self) -> None:
        """Do nothing: there is no live status."""


def _write(stream: TextIO, fields: dict[str, Any]) -> None:
    write_text(stream, f"{json.dumps(fields)}\n")
