"""Promises about ``--format html`` on the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.account import Account
from tests.support.audited import ByHand

Ztctl = Any


def test_a_plan_goes_to_a_file(project: Ztctl) -> None:
    """Standard output is the file and nothing else; what is for people is beside it."""
    done = project("plan", "--sandbox", "--format", "html", "--out", "plan.json", "--digest")

    assert done.code == 0
    assert (done.out[:15], done.out[-8:]) == ("<!DOCTYPE html>", "</html>\n")
    assert "ssh.example.com" in done.out
    assert "The plan is saved" in done.err
    assert "Digest: " in done.err


def test_an_audit_goes_to_a_file(ztctl: Ztctl, tmp_path: Path) -> None:
    """So does an audit, of the whole account and of one name; the exit code is what it was."""
    hand = ByHand(Account(tmp_path))
    hand.host("grafana.example.com", service="http://10.0.0.4:3000")
    exported = json.dumps(hand.account.sandbox.export())
    (ztctl.folder / "account.json").write_text(exported, encoding="utf-8")
    ztctl("sandbox", "import", "account.json")

    whole = ztctl("audit", "--sandbox", "--format", "html")
    one = ztctl("audit", "--sandbox", "--format", "html", "--explain", "grafana.example.com")

    for done in (whole, one):
        assert (done.code, done.err) == (5, "")
        assert done.out.startswith("<!DOCTYPE html>")
        assert "http://10.0.0.4:3000" in done.out
        facts = dict(re.findall(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", done.out))
        assert facts["Account"] == hand.account.sandbox.account_id
        assert re.fullmatch(r"\d+ [A-Z][a-z]{2} \d{4} \d\d:\d\d \S+", facts["Made"])


@pytest.mark.parametrize("command", ["validate", "apply", "who a.example.com", "history"])
def test_a_command_without_a_page_has_no_such_format(command: str, project: Ztctl) -> None:
    """Where there is nothing to look at, the word is wrong usage, and help does not name it."""
    done = project(*command.split(), "--format", "html")
    helped = project(command.split(maxsplit=1)[0], "--help")

    assert (done.code, done.out) == (64, "")
    assert "html" in done.err
    assert "text, json, markdown" in " ".join(helped.out.replace("│", " ").split())
    assert "html" not in helped.out


def test_an_error_leaves_no_file(project: Ztctl) -> None:
    """A command that fails writes nothing on standard output."""
    done = project("plan", "--sandbox", "--format", "html", "-f", "missing.yaml")

    assert (done.code, done.out) == (1, "")
    assert "missing.yaml" in done.err
