"""Accounts with an edge."""

from __future__ import annotations

import random

import pytest

from ztctl.sandbox.service import Sandbox

from .world import OPEN, Hands, World


def new_world() -> World:
    """An account with the zones example.com and example.org, and nothing behind them."""
    clock = Hands()
    entropy = random.Random(7).randbytes
    zones = ("example.com", "example.org")
    sandbox = Sandbox.create(clock=clock, entropy=entropy, zones=zones)
    sandbox.edge.assume_connectors = True
    world = World(sandbox, clock)
    # The edge is in use from the beginning, so that everything made later has to reach it.
    world.visit("a.example.com")
    world.connect("10.0.0.1")
    for provider in world.api.get("{A}/access/identity_providers").result:
        world.ids[provider["type"]] = provider["id"]
    return world


@pytest.fixture
def world() -> World:
    """An account whose tunnels are served, with nothing in it."""
    return new_world()


@pytest.fixture
def wide(world: World) -> World:
    """The same, with every name of example.com leading to one origin: an open door."""
    world.record("*", world.tunnel("pool", OPEN))
    return world
