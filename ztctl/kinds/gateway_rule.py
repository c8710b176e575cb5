"""Gateway network rules that log SSH: those with the action ``audit_ssh``, and no others.

The list has no pages and holds the rules of every action. ``PUT`` replaces; rules are told apart by
their ids, names are not unique (Cloudflare OpenAPI description, July 2026). ``filters`` is ``l4``
for this action, and ``command_logging`` is its only setting; Gateway looks at port 22 alone, and
the selectors of this action leave out ports, protocols and host names (Cloudflare One
documentation, network policies). Which members only the service sets is recorded (2025); so is that
a rule shows, empty, the settings of every action.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from ztctl.core.model.calls import Flow
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.identity import Fields
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.lint import Code, warning
from ztctl.core.model.markers import Default, Normalised
from ztctl.core.model.objects import Live, Values, Wanted
from ztctl.core.model.plan import Phase
from ztctl.kinds.common import ZERO_TRUST, Off, On, Protect, invalid, objects
from ztctl.kinds.plain import Comment, CommentedKind, InComment, Rest

ACTION = "audit_ssh"
LAYERS = ["l4"]
AUDIT_KEY = "ssh_audit_key"
_SPLIT = re.compile(r'("(?:[^"\\]|\\.)*"?)', re.DOTALL)
_BLANKS = re.compile(r"\s+")
_INSIDE = re.compile(r"(?<=[\[({]) | (?=[\])}])")
_PORT = re.compile(r"\bnet\.(?:dst\.port|protocol|sni)\b")
_SSH = re.compile("ssh://|bastion$")
# Members that only the service sets (the official SDK, and recorded rules).
_STAMPS = frozenset(
    {
        *("id", "created_at", "updated_at", "deleted_at", "version", "read_only", "sharable"),
        *("source_account", "warning_status"),
    }
)
# Settings of other actions, which each rule shows, empty (recorded): the service may refuse them.
_SHOWN = frozenset(
    {
        *("add_headers", "biso_admin_controls", "block_page_enabled", "block_reason"),
        *("check_session", "insecure_disable_dnssec_validation", "ip_categories"),
        *("ip_indicator_feeds", "l4override", "override_host", "override_ips"),
    }
)


def expression(value: Any) -> Any:
    """Bring blanks outside of quotes to one form; others are unchanged. What is said stays."""
    if not isinstance(value, str):
        return value
    parts = _SPLIT.split(value)
    outside = (_INSIDE.sub("", _BLANKS.sub(" ", part)) for part in parts[::2])
    quoted = [*parts[1::2], ""]
    return "".join(f"{text}{quote}" for text, quote in zip(outside, quoted, strict=True)).strip()


def _check_expression(value: Any) -> Any:
    if isinstance(value, str) and value.strip() and not value.count("\0"):
        return value
    hint = "write which traffic is logged, such as net.dst.ip in {10.0.0.5}"
    raise invalid(value, "{value} is no expression", hint)


Expression = Annotated[str | None, Normalised(expression), Default("")]


class GatewayRuleFields(Fields):
    """A Gateway network rule that logs SSH to the addresses of its expression, on port 22.

    Only traffic that goes through Gateway: see [SSH command logging](../guides/ssh-logging.md).
    """

    name: str | None = Field(None, min_length=1)
    """The rule's name, when it is not the key."""
    traffic: Annotated[str, BeforeValidator(_check_expression), Normalised(expression)]
    """Which connections, as an expression of Gateway, such as `net.dst.ip in {10.0.0.5}`."""
    identity: Expression = None
    """Whose, as an expression of Gateway; everybody's when left out."""
    device_posture: Expression = None
    """From which devices, as an expression of Gateway; any when left out."""
    enabled: On = None
    """Whether the rule is on."""
    command_logging: Off = None
    """Whether what is typed is logged, too, encrypted to the account's SSH audit key; without it
    there is a log of who was connected, and when."""
    precedence: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    """Its place among all rules of Gateway: lower ones first. Left out, a new rule comes last, and
    a live one stays where it is."""
    action: Annotated[str | None, Field(pattern=f"^{ACTION}$"), Default(ACTION)] = None
    """Always `audit_ssh`."""
    description: Comment = None
    """Your own words; the stack's mark is put behind them."""
    protect: Protect = False
    """Refuse to delete it, also when it is taken out of the file."""


class _InDescription(InComment):
    """The mark is the last word of the description."""

    where = "the description's last word"
    member = "description"


class GatewayRule(CommentedKind):
    """A rule that logs SSH. It opens nothing, so that it has no part in who reaches what."""

    name = "gateway_rule"
    section = "gateway_rules"
    title = "Gateway rule"
    model = GatewayRuleFields
    phase = Phase.POLICY
    marking = _InDescription()
    unique = ("precedence",)
    rest = Rest(
        "/accounts/{account}/gateway/rules",
        ZERO_TRUST,
        per_page=0,
        optional=True,
        members=("name", "action"),
        read_only=_STAMPS,
        # The defaults of the service are not recorded.
        required=("action", "enabled", "filters", "rule_settings"),
    )

    def from_api(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """Convert a rule of a reply."""
        return {**raw, "command_logging": _logs_commands(raw.get("rule_settings"))}

    def to_api(self, values: Values) -> dict[str, Any]:
        """Convert fields of the file, with the layer that belongs to the action."""
        stated = super().to_api(values)
        logs = bool(stated.pop("command_logging", False))
        settings = {ACTION: {"command_logging": logs}}
        return {**stated, "filters": LAYERS, "rule_settings": settings}

    def writable(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """A live rule as a write takes it: without the empty settings of other actions."""
        settings = raw.get("rule_settings")
        said = settings.items() if isinstance(settings, Mapping) else ()
        kept = {name: it for name, it in said if it or name not in _SHOWN}
        return {**super().writable(raw), "rule_settings": kept}

    def everything(self) -> Flow[tuple[Live, ...]]:
        """Read the rules of this action, and those that carry a mark, whatever became of them."""
        found = yield self.rest.all()
        each = (self.live_from(it) for it in objects(found) if not it.get("deleted_at"))
        return tuple(it for it in each if it.mark or it.raw.get("action") == ACTION)

    def natural_keys(self, wanted: Wanted, ledger: Ledger) -> frozenset[str]:
        """The name."""
        return frozenset({str(wanted.values["name"])})

    def complete(self, wanted: Wanted, live: Live | None, ledger: Ledger) -> Values:
        """Add the mark; warn where the service may refuse the rule, or keep no command."""
        if live is None:
            text = (
                f"{wanted.address} is new, and rules that log SSH are no longer added, says "
                "Cloudflare's documentation"
            )
            hint = "where Gateway refuses it, use Access for Infrastructure, which logs commands"
            ledger.add_problem(warning(Code.AUDIT_SSH_ENDED, text, wanted.where, hint))
        keyed = (*ledger.wanted_of(AUDIT_KEY), *ledger.live_of(AUDIT_KEY))
        if wanted.values["command_logging"] and not keyed:
            text = f"{wanted.address} logs commands, and the account has no SSH audit key"
            hint = f"no command is kept until there is one: declare it below `{AUDIT_KEY}s`"
            ledger.add_problem(warning(Code.NO_AUDIT_KEY, text, wanted.where, hint))
        return super().complete(wanted, live, ledger)

    def check(self, declared: Declared) -> Iterable[Problem]:
        """Report places taken twice; warn of what the rule cannot ask for, or never logs."""
        yield from super().check(declared)
        first: dict[Any, Wanted] = {}
        for wanted in declared.of(self.name):
            place = wanted.values.get("precedence")
            other = first.setdefault(place, wanted) if place is not None else wanted
            if other is not wanted:
                text = f"{other.address} and {wanted.address} have the same precedence"
                yield Problem(text, wanted.where, "Gateway gives each place once: change one")
            yield from _unknown_selector(wanted)
        yield from _never_logged(declared)


def _logs_commands(settings: Any) -> Any:
    audit = settings.get(ACTION) if isinstance(settings, Mapping) else None
    return audit.get("command_logging") if isinstance(audit, Mapping) else None


def _unknown_selector(wanted: Wanted) -> Iterator[Problem]:
    found = _PORT.search(str(wanted.values["traffic"]))
    if found is not None:
        text = f"{wanted.address} asks for {found[0]}, which rules of this action cannot"
        hint = "it is port 22 in any case: say which addresses, such as net.dst.ip in {10.0.0.5}"
        yield warning(Code.UNLOGGED_SSH, text, wanted.where, hint)


def _never_logged(declared: Declared) -> Iterator[Problem]:
    """Warn of the names by which SSH goes around Gateway: by cloudflared, or by the browser."""
    rules = (it for tunnel in declared.of("tunnel") for it in tunnel.values.get("ingress") or ())
    names = [
        str(it["hostname"])
        for it in rules
        if it.get("hostname") and _SSH.match(str(it.get("service")))
    ]
    rule = next(iter(declared.of(GatewayRule.name)), None)
    if rule is not None and names:
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        text = f"{rule.address} does not log who comes to {names[0]}{others} by that name"
        hint = (
            "cloudflared and the browser's terminal go around Gateway: only devices with WARP that "
            "connect to the address are logged"
        )
        yield warning(Code.UNLOGGED_SSH, text, rule.where, hint)
