// What is wrong although the box goes on: a failed update, a disk that fills, a name that does not follow.

import { box } from "../box.js";
import { Follower } from "../follower.js";
import { say, write } from "../text.js";

class BoxNoted extends Follower {
  draw({ notices }) {
    const template = this.querySelector("template");
    this.querySelector("ul").replaceChildren(
      ...notices.map((notice) => {
        const line = template.content.cloneNode(true);
        write(line.querySelector("[data-title]"), notice.title);
        say(line.querySelector("[data-detail]"), notice.detail, box.context);
        say(line.querySelector("[data-remedy]"), notice.remedy, box.context);
        return line;
      }),
    );
  }
}

customElements.define("box-noted", BoxNoted);
