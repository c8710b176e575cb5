"""Promises about certificates: what they say, and why a server would not take one."""

from __future__ import annotations

import base64
from contextlib import suppress
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.ssh_trust import CertificateState, StackCa
from ztctl.ssh.certificates import certificate_of, faults_of
from ztctl.ssh.fingerprint import fingerprint

CA = ec.generate_private_key(ec.SECP256R1())
USER = ec.generate_private_key(ec.SECP256R1())
USER_TYPE = serialization.SSHCertificateType.USER


def line(private: ec.EllipticCurvePrivateKey) -> str:
    """The public key in one line."""
    form = serialization.PublicFormat.OpenSSH
    return private.public_key().public_bytes(serialization.Encoding.OpenSSH, form).decode()


def made(
    type_: serialization.SSHCertificateType = USER_TYPE, principals: tuple[bytes, ...] = (b"jdoe",)
) -> str:
    """A certificate of our CA, valid from second 1000 to second 1240."""
    builder = (
        serialization.SSHCertificateBuilder()
        .public_key(USER.public_key())
        .serial(2**64 - 1)
        .type(type_)
        .key_id(b"jdoe@example.com")
        .valid_after(1000)
        .valid_before(1240)
        .add_extension(b"permit-pty", b"")
        .add_critical_option(b"source-address", b"\x00\x00\x00\x0a10.0.0.0/8")
    )
    if principals:
        builder = builder.valid_principals(list(principals))
    else:
        builder = builder.valid_for_all_principals()  # type: ignore[no-untyped-call]
    return builder.sign(CA).public_bytes().decode()


OURS = StackCa("ssh.example.com", (), "", line(CA), fingerprint(line(CA)))


def test_everything_it_says_is_told() -> None:
    """Whom it is for, for how long, by whom, with what."""
    found = certificate_of("c", f"{made()} jdoe@laptop\n")

    assert (found.key_id, found.principals, found.serial) == (
        "jdoe@example.com",
        ("jdoe",),
        2**64 - 1,
    )
    assert (found.since, found.until, found.is_user, found.is_signed) == (1000, 1240, True, True)
    assert (found.fingerprint, found.signer) == (fingerprint(line(USER)), fingerprint(line(CA)))
    assert found.extensions == (("permit-pty", ""),)
    assert found.options == (("source-address", "10.0.0.0/8"),)


@pytest.mark.parametrize(
    ("now", "state"),
    [(999, "not yet valid"), (1000, "valid"), (1239, "valid"), (1240, "expired")],
)
def test_the_end_is_the_first_second_that_does_not_count(now: int, state: str) -> None:
    """The beginning is the first one that does, as sshd has it."""
    assert certificate_of("c", made()).state(now) is CertificateState(state)


def test_a_good_one_has_no_faults() -> None:
    """Signed by ours, in time, for this login."""
    assert faults_of(certificate_of("c", made()), 1100, OURS, 1, "jdoe") == []


def test_a_forged_signature_is_seen() -> None:
    """The key that it names is no proof: the signature is verified."""
    type_, blob = made().split()[:2]
    raw = bytearray(base64.b64decode(blob))
    raw[-1] ^= 1
    found = certificate_of("c", f"{type_} {base64.b64encode(bytes(raw)).decode()}")

    assert not found.is_signed
    assert any("forged" in it for it in faults_of(found, 1100, OURS, 1, None))


@pytest.mark.parametrize(
    ("certificate", "now", "known", "user", "says"),
    [
        (made(), 1300, True, None, "it is expired, by 60 s"),
        (made(), 10, True, None, "it is not yet valid, by 16 min"),
        (made(), 1100, False, None, "it is not signed by any of the 2 CAs"),
        (made(), 1100, True, "JDoe", "it is for jdoe, not for the login JDoe"),
        (made(principals=()), 1100, True, None, "it names no principal"),
        (made(serialization.SSHCertificateType.HOST), 1100, True, None, "of a host"),
    ],
)
def test_each_fault_is_told(
    certificate: str, now: int, known: bool, user: str | None, says: str
) -> None:
    """Alone, when it is the only one."""
    found = faults_of(certificate_of("c", certificate), now, OURS if known else None, 2, user)

    assert len(found) == 1
    assert says in found[0]


def test_without_an_end_it_is_valid_for_ever() -> None:
    """The greatest number is no time."""
    found = replace(certificate_of("c", made()), since=None, until=None)

    assert found.state(2**40) is CertificateState.VALID


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "c-cert.pub is empty"),
        (line(USER), "holds a public key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nx\n", "is a private key"),
        (f"{made()}\n{made()}\n", "holds 2 lines"),
        ("hello there", "holds no certificate"),
        (made()[:200], "holds a damaged certificate"),
    ],
)
def test_what_is_no_certificate_is_said(text: str, says: str) -> None:
    """What it is instead, and no more than that: a private key is not repeated."""
    with pytest.raises(Failure, match=says):
        certificate_of("c-cert.pub", text)


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail(tail: bytes) -> None:
    """A certificate is what others have sent: read, or refused in words."""
    raw = base64.b64decode(made().split()[1])
    blob = base64.b64encode(raw[: len(raw) - len(tail)] + tail).decode()
    with suppress(Failure):
        certificate_of("c", f"{made().split()[0]} {blob}")


def test_an_option_that_sshd_does_not_know_is_a_fault() -> None:
    """The certificate is refused for it, however right the rest is."""
    known = certificate_of("c", made())
    found = replace(known, options=(*known.options, ("no-such@example.com", "")))

    (said,) = faults_of(found, 1100, OURS, 1, "jdoe")

    assert "critical option no-such@example.com" in said
