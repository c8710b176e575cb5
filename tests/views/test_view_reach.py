"""Promises about the screen of who reaches a host: the verdict first, nothing wider than asked."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from ztctl.core.model.facts import DescribedEntry, Openness
from ztctl.core.reach.person import Decider, Doubt, Enters, PathAnswer, PersonReach
from ztctl.core.reach.who import Guard, Lead, Reach, Ruling, Service
from ztctl.views.reach import reach_page

from .conftest import HOSTILE, MakeShown

Golden = Callable[[str, str], None]

HOST = "db-1.example.com"
SERVICE = "ssh://10.1.2.11:22"
ADMINS = "Okta group platform-admins, who is logged in with several factors (MFA)"
CLOSED = Reach(
    HOST,
    leads=(Lead(HOST, "1f.cfargotunnel.com", proxied=True, tunnel="lisbon"),),
    services=(Service("lisbon", "1f", HOST, "", SERVICE, checks=True),),
    guards=(Guard("", HOST, "a1", "team", (Ruling(1, "admins", "p1", "allow", ADMINS),)),),
    enter=(DescribedEntry(ADMINS, SERVICE, session="12h", policy="admins"),),
    shut=("everybody else",),
    notes=("no connector of the tunnel lisbon runs: nobody gets through it",),
)
PERSON = PersonReach(
    "ana@example.com",
    None,
    "PT",
    Enters.DEPENDS,
    (
        PathAnswer(
            "",
            Enters.DEPENDS,
            (
                Decider(lets_in=True, text=f"policy admins (allow, 12h): {ADMINS}"),
                Decider(lets_in=False, text="no policy is met"),
            ),
            (
                Doubt("login", "Okta group platform-admins"),
                Doubt("device", "any client certificate"),
            ),
        ),
    ),
)
ADMIN_PATH = PathAnswer(
    "admin", Enters.NO, (Decider(lets_in=False, text="policy nobody (deny): EVERYONE"),), ()
)
OPENED = replace(
    CLOSED,
    open=(f"below /hook a Bypass policy lets everybody in to {SERVICE}",),
    enter=(*CLOSED.enter, DescribedEntry("BYPASS", SERVICE, Openness.OPEN, policy="hook")),
    shut=("mallory@example.com (denied by no)",),
    guards=(
        *CLOSED.guards,
        Guard("hook", "hook", "a2", "", (Ruling(1, "hook", "p2", "bypass", "EVERYONE"),)),
    ),
    unread=("the groups could not be read (give the token a permission)",),
    person=replace(PERSON, answers=(*PERSON.answers, ADMIN_PATH)),
)
HOSTILES = Reach(
    HOST,
    leads=(Lead(HOSTILE, HOSTILE, proxied=False, tunnel=HOSTILE),),
    services=(Service(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, checks=False),),
    guards=(Guard(HOSTILE, HOSTILE, "a", HOSTILE, (Ruling(1, HOSTILE, "p", "deny", HOSTILE),)),),
    enter=(DescribedEntry(HOSTILE, HOSTILE, session="8h", policy=HOSTILE),),
    notes=(HOSTILE,),
)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_verdict_comes_first_and_nothing_is_wider(
    width: int, shown: MakeShown, golden: Golden
) -> None:
    """A closed host, one for one person, and one that is open: words wrap below their column."""
    it = shown(width=width)

    for found in (CLOSED, replace(CLOSED, person=PERSON), OPENED):
        it.view.page(reach_page(found, str))
        it.stdout.write("\n")

    golden(f"who-{width}.txt", it.out)
    assert max(map(len, it.out.splitlines())) <= width


@pytest.mark.parametrize(
    ("found", "code"),
    [
        pytest.param(CLOSED, "1", id="closed: bold"),
        pytest.param(OPENED, "31", id="open: red"),
        pytest.param(replace(CLOSED, any_login=("by x",)), "33", id="any login: yellow"),
        pytest.param(replace(CLOSED, unknown=("not read",)), "31", id="not known: red"),
    ],
)
def test_the_verdict_is_coloured_on_a_terminal(found: Reach, code: str, shown: MakeShown) -> None:
    """What matters is seen first, and the words say the same without the colour."""
    it = shown(color=True, terminal=True)

    it.view.page(reach_page(replace(found, person=None), str))

    first = it.out.splitlines()[0]
    assert re.match(rf"\x1b\[(1;)?{code}m", first), first


def test_a_verdict_that_is_masked_has_no_colour(shown: MakeShown) -> None:
    """A sensitive value may reach over two pieces of a line, and colours would part it."""
    masked = shown(color=True, terminal=True, redact=lambda text: text.replace("db-1", "(env X)"))

    masked.view.page(reach_page(CLOSED, str))

    assert masked.out.startswith("(env X).example.com is closed")


def test_hostile_texts_are_shown_and_never_obeyed(shown: MakeShown, golden: Golden) -> None:
    """Whatever an account's names hold, a line stays one, and no terminal takes a command."""
    it = shown()

    it.view.page(reach_page(HOSTILES, str))

    golden("who-hostile.txt", it.out)
    assert it.out.replace("\n", "").isprintable()
