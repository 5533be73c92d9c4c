#!/usr/bin/env python3
"""Sends hostile requests to the live page while run folders are odd and change, and asks it honest questions meanwhile.

    cargo build --release
    python scripts/hostile_requests.py target/release/wordspace --requests 20000 --seed 1

Among the runs are pipes, devices, links that lead out, files of a terabyte, and folders that are replaced, cut short and deleted all
the time. Hostile requests come on several connections at once: other sites, other methods, climbing paths, malformed and endless
ones, and questions about the odd runs. The page must refuse the first, never answer with a secret or a bug, answer every question
about an intact run, keep its memory bounded, and end cleanly. Needs Linux and the standard library. The exit code is 1 if it fails.
"""

import argparse
import collections
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

SETTINGS = ["model.channels=16", "model.layers=1", "model.context=16", "train.batch=4", "train.warmup=5", "watch.vectors_every=10"]
SECRET = "nobody may read this"
LIMIT_SECONDS = 60  # the page's own limit for an answer
LIMIT_BYTES = 1 << 30
THREADS = 4

QUESTIONS = ["", "/log", "/points/20", "/neighbours/20?word=1", "/pair?a=0&b=1", "/positions/20", "/sentence/20?text=cat"]
PATHS = ["/", "/app.js", "/api/runs", "/api/runs/0", "/api/runs/0/log", "/api/runs/0/points/0", "/api/live"]


def link(path: Path, target: str) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def sparse(path: Path) -> None:
    path.unlink(missing_ok=True)
    with path.open("wb") as file:
        file.truncate(1 << 40)


def huge_frame(path: Path) -> None:
    """A whole frame whose vectors take a gigabyte each."""
    size = 4 << 30
    header = json.dumps({"wte.weight": {"dtype": "F32", "shape": [4, size // 16], "data_offsets": [0, size]}}).encode()
    path.unlink(missing_ok=True)
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + size)


def each_frame(spoil):
    return lambda run: [spoil(frame) for frame in (run / "vectors").iterdir()]


ODD = {
    "config-huge": lambda run: sparse(run / "config.toml"),
    "config-link": lambda run: link(run / "config.toml", "../../secret"),
    "config-pipe": lambda run: pipe(run / "config.toml"),
    "frame-huge": each_frame(huge_frame),
    "frame-pipe": each_frame(pipe),
    "frame-zero": each_frame(lambda frame: link(frame, "/dev/zero")),
    "frames-link": lambda run: (shutil.rmtree(run / "vectors"), link(run / "vectors", "../a/vectors")),
    "log-huge": lambda run: sparse(run / "log.jsonl"),
    "log-pipe": lambda run: [pipe(run / name) for name in ("log.jsonl", "run.json", "LOCK")],
    "words-huge": lambda run: sparse(run / "words.json"),
    "words-link": lambda run: link(run / "words.json", "../../secret"),
    "words-pipe": lambda run: [pipe(run / name) for name in ("words.json", "tokenizer.json")],
    "words-zero": lambda run: link(run / "words.json", "/dev/zero"),
}


def copy(whole: Path, run: Path) -> None:
    shutil.copytree(whole, run, ignore=shutil.ignore_patterns("checkpoints", "tokens", "LOCK"))


def change(whole: Path, runs: Path, seed: int, done: threading.Event) -> None:
    """Replaces, deletes, spoils and cuts short the odd runs until `done`."""
    choose = random.Random(seed)
    while not done.is_set():
        name = choose.choice(list(ODD))
        run = runs / name
        shutil.rmtree(run, ignore_errors=True)
        if choose.random() < 0.2:
            continue
        copy(whole, run)
        if choose.random() < 0.7:
            ODD[name](run)
        for part, _, names in os.walk(run):  # It follows no links.
            for file in (Path(part, name) for name in names):
                if choose.random() < 0.2 and file.is_file() and not file.is_symlink():
                    os.truncate(file, choose.randrange(200))


def request(method: str, path: str, headers: str) -> bytes:
    return f"{method} {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n".encode("utf-8", "surrogateescape")


def hostile(kind: str, port: int, choose: random.Random) -> bytes:
    ours, path = f"127.0.0.1:{port}", choose.choice(PATHS)
    host = f"Host: {ours}\r\n"
    noise = lambda most: choose.randbytes(choose.randrange(most))
    if kind == "other host":
        hosts = [f"127.0.0.1:{port ^ 1}", f"{ours}.evil.example", f"{ours}@evil.example", "", "localhost", "0.0.0.0", "evil.example"]
        return request("GET", path, choose.choice(["", f"{host}Host: evil.example\r\n", f"Host: {choose.choice(hosts)}\r\n"]))
    if kind == "other origin":
        origins = [f"http://{ours}.evil.example", f"https://{ours}", f"http://evil.example@{ours}", "null", "", "file://"]
        return request("GET", path, f"{host}Origin: {choose.choice(origins)}\r\n")
    if kind == "other method":
        return request(choose.choice(["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get"]), path, host)
    if kind == "climbing path":
        climb = "".join(choose.choice(["../", "..%2f", "%2e%2e/", "..\\", "....//"]) for _ in range(1 + choose.randrange(6)))
        start, end = choose.choice(["/", "/api/runs/", "/api/runs/0/points/"]), choose.choice(["etc/passwd", "secret", "config.toml", "%00"])
        return request("GET", start + climb + end, host)
    if kind == "too large":
        return choose.choice([
            lambda: request("GET", "/?" + "x" * choose.randrange(9000, 50_000), host),
            lambda: request("GET", path, f"{host}X: {'y' * choose.randrange(20_000, 120_000)}\r\n"),
            lambda: request("GET", path, host + "A: b\r\n" * choose.randrange(65, 900)),
            lambda: request("GET", path, f"{host}Content-Length: {choose.randrange(1, 1 << 40)}\r\n"),
        ])()
    if kind == "malformed":
        return choose.choice([b"", b"GET ", b"GET / HTTP/9.9\r\n", b"GET / HTTP/1.1\r\nHost", b"PRI * HTTP/2.0"]) + noise(400) + b"\r\n\r\n"
    if kind == "upgrade":
        upgrade = choose.choice(["websocket", "h2c", "TLS/1.0"])
        return request("GET", path, f"{host}Upgrade: {upgrade}\r\nSec-WebSocket-Key: AAAA\r\n") + noise(200)
    many = choose.getrandbits(64)
    return request("GET", choose.choice([
        f"/api/runs/{many}", "/api/runs/-1/log", f"/api/runs/0/points/{many}", "/api/runs/0/neighbours/0?word=NaN&top=ten",
        f"/api/runs/0/pair?a={many}&b=-{many}", f"/api/runs/0/sentence/0?text={'%ff%00%c3' * choose.randrange(1, 300)}",
        f"http://127.0.0.1:{port}/api/runs",
    ]), host)


MUST_FAIL = ["other host", "other origin", "other method", "climbing path", "too large", "malformed", "upgrade", "absurd question"]
KINDS = [*MUST_FAIL, "odd run", "half a request"]


class Page:
    """The server, and what went wrong with it."""

    def __init__(self, program: Path, folder: Path):
        environment = {**os.environ, "RUST_BACKTRACE": "1", "NO_COLOR": "1"}
        self.log = (folder / "stderr").open("w+")
        command = [str(program), "serve", "--port", "0", "runs"]
        self.process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1].strip().strip("/"))
        self.counts, self.failures, self.slowest, self.lock = collections.Counter(), [], 0.0, threading.Lock()

    def send(self, message: bytes) -> bytes:
        """Everything that comes back until the server closes the connection."""
        answer = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=LIMIT_SECONDS) as stream:
            try:
                stream.sendall(message)
                while part := stream.recv(1 << 16):
                    answer += part
            except (ConnectionError, BrokenPipeError):
                pass  # It may refuse before it has read everything.
        return answer

    def ask(self, path: str) -> tuple[int, bytes]:
        answer = self.send(request("GET", path, f"Host: localhost:{self.port}\r\n"))
        return status_of(answer), answer

    def peak_bytes(self) -> int:
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))

    def fail(self, reason: str) -> None:
        with self.lock:
            self.failures.append(reason)


def status_of(answer: bytes) -> int:
    """The status, or 0 without an answer."""
    start = answer[:12].split(b" ")
    return int(start[1]) if answer.startswith(b"HTTP/1.1 ") and len(start) > 1 and start[1].isdigit() else 0


def attack(page: Page, numbers: range, seed: int, odd_ids: list[int]) -> None:
    kept = collections.deque(maxlen=20)
    for number in numbers:
        choose, kind = random.Random(f"{seed} {number}"), KINDS[number % len(KINDS)]
        try:
            if kind == "half a request":
                message = hostile(choose.choice(MUST_FAIL), page.port, choose)
                kept.append(socket.create_connection(("127.0.0.1", page.port), timeout=LIMIT_SECONDS))
                kept[-1].sendall(message[: len(message) // 2])
                status = 0
            elif kind == "odd run":
                status, answer = page.ask(f"/api/runs/{choose.choice(odd_ids)}{choose.choice(QUESTIONS)}")
            else:
                answer = page.send(hostile(kind, page.port, choose))
                status = status_of(answer)
                if 200 <= status < 400 or status in (500, 503):
                    page.fail(f"{kind} {number} was answered with {status}")
            if kind != "half a request" and (SECRET.encode() in answer or b"a bug in wordspace" in answer):
                page.fail(f"{kind} {number}: {answer[-200:]!r}")
        except ConnectionError:
            status = 0  # A newer connection replaced it.
        except TimeoutError:
            page.fail(f"{kind} {number} got no answer within {LIMIT_SECONDS} s")
            continue
        with page.lock:
            page.counts[kind, status] += 1


def ask_on(page: Page, intact: int, done: threading.Event) -> None:
    """Asks about the intact run until `done`."""
    while not done.is_set():
        for question in QUESTIONS:
            began = time.monotonic()
            # A connection may be the oldest of 64 and give way to newer ones: the page then asks again, as a browser does.
            for _ in range(5):
                status, answer = page.ask(f"/api/runs/{intact}{question}")
                if status:
                    break
            with page.lock:
                page.slowest = max(page.slowest, time.monotonic() - began)
                page.counts["honest question", status] += 1
            if status != 200:
                page.fail(f"{question} of the intact run was answered with {status}: {answer[-200:]!r}")


def run(program: Path, requests: int, seed: int, folder: Path) -> bool:
    changes = [word for setting in SETTINGS for word in ("--set", setting)]
    train = [str(program), "train", "--device", "flex", "--quiet", "--steps", "20", "--name", "a", *changes]
    subprocess.run(train, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    (folder / "secret").write_text(f'secret = "{SECRET}"')
    runs = folder / "runs"
    for name, spoil in ODD.items():
        copy(runs / "a", runs / name)
        spoil(runs / name)
    page = Page(program, folder)
    _, answer = page.ask("/api/runs")
    ids = {run["name"]: run["id"] for run in json.loads(answer.split(b"\r\n\r\n", 1)[1])["runs"]}
    print(f"{requests} hostile requests, {len(ids) - 1} odd runs, seed {seed}")

    done, began = threading.Event(), time.monotonic()
    odd_ids = [id for name, id in ids.items() if name != "a"]
    helpers = [threading.Thread(target=change, args=(runs / "a", runs, seed, done)),
               threading.Thread(target=ask_on, args=(page, ids["a"], done))]
    attackers = [threading.Thread(target=attack, args=(page, range(first, requests, THREADS), seed, odd_ids)) for first in range(THREADS)]
    for thread in [*helpers, *attackers]:
        thread.start()
    for thread in attackers:
        thread.join()
    done.set()
    for thread in helpers:
        thread.join()

    seconds, peak = time.monotonic() - began, page.peak_bytes()
    page.process.send_signal(signal.SIGINT)
    code = page.process.wait(timeout=LIMIT_SECONDS)
    page.log.seek(0)
    said = page.log.read()
    if code != 0 or "panicked" in said:
        page.fail(f"it ended with code {code}: {said[-500:]}")
    if peak > LIMIT_BYTES:
        page.fail(f"it took {peak >> 20} MiB of memory")
    for kind in [*KINDS, "honest question"]:
        found = sorted((status, count) for (of, status), count in page.counts.items() if of == kind)
        print(f"{kind:<16}", "  ".join(f"{status or 'none'}: {count}" for status, count in found))
    print(f"{seconds:.0f} s, slowest honest answer {page.slowest:.2f} s, most memory {peak >> 20} MiB, {len(page.failures)} failures")
    for failure in page.failures[:20]:
        print("  ", failure)
    return not page.failures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=lambda path: Path(path).resolve())
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(not run(options.program, options.requests, options.seed, Path(folder)))


if __name__ == "__main__":
    main()
