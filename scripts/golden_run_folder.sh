#!/usr/bin/env bash
# Makes tests/golden/run-830490f with the program of commit 830490f, which tests/earlier_version.rs opens:
#
#   git worktree add ../at-830490f 830490f && (cd ../at-830490f && cargo build --release)
#   scripts/golden_run_folder.sh ../at-830490f/target/release/wordspace tests/golden/run-830490f
#
# run/             a run of 20 updates, complete
# resumed.json     what `resume run --steps 30 --json` said of a copy, and resumed.jsonl the log after it
# neighbors.json   what `neighbors run cat --json` said
set -euo pipefail
program=$(realpath "$1")
mkdir -p "$2"
cd "$2"
rm -rf -- run copy resumed.json resumed.jsonl neighbors.json
export NO_COLOR=1

# 192 short sentences: each animal does everything to each thing, three times over.
for _ in 1 2 3; do
  for thing in ball tree house river; do
    for verb in sees likes hears finds; do
      for animal in cat dog bird horse; do echo "the $animal $verb a $thing ."; done
    done
  done
done >text.txt

"$program" train --name run --out . --text text.txt --device flex --set train.steps=20 \
  --set model.context=8 --set model.channels=8 --set model.heads=2 --set model.layers=1 \
  --set train.batch=4 --set train.warmup=2 --set train.learning_rate=0.01 \
  --set evaluate.every=10 --set checkpoint.every=10 --set checkpoint.keep=1 \
  --set watch.every=5 --set watch.vectors_every=10 --set 'watch.pairs=[["cat", "dog"], ["cat", "river"]]' \
  --set 'watch.groups.animals=["cat", "dog", "bird", "horse"]' --set 'watch.groups.verbs=["sees", "likes", "hears", "finds"]'
"$program" neighbors run cat --json >neighbors.json
cp -r run copy
"$program" resume copy --steps 30 --json >resumed.json
cp copy/log.jsonl resumed.jsonl

# The run as it is kept: no picture, and nothing of the machine that made it.
rm -rf copy text.txt run/LOCK run/meeting.svg
python3 - run/run.json <<'PYTHON'
import json, sys
record = json.load(open(sys.argv[1]))
for session in record["sessions"]:
    session.update(command=["wordspace", *session["command"][1:]], host="a machine")
json.dump(record, open(sys.argv[1], "w"), indent=2)
PYTHON
