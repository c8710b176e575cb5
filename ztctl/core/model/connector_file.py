"""What a connector's own file says: the ``config.yml`` of a locally managed tunnel.

Keys and their types: cloudflared 2026.8.2, ``cmd/cloudflared/tunnel/cmd.go`` (flags that are read
from the file, by their first names alone) and ``config/configuration.go``; run, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from ztctl.core.model.diagnostics import Problem, Where


class Form(Enum):
    """The type of a value in cloudflared's file."""

    TEXT = "a text"
    FLAG = "true or false"
    NUMBER = "a whole number"
    SIZE = "a whole number of 0 or more"
    DURATION = "a duration such as 30s"
    TEXTS = "a list of texts"
    NUMBERS = "a list of whole numbers"


@dataclass(frozen=True, slots=True)
class ConnectorSetting:
    """A key at the top of cloudflared's file that says how the connector runs.

    Attributes:
        name: as ztctl's files spell it.
        choices: the only values; empty where any is taken.
    """

    name: str
    form: Form = Form.TEXT
    choices: tuple[str, ...] = ()


LEVELS: Final = ("debug", "info", "warn", "error", "fatal")
# By the key of cloudflared's file, in the order in which it is written.
SETTINGS: Final[Mapping[str, ConnectorSetting]] = {
    "protocol": ConnectorSetting("protocol", choices=("auto", "quic", "http2")),
    "loglevel": ConnectorSetting("loglevel", choices=LEVELS),
    "transport-loglevel": ConnectorSetting("transport_loglevel", choices=LEVELS),
    "logfile": ConnectorSetting("logfile"),
    "log-directory": ConnectorSetting("log_directory"),
    "metrics": ConnectorSetting("metrics"),
    "no-autoupdate": ConnectorSetting("no_autoupdate", Form.FLAG),
    "autoupdate-freq": ConnectorSetting("autoupdate_freq", Form.DURATION),
    "edge-ip-version": ConnectorSetting("edge_ip_version", choices=("auto", "4", "6")),
    "edge-bind-address": ConnectorSetting("edge_bind_address"),
    "region": ConnectorSetting("region"),
    "grace-period": ConnectorSetting("grace_period", Form.DURATION),
    "retries": ConnectorSetting("retries", Form.NUMBER),
    "ha-connections": ConnectorSetting("ha_connections", Form.NUMBER),
    "pidfile": ConnectorSetting("pidfile"),
    "tag": ConnectorSetting("tags", Form.TEXTS),
    "label": ConnectorSetting("label"),
    "origincert": ConnectorSetting("origincert"),
    "post-quantum": ConnectorSetting("post_quantum", Form.FLAG),
    "no-prechecks": ConnectorSetting("no_prechecks", Form.FLAG),
}


@dataclass(frozen=True, slots=True)
class Leftover:
    """A key of the file that has no counterpart in ztctl's files; its value is not kept."""

    key: str
    why: str
    where: Where | None = None


@dataclass(frozen=True, slots=True)
class ConnectorFile:
    """A ``config.yml`` that cloudflared takes; it holds no token.

    Attributes:
        path: of the file, as it was given.
        tunnel: the tunnel's id or name, as written; empty where there is none.
        credentials_file: as written; empty where there is none.
        settings: how the connector runs, by the names of ``SETTINGS``; durations are texts.
        configuration: in the form of a remote configuration of the API (``ingress``,
            ``originRequest``, ``warp-routing``), durations in seconds.
        leftover: what else stands in it.
        warnings: what cloudflared takes, and is not what was meant.
    """

    path: str
    tunnel: str
    credentials_file: str
    settings: Mapping[str, Any]
    configuration: Mapping[str, Any]
    leftover: tuple[Leftover, ...] = ()
    warnings: tuple[Problem, ...] = field(default=(), compare=False)
