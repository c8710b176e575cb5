"""A team that reviews changes of its account by pull requests, on a GitHub that stands in."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.ci.github import Comment, GitHub, Run, Runner, begins
from tests.ci.stand_ins import Called, StandIns
from tests.support.forking import Forks
from tests.support.process import TOKEN, Ended, environment
from ztctl.sandbox.server import served
from ztctl.sandbox.service import Sandbox

EXAMPLES = Path(__file__).parents[2] / "examples"
WORKFLOWS = EXAMPLES / "ci" / "github"
LOCKING = re.compile(r"\block-ztctl-")
DIGEST = re.compile(r"<!-- ztctl-plan: ([0-9a-f]{64}) -->\n")
# What a runner has in its environment, though no step asks for it.
CANARIES = {
    "GITHUB_TOKEN": "canary-of-the-runner",
    "ACTIONS_RUNTIME_TOKEN": "canary-of-the-runtime",
    "AWS_SECRET_ACCESS_KEY": "canary-of-another-cloud",
}


@dataclass(frozen=True)
class Account:
    """An account of the service on a loopback port."""

    sandbox: Sandbox
    url: str

    @property
    def written(self) -> list[str]:
        """Every request that changed something; those about the lock are left out."""
        return [
            f"{one.method} {one.path}"
            for one in self.sandbox.log
            if one.method != "GET" and not LOCKING.search(f"{one.path} {one.body!r}")
        ]

    def edit_policy(self, **changes: Any) -> None:
        """Somebody changed the one policy by hand, in the dashboard."""
        (policy,) = self.sandbox.export()["policies"]
        place = f"{self.url}/accounts/{self.sandbox.account_id}/access/policies/{policy['id']}"
        kept = {name: policy[name] for name in ("name", "decision", "include", "session_duration")}
        answer = httpx.put(
            place, json={**kept, **changes}, headers={"authorization": f"Bearer {TOKEN}"}
        )
        answer.raise_for_status()
        self.sandbox.log.clear()


@pytest.fixture(scope="session")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """What commands are forked from."""
    forks = Forks(environment(tmp_path_factory.mktemp("home")))
    yield forks
    forks.end()


@pytest.fixture
def account() -> Iterator[Account]:
    """An account with nothing in it."""
    sandbox = Sandbox.create()
    with served(sandbox) as url:
        yield Account(sandbox, url)


@pytest.fixture
def ztctl(forks: Forks) -> Callable[[Called], Ended]:
    """The command line, which does not wait for an edge that nobody visits."""

    def run(called: Called) -> Ended:
        words = [*called.arguments]
        if words[:1] == ["apply"]:
            words += ["--settle", "0"]
        done = forks.run(words, folder=called.folder, env=called.env)
        assert "Traceback" not in done.said, done.said
        return done

    return run


@pytest.fixture
def github() -> GitHub:
    """A pull request without comments."""
    return GitHub()


@pytest.fixture
def tools(ztctl: Callable[[Called], Ended], github: GitHub) -> Iterator[StandIns]:
    """What the steps find on their path, beside the shell's own."""
    tools = StandIns({"ztctl": ztctl, "gh": github.gh, "pipx": lambda _: Ended(0, "", "")})
    yield tools
    tools.end()


@dataclass
class Team:
    """The pull request 7 of acme/infra, whose files are to be applied to an account.

    Attributes:
        files: what is proposed, with the folder ``hosts``.
    """

    files: Path
    account: Account
    github: GitHub
    tools: StandIns
    runner: Runner
    env: Mapping[str, str]
    fork: bool = False
    plans_forks: str = ""

    def edit(self, old: str, new: str) -> None:
        """Change a text of the file that is proposed."""
        file = self.files / "hosts" / "ztctl.yaml"
        text = file.read_text(encoding="utf-8")
        assert text.count(old) == 1, old
        file.write_text(text.replace(old, new), encoding="utf-8")

    def push(self, *, checked: bool = False) -> Run:
        """What is proposed is pushed: it is planned, and checked where that is the question."""
        real = self.tools.programs["ztctl"]

        def run(called: Called) -> Ended:
            checks = called.arguments[0] in ("fmt", "validate")
            return Ended(0, "", "") if checks else real(called)

        self.tools.programs["ztctl"] = real if checked else run
        (job,) = self.jobs_of_a_push
        pushed = self._run("plan.yml", job, {"action": "synchronize"})
        self.tools.programs["ztctl"] = real
        return pushed

    @property
    def jobs_of_a_push(self) -> list[str]:
        """What GitHub begins where something is pushed."""
        jobs = yaml.safe_load((WORKFLOWS / "plan.yml").read_text(encoding="utf-8"))["jobs"]
        context = self._context({}, {})
        return [name for name, job in jobs.items() if begins(job, context)]

    def merge(self, *, only: str | None = None) -> Run:
        """What is proposed is merged; of what comes then only this step, if one is named."""
        pull_request = {"merged": True, "merge_commit_sha": "0" * 40}
        return self._run("apply.yml", "apply", {"action": "closed"}, pull_request, only)

    def agree(self, digest: str) -> Run:
        """A person starts the workflow by hand."""
        context = self._context({}, {}, inputs={"digest": digest})
        context["github"]["event_name"] = "workflow_dispatch"
        context["github"]["event"] = {}
        return self.runner.run(WORKFLOWS / "apply.yml", "apply", self.files, context)

    def apply(self) -> None:
        """Somebody applies what is proposed from a laptop."""
        words = ["apply", "-f", "hosts", "--auto-approve", "--quiet"]
        env = {**self.env, "CLOUDFLARE_API_TOKEN": TOKEN}
        assert self.tools.programs["ztctl"](Called(words, self.files, env)).code == 0

    def watch(self, job: str) -> Run:
        """The schedule comes round."""
        return self._run("watch.yml", job, {})

    @property
    def plans(self) -> list[Comment]:
        """The comments that show the plan."""
        return [it for it in self.github.comments if it.body.startswith("<!-- ztctl-plan: ")]

    @property
    def digest(self) -> str:
        """The digest of the one plan that the comments show."""
        (found,) = {it for comment in self.plans for it in DIGEST.findall(comment.body)}
        return str(found)

    def _run(
        self,
        workflow: str,
        job: str,
        event: Mapping[str, Any],
        more: Mapping[str, Any] = {},
        only: str | None = None,
    ) -> Run:
        context = self._context(event, more)
        return self.runner.run(WORKFLOWS / workflow, job, self.files, context, only)

    def _context(
        self, event: Mapping[str, Any], more: Mapping[str, Any], **contexts: Any
    ) -> dict[str, Any]:
        head = {"repo": {"full_name": "mallory/infra" if self.fork else "acme/infra"}}
        pull_request = {"number": 7, "merged": False, "head": head, **more}
        return {
            "github": {
                "event_name": "pull_request_target",
                "event": {**event, "pull_request": pull_request},
                "repository": "acme/infra",
                "server_url": "https://github.example",
                "run_id": "42",
                "sha": "1" * 40,
                "ref": "refs/heads/main",
                "token": self.github.token,
            },
            "secrets": {"CLOUDFLARE_API_TOKEN": TOKEN},
            "vars": {
                "CLOUDFLARE_ACCOUNT_ID": self.account.sandbox.account_id,
                "PLAN_FORKS": self.plans_forks,
            },
            **contexts,
        }


@pytest.fixture
def team(tmp_path: Path, account: Account, github: GitHub, tools: StandIns) -> Team:
    """The quickstart, proposed to an empty account."""
    files = tmp_path / "files"
    (files / "hosts").mkdir(parents=True)
    shutil.copy(EXAMPLES / "quickstart" / "ztctl.yaml", files / "hosts")
    env = environment(tmp_path, {"CLOUDFLARE_BASE_URL": account.url, **CANARIES})
    runner = Runner(tmp_path / "runner", tools, github, env)
    return Team(files, account, github, tools, runner, env)
