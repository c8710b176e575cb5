"""Promises about ``ztctl snapshot`` and ``--live``: the account in a file, and work on it alone."""

from __future__ import annotations

import json
import re
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import QUICKSTART, Account, Gated, Ztctl
from tests.support.documents import faults
from tests.support.forking import Forks
from tests.support.process import TOKEN
from ztctl.cli.app import run
from ztctl.sandbox.server import served

HOST = "ssh.example.com"
SECRET = "canary-secret-4f3e2d1c"


def flat(text: str) -> str:
    """The text in one line, wherever it was broken."""
    return " ".join(text.split())


@dataclass(frozen=True)
class World:
    """An account in which secrets stand wherever they may, the quickstart applied; its snapshot."""

    account: Account
    snapshot: Path
    redacted: Path


@pytest.fixture(scope="module")
def world(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One account for all tests that change nothing of it."""
    folder = tmp_path_factory.mktemp("world")
    shutil.copy(QUICKSTART, folder / "ztctl.yaml")
    sandbox = Gated.create()
    assert isinstance(sandbox, Gated)
    with served(sandbox) as url:
        account = Account(sandbox, url)
        live_in(account)
        ztctl = Ztctl(folder, forks, account.env)
        assert ztctl("apply", "--auto-approve").code == 0
        assert ztctl("snapshot", "live.json").code == 0
        assert ztctl("snapshot", "red.json", "--redact").code == 0
        yield World(account, folder / "live.json", folder / "red.json")


def live_in(account: Account) -> None:
    """Leave secrets in an account."""
    config = {"client_id": "c", "client_secret": SECRET, "okta_account": f"https://{SECRET}.com"}
    idp = {"name": "Corporate", "type": "okta", "config": config}
    account.post("/accounts/{account}/access/identity_providers", idp)
    account.post("/accounts/{account}/access/service_tokens", {"name": "ci"})
    tunnel = {"name": "other", "config_src": "cloudflare", "tunnel_secret": "c2VjcmV0" * 6}
    account.post("/accounts/{account}/cfd_tunnel", tunnel)
    verification = {"type": "TXT", "name": "example.com", "content": f"proof={SECRET}"}
    account.post("/zones/{zone}/dns_records", verification)
    # Somebody has written the token down.
    group = {"name": "team", "include": [{"email": {"email": f"{TOKEN}@example.com"}}]}
    account.post("/accounts/{account}/access/groups", group)


@pytest.fixture
def saved(project: Ztctl, world: World) -> Ztctl:
    """A folder with the quickstart and the snapshot; nothing leads to the account."""
    shutil.copy(world.snapshot, project.folder / "live.json")
    world.account.sandbox.log.clear()
    return project


def test_what_is_planned_on_a_snapshot_is_what_is_planned(saved: Ztctl, world: World) -> None:
    """No token, no network, no call; the same words on standard output, the time beside them."""
    path = saved.folder / "ztctl.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("8h", "9h"), encoding="utf-8")

    done = saved("plan", "--live", "live.json", "--digest", "--calls")
    world.account.sandbox.log.clear()
    who = saved("who", HOST, "--live", "live.json")

    assert not world.account.sandbox.log
    online = saved.at(world.account)
    assert (done.code, done.out) == (0, online("plan", "--digest", "--calls").out)
    assert (who.code, who.out) == (0, online("who", HOST).out)
    for said in (done.err, who.err):
        assert said.startswith("This is a snapshot of 20")
        assert " UTC: the account may differ by now." in flat(said)


def test_what_is_watched_is_the_same(saved: Ztctl, world: World) -> None:
    """Differences and open doors, but for who made them: the log is not in a snapshot."""
    path = saved.folder / "ztctl.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("8h", "9h"), encoding="utf-8")
    online = saved.at(world.account)

    audit, drift = (saved(command, "--live", "live.json") for command in ("audit", "drift"))

    assert not world.account.sandbox.log
    assert (audit.code, audit.out) == (0, online("audit").out)
    assert (drift.code, online("drift").code) == (2, 2)
    assert "policy ssh-team: session_duration is 8h, not 9h" in flat(drift.out)
    assert "logs/audit: the snapshot does not hold it" in flat(drift.out)


def test_a_snapshot_is_for_its_owner_and_holds_no_secret(saved: Ztctl, world: World) -> None:
    """Not the token's, nor those of providers, tunnels and service tokens."""
    path = world.snapshot
    text = path.read_text(encoding="utf-8")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with world.account.sandbox.session() as state:
        held = [
            it["secret"] for kind in ("tunnel", "service_token") for it in state.store.all(kind)
        ]
    assert len(held) == 3
    for secret in (SECRET, TOKEN, "c2VjcmV0", *held):
        assert secret not in text


def test_it_says_what_it_is_in_json(saved: Ztctl) -> None:
    """Standard output is the plan alone."""
    done = saved("plan", "--live", "live.json", "--format", "json")

    assert json.loads(done.out)["type"] == "plan"
    assert json.loads(done.err)["type"] == "note"
    assert faults(done.said) == []


def test_what_a_snapshot_lacks_is_told(project: Ztctl, account: Account) -> None:
    """Taken for some files, it has gaps for other questions, and never says that there is none."""
    assert project.at(account)("snapshot", "live.json", "-f", "ztctl.yaml").code == 0
    path = project.folder / "ztctl.yaml"
    text = path.read_text(encoding="utf-8")
    group = "- group: infra-team"

    same, who = project("plan", "--live", "live.json"), project("who", HOST, "--live", "live.json")
    path.write_text(text.replace(group, f"{group}\n      - service_token: ci"), encoding="utf-8")
    other = project("plan", "--live", "live.json")

    assert (same.code, who.code, other.code, other.out) == (0, 1, 1, "")
    assert "taken for some files only" in flat(same.err)
    assert "access/service_tokens: the snapshot does not hold it" in flat(who.out)
    assert "access/service_tokens: the snapshot does not hold it" in flat(other.err)
    assert "hint: take it again" in other.err


def test_files_that_do_not_fit_the_account_make_a_snapshot(
    project: Ztctl, account: Account
) -> None:
    """It may be what somebody wants to show: the plan on it has the same problem."""
    path = project.folder / "ztctl.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(HOST, "ssh.example.net"))
    online = project.at(account)

    taken = online("snapshot", "live.json", "-f", "ztctl.yaml")
    done = project("plan", "--live", "live.json")

    assert taken.code == 0
    assert "The files do not fit the account: ztctl plan says why." in taken.err
    assert "ssh.example.net lies in no active zone" in done.err
    assert flat(done.err).endswith(flat(online("plan").err))


def test_what_the_token_may_not_read_is_a_gap(project: Ztctl, account: Account) -> None:
    """It is told when the snapshot is taken, and when it is used; and costs what it costs there."""
    online = project.at(account)
    assert online("apply", "--auto-approve").code == 0
    held = ("Access: Apps and Policies Read", "Zone Read", "DNS Read", "Cloudflare Tunnel Read")
    account.sandbox.define_token(TOKEN, held)

    taken = online("snapshot", "live.json")
    done = project("who", HOST, "--live", "live.json")

    assert taken.code == 0
    assert "could not read /accounts/{account}/access/" in flat(taken.err)
    assert "that its token could not read" in flat(done.err)
    # The ray id is of one request.
    other = online("who", HOST)
    answer = re.sub(r" \(ray [0-9a-f]+\)", "", flat(other.out))
    assert (done.code, flat(done.out)) == (other.code, answer)


# -- wrong usage ----------------------------------------------------------------------------

WRONG: dict[str, tuple[tuple[str, ...], str]] = {
    "apply": (("apply", "--live", "live.json"), "--live is for commands that change nothing"),
    "destroy": (("destroy", "--live", "live.json"), "--live is for commands that change nothing"),
    "save": (("plan", "--live", "live.json", "--out", "p"), "plan again without --live"),
    "sandbox": (("plan", "--live", "live.json", "--sandbox"), "drop --sandbox"),
    "token": (("who", HOST, "--live", "x", "--api-token-file", "t"), "drop --api-token-file"),
    "probe": (("audit", "--live", "x", "--probe"), "drop one of them"),
    "webhook": (("drift", "--live", "x", "--webhook", "https://a.example"), "drop --webhook"),
    "figures": (("drift", "--live", "x", "--metrics", "a.prom"), "drop --webhook"),
    "url": (("plan", "--live", "x", "--api-url", "https://a.example"), "drop --api-url"),
}


@pytest.mark.parametrize(("words", "hint"), WRONG.values(), ids=WRONG)
def test_a_snapshot_is_alone_and_for_looking(
    words: tuple[str, ...], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is written by its word, and no second account may be meant."""
    code = run(words)

    said = capsys.readouterr()
    assert (code, said.out) == (64, "")
    assert hint in flat(said.err)


def test_an_address_of_the_api_in_the_environment_is_for_other_commands(saved: Ztctl) -> None:
    """It is set for a whole job."""
    done = saved("plan", "--live", "live.json", env={"CLOUDFLARE_BASE_URL": "https://a.example"})

    assert done.code == 0


FILES: dict[str, tuple[str | None, str]] = {
    "none": (None, "live.json: no such file or directory"),
    "no snapshot": ("{}", "live.json is not a snapshot"),
    "another format": ('{"type": "snapshot", "format_version": "9.0"}', "another format than 1.0"),
}


@pytest.mark.parametrize(("content", "words"), FILES.values(), ids=FILES)
def test_a_file_that_is_none_is_an_error(
    content: str | None, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what to do."""
    path = tmp_path / "live.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")

    code = run(("plan", "--live", str(path)))

    said = capsys.readouterr()
    assert (code, said.out) == (1, "")
    assert words in flat(said.err)


# -- accounts -------------------------------------------------------------------------------


def test_files_may_name_the_account(saved: Ztctl, world: World) -> None:
    """By its id, by its name, or by the variable that a job without a token need not set."""
    path = saved.folder / "ztctl.yaml"
    text = path.read_text(encoding="utf-8")
    name = json.loads(world.snapshot.read_text(encoding="utf-8"))["account"]["name"]

    for account in (
        world.account.sandbox.account_id,
        json.dumps(name),
        "${env.CLOUDFLARE_ACCOUNT_ID}",
    ):
        path.write_text(f"account: {account}\n{_without_account(text)}", encoding="utf-8")
        assert saved("plan", "--live", "live.json").code == 0


def test_a_snapshot_of_another_account_is_refused(saved: Ztctl) -> None:
    """What the files say of one account is not planned on another."""
    path = saved.folder / "ztctl.yaml"
    text = _without_account(path.read_text(encoding="utf-8"))
    path.write_text(f"account: {'0' * 32}\n{text}", encoding="utf-8")

    done = saved("plan", "--live", "live.json")

    assert (done.code, done.out) == (1, "")
    assert f"and the files name {'0' * 32}" in flat(done.err)


def _without_account(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("account:"))


# -- redacted -------------------------------------------------------------------------------


def test_a_redacted_snapshot_answers_and_names_nobody(project: Ztctl, world: World) -> None:
    """Names of the quickstart and of others are gone; the host is as closed as it was."""
    text = world.redacted.read_text(encoding="utf-8")

    names = ("example.com", "quickstart", "infra-team", "ssh-team", "ssh-pool", "Corporate")
    for name in (*names, world.account.sandbox.account_id):
        assert name not in text, name
    replies: Any = {it["path"]: it.get("result") for it in json.loads(text)["replies"]}
    (app,) = replies["/accounts/{account}/access/apps"]
    done = project("who", app["domain"], "--live", world.redacted)
    assert done.code == 0
    assert f"{app['domain']} is closed: only those below may enter." in flat(done.out)
    assert done.err.startswith("This is a redacted snapshot of ")
