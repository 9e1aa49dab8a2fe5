"""The relay's own few answers: the page that takes a ticket, the probe, and what is said where nothing is passed on."""

import html
import json
import secrets
from collections.abc import Sequence
from http import HTTPStatus

from aiohttp.web import Response
from multidict import CIMultiDict

from manager.messages.relay import RELAY
from manager.relay import headers

_STYLE = (
    ":root{color-scheme:light dark}body{margin:0;min-height:100vh;display:grid;place-content:center;"
    "font:15px/1.5 system-ui,sans-serif;text-align:center;padding:24px;box-sizing:border-box}h1{font-size:18px}"
)
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style nonce="{nonce}">{style}</style>
<h1>{title}</h1>
<p>{text}</p>
{script}
"""
BOX = "X-Gpubox-Box"
# The ticket stands behind the #, which no browser sends and no server logs, and leaves the history at once.
_ENTER = """
const ticket = location.hash.slice(1).replace(/^ticket=/, "");
history.replaceState(null, "", location.pathname);
const say = (title, text) => {
  document.title = document.querySelector("h1").textContent = title;
  document.querySelector("p").textContent = text;
};
const refuse = (code, title, text) => {
  say(title, text);
  if (window.parent !== window) window.parent.postMessage({ gpubox: "refused", code }, "*");
};
// This origin may have been another box's, which is gone: its drafts would show under this one's name.
const leaveNothingOfAnotherBox = async (box) => {
  try {
    const before = localStorage.getItem("KEPT_BOX");
    if (before !== null && before !== box) {
      localStorage.clear();
      sessionStorage.clear();
      for (const { name } of (await indexedDB.databases?.()) ?? []) indexedDB.deleteDatabase(name);
    }
    localStorage.setItem("KEPT_BOX", box);
  } catch {
    // A browser that stores nothing here shows nothing either.
  }
};
const enter = async () => {
  const answer = await fetch(location.pathname, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ticket }),
  });
  if (!answer.ok) {
    const { code, title, detail } = await answer.json();
    return refuse(code, title, detail);
  }
  await leaveNothingOfAnotherBox(answer.headers.get("BOX"));
  // Some browsers take the cookie and never send it.
  const tried = await fetch("/", { method: "HEAD" });
  if (tried.status === 401) {
    return refuse("cookie", "This browser keeps no cookie here", "Open ComfyUI in a tab of its own.");
  }
  location.replace("/");
};
enter().catch(() => refuse("unreachable", "The panel does not answer", "Open ComfyUI from the panel once more."));
"""
# The panel's page asks for another ticket where its frame hears this.
_REFUSED = 'if (window.parent !== window) window.parent.postMessage({{ gpubox: "refused", code: {code} }}, "*");'
_PROBE = """
let allowed = true;
try {
  window.localStorage.getItem("");
  window.sessionStorage.getItem("");
} catch {
  allowed = false;
}
// Says nothing that the browser's owner could not see; so whoever frames this may know it.
window.parent.postMessage({ gpubox: "storage", allowed }, "*");
"""


def enter_page(ancestors: Sequence[str]) -> Response:
    """The page that takes the ticket, has it turned into a cookie, and goes on to ComfyUI."""
    script = _ENTER.replace("KEPT_BOX", "gpubox.box").replace("BOX", BOX)
    return _page(200, ("ComfyUI is loading…", ""), ancestors, script)


def probe_page(ancestors: Sequence[str]) -> Response:
    """The page that tells its parent whether this browser lets it store anything here."""
    return _page(200, ("", ""), ancestors, _PROBE)


def nothing(status: int, ancestors: Sequence[str]) -> Response:
    """An answer without a body."""
    return Response(status=status, headers=_headers("", ancestors))


def refusal(
    status: int, code: str, ancestors: Sequence[str], *, as_page: bool, retry_after: int | None = None
) -> Response:
    """Why nothing is passed on: a small page, or `{code, title, detail}` for programs."""
    title, detail = RELAY[code]
    if as_page:
        tell = _REFUSED.format(code=json.dumps(code)) if status == HTTPStatus.UNAUTHORIZED else ""
        answer = _page(status, (title, detail), ancestors, tell)
    else:
        body = json.dumps({"code": code, "title": title, "detail": detail})
        answer = Response(status=status, text=body, content_type="application/json", headers=_headers("", ancestors))
    if retry_after is not None:
        answer.headers["Retry-After"] = str(retry_after)
    return answer


def _page(status: int, words: tuple[str, str], ancestors: Sequence[str], script: str = "") -> Response:
    nonce = secrets.token_urlsafe(16)
    title, text = (html.escape(each) for each in words)
    run = f'<script nonce="{nonce}">{script}</script>' if script else ""
    page = _PAGE.format(title=title, text=text, nonce=nonce, style=_STYLE, script=run)
    return Response(status=status, text=page, content_type="text/html", headers=_headers(nonce, ancestors))


def _headers(nonce: str, ancestors: Sequence[str]) -> CIMultiDict[str]:
    inline = f"script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; " if nonce else ""
    return CIMultiDict(
        [
            *headers.own(ancestors),
            ("Content-Security-Policy", f"default-src 'none'; {inline}base-uri 'none'; form-action 'none'"),
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
            ("X-Content-Type-Options", "nosniff"),
        ]
    )
