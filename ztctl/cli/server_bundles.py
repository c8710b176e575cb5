"""Which bundles a command makes: the servers of the files, with the CA keys that are live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ztctl.cli.session import run_to_end
from ztctl.cli.settings import Settings, Usage
from ztctl.cli.ssh_ca_reading import planned_of
from ztctl.cli.ssh_reading import hosts_of, seen_by
from ztctl.cli.tunnel_choice import run_by_a_file
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Failure, Problems
from ztctl.core.model.identity import HostPart
from ztctl.core.model.objects import Spare
from ztctl.documents.suggest import nearest
from ztctl.kinds.local_tunnel import is_local
from ztctl.kinds.registry import KINDS
from ztctl.ssh.bundle import Server, TrustedKey, trusted_keys
from ztctl.ssh.server_users import is_account_name, mapping_line, users_problems
from ztctl.ssh.sshd_config import Profile
from ztctl.ssh.stack import SeenHost, ssh_hosts
from ztctl.views.view import View

_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the options say of a server.

    Attributes:
        profile: settings of sshd.
        break_glass: an account that keeps its own keys, if any.
        maps: ``ACCOUNT=NAME,…``, each.
        users: a users file.
        trust: files of CA keys to trust beside those of the hosts.
    """

    profile: Profile = Profile.minimal
    break_glass: str | None = None
    maps: Sequence[str] = ()
    users: Path | None = None
    trust: Sequence[Path] = ()

    def __post_init__(self) -> None:
        """Refuse what is wrong usage.

        Raises:
            Usage: see the text.
        """
        if self.break_glass is None:
            return
        if self.profile is not Profile.hardened:
            raise Usage("--break-glass is for --profile hardened", "others keep their keys anyway")
        if not is_account_name(self.break_glass):
            raise Usage(f"--break-glass: {self.break_glass!r} is no name of an account")


def servers_by(
    chosen: Settings, declared: Declared, view: View, names: Sequence[str], wishes: Wishes
) -> list[Server]:
    """One server of all the named hosts; without names one for each host that has a CA.

    Raises:
        CallFailed, Failures: the account cannot be read.
        Failure: a host has no CA, or none is live yet.
        Problems: a file of the options is wrong.
        Usage: no host is called so; an option is wrong.
    """
    users = _users_text(wishes)
    trusted = tuple(key for path in wishes.trust for key in trusted_keys(str(path), _text_of(path)))
    wanted = dict.fromkeys(it for name in names for it in hosts_of(declared, name))
    seen = seen_by(chosen, declared, view).hosts
    named = [it for it in seen if it.host in wanted]
    groups = [named] if named else [[it] for it in seen if it.host.ca_key is not None]
    if not groups:
        raise Failure("no SSH host of the files has a CA key", "say `ca_key: true` on a host")
    return [_server(declared.stack, group, trusted, users, wishes) for group in groups]


def connector_server(chosen: Settings, declared: Declared, view: View, tunnel: str) -> Server:
    """The machine of a connector alone: it trusts no CA key, and takes this tunnel's token alone.

    Raises:
        CallFailed, Failures, Problems: the account cannot be read.
        Failure: the tunnel is not live yet, or is run by a file on its server.
        Usage: the files have no such tunnel.
    """
    known = {it.address.key: it.address for it in declared.of(KINDS.of_host(HostPart.TUNNEL).name)}
    if tunnel not in known:
        near = nearest(tunnel, tuple(known))
        hint = f"did you mean {near}?" if near else f"they have {', '.join(known) or 'none'}"
        raise Usage(f"the files have no tunnel {tunnel!r}", hint)
    pairs = run_to_end(planned_of(chosen, declared, view)).draft.ledger.pairs
    live = pairs.get(known[tunnel])
    if live is None:
        raise Failure(f"the tunnel {tunnel} is not live yet", "ztctl apply makes it")
    # While the tunnel is migrated, the token may be that of its twin.
    twin = pairs.get(replace(known[tunnel], key=f"{tunnel}{Spare.NEXT.ending}"))
    if twin is None and is_local(live.values):
        raise run_by_a_file(tunnel)
    led = (it for it in ssh_hosts(declared, KINDS) if it.tunnel and it.tunnel.key == tunnel)
    return Server(
        declared.stack,
        (),
        tunnel=tunnel,
        tunnels=tuple((it.id, it.name) for it in (live, twin) if it is not None),
        services=tuple(it.service for it in led),
    )


def _server(
    stack: str,
    seen: Sequence[SeenHost],
    trusted: tuple[TrustedKey, ...],
    users: str,
    wishes: Wishes,
) -> Server:
    keys: dict[str, TrustedKey] = {}
    for it in seen:
        if it.host.ca_key is None:
            raise Failure(
                f"{it.host.name} has no CA key: logins are by keys of one's own",
                "its server needs nothing of this; `ca_key: true` on the host makes one",
            )
        if not it.trusted:
            raise Failure(f"the CA key of {it.host.name} is not live yet", "ztctl apply makes it")
        for line in it.trusted:
            keys.setdefault(line, TrustedKey(it.host.ca_key.key, line))
    for key in trusted:
        keys.setdefault(key.line, key)
    return Server(
        stack,
        tuple(it.host.name for it in seen),
        tuple(keys.values()),
        wishes.profile,
        wishes.break_glass or "",
        users,
        tunnels=tuple(
            dict.fromkeys(found for it in seen if it.takes_token for found in it.tunnels)
        ),
        connector=any(it.takes_token for it in seen),
        bastions=tuple(it.host.name for it in seen if it.host.is_bastion),
        services=tuple(it.host.service for it in seen),
    )


def _users_text(wishes: Wishes) -> str:
    try:
        lines = "".join(mapping_line(it) for it in wishes.maps)
    except ValueError as error:
        raise Usage(f"--map: {error}", "for example --map deploy=jdoe,asmith") from error
    if wishes.users is None:
        return lines
    text = _text_of(wishes.users)
    if problems := tuple(users_problems(text, str(wishes.users))):
        raise Problems(problems)
    return text + ("" if text.endswith("\n") else "\n") + lines


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode()
    except OSError as error:
        raise Failure(f"cannot read {path}: {(error.strerror or '').lower()}") from error
    except UnicodeDecodeError as error:
        raise Failure(f"{path} is no text") from error
