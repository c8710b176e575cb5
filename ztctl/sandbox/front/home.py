"""The files that `cloudflared` finds and trusts: a home of its own, never the user's.

Source: cloudflared 2026.8.2: names and modes of the files below `~/.cloudflared`, the key set
that it keeps for a day.
"""

from __future__ import annotations

import os
from pathlib import Path

# Tokens of another run, and a key set that may belong to another key.
STALE = ("*-token", "*-token.lock", "*-token.url", "*-jwks")


def settled(folder: Path, authority: bytes, team: str | None, token: str | None) -> Path:
    """Make the home and the authority's file below a folder; gives that file.

    `token` is the organisation token of whoever is logged in. Raises OSError.
    """
    kept = folder / "home" / ".cloudflared"
    kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    for pattern in STALE:
        for file in kept.glob(pattern):
            file.unlink()
    if team and token:
        _written(kept / f"{team}-org-token", token.encode())
    trusted = folder / "ca.pem"
    _written(trusted, authority)
    return trusted


def _written(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    # The file is made anew and for its owner alone: it lets its reader in.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
