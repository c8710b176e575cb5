"""Promises about whom files admit by name, and about the warnings of risky names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ztctl.cli.session import problems_of
from ztctl.core.model.address import Address
from ztctl.core.model.declared import Declared
from ztctl.documents import load
from ztctl.kinds.registry import KINDS
from ztctl.ssh.admitted import admitted, risky_names

APP = Address("access_application", "h.example.com")
SSH = "service: ssh://localhost:22"
Stack = Callable[..., Declared]


def allow(*emails: str) -> str:
    """A policy that allows these addresses."""
    return f"{{decision: allow, include: [{{email: [{', '.join(emails)}]}}]}}"


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """Files with one host, whose policies are given in order."""

    def make(*policies: str, groups: str = "", host: str = SSH, more: str = "") -> Declared:
        names = ", ".join(f"p{number}" for number in range(len(policies)))
        listed = "".join(f"  p{number}: {it}\n" for number, it in enumerate(policies))
        path = tmp_path / "ztctl.yaml"
        path.write_text(
            "version: 1\nstack: prod\ntunnels: {edge: {}}\n"
            f"{f'groups: {groups}' if groups else ''}\npolicies:\n{listed}"
            f"hosts:\n  h.example.com: {{tunnel: edge, {host}, policies: [{names}]}}\n{more}",
            encoding="utf-8",
        )
        return load([path], KINDS, check=problems_of)

    return make


def codes(declared: Declared) -> list[str]:
    """The codes of the warnings about names."""
    return [it.code for it in risky_names(declared, KINDS)]


def test_groups_are_followed(stack: Stack) -> None:
    """Also through each other, and each address is told once."""
    groups = "{a: {include: [{email: x@a.com}, {group: b}]}, b: {include: [{email: y@a.com}]}}"
    policy = "{decision: allow, include: [{group: a}, {email: x@a.com}]}"

    assert admitted(stack(policy, groups=groups), APP).addresses == ("x@a.com", "y@a.com")


def test_whom_nobody_can_list_is_said(stack: Stack) -> None:
    """A domain, a group of an identity provider, everyone: with the place of the rule."""
    groups = "{g: {include: [{okta: {identity_provider: Okta, name: infra}}]}}"
    policy = "{decision: allow, include: [{group: g}, {email_domain: a.com}, {email: x@a.com}]}"

    found = admitted(stack(policy, groups=groups), APP)

    assert found.addresses == ("x@a.com",)
    assert set(found.unlisted) == {"okta infra (group g)", "email_domain a.com (policy p0)"}


@pytest.mark.parametrize(
    "policies",
    [
        ("{decision: allow, include: [{email: [x@a.com, y@a.com]}], exclude: [{email: y@a.com}]}",),
        ("{decision: allow, include: [email: [x@a.com, y@b.co]], exclude: [email_domain: b.co]}",),
        ("{decision: deny, include: [{email: y@a.com}]}", allow("x@a.com", "y@a.com")),
        (allow("x@a.com"), "{decision: non_identity, include: [{any_valid_service_token: true}]}"),
    ],
    ids=["excluded", "domain", "denied", "token"],
)
def test_who_is_shut_out_is_not_listed(stack: Stack, policies: tuple[str, ...]) -> None:
    """By an exclusion, a Deny before, or a decision that is not about people."""
    assert admitted(stack(*policies), APP).addresses == ("x@a.com",)


def test_a_collision_is_warned_of(stack: Stack) -> None:
    """At the host, with both addresses and the account that they share."""
    (found,) = risky_names(stack(allow("jdoe@a.com"), allow("jdoe@b.com")), KINDS)

    assert found.code == "principal-collision"
    assert "jdoe@a.com and jdoe@b.com as jdoe" in found.summary
    assert found.where is not None


def test_a_system_name_is_warned_of(stack: Stack) -> None:
    """It opens an account that is there before anybody is."""
    assert codes(stack(allow("root@a.com"))) == ["system-principal"]


@pytest.mark.parametrize("host", ["service: bastion", "service: ssh://10.0.0.1:22"])
def test_every_service_of_ssh_counts(stack: Stack, host: str) -> None:
    """A bastion leads to sshd, too."""
    assert codes(stack(allow("jdoe@a.com", "jdoe@b.com"), host=host)) == ["principal-collision"]


@pytest.mark.parametrize(
    "host", ["service: http://localhost:80", f"{SSH}, ca_key: false"], ids=["web", "own keys"]
)
def test_what_is_no_login_by_certificate_is_not_warned_of(stack: Stack, host: str) -> None:
    """Nobody becomes an account there."""
    assert codes(stack(allow("jdoe@a.com", "root@b.com", "jdoe@b.com"), host=host)) == []


@pytest.mark.parametrize(
    "policies",
    [
        (allow("jdoe@a.com", "ann@b.com"),),
        (allow("jdoe@a.com", "JDOE@a.com"),),
        ("{decision: allow, include: [{email_domain: [a.com, b.com]}]}",),
        (allow("jdoe@a.com"), "{decision: deny, include: [{email: jdoe@b.com}]}"),
        ("{decision: deny, include: [{email: jdoe@b.com}]}", allow("jdoe@a.com", "jdoe@b.com")),
    ],
)
def test_there_is_no_false_alarm(stack: Stack, policies: tuple[str, ...]) -> None:
    """Only of addresses that stand in the files and enter."""
    assert codes(stack(*policies)) == []


def test_hosts_of_the_same_policies_are_warned_of_once(stack: Stack) -> None:
    """With their number."""
    more = f"  i.example.com: {{tunnel: edge, {SSH}, policies: [p0]}}\n"

    (found,) = risky_names(stack(allow("jdoe@a.com", "jdoe@b.com"), more=more), KINDS)

    assert found.summary.startswith("h.example.com and 1 more: ")


def test_it_can_be_silenced_like_any_other_warning(stack: Stack) -> None:
    """By its code and a reason, for all of the files."""
    policy = allow("jdoe@a.com", "jdoe@b.com")
    silence = "lint: {ignore: {principal-collision: one person with two addresses}}\n"

    heard = [it.code for it in stack(policy).warnings]
    silent = [it.code for it in stack(policy, more=silence).warnings]

    assert (heard, silent) == (["principal-collision"], [])
