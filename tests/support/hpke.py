"""HPKE in base mode, by RFC 9180 alone, and logs as ssh-log-cli reads them: X25519, HKDF-SHA256,
ChaCha20-Poly1305.

Nothing here is of ztctl: it says whether what ztctl makes is a key to others.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

KEM = b"KEM" + (0x0020).to_bytes(2, "big")
SUITE = b"HPKE" + b"".join(it.to_bytes(2, "big") for it in (0x0020, 0x0001, 0x0003))


def _extract(suite: bytes, salt: bytes, label: bytes, key: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + key, hashlib.sha256)


def _expand(suite: bytes, key: bytes, label: bytes, info: bytes, length: int) -> bytes:
    labelled = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return hmac.digest(key, labelled + b"\x01", hashlib.sha256)[:length]


@dataclass
class Context:
    """One side of a conversation: seals or opens messages in their order."""

    cipher: ChaCha20Poly1305
    nonce: bytes
    sent: int = 0

    def next(self) -> bytes:
        """The nonce of the next message."""
        count = self.sent.to_bytes(12, "big")
        self.sent += 1
        return bytes(one ^ other for one, other in zip(self.nonce, count, strict=True))

    def seal(self, text: bytes, aad: bytes = b"") -> bytes:
        """Encrypt the next message."""
        return self.cipher.encrypt(self.next(), text, aad)

    def open(self, sealed: bytes, aad: bytes = b"") -> bytes:
        """Decrypt the next message."""
        return self.cipher.decrypt(self.next(), sealed, aad)


def context(shared: bytes, encapsulated: bytes, receiver: bytes, info: bytes = b"") -> Context:
    """The context of a key exchange, of either side."""
    start = _extract(KEM, b"", b"eae_prk", shared)
    secret = _expand(KEM, start, b"shared_secret", encapsulated + receiver, 32)
    about = (
        b"\0" + _extract(SUITE, b"", b"psk_id_hash", b"") + _extract(SUITE, b"", b"info_hash", info)
    )
    base = _extract(SUITE, secret, b"secret", b"")
    key = _expand(SUITE, base, b"key", about, 32)
    return Context(ChaCha20Poly1305(key), _expand(SUITE, base, b"base_nonce", about, 12))


def receiver(private: bytes, encapsulated: bytes, info: bytes = b"") -> Context:
    """The side that reads."""
    own = X25519PrivateKey.from_private_bytes(private)
    shared = own.exchange(X25519PublicKey.from_public_bytes(encapsulated))
    return context(shared, encapsulated, own.public_key().public_bytes_raw(), info)


def sample_log(public: str, *packets: bytes) -> bytes:
    """A log as the service gives it, encrypted to this public key: metadata, then blocks."""
    raw, ephemeral = base64.b64decode(public), X25519PrivateKey.generate()
    encapsulated = ephemeral.public_key().public_bytes_raw()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(raw))
    sender = context(shared, encapsulated, raw)
    about = {"started_at": 1, "data_size": 1, "encapsulated_key": encapsulated.hex(), "pty": None}
    blocks = [base64.b64encode(json.dumps(about).encode()), *map(sender.seal, packets)]
    return b"".join(len(block).to_bytes(4, "big") + block for block in blocks)


def read_log(log: bytes, private_key_file: bytes) -> list[bytes]:
    """Decrypt a log with the content of a private key's file, as ssh-log-cli does.

    Like its decoder, this takes no line break in the file.
    """
    private = base64.b64decode(private_key_file, validate=True)
    blocks = []
    while log:
        length = int.from_bytes(log[:4], "big")
        blocks.append(log[4 : 4 + length])
        log = log[4 + length :]
    about = json.loads(base64.b64decode(blocks[0]))
    side = receiver(private, bytes.fromhex(about["encapsulated_key"]))
    return [side.open(block) for block in blocks[1:]]
