"""Validate entries against the models of their kinds; problems collect, valid entries go on."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ztctl.core.model.address import Address
from ztctl.core.model.canonical import fields_of, references, stated_references
from ztctl.core.model.declared import Ignored, Moved, Removed
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.identity import HOSTS, OWN_PARTS, HostPart
from ztctl.core.model.ignored import ignorable
from ztctl.core.model.kind import Kind, Kinds
from ztctl.core.model.lint import Silence
from ztctl.core.model.names import to_ascii
from ztctl.core.model.objects import Wanted
from ztctl.core.model.values import Lookup, Ref
from ztctl.documents.mask import Mask
from ztctl.documents.merge import Section
from ztctl.documents.models import Host, IgnoredField, Top
from ztctl.documents.nodes import MappingNode, Node, SequenceNode, data, scalar_at
from ztctl.documents.problems import SectionEntry, translate_errors

_Model = TypeVar("_Model", bound=BaseModel)


class Validator:
    """Validates sections and the top level.

    Attributes:
        problems: what is wrong with any of them.
        broken: addresses of the objects that are invalid, with what they refer to.
    """

    def __init__(self, kinds: Kinds, mask: Mask) -> None:
        self.problems: list[Problem] = []
        self.broken: dict[Address, tuple[Ref | Lookup, ...]] = {}
        self._kinds = kinds
        self._mask = mask

    def hosts(self, section: Section) -> Iterator[tuple[SectionEntry, Host | None]]:
        """Validate the `hosts` section; yields its entries, with ``None`` for an invalid one."""
        for entry in section.values():
            yield entry, self._model(Host, entry, "hosts")

    def refused(self, kind: Kind, entry: SectionEntry, model: type[BaseModel]) -> None:
        """Keep what an entry that makes no object refers to: that is checked all the same."""
        fields = data(entry.fields)
        found = [*stated_references(fields_of(model), fields)]
        if model is kind.model and isinstance(fields, dict):
            # The key of a CA names its application, where nothing else does.
            by_key = kind.normalise_stated(str(entry.key), {})
            found += references({name: by_key[name] for name in by_key.keys() - fields.keys()})
        where = entry.key.where
        placed = (replace(it, where=it.where or where) for it in found)
        self.broken[Address(kind.name, str(entry.key))] = tuple(placed)

    def wanted(self, sections: Mapping[str, Section]) -> Iterator[Wanted]:
        """Validate the sections of all kinds; yields valid objects by kind, in file order."""
        for kind in self._kinds.values():
            for entry in sections.get(kind.section, {}).values():
                fields = self._model(kind.model, entry, kind.section)
                if fields is None:
                    self.refused(kind, entry, kind.model)
                else:
                    key, where = entry.key, entry.key.where
                    yield kind.declare(str(key), fields, where=where, origin=entry.origin)

    def top(self, node: MappingNode) -> Top:
        """Validate the top level of the file; one of a made-up stack when it is invalid."""
        context = {"kinds": self._kinds}
        entry = SectionEntry(scalar_at("", node.where), node)
        top = self._model(Top, entry, "", context)
        if top is not None:
            return top
        # What else the list says is checked all the same.
        listed = [_valid(IgnoredField, it, context) for it in _items(node, "ignore")]
        return Top.model_construct(stack="x", ignore=listed)

    def _model(
        self, model: type[_Model], entry: SectionEntry, section: str, context: Any = None
    ) -> _Model | None:
        try:
            return model.model_validate(data(entry.fields), context=context)
        except ValidationError as error:
            name = entry.origin or (f"{section}.{entry.key}" if section else "")
            shown = self._mask.short(name)
            self.problems.extend(translate_errors(error, model, entry, shown, self._mask))
            return None


def _valid(model: type[_Model], node: Node, context: Any) -> _Model | None:
    try:
        return model.model_validate(data(node), context=context)
    except ValidationError:
        return None


def removed(top: Top, node: MappingNode, kinds: Kinds) -> Iterator[Removed]:
    """The entries of `removed`, each with its position; of a host all that is its own."""
    own = [kinds.of_host(part).name for part in OWN_PARTS] if top.removed else []
    for removal, item in zip(top.removed or (), _items(node, "removed"), strict=False):
        name, id_ = (None if it is None else str(it) for it in (removal.name, removal.id))
        address = Address.parse(removal.address)
        if address.kind == HOSTS:
            for kind in own:
                part = Address(kind, to_ascii(address.key))
                yield Removed(part, None, removal.forget, item.where)
        else:
            yield Removed(address, name, removal.forget, item.where, id_)


def moved(
    top: Top, node: MappingNode, kinds: Kinds, declared: Container[Address]
) -> Iterator[Moved]:
    """The entries of `moved`, each with its position.

    A host takes along its application and its CA. Its record is made anew, for it may lie in
    another zone; where it shares an application, there is nothing to take along.
    """
    for move, item in zip(top.moved or (), _items(node, "moved"), strict=False):
        source, target = Address.parse(move.source), Address.parse(move.target)
        if (source.kind, target.kind) != (HOSTS, HOSTS):
            yield Moved(source, target, item.where)
            continue
        old, new = to_ascii(source.key), to_ascii(target.key)
        if not any(Address(kinds.of_host(part).name, new) in declared for part in OWN_PARTS):
            yield Moved(source, target, item.where)
        for part in (HostPart.APPLICATION, HostPart.CA_KEY):
            kind = kinds.of_host(part).name
            if Address(kind, new) in declared:
                yield Moved(Address(kind, old), Address(kind, new), item.where)


def kept(top: Top, node: MappingNode, kinds: Kinds) -> Iterator[Ignored]:
    """The valid entries of `ignore`, each with its position."""
    for entry, item in zip(top.ignore or (), _items(node, "ignore"), strict=False):
        if entry is None:
            continue
        found = ignorable(str(entry.field), kinds)
        yield replace(found, reason=str(entry.reason).strip(), where=item.where)


def ignored(top: Top, node: MappingNode) -> Iterator[Silence]:
    """The entries of `lint: {ignore: …}`, each with its position."""
    lint = node.value("lint")
    listed = lint.value("ignore") if isinstance(lint, MappingNode) else None
    known = (top.lint and top.lint.ignore) or {}
    for key, _ in listed.entries.values() if isinstance(listed, MappingNode) else ():
        if key in known:
            yield Silence(str(key), str(known[key]).strip(), key.where)


def _items(node: MappingNode, name: str) -> tuple[Node, ...]:
    listed = node.value(name)
    return listed.items if isinstance(listed, SequenceNode) else ()
