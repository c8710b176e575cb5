"""What `terraform show -json` tells of the objects that Terraform manages.

Format: Terraform's documentation of its JSON output, 1.x. The document shows secrets in plain text:
of the values of a resource nothing is repeated here, not in errors either.
"""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ztctl.core.model.diagnostics import Problem

Json = Mapping[str, Any]
_NAME: Final = r"[^\W\d][\w-]*"
_KEY: Final = r'\[(?:0|[1-9][0-9]{0,8}|"(?:[^"\\]|\\.)*")\]'
# Of a printable character: Terraform writes that as it is.
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|.)")
_MODULE: Final = re.compile(rf"module\.({_NAME})({_KEY})?\.")
_ADDRESS: Final = re.compile(
    rf"((?:module\.{_NAME}(?:{_KEY})?\.)*)({_NAME})\.({_NAME})({_KEY})?",
)
_LONGEST: Final = 2000
_LONGEST_WORD: Final = 60
_OURS: Final = "cloudflare_"
_MADE: Final = "write it by `terraform show -json > FILE`, where Terraform is initialised"
# What only the other documents of Terraform have.
_RAW: Final = frozenset({"serial", "lineage"})
_PLAN: Final = frozenset({"planned_values", "resource_changes", "prior_state"})


@dataclass(frozen=True, slots=True)
class ResourceAddress:
    """The address of one instance, such as ``module.a["x"].cloudflare_record.ssh[0]``.

    Attributes:
        modules: name and key of each module, from the outermost.
        key: of ``count`` or ``for_each``, in brackets as it stands there; empty without.
    """

    modules: tuple[tuple[str, str], ...]
    type: str
    name: str
    key: str = ""

    def __str__(self) -> str:
        path = "".join(f"module.{name}{key}." for name, key in self.modules)
        return f"{path}{self.type}.{self.name}{self.key}"

    @property
    def block(self) -> str:
        """The address of its block in the configuration, which has no keys."""
        path = "".join(f"module.{name}." for name, _ in self.modules)
        return f"{path}{self.type}.{self.name}"

    @property
    def whole(self) -> ResourceAddress:
        """The address without its own key: where a command is given that, it means each of them."""
        return replace(self, key="")


@dataclass(frozen=True, slots=True)
class Managed:
    """An instance of a resource that Terraform manages.

    Attributes:
        where: its path within the document.
        values: its attributes, secrets among them.
        is_tainted: the next apply there is to replace the object.
        is_deposed: it was replaced, and the next apply there is to delete it.
    """

    address: ResourceAddress
    where: str
    values: Json = field(repr=False)
    is_tainted: bool = False
    is_deposed: bool = False


def read_managed(document: Any, problems: list[Problem]) -> list[Managed]:
    """The managed resources of Cloudflare's provider, in all modules.

    Args:
        document: the parsed JSON.
        problems: gets everything that is wrong, each with its path within the document.
    """
    if (said := _no_document(document)) is not None:
        problems.append(said)
        return []
    values = document.get("values")
    if values is None:
        return []
    if not isinstance(values, dict):
        problems.append(_wrong("values", "it must be an object"))
        return []
    return [*_of_modules(values.get("root_module"), problems)]


def _no_document(document: Any) -> Problem | None:
    if not isinstance(document, dict):
        return Problem("it is no document of Terraform: it must be an object", None, _MADE)
    if document.keys() & _PLAN:
        return Problem("it is a plan of Terraform, and no state", None, _MADE)
    if document.keys() & _RAW or isinstance(document.get("version"), int):
        return Problem("it is Terraform's own state file, of no fixed form", None, _MADE)
    version = document.get("format_version")
    if not isinstance(version, str):
        return Problem("it is no document of Terraform: `format_version` is missing", None, _MADE)
    if not re.fullmatch(r"1\.\d{1,6}", version, re.ASCII):
        hint = "write it by Terraform 1.1 or later, or by OpenTofu"
        return _wrong("format_version", "only the format 1.x is known", hint)
    return None


def _of_modules(root: Any, problems: list[Problem]) -> Iterator[Managed]:
    # No recursion: who made the document chose its depth.
    waiting = deque([("values.root_module", root)] if root is not None else [])
    while waiting:
        path, module = waiting.popleft()
        if not isinstance(module, dict):
            problems.append(_wrong(path, "it must be an object"))
            continue
        for at, item in _listed(module, "resources", path, problems):
            found = _resource(item, at, problems)
            if found is not None:
                yield found
        waiting += _listed(module, "child_modules", path, problems)


def _listed(
    module: Json, name: str, path: str, problems: list[Problem]
) -> Iterator[tuple[str, Any]]:
    listed = module.get(name)
    if listed is not None and not isinstance(listed, list):
        problems.append(_wrong(f"{path}.{name}", "it must be a list"))
        return
    for at, item in enumerate(listed or ()):
        yield f"{path}.{name}[{at}]", item


def _resource(item: Any, path: str, problems: list[Problem]) -> Managed | None:
    if not isinstance(item, dict):
        problems.append(_wrong(path, "it must be an object"))
        return None
    mode, type_, values = item.get("mode"), item.get("type"), item.get("values")
    if not isinstance(mode, str) or not isinstance(type_, str):
        problems.append(_wrong(path, "`mode` and `type` must be texts"))
        return None
    if mode != "managed" or not type_.startswith(_OURS):
        return None
    address = _address(item.get("address"))
    wrong = [*_complaints(item, address)]
    problems += (_wrong(path, it) for it in wrong)
    if wrong or address is None:
        return None
    deposed = item.get("deposed_key") is not None
    return Managed(address, path, values or {}, item.get("tainted") is True, deposed)


def _complaints(item: Json, address: ResourceAddress | None) -> Iterator[str]:
    if address is None:
        yield "`address` is none of a resource, or holds what nobody would see"
    elif (address.type, address.name) != (item.get("type"), item.get("name")):
        yield "`address` does not fit `type` and `name`"
    if not isinstance(item.get("values") or {}, dict):
        yield "`values` must be an object"
    if not isinstance(item.get("tainted", False), bool):
        yield "`tainted` must be true or false"
    if not isinstance(item.get("deposed_key", ""), str):
        yield "`deposed_key` must be a text"


def _address(text: Any) -> ResourceAddress | None:
    # Terraform escapes in keys what is not printable.
    if not isinstance(text, str) or len(text) > _LONGEST or not text.isprintable():
        return None
    found = _ADDRESS.fullmatch(text)
    # One instance may have but one address here: to forget it is to forget nothing else.
    if found is None or any(map(_is_needless, _ESCAPE.finditer(text))):
        return None
    modules = tuple((it[1], it[2] or "") for it in _MODULE.finditer(found[1]))
    return ResourceAddress(modules, found[2], found[3], found[4] or "")


def _is_needless(escape: re.Match[str]) -> bool:
    digits = escape[1] or escape[2]
    code = int(digits, 16) if digits is not None else 0
    return code > sys.maxunicode or chr(code).isprintable()


def _wrong(path: str, text: str, hint: str = "") -> Problem:
    return Problem(f"{path}: {text}", None, hint)


def short_names(addresses: Sequence[ResourceAddress]) -> list[str]:
    """A word for each address: the name of the resource, with its key and modules where needed.

    Two addresses that are nothing but signs apart may still get one word.
    """
    words = [_word([it.name]) for it in addresses]
    for more in (_with_key, _with_modules):
        counts = Counter(words)
        words = [
            word if counts[word] == 1 else _word(more(it))
            for word, it in zip(words, addresses, strict=True)
        ]
    return words


def _with_key(address: ResourceAddress) -> list[str]:
    return [address.name, address.key]


def _with_modules(address: ResourceAddress) -> list[str]:
    around = [part for module in address.modules for part in module]
    return [*around, address.name, address.key]


def _word(parts: Sequence[str]) -> str:
    cleaned = (re.sub(r"[^\w.@-]+", "-", part).strip("-.") for part in parts)
    return "-".join(filter(None, cleaned))[:_LONGEST_WORD]


@dataclass(frozen=True, slots=True)
class Forgetting:
    """How Terraform forgets some of what it manages, and nothing else.

    Attributes:
        blocks: addresses of blocks of which every instance is to be forgotten, with these.
        instances: addresses of single instances beside others that stay.
        stuck: what cannot be forgotten without something else.
    """

    blocks: Mapping[str, tuple[Managed, ...]]
    instances: tuple[Managed, ...]
    stuck: tuple[Managed, ...]


def forgetting(known: Sequence[Managed], taken: Sequence[Managed]) -> Forgetting:
    """How to forget what was taken.

    A `removed` block names no instance keys, so that it forgets all instances of a block, in all
    instances of its modules; `terraform state rm` also forgets what an instance has deposed.

    Args:
        known: all managed resources of the document.
        taken: those of them that are to be forgotten.
    """
    wheres = {it.where for it in taken}
    by_block: dict[str, list[Managed]] = defaultdict(list)
    # What a command must not be given, because something that stays would go with it.
    staying: set[ResourceAddress] = set()
    for it in known:
        by_block[it.address.block].append(it)
        if it.where not in wheres:
            staying |= {it.address, it.address.whole}
    blocks: dict[str, tuple[Managed, ...]] = {}
    instances: list[Managed] = []
    stuck: list[Managed] = []
    for block, found in by_block.items():
        going = [it for it in found if it.where in wheres]
        if len(going) == len(found):
            blocks[block] = tuple(going)
            continue
        for it in going:
            (stuck if it.address in staying else instances).append(it)
    return Forgetting(blocks, tuple(instances), tuple(stuck))
