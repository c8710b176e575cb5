"""What the example needs of GitLab: a runner for its jobs, and the comments of a merge request."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from tests.ci.stand_ins import Called, StandIns, queried, shelled
from tests.support.process import Ended

API = "https://gitlab.example/api/v4"
TOKEN = "canary-of-comments"
BOT = 9
SHA = "c" * 40


@dataclass
class GitLab:
    """The API as curl reaches it, for the merge request 7 of the project 3.

    Attributes:
        notes: the comments: by whom, and what.
        merged: the merge requests that a commit is said to come from.
    """

    notes: dict[int, tuple[int, str]] = field(default_factory=dict)
    merged: list[dict[str, Any]] = field(default_factory=list)

    def curl(self, called: Called) -> Ended:
        """Answer one call."""
        words, given = iter(called.arguments), {"--request": "GET"}
        for word in words:
            if word in ("--fail-with-body", "--silent", "--show-error"):
                continue
            given[word if word.startswith("--") else "url"] = (
                next(words) if word.startswith("--") else word
            )
        assert given["--header"] == f"PRIVATE-TOKEN: {TOKEN}"
        path, _, query = given["url"].removeprefix(API).partition("?")
        page = int(parse_qs(query).get("page", ["1"])[0])
        found, more = self._answer(given["--request"], path, page, _body(given, called.folder))
        if "--dump-header" in given:
            head = f"HTTP/2 200\r\nx-next-page: {page + 1 if more else ''}\r\n"
            Path(given["--dump-header"]).write_text(head, encoding="utf-8", newline="")
        return Ended(0, "" if "--output" in given else json.dumps(found), "")

    def _answer(self, method: str, path: str, page: int, body: str) -> tuple[Any, bool]:
        if (method, path) == ("GET", "/user"):
            return {"id": BOT}, False
        if (method, path) == ("GET", f"/projects/3/repository/commits/{SHA}/merge_requests"):
            return self.merged, False
        found = re.fullmatch(r"/projects/3/merge_requests/7/notes(?:/(\d+))?", path)
        assert found, path
        if method == "GET":
            # Two a page, so that no test needs a hundred to see that further pages are read.
            notes = [
                {"id": id, "author": {"id": author}, "body": text}
                for id, (author, text) in self.notes.items()
            ]
            return notes[2 * page - 2 : 2 * page], len(notes) > 2 * page
        if method == "DELETE":
            del self.notes[int(found[1])]
        else:
            number = int(found[1]) if method == "PUT" else 100 + len(self.notes)
            self.notes[number] = (BOT, body)
        return {}, False


def _body(given: Mapping[str, str], folder: Path) -> str:
    name, _, rest = given.get("--data-urlencode", "").partition("@")
    if name == "body":
        return (folder / rest).read_text(encoding="utf-8")
    return given.get("--data-urlencode", "").removeprefix("body=")


def jq(called: Called) -> Ended:
    """The program, with the options that the example uses."""
    words, bare, known = iter(called.arguments), [], dict[str, Any]()
    for word in words:
        if word in ("--arg", "--argjson"):
            name, value = next(words), next(words)
            known[name] = json.loads(value) if word == "--argjson" else value
        elif word != "-r":
            bare.append(word)
    program, *files = bare
    text = (called.folder / files[0]).read_text(encoding="utf-8") if files else called.given
    return Ended(0, queried(program, [json.loads(text)], **known), "")


@dataclass
class Runner:
    """Runs a job of a pipeline as GitLab does: the lines of a job are one script of a shell."""

    home: Path
    tools: StandIns
    env: Mapping[str, str]

    def run(
        self, pipeline: Path, job: str, checkout: Path, *, prepared: bool, **variables: str
    ) -> Ended:
        """Run a job to its end, on a copy of what is checked out; what it installs may be there."""
        document = yaml.safe_load(pipeline.read_text(encoding="utf-8"))
        told = {**document[document[job]["extends"]], **document[job]}
        place = self.home / "builds"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(checkout, place, symlinks=True)
        lines = told["script"] if prepared else [*told["before_script"], *told["script"]]
        return shelled(
            ["bash", "-eo", "pipefail", "-c", "\n".join(lines)],
            place,
            {
                **self.env,
                "PATH": self.tools.path,
                "CI_PROJECT_DIR": str(place),
                "CI_API_V4_URL": API,
                "CI_PROJECT_ID": "3",
                "CI_COMMIT_SHA": SHA,
                "CI_DEFAULT_BRANCH": "main",
                "CI_JOB_URL": f"https://{urlsplit(API).hostname}/acme/infra/-/jobs/1",
                "COMMENT_TOKEN": TOKEN,
                **variables,
            },
        )
