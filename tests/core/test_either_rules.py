"""A law of tunnels of which two lists of rules may be in force, and nobody knows which."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ztctl.core.model.facts import (
    EVERYONE,
    Application,
    Ingress,
    Members,
    Policy,
    Record,
    TunnelRules,
)
from ztctl.core.reach.entries import HostState, entries

HOST, TUNNEL = "ssh.example.com", "t"
RULES = st.lists(
    st.builds(
        Ingress,
        st.sampled_from(["ssh://a:22", "ssh://b:22", "http_status:404", "bastion"]),
        st.sampled_from([HOST, "*", "*.example.com", "other.example.com"]),
        st.sampled_from(["", "^/x$"]),
        st.sampled_from([None, frozenset({"aud"}), frozenset({"dead"})]),
    ),
    max_size=3,
).map(tuple)
EVERYBODY = Policy("bypass", Members(include=frozenset({EVERYONE})))
GUARDS = st.sampled_from(
    [(), (Application((HOST,), (EVERYBODY,), "aud"),), (Application((HOST,)),)]
)


@given(RULES, RULES, GUARDS)
def test_whoever_gets_in_by_one_of_them_is_told(
    one: tuple[Ingress, ...], other: tuple[Ingress, ...], guards: tuple[Application, ...]
) -> None:
    """No more, and no less: neither list takes anything away from the other."""

    def found(fact: TunnelRules) -> frozenset[object]:
        records = (Record(HOST, TUNNEL),)
        state = HostState(
            HOST, records, tunnels=lambda _: fact, applications=guards, paths=("", "x")
        )
        return frozenset(entries(state))

    assert found(TunnelRules(one, (other,))) == found(TunnelRules(one)) | found(TunnelRules(other))
