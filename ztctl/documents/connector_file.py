"""Read a connector's own file, the ``config.yml`` of a locally managed tunnel.

It is refused where cloudflared refuses it, each time with a position, and all at once; of what
cloudflared takes in silence, and what is not what was meant, it warns. Multiple documents, merge
keys (``<<``) and tags are refused as well: they are not understood here. Source: cloudflared
2026.8.2, read and run; nothing of ``cloudflared tunnel ingress validate`` is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from ztctl.core.model.connector_file import (
    SETTINGS,
    ConnectorFile,
    ConnectorSetting,
    Form,
    Leftover,
)
from ztctl.core.model.connector_rules import Fault, doubtful, refused
from ztctl.core.model.diagnostics import Problem, Problems, Where
from ztctl.core.model.lint import remark
from ztctl.documents.connector_values import Misfit, member, setting
from ztctl.documents.files import display_path
from ztctl.documents.nodes import MappingNode, Node, SequenceNode, is_null
from ztctl.documents.reader import read_file
from ztctl.documents.suggest import did_you_mean

# A member's type: that of a scalar, a mapping of members, or a list of such mappings.
_Shape: TypeAlias = "Form | Mapping[str, _Shape] | tuple[Mapping[str, _Shape]]"

_ACCESS: Final[Mapping[str, _Shape]] = {
    "required": Form.FLAG,
    "teamName": Form.TEXT,
    "audTag": Form.TEXTS,
    "environment": Form.TEXT,
}
_ORIGIN: Final[Mapping[str, _Shape]] = {
    **dict.fromkeys(
        ("connectTimeout", "tlsTimeout", "tcpKeepAlive", "keepAliveTimeout"), Form.DURATION
    ),
    "keepAliveConnections": Form.NUMBER,
    "proxyPort": Form.SIZE,
    **dict.fromkeys(
        (
            *("noHappyEyeballs", "matchSNItoHost", "noTLSVerify", "disableChunkedEncoding"),
            *("bastionMode", "http2Origin"),
        ),
        Form.FLAG,
    ),
    **dict.fromkeys(
        ("httpHostHeader", "originServerName", "caPool", "proxyAddress", "proxyType"), Form.TEXT
    ),
    "ipRules": ({"prefix": Form.TEXT, "ports": Form.NUMBERS, "allow": Form.FLAG},),
    "access": _ACCESS,
}
# Which cloudflared wants as a text in its file, and as seconds from the API.
DURATIONS: Final = frozenset(key for key, form in _ORIGIN.items() if form is Form.DURATION)
_RULE: Final[Mapping[str, _Shape]] = {
    "hostname": Form.TEXT,
    "path": Form.TEXT,
    "service": Form.TEXT,
    "originRequest": _ORIGIN,
}
_WARP: Final[Mapping[str, _Shape]] = {
    "connectTimeout": Form.DURATION,
    "maxActiveFlows": Form.SIZE,
    "tcpKeepAlive": Form.DURATION,
}
_CONFIGURATION: Final[Mapping[str, _Shape]] = {
    "ingress": (_RULE,),
    "originRequest": _ORIGIN,
    "warp-routing": _WARP,
}
_NAMES: Final = ("tunnel", "credentials-file")
# Where there are no rules, the first of these that is there is the one service for every name
# (`parseSingleOriginService`).
_ONE_SERVICE: Final[Mapping[str, tuple[Form, Callable[[Any], str]]]] = {
    "hello-world": (Form.FLAG, lambda on: "hello_world" if on else ""),
    "bastion": (Form.FLAG, lambda on: "bastion" if on else ""),
    "url": (Form.TEXT, str),
    "unix-socket": (Form.TEXT, lambda path: f"unix:{path}"),
}
_SECRETS: Final = frozenset({"token", "credentials-contents", "api-key", "api-ca-key", "secret-id"})
# Further keys that cloudflared reads, and ztctl's files do not have.
_TAKEN: Final = frozenset(
    {
        *("token", "token-file", "credentials-contents", "edge", "cacert", "id", "lb-pool", "name"),
        *("api-key", "api-email", "api-ca-key", "api-url", "metrics-update-freq", "features"),
        *("heartbeat-interval", "heartbeat-count", "max-edge-addr-retries", "rpc-timeout", "ui"),
        *("write-stream-timeout", "quic-disable-pmtu-discovery", "compression-quality"),
        *("quic-connection-level-flow-control-limit", "quic-stream-level-flow-control-limit"),
        *("use-reconnect-token", "dial-edge-timeout", "stdin-control", "quick-service"),
        *("max-fetch-size", "management-diagnostics", "management-hostname", "service-op-ip"),
        *("socks5", "proxy-connect-timeout", "proxy-tls-timeout", "proxy-tcp-keepalive"),
        *("proxy-no-happy-eyeballs", "proxy-keepalive-connections", "proxy-keepalive-timeout"),
        *("proxy-connection-timeout", "proxy-expect-continue-timeout", "http-host-header"),
        *("origin-server-name", "origin-ca-pool", "no-tls-verify", "no-chunked-encoding"),
        *("http2-origin", "proxy-address", "proxy-port", "ssh-server", "local-ssh-port"),
        *("ssh-idle-timeout", "ssh-max-timeout", "bucket-name", "region-name", "secret-id"),
        *("access-key-id", "session-token", "s3-url-host", "host-key-path", "trace-output"),
        *("is-autoupdated", "match-sni-to-host", "secret"),
    }
)
# Flags, and other names of flags, that cloudflared does not look for in the file.
_BY_FLAG: Final = frozenset(
    {"output", "max-active-flows", "icmpv4-src", "icmpv6-src", "dns-resolver-addrs"}
)
_SECOND_NAMES: Final = {
    "cred-file": "credentials-file",
    "proto-loglevel": "transport-loglevel",
    "pq": "post-quantum",
}
_HINTS: Final = {
    "http2": "write `protocol: http2`",
    "hostname": "it is of classic tunnels, which are gone: write it into a rule of `ingress`",
    **{name: f"write `{known}`" for name, known in _SECOND_NAMES.items()},
    **dict.fromkeys(_BY_FLAG, "give it to `cloudflared tunnel run` as an option"),
}
_KNOWN: Final = (*_NAMES, *_CONFIGURATION, *SETTINGS, *_ONE_SERVICE, *sorted(_TAKEN))
_NO_FIELD: Final = "ztctl's files have no field for it"
_IGNORED: Final = "cloudflared ignores it"
_FINER: Final = "it is finer than a second"
_NO_RULES: Final = (
    "write a list of rules, the last of which is `- service: http_status:404`; the connector of a "
    "remotely managed tunnel gets them from the account, and has no such file"
)


def read_connector_file(path: Path) -> ConnectorFile:
    """Read a ``config.yml``.

    Raises:
        Problems: everything for which cloudflared would refuse it.
    """
    name = display_path(path)
    reader = _ConnectorReader(name)
    root = read_file(path, name, reader.problems)
    found = ConnectorFile(name, "", "", {}, {})
    if isinstance(root, MappingNode):
        found = reader.whole(root)
    elif not reader.problems:
        start = Where(name, 1, 1)
        nothing = root is None or is_null(root)
        text = "the file is empty" if nothing else "the file must be a mapping at its top"
        reader.problems.append(Problem(text, start, "write `tunnel:`, `ingress:` and so on"))
    if reader.problems:
        raise Problems(sorted(reader.problems, key=lambda it: it.where or Where("", 0, 0)))
    return found


class _ConnectorReader:
    """Converts the nodes of one file, and collects what there is to say of them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.leftover: list[Leftover] = []
        # Items that are wrong in themselves, so that nothing can be said of them as a rule.
        self._misread: set[int] = set()

    def whole(self, root: MappingNode) -> ConnectorFile:
        self._sort_out(root)
        settings = {
            known.name: value
            for key, known in SETTINGS.items()
            if (value := self._setting(root, key, known)) is not None
        }
        tunnel = (
            self._value(root.entries["tunnel"][1], Form.TEXT, "tunnel")
            if "tunnel" in root.entries
            else ""
        )
        credentials = self._at_top(root, "credentials-file", Form.TEXT)
        configuration = {
            key: value
            for key, shape in _CONFIGURATION.items()
            if key in root.entries and (value := self._value(root.entries[key][1], shape, key))
        }
        self._rules(root, configuration)
        self.warnings.sort(key=lambda it: it.where or Where("", 0, 0))
        return ConnectorFile(
            self.name,
            tunnel or "",
            credentials or "",
            settings,
            configuration,
            tuple(self.leftover),
            tuple(self.warnings),
        )

    def _warn(self, text: str, where: Where, hint: str = "") -> None:
        self.warnings.append(remark(text, where, hint))

    def _sort_out(self, root: MappingNode) -> None:
        """Tell of the keys at the top that are no setting of ztctl's."""
        for name, (key, _) in root.entries.items():
            if name in _NAMES or name in _CONFIGURATION or name in SETTINGS or name in _ONE_SERVICE:
                continue
            why = _NO_FIELD
            if name in _SECRETS:
                self._warn(f"`{name}` is a secret", key.where, "keep it in a file of its own")
            elif name not in _TAKEN:
                why = _IGNORED
                hint = _HINTS.get(name) or did_you_mean(name, _KNOWN)
                self._warn(f"cloudflared ignores the key `{name}`", key.where, hint)
            self.leftover.append(Leftover(name, why, key.where))

    def _setting(self, root: MappingNode, key: str, known: ConnectorSetting) -> Any:
        """The value of a key at the top; ``None`` if it is missing or wrong."""
        value = self._at_top(root, key, known.form)
        if value is None or not known.choices or value in known.choices:
            return value
        where, either = root.entries[key][1].where, ", ".join(known.choices)
        if known.name.endswith("loglevel"):
            # The only one of them that cloudflared replaces, instead of giving up.
            text = f"cloudflared takes `{key}: {value}` for info"
            self._warn(text, where, f"write one of {either}")
        else:
            text = f"`{key}` must be one of {either}, not {value!r}"
            self.problems.append(Problem(text, where))
        return None

    def _at_top(self, root: MappingNode, key: str, form: Form) -> Any:
        if key not in root.entries:
            return None
        node = root.entries[key][1]
        try:
            return setting(node, form)
        except Misfit as found:
            hint = "quote it" if form is Form.TEXT and "number" in str(found) else ""
            text = f"`{key}` must be {form.value}, not {found}"
            self.problems.append(Problem(text, node.where, hint))
            return None

    def _value(self, node: Node, shape: _Shape, at: str) -> Any:
        """Convert a member of the configuration; ``None`` if it says nothing or is wrong."""
        if is_null(node):
            return None
        if isinstance(shape, Form):
            return self._scalar(node, shape, at)
        if isinstance(shape, tuple):
            return self._list(node, shape[0], at)
        if not isinstance(node, MappingNode):
            text = f"`{at}` must be a mapping (`key: value`)"
            self.problems.append(Problem(text, node.where))
            return None
        found: dict[str, Any] = {}
        for name, (key, item) in node.entries.items():
            place = f"{at}.{name}"
            if name not in shape:
                self._warn(
                    f"cloudflared ignores the key `{place}`", key.where, did_you_mean(name, shape)
                )
                self.leftover.append(Leftover(place, _IGNORED, key.where))
            elif (value := self._value(item, shape[name], place)) is not None:
                found[name] = value
        return found

    def _scalar(self, node: Node, form: Form, at: str) -> Any:
        try:
            value = member(node, form)
        except Misfit as found:
            hint = "write a unit, such as 30s" if form is Form.DURATION else ""
            text = f"`{at}` must be {form.value}, not {found}"
            self.problems.append(Problem(text, node.where, hint))
            return None
        if form is not Form.DURATION or value is None:
            return value
        length, rest = divmod(value, 10**9)
        if rest:
            self.leftover.append(Leftover(at, _FINER, node.where))
        return None if rest else length

    def _list(self, node: Node, shape: Mapping[str, _Shape], at: str) -> Any:
        if not isinstance(node, SequenceNode):
            text = f"`{at}` must be a list, with `- ` before each of its items"
            self.problems.append(Problem(text, node.where))
            return None
        found = []
        for index, item in enumerate(node.items):
            count = len(self.problems)
            found.append(self._value(item, shape, f"{at}[{index}]") or {})
            if len(self.problems) > count:
                self._misread.add(id(item))
        return found

    def _rules(self, root: MappingNode, configuration: dict[str, Any]) -> None:
        """Check the rules; where there are none, the one service is one for every name."""
        node = root.value("ingress")
        rules = configuration.get("ingress")
        one = self._one_service(root)
        if node is not None and not isinstance(node, SequenceNode):
            return
        if not rules and one is not None:
            configuration["ingress"] = rules = [{"service": one[0]}]
            items: tuple[Node, ...] = (MappingNode({}, one[1]),)
        elif not rules or not isinstance(node, SequenceNode):
            where = root.entries["ingress"][0].where if "ingress" in root.entries else root.where
            self.problems.append(Problem("there are no ingress rules", where, _NO_RULES))
            return
        else:
            items = node.items
            if one is not None:
                text = "one service for all names (`url` and its like) excludes `ingress`"
                self.problems.append(Problem(text, one[1], "take it out"))
        general = configuration.get("originRequest") or {}
        faults = [it for it in refused(rules, general) if id(items[it[0]]) not in self._misread]
        for place, text, hint in _placed(faults, items):
            self.problems.append(Problem(text, place, hint))
        if not self.problems:
            for place, text, hint in _placed(doubtful(rules, general), items):
                self._warn(text, place, hint)

    def _one_service(self, root: MappingNode) -> tuple[str, Where] | None:
        for key, (form, service) in _ONE_SERVICE.items():
            value = self._at_top(root, key, form)
            if value and (text := service(value)):
                where = root.entries[key][0].where
                if not root.value("ingress"):
                    hint = "write a list of rules (`ingress`) with a hostname each"
                    self._warn(f"`{key}` serves every name that leads here", where, hint)
                return text, where
        return None


def _placed(faults: Iterable[Fault], items: tuple[Node, ...]) -> Iterable[tuple[Where, str, str]]:
    for index, key, text, hint in faults:
        node = items[index]
        value = (
            node.entries[key][1] if isinstance(node, MappingNode) and key in node.entries else node
        )
        yield value.where, text, hint
