"""Promises about the token of a tunnel, and the service that its connector runs as."""

from __future__ import annotations

import base64
import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.process import COMMAND, PATIENCE, TOKEN

Ztctl = Any
Account = Any
OnTerminal = Callable[..., Any]
NAME = "ssh-pool.ztctl-quickstart"


@pytest.fixture
def applied(project: Ztctl, account: Account) -> Ztctl:
    """The quickstart, and an account in which its tunnel is live."""
    made = {"name": NAME, "config_src": "cloudflare"}
    account.post("/accounts/{account}/cfd_tunnel", made)
    ztctl: Ztctl = project.at(account)
    return ztctl


def asked_by_hand(account: Account, path: str) -> Any:
    """What the account answers somebody else; the request is not in its log."""
    place = f"{account.url}/accounts/{account.sandbox.account_id}/cfd_tunnel{path}"
    answer = httpx.get(place, headers={"authorization": f"Bearer {TOKEN}"})
    account.sandbox.log.clear()
    return answer.raise_for_status().json()["result"]


def id_of(account: Account, name: str = NAME) -> str:
    """The id of a live tunnel."""
    (row,) = (it for it in asked_by_hand(account, "") if it["name"] == name)
    return str(row["id"])


def token_in(account: Account, name: str = NAME) -> str:
    """The token of a live tunnel."""
    return str(asked_by_hand(account, f"/{id_of(account, name)}/token"))


def asked(account: Account) -> list[str]:
    """What was asked about tokens."""
    return [one.path for one in account.sandbox.log if one.path.endswith("/token")]


def test_a_token_goes_down_a_pipe(applied: Ztctl, account: Account) -> None:
    """Standard output is the token and a line break, and nothing else."""
    done = applied("tunnel", "token", "ssh-pool")

    assert (done.code, done.out, done.err) == (0, f"{token_in(account)}\n", "")


@pytest.mark.parametrize("how", ["name", "id"])
def test_without_a_file_a_live_tunnel_is_named(how: str, applied: Ztctl, account: Account) -> None:
    """In a folder without files the live name or the id is enough."""
    (applied.folder / "ztctl.yaml").unlink()

    done = applied("tunnel", "token", NAME if how == "name" else id_of(account))

    assert done.out == f"{token_in(account)}\n"


def test_a_key_is_found_by_its_mark(project: Ztctl, account: Account) -> None:
    """A tunnel of the bare name is not that of the files, nor is that of another stack."""
    for name in ("ssh-pool", "ssh-pool.ztctl-other", NAME, "ssh-pool.ztctl-more"):
        account.post("/accounts/{account}/cfd_tunnel", {"name": name})

    done = project.at(account)("tunnel", "token", "ssh-pool")

    assert done.out == f"{token_in(account)}\n"


def test_a_file_gets_the_token_and_its_owner_reads_it(applied: Ztctl, account: Account) -> None:
    """It is new, of mode 0600, and nothing else is left beside it."""
    before = applied.files()

    done = applied("tunnel", "token", "ssh-pool", "--out", "token")

    path = applied.folder / "token"
    assert (done.code, done.out) == (0, "")
    assert done.err == f"The token of {NAME} is in token, readable by you alone.\n"
    assert path.read_text() == f"{token_in(account)}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert applied.files() - before == {"token"}


@pytest.mark.parametrize("there", ["file", "link", "dangling", "folder"])
def test_what_is_there_is_not_overwritten(there: str, applied: Ztctl, account: Account) -> None:
    """Neither a file nor what a link leads to; the token is not even asked for."""
    out, other = applied.folder / "token", applied.folder / "other"
    if there in ("file", "link"):
        other.write_text("mine")
    {
        "file": lambda: other.rename(out),
        "link": lambda: out.symlink_to(other),
        "dangling": lambda: out.symlink_to(other),
        "folder": out.mkdir,
    }[there]()

    done = applied("tunnel", "token", "ssh-pool", "--out", "token")

    assert done.code == 1
    assert "token is there already, and is not overwritten" in done.err
    assert asked(account) == []
    assert there in ("dangling", "folder") or "mine" in (out.read_text())
    assert there != "dangling" or not other.exists()


def test_a_link_that_comes_late_is_not_followed(applied: Ztctl, account: Account) -> None:
    """What appears while the token is asked for keeps its place, and gets nothing."""
    gate = account.sandbox.gate("GET", "/token$")
    words = [*COMMAND, "tunnel", "token", "ssh-pool", "--out", "token"]
    with subprocess.Popen(words, cwd=applied.folder, env=applied.env, stderr=-1) as process:
        gate.wait()
        (applied.folder / "token").symlink_to("elsewhere")
        gate.opened.set()
        _, said = process.communicate(timeout=PATIENCE)

    assert process.returncode == 1
    assert b"token is there already" in said
    assert not (applied.folder / "elsewhere").exists()
    assert token_in(account) not in "".join(
        path.read_text() for path in applied.folder.iterdir() if path.is_file()
    )


def test_a_terminal_shows_no_token(applied: Ztctl, account: Account, terminal: OnTerminal) -> None:
    """It is refused before anybody is asked, and the ways that there are get named."""
    done = terminal(applied, "tunnel", "token", "ssh-pool").ended()

    assert (done.code, asked(account)) == (64, [])
    assert "--out FILE" in done.out


def test_a_terminal_shows_a_token_that_is_to_be_shown(
    applied: Ztctl, account: Account, terminal: OnTerminal
) -> None:
    """``--show`` says so."""
    done = terminal(applied, "tunnel", "token", "ssh-pool", "--show").ended()

    assert token_in(account) in done.out


def test_a_file_that_others_may_read_gets_no_token(applied: Ztctl, account: Account) -> None:
    """A redirection makes one by the umask, which is not for secrets."""
    path = applied.folder / "token"
    path.touch(0o644)
    with path.open("wb") as out:
        done = subprocess.run(
            [*COMMAND, "tunnel", "token", "ssh-pool"],
            cwd=applied.folder, env=applied.env, stdout=out, stderr=-1, check=False,
        )  # fmt: skip

    assert done.returncode == 64
    assert b"a file that others may read" in done.stderr
    assert (path.read_bytes(), asked(account)) == (b"", [])


FOREIGN = {"a": "0" * 32, "t": "00000000-0000-4000-8000-000000000000", "s": "c2VjcmV0LWNhbmFyeQ=="}


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (["x"], "it is no short text"),
        ("canary" * 1000, "it is no short text"),
        ("canary\x1b[2J", "it is no JSON in base64"),
        (base64.b64encode(b"[" * 3000).decode(), "it is no JSON in base64"),
        (base64.b64encode(b'["canary"]').decode(), "it holds no JSON object"),
        (base64.b64encode(b'{"s": ""}').decode(), "it holds no secret"),
        (base64.b64encode(json.dumps(FOREIGN).encode()).decode(), "it is one of another tunnel"),
    ],
    ids=["list", "long", "text", "deep", "array", "empty", "foreign"],
)
def test_an_answer_that_is_no_token_is_refused(
    result: Any, said: str, applied: Ztctl, account: Account
) -> None:
    """It is not handed on, and not repeated in the message."""
    body = {"success": True, "errors": [], "messages": [], "result": result}
    account.sandbox.faults.add(method="GET", path="/token$", status=200, body=body, times=None)

    done = applied("tunnel", "token", "ssh-pool")

    assert (done.code, done.out) == (1, "")
    assert said in " ".join(done.err.split())
    assert str(result)[:12] not in done.said


def test_the_token_is_seen_where_it_was_asked_for_alone(applied: Ztctl, account: Account) -> None:
    """No other stream, file, journal or answer of another command holds it, or its secret."""
    canary = token_in(account)
    secret = json.loads(base64.b64decode(canary))["s"]

    done = [
        applied(*words)
        for words in (
            ("tunnel", "token", "ssh-pool", "--out", "token"),
            ("tunnel", "service", "ssh-pool"),
            ("tunnel", "service", "ssh-pool", "--compose"),
            ("tunnel", "service", "ssh-pool", "--kubernetes"),
            ("plan", "--format", "json"),
            ("snapshot", "snapshot.json"),
            ("history",),
        )
    ]

    said = "".join(one.said for one in done)
    held = [
        name
        for name in applied.files()
        if {canary, secret} & {*re.findall(r"[\w+/=]+", (applied.folder / name).read_text())}
    ]
    assert (canary in said, secret in said, held) == (False, False, ["token"])


def test_no_process_gets_the_token(applied: Ztctl, account: Account) -> None:
    """The command starts none while it has it: neither arguments nor an environment can tell."""
    watch = (
        "import sys\n"
        "def hook(event, args):\n"
        "    if event in ('os.exec', 'os.fork', 'os.posix_spawn', 'os.system', 'os.putenv',\n"
        "                 'subprocess.Popen') and 'PYDANTIC' not in repr(args):\n"
        "        sys.stderr.write(f'{event} {args}\\n')\n"
        "sys.addaudithook(hook)\n"
        "from ztctl.cli.main import main\n"
        "sys.argv[:] = ['ztctl', 'tunnel', 'token', 'ssh-pool']\n"
        "main()\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", watch],
        cwd=applied.folder, env=applied.env, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (done.stdout, done.stderr) == (f"{token_in(account)}\n", "")


def test_a_token_that_may_not_edit_is_told_what_it_lacks(applied: Ztctl, account: Account) -> None:
    """The call is a GET, and wants the permission to edit all the same."""
    account.sandbox.define_token("reader", ["Cloudflare Tunnel Read"])

    done = applied("tunnel", "token", "ssh-pool", env={"CLOUDFLARE_API_TOKEN": "reader"})

    assert (done.code, done.out) == (1, "")
    assert "Account · Cloudflare Tunnel · Edit" in " ".join(done.err.split())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["token", "ssh-pol"], "did you mean ssh-pool?"),
        (["service", "ssh-pol"], "did you mean ssh-pool?"),
        (["token", "other"], "there are: ssh-pool\n"),
    ],
)
def test_a_tunnel_that_nobody_knows_is_told(words: list[str], says: str, applied: Ztctl) -> None:
    """With what it may have been, or what there is to choose from: each tunnel once."""
    done = applied("tunnel", *words)

    assert done.code == 64
    assert f"tunnel {'is called ' if words[0] == 'token' else ''}'{words[1]}'" in done.err
    assert says in done.err


def test_a_tunnel_before_its_apply_is_not_live(project: Ztctl, account: Account) -> None:
    """Then there is something to do first."""
    done = project.at(account)("tunnel", "token", "ssh-pool")

    assert done.code == 1
    assert "the tunnel ssh-pool of stack quickstart is not live" in done.err


def test_a_local_tunnel_has_no_rules_for_its_token(ztctl: Ztctl, account: Account) -> None:
    """The token is handed over, with a word on what it does not do."""
    account.post("/accounts/{account}/cfd_tunnel", {"name": "old", "config_src": "local"})

    done = ztctl.at(account)("tunnel", "token", "old")

    assert done.out == f"{token_in(account, 'old')}\n"
    assert "serves nothing" in " ".join(done.err.split())


def test_a_service_asks_no_account(project: Ztctl) -> None:
    """Without a token for the API it is printed, and alone."""
    done = project("tunnel", "service", "ssh-pool")

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("[Unit]\nDescription=cloudflared, connector of tunnel ssh-pool\n")


def test_a_service_has_the_paths_that_are_given(project: Ztctl) -> None:
    """Those of cloudflared and the token, and the address of the metrics."""
    given = ("--cloudflared", "/opt/cf", "--token-file", "/srv/t", "--metrics", "[::1]:9")

    done = project("tunnel", "service", "ssh-pool", *given)

    line = "/opt/cf --no-autoupdate tunnel --metrics [::1]:9 run --token-file /srv/t"
    assert f"ExecStart={line}\n" in done.out


def test_a_rule_to_localhost_decides_where_a_container_is(project: Ztctl) -> None:
    """In a container of its own localhost is not the machine; in a cluster it is each pod."""
    file = project.folder / "ztctl.yaml"

    local = [project("tunnel", "service", "ssh-pool", it) for it in ("--compose", "--kubernetes")]
    file.write_text(file.read_text().replace("ssh://localhost:22", "ssh://10.0.0.5:22"))
    remote = [project("tunnel", "service", "ssh-pool", it) for it in ("--compose", "--kubernetes")]

    assert "network_mode: host" in local[0].out
    assert "which is each pod itself" in " ".join(local[1].err.split())
    assert "network_mode" not in remote[0].out
    assert remote[1].err == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--openrc", "--compose"), "--openrc and --compose exclude each other"),
        (("--compose", "--token-file", "/t"), "--token-file and --compose exclude each other"),
        (("--cloudflared", "bin/cloudflared"), "no absolute path"),
        (("--token-file", "/a b"), "no absolute path without blanks"),
        (("--token-file", "/a\nExecStart=/bin/sh"), "no absolute path"),
        (("--metrics", "127.0.0.1"), "no address with a port"),
        (("--metrics", "127.0.0.1:99999"), "no address with a port"),
    ],
)
def test_a_service_that_cannot_be_is_wrong_usage(
    words: tuple[str, ...], said: str, project: Ztctl
) -> None:
    """It is told before anything is printed."""
    done = project("tunnel", "service", "ssh-pool", *words)

    assert (done.code, done.out) == (64, "")
    assert said in done.err


def test_a_file_cannot_take_the_place_of_nothing(applied: Ztctl, tmp_path: Path) -> None:
    """A folder that is not there is told, and none is made."""
    done = applied("tunnel", "token", "ssh-pool", "--out", "no/such/token")

    assert done.code == 1
    assert "there is no folder no/such" in done.err
    assert not os.path.lexists(tmp_path / "no")
