"""A home directory with the token files of `cloudflared`, separate from the user's own.

Source: cloudflared 2026.8.2: names and modes of the files below `~/.cloudflared`, the key set
that it caches for a day.
"""

from __future__ import annotations

import os
from pathlib import Path

# Tokens of an earlier run, and a cached key set, which may be of another key.
STALE = ("*-token", "*-token.lock", "*-token.url", "*-jwks")


def prepare_home(folder: Path, authority: bytes, team: str | None, token: str | None) -> Path:
    """Create the home and the file of the TLS authority (PEM) below a folder; returns that file.

    `token` is the organisation token of the login, if any. Raises OSError.
    """
    kept = folder / "home" / ".cloudflared"
    kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    for pattern in STALE:
        for file in kept.glob(pattern):
            file.unlink()
    if team and token:
        _write(kept / f"{team}-org-token", token.encode())
    trusted = folder / "ca.pem"
    _write(trusted, authority)
    return trusted


def _write(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    # The token is a credential: an existing file could be a link, or readable by others.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
