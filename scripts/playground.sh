#!/usr/bin/env bash
# Compiles the playground to WebAssembly, for the page: crates/serve/page/wasm. Says whether that is up to date with --check.
#
# It needs the standard library for wasm32-unknown-unknown (`rustup target add wasm32-unknown-unknown`) and wasm-bindgen in the
# version of Cargo.lock, which this script installs into target/tools if it is not there. The result is committed, so that
# `cargo` alone builds the program; beside it is a hash of the sources that it was made from.
set -euo pipefail
cd "$(dirname "$0")/.."

to=crates/serve/page/wasm
sources=(Cargo.toml Cargo.lock scripts/playground.sh)
for crate in data explore frames gemm kernels learn model playground similarity; do
  sources+=("crates/$crate/Cargo.toml" "crates/$crate/src")
done
# Tests in files of their own are not in the result.
inputs=$(find "${sources[@]}" -type f ! -name tests.rs -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d ' ' -f 1)
if [ "${1:-}" = --check ]; then
  [ "$(cat $to/inputs.sha256)" = "$inputs" ] && exit
  echo "$to was made from other sources; run scripts/playground.sh and commit the result" >&2
  exit 1
fi

target=wasm32-unknown-unknown
if [ ! -d "$(rustc --print target-libdir --target $target)" ]; then
  echo "no standard library for $target; run 'rustup target add $target'" >&2
  exit 1
fi
folder=${CARGO_TARGET_DIR:-$PWD/target}
version=$(grep -A 1 '^name = "wasm-bindgen"$' Cargo.lock | sed -n 's/^version = "\(.*\)"/\1/p')
bindgen=$folder/tools/bin/wasm-bindgen
if ! "$bindgen" --version 2>/dev/null | grep -q " $version$"; then
  cargo install --quiet --root "$folder/tools" --version "$version" wasm-bindgen-cli
fi

RUSTFLAGS="-C target-feature=+simd128" cargo build --locked --profile playground --target $target --target-dir "$folder/wasm" \
  -p wordspace-playground
"$bindgen" --target web --remove-name-section --remove-producers-section --out-name playground \
  --out-dir "$folder/wasm/page" "$folder/wasm/$target/playground/wordspace_playground.wasm"
mkdir -p $to
cp "$folder"/wasm/page/playground.{js,d.ts} $to/
gzip -9 -n -c "$folder/wasm/page/playground_bg.wasm" >$to/playground.wasm.gz
echo "$inputs" >$to/inputs.sha256
ls -l $to
