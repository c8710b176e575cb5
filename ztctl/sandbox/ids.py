"""Identifiers in the formats of the API.

Source: Cloudflare OpenAPI description, July 2026: account, zone and DNS record 32 hex; Access
objects and tunnels hyphenated UUIDs; `aud` 64 hex; application CA 48 hex (recorded fixtures).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

Entropy = Callable[[int], bytes]

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
HEX32 = re.compile(r"[0-9a-f]{32}")


def uuid_of(raw: bytes) -> str:
    """A version 4 UUID from 16 bytes."""
    digits = raw.hex()
    variant = "89ab"[raw[8] >> 6 & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def derived(text: str) -> bytes:
    """32 bytes derived from a text (SHA-256), e.g. for reproducible ids of seeded objects."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def is_uuid(text: object) -> bool:
    """Whether a value is a lower-case hyphenated UUID."""
    return isinstance(text, str) and UUID.fullmatch(text) is not None


def is_hex32(text: object) -> bool:
    """Whether a value is a string of 32 lower-case hex digits."""
    return isinstance(text, str) and HEX32.fullmatch(text) is not None
