"""Promises about bundles in the forms of others: cloud-init and Ansible."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from tests.ssh.connector_machine import token
from tests.support.servers import missing, new_key, public
from ztctl.ssh.ansible_role import ansible_role
from ztctl.ssh.bundle import Server, TrustedKey, bundle_of
from ztctl.ssh.cloud_init import cloud_init
from ztctl.ssh.yaml_text import literal, quoted

BLOB = (
    "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBMF7ZwLf8TW6GWlPyWbtKD9U"
    "3XHcy0jxkL0SfpUM7fMEeF5jWjTJLXwOyPSZ/MS8goyWKmZ3+4n6xpVu3xcMiO4="
)
KEY = TrustedKey("ssh.example.com", f"ecdsa-sha2-nistp256 {BLOB} open-ssh-ca@cloudflareaccess.org")
CONF = "Include /etc/ssh/sshd_config.d/*.conf\nHostKey /etc/ssh/ssh_host_ed25519_key\n"


def bundle(key: TrustedKey = KEY) -> Mapping[str, str]:
    """The texts of a bundle's files."""
    server = Server("prod", ("ssh.example.com",), (key,), users="account\tjdoe\n")
    return {it.name: it.text for it in bundle_of(server)}


@given(st.text(), st.booleans())
@example("a\n\n\n", True)
@example("\ta\n b", True)
@example(" a\nb\n", True)
@example("\n a\nb", True)
@example("a\u2028b\x85c\n", True)
def test_any_text_stands_in_yaml(text: str, block: bool) -> None:
    """Whatever it holds, a reader of YAML gets it back."""
    written = f"a:\n  - b: {literal(text, 6) if block else quoted(text)}\n    c: d\n"

    assert yaml.safe_load(written) == {"a": [{"b": text, "c": "d"}]}


def test_cloud_init_takes_the_snippet(tmp_path: Path) -> None:
    """By its own check of its schema."""
    program = shutil.which("cloud-init")
    if program is None:
        assert not os.environ.get("CI"), "CI installs cloud-init"
        pytest.skip("no cloud-init")
    path = tmp_path / "user-data"
    path.write_text(cloud_init(bundle(), "prod"))

    done = subprocess.run(
        [program, "schema", "--config-file", path], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("connector", [False, True])
def test_cloud_init_carries_the_very_bundle(connector: bool) -> None:
    """Each file as it is; the script is run, with a token file only where there is one."""
    found = yaml.safe_load(cloud_init(bundle(), "prod", connector=connector))

    written = {Path(it["path"]).name: it["content"] for it in found["write_files"]}
    (command,) = found["runcmd"]
    assert written == bundle()
    assert "sh /var/lib/ztctl/prod/install.sh" in command
    assert ("--token-file" in command) is connector
    done = subprocess.run(["sh", "-n"], input=command, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_role_carries_the_very_bundle() -> None:
    """Each file as it is, and every other file is YAML."""
    role = ansible_role(bundle(), "prod")

    assert {path[6:]: text for path, text in role.items() if path.startswith("files/")} == bundle()
    for path, text in role.items():
        assert not path.endswith(".yml") or yaml.safe_load(text)


class Play:
    """A role, and a server's files below a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "root"
        key = new_key(folder / "ca")
        for path, text in ansible_role(bundle(TrustedKey("x", public(key))), "prod").items():
            place = folder / "roles" / "ssh" / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        for name in ("etc/ssh/sshd_config.d", "etc/systemd/system", "usr/bin"):
            (self.root / name).mkdir(parents=True)
        (self.root / "etc/ssh/sshd_config").write_text(CONF)
        (self.root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
        (self.root / "usr/bin/cloudflared").write_text("#!/bin/sh\n")
        (self.root / "usr/bin/cloudflared").chmod(0o755)
        host_key = new_key(folder / "host", "-t", "ed25519")
        shutil.copy(host_key, self.root / "etc/ssh/ssh_host_ed25519_key")

    def run(self, *words: str, times: int = 1, **variables: object) -> tuple[int, list[int], str]:
        """Play it so many times; exit code, how many tasks each changed, and all that it said."""
        # One name after the other, each of which is this machine.
        names = [f"run{number}" for number in range(times)]
        play = {"hosts": "all", "serial": 1, "order": "inventory"}
        plays = [{**play, "gather_facts": False, "roles": ["ssh"]}]
        (self.folder / "play.yml").write_text(json.dumps(plays))
        given = {"ztctl_folder": str(self.folder / "at"), "ztctl_root": str(self.root)}
        (self.folder / "given.json").write_text(json.dumps({**given, **variables}))
        program, file = Path(sys.executable).with_name("ansible-playbook"), "play.yml"
        done = subprocess.run(
            [program, "-c", "local", "-i", f"{','.join(names)},", "-e@given.json", *words, file],
            cwd=self.folder, capture_output=True, text=True, check=False,
            env={
                "PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8",
                "ANSIBLE_PIPELINING": "1", "ANSIBLE_LOCALHOST_WARNING": "0",
                "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            },
        )  # fmt: skip
        changed = [int(word[8:]) for word in done.stdout.split() if word.startswith("changed=")]
        return done.returncode, changed, done.stdout + done.stderr

    def files(self) -> dict[str, bytes]:
        """The server's files, and what is in them."""
        found = (path for path in sorted(self.root.rglob("*")) if path.is_file())
        return {str(path.relative_to(self.root)): path.read_bytes() for path in found}


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """A role below a folder; it wants root, as every role of its sort."""
    if reason := missing():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    return Play(tmp_path)


def test_a_second_run_of_the_role_changes_nothing(play: Play) -> None:
    """The first installs, sshd's part and the connector; the token is seen in neither."""
    given = {"ztctl_connector": True, "ztctl_tunnel_token": token()}

    code, (first, second), said = play.run(times=2, **given)

    assert code == 0, said
    assert (first > 0, second) == (True, 0)
    assert play.files()["etc/cloudflared/token"].decode() == token()
    assert b"TrustedUserCAKeys" in play.files()["etc/ssh/sshd_config.d/00-ztctl-prod.conf"]
    assert token() not in said


def test_a_role_in_check_mode_shows_and_does_nothing(play: Play) -> None:
    """The script runs dry: what it would change counts as changed."""
    before = play.files()

    code, (changed,), said = play.run("--check")

    assert (code, changed > 0) == (0, True), said
    assert "+TrustedUserCAKeys" in said
    assert play.files() == before


def test_a_role_that_fails_says_why(play: Play) -> None:
    """Although the task that has the token logs nothing."""
    given: dict[str, Any] = {"ztctl_connector": True, "ztctl_tunnel_token": "canary-no-token"}
    given["ztctl_folder"] = str(play.folder / "roles" / "ssh" / "files")

    code, _, said = play.run("--start-at-task", "Run the script", **given)

    assert code == 2
    assert "what was given as the token is none" in said
    assert "canary" not in said
