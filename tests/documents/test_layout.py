"""The one layout of a file: what it says stays, and so does every comment."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from tests.support.examples import examples
from tests.support.strategies.layouts import Written, written
from ztctl.core.model.diagnostics import Problem
from ztctl.documents import layout
from ztctl.documents.layout import laid_out
from ztctl.documents.layout_tree import YamlEntry
from ztctl.documents.nodes import data
from ztctl.documents.reader import MAX_BYTES, read_bytes
from ztctl.kinds.registry import KINDS

HERE = Path(__file__).parent / "layout"


def refused(text: str | bytes) -> list[str]:
    """What is wrong with a file that gets no layout, in words and places."""
    found: list[Problem] = []
    content = text if isinstance(text, bytes) else text.encode()
    assert laid_out(content, "f.yaml", KINDS, found) is None
    return [f"{problem.where}: {problem.summary}" for problem in found]


def formatted(text: str | bytes) -> str:
    """The layout of a file that must be fine."""
    found: list[Problem] = []
    content = text if isinstance(text, bytes) else text.encode()
    result = laid_out(content, "f.yaml", KINDS, found)
    assert not found, (found, text)
    assert result is not None
    return result.decode()


def meaning(text: str) -> Any:
    """What the loader reads."""
    found: list[Problem] = []
    root = read_bytes(text.encode(), "f.yaml", found)
    assert not found, (found, text)
    assert root is not None
    return data(root)


@examples(12)
@given(written())
def test_a_layout_says_the_same(file: Written) -> None:
    """The loader reads the same values before and after."""
    assert meaning(file.text) == file.value

    assert meaning(formatted(file.text)) == file.value


@examples(12)
@given(written())
def test_a_layout_keeps_every_comment(file: Written) -> None:
    """Each comment is there once."""
    found = re.findall(r"# c\d+;.*", formatted(file.text))

    assert sorted(found) == sorted(comment.rstrip() for comment in file.comments)


@examples(12)
@given(written())
def test_a_layout_is_stable(file: Written) -> None:
    """What was formatted is not formatted again."""
    once = formatted(file.text)

    assert formatted(once) == once


def test_a_file_with_everything() -> None:
    """Orders, quotes, brackets, blocks, comments and anchors as they are meant to be."""
    assert formatted((HERE / "before.yaml").read_bytes()) == (HERE / "after.yaml").read_text()


def reference(heading: str, root: Path) -> list[str]:
    """The fields of a section of the reference, in its order."""
    page = (root / "docs/reference/file.md").read_text()
    section = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


@pytest.mark.parametrize(
    "section", [*(kind.section for kind in KINDS.values() if kind.section), "hosts"]
)
def test_the_fields_of_an_entry_stand_as_in_the_reference(section: str, root: Path) -> None:
    """In each section."""
    fields = reference(section, root)
    lines = [f"    {field}: x" for field in reversed(fields)]

    found = formatted("\n".join([f"{section}:", "  name:", *lines, ""]))

    assert re.findall(r"^    (\w+):", found, re.MULTILINE) == fields


def test_the_sections_stand_as_in_the_reference(root: Path) -> None:
    """The top first, then section by section."""
    page = (root / "docs/reference/file.md").read_text()
    sections = re.findall(r"^## ([a-z_]+)$", page, re.MULTILINE)
    names = [*reference("The top", root), *sections]
    assert len(names) > 10

    found = formatted("".join(f"{name}: x\n" for name in reversed(names)))

    assert found.split()[::2] == [f"{name}:" for name in names]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hosts: {b: {}, a: {}}", "hosts: {b: {}, a: {}}"),
        ("policies:\n- b\n- a", "policies:\n  - b\n  - a"),
        ("vars: {b: x, a: x}", "vars: {b: x, a: x}"),
        ("groups: {g: {include: [{b: x}, {a: x}]}}", "groups: {g: {include: [{b: x}, {a: x}]}}"),
    ],
)
def test_what_has_an_order_of_its_own_keeps_it(text: str, expected: str) -> None:
    """Lists, and names that people give."""
    assert formatted(text) == f"{expected}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("stack: &a x\nversion: *a", "stack: &a x\nversion: *a"),
        ("team: &a x\nstack: *a\nversion: 1", "version: 1\nteam: &a x\nstack: *a"),
        (
            "team: &a x\nstack: *a\naccount: &a y\nversion: *a",
            "team: &a x\nstack: *a\naccount: &a y\nversion: *a",
        ),
    ],
)
def test_an_anchor_stays_before_its_aliases(text: str, expected: str) -> None:
    """Also where the order of keys would have it otherwise."""
    assert formatted(text) == f"{expected}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x-a: 1\nstack: s\nversion: 1", "version: 1\nx-a: 1\nstack: s"),
        ("x-a: 1\nversion: 1\nstack: s", "x-a: 1\nversion: 1\nstack: s"),
        ("stack: s\nversion: 1\nx-a: {b: 1, a: 2}", "version: 1\nstack: s\nx-a: {b: 1, a: 2}"),
        ("stack: s\nwhat: 1\nversion: 1", "what: 1\nversion: 1\nstack: s"),
    ],
)
def test_what_is_not_known_stays_before_what_it_stands_before(text: str, expected: str) -> None:
    """Sections of values for aliases, and slips."""
    assert formatted(text) == f"{expected}\n"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("'prod'", "prod"),
        ('"ssh://localhost:22"', "ssh://localhost:22"),
        ("NO", "NO"),
        ("'NO'", '"NO"'),
        ('"true"', '"true"'),
        ('"8"', '"8"'),
        ("'1e3'", '"1e3"'),
        ("022", "022"),
        ("0o17", "0o17"),
        ('"2026-01-01"', '"2026-01-01"'),
        ('"null"', '"null"'),
        ('""', '""'),
        ("~", "~"),
        ('"*.example.com"', '"*.example.com"'),
        ("'a: b'", '"a: b"'),
        ("'say: \"a\"'", "'say: \"a\"'"),
        ('"${env.A}"', '"${env.A}"'),
        ("${env.A}", "${env.A}"),
        ("${env.A:-\u202e\t}", "${env.A:-\u202e\t}"),
        ('"\\u200b\\n"', '"\\u200b\\n"'),
        ("a\n  b", "a b"),
        ("|\n  a", "|-\n  a"),
        ("|+\n  a\n\n", '"a\\n\\n"'),
        ("|3-\n     a\n    b", "|2-\n    a\n   b"),
        (">\n    a\n    b\n\n      c\n", ">\n  a\n  b\n\n    c"),
        ("'größe'", "größe"),
    ],
)
def test_quotes_stand_where_they_are_needed(value: str, expected: str) -> None:
    """Where any reader of YAML would take the text for something else without them."""
    assert formatted(f"stack: {value}") == f"stack: {expected}\n"


def test_brackets_that_do_not_fit_become_lines() -> None:
    """And so do brackets with a comment in them; others go on one line."""
    names = ", ".join(f"person-{number}" for number in range(12))
    text = f"policies:\n  a: [{names}]\n  b: [x,\n    y]\n  c: [x, # why\n    {{a: [y]}}]\n"

    found = formatted(text)

    long = "".join(f"    - {name}\n" for name in names.split(", "))
    assert found == f"policies:\n  a:\n{long}  b: [x, y]\n  c:\n    - x # why\n    - {{a: [y]}}\n"


@pytest.mark.parametrize("content", [b"\xef\xbb\xbfstack: s\r\n", b"stack: s", b"stack: s\r\n\r\n"])
def test_lines_end_in_one_way(content: bytes) -> None:
    """A line feed, also at the end, and no mark before the first."""
    assert formatted(content) == "stack: s\n"


@pytest.mark.parametrize("end", ["\r\n", "\r", "\x85"])
def test_a_blank_line_is_one_whatever_ends_it(end: str) -> None:
    """And a comment ends with its line."""
    text = end.join(["version: 1 # a", "", "# b", "stack: s", ""])

    assert formatted(text) == "version: 1 # a\n\n# b\nstack: s\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# file\nstack: s\nversion: 1", "# file\n\nversion: 1\nstack: s"),
        (
            "# file\n\n# stack\nstack: s\nversion: 1",
            "# file\n\nversion: 1\n# stack\nstack: s",
        ),
        ("# a\n\nversion: 1\n\n\n\nstack: s", "# a\n\nversion: 1\n\nstack: s"),
    ],
)
def test_what_is_said_of_the_file_stays_at_its_top(text: str, expected: str) -> None:
    """A comment about the first key goes with the key."""
    assert formatted(text) == f"{expected}\n"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "1:1: the file is empty"),
        ("# nothing\n", "1:1: the file is empty"),
        ("- a\n", "1:1: the file must be a mapping"),
        ("a: [\n", "1:4: this bracket is never closed"),
        ("a:\n\t b: 1\n", "2:1: a tab cannot indent YAML"),
        ("a: 1\na: 2\n", "2:1: the key `a` is here twice"),
        ("a: {<<: {b: 1}}\n", "1:5: merge keys"),
        ("a: !b c\n", "1:4: tags"),
        ("a: *b\n", "1:4: there is no `&b`"),
        ("a: 1\n---\nb: 1\n", "2:1: a second document"),
        ("a: \x1b\n", "1:4: the character U+001B"),
        (b"a: 1\nb: \xff\n", "2:4: not UTF-8: byte 0xff"),
        ("a: 1".encode("utf-16"), "1:1: not UTF-8 but UTF-16"),
        ("[" * 65 + "]" * 65, "1:65: nested deeper than 64"),
        ("a" * (MAX_BYTES + 1), "None: f.yaml is larger than"),
    ],
)
def test_what_the_loader_refuses_gets_no_layout(text: str | bytes, place: str) -> None:
    """The problem is the loader's, with its place."""
    prefix = "" if place.startswith("None") else "f.yaml:"

    assert any(problem.startswith(prefix + place) for problem in refused(text)), refused(text)


def test_the_deepest_file_that_is_read_gets_a_layout() -> None:
    """In brackets that fit, and on lines."""
    inner = "[" * 63 + "]" * 63
    deep = "[ # deep\n" * 63 + "a" + "]" * 63

    assert meaning(formatted(f"a: {inner}")) == meaning(f"a: {inner}")
    assert meaning(formatted(f"a: {deep}")) == meaning(f"a: {deep}")


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda lines: [*lines[:-1], "stack: t"], "3:8: the layout would change what stands here"),
        (lambda lines: lines[:-1], "2:1: the layout would change what stands here"),
        (
            lambda lines: [*lines[:-1], "stack: [s]"],
            "3:8: the layout would change what stands here",
        ),
        (lambda lines: [*lines[:-1], "stack: [s"], "2:1: the layout would change what stands here"),
        (lambda lines: lines[1:], "1:1: the layout would lose this comment"),
        (
            lambda lines: [line.replace("&v ", "") for line in lines],
            "2:1: the layout would lose an anchor or an alias",
        ),
        (
            lambda lines: [line.replace('"${', "${").replace('}"', "}") for line in lines],
            "2:10: the layout would change what stands here",
        ),
    ],
)
def test_a_layout_that_would_say_something_else_is_refused(
    spoil: Any, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of the layout is found before anything is written."""
    text = '# a\nversion: &v "${env.A}"\nstack: s\n'
    whole = layout._whole

    def spoilt(tree: YamlEntry) -> list[str]:
        return list(spoil(list(whole(tree))))

    monkeypatch.setattr(layout, "_whole", spoilt)

    assert refused(text) == [f"f.yaml:{expected}"]
