// The pinned pairs of words: the reader's, or else those that the run watches.

import type { Shared } from "./shared";

export function pinned({ main, store }: Shared): [string, string][] {
  if (store.view.pins) return store.view.pins;
  return main ? main.run.watch.map(([a, b]) => [main.run.words[a], main.run.words[b]]) : [];
}

export function pin(shared: Shared, a: string, b: string): void {
  const others = pinned(shared).filter(([x, y]) => !(x === a && y === b) && !(x === b && y === a));
  shared.store.set({ pins: [...others, [a, b]] });
}

export function unpin(shared: Shared, a: string, b: string): void {
  shared.store.set({ pins: pinned(shared).filter(([x, y]) => x !== a || y !== b) });
}
