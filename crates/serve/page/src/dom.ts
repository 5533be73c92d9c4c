// Creates elements. Text always becomes a text node, so that no word of a vocabulary can become markup.

type Child = Node | string | null | undefined | false;
type Settings = Record<string, string | number | boolean | EventListener | undefined>;

/** An element. Settings that are functions are listeners, `true` sets an empty attribute, `false` none. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  settings: Settings = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), settings, children);
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  settings: Settings = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), settings, children);
}

function fill<E extends Element>(element: E, settings: Settings, children: Child[]): E {
  for (const [name, value] of Object.entries(settings)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== undefined) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child): child is Node | string => !!child));
  return element;
}

/** The icon of buttons that close, deselect or unpin. */
export const CROSS = "M4 4l8 8M12 4l-8 8";

/** A button's icon, 16 × 16, drawn with the strokes in `path`. */
export const icon = (path: string) =>
  svg("svg", { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" }, svg("path", { d: path }));

/** Calls `act` once there was no further call for `ms`. */
export function debounced<A extends unknown[]>(ms: number, act: (...args: A) => void): (...args: A) => void {
  let timer = 0;
  return (...args) => {
    clearTimeout(timer);
    timer = window.setTimeout(() => act(...args), ms);
  };
}
