"""What the files need of a token, without an account: their zones are told by name."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from ztctl.cli.settings import Usage
from ztctl.core.model.declared import Declared
from ztctl.core.model.names import is_within, to_ascii
from ztctl.core.model.needs import Need
from ztctl.core.planning import check
from ztctl.engine.read import ask_for
from ztctl.engine.rehearsal import HollowAccount, needs
from ztctl.kinds import organization
from ztctl.kinds.registry import KINDS

# Second levels below which a country's registry sells names; not the whole Public Suffix List.
_SECOND = frozenset(
    {"ac", "co", "com", "edu", "gob", "gov", "ltd", "mil", "ne", "net", "or", "org"}
)
_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)+")
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class StatedZone:
    """A zone that the command line states by ``--zone NAME`` or ``--zone NAME=ID``."""

    name: str
    id: str = ""

    @classmethod
    def parse(cls, text: str) -> StatedZone:
        """Read an option's text.

        Raises:
            Usage: it is no host name, or no id of a zone stands behind it.
        """
        name, equals, id_ = text.partition("=")
        if not _NAME.fullmatch(to_ascii(name)):
            raise Usage(f"--zone {text!r} is not the name of a zone", "write --zone example.com")
        if equals and not _ID.fullmatch(id_):
            hint = "copy it whole from the zone's overview: 32 characters, 0 to 9 and a to f"
            raise Usage(f"--zone {name}: {id_!r} is not the id of a zone", hint)
        return cls(to_ascii(name), id_)


def needs_of(
    declared: Declared, stated: Collection[str] = ()
) -> tuple[tuple[Need, ...], dict[str, bool]]:
    """What a token needs for these files; and their zones, each with whether it is a guess.

    ``stated`` are names of zones, which go before any guess.
    """
    import asyncio

    found = zones_of(hosts_of(declared), stated)
    return asyncio.run(rehearsed(declared, found)), found


async def rehearsed(declared: Declared, names: Iterable[str]) -> tuple[Need, ...]:
    """What a token needs for these files, whose host names lie in the zones of these names."""
    ids = {sha256(name.encode()).hexdigest()[:32]: name for name in sorted(names)}
    return await needs(declared, KINDS, HollowAccount(ids, _replies(ids)))


def hosts_of(declared: Declared) -> frozenset[str]:
    """The host names of the files, in punycode."""
    return ask_for(declared, check.expanded(declared, KINDS), KINDS).hosts


def zones_of(names: Iterable[str], stated: Collection[str] = ()) -> dict[str, bool]:
    """The zones of host names, by name, each with whether it is a guess."""
    found = dict.fromkeys(sorted(stated), False)
    for name in sorted(names):
        bare = ".".join(label for label in name.split(".") if label != "*")
        if _NAME.fullmatch(bare) and not any(is_within(bare, zone) for zone in stated):
            found[_guess(bare.split("."))] = True
    return found


def _guess(labels: list[str]) -> str:
    deep = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND
    return ".".join(labels[-3:] if deep else labels[-2:])


def _replies(ids: Mapping[str, str]) -> dict[str, object]:
    # Of the dearest plan, so that no limit stands in the way.
    zones = [
        {"id": id_, "name": name, "status": "active", "plan": {"legacy_id": "enterprise"}}
        for id_, name in ids.items()
    ]
    return {"/zones": zones, organization.PATH: {"auth_domain": "team.cloudflareaccess.com"}}
