"""Settings of a command from its options and the environment, checked for conflicts."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from ztctl.cli.options import (
    AccountOptions,
    CopyOptions,
    DetailOptions,
    FileOptions,
    LiveOptions,
    OutputFormat,
    OutputOptions,
    ProgressOptions,
    SarifOptions,
)
from ztctl.cli.places import DEFAULT_FILE
from ztctl.core.model.diagnostics import Failure, ZtctlError
from ztctl.core.model.values import Secret

if TYPE_CHECKING:
    from ztctl.cloudflare.snapshot import Snapshot
    from ztctl.core.model.guide import Typed
    from ztctl.views.people_view import Detail

STDIN = Path("/dev/stdin")
STATE = Path(".ztctl") / "sandbox.jsonl"
TOKEN = "CLOUDFLARE_API_TOKEN"  # noqa: S105
# Who has it can post: like the token, no file may read it.
WEBHOOK = "ZTCTL_WEBHOOK"
_MOST_OF_TOKEN = 4096


class Usage(ZtctlError):
    """Wrong usage of a command."""

    def __init__(self, summary: str, hint: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Settings:
    """One run's settings.

    Attributes:
        files: YAML files or folders with the wanted side.
        sandbox: work on the local sandbox instead of an account.
        api_url: base URL of the API, ``None`` for Cloudflare's.
        token: the API token, ``None`` when there is none.
        live: stands in for the account, ``None`` for the account itself.
        copies: tunnels and the copies of the files by which their servers run them.
        webhook: the URL of a webhook in the environment, ``None`` when there is none.
        journal: the journal's file, ``None`` for the default location.
        environment: variables of the process without the two; nothing else reads them.
        account_options: the options that name the account, each behind a blank, for a command that
            is told as the next one.
        file_options: the same of the options that name the files and their variables.
        copy_options: the same of the options that name copies.
        sarif_location: the file of a finding that no file declares.
    """

    files: tuple[Path, ...] = (DEFAULT_FILE,)
    variables: Mapping[str, str] = field(default_factory=dict)
    variable_files: tuple[Path, ...] = ()
    allow_env: frozenset[str] = frozenset()
    sandbox: bool = False
    api_url: str | None = None
    token: Secret | None = None
    live: Snapshot | None = None
    copies: tuple[tuple[str, Path], ...] = ()
    journal: Path | None = None
    format: OutputFormat = OutputFormat.text
    color: bool = False
    quiet: bool = False
    terminal: bool = False
    detail: Detail = "compact"
    verbose: bool = False
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    account_options: str = ""
    file_options: str = ""
    copy_options: str = ""
    sarif_location: str = str(DEFAULT_FILE)
    webhook: Secret | None = None

    @property
    def typed(self) -> Typed:
        """How the command was called, for those that are told as the next ones."""
        from ztctl.core.model.guide import Typed

        return Typed(self.file_options, self.account_options)


def settings(
    output: OutputOptions,
    files: FileOptions | None = None,
    account: AccountOptions | None = None,
    *,
    live: LiveOptions | None = None,
    copies: CopyOptions | None = None,
    journal: Path | None = None,
    detail: DetailOptions | None = None,
    progress: ProgressOptions | None = None,
    sarif: SarifOptions | None = None,
) -> Settings:
    """Combine options and environment.

    Raises:
        Usage: options exclude each other or are invalid.
        Failure: the token file or the snapshot cannot be read.
    """
    files, account = files or FileOptions(), account or AccountOptions()
    given = (copies.local if copies is not None else None) or ()
    environment = dict(os.environ)
    # Removed from the copy: `${env.NAME}` in a file must not be able to read it.
    token = environment.pop(TOKEN, "")
    webhook = environment.pop(WEBHOOK, "").strip()
    dumb = environment.get("TERM") == "dumb"
    api_url = account.api_url
    if account.sandbox:
        if api_url is not None and api_url != environment.get("CLOUDFLARE_BASE_URL"):
            raise Usage("--sandbox and --api-url exclude each other", "drop one of them")
        if account.api_token_file is not None:
            raise Usage("--sandbox needs no token", "drop --api-token-file")
        api_url = None
    if live is not None and live.live is not None:
        _check_alone(account, environment)
    if TOKEN in (files.allow_env or ()):
        raise Usage("the API token cannot be read into a file", "drop it from --allow-env")
    return Settings(
        files=tuple(map(_or_stdin, files.file or (DEFAULT_FILE,))),
        variables=dict(_pair(item) for item in files.var or ()),
        variable_files=tuple(files.var_file or ()),
        allow_env=frozenset(files.allow_env or ()),
        sandbox=account.sandbox,
        api_url=api_url,
        token=_token(token, account.api_token_file),
        live=_snapshot(live),
        copies=tuple(map(_copied, given)),
        journal=journal,
        # A command has an enumeration of its own formats.
        format=OutputFormat(output.format),
        color=not (output.no_color or dumb or environment.get("NO_COLOR")) and sys.stdout.isatty(),
        quiet=output.quiet,
        terminal=sys.stderr.isatty() and not dumb and not is_ci(environment),
        detail=_detail(detail),
        verbose=progress is not None and progress.verbose,
        environment=environment,
        account_options=_typed(account, environment),
        file_options=_typed_files(files),
        copy_options="".join(f" --local {quote(item)}" for item in given),
        sarif_location=str((sarif or SarifOptions()).sarif_location),
        webhook=Secret(webhook) if webhook else None,
    )


def _check_alone(account: AccountOptions, environment: Mapping[str, str]) -> None:
    """Require that nothing says where another account is.

    Raises:
        Usage: an option does; what the environment says is for other commands.
    """
    given = [
        (account.sandbox, "--sandbox"),
        (account.api_token_file is not None, "--api-token-file"),
        (account.api_url not in (None, environment.get("CLOUDFLARE_BASE_URL")), "--api-url"),
    ]
    for is_given, option in given:
        if is_given:
            text = f"--live and {option} exclude each other"
            raise Usage(text, f"drop {option}: with a snapshot nobody is asked")


def _snapshot(live: LiveOptions | None) -> Snapshot | None:
    if live is None or live.live is None:
        return None
    from ztctl.cli.snapshots import read_snapshot

    return read_snapshot(_or_stdin(live.live))


def is_ci(environment: Mapping[str, str]) -> bool:
    """Whether a CI service runs the command: its log is read later, even where it is a terminal."""
    return environment.get("CI", "").lower() not in ("", "0", "false")


def _detail(chosen: DetailOptions | None) -> Detail:
    if chosen is None or not (chosen.full or chosen.list):
        return "compact"
    if chosen.full and chosen.list:
        raise Usage("--full has every name already", "drop --list hosts")
    return "full" if chosen.full else "every name"


def _typed(account: AccountOptions, environment: Mapping[str, str]) -> str:
    """The options that name the account as they are typed; not what the environment says anyway."""
    words = ["--sandbox"] if account.sandbox else []
    if account.api_url is not None and account.api_url != environment.get("CLOUDFLARE_BASE_URL"):
        words += ["--api-url", account.api_url]
    if account.api_token_file is not None:
        words += ["--api-token-file", str(account.api_token_file)]
    return "".join(f" {quote(word)}" for word in words)


def _typed_files(files: FileOptions) -> str:
    """The options that name the files and their variables as they are typed."""
    given = {
        "-f": files.file,
        "--var": files.var,
        "--var-file": files.var_file,
        "--allow-env": files.allow_env,
    }
    return "".join(
        f" {option} {quote(str(value))}"
        for option, values in given.items()
        for value in values or ()
    )


def _or_stdin(path: Path) -> Path:
    """The file of standard input for ``-``."""
    return STDIN if path == Path("-") else path


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise Usage(f"--var {text!r} has no value", "write --var NAME=VALUE")
    return name, value


def _copied(text: str) -> tuple[str, Path]:
    name, _, path = text.partition("=")
    if not (name and path):
        raise Usage(f"--local {text!r} names no tunnel and file", "write --local NAME=FILE")
    return name, Path(path)


def _token(text: str, file: Path | None) -> Secret | None:
    """The token from its file, if one is given, else from the environment; ``None`` if empty."""
    if file is not None:
        from ztctl.documents.streams import read_bounded

        try:
            text = read_bounded(file, _MOST_OF_TOKEN).decode("ascii")
        except (OSError, ValueError) as error:
            reason = (getattr(error, "strerror", None) or "it is not plain text").lower()
            raise Failure(f"cannot read the token file {file}: {reason}") from error
    text = text.strip()
    return Secret(text) if text else None
