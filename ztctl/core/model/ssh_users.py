"""Who logs in to a host, the accounts that they need, and what stands against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class UnixAccount:
    """A line of passwd(5), the password field and the comment left out."""

    name: str
    uid: int
    gid: int
    home: str
    shell: str


@dataclass(frozen=True, slots=True)
class HostAccounts:
    """The accounts of a host.

    Attributes:
        accounts: by name.
        groups: names of groups with their members; empty where no file was given.
    """

    accounts: Mapping[str, UnixAccount]
    groups: Mapping[str, tuple[str, ...]]


class Presence(StrEnum):
    """Whether an account is there."""

    PRESENT = "present"
    MISSING = "missing"
    UNSEEN = "unseen"


class UserFault(StrEnum):
    """What stands against a name."""

    COLLISION = "collision"
    SYSTEM = "system-name"
    BAD_NAME = "bad-name"
    NO_SHELL = "no-shell"
    GROUP_TAKEN = "group-taken"
    OTHER_UID = "other-uid"
    NO_TARGET = "no-account"
    CASE = "case"


# Told, and no difference: the users file settles it.
MENDED = frozenset({UserFault.CASE})


@dataclass(frozen=True, slots=True)
class NameFault:
    """One thing that stands against a name.

    Attributes:
        is_allowed: an option says that it is meant.
    """

    fault: UserFault
    words: str
    remedy: str
    is_allowed: bool = False

    @property
    def counts(self) -> bool:
        """Whether it is a difference."""
        return not self.is_allowed and self.fault not in MENDED


@dataclass(frozen=True, slots=True)
class NamedUser:
    """A name that certificates hold, and who has it.

    Attributes:
        name: the account; in small letters, unless the host has it otherwise.
        emails: all addresses whose certificates hold the name.
        accounts: the accounts that these people log in to beside that name, by ``--map``.
        alias_of: the account whose files it shares; empty: none.
        is_written: it is in the users file.
    """

    name: str
    emails: tuple[str, ...]
    presence: Presence
    faults: tuple[NameFault, ...] = ()
    accounts: tuple[str, ...] = ()
    alias_of: str = ""
    is_written: bool = True

    @property
    def differs(self) -> bool:
        """Whether anything is to be done about it."""
        needs = self.presence is Presence.MISSING and not self.accounts
        return needs or any(it.counts for it in self.faults)


@dataclass(frozen=True, slots=True)
class UsersReport:
    """The people of a host, and the file that makes their accounts.

    Attributes:
        host: host name; empty where addresses came from a file for no host in particular.
        users: by name.
        unlisted: whom policies admit beside these, in words: nobody can list them from here.
        lines: of the users file: ``account``, ``alias``, ``principals``, in fields split by tabs.
    """

    host: str
    users: tuple[NamedUser, ...]
    unlisted: tuple[str, ...]
    lines: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether the host is to be changed, or a name is left out."""
        return any(user.differs for user in self.users)
