// The one box this page is about: its latest status, the server's clock, and the calls that change it.

import { call, Refusal } from "./api.js";

// News older than this against what is shown comes from a server whose clock was set back, not from a late answer.
const REORDERED = 60_000;

class Box extends EventTarget {
  name = document.body.dataset.box;
  status = null;
  heardAt = 0;
  #relay = document.body.dataset.relay;
  #ahead = 0;
  #newest = 0;

  /** The server's time in milliseconds, whatever this computer's clock says. */
  now() {
    return Date.now() + this.#ahead;
  }

  /** What sentences need besides their values. */
  get context() {
    return { now: this.now(), currency: this.status.cost.currency };
  }

  /** Takes a status in, from wherever it came, unless a newer one is there already. */
  take(status) {
    // A proxy on the way may answer with JSON of its own.
    if (!status?.headline) return;
    const at = Date.parse(status.now);
    if (this.status && at < this.#newest && this.#newest - at < REORDERED) return;
    // A status is the same for everybody; the relay is at the host that this page is at.
    const isRelayed = status.entrance?.way === "relay" && status.comfyui_url && this.#relay;
    this.#newest = at;
    this.#ahead = at - Date.now();
    this.heardAt = Date.now();
    this.status = isRelayed ? { ...status, comfyui_url: this.#relay } : status;
    this.dispatchEvent(new Event("change"));
  }

  path(leaf) {
    return `/api/boxes/${encodeURIComponent(this.name)}/${leaf}`;
  }

  get eventsPath() {
    return `/api/events?box=${encodeURIComponent(this.name)}`;
  }

  read(leaf) {
    return this.#call("GET", leaf);
  }

  async refresh() {
    this.take(await this.read("status"));
  }

  /** Asks for a change. What went wrong is told on the page; the answer is undefined then. */
  async ask(leaf, body) {
    try {
      const answer = await this.#call("POST", leaf, body);
      if (answer.phase) this.take(answer);
      return answer;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.status !== 401) this.dispatchEvent(new CustomEvent("refused", { detail: error }));
      return undefined;
    }
  }

  /** Any other call about this box; what was refused is thrown. */
  call(method, leaf, body) {
    return this.#call(method, leaf, body);
  }

  /** Where a gated box's ComfyUI is opened, for one opening; through the relay where `way` says so. */
  frame(way) {
    return this.#call("POST", "frame", way ? { way } : {});
  }

  /** Says that a person is here, or only a tab. Learns the new end at once. */
  async keepAlive(active) {
    const { last_activity, stops_at } = await this.#call("POST", "keep-alive", { active });
    if (!this.status || stops_at === undefined) return;
    this.status = { ...this.status, last_activity, stops_at };
    if (!active) return;
    this.dispatchEvent(new Event("change"));
    if (this.status.warning) await this.refresh();
  }

  async #call(method, leaf, body) {
    try {
      return await call(method, this.path(leaf), body);
    } catch (error) {
      if (error.status === 401) this.dispatchEvent(new Event("signedout"));
      throw error;
    }
  }
}

export const box = new Box();
