// When the box was on last, and why it stopped.

import { box } from "../box.js";
import { Follower } from "../follower.js";
import { money, span } from "../format.js";
import { plain, write } from "../text.js";

class BoxLast extends Follower {
  draw({ last_session: last, cost }) {
    if (!last) return;
    const { context } = box;
    const when = span(last.started_at, last.ended_at, context.now);
    const price = last.cost === null || last.cost === undefined ? [] : [money(last.cost, cost.currency)];
    const why = last.cause ? [plain(last.cause, context).replace(/\.$/, "")] : [];
    write(this, [when, ...price, ...why].join(" · "));
  }
}

customElements.define("box-last", BoxLast);
