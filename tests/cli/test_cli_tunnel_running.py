"""Promises about what runs for a tunnel, and about a new secret for it."""

from __future__ import annotations

import base64
import json
import re
import stat
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.support.process import TOKEN
from ztctl.core.model.connectors import Support, support_of

Ztctl = Any
Account = Any
OnTerminal = Callable[..., Any]
NAME = "ssh-pool.ztctl-quickstart"
STATUS = ("tunnel", "status", "--format", "json")
ROTATE = ("tunnel", "rotate", "ssh-pool", "--auto-approve")


@pytest.fixture
def made(account: Account) -> str:
    """The id of the tunnel of the quickstart, live in the account."""
    tunnel = {"name": NAME, "config_src": "cloudflare"}
    return str(account.post("/accounts/{account}/cfd_tunnel", tunnel)["id"])


@pytest.fixture
def at(project: Ztctl, account: Account, made: str) -> Ztctl:
    """The quickstart at that account."""
    ztctl: Ztctl = project.at(account)
    return ztctl


def token_in(account: Account, tunnel: str) -> str:
    """The token that opens connections now."""
    place = f"{account.url}/accounts/{account.sandbox.account_id}/cfd_tunnel/{tunnel}/token"
    answer = httpx.get(place, headers={"authorization": f"Bearer {TOKEN}"})
    account.sandbox.log.clear()
    return str(answer.raise_for_status().json()["result"])


def running(ztctl: Ztctl) -> list[dict[str, Any]]:
    """The connectors that `status` tells of."""
    (tunnel,) = json.loads(ztctl(*STATUS, "ssh-pool").out)["tunnels"]
    found: list[dict[str, Any]] = tunnel["connectors"]
    return found


def test_a_tunnel_without_a_connector_ends_with_1(at: Ztctl) -> None:
    """Nobody gets through it."""
    done = at("tunnel", "status")

    assert (done.code, done.out) == (1, f"{NAME}: no connector runs\n")


def test_the_connectors_of_a_tunnel_are_told(at: Ztctl, account: Account, made: str) -> None:
    """Each with version, locations, since when, and from where."""
    connector = account.sandbox.connect(made)

    done = at("tunnel", "status", "ssh-pool", env={"COLUMNS": "80"})

    first, version, place, edges, *_ = done.out.splitlines()
    assert done.code == 0
    assert first == f"{NAME}: 1 connector"
    assert version == f"  {connector[:8]}  cloudflared 2026.7.0"
    assert place.startswith("            linux_amd64, 192.0.2.1, since ")
    assert edges == "            4 connections: lis01, mad01, lhr01, cdg01"
    assert max(map(len, done.out.splitlines())) <= 80


def test_an_older_configuration_is_told(at: Ztctl, account: Account, made: str) -> None:
    """Which version each connector runs, beside the newest."""
    account.sandbox.connect(made)
    path = f"/accounts/{account.sandbox.account_id}/cfd_tunnel/{made}/connections"
    reply = httpx.get(f"{account.url}{path}", headers={"authorization": f"Bearer {TOKEN}"}).json()
    reply["result"][0]["config_version"] = 3
    account.sandbox.faults.add(
        method="GET", path="/connections$", status=200, body=reply, times=None
    )
    newest = {**reply, "result": {"tunnel_id": made, "version": 5, "config": None}}
    account.sandbox.faults.add(
        method="GET", path="/configurations$", status=200, body=newest, times=None
    )

    told = at("tunnel", "status", "ssh-pool").out

    assert "configuration 3, and the newest is 5" in told


@pytest.mark.parametrize(
    ("version", "support"),
    [
        ("2026.11.0", Support.YES),
        ("2025.11.1", Support.YES),
        ("2025.10.9", Support.NO),
        ("2019.1.0", Support.NO),
        ("2026.13.0", Support.UNKNOWN),
        ("DEV", Support.UNKNOWN),
        ("", Support.UNKNOWN),
    ],
)
def test_a_version_is_supported_for_a_year(version: str, support: Support) -> None:
    """One of another form is not known to be."""
    assert support_of(version, 2026, 11) is support


@pytest.mark.parametrize("result", [None, {}, [1], [{"conns": 3, "id": 7, "run_at": []}]])
def test_an_odd_answer_about_connectors_is_survived(
    result: Any, at: Ztctl, account: Account
) -> None:
    """What is of another type than documented counts as not said."""
    body = {"success": True, "errors": [], "messages": [], "result": result}
    account.sandbox.faults.add(
        method="GET", path="/connections$", status=200, body=body, times=None
    )

    done = at(*STATUS)

    assert done.code in (0, 1)


def test_no_tunnel_is_told(ztctl: Ztctl) -> None:
    """Neither silence nor success."""
    done = ztctl("tunnel", "status", "--sandbox")

    assert (done.code, done.out) == (1, "There is no tunnel.\n")


def test_a_rotation_hands_over_a_new_token(at: Ztctl, account: Account, made: str) -> None:
    """The old one is worth nothing from then on, and running connectors go on."""
    account.sandbox.connect(made)
    old = token_in(account, made)

    done = at(*ROTATE, "-f", "ztctl.yaml", "--out", "token")

    file = at.folder / "token"
    new = file.read_text().strip()
    assert (done.code, done.out) == (0, "")
    assert new == token_in(account, made) != old
    assert len(base64.b64decode(json.loads(base64.b64decode(new))["s"])) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(running(at)) == 1
    assert re.search(
        r"\nztctl tunnel rotate ssh-pool --drop-before 20\S+Z -f ztctl.yaml\n", done.err
    )
    assert not any(part in done.said for part in (new, old))


def test_the_second_step_cuts_off_the_old_ones_alone(
    at: Ztctl, account: Account, made: str
) -> None:
    """What was started since goes on."""
    account.sandbox.connect(made)
    newer = account.sandbox.connect(made)
    (since,) = (it["since"] for it in running(at) if it["id"] == newer)

    done = at(*ROTATE, "--drop-before", since)
    again = at(*ROTATE, "--drop-before", since)

    assert (done.code, again.code) == (0, 0)
    assert [it["id"] for it in running(at)] == [newer]
    assert f"1 of 2 connectors of {NAME} are cut off." in done.err
    assert "No connector" in again.err


def test_nobody_is_cut_off_before_a_new_one_runs(at: Ztctl, account: Account, made: str) -> None:
    """As long as no connector has the new token, the second step is refused."""
    account.sandbox.connect(made)

    done = at(*ROTATE, "--drop-before", "2999-01-01T00:00:00Z")

    assert done.code == 1
    assert "nobody would get through" in done.err
    assert len(running(at)) == 1


@pytest.mark.parametrize("happened", [False, True])
def test_a_lost_answer_leaves_one_valid_token(
    happened: bool, at: Ztctl, account: Account, made: str
) -> None:
    """What is handed over is what opens connections; else the old one goes on, and that is told."""
    kind = "reset_after" if happened else "reset_before"
    account.sandbox.faults.add(kind=kind, method="PATCH", path="/cfd_tunnel/", times=None)

    done = at(*ROTATE, "-f", "ztctl.yaml", "--out", "token")

    file = at.folder / "token"
    assert done.code == (0 if happened else 1)
    assert file.exists() is happened
    assert not happened or file.read_text().strip() == token_in(account, made)


def test_an_old_token_is_not_handed_over_for_the_new_one(
    at: Ztctl, account: Account, made: str
) -> None:
    """Where the service answers with it, that is told: the second step would end its users."""
    old = token_in(account, made)
    body = {"success": True, "errors": [], "messages": [], "result": old}
    account.sandbox.faults.add(kind="body", method="GET", path="/token$", nth=2, body=body)

    done = at(*ROTATE, "--out", "token")

    assert (done.code, (at.folder / "token").exists()) == (1, False)
    assert "still hands over the old token" in " ".join(done.err.split())
    assert old not in done.said


def test_a_rotation_asks_first(at: Ztctl, account: Account, made: str) -> None:
    """Without a terminal and without `--auto-approve` nothing is changed."""
    old = token_in(account, made)

    done = at("tunnel", "rotate", "ssh-pool", "--out", "token")

    assert done.code == 64
    assert token_in(account, made) == old


def test_a_local_tunnel_is_not_rotated(ztctl: Ztctl, account: Account) -> None:
    """Its credentials file would be useless."""
    account.post("/accounts/{account}/cfd_tunnel", {"name": "old", "config_src": "local"})

    done = ztctl.at(account)("tunnel", "rotate", "old", "--auto-approve", "--out", "token")

    assert done.code == 1
    assert "credentials file" in done.err
    assert account.written == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--drop-before", "yesterday"), "no time with a zone"),
        (("--drop-before", "2026-01-01T00:00:00"), "no time with a zone"),
        (("--drop-before", "2026-01-01T00:00:00Z", "--show"), "hands over no token"),
        (("--out", "x", "--show"), "exclude each other"),
    ],
)
def test_a_rotation_that_cannot_be(words: tuple[str, ...], said: str, at: Ztctl) -> None:
    """It is told before anybody is asked."""
    done = at(*ROTATE, *words)

    assert done.code == 64
    assert said in done.err
