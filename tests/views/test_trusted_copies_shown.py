"""A plan that trusts a copy says so, whatever it is written as."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ztctl.core.model.copies import Trusted
from ztctl.core.model.plan import Plan

MakeShown = Callable[..., Any]
TRUSTED = Trusted("pool\x1b[2J", "id", "pool.yml", "0" * 64)
TEXT = "is told by pool.yml, a copy: what its server really runs is not known"


@pytest.mark.parametrize("format_", ["text", "markdown", "html"])
@pytest.mark.parametrize("quiet", [False, True])
def test_a_copy_is_named_for_people(
    whole_plan: Plan, shown: MakeShown, format_: str, quiet: bool
) -> None:
    """Also where the closing lines alone are asked for; what its tunnel is called is data."""
    it = shown(format_, quiet=quiet)

    it.view.plan(replace(whole_plan, copies=(TRUSTED,)))

    assert TEXT in " ".join(it.out.split())
    assert "\x1b" not in it.out


def test_a_copy_is_a_member_of_the_document(whole_plan: Plan, shown: MakeShown) -> None:
    """With the digest of the rules that it holds."""
    it = shown("json")

    it.view.plan(replace(whole_plan, copies=(TRUSTED,)))

    (found,) = json.loads(it.out.splitlines()[-1])["copies"]
    assert (found["file"], found["digest"]) == ("pool.yml", "0" * 64)
