"""What an HTML file shows: tables of rows, each with a drawing of who gets where.

Sheets are made from the documents that ``--format json`` writes. Every text in one is masked, cut
and escaped already, so that it is shown as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ztctl.views.escape import Clean

# Texts in a cell; the details of a row have them all.
_MOST_IN_CELL: Final = 3
_MOST_UNFOLDED: Final = 3
# Texts of one label in the details of a row.
_MOST_TOLD: Final = 40
_STRANGERS: Final = {"everybody": "open", "any_login": "login"}


NOBODY: Final = "nobody"
# A sign, ``+``, ``-``, ``~`` or none, and the text behind it.
Text = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Level:
    """How bad a row is, or what happens to it; ``tone`` is a class of the style sheet."""

    label: str
    tone: str


@dataclass(frozen=True, slots=True)
class Way:
    """One way in: who, through which tunnel, to which service.

    Attributes:
        tunnel: empty where there is none.
        service: empty where the tunnel is the end.
        sign: ``+`` and ``-`` where only one side of a plan has the way.
        tone: of strangers: ``open`` or ``login``.
    """

    who: str
    tunnel: str = ""
    service: str = ""
    sign: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table, and what is shown when it is selected.

    Attributes:
        level: place in the levels of the table.
        name: what it is about.
        cells: one a further column; each has several texts.
        drawings: titles, with the ways that are drawn.
        facts: labels, with their texts.
        edits: fields with their values before and after.
    """

    level: int
    name: str
    cells: Sequence[Sequence[Text]] = ()
    drawings: Sequence[tuple[str, Sequence[Way]]] = ()
    facts: Sequence[tuple[str, Sequence[str]]] = ()
    edits: Sequence[tuple[str, str, str]] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one kind.

    Attributes:
        key: an identifier of HTML.
        noun: what a row is, as singular and plural.
        level: the heading of the column of levels.
        levels: the worst first.
        columns: the headings of the others, that of the names first.
        size: rows that are shown at a time.
    """

    key: str
    title: str
    noun: tuple[str, str]
    level: str
    levels: Sequence[Level]
    columns: Sequence[str]
    rows: Sequence[Row]
    size: int


@dataclass(frozen=True, slots=True)
class Notice:
    """Texts that stand above all tables, such as why apply refuses; each with what to do."""

    title: str
    tone: str
    items: Sequence[tuple[str, str]]

    @property
    def is_open(self) -> bool:
        """Whether it is shown whole at first: what is bad always, else what is short."""
        return self.tone == "open" or len(self.items) <= _MOST_UNFOLDED


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole file.

    Attributes:
        title: also that of the browser's tab.
        lead: sentences, the verdict first.
        about: labels and values, such as the account.
    """

    title: str
    lead: Sequence[str]
    about: Sequence[tuple[str, str]]
    notices: Sequence[Notice] = ()
    tables: Sequence[Table] = ()


def few(texts: Iterable[Text], most: int = _MOST_IN_CELL) -> list[Text]:
    """The first texts, and how many more there are."""
    found = list(dict.fromkeys(texts))
    if len(found) <= most + 1:
        return found
    return [*found[:most], ("", f"and {len(found) - most:,} more")]


def facts_of(found: Iterable[tuple[str, Iterable[str]]]) -> list[tuple[str, list[str]]]:
    """The labels that have texts, with the first texts and how many more there are."""
    shown = (
        (label, [text for _, text in few((("", text) for text in texts), _MOST_TOLD)])
        for label, texts in found
    )
    return [(label, texts) for label, texts in shown if texts]


def ways_of(entries: Iterable[Mapping[str, Any]], clean: Clean, sign: str = "") -> list[Way]:
    """Convert the ways of a document, ``who`` with the session; the most open stand first."""
    return [
        Way(
            told(entry, clean),
            clean(entry.get("tunnel", "")),
            # The origin of a private route is its tunnel.
            "" if entry["origin"] == f"tunnel {entry.get('tunnel')}" else clean(entry["origin"]),
            sign,
            _STRANGERS.get(entry["openness"], ""),
        )
        for entry in entries
    ]


def told(entry: Mapping[str, Any], clean: Clean) -> str:
    """Who enters, and how long a login lasts."""
    session = entry.get("session")
    return f"{clean(entry['who'])} ({clean(session)})" if session else clean(entry["who"])
