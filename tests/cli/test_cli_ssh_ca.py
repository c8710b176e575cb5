"""Promises about `ztctl ssh ca`: the CAs of a stack, files that trust them, certificates."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.cli.conftest import Account, Gated, Ztctl
from tests.support.forking import Forks
from ztctl.sandbox.server import served

HOST, OTHER = "ssh.example.com", "db.example.com"
TWO = """\
version: 1
stack: two
policies:
  ops: {decision: allow, include: [{email: jdoe@example.com}]}
tunnels:
  edge: {}
hosts:
  ssh.example.com:
    {tunnel: edge, service: 'ssh://10.0.0.1:22', policies: [ops], public_key_file: ca/ssh.pub}
  db.example.com: {tunnel: edge, service: 'ssh://10.0.0.2:22', policies: [ops]}
"""
PATTERN = """\
  '*.lab.example.com': {tunnel: edge, service: 'ssh://10.0.0.3:22', policies: [ops]}
"""


@pytest.fixture(scope="module")
def estate(
    forks: Forks, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, Account]]:
    """A folder with two hosts, and the account to which they were applied."""
    folder = tmp_path_factory.mktemp("estate")
    (folder / "ztctl.yaml").write_text(TWO)
    sandbox = Gated.create()
    assert isinstance(sandbox, Gated)
    with served(sandbox) as url:
        account = Account(sandbox, url)
        done = Ztctl(folder, forks).at(account)("apply", "--auto-approve")
        assert done.code == 0, done.said
        yield folder, account


@pytest.fixture
def account(estate: tuple[Path, Account]) -> Account:
    """The account, which no test changes for others."""
    return estate[1]


@pytest.fixture
def applied(ztctl: Ztctl, estate: tuple[Path, Account]) -> Ztctl:
    """A copy of the folder."""
    folder, account = estate
    shutil.copytree(folder, ztctl.folder, dirs_exist_ok=True)
    return ztctl.at(account)


def shown(applied: Ztctl, *options: str) -> dict[str, Any]:
    """What `show` tells machines."""
    found: dict[str, Any] = json.loads(
        applied("ssh", "ca", "show", "--format", "json", *options).out
    )
    return found


def signed(account: Account, host: str, folder: Path) -> Path:
    """A certificate for jdoe, signed by the CA of a host's application, in a file."""
    stored = account.sandbox.export()
    aud = next(app["aud"] for app in stored["apps"] if app["name"] == host)
    with account.sandbox.session() as state:
        (found,) = (ca for ca in state.store.all("app_ca") if ca["aud"] == aud)
    private = serialization.load_pem_private_key(found["private_key"].encode(), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    now = int(time.time())
    made = (
        serialization.SSHCertificateBuilder()
        .public_key(ec.generate_private_key(ec.SECP256R1()).public_key())
        .serial(7)
        .type(serialization.SSHCertificateType.USER)
        .key_id(b"jdoe@example.com\x1b[2J")
        .valid_principals([b"jdoe"])
        .valid_after(now - 60)
        .valid_before(now + 600)
        .add_extension(b"permit-pty", b"")
        .sign(private)
    )
    path = folder / f"{host}-cf_key-cert.pub"
    path.write_bytes(made.public_bytes() + b"\n")
    return path


def test_every_ca_is_shown(applied: Ztctl) -> None:
    """With its application's names and audience, its fingerprint, and whether its file holds it."""
    found = shown(applied)

    names = [(ca["application"], ca["hosts"], ca["file_holds_it"]) for ca in found["cas"]]
    assert names == [(HOST, [HOST], True), (OTHER, [OTHER], None)]
    done = applied("ssh", "ca", "show", env={"COLUMNS": "80"})
    assert done.code == 0
    for ca in found["cas"]:
        assert ca["fingerprint"] in done.out
        assert ca["aud"] in done.out
    assert max(map(len, done.out.splitlines())) <= 80


@pytest.mark.skipif(
    shutil.which("ssh-keygen") is None and not os.environ.get("CI"), reason="no ssh-keygen here"
)
def test_fingerprints_are_those_of_ssh_keygen(applied: Ztctl) -> None:
    """The saved file, read by OpenSSH itself."""
    assert applied("ssh", "ca", "show", "--save", "all.pub").code == 0

    told = subprocess.run(
        ["ssh-keygen", "-lf", "all.pub"], cwd=applied.folder, capture_output=True, text=True,
        check=True,
    )  # fmt: skip

    found = [line.split()[1] for line in told.stdout.splitlines()]
    assert found == [ca["fingerprint"] for ca in shown(applied)["cas"]]


def test_a_stale_file_is_a_difference(applied: Ztctl) -> None:
    """Shown, and told by the exit code."""
    (applied.folder / "ca" / "ssh.pub").unlink()

    done = applied("ssh", "ca", "show")

    assert done.code == 2
    assert "does not hold the key: apply writes it" in done.out


def test_before_the_apply_there_is_none(project: Ztctl) -> None:
    """What the files want is named as not live, which is a difference."""
    done = project("ssh", "ca", "show", "--sandbox")

    assert done.code == 2
    assert f"{HOST}: no CA is live yet" in done.out


def test_the_account_s_ca_is_shown_too(applied: Ztctl, account: Account) -> None:
    """It is told apart, and a server may trust it."""
    made = account.post("/accounts/{account}/access/gateway_ca", {})
    try:
        found = shown(applied)
        keys = [ca["public_key"] for ca in (*found["cas"], *found["gateway"])]
        (applied.folder / "all.pub").write_text("\n".join(keys) + "\n")
        done = applied("ssh", "ca", "check", "all.pub")
    finally:
        with account.sandbox.session() as state:
            state.store.remove("gateway_ca", made["id"])

    told = [(ca["application"], ca["public_key"]) for ca in found["gateway"]]
    assert told == [(None, made["public_key"])]
    assert done.code == 0, done.said


def test_a_gap_is_told(applied: Ztctl, account: Account) -> None:
    """Without the permission for the account's CA the rest is shown; nothing counts as absent."""
    account.sandbox.faults.add(path=".*/gateway_ca", status=403, times=2)

    done = applied("ssh", "ca", "show", "--save", "all.pub")
    checked = applied("ssh", "ca", "check", "all.pub")

    assert done.code == 1
    assert HOST in done.out
    assert "the gateway CA of the account is not seen" in done.out
    assert (checked.code, "is not seen" in checked.err) == (0, True)


def test_keys_are_saved_into_a_folder(applied: Ztctl) -> None:
    """Made where a slash says that it is one: a file each, not written twice."""
    cas = shown(applied)["cas"]

    first, second = (applied("ssh", "ca", "show", "--save", it) for it in ("keys/", "keys"))

    for ca in cas:
        path = applied.folder / "keys" / f"{ca['application']}.pub"
        assert path.read_text() == f"{ca['public_key']}\n"
    assert f"Wrote keys/{HOST}.pub" in first.err
    assert f"keys/{HOST}.pub holds the CA of {HOST} already" in second.err


def test_a_bundle_can_be_printed(applied: Ztctl) -> None:
    """For a pipe: nothing but the file, which the check takes from standard input, too."""
    done = applied("ssh", "ca", "show", "--host", HOST, "--save", "-")

    comment, key = done.out.splitlines()
    assert comment.startswith("# ")
    assert key == shown(applied, "--host", HOST)["cas"][0]["public_key"]


def test_what_is_no_file_of_keys_is_not_overwritten(applied: Ztctl) -> None:
    """A mistyped name costs nobody their file."""
    before = (applied.folder / "ztctl.yaml").read_text()

    done = applied("ssh", "ca", "show", "--save", "ztctl.yaml")

    assert done.code == 1
    assert "holds something else than CA keys" in done.err
    assert (applied.folder / "ztctl.yaml").read_text() == before


def test_a_file_is_checked(applied: Ztctl) -> None:
    """Each fault with its place, what it means and what to do; the exit code tells it."""
    first, second = (ca["public_key"] for ca in shown(applied)["cas"])
    bad = applied.folder / "bad.pub"
    bad.write_text(f"{first}\r\ncert-authority {second}\n{second}\n")
    bad.chmod(0o666)

    done = applied("ssh", "ca", "check", "bad.pub")

    assert done.code == 2
    told = [line for line in done.out.splitlines() if line.startswith("bad.pub:")]
    assert [line.partition(": ")[2].partition(":")[0] for line in told[:3]] == [
        "writable",
        "malformed",
        "unreached",
    ]
    assert told[1].startswith("bad.pub:2:1: ")


def test_a_server_of_one_host_trusts_one_ca(applied: Ztctl) -> None:
    """With --host the keys of other hosts of the stack are too many."""
    assert applied("ssh", "ca", "show", "--save", "all.pub").code == 0

    done = applied("ssh", "ca", "check", "all.pub", "--host", HOST, "--format", "json")

    assert done.code == 2
    (found,) = json.loads(done.out)["findings"]
    assert (found["fault"], found["line"]) == ("other-host", 4)


def test_a_name_of_a_pattern_is_a_host(applied: Ztctl) -> None:
    """Its CA is that of the pattern."""
    (applied.folder / "ztctl.yaml").write_text(f"{TWO}{PATTERN}")

    done = applied("ssh", "ca", "show", "--host", "a.lab.example.com")

    assert "*.lab.example.com: no CA is live yet" in done.out, done.said


def test_an_unknown_host_is_said(applied: Ztctl) -> None:
    """With what may have been meant."""
    done = applied("ssh", "ca", "show", "--host", "shh.example.com")

    assert done.code == 64
    assert f"did you mean {HOST}?" in done.err


def test_a_certificate_is_told_by_the_account(applied: Ztctl, account: Account) -> None:
    """Who signed it, for whom; what is hostile in it does not reach the terminal."""
    path = signed(account, HOST, applied.folder)

    done = applied("ssh", "ca", "inspect", path, "--user", "jdoe")

    assert done.code == 0, done.said
    assert f"Servers that trust the CA of {HOST} let it in as jdoe." in done.out
    assert "\x1b" not in done.out
    assert r"jdoe@example.com\x1b[2J" in done.out


def test_a_certificate_is_told_without_an_account(
    applied: Ztctl, account: Account, ztctl: Ztctl
) -> None:
    """A file of CAs is enough: no token, no YAML; that of another host did not sign it."""
    path = signed(account, HOST, ztctl.folder)
    for host in (HOST, OTHER):
        assert applied("ssh", "ca", "show", "--host", host, "--save", f"{host}.pub").code == 0
    (ztctl.folder / "ztctl.yaml").unlink()

    ours = ztctl("ssh", "ca", "inspect", path, "--ca", f"{HOST}.pub", "--format", "json")
    others = ztctl("ssh", "ca", "inspect", path, "--ca", f"{OTHER}.pub")

    assert (ours.code, others.code) == (0, 2)
    assert json.loads(ours.out)["principals"] == ["jdoe"]
    assert "it is not signed by the CA" in others.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["inspect", "nothing.pub", "--ca", "nothing.pub"], "cannot read nothing.pub"),
        (["check", "/dev/zero"], "it is a device, not a file"),
        (["inspect", "ztctl.yaml", "--ca", "ztctl.yaml"], "ztctl.yaml holds"),
    ],
)
def test_what_cannot_be_read_is_said(applied: Ztctl, words: list[str], says: str) -> None:
    """In a line, and an error's exit code."""
    done = applied("ssh", "ca", *words)

    assert done.code == 1
    assert says in done.err
