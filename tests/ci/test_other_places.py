"""Other places where ztctl runs: Atlantis, pre-commit, and schedules, as their examples say."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.ci.conftest import CANARIES, EXAMPLES, Account
from tests.ci.stand_ins import Called, StandIns, shelled
from tests.support.process import TOKEN, Ended, environment

ROOT = EXAMPLES.parent
ATLANTIS = EXAMPLES / "ci" / "atlantis" / "repos.yaml"
HOOKS = {it["id"]: it for it in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}


@dataclass
class Place:
    """A folder with the quickstart below ``hosts``, and a shell with ztctl."""

    folder: Path
    account: Account
    env: Mapping[str, str]

    def shell(self, *words: str, **more: str) -> Ended:
        """How a shell ended."""
        return shelled(words, self.folder, {**self.env, **more})


@pytest.fixture
def place(tmp_path: Path, account: Account, ztctl: Callable[[Called], Ended]) -> Iterator[Place]:
    """The quickstart, and an empty account."""
    tools = StandIns({"ztctl": ztctl})
    folder = tmp_path / "checkout"
    (folder / "hosts").mkdir(parents=True)
    shutil.copy(EXAMPLES / "quickstart" / "ztctl.yaml", folder / "hosts")
    more = {
        "CLOUDFLARE_BASE_URL": account.url,
        "CLOUDFLARE_ACCOUNT_ID": account.sandbox.account_id,
        "PATH": tools.path,
        "TMPDIR": str(tmp_path),
        **CANARIES,
    }
    yield Place(folder, account, environment(tmp_path, more))
    tools.end()


def atlantis(place: Place, stage: str) -> Ended:
    """What Atlantis runs for one of its two stages."""
    told = yaml.safe_load(ATLANTIS.read_text(encoding="utf-8"))["workflows"]["ztctl"]
    step = told[stage]["steps"][0]["run"]
    tokens = place.folder.parent / "tokens"
    tokens.mkdir(exist_ok=True)
    for name in ("read-token", "write-token"):
        (tokens / name).write_text(TOKEN, encoding="utf-8")
    command = step["command"].replace("/etc/ztctl", str(tokens))
    plan = str(place.folder.parent / "kept")
    return place.shell(step["shell"], *step["shellArgs"], command, PLANFILE=plan)


def test_atlantis_applies_what_it_showed(place: Place) -> None:
    """What it keeps between the two is the digest alone."""
    planned = atlantis(place, "plan")
    kept = (place.folder.parent / "kept").read_text(encoding="utf-8")

    applied = atlantis(place, "apply")

    assert (planned.code, applied.code) == (0, 0)
    assert re.fullmatch(r"[0-9a-f]{64}\n", kept)
    assert place.account.written
    assert TOKEN not in planned.out + applied.out


def test_atlantis_applies_nothing_else(place: Place) -> None:
    """A push between the two is refused."""
    atlantis(place, "plan")
    file = place.folder / "hosts" / "ztctl.yaml"
    file.write_text(file.read_text().replace("session_duration: 8h", "session_duration: 4h"))

    applied = atlantis(place, "apply")

    assert (applied.code, place.account.written) == (4, [])


def test_no_name_breaks_out_of_the_fence_of_atlantis(place: Place) -> None:
    """It puts what it is told between three backticks, whatever that holds."""
    file = place.folder / "hosts" / "ztctl.yaml"
    file.write_text(file.read_text().replace("infra-team", "'```'"))

    planned = atlantis(place, "plan")

    assert (planned.code, "'''" in planned.out, "`" in planned.out) == (0, True, False)


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize(
    ("text", "passes"), [(None, True), ("version: 1\nnonsense:   1\n", False)], ids=["good", "bad"]
)
def test_a_hook_of_pre_commit_passes_what_is_right(
    hook: str, text: str | None, passes: bool, place: Place
) -> None:
    """With the arguments of the example, as pre-commit puts them together."""
    path = EXAMPLES / "ci" / "pre-commit" / ".pre-commit-config.yaml"
    (repository,) = yaml.safe_load(path.read_text(encoding="utf-8"))["repos"]
    (told,) = (it for it in repository["hooks"] if it["id"] == hook)
    if text is not None:
        (place.folder / "hosts" / "ztctl.yaml").write_text(text, encoding="utf-8")

    done = place.shell(*shlex.split(HOOKS[hook]["entry"]), *told["args"])

    assert (done.code == 0) is passes
    assert passes or "hosts/ztctl.yaml" in done.out


def test_hooks_say_what_pre_commit_asks_for() -> None:
    """Each is installed from the repository, and takes a stack, not the files of a commit."""
    for hook in HOOKS.values():
        assert {"id", "name", "entry", "language"} <= hook.keys()
        assert (hook["language"], hook["pass_filenames"]) == ("python", False)


def service(text: str) -> str:
    """The command of the unit; systemd says where credentials are, as the shell does here."""
    return text.partition("ExecStart=/usr/local/bin/")[2].partition("\n")[0]


def cron(text: str) -> str:
    """The command of the one line."""
    return text.splitlines()[-1].split(maxsplit=5)[5]


def pod(text: str) -> str:
    """The command of the one container."""
    spec = yaml.safe_load(text)["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return shlex.join(spec["containers"][0]["command"])


def test_a_schedule_tells_of_differences_alone(place: Place) -> None:
    """All three run one command: it says nothing where nothing differs, and tells what does."""
    commands = {
        command((EXAMPLES / "ci" / path).read_text(encoding="utf-8"))
        for path, command in (
            ("systemd/ztctl-drift.service", service),
            ("crontab", cron),
            ("kubernetes/cronjob.yml", pod),
        )
    }
    (text,) = {re.sub(r"token-file \S+$", "token-file token", it) for it in commands}
    text = text.replace("/etc/ztctl/hosts", "hosts")
    (place.folder / "token").write_text(TOKEN, encoding="utf-8")
    place.shell("ztctl", *shlex.split("apply -f hosts --auto-approve --api-token-file token"))

    quiet = place.shell("sh", "-c", text)
    place.account.edit_policy(session_duration="720h")
    told = place.shell("sh", "-c", text)

    assert len(commands) == 3
    assert (quiet.code, quiet.out, told.code) == (0, "", 2)
    assert "ssh-team" in told.out
