"""Format figures of a run for the textfile collector of Prometheus's node_exporter.

Its rules (node_exporter, ``collector/textfile.go``): no timestamps; no series twice; HELP and TYPE
of one name are equal in all files, so that they hold nothing of the run.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ztctl.core.model.drift import DriftReport, DriftSeverity
from ztctl.core.runs.journal import Redact
from ztctl.views.escape import visible

Sample = tuple[Mapping[str, str], float]
_MOST_LABEL: Final = 200


@dataclass(frozen=True, slots=True)
class Expiry:
    """When a token ends; ``seconds`` from now, negative when it has, infinite when it never does.

    Attributes:
        name: as people know it; empty for the API token.
        id: of a service token.
    """

    seconds: float
    name: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class RunFigures:
    """What a run has to tell in figures.

    Attributes:
        ended: when it ended, seconds since 1970.
        duration: seconds.
        calls: requests sent to the API.
        report: what it found; ``None`` where it failed.
        service_tokens, api_token: when they end, as far as it is known.
    """

    stack: str
    ended: float
    duration: float
    calls: int
    report: DriftReport | None = None
    service_tokens: Sequence[Expiry] = ()
    api_token: Expiry | None = None


def metrics_text(figures: RunFigures, redact: Redact) -> str:
    """The file of one run, to its last line break."""
    return "".join(f"{line}\n" for line in _lines(figures, redact))


def _lines(figures: RunFigures, redact: Redact) -> Iterator[str]:
    stack, report = {"stack": figures.stack}, figures.report
    families: list[tuple[str, str, Iterable[Sample]]] = [
        (
            "last_run_timestamp_seconds",
            "When ztctl drift ended last, in seconds since 1970.",
            [(stack, figures.ended)],
        ),
        (
            "last_run_success",
            "Whether the last run could compare files and account: 1, or 0 where it failed.",
            [(stack, float(report is not None))],
        ),
        ("duration_seconds", "How long the last run took.", [(stack, figures.duration)]),
        ("api_calls", "Requests that the last run sent to the API.", [(stack, figures.calls)]),
    ]
    if report is not None:
        counts = [
            ({**stack, "severity": it.value}, float(report.count(it))) for it in DriftSeverity
        ]
        opened = float(len(report.exposed_hosts))
        families += [
            ("differences", "Differences between files and account, by severity.", counts),
            (
                "exposed_hosts",
                "Hosts that are open to everybody, or of which it cannot be told.",
                [(stack, opened)],
            ),
        ]
    tokens = [
        ({**stack, "name": it.name, "id": it.id}, it.seconds) for it in figures.service_tokens
    ]
    ends = [(stack, figures.api_token.seconds)] if figures.api_token else []
    families += [
        ("service_token_expiry_seconds", "Seconds until a service token ends.", tokens),
        ("api_token_expiry_seconds", "Seconds until the API token of the run ends.", ends),
    ]
    for name, told, samples in families:
        unique = {_labels(labels, redact): value for labels, value in samples}
        if unique:
            yield f"# HELP ztctl_drift_{name} {told}"
            yield f"# TYPE ztctl_drift_{name} gauge"
            yield from (f"ztctl_drift_{name}{it} {_number(unique[it])}" for it in unique)


def _labels(labels: Mapping[str, str], redact: Redact) -> str:
    pairs = (f'{name}="{_escaped(redact(text))}"' for name, text in labels.items())
    return f"{{{','.join(pairs)}}}"


def _escaped(text: str) -> str:
    shown = visible(text[:_MOST_LABEL])
    return shown.replace("\\", "\\\\").replace('"', '\\"')


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) else repr(round(value, 3))
