"""What a model refuses is told in plain words, at the exact place, with a remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ztctl.core.model.diagnostics import Problems, Where
from ztctl.core.model.values import Lookup, Ref
from ztctl.documents import load

from .workshop import KINDS, Workshop

HEAD = "version: 1\nstack: prod\n"

TUNNEL = "tunnels:\n  t:\n    ingress:\n      - service: x\n"


ITEMS = "write a list, with `- ` before each of its items"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "policies:\n  p:\n    desicion: allow\n",
            "5:5: policies.p has no field `desicion` -> did you mean `decision`?",
        ),
        (
            "policies:\n  p:\n    xyz: allow\n",
            (
                "5:5: policies.p has no field `xyz`"
                " -> known here: decision, countries, comment, precedence, since"
            ),
        ),
        (
            "policies:\n  p:\n    decision: Allow\n",
            (
                "5:15: policies.p: `decision` must be 'allow', 'deny' or 'bypass', not 'Allow'"
                " -> did you mean `allow`?"
            ),
        ),
        (
            "policies:\n  p:\n    comment: true\n",
            "5:14: policies.p: `comment` must be a text, not true -> quote it",
        ),
        (
            "policies:\n  p:\n    comment: [a]\n",
            "5:14: policies.p: `comment` must be a text, not a list",
        ),
        (
            "policies:\n  p:\n    countries:\n      - [PT]\n",
            "6:9: policies.p: `countries[0]` must be a text, not a list",
        ),
        (
            "policies:\n  p:\n    countries: PT\n",
            "5:16: policies.p: `countries` must be a list, not 'PT' -> write a list: [PT]",
        ),
        (
            "policies:\n  p:\n    countries: {a: PT}\n",
            f"5:16: policies.p: `countries` must be a list, not a mapping -> {ITEMS}",
        ),
        (
            "policies:\n  p:\n    precedence: first\n",
            "5:17: policies.p: `precedence` must be a whole number or 'last', not 'first'",
        ),
        (
            "policies:\n  p:\n    decision: deny\n    countries: [PT]\n",
            "4:3: policies.p: a denial has no countries",
        ),
        (
            "tunnels:\n  t:\n    ingress:\n      - path: /\n        service: x\n",
            "6:9: tunnels.t: `ingress[0]`: a path needs a host name",
        ),
        ("policies:\n  p: text\n", "4:6: policies.p must be a mapping (`key: value`), not 'text'"),
        (
            "policies:\n  p:\n    - a\n",
            "5:5: policies.p must be a mapping (`key: value`), not a list",
        ),
        (
            "tunnels:\n  t:\n    ingress:\n      - hostname: h\n",
            "6:9: tunnels.t: `ingress[0]` lacks `service` -> What the rule leads to.",
        ),
        (
            TUNNEL + "        originRequest: {}\n",
            (
                "7:9: tunnels.t: `ingress[0]` has no field `originRequest`"
                " -> did you mean `origin_request`?"
            ),
        ),
        (
            TUNNEL + "        origin_request: {noTLSVerify: true}\n",
            (
                "7:26: tunnels.t: `ingress[0].origin_request` has no field `noTLSVerify`"
                " -> did you mean `no_tls_verify`?"
            ),
        ),
        (
            TUNNEL + "        origin_request: {no_tls_verify: NO}\n",
            (
                "7:41: tunnels.t: `ingress[0].origin_request.no_tls_verify`"
                " must be true or false, not 'NO' -> write true or false, without quotes"
            ),
        ),
        (
            TUNNEL + "        origin_request:\n          connect_timeout: 61\n",
            (
                "8:28: tunnels.t: `ingress[0].origin_request.connect_timeout`"
                " must be at most 60, not '61'"
            ),
        ),
        (
            TUNNEL + "        origin_request:\n          connect_timeout: 7\n",
            (
                "8:28: tunnels.t: `ingress[0].origin_request.connect_timeout`"
                ": an odd number of seconds is not possible"
            ),
        ),
        (
            TUNNEL + "        origin_request:\n          connect_timeout: 30s\n",
            (
                "8:28: tunnels.t: `ingress[0].origin_request.connect_timeout`"
                " must be a whole number, not '30s'"
            ),
        ),
        (
            "applications:\n  a:\n    session_duration: 8 hours\n",
            "5:23: applications.a: `session_duration`: '8 hours' is not a duration -> write 8h",
        ),
    ],
)
def test_problems_are_told_in_plain_words(workshop: Workshop, text: str, problem: str) -> None:
    """Every refusal names its place, the field, what is wanted and what was found."""
    problems = workshop.problems(HEAD + text)

    assert problems == [f"ztctl.yaml:{problem}"]


def test_an_error_without_words_of_its_own_is_plain_too(workshop: Workshop) -> None:
    """What pydantic says about rarer types is turned into the same form."""
    (problem,) = workshop.problems(HEAD + "policies: {p: {since: soon}}\n")

    assert problem.startswith("ztctl.yaml:3:23: policies.p: `since` must be a valid date")
    assert problem.endswith(", not 'soon'")


def test_a_wrong_reference_is_told_at_its_place(workshop: Workshop) -> None:
    """What is neither a name nor one of the two mappings is refused where it stands."""
    (problem,) = workshop.problems(HEAD + "applications: {a: {policies: [p, {alive: x}]}}\n")

    place = "ztctl.yaml:3:34: applications.a: `policies[1]`"
    assert problem.startswith(f"{place}: write the name of the access policy, or ")


def test_all_problems_come_in_one_run_in_order(workshop: Workshop) -> None:
    """Problems of all files come together, file by file and line by line."""
    problems = workshop.problems_of_files(
        {
            "b.yaml": "tunnels:\n  t: {ingress: x}\npolicies:\n  p: {desicion: x}\n",
            "c.yaml": "a: b: c\n",
            "a.yaml": HEAD + "polices: {}\n",
        }
    )

    places = [problem.split(": ")[0] for problem in problems]
    assert places == ["b.yaml:2:16", "b.yaml:4:7", "c.yaml:1:5", "a.yaml:3:1"]


def test_a_problem_behind_an_alias_is_told_once(workshop: Workshop) -> None:
    """The same place with the same words is one problem."""
    problems = workshop.problems(
        HEAD + "policies:\n  p: {countries: &x [[PT], [US]]}\n  q: {countries: *x}\n"
    )

    assert [problem.split(": ")[0] for problem in problems] == [
        "ztctl.yaml:4:22",
        "ztctl.yaml:4:22",
        "ztctl.yaml:4:28",
        "ztctl.yaml:4:28",
    ]


def test_an_unreadable_file_makes_nothing_else_missing(workshop: Workshop) -> None:
    """What the broken file may declare is not called missing in the others."""
    problems = workshop.problems_of_files(
        {
            "a.yaml": "hosts: {h.example.com: {tunnel: t, service: s, policies: [p]}}\n",
            "b.yaml": HEAD + "tunnels: {t: }\n\tx\n",
        }
    )

    assert problems == ["b.yaml:4:1: a tab cannot indent YAML -> use spaces"]


def test_an_entry_that_says_nothing_is_empty(workshop: Workshop) -> None:
    """A name with nothing behind it counts as an entry with all defaults."""
    declared = workshop.load(HEAD + "policies:\n  p:\n  q: ~\n")

    assert [wanted.address.key for wanted in declared.wanted] == ["p", "q"]


def test_an_entry_knows_its_place(workshop: Workshop) -> None:
    """A wanted object stands where its key does, and comes from no short form."""
    declared = workshop.load(HEAD + "policies:\n  p: {decision: deny}\n")

    (policy,) = declared.wanted
    assert (policy.where, policy.origin) == (Where("ztctl.yaml", 4, 3), "")


def test_references_know_their_place(workshop: Workshop) -> None:
    """A reference that leads nowhere can be told at its own place later."""
    declared = workshop.load(HEAD + "applications: {a: {policies: [p, {live: Any one}]}}\n")

    (application,) = declared.wanted
    ref, lookup = application.values["policies"]
    assert isinstance(ref, Ref)
    assert isinstance(lookup, Lookup)
    assert (str(ref.where), str(lookup.where)) == ("ztctl.yaml:3:31", "ztctl.yaml:3:41")


def test_numbers_and_words_reach_the_model_as_they_are_spelt(workshop: Workshop) -> None:
    """`NO` is a country, `022` is a text, and a number where the model wants one."""
    declared = workshop.load(
        HEAD + "policies: {p: {countries: [NO, 022], comment: 1.10, precedence: 3}}\n"
    )

    (policy,) = declared.wanted
    values = {name: policy.values[name] for name in ("countries", "comment", "precedence")}
    assert values == {"countries": ["NO", "022"], "comment": "1.10", "precedence": 3}


def test_long_values_are_cut(workshop: Workshop) -> None:
    """A problem stays readable whatever stands in the file."""
    (problem,) = workshop.problems(HEAD + f"policies: {{p: {{countries: {'x' * 10_000}}}}}\n")

    assert len(problem) < 200


def test_control_characters_are_shown_as_escapes(workshop: Workshop) -> None:
    """A file cannot write to the terminal through a problem."""
    (problem,) = workshop.problems(HEAD + 'policies: {"p\\e[31m": {"x\\n\\e[2J": 1}}\n')

    assert problem.isprintable()
    assert "p\\x1b[31m has no field `x\\n\\x1b[2J`" in problem


SECTIONS = ("policies", "applications", "tunnels", "dns", "ca_keys", "hosts", "removed", "vars")
FIELDS = ("ingress", "policies", "service", "tunnel", "decision", "public", "address", "reason")
WORDS = st.sampled_from(
    (*FIELDS, "t", "p", "${var.t}", "${env.ZTCTL_X}", "${", "", "1", "*.example.com", "live", "id")
)
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), WORDS, st.text(max_size=5))
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all examples of a property."""
    return tmp_path_factory.mktemp("generated")


@given(sections=st.dictionaries(st.sampled_from(SECTIONS), TREES, max_size=4))
def test_no_tree_raises_anything_but_problems(folder: Path, sections: dict[str, Any]) -> None:
    """Whatever stands in the sections is loaded or told, and what is told has a place."""
    file = folder / "ztctl.yaml"
    file.write_text(yaml.safe_dump({"version": 1, "stack": "s", **sections}), encoding="utf-8")

    try:
        told: tuple[Any, ...] = ()
        load([file], KINDS, environment={"ZTCTL_X": "x"})
    except Problems as problems:
        told = problems.items

    assert all(problem.where is not None for problem in told)


@given(content=st.binary(max_size=200))
def test_no_content_raises_anything_but_problems(folder: Path, content: bytes) -> None:
    """Bytes that are no file of ztctl are told as problems, never as a traceback."""
    file = folder / "bytes.yaml"
    file.write_bytes(content)

    with pytest.raises(Problems) as caught:
        load([file], KINDS)

    assert caught.value.items
