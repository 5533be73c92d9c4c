//! The first thing a new user does: the toy run.

mod harness;

use harness::{Folder, names};

/// The toy run itself, cut to the steps in which words find each other, and its result.
fn toy() -> (Folder, serde_json::Value) {
    let folder = Folder::new();
    let json = folder.run(&["train", "--device", "flex", "--steps", "300", "--json", "--quiet"]).succeeds().json();
    (folder, json)
}

#[test]
fn cat_and_dog_find_each_other_and_a_far_pair_does_not() {
    let (folder, json) = toy();
    let pair = |a: &str, b: &str| {
        let pairs = json["pairs"].as_array().unwrap().iter();
        pairs.clone().find(|pair| pair["a"] == a && pair["b"] == b).unwrap_or_else(|| panic!("{a}·{b} is not watched"))
    };
    let (near, far) = (pair("cat", "dog"), pair("cat", "piano"));
    let number = |pair: &serde_json::Value, key: &str| pair[key].as_f64().unwrap();
    assert!(number(near, "centred_after") > number(near, "centred_before") + 0.4, "{near}");
    assert!(number(near, "centred_after") > number(far, "centred_after") + 0.2, "{near} {far}");
    assert!(number(near, "rank_after") <= 10.0 && number(near, "rank_before") > 50.0, "{near}");
    assert!(number(near, "percentile_after") > 95.0, "{near}");
    assert!(number(far, "rank_after") > 30.0, "{far}");

    let (before, after) = (json["purity_before"].as_f64().unwrap(), json["purity_after"].as_f64().unwrap());
    assert!(before < 0.15 && after > 0.6, "purity {before} → {after}");
    let (before, after) = (json["val_loss_before"].as_f64().unwrap(), json["val_loss"].as_f64().unwrap());
    assert!(before > 5.0 && after < 2.2, "loss {before} → {after}");
    assert!((json["val_perplexity"].as_f64().unwrap() - after.exp()).abs() < 1e-9);

    the_run_folder_is_complete(&folder, &json);
    the_updates_of_words_that_meet_agree(&folder);
}

/// Everything that the folder promises is there, and named in the result.
fn the_run_folder_is_complete(folder: &Folder, json: &serde_json::Value) {
    assert_eq!(json["run"], "runs/toy");
    let run = folder.join("runs/toy");
    let expected = [
        "LOCK",
        "checkpoints",
        "config.toml",
        "corpus.json",
        "log.jsonl",
        "meeting.svg",
        "run.json",
        "tokenizer.json",
        "tokens",
        "vectors",
        "words.json",
    ];
    assert_eq!(names(&run), expected);
    let picture = std::fs::read_to_string(run.join("meeting.svg")).unwrap();
    assert!(picture.contains("by training step, square-root scale"), "the axis says that it is uneven");
    let ticks: Vec<f64> = picture
        .lines()
        .filter_map(|line| line.strip_prefix(r#"<line class="tick" x1=""#)?.split('"').next()?.parse().ok())
        .collect();
    assert_eq!(ticks.len(), 11);
    assert!(
        ticks.windows(3).all(|x| x[1] - x[0] > x[2] - x[1]),
        "equal steps lie closer together to the right: {ticks:?}"
    );
    let vectors = names(&run.join("vectors"));
    for early in
        ["step-000000.safetensors", "step-000001.safetensors", "step-000008.safetensors", "step-000300.safetensors"]
    {
        assert!(vectors.contains(&early.to_string()), "{vectors:?}");
    }
    let checkpoint = folder.join(json["checkpoint"].as_str().unwrap());
    let manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(checkpoint.join("MANIFEST.json")).unwrap()).unwrap();
    assert_eq!(manifest["files"]["model.safetensors"]["sha256"], json["weights_sha256"]);
    let record: serde_json::Value = serde_json::from_slice(&std::fs::read(run.join("run.json")).unwrap()).unwrap();
    assert_eq!(record["sessions"][0]["to_step"], 300);
}

/// The seed idea: like contexts, like updates.
fn the_updates_of_words_that_meet_agree(folder: &Folder) {
    let looks = harness::log(&folder.join("runs/toy")).into_iter().filter(|line| line["event"] == "watch");
    let agreements = |nth: usize| -> Vec<f64> {
        looks.clone().filter_map(|look| look["pairs"][nth]["agreement"].as_f64()).collect()
    };
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
    let (near, far) = (mean(agreements(0)), mean(agreements(2)));
    assert!(near > far + 0.05, "cat·dog {near}, cat·piano {far}");
}

#[test]
fn without_arguments_the_toy_run_ends_with_a_table_and_next_commands() {
    let folder = Folder::new();
    folder.write("short.toml", "[run]\nname = \"short\"\n[train]\nsteps = 3\nwarmup = 1\n");
    let done = folder.run(&["train", "short.toml", "--device", "flex"]).succeeds();
    for words in [
        "runs/short: 3 steps",
        "held-out text",
        "perplexity",
        "cat · dog",
        "king · queen",
        "centred cosine",
        "dog from cat",
        "nearest to cat",
        "The share of a word's ten nearest words that have its class",
        "the mean of all vectors is subtracted first",
    ] {
        assert!(done.stdout.contains(words), "{words:?} is not in: {}", done.stdout);
    }
    let long = done.stdout.lines().find(|line| line.chars().count() > 80);
    assert_eq!(long, None, "{}", done.stdout);
    for words in [
        "text    the built-in corpus",
        "device  flex",
        "next    wordspace neighbors runs/short cat",
        "wordspace resume runs/short --steps 6",
        "export runs/short",
    ] {
        assert!(done.stderr.contains(words), "{words:?} is not in: {}", done.stderr);
    }
    let help = folder.run(&["--help"]).succeeds();
    assert!(help.stdout.contains("Without a command it trains the built-in toy run"), "{}", help.stdout);
    assert!(help.stdout.contains("Exit codes: 0 done"), "{}", help.stdout);
}

#[test]
fn the_preset_of_the_toy_run_is_the_toy_run() {
    use ::wordspace::learn::config::Config;
    use ::wordspace::train::open_config;
    let preset = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/toy.toml");
    assert_eq!(open_config(&preset, &[]).unwrap(), Config::default());
}

#[test]
fn every_preset_is_valid() {
    use ::wordspace::train::open_config;
    let configs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
    for name in names(&configs).into_iter().filter(|name| name.ends_with(".toml")) {
        open_config(&configs.join(&name), &[]).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn quiet_says_nothing_but_the_result_and_no_colour_is_none() {
    let folder = Folder::new();
    let done = folder.train_small("quiet", &["--steps", "1", "--quiet", "--json"]).succeeds();
    done.json();
    assert_eq!(done.stderr, "");
    let loud = folder.train_small("loud", &["--steps", "1", "--color", "always"]).succeeds();
    assert!(loud.stderr.contains("\x1b["), "{}", loud.stderr);
    let plain = folder.train_small("plain", &["--steps", "1"]).succeeds();
    assert!(!plain.stderr.contains('\x1b'), "{}", plain.stderr);
}

#[test]
fn the_model_can_be_any_size_and_take_its_places_any_way() {
    let folder = Folder::new();
    for (name, more) in [
        ("tables", vec!["--set", "model.layers=0"]),
        ("untied", vec!["--set", "model.tied=false"]),
        ("waves", vec!["--set", "model.positions=sinusoidal"]),
        ("placeless", vec!["--set", "model.positions=none"]),
        ("deep", vec!["--set", "model.layers=3", "--set", "model.heads=2"]),
    ] {
        let json = folder.train_small(name, &[&more[..], &["--steps", "12", "--json"]].concat()).succeeds().json();
        assert!(json["val_loss"].as_f64() < json["val_loss_before"].as_f64(), "{name}: {json}");
        let exported = format!("exported-{name}");
        folder.run(&["export", &format!("runs/{name}"), &exported]).succeeds();
    }
}
