"""One request to a name server's API: JSON in, JSON out, and one error for all that can go wrong."""

import json
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, cast

from manager.domain.errors import DnsError

Json = dict[str, Any]
# What gives a token for a request, or none; raises DnsError with `kind` and `detail`.
TokenOf = Callable[[], Awaitable[str | None]]
# From a refusal's status and JSON to a kind, where it says more than the status does, and its words.
Reads = Callable[[int, Json], tuple[str | None, str]]

_PATIENCE_S = 15.0
_WORDS = 300
_KINDS: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "token",
    HTTPStatus.FORBIDDEN: "right",
    HTTPStatus.NOT_FOUND: "zone",
    HTTPStatus.TOO_MANY_REQUESTS: "rate",
}


class Asking:
    """An API below one address. `zone` and `name` are for the words of errors; a token never gets into them."""

    def __init__(self, base: str, zone: str, token_of: TokenOf, reads: Reads) -> None:
        self.zone = zone
        self._base = base.rstrip("/")
        self._token_of = token_of
        self._reads = reads

    async def ask(
        self, name: str, method: str, path: str, *, query: Mapping[str, str] | None = None, body: Json | None = None
    ) -> Json:
        """One request about a name; raises DnsError. Nothing is tried again here: the caller comes back."""
        from httpx import AsyncClient, HTTPError  # noqa: PLC0415 - a twentieth of the start's time

        try:
            token = await self._token_of()
        except DnsError as error:
            raise self.error(error.data["kind"], name, error.data["detail"]) from None
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        own_network = self._base.startswith("https://")
        try:
            # Asked once at a start of the box: a connection that waits for the next time would only grow old.
            async with AsyncClient(timeout=_PATIENCE_S, headers=headers, trust_env=own_network) as client:
                answer = await client.request(method, f"{self._base}{path}", params=query, json=body)
        except HTTPError as error:
            raise self.error("unreachable", name, _short(error)) from None
        told = _object(answer.content)
        if answer.is_success and told is not None:
            return told
        raise self._refusal(name, answer.status_code, told, token)

    def error(self, kind: str, name: str, detail: str) -> DnsError:
        """What went wrong with a name."""
        return DnsError(kind=kind, zone=self.zone, name=name, detail=detail)

    def _refusal(self, name: str, status: int, told: Json | None, token: str | None) -> DnsError:
        if told is None:
            kind = "unreachable" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else _KINDS.get(status, "refused")
            return self.error(kind, name, f"HTTP {status}, and not in the API's words.")
        kind, words = self._reads(status, told)
        if kind is None:
            kind = "unreachable" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else _KINDS.get(status, "refused")
        detail = f"{words.strip() or f'HTTP {status}'}"[:_WORDS]
        return self.error(kind, name, detail if token is None else detail.replace(token, "…"))


def _object(content: bytes) -> Json | None:
    """The JSON object of an answer; None for anything else, a proxy's page for one."""
    try:
        value: Any = json.loads(content)
    except ValueError:
        return None
    return cast("Json", value) if isinstance(value, dict) else None


def _short(error: Exception) -> str:
    """Words of the system ("Connection refused") where it has some."""
    cause: BaseException = error
    while (deeper := cause.__cause__ or cause.__context__) is not None:
        cause = deeper
    return f"{getattr(cause, 'strerror', None) or type(error).__name__}."
