"""The interface of all views."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from ztctl.core.model.calls import CallFailed
from ztctl.core.model.diagnostics import Failure, Problem
from ztctl.core.model.events import Event, Outcome
from ztctl.core.model.plan import Plan
from ztctl.views.page import Page


class View(Protocol):
    """Shows what it is given. Data goes to stdout, everything else to stderr."""

    def begin(self) -> None:
        """Begin a stream of what happens, for whoever reads it as it comes."""

    def plan(self, plan: Plan) -> None:
        """Show what apply would do."""

    def event(self, event: Event) -> None:
        """Show progress."""

    def outcome(self, plan: Plan, outcome: Outcome) -> None:
        """Show what an apply of this plan did and did not do."""

    def problems(self, items: Iterable[Problem]) -> None:
        """Show problems."""

    def checked(self, problems: Sequence[Problem], objects: int) -> None:
        """Show what a check of files has found: their problems, and how many objects they declare.

        None of these counts where one of the problems is an error.
        """

    def failure(self, failure: Failure | CallFailed) -> None:
        """Show the failure that ended the command."""

    def page(self, page: Page) -> None:
        """Show what a command found; whoever made it has escaped what it holds."""

    def note(self, text: str) -> None:
        """Show one line to people."""

    def next_steps(self, text: str) -> None:
        """Show what can be done next, one line a step."""

    def close(self) -> None:
        """Remove the live status, before a prompt or at the end; may be called repeatedly."""
