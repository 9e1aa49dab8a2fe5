// Who may come in: the list with its ends, letting an address in, and taking that back. Asked for when somebody looks.

import { Refusal } from "../api.js";
import { box } from "../box.js";
import { Follower } from "../follower.js";
import { moment } from "../format.js";
import { plain, say, write } from "../text.js";
import { everySecond } from "../ticker.js";
import { word } from "../words.js";

const OFFERED = "[data-remove]:not([hidden])";

const ends = ({ until }) => (until ? word("allowed_until", { until: moment(until, box.now()) }) : word("allowed_open"));

class BoxAllowed extends Follower {
  #told = null;
  #newest = "";

  begin() {
    this.on(this.#dialog, "shown", () => this.#look());
    this.on(this, "click", (event) => this.#press(event.target.closest("button")));
    this.on(this, "submit", (event) => this.#submit(event));
    this.on(document, "click", (event) => event.target.closest?.("[data-who]") && this.#show());
    everySecond(() => this.#expire(), this.signal);
  }

  /** Whoever changed the list elsewhere, the journal tells of it. */
  draw({ journal = [] }) {
    const newest = JSON.stringify(journal[0] ?? null);
    if (newest === this.#newest) return;
    this.#newest = newest;
    if (this.#dialog.open) this.#look();
  }

  get #dialog() {
    return this.closest("dialog");
  }

  #show() {
    this.#dialog.showModal();
    this.#dialog.dispatchEvent(new Event("shown"));
    document.getElementById("who-title").focus();
  }

  #expire() {
    const at = this.#told?.changes_at;
    if (!this.#dialog.open || !at || Date.parse(at) > box.now()) return;
    this.#told.changes_at = null;
    this.#look();
  }

  async #look() {
    try {
      this.#take(await box.read("allowed"));
    } catch (error) {
      this.#complain(error);
    }
  }

  #press(button) {
    if (!button) return;
    if ("mine" in button.dataset) this.#allow(button, {});
    else if ("remove" in button.dataset) this.#remove(button);
  }

  async #submit(event) {
    event.preventDefault();
    const { address } = event.target.elements;
    if (await this.#allow(event.submitter, { address: address.value.trim() })) address.value = "";
  }

  async #allow(button, whom) {
    const minutes = this.querySelector("[data-for]").value;
    const before = new Map((this.#told?.allowed ?? []).map((each) => [each.network, each.until]));
    const answer = await this.#ask(button, "POST", "allowed", {
      ...whom,
      ...(minutes ? { minutes: Number(minutes) } : { until: null }),
    });
    const entry = answer?.allowed.find((each) => before.get(each.network) !== each.until) ?? answer?.allowed.at(-1);
    if (entry) this.#say("done", word("allow_done", { network: entry.network, until: ends(entry) }));
    return answer;
  }

  async #remove(button) {
    const line = button.closest("li");
    const { network } = line.dataset;
    const place = [...this.querySelectorAll(OFFERED)].indexOf(button);
    if (!(await this.#ask(button, "DELETE", `allowed?network=${encodeURIComponent(network)}`))) return;
    this.#say("done", word("allow_removed", { network }));
    const left = this.querySelectorAll(OFFERED);
    (left[place] ?? left[place - 1] ?? document.getElementById("who-title")).focus();
  }

  async #ask(button, method, leaf, body) {
    if (button.ariaBusy === "true") return undefined;
    button.ariaBusy = "true";
    try {
      const answer = await box.call(method, leaf, body);
      this.#say("problem", "");
      this.#take(answer);
      return answer;
    } catch (error) {
      this.#complain(error);
      return undefined;
    } finally {
      button.ariaBusy = null;
    }
  }

  #complain(error) {
    if (!(error instanceof Refusal)) throw error;
    this.#say("done", "");
    const text = error.status === 0 ? word("no_answer") : error.detail || word("refused", { status: error.status });
    this.#say("problem", text);
  }

  #take(told) {
    this.#told = told;
    this.#notes(told.notes);
    const { problem } = told;
    const parts = problem
      ? [problem.title, plain(problem.detail, box.context), plain(problem.remedy, box.context)]
      : [];
    this.#say("firewall", parts.join(" "));
    this.querySelector("[data-allow]").hidden = !told.useful;
    // An address that no box can see cannot be let in, so another one is asked for at once.
    const isLocal = told.visitor.network === null;
    this.querySelector("[data-mine]").hidden = isLocal;
    if (isLocal) this.querySelector("[data-another]").open = true;
    this.#list([
      ...told.permanent.map((network) => ({ network, words: word("allowed_setting") })),
      ...told.allowed.map((each) => ({ network: each.network, words: ends(each), mayGo: true })),
    ]);
  }

  #notes(notes) {
    const place = this.querySelector("[data-notes]");
    const template = this.querySelector("template[data-note]");
    while (place.children.length > notes.length) place.lastElementChild.remove();
    while (place.children.length < notes.length) place.append(template.content.cloneNode(true));
    notes.forEach((note, index) => {
      say(place.children[index], note, box.context);
    });
  }

  #list(lines) {
    const list = this.querySelector("[data-list]");
    const template = this.querySelector("template[data-line]");
    list.hidden = lines.length === 0;
    while (list.children.length > lines.length) list.lastElementChild.remove();
    while (list.children.length < lines.length) list.append(template.content.cloneNode(true));
    lines.forEach(({ network, words, mayGo }, index) => {
      const line = list.children[index];
      line.dataset.network = network;
      write(line.querySelector("[data-network]"), network);
      write(line.querySelector("[data-until]"), words);
      const button = line.querySelector("[data-remove]");
      button.hidden = !mayGo;
      button.ariaLabel = word("allow_remove", { network });
    });
  }

  #say(name, text) {
    const place = this.querySelector(`[data-${name}]`);
    if (name === "firewall") place.hidden = text === "";
    write(place, text);
  }
}

customElements.define("box-allowed", BoxAllowed);
