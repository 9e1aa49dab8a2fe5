// One clock for everything that counts: beats at each full second of the box's own time.

import { box } from "./box.js";
import { countdown, duration } from "./format.js";
import { write } from "./text.js";
import { word } from "./words.js";

const ticker = new EventTarget();

/** "just now", "4 min ago". */
export const age = (at, now) =>
  now - at < 5000 ? word("just_now") : word("ago", { age: duration((now - at) / 1000) });

const LIVE = { in: (at, now) => countdown(at - now), age };

const beat = () => {
  const now = box.now();
  for (const time of document.querySelectorAll("time[data-tick]")) {
    write(time, LIVE[time.dataset.tick](Date.parse(time.dateTime), now));
  }
  ticker.dispatchEvent(new Event("beat"));
  setTimeout(beat, 1000 - (box.now() % 1000));
};

/** Calls back at every beat until the signal aborts. */
export const everySecond = (callback, signal) => ticker.addEventListener("beat", callback, { signal });

export const startClock = beat;
