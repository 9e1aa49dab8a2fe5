// The way to a box that is ready, step by step, with what each step takes and usually takes.

import { box } from "../box.js";
import { Follower } from "../follower.js";
import { duration, roughly } from "../format.js";
import { say, write } from "../text.js";
import { everySecond } from "../ticker.js";
import { word } from "../words.js";

class BoxTimeline extends Follower {
  begin() {
    everySecond(() => this.#tick(box.status), this.signal);
  }

  draw(status) {
    const steps = status.progress?.steps ?? [];
    const list = this.querySelector("[data-steps]");
    const template = this.querySelector("template");
    while (list.children.length > steps.length) list.lastElementChild.remove();
    while (list.children.length < steps.length) list.append(template.content.cloneNode(true));
    steps.forEach((step, index) => {
      const line = list.children[index];
      line.dataset.state = step.state;
      if (step.state === "now") line.setAttribute("aria-current", "step");
      else line.removeAttribute("aria-current");
      say(line.querySelector("[data-said]"), step, box.context);
    });
    this.#tick(status);
  }

  #tick(status) {
    const steps = status.progress?.steps;
    if (!steps) {
      document.body.style.setProperty("--progress", 0);
      return;
    }
    const lines = this.querySelector("[data-steps]").children;
    steps.forEach((step, index) => {
      write(lines[index].querySelector("[data-time]"), this.#took(step));
    });
    write(this.querySelector("[data-eta]"), this.#eta(status.progress));
    document.body.style.setProperty("--progress", this.#share(steps).toFixed(3));
  }

  #took(step) {
    if (step.state === "done" && step.took_s !== null) return duration(step.took_s);
    if (step.state === "now" && step.share !== null) return `${Math.round(step.share * 100)} %`;
    if (step.state !== "now" || !step.began_at) return "";
    const seconds = Math.max(0, Math.round((box.now() - Date.parse(step.began_at)) / 1000));
    if (!step.usual_s) return duration(seconds);
    // "6 of about 9 s": the unit is said once where it is the same.
    const isShort = Math.max(seconds, step.usual_s) < 100;
    return word("elapsed", { elapsed: isShort ? seconds : duration(seconds), usual: duration(step.usual_s) });
  }

  #eta({ eta_at }) {
    if (!eta_at) return "";
    const left = (Date.parse(eta_at) - box.now()) / 1000;
    if (left < -20) return word("eta_over");
    return left < 2 ? word("eta_soon") : word("eta", { left: roughly(left) });
  }

  /** How much of the way lies behind, by what the steps usually take. */
  #share(steps) {
    const usual = (step) => Math.max(step.usual_s ?? step.took_s ?? 5, 1);
    const all = steps.reduce((sum, step) => sum + usual(step), 0);
    const done = steps.reduce((sum, step) => {
      if (step.state === "done") return sum + usual(step);
      if (step.state === "now" && step.share !== null) return sum + usual(step) * step.share;
      if (step.state !== "now" || !step.began_at) return sum;
      const elapsed = (box.now() - Date.parse(step.began_at)) / 1000;
      return sum + usual(step) * Math.min(0.95, elapsed / usual(step));
    }, 0);
    return all ? done / all : 0;
  }
}

customElements.define("box-timeline", BoxTimeline);
