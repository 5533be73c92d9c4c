//! Many questions at once, from files and pipes, and the questions that gensim's users bring.

mod harness;

use std::io::Write;
use std::process::Stdio;

use harness::answers::{answers, texts};
use harness::{Done, Folder, golden_json};
use serde_json::Value;

#[test]
fn words_that_are_subtracted_odd_words_and_vectors_are_gensims() {
    let folder = Folder::with_golden_vectors();
    let golden: Value = golden_json("gensim.json");
    let same = |found: &Value, expected: &Value| {
        let (ours, theirs) = (answers(found), answers(expected));
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert!(ours.0 == theirs.0 && (ours.1 - theirs.1).abs() < 1e-5, "{ours:?} {theirs:?}");
        }
    };
    let questions = golden["most_similar"].as_array().unwrap();
    for question in questions.iter().filter(|question| !texts(&question["negative"]).is_empty()) {
        let negative = texts(&question["negative"])[0];
        let words = [&["neighbors", "vectors.bin"], &texts(&question["positive"])[..]].concat();
        let result = folder.run(&[&words[..], &["--negative", negative, "--json"]].concat()).succeeds().json();
        same(&result["neighbors"], &question["answers"]);
    }
    for list in golden["doesnt_match"].as_array().unwrap() {
        let words = [&["odd-one-out", "vectors.bin"], &texts(&list["words"])[..], &["--json"]].concat();
        assert_eq!(folder.run(&words).succeeds().json()["odd"], list["odd"]);
    }
    for question in golden["similar_by_vector"].as_array().unwrap() {
        folder.write("vector.json", question["vector"].to_string());
        let asked = ["neighbors", "vectors.bin", "--vector", "vector.json", "--json"];
        same(&folder.run(&asked).succeeds().json()["neighbors"], &question["answers"]);
    }
}

#[test]
fn a_file_of_questions_is_answered_a_line_each_as_if_each_were_asked_alone() {
    let folder = Folder::with_golden_vectors();
    folder.write("words.txt", "cat\n\nunheard-of\nNew_York\n");
    let done = folder.run(&["neighbors", "vectors.bin", "--from", "words.txt", "--top", "3", "--json"]).succeeds();
    let warning = "words.txt: 1 of 3 questions have no answer; line 3: vectors.bin does not have unheard-of";
    assert!(done.stderr.contains(warning), "{}", done.stderr);
    let lines: Vec<Value> = done.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[1]["neighbors"].is_null());
    for (line, word) in [(&lines[0], "cat"), (&lines[2], "New_York")] {
        assert_eq!(*line, folder.run(&["neighbors", "vectors.bin", word, "--top", "3", "--json"]).succeeds().json());
    }
    folder.write("pairs.txt", "cat dog\nking\tqueen\n");
    let done = folder.run(&["similarity", "vectors.bin", "--from", "pairs.txt", "--csv"]).succeeds();
    let alone = folder.run(&["similarity", "vectors.bin", "king", "queen", "--csv"]).succeeds();
    assert_eq!(done.stdout.lines().next(), Some("a,b,cosine,centred,percentile"));
    assert_eq!(done.stdout.lines().last(), alone.stdout.lines().last());
    folder.write("questions.txt", "man king woman\n");
    let done = folder.run(&["analogy", "vectors.bin", "--from", "questions.txt", "--csv", "--top", "1"]).succeeds();
    assert!(done.stdout.starts_with("a,b,c,rank,word,cosine,row\nman,king,woman,1,queen,"), "{}", done.stdout);
}

#[test]
fn questions_come_through_a_pipe() {
    let folder = Folder::with_golden_vectors();
    let mut command = folder.command(&["neighbors", "vectors.bin", "--from", "-", "--top", "1", "--csv"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all("cat\nking\n".as_bytes()).unwrap();
    let done = Done::of(child.wait_with_output().unwrap()).succeeds();
    assert_eq!(done.stdout.lines().count(), 3);
    assert!(done.stdout.lines().nth(1).unwrap().starts_with("cat,1,dog,"), "{}", done.stdout);
}

#[test]
fn what_is_wrong_with_a_file_of_questions_is_said_with_its_line() {
    let folder = Folder::with_golden_vectors();
    let asked = |command: &str, option: &str, content: &[u8]| {
        folder.write("file.txt", content);
        folder.run(&[command, "vectors.bin", option, "file.txt"])
    };
    asked("similarity", "--from", b"cat dog\ncat dog fox\n")
        .fails(3, &["file.txt, line 2: expected 2 words", "found 3"]);
    asked("neighbors", "--from", b"cat\n\xff\n").fails(3, &["file.txt, line 2: expected text in UTF-8"]);
    asked("neighbors", "--from", b"").fails(3, &["expected a question on each line, found none"]);
    asked("neighbors", "--from", b"x\ny\n")
        .fails(3, &["no question has an answer; line 1: vectors.bin does not have x"]);
    asked("neighbors", "--vector", b"1 2 3").fails(2, &["expected a vector of 25 numbers, found 3"]);
    asked("neighbors", "--vector", b"1 two").fails(3, &["expected numbers, found two"]);
    asked("neighbors", "--vector", "0 ".repeat(25).as_bytes()).fails(2, &["the vector is zero"]);
    folder.run(&["odd-one-out", "vectors.bin", "cat", "dog"]).fails(2, &["3 values required"]);
    folder.run(&["neighbors", "vectors.bin", "--from", "not-there.txt"]).fails(3, &["not-there.txt"]);
}

#[test]
fn a_question_without_an_answer_does_not_end_the_others() {
    let folder = Folder::new();
    folder.write("vectors.txt", "3 2\ncat 1 0\nzero 0 0\ndog 1 1\n").write("words.txt", "cat\nzero\ndog\n");
    let done = folder.run(&["neighbors", "vectors.txt", "--from", "words.txt", "--csv", "--top", "1"]).succeeds();
    assert_eq!(done.stdout.lines().count(), 3, "{}", done.stdout);
    assert!(done.stderr.contains("1 of 3 questions have no answer; line 2: the vectors of"), "{}", done.stderr);
}
