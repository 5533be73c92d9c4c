#!/usr/bin/env bash
# Makes docs/live-page.png, the README's picture of the live page: trains the toy run, serves it, and opens it in headless
# Chromium. WORDSPACE names the program (else cargo builds it), CHROMIUM the browser. Where pngquant is installed the
# picture takes a third of the bytes.
set -euo pipefail
cd "$(dirname "$0")/.."
picture=$PWD/docs/live-page.png
cd crates/serve/page
[ -d node_modules ] || npm ci --no-audit --no-fund
node tests/screenshot.mjs "$picture"
if command -v pngquant >/dev/null; then
  pngquant --speed 1 --quality 85-100 --force --output "$picture" "$picture"
fi
ls -l "$picture"
