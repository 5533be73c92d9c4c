// A search field that suggests words while the reader types.

import { el } from "./dom";
import type { App } from "./app";
import { spelled } from "./words";

const MOST = 8;
let fields = 0;

/** A field that calls `chosen` with a word of the run. */
export function search(app: App, name: string, chosen: (word: string) => void): HTMLElement {
  const list = el("ul", { role: "listbox", id: `suggestions-${++fields}`, "aria-label": "Words", hidden: true });
  const field = el("input", {
    type: "text",
    role: "combobox",
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    placeholder: name,
    "aria-label": name,
    "aria-controls": list.id,
    "aria-expanded": "false",
    "aria-autocomplete": "list",
  });
  let found: string[] = [];
  let marked = 0;

  function close() {
    list.hidden = true;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  }
  function take(word: string) {
    field.value = "";
    close();
    chosen(word);
  }
  function draw() {
    const option = (word: string, i: number) =>
      el(
        "li",
        {
          role: "option",
          id: `${list.id}-${i}`,
          "aria-selected": String(i === marked),
          onpointerdown: (event) => {
            event.preventDefault();
            take(word);
          },
        },
        spelled(word),
      );
    const nothing = el(
      "li",
      { class: "none", role: "option", "aria-disabled": "true", "aria-selected": "false" },
      "No word of this run contains that.",
    );
    list.replaceChildren(...(found.length ? found.map(option) : [nothing]));
    list.hidden = false;
    field.setAttribute("aria-expanded", "true");
    if (found.length) field.setAttribute("aria-activedescendant", `${list.id}-${marked}`);
  }
  field.addEventListener("input", () => {
    marked = 0;
    if (!field.value.trim()) return close();
    found = matches(app.main?.run.words ?? [], field.value);
    draw();
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    if (list.hidden || !found.length) return;
    if (event.key === "Enter") take(found[marked]);
    else if (event.key === "ArrowDown") marked = (marked + 1) % found.length;
    else if (event.key === "ArrowUp") marked = (marked + found.length - 1) % found.length;
    else return;
    event.preventDefault();
    if (!list.hidden) draw();
  });
  field.addEventListener("blur", close);
  return el("div", { class: "search" }, field, list);
}

/** The word itself first, then words that begin with it, then words that contain it; each kind in the order of rows. */
export function matches(words: string[], typed: string): string[] {
  const wanted = typed.trim().toLowerCase();
  const kinds: [string[], string[], string[]] = [[], [], []];
  for (const word of words) {
    const plain = word.trim().toLowerCase();
    const at = plain.indexOf(wanted);
    if (at < 0) continue;
    const kind = kinds[plain === wanted ? 0 : at === 0 ? 1 : 2];
    if (kind.length < MOST) kind.push(word);
  }
  return kinds.flat().slice(0, MOST);
}
