// The panel: one status in, many small elements that each show a part of it.

import { box } from "./box.js";
import "./elements/box-actions.js";
import "./elements/box-activity.js";
import "./elements/box-alerts.js";
import "./elements/box-allowed.js";
import "./elements/box-cost.js";
import "./elements/box-countdown.js";
import "./elements/box-facts.js";
import "./elements/box-frame.js";
import "./elements/box-hold.js";
import "./elements/box-journal.js";
import "./elements/box-last.js";
import "./elements/box-live.js";
import "./elements/box-log.js";
import "./elements/box-logout.js";
import "./elements/box-models.js";
import "./elements/box-noted.js";
import "./elements/box-notices.js";
import "./elements/box-presence.js";
import "./elements/box-said.js";
import "./elements/box-sheet.js";
import "./elements/box-tab.js";
import "./elements/box-timeline.js";
import "./elements/box-trouble.js";
import "./elements/box-warning.js";
import { startClock } from "./ticker.js";
import { followFlags } from "./when.js";

followFlags();
box.take(JSON.parse(document.getElementById("status").textContent));
startClock();
