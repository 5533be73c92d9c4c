// Files: a run is saved as the zip of its folder; zips, reports and texts are opened.

import type { App } from "./app";
import { el } from "./dom";
import { embedded } from "./embedded";
import type { Lab } from "./lab";
import type { Source } from "./source";

/** The largest file that is opened, in bytes. */
const MAX_FILE = 256 << 20;
/** The most that is read of a text, in bytes: of longer ones only the beginning is trained on. */
const MAX_TEXT = 32 << 20;

/** Saves the run as a zip of its folder, and opens one. */
export function saving(host: HTMLElement, app: App, lab: Lab, open: (file: File) => void): void {
  async function save() {
    try {
      const trainee = lab.first();
      const zip = await trainee.ask<Uint8Array<ArrayBuffer>>("save");
      const link = el("a", { href: URL.createObjectURL(new Blob([zip])), download: `${trainee.brief.name}.zip` });
      link.click();
      URL.revokeObjectURL(link.href);
    } catch (error) {
      app.toast((error as Error).message);
    }
  }
  const file = el("input", {
    type: "file",
    accept: ".zip,.html",
    "aria-label": "Open a saved run or a report",
    class: "file",
    onchange: () => file.files?.[0] && open(file.files[0]),
  });
  host.append(
    el("h2", { class: "title" }, "Keep this run"),
    el(
      "p",
      { class: "hint" },
      "A run is saved as the zip of a run folder. Unpacked into runs/, the program resumes, reports and explores it. The zip of any run folder, or a report, can be opened here or dropped onto the page.",
    ),
    el("div", { class: "row" }, el("button", { class: "segment", onclick: () => void save() }, "Save (zip)"), file),
  );
}

/** Files that are dropped onto the page: a zip or a report is opened, a text becomes the text. */
export function dropping(app: App, open: (file: File) => void, text: (text: string) => void): void {
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    event.preventDefault();
    if (/\.(zip|html?)$/i.test(file.name)) return open(file);
    readText(file).then(text, (error: Error) => app.toast(error.message));
  });
}

/** Opens a report, or the zip of a run folder. */
export async function openFile(file: File, lab: Lab): Promise<void> {
  if (file.size > MAX_FILE)
    throw new Error(`${file.name} has ${Math.round(file.size / 1e6)} MB; expected ${MAX_FILE >> 20} at most.`);
  if (/\.html?$/i.test(file.name)) await lab.show(await readReport(file));
  else await lab.begin([{ name: file.name, config: {}, zip: new Uint8Array(await file.arrayBuffer()) }]);
}

/** The text in a file, which must be UTF-8, or the beginning of a long one. */
async function readText(file: File): Promise<string> {
  const bytes = await file.slice(0, MAX_TEXT).arrayBuffer();
  try {
    // As of a stream, because the beginning may end within a character.
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
  } catch {
    throw new Error(`${file.name} is not UTF-8 text; convert it first.`);
  }
}

/** The run in the page that the program wrote as a report. */
async function readReport(file: File): Promise<Source> {
  const source = embedded(new DOMParser().parseFromString(await file.text(), "text/html"));
  if (!source) throw new Error(`${file.name} has no run in it; expected a report of wordspace, or the zip of a run folder.`);
  return source;
}
