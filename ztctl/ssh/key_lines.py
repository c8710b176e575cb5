"""Lines of OpenSSH public keys: read as sshd reads a file of trusted CAs, and fingerprinted.

What sshd does with each form was tried out with OpenSSH 9.2: spaces and tabs before a key and a
carriage return behind it are fine; a line that is no key, options before a key, a byte order mark,
and an "empty" line with a carriage return end its reading of the file, so that it trusts no key
below them.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from ztctl.core.model.diagnostics import Failure
from ztctl.ssh.fingerprint import fingerprint

# Key types of OpenSSH 9.2 (`ssh -Q key-plain`), and DSA, which older ones know.
TYPES: Final = frozenset(
    {
        "ssh-ed25519",
        "sk-ssh-ed25519@openssh.com",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "sk-ecdsa-sha2-nistp256@openssh.com",
        "ssh-dss",
        "ssh-rsa",
    }
)
_OPTIONS: Final = re.compile(
    r"(cert-authority|principals=|restrict|command=|from=|no-|permit|environment=|expiry-time=)",
    re.I,
)
_BLOB: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}")
# Names of signatures that sshd takes for the type of a key as well (OpenSSH 9.2, tried out).
_RSA: Final = frozenset({"rsa-sha2-256", "rsa-sha2-512"})
# Blanks of C inside a key, which sshd passes over.
_BLANKS: Final = str.maketrans("", "", "\r\v\f")


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A public key on a line of its own; ``blob`` is its wire form."""

    type: str
    blob: bytes
    comment: str

    @property
    def fingerprint(self) -> str:
        """As ssh-keygen shows it."""
        return fingerprint(self.text)

    @property
    def text(self) -> str:
        """Type and key, without the comment."""
        return f"{self.type} {base64.b64encode(self.blob).decode()}"


class BadLineError(ValueError):
    """A line that sshd does not read as a key.

    Attributes:
        what: the fault in words.
        remedy: what to write in its place.
        ends: whether sshd reads the file no further.
    """

    def __init__(self, what: str, remedy: str, *, ends: bool = True) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.ends = ends


def key_of(line: str) -> KeyLine:
    """Read one line that is neither empty nor a comment.

    Raises:
        BadLineError: sshd would not take it as a trusted CA.
    """
    type_, _, rest = line.strip(" \t\r\n").replace("\t", " ", 1).partition(" ")
    blob_text, _, comment = rest.lstrip(" \t").replace("\t", " ", 1).partition(" ")
    type_ = "ssh-rsa" if type_ in _RSA else type_
    if type_ in TYPES:
        return KeyLine(type_, _blob(type_, blob_text), comment.strip())
    raise _no_key(type_, line)


def ca_line(text: str, whose: str) -> str:
    """A key of somebody else's telling, once it is sure to be one line that is one key of a CA.

    A line break in it would make a line of its own, in a file by which servers trust.

    Args:
        text: what the account, or a file, says that the key is.
        whose: of whom it is, for the error.

    Raises:
        Failure: it is anything else.
    """
    try:
        if not (text.isascii() and text.isprintable()):
            raise BadLineError("it is more than one line, or no text", "")
        key_of(text)
    except BadLineError as error:
        raise Failure(
            f"the public key of {remark(whose)} is none: {error.what}",
            "no server is to trust it; look at the application in the dashboard",
        ) from error
    return text


def remark(text: str) -> str:
    """A text behind ``#`` in a file of keys: it stays on its line."""
    return "".join(it if it.isprintable() else "?" for it in text)


def _blob(type_: str, text: str) -> bytes:
    text = text.translate(_BLANKS)
    try:
        if not _BLOB.fullmatch(text):
            raise ValueError
        blob = base64.b64decode(text, validate=True)
        # Of bits behind the end sshd takes none but zeros.
        if base64.b64encode(blob).decode() != text:
            raise ValueError
        _check(type_, blob)
    except (ValueError, binascii.Error) as error:
        raise BadLineError(
            f"the key behind {type_} is cut off or damaged",
            "write the key on one line; an editor or a terminal may have wrapped it",
        ) from error
    return blob


def _check(type_: str, blob: bytes) -> None:
    """Raise ValueError unless the wire form is whole, and of this type."""
    parts, rest = [], blob
    while rest:
        size = int.from_bytes(rest[:4])
        if len(rest) < 4 + size:
            raise ValueError
        parts.append(rest[4 : 4 + size])
        rest = rest[4 + size :]
    if len(parts) < 2 or parts[0] != type_.encode():
        raise ValueError
    if type_.startswith("sk-"):
        return
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_ssh_public_key

    try:
        load_ssh_public_key(f"{type_} {base64.b64encode(blob).decode()}".encode())
    except UnsupportedAlgorithm:
        return


def _no_key(first: str, line: str) -> BadLineError:
    if "-cert-v01@openssh.com" in first:
        return BadLineError(
            "it is a certificate, not the key of a CA", "write the CA's public key", ends=False
        )
    if option := _OPTIONS.match(first):
        return BadLineError(
            f"an option ({option[0].rstrip('=-')}) stands before a key, as in authorized_keys",
            "begin the line with the key itself",
        )
    if "PRIVATE KEY" in line:
        return BadLineError("a private key stands here", "write a public key; renew that one")
    if not line.strip():
        return BadLineError(
            "a line of nothing but a carriage return is no empty line to sshd",
            "delete the line, or save the file with the line ends of Unix",
        )
    if line.startswith("\ufeff"):
        return BadLineError("the file begins with a byte order mark", "save it without")
    if len(first) > 40 and _BLOB.fullmatch(first):
        return BadLineError(
            "it is the rest of a key that is wrapped over several lines",
            "write the key on one line",
        )
    return BadLineError("it is no public key", "write a key, or # before what is a remark")
