"""Promises about ``ztctl sandbox serve --edge``: the hosts themselves, on this machine."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

Ztctl = Any
Start = Callable[..., Any]
LAST_LINE = "\nHOME="
TEAM = "acme.cloudflareaccess.com"
EDGE = ("sandbox", "serve", "--edge")


def variables(text: str) -> dict[str, str]:
    """What a shell would export."""
    return dict(line.split("=", 1) for line in text.splitlines())


def client_of(env: dict[str, str]) -> httpx.Client:
    """A client with the proxy and the trust that the variables give."""
    trust = ssl.create_default_context(cafile=env["SSL_CERT_FILE"])
    return httpx.Client(proxy=env["HTTPS_PROXY"], verify=trust, timeout=20, trust_env=False)


def test_the_edge_tells_three_more_variables(ztctl: Ztctl, start: Start) -> None:
    """After the API's lines come proxy, trust and home, in a folder below `.ztctl`."""
    serving = start(ztctl, *EDGE, "--as", "jdoe@example.com")

    env = variables(serving.wait_for(LAST_LINE, "out"))

    assert list(env)[3:] == ["HTTPS_PROXY", "SSL_CERT_FILE", "HOME"]
    folder = ztctl.folder / ".ztctl" / "edge"
    assert (Path(env["SSL_CERT_FILE"]), Path(env["HOME"])) == (folder / "ca.pem", folder / "home")
    kept = [file.name for file in (folder / "home" / ".cloudflared").iterdir()]
    assert kept == [f"{TEAM}-org-token"]


def test_what_was_applied_is_protected(project: Ztctl, start: Start) -> None:
    """The host of an applied stack sends a stranger to the login of its team."""
    serving = start(project, *EDGE, "--edge-folder", "there")
    env = variables(serving.wait_for(LAST_LINE, "out"))
    assert project("apply", "--auto-approve", "--settle", "0", env=env).code == 0

    with client_of(env) as client:
        answer = client.head("https://ssh.example.com")

    assert answer.status_code == 302
    assert answer.headers["location"].startswith(f"https://{TEAM}/cdn-cgi/access/login/")
    assert (project.folder / "there" / "ca.pem").exists()


def test_the_edge_ends_quietly(ztctl: Ztctl, start: Start) -> None:
    """Ctrl-C ends the edge, too, while somebody is connected."""
    serving = start(ztctl, *EDGE)
    env = variables(serving.wait_for(LAST_LINE, "out"))
    with client_of(env) as client:
        answer = client.get(f"https://{TEAM}/cdn-cgi/access/certs")

        serving.interrupt()
        done = serving.ended()

    assert (answer.status_code, done.code, done.err) == (200, 0, "")


@pytest.mark.parametrize(
    "arguments",
    [
        ("sandbox", "serve", "--as", "jdoe@example.com"),
        ("sandbox", "serve", "--origin", "a:1=127.0.0.1:1"),
        (*EDGE, "--group", "infra"),
        (*EDGE, "--as", "jdoe"),
        (*EDGE, "--as", ""),
        (*EDGE, "--as", "jdoe@example.com", "--country", "Portugal"),
        (*EDGE, "--origin", "a:1=10.0.0.1:22"),
        (*EDGE, "--origin", "a"),
    ],
    ids=" ".join,
)
def test_wrong_usage_of_the_edge_is_64(arguments: tuple[str, ...], ztctl: Ztctl) -> None:
    """Options that cannot be meant are told, and nothing is served or written."""
    done = ztctl(*arguments)

    assert (done.code, done.out) == (64, "")
    assert done.err.startswith("Usage error: ")
    assert not (ztctl.folder / ".ztctl").exists()


def test_a_folder_that_cannot_be_is_told(ztctl: Ztctl) -> None:
    """A folder that is a file is an error."""
    (ztctl.folder / "taken").touch()

    done = ztctl(*EDGE, "--edge-folder", "taken")

    assert done.code == 1
    assert done.err.startswith("error: cannot serve the edge: ")
