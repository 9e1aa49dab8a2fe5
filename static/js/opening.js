// Where ComfyUI is opened. A box behind a gate wants a ticket, which the panel gives to its own session: for one opening,
// within a minute. So the address is asked for at the moment that it is needed, and kept nowhere.

import { Refusal } from "./api.js";
import { box } from "./box.js";

export const isGated = () => box.status?.entrance?.gated === true;

/** Whether the panel can pass ComfyUI on where the box's own address does not work in a frame. */
export const hasRelay = () => {
  const { relay, way } = box.status?.entrance ?? {};
  return relay === true && way !== "relay";
};

/** The address to open; a Refusal where there is none now. */
export const opening = async (address, way) => (isGated() ? (await box.frame(way)).url : address);

/** Opens ComfyUI in a tab. The tab is there at once: one that came after an answer would be blocked as a pop-up. */
export const openTab = async (address) => {
  const tab = window.open("about:blank", "_blank");
  if (!tab) return;
  tab.opener = null;
  try {
    tab.location.replace(await opening(address));
  } catch (error) {
    tab.close();
    if (!(error instanceof Refusal)) throw error;
    box.dispatchEvent(new CustomEvent("refused", { detail: error }));
  }
};
