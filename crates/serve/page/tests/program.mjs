// The program, for tests that train: WORDSPACE names it, else cargo builds it.

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const MANIFEST = fileURLToPath(new URL("../../../../Cargo.toml", import.meta.url));
const PROGRAM = process.env.WORDSPACE
  ? [process.env.WORDSPACE]
  : ["cargo", "run", "--release", "--quiet", "--manifest-path", MANIFEST, "-p", "wordspace", "--"];

/** Starts it in a folder; `address` resolves to that of its page, `ended` to its exit code and output. */
export function start(folder, args, env = {}) {
  const child = spawn(PROGRAM[0], [...PROGRAM.slice(1), ...args], { cwd: folder, env: { ...process.env, ...env } });
  const said = [];
  const address = new Promise((found, failed) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (text) => {
        said.push(text);
        const url = /http:\/\/127\.0\.0\.1:\d+\//.exec(said.join(""));
        if (url) found(url[0]);
      });
    }
    child.on("exit", () => failed(new Error(`it ended before it served: ${said.join("")}`)));
  });
  // A test that does not ask for the address does not care that there is none.
  address.catch(() => {});
  const ended = new Promise((done) => child.on("exit", (code) => done({ code, said: said.join("") })));
  return { child, address, ended };
}
