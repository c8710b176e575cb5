"""Promises about `ztctl tunnel migrate`: what each step asks, tells and refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.migrating import run_by_file

Ztctl = Any
Account = Any
MIGRATE = ("tunnel", "migrate", "ssh-pool")
NAME = "ssh-pool.ztctl-quickstart"
LOCAL = "    config: local\n"
FAST = ("--auto-approve", "--settle", "0")


@pytest.fixture
def at(project: Ztctl, account: Account) -> Ztctl:
    """The quickstart, applied, its tunnel run by a file on its server."""
    ztctl: Ztctl = project.at(account)
    assert ztctl("apply", *FAST).code == 0
    run_by_file(account.sandbox)
    path = project.folder / "ztctl.yaml"
    path.write_text(path.read_text().replace("  ssh-pool:\n", f"  ssh-pool:\n{LOCAL}", 1))
    return ztctl


def secrets(account: Account) -> set[str]:
    """The secrets of all tunnels."""
    with account.sandbox.session() as state:
        return {str(it["secret"]) for it in state.store.all("tunnel")}


def twin(account: Account) -> str:
    """The id of the twin."""
    found = account.sandbox.export()["tunnels"]
    return str(next(it["id"] for it in found if it["name"] == f"{NAME}--next"))


def test_the_whole_way(at: Ztctl, account: Account) -> None:
    """Each step tells the next one, to be pasted; no secret is in what it says or writes down."""
    started = at(*MIGRATE, "start", *FAST, "--allow-unseen-rules")
    account.sandbox.connect(twin(account))
    told = at(*MIGRATE, "--format", "json")
    moved = at(*MIGRATE, "finish", *FAST)
    between = at("plan", "--exit-code")
    done = at(*MIGRATE, "finish", *FAST, "--allow-disconnect")
    path = at.folder / "ztctl.yaml"
    path.write_text(path.read_text().replace(LOCAL, ""))
    after = at("plan", "--exit-code")

    assert [it.code for it in (started, moved, between, done, after)] == [0, 0, 0, 0, 0]
    assert "\nztctl tunnel token ssh-pool--next | ssh root@SERVER" in started.said
    assert "\nztctl tunnel migrate ssh-pool finish\n" in started.said
    assert (found := json.loads(told.out))["state"] == "started", found
    assert "\nztctl tunnel migrate ssh-pool finish --allow-disconnect\n" in moved.said
    assert "Next:\nztctl tunnel migrate ssh-pool finish\n" in between.err
    assert "Take `config: local`" in done.said
    assert "migration" not in after.said
    kept = [it for it in at.folder.rglob("*") if it.is_file()]
    written = "".join(it.read_text(encoding="utf-8", errors="replace") for it in kept)
    said = "".join(it.said for it in (started, told, moved, between, done, after))
    assert [it for it in secrets(account) if it in written + said] == []


def test_the_twin_has_a_connector_of_its_own(at: Ztctl, account: Account) -> None:
    """Its token, service and bundle come by the commands that the first step prints."""
    assert at(*MIGRATE, "start", *FAST, "--allow-unseen-rules").code == 0
    token = at("tunnel", "token", "ssh-pool--next")
    service = at("tunnel", "service", "ssh-pool--next", "--metrics", "127.0.0.1:20242")
    bundle = at("ssh", "server", "render", "--connector", "ssh-pool", "-o", "bundle")
    server = at("ssh", "server", "render", "ssh.example.com", "-o", "server")

    assert at("tunnel", "status", "ssh-pool--next").code == 1
    account.sandbox.connect(twin(account))
    assert at("tunnel", "status", "ssh-pool--next").code == 0
    assert (token.code, token.out.count("\n")) == (0, 1)
    assert (service.code, service.err) == (0, "")
    assert "--metrics 127.0.0.1:20242 run --token-file" in service.out
    assert (bundle.code, server.code) == (0, 0), bundle.said + server.said
    for folder in ("bundle", "server"):
        lines = (at.folder / folder / "tunnels").read_text().splitlines()
        assert [it.partition("\t")[2] for it in lines] == [NAME, f"{NAME}--next"]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["start"], 4, "--allow-unseen-rules"),
        (["finish"], 1, "no migration of the tunnel ssh-pool is under way"),
        (["abort"], 1, "no migration of the tunnel ssh-pool is under way"),
    ],
)
def test_nothing_goes_without_its_yes(
    at: Ztctl, account: Account, words: list[str], code: int, says: str
) -> None:
    """Refused, or not begun: the account stays as it was."""
    account.sandbox.log.clear()

    done = at(*MIGRATE, *words, *FAST)

    assert (done.code, account.written) == (code, [])
    assert says in done.said


def test_only_a_tunnel_of_the_files_is_migrated(project: Ztctl) -> None:
    """A name with a mistake in it is told so, without an account."""
    done = project("tunnel", "migrate", "ssh-poll", "start", *FAST)

    assert done.code == 64
    assert "did you mean ssh-pool?" in done.err
