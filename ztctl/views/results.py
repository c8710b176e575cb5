"""Findings in the form that code scanning and CI services take: one rule, one place, one text.

They are made of the documents that ``--format json`` writes, so that all formats say the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Final

from ztctl.core.model.drift import DriftSeverity
from ztctl.core.reach.audit_rules import RULES, AuditCode, Risk
from ztctl.views.escape import Clean
from ztctl.views.wording import noun

# Of more hosts or fields of one finding only so many are named.
_MOST = 4
_LONGEST = 120


class ResultLevel(IntEnum):
    """How bad a result is; the worst first."""

    ERROR = 0
    WARNING = 1
    NOTE = 2


@dataclass(frozen=True, slots=True)
class ResultRule:
    """What a result is an instance of.

    Attributes:
        severity: from 0.0 to 10.0, as CVSS has it; code scanning shows it in words.
    """

    id: str
    title: str
    why: str
    remedy: str
    level: ResultLevel
    severity: float


@dataclass(frozen=True, slots=True)
class Result:
    """One finding.

    Attributes:
        text: one line, escaped.
        identity: the same from run to run as long as the finding is there.
        file: the file that declares what it is about; empty where none does.
        line, column: the place in it, from one.
    """

    rule: ResultRule
    text: str
    identity: str
    file: str = ""
    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True)
class Results:
    """What a command found, the worst first, and what it could not read.

    Attributes:
        command: its name.
        rules: every rule that it has, found or not.
    """

    command: str
    rules: tuple[ResultRule, ...] = ()
    found: tuple[Result, ...] = ()
    unread: tuple[str, ...] = ()


def results_of(record: Mapping[str, Any], clean: Clean) -> Results | None:
    """The findings of a document by its type; ``None`` for one that has none."""
    convert = _BY_TYPE.get(record.get("type", ""))
    return convert(record, clean) if convert is not None else None


# -- audit ----------------------------------------------------------------------------------

_OF_RISK: Final[Mapping[Risk, tuple[ResultLevel, float]]] = MappingProxyType(
    {
        Risk.OPEN: (ResultLevel.ERROR, 9.5),
        Risk.UNSEEN: (ResultLevel.ERROR, 8.0),
        Risk.WEAK: (ResultLevel.WARNING, 5.0),
        Risk.CLOSED: (ResultLevel.NOTE, 0.0),
    }
)
AUDIT_RULES: Final[Mapping[str, ResultRule]] = MappingProxyType(
    {
        code.value: ResultRule(code.value, it.title, it.why, it.remedy, *_OF_RISK[it.risk])
        for code, it in RULES.items()
    }
)


def _audit(record: Mapping[str, Any], clean: Clean) -> Results:
    names = record["names"] if record["type"] == "audit" else [record]
    found = [
        finding
        for name in names
        for finding in name["findings"]
        if name["accepted"] is None or finding["risk"] == Risk.WEAK
    ]
    found += record["findings"] if record["type"] == "audit" else []
    order = [it.value for it in Risk]
    found.sort(key=lambda it: order.index(it["risk"]))
    results = tuple(_finding(it, clean) for it in found)
    return Results(
        "audit", tuple(AUDIT_RULES.values()), results, tuple(map(clean, record["unread"]))
    )


def _finding(item: Mapping[str, Any], clean: Clean) -> Result:
    rule = AUDIT_RULES[AuditCode(item["code"])]
    what = "" if item["about"] == "host" else f"{noun(item['about'])} "
    reasons = "; ".join(item["reasons"]) or rule.title
    text = f"{what}{clean(item['subject'])}: {clean(reasons)}"
    return Result(rule, text, item["identity"], **_place(item["where"], clean))


def _place(where: Mapping[str, Any] | None, clean: Clean) -> dict[str, Any]:
    if where is None:
        return {}
    return {"file": clean(where["file"]), "line": where["line"], "column": where["column"]}


# -- drift ----------------------------------------------------------------------------------

_DRIFT: Final = (
    ResultRule(
        "drift-exposed",
        "a host is open",
        "everybody on the internet reaches the service, or whether they do cannot be told",
        "ztctl apply puts it back, where a file says what it should be; ztctl plan says more",
        ResultLevel.ERROR,
        9.5,
    ),
    ResultRule(
        "drift-wider",
        "more than the files say is let in",
        "more people, another service, a longer session, or a connector that asks for no token",
        "ztctl apply puts it back; write it into the file if it is meant",
        ResultLevel.ERROR,
        7.5,
    ),
    ResultRule(
        "drift-lost",
        "somebody has lost entry, or a CA is gone",
        "people, or servers that trust the CA, are locked out",
        "ztctl apply puts it back, a CA with another key; write it into the file if it is meant",
        ResultLevel.WARNING,
        4.0,
    ),
    ResultRule(
        "drift-other",
        "the account differs from the files",
        "nobody gains or loses entry by it",
        "ztctl apply puts it back; write it into the file, or below `ignore`, if it is meant",
        ResultLevel.NOTE,
        1.0,
    ),
)
DRIFT_RULES: Final[Mapping[str, ResultRule]] = MappingProxyType(
    dict(zip((it.value for it in DriftSeverity), _DRIFT, strict=True))
)


def _drift(record: Mapping[str, Any], clean: Clean) -> Results:
    found = tuple(_item(it, clean) for it in record["items"])
    return Results("drift", _DRIFT, found, tuple(map(clean, record["unread"])))


def _item(item: Mapping[str, Any], clean: Clean) -> Result:
    parts = [item["address"] or ", ".join(item["hosts"]), *_told(item)]
    author = item["author"]
    if author is not None and author["name"]:
        parts.append(f"by {author['name']}, {author['time']}")
    rule = DRIFT_RULES[item["severity"]]
    text = clean("; ".join(filter(None, parts)))
    return Result(rule, text, item["identity"], **_place(item["where"], clean))


def _told(item: Mapping[str, Any]) -> Iterator[str]:
    yield str(item["deviation"])
    yield from (f"{it['host']} is open: {it['reason']}" for it in item["exposed"])
    for sign, side in (("+", "gained"), ("-", "lost")):
        hosts: dict[str, dict[str, None]] = {}
        for change in item["access"]:
            for way in change[side]:
                told = way.get("change") or way.get("session") or ""
                who = f"{way['who']} ({told})" if told else way["who"]
                hosts.setdefault(who, {})[change["host"]] = None
        yield from (f"{sign} {who}: {_listed([*them])}" for who, them in hosts.items())
    for field in item["fields"][:_MOST]:
        yield f"{field['path']} is {_shown(field['live'])}, in the files {_shown(field['file'])}"
    yield _more(len(item["fields"]) - _MOST, "field")
    yield item["detail"]


def _listed(hosts: Sequence[str]) -> str:
    more = _more(len(hosts) - _MOST, "host")
    return ", ".join([*hosts[:_MOST], *([more] if more else [])])


def _more(count: int, what: str) -> str:
    return f"{count} more {what}{'' if count == 1 else 's'}" if count > 0 else ""


def _shown(value: Any) -> str:
    """A value in JSON, in one line of bearable length."""
    text = "unset" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


# -- validate -------------------------------------------------------------------------------


def problem_results(diagnostics: Iterable[Mapping[str, Any]], clean: Clean) -> tuple[Result, ...]:
    """The problems of files, errors first; each is a rule by its code."""
    found = [_problem(it, clean) for it in diagnostics]
    return tuple(sorted(found, key=lambda it: it.rule.level))


def _problem(item: Mapping[str, Any], clean: Clean) -> Result:
    is_error = item["severity"] == "error"
    level = ResultLevel.ERROR if is_error else ResultLevel.WARNING
    code = clean(item.get("code") or ("error" if is_error else "warning"))
    rule = ResultRule(code, code, "", clean(item["detail"]), level, 0.0)
    text = clean(item["summary"])
    found = item.get("range")
    place = {"file": found["filename"], **found["start"]} if found else None
    return Result(rule, text, f"{code}:{text}", **_place(place, clean))


_BY_TYPE: Final[Mapping[str, Callable[[Mapping[str, Any], Clean], Results]]] = MappingProxyType(
    {"audit": _audit, "audit_name": _audit, "drift": _drift}
)
