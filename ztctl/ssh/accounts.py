"""Read a host's accounts and lists of addresses; no content of a file stands in an error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ztctl.core.model.diagnostics import Problem, Problems, Where
from ztctl.core.model.principals import is_address
from ztctl.core.model.ssh_users import HostAccounts, UnixAccount

_FROM_SERVER: Final = "getent passwd > FILE on the server writes it"
_GROUPS: Final = "getent group > FILE on the server writes it"


def addresses_of(text: str, name: str) -> tuple[str, ...]:
    """Addresses from a text, one a line; ``#`` begins a comment.

    Raises:
        Problems: every line that is something else.
    """
    found: list[str] = []
    problems: list[Problem] = []
    for number, line in _lines(text):
        bare = line.partition("#")[0].strip()
        if not bare:
            continue
        if is_address(bare):
            found.append(bare)
            continue
        where = Where(name, number, len(line) - len(line.lstrip()) + 1)
        several = "@" in bare and any(it in bare for it in ",; \t<")
        text_ = "more than an e-mail address" if several else "no e-mail address"
        problems.append(Problem(f"{text_} on this line", where, "write one address a line"))
    if not found and not problems:
        problems.append(Problem(f"{name} names nobody", Where(name, 1, 1), "one address a line"))
    if problems:
        raise Problems(problems)
    return tuple(found)


def accounts_of(passwd: str, name: str, group: str = "", group_name: str = "") -> HostAccounts:
    """Read the output of ``getent passwd``, and of ``getent group``.

    Raises:
        Problems: every line that is something else.
    """
    problems: list[Problem] = []
    accounts = {it.name: it for it in _accounts(passwd, name, problems)}
    if not accounts and not problems:
        problems.append(Problem(f"{name} has no account", Where(name, 1, 1), _FROM_SERVER))
    groups = dict(_groups(group, group_name, problems))
    if problems:
        raise Problems(problems)
    return HostAccounts(accounts, groups)


def _accounts(text: str, file: str, problems: list[Problem]) -> Iterator[UnixAccount]:
    for number, line in _lines(text):
        # A line of NIS says nothing about an account of this host.
        if not line or line[0] in "+-#":
            continue
        fields = line.split(":")
        if len(fields) == 7 and fields[0] and fields[2].isdecimal() and fields[3].isdecimal():
            name, _, uid, gid, _, home, shell = fields
            yield UnixAccount(name, int(uid[:10]), int(gid[:10]), home, shell)
        else:
            what = "it looks like a shadow file" if len(fields) == 9 else "no line of passwd(5)"
            problems.append(Problem(what, Where(file, number, 1), _FROM_SERVER))


def _groups(text: str, file: str, problems: list[Problem]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for number, line in _lines(text):
        if not line or line[0] in "+-#":
            continue
        fields = line.split(":")
        if len(fields) == 4 and fields[0] and fields[2].isdecimal():
            yield fields[0], tuple(filter(None, fields[3].split(",")))
        else:
            problems.append(Problem("no line of group(5)", Where(file, number, 1), _GROUPS))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    return ((number, line.rstrip("\r")) for number, line in enumerate(text.split("\n"), 1))
