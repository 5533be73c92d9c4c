"""Training from Python: the runs of the command line, with events, Ctrl-C and data frames."""

import json
import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

import wordspace


def test_a_run_is_what_the_command_line_trains(run, small, tmp_path):
    settings = [f"--set={section}.{key}={value}" for section, keys in small.items() for key, value in keys.items()]
    command = [sys.executable, "-m", "wordspace", "train", "--name", "same", "--device", "flex", *settings]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    same = wordspace.Run(tmp_path / "runs" / "same")
    assert same.steps == run.steps
    for step in run.steps:
        np.testing.assert_array_equal(same.vectors(step).vectors, run.vectors(step).vectors)


def test_its_log_and_pairs_are_columns(run):
    log, pairs = run.log, run.pairs
    assert list(log["step"]) == list(range(0, 41)) and log["loss"].iloc[-1] < log["loss"].iloc[1]
    assert log["validation_loss"].iloc[0] > log["validation_loss"].iloc[-1]
    assert {"cat", "dog"} <= set(pairs["a"]) | set(pairs["b"]) and pairs["rank_of_b"].min() >= 1
    assert run.outcome["ending"] == "complete" and run.checkpoints[-1] == 40


def test_columns_are_arrays_where_no_data_frames_are(run, monkeypatch):
    for library in ("pandas", "polars"):
        monkeypatch.setitem(sys.modules, library, None)
    assert isinstance(run.log["loss"], np.ndarray)


def test_events_arrive_in_order(small, tmp_path):
    events = []
    wordspace.train(small, steps=3, name="seen", out=tmp_path, on_event=events.append)
    kinds = [event["event"] for event in events]
    assert [event["step"] for event in events if event["event"] == "step"] == [1, 2, 3]
    assert kinds.index("started") < kinds.index("step") and "evaluation" in kinds and kinds[-1] == "checkpoint"


def test_what_a_listener_raises_ends_the_run_with_a_checkpoint(small, tmp_path):
    def stop(event):
        if event["event"] == "step" and event["step"] == 5:
            raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        wordspace.train(small, name="stopped", out=tmp_path, on_event=stop)
    stopped = wordspace.Run(tmp_path / "stopped")
    assert stopped.checkpoints
    resumed = stopped.resume()
    assert resumed.outcome["steps"] == 40


def test_an_interrupted_run_resumes_to_the_same_bits(run, small, tmp_path):
    def interrupt(event):
        if event["event"] == "step" and event["step"] == 10:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        wordspace.train(small, name="small", out=tmp_path, device="flex", on_event=interrupt)
    resumed = wordspace.Run(tmp_path / "small").resume()
    assert resumed.outcome["weights_sha256"] == run.outcome["weights_sha256"]


def test_other_threads_run_while_it_trains(small, tmp_path):
    count, done = 0, threading.Event()

    def counting():
        nonlocal count
        while not done.is_set():
            count += 1

    thread = threading.Thread(target=counting)
    thread.start()
    wordspace.train(small, steps=100, name="beside", out=tmp_path)
    done.set()
    thread.join()
    assert count > 10


def test_a_run_that_exists_stays(run, small):
    with pytest.raises(wordspace.ExistsError, match="already exists"):
        wordspace.train(small, name="small", out=os.path.dirname(run.path))


def test_it_generates_reports_and_exports(run, tmp_path):
    parts = []
    text = run.generate("the cat", 8, seed=1, on_text=parts.append)
    assert text == "".join(parts) and text == run.generate("the cat", 8, seed=1)
    assert run.report(tmp_path / "run.html") == (tmp_path / "run.html").read_text(encoding="utf8")
    assert "<iframe srcdoc=" in run._repr_html_()
    assert "model.safetensors" in run.export(tmp_path / "exported")
    assert json.loads((tmp_path / "exported" / "config.json").read_text())["n_embd"] == 16
    with pytest.raises(FileExistsError):
        run.report(tmp_path / "run.html")


def test_it_is_exported_for_sentence_transformers(run, tmp_path):
    run.vectors().export(tmp_path / "static", "static-embedding")
    texts = ["the cat", "a dog ran"]
    np.testing.assert_allclose(wordspace.open(tmp_path / "static").encode(texts), run.vectors().encode(texts), atol=1e-6)


def test_words_become_points(run):
    projection = wordspace.project(run, top=20)
    assert projection.points.shape == (20, 2) and len(projection.words) == 20
    assert projection._repr_svg_().startswith("<svg")
    named = wordspace.project(run.vectors(), ["cat", "dog", "fox", "king", "piano"], dims=3)
    assert named.words == ["cat", "dog", "fox", "king", "piano"] and named.points.shape == (5, 3)


def test_tokenizers_are_those_of_the_command_line(run):
    gpt2 = wordspace.tokenizer("gpt2")
    assert gpt2.encode("cat sat on the").tolist() == [9246, 3332, 319, 262] and len(gpt2) == 50257
    assert gpt2.decode([9246, 3332]) == "cat sat"
    assert [part for _, _, part in gpt2.tokens("Köln ok")] and gpt2.encode_many(["a", "b c"])[0].tolist() == [64]
    learned = wordspace.tokenizer("word", text="a cat a dog")
    assert learned.spelling(int(learned.encode("cat")[0])) == "cat"
    assert wordspace.tokenizer(run.path).encode("cat").shape == (1,)
