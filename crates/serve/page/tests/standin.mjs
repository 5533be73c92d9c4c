// A server that stands in for the program: the page's files and the answers of a synthetic run.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { answers } from "./synthetic.mjs";

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'";
const FILES = {
  "/": ["index.html", "text/html"],
  "/app.js": ["app.js", "text/javascript"],
  "/app.css": ["app.css", "text/css"],
};
const DIST = new URL("../dist/", import.meta.url);

/** Serves the first `shown` frames of a synthetic run; `grow` adds frames. */
export async function standin(made, shown = made.steps.length, port = 0, runs = true) {
  const all = answers(made);
  const listeners = new Set();
  const list = () => (runs ? [all.summary(shown)] : []);
  const event = () => `data: ${JSON.stringify({ schema: 1, runs: list() })}\n\n`;

  async function answer(url, response) {
    const send = (type, body) =>
      response.writeHead(200, { "content-type": type, "content-security-policy": POLICY }).end(body);
    const json = (body) => send("application/json", JSON.stringify(body));
    const [, of, step] = url.pathname.match(/^\/api\/runs\/0(?:\/([a-z]+)(?:\/(\d+))?)?$/) ?? [];
    const asked = (name) => Number(url.searchParams.get(name));
    if (FILES[url.pathname]) return send(FILES[url.pathname][1], await readFile(new URL(FILES[url.pathname][0], DIST)));
    if (url.pathname === "/api/runs") return json({ schema: 1, runs: list() });
    if (url.pathname === "/api/runs/0") return json(all.run(shown));
    if (made.broken.includes(Number(step)))
      return response
        .writeHead(500, { "content-type": "application/json" })
        .end(JSON.stringify({ error: `The frame of step ${step} is broken.` }));
    if (of === "log") return json(all.log(shown));
    if (of === "points")
      return send("application/octet-stream", all.points(Number(step), url.searchParams.get("by") ?? "pca"));
    if (of === "neighbours") return json(all.neighbours(Number(step), asked("word"), asked("top")));
    if (of === "pair") return json(all.pair(asked("a"), asked("b"), made.steps.slice(0, shown)));
    if (of === "positions") return send("application/octet-stream", all.positions(Number(step)));
    if (of === "sentence") return json(all.sentence(Number(step), url.searchParams.get("text")));
    if (url.pathname === "/api/live") {
      response.writeHead(200, { "content-type": "text/event-stream" }).write(event());
      listeners.add(response);
      return response.on("close", () => listeners.delete(response));
    }
    return response
      .writeHead(404, { "content-type": "application/json" })
      .end(JSON.stringify({ error: "there is nothing here" }));
  }

  const server = createServer((request, response) => {
    answer(new URL(request.url, "http://localhost"), response).catch((error) => {
      response.writeHead(400, { "content-type": "application/json" }).end(JSON.stringify({ error: error.message }));
    });
  });
  await new Promise((done) => server.listen(port, "127.0.0.1", done));
  server.unref();
  const tell = () => listeners.forEach((listener) => listener.write(event()));
  return {
    port: server.address().port,
    address: `http://127.0.0.1:${server.address().port}/`,
    grow(frames = 1) {
      runs = true;
      shown = Math.min(made.steps.length, shown + frames);
      tell();
    },
    async close() {
      listeners.forEach((listener) => listener.destroy());
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
