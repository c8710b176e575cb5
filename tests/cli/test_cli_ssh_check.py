"""Promises about `ztctl ssh check` as a command."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.conftest import Account, Ztctl
from tests.support.process import TOKEN, Ended

HOST = "ssh.example.com"
ALONE = {"HTTPS_PROXY": "http://127.0.0.1:9"}
REPORT = (
    "ok    H2   sshd takes certificates\nFAIL  H8   there is no account ann\n           useradd\n"
)

UNCHECKED = """\
version: 1
stack: s
policies: {ops: {decision: allow, include: [{email: ann@a.com}]}}
tunnels: {edge: {}}
hosts:
  ssh.example.com: {tunnel: edge, service: ssh://localhost:22, policies: [ops], access: false}
"""


@pytest.fixture
def applied(project: Ztctl, account: Account) -> Ztctl:
    """The quickstart, applied to a served account, with a connector that runs."""
    ztctl = project.at(account)
    done = ztctl("apply", "--auto-approve")
    assert done.code == 0, done.said
    (tunnel,) = account.sandbox.export()["tunnels"]
    account.sandbox.connect(tunnel["id"])
    account.sandbox.log.clear()
    return ztctl


def checks(done: Ended) -> dict[str, Any]:
    """The checks by their ids."""
    return {it["id"]: it for it in json.loads(done.out)["checks"]}


def failed(done: Ended) -> set[str]:
    """The checks of the account that failed."""
    return {id_ for id_, it in checks(done).items() if it["verdict"] == "fail" and id_[0] == "D"}


def check(ztctl: Ztctl, *words: str) -> Ended:
    """The command, with its result as JSON; hosts are asked through a proxy that is not there."""
    return ztctl("ssh", "check", *words, "--format", "json", env=ALONE)


def test_an_account_in_order(applied: Ztctl, account: Account) -> None:
    """No check of it fails; it is only read, and the token stands nowhere."""
    done = check(applied)

    assert failed(done) == set()
    assert {entry.method for entry in account.sandbox.log} == {"GET"}
    assert TOKEN not in done.said


def test_what_is_false_in_the_account_is_found(applied: Ztctl, account: Account) -> None:
    """A switched-off setting of the zone, and a second record on the name."""
    zone = account.sandbox.export()["zones"][0]["id"]
    with account.sandbox.session() as state:
        state.store.put(
            "zone_setting", f"{zone}/websockets", {"zone_id": zone, "value": "off", "id": "x"}
        )
    account.post("/zones/{zone}/dns_records", {"type": "A", "name": "*", "content": "192.0.2.1"})

    done = check(applied)

    assert (done.code, failed(done)) == (2, {"D2"})


def test_a_zone_that_waits_is_told_with_its_name_servers(applied: Ztctl, account: Account) -> None:
    """Until the registrar names them nothing of the host is reached."""
    (zone,) = account.sandbox.export()["zones"]
    with account.sandbox.session() as state:
        state.store.put("zone", zone["id"], {**zone, "status": "pending"})

    found = checks(check(applied))["D1"]

    assert found["found"] == "its zone is pending: names in it lead nowhere yet"
    assert "ada.ns.cloudflare.com" in found["remedy"]


def test_an_open_door_has_its_own_exit_code(ztctl: Ztctl, account: Account) -> None:
    """It comes before every other fault: here that no connector runs."""
    (ztctl.folder / "ztctl.yaml").write_text(UNCHECKED)
    assert ztctl.at(account)("apply", "--auto-approve").code == 0
    body = {"include": [{"everyone": {}}], "decision": "bypass", "name": "open"}
    policy = account.post("/accounts/{account}/access/policies", body)
    app = {"type": "self_hosted", "domain": f"{HOST}/x", "policies": [policy["id"]]}
    account.post("/accounts/{account}/access/apps", app)

    done = check(ztctl.at(account))

    assert (done.code, checks(done)["D5"]["opens"]) == (5, True)


def test_the_way_is_asked_for_a_login(project: Ztctl) -> None:
    """Of the application that the files declare; in the sandbox at its own edge."""
    assert project("apply", "--sandbox", "--auto-approve").code == 0

    found = checks(project("ssh", "check", "--sandbox", "--format", "json"))

    assert [found[it]["verdict"] for it in ("N3", "N4", "N6")] == ["pass", "pass", "not-seen"]


def test_a_way_that_nobody_answers_is_not_seen(applied: Ztctl) -> None:
    """It is called neither open nor closed."""
    found = checks(check(applied))

    assert {found[it]["verdict"] for it in ("N1", "N2", "N3", "N4", "N6")} == {"not-seen"}


def test_a_host_needs_no_file(ztctl: Ztctl) -> None:
    """The way to it and this laptop are looked at, and what was not is said not to be seen."""
    done = ztctl("ssh", "check", "host.invalid", "--format", "json")

    found = checks(done)
    assert done.code == 2
    assert (found["N1"]["verdict"], found["D1"]["verdict"]) == ("fail", "not-seen")
    assert found["C6"]["verdict"] == "pass"


def test_a_server_tells_of_itself(ztctl: Ztctl) -> None:
    """What the script said there is part of the table, with its remedies."""
    (ztctl.folder / "said").write_text(REPORT)

    done = check(ztctl, "host.invalid", "--server", "said")

    found = checks(done)
    assert (done.code, found["H8"]["verdict"], found["H8"]["remedy"]) == (2, "fail", "useradd")
    assert "H1" not in found


def test_what_no_server_said_is_an_error(ztctl: Ztctl) -> None:
    """And how to get it is told, before anybody is asked."""
    (ztctl.folder / "said").write_text("hello\n")

    done = ztctl("ssh", "check", "host.invalid", "--server", "said")

    assert (done.code, "sh install.sh check" in done.err) == (1, True)


def test_a_pattern_is_no_host(ztctl: Ztctl) -> None:
    """Without a file it names nobody."""
    done = ztctl("ssh", "check", "*.example.com")

    assert (done.code, "stands for many names" in done.err) == (64, True)


def test_a_name_of_a_pattern_is_asked_for_itself(ztctl: Ztctl) -> None:
    """Where the files have the pattern alone, one of its names has a way that can be looked at."""
    (ztctl.folder / "ztctl.yaml").write_text(
        UNCHECKED.replace(" ssh.ex", " '*.ex").replace("com:", "com':")
    )

    done = check(ztctl, "a.example.com")

    assert {it["host"] for it in checks(done).values()} == {"a.example.com", None}
    assert "it stands for many names" not in done.out


def test_it_fits_a_terminal(applied: Ztctl) -> None:
    """No line is wider than 80 columns, and what was not seen is told once."""
    done = applied("ssh", "check", env={"COLUMNS": "80", **ALONE})

    assert max(map(len, done.out.splitlines())) <= 80
    assert done.out.count("not seen from here") == 1
