// Why the box is on: every signal with its age, asked for when somebody looks, and again when the reasons change.

import { box } from "../box.js";
import { Follower } from "../follower.js";
import { say } from "../text.js";
import { age } from "../ticker.js";

class BoxActivity extends Follower {
  #signals = null;
  #reasons = "";

  begin() {
    this.on(this.closest("dialog"), "shown", () => this.#look());
    this.on(this.closest("dialog"), "close", () => {
      this.#signals = null;
    });
  }

  draw(status) {
    const reasons = JSON.stringify(status.details);
    const changed = reasons !== this.#reasons;
    this.#reasons = reasons;
    if (changed && this.#signals) this.#look();
    say(this.querySelector("[data-verdict]"), status.headline, box.context);
    const signals = this.#signals ?? [];
    const further = status.details.filter(({ code }) => !signals.some((signal) => signal.code === code));
    this.#list([...signals, ...further]);
  }

  async #look() {
    try {
      const { signals } = await box.read("activity");
      if (!this.closest("dialog").open) return;
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
        line.firstElementChild.classList.toggle("past", signal.holds === false);
        if (signal.seen_at) line.querySelector("[data-age]").append(this.#age(signal.seen_at));
        return line;
      }),
    );
  }

  #age(at) {
    const time = document.createElement("time");
    time.dateTime = at;
    time.dataset.tick = "age";
    time.textContent = age(Date.parse(at), box.now());
    return time;
  }
}

customElements.define("box-activity", BoxActivity);
