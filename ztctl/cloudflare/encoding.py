"""A request as bytes: the one place where secrets are revealed."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ztctl.core.model.calls import Json
from ztctl.core.model.values import Secret


def encode(body: Json, token: Secret) -> tuple[bytes | None, tuple[str, ...]]:
    """Give a body as JSON, and what to mask in messages: the token and every secret in the body.

    Raises:
        TypeError: when the body holds something that JSON has no form for.
    """
    revealed = [token.reveal()]

    def plain(value: object) -> Json:
        if isinstance(value, Secret):
            revealed.append(value.reveal())
            return value.reveal()
        if isinstance(value, Mapping):
            return dict(value)
        raise TypeError(f"a {type(value).__name__} cannot be sent")

    if body is None:
        return None, tuple(revealed)
    text = json.dumps(body, default=plain, allow_nan=False, separators=(",", ":"))
    return text.encode(), tuple(revealed)


def header(token: Secret) -> str:
    """Give the Authorization header.

    Raises:
        ValueError: when the token holds what no header may, without repeating it.
    """
    text = token.reveal()
    if not text or not all("!" <= character <= "~" for character in text):
        raise ValueError("the API token is empty or holds spaces, line breaks or foreign letters")
    return f"Bearer {text}"
