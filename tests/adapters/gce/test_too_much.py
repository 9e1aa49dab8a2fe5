"""Too many requests, a quota, a server that cannot keep up; and what of it is worth another try."""

import pytest

from manager.adapters.gce.errors import RETRIED_STATUS, from_http, is_transient
from manager.domain.box import Place
from manager.domain.errors import CloudError, CloudUnreachable, QuotaExceeded, RateLimited, Stockout
from tests.adapters.gce.conftest import PLACE
from tests.adapters.gce.words import ENDPOINT, Refused, each, refused, told

CASES: dict[str, tuple[Refused, CloudError]] = {
    "too many requests": (
        refused(429, "rateLimitExceeded", "Quota exceeded for quota group 'default'."),
        RateLimited(detail="Quota exceeded for quota group 'default'."),
    ),
    "too many requests, told as 403": (
        refused(403, "rateLimitExceeded", "Rate Limit Exceeded"),
        RateLimited(detail="Rate Limit Exceeded"),
    ),
    "a quota in a region": (
        refused(403, "quotaExceeded", "Quota 'NVIDIA_T4_GPUS' exceeded.  Limit: 1.0 in region us-west1."),
        QuotaExceeded(metric="NVIDIA_T4_GPUS", limit="1", scope="us-west1"),
    ),
    "a server that failed": (
        refused(503, "backendError", "Internal error."),
        CloudUnreachable(endpoint=ENDPOINT, detail="HTTP 503: Internal error."),
    ),
    "an answer that is not Compute Engine's": (
        (502, {}),
        CloudUnreachable(endpoint=ENDPOINT, detail="HTTP 502, and not in Compute Engine's words"),
    ),
}


@each(CASES)
def test_too_much_is_named(answer: Refused, expected: CloudError) -> None:
    assert told(from_http(*answer, PLACE, ENDPOINT)) == told(expected)


@pytest.mark.parametrize("status", sorted(RETRIED_STATUS))
def test_a_failing_server_and_too_many_requests_are_worth_another_try(status: int) -> None:
    assert is_transient(*refused(status, "backendError", "Internal error."))
    assert is_transient(status, {})


@pytest.mark.parametrize(("status", "reason"), [(400, "invalid"), (401, "authError"), (403, "forbidden"), (409, "x")])
def test_a_refusal_is_not_worth_another_try(status: int, reason: str) -> None:
    assert not is_transient(*refused(status, reason, "No."))


def test_a_rate_limit_told_as_403_is_worth_another_try() -> None:
    assert is_transient(*refused(403, "rateLimitExceeded", "Rate Limit Exceeded"))


def test_a_stockout_told_as_503_is_not_worth_another_try_at_once() -> None:
    answer = refused(503, "ZONE_RESOURCE_POOL_EXHAUSTED", "No room.")
    assert not is_transient(*answer)
    assert isinstance(from_http(*answer, Place("p", "z", "i"), ENDPOINT), Stockout)
