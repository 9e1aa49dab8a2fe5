"""The head of an HTTP/1.1 request, as it comes from nginx: names in any case, values as they are."""

import asyncio
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Head:
    """The request line, and the fields in their order."""

    line: str
    fields: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str:
        """The first field of that name (in small letters), or nothing."""
        return next((value for key, value in self.fields if key.lower() == name), "")

    def without(self, prefix: str) -> "Head":
        """The same without the fields whose names begin so (in small letters)."""
        kept = ((key, value) for key, value in self.fields if not key.lower().startswith(prefix))
        return replace(self, fields=tuple(kept))

    def encode(self) -> bytes:
        """As it is sent."""
        return "\r\n".join([self.line, *(f"{key}: {value}" for key, value in self.fields), "", ""]).encode("latin-1")


async def read_head(reader: asyncio.StreamReader) -> Head:
    """Read it off; raises ValueError where it is none, and what the reader raises where it ends or grows too long."""
    text = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *lines = text.removesuffix("\r\n\r\n").split("\r\n")
    fields = [each.partition(":") for each in lines]
    if line.count(" ") != 2 or not all(colon and key == key.strip() for key, colon, _ in fields):  # noqa: PLR2004
        raise ValueError("not the head of a request")
    return Head(line, tuple((key, value.strip()) for key, _, value in fields))
