// Frames from `wordspace serve`, which runs on the same machine and reads the run folder.

import {
  type Summary,
  Missing,
  type Listener,
  PROJECTIONS,
  type Projection,
  type Source,
  readPoints,
  readPositions,
} from "./source";

const RETRY_MS = 2000;
/** The status of an answer that took too long, or of a request that found the queue full. */
const BUSY = 503;

async function ask(path: string): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, { cache: "no-store" });
  } catch {
    throw new Error("wordspace, which serves this page, does not answer. Is it still running?");
  }
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => null);
  const why = said?.error ?? `wordspace answered ${path} with status ${answer.status}.`;
  throw answer.status === BUSY ? new Error(why) : new Missing(why);
}

const json = async (path: string) => (await ask(path)).json();
const bytes = async (path: string) => (await ask(path)).arrayBuffer();

export function server(): Source {
  const of = (id: number, rest: string) => `api/runs/${id}${rest}`;
  return {
    projections: PROJECTIONS,
    runs: async () => (await json("api/runs")).runs,
    run: (id) => json(of(id, "")),
    log: (id) => json(of(id, "/log")),
    points: async (id, step, projection) => readPoints(await bytes(of(id, `/points/${step}?${query(projection)}`))),
    neighbours: (id, step, word) => json(of(id, `/neighbours/${step}?word=${word}&top=10`)),
    pair: (id, a, b) => json(of(id, `/pair?a=${a}&b=${b}`)),
    positions: async (id, step) => readPositions(await bytes(of(id, `/positions/${step}`))),
    sentence: (id, step, text) => json(of(id, `/sentence/${step}?text=${encodeURIComponent(text)}`)),
    subscribe,
  };
}

function query(projection: Projection): string {
  if (projection.by !== "pair") return `by=${projection.by}`;
  const { a, b, against } = projection;
  return `by=pair&a=${a}&b=${b}${against === null ? "" : `&against=${against}`}`;
}

/** Listens to the live stream and reconnects when it breaks. */
function subscribe(listener: Listener): () => void {
  let stream: EventSource | null = null;
  let waiting = 0;
  let failures = 0;
  const open = () => {
    stream = new EventSource("api/live");
    stream.onmessage = (event) => {
      failures = 0;
      listener.connection(true);
      listener.runs((JSON.parse(event.data) as { runs: Summary[] }).runs);
    };
    stream.onerror = () => {
      stream?.close();
      // The server may end a stream to make room for another; only a failed reconnection counts as lost.
      if (failures++) listener.connection(false);
      waiting = window.setTimeout(open, failures > 1 ? RETRY_MS : 0);
    };
  };
  open();
  return () => {
    stream?.close();
    clearTimeout(waiting);
  };
}
