"""Signing and verification of JWTs (RS256, compact form), and the key set (JWKS).

Source: RFC 7515 (JWS), RFC 7517 (JWK), RFC 7519 (exp and nbf); cloudflared 2026.8.2 takes RS256
alone. Header members: Cloudflare's documentation of the application token.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from ztctl.sandbox.messages import Object

BITS = 2048
LONGEST = 12_000


class BadTokenError(Exception):
    """The token is not signed by this team, has another type, or is not valid now."""


def new_key() -> str:
    """A new RSA key as PKCS 8 PEM."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


class Signer:
    """Signs and verifies the tokens of one team."""

    def __init__(self, pem: str) -> None:
        private = serialization.load_pem_private_key(pem.encode(), None)
        if not isinstance(private, rsa.RSAPrivateKey):
            raise TypeError("the key of a team is an RSA key")
        self._private = private
        self._public = private.public_key()
        numbers = self._public.public_numbers()
        self._n, self._e = _unsigned(numbers.n), _unsigned(numbers.e)
        self._kid = hashlib.sha256(self._n.encode()).hexdigest()
        self._head = _encoded({"alg": "RS256", "kid": self._kid, "typ": "JWT"})

    def signed(self, claims: Object) -> str:
        """Sign a token with these claims."""
        signing_input = f"{self._head}.{_encoded(claims)}"
        signature = self._private.sign(signing_input.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signing_input}.{_text(signature)}"

    def checked(self, token: str, now: datetime, kind: str) -> Object:
        """Verify a token and its `type` claim, and return the claims; raises BadTokenError."""
        signing_input, _, signature = token.rpartition(".")
        # Our header is always the same, so no untrusted JSON is parsed before verification.
        if len(token) > LONGEST or not signing_input.startswith(f"{self._head}."):
            raise BadTokenError("it is not one of this team's")
        try:
            raw = _raw(signature)
            self._public.verify(raw, signing_input.encode(), padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError) as error:
            raise BadTokenError("its signature is wrong") from error
        claims: Object = json.loads(_raw(signing_input.partition(".")[2]))
        if claims["type"] != kind or not claims["nbf"] <= now.timestamp() < claims["exp"]:
            raise BadTokenError("it is of another kind or another time")
        return claims

    def key_set(self) -> Object:
        """The JWKS with the public key."""
        key = {
            "kid": self._kid,
            "kty": "RSA",
            "alg": "RS256",
            "use": "sig",
            "e": self._e,
            "n": self._n,
        }
        return {"keys": [key]}


def _encoded(value: Object) -> str:
    return _text(json.dumps(value, separators=(",", ":")).encode())


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _raw(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error


def _unsigned(number: int) -> str:
    return _text(number.to_bytes((number.bit_length() + 7) // 8))
