"""A journal's lines: what must not be seen is not in them, and any file can be read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.pages import FORMATS, rendered
from ztctl.core.model.address import Address
from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.events import Failed, Outcome, Skipped
from ztctl.core.model.objects import Attributes, Live
from ztctl.core.model.plan import StepId
from ztctl.core.model.values import Secret
from ztctl.core.runs.journal import (
    Ending,
    History,
    JournalEvent,
    WriteResult,
    before,
    ending_of,
    history,
    line_of,
    object_of,
)
from ztctl.documents.mask import Mask
from ztctl.engine.journal import LONGEST, lines
from ztctl.views.escape import Clean
from ztctl.views.factory import Format
from ztctl.views.history import object_page, run_page, runs_page

CANARY = "canary-of-a-secret-0123456789"
TOKEN = "eyJhIjoiNGY3ZDhlOWFhYmNkZWYwMTIzNDU2Nzg5MGFiY2RlZiIsInQiOiJjYW5hcnkifQ=="
KEY = f"-----BEGIN OPENSSH PRIVATE KEY-----\n{CANARY}\n-----END OPENSSH PRIVATE KEY-----\n"


def no_mask(text: str) -> str:
    """Hide nothing."""
    return text


def line(
    event: JournalEvent, address: str = "", run: str = "r1", time: str = "t", **own: Any
) -> bytes:
    """A line of a run; ``before`` and whatever else is foreign goes the same way."""
    whose = {"stack": "prod", "account": "account"}
    said: dict[str, Any] = {"address": address}
    said |= {key: own.pop(key) for key in ("before", "id") if key in own}
    return line_of(event, {"run": run, "time": time, **own}, {**whose, **said}, no_mask)


def a_run(run: str = "r1") -> list[bytes]:
    """A whole run: one object made, one changed, one not."""
    old = object_of(Live("tunnel", "1", "edge", "edge", {}, raw={"id": "1", "name": "edge"}))
    return [
        line(JournalEvent.BEGIN, run=run, version="1.0", steps=3),
        line(JournalEvent.ABOUT, "tunnel.new", run, verb="create", action="create", before=None),
        line(JournalEvent.ABOUT, "tunnel.edge", run, verb="rename", action="update", before=old),
        line(JournalEvent.DONE, "tunnel.new", run, verb="create", action="create", id="2"),
        line(JournalEvent.FAILED, "tunnel.edge", run, verb="rename", action="update", lost=False),
        line(JournalEvent.END, run=run, how="partial", done=1, failed=1, skipped=1, not_started=0),
    ]


# -- secrets ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Noted(Attributes):
    """Attributes that hold whatever is to be kept out."""

    raw: Mapping[str, Any]


@pytest.mark.parametrize(
    "raw",
    [
        {"tunnel_secret": CANARY},
        {"client_secret": CANARY, "id": "1"},
        {"deep": [{"config": {"clientSecret": CANARY}}]},
        {"scim_config": {"authentication": {"password": CANARY, "token": CANARY}}},
        {"credentials_file": {"AccountTag": "a", "TunnelID": CANARY}},
        {"private_key": CANARY},
        {"note": f"see {KEY}"},
        {"note": f"-----BEGIN PRIVATE KEY-----\n{CANARY}"},
        {"x": Secret(CANARY)},
        {"x": [{"y": Secret(CANARY)}]},
    ],
    ids=str,
)
def test_a_secret_is_not_in_a_line(raw: Mapping[str, Any]) -> None:
    """Secrets of an object are absent, wherever they stand and whatever type they have."""
    old = Live("tunnel", "1", "edge", "edge", raw, Noted(raw), raw=raw)

    told = line(JournalEvent.ABOUT, "tunnel.edge", verb="x", before=object_of(old))

    assert CANARY.encode() not in told
    assert b"(sensitive)" in told


def test_a_tunnel_token_is_not_in_a_line() -> None:
    """A token is known by its form, so that it is absent from the words of a failure, too."""
    told = line_of(
        JournalEvent.FAILED, {}, {"reason": f"cloudflared run --token {TOKEN} failed"}, no_mask
    )

    assert b"eyJ" not in told
    assert json.loads(told)["reason"] == "cloudflared run --token (sensitive) failed"


@pytest.mark.parametrize(
    "raw",
    [
        {"include": [{"service_token": {"token_id": "1"}}, {"any_valid_service_token": {}}]},
        {"service_token": "robot", "public_key": "ecdsa AAAA", "token_id": "2", "secret": None},
    ],
)
def test_what_is_no_secret_stays(raw: Mapping[str, Any]) -> None:
    """What only sounds like a secret can be read back."""
    told = line(JournalEvent.ABOUT, before=object_of(Live("k", "1", "n", "n", {}, raw=raw)))

    assert json.loads(told)["before"]["raw"] == raw


def test_values_of_the_environment_are_masked() -> None:
    """Texts, names and numbers that came from the environment show the variable's name."""
    mask = Mask({"ZTCTL_HOST": (CANARY,), "ZTCTL_PORT": ("8022",)})
    raw = {CANARY: 8022, "text": f"to {CANARY}", "on": True, "other": 22}
    foreign = {"address": f"tunnel.{CANARY}", "before": raw, "reason": f"no {CANARY}"}

    told = json.loads(line_of(JournalEvent.FAILED, {"time": "8022"}, foreign, mask.hide))

    assert CANARY not in str(told)
    assert told["address"] == "tunnel.(env ZTCTL_HOST)"
    assert told["before"] == {
        "(env ZTCTL_HOST)": "(env ZTCTL_PORT)",
        "text": "to (env ZTCTL_HOST)",
        "on": True,
        "other": 22,
    }
    assert told["time"] == "8022"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_every_object_of_a_reply_makes_one_line(value: Any) -> None:
    """Whatever JSON holds becomes one line of ASCII that is JSON itself."""
    told = line_of(JournalEvent.ABOUT, {"run": "r", "time": "t"}, {"before": {"x": value}}, no_mask)

    assert told.count(b"\n") == 1
    assert told.endswith(b"\n")
    json.loads(told.decode("ascii"), parse_constant=pytest.fail)


def test_an_object_without_an_end_is_cut() -> None:
    """An object that is nested a thousandfold makes a line all the same."""
    deep: Any = "bottom"
    for _ in range(5000):
        deep = [deep]

    told = line_of(JournalEvent.ABOUT, {}, {"before": deep}, no_mask)

    assert b"(too deep)" in told
    assert b"bottom" not in told


# -- reading back -----------------------------------------------------------------------------


def test_a_run_is_read_back() -> None:
    """Who ran it, what came of each write, how it ended."""
    (ran,) = history(a_run()).runs

    assert (ran.id, ran.stack, ran.account, ran.version) == ("r1", "prod", "account", "1.0")
    assert (ran.ending, ran.skipped, ran.not_started) == (Ending.PARTIAL, 1, 0)
    assert [(item.address, item.result, item.id, item.found) for item in ran.writes] == [
        ("tunnel.new", WriteResult.DONE, "2", False),
        ("tunnel.edge", WriteResult.FAILED, "", True),
    ]


@given(st.data())
def test_any_beginning_of_a_file_can_be_read(data: st.DataObject) -> None:
    """Cut at any byte, a journal still tells every whole line, and at most one is damaged."""
    whole = b"".join([*a_run("r1"), *a_run("r2")])
    cut = data.draw(st.integers(0, len(whole)))
    kept = whole[:cut]
    # A last line of which only the line break is missing is whole.
    to = cut if whole[cut : cut + 1] == b"\n" else kept.rfind(b"\n") + 1

    found = history(kept.splitlines(keepends=True))

    assert found.runs == history(whole[:to].splitlines()).runs
    assert found.damaged == (0 if to == cut else 1)
    assert len(found.runs) == sum(run in kept[:to] for run in (b'"run":"r1"', b'"run":"r2"'))


def test_a_write_that_was_cut_off_is_unknown() -> None:
    """What was about to be done when the lines end may be done or not, and the run has no end."""
    (ran,) = history(a_run()[:4]).runs

    assert ran.ending is Ending.CUT_OFF
    assert [item.result for item in ran.writes] == [WriteResult.DONE, WriteResult.UNKNOWN]


@pytest.mark.parametrize("step", ["tunnel.edge", "tunnel.edge#rename"])
def test_an_object_before_a_write_is_found(step: str) -> None:
    """By its address, or by its address and the step."""
    found = before(a_run(), "r1", step)

    assert found is not None
    assert found.object is not None
    assert found.object["raw"] == {"id": "1", "name": "edge"}


@pytest.mark.parametrize(
    ("run", "step"), [("r2", "tunnel.edge"), ("r1", "tunnel.x"), ("r1", "tunnel.edge#delete")]
)
def test_an_object_that_was_not_written_is_not_found(run: str, step: str) -> None:
    """Neither in another run, nor under another address, nor before another step."""
    assert before(a_run(), run, step) is None


DEEP = b'{"raw":' + b"[" * 900 + b"]" * 900 + b"}"
START = b'{"ztctl_journal":1,"event":'
HOSTILE = [
    b"",
    b"\xff\xfe\x00",
    b"null",
    b"[" * 100_000,
    b'{"ztctl_journal":1}',
    b'{"ztctl_journal":2,"event":"begin","run":"r","time":"t"}',
    START + b'"explode","run":"r","time":"t"}',
    START + b'["begin"],"run":"r","time":"t"}',
    START + b'"begin","run":{},"time":"t"}',
    START + b'"end","run":"r","time":"t","how":7,"done":"x","skipped":-1}',
    START + b'"end","run":"r","time":"t","how":"complete","skipped":true}',
    START + b'"about","run":"r","time":"t","address":1,"before":[]}',
    START
    + b'"about","run":"r","time":"t","address":"a.b","before":{"x":[NaN,1e999]},"others":[1,{}]}',
    START + b'"about","run":"r","time":"t","address":"deep.x","before":' + DEEP + b"}",
    START + b'"done","run":"r","time":"\\u001b[2J","address":"\\u001b]0;x\\u0007","id":"\\ud800"}',
    START + b'"failed","run":"\\u001b[2J","time":"t","reason":"``\\n</b>\\u202e"}',
    START + b'"begin","run":"' + b"x" * 100_000 + b'","time":"t"}',
]


@given(st.lists(st.sampled_from(HOSTILE) | st.binary()), st.sampled_from(FORMATS))
def test_whatever_a_file_holds_can_be_shown(found: list[bytes], format: Format) -> None:
    """No line ends in an error, and nothing that a terminal obeys comes out."""
    clean = Clean(str)
    told = history([*found, *a_run("mine")])

    pages = [runs_page(told.runs, clean), *(run_page(ran, clean) for ran in told.runs)]
    shown = "".join(rendered(page, format) for page in pages)

    assert "mine" in shown
    assert shown.replace("\n", "").isprintable()


@pytest.mark.parametrize("address", ["a.b", "deep.x"])
@pytest.mark.parametrize("format", FORMATS)
def test_a_hostile_object_can_be_shown(format: Format, address: str) -> None:
    """An object that no service would give is shown as far as it goes."""
    found = before(HOSTILE, "r", address)

    assert found is not None
    assert address in rendered(object_page(found, Clean(str)), format)


def test_lines_that_are_no_records_are_counted() -> None:
    """What is passed over is told, blank lines are nothing."""
    told = history([b"\n", b"x\n", *a_run(), b"{}\n", b"   \n"])

    assert (len(told.runs), told.damaged) == (1, 2)


def test_a_huge_line_is_passed_over(tmp_path: Path) -> None:
    """A line that is longer than any object does not fill the memory, and takes no other along."""
    path = tmp_path / "j.jsonl"
    path.write_bytes(b"x" * (2 * LONGEST + 5) + b"\n" + b"".join(a_run()))

    told = history(lines(path))

    assert ([ran.id for ran in told.runs], told.damaged) == (["r1"], 1)


@pytest.mark.parametrize("kind", ["missing", "folder", "link"])
def test_what_is_no_file_is_not_read(kind: str, tmp_path: Path) -> None:
    """A folder, a symbolic link and nothing at all are a failure in words."""
    path = tmp_path / "j.jsonl"
    if kind == "folder":
        path.mkdir()
    elif kind == "link":
        (tmp_path / "real").write_bytes(b"".join(a_run()))
        path.symlink_to(tmp_path / "real")

    with pytest.raises(Failure, match=r"j\.jsonl"):
        list(lines(path))


STEP = StepId(Address("tunnel", "edge"), "create")


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (None, Ending.LEFT),
        (Outcome(done=(STEP,)), Ending.COMPLETE),
        (Outcome(done=(STEP,), interrupted=True), Ending.INTERRUPTED),
        (Outcome(done=(STEP,), failed=(Failed(STEP, "x"),)), Ending.PARTIAL),
        (Outcome(failed=(Failed(STEP, "x"),), skipped=(Skipped(STEP, STEP),)), Ending.NOTHING),
        (Outcome(failed=(Failed(STEP, "x", lost=True),)), Ending.PARTIAL),
    ],
)
def test_how_a_run_ended(outcome: Outcome | None, expected: Ending) -> None:
    """An outcome has one word, the one that the outcome is shown with."""
    assert ending_of(outcome) is expected


def test_nothing_is_no_run() -> None:
    """An empty file tells of no run."""
    assert history([]) == History(())
