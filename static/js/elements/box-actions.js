// The buttons that turn the box on and off. Which of them stand there, and in which order, the status says.

import { box } from "../box.js";
import { Follower } from "../follower.js";

const USUAL = {
  off: ["start"],
  queued: ["cancel"],
  starting: ["cancel"],
  setting_up: ["cancel"],
  stopping: ["again"],
  trouble: [],
  ready: ["stop"],
};

// A start is retried, and remembered during a stop, by asking for it again; a stop puts a failed start away.
const CALLS = { start: "start", retry: "start", again: "start", stop: "stop", cancel: "stop", dismiss: "stop" };
// What is never the big button: ways back, and those that only look.
const QUIET = new Set(["cancel", "again", "dismiss", "logs"]);

class BoxActions extends Follower {
  begin() {
    this.on(this, "click", (event) => {
      const button = event.target.closest("[data-action]");
      if (button) this.#press(button);
    });
  }

  draw(status) {
    if (!("follow" in this.dataset)) return;
    const isUnseen = status.headline.code === "unseen" && status.intent === "off";
    let wanted = status.trouble?.actions ?? USUAL[isUnseen ? "off" : status.phase] ?? [];
    if (status.phase === "stopping" && status.intent === "on") wanted = wanted.filter((name) => name !== "again");
    for (const button of this.querySelectorAll("[data-action]")) {
      const place = wanted.indexOf(button.dataset.action);
      button.hidden = place < 0;
      button.style.order = place;
      button.classList.toggle("primary", place === 0 && !QUIET.has(button.dataset.action));
    }
  }

  async #press(button) {
    if (button.ariaBusy === "true") return;
    if (button.dataset.action === "logs") {
      this.#openLog();
      return;
    }
    const leaf = CALLS[button.dataset.action];
    if (leaf === "stop" && box.status.render?.running && !(await this.#confirmed())) return;
    button.ariaBusy = "true";
    await box.ask(leaf);
    button.ariaBusy = null;
  }

  #openLog() {
    const fold = this.parentElement.querySelector("box-log details");
    fold.open = true;
    fold.querySelector("pre").focus();
  }

  #confirmed() {
    const dialog = document.getElementById("confirm-stop");
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => resolve(dialog.returnValue === "stop"), { once: true });
    });
  }
}

customElements.define("box-actions", BoxActions);
