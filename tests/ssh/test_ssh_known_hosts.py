"""Promises about files of host keys: parsed strictly, written under the names that ssh looks up."""

from __future__ import annotations

import subprocess
from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ssh.openssh import client
from ztctl.core.model.client import ClientHost
from ztctl.core.model.inner import InnerHost
from ztctl.ssh.known_hosts import HostKeys, read_host_keys

HOSTS = (
    ClientHost("ssh.example.com", aliases=("web",)),
    ClientHost("*.dev.example.com"),
    ClientHost(
        "jump.example.com",
        is_bastion=True,
        inner=(
            InnerHost.parse("db1", "10.0.0.12:22"),
            InnerHost.parse("db2", "10.0.0.12:2222"),
        ),
    ),
)


def key(type_: str = "ssh-ed25519", length: int = 32) -> str:
    """A key of a type, as lines of known_hosts have it."""
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in (type_.encode(), b"k" * length))
    return f"{type_} {b64encode(blob).decode()}"


def read(text: str | bytes) -> HostKeys:
    """What a file of this text holds."""
    return read_host_keys(text if isinstance(text, bytes) else text.encode(), "keys", HOSTS)


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("ssh.example.com", "ssh.example.com"),
        ("SSH.example.com", "ssh.example.com"),
        ("web", "ssh.example.com"),
        ("[ssh.example.com]:22", "ssh.example.com"),
        ("a.dev.example.com", "a.dev.example.com"),
        ("db1", "db1"),
        ("10.0.0.12", "db1"),
        ("[10.0.0.12]:2222", "db2"),
    ],
)
def test_a_key_stands_under_the_name_that_ssh_looks_up(told: str, name: str) -> None:
    """As people type it, as an alias, or by the address behind the bastion."""
    found = read(f"# {told}:22 SSH-2.0-OpenSSH_9.2\n\n{told} {key()} root@machine\r\n")

    assert (found.text, found.problems) == (f"{name} {key()}\n", ())


def test_the_same_key_stands_once() -> None:
    """However often, and by whichever names, it was told."""
    line = f"ssh.example.com,web {key()}\n"

    assert read(line + line).text == f"ssh.example.com {key()}\n"


def test_real_keys_are_taken(tmp_path: Path) -> None:
    """Those that ssh-keygen makes, and that ssh finds in the file under its name."""
    ssh = client(tmp_path)
    for type_ in ("ed25519", "ecdsa"):
        make = ("ssh-keygen", "-q", "-t", type_, "-N", "", "-f", str(tmp_path / type_))
        subprocess.run(make, check=True, timeout=30)
    lines = [f"db1 {(tmp_path / f'{it}.pub').read_text()}" for it in ("ed25519", "ecdsa")]

    found = read("".join(lines))

    assert found.problems == ()
    (ssh.folder / "known").write_text(found.text)
    find = ("ssh-keygen", "-F", "db1", "-f", str(ssh.folder / "known"))
    done = subprocess.run(find, check=True, capture_output=True, text=True, timeout=30)
    assert done.stdout.count("# Host db1 found") == 2


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"other.example.com {key()}", "no host of these files is called 'other.example.com'"),
        (f"* {key()}", "no host of these files is called '*'"),
        (f"*.dev.example.com {key()}", "no host of these files is called '*.dev.example.com'"),
        (f"jump.example.com {key()}", "no host of these files is called 'jump.example.com'"),
        (f"|1|c2FsdA==|aGFzaA== {key()}", "no host of these files is called '|1|c2FsdA==|aGFzaA"),
        (f"@cert-authority ssh.example.com {key()}", "@cert-authority is no host name"),
        (f"@revoked ssh.example.com {key()}", "@revoked is no host name"),
        ("ssh.example.com ssh-ed25519", "the line has not three words"),
        (f"ssh.example.com {key('ssh-dss')}", "'ssh-dss' is no type of a host key"),
        (f"ssh.example.com {key('ssh-ed25519-cert-v01@openssh.com')}", "is no type of a host key"),
        ("ssh.example.com ssh-ed25519 AAAA*", "the key is no base64"),
        (f"ssh.example.com ssh-rsa {key().split()[1]}", "or is not of the type ssh-rsa"),
        (f"ssh.example.com {key(length=8)}", "the key is cut off"),
    ],
)
def test_a_line_that_is_none_is_told_with_its_place(line: str, said: str) -> None:
    """Nothing of it is kept, and what is right in the file is read all the same."""
    found = read(f"\n{line}\nssh.example.com {key()}\n")

    (problem,) = found.problems
    assert said in problem.summary
    assert str(problem.where) == "keys:2:1"
    assert found.text == f"ssh.example.com {key()}\n"


def test_all_problems_come_at_once() -> None:
    """With each its line."""
    found = read("one\ntwo\nthree\n")

    assert [str(it.where) for it in found.problems] == ["keys:1:1", "keys:2:1", "keys:3:1"]


def test_an_empty_file_is_told() -> None:
    """Nobody means to give no key."""
    assert [it.summary for it in read("# nothing\n").problems] == ["it holds no host key"]


def test_a_pattern_is_known_in_part() -> None:
    """One of its names has a key."""
    found = read(f"a.dev.example.com {key()}\n")

    assert found.known(HOSTS) == {"a.dev.example.com", "*.dev.example.com"}


@given(data=st.binary(max_size=200))
def test_any_bytes_are_keys_or_problems(data: bytes) -> None:
    """No file ends in anything else, and no line of another form comes through."""
    found = read(data)

    assert found.problems or found.keys
    assert all(line.count(" ") == 2 for line in found.text.splitlines())
