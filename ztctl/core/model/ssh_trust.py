"""SSH CAs of a stack, what a file of trusted CAs holds, what a certificate says: as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ztctl.core.model.objects import Spare

_SPARES = {Spare.NEXT: "new ", Spare.FORMER: "old "}


@dataclass(frozen=True, slots=True)
class StackCa:
    """The SSH CA of one application, or of the account.

    Attributes:
        name: the key of the application in the files; empty for the CA of the account. The new
            and the old one of a rotation have the same.
        hosts: host names and patterns of the application, sorted.
        aud: audience tag of the application, 64 hex digits; empty for the CA of the account.
        public_key: one line in OpenSSH form.
        fingerprint: ``SHA256:…`` as ssh-keygen shows it.
        file: where `public_key_file` saves it; empty where the files name none.
        held: whether that file holds this key.
        spare: what it is in a rotation, else ``None``.
    """

    name: str
    hosts: tuple[str, ...]
    aud: str
    public_key: str
    fingerprint: str
    file: str = ""
    held: bool = False
    spare: Spare | None = None

    @property
    def is_account(self) -> bool:
        """Whether it is the CA that the account's infrastructure applications share."""
        return not self.name

    @property
    def title(self) -> str:
        """The CA in words."""
        if self.is_account:
            return "the gateway CA of the account"
        return f"the {_SPARES[self.spare] if self.spare else ''}CA of {self.name}"


class TrustFault(StrEnum):
    """What can be wrong with a file of trusted CAs."""

    MISSING = "missing"
    FOREIGN = "foreign"
    OTHER_HOST = "other-host"
    TWICE = "twice"
    MALFORMED = "malformed"
    UNREACHED = "unreached"
    WRITABLE = "writable"


@dataclass(frozen=True, slots=True)
class TrustFinding:
    """One fault of a file of trusted CAs.

    Attributes:
        line: counts from one; ``0``: the file as a whole.
        fingerprint: of the key that it is about; empty where there is none.
    """

    fault: TrustFault
    line: int
    column: int
    text: str
    remedy: str
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class TrustReport:
    """What a file of trusted CAs holds, compared with what it is to hold.

    Attributes:
        file: its name, as given.
        held: expected CAs that sshd would trust by this file.
    """

    file: str
    held: tuple[StackCa, ...]
    findings: tuple[TrustFinding, ...]


class CertificateState(StrEnum):
    """Whether a certificate counts at a moment."""

    VALID = "valid"
    EXPIRED = "expired"
    NOT_YET = "not yet valid"


@dataclass(frozen=True, slots=True)
class SshCertificate:
    """What an OpenSSH certificate says.

    Attributes:
        algorithm: its key type, such as ``ecdsa-sha2-nistp256-cert-v01@openssh.com``.
        is_user: whether it is a user's certificate; else a host's.
        since, until: seconds since 1970; ``None``: no limit.
        options: critical options with their values.
        extensions: names of extensions, with values where they have one.
        fingerprint: of the key that is certified.
        signer: fingerprint of the key that signed it, by what the certificate says.
        is_signed: whether the signature is that key's.
    """

    algorithm: str
    is_user: bool
    key_id: str
    serial: int
    principals: tuple[str, ...]
    since: int | None
    until: int | None
    options: tuple[tuple[str, str], ...]
    extensions: tuple[tuple[str, str], ...]
    fingerprint: str
    signer: str
    is_signed: bool

    def state(self, now: float) -> CertificateState:
        """Whether it is valid at a moment, in seconds since 1970 (sshd: since <= now < until)."""
        if self.since is not None and now < self.since:
            return CertificateState.NOT_YET
        if self.until is not None and now >= self.until:
            return CertificateState.EXPIRED
        return CertificateState.VALID
