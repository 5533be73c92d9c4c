//! What is near what: gensim's answers, the words a person meets when one is unknown, and the index.

mod harness;

use std::path::PathBuf;

use harness::answers::{answers, texts};
use harness::{Done, Folder, golden_json, names};
use serde_json::Value;

/// A word2vec binary file.
fn word2vec(rows: &[(&str, &[f32])]) -> Vec<u8> {
    let mut bytes = format!("{} {}\n", rows.len(), rows[0].1.len()).into_bytes();
    for (word, numbers) in rows {
        bytes.extend(word.bytes().chain([b' ']).chain(numbers.iter().flat_map(|x| x.to_le_bytes())));
    }
    bytes
}

#[test]
fn neighbours_and_analogies_are_gensims() {
    let folder = Folder::with_golden_vectors();
    let golden: Value = golden_json("gensim.json");
    for question in golden["most_similar"].as_array().unwrap() {
        let (positive, negative) = (texts(&question["positive"]), texts(&question["negative"]));
        let (arguments, list) = match negative[..] {
            [] => ([&["neighbors", "vectors.bin"], &positive[..]].concat(), "neighbors"),
            [a] => (vec!["analogy", "vectors.bin", a, positive[0], positive[1]], "answers"),
            _ => unreachable!("the golden file has analogies and sums"),
        };
        let result = folder.run(&[&arguments[..], &["--json"]].concat()).succeeds().json();
        let (ours, theirs) = (answers(&result[list]), answers(&question["answers"]));
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert!(ours.0 == theirs.0 && (ours.1 - theirs.1).abs() < 1e-5, "{arguments:?}: {ours:?} {theirs:?}");
        }
    }
}

#[test]
fn similarities_are_gensims() {
    let folder = Folder::with_golden_vectors();
    let golden: Value = golden_json("gensim.json");
    for pair in golden["similarity"].as_array().unwrap() {
        let (a, b) = (pair["a"].as_str().unwrap(), pair["b"].as_str().unwrap());
        let result = folder.run(&["similarity", "vectors.bin", a, b, "--json"]).succeeds().json();
        assert!((result["cosine"].as_f64().unwrap() - pair["cosine"].as_f64().unwrap()).abs() < 1e-5, "{a} {b}");
    }
}

/// What words share hides what sets them apart: seen from the mean, the near pair is near and the others are not.
#[test]
fn seen_from_the_mean_what_all_words_share_is_left_out() {
    let folder = Folder::new();
    let rows: Vec<(String, [f32; 3])> = (0..40)
        .map(|nth| {
            let turn = nth as f32 / 40.0 * std::f32::consts::TAU;
            (format!("w{nth}"), [100.0, turn.cos(), turn.sin()])
        })
        .collect();
    let rows: Vec<(&str, &[f32])> = rows.iter().map(|(word, row)| (word.as_str(), &row[..])).collect();
    folder.write("drifted.bin", word2vec(&rows));
    let json = |arguments: &[&str]| folder.run(&[arguments, &["--json"]].concat()).succeeds().json();
    let opposite = json(&["similarity", "drifted.bin", "w0", "w20"]);
    assert!(opposite["cosine"].as_f64().unwrap() > 0.999 && opposite["centred"].as_f64().unwrap() < -0.999);
    assert!(opposite["percentile"].as_f64().unwrap() < 5.0);
    let near = json(&["similarity", "drifted.bin", "w0", "w1"]);
    assert!(near["percentile"].as_f64().unwrap() > 90.0);
    let neighbours = answers(&json(&["neighbors", "drifted.bin", "w0", "--centred", "--top", "2"])["neighbors"]);
    assert_eq!(neighbours.iter().map(|(word, _)| word.as_str()).collect::<Vec<_>>(), ["w1", "w39"]);
    assert!((neighbours[0].1 - (std::f64::consts::TAU / 40.0).cos()).abs() < 1e-4);
}

#[test]
fn a_person_sees_a_table_and_the_next_command_and_a_pipe_only_the_table() {
    let folder = Folder::with_golden_vectors();
    let done = folder.run(&["neighbors", "vectors.bin", "cat", "--top", "3"]).succeeds();
    assert!(done.stdout.starts_with("nearest to cat among 300 words, by cosine\n   1  dog"), "{}", done.stdout);
    assert_eq!(done.stdout.lines().count(), 4);
    assert!(done.stderr.contains("wordspace neighbors vectors.bin cat --centred"), "{}", done.stderr);
    let done = folder.run(&["analogy", "vectors.bin", "man", "king", "woman"]).succeeds();
    assert!(done.stdout.starts_with("man is to king as woman is to\n   1  queen"), "{}", done.stdout);
    let done = folder.run(&["similarity", "vectors.bin", "cat", "dog", "--quiet"]).succeeds();
    assert!(done.stdout.contains("percentile among random pairs") && done.stderr.is_empty(), "{}", done.stderr);
}

#[test]
fn a_run_is_asked_as_a_file_is_at_any_of_its_steps() {
    let folder = Folder::new();
    folder.train_small("toy", &["--steps", "10"]).succeeds();
    let newest = folder.run(&["similarity", "runs/toy", "cat", "dog", "--json"]).succeeds().json();
    let first = folder.run(&["similarity", "runs/toy@0", "cat", "dog", "--json"]).succeeds().json();
    assert!(newest["cosine"] != first["cosine"]);
    let places = folder.run(&["neighbors", "runs/toy", "3", "--table", "position", "--json"]).succeeds().json();
    assert_eq!(answers(&places["neighbors"]).len(), 10);
}

mod unknown_words {
    use super::*;

    /// A file of nine words, two of them without a direction.
    fn folder() -> Folder {
        let folder = Folder::new();
        let rows: [(&str, &[f32]); 9] = [
            ("king", &[1.0, 0.0]),
            ("Paris", &[1.0, 1.0]),
            ("New_York", &[0.5, 1.0]),
            ("naïve", &[0.2, 1.0]),
            ("NASA", &[0.1, 1.0]),
            ("zero", &[0.0, 0.0]),
            ("broken", &[f32::NAN, 1.0]),
            ("east", &[3.0, 0.0]),
            ("west", &[-5.0, 0.0]),
        ];
        folder.write("words.bin", word2vec(&rows));
        folder
    }

    #[track_caller]
    fn check(words: &[&str], said: &str) {
        folder().run(&[&["neighbors", "words.bin"], words].concat()).fails(3, &[said]);
    }

    #[test]
    fn letters_exchanged() {
        check(&["kign"], r#""kign" is not among the 8 words of words.bin; did you mean "king"?"#);
    }

    #[test]
    fn a_letter_too_many() {
        check(&["kingg"], r#"did you mean "king"?"#);
    }

    #[test]
    fn small_letters_for_a_name() {
        check(&["paris"], r#"did you mean "Paris"?"#);
    }

    #[test]
    fn a_capital_for_a_common_word() {
        check(&["King"], r#"did you mean "king"?"#);
    }

    #[test]
    fn an_abbreviation_in_small_letters() {
        check(&["nasa"], r#"did you mean "NASA""#);
    }

    #[test]
    fn a_space_where_the_file_has_a_line() {
        check(&["new york"], r#"did you mean "New_York"?"#);
    }

    #[test]
    fn an_accent_left_out() {
        check(&["naive"], r#"did you mean "naïve"?"#);
    }

    #[test]
    fn a_space_before_a_word_that_has_none() {
        check(&[" king"], r#"did you mean "king"?"#);
    }

    #[test]
    fn the_second_of_several() {
        check(&["king", "qeen"], r#""qeen" is not among"#);
    }

    #[test]
    fn nothing_like_it() {
        let done = folder().run(&["neighbors", "words.bin", "xylophone"]).fails(3, &["\"xylophone\" is not among"]);
        assert!(!done.stderr.contains("did you mean"), "{}", done.stderr);
    }

    #[test]
    fn no_word_at_all() {
        check(&[""], r#""" is not among the 8 words"#);
        folder().run(&["neighbors", "words.bin"]).fails(2, &["WORD"]);
    }

    #[test]
    fn a_word_behind_the_limit() {
        folder().run(&["neighbors", "words.bin", "NASA", "--limit", "4"]).fails(3, &["the 4 words of words.bin"]);
    }

    #[test]
    fn in_a_similarity_and_in_an_analogy() {
        let folder = folder();
        folder.run(&["similarity", "words.bin", "king", "Prais"]).fails(3, &[r#"did you mean "Paris"?"#]);
        folder.run(&["analogy", "words.bin", "king", "paris", "NASA"]).fails(3, &[r#"did you mean "Paris"?"#]);
        folder.run(&["analogy", "words.bin", "king", "Paris"]).fails(2, &["3 values required"]);
    }

    /// GPT-2's vocabulary, and every one learned by byte pairs, has words with the space before them.
    #[test]
    fn a_space_left_out_before_a_word_of_byte_pairs() {
        let folder = Folder::new();
        folder.write("text.txt", "the bank is near the river bank , the bank is old .\n".repeat(60));
        folder.train_small("bpe", &["--steps", "1", "--text", "text.txt", "--tokenizer", "bpe:290"]).succeeds();
        folder.run(&["neighbors", "runs/bpe", "bank"]).fails(3, &[r#"did you mean " bank""#]);
        let done = folder.run(&["neighbors", "runs/bpe", " bank", "--top", "3"]).succeeds();
        assert!(done.stderr.contains("runs/bpe ' bank' --centred"), "{}", done.stderr);
    }

    #[test]
    fn vectors_that_point_nowhere() {
        let folder = folder();
        folder.run(&["neighbors", "words.bin", "zero"]).fails(2, &["\"zero\"", "no direction"]);
        folder.run(&["neighbors", "words.bin", "east", "west"]).fails(2, &["\"west\"", "no direction"]);
        folder
            .run(&["neighbors", "words.bin", "broken"])
            .fails(3, &["1 with NaN or infinity", "\"broken\" is not among"]);
        let found = folder.run(&["neighbors", "words.bin", "king", "--json"]).succeeds().json();
        assert!(answers(&found["neighbors"]).iter().all(|(word, _)| word != "broken"));
    }

    #[test]
    fn a_number_of_neighbours_or_rows_that_is_none() {
        folder().run(&["neighbors", "words.bin", "king", "--top", "0"]).fails(2, &["--top"]);
        folder().run(&["neighbors", "words.bin", "king", "--limit", "0"]).fails(2, &["--limit"]);
        folder().run(&["neighbors", "words.bin", "king", "--table", "both"]).fails(2, &["token, position"]);
    }
}

mod the_index {
    use super::*;

    /// A file large enough to be indexed, and a cache beside it.
    pub struct Indexed {
        pub folder: Folder,
        file: PathBuf,
    }

    impl Indexed {
        pub fn new() -> Self {
            let folder = Folder::new();
            std::fs::create_dir(folder.join("data")).unwrap();
            let indexed = Self { file: folder.join("data/vectors.bin"), folder };
            indexed.write(1);
            indexed
        }

        /// 17 MB of 20,000 rows that `seed` turns round.
        fn write(&self, seed: usize) {
            let row =
                |row: usize| (0..220).map(|at| ((row * 31 + at * at * at * seed) % 100_003) as f32 - 5e4).collect();
            let rows: Vec<(String, Vec<f32>)> = (0..20_000).map(|nth| (format!("w{nth}"), row(nth))).collect();
            let rows: Vec<(&str, &[f32])> = rows.iter().map(|(word, row)| (word.as_str(), &row[..])).collect();
            std::fs::write(&self.file, word2vec(&rows)).unwrap();
        }

        fn neighbours(&self, more: &[&str]) -> Value {
            let arguments = [&["neighbors", "data/vectors.bin", "w7", "--json"], more].concat();
            let output = self.folder.command(&arguments).env("WORDSPACE_CACHE", self.folder.join("cache")).output();
            Done::of(output.unwrap()).succeeds().json()["neighbors"].clone()
        }

        /// Writes NaN into the vector of w11, whose word stays.
        pub fn break_a_row(&self) {
            let mut bytes = std::fs::read(&self.file).unwrap();
            let word = bytes.windows(4).position(|window| window.starts_with(b"w11 ")).unwrap();
            bytes[word + 8..word + 12].copy_from_slice(&f32::NAN.to_le_bytes());
            std::fs::write(&self.file, bytes).unwrap();
        }

        /// The only file in the cache.
        fn index(&self) -> PathBuf {
            let names = names(&self.folder.join("cache"));
            assert_eq!(names.len(), 1, "{names:?}");
            self.folder.join("cache").join(&names[0])
        }
    }

    #[test]
    fn lies_in_the_cache_alone_and_changes_no_answer() {
        let indexed = Indexed::new();
        let first = indexed.neighbours(&[]);
        let bytes = std::fs::read(indexed.index()).unwrap();
        assert_eq!(indexed.neighbours(&[]), first);
        assert_eq!(std::fs::read(indexed.index()).unwrap(), bytes);
        assert_eq!(names(&indexed.folder.join("data")), ["vectors.bin"]);
    }

    #[test]
    fn that_is_damaged_or_cut_is_made_again() {
        let indexed = Indexed::new();
        let first = indexed.neighbours(&[]);
        let whole = std::fs::read(indexed.index()).unwrap();
        let mut damaged = whole.clone();
        // The place of the row that is asked for.
        damaged[16 * 8 + 7 * 8 + 3] ^= 0xFF;
        for bad in [&damaged[..], &whole[..whole.len() / 2], b"", b"not an index"] {
            std::fs::write(indexed.index(), bad).unwrap();
            assert_eq!(indexed.neighbours(&[]), first);
            assert!(std::fs::read(indexed.index()).unwrap() == whole);
        }
    }

    #[test]
    fn of_a_file_that_has_changed_is_made_again() {
        let indexed = Indexed::new();
        let modified = std::fs::metadata(&indexed.file).unwrap().modified().unwrap();
        let first = indexed.neighbours(&[]);
        indexed.write(2);
        // Even where size and time are the same.
        std::fs::File::options().write(true).open(&indexed.file).unwrap().set_modified(modified).unwrap();
        let second = indexed.neighbours(&[]);
        assert!(second != first);
        assert_eq!(indexed.neighbours(&[]), second);
    }

    #[test]
    fn is_not_made_with_a_limit_or_where_it_cannot_be() {
        let indexed = Indexed::new();
        indexed.neighbours(&["--limit", "100"]);
        assert!(!indexed.folder.join("cache").exists());
        indexed.folder.write("cache", "a file in the way");
        assert_eq!(answers(&indexed.neighbours(&[])).len(), 10);
        assert_eq!(std::fs::read(indexed.folder.join("cache")).unwrap(), b"a file in the way");
    }
}

/// A large file is not searched for them when it is opened: they are met when vectors are multiplied.
#[test]
fn rows_of_a_large_file_that_are_not_finite_are_reported_and_skipped() {
    let indexed = the_index::Indexed::new();
    indexed.break_a_row();
    let run = |arguments: &[&str]| indexed.folder.run(&[arguments, &["--limit", "19999"]].concat());
    let told = "1 of 19999 rows with NaN or infinity were left out; the first is \"w11\"";
    for arguments in [
        &["neighbors", "data/vectors.bin", "w7", "--top", "20000", "--json"][..],
        &["neighbors", "data/vectors.bin", "w7", "--top", "20000", "--json", "--centred"],
        &["analogy", "data/vectors.bin", "w7", "w8", "w9", "--top", "20000", "--json"],
    ] {
        let done = run(arguments).succeeds();
        assert!(done.stderr.contains(told), "{}", done.stderr);
        let (result, list) = (done.json(), if arguments[0] == "analogy" { "answers" } else { "neighbors" });
        let words = answers(&result[list]);
        assert!(words.len() > 19_990 && words.iter().all(|(word, cosine)| word != "w11" && cosine.is_finite()));
    }
    for arguments in
        [&["similarity", "data/vectors.bin", "w7", "w8", "--json"][..], &["inspect", "data/vectors.bin", "--json"]]
    {
        let done = run(arguments).succeeds();
        assert!(done.stderr.contains(told), "{}", done.stderr);
        assert!(done.json()["percentile"].is_number() || done.json()["norms"]["max"].is_number());
    }
    let done = run(&["convert", "data/vectors.bin", "v.npy"]).succeeds();
    assert!(done.stderr.contains("1 rows with NaN or infinity were written as they are"), "{}", done.stderr);
    run(&["neighbors", "data/vectors.bin", "w11"]).fails(2, &["\"w11\" has values that are not finite"]);
    run(&["similarity", "data/vectors.bin", "w7", "w11"]).fails(2, &["\"w11\" has values that are not finite"]);
    run(&["project", "data/vectors.bin", "w7", "w8", "w9", "w11", "--to", "p.csv"]).fails(2, &["\"w11\""]);
    run(&["neighbors", "data/vectors.bin", "w7", "--strict"]).fails(3, &["1 with NaN or infinity"]);
}

#[test]
fn a_limit_reads_no_further() {
    let folder = Folder::new();
    let rows: Vec<String> = (0..100).map(|row| format!("w{row}")).collect();
    let rows: Vec<(&str, &[f32])> = rows.iter().map(|word| (word.as_str(), &[1.0, 2.0][..])).collect();
    let whole = word2vec(&rows);
    folder.write("cut.bin", &whole[..whole.len() / 2]);
    let done = folder.run(&["neighbors", "cut.bin", "w3", "--limit", "20", "--top", "100", "--json"]).succeeds();
    assert_eq!(answers(&done.json()["neighbors"]).len(), 19);
    let done = folder.run(&["neighbors", "cut.bin", "w3"]).succeeds();
    assert!(done.stderr.contains("its header promises 100 rows; it has 51"), "{}", done.stderr);
    folder.run(&["neighbors", "cut.bin", "w3", "--strict"]).fails(3, &["cut short by the end of the file"]);
}
