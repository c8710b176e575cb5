"""Key pairs for logs of SSH commands, in the form of Cloudflare's ssh-log-cli.

Its keys are those of HPKE (RFC 9180) with X25519, HKDF-SHA256 and ChaCha20-Poly1305: 32 bytes each,
a file each, in base64 without a line break, at which its private key would not be read (source of
ssh-log-cli, ``src/hpke.rs`` and ``src/main.rs``).
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from ztctl.core.model.values import Secret


@dataclass(frozen=True, slots=True)
class AuditKeyPair:
    """Both halves in base64; the private one as ssh-log-cli reads it."""

    private: Secret
    public: str


def new_pair(random: Callable[[int], bytes] = secrets.token_bytes) -> AuditKeyPair:
    """Make a key pair.

    The highest bit of the private half is set. X25519 does not look at it (RFC 7748, section 5),
    and no public key has it: one half is never taken for the other.
    """
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    raw = bytearray(random(32))
    raw[31] |= 0x80
    public = X25519PrivateKey.from_private_bytes(bytes(raw)).public_key().public_bytes_raw()
    return AuditKeyPair(Secret(_text(bytes(raw))), _text(public))


def entry_of(pair: AuditKeyPair) -> str:
    """The section of the YAML file that declares the public half."""
    return f"ssh_audit_keys:\n  account:\n    public_key: {pair.public}\n"


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
