"""The service under contract, and the table of what nobody has promised."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from ztctl.sandbox.api.families import FAMILIES
from ztctl.sandbox.server import served
from ztctl.sandbox.service import Sandbox

from .service import OURS, Place, Refused, Service, connected, real_place, service_for_a_test
from .sweep import interrupted_by_signals, swept_before_and_after
from .table import COLUMNS, Row, anonymous, heading, ordered, spelled_table

Connection = tuple[httpx.Client, Place, str]


@contextmanager
def sandbox_connected(*, awkward: bool) -> Iterator[Connection]:
    """A served sandbox, whose one token may do everything."""
    sandbox = Sandbox.create(awkward=awkward)
    groups = {group for family in FAMILIES for route in family.routes for group in route.groups}
    sandbox.define_token("token", [f"{group} Write" for group in groups])
    with served(sandbox) as url:
        place = Place(url, sandbox.account_id, "example.com", "token")
        with connected(place) as (client, zone):
            yield client, place, zone


@pytest.fixture(scope="session")
def plain_connection() -> Iterator[Connection]:
    """A served sandbox."""
    with sandbox_connected(awkward=False) as connection:
        yield connection


@pytest.fixture(scope="session")
def awkward_connection() -> Iterator[Connection]:
    """A served sandbox that takes every freedom in spelling."""
    with sandbox_connected(awkward=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def real_connection(request: pytest.FixtureRequest) -> Iterator[Connection | None]:
    """The real account of the environment, if there is one."""
    with ExitStack() as stack:
        try:
            place = real_place()
            if place is None:
                yield None
                return
            if hasattr(request.config, "workerinput"):
                raise Refused("a real account takes one process: run without -n")
            stack.enter_context(interrupted_by_signals())
            client, zone = stack.enter_context(connected(place))
            stack.enter_context(swept_before_and_after(Service(client, place, zone, OURS)))
        except Refused as refused:
            pytest.fail(str(refused), pytrace=False)
        yield client, place, zone


@pytest.fixture
def sandbox_service(plain_connection: Connection) -> Iterator[Service]:
    """A served sandbox, for one test."""
    with service_for_a_test(*plain_connection) as service:
        yield service


@pytest.fixture
def real_service(real_connection: Connection | None) -> Iterator[Service | None]:
    """The real account, for one test."""
    if real_connection is None:
        yield None
        return
    with service_for_a_test(*real_connection) as service:
        yield service


@pytest.fixture(params=["plain", "awkward"])
def service(
    request: pytest.FixtureRequest, real_connection: Connection | None
) -> Iterator[Service]:
    """What the contract is asked of: the real account if there is one, else both sandboxes."""
    if real_connection is not None and request.param == "awkward":
        pytest.skip("a real account is as awkward as it likes")
    connection = real_connection or request.getfixturevalue(f"{request.param}_connection")
    with service_for_a_test(*connection) as service:
        yield service


@pytest.fixture
def record(request: pytest.FixtureRequest, real_connection: Connection | None) -> Any:
    """Notes one row of the table."""

    def noted(fact: str, sandbox: str, answered: str) -> None:
        if real_connection is not None:
            _, place, zone = real_connection
            answered = anonymous(answered, place, zone)
        row: Row = (fact, sandbox, answered)
        # Under xdist this is what travels from a worker to the process that prints.
        request.node.user_properties.append(("contract", row))
        if path := os.environ.get("ZTCTL_CONTRACT_TABLE"):
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(json.dumps(dict(zip(COLUMNS, row, strict=True))) + "\n")

    return noted


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What decides most is asked first; all else stays as it is."""
    items.sort(key=lambda item: "test_contract_first" not in item.nodeid)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the table where these tests were asked for by name, or a real account was."""
    rows = {
        tuple(value)
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == "contract"
    }
    asked = any("contract" in argument for argument in config.args)
    if rows and (asked or os.environ.get("ZTCTL_CONTRACT_TOKEN")):
        terminalreporter.section("what nobody has promised")
        terminalreporter.write_line(heading())
        terminalreporter.write_line("")
        for line in spelled_table(ordered(rows)):
            terminalreporter.write_line(line)
