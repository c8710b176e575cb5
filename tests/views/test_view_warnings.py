"""Promises about problems: their form on a terminal and elsewhere, and equal warnings of a plan."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.views.conftest import HOSTILE
from ztctl.core.model.diagnostics import Problem, Severity, Where
from ztctl.core.model.plan import Plan

MakeShown = Callable[..., Any]


def stale(host: str, line: int, where: str = "a.yaml") -> Problem:
    """A warning that may be true of several hosts."""
    return Problem(
        f"{host}: asked for 2h, and policy admins gives 12h, which wins",
        Where(where, line, 3),
        "take it out",
        Severity.WARNING,
        "session-shadowed",
        host,
    )


def test_problems_on_a_terminal_stand_in_columns(shown: MakeShown) -> None:
    """Their texts begin below each other, broken at words; the place is as editors read it."""
    it = shown(terminal=True, width=70)
    long = "country 'UK' is no ISO 3166-1 code, which everybody would fail to be in"

    it.view.problems([Problem(long, Where("a.yaml", 14, 20), "did you mean GB?"), stale("db-1", 3)])

    assert it.err.splitlines() == [
        "a.yaml:14:20: error: country 'UK' is no ISO 3166-1 code, which",
        "                     everybody would fail to be in",
        "                     hint: did you mean GB?",
        "a.yaml:3:3: warning: db-1: asked for 2h, and policy admins gives 12h,",
        "                     which wins [session-shadowed]",
        "                     hint: take it out",
    ]


def test_problems_in_a_log_are_one_line_each(shown: MakeShown) -> None:
    """Whatever reads them finds place, severity, text and code on one line, however long it is."""
    it = shown(width=60)

    it.view.problems([stale("db-1", 3)])

    assert it.err == (
        "a.yaml:3:3: warning: db-1: asked for 2h, and policy admins gives 12h, which wins "
        "[session-shadowed]\n  hint: take it out\n"
    )


def test_a_place_that_leaves_no_room_is_not_followed_by_a_column(shown: MakeShown) -> None:
    """The text then stands as in a log."""
    it = shown(terminal=True, width=60)

    it.view.problems([stale("db-1", 3, f"{'x' * 40}.yaml")])

    assert len(it.err.splitlines()) == 2


def test_equal_warnings_of_a_plan_are_one(shown: MakeShown) -> None:
    """With all of their names; what differs in any word stays apart."""
    hosts = [f"db-{n}.example.com" for n in range(1, 13)]
    others = replace(stale("ci.example.com", 30), hint="another one")
    plan = Plan("a", "s", warnings=(*(stale(it, n) for n, it in enumerate(hosts, 1)), others))
    compact, every = shown(width=80), shown(width=400, detail="every name")

    compact.view.plan(plan)
    every.view.plan(plan)

    assert compact.out.startswith(
        "Warnings:\n"
        "  ! db-1.example.com … db-12.example.com (12): asked for 2h, and policy admins\n"
        "    gives 12h, which wins [session-shadowed]\n"
        "    hint: take it out\n"
        "  ! a.yaml:30:3: ci.example.com: asked for 2h"
    )
    assert all(host in every.out for host in hosts)


def test_full_tells_each_warning_with_its_place(shown: MakeShown) -> None:
    """Nothing is folded there."""
    it = shown(detail="full")

    it.view.plan(Plan("a", "s", warnings=tuple(stale(f"db-{n}", n) for n in (1, 2, 3))))

    assert [f"a.yaml:{n}:3: db-{n}: asked" in it.out for n in (1, 2, 3)] == [True] * 3


def test_names_of_folded_warnings_are_escaped(shown: MakeShown) -> None:
    """They come from files and accounts."""
    it = shown(redact=lambda text: text.replace("hunter2", "(env PASSWORD)"))

    it.view.plan(Plan("a", "s", warnings=(stale(f"{HOSTILE}hunter2", 1), stale(HOSTILE, 2))))

    assert it.out.replace("\n", "").isprintable()
    assert "hunter2" not in it.out


def test_a_diagnostic_has_the_code(shown: MakeShown) -> None:
    """Machines need not take the text to pieces; what has no code has no such member."""
    it = shown("json")

    it.view.problems([stale("db-1", 3), Problem("bad")])

    warning, error = map(json.loads, it.err.splitlines())
    assert (warning["code"], "[" in warning["summary"]) == ("session-shadowed", False)
    assert "code" not in error
