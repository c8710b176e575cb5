"""The options that several commands share, each declared once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

FILES = "Files"
LIVE = "Cloudflare"
SHOWN = "Output"
YES = "What is allowed"


class Format(StrEnum):
    """How results are written to standard output."""

    text = "text"
    json = "json"
    markdown = "markdown"


File = Annotated[
    list[Path] | None,
    typer.Option(
        "-f",
        "--file",
        metavar="PATH",
        help="A YAML file, or a folder of them; may be repeated. Default: ztctl.yaml.",
        rich_help_panel=FILES,
    ),
]
Var = Annotated[
    list[str] | None,
    typer.Option(
        "--var", metavar="NAME=VALUE", help="A value for ${var.NAME}.", rich_help_panel=FILES
    ),
]
VarFile = Annotated[
    list[Path] | None,
    typer.Option(
        "--var-file", metavar="PATH", help="A YAML file of such values.", rich_help_panel=FILES
    ),
]
AllowEnv = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-env",
        metavar="NAME",
        help="A variable that ${env.NAME} may read, beside ZTCTL_* and CLOUDFLARE_ACCOUNT_ID.",
        rich_help_panel=FILES,
    ),
]
Sandbox = Annotated[
    bool,
    typer.Option(
        "--sandbox",
        metavar="",
        help="Work on a local sandbox, kept in .ztctl/ of this folder; needs no account.",
        rich_help_panel=LIVE,
    ),
]
ApiUrl = Annotated[
    str | None,
    typer.Option(
        "--api-url",
        envvar="CLOUDFLARE_BASE_URL",
        metavar="URL",
        help="The API's base URL.",
        rich_help_panel=LIVE,
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--api-token-file",
        metavar="PATH",
        help="A file that holds the API token. Default: the variable CLOUDFLARE_API_TOKEN.",
        rich_help_panel=LIVE,
    ),
]
Output = Annotated[
    Format,
    typer.Option(
        "--format",
        metavar="text|json|markdown",
        help="How to write the result.",
        rich_help_panel=SHOWN,
    ),
]
NoColor = Annotated[
    bool, typer.Option("--no-color", metavar="", help="No colours.", rich_help_panel=SHOWN)
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet",
        "-q",
        metavar="",
        help="Closing lines and refusals only.",
        rich_help_panel=SHOWN,
    ),
]
Target = Annotated[
    list[str] | None,
    typer.Option(
        "--target",
        metavar="ADDRESS",
        help="Only this object, such as tunnel.edge, and what it needs; may be repeated.",
    ),
]
AutoApprove = Annotated[
    bool,
    typer.Option("--auto-approve", metavar="", help="Do not ask before anything is written."),
]
Adopt = Annotated[
    bool,
    typer.Option(
        "--adopt",
        metavar="",
        help="Take over live objects that carry no mark.",
        rich_help_panel=YES,
    ),
]
JournalFile = Annotated[
    Path | None,
    typer.Option(
        "--journal",
        metavar="FILE",
        help="The file of what was done. Default: one a stack below ~/.local/state/ztctl.",
    ),
]
Settle = Annotated[
    float | None,
    typer.Option(
        "--settle",
        metavar="SECONDS",
        min=0,
        max=600,
        help="Wait so long for the edge before a name opens or loses protection. Default: 5.",
    ),
]
Probe = Annotated[
    bool,
    typer.Option(
        "--probe",
        metavar="",
        help="Ask each opened host without a credential; take it back without a login.",
    ),
]
Revoke = Annotated[
    bool,
    typer.Option(
        "--revoke",
        metavar="",
        help="End the sessions of every application of which somebody loses entry.",
    ),
]
LockWait = Annotated[
    int,
    typer.Option(
        "--lock-wait",
        metavar="SECONDS",
        min=0,
        help="Wait as long as this for another apply to end.",
        show_default=False,
    ),
]
AllowDeletions = Annotated[
    bool,
    typer.Option(
        "--allow-deletions",
        metavar="",
        help="Delete also when much of the stack would go.",
        rich_help_panel=YES,
    ),
]
AllowNoPolicy = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-no-policy",
        metavar="ADDRESS",
        help="Leave this application without a policy; or `all`.",
        rich_help_panel=YES,
    ),
]
AllowCaDeletion = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-ca-deletion",
        metavar="ADDRESS",
        help="Delete this CA, which every server that trusts it must be told; or `all`.",
        rich_help_panel=YES,
    ),
]
AllowProtected = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-protected",
        metavar="ADDRESS",
        help="Delete or replace this protected object; or `all`.",
        rich_help_panel=YES,
    ),
]
AllowInterruption = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-interruption",
        metavar="ADDRESS",
        help="Shut people out of what this concerns for a moment; or `all`.",
        rich_help_panel=YES,
    ),
]
AllowDisconnect = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-disconnect",
        metavar="ADDRESS",
        help="Delete this tunnel although connectors are running; or `all`.",
        rich_help_panel=YES,
    ),
]
AllowExposure = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-exposure",
        metavar="HOST",
        help="Let this host be open to everybody in this run; or `all`.",
        rich_help_panel=YES,
    ),
]
