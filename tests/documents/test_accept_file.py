"""The accept file of an audit: written, read back, and every mistake with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.examples import examples
from ztctl.core.model.diagnostics import Problems
from ztctl.core.reach.acceptance import Acceptance, Seen
from ztctl.documents.accept_file import accept_text, read_accepted

SEEN = Seen(("pool (1)",), ("http://web",), ("/: no application", "/: unasked"))
ENTRY = Acceptance("www.example.com", "a public site", "2027-02-28", SEEN)
# Surrogates are no characters: no file holds one.
_texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
_seen = st.builds(Seen, *(st.lists(_texts, max_size=3).map(tuple) for _ in "123"))
# A reason is one for people: without blanks around it.
_reasons = _texts.map(str.strip).filter(bool)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where files are written."""
    return tmp_path_factory.mktemp("accepted")


@examples(60)
@given(seen=_seen, reason=_reasons)
def test_what_is_written_is_read_back(folder: Path, seen: Seen, reason: str) -> None:
    """Whatever a service or an application is called, it is compared with what was seen."""
    path = folder / "accept.yaml"
    path.write_text(accept_text([Acceptance("a.example.com", reason, "2027-02-28", seen)]), "utf-8")

    (found,) = read_accepted(path)

    assert (found.seen, found.reason) == (seen, reason)


def test_without_names_it_is_an_empty_list(tmp_path: Path) -> None:
    """A file of an account without open names can be read, too."""
    path = tmp_path / "accept.yaml"
    path.write_text(accept_text([]))

    assert read_accepted(path) == ()


def test_a_new_entry_wants_a_reason(tmp_path: Path) -> None:
    """What the audit has written of open names is not yet accepted by anybody."""
    path = tmp_path / "accept.yaml"
    path.write_text(accept_text([Acceptance("a.example.com", "", "2027-02-28", SEEN)]))

    with pytest.raises(Problems) as caught:
        read_accepted(path)

    assert [it.summary for it in caught.value.items] == ["`reason` is empty"]


def problems_of(path: Path, text: str) -> list[tuple[int, int, str]]:
    """Line, column and summary of everything that is wrong with a file."""
    path.write_text(text)
    with pytest.raises(Problems) as caught:
        read_accepted(path)
    places = [(it.where, it.summary) for it in caught.value.items]
    return [(where.line, where.column, summary) for where, summary in places if where]


def test_an_empty_reason_is_told_at_its_place(tmp_path: Path) -> None:
    """Where it is to be written, and not where its key stands."""
    text = RIGHT.replace('"a public site"', '""')

    (problem,) = problems_of(tmp_path / "accept.yaml", text)

    line = text.splitlines().index('    reason: ""') + 1
    assert problem == (line, len("    reason: ") + 1, "`reason` is empty")


def test_equal_mistakes_are_told_once(tmp_path: Path) -> None:
    """A file of new names lacks a reason at each: one problem, with the lines."""
    entries = [Acceptance(f"{it}.example.com", "", "2027-02-28", SEEN) for it in "abcdef"]

    found = problems_of(tmp_path / "accept.yaml", accept_text(entries))

    assert [summary for *_, summary in found] == [
        "`reason` is empty, and so it is in lines 12, 18, 24 and 2 more"
    ]


def test_mistakes_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    """By line and column, whatever looks at them first."""
    text = RIGHT.replace("    cover:", "    x-cover:").replace('"www.example.com"', "[a]")

    found = problems_of(tmp_path / "accept.yaml", text.replace("version: 1", "version: 2"))

    assert len(found) == 4
    places = [place for *place, _ in found]
    assert places == sorted(places)


RIGHT = accept_text([ENTRY])
WRONG = {
    "a day that there is not": (RIGHT.replace("2027-02-28", "2027-02-30"), "`until` is no day"),
    "another spelling of a day": (RIGHT.replace("2027-02-28", "28.2.2027"), "`until` is no day"),
    "no cover": (RIGHT.replace("    cover:", "    x-cover:"), "`cover` must be what"),
    "an unknown key": (RIGHT.replace("reason", "reasons"), "`reasons` is not known here"),
    "no version": (RIGHT.replace("version: 1", "version: 2"), "must say `version: 1`"),
    "a name twice": (RIGHT + RIGHT.partition("accept:\n")[2], "is accepted twice"),
    "a mapping": ("version: 1\naccept: {a: b}\n", "must be a list of names"),
    "a bare name": ("version: 1\naccept: [a.example.com]\n", "must be a mapping with a `host`"),
    "a list for a host": (RIGHT.replace('"www.example.com"', "[a]"), "`host` must be a text"),
    "nested texts": (RIGHT.replace('"http://web"', "[a]"), "`service` must be what"),
    "no mapping": ("[]\n", "must be a mapping"),
    "nothing": ("", "the file is empty"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_mistake_is_told_with_its_place(wrong: str, tmp_path: Path) -> None:
    """File, line and column, and what is wrong."""
    text, said = WRONG[wrong]
    path = tmp_path / "accept.yaml"
    path.write_text(text)

    with pytest.raises(Problems) as caught:
        read_accepted(path)

    told = [str(it) for it in caught.value.items]
    assert any(said in it for it in told), told
    assert all(it.where is not None and it.where.file == str(path) for it in caught.value.items)


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    """It is named."""
    with pytest.raises(Problems, match="nowhere"):
        read_accepted(tmp_path / "nowhere.yaml")


def test_a_folder_is_no_accept_file(tmp_path: Path) -> None:
    """Which of its files is meant is not guessed."""
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(RIGHT)

    with pytest.raises(Problems, match="holds several files"):
        read_accepted(tmp_path)
