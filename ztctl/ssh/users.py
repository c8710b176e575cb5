"""From the people of a host to its accounts: what is missing, what must not be, what is written.

Sources: useradd(8) and adduser(8) of Debian 12 for names; sshd(8): the login name is one of the
certificate's principals, by case; `AuthorizedPrincipalsFile` replaces that for an account.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from shlex import quote
from typing import Final

from ztctl.core.model.principals import SYSTEM_NAMES, by_principal, principal_of
from ztctl.core.model.ssh_users import (
    HostAccounts,
    NamedUser,
    NameFault,
    Presence,
    UserFault,
    UsersReport,
)
from ztctl.ssh.server_users import is_account_name

UID_MIN: Final = 1000
ALL: Final = "all"
# useradd takes these; a digit first, or a dot last, is taken and then misread by other programs.
_NAME: Final = re.compile(r"[a-z_][a-z0-9_.+-]{0,31}(?<!\.)", re.ASCII)
_LONGEST: Final = 32
_NO_SHELLS: Final = ("nologin", "false")
_NOBODY: Final = 65534


@dataclass(frozen=True, slots=True)
class UserChoices:
    """What the person who runs this has decided.

    Attributes:
        aliases: by name the account that it is to be the same as.
        maps: by account the addresses that may log in to it.
        collisions, systems: names of which it is meant; ``all``: of every one.
        uid_min: the lowest uid of a person (UID_MIN of login.defs).
    """

    aliases: Mapping[str, str] = field(default_factory=dict)
    maps: Mapping[str, Sequence[str]] = field(default_factory=dict)
    collisions: Collection[str] = ()
    systems: Collection[str] = ()
    uid_min: int = UID_MIN


def users_report(
    host: str,
    addresses: Sequence[str],
    unlisted: Sequence[str],
    known: HostAccounts | None,
    choices: UserChoices,
) -> UsersReport:
    """Compare people with accounts.

    Args:
        host: host name, or empty.
        addresses: of all people who may enter.
        unlisted: whom policies admit beside them, in words.
        known: the host's accounts; ``None``: not seen.
        choices: aliases, mappings and what is allowed.
    """
    work = _Users(addresses, known, choices)
    users = tuple(work.users())
    return UsersReport(host, users, tuple(unlisted), tuple(work.lines(users)))


class _Users:
    def __init__(
        self, addresses: Sequence[str], known: HostAccounts | None, choices: UserChoices
    ) -> None:
        self._people = by_principal(addresses)
        self._known, self._choices = known, choices
        self._spelt: dict[str, set[str]] = {}
        for address in addresses:
            name = principal_of(address)
            self._spelt.setdefault(name.lower(), set()).add(name)
        self._maps = {
            account: tuple(dict.fromkeys(principal_of(it.lower()) for it in emails))
            for account, emails in choices.maps.items()
        }

    def users(self) -> Iterator[NamedUser]:
        """Everybody by name, then the accounts of which mappings alone speak."""
        for name, emails in self._people.items():
            yield self._user(name, emails)
        for account in self._maps:
            if account not in self._people and (found := self._target(account)):
                yield NamedUser(account, (), self._presence(account), found, is_written=False)

    def _user(self, name: str, emails: tuple[str, ...]) -> NamedUser:
        account = self._account_of(name)
        into = tuple(it for it, names in self._maps.items() if name in names)
        alias = self._choices.aliases.get(name, "")
        faults = tuple(self._faults(account, emails, into, alias))
        left_out = any(it.counts for it in faults)
        needs = not into or bool(alias) or self._presence(account) is Presence.PRESENT
        # What is there and cannot stand in the file needs no line of it.
        needs = needs and is_account_name(account)
        return NamedUser(
            account,
            emails,
            self._presence(account),
            faults,
            accounts=tuple(it for it in into if it != account),
            alias_of=alias,
            is_written=needs and not left_out,
        )

    def _account_of(self, name: str) -> str:
        """The account of a name: one of the host in the letters of the address, else in small."""
        spelt = sorted(self._spelt.get(name, ()))
        accounts = self._known.accounts if self._known else {}
        return next((it for it in spelt if it in accounts and name not in accounts), name)

    def _presence(self, account: str) -> Presence:
        if self._known is None:
            return Presence.UNSEEN
        return Presence.PRESENT if account in self._known.accounts else Presence.MISSING

    # -- what stands against a name ---------------------------------------------------------

    def _faults(
        self, name: str, emails: tuple[str, ...], into: tuple[str, ...], alias: str
    ) -> Iterator[NameFault]:
        if len(emails) > 1:
            yield self._collision(name, emails)
        if system := self._system(name):
            yield system
        if self._presence(name) is Presence.PRESENT:
            yield from self._of_present(name, alias, mapped=bool(into))
        else:
            yield from self._of_missing(name, mapped=bool(into))
        if self._is_spelt_otherwise(name):
            yield NameFault(
                UserFault.CASE,
                f"written {', '.join(self._other_spellings(name))}: sshd tells capitals from small "
                "letters, and which of them the certificate has is not documented",
                f"the users file lets the account {name} in by either",
            )
        if alias:
            yield from self._target(alias)

    def _collision(self, name: str, emails: tuple[str, ...]) -> NameFault:
        return NameFault(
            UserFault.COLLISION,
            f"{' and '.join(emails)} are the same account {name}: certificates hold no domain",
            "let the policies of the host admit one of them, or say that it is meant: "
            f"--allow-collision {name}",
            self._is_in(name, self._choices.collisions),
        )

    def _system(self, name: str) -> NameFault | None:
        known = self._known.accounts.get(name) if self._known else None
        if known is not None and (known.uid < self._choices.uid_min or known.uid == _NOBODY):
            why = f"an account of the system (uid {known.uid})"
        elif name in SYSTEM_NAMES:
            why = "the name of an account of the system"
        else:
            return None
        return NameFault(
            UserFault.SYSTEM,
            f"{name} is {why}, and this certificate opens it where it exists, in the users file or "
            "not",
            f"use another address, or `DenyUsers {name}` on the server; or say that it is meant: "
            f"--allow-system {name}",
            self._is_in(name, self._choices.systems),
        )

    def _of_present(self, name: str, alias: str, *, mapped: bool) -> Iterator[NameFault]:
        assert self._known is not None
        account = self._known.accounts[name]
        if not mapped and not self._system(name) and account.shell.rpartition("/")[2] in _NO_SHELLS:
            yield NameFault(
                UserFault.NO_SHELL,
                f"the account {name} has the shell {account.shell}, and lets nobody in",
                f"usermod -s /bin/bash {quote(name)}, if it is a person's",
            )
        other = self._known.accounts.get(alias)
        if other is not None and other.uid != account.uid:
            yield NameFault(
                UserFault.OTHER_UID,
                f"{name} has the uid {account.uid}, and is no alias of {alias}, {other.uid}",
                "drop the alias, or map the person: --map",
            )

    def _of_missing(self, name: str, *, mapped: bool) -> Iterator[NameFault]:
        # A name that is mapped makes no account: only a line of the users file has to hold it.
        if not (is_account_name(name) if mapped else _NAME.fullmatch(name)):
            why = f"longer than {_LONGEST} characters" if len(name) > _LONGEST else "no safe name"
            yield NameFault(
                UserFault.BAD_NAME,
                f"{name} is {why} for an account: small letters, digits and _ . + - are, with a "
                "letter first",
                "map the person to an account: --map ACCOUNT=EMAIL"
                if is_account_name(name)
                else "let the person log in by another address",
            )
        elif mapped:
            return
        elif self._known is not None and name in self._known.groups:
            yield NameFault(
                UserFault.GROUP_TAKEN,
                f"there is a group {name}, so that no account of that name can be made with one",
                f"useradd -m -g {name} {name} on the server, if its members are to be meant; or "
                "--map ACCOUNT=EMAIL",
            )

    def _target(self, account: str) -> tuple[NameFault, ...]:
        """What stands against an account to which a name is led."""
        found = []
        if system := self._system(account):
            found.append(system)
        if self._presence(account) is Presence.MISSING and account not in self._people:
            words = f"there is no account {account} on the host"
            found.append(NameFault(UserFault.NO_TARGET, words, "make it first, or name another"))
        return tuple(found)

    def _is_spelt_otherwise(self, name: str) -> bool:
        return bool(self._other_spellings(name))

    def _other_spellings(self, name: str) -> list[str]:
        return sorted(self._spelt.get(name.lower(), set()) - {name})

    @staticmethod
    def _is_in(name: str, allowed: Collection[str]) -> bool:
        return name in allowed or ALL in allowed

    # -- the users file ---------------------------------------------------------------------

    def lines(self, users: Sequence[NamedUser]) -> Iterator[str]:
        """The lines of the users file: accounts, aliases, then who logs in to which account."""
        written = [it for it in users if it.is_written]
        yield from (f"account\t{it.name}" for it in written if not it.alias_of)
        yield from (f"alias\t{it.name}\t{it.alias_of}" for it in written if it.alias_of)
        principals: dict[str, list[str]] = {}
        wrong = {it.name.lower() for it in users if any(fault.counts for fault in it.faults)}
        for account, names in self._maps.items():
            if account not in wrong:
                principals[account] = [it for it in names if it not in wrong]
        for it in written:
            spelt = [it.name, *self._other_spellings(it.name)]
            # The file replaces that an account lets its own name in.
            if it.name in principals or len(spelt) > 1:
                known = principals.setdefault(it.name, [])
                known[:0] = [name for name in spelt if name not in known]
        for account, known in principals.items():
            if known:
                spellings = ((name, *self._other_spellings(name)) for name in known)
                every = dict.fromkeys(name for them in spellings for name in them)
                yield f"principals\t{account}\t{','.join(every)}"
