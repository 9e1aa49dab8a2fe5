"""Ask the name servers themselves for the addresses of a name: `resolve.py NAME [SERVER[:PORT]]`.

The system's own resolver reads /etc/hosts, where the box's public name stands with another address. Prints one address
a line, none where the name has none; exits 1 where no name server answers. Standard library only: it runs before
anything is installed.
"""

import ipaddress
import secrets
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

A, AAAA = 1, 28
NO_SUCH_NAME = 3
# systemd-resolved keeps the servers that it asks here; its stub in resolv.conf reads /etc/hosts too.
FILES = ("/run/systemd/resolve/resolv.conf", "/etc/resolv.conf")
PATIENCE_S = 3.0


class NoAnswerError(Exception):
    """No name server gave an answer."""


def main(name: str, server: str = "") -> int:
    """Print the addresses; the exit status."""
    servers = [_address(server)] if server else list(_configured())
    try:
        found = [address for kind in (A, AAAA) for address in ask(name, kind, servers)]
    except NoAnswerError:
        return 1
    print("\n".join(dict.fromkeys(found)))  # noqa: T201 - a shell function reads it
    return 0


def ask(name: str, kind: int, servers: list[tuple[str, int]]) -> list[str]:
    """The addresses of this kind, from the first server that answers, each asked twice; raises NoAnswerError."""
    for server in [*servers, *servers]:
        family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
        number = secrets.randbelow(1 << 16)
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as asking:
                asking.settimeout(PATIENCE_S)
                asking.connect(server)
                asking.send(question(name, kind, number))
                return addresses(asking.recv(4096), kind, number)
        except (OSError, ValueError, IndexError, struct.error):
            continue
    raise NoAnswerError


def question(name: str, kind: int, number: int) -> bytes:
    """A query for one record of this name (RFC 1035), recursion wanted."""
    labels = b"".join(bytes([len(label)]) + label for label in name.rstrip(".").encode("idna").split(b"."))
    return struct.pack(">6H", number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", kind, 1)


def addresses(answer: bytes, kind: int, number: int) -> list[str]:
    """The addresses of this kind in an answer; raises ValueError where it answers something else or fails."""
    answered, flags, questions, records = struct.unpack(">4H", answer[:8])
    code = flags & 0xF
    if answered != number or code not in (0, NO_SUCH_NAME):
        raise ValueError(code)
    at = 12
    for _ in range(questions):
        at = _after_name(answer, at) + 4
    found: list[str] = []
    for _ in range(records):
        at = _after_name(answer, at)
        of_kind, _class, _life, length = struct.unpack(">2HIH", answer[at : at + 10])
        at += 10
        if of_kind == kind:
            found.append(str(ipaddress.ip_address(answer[at : at + length])))
        at += length
    return found


def _after_name(answer: bytes, at: int) -> int:
    while length := answer[at]:
        if length >= 0xC0:  # the rest of the name stands elsewhere  # noqa: PLR2004
            return at + 2
        at += length + 1
    return at + 1


def _configured() -> Iterator[tuple[str, int]]:
    for path in map(Path, FILES):
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except OSError:
            continue
        words = [line.split() for line in lines]
        servers = [word[1] for word in words if len(word) > 1 and word[0] == "nameserver"]
        if servers:
            yield from ((server, 53) for server in servers)
            return


def _address(server: str) -> tuple[str, int]:
    host, _, port = server.partition(":")
    return host, int(port or 53)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
