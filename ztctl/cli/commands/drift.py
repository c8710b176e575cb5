"""``ztctl drift``: what the account has that the files do not say, for a job at night."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from ztctl.cli import options as opt
from ztctl.cli.exits import Exit
from ztctl.cli.settings import Usage, settings


class SeverityOption(StrEnum):
    """The severities of ``--only``."""

    exposed = "exposed"
    wider = "wider"
    lost = "lost"
    other = "other"


class WebhookForm(StrEnum):
    """What is posted to a webhook."""

    json = "json"
    slack = "slack"


@dataclass(frozen=True, slots=True)
class LookOptions:
    """What counts as a difference."""

    only: Annotated[
        list[SeverityOption] | None,
        opt.run_option(
            "--only",
            metavar="SEVERITY",
            help="Tell of these alone: exposed, wider, lost or other; may be repeated.",
        ),
    ] = None
    ignore: Annotated[
        list[str] | None,
        opt.run_option(
            "--ignore",
            metavar="ADDRESS.FIELD",
            help="Do not tell of this field of an object; may be repeated. Never one that "
            "decides who reaches what.",
        ),
    ] = None
    since_apply: Annotated[
        bool,
        opt.run_option(
            "--since-apply",
            help="Only what changed since the last apply that this machine has recorded.",
        ),
    ] = False


@dataclass(frozen=True, slots=True)
class TellOptions:
    """Whom else to tell."""

    webhook: Annotated[
        str | None,
        opt.output_option(
            "--webhook",
            metavar="URL",
            help="Post what differs there. Better from a file, or the variable ZTCTL_WEBHOOK.",
        ),
    ] = None
    webhook_file: Annotated[
        Path | None,
        opt.output_option(
            "--webhook-file", metavar="PATH", help="A file that holds the webhook's URL."
        ),
    ] = None
    webhook_format: Annotated[
        WebhookForm,
        opt.output_option("--webhook-format", metavar="json|slack", help="What is posted."),
    ] = WebhookForm.json
    metrics: Annotated[
        Path | None,
        opt.output_option(
            "--metrics",
            metavar="FILE",
            help="Write figures for Prometheus's textfile collector; FILE ends in .prom.",
        ),
    ] = None


@opt.with_options
def drift(
    *,
    files: opt.FileOptions,
    account: opt.AccountOptions,
    live: opt.LiveOptions,
    copies: opt.CopyOptions,
    look: LookOptions,
    run: Annotated[opt.RunOptions, opt.only("journal")],
    output: Annotated[
        opt.OutputOptions, opt.formats(opt.OutputFormat.github, opt.OutputFormat.sarif)
    ],
    sarif: opt.SarifOptions,
    tell: TellOptions,
) -> Exit:
    """Tell what was changed in the account that no file says."""
    from ztctl.cli.drift_flow import Watch, watch
    from ztctl.cli.telling import failure_seen, webhook_of
    from ztctl.core.model.drift import DriftSeverity

    online = live.live is None
    if not online and (tell.webhook or tell.webhook_file or tell.metrics):
        text = "--live is about the past: no webhook is told of it, and no figures are written"
        raise Usage(text, "drop --webhook, --webhook-file and --metrics")
    with failure_seen(tell.metrics):
        chosen = settings(
            output, files, account, live=live, copies=copies, journal=run.journal, sarif=sarif
        )
    if tell.metrics is not None and tell.metrics.suffix != ".prom":
        text = f"--metrics {tell.metrics}: the textfile collector reads *.prom alone"
        raise Usage(text, f"name it {tell.metrics}.prom")
    webhook = webhook_of(chosen, tell.webhook, tell.webhook_file) if online else None
    return watch(
        Watch(
            chosen,
            only=frozenset(DriftSeverity(it.value) for it in look.only or ()),
            ignored=tuple(look.ignore or ()),
            since_apply=look.since_apply,
            webhook=webhook,
            slack=tell.webhook_format is WebhookForm.slack,
            metrics=tell.metrics,
        )
    )
