"""Promises about JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.documents import faults
from ztctl.core.model.address import Address
from ztctl.core.model.diagnostics import Failure, Problem, Severity, Where
from ztctl.core.model.events import Failed, Finished, Outcome, Reading, Skipped, Started
from ztctl.core.model.plan import Action, Change, Edit, Phase, Plan, Reason, StepId
from ztctl.core.model.values import UNSET, Lookup, Ref, Secret, Unknown
from ztctl.views.page import Page

Golden = Callable[[str, str], None]
MakeShown = Callable[..., Any]

TUNNEL = Address("tunnel", "edge")
CREATE = StepId(TUNNEL, "create")
OTHER = StepId(Address("dns_record", "a.example.com"), "create")
ANYTHING = st.text(st.characters(exclude_categories=()), max_size=12)


def one(change: Change, shown: MakeShown, **options: Any) -> Any:
    """The only resource change of a plan with one change."""
    it = shown("json", **options)
    it.view.plan(Plan("acc-1", "prod", (change,)))
    return json.loads(it.out)["resource_changes"][0]


def test_a_whole_plan_is_one_document(whole_plan: Plan, shown: MakeShown, golden: Golden) -> None:
    """A plan is one line of JSON on stdout, in Terraform's published shape."""
    it = shown("json")

    it.view.plan(whole_plan)

    document = json.loads(it.out)
    assert faults(it.out) == []
    golden("plan.json", json.dumps(document, indent=2) + "\n")
    assert it.out.count("\n") == 1
    assert it.err == ""


def test_an_empty_plan_is_not_applyable(shown: MakeShown) -> None:
    """A plan without changes has an empty list of them, and there is nothing to apply."""
    it = shown("json")

    it.view.plan(Plan("acc-1", "prod", unchanged=4))

    document = json.loads(it.out)
    assert document["resource_changes"] == []
    assert document["applyable"] is False
    assert document["summary"]["unchanged"] == 4


@pytest.mark.parametrize(("refused", "expected"), [(True, False), (False, True)])
def test_a_refused_plan_is_not_applyable(
    refused: bool, expected: bool, whole_plan: Plan, small_plan: Plan, shown: MakeShown
) -> None:
    """A plan with changes is applyable exactly when nothing is refused."""
    it = shown("json")

    it.view.plan(whole_plan if refused else small_plan)

    assert json.loads(it.out)["applyable"] is expected


def test_unknown_and_secret_values_are_marked(shown: MakeShown) -> None:
    """An unknown field is left out and an unknown element null; a secret is null; marks say so."""
    after = {
        "a": Unknown(TUNNEL),
        "b": ["x", Unknown(TUNNEL)],
        "c": {"d": Secret("hunter2"), "e": 1},
        "f": UNSET,
        "g": Ref(TUNNEL),
        "h": Lookup("identity_provider", "Okta"),
        "i": float("inf"),
    }
    change = Change(TUNNEL, Action.CREATE, Reason.NOT_LIVE, Phase.TUNNEL, after=after)

    found = one(change, shown)["change"]

    assert found == {
        "actions": ["create"],
        "before": None,
        "after": {
            "b": ["x", None],
            "c": {"d": None, "e": 1},
            "g": "tunnel.edge",
            "h": "live identity_provider Okta",
            "i": "inf",
        },
        "after_unknown": {"a": True, "b": [False, True], "c": {}},
        "before_sensitive": False,
        "after_sensitive": {"b": [False, False], "c": {"d": True}},
    }


def test_a_moved_object_names_its_previous_address(shown: MakeShown) -> None:
    """A change that comes of a move says from where, as Terraform does."""
    change = Change(TUNNEL, Action.UPDATE, Reason.MOVED, Phase.TUNNEL, detail="tunnel.old")

    assert one(change, shown)["previous_address"] == "tunnel.old"


def test_paths_that_force_a_replacement_are_steps(shown: MakeShown) -> None:
    """The paths of a replacement are lists of names and positions."""
    edits = (Edit("ingress[1].service", "a", "b", replaces=True), Edit("name", "a", "b"))
    change = Change(TUNNEL, Action.REPLACE, Reason.CANNOT_UPDATE, Phase.TUNNEL, edits=edits)

    found = one(change, shown)

    assert found["change"]["replace_paths"] == [["ingress", 1, "service"]]
    assert found["action_reason"] == "replace_because_cannot_update"


def test_numbers_and_names_are_masked(shown: MakeShown) -> None:
    """A value of the environment is masked as a number, a key and a text alike."""
    after = {"port": 4431, "open": True, "s3cret": "a s3cret"}
    change = Change(TUNNEL, Action.CREATE, Reason.NOT_LIVE, Phase.TUNNEL, after=after)

    def redact(text: str) -> str:
        return text.replace("4431", "(env PORT)").replace("s3cret", "(env NAME)")

    found = one(change, shown, redact=redact)["change"]["after"]

    assert found == {"port": "(env PORT)", "open": True, "(env NAME)": "a (env NAME)"}


def test_hostile_text_is_plain_ascii(hostile_plan: Plan, shown: MakeShown) -> None:
    """JSON is printable ASCII whatever the account holds, and masked throughout."""
    it = shown("json", redact=lambda text: text.replace("evil", "(env NAME)"))

    it.view.plan(hostile_plan)

    assert it.out[:-1].isascii()
    assert it.out[:-1].isprintable()
    assert "evil" not in it.out


def test_apply_is_told_in_lines(small_plan: Plan, shown: MakeShown) -> None:
    """Each event of an apply is a line with its type, its address and its step; reading is none."""
    it = shown("json")

    for event in (
        Reading(1, 2),
        Started(CREATE),
        Finished(CREATE, 0.25),
        Failed(CREATE, "no", "try again", lost=True),
        Skipped(OTHER, CREATE),
    ):
        it.view.event(event)

    step = {"address": "tunnel.edge", "step": "create"}
    assert [json.loads(line) for line in it.out.splitlines()] == [
        {"type": "apply_start", **step},
        {"type": "apply_complete", **step, "elapsed_seconds": 0.25},
        {"type": "apply_errored", **step, "reason": "no", "hint": "try again", "lost": True},
        {
            "type": "apply_skipped",
            "address": "dns_record.a.example.com",
            "step": "create",
            "because_of": step,
        },
    ]


def test_an_outcome_counts_by_change(small_plan: Plan, shown: MakeShown) -> None:
    """The outcome gives the status, the figures by change, and each failure by step."""
    done, *rest = (step.id for step in small_plan.steps)
    failed = Failed(rest[0], "no")
    it = shown("json")

    it.view.outcome(small_plan, Outcome((done,), (failed,), not_started=tuple(rest[1:])))

    found = json.loads(it.out)
    assert found == {
        "type": "outcome",
        "status": "partial",
        "summary": {"add": 0, "change": 1, "destroy": 0, "adopt": 0, "forget": 0},
        "done": ["access_group.infra-team"],
        "failed": ["access_policy.ssh-team"],
        "skipped": [],
        "not_started": ["access_application.ssh.example.com", "ca_key.ssh.example.com"],
        "revoked": [],
        "failures": [
            {
                "address": "access_policy.ssh-team",
                "step": "create",
                "reason": "no",
                "hint": "",
                "lost": False,
            }
        ],
    }


def test_problems_are_diagnostics(shown: MakeShown) -> None:
    """A problem or failure is one diagnostic on stderr, with the range when there is a place."""
    it = shown("json")

    it.view.problems([Problem("stale", Where("a.yaml", 3, 5), "renew it", Severity.WARNING)])
    it.view.failure(Failure("no network"))

    lines = [json.loads(line) for line in it.err.splitlines()]
    assert lines == [
        {
            "type": "diagnostic",
            "severity": "warning",
            "summary": "stale",
            "detail": "renew it",
            "range": {"filename": "a.yaml", "start": {"line": 3, "column": 5}},
        },
        {"type": "diagnostic", "severity": "error", "summary": "no network", "detail": ""},
    ]
    assert it.out == ""


def test_notes_are_lines_and_a_page_is_its_records(shown: MakeShown) -> None:
    """Notes are JSON beside the data; of a page each record is one line, masked."""
    it = shown("json", redact=lambda text: text.replace("hunter2", "(env PASSWORD)"))

    it.view.note("saved")
    it.view.next_steps("ztctl apply")
    it.view.page(Page("Runs", (), ({"a": 1}, {"b": "hunter2"})))
    it.view.close()

    assert [json.loads(line)["type"] for line in it.err.splitlines()] == ["note", "next_steps"]
    assert it.out == '{"a": 1}\n{"b": "(env PASSWORD)"}\n'


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    value=st.recursive(
        ANYTHING | st.integers() | st.floats() | st.none() | st.just(Secret("hunter2")),
        lambda inner: st.lists(inner) | st.dictionaries(ANYTHING, inner),
        max_leaves=8,
    )
)
def test_any_values_give_valid_json(shown: MakeShown, value: Any) -> None:
    """Whatever a field holds, the document is strict JSON without a secret in it."""
    edits = (Edit("a", None, value),)
    change = Change(
        TUNNEL, Action.CREATE, Reason.NOT_LIVE, Phase.TUNNEL, edits=edits, after={"a": value}
    )
    it = shown("json")

    it.view.plan(Plan("acc-1", "prod", (change,)))

    json.loads(it.out, parse_constant=pytest.fail)
    assert faults(it.out) == []
    assert "hunter2" not in it.out
