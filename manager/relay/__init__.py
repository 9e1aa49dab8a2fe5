"""The relay: passes a box's ComfyUI on to browsers, at an origin of its own on the panel's site.

For boxes with neither domain nor tunnel (docs/box.md, "The relay"). For each box a socket of the same process takes
HTTP and WebSockets and passes them to the box over TLS, with exactly the certificate that the box named.

What runs in ComfyUI's page (custom nodes of strangers) is not trusted with the panel, so the scheme has to hold
against a hostile page at the relay's origin:

*Another origin.* The relay is another port of the panel's host, or another name on its site (RELAY_URL). Neither
page can read the other's document, storage or answers. It is the same *site*, so browsers that block third-party
cookies let the frame keep its cookie and its storage, without which ComfyUI stays white.

*An origin for each box.* Boxes have ports of their own (`relays`), and their cookies names of their own. So a page
of one box never speaks to another, and a hostile page on one box gets nothing of the others.

*Cookies know no ports.* The browser sends the panel's cookie to the relay and the relay's to the panel. So:

- The relay takes every cookie out of what goes to the box, and every Set-Cookie out of what comes back.
- The panel's cookie opens nothing here, and the relay's nothing there: other names, other keys, other kinds.
- The panel takes no request by cookie that another origin started (`manager.web.credentials`). That refuses
  fetch, forms, EventSource and WebSockets from the relay's page although the browser adds the panel's cookie.
- Cookies of the panel's name that the page makes up prove nothing: both sides try every cookie of their name. The
  page cannot overwrite an HttpOnly cookie. What it can do is flood the browser's jar until the panel's cookie falls
  out: the person has to log in again, and nothing else. A RELAY_URL with a name of its own excludes even that.

*The frame stays in its frame.* The relay adds a sandbox to the policy of each answer: scripts, forms, downloads and
pop-ups work, but the page cannot lead the panel's window elsewhere. The panel itself can be framed by nobody.
No service worker is let through, so that a page cannot stay between the browser and the relay for good.

*Requests from elsewhere.* Behind the relay's cookie, a request must come from the relay's own origin; from elsewhere
one may only open ComfyUI's page. After that check Origin and Sec-Fetch-Site are removed: ComfyUI would look the one
up in DNS and refuse the other.

*Who may pass.* The panel signs a ticket for one box and one session, good once for a minute; `/_gpubox/enter` turns
it into the relay's cookie, bound to the session, the box and the visitor's address. Each request asks whether the
session lives; a logout cuts what is open. The cookie's key outlives a restart, so an open frame goes on.
"""

from manager.relay.ports import Sessions, Target, Targets, Ticket, Tickets
from manager.relay.relay import Relay, RelaySettings
from manager.relay.relays import Bound, Relays

__all__ = ["Bound", "Relay", "RelaySettings", "Relays", "Sessions", "Target", "Targets", "Ticket", "Tickets"]
