"""One file becomes nodes with places, within bounds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ztctl.core.model.diagnostics import Problem, Where
from ztctl.documents.nodes import MappingNode, Node, data
from ztctl.documents.reader import read_bytes, read_file


def read(text: str | bytes) -> Node:
    """The root of a file that must be fine."""
    found: list[Problem] = []
    root = read_bytes(text if isinstance(text, bytes) else text.encode(), "f.yaml", found)
    assert not found
    assert root is not None
    return root


def whole_in_spite_of(found: list[Problem]) -> bool:
    """Whether these problems leave out nothing that could be missed elsewhere."""
    return all(re.search("^tags |is here twice$", problem.summary) for problem in found)


def refused(text: str | bytes) -> list[str]:
    """What is wrong with a file, in words and places."""
    found: list[Problem] = []
    read_bytes(text if isinstance(text, bytes) else text.encode(), "f.yaml", found)
    return [f"{problem.where}: {problem.summary}" for problem in found]


@pytest.mark.parametrize(
    ("spelt", "value"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("022", "022"),
        ("1.10", "1.10"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("2026-07-01", "2026-07-01"),
        (".inf", ".inf"),
        ("=", "="),
        ("true", True),
        ("True", True),
        ("TRUE", True),
        ("tRUE", "tRUE"),
        ("false", False),
        ("null", None),
        ("Null", None),
        ("~", None),
        ("", None),
        ("'true'", "true"),
        ('"null"', "null"),
        ("''", ""),
        ("|-\n  true", "true"),
    ],
)
def test_scalars_follow_the_core_schema(spelt: str, value: Any) -> None:
    """Only plain null and booleans have a type; everything else keeps its spelling."""
    root = read(f"key: {spelt}\n")

    found = data(root)["key"]
    assert (value, type(value)) == (found, type(found) if not isinstance(found, str) else str)


def test_every_value_knows_its_place() -> None:
    """Line and column count from one, in characters, for values at any depth."""
    root = read('é: {b: "ü", c: [1, deep]}\n')

    assert Where("f.yaml", 1, 20) == data(root)["é"]["c"][1].where


def test_keys_know_their_place() -> None:
    """A key has a place of its own, behind its indentation."""
    root = read("a:\n  b: c\n")

    assert isinstance(root, MappingNode)
    inner = root.entries["a"][1]
    assert isinstance(inner, MappingNode)
    assert Where("f.yaml", 2, 3) == inner.entries["b"][0].where


def test_an_empty_value_stands_where_its_key_does() -> None:
    """What a person left out is shown at the name that they wrote."""
    root = read("a:\n\n\nb: c\n")

    assert isinstance(root, MappingNode)
    value = root.entries["a"][1]
    assert Where("f.yaml", 1, 1) == value.where


def test_aliases_repeat_what_their_anchor_says() -> None:
    """An alias stands for the whole value, and may be used many times."""
    root = read("a: &x {b: [c]}\nd: *x\ne: [*x, *x]\n")

    assert data(root) == {"a": {"b": ["c"]}, "d": {"b": ["c"]}, "e": [{"b": ["c"]}] * 2}


def test_an_aliased_text_stands_where_the_alias_does() -> None:
    """A wrong value is shown where it is used."""
    root = read("a: &x text\nb: *x\n")

    assert Where("f.yaml", 2, 4) == data(root)["b"].where


def test_ten_thousand_repeated_values_are_fine() -> None:
    """The bound on aliases is a bound, not a ban."""
    root = read("a: &x [1, 2, 3]\nb: [" + "*x, " * 2_500 + "]\n")

    assert len(data(root)["b"]) == 2_500


def test_sixty_four_levels_are_fine() -> None:
    """The bound on depth is where it is said to be."""
    root = read("[" * 64 + "]" * 64)

    assert data(root) != []


def test_a_document_marker_and_comments_are_fine() -> None:
    """What editors put at the top of a file is no second document."""
    root = read("# yaml-language-server: $schema=x\n---\na: b\n...\n")

    assert data(root) == {"a": "b"}


@pytest.mark.parametrize("text", ["# ${env.CLOUDFLARE_API_TOKEN}\n", ""])
def test_a_file_without_a_document_has_no_root(text: str) -> None:
    """Nothing and only comments are the same."""
    found: list[Problem] = []
    root = read_bytes(text.encode(), "f.yaml", found)

    assert (root, found) == (None, [])


BOMB = "a0: &a0 [x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9)
)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        pytest.param(
            "a: 1\nb: 2\na: 3\n", ["f.yaml:3:1: the key `a` is here twice"], id="duplicate key"
        ),
        pytest.param(
            "a: {b: 1, 'b': 2}\n", ["f.yaml:1:11: the key `b` is here twice"], id="quoted duplicate"
        ),
        pytest.param("a:\n\tb: c\n", ["f.yaml:2:1: a tab cannot indent YAML"], id="tab"),
        pytest.param("\ta: b\n", ["f.yaml:1:1: a tab cannot indent YAML"], id="tab first"),
        pytest.param("a: b\n\tc\n", ["f.yaml:2:1: a tab cannot indent YAML"], id="tab in text"),
        pytest.param("a: |\n\tb\n", ["f.yaml:2:1: a tab cannot indent YAML"], id="tab in block"),
        pytest.param(
            b"a: b\nc: caf\xe9\n", ["f.yaml:2:7: not UTF-8: byte 0xe9"], id="another encoding"
        ),
        pytest.param(
            "a: b\n".encode("utf-16"), ["f.yaml:1:1: not UTF-8 but UTF-16 or UTF-32"], id="UTF-16"
        ),
        pytest.param(
            b"a: b\r\nc: \x00\n", ["f.yaml:2:4: a NUL character cannot stand in YAML"], id="NUL"
        ),
        pytest.param(
            b"a: \x1b[31m\n", ["f.yaml:1:4: the character U+001B cannot stand in YAML"], id="escape"
        ),
        pytest.param(
            "a: &x {b: c}\nd:\n  <<: *x\n",
            ["f.yaml:3:3: merge keys (`<<`) are not used here"],
            id="merge key",
        ),
        pytest.param("a: !x b\n", ["f.yaml:1:4: tags (`!x`) are not used here"], id="tag"),
        pytest.param(
            "a: !!str 1\n", ["f.yaml:1:4: tags (`!str`) are not used here"], id="core tag"
        ),
        pytest.param("a: ! b\n", ["f.yaml:1:4: tags (`!`) are not used here"], id="bare tag"),
        pytest.param("a: !x [b]\n", ["f.yaml:1:4: tags (`!x`) are not used here"], id="list tag"),
        pytest.param(
            "a: !!python/object/apply:os.system [id]\n",
            ["f.yaml:1:4: tags (`!python/object/apply:os.system`) are not used here"],
            id="python tag",
        ),
        pytest.param(
            "? [a]\n: b\n", ["f.yaml:1:3: a key must be a text, not a list"], id="list as key"
        ),
        pytest.param(
            "{{a: b}: c}\n", ["f.yaml:1:2: a key must be a text, not a mapping"], id="map as key"
        ),
        pytest.param("a: {'': b}\n", ["f.yaml:1:5: a key is empty"], id="empty key"),
        pytest.param(
            "a: b\n---\nc: d\n", ["f.yaml:2:1: a second document begins here"], id="two documents"
        ),
        pytest.param("[" * 30_000, ["f.yaml:1:65: nested deeper than 64 levels"], id="brackets"),
        pytest.param("{a: " * 30_000, ["f.yaml:1:257: nested deeper than 64 levels"], id="braces"),
        pytest.param("- " * 30_000, ["f.yaml:1:129: nested deeper than 64 levels"], id="dashes"),
        pytest.param(
            "a: &x " + "[" * 40 + "]" * 40 + "\nb: " + "[" * 30 + "*x" + "]" * 30,
            ["f.yaml:2:34: nested deeper than 64 levels"],
            id="depth through an alias",
        ),
        pytest.param(BOMB, ["f.yaml:5:25: aliases repeat more than 10,000 values"], id="bomb"),
        pytest.param("a: &x [*x]\n", ["f.yaml:1:8: `*x` stands inside what it repeats"], id="ring"),
        pytest.param(
            "a: *x\n", ["f.yaml:1:4: there is no `&x` above this alias"], id="unknown alias"
        ),
    ],
)
def test_what_is_refused(text: str | bytes, problems: list[str]) -> None:
    """What is unsafe, ambiguous or not YAML is refused at its exact place."""
    found = refused(text)

    assert problems == found


def test_both_places_of_a_duplicate_key_are_named() -> None:
    """A person sees at once which two lines collide."""
    found: list[Problem] = []
    read_bytes(b"a: 1\nb: 2\na: 3\n", "f.yaml", found)

    assert [one.hint for one in found] == ["it stands first at f.yaml:1:1: remove one of the two"]


def test_several_problems_of_one_file_come_together() -> None:
    """Reading goes on behind a problem that does not break the structure."""
    found = refused("a: !x 1\na: 2\nb: *y\n<<: {}\n")

    assert len(found) == 4


def test_a_file_above_the_bound_is_not_read(tmp_path: Path) -> None:
    """Fifty megabytes are refused by their size alone."""
    large = tmp_path / "large.yaml"
    with large.open("wb") as stream:
        stream.truncate(50_000_000)
    found: list[Problem] = []

    read_file(large, "large.yaml", found)

    assert [problem.summary for problem in found] == ["large.yaml is larger than 10 MB"]


def test_a_device_without_end_is_refused() -> None:
    """Nothing of it is read: it is no file."""
    found: list[Problem] = []

    read_file(Path("/dev/zero"), "/dev/zero", found)

    assert [problem.summary for problem in found] == [
        "cannot read /dev/zero: it is a device, not a file"
    ]


@given(st.binary(max_size=300))
def test_no_bytes_raise(content: bytes) -> None:
    """Any bytes at all are a tree or problems, never an exception."""
    found: list[Problem] = []
    root = read_bytes(content, "f.yaml", found)

    assert root is None or whole_in_spite_of(found)


def test_a_byte_order_mark_is_passed_over() -> None:
    """Some editors put it before UTF-8; the places behind it are those that the editor shows."""
    found: list[Problem] = []

    root = read_bytes(b"\xef\xbb\xbfa: b\n", "f.yaml", found)

    assert found == []
    assert isinstance(root, MappingNode)
    assert root.entries["a"][0].where == Where("f.yaml", 1, 1)


FRAGMENTS = (
    *"{}[],:-?&*!|>'\"%@`#~<\t\n ",
    *("a", "a: b\n", "\n  ", "\n- ", ": ", "${", "${env.X}", "&a ", "*a", "<<: ", "---\n", "...\n"),
    *("!!str ", "é", "\x85", "\u2028", "\\", "\\ud800", "|2-\n", ">+\n", "? ", "true"),
)


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join))
def test_no_mixture_of_yaml_raises(text: str) -> None:
    """Whatever is put together from the signs of YAML is a tree or problems."""
    found: list[Problem] = []
    root = read_bytes(text.encode(), "f.yaml", found)

    assert root is None or whole_in_spite_of(found)


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join))
def test_every_problem_is_inside_the_file(text: str) -> None:
    """A place can be looked up: its line exists, and its column is on that line or at its end."""
    found: list[Problem] = []
    read_bytes(text.encode(), "f.yaml", found)

    lines = [*text.replace("\x85", "\n").replace("\u2028", "\n").split("\n"), ""]
    for problem in found:
        assert problem.where is not None
        assert 1 <= problem.where.line <= len(lines)
        assert 1 <= problem.where.column <= len(lines[problem.where.line - 1]) + 1


@given(st.dictionaries(st.text(min_size=1), st.lists(st.text()), max_size=4))
def test_texts_survive_a_round_trip(written: dict[str, list[str]]) -> None:
    """What PyYAML writes is read back as the same texts."""
    text = yaml.safe_dump(written)

    assert written == data(read(text))


# To YAML 1.1, which PyYAML writes, three more characters are line breaks and not kept.
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x85\u2028\u2029")))
def test_unescaped_texts_survive_a_round_trip(written: str) -> None:
    """The same holds for text beyond ASCII that is written as it is."""
    text = yaml.safe_dump({"key": written}, allow_unicode=True)

    assert {"key": written} == data(read(text))
