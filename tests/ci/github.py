"""What the examples need of GitHub: a runner for their jobs, and the comments of a pull request."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.ci.stand_ins import Called, StandIns, queried, shelled
from tests.support.process import Ended

BOT = "github-actions[bot]"
LONGEST = 65_536
_COMMENTS = re.compile(r"repos/acme/infra/issues/7/comments(\?per_page=100)?")
_COMMENT = re.compile(r"repos/acme/infra/issues/comments/(\d+)")


@dataclass(slots=True)
class Comment:
    """One of a pull request; whose name ends in ``[bot]`` is one."""

    id: int
    author: str
    body: str
    editor: str | None = None


@dataclass
class GitHub:
    """The API as `gh api` reaches it, for the pull request 7 of acme/infra.

    Attributes:
        token: of the job that is running, and what it may do.
        analyses: what code scanning was sent.
    """

    comments: list[Comment] = field(default_factory=list)
    analyses: list[dict[str, Any]] = field(default_factory=list)
    token: str = "canary-of-the-job"
    may: Mapping[str, str] = field(default_factory=dict)

    def says(self, author: str, body: str) -> Comment:
        """Somebody comments."""
        self.comments.append(Comment(len(self.comments) + 100, author, body))
        return self.comments[-1]

    def gh(self, called: Called) -> Ended:
        """Answer one call of `gh api`."""
        words = iter(called.arguments)
        assert next(words) == "api"
        path, method, program, paginate, silent = "", "GET", ".", False, False
        sent: dict[str, Any] = {}
        for word in words:
            if word == "--method":
                method = next(words)
            elif word == "--jq":
                program = next(words)
            elif word in ("-f", "-F"):
                name, _, value = next(words).partition("=")
                sent[name] = _typed(value, called.folder) if word == "-F" else value
            elif word == "--paginate":
                paginate = True
            elif word == "--silent":
                silent = True
            else:
                assert not path, word
                path = word
        if called.env.get("GH_TOKEN") != self.token:
            return Ended(4, "", "gh: To use GitHub CLI, set the GH_TOKEN environment variable.\n")
        try:
            pages = list(self._answer(method, path, sent))
        except PermissionError as error:
            return Ended(1, "", f"gh: {error}\n")
        assert paginate or len(pages) <= 1, "there is more than the first page"
        return Ended(0, "" if silent else queried(program, pages), "")

    def _answer(self, method: str, path: str, sent: Mapping[str, Any]) -> Iterator[Any]:
        if path == "graphql":
            self._needs("pull-requests", "read")
            assert (sent["owner"], sent["name"], sent["number"]) == ("acme", "infra", 7)
            yield from map(_as_graphql, _pages(self.comments))
        elif method == "GET" and _COMMENTS.fullmatch(path):
            self._needs("pull-requests", "read")
            yield from ([_as_rest(it) for it in page] for page in _pages(self.comments))
        elif path == "repos/acme/infra/code-scanning/sarifs":
            self._needs("security-events", "write")
            self.analyses.append(dict(sent))
        else:
            self._needs("pull-requests", "write")
            self._write(method, path, sent)

    def _write(self, method: str, path: str, sent: Mapping[str, Any]) -> None:
        if len(sent.get("body", "")) > LONGEST:
            raise PermissionError("Body is too long (maximum is 65536 characters) (HTTP 422)")
        if method == "POST":
            assert _COMMENTS.fullmatch(path), path
            self.says(BOT, sent["body"])
            return
        found = _COMMENT.fullmatch(path)
        assert found, path
        (comment,) = (it for it in self.comments if it.id == int(found[1]))
        if method == "DELETE":
            self.comments.remove(comment)
        else:
            assert method == "PATCH"
            comment.body, comment.editor = sent["body"], BOT

    def _needs(self, scope: str, right: str) -> None:
        if self.may.get(scope) not in (right, "write"):
            raise PermissionError("Resource not accessible by integration (HTTP 403)")


def _typed(value: str, folder: Path) -> Any:
    if value.startswith("@"):
        return (folder / value[1:]).read_text(encoding="utf-8")
    return int(value) if value.isdigit() else value


def _pages(comments: list[Comment]) -> list[list[Comment]]:
    # Two a page, so that no test needs a hundred to see that further pages are read.
    return [comments[start : start + 2] for start in range(0, len(comments), 2)] or [[]]


def _as_rest(comment: Comment) -> Any:
    sort = "Bot" if comment.author.endswith("[bot]") else "User"
    return {
        "id": comment.id,
        "body": comment.body,
        "user": {"login": comment.author, "type": sort},
    }


def _as_graphql(page: list[Comment]) -> Any:
    nodes = [
        {"body": it.body, "author": _actor(it.author), "editor": _actor(it.editor)} for it in page
    ]
    return {"data": {"repository": {"pullRequest": {"comments": {"nodes": nodes}}}}}


def _actor(login: str | None) -> Any:
    if login is None:
        return None
    sort = "Bot" if login.endswith("[bot]") else "User"
    return {"__typename": sort, "login": login.removesuffix("[bot]")}


@dataclass
class Run:
    """How a job ended.

    Attributes:
        log: what everybody reads who may see the run.
        commands: the lines of the log that the runner obeyed.
        summary: what the run's page shows.
    """

    ok: bool = True
    log: str = ""
    commands: list[str] = field(default_factory=list)
    summary: str = ""
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)


class Runner:
    """Runs a job of a workflow as GitHub does, as far as the examples need it.

    Args:
        home: an empty folder.
        tools: stand-ins for programs.
        github: the API.
        env: what stands in the environment of every step anyway.
    """

    def __init__(self, home: Path, tools: StandIns, github: GitHub, env: Mapping[str, str]) -> None:
        self._home = home
        self._tools = tools
        self._github = github
        self._env = env
        self._runs = 0

    def run(
        self,
        workflow: Path,
        job: str,
        checkout: Path,
        context: Mapping[str, Any],
        only: str | None = None,
    ) -> Run:
        """Run a job to its end.

        Args:
            workflow: its file.
            job: which of its jobs.
            checkout: what there is to check out.
            context: the contexts ``github``, ``secrets``, ``vars`` and so on.
            only: the id of the one step to run.
        """
        document = yaml.safe_load(workflow.read_text(encoding="utf-8"))
        told = document["jobs"][job]
        run = Run()
        self._runs += 1
        work = self._home / f"run-{self._runs}"
        temp = work / "temp"
        temp.mkdir(parents=True)
        context = {
            **context,
            "runner": {"temp": str(temp)},
            "steps": run.steps,
        }
        assert begins(told, context), "GitHub does not begin this job"
        self._github.may = told["permissions"]
        place = work / "checkout"
        place.mkdir()
        for number, step in enumerate(told["steps"]):
            name = step.get("id", str(number))
            if only not in (None, name):
                continue
            if not _begins(step.get("if", "success()"), run, context):
                run.steps[name] = {"conclusion": "skipped", "outputs": {}}
                continue
            if "uses" in step:
                shutil.copytree(checkout, place, symlinks=True, dirs_exist_ok=True)
                continue
            shell = document["defaults"]["run"]["shell"]
            assert shell == "bash"
            env = {name: _filled(str(text), context) for name, text in step.get("env", {}).items()}
            folder = Path(_filled(step.get("working-directory", str(place)), context))
            outputs, done = self._shell(step["run"], folder, temp, env, run)
            run.ok = run.ok and done
            result = "success" if done else "failure"
            run.steps[name] = {"conclusion": result, "outputs": outputs}
        run.commands = list(obeyed(run.log))
        return run

    def _shell(
        self, script: str, folder: Path, temp: Path, env: Mapping[str, str], run: Run
    ) -> tuple[dict[str, str], bool]:
        files = {name: temp / f".{name}" for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.write_text("", encoding="utf-8")
        step = temp / ".step.sh"
        step.write_text(script, encoding="utf-8")
        done = shelled(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(step)],
            folder,
            {
                **self._env,
                **{name: str(file) for name, file in files.items()},
                "PATH": self._tools.path,
                "RUNNER_TEMP": str(temp),
                "GITHUB_REPOSITORY": "acme/infra",
                **env,
            },
        )
        run.log += done.out
        run.summary += files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")
        told = files["GITHUB_OUTPUT"].read_text(encoding="utf-8").splitlines()
        return dict(line.split("=", 1) for line in told), done.code == 0


def begins(job: Mapping[str, Any], context: Mapping[str, Any]) -> bool:
    """Whether GitHub begins a job of a workflow."""
    return bool(_value(job.get("if", "true"), context))


def obeyed(log: str) -> Iterator[str]:
    """The lines of a log that the runner takes for commands.

    Source: actions/runner, ``ActionCommand.cs``: ``::name`` at the beginning of a line, blanks
    before it or not; the older ``##[name]`` anywhere in it; none until the word of
    ``::stop-commands::`` comes back.
    """
    until = ""
    for line in log.splitlines():
        if until:
            until = "" if line.strip() == f"::{until}::" else until
        elif line.strip().startswith("::stop-commands::"):
            until = line.strip().removeprefix("::stop-commands::")
        elif re.match(r"\s*::[\w-]+[^:]*::", line) or re.search(r"##\[[\w-]+[^\]]*\]", line):
            yield line


_WORD = re.compile(r"'[^']*'|&&|\|\||[=!]=|!|[()]|[a-z_][\w.-]*(?:\(\))?|\s+")


def _begins(text: str, run: Run, context: Mapping[str, Any]) -> bool:
    text = _bare(text)
    if not re.search(r"(success|always|cancelled|failure)\(\)", text):
        text = f"success() && ({text})"
    return bool(_value(text, {**context, "success()": run.ok, "cancelled()": False}))


def _bare(text: str) -> str:
    found = re.fullmatch(r"\$\{\{(.*)\}\}", text.strip())
    return found[1] if found else text


def _value(text: str, context: Mapping[str, Any]) -> Any:
    """An expression of GitHub's that uses words, texts, ``==``, ``!=``, ``!``, and, or."""
    words = _WORD.findall(text)
    assert "".join(words) == text, text
    found: list[Any] = []
    known = {"&&": " and ", "||": " or ", "!": " not "}

    def spelt(word: str) -> str:
        if re.match(r"[a-z_]", word) and word != "true":
            found.append(_looked_up(word, context))
            return f"found[{len(found) - 1}]"
        return known.get(word, "True" if word == "true" else word)

    return eval("".join(map(spelt, words)).strip(), {"found": found})


def _looked_up(word: str, context: Mapping[str, Any]) -> Any:
    if word in context:
        return context[word]
    value: Any = context
    for name in word.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _filled(text: str, context: Mapping[str, Any]) -> str:
    def said(found: re.Match[str]) -> str:
        value = _value(found[1].strip(), context)
        return "" if value is None else value if isinstance(value, str) else json.dumps(value)

    return re.sub(r"\$\{\{(.*?)\}\}", said, text)
