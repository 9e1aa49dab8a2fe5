// Whether this browser lets the box's address store anything inside this page. ComfyUI needs that, and where it is
// refused (third-party cookies blocked), its page stays white with nothing to be seen from out here.

// The gate of a box has its own, because nothing of ComfyUI's can be had without a pass.
const PATHS = { gated: "_gpubox/probe.html", plain: "extensions/gpubox_presence/probe.html" };
const PATIENCE = 4000;
// The probe speaks before its page has loaded; this is only for the message to arrive.
const AFTER_LOAD = 50;

/** True or false as the probe in the box says; null where the box has none, and nothing is known. */
export const storageAllowed = (address, parent, gated = false) =>
  new Promise((resolve) => {
    const url = new URL(PATHS[gated ? "gated" : "plain"], address.endsWith("/") ? address : `${address}/`);
    const frame = document.createElement("iframe");
    const done = new AbortController();
    const end = (answer) => {
      done.abort();
      frame.remove();
      resolve(answer);
    };
    addEventListener(
      "message",
      ({ source, origin, data }) => {
        const isProbe = source === frame.contentWindow && origin === url.origin && data?.gpubox === "storage";
        if (isProbe) end(data.allowed === true);
      },
      { signal: done.signal },
    );
    frame.addEventListener("load", () => setTimeout(() => end(null), AFTER_LOAD), { signal: done.signal });
    setTimeout(() => end(null), PATIENCE);
    frame.hidden = true;
    frame.title = "";
    frame.src = url;
    parent.append(frame);
  });
