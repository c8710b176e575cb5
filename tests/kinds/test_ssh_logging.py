"""Promises about rules that log SSH, and about the key to which logs are encrypted."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ztctl.core.model.calls import CallFailed
from ztctl.core.model.declared import Declared
from ztctl.core.model.flows import Ask
from ztctl.core.model.objects import Live, Mark, Wanted
from ztctl.kinds.gateway_rule import GatewayRuleFields, expression
from ztctl.kinds.ssh_audit_key import SshAuditKeyFields

from .replay import LOST, Fails, declare, kind, ledger, play, serve

RULE = kind("gateway_rule")
KEY = kind("ssh_audit_key")
RULES = "/accounts/{account}/gateway/rules"
SETTINGS = "/accounts/{account}/gateway/audit_ssh_settings"
PUBLIC = base64.b64encode(bytes(range(32))).decode()
PRIVATE = base64.b64encode(bytes([7] * 31 + [0xC0])).decode()
# As recorded of a rule with another action, with those of this one.
SHOWN = {
    "id": "r-1",
    "name": "ssh",
    "action": "audit_ssh",
    "description": "by hand ztctl-prod",
    "enabled": True,
    "filters": ["l4"],
    "traffic": "net.dst.ip in {10.0.0.5}",
    "identity": "",
    "device_posture": "",
    "precedence": 12302,
    "schedule": {"mon": "08:00-17:00"},
    "rule_settings": {
        "audit_ssh": {"command_logging": True, "newer": 1},
        "add_headers": None,
        "block_page_enabled": False,
        "block_reason": "",
        "l4override": None,
        "payload_log": {"enabled": True},
    },
    "version": 3,
    "created_at": "2025-01-01T00:00:00Z",
    "updated_at": "2025-01-01T00:00:00Z",
    "deleted_at": None,
}


def rules(*raw: dict[str, Any]) -> tuple[Live, ...]:
    """What is read of a list of these rules."""
    return serve(RULE.read(Ask("prod")), lambda call: list(raw)).result


def wanted(**fields: Any) -> Wanted:
    """The rule of the file."""
    return declare("gateway_rule", "ssh", **{"traffic": "net.dst.ip in {10.0.0.5}", **fields})


def updated(raw: dict[str, Any], **fields: Any) -> Any:
    """The body of the update that a file with these fields makes."""
    (live,) = rules(raw)
    values = RULE.complete(wanted(**fields), live, ledger())
    return play(RULE.update(live, values, "update"), raw).body


def test_rules_are_one_list_without_pages() -> None:
    """All rules come in one call."""
    (call,) = serve(RULE.read(Ask("prod")), lambda call: []).calls

    assert (call.path, call.query, call.per_page) == (RULES, (), 0)


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        ({}, True),
        ({"description": ""}, True),
        ({"action": "block", "description": "not ours"}, False),
        ({"action": "block"}, True),
        ({"deleted_at": "2026-01-01T00:00:00Z"}, False),
    ],
    ids=["ours", "of nobody", "another action", "ours, turned into another", "deleted"],
)
def test_rules_of_other_actions_do_not_exist_unless_marked(
    change: dict[str, Any], seen: bool
) -> None:
    """A rule that blocks is never taken for one that logs, whatever it is called."""
    assert bool(rules({**SHOWN, **change})) is seen


def test_the_mark_is_the_last_word_of_the_description() -> None:
    """It is read there, put behind the words of the file, and taken off again."""
    (live,) = rules(SHOWN)

    assert live.mark == Mark("prod")
    assert RULE.marking.off(live)["description"] == "by hand"
    assert updated(SHOWN, description="the bastion")["description"] == "the bastion ztctl-prod"


def test_a_rule_that_does_what_the_file_says_does_not_differ() -> None:
    """What the service adds, and where it puts the rule, is no difference."""
    (live,) = rules(SHOWN)

    values = RULE.complete(wanted(command_logging=True), live, ledger())

    assert values.items() <= live.values.items() | {"description": "by hand ztctl-prod"}.items()


def test_a_new_rule_is_said_in_full() -> None:
    """The defaults of the service are not known: on or off, and what is logged, is sent."""
    values = RULE.complete(wanted(), None, ledger())

    played = play(RULE.create(values), SHOWN)

    assert played.writes == [f"POST {RULES}"]
    assert played.body == {
        "name": "ssh",
        "action": "audit_ssh",
        "enabled": True,
        "filters": ["l4"],
        "traffic": "net.dst.ip in {10.0.0.5}",
        "description": "ztctl-prod",
        "rule_settings": {"audit_ssh": {"command_logging": False}},
    }


def test_an_update_carries_what_is_not_modelled() -> None:
    """A PUT keeps place, schedule and unknown settings, and drops what only the service sets."""
    body = updated(SHOWN, command_logging=False)

    kept = {name: SHOWN[name] for name in ("precedence", "schedule")}
    assert body.items() >= kept.items()
    assert body["rule_settings"] == {
        "audit_ssh": {"command_logging": False, "newer": 1},
        "payload_log": {"enabled": True},
    }
    assert not body.keys() & {"id", "version", "created_at", "updated_at", "deleted_at"}


def test_an_action_that_was_changed_is_put_back() -> None:
    """A rule of the stack that somebody turned into another one logs again."""
    (live,) = rules({**SHOWN, "action": "allow"})

    assert live.values["action"] == "allow"
    assert updated({**SHOWN, "action": "allow"})["action"] == "audit_ssh"


def test_an_identity_that_the_file_does_not_state_is_taken_away() -> None:
    """A rule of which the file says nothing more is for everybody: nobody goes unlogged."""
    body = updated({**SHOWN, "identity": 'identity.email == "a@example.com"'})

    assert body["identity"] == ""


@pytest.mark.parametrize("settings", [None, [], "x", {"audit_ssh": []}, {"audit_ssh": None}])
def test_settings_of_a_wrong_type_are_none(settings: Any) -> None:
    """What a reply says in a wrong form logs nothing, and breaks nothing."""
    (live,) = rules({**SHOWN, "rule_settings": settings})

    assert live.values["command_logging"] is False


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("net.dst.ip  in\n {10.0.0.5 10.0.0.6}\n", "net.dst.ip in { 10.0.0.5  10.0.0.6 }"),
        ("(a == 1 or b == 2)", "( a == 1\tor b == 2 )"),
        ('x == "a  b"', 'x  ==  "a  b"'),
        (r'x == "a \"  b"', r'x  == "a \"  b"'),
    ],
)
def test_blanks_outside_of_quotes_mean_nothing(one: str, other: str) -> None:
    """An expression may be broken into lines."""
    assert expression(one) == expression(other)


def test_blanks_inside_of_quotes_are_kept() -> None:
    """A name with two blanks is another name."""
    assert expression('x == "a  b"') != expression('x == "a b"')


@given(text=st.text(alphabet=' \t\n"\\(){}ab=', max_size=30))
def test_an_expression_has_one_form(text: str) -> None:
    """The form of a form is the form."""
    assert expression(expression(text)) == expression(text)


@pytest.mark.parametrize("traffic", ["", "  ", 5, None, ["x"]])
def test_a_rule_says_which_traffic(traffic: Any) -> None:
    """No expression would be all of it, or none."""
    with pytest.raises(ValueError, match="is no expression"):
        GatewayRuleFields.model_validate({"traffic": traffic})


def told(*declared: Wanted) -> list[str]:
    """What the files alone say against rules, by code."""
    return [str(it.code) for it in RULE.check(Declared("prod", wanted=declared))]


def test_a_selector_that_the_action_does_not_have_is_warned_of() -> None:
    """Another port is never looked at, though the rule asks for it."""
    assert told(wanted(traffic="net.dst.port == 2222")) == ["unlogged-ssh"]
    assert told(wanted()) == []


@pytest.mark.parametrize(
    ("service", "codes"),
    [("ssh://localhost:22", ["unlogged-ssh"]), ("bastion", ["unlogged-ssh"]), ("http://web", [])],
)
def test_names_of_tunnels_are_never_logged(service: str, codes: list[str]) -> None:
    """Who logs every command of a host by a rule is told that logins by its name are not."""
    ingress = [{"hostname": "ssh.example.com", "service": service}]
    tunnel = declare("tunnel", "edge", ingress=ingress)

    assert told(wanted(), tunnel) == codes


def test_a_place_is_given_once() -> None:
    """Two rules of one precedence are told before the service refuses one of them."""
    one, other = (
        declare("gateway_rule", key, traffic="net.dst.ip == 10.0.0.5", precedence=7)
        for key in ("a", "b")
    )

    (problem,) = RULE.check(Declared("prod", wanted=(one, other)))

    assert "have the same precedence" in problem.summary


def test_a_token_without_the_permission_reads_no_rules() -> None:
    """Where the files do not use the section a 403 is an empty list."""
    assert serve(RULE.read(Ask("prod")), lambda call: Fails(403)).result == ()


# -- the key ------------------------------------------------------------------------------------


def keys(reply: Any) -> tuple[Live, ...]:
    """What is read of these settings."""
    return serve(KEY.read(Ask("prod")), lambda call: reply).result


@pytest.mark.parametrize("reply", [None, {}, {"public_key": ""}, {"public_key": None}])
def test_settings_without_a_key_are_no_key(reply: Any) -> None:
    """An account that never had a key says so in one way or another."""
    assert keys(reply) == ()


@pytest.mark.parametrize("reply", [[], "x", 5, {"public_key": 5}, {"public_key": ["x"]}])
def test_settings_that_are_not_understood_are_a_failure(reply: Any) -> None:
    """Taken for none, somebody's key would be replaced without a word."""
    with pytest.raises(CallFailed, match="no key that can be read"):
        keys(reply)


def test_a_live_key_is_the_one_of_the_file() -> None:
    """There is one an account, so that any live key is the one."""
    (live,) = keys({"public_key": PUBLIC, "seed_id": "s", "created_at": "x"})

    assert live.values == declare("ssh_audit_key", "account", public_key=PUBLIC).values
    assert KEY.live_keys(live) == KEY.natural_keys(
        declare("ssh_audit_key", "account", public_key=PUBLIC), ledger()
    )


def test_the_key_is_set_and_its_seed_left_alone() -> None:
    """What is written is the key; the seed is the host key's of the proxy."""
    played = play(KEY.create({"public_key": PUBLIC}), {"public_key": PUBLIC, "seed_id": "s"})

    assert played.writes == [f"PUT {SETTINGS}"]
    assert played.body == {"public_key": PUBLIC}


def test_the_key_goes_by_an_empty_one() -> None:
    """The service has no DELETE for it: its documentation sends an empty key."""
    (live,) = keys({"public_key": PUBLIC})

    played = play(KEY.delete(live), {"public_key": ""})

    assert (played.writes, played.body) == ([f"PUT {SETTINGS}"], {"public_key": ""})


def test_a_lost_key_is_looked_for() -> None:
    """When the answer is lost, the key is read again, and set again only where it is not there."""
    set_already = play(KEY.create_once({"public_key": PUBLIC}), LOST, {"public_key": PUBLIC})
    not_yet = play(KEY.create_once({"public_key": PUBLIC}), LOST, None, {"public_key": PUBLIC})

    assert len(set_already.writes) == 1
    assert len(not_yet.writes) == 2


@pytest.mark.parametrize(
    ("used", "needed"), [((), False), (("ssh_audit_key",), True), (("gateway_rule",), True)]
)
def test_the_key_is_read_where_files_speak_of_it(used: tuple[str, ...], needed: bool) -> None:
    """No other stack pays a call for it."""
    assert KEY.needed(Ask("prod", used=frozenset(used))) is needed


def test_a_key_that_may_not_be_read_is_a_failure() -> None:
    """A 403 is not taken for an account without a key."""
    with pytest.raises(CallFailed):
        serve(KEY.read(Ask("prod")), lambda call: Fails(403))


@pytest.mark.parametrize(
    ("key", "codes"), [(None, ["no-audit-key"]), (PUBLIC, []), ("live", [])], ids=str
)
def test_commands_without_a_key_are_warned_of(key: str | None, codes: list[str]) -> None:
    """A rule that logs commands keeps none of them before there is a key, ours or not."""
    declared = [declare("ssh_audit_key", "account", public_key=key)] if key == PUBLIC else []
    live = keys({"public_key": PUBLIC}) if key == "live" else ()
    known = ledger(declared, live)
    (rule,) = rules(SHOWN)

    RULE.complete(wanted(command_logging=True), rule, known)

    assert [str(it.code) for it in known.problems] == codes


def test_a_second_entry_is_a_problem() -> None:
    """An account has one key, and its entry one name."""
    other = declare("ssh_audit_key", "logs", public_key=PUBLIC)

    (problem,) = KEY.check(Declared("prod", wanted=(other,)))

    assert "call the entry `account`" in problem.hint


def _openssh(text: str) -> str:
    return f"ssh-ed25519 {text} me@laptop"


def _pem(text: str) -> str:
    return f"-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize("spelt", [str, _openssh, _pem, lambda text: text[:-1], str.swapcase])
def test_no_error_about_a_key_repeats_it(spelt: Callable[[str], str]) -> None:
    """What is wrong may be the private half: it is refused, and shown nowhere."""
    given = spelt(PRIVATE)

    with pytest.raises(ValidationError, match=r"private key|not the public key") as caught:
        SshAuditKeyFields(public_key=given)

    (error,) = caught.value.errors(include_input=False)
    assert PRIVATE[:12] not in f"{error}"


@pytest.mark.parametrize("key", [5, None, b"x", [], "", base64.b64encode(bytes(31)).decode()])
def test_what_is_no_key_is_refused(key: Any) -> None:
    """A key is 32 bytes in base64, in one line."""
    with pytest.raises(ValueError, match="44 signs of base64"):
        SshAuditKeyFields(public_key=key)


def test_blanks_around_a_key_mean_nothing() -> None:
    """A key that a YAML block ends with a line break is the same."""
    plain = base64.b64encode(os.urandom(31) + b"\x01").decode()

    one, other = (
        declare("ssh_audit_key", "account", public_key=text) for text in (plain, f"{plain}\n")
    )

    assert one.values == other.values
