// Signs in without leaving the page, says what went wrong, and waits as long as it is told to.

import { call, Refusal } from "../api.js";
import { duration } from "../format.js";
import { word } from "../words.js";

/** Where to go afterwards: only to a page of this panel. */
const next = () => {
  const wanted = new URL(new URLSearchParams(location.search).get("next") ?? "/", location.origin);
  return wanted.origin === location.origin && wanted.pathname !== "/login" ? wanted.href : "/";
};

class LoginForm extends HTMLElement {
  #timer = 0;

  connectedCallback() {
    this.querySelector("[data-expired]").hidden = !new URLSearchParams(location.search).has("expired");
    this.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#signIn(event.target.elements.password);
    });
  }

  get #button() {
    return this.querySelector("button");
  }

  async #signIn(field) {
    if (this.#button.ariaBusy === "true" || this.#button.disabled) return;
    this.#button.ariaBusy = "true";
    this.#say("");
    try {
      await call("POST", "/api/auth/login", { password: field.value });
      new BroadcastChannel("gpubox").postMessage("signed-in");
      location.assign(next());
    } catch (error) {
      this.#button.ariaBusy = null;
      if (!(error instanceof Refusal)) throw error;
      this.#refused(error, field);
    }
  }

  #refused(error, field) {
    if (error.status === 429) {
      this.#wait(Math.max(1, error.retryAfter));
      return;
    }
    if (error.status === 401) this.#say(word("login_wrong"));
    else if (error.status === 0) this.#say(word("no_answer"));
    else this.#say(error.detail || word("login_failed", { status: error.status }));
    field.setAttribute("aria-invalid", "true");
    field.select();
  }

  #wait(seconds) {
    clearTimeout(this.#timer);
    this.#button.disabled = seconds > 0;
    this.#say(seconds > 0 ? word("login_wait", { left: duration(seconds) }) : word("login_again"));
    if (seconds > 0) this.#timer = setTimeout(() => this.#wait(seconds - 1), 1000);
  }

  #say(text) {
    this.querySelector("[role=alert]").textContent = text;
    if (!text) this.querySelector("#password").removeAttribute("aria-invalid");
  }
}

customElements.define("login-form", LoginForm);
