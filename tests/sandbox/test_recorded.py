"""The sandbox, brought into the state of a recording, answers in the shape of that recording."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import pytest

from tests.support.recorded.exchanges import EXCHANGES, Exchange

from .scenes import SCENES, answer_to

Json = Any
ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

# Members that a newer recording or a change of the API has overruled, and why.
META = ("auto_added", "managed_by_apps", "managed_by_argo_tunnel")
GONE_FROM_TUNNELS = "announced: connections are no longer part of a tunnel since October 2026"
OLD_RECORD = "until 2025-02; [71-81] of 2025-04 and later have none, and an empty meta"
OLD_SOURCE = "absent in 2025-04; [1, 11] of 2026-08 and later have it"
OLD_APP = "[22, 24] of 2026-08 have it, older ones do not"
OLD_POLICY = "inline policies of 2023 had none"
OLD_SETTINGS = "empty in the write's reply of 2024-11; [72, 78] of 2025 have flatten_cname"
EDITED = "the authors of the recording edited it"
ABSENT = "only where the token was made with it, which is not emulated"


def _of(reason: str, *paths: str) -> dict[str, str]:
    return dict.fromkeys(paths, reason)


def _old_records(*parents: str) -> dict[str, str]:
    names = ("zone_id", "zone_name", *(f"meta.{name}" for name in META))
    return _of(OLD_RECORD, *(f"result{parent}.{name}" for parent in parents for name in names))


OVERRULED: dict[int, dict[str, str]] = {
    1: {
        **_of(GONE_FROM_TUNNELS, "result.connections"),
        **_of("an object that was blanked as a text", "result.credentials_file"),
    },
    **dict.fromkeys((3, 4, 5, 6), _of(GONE_FROM_TUNNELS, "result.connections")),
    **dict.fromkeys((8, 11), _of(GONE_FROM_TUNNELS, "result[].connections")),
    9: {
        **_of(GONE_FROM_TUNNELS, "result.connections"),
        **_of(OLD_SOURCE, "result.config_src"),
    },
    10: {
        **_of(GONE_FROM_TUNNELS, "result.connections"),
        **_of(OLD_SOURCE, "result.config_src"),
    },
    21: _of(OLD_APP, "result[].eager_redirect_cookie_setting", "result[].self_hosted_domains"),
    23: {
        **_of(
            OLD_APP,
            "result.eager_redirect_cookie_setting",
            "result.destinations",
            "result.options_preflight_bypass",
        ),
        **_of(OLD_POLICY, "result.policies[].reusable", "result.policies[].session_duration"),
    },
    24: {
        **_of(EDITED, "result_info"),
        **_of("made in the dashboard, without one", "result[].policies[].session_duration"),
    },
    41: _of("described since the recording was made", "result[].client_secret_version"),
    47: _of(EDITED, "result_info"),
    **dict.fromkeys((61, 62, 66), _old_records("[]")),
    67: _old_records("[]"),
    68: _old_records("[]"),
    70: {**_old_records("[]"), **_of(EDITED, "result_info")},
    **dict.fromkeys((63, 65, 69), _old_records("")),
    81: _of("three records of a long list", "result_info"),
    **dict.fromkeys((94, 95, 97), _old_records(".posts[]")),
    96: _old_records(".deletes[]"),
    98: {
        **_old_records(".patches[]"),
        **_of(OLD_SETTINGS, "result.patches[].settings.flatten_cname"),
    },
    100: _of(ABSENT, "result.not_before", "result.expires_on"),
    113: _of("another text in 2024; the newest is that of [125]", "errors[].message"),
}


def shape(value: Json, path: str, left_out: Iterable[str]) -> Json:
    """The shape of a JSON value: its members, its nulls, and the shapes of what lists hold."""
    if isinstance(value, dict):
        inner = {name: f"{path}.{name}".lstrip(".") for name in value}
        return {
            name: shape(member, inner[name], left_out)
            for name, member in sorted(value.items())
            if inner[name] not in left_out
        }
    if isinstance(value, list):
        shapes = (json.dumps(shape(one, f"{path}[]", left_out)) for one in value)
        return sorted(set(shapes))
    return type(value).__name__


def said(exchange: Exchange, body: Json) -> Json:
    """What is compared word for word: codes and texts, and how a list is paged."""
    left_out = OVERRULED.get(exchange.line, {})
    errors = [
        {name: one[name] for name in one if f"errors[].{name}" not in left_out}
        for one in body["errors"]
    ]
    info = {} if "result_info" in left_out else dict(body.get("result_info", {}))
    text = json.dumps([errors, body.get("messages"), body["success"], info])
    return json.loads(ID.sub("ID", text))


@pytest.mark.parametrize("exchange", EXCHANGES, ids=str)
def test_answers_in_the_recorded_shape(exchange: Exchange) -> None:
    """Status, members, nulls, codes and texts are those of the recording."""
    answer = answer_to(exchange)

    overruled = OVERRULED.get(exchange.line, {})
    assert answer.status == (exchange.status or answer.status)
    assert said(exchange, answer.body) == said(exchange, exchange.response)
    assert shape(answer.body, "", overruled) == shape(exchange.response, "", overruled)


def test_every_recording_is_played() -> None:
    """Each recorded line has a scene, and nothing is overruled that was not recorded."""
    lines = {one.line for one in EXCHANGES}

    assert set(SCENES) == lines
    assert set(OVERRULED) <= lines
