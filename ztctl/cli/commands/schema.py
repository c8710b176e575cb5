"""``ztctl schema``: the JSON Schema of the file."""

from __future__ import annotations

import json
import sys

from ztctl.cli.exits import Exit


def schema() -> Exit:
    """Print the JSON Schema of the file, for editors and reviews."""
    from ztctl.documents.schema import schema as made
    from ztctl.kinds.registry import KINDS

    sys.stdout.write(json.dumps(made(KINDS), indent=2, ensure_ascii=False) + "\n")
    return Exit.DONE
