// ComfyUI in all the rest of the window. The frame is made once the box is ready and stays where it is until the
// box is off: there is unsaved work in it. It has no name, because ComfyUI takes the window's name as its client's.

import { box } from "../box.js";
import { Follower } from "../follower.js";
import { hasRelay, isGated, opening, openTab } from "../opening.js";
import { storageAllowed } from "../probe.js";

const PATIENCE = 25_000;
const BLANK_AFTER = 20_000;
const RENEWED_AT_MOST_EVERY = 60_000;
const ALLOWED = ["clipboard-read", "clipboard-write", "fullscreen", "camera", "microphone"];
const RELOADED = "gpubox.reloaded-for";
const HINTED = "gpubox.blank-hint";

const isLoopback = (host) => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(host);

/** Whether browsers count the two as one site, as far as that can be told without the list of public suffixes. */
const isSameSite = (one, other) => {
  const site = (host) => (/^[\d.]+$|:/.test(host) ? host : host.split(".").slice(-2).join("."));
  return site(one) === site(other);
};

class BoxFrame extends Follower {
  #frame = null;
  #address = "";
  #dismissed = "";
  #timer = 0;
  #blankTimer = 0;
  #probed = "";
  #way = undefined;
  #renewedAt = -Infinity;

  begin() {
    this.on(this, "click", (event) => this.#press(event.target.closest("button")));
    // Who presses something in the frame sees something there.
    this.on(box, "inframe", () => clearTimeout(this.#blankTimer));
    this.on(document, "click", (event) => this.#openTab(event));
    this.on(window, "message", (event) => this.#hear(event));
    this.on(document, "securitypolicyviolation", (event) => {
      if (event.effectiveDirective === "frame-src") this.#notice("blocked");
    });
  }

  draw({ phase, comfyui_url }) {
    for (const link of document.querySelectorAll("[data-open]")) {
      if (comfyui_url) link.href = comfyui_url;
    }
    for (const button of this.querySelectorAll("[data-relay]")) button.hidden = !hasRelay();
    if (phase === "off") this.#remove();
    if (phase === "ready") this.#ready(comfyui_url);
    else if (!this.#frame) this.#remove();
    // Whatever else happens, the frame stays; the card stands before it.
    this.toggleAttribute("data-covered", phase !== "ready");
    if (this.#frame) this.#frame.inert = phase !== "ready";
    if (phase === "ready") this.#focus();
  }

  #ready(address) {
    if (this.#frame) {
      if (address && ![this.#address, this.#dismissed].includes(address)) this.#notice("moved");
      return;
    }
    if (!address) {
      this.#notice("address");
      return;
    }
    const url = new URL(address, location.href);
    if (location.protocol === "https:" && url.protocol === "http:" && !isLoopback(url.hostname)) {
      this.#notice("mixed");
    } else if (this.#mayFrame(url.origin)) {
      this.#probe(url, address);
    }
  }

  /** On another site the browser may refuse ComfyUI its storage; then its page would be white without a word. */
  async #probe(url, address) {
    if (this.#probed === address) return;
    this.#probed = address;
    this.#notice("loading");
    const isForeign = !isSameSite(url.hostname, location.hostname);
    const allowed = isForeign ? await storageAllowed(address, this, isGated()) : true;
    if (this.#probed !== address) return;
    if (allowed === false) this.#notice("storage");
    else this.#enter(address);
  }

  /** Behind a gate each opening has an address of its own. */
  async #enter(address, way) {
    this.#way = way;
    let found;
    try {
      found = new URL(await opening(address, way), location.href);
    } catch {
      if (this.#probed === address) this.#notice("refused");
      return;
    }
    // The box may have gone off while the address was asked for.
    if (this.#probed === address && this.#mayFrame(found.origin)) this.#create(found, address);
  }

  /** The gate's own pages say so where they stand in ComfyUI's place: there is nothing in the frame to be lost. */
  #hear({ source, origin, data }) {
    const isOurs = this.#frame && source === this.#frame.contentWindow && origin === new URL(this.#frame.src).origin;
    if (!isOurs || data?.gpubox !== "refused" || !isGated()) return;
    if (data.code === "cookie") {
      this.#notice("storage");
    } else if (data.code === "closed" || performance.now() - this.#renewedAt < RENEWED_AT_MOST_EVERY) {
      this.#notice("refused");
    } else {
      // A frame that is made anew, because another fragment alone does not load a page again.
      this.#renewedAt = performance.now();
      const [address, way] = [this.#address, this.#way];
      this.#clear();
      this.#probed = address;
      this.#notice("loading");
      this.#enter(address, way);
    }
  }

  #openTab(event) {
    const link = event.target.closest?.("[data-open]");
    if (!link?.href || !isGated()) return;
    event.preventDefault();
    openTab(link.href);
  }

  /** What may be framed was fixed when this page came. One reload asks for it anew; no frame is open that could lose by it. */
  #mayFrame(origin) {
    const sources = (this.dataset.source ?? "").split(" ");
    if (sources.includes(origin) || (sources.includes("'self'") && origin === location.origin)) {
      sessionStorage.removeItem(RELOADED);
      return true;
    }
    if (sessionStorage.getItem(RELOADED) === origin) {
      this.#notice("blocked");
    } else {
      sessionStorage.setItem(RELOADED, origin);
      location.reload();
    }
    return false;
  }

  #create(url, address) {
    this.#address = address;
    const frame = document.createElement("iframe");
    frame.title = this.dataset.title;
    frame.allow = ALLOWED.map((feature) => `${feature} ${url.origin}`).join("; ");
    frame.src = url;
    frame.addEventListener("load", () => this.#loaded(), { once: true });
    this.#frame = frame;
    this.#notice("loading");
    this.prepend(frame);
    this.#timer = setTimeout(() => this.#notice("silent"), PATIENCE);
  }

  #loaded() {
    clearTimeout(this.#timer);
    this.#notice(null);
    this.#focus();
    this.#blankTimer = setTimeout(() => this.#askBlank(), BLANK_AFTER);
  }

  #focus() {
    const isFree = [null, document.body].includes(document.activeElement) && !document.querySelector("dialog[open]");
    if (isFree && this.dataset.says === "") this.#frame?.focus();
  }

  /**
   * `load` fires for a browser's error page and for a page that stays white as well, and nothing of another origin
   * can be read. So where nobody has pressed anything in the frame for a while, the page asks, until told not to.
   */
  #askBlank() {
    const host = new URL(this.#address, location.href).hostname;
    if (this.dataset.says || isSameSite(host, location.hostname) || localStorage.getItem(HINTED)) return;
    this.#notice("hint");
  }

  #remove() {
    this.#clear();
    this.#renewedAt = -Infinity;
    this.#notice(null);
  }

  #clear() {
    clearTimeout(this.#timer);
    clearTimeout(this.#blankTimer);
    this.#frame?.remove();
    this.#frame = null;
    this.#dismissed = "";
    this.#probed = "";
  }

  #press(button) {
    if (!button) return;
    if ("reload" in button.dataset) {
      sessionStorage.removeItem(RELOADED);
      location.reload();
    } else if ("again" in button.dataset) {
      // Pressed by a person, for a frame that shows nothing.
      const address = this.#address || this.#probed;
      this.#remove();
      this.#ready(address);
    } else if ("relay" in button.dataset) {
      const address = this.#address || this.#probed;
      this.#remove();
      this.#probed = address;
      this.#notice("loading");
      this.#enter(address, "relay");
    } else if ("dismiss" in button.dataset) {
      if (this.dataset.says === "hint") localStorage.setItem(HINTED, "closed");
      this.#dismissed = document.querySelector("[data-open]")?.getAttribute("href") ?? "";
      this.#notice(null);
    }
  }

  #notice(name) {
    for (const notice of this.querySelectorAll("[data-notice]")) notice.hidden = notice.dataset.notice !== name;
    this.dataset.says = name ?? "";
  }
}

customElements.define("box-frame", BoxFrame);
