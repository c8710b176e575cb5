"""What is applied while it fails: the examples, and what people do later."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.crash.cutting import Scenario
from tests.support.files import HOST, whole

EXAMPLES = Path(__file__).parents[2] / "examples"


@cache
def example(name: str) -> str:
    """All files of an example as one, in JSON."""
    merged: dict[str, Any] = {}
    for path in sorted((EXAMPLES / name).glob("*.yaml")):
        for section, entries in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            if isinstance(entries, dict):
                merged.setdefault(section, {}).update(entries)
            else:
                merged[section] = entries
    return json.dumps(merged)


def edited() -> dict[str, Any]:
    """The whole file after somebody has worked on it: each object edited, one host more."""
    file = whole()
    file["groups"]["people"]["require"] = [{"country": "PT"}]
    file["policies"]["team"]["session_duration"] = "1h"
    file["policies"]["guests"] = {"decision": "allow", "include": [{"email": "eve@x.example"}]}
    file["applications"][HOST] |= {"policies": ["guests"], "session_duration": "1h"}
    file["tunnels"]["pool"]["ingress"][0]["service"] = "ssh://localhost:2222"
    file["dns"][HOST]["comment"] = "another way in"
    host = {"tunnel": "pool", "service": "ssh://localhost:22", "policies": ["team"]}
    file["hosts"] = {"second.example.com": host}
    return file


@cache
def scenarios() -> dict[str, Scenario]:
    """Every scenario by its name."""
    quickstart = json.loads(example("quickstart"))
    renamed = json.loads(example("quickstart").replace(HOST, "renamed.example.com"))
    networks = json.loads(example("networks"))
    turned = json.loads(example("networks").replace("lisbon-site", "porto-site"))
    return {
        "quickstart": Scenario((), quickstart),
        "networks": Scenario((networks,), turned),
        "team": Scenario((), json.loads(example("team"))),
        "rename": Scenario((quickstart,), renamed),
        "edit": Scenario((whole(),), edited(), yes={"interruption": ["all"]}),
        "destroy": Scenario((whole(),), whole(), destroy=True),
    }
