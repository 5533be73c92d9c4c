#!/usr/bin/env python3
"""Hashes the GPT-2 vocabulary as OpenAI published it, so that tests can compare the built-in one with it.

    python scripts/golden_gpt2_vocabulary.py vocab.json merges.txt

Writes tests/golden/gpt2_vocabulary.json. The two files are those of the GPT-2 release (encoder.json and vocab.bpe).
"""

import hashlib
import json
import sys
from pathlib import Path

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden" / "gpt2_vocabulary.json"

vocabulary = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
entries = sorted((token_id, token) for token, token_id in vocabulary.items())
merges = [line for line in Path(sys.argv[2]).read_text(encoding="utf-8").split("\n") if line and not line.startswith("#version")]


def sha256(lines: list[str]) -> str:
    return hashlib.sha256("".join(line + "\n" for line in lines).encode()).hexdigest()


GOLDEN.write_text(json.dumps({
    "made_by": "scripts/golden_gpt2_vocabulary.py",
    "entries": len(entries),
    "entries_sha256": sha256([f"{token_id}\t{token}" for token_id, token in entries]),
    "merges": len(merges),
    "merges_sha256": sha256(merges),
}, indent=1) + "\n")
