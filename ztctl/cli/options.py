"""The options that several commands share: a dataclass for each group of them.

No ``from __future__ import annotations`` here: typer reads the annotations at every start, and
resolving them from text takes time.
"""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from functools import partial, wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer

from ztctl.cli import completion
from ztctl.cli.exits import Exit
from ztctl.cli.places import DEFAULT_FILE

# The panels of `--help`; their order is that of a command's parameters.
_file = partial(typer.Option, rich_help_panel="Files")
_account = partial(typer.Option, rich_help_panel="Account")
run_option = partial(typer.Option, rich_help_panel="Run")
approval_option = partial(typer.Option, rich_help_panel="Approvals")
_addresses = partial(approval_option, metavar="ADDRESS", autocompletion=completion.addresses)
output_option = _output = partial(typer.Option, rich_help_panel="Output")


class OutputFormat(StrEnum):
    """Format of results on standard output."""

    text = "text"
    json = "json"
    markdown = "markdown"
    html = "html"
    github = "github"
    sarif = "sarif"


# Every command that has a format has these; ``formats`` adds others.
COMMON_FORMATS = (OutputFormat.text, OutputFormat.json, OutputFormat.markdown)


@dataclass(frozen=True, slots=True)
class FileOptions:
    """The YAML files, and the variables that they may use."""

    file: Annotated[
        list[Path] | None,
        _file(
            "-f",
            "--file",
            metavar="PATH",
            help="A YAML file, or a folder of them; may be repeated. Default: ztctl.yaml.",
        ),
    ] = None
    var: Annotated[
        list[str] | None, _file("--var", metavar="NAME=VALUE", help="A value for ${var.NAME}.")
    ] = None
    var_file: Annotated[
        list[Path] | None, _file("--var-file", metavar="PATH", help="A YAML file of such values.")
    ] = None
    allow_env: Annotated[
        list[str] | None,
        _file(
            "--allow-env",
            metavar="NAME",
            help="A variable that ${env.NAME} may read, beside ZTCTL_* and CLOUDFLARE_ACCOUNT_ID.",
        ),
    ] = None


Strict = Annotated[bool, run_option("--strict", help="End with 1 where there is a warning.")]


@dataclass(frozen=True, slots=True)
class AccountOptions:
    """The account, and how to reach its API."""

    sandbox: Annotated[
        bool,
        _account(
            "--sandbox",
            help="Work on a local sandbox, kept in .ztctl/ of this folder; needs no account.",
        ),
    ] = False
    api_url: Annotated[
        str | None,
        _account(
            "--api-url", envvar="CLOUDFLARE_BASE_URL", metavar="URL", help="The API's base URL."
        ),
    ] = None
    api_token_file: Annotated[
        Path | None,
        _account(
            "--api-token-file",
            metavar="PATH",
            help="A file that holds the API token. Default: the variable CLOUDFLARE_API_TOKEN.",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """What stands in for the account."""

    live: Annotated[
        Path | None,
        _account(
            "--live",
            metavar="FILE",
            help="Work on a snapshot of the account, and ask nobody; needs no token.",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class CopyOptions:
    """What stands in for files that only servers hold."""

    local: Annotated[
        list[str] | None,
        _account(
            "--local",
            metavar="NAME=FILE",
            help="Trust a copy of the config.yml by which a server runs this tunnel; may be "
            "repeated.",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """Format and amount of output."""

    format: Annotated[
        OutputFormat,
        _output("--format", help="How to write the result."),
    ] = OutputFormat.text
    no_color: Annotated[bool, _output("--no-color", help="No colours.")] = False
    quiet: Annotated[bool, _output("--quiet", "-q", help="Closing lines and refusals only.")] = (
        False
    )


class Listed(StrEnum):
    """What of a plan is written out name by name."""

    hosts = "hosts"


@dataclass(frozen=True, slots=True)
class DetailOptions:
    """How much of a plan is shown to people."""

    full: Annotated[
        bool, _output("--full", help="Show every object with every field, as Terraform does.")
    ] = False
    list: Annotated[
        Listed | None,
        _output("--list", metavar="hosts", help="Write out every name that is folded otherwise."),
    ] = None


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Options of runs that write."""

    auto_approve: Annotated[
        bool, run_option("--auto-approve", help="Do not ask before anything is written.")
    ] = False
    journal: Annotated[
        Path | None,
        run_option(
            "--journal",
            metavar="FILE",
            help="The file of what was done. Default: one a stack below ~/.local/state/ztctl.",
        ),
    ] = None
    lock_wait: Annotated[
        int,
        run_option(
            "--lock-wait",
            metavar="SECONDS",
            min=0,
            help="Wait as long as this for another apply to end. Default: 60.",
            show_default=False,
        ),
    ] = 60
    settle: Annotated[
        float | None,
        run_option(
            "--settle",
            metavar="SECONDS",
            min=0,
            max=600,
            help="Wait so long for the edge before a name opens or loses protection. Default: 5.",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class ProgressOptions:
    """How much of a run that writes is shown while it goes on."""

    verbose: Annotated[
        bool, _output("--verbose", "-v", help="Tell of every object, when it is begun and done.")
    ] = False


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """Options of planning; the fields are the arguments of ``planning.options_of``."""

    target: Annotated[
        list[str] | None,
        run_option(
            "--target",
            metavar="ADDRESS",
            autocompletion=completion.addresses,
            help="Only this object, such as tunnel.edge, and what it needs; may be repeated.",
        ),
    ] = None
    adopt: Annotated[
        list[str] | None,
        _addresses(
            "--adopt",
            help="Take over this live object without a mark; bare or with `all`, every one.",
        ),
    ] = None
    deletions: Annotated[
        bool,
        approval_option("--allow-deletions", help="Delete also when much of the stack would go."),
    ] = False
    no_policy: Annotated[
        list[str] | None,
        _addresses("--allow-no-policy", help="Leave this application without a policy; or `all`."),
    ] = None
    ca_deletion: Annotated[
        list[str] | None,
        _addresses(
            "--allow-ca-deletion",
            help="Delete this CA, which every server that trusts it must be told; or `all`.",
        ),
    ] = None
    protected: Annotated[
        list[str] | None,
        _addresses(
            "--allow-protected", help="Delete, replace or release this protected object; or `all`."
        ),
    ] = None
    interruption: Annotated[
        list[str] | None,
        _addresses(
            "--allow-interruption",
            help="Shut people out of what this concerns for a moment; or `all`.",
        ),
    ] = None
    disconnect: Annotated[
        list[str] | None,
        _addresses(
            "--allow-disconnect",
            help="Delete this tunnel although connectors are running; or `all`.",
        ),
    ] = None
    exposure: Annotated[
        list[str] | None,
        approval_option(
            "--allow-exposure",
            metavar="HOST",
            autocompletion=completion.hosts,
            help="Let this host be open to everybody in this run; or `all`.",
        ),
    ] = None


def only(*names: str) -> frozenset[str]:
    """Limit an option group to some of its fields.

    Annotates the group: ``Annotated[RunOptions, only("journal")]``.
    """
    return frozenset(names)


class Formats(tuple[OutputFormat, ...]):
    """The formats of one command."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class SarifOptions:
    """Where findings are shown in code scanning."""

    sarif_location: Annotated[
        Path,
        _output(
            "--sarif-location",
            metavar="FILE",
            help="In SARIF, the file of a finding that no file declares.",
        ),
    ] = DEFAULT_FILE


def formats(*more: OutputFormat) -> Formats:
    """Give a command formats beside the common ones.

    Annotates the group: ``Annotated[OutputOptions, formats(OutputFormat.html)]``.
    """
    return Formats((*COMMON_FORMATS, *more))


def with_options(command: Callable[..., Exit]) -> Callable[..., Exit]:
    """Expand each dataclass among a command's parameters into one option for each of its fields.

    typer reads the expanded signature; the command gets instances of the dataclasses.

    Raises:
        TypeError: ``only`` names a field that does not exist.
        ValueError: two options have the same name.
    """
    groups: dict[str, tuple[Any, list[str]]] = {}
    expanded: list[Parameter] = []
    hints = get_type_hints(command, include_extras=True)
    for parameter in signature(command).parameters.values():
        hint = hints[parameter.name]
        group, *more = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        if is_dataclass(group):
            options = _options(group, *more)
            groups[parameter.name] = group, [option.name for option in options]
            expanded += options
        else:
            expanded.append(parameter.replace(kind=Parameter.KEYWORD_ONLY, annotation=hint))

    @wraps(command)
    def gathered(**given: Any) -> Exit:
        for name, (group, taken) in groups.items():
            given[name] = group(**{option: given.pop(option) for option in taken})
        return command(**given)

    gathered.__signature__ = Signature(expanded)  # type: ignore[attr-defined]
    return gathered


def _options(group: Any, limit: frozenset[str] | Formats | None = None) -> list[Parameter]:
    known = limit if isinstance(limit, Formats) else formats()
    taken = None if isinstance(limit, Formats) else limit
    hints = {
        name: _of_formats(hint, known) if get_args(hint)[:1] == (OutputFormat,) else hint
        for name, hint in get_type_hints(group, include_extras=True).items()
    }
    if unknown := (taken or frozenset()) - hints.keys():
        raise TypeError(f"{group.__name__} has no {', '.join(sorted(unknown))}")
    return [
        Parameter(
            field.name,
            Parameter.KEYWORD_ONLY,
            default=field.default,
            annotation=hints[field.name],
        )
        for field in fields(group)
        if taken is None or field.name in taken
    ]


def _of_formats(hint: Any, known: Formats) -> Any:
    """The annotation of ``--format`` where a command has these formats."""
    option = copy(get_args(hint)[1])
    option.metavar = "FORMAT"
    option.help = f"{option.help.removesuffix('.')}: {', '.join(known)}."
    return Annotated[StrEnum("OutputFormat", {it.name: it.value for it in known}), option]
