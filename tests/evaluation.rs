//! Evaluations give gensim's, scipy's and scikit-learn's numbers, with their coverage.

mod harness;

use ::wordspace::explore::evaluation::{random_correlation, spearman};
use harness::{Done, Folder, golden_json};
use serde_json::Value;

/// What `scripts/golden_evaluation.py` wrote.
/// Knuth's linear congruential generator, 53 bits of it as a number from 0 to 1.
fn uniform(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The vectors of the golden file, as word2vec text, and the sum of their numbers.
fn vectors() -> (String, f64) {
    let (kinds, each, c) = (12, 20, 16);
    let mut random = uniform(11);
    let mut draw = |n: usize, low: f64| (0..n).map(|_| random() - low).collect::<Vec<f64>>();
    let (of_kind, shared, drift) = (draw(kinds * c, 0.5), draw(each * c, 0.5), draw(c, 0.0));
    let (mut lines, mut count, mut sum) = (String::new(), 0, 0.0);
    for at in 0..kinds * each {
        let (kind, nth) = (at / each, at % each);
        for copy in 0..if at % 7 == 0 { 2 } else { 1 } {
            let word = format!("k{kind}w{nth}");
            lines += &if copy == 1 { word.to_uppercase() } else { word };
            for (j, noise) in draw(c, 0.5).into_iter().enumerate() {
                let number = (((of_kind[kind * c + j] + shared[nth * c + j]) + noise / 2.0) + drift[j]) as f32;
                lines += &format!(" {number}");
                sum += number as f64;
            }
            lines.push('\n');
            count += 1;
        }
    }
    (format!("{count} {c}\n{lines}"), sum)
}

/// A folder with the golden file's vectors and benchmarks.
fn folder(golden: &Value) -> Folder {
    let folder = Folder::new();
    let (text, sum) = vectors();
    assert!((sum - golden["sum"].as_f64().unwrap()).abs() < 1e-6);
    folder.write("vectors.txt", text);
    for name in ["similarity", "analogies", "categories"] {
        folder.write(name, golden["files"][name].as_str().unwrap());
    }
    folder
}

#[track_caller]
fn check_near(found: &Value, expected: &Value) {
    let (found, expected) = (found.as_f64().unwrap(), expected.as_f64().unwrap());
    assert!((found - expected).abs() < 1e-6, "{found}, expected {expected}");
}

#[test]
fn rank_correlation_is_scipys_with_ties() {
    let golden = &golden_json("evaluation.json")["spearman"];
    let list = |name: &str| -> Vec<f64> { serde_json::from_value(golden[name].clone()).unwrap() };
    let found = spearman(&list("a"), &list("b")).unwrap();
    assert!((found - golden["expected"].as_f64().unwrap()).abs() < 1e-14);
}

#[test]
fn the_range_of_random_orders_is_that_of_random_permutations() {
    for (pairs, expected) in golden_json("evaluation.json")["random_correlation"].as_object().unwrap() {
        let found = random_correlation(pairs.parse().unwrap()).unwrap();
        assert!((found / expected.as_f64().unwrap() - 1.0).abs() < 0.05, "{found} for {pairs} pairs, {expected}");
    }
    assert_eq!((random_correlation(1), random_correlation(2)), (None, Some(1.0)));
}

#[test]
fn a_correlation_that_a_random_order_has_too_is_called_so() {
    let folder = Folder::new();
    let letters = ["a", "b", "c", "d", "e", "f", "g"];
    let vectors =
        letters.iter().enumerate().map(|(i, word)| format!("{word} {} {}\n", (i as f32).cos(), (i as f32).sin()));
    folder.write("v.txt", vectors.collect::<String>());
    // Cosines with a fall from b to d and rise from e on.
    let judged = |scores: [u8; 6]| -> String {
        letters[1..].iter().zip(scores).map(|(word, score)| format!("a\t{word}\t{score}\n")).collect()
    };
    folder.write("right.tsv", judged([9, 6, 1, 2, 8, 10])).write("random.tsv", judged([5, 6, 4, 5, 6, 4]));
    let say = |file: &str| folder.run(&["evaluate", "v.txt", "--similarity", file]).succeeds().stdout;
    let right = say("right.tsv");
    assert!(!right.contains("  no better") && !right.contains("  cosine: no better"), "{right}");
    let random = say("random.tsv");
    assert!(random.contains("no better than chance (of random orders, 95 % are within ±0.88)"), "{random}");
    assert!(random.lines().all(|line| line.chars().count() <= 80), "{random}");
}

#[test]
fn all_three_scores_are_the_references_raw_and_from_the_mean() {
    let golden = golden_json("evaluation.json");
    let folder = folder(&golden);
    let files = ["--similarity", "similarity", "--analogies", "analogies", "--categories", "categories"];
    let found = folder.run(&[&["evaluate", "vectors.txt", "--json"], &files[..]].concat()).succeeds().json();
    let (raw, centred) = (&golden["raw"], &golden["centred"]);
    check_near(&found["similarity"]["spearman"], &raw["similarity"]["spearman"]);
    check_near(&found["similarity"]["spearman_centred"], &centred["similarity"]["spearman"]);
    assert_eq!(found["similarity"]["pairs"], 250);
    for name in ["purity", "clustering_purity"] {
        check_near(&found["categories"][name], &raw["categories"][name]);
        check_near(&found["categories"][format!("{name}_centred")], &centred["categories"][name]);
    }
    for name in ["words", "covered", "categories"] {
        assert_eq!(found["categories"][name], raw["categories"][name], "{name}");
    }
    // gensim's last section is the total.
    let analogies = &found["analogies"];
    let ours: Vec<&Value> = analogies["sections"].as_array().unwrap().iter().chain([analogies]).collect();
    for (nth, ours) in ours.into_iter().enumerate() {
        let (raw, centred) = (&raw["analogies"][nth], &centred["analogies"][nth]);
        assert_eq!(
            (&ours["correct"], &ours["correct_centred"]),
            (&raw["correct"], &centred["correct"]),
            "{ours} {raw}"
        );
        let covered = raw["correct"].as_u64().unwrap() + raw["incorrect"].as_u64().unwrap();
        assert_eq!(ours["covered"], covered);
    }
    assert_eq!((&analogies["total"], &analogies["sections"][1]["section"]), (&240.into(), &"kinds, too".into()));
}

#[test]
fn a_report_always_says_what_is_covered() {
    let golden = golden_json("evaluation.json");
    let folder = folder(&golden);
    let done = folder.run(&["evaluate", "vectors.txt", "--similarity", "similarity", "--analogies", "analogies"]);
    let report = done.succeeds().stdout;
    assert!(report.contains("of 250 pairs") && report.contains("of 240 questions"), "{report}");
    folder.write("foreign.txt", "chat\tchien\t7\nchat\tpomme\t1\n");
    let report = folder.run(&["evaluate", "vectors.txt", "--similarity", "foreign.txt"]).succeeds().stdout;
    assert!(report.contains('–') && report.contains("0 of 2 pairs"), "{report}");
}

#[test]
fn a_run_with_classes_is_held_against_them() {
    let folder = Folder::new();
    folder.train_small("toy", &["--steps", "2"]).succeeds();
    let found = folder.run(&["evaluate", "runs/toy", "--json"]).succeeds().json();
    assert!(found["categories"]["purity"].as_f64().is_some() && found["similarity"].is_null(), "{found}");
    assert_eq!(found["categories"]["words"], found["categories"]["covered"]);
}

/// Evaluates four words against `content` as a file for `option`.
fn evaluated(option: &str, content: impl AsRef<[u8]>) -> Done {
    let folder = Folder::new();
    folder.write("vectors.txt", "4 2\nsun 1 0\nmoon 1 1\ncat 0 1\ndog 0.1 1\n").write("file.txt", content);
    folder.run(&["evaluate", "vectors.txt", option, "file.txt", "--json"])
}

#[test]
fn files_are_read_as_people_have_them() {
    for content in [
        "sun\tmoon\t9\ncat\tdog\t10\nsun\tcat\t0",
        "sun,moon,9\r\ncat,dog,10\r\nsun,cat,0\r\n",
        "word1,word2,similarity\nsun,moon,9\n\ncat,dog,10\nsun,cat,0\n",
        "\u{feff}# pairs\nSun moon 9\nCAT dog 10\nsun cat 0\n",
        "word1\tword2\tPOS\tscore\tother\nsun\tmoon\tN\t9\t1\ncat\tdog\tN\t10\t2\nsun\tcat\tN\t0\t7\n",
    ] {
        let found = evaluated("--similarity", content).succeeds().json();
        assert_eq!((&found["similarity"]["covered"], &found["similarity"]["spearman"]), (&3.into(), &1.0.into()));
    }
    for content in
        ["sky,sun\nsky,moon\npet,cat\npet,dog\n", ",word,category\n0,sun,sky\n1,moon,sky\n7,,sky\n2,cat,pet\n3,dog,pet"]
    {
        let found = evaluated("--categories", content).succeeds().json();
        assert_eq!((&found["categories"]["categories"], &found["categories"]["covered"]), (&2.into(), &4.into()));
    }
}

#[test]
fn a_line_of_another_form_is_named() {
    evaluated("--similarity", "sun moon 9\ncat dog\n")
        .fails(3, &["file.txt", "line 2", "two words and a number", "cat dog"]);
    evaluated("--similarity", "sun moon 9\ncat dog nine\n").fails(3, &["line 2", "cat dog nine"]);
    evaluated("--similarity", "").fails(3, &["file.txt", "it is empty"]);
    evaluated("--similarity", b"sun\xff moon 9").fails(3, &["file.txt is not UTF-8", "offset 3"]);
    evaluated("--analogies", ": a\nsun moon cat dog\nsun moon cat\n")
        .fails(3, &["line 3", "four words", "sun moon cat"]);
    evaluated("--categories", "sky sun moon cat\n").fails(3, &["line 1", "a category and a word"]);
    evaluated("--categories", "category,word\nsky\n").fails(3, &["line 2", "a category and a word"]);
}

#[test]
fn what_is_not_there_or_not_asked_is_said() {
    let folder = Folder::new();
    folder.write("vectors.txt", "2 2\nsun 1 0\nmoon 1 1\n");
    folder.run(&["evaluate", "vectors.txt"]).fails(2, &["has no word classes", "--similarity"]);
    folder.run(&["evaluate", "vectors.txt", "--analogies", "none.txt"]).fails(3, &["cannot read none.txt"]);
    folder.run(&["evaluate", "vectors.txt", "--categories", "."]).fails(3, &["is a directory"]);
}
