"""Promises about `ztctl ssh server`: bundles of the hosts of the files."""

from __future__ import annotations

import io
import json
import os
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Ztctl
from tests.support.process import TOKEN

HOST = "ssh.example.com"
TWO = """\
version: 1
stack: two
policies:
  ops: {decision: allow, include: [{email: a@example.com}]}
tunnels:
  edge: {}
hosts:
  a.example.com: {tunnel: edge, service: 'ssh://10.0.0.1:22', policies: [ops]}
  '*.b.example.com': {tunnel: edge, service: 'ssh://10.0.0.2:22', policies: [ops]}
  own.example.com: {tunnel: edge, service: 'ssh://10.0.0.3:22', policies: [ops], ca_key: false}
"""


_APPLIED: dict[str | None, dict[str, bytes]] = {}


def applied(project: Ztctl, text: str | None = None) -> Ztctl:
    """The folder, with these files applied on the sandbox; once, because an apply takes time."""
    if text:
        project.folder.joinpath("ztctl.yaml").write_text(text)
    if text not in _APPLIED:
        done = project("apply", "--sandbox", "--auto-approve", "--settle", 0)
        assert done.code == 0, done.said
        _APPLIED[text] = {it: (project.folder / it).read_bytes() for it in project.files()}
    for name, data in _APPLIED[text].items():
        path = project.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return project


def render(ztctl: Ztctl, *words: object) -> Any:
    """Render on the sandbox."""
    return ztctl("ssh", "server", "render", *words, "--sandbox")


def keys(folder: Path) -> list[str]:
    """Whose keys a bundle has."""
    return re.findall(r"^# (\S+) SHA256:", (folder / "ca.pub").read_text(), re.MULTILINE)


def test_a_bundle_is_a_folder_or_an_archive(project: Ztctl) -> None:
    """The same files in both; what they trust is told, with the fingerprint to compare."""
    ztctl = applied(project)

    folder = render(ztctl, HOST, "-o", "bundle")
    archive = render(ztctl, HOST, "-o", "bundle.tar")

    with tarfile.open(ztctl.folder / "bundle.tar") as found:
        texts = {it.name: found.extractfile(it).read() for it in found.getmembers()}  # type: ignore[union-attr]
    assert {it.name: it.read_bytes() for it in (ztctl.folder / "bundle").iterdir()} == texts
    assert f"# {HOST} SHA256:" in texts["ca.pub"].decode()
    assert folder.out == archive.out == ""
    assert re.search(rf"trusts {HOST}: SHA256:\S{{43}}\n", folder.err)


def test_no_secret_is_in_a_bundle(project: Ztctl) -> None:
    """Neither the API token nor what the account holds of secrets, in none of its files."""
    ztctl = applied(project)
    state = (ztctl.folder / ".ztctl" / "sandbox.jsonl").read_text()
    secrets = {it for it in _strings(state) if "secret" in it[0] or "private" in it[0]}
    assert secrets

    render(ztctl, "-o", "bundle", "--profile", "hardened", "--map", "deploy=jdoe")

    text = "".join(it.read_text() for it in (ztctl.folder / "bundle").iterdir())
    assert [name for name, value in {*secrets, ("token", TOKEN)} if value in text] == []


def _strings(state: str) -> set[tuple[str, str]]:
    """Every text of a state with the name under which it stands."""
    found: set[tuple[str, str]] = set()

    def walk(name: str, value: object) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(str(key), inner)
        elif isinstance(value, list):
            for inner in value:
                walk(name, inner)
        elif isinstance(value, str) and len(value) > 12:
            found.add((name, value))

    for line in state.splitlines():
        walk("", json.loads(line))
    return found


def test_each_server_trusts_the_key_of_its_own_host(project: Ztctl) -> None:
    """Without a name each host with a CA gets a folder; named together they are one server."""
    ztctl = applied(project, TWO)

    each = render(ztctl, "-o", "all")
    one = render(ztctl, "a.example.com", "x.b.example.com", "-o", "one")

    folders = {it.name: keys(it) for it in (ztctl.folder / "all").iterdir()}
    assert folders == {"a.example.com": ["a.example.com"], "_.b.example.com": ["*.b.example.com"]}
    assert keys(ztctl.folder / "one") == ["*.b.example.com", "a.example.com"]
    assert re.findall(r"is in (\S+)\.\n", each.err) == ["all/_.b.example.com", "all/a.example.com"]
    warned = "Whoever may enter one of these hosts gets in on this server."
    assert (warned in each.err, warned in one.err) == (False, True)


def test_keys_of_a_file_are_trusted_beside(project: Ztctl) -> None:
    """While a CA is renewed, and for the one of the Gateway; a file of something else is told."""
    ztctl = applied(project)
    (ztctl.folder / "more.pub").write_text((ztctl.folder / "ca" / f"{HOST}.pub").read_text())
    (ztctl.folder / "other.pub").write_text("# old\nssh-ed25519 " + ED25519 + "\n")
    (ztctl.folder / "bad.pub").write_text("# old\nnot a key\nssh-rsa AAAA\n")

    render(ztctl, HOST, "--trust", "more.pub", "--trust", "other.pub", "-o", "bundle")
    bad = render(ztctl, HOST, "--trust", "bad.pub", "-o", "bad")

    assert keys(ztctl.folder / "bundle") == [HOST, "other.pub"]
    assert bad.code == 1
    assert re.findall(r"^bad\.pub:[0-9:]+", bad.err, re.MULTILINE) == [
        "bad.pub:2:1:",
        "bad.pub:3:1:",
    ]


ED25519 = "AAAAC3NzaC1lZDI1NTE5AAAAIBRkaWm/kTuQDufQTtNo3vBhZJRwN/3K2RlwhdVJmU2d"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["-o", "x.tar"], 64, "which of the 2 hosts is it?"),
        (["-o", "x.tar"], 64, "`ztctl ssh server render -o FOLDER` makes a bundle of each"),
        (["a.example.com", "-o", "x.tgz"], 64, "say -o FOLDER or -o FILE.tar"),
        (["own.example.com", "-o", "x"], 1, "own.example.com has no CA key"),
        (["c.example.com", "-o", "x"], 64, "the files have no SSH host 'c.example.com'"),
        (["a.example.com", "-o", "x", "--map", "deploy=*"], 64, "everybody whom Access admits"),
        (["-o", "x", "--break-glass", "root"], 64, "--break-glass is for --profile hardened"),
        (["--profile", "hardened", "--break-glass", "a b"], 64, "'a b' is no name of an account"),
        (["--users", "gone", "-o", "x"], 1, "cannot read gone: no such file"),
        (["--users", "users", "-o", "x"], 1, "users:2:1"),
        (["--connector", "egde", "-o", "x"], 64, "did you mean edge?"),
        (["a.example.com", "--connector", "edge"], 64, "--connector is for a machine of no host"),
    ],
)
def test_what_is_wrong_is_told(project: Ztctl, words: list[str], code: int, said: str) -> None:
    """And nothing is written."""
    ztctl = applied(project, TWO)
    (ztctl.folder / "users").write_text("account\tjdoe\naccount jdoe\n")
    before = ztctl.files()

    done = render(ztctl, *words)

    assert (done.code, said in done.err) == (code, True), done.err
    assert ztctl.files() == before


@pytest.mark.parametrize(
    "words",
    [
        ["-o", "mine"],
        ["-o", "mine.tar"],
        ["-o", "ztctl.yaml"],
        ["-o", "ztctl.yaml", "--cloud-init"],
        ["--ansible", "mine"],
    ],
    ids=" ".join,
)
def test_what_is_no_earlier_bundle_is_not_overwritten(project: Ztctl, words: list[str]) -> None:
    """Neither a folder of somebody's nor the file that is read; the same again may be."""
    ztctl = applied(project)
    (ztctl.folder / "mine").mkdir()
    (ztctl.folder / "mine" / "README.txt").write_text("of somebody")
    (ztctl.folder / "mine.tar").write_text("of somebody")
    mine = [ztctl.folder / it for it in ("mine/README.txt", "mine.tar", "ztctl.yaml")]
    before = [it.read_bytes() for it in mine]

    done = render(ztctl, HOST, *words)
    new = [it.replace("ztctl", "new").replace("mine", "new") for it in words]
    twice = [render(ztctl, HOST, *new) for _ in range(2)]

    assert done.code == 1
    assert "is there, and is no bundle of ztctl's" in " ".join(done.err.split())
    assert [it.code for it in twice] == [0, 0], twice[1].err
    assert [it.read_bytes() for it in mine] == before


def test_before_an_apply_there_is_no_key(project: Ztctl) -> None:
    """It says what makes it."""
    done = render(project, HOST, "-o", "x")

    assert done.code == 1
    assert f"the CA key of {HOST} is not live yet" in done.err
    assert "ztctl apply" in done.err


def test_a_connector_has_a_bundle_of_its_own(project: Ztctl) -> None:
    """It trusts no key, and takes the token of its tunnel alone, which has to be live."""
    before = render(project, "--connector", "ssh-pool", "-o", "c")
    ztctl = applied(project)

    done = render(ztctl, "--connector", "ssh-pool", "-o", "c")

    assert (before.code, done.code) == (1, 0)
    assert "the tunnel ssh-pool is not live yet" in before.err
    made = {it.name: it.read_text() for it in (ztctl.folder / "c").iterdir()}
    assert set(made) == {"README.txt", "install.sh", "tunnels"}
    assert re.fullmatch(r"[0-9a-f-]{36}\tssh-pool[^\t\n]*\n", made["tunnels"])


def test_a_connector_knows_where_it_leads(project: Ztctl) -> None:
    """To the servers of all SSH hosts of its tunnel, which its check then asks."""
    ztctl = applied(project, TWO)

    render(ztctl, "--connector", "edge", "-o", "bundle")

    script = (ztctl.folder / "bundle" / "install.sh").read_text()
    assert "\nTARGETS='10.0.0.2:22 10.0.0.1:22 10.0.0.3:22'\n" in script


def test_hardened_warns_whoever_renders(project: Ztctl) -> None:
    """Of being locked out, unless an account keeps its own keys."""
    ztctl = applied(project)

    alone = render(ztctl, "-o", "a", "--profile", "hardened")
    rescued = render(ztctl, "-o", "b", "--profile", "hardened", "--break-glass", "rescue")

    assert "nobody logs in but on the console" in " ".join(alone.err.split())
    assert "on the console" not in " ".join(rescued.err.split())
    assert "Match User rescue\n" in (ztctl.folder / "b" / "sshd.conf").read_text()


def test_people_who_log_in_as_others_are_in_it(project: Ztctl) -> None:
    """Those of the file, and those of the command line."""
    ztctl = applied(project)
    (ztctl.folder / "people").write_text("account\tjdoe")

    render(ztctl, "-o", "a", "--users", "people", "--map", "deploy=jdoe,asmith")

    text = (ztctl.folder / "a" / "users").read_text()
    assert text == "account\tjdoe\nprincipals\tdeploy\tjdoe,asmith\n"


def test_install_runs_the_same_script(project: Ztctl) -> None:
    """On this machine, here below another root: installed, checked, and taken back."""
    ztctl = applied(project)
    ssh = ztctl.folder / "root" / "etc" / "ssh"
    ssh.mkdir(parents=True)
    (ssh / "sshd_config").write_text("UsePAM yes\n")
    (ssh.parent / "passwd").touch()
    words = ("ssh", "server", "install", HOST, "--sandbox", "--root", "root")

    installed = ztctl(*words)
    checked = ztctl(*words, "--do", "check")
    keys_printed = ztctl(*words, "--do", "host-keys")
    gone = ztctl(*words, "--do", "uninstall")

    if "there is no sshd here" in installed.err or "this needs root" in installed.err:
        assert not os.environ.get("CI"), installed.err
        pytest.skip(installed.err)
    assert (installed.code, checked.code, gone.code) == (0, 0, 0), installed.said + checked.said
    assert keys_printed.code == 0
    typed = f"\nztctl ssh server install {HOST} --sandbox --do"
    root = ztctl.folder / "root"
    for deed in ("check", "uninstall"):
        assert f"{typed} {deed} --root {root}\n" in installed.out
    assert "sshd takes certificates" in checked.out
    assert (ssh / "sshd_config").read_text() == "UsePAM yes\n"
    assert [it.name for it in ssh.iterdir()] == ["sshd_config"]


def test_install_makes_the_connector_too(project: Ztctl) -> None:
    """With the token and the program that are named: both are there, the token for root alone."""
    ztctl = applied(project)
    root = ztctl.folder / "root"
    (root / "etc" / "ssh").mkdir(parents=True)
    (root / "etc" / "systemd" / "system").mkdir(parents=True)
    (root / "etc" / "ssh" / "sshd_config").write_text("UsePAM yes\n")
    (root / "etc" / "passwd").touch()
    (ztctl.folder / "cloudflared").write_text("#!/bin/sh\n")
    assert ztctl("tunnel", "token", "ssh-pool", "--out", "token", "--sandbox").code == 0
    connector = ("--connector", "--token-file", "token", "--cloudflared", "cloudflared")

    done = ztctl("ssh", "server", "install", HOST, "--sandbox", "--root", "root", *connector)

    if "there is no sshd here" in done.err or "this needs root" in done.err:
        assert not os.environ.get("CI"), done.err
        pytest.skip(done.err)
    assert done.code == 0, done.said
    token = root / "etc" / "cloudflared" / "token"
    assert token.read_text() == (ztctl.folder / "token").read_text().strip()
    assert token.stat().st_mode & 0o777 == 0o600
    unit = (root / "etc" / "systemd" / "system" / "cloudflared.service").read_text()
    assert "--token-file /etc/cloudflared/token" in unit
    assert (root / "usr" / "local" / "bin" / "cloudflared").exists()
    assert (root / "etc" / "ssh" / "ztctl_ca.pub").exists()
    assert token.read_text() not in done.said


def test_standard_output_is_an_archive(project: Ztctl) -> None:
    """For `ssh SERVER tar x`; the rest is on standard error."""
    ztctl = applied(project)

    done = render(ztctl, HOST)

    with tarfile.open(fileobj=io.BytesIO(done.out.encode())) as found:
        assert "install.sh" in found.getnames()
    assert "trusts" in done.err
