//! A run folder that an earlier version wrote opens, resumes and is reported. `scripts/golden_run_folder.sh` made it with
//! the program of commit 830490f.

mod harness;

use std::path::{Path, PathBuf};

use harness::{Folder, golden};
use serde_json::Value;

fn earlier(name: &str) -> PathBuf {
    golden("run-830490f").join(name)
}

fn json(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(earlier(name)).unwrap()).unwrap()
}

/// A folder with a copy of the earlier version's run.
fn with_copy() -> Folder {
    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap().map(|entry| entry.unwrap()) {
            let to = to.join(entry.file_name());
            match entry.file_type().unwrap().is_dir() {
                true => copy(&entry.path(), &to),
                false => std::fs::copy(entry.path(), &to).map(drop).unwrap(),
            }
        }
    }
    let folder = Folder::new();
    copy(&earlier("run"), &folder.join("run"));
    folder
}

/// Numbers may differ by rounding: the machine that made the file may add in vectors of another width.
#[track_caller]
fn assert_near(found: &Value, expected: &Value, path: &str) {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            assert!(found.keys().eq(expected.keys()), "{path}: {found:?} instead of {expected:?}");
            expected.iter().for_each(|(key, value)| assert_near(&found[key], value, &format!("{path}.{key}")));
        }
        (Value::Array(found), Value::Array(expected)) => {
            assert_eq!(found.len(), expected.len(), "{path}");
            found.iter().zip(expected).for_each(|(found, expected)| assert_near(found, expected, path));
        }
        (Value::Number(found), Value::Number(expected)) => {
            let (found, expected) = (found.as_f64().unwrap(), expected.as_f64().unwrap());
            assert!(
                (found - expected).abs() <= 1e-3 * expected.abs().max(1.0),
                "{path}: {found} instead of {expected}"
            );
        }
        _ => assert_eq!(found, expected, "{path}"),
    }
}

/// The result without what depends on the machine and the hour.
fn lasting(mut result: Value) -> Value {
    for key in ["tokens_per_second", "seconds", "weights_sha256", "checkpoint", "run"] {
        assert!(result.as_object_mut().unwrap().remove(key).is_some(), "{key}");
    }
    // The earlier version does not report these.
    result.as_object_mut().unwrap().remove("nearest");
    result
}

#[test]
fn the_run_of_an_earlier_version_opens() {
    let folder = with_copy();
    let found = folder.run(&["neighbors", "run", "cat", "--json"]).succeeds().json();
    assert_near(&found, &json("neighbors.json"), "neighbors");
    folder.run(&["inspect", "run@10"]).succeeds();
    folder
        .run(&["generate", "run", "--prompt", "the cat", "--tokens", "4", "--temperature", "0", "--device", "flex"])
        .succeeds();
}

#[test]
fn a_complete_run_of_an_earlier_version_has_its_weights() {
    let folder = with_copy();
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(earlier("run/checkpoints/step-000020/MANIFEST.json")).unwrap()).unwrap();
    let found = folder.run(&["resume", "run", "--json"]).succeeds().json();
    assert_eq!(found["weights_sha256"], manifest["files"]["model.safetensors"]["sha256"]);
    assert_eq!(std::fs::read(folder.join("run/log.jsonl")).unwrap(), std::fs::read(earlier("run/log.jsonl")).unwrap());
}

#[test]
fn the_run_of_an_earlier_version_resumes_as_it_did_there() {
    let folder = with_copy();
    let found = folder.run(&["resume", "run", "--steps", "30", "--json"]).succeeds().json();
    assert_near(&lasting(found), &lasting(json("resumed.json")), "resumed");

    let found = harness::log(&folder.join("run"));
    let expected = std::fs::read_to_string(earlier("resumed.jsonl")).unwrap();
    assert_eq!(found.len(), expected.lines().count());
    for (found, expected) in found.iter().zip(expected.lines()) {
        let mut expected: Value = serde_json::from_str(expected).unwrap();
        expected.as_object_mut().unwrap().remove("seconds");
        assert_near(found, &expected, "log");
    }
}

#[test]
fn the_run_of_an_earlier_version_is_reported() {
    let folder = with_copy();
    let told = folder.run(&["report", "run", "--json"]).succeeds().json();
    let page = std::fs::read_to_string(folder.join("run/report.html")).unwrap();
    assert_eq!(told["bytes"].as_u64(), Some(page.len() as u64));
    let data = page.split("id=\"embedded\">").nth(1).unwrap().split("</script>").next().unwrap();
    let data: Value = serde_json::from_str(data).unwrap();
    let steps: Vec<u64> =
        data["frames"].as_array().unwrap().iter().map(|frame| frame["step"].as_u64().unwrap()).collect();
    assert_eq!(steps, [0, 1, 2, 4, 8, 10, 20]);
    let evaluations = harness::log(&earlier("run")).into_iter().filter(|line| line["event"] == "evaluation").count();
    assert_eq!(data["log"]["evaluations"].as_array().unwrap().len(), evaluations);
}
