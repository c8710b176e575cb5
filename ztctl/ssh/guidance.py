"""Next steps after an apply: connectors, sshd_config of servers, ssh_config of clients.

The sshd lines and the ssh_config block were tested with OpenSSH 9.2 and cloudflared 2026.8.2. The
block has two parts, so that after a failed signing the login still ends in a clear message of the
server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ztctl.core.model.address import Address
from ztctl.core.model.declared import Declared
from ztctl.core.model.events import Outcome
from ztctl.core.model.identity import HostPart
from ztctl.core.model.kind import Kinds
from ztctl.core.model.names import is_wildcard, to_ascii
from ztctl.core.model.objects import Wanted
from ztctl.core.model.plan import Action, Plan
from ztctl.core.model.values import Ref
from ztctl.ssh.public_keys import key_files

CONNECTOR = """Where the servers are, a connector for the {tunnels}:
  cloudflared tunnel run --token …   (from the dashboard: Networks, Tunnels)"""

SERVER = """On each server (OpenSSH), with the CA key copied to /etc/ssh/ztctl_ca.pub:
  PubkeyAuthentication yes
  TrustedUserCAKeys /etc/ssh/ztctl_ca.pub
  then: sshd -t && systemctl reload ssh   (the unit is sshd on RHEL)"""

CLIENT = """In ~/.ssh/config of whoever logs in, with cloudflared installed:
  Match host {host} exec "cloudflared access ssh-gen --hostname {name}"
    IdentityFile ~/.cloudflared/{name}-cf_key
    CertificateFile ~/.cloudflared/{name}-cf_key-cert.pub
    IdentitiesOnly yes
  Host {host}
    ProxyCommand cloudflared access ssh --hostname %h"""

OWN_KEYS = """In ~/.ssh/config of whoever logs in, with keys of their own and cloudflared installed:
  Host {host}
    ProxyCommand cloudflared access ssh --hostname %h"""

OWN_KEYS_BEHIND = """In ~/.ssh/config of whoever logs in by an own key, one block a machine:
  Host db1
    HostName 10.0.0.12
    HostKeyAlias db1
    ProxyCommand cloudflared access ssh --hostname {host} --destination %h:%p"""

BASTION = """In ~/.ssh/config of whoever logs in, one block a machine behind the bastion:
  Match originalhost db1 exec "cloudflared access ssh-gen --hostname {host}"
    IdentityFile ~/.cloudflared/{host}-cf_key
    CertificateFile ~/.cloudflared/{host}-cf_key-cert.pub
    IdentitiesOnly yes
  Host db1
    HostName 10.0.0.12
    HostKeyAlias db1
    ProxyCommand cloudflared access ssh --hostname {host} --destination %h:%p"""


# Of more hosts and keys than that only so many are named.
MOST = 3


def next_steps(declared: Declared, plan: Plan, outcome: Outcome, kinds: Kinds) -> str:
    """Describe what is left to do for the objects that an apply created; may be empty."""
    created = {change.address for change in plan.changes if change.action is Action.CREATE}
    parts = [
        *_connector(created, kinds),
        *_keys(declared, created, outcome, kinds),
        *_without_keys(declared, created, kinds),
    ]
    return "\n\n".join(parts)


def _connector(created: set[Address], kinds: Kinds) -> Iterator[str]:
    tunnel = kinds.of_host(HostPart.TUNNEL).name
    tunnels = sorted(address.key for address in created if address.kind == tunnel)
    if tunnels:
        named = f"tunnel{'s' if len(tunnels) > 1 else ''} {', '.join(tunnels)}"
        yield CONNECTOR.format(tunnels=named)


def _keys(
    declared: Declared, created: set[Address], outcome: Outcome, kinds: Kinds
) -> Iterator[str]:
    ca_key = kinds.of_host(HostPart.CA_KEY).name
    keys = [item for item in declared.wanted if item.address.kind == ca_key]
    new = [item for item in keys if item.address in created and item.address in outcome.live]
    if not new:
        return
    yield "\n".join(["CA keys:", *_key_lines(new, dict(_files(declared)), outcome)])
    yield SERVER
    hosts = list(dict.fromkeys(host for item in new for host in _hosts(declared, item, kinds)))
    services = _services(declared, kinds)
    yield from _blocks([host for host in hosts if services.get(host) != "bastion"], CLIENT)
    for host in hosts:
        if services.get(host) == "bastion":
            yield BASTION.format(host=_one_of(host))


def _without_keys(declared: Declared, created: set[Address], kinds: Kinds) -> Iterator[str]:
    """What goes to clients for new hosts whose application has no CA."""
    kind, ca_key = (kinds.of_host(part).name for part in (HostPart.APPLICATION, HostPart.CA_KEY))
    keys = (item.values["application"] for item in declared.of(ca_key))
    with_ca = {key.to for key in keys if isinstance(key, Ref)}
    hosts = [
        host
        for item in declared.of(kind)
        if item.address in created and item.address not in with_ca
        for host in sorted(kinds[kind].hosts(item.address.key, item.values))
    ]
    services = _services(declared, kinds)
    yield from _blocks([it for it in hosts if services.get(it, "").startswith("ssh://")], OWN_KEYS)
    for host in hosts:
        if services.get(host) == "bastion":
            yield OWN_KEYS_BEHIND.format(host=_one_of(host))


def _blocks(hosts: list[str], block: str) -> Iterator[str]:
    """A block for the first host, which the others are like, and one for each pattern."""
    exact = [host for host in hosts if not is_wildcard(host)]
    if exact:
        others = exact[1:]
        named = ", ".join(others) if len(others) <= MOST else f"the {len(others)} other hosts"
        more = f"\n  (and likewise for {named})" if others else ""
        yield block.format(host=exact[0], name=exact[0]) + more
    for host in hosts:
        if is_wildcard(host):
            yield block.format(host=host, name="%h")


def _one_of(host: str) -> str:
    """A name of a pattern, for one machine; a name itself."""
    return host.replace("*", "db1")


def _files(declared: Declared) -> Iterator[tuple[Address, Path]]:
    return ((wanted.address, path) for wanted, path in key_files(declared))


def _key_lines(
    new: Sequence[Wanted], files: Mapping[Address, Path], outcome: Outcome
) -> Iterator[str]:
    """Where each key is; of many that are in one folder, and of many in none, how many."""
    folders: dict[Path, list[Wanted]] = {}
    for item in new:
        if path := files.get(item.address):
            folders.setdefault(path.parent, []).append(item)
    for folder, items in folders.items():
        if len(items) > MOST:
            yield f"  {len(items)} of them in {folder}/"
        else:
            yield from (f"  {item.address.key}: in {files[item.address]}" for item in items)
    shown = [item for item in new if item.address not in files]
    for item in shown[:MOST]:
        yield f"  {item.address.key}: {outcome.live[item.address].attribute('public_key')}"
    if len(shown) > MOST:
        yield f"  and {len(shown) - MOST} more: with `public_key_file:` the next apply saves them"


def _hosts(declared: Declared, item: Wanted, kinds: Kinds) -> list[str]:
    application = kinds.of_host(HostPart.APPLICATION)
    address = Address(application.name, item.address.key)
    found = (wanted for wanted in declared.wanted if wanted.address == address)
    names = (name for it in found for name in application.hosts(address.key, it.values))
    return sorted(names)


def _services(declared: Declared, kinds: Kinds) -> dict[str, str]:
    """Where the rules of the files lead, by host name or pattern."""
    rules = (
        rule
        for wanted in declared.of(kinds.of_host(HostPart.TUNNEL).name)
        for rule in wanted.values.get("ingress") or ()
    )
    return {to_ascii(str(it.get("hostname"))): str(it.get("service")) for it in rules}
