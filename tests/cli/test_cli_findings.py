"""Promises about findings for code scanning and CI, by the command line."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Account, Ztctl

OPEN = """\
version: 1
stack: demo
tunnels: {pool: {ingress: [{hostname: web.example.com, service: "http://localhost:80"}]}}
dns: {web.example.com: {tunnel: pool}}
"""


@pytest.fixture
def opened(project: Ztctl, account: Account) -> Ztctl:
    """A project whose one host is open to everybody."""
    ztctl = project.at(account)
    (ztctl.folder / "ztctl.yaml").write_text(OPEN, encoding="utf-8")
    words = ("--auto-approve", "--allow-exposure", "web.example.com")
    assert ztctl("apply", *words).code == 0
    return ztctl


def places(text: str) -> dict[str, tuple[str, int]]:
    """By rule the file and line of each result."""
    (run,) = json.loads(text)["runs"]
    found = {}
    for result in run["results"]:
        physical = result["locations"][0]["physicalLocation"]
        where = physical["artifactLocation"]["uri"], physical["region"]["startLine"]
        found[result["ruleId"]] = where
    return found


def test_an_open_door_appears_in_code_scanning_and_goes(opened: Ztctl) -> None:
    """At the line that declares it; the next upload, from which it is missing, closes it."""
    before = opened("audit", "--format", "sarif", "-f", "ztctl.yaml")
    opened("destroy", "--auto-approve")
    after = opened("audit", "--format", "sarif", "-f", "ztctl.yaml")

    assert (before.code, after.code) == (5, 0)
    assert places(before.out)["no-cover"] == ("ztctl.yaml", 4)
    assert places(after.out) == {}


def test_without_files_the_accept_file_has_the_place(opened: Ztctl) -> None:
    """An acceptance that holds no more is where somebody decides again."""
    opened("audit", "--write-accept", "accept.yaml")
    path = opened.folder / "accept.yaml"
    text = path.read_text(encoding="utf-8").replace("reason:", "reason: for all #")
    path.write_text(text.replace("until: 2", "until: 1"), encoding="utf-8")

    done = opened("audit", "--format", "sarif", "--accept", "accept.yaml")

    assert done.code == 5
    assert places(done.out)["no-cover"][0] == "accept.yaml"


def test_else_the_place_is_the_one_that_is_given(opened: Ztctl) -> None:
    """Every result has one, or code scanning refuses all of them."""
    words = ("--format", "sarif", "--sarif-location", "infra/README.md")

    assert places(opened("audit", *words).out)["no-cover"] == ("infra/README.md", 1)


def test_drift_is_annotated_at_its_line(opened: Ztctl) -> None:
    """What differs stands at what declares it; the exit code is that of every format."""
    path = opened.folder / "ztctl.yaml"
    path.write_text(OPEN.replace(":80", ":81"), encoding="utf-8")

    done = opened("drift", "--format", "github")

    assert done.code == 5
    assert "::error file=ztctl.yaml,line=3,col=11,title=ztctl drift%3A " in done.out


def test_a_report_that_failed_is_no_upload(project: Ztctl, account: Account) -> None:
    """An empty one would close every alert."""
    account.sandbox.faults.add(kind="status", status=403, path="/zones", times=None)

    done = project.at(account)("audit", "--format", "sarif")

    assert (done.code, done.out) == (1, "")


def test_what_was_not_read_is_no_whole_state(opened: Ztctl, account: Account) -> None:
    """The exit code says so, by which a job leaves the upload out."""
    account.sandbox.faults.add(kind="status", status=403, path="/cfd_tunnel", times=None)

    done = opened("audit", "--format", "sarif")

    (invocation,) = json.loads(done.out)["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    assert done.code in (1, 5)


def test_quiet_leaves_nothing_out(project: Ztctl, account: Account) -> None:
    """No finding is a state, too, which closes what was open."""
    ztctl = project.at(account)
    ztctl("apply", "--auto-approve")

    done = ztctl("drift", "--quiet", "--format", "sarif")

    assert done.code == 0
    assert places(done.out) == {}


def test_problems_of_files_are_annotations(project: Ztctl) -> None:
    """In a pull request each stands at its line."""
    (project.folder / "ztctl.yaml").write_text("version: 1\nstack: UPPER\n", encoding="utf-8")

    done = project("validate", "--format", "github")

    assert done.code == 1
    assert done.out.startswith(
        "::error file=ztctl.yaml,line=2,col=8,title=ztctl validate%3A error::"
    )
