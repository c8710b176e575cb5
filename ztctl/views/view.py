"""What every view can show."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.events import Event, Outcome
from ztctl.core.model.plan import Plan


class FailureText(Protocol):
    """A failure that says what happened and what to do about it."""

    @property
    def summary(self) -> str:
        """What happened."""

    @property
    def hint(self) -> str:
        """What to do; empty when nobody can tell."""


class View(Protocol):
    """Shows what it is handed. Data goes to stdout, everything else to stderr."""

    def plan(self, plan: Plan) -> None:
        """Show what apply would do."""

    def event(self, event: Event) -> None:
        """Show that something happens."""

    def outcome(self, plan: Plan, outcome: Outcome) -> None:
        """Show what an apply of this plan did and what it did not."""

    def problems(self, items: Iterable[Problem]) -> None:
        """Show what is wrong."""

    def failure(self, failure: FailureText) -> None:
        """Show what ended the command."""

    def document(self, text: str) -> None:
        """Hand out data, such as the schema, as it is; what it holds was escaped by its writer."""

    def note(self, text: str) -> None:
        """Show one line to a person."""

    def next_steps(self, text: str) -> None:
        """Show what may be done next, one line a step."""

    def close(self) -> None:
        """Take away what moves, before a prompt or at the end; may be called again and again."""
