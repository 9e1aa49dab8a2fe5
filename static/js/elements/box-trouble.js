// What happened, what is being done about it, and what a person can do.

import { box } from "../box.js";
import { Follower } from "../follower.js";
import { roughly } from "../format.js";
import { plain, say, write } from "../text.js";
import { everySecond } from "../ticker.js";
import { word } from "../words.js";

class BoxTrouble extends Follower {
  begin() {
    everySecond(() => this.#countdown(box.status.trouble), this.signal);
  }

  draw(status) {
    const { trouble, headline } = status;
    if (!trouble) return;
    // The headline often is the title; one of them is enough.
    const isHeadline = plain(headline, box.context) === trouble.title;
    this.#part("title", isHeadline ? null : { text: trouble.title ?? "", values: {} });
    this.#part("detail", trouble.detail);
    this.#part("remedy", trouble.remedy);
    const frame = this.querySelector("[data-part=what-to-do]");
    if (frame) frame.hidden = !trouble.remedy;
    this.#countdown(trouble);
  }

  #part(name, message) {
    const place = this.querySelector(`[data-part=${name}]`);
    if (place) say(place, message, box.context);
  }

  #countdown(trouble) {
    const line = this.querySelector("[data-part=retry]");
    if (!line) return;
    line.hidden = !trouble?.retry_at;
    if (line.hidden) return;
    const left = (Date.parse(trouble.retry_at) - box.now()) / 1000;
    write(line, left > 1 ? word("retry", { left: roughly(left) }) : word("retry_now"));
  }
}

customElements.define("box-trouble", BoxTrouble);
