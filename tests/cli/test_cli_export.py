"""Promises about ``ztctl export``: the files, what is told beside them, and how it ends."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.account import Account
from tests.support.exporting import application, group, policy, record, rule, tunnel
from tests.support.terraform import A5, document, resource
from ztctl.cli.app import run
from ztctl.cli.exits import Exit
from ztctl.sandbox import open_sandbox

HOST = "ssh.example.com"
SECRET = "Y2FuYXJ5" * 6


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    """The account of this folder's sandbox, with one host made by hand and secrets in it."""
    (tmp_path / ".ztctl").mkdir()
    monkeypatch.chdir(tmp_path)
    account = Account(tmp_path)
    account.sandbox = open_sandbox(tmp_path / ".ztctl" / "sandbox.jsonl")
    std = policy(account, session_duration="24h")
    body = {"name": "other", "config_src": "cloudflare", "tunnel_secret": SECRET}
    account.call("POST", "{A}/cfd_tunnel", body)
    pool = tunnel(account, [rule(HOST)])
    record(account, HOST, pool)
    application(account, HOST, policies=[std], app_launcher_visible=False)
    provider = {"name": "Corporate", "type": "okta", "config": {"client_secret": SECRET}}
    account.call("POST", "{A}/access/identity_providers", provider)
    return account


def test_what_no_file_states_is_told_and_ends_with_two(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """The YAML is all that standard output holds; what it lacks is named beside it, by its id."""
    code = run(["export", "--sandbox", "--stack", "prod"])

    out, err = capsys.readouterr()
    missing = account.one("tunnels", name="other")["id"]
    assert code == Exit.DIFFERENT
    assert list(yaml.safe_load(out)["hosts"]) == [HOST]
    assert f"not exported: tunnel 'other' ({missing})" in err
    assert missing in out.partition("version:")[0]
    assert SECRET not in out + err


def test_on_one_terminal_what_is_missing_is_told_once(
    account: Account, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The head of the YAML is before the same eyes as standard error."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)

    code = run(["export", "--sandbox", "--stack", "prod"])

    out, err = capsys.readouterr()
    assert code == Exit.DIFFERENT
    assert (out + err).count(account.one("tunnels", name="other")["id"]) == 1


def test_a_whole_export_ends_with_zero_and_plans_nothing_but_adoptions(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file goes on with plan; a second export does not overwrite it."""
    selection = ["--sandbox", "--stack", "prod", "--host", HOST, "-o", "live.yaml"]

    assert run(["export", *selection]) == Exit.DONE
    assert "\nztctl plan -f live.yaml --sandbox\n" in capsys.readouterr().err
    assert run(["export", *selection]) == Exit.ERROR
    assert "live.yaml is there already" in capsys.readouterr().err
    assert run(["plan", "--sandbox", "-f", "live.yaml", "--format", "json"]) == Exit.DONE

    changes = json.loads(capsys.readouterr().out)["resource_changes"]
    kept = [it for it in changes if it["type"] != "access_tag"]
    assert kept
    assert all("importing" in it["change"] for it in kept)


def test_a_folder_has_a_file_for_each_section(account: Account) -> None:
    """They are read together, and each says whose it is."""
    run(["export", "--sandbox", "--stack", "prod", "-o", "live/"])

    names = sorted(it.name for it in account.folder.joinpath("live").iterdir())
    assert names == ["hosts.yaml", "policies.yaml", "tunnels.yaml"]
    assert run(["validate", "-f", "live"]) == Exit.DONE


def test_a_folder_with_files_of_its_own_is_no_place_for_proved_ones(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Read beside them, others would say more than was proved, even a link to nowhere."""
    folder = account.folder / "live"
    folder.mkdir()
    (folder / "README.md").write_text("what is live", encoding="utf-8")
    old = folder / "old.yaml"
    old.symlink_to(account.folder / "nowhere")

    code = run(["export", "--sandbox", "--stack", "prod", "-o", "live"])

    assert code == Exit.ERROR
    assert "live/old.yaml is there already" in capsys.readouterr().err
    assert [*folder.glob("*.yaml")] == [old]
    old.unlink()
    assert run(["export", "--sandbox", "--stack", "prod", "-o", "live"]) == Exit.DIFFERENT


def test_files_that_cannot_all_be_written_are_taken_back(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Some of them would say less than what was proved."""
    opened = Path.open

    def full(path: Path, mode: str = "r", **more: Any) -> Any:
        if mode == "xb" and path.name == "tunnels.yaml":
            raise OSError(errno.ENOSPC, "No space left on device")
        return opened(path, mode, **more)

    monkeypatch.setattr(Path, "open", full)

    code = run(["export", "--sandbox", "--stack", "prod", "-o", "live/"])

    assert code == Exit.ERROR
    assert "cannot write live/tunnels.yaml: no space left" in capsys.readouterr().err
    assert [*(account.folder / "live").iterdir()] == []


def test_the_next_steps_are_commands_of_a_shell(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the path is, what is pasted names it."""
    run(["export", "--sandbox", "--stack", "prod", "-o", "what is live; x.yaml"])

    assert "ztctl plan -f 'what is live; x.yaml' --sandbox\n" in capsys.readouterr().err


def test_how_terraform_forgets_is_not_written_over(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file of last time may not be run yet; nothing else is written then."""
    given = account.folder / "terraform.json"
    given.write_text(json.dumps(document()), encoding="utf-8")
    (account.folder / "state-rm.sh").write_text("#", encoding="utf-8")

    command = ["export", "--sandbox", "--stack", "prod", "--from-terraform", str(given)]
    code = run([*command, "--forget", ".", "-o", "live.yaml"])

    assert code == Exit.ERROR
    assert "another folder by --forget" in capsys.readouterr().err
    assert not (account.folder / "live.yaml").exists()


@pytest.mark.parametrize("out", ["", " "])
def test_an_empty_path_is_no_folder(
    account: Account, capsys: pytest.CaptureFixture[str], out: str
) -> None:
    """As of a variable that is not set: nothing is written, and not to the root of the disk."""
    before = {*account.folder.iterdir()}

    assert run(["export", "--sandbox", "--stack", "prod", "-o", out]) == Exit.USAGE

    assert "-o is empty" in capsys.readouterr().err
    assert {*account.folder.iterdir()} == before


def test_a_snapshot_is_exported_as_the_account_is(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a token and a call, somebody else gets the same file."""
    run(["export", "--sandbox", "--stack", "prod", "-q"])
    live = capsys.readouterr().out
    run(["snapshot", "live.json", "--sandbox"])
    capsys.readouterr()

    run(["export", "--live", "live.json", "--stack", "prod", "-q"])

    assert capsys.readouterr().out == live


def test_terraform_comes_over_and_is_told_how_to_forget(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """The files by which it forgets are new ones; no secret of its document is in any output."""
    group_id = group(account, "The team")
    ours = resource(f"{A5}_group.ops", {"id": group_id, "canary": SECRET})
    Path("terraform.json").write_text(json.dumps(document(ours)))
    command = ["export", "--sandbox", "--stack", "prod", "--from-terraform", "terraform.json"]

    assert run([*command, "--forget", "forget", "-o", "live.yaml"]) == Exit.DONE
    assert run([*command, "--forget", "forget"]) == Exit.ERROR

    out, err = capsys.readouterr()
    block = Path("forget/removed.tf").read_text()
    assert "Wrote forget/removed.tf." in err
    assert "Adopt nothing before Terraform has forgotten what was taken, as forget says." in err
    assert "forget/removed.tf is there already" in err
    assert f"from = {A5}_group.ops" in block
    assert [*yaml.safe_load(Path("live.yaml").read_text())["groups"]] == ["ops"]
    assert SECRET not in out + err + block + Path("live.yaml").read_text()


def test_a_document_that_is_none_is_an_error_with_the_path(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is read of the account, and nothing of the document is repeated."""
    command = ["export", "--sandbox", "--stack", "prod", "--from-terraform", "terraform.json"]
    wrong = resource(f"{A5}_group.ops", {"id": SECRET})
    for text, said in (
        (json.dumps(document(wrong)), "values.root_module.resources[0]: `values.id` is no id"),
        (json.dumps({"version": 4, "serial": 1, "lineage": SECRET}), "terraform show -json"),
        (SECRET, "is no document of Terraform: not JSON"),
    ):
        Path("terraform.json").write_text(text)
        assert run(command) == Exit.ERROR
        out, err = capsys.readouterr()
        assert said in err
        assert SECRET not in out + err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--sandbox"], Exit.USAGE, "--stack is missing"),
        (["--sandbox", "--stack", "No Name"], Exit.USAGE, "no name of a stack"),
        (["--sandbox", "--stack", "prod", "--host", "shh.example.com"], Exit.ERROR, HOST),
        (["--sandbox", "--stack", "prod", "--zone", "example.net"], Exit.ERROR, "example.com"),
        (["--sandbox", "--stack", "prod", "--tunnel", "pol"], Exit.ERROR, "pool"),
        (["--sandbox", "--stack", "prod", "--tag", "none"], Exit.ERROR, "no live application"),
        (["--sandbox", "--stack", "prod", "--from-terraform", "no"], Exit.ERROR, "cannot read no"),
        (["--sandbox", "--stack", "prod", "--forget", "x"], Exit.USAGE, "goes with"),
    ],
)
def test_what_is_not_there_is_said(
    account: Account,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: Exit,
    said: str,
) -> None:
    """A selection of nothing is an error with what may have been meant."""
    assert run(["export", *arguments]) == code
    assert said in capsys.readouterr().err
