"""ComfyUI over HTTP, as far as the manager asks it: is anybody there, is anything running.

`/gpubox/presence` is answered by the presence node in `startup/custom_nodes`. A ComfyUI without it still tells
the length of its queue at `/prompt`, and nothing of people.
"""

from typing import Any, cast

import httpx

from manager.application.ports import Pulse
from manager.domain.errors import ComfyUnreachable

# A machine that is not there says nothing at all; no need to wait for it as long as for a busy one.
_CONNECT_S = 3.0


class HttpComfyUi:
    """Reaches ComfyUI servers; `token` is sent as a bearer token where one is set.

    ComfyUI shares its interpreter with the render, so a busy one may take seconds to answer.
    """

    def __init__(self, token: str | None = None, timeout_s: float = 8.0) -> None:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        timeout = httpx.Timeout(timeout_s, connect=min(timeout_s, _CONNECT_S))
        self._client = httpx.AsyncClient(timeout=timeout, headers=headers, trust_env=False)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def pulse(self, url: str) -> Pulse:
        """Queue, people and progress; raises ComfyUnreachable."""
        try:
            answer = await self._client.get(f"{url}/gpubox/presence")
            if answer.status_code == httpx.codes.NOT_FOUND:
                return _without_presence(_json(await self._client.get(f"{url}/prompt")))
            return _with_presence(_json(answer))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ComfyUnreachable(url=url, detail=str(error) or type(error).__name__) from None
        except (KeyError, TypeError, ValueError):
            raise ComfyUnreachable(url=url, detail="something else than ComfyUI answers there") from None


def _json(answer: httpx.Response) -> dict[str, Any]:
    answer.raise_for_status()
    body: Any = answer.json()
    if not isinstance(body, dict):
        raise TypeError("not an object")
    return cast("dict[str, Any]", body)


def _with_presence(body: dict[str, Any]) -> Pulse:
    queue: dict[str, Any] = body["queue"]
    person: dict[str, Any] = body["person"]
    progress: dict[str, Any] = body.get("progress") or {}
    return Pulse(
        running=int(queue["running"]),
        pending=int(queue["pending"]),
        presence=True,
        boot_id=body.get("boot_id"),
        person_count=person["count"],
        person_age=person["age_s"],
        progress_count=progress.get("count"),
        progress_age=progress.get("age_s"),
        progress_share=_share(progress),
        veto=body.get("veto"),
    )


def _without_presence(body: dict[str, Any]) -> Pulse:
    remaining = int(body["exec_info"]["queue_remaining"])
    running = min(remaining, 1)
    return Pulse(running=running, pending=remaining - running, presence=False)


def _share(progress: dict[str, Any]) -> float | None:
    value, most = progress.get("value"), progress.get("max")
    if not isinstance(value, int | float) or not isinstance(most, int | float) or most <= 0:
        return None
    return round(min(max(value / most, 0.0), 1.0), 2)
