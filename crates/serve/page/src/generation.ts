// The model writes: a text is continued by the model as it stands.

import { el } from "./dom";
import type { Lab } from "./lab";

/** Continues a text with the model as it stands. */
export function generation(host: HTMLElement, lab: Lab): void {
  const field = el("input", { type: "text", "aria-label": "Beginning of a text", value: "the cat", maxlength: "400", spellcheck: "false" });
  const out = el("output", { class: "generated" });
  let seed = 0;
  async function generate() {
    try {
      out.textContent = await lab.first().ask<string>("generate", field.value, 24, 0.8, seed++);
    } catch (error) {
      out.textContent = (error as Error).message;
    }
  }
  const button = el("button", { class: "segment", onclick: () => void generate() }, "Continue the text");
  field.addEventListener("keydown", (event) => event.key === "Enter" && void generate());
  host.append(el("h2", { class: "title" }, "The model writes"), el("div", { class: "row" }, field, button), out);
}
