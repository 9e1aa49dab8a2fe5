"""The description of the API is complete, and the API does what it says."""

from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.generation import GenerationMode
from support import House, build

from manager.web.openapi import describe


def quick_house() -> House:
    """Streams end after the present state, and any address may be let in."""
    house = build()
    house.boxes.endless = False
    house.services.allowing.strict = False  # type: ignore[attr-defined]
    return house


HOUSE = quick_house()
schema = schemathesis.openapi.from_dict(describe(HOUSE.app))
schema.app = HOUSE.app
schema.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
TOKEN = HOUSE.token()


@schema.parametrize()
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_api_does_what_its_description_says(case: Any) -> None:
    token = HOUSE.token() if case.path == "/api/auth/logout" else TOKEN
    case.call_and_validate(headers={"x-auth-token": token})


def test_every_problem_is_described() -> None:
    paths = describe(HOUSE.app)["paths"]
    assert len(paths) == 29
    for path, operations in paths.items():
        for operation in operations.values():
            behind_the_gate = path.startswith("/api/") and path != "/api/auth/login"
            assert bool(operation.get("security")) is behind_the_gate
            if behind_the_gate:
                assert {"401", "403"} <= set(operation["responses"])
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    assert list(answer["content"]) == ["application/problem+json"]
