#!/usr/bin/env bash
# Checks that the crates a browser page trains and explores with compile for wasm32-unknown-unknown.
#
# With rustup: `rustup target add wasm32-unknown-unknown`, then this script. Without (Debian): `apt-get install rustc-web
# rust-web-src lld-19`; the standard library is then built from Debian's sources.
set -euo pipefail
cd "$(dirname "$0")/.."

target=wasm32-unknown-unknown
export RUSTFLAGS="-C target-feature=+simd128"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}/wasm

check=(cargo check --target "$target")
if [ ! -d "$(rustc --print target-libdir --target "$target")" ]; then
  web=/usr/bin/rustc
  if [ ! -d "$("$web" --print sysroot 2>/dev/null)/lib/rustlib/src/rust/library" ]; then
    echo "no standard library for $target; run 'rustup target add $target', or on Debian 'apt-get install rustc-web rust-web-src lld-19'" >&2
    exit 1
  fi
  export RUSTC=$web RUSTC_BOOTSTRAP=1
  check+=(-Zbuild-std=std,panic_abort)
fi

"${check[@]}" -p wordspace-gemm -p wordspace-similarity
"${check[@]}" -p wordspace-kernels -p wordspace-model --features wordspace-kernels/flex
"${check[@]}" -p wordspace-data -p wordspace-explore -p wordspace-frames -p wordspace-learn --no-default-features
"${check[@]}" -p wordspace-playground
