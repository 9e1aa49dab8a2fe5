// What is about to happen, on the card; while the box is on, the bar says it.

import { box } from "../box.js";
import { Follower } from "../follower.js";
import { say } from "../text.js";

class BoxWarning extends Follower {
  draw({ warning }) {
    if (warning) say(this.querySelector("p"), warning, box.context);
  }
}

customElements.define("box-warning", BoxWarning);
