// A notification of the operating system before an idle stop, for those who want it in this browser.

import { box } from "../box.js";
import { Follower } from "../follower.js";
import { plain } from "../text.js";
import { word } from "../words.js";

const KEPT = "gpubox.alerts";
const offered = "Notification" in window && window.isSecureContext;

class BoxAlerts extends Follower {
  #told = "";

  begin() {
    this.on(this.querySelector("button"), "click", () => this.#turn());
    this.on(window, "storage", () => this.#show());
    this.#show();
  }

  get #isOn() {
    return offered && Notification.permission === "granted" && localStorage.getItem(KEPT) === "on";
  }

  draw({ warning, stops_at }) {
    if (!warning) {
      this.#told = "";
      return;
    }
    if (!this.#isOn || this.#told === stops_at || (document.hasFocus() && !document.hidden)) return;
    this.#told = stops_at;
    // One tag for all tabs: the browser shows it once.
    const note = new Notification(box.name, { body: plain(warning, box.context), tag: `gpubox-${box.name}` });
    note.onclick = () => {
      window.focus();
      note.close();
    };
  }

  async #turn() {
    if (!offered) return;
    if (this.#isOn) localStorage.removeItem(KEPT);
    else if ((await Notification.requestPermission()) === "granted") localStorage.setItem(KEPT, "on");
    this.#show();
  }

  #show() {
    const button = this.querySelector("button");
    button.ariaChecked = String(this.#isOn);
    const name = !offered ? "missing" : Notification.permission === "denied" ? "denied" : this.#isOn ? "on" : "off";
    button.ariaDisabled = String(["missing", "denied"].includes(name));
    this.querySelector("[data-state]").textContent = word(`notify_${name}`);
  }
}

customElements.define("box-alerts", BoxAlerts);
