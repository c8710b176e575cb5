"""Promises about a file of trusted CAs: what sshd takes from it, and what is wrong with it."""

from __future__ import annotations

import base64
from functools import cache

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from ztctl.core.model.ssh_trust import StackCa, TrustFault
from ztctl.ssh.ca_file import Expected, checked_file, parsed
from ztctl.ssh.fingerprint import fingerprint

COMMENT = "open-ssh-ca@cloudflareaccess.org"


@cache
def key(name: str) -> str:
    """A public key for each name; another one on the next day."""
    made = {"ed25519": ed25519.Ed25519PrivateKey.generate}.get(
        name, lambda: ec.generate_private_key(ec.SECP256R1())
    )()
    form = serialization.PublicFormat.OpenSSH
    text = made.public_key().public_bytes(serialization.Encoding.OpenSSH, form).decode()
    return f"{text} {COMMENT}"


def ca(name: str) -> StackCa:
    """The CA of an application."""
    return StackCa(name, (name,), "a" * 64, key(name), fingerprint(key(name)))


def faults(text: str, *wanted: str, mode: int | None = 0o644) -> list[tuple[TrustFault, int]]:
    """What is wrong with a file that is to trust these, and on which lines."""
    expected = Expected([ca(it) for it in wanted], [ca("account")], [ca("other")])
    return [(it.fault, it.line) for it in checked_file("f", text, expected, mode=mode).findings]


@pytest.mark.parametrize(
    "text",
    [
        "{a}\n{b}\n",
        "{b}\n{a}",
        "# of ssh\n{a}\n\n  \t\n{b}\n",
        "{a}\r\n# b\r\n{b}\r\n",
        "\t {a}\n{b}\n",
        "{a}\n{b}\n{account}\n",
    ],
)
def test_what_sshd_reads_is_no_fault(text: str) -> None:
    """Comments, blank lines, blanks before a key, line ends of Windows; the account's own CA."""
    text = text.format(a=key("a"), b=key("b"), account=key("account"))

    assert faults(text, "a", "b") == []


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("garbage", "it is no public key"),
        ("cert-authority {b}", "an option (cert-authority)"),
        ('principals="x" {b}', "an option (principals)"),
        ("restrict {b}", "an option (restrict)"),
        ("{half}", "is cut off or damaged"),
        ("\r", "a carriage return"),
        ("\ufeff{b}", "a byte order mark"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "a private key"),
        ("ecdsa-sha2-nistp256", "is cut off or damaged"),
        ("ecdsa-sha2-nistp384 {blob}", "is cut off or damaged"),
        ('"{b}"', "it is no public key"),
    ],
)
def test_a_line_that_is_no_key_ends_the_reading(line: str, says: str) -> None:
    """It is told with what is wrong; and the key below it, which sshd does not see (9.2)."""
    bad = line.format(b=key("b"), half=key("b")[:80], blob=key("b").split()[1])

    report = checked_file("f", f"{bad}\n{key('a')}\n", Expected([ca("a")]), mode=None)

    first, second = report.findings
    assert (first.fault, first.line) == (TrustFault.MALFORMED, 1)
    assert says in first.text
    assert first.text.endswith("sshd reads the file no further")
    assert (second.fault, second.line) == (TrustFault.UNREACHED, 2)
    assert report.held == ()


def test_bits_behind_the_end_of_a_key_end_the_reading() -> None:
    """Base64 has them, Python takes them, and sshd does not."""
    type_, blob = key("a").split()[:2]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    bare = blob.rstrip("=")
    other = bare[:-1] + alphabet[alphabet.index(bare[-1]) + 1] + blob[len(bare) :]

    assert len(bare) < len(blob)
    assert faults(f"{type_} {other}\n", "a") == [(TrustFault.MISSING, 0), (TrustFault.MALFORMED, 1)]


@pytest.mark.parametrize("blank", ["\r", "\v", "\f"])
def test_a_foreign_key_does_not_hide_behind_blanks(blank: str) -> None:
    """What sshd passes over inside a key makes it no other one."""
    type_, blob = key("stranger").split()[:2]

    assert faults(f"{type_} {blob[:40]}{blank}{blob[40:]}\n") == [(TrustFault.FOREIGN, 1)]


def test_a_foreign_key_does_not_hide_behind_the_name_of_a_signature() -> None:
    """The type of an RSA key may be written as that of its signatures."""
    made = rsa.generate_private_key(65537, 2048).public_key()
    form = serialization.PublicFormat.OpenSSH
    blob = made.public_bytes(serialization.Encoding.OpenSSH, form).decode().split()[1]

    assert faults(f"rsa-sha2-512 {blob}\n") == [(TrustFault.FOREIGN, 1)]


def test_both_halves_of_a_wrapped_key_are_told() -> None:
    """The second half says what it is; reading ends at the first."""
    type_, blob, _ = key("a").split()

    keys, found = parsed(f"{type_} {blob[:70]}\n{blob[70:]} {COMMENT}\n")

    assert keys == []
    assert ["wrapped" in it.text or "wrapped" in it.remedy for it in found] == [True, True]


def test_a_certificate_is_passed_over() -> None:
    """It is no CA, but sshd reads on (9.2)."""
    bad = f"ecdsa-sha2-nistp256-cert-v01@openssh.com {key('b').split()[1]}"

    assert faults(f"{bad}\n{key('a')}\n", "a") == [(TrustFault.MALFORMED, 1)]


def test_a_missing_key_is_told_with_its_fingerprint() -> None:
    """An empty file lacks all."""
    report = checked_file("f", "", Expected([ca("a"), ca("b")]), mode=None)

    assert [it.fingerprint for it in report.findings] == [ca("a").fingerprint, ca("b").fingerprint]
    assert {it.fault for it in report.findings} == {TrustFault.MISSING}


@pytest.mark.parametrize(("is_whole", "says"), [(True, "by --host"), (False, "append")])
def test_a_missing_key_is_told_with_what_prints_it(is_whole: bool, says: str) -> None:
    """And where no host was named, with the option that names one: a server trusts its own CA."""
    expected = Expected([ca("a"), ca("*.b")], is_whole=is_whole, command="ztctl {} -f x".format)

    (found,) = checked_file("f", f"{key('a')}\n", expected, mode=None).findings

    assert says in found.remedy
    assert found.remedy.endswith("prints: ztctl ssh ca show --host '*.b' --save - -f x")


def test_a_key_of_somebody_else_is_told() -> None:
    """By the line at which it stands; that of another host of the stack by its host."""
    text = f"{key('a')}\n{key('stranger')}\n{key('other')}\n"

    assert faults(text, "a") == [(TrustFault.FOREIGN, 2), (TrustFault.OTHER_HOST, 3)]


def test_a_key_twice_is_told_once() -> None:
    """The second is one too many, whatever its comment."""
    assert faults(f"{key('a')}\n{key('a')} too\n", "a") == [(TrustFault.TWICE, 2)]


@pytest.mark.parametrize(("mode", "is_fault"), [(0o644, False), (0o664, True), (0o602, True)])
def test_a_file_that_others_may_write_to_is_told(mode: int, is_fault: bool) -> None:
    """Sshd takes it (9.2), and who writes to it lets in whom they like."""
    found = faults(f"{key('a')}\n", "a", mode=mode)

    assert found == ([(TrustFault.WRITABLE, 0)] if is_fault else [])


def test_other_kinds_of_keys_are_keys() -> None:
    """Those of somebody else's CAs: foreign, and not malformed."""
    form = serialization.PublicFormat.OpenSSH
    big = rsa.generate_private_key(65537, 2048).public_key()
    text = big.public_bytes(serialization.Encoding.OpenSSH, form).decode()
    sk = b"".join(
        len(part).to_bytes(4) + part for part in (b"sk-ssh-ed25519@openssh.com", b"k" * 32, b"ssh:")
    )
    hardware = f"sk-ssh-ed25519@openssh.com {base64.b64encode(sk).decode()}"

    found = faults(f"{key('ed25519')}\n{text}\n{hardware}\n{key('a')}\n", "a")

    assert found == [(TrustFault.FOREIGN, 1), (TrustFault.FOREIGN, 2), (TrustFault.FOREIGN, 3)]


@given(st.text(max_size=200))
def test_whatever_stands_there_is_read(text: str) -> None:
    """No text makes it fail, and each fault has its place in the text."""
    keys, found = parsed(text)

    lines = text.split("\n")
    assert all(1 <= it.column <= len(lines[it.line - 1]) for it in found)
    assert keys == []
