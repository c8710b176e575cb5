"""One spelling of a service."""

from __future__ import annotations

from typing import Any

import pytest

from ztctl.kinds.services import spelt


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("SSH://[2001:db8:0:0:0:0:0:1]:22", "ssh://[2001:db8::1]:22"),
        ("HTTPS://User:Word@Host.Example.com", "https://User:Word@host.example.com"),
        ("ssh://localhost:022", "ssh://localhost:022"),
        ("ssh://[fe80::1%Eth0]:22", "ssh://[fe80::1%Eth0]:22"),
        ("ssh://[1:2]:22", "ssh://[1:2]:22"),
        ("unix:/Run/App.sock", "unix:/Run/App.sock"),
        ("http_status:404", "http_status:404"),
        ("HTTP://Host/Path", "HTTP://Host/Path"),
        (22, 22),
        (None, None),
    ],
)
def test_only_what_certainly_means_the_same_is_respelt(written: Any, expected: Any) -> None:
    """A path, a user and a socket keep their case; what is no address stays as it is."""
    assert spelt(written) == expected
    assert spelt(expected) == expected
