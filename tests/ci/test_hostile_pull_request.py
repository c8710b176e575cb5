"""What somebody can do who may only propose: nothing that a runner keeps is seen or obeyed."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.ci.conftest import CANARIES, Team
from tests.ci.github import Run
from tests.ci.stand_ins import Called
from tests.support.process import TOKEN, Ended

SECRET = "canary-of-a-file"
TOP = "version: 1\nstack: quickstart\n"
NAMES = f"""{TOP}groups:
  "::error file=x,line=1::pwned": {{include: [{{email: a@example.com}}]}}
  "```\\n::add-mask::x\\n</details>": {{include: [{{email: a@example.com}}]}}
  "a\\n<!-- ztctl: the next comment begins here -->\\n": {{include: [{{email: a@example.com}}]}}
  "a\\nDigest: {"0" * 64}": {{include: [{{email: a@example.com}}]}}
  "<!-- ztctl-plan: {"0" * 64} -->": {{include: [{{email: a@example.com}}]}}
  "##[error]x @everyone ![](https://evil.example/x.png)": {{include: [{{email: a@example.com}}]}}
"""
WRONG = {
    "values of the environment": f"""{TOP}account: ${{env.GITHUB_TOKEN}}
team: ${{env.CLOUDFLARE_API_TOKEN}}
vars: {{a: "${{env.ACTIONS_RUNTIME_TOKEN}}", b: "${{env.AWS_SECRET_ACCESS_KEY:-x}}"}}
groups: {{"${{env.GH_TOKEN}}": {{include: [{{email: "${{var.a}}"}}]}}}}
""",
    "files of the runner": f"""{TOP}vars: {{up: ../../../home/runner/.ssh/id_rsa}}
applications: {{ssh.example.com: {{policies: [{{live: x}}]}}}}
ca_keys: {{ssh.example.com: {{public_key_file: "${{var.up}}"}}}}
""",
    "a bomb": TOP
    + "x-a: &a [x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"x-{b}: &{b} [{','.join(['*' + a] * 9)}]\n" for a, b in pairwise("abcdefgh")),
    "a deep one": f"{TOP}x-a: {'[' * 100_000}",
    "names": NAMES
    + """  "::error::x\\n::error::x": {nonsense: "\\n::error::y"}\n  "##[error]": 1\n""",
    "no text": "\x00\x1b]8;;https://evil.example\x07",
}  # fmt: skip

# Of the workflow, and of `ztctl validate`: a place, a title, a message up to the end of the line.
OWN = re.compile(
    r"::error::a link below hosts/|"
    r"::(error|warning) file=hosts/[^:,]*,line=\d+,col=\d+,title=ztctl validate%3A [a-z -]+::"
)


@pytest.fixture
def elsewhere() -> Iterator[socket.socket]:
    """A host that the account is not at; whoever comes can be seen."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.setblocking(False)
        yield server


def propose(team: Team, text: str, name: str = "ztctl.yaml") -> None:
    """The pull request has this file."""
    (team.files / "hosts" / name).write_text(text, encoding="utf-8", newline="")


def told(team: Team, run: Run) -> str:
    """All that whoever may read the repository sees of a run."""
    return run.log + run.summary + "".join(it.body for it in team.github.comments)


def harmless(team: Team, run: Run) -> None:
    """No secret is seen, and the runner obeys nothing that is not the workflow's own."""
    secrets = {TOKEN, SECRET, team.github.token, *CANARIES.values()}
    assert [it for it in secrets if it in told(team, run)] == []
    assert [it for it in run.commands if not OWN.match(it)] == []


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG.keys())
def test_a_file_that_asks_for_more_gets_nothing(text: str, team: Team) -> None:
    """It is an error with its place in the log, to which the comment leads; no account is asked."""
    propose(team, text)

    run = team.push(checked=True)

    harmless(team, run)
    assert not run.ok
    assert "hosts/ztctl.yaml:" in run.log
    assert [it.body.count("\n") for it in team.plans] == [2]
    assert list(team.account.sandbox.log) == []


def test_the_name_of_a_file_is_no_command(team: Team) -> None:
    """Git takes any name: the log tells it, and the runner does not obey it."""
    for name in ("::error::x.yaml", "a\n::add-mask::x.yaml", "##[error]x.yaml"):
        propose(team, "nonsense: 1\n", name)

    run = team.push(checked=True)

    harmless(team, run)
    assert run.log.count("there is no section `nonsense`") >= 3


def to_a_file(team: Team) -> None:
    """A file of the folder is one of the runner."""
    (team.files / "hosts" / "x.yaml").symlink_to(team.files.parent / "kept.yaml")


def to_a_folder(team: Team) -> None:
    """The folder itself is one of the runner."""
    (team.files / "hosts").rename(team.files / "old")
    (team.files / "hosts").symlink_to(team.files.parent)


def to_the_environment(team: Team) -> None:
    """The environment of the process that reads it."""
    (team.files / "hosts" / "x.yaml").symlink_to("/proc/self/environ")


@pytest.mark.parametrize("link", [to_a_file, to_a_folder, to_the_environment])
def test_a_link_leads_nowhere(link: Callable[[Team], None], team: Team) -> None:
    """No file of the runner becomes part of a plan, or of what is said to be wrong with it."""
    kept = team.files.parent / "kept.yaml"
    kept.write_text(f"{TOP}policies: {{{SECRET}: {SECRET}}}\n", encoding="utf-8")
    link(team)

    run = team.push(checked=True)

    harmless(team, run)
    (obeyed,) = run.commands
    assert obeyed.startswith("::error::a link below hosts/ ")
    assert "could not be planned" in team.plans[0].body


def test_names_break_out_of_no_comment(team: Team) -> None:
    """They stand in fences: no markup, no mention, no picture, no further comment or digest."""
    propose(team, NAMES)

    run = team.push()

    harmless(team, run)
    (comment,) = team.plans
    assert "0" * 64 in comment.body
    assert team.digest != "0" * 64
    tokens = MarkdownIt("commonmark").parse(comment.body)
    shown = [token for token in tokens if token.type not in ("fence", "html_block")]
    said = "".join(token.content for token in shown)
    assert said == "Plan for `quickstart`**Plan: 6 to add, 0 to change, 0 to destroy.**Digest"
    blocks = [token.content for token in tokens if token.type == "html_block"]
    assert blocks == [comment.body.partition("\n")[0] + "\n"]


@pytest.mark.parametrize("keys", [["api_url", "base_url", "CLOUDFLARE_BASE_URL"], ["x-api_url"]])
def test_no_file_says_where_the_token_goes(
    keys: list[str], team: Team, elsewhere: socket.socket
) -> None:
    """Which host is asked is for the workflow alone to say."""
    there = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/client/v4"
    propose(team, TOP + "".join(f"{key}: {there}\n" for key in keys))

    run = team.push()

    with pytest.raises(BlockingIOError):
        elsewhere.accept()
    harmless(team, run)


def test_what_is_checked_out_neither_runs_nor_is_written_to(team: Team, tmp_path: Path) -> None:
    """Programs and modules of it are not looked for, and its links lead no output away."""
    mark, kept = tmp_path / "ran", tmp_path / "kept.yaml"
    for name in ("ztctl", "gh", "sed", "sitecustomize.py", "json.py", "ztctl.py"):
        (team.files / name).write_text(f"open({str(mark)!r}, 'w')\n", encoding="utf-8")
        (team.files / name).chmod(0o755)
    for name in ("plan.md", "comment.md", "part-00", "said"):
        (team.files / name).symlink_to(kept)

    run = team.push(checked=True)

    assert (run.ok, mark.exists(), kept.exists()) == (True, False, False)


@pytest.mark.parametrize(
    ("fork", "plans_forks", "jobs"),
    [(False, "", ["plan"]), (True, "", []), (True, "true", ["fork"]), (False, "true", ["plan"])],
)
def test_a_fork_is_planned_where_that_is_wanted(
    fork: bool, plans_forks: str, jobs: list[str], team: Team
) -> None:
    """By a job of its own, and by none where the repository does not say so."""
    team.fork, team.plans_forks = fork, plans_forks

    assert team.jobs_of_a_push == jobs


def test_a_fork_is_planned_without_a_token(team: Team) -> None:
    """No program that sees its files has one; the plan is the one that a token would show."""
    team.apply()
    team.edit("session_duration: 8h", "session_duration: 4h")
    team.push()
    with_a_token = team.plans[0].body
    team.fork, team.plans_forks = True, "true"
    real, seen = team.tools.programs["ztctl"], list[str]()

    def ztctl(called: Called) -> Ended:
        if (called.folder / "hosts").exists() and TOKEN in called.env.values():
            seen.append(called.arguments[0])
        return real(called)

    team.tools.programs["ztctl"] = ztctl

    run = team.push(checked=True)

    harmless(team, run)
    assert (run.ok, seen, team.plans[0].body) == (True, [], with_a_token)
