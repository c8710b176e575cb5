"""Write a YAML file in the one layout, or refuse where that would change what it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

import yaml
from yaml import tokens as tok

from ztctl.core.model.diagnostics import Problem, Where
from ztctl.core.model.kind import Kinds
from ztctl.documents.files import top_of
from ztctl.documents.layout_order import arrange_file
from ztctl.documents.layout_text import WIDTH, as_lines, inline
from ztctl.documents.layout_tree import Part, YamlEntry, comments_of, normalised, tree_of
from ztctl.documents.nodes import MappingNode, Node, Scalar, SequenceNode, data
from ztctl.documents.reader import UTF8_BOM, read_bytes

_INDENT: Final = 2
_REPORT: Final = "the file is as it was; please report this line"
# An entry as it is written: the lines above it without indentation, and its own.
_Lines = tuple[list[str], list[str]]


def laid_out(content: bytes, name: str, kinds: Kinds, problems: list[Problem]) -> bytes | None:
    """Lay out the content of a file.

    Args:
        content: what the file holds.
        name: the file, for problems.
        kinds: whose fields give the order of keys.
        problems: what is wrong is appended here.

    Returns:
        The new content; ``None`` where the loader finds a problem in the file, or where the new
        content would not mean the same or lack a comment or an anchor.
    """
    found: list[Problem] = []
    root = top_of(read_bytes(content, name, found), name, found)
    problems += found
    if root is None or found:
        return None
    before = normalised(content.removeprefix(UTF8_BOM).decode("utf-8"))
    tree = tree_of(before)
    if tree.value.entries:
        arrange_file(tree.value, kinds)
    after = "\n".join(_whole(tree)) + "\n"
    problem = _changed(root, before, after, name)
    if problem is not None:
        problems.append(problem)
        return None
    return after.encode("utf-8")


def _whole(tree: YamlEntry) -> Iterator[str]:
    root = tree.value
    yield from tree.above
    if root.anchor:
        yield f"&{root.anchor}"
    if not root.entries:
        yield _with_comment("{}", tree.beside)
    several = False
    for place, (above, body) in enumerate(_entry(entry, 0) for entry in root.entries):
        # A section has blank lines around it.
        apart = [""] if place and (several or len(body) > 1) else []
        yield from _comments([*apart, *above], 0, first=not place)
        yield from body
        several = len(body) > 1
    yield from _comments(root.tail, 0)


def _below(part: Part, indent: int) -> Iterator[str]:
    """The lines of all entries of a part, and the comments behind them."""
    for place, (above, body) in enumerate(_entry(entry, indent) for entry in part.entries):
        yield from _comments(above, indent, first=not place)
        yield from body
    yield from _comments(part.tail, indent)


def _comments(lines: Iterable[str], indent: int, *, first: bool = False) -> Iterator[str]:
    """Comments with their indentation; of several blank lines one stays, of the first ones none."""
    skip = first
    for is_blank, group in groupby(lines, key=lambda line: not line):
        if not is_blank:
            yield from (" " * indent + line for line in group)
        elif not skip:
            yield ""
        skip = False


def _entry(entry: YamlEntry, indent: int) -> _Lines:
    value, pad = entry.value, " " * indent
    head = pad + ("-" if entry.key is None else f"{inline(entry.key, key=True)}:")
    above = [*entry.above, *entry.beside[:-1]]
    beside = entry.beside[-1:]
    line = _on_one_line(value, len(head) + 1)
    if line is not None:
        head = _with_comment(f"{head} {line}".rstrip(), beside)
        return above, [head, *_comments(value.tail, indent + _INDENT)]
    if not value.entries:
        first, *lines = as_lines(value, indent + _INDENT, len(head) + 1) or [""]
        return above, [_with_comment(f"{head} {first}", beside), *lines]
    if entry.key is None and not value.anchor:
        return _compact(value, indent, [*above, *beside])
    head = f"{head} &{value.anchor}" if value.anchor else head
    return above, [_with_comment(head, beside), *_below(value, indent + _INDENT)]


def _compact(value: Part, indent: int, above: list[str]) -> _Lines:
    """A list item whose first entry stands behind the dash, and its comments above the dash."""
    deeper = indent + _INDENT
    hoisted, (first, *rest) = _entry(value.entries[0], deeper)
    above += _comments(hoisted, 0, first=True)
    body = [" " * indent + "- " + first[deeper:], *rest]
    for others, lines in (_entry(entry, deeper) for entry in value.entries[1:]):
        body += [*_comments(others, deeper), *lines]
    return above, [*body, *_comments(value.tail, deeper)]


def _with_comment(line: str, comments: Sequence[str]) -> str:
    return " ".join([line, *comments])


def _on_one_line(part: Part, start: int) -> str | None:
    """A value as it stands behind its key; ``None`` if it needs lines of its own."""
    if not (part.is_mapping or part.is_list):
        several = as_lines(part, start, start)
        return inline(part) if several is None else None
    if part.in_block or not _fits_brackets(part):
        return None
    text = _in_brackets(part)
    return text if not part.entries or start + len(text) <= WIDTH else None


def _fits_brackets(part: Part) -> bool:
    return not part.opened and all(_fits_brackets(entry.value) for entry in part.entries)


def _in_brackets(part: Part) -> str:
    if not (part.is_mapping or part.is_list):
        return inline(part, flow=True)
    texts = [_in_brackets(entry.value) for entry in part.entries]
    if part.is_mapping:
        keys = [inline(entry.key, flow=True, key=True) for entry in part.entries if entry.key]
        texts = [f"{key}: {text}" for key, text in zip(keys, texts, strict=True)]
    text = f"{{{', '.join(texts)}}}" if part.is_mapping else f"[{', '.join(texts)}]"
    return f"&{part.anchor} {text}" if part.anchor else text


def _changed(root: MappingNode, before: str, after: str, name: str) -> Problem | None:
    """What of a file would not be the same in its layout."""
    broken: list[Problem] = []
    new = read_bytes(after.encode("utf-8"), name, broken)
    where = root.where if new is None or broken else _difference(root, new)
    if where is not None:
        return Problem("the layout would change what stands here", where, _REPORT)
    kept = Counter(comment.text for comment in comments_of(after))
    for comment in comments_of(before):
        kept[comment.text] -= 1
        if kept[comment.text] < 0:
            line = before.count("\n", 0, comment.index) + 1
            place = Where(name, line, comment.column + 1)
            return Problem("the layout would lose this comment", place, _REPORT)
    if _names(before) != _names(after):
        return Problem("the layout would lose an anchor or an alias", root.where, _REPORT)
    return None


def _names(source: str) -> Counter[tuple[type, str]]:
    return Counter(
        (type(token), token.value)
        for token in yaml.scan(source, Loader=yaml.CSafeLoader)
        if isinstance(token, tok.AnchorToken | tok.AliasToken)
    )


def _difference(old: Node, new: Node) -> Where | None:
    """Where two nodes begin to say something else; the order of keys says nothing."""
    if isinstance(old, Scalar) and isinstance(new, Scalar):
        same = data(old) == data(new) and (old.plain == new.plain or "${" not in old)
        return None if same and type(data(old)) is type(data(new)) else old.where
    if isinstance(old, MappingNode) and isinstance(new, MappingNode):
        same = old.entries.keys() == new.entries.keys()
        olds = [value for _, value in old.entries.values()]
        news = [new.entries[key][1] for key in old.entries if same]
    elif isinstance(old, SequenceNode) and isinstance(new, SequenceNode):
        same, olds, news = len(old.items) == len(new.items), [*old.items], [*new.items]
    else:
        same, olds, news = False, [], []
    if not same:
        return old.where
    pairs = zip(olds, news, strict=True)
    return next((found for pair in pairs if (found := _difference(*pair))), None)
