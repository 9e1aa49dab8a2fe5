// Signs out here and, told by the channel, in the other tabs of this browser.

import { call } from "../api.js";
import { box } from "../box.js";

class BoxLogout extends HTMLElement {
  connectedCallback() {
    this.querySelector("button").addEventListener("click", () => this.#leave());
  }

  async #leave() {
    box.dispatchEvent(new Event("leaving"));
    try {
      await call("POST", "/api/auth/logout");
    } catch (error) {
      if (error.status !== 401) {
        this.closest("dialog").close();
        box.dispatchEvent(new CustomEvent("refused", { detail: error }));
        return;
      }
    }
    new BroadcastChannel("gpubox").postMessage("signed-out");
    location.assign("/login");
  }
}

customElements.define("box-logout", BoxLogout);
