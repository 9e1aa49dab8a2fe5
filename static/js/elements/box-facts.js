// Facts about the machine, in Google's words where they are Google's.

import { box } from "../box.js";
import { Follower } from "../follower.js";
import { entry } from "../format.js";
import { write } from "../text.js";

const machineText = (machine) => {
  if (!machine?.machine_type) return "";
  const gpu = machine.gpu ? `${machine.gpu_count > 1 ? `${machine.gpu_count} × ` : ""}${machine.gpu}` : "";
  return [machine.machine_type, gpu, machine.spot ? "Spot" : ""].filter(Boolean).join(" · ");
};

class BoxFacts extends Follower {
  draw(status) {
    const facts = {
      ...status,
      machine: machineText(status.machine),
      zone: status.machine?.zone,
      trouble_at: status.trouble?.since,
      trouble_code: status.trouble?.code,
    };
    for (const element of this.querySelectorAll("[data-fact]")) {
      const name = element.dataset.fact;
      const fact = facts[name];
      element.closest("[data-row]").hidden = !fact;
      write(element, fact ? (name.endsWith("_at") ? entry(fact, box.now()) : fact) : "");
    }
  }
}

customElements.define("box-facts", BoxFacts);
