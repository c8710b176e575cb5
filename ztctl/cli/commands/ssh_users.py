"""``ztctl ssh users``: the accounts that the people of a host need."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ztctl.cli import completion
from ztctl.cli import options as opt
from ztctl.cli.exits import Exit, watched
from ztctl.cli.settings import STDIN, Settings, Usage, settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ztctl.core.model.ssh_users import HostAccounts, UsersReport
    from ztctl.ssh.users import UserChoices

_MOST: Final = 16 << 20
# Stands at the head of each users file: no other one is overwritten.
_SIGN: Final = "by ztctl ssh users"


@dataclass(frozen=True, slots=True)
class PeopleOptions:
    """Who logs in, and what accounts a server has."""

    emails: Annotated[
        Path | None,
        typer.Option(
            "--emails",
            metavar="FILE|-",
            help="Addresses, one a line. Default: those in the rules of the host's policies.",
        ),
    ] = None
    passwd: Annotated[
        Path | None,
        typer.Option("--passwd", metavar="FILE", help="The server's `getent passwd`."),
    ] = None
    group: Annotated[
        Path | None,
        typer.Option("--group-file", metavar="FILE", help="The server's `getent group`."),
    ] = None
    uid_min: Annotated[
        int,
        typer.Option(
            "--uid-min", metavar="UID", min=1, help="The lowest uid of a person on the server."
        ),
    ] = 1000


@dataclass(frozen=True, slots=True)
class UsersFileOptions:
    """Which accounts the users file makes."""

    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", metavar="FILE", help="Write the users file for `install.sh --users`."
        ),
    ] = None
    alias: Annotated[
        list[str] | None,
        typer.Option(
            "--alias",
            metavar="NAME=EXISTING",
            help="Make NAME another name of an account that exists; may be repeated.",
        ),
    ] = None
    map: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="ACCOUNT=EMAIL,…",
            help="Let these people log in to one account; may be repeated.",
        ),
    ] = None
    allow_collision: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-collision", metavar="NAME", help="Let several people be NAME; or `all`."
        ),
    ] = None
    allow_system: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-system",
            metavar="NAME",
            help="Let somebody be NAME, an account of the system; or `all`.",
        ),
    ] = None


@opt.with_options
def users(
    *,
    host: Annotated[
        str | None,
        typer.Argument(
            metavar="[HOST]",
            help="One host of the files; not needed where they have one.",
            autocompletion=completion.hosts,
        ),
    ] = None,
    people: PeopleOptions,
    accounts: UsersFileOptions,
    files: opt.FileOptions,
    output: opt.OutputOptions,
) -> Exit:
    """Compare the people of a host with a server's accounts, and write the users file."""
    chosen = settings(output, files)
    choices = _choices(people, accounts)
    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.session import declared_by, view_of
    from ztctl.documents.mask import Mask
    from ztctl.views.escape import Clean
    from ztctl.views.ssh_users_view import ssh_users_page

    declared = None if people.emails and not files.file and host is None else declared_by(chosen)
    view = view_of(chosen, declared)
    with errors_shown(view):
        found = _report(chosen, host, people, choices)
        written = _written(found, accounts.out) if accounts.out else ""
        mask = Mask(declared.environment if declared else {})
        page = ssh_users_page(found, Clean(mask.hide), brief=chosen.quiet, written=written)
        view.page(page)
    return watched(different=found.differs)


def _choices(people: PeopleOptions, accounts: UsersFileOptions) -> UserChoices:
    from ztctl.core.model.principals import is_address
    from ztctl.ssh.users import UserChoices

    maps: dict[str, list[str]] = {}
    for account, emails in _pairs(accounts.map, "--map", "ACCOUNT=EMAIL,EMAIL"):
        for email in emails.split(","):
            if not is_address(email):
                raise Usage(f"--map {account}: {email!r} is no e-mail address", "ann@example.com")
            maps.setdefault(account, []).append(email)
    return UserChoices(
        dict(_pairs(accounts.alias, "--alias", "NAME=EXISTING")),
        maps,
        frozenset(accounts.allow_collision or ()),
        frozenset(accounts.allow_system or ()),
        people.uid_min,
    )


def _pairs(given: Sequence[str] | None, option: str, form: str) -> Iterator[tuple[str, str]]:
    from ztctl.ssh.server_users import is_account_name

    for item in given or ():
        name, equals, value = item.partition("=")
        if not (equals and value and is_account_name(name)):
            raise Usage(
                f"{option} {item!r} is not of the form {form}", "with the name of an account"
            )
        yield name, value


def _report(
    chosen: Settings, host: str | None, people: PeopleOptions, choices: UserChoices
) -> UsersReport:
    from ztctl.ssh.accounts import addresses_of
    from ztctl.ssh.users import users_report

    name = host or ""
    unlisted: tuple[str, ...] = ()
    if people.emails is not None:
        label = "standard input" if people.emails == Path("-") else str(people.emails)
        path = STDIN if people.emails == Path("-") else people.emails
        addresses = addresses_of(_read(path, label), label)
    else:
        name, addresses, unlisted = _admitted(chosen, host)
    _known_to(addresses, choices)
    return users_report(name, addresses, unlisted, _accounts(people), choices)


def _admitted(chosen: Settings, host: str | None) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    from ztctl.cli.session import declared_by
    from ztctl.cli.ssh_reading import hosts_of
    from ztctl.core.model.diagnostics import Failure
    from ztctl.ssh.admitted import admitted

    declared = declared_by(chosen)
    hosts = hosts_of(declared, host)
    if len({it.application for it in hosts}) > 1:
        names = ", ".join(it.name for it in hosts[:6])
        raise Usage("the files have several SSH hosts", f"say which of them: {names}")
    if hosts[0].application is None:
        raise Failure(f"no application of the files decides for {hosts[0].name}", "use --emails")
    found = admitted(declared, hosts[0].application)
    return host or hosts[0].name, found.addresses, found.unlisted


def _known_to(addresses: Sequence[str], choices: UserChoices) -> None:
    """Require that aliases, mappings and allowances are about people of the host."""
    from ztctl.core.model.principals import by_principal
    from ztctl.documents.suggest import nearest

    lower = {it.lower() for it in addresses}
    names = by_principal(addresses)
    asked = [("--map", it.lower(), lower) for them in choices.maps.values() for it in them]
    asked += [("--alias", it, set(names)) for it in choices.aliases]
    for option, allowed in (
        ("--allow-collision", choices.collisions),
        ("--allow-system", choices.systems),
    ):
        asked += [(option, it, {*names, *choices.maps}) for it in {*allowed} - {"all"}]
    for option, item, known in asked:
        if item not in known:
            near = nearest(item, tuple(known))
            hint = f"did you mean {near}?" if near else "nobody with that name may enter the host"
            raise Usage(f"{option}: {item!r} is nobody of this host", hint)


def _accounts(people: PeopleOptions) -> HostAccounts | None:
    from ztctl.ssh.accounts import accounts_of

    if people.passwd is None:
        if people.group is not None:
            raise Usage("--group-file says nothing without --passwd", "add --passwd FILE")
        return None
    passwd = _read(people.passwd, str(people.passwd))
    group = _read(people.group, str(people.group)) if people.group else ""
    return accounts_of(passwd, str(people.passwd), group, str(people.group or ""))


def _read(path: Path, label: str) -> str:
    from ztctl.core.model.diagnostics import Failure
    from ztctl.documents.streams import read_bounded

    try:
        content = read_bounded(path, _MOST)
        if len(content) > _MOST:
            raise Failure(f"{label} is larger than {_MOST >> 20} MB", "")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Failure(f"{label} is no text in UTF-8", "save it as UTF-8") from error
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "not a path").lower()
        raise Failure(f"cannot read {label}: {reason}") from error


def _written(found: UsersReport, path: Path) -> str:
    from ztctl.core.model.diagnostics import Failure
    from ztctl.engine.private_file import require_earlier

    require_earlier(path, _SIGN, "ztctl ssh users")
    about = f" of {found.host}" if found.host else ""
    head = f"# Accounts{about}, {_SIGN}: sh install.sh --users FILE applies it.\n"
    text = head + "".join(f"{line}\n" for line in found.lines)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure(f"cannot write {path}: {(error.strerror or '').lower()}") from error
    return str(path)
