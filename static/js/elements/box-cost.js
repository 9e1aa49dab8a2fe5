// Money, growing between two statuses at the hourly rate. A row whose figure is not known, or tells nothing yet, is
// not shown.

import { box } from "../box.js";
import { Follower } from "../follower.js";
import { date, duration, money, month, roundMoney } from "../format.js";
import { write } from "../text.js";
import { everySecond } from "../ticker.js";

const GROWING = new Set(["session", "today", "month"]);

class BoxCost extends Follower {
  begin() {
    everySecond(() => this.draw(box.status), this.signal);
  }

  draw({ cost, now }) {
    const billing = cost.session !== null;
    const since = billing ? (box.now() - Date.parse(now)) / 1000 : 0;
    for (const element of this.querySelectorAll("[data-cost]")) {
      const figure = this.#figure(cost, element.dataset.cost, since);
      const row = element.closest("[data-row]");
      if (row) row.hidden = figure === null;
      write(element, figure ?? "");
    }
    for (const element of this.querySelectorAll("[data-month]")) {
      write(element, month(box.now(), element.dataset.month));
    }
  }

  #figure(cost, name, since) {
    const known = cost[name];
    if (known === null || known === undefined) return null;
    if (name === "rates_as_of") return date(known);
    if (name === "month_seconds") return Number(known) + since < 1 ? null : duration(Number(known) + since);
    if (name === "saved_month" && Number(known) <= 0) return null;
    if (name === "saved_month" || name === "at_rest_monthly") return roundMoney(known, cost.currency);
    const growth = GROWING.has(name) ? (Number(cost.hourly ?? 0) / 3600) * since : 0;
    return money(Number(known) + growth, cost.currency);
  }
}

customElements.define("box-cost", BoxCost);
