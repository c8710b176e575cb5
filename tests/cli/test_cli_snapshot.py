"""Promises about ``ztctl snapshot`` and ``--live``: the account in a file, and work on it alone."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Account, Ztctl
from tests.support.documents import faults
from tests.support.process import TOKEN

HOST = "ssh.example.com"
SECRET = "canary-secret-4f3e2d1c"


def flat(text: str) -> str:
    """The text in one line, wherever it was broken."""
    return " ".join(text.split())


@pytest.fixture
def lived_in(account: Account) -> Account:
    """An account in which secrets stand wherever they may."""
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
    return account


@pytest.fixture
def saved(project: Ztctl, lived_in: Account) -> tuple[Ztctl, Path]:
    """The quickstart applied, and a snapshot of its account, to which nothing leads any more."""
    online = project.at(lived_in)
    assert online("apply", "--auto-approve").code == 0
    assert online("snapshot", "live.json").code == 0
    lived_in.sandbox.log.clear()
    return project, project.folder / "live.json"


def test_what_is_planned_on_a_snapshot_is_what_is_planned(
    saved: tuple[Ztctl, Path], lived_in: Account
) -> None:
    """No token, no network, no call; the same words on standard output, the time beside them."""
    ztctl, _ = saved
    path = ztctl.folder / "ztctl.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("8h", "9h"), encoding="utf-8")

    done = ztctl("plan", "--live", "live.json", "--digest", "--calls")
    lived_in.sandbox.log.clear()
    who = ztctl("who", HOST, "--live", "live.json")

    assert not lived_in.sandbox.log
    online = ztctl.at(lived_in)
    assert (done.code, done.out) == (0, online("plan", "--digest", "--calls").out)
    assert (who.code, who.out) == (0, online("who", HOST).out)
    for said in (done.err, who.err):
        assert said.startswith("This is a snapshot of 20")
        assert " UTC: the account may differ by now." in flat(said)


def test_what_is_watched_is_the_same(saved: tuple[Ztctl, Path], lived_in: Account) -> None:
    """Differences and open doors, but for who made them: the log is not in a snapshot."""
    ztctl, _ = saved
    path = ztctl.folder / "ztctl.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("8h", "9h"), encoding="utf-8")
    online = ztctl.at(lived_in)

    audit, drift = (ztctl(command, "--live", "live.json") for command in ("audit", "drift"))

    assert not lived_in.sandbox.log
    assert (audit.code, audit.out) == (0, online("audit").out)
    assert (drift.code, online("drift").code) == (2, 2)
    assert "policy ssh-team: session_duration is 8h, not 9h" in flat(drift.out)
    assert "logs/audit: the snapshot does not hold it" in flat(drift.out)


def test_a_snapshot_is_for_its_owner_and_holds_no_secret(
    saved: tuple[Ztctl, Path], lived_in: Account
) -> None:
    """Not the token's, nor those of providers, tunnels and service tokens."""
    _, path = saved
    text = path.read_text(encoding="utf-8")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with lived_in.sandbox.session() as state:
        held = [
            it["secret"] for kind in ("tunnel", "service_token") for it in state.store.all(kind)
        ]
    assert len(held) == 3
    for secret in (SECRET, TOKEN, "c2VjcmV0", *held):
        assert secret not in text


def test_it_says_what_it_is_in_json(saved: tuple[Ztctl, Path]) -> None:
    """Standard output is the plan alone."""
    ztctl, _ = saved

    done = ztctl("plan", "--live", "live.json", "--format", "json")

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
    words: tuple[str, ...], hint: str, project: Ztctl
) -> None:
    """Nothing is written by its word, and no second account may be meant."""
    done = project(*words)

    assert (done.code, done.out) == (64, "")
    assert hint in flat(done.err)


def test_an_address_of_the_api_in_the_environment_is_for_other_commands(
    saved: tuple[Ztctl, Path],
) -> None:
    """It is set for a whole job."""
    ztctl, _ = saved

    done = ztctl("plan", "--live", "live.json", env={"CLOUDFLARE_BASE_URL": "https://a.example"})

    assert done.code == 0


FILES: dict[str, tuple[str | None, str]] = {
    "none": (None, "cannot read the snapshot live.json: no such file or directory"),
    "no snapshot": ("{}", "live.json is not a snapshot"),
    "another format": ('{"type": "snapshot", "format_version": "9.0"}', "another format than 1.0"),
}


@pytest.mark.parametrize(("content", "words"), FILES.values(), ids=FILES)
def test_a_file_that_is_none_is_an_error(content: str | None, words: str, project: Ztctl) -> None:
    """With what to do."""
    if content is not None:
        (project.folder / "live.json").write_text(content, encoding="utf-8")

    done = project("plan", "--live", "live.json")

    assert (done.code, done.out) == (1, "")
    assert words in flat(done.err)


# -- accounts -------------------------------------------------------------------------------


def test_files_may_name_the_account(saved: tuple[Ztctl, Path], lived_in: Account) -> None:
    """By its id, by its name, or by the variable that a job without a token need not set."""
    ztctl, snapshot = saved
    path = ztctl.folder / "ztctl.yaml"
    text = path.read_text(encoding="utf-8")
    name = json.loads(snapshot.read_text(encoding="utf-8"))["account"]["name"]

    for account in (lived_in.sandbox.account_id, json.dumps(name), "${env.CLOUDFLARE_ACCOUNT_ID}"):
        path.write_text(f"account: {account}\n{_without_account(text)}", encoding="utf-8")
        assert ztctl("plan", "--live", "live.json").code == 0


def test_a_snapshot_of_another_account_is_refused(saved: tuple[Ztctl, Path]) -> None:
    """What the files say of one account is not planned on another."""
    ztctl, _ = saved
    path = ztctl.folder / "ztctl.yaml"
    text = _without_account(path.read_text(encoding="utf-8"))
    path.write_text(f"account: {'0' * 32}\n{text}", encoding="utf-8")

    done = ztctl("plan", "--live", "live.json")

    assert (done.code, done.out) == (1, "")
    assert f"and the files name {'0' * 32}" in flat(done.err)


def _without_account(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("account:"))


# -- redacted -------------------------------------------------------------------------------


def test_a_redacted_snapshot_answers_and_names_nobody(project: Ztctl, lived_in: Account) -> None:
    """Names of the quickstart and of others are gone; the host is as closed as it was."""
    online = project.at(lived_in)
    assert online("apply", "--auto-approve").code == 0

    assert online("snapshot", "red.json", "--redact").code == 0

    text = (project.folder / "red.json").read_text(encoding="utf-8")
    names = (
        "example.com",
        "quickstart",
        "infra-team",
        "ssh-team",
        "ssh-pool",
        "Corporate",
        "sandbox.",
    )
    for name in (*names, lived_in.sandbox.account_id):
        assert name not in text, name
    replies: Any = {it["path"]: it.get("result") for it in json.loads(text)["replies"]}
    (app,) = replies["/accounts/{account}/access/apps"]
    done = project("who", app["domain"], "--live", "red.json")
    assert done.code == 0
    assert f"{app['domain']} is closed: only those below may enter." in flat(done.out)
    assert done.err.startswith("This is a redacted snapshot of ")
