"""Tokens of the team: made here, checked here and by the published key set."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from ztctl.sandbox.front.jwts import BadTokenError, Signer, new_key

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
SIGNER = Signer(new_key())


def claims(**changed: Any) -> dict[str, Any]:
    """Those of a living application token."""
    began = int(NOW.timestamp())
    return {"type": "app", "nbf": began, "exp": began + 60, **changed}


def decoded(part: str) -> bytes:
    """Base64url without padding."""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_a_token_says_what_it_was_made_of() -> None:
    """A token that was signed is read back as it was."""
    token = SIGNER.signed(claims(email="jösé@example.com"))

    assert SIGNER.checked(token, NOW, "app") == claims(email="jösé@example.com")


def test_the_key_set_checks_what_is_signed() -> None:
    """Whoever knows RFC 7515 and the key set alone can check a token."""
    head, payload, signature = SIGNER.signed(claims()).split(".")

    (key,) = SIGNER.key_set()["keys"]
    n, e = (int.from_bytes(decoded(key[name])) for name in "ne")
    public = rsa.RSAPublicNumbers(e, n).public_key()
    public.verify(decoded(signature), f"{head}.{payload}".encode(), padding.PKCS1v15(), SHA256())
    assert json.loads(decoded(head)) == {"alg": "RS256", "kid": key["kid"], "typ": "JWT"}
    assert (key["kty"], key["alg"], key["use"]) == ("RSA", "RS256", "sig")


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": int(NOW.timestamp())},
        {"nbf": int(NOW.timestamp()) + 1},
        {"type": "org"},
        {"type": "match"},
    ],
)
def test_a_token_of_another_time_or_kind_is_refused(changed: dict[str, Any]) -> None:
    """Expired, not yet valid, or for another purpose: refused although truly signed."""
    token = SIGNER.signed(claims(**changed))

    with pytest.raises(BadTokenError, match="another kind or another time"):
        SIGNER.checked(token, NOW, "app")


def test_a_token_of_another_team_is_refused() -> None:
    """A token that another key signed is not one of this team's."""
    token = Signer(new_key()).signed(claims())

    with pytest.raises(BadTokenError, match="not one of this team's"):
        SIGNER.checked(token, NOW, "app")


@pytest.mark.parametrize("place", [1, 2])
def test_a_changed_token_is_refused(place: int) -> None:
    """Another payload or another signature below the same head is refused."""
    parts = SIGNER.signed(claims()).split(".")
    parts[place] = parts[place][:-8] + "AAAAAAAA"

    with pytest.raises(BadTokenError, match="signature is wrong"):
        SIGNER.checked(".".join(parts), NOW, "app")


@given(st.text(max_size=60), st.text(max_size=60))
def test_garbage_is_refused(payload: str, signature: str) -> None:
    """No text whatever raises anything but BadTokenError."""
    head = SIGNER.signed({}).partition(".")[0]

    for token in (payload, f"{head}.{payload}", f"{head}.{payload}.{signature}"):
        with pytest.raises(BadTokenError):
            SIGNER.checked(token, NOW, "app")
