"""Write what a connector's file says, for cloudflared or as an entry of ztctl's files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from ztctl.core.model.connector_file import SETTINGS, ConnectorFile
from ztctl.documents.connector_file import DURATIONS
from ztctl.documents.export_text import block, comment, scalar_text

_SIGN: Final = "Written by `ztctl tunnel files`, which writes it anew."


def config_text(file: ConnectorFile) -> str:
    """A ``config.yml``, read back as it is."""
    settings = {
        key: file.settings[known.name]
        for key, known in SETTINGS.items()
        if known.name in file.settings
    }
    whole = {
        "tunnel": file.tunnel,
        "credentials-file": file.credentials_file,
        **settings,
        **_with_units(file.configuration),
    }
    text = "\n".join([comment(_SIGN), *block(whole, 0)]) + "\n"
    # ztctl's files have variables, and cloudflared's has none.
    return text.replace("$${", "${")


def _with_units(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            key: f"{item}s" if key in DURATIONS else _with_units(item)
            for key, item in value.items()
        }
    return [_with_units(item) for item in value] if isinstance(value, list) else value


def entry_text(key: str, entry: Mapping[str, Any], notes: Iterable[str]) -> str:
    """The section ``tunnels`` with one entry; notes stand above it as comments.

    A line for each field, however short they are: somebody is to read it and to go on writing.
    """
    lines = [comment(note) for note in notes]
    head = ["tunnels:", f"  {scalar_text(key, key=True)}:"]
    return "\n".join([*lines, *head, *block(entry, 4)]) + "\n"
