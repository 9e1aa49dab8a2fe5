// Shows and hides what stands under `data-when` and `data-unless`; the template does the same at first paint.

import { box } from "./box.js";

// Nobody can talk Google, or the box, out of these.
const HARD = new Set(["run_limit", "guard.max_run", "guard.stopping"]);

const flagsOf = (status) =>
  new Set([
    status.phase,
    status.warning && "warning",
    status.trouble && "in-trouble",
    status.hold_until && "held",
    status.cost.session !== null && "billing",
    status.last_session ? "used" : "new",
    status.progress && "progress",
    ["stopping", "trouble"].includes(status.phase) && status.cost.session !== null && "bills-on",
    status.phase === "ready" && status.trouble && "on-in-trouble",
    status.phase === "ready" && status.comfyui_url && "openable",
    `said-${status.headline.code}`,
    status.warning && !HARD.has(status.warning.code) && "here",
    status.models && "models",
    status.notices.length > 0 && "noted",
    status.intent === "on" && "wanted",
    document.querySelector(".fleet") && "fleet",
  ]);

const has = (flags, list) => list?.split(" ").some((flag) => flags.has(flag));

const draw = () => {
  const flags = flagsOf(box.status);
  document.body.dataset.phase = box.status.phase;
  document.body.toggleAttribute("data-warning", Boolean(box.status.warning));
  for (const element of document.querySelectorAll("[data-when]")) {
    element.hidden = !has(flags, element.dataset.when) || has(flags, element.dataset.unless) === true;
  }
};

export const followFlags = () => box.addEventListener("change", draw);
