"""The journal format: encode the records of a run, and decode runs from a file's lines.

One line is one JSON record in ASCII. Decoding treats the file as untrusted input: anybody may have
written to it, and a killed run may have left an incomplete line.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

from ztctl.core.model.credentials import HIDDEN, SECRET_NAME
from ztctl.core.model.events import Outcome
from ztctl.core.model.objects import Live
from ztctl.core.model.values import UNSET, Secret

FORMAT = 1
HEAD = b'{"ztctl_journal":%d,' % FORMAT
MAX_DEPTH = 100
MAX_TEXT = 2000

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
    """The type of a record."""

    BEGIN = "begin"
    ABOUT = "about"
    DONE = "done"
    FAILED = "failed"
    END = "end"


class Ending(StrEnum):
    """How a run ended.

    ``LEFT``: aborted by a second Ctrl-C. ``CUT_OFF``: no end record, for example after a kill.
    """

    COMPLETE = "complete"
    PARTIAL = "partial"
    NOTHING = "nothing"
    INTERRUPTED = "interrupted"
    LEFT = "left"
    CUT_OFF = "cut_off"


class WriteResult(StrEnum):
    """The result of a write; ``UNKNOWN``: no record of its result, or its reply was lost."""

    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class JournalledWrite:
    """One write of a run.

    Attributes:
        time: when it was recorded, ISO 8601.
        id: id of the resulting object, empty for none.
        found: the journal holds the object as it was before.
        sent: false when no request was sent: a companion failed the step, or found it done.
    """

    address: str
    verb: str
    time: str
    action: str = ""
    result: WriteResult = WriteResult.UNKNOWN
    id: str = ""
    reason: str = ""
    found: bool = False
    sent: bool = True


@dataclass(frozen=True, slots=True)
class JournalledRun:
    """One run, as decoded from its records; what they do not hold is empty."""

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

    def count(self, result: WriteResult) -> int:
        """The number of writes with this result."""
        return sum(item.result is result for item in self.writes)


@dataclass(frozen=True, slots=True)
class Before:
    """The object as it was before a write, ``None`` when there was none.

    Attributes:
        others: further objects that the write replaced.
    """

    run: str
    address: str
    verb: str
    time: str
    object: JournalRecord | None
    others: tuple[JournalRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class History:
    """The runs in order of their first records; ``damaged`` counts lines that are no records."""

    runs: tuple[JournalledRun, ...]
    damaged: int = 0


# -- writing --------------------------------------------------------------------------------


def line_of(
    event: JournalEvent, own: JournalRecord, foreign: JournalRecord, redact: Redact
) -> bytes:
    """Encode one record as a line; secrets are replaced.

    Args:
        event: the record's type.
        own: values made by ztctl itself; not masked, because `history` must read them back.
        foreign: values from files or the API; ``redact`` masks every text in them.
        redact: masks values of the environment in a text.
    """
    shown = {name: _serialisable(value, redact, name) for name, value in foreign.items()}
    record = {"ztctl_journal": FORMAT, "event": event.value, **own, **shown}
    return json.dumps(record, separators=(",", ":")).encode("ascii") + b"\n"


def object_of(live: Live) -> JournalRecord:
    """Convert a live object to a record: the API's reply, and what ztctl decoded from it."""
    return {
        "id": live.id,
        "name": live.name,
        "values": live.values,
        "attributes": {it.name: live.attribute(it.name) for it in fields(live.attributes)},
        "raw": live.raw,
    }


def ending_of(outcome: Outcome | None) -> Ending:
    """Classify a run's outcome; ``None`` stands for a run that was aborted."""
    if outcome is None:
        return Ending.LEFT
    if outcome.interrupted:
        return Ending.INTERRUPTED
    if outcome.is_complete:
        return Ending.COMPLETE
    # A write whose answer was lost may have been done, which "nothing" would deny.
    some = outcome.done or any(item.lost for item in outcome.failed)
    return Ending.PARTIAL if some else Ending.NOTHING


def _serialisable(value: Any, redact: Redact, name: str = "", depth: int = 0) -> Any:
    """Convert a value to JSON types, without secrets; beyond MAX_DEPTH levels it is cut."""
    if depth > MAX_DEPTH:
        return "(too deep)"
    if isinstance(value, Secret) or _is_secret(name, value):
        return HIDDEN
    if isinstance(value, Mapping):
        return {
            _text(str(key), redact): _serialisable(item, redact, str(key), depth + 1)
            for key, item in value.items()
            if item is not UNSET
        }
    if isinstance(value, list | tuple):
        return [_serialisable(item, redact, name, depth + 1) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(_text(str(item), redact) for item in value)
    return value if value is None or isinstance(value, bool) else _leaf(value, redact)


def _is_secret(name: str, value: Any) -> bool:
    if isinstance(value, str):
        return bool(value and SECRET_NAME.search(name))
    return isinstance(value, Mapping) and bool(_SECRET_MAP.search(name))


def _leaf(value: Any, redact: Redact) -> Any:
    shown = _text(str(value), redact)
    # A number equal to a masked value must be masked, too. JSON has no infinity or NaN.
    is_number = isinstance(value, int | float) and math.isfinite(value) and shown == str(value)
    return value if is_number else shown


def _text(text: str, redact: Redact) -> str:
    return redact(_SECRET_TEXT.sub(HIDDEN, text))


# -- reading --------------------------------------------------------------------------------


def record_of(line: bytes) -> JournalRecord | None:
    """Decode a line; ``None`` when it is no record of this format."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("ztctl_journal") != FORMAT:
        return None
    whole = all(isinstance(found.get(name), str) for name in ("event", "run", "time"))
    return found if whole and found["event"] in set(JournalEvent) else None


def history(lines: Iterable[bytes]) -> History:
    """Decode all runs; never raises for bad input: lines that are no records are counted."""
    runs: dict[str, _RunBuilder] = {}
    damaged = 0
    for line in lines:
        record = record_of(line)
        if record is not None:
            run = _string(record, "run")
            runs.setdefault(run, _RunBuilder(run, _string(record, "time"))).add(record)
        elif line.strip():
            damaged += 1
    return History(tuple(run.run() for run in runs.values()), damaged)


def process_of(lines: Iterable[bytes], holder: str) -> Any:
    """What a journal says of the process of a run that held the lock as ``holder``; else None."""
    sought = holder.encode()
    for record in (record_of(line) for line in lines if sought in line):
        if record is not None and record.get("lock") == holder:
            return record.get("process")
    return None


def before(lines: Iterable[bytes], run: str, step: str) -> Before | None:
    """The object before a run's first write to an address, or before the step ``address#verb``.

    ``None`` when the run recorded no such write.
    """
    for record in filter(None, map(record_of, lines)):
        if record["event"] != JournalEvent.ABOUT or _string(record, "run") != run:
            continue
        address, verb = _string(record, "address"), _string(record, "verb")
        if step in (address, f"{address}#{verb}"):
            found, others = record.get("before"), record.get("others")
            others = others if isinstance(others, list) else []
            return Before(
                run,
                address,
                verb,
                _string(record, "time"),
                _sanitised(found) if isinstance(found, dict) else None,
                tuple(_sanitised(other) for other in others if isinstance(other, dict)),
            )
    return None


def _sanitised(value: JournalRecord) -> JournalRecord:
    """Apply the limits and masks of `line_of` to a record that others may have written."""
    found: JournalRecord = _serialisable(value, str)
    return found


def _string(record: JournalRecord, name: str) -> str:
    found = record.get(name)
    return found[:MAX_TEXT] if isinstance(found, str) else ""


def _count(record: JournalRecord, name: str) -> int:
    found = record.get(name)
    # Not `isinstance`: a bool is an int.
    return found if type(found) is int and 0 <= found < 10**9 else 0


class _RunBuilder:
    """Collects the records of one run."""

    def __init__(self, run: str, time: str) -> None:
        self._id = run
        self._began = time
        self._first: JournalRecord = {}
        self._last: JournalRecord = {}
        self._writes: dict[tuple[str, str], JournalledWrite] = {}

    def add(self, record: JournalRecord) -> None:
        """Add the run's next record."""
        # Every record holds account and stack, so they are known even if the first one is missing.
        kept = ("stack", "account", "version", "how", "skipped", "not_started")
        short = {name: record[name] for name in kept if name in record}
        self._first = self._first or short
        if record["event"] == JournalEvent.END:
            self._last = {**short, "time": record["time"]}
        elif record["event"] != JournalEvent.BEGIN:
            step = _string(record, "address"), _string(record, "verb")
            self._writes[step] = _updated_write(record, step, self._writes.get(step))

    def run(self) -> JournalledRun:
        """The run as far as it was recorded."""
        how = _string(self._last, "how")
        return JournalledRun(
            self._id,
            self._began,
            _string(self._last, "time"),
            _string(self._first, "stack"),
            _string(self._first, "account"),
            _string(self._first, "version"),
            Ending(how) if how in set(Ending) else Ending.CUT_OFF,
            tuple(self._writes.values()),
            _count(self._last, "skipped"),
            _count(self._last, "not_started"),
        )


def _updated_write(
    record: JournalRecord, step: tuple[str, str], known: JournalledWrite | None
) -> JournalledWrite:
    time, action = _string(record, "time"), _string(record, "action")
    if record["event"] == JournalEvent.ABOUT:
        found = isinstance(record.get("before"), dict)
        return JournalledWrite(*step, time, action, found=found)
    lost = record.get("lost") is True
    done = WriteResult.DONE if record["event"] == JournalEvent.DONE else WriteResult.FAILED
    known = known or JournalledWrite(*step, time, sent=False)
    return replace(
        known,
        action=action or known.action,
        result=WriteResult.UNKNOWN if lost else done,
        id=_string(record, "id"),
        reason=_string(record, "reason"),
    )
