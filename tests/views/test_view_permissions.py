"""What a token needs, as text, as Markdown, and with names that somebody chose with care."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.views.conftest import HOSTILE, MakeShown
from ztctl.core.model.needs import Need, Without
from ztctl.views.escape import Clean
from ztctl.views.factory import Format
from ztctl.views.permissions_view import TokenNeeds, body_page, permissions_page

Golden = Callable[[str, str], None]
APPS = "Access: Apps and Policies"
ORG = "Access: Organizations, Identity Providers, and Groups"


def needs(*zones: str) -> tuple[Need, ...]:
    """What a stack with groups and hosts needs in these zones."""
    return (
        Need(f"Account · {ORG}", "", "Read", "Edit"),
        Need(f"Account · {APPS}", "", "Read", "Edit", kinds=("access_application", "lock")),
        Need("Account · Access: Service Tokens", "", "Read", "Read", Without.KNOWS_LESS),
        *(
            need
            for zone in zones
            for need in (
                Need("Zone · DNS", zone, "Read", "Edit"),
                Need(f"Zone · {APPS}", zone, "Read", "Read", Without.WARNS),
            )
        ),
    )


def found(*zones: str, stack: str = "prod", split: str = "") -> TokenNeeds:
    """The same of a stack, each second zone guessed."""
    guesses = {zone: bool(place % 2) for place, zone in enumerate(zones)}
    body = {"name": "ztctl prod plan", "policies": []}
    bodies = {"plan": body, "apply": body}
    return TokenNeeds(stack, "", guesses, needs(*zones), deletes=True, bodies=bodies, split=split)


ALL = ("example.com", "example.org")
MANY = [f"zone-{number}.example" for number in range(12)]
SHAPES = {
    "some": found("example.com", "example.org"),
    "many": found(*MANY),
    "none": found(""),
    "guessed": replace(found("example.com", "example.org"), zones=dict.fromkeys(ALL, True)),
    "products": found("example.com", "example.org", split="product"),
    "zones": found("example.com", "example.org", split="zone"),
    "hostile": found(HOSTILE, stack=HOSTILE, split="product"),
}


@pytest.mark.parametrize("format", ["text", "markdown"])
@pytest.mark.parametrize("shape", SHAPES)
def test_needs_are_shown_so(shape: str, format: Format, shown: MakeShown, golden: Golden) -> None:
    """Text of eighty columns, and Markdown of which no name gets out."""
    view = shown(format)

    view.view.page(permissions_page(SHAPES[shape], Clean(str)))

    golden(f"permissions-{shape}.{'md' if format == 'markdown' else 'txt'}", view.out)


def test_no_line_is_wider_than_the_terminal() -> None:
    """The text of names that exist fits eighty columns."""
    for shape in ("some", "many", "none", "products", "zones"):
        text = (Path(__file__).parent / "golden" / f"permissions-{shape}.txt").read_text()
        assert max(map(len, text.splitlines())) <= 80


def test_a_body_is_no_prose(shown: MakeShown) -> None:
    """A body is JSON on standard output, and nothing beside it."""
    view = shown()

    view.view.page(body_page(SHAPES["some"], "plan"))

    assert view.out == '{\n  "name": "ztctl prod plan",\n  "policies": []\n}\n'
