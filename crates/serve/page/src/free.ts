// The free area: the part of a cloud that the head, the tools, the legend and a caption leave free.

/** Left, top, width and height, in pixels. */
export type Box = [number, number, number, number];

export const intersect = (a: Box, b: Box): boolean =>
  a[0] < b[0] + b[2] && b[0] < a[0] + a[2] && a[1] < b[1] + b[3] && b[1] < a[1] + a[3];

const SELECTORS = "#head > *, .tools, .legend, .caption, .cloud figcaption";
const MARGIN = 8;

/** The boxes of what lies over `cloud`, relative to it, without padding. */
function obstacles(cloud: DOMRect): Box[] {
  const boxes = [...document.querySelectorAll<HTMLElement>(SELECTORS)].map((element): Box => {
    const { left, top, width, height } = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    const [above, below] = [parseFloat(style.paddingTop), parseFloat(style.paddingBottom)];
    return [left - cloud.left, top + above - cloud.top, width, height - above - below];
  });
  return boxes.filter((box) => box[2] > 0 && box[3] > 0 && intersect(box, [0, 0, cloud.width, cloud.height]));
}

/** What lies over a cloud, and the largest box between what lies at its top and what lies at its bottom. */
export function freeArea(element: HTMLElement): { free: Box; covered: Box[] } {
  const cloud = element.getBoundingClientRect();
  const covered = obstacles(cloud);
  let [top, bottom] = [0, cloud.height];
  for (const [, y, , height] of covered) {
    if (y + height / 2 < cloud.height / 2) top = Math.max(top, y + height + MARGIN);
    else bottom = Math.min(bottom, y - MARGIN);
  }
  // On a very low screen there is no room between them.
  if (bottom - top < cloud.height / 4) [top, bottom] = [cloud.height / 4, (3 * cloud.height) / 4];
  return { free: [0, top, cloud.width, bottom - top], covered };
}

/** Calls `changed` when an element over the clouds changes its size. Call the result when there are new elements. */
export function watchFreeArea(changed: () => void): () => void {
  const observer = new ResizeObserver(changed);
  return () => {
    observer.disconnect();
    for (const element of document.querySelectorAll(SELECTORS)) observer.observe(element);
  };
}
