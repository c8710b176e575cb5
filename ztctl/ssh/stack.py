"""The SSH hosts of a stack: what the files say of each, and what of it is live."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from pathlib import Path

from ztctl.core.model.address import Address
from ztctl.core.model.declared import Declared
from ztctl.core.model.identity import HostPart
from ztctl.core.model.kind import Kinds
from ztctl.core.model.names import (
    access_covers,
    ingress_matches,
    is_wildcard,
    specificity,
    to_ascii,
)
from ztctl.core.model.objects import Live, Spare, Wanted
from ztctl.core.model.values import Lookup, Ref
from ztctl.ssh.public_keys import key_files

BASTION = "bastion"


@dataclass(frozen=True, slots=True)
class SshHost:
    """One name by which people log in, or a pattern of such names.

    Attributes:
        name: host name or wildcard, in punycode.
        service: where the tunnel leads, such as ``ssh://localhost:22``; ``bastion`` where whoever
            logs in says it; empty where no rule of the files serves the name.
        tunnel: the tunnel whose rule serves it; ``None`` where none of the files does.
        application: the application that decides for it; ``None`` where the files have none.
        record: its DNS record, if the files have one.
        ca_key: the CA of that application, if it has one.
        policies: who may enter: names of policies, in order of precedence.
        is_terminal: the application shows a terminal in the browser.
        key_file: where the CA's public key is written.
        parts: the objects of which the way in consists, as far as the files declare them.
    """

    name: str
    service: str = ""
    tunnel: Address | None = None
    application: Address | None = None
    record: Address | None = None
    ca_key: Address | None = None
    policies: tuple[str, ...] = ()
    is_terminal: bool = False
    key_file: Path | None = None
    parts: tuple[Address, ...] = ()

    @property
    def is_bastion(self) -> bool:
        """Whether the client names the machine behind it (``--destination``)."""
        return self.service == BASTION

    @property
    def is_wildcard(self) -> bool:
        """Whether it stands for many names."""
        return is_wildcard(self.name)


@dataclass(frozen=True, slots=True)
class SeenHost:
    """A host with what the account has of it; empty where that is not live yet.

    Attributes:
        host: what the files say.
        tunnel_name: live name of its tunnel, mark included.
        tunnel_id: id of its tunnel, a UUID.
        tunnel_runs: a connector is connected; ``None`` where the tunnel is not live.
        tunnel_by_file: its tunnel is run by a config.yml on a server and by credentials, not by a
            token.
        next_tunnel: id and live name of the one that is to take its place, if there is one.
        aud: audience tag of its application, 64 hex digits.
        public_key: the CA's public key, one line in OpenSSH form, without a line end.
        next_key: likewise of the CA that is to sign once a rotation moves the name.
        pending: those of its parts that an apply would still make or change.
    """

    host: SshHost
    tunnel_name: str = ""
    tunnel_id: str = ""
    tunnel_runs: bool | None = None
    tunnel_by_file: bool = False
    next_tunnel: tuple[str, str] | None = None
    aud: str = ""
    public_key: str = ""
    next_key: str = ""
    pending: tuple[Address, ...] = ()

    @property
    def tunnels(self) -> tuple[tuple[str, str], ...]:
        """Id and live name of each tunnel that may serve the host: while it is migrated, two."""
        own = (self.tunnel_id, self.tunnel_name)
        return tuple(it for it in (own, self.next_tunnel) if it is not None and it[0])

    @property
    def takes_token(self) -> bool:
        """Whether its connector is started by a token, as one of a twin is that comes."""
        return not self.tunnel_by_file or self.next_tunnel is not None

    @property
    def trusted(self) -> tuple[str, ...]:
        """The keys that a server is to trust: what signs, and before a move what will sign.

        Not what signed before the move: a new bundle is what ends the trust in it.
        """
        return tuple(dict.fromkeys(it for it in (self.public_key, self.next_key) if it))


@dataclass(frozen=True, slots=True)
class _Guard:
    """An application of the files, with its names and its CA."""

    wanted: Wanted
    names: frozenset[str]
    ca_key: Address | None


@dataclass(frozen=True, slots=True)
class _Rule:
    """One rule of a tunnel of the files."""

    name: str
    service: str
    tunnel: Address


@dataclass(frozen=True, slots=True)
class _Files:
    """What of the files concerns logins by SSH."""

    guards: tuple[_Guard, ...]
    rules: tuple[_Rule, ...]
    records: Mapping[str, Wanted]
    key_files: Mapping[Address, Path] = field(default_factory=dict)


def ssh_hosts(declared: Declared, kinds: Kinds) -> tuple[SshHost, ...]:
    """The names by which people log in: those that lead to SSH, or whose application has a CA.

    In order of names. A pattern is one of them where a rule serves all of it, or nothing narrower
    is served.
    """
    files = _files(declared, kinds)
    return tuple(_host(name, files) for name in sorted(_names(files)))


def seen_hosts(
    hosts: Iterable[SshHost], live: Mapping[Address, Live], pending: Set[Address]
) -> tuple[SeenHost, ...]:
    """Join hosts with the account.

    Args:
        hosts: those of the files.
        live: the live object of each declared one.
        pending: what an apply would still make or change.
    """
    return tuple(_seen(host, live, pending) for host in hosts)


def _seen(host: SshHost, live: Mapping[Address, Live], pending: Set[Address]) -> SeenHost:
    tunnel, guard, ca_key = (
        live.get(it) if it else None for it in (host.tunnel, host.application, host.ca_key)
    )
    return SeenHost(
        host,
        tunnel_name=tunnel.name if tunnel else "",
        tunnel_id=tunnel.id if tunnel else "",
        tunnel_runs=bool(tunnel.attribute("running")) if tunnel else None,
        tunnel_by_file=tunnel is not None and tunnel.values.get("config") == "local",
        next_tunnel=_next_tunnel(host, live),
        aud=str(guard.attribute("aud") or "") if guard else "",
        public_key=str(ca_key.attribute("public_key") or "").strip() if ca_key else "",
        next_key=_next_key(host, live),
        pending=tuple(it for it in host.parts if it in pending),
    )


def _next_tunnel(host: SshHost, live: Mapping[Address, Live]) -> tuple[str, str] | None:
    """The tunnel that a migration puts in its tunnel's place; ``None`` where none is under way."""
    if host.tunnel is None:
        return None
    found = live.get(replace(host.tunnel, key=f"{host.tunnel.key}{Spare.NEXT.ending}"))
    return (found.id, found.name) if found is not None else None


def _next_key(host: SshHost, live: Mapping[Address, Live]) -> str:
    """The key of the CA to which a rotation leads; empty where none is under way."""
    if host.ca_key is None or host.application is None:
        return ""
    ca_key = live.get(Address(host.ca_key.kind, f"{host.application.key}{Spare.NEXT.ending}"))
    return str(ca_key.attribute("public_key") or "").strip() if ca_key is not None else ""


def _files(declared: Declared, kinds: Kinds) -> _Files:
    application, tunnel, record, ca_key = (
        kinds.of_host(part)
        for part in (
            HostPart.APPLICATION,
            HostPart.TUNNEL,
            HostPart.RECORD,
            HostPart.CA_KEY,
        )
    )
    of_application = {
        to.to: item.address
        for item in declared.of(ca_key.name)
        if isinstance(to := item.values.get("application"), Ref)
    }
    return _Files(
        tuple(
            _Guard(
                item,
                application.hosts(item.address.key, item.values),
                of_application.get(item.address),
            )
            for item in declared.of(application.name)
        ),
        tuple(_rules(declared.of(tunnel.name))),
        {to_ascii(item.address.key): item for item in declared.of(record.name)},
        {item.address: path for item, path in key_files(declared)},
    )


def _rules(tunnels: Iterable[Wanted]) -> Iterator[_Rule]:
    for wanted in tunnels:
        for rule in wanted.values.get("ingress") or ():
            origin = rule.get("origin_request") or {}
            service = BASTION if origin.get("bastion_mode") else str(rule.get("service") or "")
            yield _Rule(to_ascii(str(rule.get("hostname") or "*")), service, wanted.address)


def _names(files: _Files) -> set[str]:
    with_ca = {name for guard in files.guards if guard.ca_key for name in guard.names}
    served = {
        rule.name
        for rule in files.rules
        if rule.name != "*"
        and (_is_ssh(rule.service) or any(access_covers(it, rule.name) for it in with_ca))
    }
    unserved = {
        name
        for name in with_ca
        if not is_wildcard(name) or not any(access_covers(name, other) for other in served)
    }
    return served | unserved


def _is_ssh(service: str) -> bool:
    return service == BASTION or service.startswith("ssh://")


def _host(name: str, files: _Files) -> SshHost:
    record = files.records.get(name)
    rule, guard = _rule(name, record, files.rules), _guard(name, files)
    policies = tuple(guard.wanted.values.get("policies") or ()) if guard else ()
    parts = (
        guard.wanted.address if guard else None,
        *(it.to for it in policies if isinstance(it, Ref)),
        rule.tunnel if rule else None,
        record.address if record else None,
        guard.ca_key if guard else None,
    )
    return SshHost(
        name,
        service=rule.service if rule else "",
        tunnel=rule.tunnel if rule else None,
        application=guard.wanted.address if guard else None,
        record=record.address if record else None,
        ca_key=guard.ca_key if guard else None,
        policies=tuple(_named(it) for it in policies),
        is_terminal=guard is not None and guard.wanted.values.get("type") == "ssh",
        key_file=files.key_files.get(guard.ca_key) if guard and guard.ca_key else None,
        parts=tuple(it for it in parts if it is not None),
    )


def _rule(name: str, record: Wanted | None, rules: Iterable[_Rule]) -> _Rule | None:
    """The rule that serves a name: of the tunnel to which its record leads, if that is known."""
    leads = record.values.get("tunnel") if record else None
    for rule in rules:
        to = leads.to if isinstance(leads, Ref) else None
        if to is not None and to.kind == rule.tunnel.kind and to != rule.tunnel:
            continue
        # Where no record says which tunnel it is, the closing rule of one says nothing of others.
        if ingress_matches(rule.name, name) and not rule.service.startswith("http_status:"):
            return rule
    return None


def _guard(name: str, files: _Files) -> _Guard | None:
    """The application that decides for a name: the most specific of those that cover it."""
    covering = [
        (specificity(pattern), guard)
        for guard in files.guards
        for pattern in guard.names
        if access_covers(pattern, name)
    ]
    return max(covering, key=lambda it: it[0])[1] if covering else None


def _named(policy: object) -> str:
    match policy:
        case Ref(to=to):
            return to.key
        case Lookup(name=name):
            return name
        case _:
            return str(policy)
