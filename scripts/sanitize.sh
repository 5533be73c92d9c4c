#!/usr/bin/env bash
# Runs the tests of the crates with unsafe code under the address and thread sanitizers, and the worker pool's protocol under
# loom (docs/building.md). With --quick: gemm alone, without the tests of data and similarity.
#
# The address sanitizer instruments every crate but the standard library, whose calls to the allocator and to memcpy are
# checked all the same. The thread sanitizer needs the standard library instrumented too: without it each Mutex, Once and Arc would be
# reported, as what they order is not seen. It is rebuilt from the component rust-src. Nothing is suppressed.
set -euo pipefail
cd "$(dirname "$0")/.."

crates=(-p wordspace-gemm)
[ "${1:-}" = --quick ] || crates+=(-p wordspace-similarity -p wordspace-data)
target=$(rustc -vV | sed -n 's/^host: //p')
folder=${CARGO_TARGET_DIR:-$PWD/target}/sanitize
unset CARGO_TARGET_DIR
# The runtimes ship with the stable toolchain; the flags that choose them ask for this.
export RUSTC_BOOTSTRAP=1
# Optimised as far as the microkernels need it to run in seconds, with a debug build's assertions and lines in reports.
export CARGO_PROFILE_DEV_OPT_LEVEL=1 CARGO_PROFILE_DEV_DEBUG=line-tables-only

echo "== loom: every order of the worker pool's steps, up to a bound"
RUSTFLAGS="--cfg loom" cargo test -p wordspace-gemm --release --test loom --target-dir "$folder/loom"

echo "== address sanitizer"
# Checks by calls, not inline: the microkernels compile in half the time.
RUSTFLAGS="-Zsanitizer=address -Cllvm-args=-asan-instrumentation-with-call-threshold=0" cargo test "${crates[@]}" --lib \
  --target "$target" --target-dir "$folder/address"

echo "== thread sanitizer"
if [ ! -d "$(rustc --print sysroot)/lib/rustlib/src/rust/library" ] && ! rustup component add rust-src; then
  echo "left out: the thread sanitizer needs the standard library's sources ('rustup component add rust-src')"
  exit 0
fi
RUSTFLAGS=-Zsanitizer=thread cargo test -Zbuild-std "${crates[@]}" --lib --target "$target" --target-dir "$folder/thread"
