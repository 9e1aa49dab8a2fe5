// Near the end the bar counts down; during a warning its sentence does so itself.

import { box } from "../box.js";
import { Follower } from "../follower.js";
import { countdown } from "../format.js";
import { write } from "../text.js";
import { everySecond } from "../ticker.js";
import { word } from "../words.js";

const NEAR = 10 * 60_000;

class BoxCountdown extends Follower {
  begin() {
    everySecond(() => this.draw(box.status), this.signal);
  }

  draw({ phase, warning, stops_at, run_limit_at, busy }) {
    // While it works, only Google's run limit is an end.
    const ends = [busy ? null : stops_at, run_limit_at].filter(Boolean).map(Date.parse);
    const left = Math.min(...ends) - box.now();
    this.hidden = phase !== "ready" || Boolean(warning) || !(left < NEAR);
    if (!this.hidden) write(this, word("countdown", { left: countdown(left) }));
  }
}

customElements.define("box-countdown", BoxCountdown);
