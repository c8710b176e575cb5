"""Load YAML files as declared objects, with source positions and all problems at once."""

from ztctl.documents.loader import load, reload
from ztctl.documents.saved import Contents, Damaged, dumped, restored

__all__ = ["Contents", "Damaged", "dumped", "load", "reload", "restored"]
