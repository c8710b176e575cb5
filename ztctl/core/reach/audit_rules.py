"""The rules of an audit: a code for each, how bad it is, why, and what to do.

Views, the reference and other reports take their texts from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Risk(StrEnum):
    """How bad a finding is, or the worst of a name's findings. The order is that of a report."""

    OPEN = "open"
    UNSEEN = "unseen"
    WEAK = "weak"
    CLOSED = "closed"

    @property
    def place(self) -> int:
        """The place in a report: the worst is 0."""
        return list(Risk).index(self)


class AuditCode(StrEnum):
    """The codes of all findings; docs/reference/audit.md tells of each."""

    NO_COVER = "no-cover"
    BYPASS_EVERYONE = "bypass-everyone"
    SERVICE_AUTH_EVERYONE = "service-auth-everyone"
    PUBLIC_PATH = "public-path"
    ANSWERS_UNASKED = "answers-unasked"
    LOCAL_TUNNEL = "local-tunnel"
    UNREAD_TUNNEL = "unread-tunnel"
    UNREAD_ZONE = "unread-zone"
    UNREAD_POLICY = "unread-policy"
    ZONE_APPLICATION = "zone-application"
    ANY_LOGIN = "any-login"
    BYPASS_NETWORK = "bypass-network"
    ANY_SERVICE_TOKEN = "any-service-token"  # noqa: S105 - the code of a finding
    ENDLESS_TOKEN = "endless-token"  # noqa: S105
    ENDING_TOKEN = "ending-token"  # noqa: S105
    ANY_PROVIDER = "any-provider"
    LONG_SESSION = "long-session"
    NO_CONNECTOR_CHECK = "no-connector-check"
    OPTIONS_UNASKED = "options-unasked"
    DEEP_NAME = "deep-name"
    NO_CONNECTOR = "no-connector"
    TRUSTED_COPY = "trusted-copy"
    IDLE_CA = "idle-ca"
    IDLE_APPLICATION = "idle-application"


@dataclass(frozen=True, slots=True)
class AuditRule:
    """What a code stands for.

    Attributes:
        title: what is found, in a few words.
        why: what may come of it.
        remedy: what to do.
    """

    code: AuditCode
    risk: Risk
    title: str
    why: str
    remedy: str


_RULES: Final = (
    AuditRule(
        AuditCode.NO_COVER,
        Risk.OPEN,
        "no Access application covers the name",
        "everybody on the internet reaches the service; a star of an application covers one label, "
        "and an application on a path covers that path only",
        "put an application with a policy in front of the whole name, or take the record out; "
        "accept it if the site is meant for everybody",
    ),
    AuditRule(
        AuditCode.BYPASS_EVERYONE,
        Risk.OPEN,
        "a Bypass policy is open to everybody",
        "Bypass asks nobody to log in, and its rules are about as wide as the internet",
        "make it an Allow for people by name, or narrow it to networks of your own",
    ),
    AuditRule(
        AuditCode.SERVICE_AUTH_EVERYONE,
        Risk.OPEN,
        "a Service Auth policy asks for no credential",
        "its rules are about as wide as the internet, and no token is among them",
        "include the service tokens that are meant",
    ),
    AuditRule(
        AuditCode.PUBLIC_PATH,
        Risk.OPEN,
        "the application makes a path public",
        "nobody is asked to log in there",
        "take the override out; state it by `public:` with `paths` in the file, or accept it, if "
        "the path is meant for everybody",
    ),
    AuditRule(
        AuditCode.ANSWERS_UNASKED,
        Risk.OPEN,
        "a request without a credential was answered from behind Access",
        "the name is open, whatever could be read of it",
        "put an application with a policy in front of the whole name",
    ),
    AuditRule(
        AuditCode.LOCAL_TUNNEL,
        Risk.UNSEEN,
        "the tunnel is configured on its server, and no application covers the name",
        "what the tunnel serves cannot be seen from here, so that it may be anything",
        "put an application in front of the name, which closes it whatever the tunnel serves; "
        "give a copy of its configuration file by `--local`, which is then trusted; or move the "
        "tunnel to remote management",
    ),
    AuditRule(
        AuditCode.UNREAD_TUNNEL,
        Risk.UNSEEN,
        "the tunnel's configuration was not read, and no application covers the name",
        "what the tunnel serves is not known, so that it may be anything",
        "give the token Account · Cloudflare Tunnel · Read; where the account has no such tunnel, "
        "take the record out",
    ),
    AuditRule(
        AuditCode.UNREAD_ZONE,
        Risk.UNSEEN,
        "records were not read",
        "a name there may lead to any tunnel of the account, without an application",
        "give the token Zone · Zone · Read and Zone · DNS · Read for the zone",
    ),
    AuditRule(
        AuditCode.UNREAD_POLICY,
        Risk.UNSEEN,
        "a policy of the application was not read",
        "it may let in everybody",
        "give the token Account · Access: Apps and Policies · Read; if it has that, attach the "
        "policy anew",
    ),
    AuditRule(
        AuditCode.ZONE_APPLICATION,
        Risk.UNSEEN,
        "an application that only the zone lists decides, or does not",
        "whether such an application is in force is not known",
        "make the application one of the account, or take it away",
    ),
    AuditRule(
        AuditCode.ANY_LOGIN,
        Risk.WEAK,
        "any login suffices",
        "whoever has a mailbox or a free account gets in",
        "name people by address, domain or a group of your identity provider, or require one",
    ),
    AuditRule(
        AuditCode.BYPASS_NETWORK,
        Risk.WEAK,
        "a Bypass lets some networks or devices in without a login",
        "nobody is asked to log in there, so that Access cannot tell who came",
        "make it an Allow that requires the network",
    ),
    AuditRule(
        AuditCode.ANY_SERVICE_TOKEN,
        Risk.WEAK,
        "any valid service token gets in",
        "each token of the account opens it, also those made for something else",
        "include the one token that is meant",
    ),
    AuditRule(
        AuditCode.ENDLESS_TOKEN,
        Risk.WEAK,
        "a service token without an end",
        "who has copied it once enters for ever",
        "give it a duration, and rotate it",
    ),
    AuditRule(
        AuditCode.ENDING_TOKEN,
        Risk.WEAK,
        "a service token near its end, or past it",
        "whatever uses it is shut out then",
        "refresh or rotate it, or delete it if nothing uses it",
    ),
    AuditRule(
        AuditCode.ANY_PROVIDER,
        Risk.WEAK,
        "no identity provider is named",
        "every provider of the account counts, also one that is added later, such as the one-time "
        "PIN",
        "name the providers in `allowed_idps` of the application",
    ),
    AuditRule(
        AuditCode.LONG_SESSION,
        Risk.WEAK,
        "a session above 24 hours",
        "who loses the right to enter, or a laptop, stays let in for as long as it lasts",
        "shorten `session_duration` of the policy, which goes before that of the application",
    ),
    AuditRule(
        AuditCode.NO_CONNECTOR_CHECK,
        Risk.WEAK,
        "the connector does not ask for the Access token",
        "should the application go or cover less one day, nothing else stands in front of the "
        "service",
        "turn `access` on for the rule, with the application's audience tag",
    ),
    AuditRule(
        AuditCode.OPTIONS_UNASKED,
        Risk.WEAK,
        "requests of the method OPTIONS pass unasked",
        "`options_preflight_bypass` leads them to the service, which nobody has logged in to",
        "take it off, and let Access answer by `cors_headers`",
    ),
    AuditRule(
        AuditCode.DEEP_NAME,
        Risk.WEAK,
        "two levels or more below its zone",
        "the zone's certificate covers one level by default, so that the TLS handshake fails",
        "use a name such as ssh-dev in place of ssh.dev, or order a certificate",
    ),
    AuditRule(
        AuditCode.NO_CONNECTOR,
        Risk.WEAK,
        "no connector of the tunnel runs",
        "nobody gets through it, and whoever has its token may run one",
        "start a connector, or delete the tunnel with its records",
    ),
    AuditRule(
        AuditCode.TRUSTED_COPY,
        Risk.WEAK,
        "what the tunnel serves is told by a copy of its server's file",
        "the server may run another file, which nobody can see from here; what is said of names "
        "that lead to the tunnel is as true as the copy",
        "copy the file from the server again whenever it changes; or move the tunnel to remote "
        "management",
    ),
    AuditRule(
        AuditCode.IDLE_CA,
        Risk.WEAK,
        "a certificate authority that nobody uses",
        "servers that still trust it take its certificates, and no name of its application leads "
        "to SSH",
        "delete it, once no server trusts it",
    ),
    AuditRule(
        AuditCode.IDLE_APPLICATION,
        Risk.WEAK,
        "an application that guards nothing",
        "no record answers for its names, so that it only looks like a guard",
        "delete it, or make the record",
    ),
)
RULES: Final[Mapping[AuditCode, AuditRule]] = MappingProxyType({rule.code: rule for rule in _RULES})
