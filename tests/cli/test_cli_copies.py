"""Promises about ``--local``: a copy of the file by which a server runs its tunnel."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.account import Account
from tests.support.audited import ByHand
from ztctl.cli.copies import copies_of
from ztctl.cli.settings import Settings
from ztctl.core.model.diagnostics import Problems

Ztctl = Any
HOST, NEW = "legacy.example.com", "new.example.com"
COPY = """\
tunnel: office
credentials-file: /etc/cloudflared/office.json
ingress:
  - hostname: {name}
    service: ssh://localhost:22
  - service: http_status:404
"""
LEADS = f"""\
version: 1
stack: prod
dns:
  {NEW}: {{tunnel: {{live: office}}}}
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A name that leads to a tunnel which its server configures."""
    hand = ByHand(Account(tmp_path_factory.mktemp("made")))
    hand.tunnel("office", source="local")
    hand.record(HOST, "office")
    return json.dumps(hand.account.sandbox.export())


@pytest.fixture
def lived_in(ztctl: Ztctl, exported: str) -> Ztctl:
    """The command line in a folder with that account as its sandbox."""
    (ztctl.folder / "account.json").write_text(exported, encoding="utf-8")
    assert ztctl("sandbox", "import", "account.json").code == 0
    return ztctl


def copied(folder: Path, name: str = "other.example.com", text: str = COPY) -> str:
    """Write a copy that serves a name; the option that names it."""
    (folder / "office.yml").write_text(text.format(name=name), encoding="utf-8")
    return "office=office.yml"


def flat(text: str) -> str:
    """The text in one line, wherever it was broken."""
    return " ".join(text.split())


TRUST = (
    "This is as true as a copy that is trusted: ! what the tunnel office serves is told by "
    "office.yml, a copy: what its server really runs is not known"
)


def test_who_answers_by_the_copy_and_says_that_it_is_one(lived_in: Ztctl) -> None:
    """Nobody gets to a name that it does not serve; everybody to one that it does."""
    local = copied(lived_in.folder)
    closed = lived_in("who", HOST, "--sandbox", "--local", local)
    told = lived_in("who", HOST, "--sandbox", "--local", local, "--format", "json")
    copied(lived_in.folder, HOST)
    opened = lived_in("who", HOST, "--sandbox", "--local", local)
    without = lived_in("who", HOST, "--sandbox")

    assert [it.code for it in (closed, opened, without)] == [0, 5, 5]
    assert f"Nobody gets to {HOST}." in closed.out
    assert TRUST in flat(closed.out)
    assert json.loads(told.out)["copies"][0]["file"] == "office.yml"
    assert "OPEN TO EVERYBODY" in opened.out
    assert "CANNOT BE TOLD" in without.out


def test_an_audit_by_a_copy_names_the_rules_and_the_trust(lived_in: Ztctl) -> None:
    """In place of a name that cannot be told of."""
    done = lived_in("audit", "--sandbox", "--local", copied(lived_in.folder, HOST))

    assert done.code == 5
    assert f"{HOST} → ssh://localhost:22 (tunnel office)" in flat(done.out)
    assert "UNSEEN" not in done.out
    assert "office.yml is trusted for it" in flat(done.out)


@pytest.mark.parametrize(
    "text",
    [
        "ingress: " + "[" * 60_000,
        "tunnel: office\ningress: 7\n",
        "",
        "tunnel: office\n",
        COPY.format(name=HOST).replace("  - service: http_status:404\n", ""),
        COPY.format(name="7").replace("ssh://", ""),
        # What is served then is something else than the rules say, or of another tunnel.
        f"token: eyJhIjoi\n{COPY.format(name=HOST)}",
        f"token-file: /etc/cloudflared/token\n{COPY.format(name=HOST)}",
        f"management-hostname: {HOST}\n{COPY.format(name='other.example.com')}",
    ],
)
def test_a_copy_that_cannot_be_understood_is_an_error(tmp_path: Path, text: str) -> None:
    """With its position; never a reason to go on as if none were given."""
    path = tmp_path / "office.yml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(Problems, match=r"office\.yml:\d+:\d+: "):
        copies_of(Settings(copies=(("office", path),)), None)


def test_a_copy_that_is_missing_ends_the_command(lived_in: Ztctl) -> None:
    """Though the answer without it is known to be careful."""
    done = lived_in("audit", "--sandbox", "--local", "office=office.yml")

    assert (done.code, done.out) == (1, "")
    assert "office.yml" in done.err


def test_what_a_copy_holds_reaches_no_terminal_as_it_is(lived_in: Ztctl) -> None:
    """Not even what cloudflared takes."""
    text = COPY.replace("    service", '    path: "\\e]0;\\u202e"\n    service')

    done = lived_in("who", HOST, "--sandbox", "--local", copied(lived_in.folder, HOST, text))

    assert done.code == 5
    assert not {"\x1b", "\u202e"} & set(done.out + done.err)


def test_an_option_that_names_no_file_is_wrong_usage(lived_in: Ztctl) -> None:
    """So is a copy beside a saved plan, which names its copies itself."""
    half = lived_in("audit", "--sandbox", "--local", "office")
    beside = lived_in("apply", "plan.json", "--sandbox", "--local", "office=office.yml")

    assert [half.code, beside.code] == [64, 64]
    assert "--local NAME=FILE" in half.err


def test_a_saved_plan_reads_its_copies_again(lived_in: Ztctl) -> None:
    """One that says something else now, or is gone, is no more what the plan was decided by."""
    folder = lived_in.folder
    (folder / "ztctl.yaml").write_text(LEADS, encoding="utf-8")
    local = copied(folder)
    applied = ("apply", "plan.json", "--sandbox", "--auto-approve")
    shown = lived_in("plan", "--sandbox", "--local", local, "--out", "plan.json")
    copied(folder, NEW)
    changed = lived_in(*applied)
    (folder / "office.yml").unlink()
    gone = lived_in(*applied)
    copied(folder)
    same = lived_in(*applied)

    assert (shown.code, TRUST in flat(shown.out)) == (0, True)
    assert [it.code for it in (changed, gone, same)] == [4, 1, 0]
    assert "office.yml" in gone.err


def test_a_plan_without_the_copy_is_refused(lived_in: Ztctl) -> None:
    """A record that leads to a tunnel which may serve anything opens the name."""
    (lived_in.folder / "ztctl.yaml").write_text(LEADS, encoding="utf-8")

    assert lived_in("plan", "--sandbox").code == 4


DECLARED = f"""\
version: 1
stack: prod
policies:
  team: {{decision: allow, include: [{{email: ann@example.com}}]}}
tunnels:
  pool: {{config: local, config_file: pool.yml}}
hosts:
  {NEW}: {{tunnel: pool, service: 'ssh://10.0.0.1:22', policies: [team], access: false}}
"""


def test_drift_of_a_server_s_file_says_what_to_do(ztctl: Ztctl) -> None:
    """No apply puts it back, and a saved plan holds no more once the copy is another one."""
    folder = ztctl.folder
    file, copy = folder / "ztctl.yaml", folder / "pool.yml"
    file.write_text(DECLARED.replace(", config_file: pool.yml", ""), encoding="utf-8")
    assert ztctl("apply", "--sandbox", "--auto-approve").code == 0
    file.write_text(DECLARED, encoding="utf-8")
    copy.write_text(COPY.format(name=NEW).replace("office", "pool"), encoding="utf-8")
    drift = ztctl("drift", "--sandbox")
    saved = ztctl("plan", "--sandbox", "--out", "plan.json")
    copy.write_text(copy.read_text("utf-8").replace("localhost", "10.0.0.1"), encoding="utf-8")
    moved = ztctl("apply", "plan.json", "--sandbox", "--auto-approve")
    in_step = ztctl("drift", "--sandbox")

    assert (drift.code, saved.code, moved.code, in_step.code) == (2, 0, 4, 0)
    assert "`ztctl tunnel files pool`" in flat(drift.out)
    assert "told by pool.yml, a copy" in flat(drift.out)


def test_a_copy_that_is_missing_is_told_where_it_is_named(ztctl: Ztctl) -> None:
    """The place is that of the tunnel, and the hint says what belongs there."""
    text = (
        "version: 1\nstack: prod\ntunnels:\n"
        "  office: {config: local, config_file: copies/office.yml}\n"
    )
    (ztctl.folder / "ztctl.yaml").write_text(text, encoding="utf-8")

    done = ztctl("validate")

    told = flat(done.out + done.err)
    assert done.code == 1
    assert "ztctl.yaml:4:3: error: tunnel.office: `config_file`: cannot read copies/office" in told
    assert "copy the config.yml of the tunnel's server there" in told
