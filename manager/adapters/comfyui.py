"""ComfyUI over HTTP, as far as the manager asks it: is anybody there, is anything running.

`/gpubox/presence` is answered by the presence node in `startup/custom_nodes`. A ComfyUI without it still tells
the length of its queue at `/prompt`, and nothing of people.
"""

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from manager.application.ports import Pulse
from manager.domain.errors import ComfyUnreachable

if TYPE_CHECKING:
    from httpx import AsyncClient, Response

# A machine that is not there says nothing at all; no need to wait for it as long as for a busy one.
_CONNECT_S = 3.0


class HttpComfyUi:
    """Reaches ComfyUI servers; `token` is sent as a bearer token where one is set.

    ComfyUI shares its interpreter with the render, so a busy one may take seconds to answer.
    """

    def __init__(self, token: str | None = None, timeout_s: float = 8.0) -> None:
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._timeout_s = timeout_s
        self._client: AsyncClient | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    def _open(self) -> "AsyncClient":
        """The client, made at first use: the panel is up before it needs any."""
        if self._client is None:
            from httpx import AsyncClient, Timeout  # noqa: PLC0415 - a twentieth of the start's time

            timeout = Timeout(self._timeout_s, connect=min(self._timeout_s, _CONNECT_S))
            self._client = AsyncClient(timeout=timeout, headers=self._headers, trust_env=False)
        return self._client

    async def pulse(self, url: str) -> Pulse:
        """Queue, people and progress; raises ComfyUnreachable."""
        from httpx import HTTPError, InvalidURL  # noqa: PLC0415 - as above

        client = self._open()
        try:
            answer = await client.get(f"{url}/gpubox/presence")
            if answer.status_code != HTTPStatus.NOT_FOUND:
                told = _json(answer)
                # A ComfyUI whose insides have changed may hide its queue from the node; people it shows all the same.
                return _with_presence(told, told["queue"] or _queue(_json(await client.get(f"{url}/prompt"))))
            queue = _queue(_json(await client.get(f"{url}/prompt")))
            return Pulse(running=queue["running"], pending=queue["pending"], presence=False)
        except (HTTPError, InvalidURL) as error:
            raise ComfyUnreachable(url=url, detail=str(error) or type(error).__name__) from None
        except (KeyError, TypeError, ValueError):
            raise ComfyUnreachable(url=url, detail="something else than ComfyUI answers there") from None


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
        person_count=person["count"],
        person_age=person["age_s"],
        progress_count=progress.get("count"),
        progress_age=progress.get("age_s"),
        progress_share=_share(progress),
        veto=body.get("veto"),
    )


def _queue(body: dict[str, Any]) -> dict[str, int]:
    """What `GET /prompt` tells: how much is left, and ComfyUI runs one at a time."""
    remaining = int(body["exec_info"]["queue_remaining"])
    running = min(remaining, 1)
    return {"running": running, "pending": remaining - running}


def _share(progress: dict[str, Any]) -> float | None:
    value, most = progress.get("value"), progress.get("max")
    if not isinstance(value, int | float) or not isinstance(most, int | float) or most <= 0:
        return None
    return round(min(max(value / most, 0.0), 1.0), 2)
