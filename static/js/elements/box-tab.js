// What a person sees of the page without looking at it: the tab's title and its icon.

import { box } from "../box.js";
import { Follower } from "../follower.js";
import { countdown } from "../format.js";
import { everySecond } from "../ticker.js";
import { phaseWord, word } from "../words.js";

const SHAPES = { off: "off", ready: "on", trouble: "trouble" };

class BoxTab extends Follower {
  begin() {
    everySecond(() => this.#title(box.status), this.signal);
  }

  draw(status) {
    const icon = document.querySelector("link[rel=icon]");
    const address = icon.dataset[status.warning ? "warning" : (SHAPES[status.phase] ?? "busy")];
    if (icon.getAttribute("href") !== address) icon.setAttribute("href", address);
    for (const element of document.querySelectorAll("[data-phase-word]")) {
      element.textContent = phaseWord(status);
    }
    this.#title(status);
  }

  #title(status) {
    const end = status.warning?.values?.stops_in ?? status.stops_at;
    const title =
      status.warning && end
        ? word("title_warning", { left: countdown(Date.parse(end) - box.now()), name: box.name })
        : word("title", { phase: phaseWord(status), name: box.name });
    if (document.title !== title) document.title = title;
  }
}

customElements.define("box-tab", BoxTab);
