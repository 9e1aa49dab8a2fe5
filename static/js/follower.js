// Base of all elements that show something of the box: draws itself at each change while it is in the page.

import { box } from "./box.js";

export class Follower extends HTMLElement {
  #here = new AbortController();

  /** Ends every listener of this element when it leaves the page. */
  get signal() {
    return this.#here.signal;
  }

  connectedCallback() {
    this.#here = new AbortController();
    this.begin();
    box.addEventListener("change", () => this.draw(box.status), { signal: this.signal });
    if (box.status) this.draw(box.status);
  }

  disconnectedCallback() {
    this.#here.abort();
  }

  /** Once, when the element enters the page. */
  begin() {}

  /** At each change of the box. */
  draw(_status) {}

  on(target, type, listener) {
    target.addEventListener(type, listener, { signal: this.signal });
  }
}
