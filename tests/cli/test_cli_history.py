"""Promises about the journal and ``ztctl history``: what was done is known, and what was before."""

from __future__ import annotations

import json
import re
import shutil
import stat
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.process import Ended
from ztctl.cli.app import run

Ztctl = Any
Account = Any
Start = Callable[..., Any]
Command = Callable[..., Ended]
QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart" / "ztctl.yaml"
JOURNAL = Path(".ztctl/journal.jsonl")


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Runs ``ztctl`` in this process, in a folder that holds the quickstart as its ztctl.yaml."""
    shutil.copy(QUICKSTART, tmp_path / "ztctl.yaml")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_BASE_URL"):
        monkeypatch.delenv(name, raising=False)

    def command(*arguments: str) -> Ended:
        capsys.readouterr()
        code = run(arguments)
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return command


def edit(old: str, new: str, file: Path = Path("ztctl.yaml")) -> None:
    """Edit the file."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def apply(here: Command, *options: str) -> Ended:
    """Apply on the sandbox."""
    done = here("apply", "--sandbox", "--auto-approve", *options)
    assert done.code == 0, done.err
    return done


def runs(here: Command, *options: str) -> list[Any]:
    """Every run, newest first."""
    told = here("history", *(options or ("--sandbox",)), "--format", "json")
    assert told.code == 0, told.err
    return [json.loads(line) for line in told.out.splitlines()]


# -- the runs ---------------------------------------------------------------------------------


def test_runs_are_listed_newest_first(here: Command) -> None:
    """One line a run: its id, when, for whom, how it ended, how many writes."""
    apply(here)
    edit("8h", "4h")
    apply(here)

    told = here("history", "--sandbox")

    first, second = runs(here)
    heads, newest, oldest = told.out.splitlines()
    assert (told.code, told.err) == (0, "")
    assert heads.split() == ["RUN", "BEGAN", "(UTC)", "WHO", "STACK", "ENDED", "WRITES"]
    assert newest.startswith(first["run"])
    assert newest.endswith("quickstart  complete  1 done")
    assert oldest.startswith(second["run"])
    assert oldest.endswith("quickstart  complete  9 done")


def test_who_ran_it_is_told(here: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the list, of one run, and in JSON: whose journal it is may be shared."""
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("USER", "Alexandra Öst")
    apply(here)

    (ran,) = runs(here)

    assert ran["who"] == "Alexandra Öst"
    assert "  Alexandra Öst  quickstart  complete" in here("history", "--sandbox").out
    assert " UTC by Alexandra Öst with ztctl " in here("history", "--sandbox", ran["run"]).out


def test_a_journal_that_does_not_say_who_is_read(here: Command) -> None:
    """Of a run that an earlier version wrote down nobody knows it, and nothing is made up."""
    apply(here)
    text = JOURNAL.read_text(encoding="ascii")
    JOURNAL.write_text(re.sub(r'"who":"[^"]*",', "", text), encoding="ascii")

    (ran,) = runs(here)

    assert ran["who"] is None
    assert here("history", "--sandbox", ran["run"]).code == 0


@pytest.mark.parametrize("content", [b"version: 1\n", b"\0\1\2", b'{"ztctl_plan": 1}\n'])
@pytest.mark.parametrize("words", [(), ("0a1b",)])
def test_a_file_that_is_no_journal_is_told(
    here: Command, content: bytes, words: tuple[str, ...]
) -> None:
    """It holds no runs because it is something else, which is not the same as no runs."""
    Path("other").write_bytes(content)

    told = here("history", "--journal", "other", *words)

    assert (told.code, told.out) == (1, "")
    assert told.err == (
        "error: other is no journal: it holds something else\n"
        "  hint: name the file that apply or destroy was given by --journal\n"
    )


def test_a_run_without_writes_is_none(here: Command) -> None:
    """A plan, and an apply that has nothing to do, leave no trace."""
    apply(here)
    before = JOURNAL.read_bytes()

    here("plan", "--sandbox")
    apply(here)

    assert JOURNAL.read_bytes() == before


def test_no_more_runs_than_asked_for(here: Command) -> None:
    """``--limit`` keeps the newest."""
    apply(here)
    edit("8h", "4h")
    apply(here)

    newest, _ = runs(here)

    assert runs(here, "--sandbox", "--limit", "1") == [newest]


def test_only_the_runs_of_a_stack(here: Command) -> None:
    """``--stack`` leaves out what is another stack's."""
    apply(here)

    assert len(runs(here, "--sandbox", "--stack", "quickstart")) == 1
    assert runs(here, "--sandbox", "--stack", "other") == []


@pytest.mark.parametrize("sandbox", [(), ("--sandbox",)])
def test_before_the_first_run_there_is_nothing(sandbox: tuple[str, ...], here: Command) -> None:
    """Asked too early, history says so, and writes nothing."""
    files = set(Path().rglob("*"))

    done = here("history", *sandbox)

    assert (done.code, done.out, done.err) == (0, "No runs.\n", "")
    assert set(Path().rglob("*")) == files


def test_a_run_tells_its_writes(here: Command) -> None:
    """Each write with what came of it, and how to see what was there before."""
    apply(here)
    edit("8h", "4h")
    apply(here)
    newest, oldest = runs(here)

    changed, made = (here("history", "--sandbox", item["run"]).out for item in (newest, oldest))

    assert "access_policy.ssh-team (update): done, id " in changed
    assert f"ztctl history {newest['run']} ADDRESS --sandbox\n" in changed
    assert [line[:2] for line in changed.splitlines() if "(update)" in line] == ["~ "]
    assert "dns_record.ssh.example.com (create): done" in made
    assert "Writes: 9 done." in made


def test_a_run_is_named_by_the_beginning_of_its_id(here: Command) -> None:
    """As much of the id as is unique is enough; nothing at all is not."""
    apply(here)
    edit("8h", "4h")
    apply(here)
    newest, _ = runs(here)

    short, none, several = (
        here("history", "--sandbox", word) for word in (newest["run"][:9], "zzz", "")
    )

    assert f"Run {newest['run']} of stack quickstart" in short.out
    assert (none.code, none.out) == (1, "")
    assert "there is no run zzz" in none.err
    assert several.code == 1


@pytest.mark.parametrize("format", ["json", "markdown"])
def test_a_run_is_told_in_every_format(format: str, here: Command) -> None:
    """One JSON document, or Markdown with the writes in a block."""
    apply(here)
    (only,) = runs(here)

    told = here("history", "--sandbox", only["run"], "--format", format).out

    if format == "json":
        document = json.loads(told)
        assert document.items() >= only.items()
        assert {item["status"] for item in document["writes"]} == {"done"}
        assert len(document["writes"]) == 9
    else:
        assert told.startswith(f"### Run `{only['run']}`\n\n<details>")
        assert "\n+ 2" in told


def test_a_failure_is_told(project: Ztctl, account: Account) -> None:
    """What failed is told with its reason, what waited for it is counted."""
    account.sandbox.faults.add(method="POST", path="/cfd_tunnel$", status=403, times=None)
    ztctl = project.at(account)
    ztctl("apply", "--auto-approve")

    (only,) = map(json.loads, ztctl("history", "--format", "json").out.splitlines())
    told = ztctl("history", only["run"]).out

    assert (only["status"], only["failed"], only["skipped"] > 0) == ("partial", 1, True)
    assert "tunnel.ssh-pool (create): failed: " in told


# -- the object before ------------------------------------------------------------------------


def test_a_deleted_object_is_read_back(here: Command) -> None:
    """After a destroy every object can be had as the API gave it."""
    apply(here)
    account = json.loads(here("sandbox", "show").out)
    here("destroy", "--sandbox", "--auto-approve", "--allow-ca-deletion", "all")
    newest, _ = runs(here)

    def raw(address: str) -> Any:
        told = here("history", "--sandbox", newest["run"], address, "--format", "json")
        return json.loads(told.out)["before"]["raw"]

    (policy,), (record,) = account["policies"], account["dns_records"]
    assert raw("access_policy.ssh-team")["include"] == policy["include"]
    assert raw("access_policy.ssh-team")["session_duration"] == "8h"
    assert raw("dns_record.ssh.example.com")["content"] == record["content"]
    assert raw("tunnel.ssh-pool")["config"]["ingress"][0]["service"] == "ssh://localhost:22"
    assert raw("access_application.ssh.example.com")["domain"] == "ssh.example.com"


def test_an_overwritten_object_is_read_back(here: Command) -> None:
    """The rules of a tunnel that an apply replaced are there, in text, ready to be copied."""
    apply(here)
    edit("ssh://localhost:22", "ssh://10.0.0.7:22")
    apply(here)
    newest, _ = runs(here)

    told = here("history", "--sandbox", newest["run"], "tunnel.ssh-pool")

    head, _, body = told.out.partition("\n")
    assert head.startswith("tunnel.ssh-pool before 2")
    assert json.loads(body)["config"]["ingress"][0]["service"] == "ssh://localhost:22"


def test_a_tunnel_that_was_renamed_first_is_whole_when_it_is_configured(here: Command) -> None:
    """The second write of a change finds the rules that the first one left alone."""
    apply(here)
    edit("ssh-pool:\n", "ssh-pool:\n    protect: true\n")
    edit("ssh://localhost:22", "ssh://10.0.0.7:22")
    apply(here)
    newest, _ = runs(here)

    told = here("history", "--sandbox", newest["run"], "tunnel.ssh-pool#configure")

    before = json.loads(told.out.partition("\n")[2])
    assert before["name"] == "ssh-pool.ztctl-quickstart.protect"
    assert before["config"]["ingress"][0]["service"] == "ssh://localhost:22"


def test_a_new_object_was_not_there(here: Command) -> None:
    """Before it was made there was nothing, which is no error."""
    apply(here)
    (only,) = runs(here)

    told = here("history", "--sandbox", only["run"], "tunnel.ssh-pool")

    assert told.code == 0
    assert told.out.startswith("tunnel.ssh-pool was not there before 2")


def test_an_object_that_was_not_written_is_not_there(here: Command) -> None:
    """An address that the run did not touch ends with 1 and points to those that it did."""
    apply(here)
    (only,) = runs(here)

    done = here("history", "--sandbox", only["run"], "tunnel.other")

    assert (done.code, done.out) == (1, "")
    assert f"run {only['run']} did not begin to write tunnel.other" in done.err
    assert f"ztctl history {only['run']} lists its writes" in done.err


# -- the place --------------------------------------------------------------------------------


def test_each_stack_of_an_account_has_a_journal_of_its_own(
    project: Ztctl, account: Account
) -> None:
    """It is below the person's state folder, for its owner alone, and found without a file."""
    ztctl = project.at(account)
    ztctl("apply", "--auto-approve")
    (project.folder / "ztctl.yaml").unlink()

    told = ztctl("history", "--stack", "quickstart")

    place = f".local/state/ztctl/{account.sandbox.account_id}/quickstart.jsonl"
    assert place in ztctl.files()
    assert stat.S_IMODE((ztctl.folder / place).stat().st_mode) == 0o600
    assert "complete  9 done" in told.out
    assert ztctl("history", "--stack", "other").out == "No runs.\n"


def test_the_state_folder_may_be_elsewhere(project: Ztctl, account: Account) -> None:
    """``XDG_STATE_HOME`` moves it; a relative one is ignored, as its specification says."""
    ztctl, id_ = project.at(account), account.sandbox.account_id
    ztctl("apply", "--auto-approve", env={"XDG_STATE_HOME": str(project.folder / "state")})
    edit("8h", "4h", project.folder / "ztctl.yaml")
    ztctl("apply", "--auto-approve", env={"XDG_STATE_HOME": "relative"})

    found = {name for name in ztctl.files() if name.endswith(".jsonl")}

    places = {"state/ztctl", ".local/state/ztctl"}
    assert found == {f"{place}/{id_}/quickstart.jsonl" for place in places}


def test_a_named_file_is_the_journal(here: Command) -> None:
    """``--journal`` takes the place of the default one, for apply, destroy and history."""
    apply(here, "--journal", "mine.jsonl")
    here("destroy", "--sandbox", "--auto-approve", "--journal", "mine.jsonl",
         "--allow-ca-deletion", "all")  # fmt: skip

    assert not JOURNAL.exists()
    assert len(runs(here, "--journal", "mine.jsonl")) == 2


@pytest.mark.parametrize("name", ["ztctl.yaml", "missing/j.jsonl", ".", "ztctl.yaml/j"])
def test_what_cannot_be_a_journal_stops_an_apply_before_its_first_write(
    name: str, here: Command
) -> None:
    """Nothing is changed, in the account or in the file, and the message names the file."""
    text = Path("ztctl.yaml").read_bytes()

    done = here("apply", "--sandbox", "--auto-approve", "--journal", name)

    assert done.code == 1
    assert "journal" in done.err
    assert Path("ztctl.yaml").read_bytes() == text
    assert json.loads(here("sandbox", "show").out)["tunnels"] == []


def test_without_a_home_a_journal_must_be_named(
    here: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no state folder, history asks for a file."""
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.delenv("HOME")

    done = here("history")

    assert done.code == 1
    assert "name a file by --journal" in done.err


def test_a_journal_that_is_not_there_is_an_error(here: Command) -> None:
    """A file that a person names must be there."""
    done = here("history", "--journal", "missing.jsonl")

    assert (done.code, done.out) == (1, "")
    assert "cannot read the journal missing.jsonl: no such file or directory" in done.err


# -- what others left in the file -------------------------------------------------------------


def test_damaged_lines_are_passed_over_and_told(here: Command) -> None:
    """A torn last line, and what is no record, take no run with them."""
    apply(here)
    with JOURNAL.open("ab") as file:
        file.write(b'not a record\n{"ztctl_journal":1,"event":"beg')

    done = here("history", "--sandbox")

    assert done.code == 0
    assert "complete  9 done" in done.out
    assert f"warning: {JOURNAL}: 2 lines are no records, and passed over" in done.err


def test_a_run_that_was_killed_at_once_leaves_a_journal(here: Command) -> None:
    """Of its first line only the beginning is there: that is damage, and no other sort of file."""
    Path("j.jsonl").write_bytes(b'{"ztctl_journal":1,"event":"beg')

    told = here("history", "--journal", "j.jsonl")

    assert (told.code, told.out) == (0, "No runs.\n")
    assert "warning: j.jsonl: 1 line is no record, and passed over" in told.err


@pytest.mark.parametrize("format", ["text", "json", "markdown"])
def test_what_a_terminal_obeys_is_shown_escaped(format: str, here: Command) -> None:
    """Escapes in a journal and in the objects that it holds move no cursor."""
    evil = "\x1b]0;owned\x07\u202e"
    record = {"ztctl_journal": 1, "event": "about", "run": "r1", "time": evil, "stack": evil}
    record |= {"address": "tunnel.x", "verb": evil, "action": evil, "before": {"raw": {evil: evil}}}
    Path("j.jsonl").write_text(json.dumps(record) + "\n", encoding="ascii")
    asked = ("--journal", "j.jsonl", "--format", format)

    said = [here("history", *words, *asked) for words in ((), ("r1",), ("r1", "tunnel.x"))]

    assert [one.code for one in said] == [0, 0, 0]
    for one in said:
        assert "owned" in one.out or format == "text"
        assert not {"\x1b", "\x07", "\u202e"} & set(one.out + one.err)


# -- secrets ----------------------------------------------------------------------------------


def tunnel_secrets(account: Account) -> list[str]:
    """The token of every tunnel of an account, and the secret in it."""
    path = f"{account.url}/accounts/{account.sandbox.account_id}/cfd_tunnel"
    headers = {"authorization": f"Bearer {account.env['CLOUDFLARE_API_TOKEN']}"}
    tunnels = httpx.get(path, headers=headers).json()["result"]
    tokens = [httpx.get(f"{path}/{one['id']}/token", headers=headers) for one in tunnels]
    found = [token.json()["result"] for token in tokens]
    return [word for token in found for word in (token, json.loads(b64decode(token))["s"])]


def test_a_journal_holds_no_secret(project: Ztctl, account: Account) -> None:
    """Neither the API token nor a tunnel's secret is in it, nor a value of the environment."""
    edit("8h", "${env.ZTCTL_X}", project.folder / "ztctl.yaml")
    ztctl, env = project.at(account), {"ZTCTL_X": "7h13m"}
    words = ("--auto-approve", "--journal", "j.jsonl")
    ztctl("apply", *words, env=env)
    secrets = [*tunnel_secrets(account), account.env["CLOUDFLARE_API_TOKEN"], "7h13m"]
    ztctl("destroy", *words, "--allow-ca-deletion", "all", env=env)

    text = (project.folder / "j.jsonl").read_text(encoding="ascii")

    assert len(secrets) == 4
    assert text.count('"how":"complete"') == 2
    assert "(env ZTCTL_X)" in text
    assert [word for word in secrets if word in text] == []


# -- a run that is cut off --------------------------------------------------------------------


def test_a_killed_run_leaves_what_it_was_about_to_do(
    project: Ztctl, account: Account, start: Start
) -> None:
    """After a kill -9 in the middle of a write the journal says which write that was."""
    gate = account.sandbox.gate("POST", "/cfd_tunnel$")
    ztctl = project.at(account)
    applying = start(ztctl, "apply", "--auto-approve")
    gate.wait()
    applying.process.kill()
    applying.process.wait(45)
    gate.opened.set()

    (only,) = map(json.loads, ztctl("history", "--format", "json").out.splitlines())
    told = ztctl("history", only["run"]).out

    assert (only["status"], only["ended"], only["unknown"]) == ("cut_off", None, 1)
    assert "tunnel.ssh-pool (create): nobody knows whether it was done" in told
    assert "access_policy.ssh-team (create): done" in told
    assert "ended: cut off, or still running" in told


def test_an_interrupted_run_says_so(project: Ztctl, account: Account, start: Start) -> None:
    """Ctrl-C ends a run between two steps, and its journal with it."""
    gate = account.sandbox.gate("POST", "/cfd_tunnel$")
    ztctl = project.at(account)
    applying = start(ztctl, "apply", "--auto-approve")
    gate.wait()
    applying.interrupt()
    applying.wait_for("interrupted: what is under way")
    gate.opened.set()
    applying.ended()

    (only,) = map(json.loads, ztctl("history", "--format", "json").out.splitlines())

    assert (only["status"], only["not_started"] > 0, only["unknown"]) == ("interrupted", True, 0)


def test_processes_share_a_journal(project: Ztctl, start: Start) -> None:
    """Lines that several processes write at once to one file are all whole."""
    folders = [project.folder / name for name in "abc"]
    for folder in folders:
        folder.mkdir()
        shutil.copy(QUICKSTART, folder)
    shared = str(project.folder / "shared.jsonl")
    words = ("apply", "--sandbox", "--auto-approve", "--journal", shared)

    running = [start(project.within(folder), *words) for folder in folders]
    assert [one.ended().code for one in running] == [0, 0, 0]

    told = project("history", "--journal", shared, "--format", "json")
    found = [json.loads(line) for line in told.out.splitlines()]
    assert told.err == ""
    assert [(one["status"], one["done"]) for one in found] == [("complete", 9)] * 3
