// The headline: in the bar while the box is on, on the card otherwise. Screen readers hear it when its meaning
// changes, not at every second of a countdown.

import { box } from "../box.js";
import { Follower } from "../follower.js";
import { percent } from "../format.js";
import { plain, say } from "../text.js";
import { phaseWord, word } from "../words.js";

/** With figures where the page has them: "Render 63 %, 2 waiting · stays on". */
const renderWords = ({ render, headline, warning }) => {
  if (!render?.running || warning || headline.code !== "ready.render") return null;
  const known = render.share !== null && render.share !== undefined;
  const name = known
    ? render.pending
      ? "render"
      : "render_alone"
    : render.pending
      ? "render_waiting"
      : "render_plain";
  return word(name, { share: known ? percent(render.share) : "", pending: render.pending });
};

class BoxSaid extends Follower {
  #meaning = "";
  #aloud = null;

  begin() {
    if (this.#aloud) return;
    this.#aloud = document.createElement("p");
    this.#aloud.className = "sr";
    this.#aloud.setAttribute("role", "status");
    this.append(this.#aloud);
  }

  draw(status) {
    const line = this.querySelector("p");
    const inBar = this.dataset.of === "bar";
    const message = (inBar && status.warning) || status.headline;
    const render = inBar ? renderWords(status) : null;
    say(line, render ? { text: render, values: {} } : message, box.context, phaseWord(status));
    if (inBar) this.#progress(status);
    this.#speak(status, status.warning ?? message);
  }

  /** How far the render is, or else the download of models, as the bar's lower edge. */
  #progress({ phase, render, warning, headline, models }) {
    const work = render?.running ? render : headline.code === "ready.models" ? models : null;
    const share = phase === "ready" && !warning ? (work?.share ?? 0) : 0;
    document.body.style.setProperty("--render", share);
  }

  #speak(status, message) {
    const meaning = `${status.phase} ${message.code}`;
    const first = this.#meaning === "";
    if (meaning === this.#meaning) return;
    this.#meaning = meaning;
    if (!first && (this.dataset.of === "bar") === (status.phase === "ready")) {
      this.#aloud.textContent = plain(message, box.context);
    }
  }
}

customElements.define("box-said", BoxSaid);
