"""``ztctl ssh explain``: what a log of sshd, cloudflared or ``ssh -v`` says, in words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ztctl.cli import options as opt
from ztctl.cli.exits import Exit
from ztctl.cli.settings import STDIN, Settings, settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Of a longer log the rest is left.
_MOST: Final = 64 << 20
_MOST_OF_KEYS: Final = 1 << 20


@opt.with_options
def explain(
    *,
    log: Annotated[
        Path,
        typer.Argument(metavar="[FILE|-]", help="The log. Default: standard input."),
    ] = Path("-"),
    ca: Annotated[
        list[Path] | None,
        typer.Option(
            "--ca",
            metavar="FILE",
            help="CA keys that servers are to trust; may be repeated. "
            "Default: those that the files save, where -f is given.",
        ),
    ] = None,
    files: opt.FileOptions,
    output: opt.OutputOptions,
) -> Exit:
    """Say in words what a log of sshd, cloudflared or `ssh -v` tells."""
    chosen = settings(output, files)
    import io

    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.session import view_of
    from ztctl.documents.mask import Mask
    from ztctl.ssh.explain import explained
    from ztctl.views.escape import Clean
    from ztctl.views.ssh_explain_view import ssh_explain_page

    view = view_of(chosen)
    with errors_shown(view):
        known = dict(_keys(chosen, ca or (), named=bool(files.file)))
        name = "standard input" if log in (Path("-"), STDIN) else str(log)
        content = _read(STDIN if log == Path("-") else log, name, "the log", _MOST)
        if len(content) > _MOST:
            view.note(f"{name} is longer than {_MOST >> 20} MB: the rest is not read")
        found = explained(name, io.BytesIO(content[:_MOST]), known)
        view.page(ssh_explain_page(found, Clean(Mask({}).hide), brief=chosen.quiet))
    if not found.kinds:
        return Exit.ERROR
    return Exit.DIFFERENT if found.has_fault else Exit.DONE


def _keys(chosen: Settings, paths: Sequence[Path], *, named: bool) -> Iterator[tuple[str, str]]:
    """The CAs that are to have signed: fingerprint and name."""
    from ztctl.core.model.diagnostics import Failure
    from ztctl.ssh.explain import named_keys

    for path in paths:
        text = _read(path, str(path), "the CA keys", _MOST_OF_KEYS).decode("utf-8", "replace")
        found = list(named_keys(text, str(path)))
        if not found:
            raise Failure(f"{path} holds no public key", "one key a line, as OpenSSH writes them")
        yield from found
    if named:
        from ztctl.cli.session import declared_by
        from ztctl.ssh.public_keys import key_files

        for wanted, path in key_files(declared_by(chosen)):
            if path.is_file():
                text = _read(path, str(path), "the CA key", _MOST_OF_KEYS).decode(
                    "utf-8", "replace"
                )
                yield from named_keys(text, wanted.address.key)


def _read(path: Path, name: str, what: str, most: int) -> bytes:
    from ztctl.core.model.diagnostics import Failure
    from ztctl.documents.streams import read_bounded

    try:
        return read_bounded(path, most)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "not a path").lower()
        hint = "pipe it: journalctl -u ssh | ztctl ssh explain -" if path == STDIN else ""
        raise Failure(f"cannot read {what} from {name}: {reason}", hint) from error
