"""Promises about ``ztctl sandbox``'s scripts, export and import."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

Ztctl = Any
Start = Callable[..., Any]
LAST = "CLOUDFLARE_ACCOUNT_ID="


def serving(start: Start, ztctl: Ztctl, *options: object) -> httpx.Client:
    """A client of a served sandbox; its paths begin at the port's root."""
    text = start(ztctl, "sandbox", "serve", *options).wait_for(LAST, "out")
    url = next(line for line in text.splitlines() if line.startswith("CLOUDFLARE_BASE_URL="))
    root = httpx.URL(url.partition("=")[2]).copy_with(path="/")
    return httpx.Client(base_url=root, headers={"authorization": "Bearer sandbox"}, timeout=10)


def script(ztctl: Ztctl, text: str) -> str:
    """A script file."""
    (ztctl.folder / "script.json").write_text(text, encoding="utf-8")
    return "script.json"


def test_an_export_goes_back_in(project: Ztctl) -> None:
    """What export wrote is what export writes again after an import elsewhere."""
    project("apply", "--sandbox", "--auto-approve")
    first = project("sandbox", "export", "account.json")
    second = project("sandbox", "import", "account.json", "--state", "other.jsonl")
    again = project("sandbox", "export", "--state", "other.jsonl")

    assert (first.code, first.out, second.code, again.code) == (0, "", 0, 0)
    assert first.err == "Wrote account.json: the account, without secrets.\n"
    assert again.out == (project.folder / "account.json").read_text(encoding="ascii")
    assert second.err == "The sandbox in other.jsonl holds the account of account.json.\n"


def test_an_import_is_the_account_of_the_folder(project: Ztctl) -> None:
    """After an import every command with --sandbox works on the imported account."""
    project("apply", "--sandbox", "--auto-approve")
    project("sandbox", "export", "account.json")
    project("sandbox", "reset")

    assert project("sandbox", "import", "account.json").code == 0
    assert project("plan", "--sandbox", "--exit-code").code == 0


def test_export_overwrites_nothing(project: Ztctl) -> None:
    """A file that exists is left alone."""
    project("plan", "--sandbox")
    (project.folder / "thesis.txt").write_text("ten years of work\n", encoding="utf-8")

    done = project("sandbox", "export", "thesis.txt")

    assert (done.code, done.out) == (1, "")
    assert "error: thesis.txt exists already" in done.err
    assert (project.folder / "thesis.txt").read_text(encoding="utf-8") == "ten years of work\n"


def test_export_wants_a_sandbox(ztctl: Ztctl) -> None:
    """Where no sandbox is there is nothing to export, and none is made."""
    done = ztctl("sandbox", "export", "account.json")

    assert done.code == 1
    assert "there is no sandbox in .ztctl/sandbox.jsonl" in done.err
    assert ztctl.files() == set()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", ["not JSON"]),
        ("[]", ["the document: must be an object"]),
        ("{}", ["accounts: there must be one"]),
        ('{"accounts": [{}], "apps": 1}', ["accounts[0].id", "accounts[0].name", "apps: must be"]),
    ],
)
def test_a_wrong_account_is_told(ztctl: Ztctl, content: str, told: list[str]) -> None:
    """Every mistake of an account's file is told with its place, and nothing is changed."""
    ztctl("sandbox", "reset")
    before = ztctl("sandbox", "show").out
    (ztctl.folder / "account.json").write_text(content, encoding="utf-8")

    done = ztctl("sandbox", "import", "account.json")

    assert done.code == 1
    assert [one for one in told if f"error: account.json: {one}" not in done.err] == []
    assert ztctl("sandbox", "show").out == before


def test_a_missing_file_is_told(ztctl: Ztctl) -> None:
    """A file that is not there is an error with its name."""
    done = ztctl("sandbox", "import", "account.json")

    assert (done.code, done.err) == (1, "error: no such file or directory (account.json)\n")


def test_a_script_is_played(ztctl: Ztctl, start: Start) -> None:
    """Zones, faults and tokens of a script hold from the first call on."""
    file = script(
        ztctl,
        json.dumps(
            {
                "zones": ["example.org"],
                "tokens": [{"token": "sandbox", "permissions": ["Zone Read"]}],
                "faults": [{"nth": 2, "status": 503}],
            }
        ),
    )
    with serving(start, ztctl, "--script", file) as http:
        answers = [http.get("/client/v4/zones") for _ in range(2)]

    assert [one.status_code for one in answers] == [200, 503]
    assert len(answers[0].json()["result"]) == 2


def test_a_scripts_tokens_are_not_printed(ztctl: Ztctl, start: Start) -> None:
    """A token of a script is known to who wrote it, and is not printed."""
    file = script(ztctl, '{"tokens": [{"token": "hush-hush", "permissions": ["Zone Read"]}]}')
    process = start(ztctl, "sandbox", "serve", "--script", file)
    text = process.wait_for(LAST, "out")
    process.interrupt()
    done = process.ended()

    assert "hush-hush" not in text + done.out + done.err
    assert "CLOUDFLARE_API_TOKEN" not in text + done.out


def test_a_wrong_script_is_told(ztctl: Ztctl) -> None:
    """Every mistake of a script is told with its place, and nothing is served."""
    file = script(ztctl, '{"faults": [{"nth": 0}], "settings": {"awkward": 1}}')

    done = ztctl("sandbox", "serve", "--script", file)

    assert (done.code, done.out) == (1, "")
    assert "error: script.json: faults[0].nth: must be a whole number" in done.err
    assert "error: script.json: settings.awkward: must be true or false" in done.err


def test_settings_of_the_command_line(ztctl: Ztctl, start: Start) -> None:
    """--awkward and --latency hold beside, or instead of, a script's."""
    file = script(ztctl, '{"settings": {"quotas": true, "latency": 3600}}')
    options = ("--script", file, "--awkward", "--latency", "0.01")
    with serving(start, ztctl, *options) as http:
        answer = http.get("/client/v4/zones").json()
        log = http.get("/sandbox/log").json()["result"]

    assert "result_info" not in answer
    assert [entry["seconds"] for entry in log] == [0.01]


@pytest.mark.parametrize("seconds", ["-1", "nan", "inf"])
def test_an_impossible_latency_is_wrong_usage(ztctl: Ztctl, seconds: str) -> None:
    """A latency that is no time is wrong usage."""
    done = ztctl("sandbox", "serve", f"--latency={seconds}")

    assert done.code == 64
    assert "--latency: seconds must be from 0 to 86400 seconds" in done.err


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.com"])
def test_other_machines_are_kept_out(ztctl: Ztctl, host: str) -> None:
    """An address that others can reach is wrong usage unless it is asked for outright."""
    done = ztctl("sandbox", "serve", "--host", host)

    assert done.code == 64
    assert "the sandbox listens on this machine only" in done.err


def test_other_machines_when_asked_for(ztctl: Ztctl, start: Start) -> None:
    """With --allow-remote any address is listened on, after a warning."""
    process = start(ztctl, "sandbox", "serve", "--host", "0.0.0.0", "--allow-remote")
    text = process.wait_for(LAST, "out")
    process.interrupt()
    done = process.ended()

    assert "http://0.0.0.0:" in text
    assert done.err == "warning: whoever reaches this port can read and change the sandbox\n"
