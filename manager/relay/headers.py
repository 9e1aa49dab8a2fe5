"""What of a request's and an answer's headers is passed on, and what the relay itself says."""

from collections.abc import Iterable, Sequence

from manager.relay.asked import Asked
from manager.relay.ports import Target

Headers = list[tuple[str, str]]

# RFC 9110, section 7.6.1: these speak of one connection, not of the message.
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authentication-info",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_NOT_FOR_THE_BOX = frozenset(
    {
        "authorization",
        "cookie",
        "expect",  # answered here, before the body is asked for
        "forwarded",
        "host",  # the box's own stands in its place
        "origin",  # ComfyUI would look it up in DNS, on its event loop
        "referer",
        "sec-fetch-site",  # ComfyUI would refuse what the relay has already judged
        "x-auth-token",
        "x-real-ip",
    }
)
_NOT_FOR_THE_BROWSER = frozenset(
    {
        "alt-svc",  # these speak for the whole host or site, which is the panel's too
        "clear-site-data",
        "content-security-policy",  # merged below
        "cross-origin-opener-policy",
        "cross-origin-resource-policy",
        "location",  # rewritten below
        "nel",
        "origin-agent-cluster",
        "public-key-pins",
        "report-to",
        "reporting-endpoints",
        "server",
        "service-worker-allowed",
        "set-cookie",
        "set-cookie2",
        "strict-transport-security",
        "x-accel-redirect",
        "x-frame-options",
    }
)
_SOCKET = "sec-websocket-"

# ComfyUI in full, but not a word in where the panel's window goes.
SANDBOX = (
    "allow-downloads allow-forms allow-modals allow-pointer-lock allow-popups allow-popups-to-escape-sandbox "
    "allow-presentation allow-same-origin allow-scripts"
)


def to_box(headers: Iterable[tuple[str, str]], asked: Asked, target: Target) -> Headers:
    """The headers of a request to the box."""
    kept = [
        (name, value)
        for name, value in _end_to_end(list(headers), _NOT_FOR_THE_BOX)
        if not name.lower().startswith(("x-forwarded-", _SOCKET))
    ]
    return [
        *kept,
        ("Authorization", f"Bearer {target.bearer}"),
        ("X-Forwarded-For", asked.address),
        ("X-Forwarded-Proto", asked.scheme),
        ("X-Forwarded-Host", asked.proof.host),
    ]


def to_browser(headers: Iterable[tuple[str, str]], target: Target, ancestors: Sequence[str]) -> Headers:
    """The headers of an answer to the browser. `ancestors` are the origins that may frame it."""
    pairs = list(headers)
    kept: Headers = _end_to_end(pairs, _NOT_FOR_THE_BROWSER)
    for name, value in pairs:
        if name.lower() == "location":
            kept.append((name, _location(value, target.url)))
        elif name.lower() == "content-security-policy" and (policy := _without_framing(value)):
            kept.append((name, policy))
    return [*kept, *own(ancestors)]


def own(ancestors: Sequence[str]) -> Headers:
    """What every answer of the relay says."""
    return [
        ("Content-Security-Policy", f"frame-ancestors {' '.join(ancestors)}; sandbox {SANDBOX}"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Origin-Agent-Cluster", "?1"),
        ("Server", "gpubox"),
    ]


def _end_to_end(pairs: Headers, dropped: frozenset[str]) -> Headers:
    named = {part.strip().lower() for name, value in pairs if name.lower() == "connection" for part in value.split(",")}
    gone = _HOP_BY_HOP | dropped | named
    return [(name, value) for name, value in pairs if name.lower() not in gone]


def _location(value: str, box_url: str) -> str:
    """The box names itself by an address that the browser has nothing to do with."""
    rest = value.removeprefix(box_url)
    return (rest or "/") if rest != value and (not rest or rest[0] in "/?#") else value


def _without_framing(policy: str) -> str:
    """A policy without what it says of framing: who may frame the relay's pages, the relay decides."""
    policies = ([each.strip() for each in one.split(";")] for one in policy.split(","))
    kept = [
        "; ".join(each for each in one if each and not each.lower().startswith("frame-ancestors")) for one in policies
    ]
    return ", ".join(one for one in kept if one)
