"""Load YAML files as declared objects, with source positions and all problems at once."""

from ztctl.documents.loader import load, reload
from ztctl.documents.saved import Contents, DamagedContents, dumped, restored

__all__ = ["Contents", "DamagedContents", "dumped", "load", "reload", "restored"]
