"""Places in the current folder that ztctl looks at unasked."""

from __future__ import annotations

from pathlib import Path

DEFAULT_FILE = Path("ztctl.yaml")
