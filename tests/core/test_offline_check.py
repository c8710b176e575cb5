"""Promises about what is wrong with the files on their own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ztctl.core.model.diagnostics import Severity
from ztctl.core.planning.check import expanded
from ztctl.kinds.registry import KINDS

from .making import Sections, files, host, moved, offline, removed

RULE: dict[str, Any] = {"decision": "allow", "include": [{"email": "ann@example.com"}]}


def group(*members: Any, **lists: Any) -> dict[str, Any]:
    """A group that includes these."""
    return {"include": list(members), **lists}


def tagged(tag: str) -> Sections:
    """A host whose application carries this tag."""
    wanted = host()
    wanted["applications"]["ssh.example.com"]["tags"] = [tag]
    return wanted


def test_a_right_file_has_no_problem() -> None:
    """Nothing is found where nothing is wrong."""
    assert offline(files({**host(), "ca_keys": {"ssh.example.com": {}}})) == []


def test_a_reference_to_nothing_suggests_what_was_meant() -> None:
    """The message names both ends, has a place, and offers the nearest key."""
    wanted = host()
    wanted["applications"]["ssh.example.com"]["policies"] = ["taem"]

    (problem,) = offline(files(wanted))

    assert problem.summary == (
        "access_application.ssh.example.com refers to the access policy 'taem', which no file "
        "declares"
    )
    assert problem.hint.startswith("did you mean 'team'? ")
    assert "{live: taem}" in problem.hint
    assert problem.where is not None


def test_nothing_is_suggested_where_nothing_is_near() -> None:
    """A wild guess is worse than none."""
    wanted: Sections = {"dns": {"ssh.example.com": {"tunnel": "edge"}}, "tunnels": {"zzz": {}}}

    (problem,) = offline(files(wanted))

    assert "did you mean" not in problem.hint


def test_a_ring_is_told_whole() -> None:
    """Groups that hold each other are named in order, the first one again at the end."""
    wanted = {"groups": {"a": group({"group": "b"}), "b": group({"group": "a"})}}

    (problem,) = offline(files(wanted))

    assert problem.summary.endswith("access_group.a → access_group.b → access_group.a")
    assert expanded(files(wanted), KINDS) == ()


def test_one_object_under_two_keys_is_told() -> None:
    """Two entries with one live identity would fight for it."""
    wanted: Sections = {
        "tunnels": {"edge": {}},
        "dns": {"SSH.example.com": {"tunnel": "edge"}, "ssh.example.com.": {"tunnel": "edge"}},
    }

    (problem,) = offline(files(wanted))

    assert "are the same object, 'ssh.example.com'" in problem.summary
    assert problem.hint == "the other one is at ztctl.yaml:1:3"


def test_two_keys_for_one_live_name_are_told() -> None:
    """A name before the mark can be given once."""
    wanted = {"policies": {"a": {**RULE, "name": "Team"}, "b": {**RULE, "name": "Team"}}}

    (problem,) = offline(files(wanted))

    assert "access_policy.a and access_policy.b are the same object, 'Team'" in problem.summary


def test_one_id_is_claimed_once() -> None:
    """Two entries with one id are one object, wherever it is named, and only within its kind."""
    claim = {"id": "0f5a1c2e-8d3b-4e6f-9a70-1b2c3d4e5f60"}
    wanted = {
        "policies": {"a": {**RULE, **claim}, "b": {**RULE, "id": claim["id"].upper()}},
        "tunnels": {"edge": claim},
    }

    (problem,) = offline(files(wanted))

    assert problem.summary == (
        f"access_policy.a and access_policy.b are the same object, {claim['id']!r}"
    )


def test_what_is_claimed_cannot_be_removed() -> None:
    """Whatever address the entry has: it names the same id."""
    id = "0f5a1c2e-8d3b-4e6f-9a70-1b2c3d4e5f60"
    entry = replace(removed("access_policy.other"), id=id)

    (problem,) = offline(files({"policies": {"a": {**RULE, "id": id}}}, removed=[entry]))

    assert problem.summary == "access_policy.a is declared and removed at once"


def test_nothing_moves_to_what_is_claimed() -> None:
    """The old object would be deleted, which is the opposite of what was written."""
    id = "0f5a1c2e-8d3b-4e6f-9a70-1b2c3d4e5f60"
    entry = moved("access_policy.old", "access_policy.a")

    (problem,) = offline(files({"policies": {"a": {**RULE, "id": id}}}, moved=[entry]))

    assert problem.summary.startswith("access_policy.a is claimed by its id")


def test_a_tag_has_at_most_35_characters() -> None:
    """A longer one would be refused in the middle of an apply."""
    (problem,) = offline(files(tagged("x" * 36)))

    assert problem.summary.endswith("has 36 characters; the service takes 35")


def test_a_tag_with_a_dot_is_warned_of() -> None:
    """Nobody has seen the service take one, nor refuse it."""
    (problem,) = offline(files(tagged("team.a")))

    assert "the tag 'team.a' holds a dot" in problem.summary
    assert problem.severity is Severity.WARNING


def test_a_domain_has_one_application() -> None:
    """The service knows no two applications of one domain."""
    wanted = {"applications": {"a": {"domain": "x.example.com"}, "x.example.com": None}}

    problem, *warnings = offline(files(wanted))

    assert {it.code for it in warnings} == {"no-one-enters"}
    assert problem.summary == (
        "access_application.x.example.com has the domain x.example.com, which "
        "access_application.a has too"
    )


def test_an_application_has_one_certificate_authority() -> None:
    """Two entries for one application are a mistake, not two keys."""
    wanted = {**host(), "ca_keys": {"ssh.example.com": {}, "x": {"application": "ssh.example.com"}}}

    (problem,) = offline(files(wanted))

    assert problem.summary.endswith("are the CA of one application")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (
            {"removed": [removed("access_policy.p")]},
            "access_policy.p is declared and removed at once",
        ),
        (
            {"moved": [moved("access_policy.p", "access_policy.q")]},
            "access_policy.p is declared and moved away at once",
        ),
        (
            {"moved": [moved("access_policy.old", "access_policy.nowhere")]},
            "access_policy.nowhere is where something moved to, but no file declares it",
        ),
        (
            {"moved": [moved("access_group.g", "access_policy.q")]},
            "access_group.g cannot become access_policy.q: the kind stays",
        ),
    ],
)
def test_bookkeeping_that_contradicts_the_file_is_told(facts: Any, expected: str) -> None:
    """An entry that cannot mean anything is an error, not silence."""
    found = offline(files({"policies": {"p": RULE, "q": RULE}}, **facts))

    assert [problem.summary for problem in found] == [expected]


def test_a_record_does_not_move() -> None:
    """Its name is its identity: the new one is made and the old one goes."""
    declared = files(
        {"tunnels": {"edge": {}}, "dns": {"b.example.com": {"tunnel": "edge"}}},
        moved=[moved("dns_record.a.example.com", "dns_record.b.example.com")],
    )

    (problem,) = offline(declared)

    assert "its name is what it is" in problem.summary


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        ({"exclude": [{"everyone": True}]}, "it excludes everyone"),
        (
            {"exclude": [{"email": "ANN@example.com"}]},
            "everything that it includes it also excludes",
        ),
        (
            {"require": [{"country": "PT"}, {"country": "US"}]},
            "it requires PT and US at once; write one list, `country: [PT, US]`, for any of them",
        ),
    ],
)
def test_a_rule_set_that_nobody_can_satisfy_is_warned_of(lists: Any, expected: str) -> None:
    """The service takes it; a plan does not make a policy of it."""
    (problem,) = offline(files({"groups": {"g": group({"email": "ann@example.com"}, **lists)}}))

    assert problem.summary == f"nobody can satisfy access_group.g: {expected}"
    assert problem.severity is Severity.WARNING


def test_a_list_that_is_required_becomes_a_group_of_its_own() -> None:
    """A list means any of, also where the service joins by AND."""
    declared = files(
        {"groups": {"g": group({"everyone": True}, require=[{"country": ["PT", "US"]}])}}
    )

    helper, owner = expanded(declared, KINDS)

    assert str(helper.address) == "access_group.group.g.require.country"
    assert helper.values["include"] == [{"country": "PT"}, {"country": "US"}]
    assert [rule["group"].to for rule in owner.values["require"]] == [helper.address]
    assert offline(declared) == []


def test_warnings_and_errors_are_told_apart() -> None:
    """What stops nothing is a warning."""
    rule = {"hostname": "a.example.com", "service": "ssh://localhost:22", "path": "/x"}

    (problem,) = offline(files({"tunnels": {"edge": {"ingress": [rule]}}}))

    assert problem.severity is Severity.WARNING


def test_a_file_of_nothing_is_no_problem() -> None:
    """An empty file is an empty wish."""
    assert offline(files({})) == []
    assert expanded(files({}), KINDS) == ()
