//! Projections are those of scikit-learn and umap-learn, and pictures of them say what they show.

mod harness;

use ::wordspace::explore::projection::{Chosen, Method, Points, Projection, align, pca, trustworthiness};
use harness::{Folder, golden_json};
use serde_json::Value;

/// What `scripts/golden_projection.py` wrote.
fn table(value: &Value) -> Points {
    let rows: Vec<Vec<f64>> = serde_json::from_value(value.clone()).unwrap();
    Points::new(rows.concat(), rows[0].len())
}

/// Knuth's linear congruential generator, 53 bits of it as a number from 0 to 1.
fn uniform(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The points of the golden file: 360 of 40 numbers, in twelve clumps.
fn clumps() -> Points {
    let (n, c) = (360, 40);
    let mut random = uniform(7);
    let centres: Vec<f64> = (0..12 * c).map(|_| random()).collect();
    let mut number = |i: usize, j: usize| (centres[i % 12 * c + j] + random() + random()) / (1.0 + j as f64 / 8.0);
    Points::new((0..n * c).map(|at| number(at / c, at % c) as f32 as f64).collect(), c)
}

fn first(points: &Points, n: usize) -> Points {
    Points::new(points.as_slice()[..n * points.dimension()].to_vec(), points.dimension())
}

#[track_caller]
fn check_near(found: &[f64], expected: &Points) {
    assert_eq!(found.len(), expected.as_slice().len());
    for (found, expected) in found.iter().zip(expected.as_slice()) {
        assert!((found - expected).abs() < 1e-8, "{found} {expected}");
    }
}

#[test]
fn principal_components_are_scikit_learns_signs_and_all() {
    let (golden, points) = (golden_json("projection.json"), clumps());
    assert!((points.as_slice().iter().sum::<f64>() - golden["sum"].as_f64().unwrap()).abs() < 1e-6);
    for (name, points) in [("tall", points.clone()), ("wide", first(&points, 30))] {
        let (found, golden) = (pca(&points, 3, &|_, _| ()), &golden["pca"][name]);
        check_near(found.components.as_slice(), &table(&golden["components"]));
        check_near(&found.points.as_slice()[..36], &table(&golden["points"]));
        check_near(&found.explained_variance, &table(&Value::Array(vec![golden["explained_variance"].clone()])));
    }
}

#[test]
fn trustworthiness_is_scikit_learns() {
    let (golden, points) = (golden_json("projection.json"), clumps());
    for (name, points) in [("tall", points.clone()), ("wide", first(&points, 30))] {
        let shown = pca(&points, 2, &|_, _| ()).points;
        let found = trustworthiness(&points, &shown, 5, &|_, _| ()).unwrap();
        assert!((found - golden["pca"][name]["trustworthiness"].as_f64().unwrap()).abs() < 1e-12);
    }
}

/// The words w0, w1, … at `vectors`.
fn chosen(vectors: Points) -> Chosen {
    let n = vectors.len();
    let words = (0..n).map(|i| format!("w{i}")).collect();
    Chosen { words, classes: vec![None; n], vectors, frames: Vec::new() }
}

#[test]
fn layouts_can_be_trusted_as_far_as_scikit_learns_and_umap_learns() {
    let golden = golden_json("projection.json");
    for (method, name) in [(Method::Tsne, "tsne"), (Method::Umap, "umap")] {
        for dims in [2, 3] {
            let found = Projection::of(&chosen(clumps()), method, dims, 1, &|_, _| ()).unwrap();
            let found = found.trustworthiness.unwrap();
            let expected = golden["trustworthiness"][name][dims.to_string()].as_f64().unwrap();
            println!("{name} in {dims} dimensions: {found:.4}, reference {expected:.4}");
            assert!(found > expected - 0.02, "{name} in {dims} dimensions: {found}, expected {expected}");
        }
    }
}

#[test]
fn pictures_are_aligned_as_scipy_aligns_them() {
    let points = clumps();
    let part =
        |rows: std::ops::Range<usize>| Points::new(rows.flat_map(|row| points.row(row)[..3].to_vec()).collect(), 3);
    check_near(align(&part(0..20), &part(20..40)).as_slice(), &table(&golden_json("projection.json")["aligned"]));
}

/// A folder with a small run in it and a few words' vectors as word2vec text.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.train_small("toy", &["--steps", "20"]).succeeds();
    let rows = (0..9).map(|i| format!("word<{i}> {} {} {}\n", (i * i) % 7, i, (i * 5) % 4));
    folder.write("vectors.txt", format!("9 3\n{}", rows.collect::<String>()));
    folder
}

#[test]
fn every_form_holds_every_word() {
    let folder = folder();
    let project = |to: &str, more: &[&str]| {
        let done = folder.run(&[&["project", "vectors.txt", "--to", to], more].concat()).succeeds();
        assert!(done.stdout.contains(to) && done.stdout.contains("variance kept"), "{}", done.stdout);
        std::fs::read(folder.join(to)).unwrap()
    };
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let csv = text(project("a.csv", &[]));
    assert_eq!((csv.lines().count(), csv.lines().next()), (10, Some("word,class,x,y")));
    assert!(csv.contains("\nword<3>,,"), "{csv}");
    let json: Value = serde_json::from_slice(&project("a.json", &["--dims", "3"])).unwrap();
    assert_eq!((&json["schema"], &json["method"], &json["words"][8]), (&1.into(), &"pca".into(), &"word<8>".into()));
    assert_eq!(
        (json["points"][0].as_array().unwrap().len(), json["explained_variance"].as_array().unwrap().len()),
        (3, 3)
    );
    for dims in ["2", "3"] {
        let svg = text(project(&format!("{dims}.svg"), &["--dims", dims]));
        assert!((0..9).all(|i| svg.contains(&format!(">word&lt;{i}&gt;</text>"))), "{svg}");
        assert!(svg.contains("PC 1 · ") && svg.contains("% of the variance"), "{svg}");
    }
    let png = project("a.png", &[]);
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n") && png.ends_with(b"IEND\xae\x42\x60\x82"));
    assert_eq!((&png[16..20], &png[20..24]), (&2400_u32.to_be_bytes()[..], &1350_u32.to_be_bytes()[..]));
}

#[test]
fn the_same_question_has_the_same_answer_and_umap_follows_its_seed() {
    let folder = folder();
    let project = |to: &str, more: &[&str]| {
        folder.run(&[&["project", "runs/toy", "--to", to], more].concat()).succeeds();
        std::fs::read(folder.join(to)).unwrap()
    };
    for method in ["pca", "tsne", "umap"] {
        let to = |nth: u8| format!("{method}-{nth}.svg");
        assert!(project(&to(1), &["--method", method]) == project(&to(2), &["--method", method]), "{method}");
    }
    let seeded = project("seeded.json", &["--method", "umap", "--seed", "7"]);
    assert!(seeded != project("again.json", &["--method", "umap", "--seed", "8"]));
}

#[test]
fn a_run_is_shown_by_its_classes_and_with_the_way_its_words_went() {
    let folder = folder();
    let done = folder.run(&["project", "runs/toy", "cat", "dog", "red", "piano", "--trail", "--to", "a.svg", "--json"]);
    let json = done.succeeds().json();
    assert_eq!(json["classes"], serde_json::json!(["animal", "animal", "colour", "instrument"]));
    assert_eq!(json["steps"], serde_json::json!([0, 1, 2, 4, 8, 10, 20]));
    let trail = json["trails"][1]["points"].as_array().unwrap();
    assert_eq!((trail.len(), &json["trails"][1]["word"], &trail[6]), (7, &"dog".into(), &json["points"][1]));
    let svg = std::fs::read_to_string(folder.join("a.svg")).unwrap();
    assert!(["animal", "colour", "instrument", "from step 0 (pale) to step 20"].iter().all(|word| svg.contains(word)));
    folder.run(&["project", "runs/toy@8", "cat", "dog", "red", "--trail", "--to", "b.csv"]).succeeds();
    let csv = std::fs::read_to_string(folder.join("b.csv")).unwrap();
    assert_eq!((csv.lines().next(), csv.lines().count()), (Some("word,class,step,x,y"), 1 + 3 * 5));
}

#[test]
fn mistakes_are_told_before_anything_is_written() {
    let folder = folder();
    let project = |more: &[&str]| folder.run(&[&["project", "vectors.txt"], more].concat());
    folder.write("there.svg", "a user's file");
    project(&["--to", "there.svg"]).fails(6, &["there.svg already exists"]);
    assert_eq!(std::fs::read(folder.join("there.svg")).unwrap(), b"a user's file");
    project(&["--to", "a.pdf"]).fails(2, &["a.pdf", ".svg, .png, .csv, .json or .html"]);
    project(&["--to", "a"]).fails(2, &[".svg, .png, .csv, .json or .html"]);
    project(&["--to", "a.svg", "--dims", "4"]).fails(2, &["2..=3"]);
    project(&["word<1>", "word<2>", "--to", "a.svg"]).fails(2, &["at least 3 different words, found 2"]);
    project(&["word<1>", "wrod", "--to", "a.svg"]).fails(3, &["\"wrod\" is not among the 9 words"]);
    project(&["Word<1>", "--to", "a.svg"]).fails(3, &["did you mean \"word<1>\""]);
    project(&["--trail", "--to", "a.svg"]).fails(2, &["--trail shows the steps of a run"]);
    project(&["--to", "none/a.svg"]).fails(5, &["cannot write none/a.svg"]);
    folder.write("nan.txt", "4 2\na 1 2\nb 2 NaN\nc 3 4\nd 0 1\n");
    folder
        .run(&["project", "nan.txt", "a", "b", "c", "--to", "a.svg"])
        .fails(3, &["1 with NaN or infinity", "\"b\" is not among"]);
    assert!(!folder.join("a.svg").exists());
}
