"""YAML files in, the wanted side out: places kept, short forms expanded, problems all at once."""

from ztctl.documents.loader import load

__all__ = ["load"]
