"""Encode requests; beside who hands one over (`cli`), the only module that reveals secrets."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ztctl.cloudflare.sanitize import SHORTEST_SECRET
from ztctl.core.model.calls import Json
from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.values import Secret


def encode(body: Json, token: Secret) -> tuple[bytes | None, tuple[str, ...]]:
    """Encode a body as JSON; also return what messages must mask: token and secrets of the body.

    Raises:
        TypeError: when the body holds a value without a JSON form.
    """
    revealed = [token.reveal()]

    def reveal(value: object) -> Json:
        if isinstance(value, Secret):
            revealed.append(value.reveal())
            return value.reveal()
        if isinstance(value, Mapping):
            return dict(value)
        raise TypeError(f"a {type(value).__name__} cannot be sent")

    if body is None:
        return None, tuple(revealed)
    text = json.dumps(body, default=reveal, allow_nan=False, separators=(",", ":"))
    return text.encode(), tuple(revealed)


def without_token(text: str, token: Secret | None) -> str:
    """A text in which the token, that somebody may have written down there, is hidden."""
    secret = token.reveal() if token is not None else ""
    return text.replace(secret, "(sensitive)") if len(secret) >= SHORTEST_SECRET else text


def header(token: Secret) -> str:
    """Format the Authorization header.

    Raises:
        Failure: when the token has characters that no header may have; it is not repeated.
    """
    text = token.reveal()
    if not text or not all("!" <= character <= "~" for character in text):
        raise Failure(
            "the API token is empty or holds spaces, line breaks or foreign letters",
            "copy it again from the Cloudflare dashboard",
        )
    return f"Bearer {text}"


def webhook_url(url: Secret) -> str:
    """The text of a webhook's URL, to post to, and to mask."""
    return url.reveal()
