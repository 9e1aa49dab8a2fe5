// Reports a person at work in this page: trusted pointer and key events while it is visible, at most once a minute.
// A forgotten tab sends nothing; events made by scripts are not trusted; a mouse that lies still does not count,
// though browsers fire pointermove when the page moves beneath it.
import { api } from "../../scripts/api.js";

const INTERVAL_MS = 60_000;
let reportedAt = -Infinity;
let pointer = null;

function isPerson(event) {
  if (!event.isTrusted || document.visibilityState !== "visible") return false;
  if (event.type !== "pointermove") return true;
  const before = pointer;
  pointer = `${event.screenX},${event.screenY}`;
  return before !== null && before !== pointer;
}

function notice(event) {
  // performance.now() is monotonic: a clock that jumps neither silences the page nor makes it chatty.
  if (!isPerson(event) || performance.now() - reportedAt < INTERVAL_MS) return;
  reportedAt = performance.now();
  // fetchApi keeps a path prefix. A lost report is no harm: the next event after the interval tries again.
  api
    .fetchApi("/gpubox/presence", { method: "POST", headers: { "X-Gpubox-Presence": "1" }, keepalive: true })
    .catch(() => {});
}

for (const type of ["pointerdown", "pointermove", "wheel", "keydown"]) {
  window.addEventListener(type, notice, { capture: true, passive: true });
}
