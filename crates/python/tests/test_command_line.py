"""The program that the wheel installs."""

import json
import os
import signal
import subprocess
import sys
import time

import wordspace

PROGRAM = [sys.executable, "-m", "wordspace"]


def program(*arguments, **options):
    return subprocess.run([*PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=300, **options)


def test_every_verb_is_there():
    told = program("--help").stdout
    for verb in "train resume neighbors similarity analogy project evaluate serve playground report export bench devices".split():
        assert verb in told, verb


def test_it_answers_as_the_module_does(word2vec):
    told = json.loads(program("neighbors", word2vec, "cat", "--json").stdout)
    ours = wordspace.open(word2vec).most_similar("cat")
    assert [near["word"] for near in told["neighbors"]] == [word for word, _ in ours]


def test_exit_codes_are_those_of_the_program(tmp_path):
    assert program("neighbors", tmp_path / "nowhere", "cat").returncode == 3
    assert program("neighbors").returncode == 2
    assert program("--version").stdout.split() == ["wordspace", wordspace.__version__]


def test_a_closed_pipe_is_no_failure(word2vec):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*PROGRAM, "--help"], stdout=writing, stderr=subprocess.PIPE, timeout=60)
    os.close(writing)
    assert done.returncode == 0, done.stderr


def test_ctrl_c_saves_a_checkpoint_and_exits_130(tmp_path):
    command = [*PROGRAM, "train", "--steps", "100000", "--device", "flex"]
    training = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    log = tmp_path / "runs" / "toy" / "log.jsonl"
    deadline = time.monotonic() + 120
    while not (log.exists() and b'"step"' in log.read_bytes()) and time.monotonic() < deadline:
        os.sched_yield()
    training.send_signal(signal.SIGINT)
    _, told = training.communicate(timeout=120)
    assert training.returncode == 130, told
    assert wordspace.Run(tmp_path / "runs" / "toy").checkpoints


def test_ctrl_c_ends_a_command_without_a_handler(word2vec):
    command = [*PROGRAM, "neighbors", word2vec, "--from", "/dev/stdin"]
    waiting = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # More than a pipe holds: once it is written, the program has read most of it and waits for more.
    waiting.stdin.write(b"cat\n" * 100_000)
    waiting.stdin.flush()
    waiting.send_signal(signal.SIGINT)
    assert waiting.wait(timeout=60) == -signal.SIGINT
