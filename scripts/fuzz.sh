#!/usr/bin/env bash
# Coverage-guided fuzzing of the readers (docs/reliability.md): scripts/fuzz.sh [TARGET…], by default every target of
# fuzz/targets, two at a time, each with INPUTS_EACH (100000) inputs: half a minute to a minute and a half.
#
# The fuzzer is libFuzzer, which the crate libfuzzer-sys compiles with a C++ compiler. The flags are those of cargo-fuzz without
# its address sanitizer, which makes inputs several times slower and has its own script: the readers have one line of unsafe
# code. RUSTC_BOOTSTRAP=1 allows the flags on the stable toolchain. Inputs that reached new code are kept in target/fuzz/corpus
# beside those of fuzz/corpus, findings in target/fuzz/findings.
set -euo pipefail
cd "$(dirname "$0")/.."

host=$(rustc -vV | sed -n 's/^host: //p')
folder=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
unset CARGO_TARGET_DIR
coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
-Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"
RUSTC_BOOTSTRAP=1 RUSTFLAGS="$coverage" \
  cargo build --release --locked --manifest-path fuzz/Cargo.toml --target "$host" --target-dir "$folder"

fuzz() {
  trap '' PIPE # as the runtime of Rust does: the server may close a connection that is being written to
  mkdir -p "$folder/corpus/$1" "$folder/findings" "$folder/logs"
  # Every panic is a finding; so is an input of more than ten seconds, or two gigabytes in one piece. All inputs together may
  # take more: the crate tokenizers keeps what a byte-pair tokenizer has split until its thread ends.
  RAYON_NUM_THREADS=1 "$folder/$host/release/$1" "$folder/corpus/$1" "fuzz/corpus/$1" \
    -runs="${INPUTS_EACH:-100000}" -timeout=10 -malloc_limit_mb=2048 -rss_limit_mb=8192 -max_len=4096 -print_final_stats=1 \
    -artifact_prefix="$folder/findings/$1-" >"$folder/logs/$1.log" 2>&1 || true
  found=$(find "$folder/findings" -name "$1-*" | wc -l)
  executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$folder/logs/$1.log")
  reached=$(grep -o 'cov: [0-9]*' "$folder/logs/$1.log" | tail -1)
  printf '%-16s %10s inputs  %-10s edges  %s findings\n' "$1" "$executed" "${reached#cov: }" "$found"
}
export -f fuzz
export folder host
targets=("$@")
[ $# -gt 0 ] || targets=(fuzz/corpus/*)
printf '%s\0' "${targets[@]##*/}" | xargs -0 -n 1 -P 2 bash -c 'fuzz "$1"' _
[ -z "$(ls -A "$folder/findings")" ] || { echo "the inputs of the findings are in $folder/findings"; exit 1; }
