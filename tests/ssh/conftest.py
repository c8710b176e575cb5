"""Files read as a command reads them, with what an apply would have made of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.servers import Host, missing, new_key
from tests.support.unshared import machine
from ztctl.core.model.declared import Declared
from ztctl.core.model.objects import Live
from ztctl.documents import load
from ztctl.kinds.ca_key import CaKeyAttributes
from ztctl.kinds.registry import KINDS

TOP = """\
version: 1
stack: prod
policies:
  p: {decision: allow, include: [{email: a@example.com}]}
tunnels:
  edge: {}
"""


@pytest.fixture
def declared(tmp_path: Path) -> Callable[[str], Declared]:
    """Read a text below a policy ``p`` and a tunnel ``edge``."""

    def make(text: str) -> Declared:
        path = tmp_path / "ztctl.yaml"
        path.write_text(TOP + text, encoding="utf-8")
        return load([path], KINDS)

    return make


@pytest.fixture
def ca() -> Callable[[str], Live]:
    """A live CA of this public key."""
    return lambda key: Live("ca_key", "ca-1", "x", "x", {}, CaKeyAttributes(key))


@pytest.fixture(scope="session")
def ssh_keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The private key of a CA, and the host key of every server: making one takes time."""
    folder = tmp_path_factory.mktemp("keys")
    return new_key(folder / "ca"), new_key(folder / "host", "-t", "ed25519")


@pytest.fixture
def host(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Host]:
    """A server with the real sshd, as Debian sets it up, and an account ``jdoe``."""
    if reason := missing():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    ca, host_key = request.getfixturevalue("ssh_keys")
    over = tmp_path / "over"
    over.mkdir()
    with machine(over, network=True) as up:
        made = Host(up, tmp_path, ca)
        made.set_up(host_key)
        yield made
