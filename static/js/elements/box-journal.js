// What happened to the box, newest first.

import { box } from "../box.js";
import { Follower } from "../follower.js";
import { entry } from "../format.js";
import { say, write } from "../text.js";

class BoxJournal extends Follower {
  draw({ journal = [] }) {
    const list = this.querySelector("[data-lines]");
    const template = this.querySelector("template");
    this.querySelector("[data-empty]").hidden = journal.length > 0;
    list.hidden = journal.length === 0;
    while (list.children.length > journal.length) list.lastElementChild.remove();
    while (list.children.length < journal.length) list.append(template.content.cloneNode(true));
    journal.forEach((line, index) => {
      write(list.children[index].querySelector("[data-at]"), entry(line.at, box.now()));
      say(list.children[index].querySelector("[data-said]"), line, box.context);
    });
  }
}

customElements.define("box-journal", BoxJournal);
