"""``ztctl ssh ca``: the SSH CAs of a stack, what trusts them, and what they have signed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ztctl.cli import completion
from ztctl.cli import options as opt
from ztctl.cli.exits import Exit, watched
from ztctl.cli.settings import Settings, Usage, settings

if TYPE_CHECKING:
    from ztctl.core.model.declared import Declared
    from ztctl.core.model.ssh_trust import StackCa
    from ztctl.views.ssh_ca_view import ShownCas
    from ztctl.views.view import View

_of_ca = partial(typer.Option, rich_help_panel="CA")

_HOSTS = Annotated[
    list[str] | None,
    _of_ca(
        "--host",
        metavar="HOST",
        autocompletion=completion.hosts,
        help="Only the CA of this host's application; may be repeated. Default: all of the files.",
    ),
]


@opt.with_options
def show(
    *,
    host: _HOSTS = None,
    save: Annotated[
        str | None,
        _of_ca(
            "--save",
            metavar="PATH",
            help="Write the keys: a file each into a folder, else all into one file; - prints it.",
        ),
    ] = None,
    without_old: Annotated[
        bool,
        _of_ca("--without-old", help="Leave out the old CA of a rotation, which is to go."),
    ] = False,
    files: opt.FileOptions,
    account: opt.AccountOptions,
    live: opt.LiveOptions,
    output: opt.OutputOptions,
) -> Exit:
    """Show the SSH CAs of the stack by their fingerprints, or save them."""
    chosen = settings(output, files, account, live=live)
    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.session import declared_by, view_of
    from ztctl.core.model.objects import Spare
    from ztctl.documents.mask import Mask
    from ztctl.views.escape import Clean
    from ztctl.views.ssh_ca_view import cas_page

    declared = declared_by(chosen)
    view = view_of(chosen, declared)
    with errors_shown(view):
        found = _of_hosts(_read(chosen, declared, view), host)
        if without_old:
            found = replace(found, cas=[ca for ca in found.cas if ca.spare is not Spare.FORMER])
        if save == "-":
            _print_bundle(found.cas)
        else:
            view.page(cas_page(found, Clean(Mask(declared.environment).hide)))
        if save is not None and save != "-":
            _save(found.cas, save, view)
    stale = any(ca.file and not ca.held for ca in found.cas)
    return watched(unread=bool(found.unread), different=bool(found.absent) or stale)


@opt.with_options
def check(
    *,
    trusted: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A file that TrustedUserCAKeys names, or a copy of it."
        ),
    ],
    host: _HOSTS = None,
    files: opt.FileOptions,
    account: opt.AccountOptions,
    live: opt.LiveOptions,
    output: opt.OutputOptions,
) -> Exit:
    """Check that a file trusts the CAs of the stack, and no others."""
    chosen = settings(output, files, account, live=live)
    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.session import declared_by, view_of
    from ztctl.core.model.objects import Spare
    from ztctl.documents.mask import Mask
    from ztctl.ssh.ca_file import Expected, checked_file
    from ztctl.views.escape import Clean
    from ztctl.views.ssh_ca_view import trust_page

    text, mode = _text(trusted)
    declared = declared_by(chosen)
    view = view_of(chosen, declared)
    with errors_shown(view):
        whole = _read(chosen, declared, view)
        found = _of_hosts(whole, host)
        others = [ca for ca in whole.cas if ca not in found.cas]
        # The old CA of a rotation may be trusted until it is deleted, and need not be.
        wanted = [ca for ca in found.cas if ca.spare is not Spare.FORMER]
        old = [ca for ca in found.cas if ca.spare is Spare.FORMER]
        expected = Expected(
            wanted,
            [*old, *found.gateway],
            others,
            is_whole=not host,
            command=chosen.typed.command,
        )
        report = checked_file(_named(trusted), text, expected, mode=mode)
        view.page(trust_page(report, Clean(Mask(declared.environment).hide)))
        for name in found.absent:
            view.note(f"{name} has no CA yet: ztctl apply makes it")
        if found.unread:
            view.note(f"The gateway CA of the account is not seen: {found.unread}")
    # What the account's own CA is matters for a foreign key alone, and that is a fault already.
    return watched(different=bool(report.findings) or bool(found.absent))


@opt.with_options
def inspect(
    *,
    certificate: Annotated[
        Path, typer.Argument(metavar="CERT", help="A certificate, such as …-cf_key-cert.pub.")
    ],
    ca: Annotated[
        list[Path] | None,
        _of_ca(
            "--ca",
            metavar="FILE",
            help="Compare with the CAs of this file instead of the account's; may be repeated.",
        ),
    ] = None,
    user: Annotated[
        str | None,
        _of_ca("--user", metavar="NAME", help="The login that the certificate is to be for."),
    ] = None,
    files: opt.FileOptions,
    account: opt.AccountOptions,
    live: opt.LiveOptions,
    output: opt.OutputOptions,
) -> Exit:
    """Say what a certificate holds, and which CA of the stack signed it."""
    chosen = settings(output, files, account, live=live)
    import time

    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.session import declared_by, view_of
    from ztctl.documents.mask import Mask
    from ztctl.ssh.certificates import certificate_of, faults_of
    from ztctl.views.escape import Clean
    from ztctl.views.ssh_ca_view import JudgedCertificate, certificate_page

    text, _ = _text(certificate)
    found = certificate_of(_named(certificate), text)
    declared = None if ca else declared_by(chosen)
    view = view_of(chosen, declared)
    with errors_shown(view):
        if declared is None:
            known = [it for path in ca or () for it in _cas_of(path)]
        else:
            known = list(_read(chosen, declared, view).cas)
        signer = next((it for it in known if it.fingerprint == found.signer), None)
        signer = signer if found.is_signed else None
        now = time.time()
        faults = faults_of(found, now, signer, len(known), user)
        judged = JudgedCertificate(_named(certificate), found, now, signer, len(known), faults)
        mask = Mask(declared.environment if declared else {})
        view.page(certificate_page(judged, Clean(mask.hide)))
    return watched(different=bool(faults))


def _read(chosen: Settings, declared: Declared, view: View) -> ShownCas:
    from ztctl.cli.session import run_to_end
    from ztctl.cli.ssh_ca_reading import stack_cas

    return run_to_end(stack_cas(chosen, declared, view))


def _of_hosts(found: ShownCas, hosts: Sequence[str] | None) -> ShownCas:
    """The CAs of the applications of these hosts; of all without any."""
    from ztctl.core.model.names import named_or_covering, to_ascii
    from ztctl.documents.suggest import nearest

    if not hosts:
        return found
    known = {name for ca in found.cas for name in (ca.name, *ca.hosts)} | set(found.absent)
    asked: list[str] = []
    for name in map(to_ascii, hosts):
        if (it_is := named_or_covering(name, known)) is not None:
            asked.append(it_is)
        else:
            near = nearest(name, tuple(known))
            hint = f"did you mean {near}?" if near else "name a host of the files"
            raise Usage(f"no CA of the files is for {name}", hint)
    chosen = [ca for ca in found.cas if {ca.name, *ca.hosts} & set(asked)]
    absent = [name for name in found.absent if name in asked]
    return replace(found, cas=chosen, absent=absent)


def _print_bundle(cas: Sequence[StackCa]) -> None:
    from ztctl.ssh.saving import bundle

    typer.echo(bundle(cas), nl=False)


def _save(cas: Sequence[StackCa], place: str, view: View) -> None:
    from ztctl.core.model.diagnostics import Failure
    from ztctl.ssh.saving import save

    if place.endswith("/"):
        try:
            Path(place).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Failure(f"cannot make {place}: {(error.strerror or '').lower()}") from error
    for told in save(cas, Path(place)):
        view.note(told)


def _text(path: Path) -> tuple[str, int | None]:
    """The text of a file, and its permission bits; ``-`` is standard input, without any."""
    import stat

    from ztctl.core.model.diagnostics import Failure
    from ztctl.documents.streams import read_bounded
    from ztctl.ssh.ca_file import MOST_BYTES

    is_stdin = path == Path("-")
    try:
        found = read_bounded(Path("/dev/stdin") if is_stdin else path, MOST_BYTES)
        mode = None if is_stdin else stat.S_IMODE(path.stat().st_mode)
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", None) or str(error)).lower()
        raise Failure(f"cannot read {_named(path)}: {why}") from error
    if len(found) > MOST_BYTES:
        raise Failure(f"{_named(path)} is too long to be a file of keys")
    return found.decode("utf-8", "replace"), mode


def _named(path: Path) -> str:
    return "standard input" if path == Path("-") else str(path)


def _cas_of(path: Path) -> list[StackCa]:
    """The CAs that sshd would trust by a file, named by their lines.

    Raises:
        Failure: there is none.
    """
    from ztctl.core.model.diagnostics import Failure
    from ztctl.core.model.ssh_trust import StackCa
    from ztctl.ssh.ca_file import parsed

    keys, _ = parsed(_text(path)[0])
    found = [
        StackCa(f"{_named(path)}:{it.line}", (), "", it.key.text, it.key.fingerprint)
        for it in keys
        if it.is_read
    ]
    if not found:
        raise Failure(f"{_named(path)} holds no CA that sshd would trust", "name a file of keys")
    return found
