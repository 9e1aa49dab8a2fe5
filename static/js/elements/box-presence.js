// Tells the server that a person is here. Only trusted events count, at most once a minute; an open tab alone is
// told apart as such. Inside ComfyUI, on another origin, nothing is seen but a press that moves the focus there.

import { box } from "../box.js";
import { Follower } from "../follower.js";

const MINUTE = 60_000;
const TAB_EVERY = 4 * MINUTE;
const GLANCE_EVERY = 2000;
const EVENTS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"];

let pointer = null;

/** Browsers send trusted moves for a pointer that rests while the page changes under it; only a new place is a move. */
const isResting = ({ type, screenX, screenY }) => {
  if (type !== "pointermove") return false;
  const place = `${screenX} ${screenY}`;
  const moved = pointer !== null && pointer !== place;
  pointer = place;
  return !moved;
};

class BoxPresence extends Follower {
  #toldAt = Number.NEGATIVE_INFINITY;
  #timers = [];

  begin() {
    for (const type of EVENTS) {
      document.addEventListener(type, (event) => event.isTrusted && !isResting(event) && this.#active(), {
        capture: true,
        passive: true,
        signal: this.signal,
      });
    }
    this.on(document, "click", (event) => {
      if (event.isTrusted && event.target.closest("[data-here]")) this.#tell(true);
    });
    this.on(window, "blur", () => this.#glance());
    this.#timers = [setInterval(() => this.#tell(false), TAB_EVERY), setInterval(() => this.#glance(), GLANCE_EVERY)];
  }

  disconnectedCallback() {
    this.#timers.forEach(clearInterval);
    super.disconnectedCallback();
  }

  /** A press or a key inside the frame activates this window too; focus that a script gave does not. */
  #glance() {
    const inFrame = document.activeElement?.tagName === "IFRAME";
    if (!inFrame || document.hidden || !navigator.userActivation?.isActive) return;
    box.dispatchEvent(new Event("inframe"));
    this.#active();
  }

  #active() {
    if (performance.now() - this.#toldAt >= MINUTE) this.#tell(true);
  }

  async #tell(active) {
    if (box.status?.phase === "off") return;
    if (active) this.#toldAt = performance.now();
    try {
      await box.keepAlive(active);
    } catch {
      // Said again at the next event.
      if (active) this.#toldAt = Number.NEGATIVE_INFINITY;
    }
  }
}

customElements.define("box-presence", BoxPresence);
