// The box's own log, asked for only while it is open; it stays at its end unless somebody scrolled up.

import { box } from "../box.js";
import { Follower } from "../follower.js";
import { word } from "../words.js";

const EVERY = 3000;
const AT_END = 24;

const asLines = (facts) =>
  Object.entries(facts ?? {})
    .filter(([, fact]) => fact)
    .map(([name, fact]) => (name === "log" ? fact : `${name}: ${fact}`));

class BoxLog extends Follower {
  #timer = 0;
  #serial = "";
  #next = 0;

  begin() {
    this.on(this.querySelector("details"), "toggle", () => this.#turn());
    this.on(document, "visibilitychange", () => this.#turn());
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    super.disconnectedCallback();
  }

  #turn() {
    clearTimeout(this.#timer);
    if (this.querySelector("details").open && !document.hidden) this.#poll();
  }

  async #poll() {
    try {
      const { serial, setup } = await box.read(`logs?start=${this.#next}`);
      // A machine that booted anew begins its serial output at zero.
      this.#serial = serial.start < this.#next ? serial.text : this.#serial + serial.text;
      this.#next = serial.next;
      this.#show([...asLines(setup), "", this.#serial].join("\n").trim());
    } catch {
      // The sign for a lost connection stands elsewhere; the next round tries again.
    }
    clearTimeout(this.#timer);
    if (this.querySelector("details").open) this.#timer = setTimeout(() => this.#turn(), EVERY);
  }

  #show(text) {
    const pre = this.querySelector("pre");
    const wanted = text || word("log_empty");
    if (pre.textContent === wanted) return;
    const follows = pre.scrollHeight - pre.scrollTop - pre.clientHeight < AT_END;
    pre.textContent = wanted;
    if (follows) pre.scrollTop = pre.scrollHeight;
  }
}

customElements.define("box-log", BoxLog);
