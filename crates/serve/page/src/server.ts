// Frames from `wordspace serve`, which sits on the same machine and reads the run folder.

import { type Card, Missing, type News, type Source, readPoints, readPositions } from "./source";

const RETRY_MS = 2000;
/** Too much was asked at once, or the answer took too long. */
const BUSY = 503;

async function ask(path: string): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, { cache: "no-store" });
  } catch {
    throw new Error("The program that serves this page does not answer. Is it still running?");
  }
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => null);
  const why = said?.error ?? `The program answered ${answer.status} to ${path}.`;
  throw answer.status === BUSY ? new Error(why) : new Missing(why);
}

const json = async (path: string) => (await ask(path)).json();
const bytes = async (path: string) => (await ask(path)).arrayBuffer();

export function server(): Source {
  const of = (id: number, rest: string) => `api/runs/${id}${rest}`;
  return {
    runs: async () => (await json("api/runs")).runs,
    run: (id) => json(of(id, "")),
    log: (id) => json(of(id, "/log")),
    points: async (id, step) => readPoints(await bytes(of(id, `/points/${step}`))),
    neighbours: (id, step, word) => json(of(id, `/neighbours/${step}?word=${word}&top=10`)),
    pair: (id, a, b) => json(of(id, `/pair?a=${a}&b=${b}`)),
    positions: async (id, step) => readPositions(await bytes(of(id, `/positions/${step}`))),
    sentence: (id, step, text) => json(of(id, `/sentence/${step}?text=${encodeURIComponent(text)}`)),
    subscribe,
  };
}

/** Listens to the live stream and comes back by itself when it breaks. */
function subscribe(news: News): () => void {
  let stream: EventSource | null = null;
  let waiting = 0;
  let failures = 0;
  const open = () => {
    stream = new EventSource("api/live");
    stream.onmessage = (event) => {
      failures = 0;
      news.connection(true);
      news.cards((JSON.parse(event.data) as { runs: Card[] }).runs);
    };
    stream.onerror = () => {
      stream?.close();
      // A stream may end in good order (others want one too); only when it does not come back is it lost.
      if (failures++) news.connection(false);
      waiting = window.setTimeout(open, failures > 1 ? RETRY_MS : 0);
    };
  };
  open();
  return () => {
    stream?.close();
    clearTimeout(waiting);
  };
}
