"""Which address a service is, and that it is one of this machine."""

from __future__ import annotations

import pytest

from ztctl.sandbox.front.origins import Place, UnreachableError, dialled, mapping

MAPPINGS = (
    mapping("ssh.internal:22=127.0.0.1:2222"),
    mapping("localhost:22=[::1]:2223"),
    mapping("[fd00::1]:22=127.0.0.1:2224"),
)


@pytest.mark.parametrize(
    ("service", "place"),
    [
        ("ssh://127.0.0.1", "127.0.0.1:22"),
        ("ssh://127.0.0.1:2022", "127.0.0.1:2022"),
        ("rdp://localhost", "127.0.0.1:3389"),
        ("smb://127.0.0.9", "127.0.0.9:445"),
        ("tcp://127.0.0.1", "127.0.0.1:7864"),
        ("foo://[::1]", "[::1]:7864"),
        ("ssh://SSH.internal", "127.0.0.1:2222"),
        ("ssh://ssh.internal:22", "127.0.0.1:2222"),
        ("ssh://localhost:22", "[::1]:2223"),
        ("ssh://[fd00::1]", "127.0.0.1:2224"),
    ],
)
def test_services_have_their_ports(service: str, place: str) -> None:
    """A service is where it says, by the port of its scheme, or where it is mapped to."""
    assert str(dialled(service, None, MAPPINGS)) == place


@pytest.mark.parametrize(
    "service",
    [
        "ssh://10.0.0.5",
        "ssh://ssh.internal:23",
        "ssh://example.com",
        "ssh://169.254.169.254:80",
        "ssh://0.0.0.0:22",
        "ssh://[::ffff:10.0.0.1]:22",
        "http://127.0.0.1:80",
        "unix:/run/x",
        "http_status:404",
        "hello_world",
        "bastion",
        "",
        "ssh://[::1",
        "ssh://127.0.0.1:99999",
    ],
)
def test_nothing_else_is_dialled(service: str) -> None:
    """What is not on loopback, not mapped, or no stream of bytes is not reached."""
    with pytest.raises(UnreachableError):
        dialled(service, None, MAPPINGS)


def test_a_bastion_goes_where_it_is_told() -> None:
    """A destination wins over the service, and obeys the same bounds."""
    assert dialled("bastion", "127.0.0.1:2022", ()) == Place("127.0.0.1", 2022)
    assert dialled("bastion", "ssh.internal:22", MAPPINGS) == Place("127.0.0.1", 2222)
    with pytest.raises(UnreachableError, match="not on this machine"):
        dialled("bastion", "10.0.0.5:22", MAPPINGS)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a:1",
        "a=127.0.0.1:1",
        "a:1=127.0.0.1",
        "a:1=10.0.0.1:1",
        "a:1=localhost.evil.test:1",
        "a:99999=127.0.0.1:1",
        "a:1=127.0.0.1:1/x",
        "a:x=127.0.0.1:1",
        "u@a:1=127.0.0.1:1",
    ],
)
def test_a_mapping_ends_on_loopback(text: str) -> None:
    """A mapping that is none, or leads off this machine, is a ValueError."""
    with pytest.raises(ValueError, match=r"HOST:PORT|loopback|[Pp]ort"):
        mapping(text)
