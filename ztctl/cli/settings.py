"""What the command line and the environment say, checked for being usable together."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ztctl.cli.options import Format
from ztctl.core.model.diagnostics import Failure, ZtctlError

DEFAULT_FILE = Path("ztctl.yaml")
STATE = Path(".ztctl") / "sandbox.jsonl"


class Usage(ZtctlError):
    """The command was not used as it can be used."""

    def __init__(self, summary: str, hint: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Settings:
    """One run's settings.

    Attributes:
        files: where the wanted side is written.
        sandbox: work on the local sandbox instead of an account.
        api_url: ``None`` for Cloudflare's own.
        journal: the file that was named for it, ``None`` for the default place.
        environment: the process's, read here and nowhere else.
    """

    files: tuple[Path, ...] = (DEFAULT_FILE,)
    variables: Mapping[str, str] = field(default_factory=dict)
    variable_files: tuple[Path, ...] = ()
    allow_env: frozenset[str] = frozenset()
    sandbox: bool = False
    api_url: str | None = None
    token_file: Path | None = None
    journal: Path | None = None
    format: Format = Format.text
    color: bool = False
    quiet: bool = False
    terminal: bool = False
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)


def settings(
    *,
    file: Sequence[Path] | None = None,
    var: Sequence[str] | None = None,
    var_file: Sequence[Path] | None = None,
    allow_env: Collection[str] | None = None,
    sandbox: bool = False,
    api_url: str | None = None,
    api_token_file: Path | None = None,
    format: Format = Format.text,
    no_color: bool = False,
    quiet: bool = False,
    journal: Path | None = None,
) -> Settings:
    """The settings of this run.

    Raises:
        Usage: when options exclude each other or make no sense.
    """
    environment = dict(os.environ)
    dumb = environment.get("TERM") == "dumb"
    if sandbox and api_url is not None and api_url != environment.get("CLOUDFLARE_BASE_URL"):
        raise Usage("--sandbox and --api-url exclude each other", "drop one of them")
    if sandbox and api_token_file is not None:
        raise Usage("--sandbox needs no token", "drop --api-token-file")
    if "CLOUDFLARE_API_TOKEN" in (allow_env or ()):
        raise Usage("the API token cannot be read into a file", "drop it from --allow-env")
    return Settings(
        files=tuple(file or (DEFAULT_FILE,)),
        variables=dict(_pair(item) for item in var or ()),
        variable_files=tuple(var_file or ()),
        allow_env=frozenset(allow_env or ()),
        sandbox=sandbox,
        api_url=None if sandbox else api_url,
        token_file=api_token_file,
        journal=journal,
        format=format,
        color=not (no_color or dumb or environment.get("NO_COLOR")) and sys.stdout.isatty(),
        quiet=quiet,
        terminal=sys.stderr.isatty() and not dumb,
        environment=environment,
    )


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise Usage(f"--var {text!r} has no value", "write --var NAME=VALUE")
    return name, value


def token_text(chosen: Settings) -> str:
    """The API token, from the file that was named or from the environment.

    Raises:
        Failure: when there is none, or its file cannot be read.
    """
    if chosen.token_file is not None:
        try:
            text = chosen.token_file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeError) as error:
            reason = (getattr(error, "strerror", None) or "it is not plain text").lower()
            raise Failure(f"cannot read the token file {chosen.token_file}: {reason}") from error
    else:
        text = chosen.environment.get("CLOUDFLARE_API_TOKEN", "").strip()
    if not text:
        raise Failure(
            "there is no API token",
            "set CLOUDFLARE_API_TOKEN, or name a file by --api-token-file; --sandbox needs none",
        )
    return text
