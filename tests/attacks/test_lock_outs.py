"""Who may enter before a run and after it may enter throughout, or the plan says who may not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.attacks.scene import Scene
from tests.support.files import HOST
from ztctl.sandbox.edge.values import Visitor

ANA, BOB = "ana@example.com", "bob@example.com"
SERVICE = "ssh://localhost:22"


def listed(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """A host with two policies."""
    return {
        "policies": {"a": first, "b": second},
        "tunnels": {"t": {}},
        "hosts": {
            HOST: {"tunnel": "t", "service": SERVICE, "policies": ["a", "b"], "ca_key": False}
        },
    }


def allowing(*tests: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """An Allow policy."""
    return {"decision": "allow", "include": list(tests), **fields}


DOMAIN, ONE, OTHER = {"email_domain": "example.com"}, {"email": BOB}, {"email": ANA}
COUNTRY = {"require": [{"country": "PT"}]}
# What two policies hold before and after one run that moves people from one to the other.
MOVES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a person of the domain gets an entry of her own": (
        listed(allowing(DOMAIN), allowing(ONE)),
        listed(allowing(ONE), allowing(ONE, OTHER)),
    ),
    "the other way round": (
        listed(allowing(ONE), allowing(DOMAIN)),
        listed(allowing(ONE, OTHER), allowing(ONE)),
    ),
    "with a longer session than before": (
        listed(allowing(DOMAIN, session_duration="8h"), allowing(ONE)),
        listed(allowing(ONE), allowing(ONE, OTHER, session_duration="24h")),
    ),
    "with a shorter session than before": (
        listed(allowing(OTHER, session_duration="24h"), allowing(ONE)),
        listed(allowing(ONE), allowing(ONE, OTHER, session_duration="8h")),
    ),
    "with a demand of her own": (
        listed(allowing(DOMAIN), allowing(ONE)),
        listed(allowing(ONE), allowing(OTHER, **COUNTRY)),
    ),
}


@pytest.mark.parametrize("move", MOVES)
def test_who_moves_from_one_policy_to_another_is_never_shut_out(scene: Scene, move: str) -> None:
    """The policy that admits her is written before the other drops her."""
    before, after = MOVES[move]
    scene.account.apply(before)
    ana = Visitor("8.8.4.4", "PT", ANA)
    seen: list[str] = []
    scene.account.looks.append(lambda _: seen.append(scene.visit(HOST, visitor=ana).outcome))

    scene.account.apply(after)

    assert set(seen) == {"origin"}
