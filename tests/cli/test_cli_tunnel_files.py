"""Promises about the files of a locally managed tunnel: written, compared, and taken over."""

from __future__ import annotations

import base64
import json
import stat
from typing import Any

import pytest
import yaml

from tests.support.process import TOKEN

Ztctl = Any
Account = Any
TEAM = "acme"
FILE = f"""\
version: 1
stack: prod
team: {TEAM}
policies:
  team: {{decision: allow, include: [{{email: ann@example.com}}]}}
tunnels:
  edge:
    config: local
    connector: {{protocol: http2, metrics: "127.0.0.1:20241"}}
    origin_request: {{connect_timeout: 90s}}
hosts:
  ssh.example.com: {{tunnel: edge, service: "ssh://localhost:22", policies: [team]}}
"""


@pytest.fixture
def applied(project: Ztctl, account: Account) -> Ztctl:
    """A local tunnel and the host behind it, both live."""
    (project.folder / "ztctl.yaml").write_text(FILE, encoding="utf-8")
    ztctl: Ztctl = project.at(account)
    done = ztctl("apply", "--auto-approve")
    assert done.code == 0, done.err
    account.sandbox.log.clear()
    return ztctl


def secret_of(account: Account) -> str:
    """The secret of the one tunnel, as only the service knows it."""
    with account.sandbox.session() as state:
        (tunnel,) = state.store.all("tunnel")
        return str(tunnel["secret"])


def test_both_files_are_written(applied: Ztctl, account: Account) -> None:
    """The configuration with the audiences of applications, and the credentials for its owner."""
    out = applied.folder / "server"

    done = applied("tunnel", "files", "edge", "-o", "server")

    assert done.code == 0, done.err
    config = yaml.safe_load((out / "config.yml").read_text())
    (tunnel,) = account.sandbox.export()["tunnels"]
    (app,) = account.sandbox.export()["apps"]
    assert config == {
        "tunnel": tunnel["id"],
        "credentials-file": f"/etc/cloudflared/{tunnel['id']}.json",
        "protocol": "http2",
        "metrics": "127.0.0.1:20241",
        "originRequest": {"connectTimeout": "90s"},
        "ingress": [
            {
                "hostname": "ssh.example.com",
                "service": "ssh://localhost:22",
                "originRequest": {
                    "access": {"required": True, "teamName": TEAM, "audTag": [app["aud"]]}
                },
            },
            {"service": "http_status:404"},
        ],
    }
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    credentials = out / f"{tunnel['id']}.json"
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o400
    assert json.loads(credentials.read_text()) == {
        "AccountTag": account.sandbox.account_id,
        "TunnelSecret": secret_of(account),
        "TunnelID": tunnel["id"],
    }
    assert secret_of(account) not in done.out + done.err + (out / "config.yml").read_text()
    assert [it.method for it in account.sandbox.log if it.method != "GET"] == []


@pytest.mark.parametrize(
    ("out", "said"), [("ztctl.yaml", "is no folder"), ("no/such", "folder no")]
)
def test_a_place_for_no_folder_is_refused(
    out: str, said: str, applied: Ztctl, account: Account
) -> None:
    """Before the account is asked for a secret."""
    done = applied("tunnel", "files", "edge", "-o", out)

    assert done.code == 1
    assert said in done.err
    assert not account.sandbox.log


def test_who_says_what_would_tell_what_a_local_tunnel_serves(applied: Ztctl) -> None:
    """Its server's file, of which no copy is given."""
    done = applied("who", "ssh.example.com")

    assert done.code == 0
    assert "a copy of its server's file tells (--local)" in " ".join(done.out.split())


def test_a_second_run_writes_what_differs_and_never_the_credentials(
    applied: Ztctl, account: Account
) -> None:
    """The token is not asked for either: the file that is there may be newer."""
    out = applied.folder / "server"
    out.mkdir()
    applied("tunnel", "files", "edge", "-o", "server")
    (credentials,) = out.glob("*.json")
    credentials.chmod(0o600)
    credentials.write_text("mine")
    (out / "config.yml").write_text("tunnel: other\n")
    account.sandbox.log.clear()

    again = applied("tunnel", "files", "edge", "-o", "server")
    third = applied("tunnel", "files", "edge", "-o", "server")

    assert "is written anew" in again.err
    assert "stays as it is" in third.err
    assert credentials.read_text() == "mine"
    assert not [it for it in account.sandbox.log if it.path.endswith("/token")]


@pytest.mark.parametrize(
    ("there", "said"),
    [("open", "others may read it, a secret: chmod 0400"), ("link", "is no file, and is left")],
)
def test_credentials_that_are_there_are_told_of(applied: Ztctl, there: str, said: str) -> None:
    """A file that others can read, and a link that leads nowhere, are no credentials of ours."""
    out = applied.folder / "server"
    out.mkdir()
    applied("tunnel", "files", "edge", "-o", "server")
    (place,) = out.glob("*.json")
    if there == "open":
        place.chmod(0o644)
    else:
        place.unlink()
        place.symlink_to(applied.folder / "nowhere")

    done = applied("tunnel", "files", "edge", "-o", "server")

    assert said in " ".join(done.err.split())
    assert not (applied.folder / "nowhere").exists()


def test_without_a_folder_the_configuration_alone_is_printed(
    applied: Ztctl, account: Account
) -> None:
    """Standard output holds no secret, and none is asked for."""
    done = applied("tunnel", "files", "edge", "--credentials-folder", "/srv/cfd")

    assert yaml.safe_load(done.out)["credentials-file"].startswith("/srv/cfd/")
    assert (done.code, done.err) == (0, "")
    assert not [it for it in account.sandbox.log if it.path.endswith("/token")]


def test_a_servers_file_is_compared(applied: Ztctl) -> None:
    """Equal is 0, different is 2 with each key, and what cloudflared refuses is 1."""
    copy = applied.folder / "copy.yml"
    equal = applied("tunnel", "files", "edge").out.replace("90s", "1m30s")
    copy.write_text(equal)
    same = applied("tunnel", "files", "edge", "--check", "copy.yml")
    copy.write_text(equal.replace("localhost:22", "localhost:2222"))
    other = applied("tunnel", "files", "edge", "--check", "copy.yml")
    copy.write_text("tunnel: a\ningress: []\n")
    wrong = applied("tunnel", "files", "edge", "--check", "copy.yml")

    assert (same.code, same.out) == (0, "")
    assert (other.code, other.out) == (
        2,
        "ingress[0].service: ssh://localhost:2222 in copy.yml, ssh://localhost:22 by the files\n",
    )
    assert (wrong.code, wrong.out) == (1, "")
    assert "copy.yml:2:1" in wrong.err


def test_a_remote_tunnel_has_no_file(project: Ztctl, account: Account) -> None:
    """It is told what its connector needs, before anything is asked."""
    done = project.at(account)("tunnel", "files", "ssh-pool")

    assert done.code == 1
    assert "ztctl tunnel token ssh-pool" in done.err
    assert len(account.sandbox.log) == 0


def test_the_secret_is_in_no_plan_and_no_journal(applied: Ztctl, account: Account) -> None:
    """Neither of what made the tunnel, nor of what comes after."""
    plan = applied("plan", "--format", "json")
    kept = [it.read_bytes() for it in applied.folder.rglob("*") if it.is_file()]
    encoded = base64.b64encode(secret_of(account).encode())
    for text in (plan.out.encode(), plan.err.encode(), *kept):
        assert secret_of(account).encode() not in text
        assert encoded not in text
        assert TOKEN.encode() not in text


def test_nothing_is_made_that_runs_it_by_a_token(applied: Ztctl) -> None:
    """No service, no bundle of a connector, none in the bundle of its host; the files are named."""
    service = applied("tunnel", "service", "edge")
    alone = applied("ssh", "server", "render", "--connector", "edge", "-o", "connector")
    host = applied("ssh", "server", "render", "ssh.example.com", "-o", "host")

    for refused in (service, alone):
        assert (refused.code, refused.out) == (1, "")
        assert "run by a config.yml on its server" in refused.err
        assert "ztctl tunnel files edge" in refused.err
    assert host.code == 0, host.err
    assert not (applied.folder / "connector").exists()
    assert not (applied.folder / "host" / "tunnels").exists()
    assert "connector_install" not in (applied.folder / "host" / "install.sh").read_text()


def test_a_file_is_taken_over(project: Ztctl) -> None:
    """Into an entry that is valid beside what a file begins with, without an account."""
    (project.folder / "config.yml").write_text(
        "tunnel: edge\ncredentials-file: /root/x.json\ningress:\n"
        "  - {hostname: a.example.com, service: 'ssh://h:22'}\n  - service: http_status:404\n"
    )
    done = project("tunnel", "import", "config.yml", "-o", "edge.yaml")
    again = project("tunnel", "import", "config.yml", "-o", "edge.yaml")
    (project.folder / "top.yaml").write_text("version: 1\nstack: prod\n")
    valid = project("validate", "-f", "top.yaml", "-f", "edge.yaml")

    assert (done.code, valid.code) == (0, 0), done.err + valid.err
    assert yaml.safe_load((project.folder / "edge.yaml").read_text()) == {
        "tunnels": {
            "edge": {
                "config": "local",
                "ingress": [{"hostname": "a.example.com", "service": "ssh://h:22"}],
            }
        }
    }
    assert again.code == 1
    assert "is there already" in again.err


def test_an_entry_always_has_a_key(project: Ztctl) -> None:
    """A file that names its tunnel by an id, or not at all, gets the name of its folder."""
    (project.folder / "config.yml").write_text("ingress: [{service: 'http_status:404'}]\n")

    done = project("tunnel", "import", "config.yml")
    empty = project("tunnel", "import", "config.yml", "--name", "")

    assert yaml.safe_load(done.out) == {"tunnels": {project.folder.name: {"config": "local"}}}
    assert empty.code == 64


def test_what_is_not_taken_over_is_named(project: Ztctl) -> None:
    """On standard error and in a comment, without its value, and the end is 2."""
    (project.folder / "c.yml").write_text(
        "tunnel: 79a60ee2-9a98-4f5f-96c7-76c88b2075be\ntoken: CANARY\nlogDirectory: /var\n"
        "ingress:\n  - service: http_status:404\n"
    )
    done = project("tunnel", "import", "c.yml", "--name", "edge")

    assert done.code == 2
    assert yaml.safe_load(done.out) == {"tunnels": {"edge": {"config": "local"}}}
    assert "# not taken over: token" in done.out
    for said in (
        "not taken over: logDirectory (cloudflared ignores it)",
        "did you mean `log-directory`?",
        "by its id",
    ):
        assert said in done.err
    assert "CANARY" not in done.out + done.err
