"""Load files into ``Declared``, or raise all problems of all files at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ztctl.core.model.address import Address
from ztctl.core.model.declared import Declared, PublicPlace
from ztctl.core.model.diagnostics import Problem, Problems, Severity, Where
from ztctl.core.model.identity import HostPart
from ztctl.core.model.kind import Exposing, Kinds
from ztctl.core.model.lint import Code, audible, faults
from ztctl.core.model.objects import Wanted
from ztctl.documents import hosts
from ztctl.documents.files import (
    Source,
    display_path,
    read_sources,
    read_values,
    scalars,
    source_of,
)
from ztctl.documents.host_checks import host_sections
from ztctl.documents.mask import Mask, forms_of
from ztctl.documents.merge import MergedFiles, declared_twice, merge_files
from ztctl.documents.models import Host
from ztctl.documents.nodes import MappingNode, Node, Pair, Scalar, mapping, scalar_at
from ztctl.documents.saved import Contents
from ztctl.documents.validation import Validator, ignored, kept, moved, removed
from ztctl.documents.variables import Environment, Variables

Check = Callable[[Declared], Iterable[Problem]]

_EMPTY: Final[Mapping[str, str]] = MappingProxyType({})


def load(
    paths: Sequence[Path],
    kinds: Kinds,
    *,
    variables: Mapping[str, str] = _EMPTY,
    variable_files: Sequence[Path] = (),
    environment: Mapping[str, str] = _EMPTY,
    allow_env: Collection[str] = (),
    check: Check = lambda _: (),
) -> Declared:
    """Read, validate and expand files; references between objects stay unresolved.

    Args:
        paths: YAML files, and folders of them.
        kinds: whose sections the files may have.
        variables: values of ``${var.NAME}`` that override all others; not expanded themselves.
        variable_files: YAML mappings of values, which override the files' ``vars``; the last one
            wins.
        environment: what ``${env.NAME}`` is read from.
        allow_env: names that may be read besides CLOUDFLARE_ACCOUNT_ID and ZTCTL_*.
        check: finds problems between objects; its warnings become those of the result.

    Raises:
        Problems: everything that is wrong, in the order of files and lines.
    """
    problems: list[Problem] = []
    sources = read_sources(paths, problems)
    unread = bool(problems)
    roots = [source.root for source in sources if source.root is not None]
    values = read_values(variable_files, problems)
    values = {**_declared_variables(roots, problems), **values}
    substitution = Variables(values, variables, Environment(environment, allow_env))
    names = [*(source.name for source in sources), *map(display_path, variable_files)]
    contents = _contents(sources, substitution, kinds)
    return _loaded(
        _Read(contents, names, problems, substitution, complete=not unread), kinds, check
    )


def load_texts(
    texts: Mapping[str, bytes], kinds: Kinds, *, check: Check = lambda _: ()
) -> Declared:
    """Load the content of files, by their names, as ``load`` loads files.

    Raises:
        Problems: everything that is wrong.
    """
    problems: list[Problem] = []
    sources = [source_of(content, name, problems) for name, content in texts.items()]
    unread = bool(problems)
    substitution = Variables({}, {}, Environment({}))
    contents = _contents(sources, substitution, kinds)
    return _loaded(
        _Read(contents, [*texts], problems, substitution, complete=not unread), kinds, check
    )


def _contents(sources: Sequence[Source], substitution: Variables, kinds: Kinds) -> Contents:
    roots = (source.root for source in sources if source.root is not None)
    substituted = tuple(_substituted(root, substitution) for root in roots)
    forms = forms_of(substitution.used, substitution.leaves, kinds)
    return Contents(substituted, forms, tuple(it for source in sources for it in source.silences))


def reload(contents: Contents, kinds: Kinds, *, check: Check = lambda _: ()) -> Declared:
    """Load what ``load`` has read before; every check is made again.

    Raises:
        Problems: everything that is wrong.
    """
    names = [root.where.file for root in contents.roots]
    return _loaded(_Read(contents, names, [], Variables({}, {}, Environment({}))), kinds, check)


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read: the files, their names, and what was wrong until here.

    Attributes:
        complete: false when something of a file could not be read.
    """

    contents: Contents
    names: Sequence[str]
    problems: Sequence[Problem]
    variables: Variables
    complete: bool = True


def _loaded(read: _Read, kinds: Kinds, check: Check) -> Declared:
    """Merge, validate and check the files.

    Raises:
        Problems: everything that is wrong, here and before.
    """
    problems = list(read.problems)
    mask = Mask(read.contents.environment)
    merged = _merged(read.contents.roots, kinds, complete=read.complete)
    validator = Validator(kinds, mask)
    result = _declared(merged, kinds, validator, read.contents)
    problems += read.variables.problems
    found = list(check(result))
    checked = [*audible(found, result.silences), *faults(result.silences, found)]
    # A scalar with an unresolved variable may fail a check, too: one cause, one problem.
    invalid = (*merged.problems, *validator.problems, *checked)
    problems += [item for item in invalid if item.where not in read.variables.broken]
    if any(problem.severity is Severity.ERROR for problem in problems):
        # What is wrong is left out, and gives no warnings that could be silenced.
        problems = [item for item in problems if item.code != Code.SILENCE_UNUSED]
        raise Problems(map(mask.problem, _sorted(problems, read.names)))
    return replace(result, warnings=tuple(map(mask.problem, _sorted(checked, read.names))))


def _declared(
    merged: MergedFiles, kinds: Kinds, validator: Validator, contents: Contents
) -> Declared:
    """Validate and expand merged files; what is invalid is among the problems and left out."""
    expanded = hosts.Expanded((), {})
    if hosts.SECTION in merged.sections:
        valid = validator.hosts(merged.sections[hosts.SECTION])
        expanded = hosts.expand(merged, valid, host_sections(kinds))
        for entry in merged.refused:
            validator.refused(kinds.of_host(HostPart.APPLICATION), entry, Host)
    wanted = tuple(validator.wanted(merged.sections))
    whole = merged.complete and not merged.unknown
    node = merged.top if whole else _with_placeholders(merged.top)
    top = validator.top(node)
    # What is there and wrong is a problem already: it is not missing as well.
    known = {*(it.address for it in wanted), *validator.broken}
    return Declared(
        stack=str(top.stack),
        account=None if top.account is None else str(top.account),
        team=None if top.team is None else str(top.team),
        wanted=wanted,
        silences=(*contents.silences, *ignored(top, node)),
        removed=tuple(removed(top, node, kinds)),
        moved=tuple(moved(top, node, kinds, known)),
        ignored=tuple(kept(top, node, kinds)),
        public=(*expanded.public, *_public_places(wanted, kinds)),
        inner=expanded.inner,
        environment=contents.environment,
        contents=contents,
        complete=merged.complete,
        broken={**dict(_perhaps(merged.unknown, kinds)), **validator.broken},
    )


def _perhaps(names: Iterable[str], kinds: Kinds) -> Iterator[tuple[Address, tuple[()]]]:
    """Every address that a name of an unknown section may have been meant for."""
    declarable = [kind.name for kind in kinds.values() if kind.section]
    return ((Address(kind, name), ()) for name in names for kind in declarable)


def _public_places(wanted: Iterable[Wanted], kinds: Kinds) -> Iterator[PublicPlace]:
    for item in wanted:
        kind = kinds[item.address.kind]
        if isinstance(kind, Exposing):
            yield from kind.public_places(item)


def _declared_variables(
    roots: Iterable[MappingNode], problems: list[Problem]
) -> dict[str, Scalar | None]:
    values: dict[str, Scalar | None] = {}
    keys: dict[str, Scalar] = {}
    for root in roots:
        section = root.value("vars")
        if isinstance(section, MappingNode):
            for name, value in scalars(section, problems).items():
                key = section.entries[name][0]
                if name in keys:
                    problems.append(declared_twice(f"vars.{name}", key, keys[name]))
                keys[name] = key
                values.setdefault(name, value)
        elif section is not None:
            problems.append(Problem("`vars` must be a mapping from names to values", section.where))
    return values


def _substituted(root: MappingNode, substitution: Variables) -> MappingNode:
    pairs: list[Pair] = [pair for name, pair in root.entries.items() if name != "vars"]
    node: Node = substitution.substituted(mapping(pairs, root.where))
    assert isinstance(node, MappingNode)
    return node


def _merged(roots: Sequence[MappingNode], kinds: Kinds, *, complete: bool) -> MergedFiles:
    sections = [kind.section for kind in kinds.values() if kind.section]
    nicknames = {kind.name: kind.section for kind in kinds.values() if kind.section}
    if host_sections(kinds):
        sections.append(hosts.SECTION)
        nicknames["host"] = hosts.SECTION
    return merge_files(roots, sections, nicknames, complete=complete)


def _with_placeholders(top: MappingNode) -> MappingNode:
    """Fill in required values of the top level, which a file that could not be read may state."""
    needed = {"version": "1", "stack": "unknown"}
    return top.with_pairs(
        (scalar_at(name, top.where), scalar_at(text, top.where))
        for name, text in needed.items()
        if name not in top.entries
    )


def _sorted(problems: Iterable[Problem], names: Sequence[str]) -> list[Problem]:
    rank = {name: place for place, name in reversed(list(enumerate(names)))}

    def place(problem: Problem) -> tuple[int, Where]:
        where = problem.where or Where("", 0, 0)
        return rank.get(where.file, -1), where

    return [
        problem
        for _, alike in groupby(sorted(problems, key=place), place)
        for problem in _once(alike)
    ]


def _once(problems: Iterable[Problem]) -> list[Problem]:
    """Of the problems of one place those that say something of their own, in their order.

    The parts into which a host is expanded each say the same of its name, some in more words.
    """
    found = list(dict.fromkeys(problems))
    kept: list[Problem] = []
    for problem in sorted(found, key=lambda item: (len(item.summary), len(item.hint))):
        if problem.where is None or not any(it.summary in problem.summary for it in kept):
            kept.append(problem)
    return [problem for problem in found if problem in kept]
