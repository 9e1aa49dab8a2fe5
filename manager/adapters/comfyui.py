"""ComfyUI over HTTP, as far as the manager asks it: is anybody there, is anything running.

`/gpubox/presence` is answered by the presence node in `startup/custom_nodes`. A ComfyUI without it still tells
the length of its queue at `/prompt`, and nothing of people.
"""

import math
import ssl
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from manager.adapters.clients import BoxClients
from manager.application.ports import Door, Pulse
from manager.domain.errors import ComfyUnreachable

if TYPE_CHECKING:
    from httpx import Response

# A year: no ComfyUI runs as long.
_LONGEST_AGE_S = 365 * 86_400
# What opens the gate of a box, by its name.
Bearer = Callable[[str], str]


class HttpComfyUi:
    """Reaches ComfyUI servers. Through a box's gate `bearer` opens the way; elsewhere `token` is sent where one is set.

    ComfyUI shares its interpreter with the render, so a busy one may take seconds to answer.
    """

    def __init__(self, token: str | None = None, timeout_s: float = 8.0, bearer: Bearer | None = None) -> None:
        self._token = token
        self._bearer = bearer
        self._clients = BoxClients(timeout_s)

    async def close(self) -> None:
        """Close the connections."""
        await self._clients.close()

    async def pulse(self, door: Door) -> Pulse:
        """Queue, people and progress; raises ComfyUnreachable."""
        from httpx import HTTPError, InvalidURL  # noqa: PLC0415 - a twentieth of the start's time

        url, headers = door.url, self._headers(door)
        try:
            client = await self._clients.through(door)
            answer = await client.get(f"{url}/gpubox/presence", headers=headers)
            if answer.status_code != HTTPStatus.NOT_FOUND:
                told = _json(answer)
                # A ComfyUI whose insides have changed may hide its queue from the node; people it shows all the same.
                queue = told["queue"] or _queue(_json(await client.get(f"{url}/prompt", headers=headers)))
                return _with_presence(told, queue)
            queue = _queue(_json(await client.get(f"{url}/prompt", headers=headers)))
            return Pulse(running=queue["running"], pending=queue["pending"], presence=False)
        except (HTTPError, InvalidURL, ssl.SSLError) as error:
            raise ComfyUnreachable(url=url, detail=str(error) or type(error).__name__) from None
        except (LookupError, AttributeError, TypeError, ValueError, ArithmeticError, RecursionError):
            raise ComfyUnreachable(url=url, detail="something else than ComfyUI answers there") from None

    def _headers(self, door: Door) -> dict[str, str]:
        """COMFYUI_SERVICE_TOKEN is for a proxy of one's own, and is shown to no box that has a gate."""
        token = self._token if door.box is None or self._bearer is None else self._bearer(door.box)
        return {} if token is None else {"Authorization": f"Bearer {token}"}


def _json(answer: "Response") -> dict[str, Any]:
    answer.raise_for_status()
    body: Any = answer.json()
    if not isinstance(body, dict):
        raise TypeError("not an object")
    return cast("dict[str, Any]", body)


def _with_presence(body: dict[str, Any], queue: dict[str, Any]) -> Pulse:
    person: dict[str, Any] = body["person"]
    progress: dict[str, Any] = body.get("progress") or {}
    return Pulse(
        running=int(queue["running"]),
        pending=int(queue["pending"]),
        presence=True,
        boot_id=body.get("boot_id"),
        person_count=_count(person["count"]),
        person_age=_age(person["age_s"]),
        progress_count=_count(progress.get("count")),
        progress_age=_age(progress.get("age_s")),
        progress_share=_share(progress),
        veto=body.get("veto"),
        version=_version(body.get("comfyui_version")),
    )


def _count(told: Any) -> int | None:
    return told if type(told) is int and told >= 0 else None


def _age(told: Any) -> float | None:
    """In seconds; None where it is no number, or one that no moment lies behind."""
    return told if type(told) in (int, float) and 0 <= told <= _LONGEST_AGE_S else None


def _version(told: Any) -> str | None:
    return told.removeprefix("v")[:40] if isinstance(told, str) and told else None


def _queue(body: dict[str, Any]) -> dict[str, int]:
    """What `GET /prompt` tells: how much is left, and ComfyUI runs one at a time."""
    remaining = int(body["exec_info"]["queue_remaining"])
    running = min(remaining, 1)
    return {"running": running, "pending": remaining - running}


def _share(progress: dict[str, Any]) -> float | None:
    value, most = progress.get("value"), progress.get("max")
    if not isinstance(value, int | float) or not isinstance(most, int | float) or most <= 0:
        return None
    try:
        share = value / most
    except OverflowError:
        return None
    return None if math.isnan(share) else round(min(max(share, 0.0), 1.0), 2)
