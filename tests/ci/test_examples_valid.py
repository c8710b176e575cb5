"""The files of the examples are what their readers take, and trust no more than they must."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from check_jsonschema.cli import main as check_jsonschema

from tests.ci.conftest import EXAMPLES, WORKFLOWS

CI = EXAMPLES / "ci"
EVERY_WORKFLOW = pytest.mark.parametrize(
    "path", sorted(WORKFLOWS.glob("*.yml")), ids=lambda path: str(path.stem)
)
GITLAB = CI / "gitlab" / "ztctl.gitlab-ci.yml"
EVENTS_OF_OTHERS = {"pull_request_target", "issue_comment", "workflow_run"}


def read(path: Path) -> Any:
    """A file of YAML 1.1, in which `on` is a truth."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def jobs(path: Path) -> Mapping[str, Any]:
    """The jobs of a workflow."""
    found: Mapping[str, Any] = read(path)["jobs"]
    return found


def steps(path: Path) -> Iterator[Mapping[str, Any]]:
    """All steps of a workflow."""
    for job in jobs(path).values():
        yield from job["steps"]


SCHEMAS = [
    *(("vendor.github-workflows", path) for path in sorted(WORKFLOWS.glob("*.yml"))),
    ("vendor.gitlab-ci", GITLAB),
]


@pytest.mark.parametrize(("schema", "path"), SCHEMAS, ids=lambda it: Path(it).stem)
def test_a_pipeline_is_what_its_schema_says(schema: str, path: Path) -> None:
    """By the schemas that the platforms' editors use."""
    done = check_jsonschema(
        ["--builtin-schema", schema, "--regex-variant", "python", str(path)],
        standalone_mode=False,
    )

    assert not done


@EVERY_WORKFLOW
def test_actionlint_finds_nothing(path: Path) -> None:
    """Where it is installed."""
    program = shutil.which("actionlint")
    if program is None:
        pytest.skip("no actionlint")
    done = subprocess.run([program, str(path)], capture_output=True, text=True, check=False)

    assert done.stdout == ""


@pytest.mark.parametrize("script", [*WORKFLOWS.glob("*.yml"), GITLAB], ids=lambda it: it.stem)
def test_scripts_are_scripts(script: Path) -> None:
    """Bash can read each of them as a whole."""
    if script == GITLAB:
        found = [line for job in read(script).values() if "script" in job for line in job["script"]]
    else:
        found = [step["run"] for step in steps(script) if "run" in step]

    for text in found:
        done = subprocess.run(["bash", "-n"], input=text.encode(), capture_output=True, check=True)
        assert done.stderr == b""


@EVERY_WORKFLOW
def test_nothing_is_pasted_into_a_script(path: Path) -> None:
    """A title or a branch could hold a command: texts of the event come as variables."""
    assert [step["run"] for step in steps(path) if "${{" in step.get("run", "")] == []


@EVERY_WORKFLOW
def test_actions_are_pinned_and_few(path: Path) -> None:
    """By commit, because a tag can be moved; and the checkout leaves no token behind."""
    used = [step for step in steps(path) if "uses" in step]

    for step in used:
        assert re.fullmatch(r"actions/checkout@[0-9a-f]{40}", step["uses"])
        assert step["with"]["persist-credentials"] is False


@EVERY_WORKFLOW
def test_a_job_may_do_what_it_says_and_no_more(path: Path) -> None:
    """Nothing by default; each job names its rights, none of which writes to the repository."""
    told = read(path)

    assert told["permissions"] == {}
    for job in jobs(path).values():
        assert job["permissions"]["contents"] == "read"
        assert job["permissions"].keys() <= {"contents", "pull-requests", "security-events"}
        assert job["timeout-minutes"] <= 30


@EVERY_WORKFLOW
def test_a_token_is_seen_by_one_step_alone(path: Path) -> None:
    """Those of the account by ztctl, that of the job by gh; neither by both."""
    for step in steps(path):
        env, run = step.get("env", {}), step.get("run", "")
        assert ("CLOUDFLARE_API_TOKEN" in env) <= bool(re.search(r"^ *ztctl ", run, re.MULTILINE))
        assert ("GH_TOKEN" in env) <= ("gh api" in run)
        assert not {"CLOUDFLARE_API_TOKEN", "GH_TOKEN"} <= env.keys()
        assert not any(name.startswith("ZTCTL_") for name in env)


@EVERY_WORKFLOW
def test_secrets_belong_to_an_environment(path: Path) -> None:
    """Of which the settings say that only the default branch has it."""
    for job in jobs(path).values():
        assert ("secrets." in str(job)) <= ("environment" in job)


def test_the_workflow_of_a_pull_request_is_not_its_own() -> None:
    """The definition is the default branch's; `pull_request` would take that of the proposal."""
    for name in ("plan.yml", "apply.yml"):
        events = read(WORKFLOWS / name)[True]
        assert "pull_request_target" in events
        assert "pull_request" not in events


def test_nothing_runs_from_what_was_checked_out() -> None:
    """In a job of a pull request all that is run is installed by version, and read as data."""
    for path in (WORKFLOWS / "plan.yml", WORKFLOWS / "apply.yml"):
        for step in steps(path):
            run = step.get("run", "")
            assert not re.search(r"^\s*(\./|python|make\b|source |\. )", run, re.MULTILINE), run
            installs = re.findall(r"pipx install (.*)", run)
            assert all(re.fullmatch(r"ztctl==[\d.]+", it) for it in installs)
            assert not installs or "runner.temp" in step["working-directory"]


@pytest.mark.parametrize("path", [*WORKFLOWS.glob("*.yml"), GITLAB], ids=lambda path: path.stem)
def test_no_plan_file_leaves_its_runner(path: Path) -> None:
    """No plan is saved, and nothing is kept from one job for another."""
    text = path.read_text(encoding="utf-8")

    assert not re.search(r"--out\b|plan\.json|artifact|cache", text)


def test_the_plan_of_a_merge_request_wants_no_fork() -> None:
    """On GitLab the token that reads is for merge requests of the project itself."""
    (rule,) = read(GITLAB)["plan"]["rules"]

    assert "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID" in rule["if"]
    assert read(GITLAB)["apply"]["resource_group"]
    assert all("$CI_DEFAULT_BRANCH" in it["if"] for it in read(GITLAB)["apply"]["rules"])


def test_the_cron_job_is_what_kubernetes_takes() -> None:
    """By its schema, strictly; a token is a file, and nothing runs as root."""
    kubernetes_validate = pytest.importorskip("kubernetes_validate")
    job = read(CI / "kubernetes" / "cronjob.yml")

    kubernetes_validate.validate(job, "1.30", strict=True)

    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert "env" not in pod["containers"][0]


def test_systemd_takes_service_and_timer(tmp_path: Path) -> None:
    """Where systemd is installed, as it has to be in CI; the program is one that is there."""
    program = shutil.which("systemd-analyze")
    if program is None:
        assert not os.environ.get("CI"), "CI installs systemd"
        pytest.skip("no systemd")
    for path in (CI / "systemd").iterdir():
        text = path.read_text(encoding="utf-8").replace("/usr/local/bin/ztctl", "/bin/true")
        (tmp_path / path.name).write_text(text, encoding="utf-8")

    done = subprocess.run(
        [program, "verify", "--man=no", *map(str, tmp_path.iterdir())],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert [line for line in done.stderr.splitlines() if "ztctl" in line] == []


def test_atlantis_lets_no_repository_say_what_runs() -> None:
    """What runs stands on the server, and what is applied was approved and is up to date."""
    (repository,) = read(CI / "atlantis" / "repos.yaml")["repos"]

    assert repository["allowed_overrides"] == []
    assert repository["allow_custom_workflows"] is False
    assert {"approved", "undiverged"} <= set(repository["apply_requirements"])
    assert read(CI / "atlantis" / "atlantis.yaml").keys() == {"version", "projects"}


def test_a_line_of_cron_is_one() -> None:
    """Five fields and a command, in which no per cent sign would end it."""
    text = (CI / "crontab").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]

    for line in lines:
        *times, command = line.split(maxsplit=5)
        assert all(re.fullmatch(r"[\d*/,-]+", it) for it in times)
        assert "%" not in command
