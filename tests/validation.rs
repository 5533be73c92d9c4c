//! What held-out text is for: the loss that can be trusted, the best checkpoint, and knowing when to stop.

mod harness;

use harness::{Folder, log, names};

/// A text so short that a model learns it by heart, so that the held-out loss falls and then rises.
fn by_heart(folder: &Folder, name: &str, more: &[&str]) -> serde_json::Value {
    folder.write("short.txt", ::wordspace::data::toy::text(1, 120));
    let greedy = [
        "--text",
        "short.txt",
        "--json",
        "--steps",
        "300",
        "--set",
        "model.channels=64",
        "--set",
        "train.learning_rate=0.01",
        "--set",
        "data.min_count=1",
        "--set",
        "data.validation=0.3",
        "--set",
        "train.batch=16",
        "--set",
        "watch.pairs=[]",
        "--set",
        "evaluate.every=20",
        "--set",
        "checkpoint.every=100",
        "--set",
        "checkpoint.keep=1",
    ];
    folder.train_small(name, &[&greedy[..], more].concat()).succeeds().json()
}

#[test]
fn the_best_checkpoint_is_kept_when_the_held_out_loss_rises_again() {
    let folder = Folder::new();
    let json = by_heart(&folder, "best", &[]);
    let (best, last) = (json["best_val_loss"].as_f64().unwrap(), json["val_loss"].as_f64().unwrap());
    assert!(best < 0.9 * last, "{json}");
    assert!(json["train_loss"].as_f64().unwrap() < best, "{json}");
    let best = format!("step-{:06}", json["best_step"].as_u64().unwrap());
    assert_eq!(names(&folder.join("runs/best/checkpoints")), [best, "step-000300".to_string()]);
}

#[test]
fn a_run_that_gets_no_better_stops_early_when_asked() {
    let folder = Folder::new();
    let json = by_heart(&folder, "early", &["--set", "train.early_stop=3"]);
    assert_eq!(json["ending"], "no_longer_better");
    assert_eq!(json["steps"].as_u64().unwrap(), json["best_step"].as_u64().unwrap() + 3 * 20);
}

#[test]
fn an_evaluation_reads_all_held_out_text_and_gives_three_units_of_loss() {
    let folder = Folder::new();
    let json = folder.train_small("run", &["--steps", "10", "--set", "evaluate.batches=0", "--json"]).succeeds().json();
    let evaluations: Vec<_> =
        log(&folder.join("runs/run")).into_iter().filter(|e| e["event"] == "evaluation").collect();
    assert_eq!(evaluations.iter().map(|e| e["step"].as_u64().unwrap()).collect::<Vec<_>>(), [0, 10]);
    let last = &evaluations[1];
    assert_eq!(last["loss"], json["val_loss"]);
    let loss = last["loss"].as_f64().unwrap();
    assert!((last["perplexity"].as_f64().unwrap() - loss.exp()).abs() < 1e-9);

    let corpus: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join("runs/run/corpus.json")).unwrap()).unwrap();
    let part = &corpus["validation"];
    let tokens_per_character = part["tokens"].as_f64().unwrap() / part["characters"].as_f64().unwrap();
    let bits = loss / std::f64::consts::LN_2 * tokens_per_character;
    assert!((last["bits_per_character"].as_f64().unwrap() - bits).abs() < 1e-9);
}

#[test]
fn an_untrained_model_is_as_unsure_as_its_vocabulary_is_large() {
    let folder = Folder::new();
    let json = folder.train_small("run", &["--steps", "0", "--json"]).succeeds().json();
    let words: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join("runs/run/words.json")).unwrap()).unwrap();
    let vocabulary = words["words"].as_array().unwrap().len() as f64;
    assert!((json["val_loss"].as_f64().unwrap() - vocabulary.ln()).abs() < 0.05, "{json}");
}
