// The model list as the box downloads it: all in all, and file by file.

import { box } from "../box.js";
import { Follower } from "../follower.js";
import { say, write } from "../text.js";

const UNDER_WAY = new Set(["running", "checking"]);

class BoxModels extends Follower {
  draw({ models }) {
    if (!models) return;
    say(this.querySelector(":scope > [data-said]"), models, box.context);
    this.#bar(this.querySelector(":scope > [data-share]"), models.state === "running" ? models.share : null);
    const list = this.querySelector("[data-files]");
    const template = this.querySelector("template");
    while (list.children.length > models.files.length) list.lastElementChild.remove();
    while (list.children.length < models.files.length) list.append(template.content.cloneNode(true));
    models.files.forEach((file, index) => {
      this.#file(list.children[index], file);
    });
  }

  #file(line, file) {
    line.dataset.state = file.state;
    write(line.querySelector("[data-name]"), file.name);
    write(line.querySelector("[data-folder]"), file.folder);
    say(line.querySelector("[data-said]"), file, box.context);
    const bar = line.querySelector("[data-share]");
    bar.setAttribute("aria-label", file.name);
    this.#bar(bar, UNDER_WAY.has(file.state) ? file.share : null);
  }

  #bar(bar, share) {
    bar.hidden = share === null;
    if (share !== null) bar.value = share;
  }
}

customElements.define("box-models", BoxModels);
