"""A journal's lines: what a run says before and after each write, and the runs read back.

One line is one record in JSON, ASCII alone. What is read back is foreign data: anybody may have
written to the file, and a kill may have torn it off at any byte.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from ztctl.core.model.events import Outcome
from ztctl.core.model.objects import Live
from ztctl.core.model.values import UNSET, Secret

FORMAT = 1
HEAD = b'{"ztctl_journal":%d,' % FORMAT
HIDDEN = "(sensitive)"
DEEPEST = 100
LONGEST_TEXT = 2000

# Whatever a kind keeps of a reply: what a field of such a name holds is nobody's to read.
# A rule's `service_token` is the name of one.
_SECRET_NAME = re.compile(
    r"(?:secret|password|passphrase|private_?key|api_?key|(?<!service_)token)\Z", re.IGNORECASE
)
_SECRET_MAP = re.compile(r"credentials_?file\Z", re.IGNORECASE)
# Private keys in PEM or OpenSSH form; tunnel tokens and JWTs, which are JSON in base64.
_SECRET_TEXT = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|\Z)"
    r"|eyJ[A-Za-z0-9+/=._-]{37,}",
    re.DOTALL,
)

Redact = Callable[[str], str]
JournalRecord = Mapping[str, Any]


class JournalEvent(StrEnum):
    """What a record tells."""

    BEGIN = "begin"
    ABOUT = "about"
    DONE = "done"
    FAILED = "failed"
    END = "end"


class Ending(StrEnum):
    """How a run ended; the last two: a person left it at once, or nothing tells its end."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    NOTHING = "nothing"
    INTERRUPTED = "interrupted"
    LEFT = "left"
    CUT_OFF = "cut_off"


class Came(StrEnum):
    """What came of a write; ``UNKNOWN``: it was about to be done, and nothing tells more."""

    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class JournalledWrite:
    """One write of a run.

    Attributes:
        time: when it was about to be done.
        id: of the object that it left, empty for none.
        found: an object was there before, so that it can be read back.
        sent: false when nothing was sent: it was held back, or was done already.
    """

    address: str
    verb: str
    time: str
    action: str = ""
    came: Came = Came.UNKNOWN
    id: str = ""
    reason: str = ""
    found: bool = False
    sent: bool = True


@dataclass(frozen=True, slots=True)
class Ran:
    """One run, as its lines tell it; what they do not tell is empty."""

    id: str
    began: str
    ended: str = ""
    stack: str = ""
    account: str = ""
    version: str = ""
    ending: Ending = Ending.CUT_OFF
    writes: tuple[JournalledWrite, ...] = ()
    skipped: int = 0
    not_started: int = 0

    def count(self, came: Came) -> int:
        """How many writes ended so."""
        return sum(item.came is came for item in self.writes)


@dataclass(frozen=True, slots=True)
class Before:
    """The object as it was before a write, ``None`` when there was none.

    ``others``: further objects whose place the write took.
    """

    run: str
    address: str
    verb: str
    time: str
    object: JournalRecord | None
    others: tuple[JournalRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class History:
    """The runs in the order in which they began, and how many lines are no records."""

    runs: tuple[Ran, ...]
    damaged: int = 0


# -- writing --------------------------------------------------------------------------------


def line_of(
    event: JournalEvent, own: JournalRecord, foreign: JournalRecord, redact: Redact
) -> bytes:
    """One record as a line; secrets are absent, and ``redact`` masks every foreign text.

    ``own`` are ztctl's own words and figures, which nothing masks: they must be read back.
    """
    shown = {name: _plain(value, redact, name) for name, value in foreign.items()}
    record = {"ztctl_journal": FORMAT, "event": event.value, **own, **shown}
    return json.dumps(record, separators=(",", ":")).encode("ascii") + b"\n"


def object_of(live: Live) -> JournalRecord:
    """A live object whole: the API's own, and what ztctl read out of it."""
    return {
        "id": live.id,
        "name": live.name,
        "values": live.values,
        "attributes": {it.name: live.attribute(it.name) for it in fields(live.attributes)},
        "raw": live.raw,
    }


def ending_of(outcome: Outcome | None) -> Ending:
    """How a run ended; ``None`` when it was left in the middle."""
    if outcome is None:
        return Ending.LEFT
    if outcome.interrupted:
        return Ending.INTERRUPTED
    if outcome.is_complete:
        return Ending.COMPLETE
    # A write whose answer was lost may have been done, which "nothing" would deny.
    some = outcome.done or any(item.lost for item in outcome.failed)
    return Ending.PARTIAL if some else Ending.NOTHING


def _plain(value: Any, redact: Redact, name: str = "", depth: int = 0) -> Any:
    """What JSON can hold of a value, without what must not be seen."""
    if depth > DEEPEST:
        return "(too deep)"
    if isinstance(value, Secret) or _hides(name, value):
        return HIDDEN
    if isinstance(value, Mapping):
        return {
            _text(str(key), redact): _plain(item, redact, str(key), depth + 1)
            for key, item in value.items()
            if item is not UNSET
        }
    if isinstance(value, list | tuple):
        return [_plain(item, redact, name, depth + 1) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(_text(str(item), redact) for item in value)
    return value if value is None or isinstance(value, bool) else _leaf(value, redact)


def _hides(name: str, value: Any) -> bool:
    if isinstance(value, str):
        return bool(value and _SECRET_NAME.search(name))
    return isinstance(value, Mapping) and bool(_SECRET_MAP.search(name))


def _leaf(value: Any, redact: Redact) -> Any:
    shown = _text(str(value), redact)
    # A number that the environment gave is masked too; JSON has no word for infinity.
    is_number = isinstance(value, int | float) and math.isfinite(value) and shown == str(value)
    return value if is_number else shown


def _text(text: str, redact: Redact) -> str:
    return redact(_SECRET_TEXT.sub(HIDDEN, text))


# -- reading --------------------------------------------------------------------------------


def record_of(line: bytes) -> JournalRecord | None:
    """The record that a line holds, or ``None``."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("ztctl_journal") != FORMAT:
        return None
    whole = all(isinstance(found.get(name), str) for name in ("event", "run", "time"))
    return found if whole and found["event"] in set(JournalEvent) else None


def history(lines: Iterable[bytes]) -> History:
    """Every run that the lines tell; total: what is no record is counted and passed over."""
    runs: dict[str, _RunReader] = {}
    damaged = 0
    for line in lines:
        record = record_of(line)
        if record is not None:
            run = _said(record, "run")
            runs.setdefault(run, _RunReader(run, _said(record, "time"))).take(record)
        elif line.strip():
            damaged += 1
    return History(tuple(run.told() for run in runs.values()), damaged)


def before(lines: Iterable[bytes], run: str, step: str) -> Before | None:
    """The object before a run's first write to an address, or before ``address#verb``."""
    for record in filter(None, map(record_of, lines)):
        if record["event"] != JournalEvent.ABOUT or _said(record, "run") != run:
            continue
        address, verb = _said(record, "address"), _said(record, "verb")
        if step in (address, f"{address}#{verb}"):
            found, others = record.get("before"), record.get("others")
            return Before(
                run,
                address,
                verb,
                _said(record, "time"),
                _harmless(found) if isinstance(found, dict) else None,
                tuple(_harmless(other) for other in _objects(others)),
            )
    return None


def _harmless(value: JournalRecord) -> JournalRecord:
    """The same, no deeper than a writer of ours would have made it, and without secrets."""
    found: JournalRecord = _plain(value, str)
    return found


def _objects(value: Any) -> Iterator[JournalRecord]:
    yield from (
        item for item in (value if isinstance(value, list) else ()) if isinstance(item, dict)
    )


def _said(record: JournalRecord, name: str) -> str:
    found = record.get(name)
    return found[:LONGEST_TEXT] if isinstance(found, str) else ""


def _figure(record: JournalRecord, name: str) -> int:
    found = record.get(name)
    return found if type(found) is int and 0 <= found < 10**9 else 0


class _RunReader:
    """One run while its lines come in."""

    def __init__(self, run: str, time: str) -> None:
        self._id = run
        self._began = time
        self._first: JournalRecord = {}
        self._last: JournalRecord = {}
        self._writes: dict[tuple[str, str], JournalledWrite] = {}

    def take(self, record: JournalRecord) -> None:
        """Take the next record in."""
        # Every line names account and stack, so that a run without its first one is somebody's.
        kept = ("stack", "account", "version", "how", "skipped", "not_started")
        short = {name: record[name] for name in kept if name in record}
        self._first = self._first or short
        if record["event"] == JournalEvent.END:
            self._last = {**short, "time": record["time"]}
        elif record["event"] != JournalEvent.BEGIN:
            step = _said(record, "address"), _said(record, "verb")
            self._writes[step] = _written(record, step, self._writes.get(step))

    def told(self) -> Ran:
        """The run as far as it is told."""
        how = _said(self._last, "how")
        return Ran(
            self._id,
            self._began,
            _said(self._last, "time"),
            _said(self._first, "stack"),
            _said(self._first, "account"),
            _said(self._first, "version"),
            Ending(how) if how in set(Ending) else Ending.CUT_OFF,
            tuple(self._writes.values()),
            _figure(self._last, "skipped"),
            _figure(self._last, "not_started"),
        )


def _written(
    record: JournalRecord, step: tuple[str, str], known: JournalledWrite | None
) -> JournalledWrite:
    time, action = _said(record, "time"), _said(record, "action")
    if record["event"] == JournalEvent.ABOUT:
        found = isinstance(record.get("before"), dict)
        return JournalledWrite(*step, time, action, found=found)
    lost = record.get("lost") is True
    done = Came.DONE if record["event"] == JournalEvent.DONE else Came.FAILED
    return JournalledWrite(
        *step,
        known.time if known else time,
        action or (known.action if known else ""),
        came=Came.UNKNOWN if lost else done,
        id=_said(record, "id"),
        reason=_said(record, "reason"),
        found=known is not None and known.found,
        sent=known is not None,
    )
