"""Read OpenSSH certificates, and verify by whom they are signed."""

from __future__ import annotations

from typing import Final

from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.ssh_trust import CertificateState, SshCertificate, StackCa
from ztctl.ssh.fingerprint import fingerprint

# "Forever", and "always" (PROTOCOL.certkeys of OpenSSH).
_FOREVER: Final = 2**64 - 1
_SUFFIX: Final = "-cert-v01@openssh.com"
MOST_BYTES: Final = 100_000
# sshd refuses a certificate with any other one (OpenSSH 9.2, auth-options.c).
_OPTIONS: Final = frozenset({"force-command", "source-address", "verify-required"})


def certificate_of(name: str, text: str) -> SshCertificate:
    """Read the certificate in a text: the one line of a ``…-cert.pub``.

    Raises:
        Failure: it is something else, or malformed; ``name`` is what it was read from.
    """
    line = _line(name, text)
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    try:
        found = serialization.load_ssh_public_identity(line.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Failure(
            f"{name} holds a damaged certificate", "log in again to get another"
        ) from error
    if not isinstance(found, serialization.SSHCertificate):
        raise Failure(f"{name} holds a public key, not a certificate", _hint(name))
    try:
        found.verify_cert_signature()
        signed = True
    except InvalidSignature:
        signed = False
    key, signer = (
        it.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
        for it in (found.public_key(), found.signature_key())
    )
    return SshCertificate(
        algorithm=line.split()[0],
        is_user=found.type is serialization.SSHCertificateType.USER,
        key_id=_text(found.key_id),
        serial=found.serial,
        principals=tuple(map(_text, found.valid_principals)),
        since=found.valid_after or None,
        until=None if found.valid_before == _FOREVER else found.valid_before,
        options=_pairs(found.critical_options),
        extensions=_pairs(found.extensions),
        fingerprint=fingerprint(key.decode()),
        signer=fingerprint(signer.decode()),
        is_signed=signed,
    )


def _line(name: str, text: str) -> str:
    lines = [it.strip() for it in text.splitlines() if it.strip() and not it.startswith("#")]
    if not lines:
        raise Failure(
            f"{name} is empty", "cloudflared writes an empty file where nothing was signed"
        )
    if "PRIVATE KEY" in lines[0]:
        raise Failure(f"{name} is a private key", _hint(name))
    first = lines[0].split()[0]
    if len(lines) > 1:
        raise Failure(f"{name} holds {len(lines)} lines", "a certificate is one line")
    if not first.endswith(_SUFFIX):
        what = "a public key" if first.startswith(("ssh-", "ecdsa-", "sk-")) else "no certificate"
        raise Failure(f"{name} holds {what}", _hint(name))
    return " ".join(lines[0].split()[:2])


def _hint(name: str) -> str:
    base = name.removesuffix(".pub").removesuffix("-cert")
    return f"the certificate of a key is beside it: {base}-cert.pub"


def _pairs(options: dict[bytes, bytes]) -> tuple[tuple[str, str], ...]:
    return tuple((_text(name), _value(value)) for name, value in options.items())


def _value(value: bytes) -> str:
    """The text of an option: a string within a string, or nothing."""
    size = int.from_bytes(value[:4])
    inner = value[4 : 4 + size] if len(value) == 4 + size and value else value
    return _text(inner)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")


def faults_of(
    it: SshCertificate, now: float, ca: StackCa | None, known: int, user: str | None
) -> list[str]:
    """Why no server that trusts these CAs takes the certificate, for this login if one is named."""
    found = []
    if not it.is_user:
        found.append("it is the certificate of a host, not of a user")
    if not it.is_signed:
        found.append("its signature is not of the key that it names: it is forged or damaged")
    if ca is None:
        of = "the CA" if known == 1 else f"any of the {known} CAs"
        found.append(f"it is not signed by {of} that it was compared with")
    state = it.state(now)
    if state is not CertificateState.VALID:
        found.append(f"it is {state}" + _apart(it, now, state))
    for name, _ in it.options:
        if name not in _OPTIONS:
            found.append(f"it has the critical option {name}, which sshd does not know")
    if not it.principals:
        found.append("it names no principal, and sshd wants one")
    elif user is not None and user not in it.principals:
        names = ", ".join(it.principals)
        found.append(f"it is for {names}, not for the login {user} (upper and lower case count)")
    return found


def _apart(it: SshCertificate, now: float, state: CertificateState) -> str:
    limit = it.until if state is CertificateState.EXPIRED else it.since
    seconds = abs(int(now - (limit or 0)))
    size = f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
    if seconds >= 7200:
        size = f"{seconds // 3600} h"
    return f", by {size}" if limit is not None else ""
