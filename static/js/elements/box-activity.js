// Why the box is on: every signal with its age, asked for when somebody looks.

import { box } from "../box.js";
import { Follower } from "../follower.js";
import { say } from "../text.js";

class BoxActivity extends Follower {
  #signals = null;

  begin() {
    this.on(this.closest("dialog"), "shown", () => this.#look());
    this.on(this.closest("dialog"), "close", () => {
      this.#signals = null;
    });
  }

  draw(status) {
    this.querySelector("[data-missing]").hidden = status.presence !== "missing";
    say(this.querySelector("[data-verdict]"), status.headline, box.context);
    this.#list(this.#signals ?? status.details ?? []);
  }

  async #look() {
    try {
      const { signals } = await box.read("activity");
      this.#signals = signals;
      this.draw(box.status);
    } catch {
      // The status holds the same reasons, only without their age.
    }
  }

  #list(signals) {
    const list = this.querySelector("[data-signals]");
    const template = this.querySelector("template");
    list.hidden = signals.length === 0;
    list.replaceChildren(
      ...signals.map((signal) => {
        const line = template.content.cloneNode(true);
        say(line.querySelector("[data-said]"), signal, box.context);
        if (signal.at) line.querySelector("[data-age]").append(this.#age(signal.at));
        return line;
      }),
    );
  }

  #age(at) {
    const time = document.createElement("time");
    time.dateTime = at;
    time.dataset.tick = "age";
    return time;
  }
}

customElements.define("box-activity", BoxActivity);
