"""Fields that may differ: which they are, and that none of them decides who reaches what."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.deeds import DEEDS, everything
from ztctl.core.model.facts import Application, Policy
from ztctl.core.model.ignored import NotIgnorable, ignorable
from ztctl.kinds.registry import KINDS

HOST = "ssh.example.com"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("access_policy.team.include", "'include' decides who reaches what"),
        ("access_policy.team.decision", "'decision' decides who reaches what"),
        ("access_policy.team.include[0]", "'include' decides who reaches what"),
        (f"access_application.{HOST}.policies", "'policies' decides who reaches what"),
        (f"access_application.{HOST}.destinations", "'destinations' decides who reaches what"),
        ("tunnel.pool.ingress", "'ingress' decides who reaches what"),
        ("tunnel.pool.ingress[0].service", "name the whole field 'ingress'"),
        ("tunnel.pool.ingress[0].access", "name the whole field 'ingress'"),
        (f"dns_record.{HOST}.proxied", "'proxied' decides who reaches what"),
        (f"dns_record.{HOST}.tunnel", "'tunnel' decides who reaches what"),
        ("private_route.10.0.0.0/8.network", "'network' decides who reaches what"),
        (f"ca_key.{HOST}.application", "'application' decides who reaches what"),
        ("policies.team.session_duration", "did you mean access_policy.team.session_duration?"),
        (f"hosts.{HOST}.service", f"access_application.{HOST}"),
        ("session_duration", "names no field of an object"),
        ("zone.example.com.status", "there is no kind 'zone'"),
        ("access_policy.team.colour", "has no field 'colour'"),
        ("access_policy.team.name", "is nothing that could differ"),
        ("access_policy.team.protect", "is nothing that could differ"),
        ("access_policy.team.purpose_justification_prompt[0]", "is nothing that could differ"),
        (f"access_application.{HOST}.public", "is nothing that could differ"),
        ("", "names no field of an object"),
        ("...", "names no field of an object"),
    ],
)
def test_what_cannot_be_ignored_is_told_with_what_to_do(text: str, said: str) -> None:
    """Whatever decides who reaches what, and what there is not."""
    with pytest.raises(NotIgnorable) as told:
        ignorable(text, KINDS)

    assert said in f"{told.value.summary} {told.value.hint}"


def test_a_field_is_named_behind_the_address() -> None:
    """The key may hold dots, as a host name does."""
    found = ignorable(f"access_application.{HOST}.logo_url", KINDS)

    assert (str(found.address), found.field) == (f"access_application.{HOST}", "logo_url")


@pytest.mark.parametrize("deed", DEEDS)
def test_no_field_that_may_differ_changes_a_fact(deed: str) -> None:
    """But for how long a session lasts: who reaches what is the same with it and without it."""
    kind, _, field = deed.partition(" ")
    spec = KINDS[kind].specs[field]

    values = {"name": "x", "type": "self_hosted", **_values(kind)}
    without = {name: value for name, value in values.items() if name != field}
    before, after = (KINDS[kind].fact(it, None) for it in (values, without))

    if not spec.decides_reach:
        assert _but_sessions(before) == _but_sessions(after)


def _values(kind: str) -> dict[str, Any]:
    section = everything()[KINDS[kind].section]
    key = next(iter(section))
    return KINDS[kind].declare(key, KINDS[kind].model.model_validate(section[key])).values  # type: ignore[return-value]


def _but_sessions(fact: Any) -> Any:
    if isinstance(fact, Application | Policy):
        from dataclasses import replace

        return replace(fact, session=None)
    return fact
