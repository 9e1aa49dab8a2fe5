// Makes the official frontend a demo: its default graph needs models, this one needs none; and a line says so.
import { app } from "../../scripts/app.js";

const TEXT = "gpubox demo: a ComfyUI without a GPU and without models";

async function replaceDefaultGraph() {
  // The object is what the frontend loads when nothing was stored, and for "load default workflow".
  const builtIn = window.comfyAPI?.defaultGraph?.defaultGraph;
  if (!builtIn) return;
  const answer = await fetch(new URL("./default_graph.json", import.meta.url));
  const graph = await answer.json();
  for (const key of Object.keys(builtIn)) delete builtIn[key];
  Object.assign(builtIn, graph);
}

function showBanner() {
  const banner = document.createElement("div");
  banner.id = "gpubox-demo";
  banner.textContent = TEXT;
  banner.setAttribute("role", "note");
  // Clicks go through it: it must never be in the way of the canvas.
  banner.style.cssText =
    "position:fixed;left:50%;bottom:6px;transform:translateX(-50%);z-index:900;pointer-events:none;" +
    "padding:2px 10px;border-radius:9px;font:12px/18px sans-serif;white-space:nowrap;" +
    "color:#f4d58d;background:rgba(11,16,38,.75)";
  document.body.append(banner);
}

app.registerExtension({
  name: "gpubox.Demo",
  init: replaceDefaultGraph,
  setup: showBanner,
  aboutPageBadges: [{ label: TEXT, url: "#", icon: "pi pi-info-circle" }],
});
