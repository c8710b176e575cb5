"""Fields that may differ, named as ``kind.key.field``; never one that decides who reaches what."""

from __future__ import annotations

from collections.abc import Mapping

from ztctl.core.model.address import Address
from ztctl.core.model.declared import Ignored
from ztctl.core.model.identity import HOSTS, OWN_PARTS, Identity

_EXAMPLE = "write kind.key.field, such as access_policy.team.purpose_justification_prompt"


class NotIgnorable(Exception):
    """A text that names no field which may differ; with what to do."""

    def __init__(self, summary: str, hint: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.hint = hint


def ignorable(text: str, kinds: Mapping[str, Identity]) -> Ignored:
    """Parse ``kind.key.field``.

    Raises:
        NotIgnorable: it is none, or the field decides who reaches what.
    """
    head, _, last = text.rpartition(".")
    try:
        address = Address.parse(head)
    except ValueError:
        raise NotIgnorable(f"{text!r} names no field of an object", _EXAMPLE) from None
    if address.kind == HOSTS:
        own = [kind for part in OWN_PARTS for kind in kinds.values() if kind.host_part is part]
        parts = ", ".join(f"{kind.name}.{address.key}" for kind in own)
        raise NotIgnorable(f"{head} is several objects", f"name a field of one of them: {parts}")
    kind = kinds.get(address.kind)
    if kind is None or not kind.section:
        sections = {it.section: it.name for it in kinds.values() if it.section}
        meant = sections.get(address.kind)
        hint = f"did you mean {meant}.{address.key}.{last}?" if meant else _EXAMPLE
        raise NotIgnorable(f"there is no kind {address.kind!r}", hint)
    name = last.partition("[")[0]
    spec = kind.specs.get(name)
    fields = [it for it, spec in kind.specs.items() if _may_differ(it, spec.decides_reach, kind)]
    known = f"these may differ: {', '.join(fields)}" if fields else "none of its fields may differ"
    if spec is None:
        # A path below a field, or an element of a list.
        deeper = [it for it in kind.specs if f".{it}." in f"{text}." or f".{it}[" in text]
        inner = f"name the whole field {deeper[0]!r}, not a part of it" if deeper else known
        raise NotIgnorable(f"an object of the kind {kind.name!r} has no field {last!r}", inner)
    if spec.decides_reach:
        raise NotIgnorable(
            f"{name!r} decides who reaches what, so that it cannot be ignored",
            "change it in the file, or put the account right",
        )
    if not _may_differ(name, False, kind) or last != name:
        raise NotIgnorable(f"{last!r} is nothing that could differ", known)
    return Ignored(address, name)


def _may_differ(name: str, decides_reach: bool, kind: Identity) -> bool:
    return not decides_reach and kind.specs[name].compared and name != "name"
