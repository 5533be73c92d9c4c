//! Reports and projections as one file: complete, small, and fetching nothing.

mod harness;

use std::fs;
use std::path::Path;

use serde_json::Value;

use harness::{Folder, write_frame};

/// The data in the page at `path`.
fn data(path: &Path) -> Value {
    let page = fs::read_to_string(path).unwrap();
    for part in ["src=\"http", "href=\"http", "url(http", "@import", "src=\"./", "href=\"./", "src=\"app", "href=\"app"]
    {
        assert!(!page.contains(part), "it would fetch something: {part}");
    }
    assert!(page.contains("http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';"));
    let json = page.split("id=\"embedded\">").nth(1).unwrap().split("</script>").next().unwrap();
    serde_json::from_str(json).expect("what it carries is JSON")
}

/// How many bytes a base64 text encodes.
fn bytes(letters: &Value) -> usize {
    let letters = letters.as_str().unwrap();
    assert!(letters.len().is_multiple_of(4));
    letters.len() / 4 * 3 - letters.bytes().rev().take_while(|&letter| letter == b'=').count()
}

#[test]
fn the_toy_report_has_all_words_in_under_two_megabytes() {
    let folder = Folder::new();
    folder.run(&["train", "--steps", "120", "--device", "flex", "--set", "train.batch=2"]).succeeds();
    let told = folder.run(&["report", "runs/toy", "--json"]).succeeds().json();
    let path = folder.join("runs/toy/report.html");
    assert_eq!(told["bytes"], fs::metadata(&path).unwrap().len());
    assert!(told["bytes"].as_u64() < Some(2_000_000), "{told}");

    let data = data(&path);
    assert_eq!((&data["schema"], &data["kind"]), (&1.into(), &"report".into()));
    let run = &data["run"];
    let (words, frames) = (run["words"].as_array().unwrap(), data["frames"].as_array().unwrap());
    assert_eq!((run["count"].as_u64(), &told["words"]), (Some(words.len() as u64), &told["all_words"]));
    assert_eq!((frames[0]["step"].as_u64(), frames[frames.len() - 1]["step"].as_u64()), (Some(0), Some(120)));
    assert_eq!(run["frames"].as_array().unwrap().len(), frames.len());
    for frame in frames {
        assert_eq!(bytes(&frame["points"]), 20 + 6 * words.len());
        assert_eq!(bytes(&frame["vectors"]), 2 * 64 * words.len());
    }
    assert!(data["positions"].as_array().unwrap().iter().all(|table| bytes(&table["vectors"]) == 2 * 64 * 32));
    assert_eq!(data["log"]["steps"].as_array().unwrap().len(), 120);
    assert_eq!(words[run["watch"][0][0].as_u64().unwrap() as usize], "cat");
    assert!(run["provenance"]["command"].is_array());
}

#[test]
fn the_report_of_a_large_run_says_what_it_leaves_out() {
    let folder = Folder::new();
    folder.train_small("a", &["--steps", "8", "--set", "model.channels=1024", "--set", "model.heads=1"]).succeeds();
    folder.run(&["report", "runs/a", "--to", "a.html"]).succeeds();
    let data = data(&folder.join("a.html"));
    let words = data["run"]["words"].as_array().unwrap();
    assert!(words.len() < 200 && words[0] == "cat" && words[1] == "dog", "{words:?}");
    assert_eq!(data["run"]["watch"][0], serde_json::json!([0, 1]));
    let steps: Vec<u64> =
        data["frames"].as_array().unwrap().iter().map(|frame| frame["step"].as_u64().unwrap()).collect();
    assert!(steps.first() == Some(&0) && steps.last() == Some(&8));
    assert!(data["run"]["limits"].as_str().unwrap().contains(&format!("{} of", words.len())));
    assert!(fs::metadata(folder.join("a.html")).unwrap().len() < 2_000_000);
}

#[test]
fn a_report_leaves_out_damaged_frames_and_says_so() {
    let folder = Folder::new();
    folder.train_small("a", &["--steps", "20"]).succeeds();
    let vectors = folder.join("runs/a/vectors");
    let told = folder.run(&["report", "runs/a", "--json"]).succeeds().json();
    let count = told["all_words"].as_u64().unwrap() as usize;
    let values: Vec<f32> = (0..count * 16).map(|i| (i as f32 * 0.7).sin()).collect();
    write_frame(&vectors, 0, [5, 16], 16, &values);
    write_frame(&vectors, 4, [count, 8], 16, &values);
    write_frame(&vectors, 8, [count, 16], 9, &values);
    // The newest is the newest that can be read.
    fs::write(vectors.join("step-000020.safetensors"), "no tensors").unwrap();

    folder.run(&["report", "runs/a"]).succeeds();
    let data = data(&folder.join("runs/a/report.html"));
    let steps: Vec<u64> =
        data["frames"].as_array().unwrap().iter().map(|frame| frame["step"].as_u64().unwrap()).collect();
    assert_eq!(steps, [1, 2, 10]);
    assert!(data["run"]["limits"].as_str().unwrap().contains("3 of 7 frames"));
    for step in [1, 2, 10] {
        fs::write(vectors.join(format!("step-{step:06}.safetensors")), "no tensors").unwrap();
    }
    for step in [0, 4, 8] {
        fs::remove_file(vectors.join(format!("step-{step:06}.safetensors"))).unwrap();
    }
    folder.run(&["report", "runs/a"]).fails(3, &["step-000020.safetensors", "not a whole safetensors file"]);
}

#[test]
fn a_report_overwrites_a_report_and_nothing_else() {
    let folder = Folder::new();
    folder.train_small("a", &["--steps", "1"]).succeeds();
    folder.run(&["report", "runs/a"]).succeeds();
    folder.run(&["report", "runs/a"]).succeeds();
    folder.run(&["report", "runs/a", "--to", "runs/a/report.html"]).fails(6, &["already exists"]);
    folder.write("runs/a/report.html", "my own notes");
    folder.run(&["report", "runs/a"]).fails(6, &["already exists"]);
    assert_eq!(fs::read_to_string(folder.join("runs/a/report.html")).unwrap(), "my own notes");
    folder.run(&["report", "runs/b"]).fails(3, &["no such run", "wordspace train"]);
    folder.run(&["report", "runs"]).fails(3, &["it is not a run folder"]);
}

#[test]
fn a_projection_becomes_a_page_of_its_points_and_vectors() {
    let folder = Folder::new();
    folder.train_small("a", &["--steps", "10"]).succeeds();
    folder.run(&["project", "runs/a", "--to", "plain.html", "--method", "tsne"]).succeeds();
    let plain = data(&folder.join("plain.html"));
    assert_eq!((&plain["kind"], &plain["method"], &plain["log"]), (&"projection".into(), &"tsne".into(), &Value::Null));
    assert_eq!((&plain["run"]["state"], &plain["run"]["count"]), (&"projection".into(), &60.into()));
    assert_eq!(plain["frames"].as_array().unwrap().len(), 1);
    assert_eq!(bytes(&plain["frames"][0]["vectors"]), 2 * 16 * 60);
    assert!(plain["run"]["classes"].as_array().unwrap().iter().any(|class| class["name"] == "animal"));

    folder.run(&["project", "runs/a", "--to", "trail.html", "--trail", "--dims", "3"]).succeeds();
    let trail = data(&folder.join("trail.html"));
    let steps: Vec<u64> =
        trail["frames"].as_array().unwrap().iter().map(|frame| frame["step"].as_u64().unwrap()).collect();
    assert_eq!(steps, [0, 1, 2, 4, 8, 10]);
    folder.run(&["project", "runs/a", "--to", "plain.html"]).fails(6, &["already exists"]);
}
