// Opens a dialog that slides in from the side. A press beside it closes it, also where browsers do not do so yet.

class BoxSheet extends HTMLElement {
  connectedCallback() {
    const dialog = document.getElementById(this.getAttribute("for"));
    this.querySelector("button").addEventListener("click", () => {
      dialog.showModal();
      dialog.dispatchEvent(new Event("shown"));
    });
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog && !this.#isInside(dialog, event)) dialog.close();
    });
  }

  #isInside(dialog, { clientX, clientY }) {
    const { left, right, top, bottom } = dialog.getBoundingClientRect();
    return clientX >= left && clientX <= right && clientY >= top && clientY <= bottom;
  }
}

customElements.define("box-sheet", BoxSheet);
