"""The gate of a box over HTTPS: a signed statement goes in, the box's report comes out (docs/box.md)."""

import json
import ssl
from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from manager.adapters.clients import BoxClients
from manager.application.ports import Clock, Door
from manager.domain.errors import GateUnreachable

if TYPE_CHECKING:
    from httpx import Response

# box, claims, now
SignStatement = Callable[[str, dict[str, Any], datetime], str]

_LARGEST_REPORT = 512 * 1024


class HttpGate:
    """Speaks to boxes; `sign` signs statements."""

    def __init__(self, sign: SignStatement, clock: Clock, timeout_s: float = 5.0) -> None:
        self._sign = sign
        self._clock = clock
        self._clients = BoxClients(timeout_s)

    async def close(self) -> None:
        """Close the connections."""
        await self._clients.close()

    async def say(self, door: Door, statement: Mapping[str, Any]) -> Any:
        """The report to a statement, as it came; raises GateUnreachable."""
        from httpx import HTTPError, InvalidURL  # noqa: PLC0415 - a twentieth of the start's time

        if door.box is None:
            raise GateUnreachable(url=door.url, detail="this box has no gate")
        try:
            client = await self._clients.through(door)
            signed = self._sign(door.box, dict(statement), self._clock.now())
            answer = await client.post(
                f"{door.url}/_gpubox/manager", content=signed, headers={"Content-Type": "application/jwt"}
            )
            return _report(answer)
        except (HTTPError, InvalidURL, ssl.SSLError, OSError) as error:
            raise GateUnreachable(url=door.url, detail=str(error) or type(error).__name__) from None
        except (ValueError, TypeError) as error:
            raise GateUnreachable(url=door.url, detail=str(error)) from None


def _report(answer: "Response") -> Any:
    if len(answer.content) > _LARGEST_REPORT:
        raise ValueError("the answer is too large")
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        raise ValueError(f"it does not believe the panel: {_why(answer)}")
    if answer.status_code != HTTPStatus.OK:
        raise ValueError(f"it answers {answer.status_code}")
    try:
        return json.loads(answer.content)
    except (ValueError, RecursionError):
        raise ValueError("something else than the gate answers there") from None


def _why(answer: "Response") -> str:
    """The gate's code; where a clock is wrong, the box's own time helps to see which one."""
    try:
        told = cast("dict[str, Any]", answer.json())
        code, now = told.get("code"), told.get("now")
    except (ValueError, AttributeError, RecursionError):
        return "no reason given"
    if code in ("expired", "too_early") and isinstance(now, int | float):
        return f"{code}; the box's clock says {now:.0f} seconds since 1970"
    return str(code)[:40]
