"""Scripted faults as the official SDK meets them: its exceptions, and its retries."""

from __future__ import annotations

from collections.abc import Iterator

import cloudflare
import pytest

from ztctl.sandbox.faults import Kind
from ztctl.sandbox.rate_limit import RateLimit
from ztctl.sandbox.service import Sandbox
from ztctl.sandbox.settings import Settings

from .harness import Sdk, opened

SOON = {"retry-after-ms": "1"}


@pytest.fixture
def patient() -> Iterator[Sdk]:
    """A client with the SDK's own two retries."""
    with opened(Sandbox.create(), max_retries=2) as sdk:
        yield sdk


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        (400, cloudflare.BadRequestError),
        (401, cloudflare.AuthenticationError),
        (403, cloudflare.PermissionDeniedError),
        (404, cloudflare.NotFoundError),
        (409, cloudflare.ConflictError),
        (422, cloudflare.UnprocessableEntityError),
        (429, cloudflare.RateLimitError),
        (500, cloudflare.InternalServerError),
        (503, cloudflare.InternalServerError),
    ],
)
@pytest.mark.parametrize("body", [None, "<html>no JSON</html>", ""], ids=["json", "html", "empty"])
def test_statuses(status: int, wanted: type[cloudflare.APIStatusError], body: str | None) -> None:
    """Every scripted status is the SDK's own exception, whatever its body."""
    with opened(Sandbox.create()) as sdk:
        sdk.sandbox.faults.add(status=status, body=body)
        with pytest.raises(wanted) as refused:
            sdk.client.accounts.get(account_id=sdk.account)
    assert refused.value.status_code == status
    assert len(refused.value.errors) == (body is None)


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("hang", cloudflare.APITimeoutError),
        ("hang_after", cloudflare.APITimeoutError),
        ("reset_before", cloudflare.APIConnectionError),
        ("reset_after", cloudflare.APIConnectionError),
    ],
)
def test_broken_connections(kind: Kind, wanted: type[Exception]) -> None:
    """A hang is the SDK's timeout, a reset its connection error; only "after" has written."""
    with opened(Sandbox.create(), timeout=0.3) as sdk:
        sdk.sandbox.faults.add(kind=kind, method="POST")
        with pytest.raises(wanted):
            sdk.tunnel("pool")
        listed = list(sdk.client.zero_trust.tunnels.cloudflared.list(account_id=sdk.account))
    assert [one.name for one in listed] == (["pool"] if kind.endswith("after") else [])


def test_silent_port(sdk: Sdk) -> None:
    """A port that nobody listens on is the SDK's connection error."""
    with opened(Sandbox.create()) as gone:
        pass
    with (
        cloudflare.Cloudflare(api_token="token", base_url=gone.url, max_retries=0) as client,
        pytest.raises(cloudflare.APIConnectionError),
    ):
        client.accounts.get(account_id=sdk.account)


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
def test_retries_outlast_two_faults(patient: Sdk, status: int) -> None:
    """Two failures in a row are retried by the SDK, and the third attempt answers."""
    patient.sandbox.faults.add(status=status, times=2, headers=SOON)

    read = patient.client.accounts.get(account_id=patient.account)
    assert read is not None
    assert [entry.status for entry in patient.sandbox.log] == [status, status, 200]


def test_rate_limit() -> None:
    """The sandbox's own rate limit is the SDK's exception, and says when to come back."""
    limited = Settings(rate_limit=RateLimit(calls=2, window=60, block=60))
    with opened(Sandbox.create(settings=limited)) as sdk:
        for _ in range(2):
            sdk.client.accounts.get(account_id=sdk.account)
        with pytest.raises(cloudflare.RateLimitError) as refused:
            sdk.client.accounts.get(account_id=sdk.account)
    assert int(refused.value.response.headers["retry-after"]) in range(1, 61)


def test_detached_policy() -> None:
    """A policy that still answers 409 after it was detached is deleted by the SDK's retries."""
    settings = Settings(detached_calls=1)
    with opened(Sandbox.create(settings=settings), max_retries=1) as sdk:
        policy = sdk.policy()
        app = sdk.app(policies=[policy.id])
        sdk.access.applications.delete(app.id, account_id=sdk.account)
        gone = sdk.access.policies.delete(policy.id, account_id=sdk.account)
        assert [entry.status for entry in sdk.sandbox.log][-2:] == [409, 202]
    assert gone.id == policy.id


def test_retries_end(patient: Sdk) -> None:
    """Three failures in a row reach the SDK's caller."""
    patient.sandbox.faults.add(status=429, times=None, headers=SOON)

    with pytest.raises(cloudflare.RateLimitError):
        patient.client.accounts.get(account_id=patient.account)
    assert [entry.status for entry in patient.sandbox.log] == [429, 429, 429]


def test_refusals_are_not_retried(patient: Sdk) -> None:
    """A bad request is asked once."""
    patient.sandbox.faults.add(status=400, times=None, headers=SOON)

    with pytest.raises(cloudflare.BadRequestError):
        patient.client.accounts.get(account_id=patient.account)
    assert [entry.status for entry in patient.sandbox.log] == [400]


def test_retry_after_a_lost_answer(patient: Sdk) -> None:
    """A creation whose answer was lost is sent again by the SDK, and meets what it made."""
    patient.sandbox.faults.add(kind="reset_after", method="POST")
    # A conflict is retried by the SDK too: the second one here would wait in vain.
    patient.sandbox.faults.add(kind="status", method="POST", nth=3, status=400)

    with pytest.raises(cloudflare.BadRequestError):
        patient.tunnel("pool")
    listed = patient.client.zero_trust.tunnels.cloudflared.list(account_id=patient.account)
    assert [one.name for one in listed] == ["pool"]
    assert [entry.status for entry in patient.sandbox.log][:3] == [200, 409, 400]


def test_failure_in_a_success(sdk: Sdk) -> None:
    """`success: false` in a 200 leaves the SDK without a tunnel, and it says so."""
    failed = {"success": False, "errors": [{"code": 1000, "message": "no"}], "result": None}
    sdk.sandbox.faults.add(kind="body", method="POST", body=failed)

    with pytest.raises(cloudflare.APIResponseValidationError):
        sdk.tunnel()


def test_page_instead_of_json(sdk: Sdk) -> None:
    """A 200 without JSON is refused by the SDK."""
    sdk.sandbox.faults.add(kind="body", method="GET", body="<html>maintenance</html>")

    with pytest.raises(cloudflare.APIResponseValidationError):
        sdk.client.accounts.get(account_id=sdk.account)
