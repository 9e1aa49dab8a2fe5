// Tells when something that a person asked for was refused, in the server's words.

import { box } from "../box.js";
import { Follower } from "../follower.js";
import { word } from "../words.js";

const textOf = ({ status, detail }) => (status === 0 ? word("no_answer") : detail || word("refused", { status }));

class BoxNotices extends Follower {
  begin() {
    this.on(box, "refused", ({ detail }) => this.#tell(textOf(detail)));
    this.on(this, "click", (event) => event.target.closest("button")?.closest(".notice").remove());
  }

  #tell(text) {
    const notice = this.querySelector("template").content.cloneNode(true);
    notice.querySelector("[data-text]").textContent = text;
    for (const old of this.querySelectorAll(".notice")) old.remove();
    this.append(notice);
  }
}

customElements.define("box-notices", BoxNotices);
