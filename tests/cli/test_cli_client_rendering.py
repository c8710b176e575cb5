"""Promises about which hosts a laptop gets, from the files and the words of the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.laptops import CF, FILE, HOST
from ztctl.cli.client_options import ClientOptions
from ztctl.cli.client_rendering import rendered
from ztctl.cli.settings import Usage
from ztctl.core.model.client import ClientHost, RenderedClient
from ztctl.core.model.diagnostics import Failure
from ztctl.documents import load
from ztctl.kinds.registry import KINDS

Render = Callable[..., RenderedClient]
BASTION = "bastion.example.com"


@pytest.fixture
def render(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Render:
    """Render for these options, where no cloudflared is on the path."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    Path("ztctl.yaml").write_text(FILE, encoding="utf-8")
    declared = load([Path("ztctl.yaml")], KINDS)
    return lambda *hosts, **options: rendered(declared, ClientOptions([*hosts], **options)).client


def by_name(found: RenderedClient) -> dict[str, ClientHost]:
    """The hosts that were rendered."""
    return {host.name: host for host in found.hosts}


def test_each_system_has_its_own_block(render: Render) -> None:
    """Whoever reads the page is on another machine than whoever made it."""
    found = render(HOST, cloudflared="/opt/cloudflared")

    assert {it.system: it.cloudflared for it in found.systems} == {
        "macos": "/opt/cloudflared",
        "macos-intel": "/opt/cloudflared",
        "linux": "/opt/cloudflared",
        "windows": "C:\\Program Files\\cloudflared\\cloudflared.exe",
    }


@pytest.mark.parametrize(
    ("hosts", "via", "bastion", "inner"),
    [
        ([BASTION], [], BASTION, {"db1": "10.0.0.12"}),
        ([BASTION], ["db2=10.0.0.13:22"], BASTION, {"db1": "10.0.0.12", "db2": "10.0.0.13"}),
        (["db2=10.0.0.13:22", "db3=[fd00::1]:22"], [BASTION], BASTION,
         {"db1": "10.0.0.12", "db2": "10.0.0.13", "db3": "fd00::1"}),
        ([BASTION], ["db1=10.9.9.9:22"], BASTION, {"db1": "10.9.9.9"}),
        (["x=10.0.0.9:22"], ["a.jump.example.com"], "a.jump.example.com", {"x": "10.0.0.9"}),
    ],
)  # fmt: skip
def test_machines_behind_a_bastion(
    hosts: list[str], via: list[str], bastion: str, inner: dict[str, str], render: Render
) -> None:
    """From the file and from the command line, which wins; behind one name of a pattern, too."""
    found = by_name(render(*hosts, via=via))

    assert {it.name: it.address for it in found[bastion].inner} == inner


@pytest.mark.parametrize(
    ("alias", "host", "aliases"),
    [
        (["web=ssh.example.com", "W2=ssh.example.com"], HOST, ("web", "w2")),
        (["a=a.dev.example.com"], "a.dev.example.com", ("a",)),
    ],
)
def test_a_host_has_aliases(
    alias: list[str], host: str, aliases: tuple[str, ...], render: Render
) -> None:
    """Short names for it, or for one of a pattern, which gets a block of its own."""
    assert by_name(render(alias=alias))[host].aliases == aliases


def test_one_of_a_pattern_can_be_rendered(render: Render) -> None:
    """By its name: whoever gets it need not know the others."""
    assert [*by_name(render("a.dev.example.com"))] == ["a.dev.example.com"]


def test_without_cloudflared_here_its_package_tells_the_place(render: Render) -> None:
    """That of this system."""
    assert render(HOST).here.cloudflared == CF


@pytest.mark.parametrize(
    ("hosts", "options", "error", "said"),
    [
        (["no.example.com"], {}, Usage, "the files have no SSH host 'no.example.com'"),
        (["wiki.example.com"], {}, Failure, "leads to http://10.0.0.3, where no sshd is"),
        ([], {"via": [BASTION]}, Usage, "names no machine behind it"),
        (["a=b:22"], {"via": [HOST]}, Usage, f"{HOST} is no bastion"),
        (["a=b:22"], {}, Usage, "a: which of *.jump.example.com, bastion.example.com?"),
        (["a=b:22"], {"via": ["*.jump.example.com"]}, Usage, "is a pattern, and one bastion"),
        (["x=y:22"], {"via": ["a", "b"]}, Usage, "--via names two bastions"),
        ([HOST, "a=b:22"], {}, Usage, "a: there is no bastion"),
        (["a=b"], {"via": [BASTION]}, Usage, "'a=b': 'b' has no port"),
        ([], {"alias": ["web"]}, Usage, "--alias 'web' is no alias"),
        ([], {"alias": ["a b=ssh.example.com"]}, Usage, "is no alias"),
        ([], {"alias": ["web=*.dev.example.com"]}, Usage, "is no alias"),
        ([], {"alias": ["web=no.example.com"]}, Usage, "no block is for no.example.com"),
        ([], {"alias": ["db1=ssh.example.com"]}, Failure, "the name db1, too"),
        ([], {"user": "a b"}, Failure, "'a b' is no name of an account"),
        ([], {"cloudflared": "cloudflared"}, Failure, "'cloudflared' is no absolute path"),
        ([], {"cloudflared": '/a"b'}, Failure, "cannot be written into ssh_config safely"),
        (["*.jump.example.com"], {}, Failure, "nobody logs in to a bastion itself"),
        ([], {"host_keys": Path("none")}, Failure, "cannot read the host keys none: no such file"),
    ],
)
def test_wrong_words_are_told(
    hosts: list[str],
    options: dict[str, Any],
    error: type[Usage | Failure],
    said: str,
    render: Render,
) -> None:
    """With what is wrong, and of a word with how it is written."""
    with pytest.raises(error) as caught:
        render(*hosts, **options)

    assert said in str(caught.value)
