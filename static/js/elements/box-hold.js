// Keeps the box on for a while, or until a time of day.

import { box } from "../box.js";
import { Follower } from "../follower.js";

const MINUTE = 60_000;

class BoxHold extends Follower {
  begin() {
    this.on(this, "click", (event) => this.#click(event.target.closest("button")));
    this.on(this, "submit", (event) => this.#until(event));
    const menu = this.querySelector("[popover]");
    if (!menu) {
      this.on(this.closest("dialog"), "shown", () => this.#suggest());
      return;
    }
    this.on(menu, "toggle", (event) => event.newState === "open" && this.#suggest());
    // A click into the frame is not seen here; that the window lost the focus to it is.
    this.on(window, "blur", () => menu.hidePopover());
  }

  #click(button) {
    if (button?.dataset.minutes) this.#hold(Number(button.dataset.minutes));
    else if (button && "release" in button.dataset) this.#ask({ until: null });
  }

  /** "+30 min" adds to a hold that is there already. */
  #hold(minutes) {
    const held = box.status.hold_until && Date.parse(box.status.hold_until);
    const isLonger = held && held > box.now();
    this.#ask(isLonger && minutes === 30 ? { until: new Date(held + minutes * MINUTE).toISOString() } : { minutes });
  }

  #until(event) {
    event.preventDefault();
    const [hours, minutes] = event.target.elements.until.value.split(":").map(Number);
    const until = new Date(box.now());
    until.setHours(hours, minutes, 0, 0);
    if (until.getTime() <= box.now()) until.setDate(until.getDate() + 1);
    this.#ask({ until: until.toISOString() });
  }

  /** The next full hour that is at least an hour away. */
  #suggest() {
    const input = this.querySelector("input[type=time]");
    if (!input || input.value) return;
    const hour = new Date(box.now() + 119 * MINUTE).getHours();
    input.value = `${String(hour).padStart(2, "0")}:00`;
  }

  async #ask(body) {
    this.querySelector("[popover]")?.hidePopover();
    if (await box.ask("hold", body)) await box.refresh().catch(() => {});
  }
}

customElements.define("box-hold", BoxHold);
