// Messages: when there is nothing to show yet, and when something went wrong.

import { el } from "./dom";

const SHOWN_MS = 6000;

export type Notices = ReturnType<typeof status>;

export function status(host: HTMLElement) {
  const notice = el("div", { class: "notice", role: "status" });
  const lost = el(
    "p",
    { class: "lost", role: "status", hidden: true },
    "Connection lost. The picture stays, and the page reconnects when wordspace is running again.",
  );
  const toasted = el("p", { class: "toast", role: "status", hidden: true });
  host.append(notice, lost, toasted);
  let timer = 0;
  const show = (...children: (Node | string)[]) => {
    notice.replaceChildren(...children);
    notice.hidden = children.length === 0;
  };
  const sentence = (text: string, more?: string) =>
    show(el("p", { class: "large" }, text), ...(more ? [el("p", {}, more)] : []));

  return {
    clear: () => show(),
    loading: () => sentence("Loading the words …"),
    empty: () =>
      show(
        el("p", { class: "large" }, "No run yet."),
        el("p", {}, "Start one with “wordspace train”; it appears here by itself."),
        el("p", {}, el("a", { href: "playground" }, "Or train one in this page.")),
      ),
    waiting: (name: string) => sentence(`${name} has started.`, "Its words appear with its first frame."),
    failed: (why: string, again: () => void) =>
      show(
        el("p", { class: "large" }, "Something went wrong."),
        el("p", {}, why),
        el("button", { class: "segment", onclick: again }, "Try again"),
      ),
    connection: (alive: boolean) => {
      lost.hidden = alive;
    },
    /** Shows a message for a few seconds. */
    toast: (text: string) => {
      toasted.textContent = text;
      toasted.hidden = false;
      clearTimeout(timer);
      timer = window.setTimeout(() => (toasted.hidden = true), SHOWN_MS);
    },
  };
}
