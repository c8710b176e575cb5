"""Fingerprints of public keys, as OpenSSH prints them."""

from __future__ import annotations

import base64
import binascii
import hashlib


def fingerprint(public_key: str) -> str:
    """``SHA256:`` and the digest of a key line, as ``ssh-keygen -lf`` says it; empty for no key.

    Source: OpenSSH, ``sshkey_fingerprint``: base64 without padding over the key's blob.
    """
    words = public_key.split()
    try:
        blob = base64.b64decode(words[1], validate=True)
    except (IndexError, binascii.Error):
        return ""
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode()
    return f"SHA256:{digest.rstrip('=')}"
