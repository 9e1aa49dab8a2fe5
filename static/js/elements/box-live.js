// Keeps the status live: server-sent events, renewed after sleep, a lost network or a restart of the server, and
// a sign while they are not.

import { box } from "../box.js";
import { Follower } from "../follower.js";
import { moment } from "../format.js";
import { word } from "../words.js";

const SHOW_SIGN_AFTER = 1500;
const STALE_AFTER = 60_000;
const LOOK_EVERY = 5000;
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 15_000;

// What differs between two statuses without anything having happened.
const essence = ({ now, observed_at, cost, ...rest }) => JSON.stringify(rest);

class BoxLive extends Follower {
  #source = null;
  #state = "live";
  #pause = FIRST_PAUSE;
  #retry = 0;
  #sign = 0;
  #look = 0;
  #lastLook = Date.now();
  #channel = null;
  #checking = null;

  begin() {
    this.#channel = new BroadcastChannel("gpubox");
    this.on(this.#channel, "message", () => this.#check());
    // Signing out here is no surprise to be told about.
    this.on(box, "leaving", () => this.disconnectedCallback());
    this.on(box, "signedout", () => this.#signedOut());
    this.on(window, "online", () => this.#check());
    // A panel on this very computer lives on without a network.
    this.on(window, "offline", () => this.#check());
    this.on(document, "visibilitychange", () => document.hidden || this.#check());
    // An open stream would keep the page out of the browser's back-forward cache.
    this.on(window, "pagehide", () => this.#close());
    this.on(window, "pageshow", (event) => event.persisted && this.#check());
    this.#look = setInterval(() => this.#watch(), LOOK_EVERY);
    this.#open();
  }

  disconnectedCallback() {
    clearInterval(this.#look);
    clearTimeout(this.#retry);
    this.#close();
    this.#channel.close();
    super.disconnectedCallback();
  }

  #open() {
    this.#close();
    const source = new EventSource(box.eventsPath);
    this.#source = source;
    source.onopen = () => this.#live();
    source.addEventListener("status", (event) => {
      this.#live();
      box.take(JSON.parse(event.data));
    });
    source.onerror = () => {
      this.#lost();
      // The browser reconnects by itself unless it was refused; why, only a plain request can tell.
      if (source.readyState === EventSource.CLOSED) this.#again();
    };
  }

  #close() {
    this.#source?.close();
    this.#source = null;
  }

  #again() {
    clearTimeout(this.#retry);
    if (this.#state === "signed-out") return;
    this.#retry = setTimeout(() => this.#check(), this.#pause * (0.75 + Math.random() / 2));
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
  }

  /** A timer that comes late was asleep; silence beyond a minute may be a stream that died unnoticed. */
  #watch() {
    const slept = Date.now() - this.#lastLook > 3 * LOOK_EVERY;
    this.#lastLook = Date.now();
    const stale = !document.hidden && Date.now() - box.heardAt > STALE_AFTER;
    if (this.#state === "live" && (slept || stale)) this.#check();
  }

  /** Asks once; who wants to know meanwhile waits for the same answer. */
  #check() {
    this.#checking ??= this.#ask().finally(() => {
      this.#checking = null;
    });
  }

  async #ask() {
    clearTimeout(this.#retry);
    const before = box.status && essence(box.status);
    try {
      await box.refresh();
    } catch (error) {
      if (error.status === 401) return;
      this.#lost();
      this.#again();
      return;
    }
    const missedNews = before !== essence(box.status);
    if (missedNews || this.#source?.readyState !== EventSource.OPEN) this.#open();
  }

  #live() {
    clearTimeout(this.#retry);
    clearTimeout(this.#sign);
    this.#sign = 0;
    this.#pause = FIRST_PAUSE;
    this.#show("live");
  }

  #lost() {
    if (this.#state === "signed-out" || this.#sign) return;
    this.#sign = setTimeout(() => {
      this.#sign = 0;
      this.#show(navigator.onLine ? "waiting" : "offline");
    }, SHOW_SIGN_AFTER);
  }

  #signedOut() {
    this.#close();
    clearTimeout(this.#sign);
    this.#sign = 0;
    // With a frame open, unsaved work is in it: this page stays.
    if (document.querySelector("iframe")) this.#show("signed-out");
    else location.assign(`/login?expired&next=${encodeURIComponent(location.pathname + location.search)}`);
  }

  #show(state) {
    this.#state = state;
    this.dataset.state = state;
    document.body.toggleAttribute("data-stale", state !== "live");
    for (const line of this.querySelectorAll("[data-live]")) {
      line.hidden = line.dataset.live !== state;
      const since = line.querySelector("[data-since]");
      if (since && !line.hidden) since.textContent = word("stale", { at: moment(box.heardAt, Date.now()) });
    }
  }
}

customElements.define("box-live", BoxLive);
