"""The option ``--ignore``: fields that differ and are not told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ztctl.cli.settings import Usage
from ztctl.core.model.declared import Declared
from ztctl.core.model.ignored import NotIgnorable, ignorable
from ztctl.core.model.kind import Kinds
from ztctl.documents.suggest import nearest


def with_ignored(declared: Declared, given: Iterable[str], kinds: Kinds) -> Declared:
    """The same files with further fields that may differ.

    Raises:
        Usage: a text names no such field of a declared object.
    """
    known = tuple(str(it.address) for it in declared.wanted)
    found = []
    for text in given:
        try:
            ignored = ignorable(text, kinds)
        except NotIgnorable as error:
            raise Usage(f"--ignore {text}: {error.summary}", error.hint) from error
        if str(ignored.address) not in known:
            near = nearest(str(ignored.address), known)
            hint = f"did you mean {near}.{ignored.field}?" if near else ""
            raise Usage(f"--ignore {text}: no file declares {ignored.address}", hint)
        found.append(ignored)
    return replace(declared, ignored=(*declared.ignored, *found))
