"""Load YAML files as declared objects, with source positions and all problems at once."""

from ztctl.documents.loader import load

__all__ = ["load"]
