"""Promises about the bundle of a server, and about the script in it as a text."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    SSHCertificateBuilder,
    SSHCertificateType,
)

from tests.support.servers import Host
from ztctl.core.model.diagnostics import Failure, Problems
from ztctl.core.model.ssh_check import TITLES
from ztctl.core.model.ssh_trust import StackCa
from ztctl.ssh import saving
from ztctl.ssh.bundle import (
    Server,
    TrustedKey,
    as_tar,
    bundle_of,
    install_script,
    trusted_keys,
    write_folder,
)
from ztctl.ssh.server_users import mapping_line, users_problems
from ztctl.ssh.sshd_config import Profile, sshd_settings

BLOB = (
    "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBMF7ZwLf8TW6GWlPyWbt"
    "KD9U3XHcy0jxkL0SfpUM7fMEeF5jWjTJLXwOyPSZ/MS8goyWKmZ3+4n6xpVu3xcMiO4="
)
KEY = TrustedKey("ssh.example.com", f"ecdsa-sha2-nistp256 {BLOB} open-ssh-ca@cloudflareaccess.org")
OTHER = TrustedKey(
    "other.pub",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBRkaWm/kTuQDufQTtNo3vBhZJRwN/3K2RlwhdVJmU2d",
)
BOTH = Server("prod", ("ssh.example.com",), (KEY, OTHER))
SSHD_ALONE = Server("prod", ("ssh.example.com",), (KEY,), connector=False)
CONNECTOR_ALONE = Server("prod", (), tunnel="pool.ztctl-prod")
SHELLCHECK = Path(sys.executable).with_name("shellcheck")
KINDS = pytest.mark.parametrize(
    "server", [BOTH, SSHD_ALONE, CONNECTOR_ALONE], ids=["both", "sshd alone", "connector alone"]
)


def texts(server: Server) -> dict[str, str]:
    """The files of a bundle."""
    return {it.name: it.text for it in bundle_of(server)}


@pytest.mark.parametrize("server", [BOTH, SSHD_ALONE], ids=["both", "sshd alone"])
def test_shellcheck_finds_nothing(server: Server, tmp_path: Path) -> None:
    """In none of the forms that the script has."""
    path = tmp_path / "install.sh"
    path.write_text(install_script(server))

    done = subprocess.run(
        [SHELLCHECK, "--severity=warning", path], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (0, "")


@KINDS
@pytest.mark.parametrize("shell", [("dash",), ("busybox", "ash")], ids=" ".join)
def test_small_shells_read_it(server: Server, shell: tuple[str, ...], tmp_path: Path) -> None:
    """The shells of Debian and of Alpine, to its end."""
    if shutil.which(shell[0]) is None:
        assert not os.environ.get("CI"), "CI installs both"
        pytest.skip(f"no {shell[0]}")
    path = tmp_path / "install.sh"
    path.write_text(install_script(server))

    done = subprocess.run([*shell, path, "--help"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert ("\n  host-keys " in done.stdout) is bool(server.keys)
    assert done.stdout.startswith("Usage: sh install.sh [DEED] [")


@KINDS
def test_no_line_is_longer_than_a_screen_of_code(server: Server) -> None:
    """Whoever must trust the script reads it first."""
    assert [it for it in install_script(server).splitlines() if len(it) > 120] == []


def test_what_a_bundle_is_not_for_is_left_out() -> None:
    """A connector's machine gets no word of sshd's part, and a server without one none of it."""
    assert "sshd_install()" not in install_script(CONNECTOR_ALONE)
    assert "sshd_install()" in install_script(SSHD_ALONE)
    assert "connector_install()" not in install_script(SSHD_ALONE)
    assert texts(CONNECTOR_ALONE).keys() == {"README.txt", "install.sh"}


def test_every_key_is_named_with_its_fingerprint() -> None:
    """Whose key it is stands above it, as `ssh-keygen -lf` counts it."""
    assert texts(BOTH)["ca.pub"] == (
        "# ssh.example.com SHA256:PcXGA3NDg+zOI1j02xMs0vB9uerS9DlBolHQiuoJ21A\n"
        f"{KEY.line}\n"
        "# other.pub SHA256:cGamKh4iK+E6WCqihirL5UuiUox1BGE2xHIdN1qeC/o\n"
        f"{OTHER.line}\n"
    )


def test_an_archive_is_the_same_for_the_same_files(tmp_path: Path) -> None:
    """Of root, without a time of day: two people who render get the same bytes."""
    made = as_tar(bundle_of(BOTH))

    with tarfile.open(fileobj=io.BytesIO(made)) as archive:
        entries = archive.getmembers()
    assert made == as_tar(bundle_of(BOTH))
    assert [it.name for it in entries] == [
        *("README.txt", "ca.pub", "install.sh", "sshd.conf", "users")
    ]
    assert {(it.uid, it.gid, it.mtime) for it in entries} == {(0, 0, 0)}
    assert [oct(it.mode) for it in entries] == ["0o644", "0o644", "0o755", "0o644", "0o644"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """By its name."""
    (tmp_path / "file").touch()

    with pytest.raises(Failure, match=r"cannot write .*file"):
        write_folder(bundle_of(BOTH), tmp_path / "file")


def test_hardened_warns_of_being_locked_out() -> None:
    """In the words that its reader gets, unless an account keeps a way in."""
    alone = Server("prod", ("ssh.example.com",), (KEY,), Profile.hardened)
    rescued = Server("prod", ("ssh.example.com",), (KEY,), Profile.hardened, "rescue")

    assert "nobody logs in but on the console" in texts(alone)["README.txt"]
    assert "No account keeps another way in" in texts(alone)["README.txt"]
    assert (
        "The account rescue still logs in by its authorized_keys." in texts(rescued)["README.txt"]
    )


def test_what_is_for_one_account_stands_at_the_end() -> None:
    """A Match lasts to the end of a file: nothing for everybody comes behind it."""
    text = sshd_settings(Profile.hardened, "rescue")

    _, _, behind = text.partition("\nMatch User rescue\n")
    assert behind
    assert all(line.startswith("    ") for line in behind.splitlines())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("deploy", "is not ACCOUNT=NAME"),
        ("=jdoe", "is not ACCOUNT=NAME"),
        ("deploy=", "'' is no name"),
        ("deploy=*", "everybody whom Access admits"),
        ("deploy=jdoe,j?e", "everybody whom Access admits"),
        ("deploy=j doe", "'j doe' is no name"),
        ("de\tploy=jdoe", "is not ACCOUNT=NAME"),
        ("deploy=jdoe@example.com", "'jdoe@example.com' is no name"),
    ],
)
def test_a_mapping_names_each_person(text: str, why: str) -> None:
    """Whoever Access admits to a host would be that account otherwise."""
    with pytest.raises(ValueError, match=r"is no name|is not ACCOUNT") as told:
        mapping_line(text)

    assert why in str(told.value)


def test_a_mapping_is_a_line_of_the_users_file() -> None:
    """As install.sh reads it."""
    line = mapping_line("deploy=jdoe, a.smith")

    assert line == "principals\tdeploy\tjdoe,a.smith\n"
    assert list(users_problems(line, "users")) == []


def test_all_that_is_wrong_with_a_users_file_is_told() -> None:
    """Each with its line; what is a remark, or empty, is fine."""
    text = "# people\n\naccount\tjdoe\naccount jdoe\nalias\tjane\nprincipals\tx\t*\nsudo\troot\n"

    found = [str(it.where) for it in users_problems(text, "users")]

    assert found == ["users:4:1", "users:5:1", "users:6:1", "users:7:1"]


@pytest.mark.parametrize(
    ("server", "names"),
    [
        (
            Server("prod", ("a.example.com", "b.example.com"), (KEY,)),
            "'a.example.com b.example.com'",
        ),
        (Server("prod", ("*.example.com",), (KEY,)), "-"),
        (
            Server(
                "prod",
                ("a.example.com", "jump.example.com"),
                (KEY,),
                bastions=("jump.example.com",),
            ),
            "'a.example.com -'",
        ),
    ],
    ids=["hosts", "pattern", "bastion"],
)
def test_host_keys_have_the_names_of_the_hosts(server: Server, names: str) -> None:
    """Where several machines have the name, each has its own, and the README says how to rename."""
    made = texts(server)

    assert f"\nKEY_NAMES={names}\n" in made["install.sh"]
    assert ("sed 's/^[^ ]*/NAME/'" in made["README.txt"]) is ("-" in names.strip("'").split())


def test_each_check_of_the_script_is_known() -> None:
    """`ztctl ssh check --server` passes over a line whose code it does not know."""
    codes = {*re.findall(r"\b(?:report [A-Za-z]+|blame) (H[0-9]+) ", install_script(BOTH))}

    assert codes >= {"H2", "H8", "H13", "H14"}
    assert codes <= {*TITLES}


def test_a_server_behind_a_bastion_prints_its_own_name(host: Host) -> None:
    """`install.sh host-keys` has it before each key, beside those of hosts that are it alone."""
    host.bundle(bastions=("ssh.example.com",))

    done = host.script("host-keys")

    key = host.machine.path("/etc/ssh/ssh_host_ed25519_key.pub").read_text().split()[:2]
    assert (done.code, done.out) == (0, " ".join([os.uname().nodename, *key]) + "\n")


@pytest.mark.parametrize(
    ("services", "told"),
    [
        ((), True),
        (("ssh://localhost:22",), True),
        (("ssh://10.0.0.1:22", "ssh://[::1]:22"), True),
        (("ssh://10.0.0.1:22",), False),
        (("bastion",), False),
    ],
)
def test_a_server_is_told_of_a_connector_where_it_has_one(
    services: tuple[str, ...], told: bool
) -> None:
    """Not where the tunnel leads to it from another machine, nor behind a bastion."""
    readme = texts(replace(BOTH, services=services))["README.txt"]

    assert ("sudo sh install.sh --connector --token-file token" in readme) is told


def test_the_readme_of_a_connector_says_how_to_look_and_to_undo() -> None:
    """As that of a server does, and names nothing that it refuses."""
    readme = texts(CONNECTOR_ALONE)["README.txt"]

    for words in ("--dry-run --token-file token", "check", "uninstall"):
        assert f"\nsudo sh install.sh {words} " in f"\n{readme}"
    assert "host-keys" not in readme


SECOND = f"{KEY.line}\nssh-ed25519 {OTHER.line.split()[1]}"


@pytest.mark.parametrize(
    "line",
    [
        SECOND,
        SECOND.replace("\n", "\r"),
        f'command="x" {KEY.line}',
        f"cert-authority {KEY.line}",
        "",
    ],
    ids=["two lines", "two by a carriage return", "an option", "cert-authority", "nothing"],
)
def test_an_account_adds_nothing_to_what_servers_trust(line: str) -> None:
    """What it says of one CA is one key on one line, or there is no bundle and no file of keys."""
    with pytest.raises(Failure, match=r"the public key of \S+ is none"):
        TrustedKey("ssh.example.com", line)
    with pytest.raises(Failure, match=r"the public key of .+ is none"):
        saving.bundle([StackCa("ssh.example.com", (), "", line, "")])


def test_a_name_makes_no_line_of_its_own() -> None:
    """Nor does the name of a file of keys, which is a remark before them."""
    named = TrustedKey(f"x\n{OTHER.line}", KEY.line)

    text = texts(Server("prod", ("ssh.example.com",), (named,)))["ca.pub"]

    assert [it for it in text.splitlines() if not it.startswith("#")] == [KEY.line]


def test_a_certificate_is_no_ca() -> None:
    """A file of keys with a certificate in it is refused: sshd trusts it for nothing."""
    ca, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    made = SSHCertificateBuilder().public_key(key.public_key()).serial(1).key_id(b"x")
    made = made.type(SSHCertificateType.USER).valid_principals([b"jdoe"])
    line = made.valid_after(0).valid_before(2**63).sign(ca).public_bytes().decode()

    with pytest.raises(Problems, match="it is a certificate"):
        trusted_keys("it", line)


def test_accounts_of_an_earlier_bundle_do_not_stay(tmp_path: Path) -> None:
    """A bundle without a mapping, in the folder of one with it, lets nobody in as another."""
    mapped = Server("prod", ("ssh.example.com",), (KEY,), users="principals\troot\tmallory\n")
    write_folder(bundle_of(mapped), tmp_path)

    write_folder(bundle_of(Server("prod", ("ssh.example.com",), (KEY,))), tmp_path)

    assert "mallory" not in (tmp_path / "users").read_text()
