"""What is left to do for each SSH host: in the account, at its tunnel, on servers and laptops.

Sources: cloudflared 2026.8.2 (token, connectors, `access ssh-gen`), Cloudflare One documentation
(the principal of a certificate is the part of the address before the @; the browser terminal).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from shlex import quote

from ztctl.core.model.address import Address
from ztctl.core.model.declared import Declared
from ztctl.core.model.events import Outcome
from ztctl.core.model.guide import Commands, GuideStep, HostGuide, Progress, Typed
from ztctl.core.model.kind import Kinds
from ztctl.core.model.plan import Action, Plan
from ztctl.ssh.fingerprint import fingerprint
from ztctl.ssh.stack import SeenHost, ssh_hosts

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_LOOPBACK = re.compile(r"ssh://(localhost|127\.[0-9.]+|\[::1\])(:[0-9]+)?")
_KEYS = (
    "logins are by keys of one's own: the application has no CA key, and sshd needs no other "
    "setting"
)

_UNLOGGED = (
    "logins by this name are not logged: `gateway_rules` see devices with WARP alone, that connect "
    "to an address"
)


def guide_of(
    seen: SeenHost, typed: Typed, inner: Sequence[str] = (), *, logs: bool = False
) -> HostGuide:
    """The steps of one host in their order.

    Args:
        seen: the host.
        typed: how commands are written.
        inner: what the files name behind a bastion.
        logs: the files have rules that log SSH, though no login by this name.
    """
    host, steps = seen.host, _Steps(seen, typed, inner)
    return HostGuide(
        host.name,
        host.service,
        seen.tunnel_name or (host.tunnel.key if host.tunnel else ""),
        seen.tunnel_id,
        seen.tunnel_runs,
        fingerprint(seen.public_key),
        tuple(steps.all()),
        (*steps.notes(), *((_UNLOGGED,) if logs else ())),
    )


def after_apply(
    declared: Declared, plan: Plan, outcome: Outcome, kinds: Kinds, typed: Typed
) -> str:
    """What an apply leaves to do on machines that it does not see; may be empty."""
    created = {change.address for change in plan.changes if change.action is Action.CREATE}
    hosts = [it for it in ssh_hosts(declared, kinds) if created & {*it.parts}]
    if not hosts:
        return ""
    tunnels = dict.fromkeys(
        it.tunnel.key
        for it in hosts
        if it.tunnel and (live := outcome.live.get(it.tunnel)) and not live.attribute("running")
    )
    servers = sum(it.ca_key in created for it in hosts)
    trust = f"Whether {_counted(servers)} its CA cannot be seen from here."
    told = [f"No connector runs for {', '.join(tunnels)}."] if tunnels else []
    told += [trust.replace("its", "their") if servers > 1 else trust] if servers else []
    name = f" {quote(hosts[0].name)}" if len(hosts) == 1 else ""
    return "\n".join((*told, f"Next: {typed.command(f'ssh guide{name}')}"))


def _counted(servers: int) -> str:
    return "the server trusts" if servers == 1 else f"the {servers} servers trust"


def _file(name: str) -> str:
    """A name as a part of a file's name, which a shell takes as it is."""
    return _UNSAFE.sub("_", name)


def _folder(name: str) -> str:
    """The folder of a bundle on its server."""
    return f"ztctl-{_file(name)}"


class _Steps:
    def __init__(self, seen: SeenHost, typed: Typed, inner: Sequence[str]) -> None:
        self._seen, self._host, self._typed = seen, seen.host, typed
        # A pattern and a blank are no words of a shell as they are.
        self._name = quote(seen.host.name)
        self._folder = _folder(seen.host.name)
        self._inner = inner
        self._on_server = "and on each of them:" if seen.host.is_bastion else "and on the server:"

    def all(self) -> Iterator[GuideStep]:
        host = self._host
        guard = [it for it in host.parts if it not in (host.tunnel, host.record)]
        key = ", CA key" if host.ca_key else ""
        policies = f"polic{'y' if len(host.policies) == 1 else 'ies'} {', '.join(host.policies)}"
        named = f", {policies}" if host.policies else ""
        first = self._in_account(f"Access application{named}{key}", guard, bool(host.application))
        yield first
        way = [it for it in (host.tunnel, host.record) if it is not None]
        # Of a tunnel that a file runs the rule is in that file.
        rule = "tunnel rule" if self._seen.takes_token else "tunnel"
        second = self._in_account(f"{rule} and DNS record", way, bool(host.tunnel))
        # One apply sees to both.
        yield replace(second, commands=()) if first.commands else second
        yield self._connector()
        if host.ca_key:
            yield self._server()
            yield self._accounts()
        yield self._laptops()

    def _in_account(self, text: str, parts: Sequence[Address], declared: bool) -> GuideStep:
        if not declared:
            return GuideStep(Progress.UNSEEN, f"{text}: not in these files")
        left = [str(it) for it in self._seen.pending if it in parts]
        if not left:
            return GuideStep(Progress.DONE, text)
        command = Commands((self._typed.command("apply"),))
        return GuideStep(
            Progress.TODO, f"{text}: an apply has to see to {', '.join(left)}", (command,)
        )

    def _connector(self) -> GuideStep:
        seen, host = self._seen, self._host
        if host.tunnel is None:
            text = "a connector: no tunnel of these files serves the name"
            return GuideStep(Progress.UNSEEN, text)
        key = quote(host.tunnel.key)
        if seen.tunnel_runs:
            text = f"a connector of {seen.tunnel_name} runs"
            if seen.takes_token:
                return GuideStep(Progress.DONE, text)
            text += "; its config.yml is to have the rule of this name. On this machine:"
            return GuideStep(Progress.UNSEEN, text, self._rule_in_file(key, host.tunnel.key))
        where = "a machine that reaches " + (
            "the machines behind it" if host.is_bastion else host.service
        )
        if not seen.tunnel_id:
            return GuideStep(Progress.TODO, f"a connector, on {where}, once its tunnel is live")
        if self._is_one_machine:
            text = (
                f"a connector of {seen.tunnel_name} ({seen.tunnel_id}), on {where}, and the CA key "
                "on that server. For both, on this machine:"
            )
            return GuideStep(Progress.TODO, text, self._installation(connector=True))
        text = f"a connector of {seen.tunnel_name} ({seen.tunnel_id}), on {where}. On this machine:"
        folder = _folder(host.tunnel.key)
        if not seen.takes_token:
            return GuideStep(Progress.TODO, text, self._by_file(key, folder))
        render = f"ssh server render --connector {key}"
        here = (self._sent(render, folder, "CONNECTOR"), self._token(folder, "CONNECTOR"))
        there = (f"cd ~/{folder} && sudo sh install.sh --token-file token",)
        return GuideStep(
            Progress.TODO, text, (Commands(here), Commands(there, "and on the connector's:"))
        )

    def _rule_in_file(self, key: str, tunnel: str) -> tuple[Commands, ...]:
        """What compares the file by which a connector runs, and writes it anew."""
        seen, new = f"{_file(tunnel)}-seen.yml", f"{_file(tunnel)}.yml"
        place = "/etc/cloudflared/config.yml"
        check = self._typed.command(f"tunnel files {key} --check {seen}")
        files = self._typed.command(f"tunnel files {key}")
        put = f"sudo tee {place} >/dev/null && sudo systemctl restart cloudflared"
        return (
            Commands((f"ssh CONNECTOR cat {place} > {seen}", check)),
            Commands(
                (f"{files} > {new} && ssh CONNECTOR '{put}' < {new}",),
                "and where they differ (a restart ends every session through it):",
            ),
        )

    def _by_file(self, key: str, folder: str) -> tuple[Commands, ...]:
        """What makes a connector that runs by a config.yml, and by no token."""
        files = self._typed.command(f"tunnel files {key} -o {folder}")
        sent = f"scp -rp {folder} CONNECTOR: && rm -rf {folder}"
        here = (f"mkdir -p -m 700 {folder} && {files}", sent)
        put = "sudo install -m 0400 *.json /etc/cloudflared && sudo install -m 0644 config.yml"
        there = (
            f"cd ~/{folder} && sudo mkdir -p /etc/cloudflared && {put} /etc/cloudflared",
            f"cd && rm -rf ~/{folder}",
            # Named, it wins over an older one in somebody's home.
            "sudo cloudflared --config /etc/cloudflared/config.yml service install",
        )
        return Commands(here), Commands(there, "and on the connector's, which has cloudflared:")

    @property
    def _is_one_machine(self) -> bool:
        """Whether the connector stands on the very server, and both are set up by one bundle."""
        leads_here = bool(_LOOPBACK.fullmatch(self._host.service))
        return leads_here and self._host.ca_key is not None and self._seen.takes_token

    def _sent(self, render: str, folder: str, machine: str) -> str:
        """One pipe: a bundle is unpacked in a folder of its own, in the home of a login."""
        there = f"mkdir -p {folder} && tar xf - -C {folder}"
        return f"{self._typed.command(render)} | ssh {machine} '{there}'"

    def _token(self, folder: str, machine: str) -> str:
        key = quote(self._host.tunnel.key if self._host.tunnel else "")
        token = self._typed.command(f"tunnel token {key}")
        return f"{token} | ssh {machine} 'umask 077; cat > {folder}/token'"

    def _installation(self, *, connector: bool = False) -> tuple[Commands, ...]:
        sent = self._sent(f"ssh server render {self._name}", self._folder, "SERVER")
        here = (sent, self._token(self._folder, "SERVER")) if connector else (sent,)
        option = " --connector --token-file token" if connector else ""
        there = f"cd ~/{self._folder} && sudo sh install.sh{option}"
        return Commands(here), Commands((there,), self._on_server)

    def _server(self) -> GuideStep:
        prints = [fingerprint(it) for it in self._seen.trusted]
        key = " and ".join(filter(None, prints))
        if not key:
            return GuideStep(Progress.TODO, "the CA key on the server, once there is one")
        if self._is_one_machine and not self._seen.tunnel_runs:
            text = f"the CA key {key} on that server: the same commands"
            return GuideStep(Progress.UNSEEN, text)
        named = ", ".join(self._inner) if self._host.is_bastion else self._host.service
        where = "each machine behind the bastion" if self._host.is_bastion else "the server"
        about = f" ({named})" if named else ""
        text = f"the CA key {key} on {where}{about}. On this machine:"
        return GuideStep(Progress.UNSEEN, text, self._installation())

    def _accounts(self) -> GuideStep:
        text = (
            "an account for each person on the server, called like the part of the e-mail address "
            "before the @. On this machine:"
        )
        file = _file(self._host.name)
        passwd, made = f"passwd-{file}", f"users-{file}"
        users = f"ssh users {self._name} --passwd {passwd} -o {made}"
        here = (
            f"ssh SERVER getent passwd > {passwd}",
            self._typed.command(users, asks=False),
            f"ssh SERVER 'cat > {self._folder}/accounts' < {made}",
        )
        there = f"cd ~/{self._folder} && sudo sh install.sh --users accounts"
        return GuideStep(
            Progress.UNSEEN, text, (Commands(here), Commands((there,), self._on_server))
        )

    def _laptops(self) -> GuideStep:
        is_open = self._host.is_bastion and not self._inner
        inner = " --via NAME=ADDRESS:22" if is_open else ""
        page = f"{_file(self._host.name)}.html"
        render = f"ssh client render {self._name}{inner} -o {page}"
        command = Commands((self._typed.command(render, asks=False),))
        text = "laptops: send this page to whoever logs in"
        return GuideStep(Progress.UNSEEN, text, (command,))

    def notes(self) -> Iterator[str]:
        host = self._host
        if host.application is not None and host.ca_key is None:
            yield _KEYS
        if host.is_wildcard and host.ca_key is not None:
            yield (
                f"one CA key for all names of {host.name}: whoever may enter has a certificate "
                "that each of their servers takes, where an account is called so"
            )
        if host.is_terminal:
            yield f"in a browser, at https://{host.name}: always under the name before the @"
