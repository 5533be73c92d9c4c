//! Files of words with vectors: files of other programs are read bit for bit, our own round-trip, and `inspect` describes both.
//!
//! `tests/golden/formats` was written by gensim, NumPy, safetensors and transformers (`scripts/golden_formats.py`).

mod harness;

use std::path::{Path, PathBuf};

use ::wordspace::data::formats::{self, Format, Reading};
use ::wordspace::data::{Error, WordVectors, generator};
use ::wordspace::explore::{Opened, Source, TableChoice};
use chacha20::rand_core::Rng;
use harness::{Folder, golden, names};
use serde_json::{Value, json};

fn sample(name: &str) -> PathBuf {
    golden("formats").join(name)
}

fn expected() -> Value {
    serde_json::from_slice(&std::fs::read(sample("expected.json")).unwrap()).unwrap()
}

#[track_caller]
fn open(path: &Path, table: TableChoice, limit: Option<usize>) -> Opened {
    Source::parse(path.to_str().unwrap(), table).and_then(|source| source.open(limit)).unwrap()
}

fn words(vectors: &WordVectors) -> Vec<String> {
    (0..vectors.len() as u32).map(|row| vectors.word(row).into_owned()).collect()
}

fn bits(vectors: &WordVectors) -> Vec<u32> {
    (0..vectors.len() as u32).flat_map(|row| vectors.row(row).iter().map(|x| x.to_bits()).collect::<Vec<_>>()).collect()
}

/// The file `name` is of `kind`, and has the content that was recorded when it was written.
#[track_caller]
fn reads(name: &str, kind: &str) {
    let (expected, opened) = (expected(), open(&sample(name), TableChoice::Token, None));
    assert_eq!(opened.kind.to_string(), kind);
    assert_eq!(json!(words(&opened.vectors)), expected["words"], "{name}");
    assert_eq!(json!(bits(&opened.vectors)), expected["bits"][name], "{name}");
    assert!(opened.report.is_whole() && opened.report.rows_read == 7, "{:?}", opened.report);
}

#[test]
fn files_of_gensim_and_the_original_tools_are_read_bit_for_bit() {
    reads("gensim.bin", "word2vec binary");
    reads("word2vec-c.bin", "word2vec binary");
    reads("gensim.txt", "word2vec text");
    reads("fasttext.vec", "word2vec text");
    reads("glove.txt", "GloVe text");
}

#[test]
fn numpy_arrays_of_every_version_and_width_are_read_bit_for_bit() {
    reads("f4.npy", "NumPy array");
    reads("f8.npy", "NumPy array");
    reads("f2.npy", "NumPy array");
}

#[test]
fn safetensors_projector_and_csv_files_are_read_bit_for_bit() {
    reads("table.safetensors", "safetensors");
    reads("vectors.tsv", "Projector TSV");
    reads("table.csv", "CSV");
}

#[test]
fn transformers_gpt2_is_read_whole_in_parts_and_in_bf16() {
    let expected = expected();
    for (name, dtype) in [("gpt2", "float32"), ("gpt2-parts", "float32"), ("gpt2-bf16", "bfloat16")] {
        let opened = open(&sample(name), TableChoice::Token, None);
        assert_eq!(words(&opened.vectors), ["a", " cat", " dog", "ü", "<0xC3>", "\n", "<|endoftext|>"], "{name}");
        assert_eq!(json!(opened.spellings), expected["spellings"], "{name}");
        assert_eq!(json!(bits(&opened.vectors)), expected["bits"][name], "{name}");
        assert_eq!(opened.dtype.to_string(), dtype);
        assert_eq!(opened.parameters.iter().map(|p| p.count()).sum::<usize>(), 28 + 24 + 2 * 244 + 8, "{name}");
    }
    let positions = open(&sample("gpt2-parts"), TableChoice::Position, None);
    assert_eq!(words(&positions.vectors), ["0", "1", "2", "3", "4", "5"]);
    assert_eq!(json!(bits(&positions.vectors)), expected["positions"]);
}

#[test]
fn the_file_of_a_model_reads_as_its_folder() {
    let opened = open(&sample("gpt2/model.safetensors"), TableChoice::Token, None);
    assert_eq!(json!(bits(&opened.vectors)), expected()["bits"]["gpt2"]);
    assert_eq!(opened.vectors.find(" cat"), Some(1));
}

#[test]
fn a_limit_reads_the_first_rows() {
    for name in ["gensim.bin", "gensim.txt", "glove.txt", "f8.npy", "table.safetensors", "vectors.tsv", "table.csv"] {
        let (all, some) =
            (open(&sample(name), TableChoice::Token, None), open(&sample(name), TableChoice::Token, Some(3)));
        assert_eq!(words(&some.vectors), words(&all.vectors)[..3], "{name}");
        assert_eq!(bits(&some.vectors), bits(&all.vectors)[..15], "{name}");
        assert!(some.report.is_whole(), "{name}");
    }
    assert_eq!(words(&open(&sample("gpt2"), TableChoice::Token, Some(2)).vectors), ["a", " cat"]);
}

/// Random words, and finite floats of every magnitude.
fn random_table(seed: u64, alphabet: &str) -> WordVectors {
    let mut random = generator(seed, "round trips", 0);
    let (rows, dimension) = (1 + seed as usize % 40, 2 + (seed / 7) as usize % 20);
    let letters: Vec<char> = alphabet.chars().collect();
    let mut letter = || letters[random.next_u32() as usize % letters.len()];
    let words = (0..rows).map(|row| format!("{}{row}{}", letter(), letter())).collect();
    let floats = std::iter::repeat_with(|| f32::from_bits(random.next_u32())).filter(|x| x.is_finite());
    WordVectors::new(words, floats.take(rows * dimension).collect(), dimension)
}

#[test]
fn every_format_round_trips_bit_for_bit() {
    let folder = Folder::new();
    for format in Format::WRITTEN {
        // The characters that words in this format may have.
        let alphabet = match format {
            Format::Csv | Format::Safetensors => "aü語😀, \"'\n\r\t;#",
            Format::Npy => "aü語😀, \"'\t;#",
            Format::Projector => "aü語😀, \"';#",
            _ => "aü語😀,\"';#\u{A0}",
        };
        for seed in 0..150 {
            let (vectors, path) = (random_table(seed, alphabet), folder.join(&format!("{seed}.{}", format.name())));
            let written = formats::write(&path, format, &vectors, None, None).unwrap();
            assert_eq!(written.bytes, written.files.iter().map(|file| file.metadata().unwrap().len()).sum::<u64>());
            let found = Format::of(&path).unwrap();
            assert_eq!(found, format, "seed {seed}");
            let back = formats::read(&path, found, &Reading { strict: true, ..Reading::default() }).unwrap().vectors;
            assert_eq!(words(&back), words(&vectors), "{format}, seed {seed}");
            assert_eq!(bits(&back), bits(&vectors), "{format}, seed {seed}");
        }
    }
}

#[test]
fn unrepresentable_words_are_refused_and_nothing_is_written() {
    let folder = Folder::new();
    for (format, word) in [
        (Format::Word2vecBinary, "New York"),
        (Format::Word2vecText, "New York"),
        (Format::Glove, "two\nlines"),
        (Format::Npy, "two\nlines"),
        (Format::Projector, "a\ttab"),
        (Format::Projector, " "),
    ] {
        let vectors = WordVectors::new(vec!["cat".into(), word.into()], vec![1.0, 2.0, 3.0, 4.0], 2);
        let error = formats::write(&folder.join("new"), format, &vectors, None, None).unwrap_err();
        assert!(
            matches!(error, Error::CannotHold { .. }) && error.to_string().contains(&format!("{word:?}")),
            "{error}"
        );
    }
    assert_eq!(names(folder.path()), Vec::<String>::new());
}

#[test]
fn words_that_would_not_be_read_again_are_refused() {
    let folder = Folder::new();
    let refused = |format: Format, word: &str| {
        let vectors = WordVectors::new(vec![word.into(), "cat".into()], vec![1.0, 2.0, 3.0, 4.0], 2);
        formats::write(&folder.join("new"), format, &vectors, None, None).err().map(|error| error.to_string())
    };
    for format in [Format::Glove, Format::Npy, Format::Projector] {
        let error = refused(format, "\u{feff}dog").expect("the file would begin with a byte order mark");
        assert!(error.contains("byte order mark"), "{error}");
    }
    let error = refused(Format::Word2vecBinary, &"a".repeat(4095)).expect("the longest word has 4094 bytes");
    assert!(error.contains("at most 4094 bytes"), "{error}");
    assert_eq!(names(folder.path()), Vec::<String>::new());
    assert_eq!(refused(Format::Word2vecBinary, &"a".repeat(4094)), None);
    let longest = formats::read(&folder.join("new"), Format::Word2vecBinary, &Reading::default()).unwrap().vectors;
    assert_eq!(longest.word(0).len(), 4094);
}

#[test]
fn inspect_describes_a_file_and_a_model() {
    let folder = Folder::new();
    let seen = folder.run(&["inspect", sample("gensim.bin").to_str().unwrap(), "--json"]).succeeds().json();
    assert_eq!(seen["vocab_size"], 7);
    assert_eq!(seen["dimension"], 5);
    assert_eq!(seen["shape"], json!([7, 5]));
    assert_eq!(seen["dtype"], "float32");
    assert_eq!(seen["first_words"][3], "Zürich");
    assert_eq!(seen["report"]["rows_read"], 7);
    assert_eq!(seen["parameters"], json!([]));

    let told = folder.run(&["inspect", sample("gpt2").to_str().unwrap()]).succeeds().stdout;
    for line in ["shape       [7, 4]", "positions   [6, 4]", "2 x 4 x 12", "100.0 %", "\" cat\""] {
        assert!(told.contains(line), "{line:?} is not in: {told}");
    }
}

#[test]
fn inspect_shows_the_shapes_of_gpt2() {
    let folder = Folder::new();
    std::fs::create_dir(folder.join("gpt2")).unwrap();
    let (tokens, positions) = (50_257 * 768 * 4, 1024 * 768 * 4);
    let header = json!({
        "wte.weight": { "dtype": "F32", "shape": [50_257, 768], "data_offsets": [0, tokens] },
        "wpe.weight": { "dtype": "F32", "shape": [1024, 768], "data_offsets": [tokens, tokens + positions] },
    });
    let header = header.to_string();
    let start = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat();
    folder.write("gpt2/config.json", r#"{"model_type": "gpt2"}"#).write("gpt2/model.safetensors", &start);
    // The values are zeros in a sparse file.
    let file = std::fs::OpenOptions::new().write(true).open(folder.join("gpt2/model.safetensors")).unwrap();
    file.set_len((start.len() + tokens + positions) as u64).unwrap();
    let seen = folder.run(&["inspect", "gpt2", "--json"]).succeeds().json();
    assert_eq!((&seen["vocab_size"], &seen["dimension"]), (&json!(50_257), &json!(768)));
    assert_eq!((&seen["shape"], &seen["positions"]), (&json!([50_257, 768]), &json!([1024, 768])));
    assert_eq!((&seen["first_words"][0], &seen["last_words"][7]), (&json!("!"), &json!("<|endoftext|>")));
}

#[test]
fn inspect_computes_norms_as_numpy_does() {
    let folder = Folder::new();
    folder.write("v.txt", "3 2\na 3 4\nb 0 2\nc 0 -1\n");
    let seen = folder.run(&["inspect", "v.txt", "--json"]).succeeds().json();
    assert_eq!(seen["norms"], json!({ "min": 1.0, "median": 2.0, "max": 5.0 }));
}

#[test]
fn a_run_can_be_opened_at_every_saved_step() {
    let folder = Folder::new();
    folder.train_small("toy", &["--steps", "10"]).succeeds();
    let newest = folder.run(&["inspect", "runs/toy", "--json"]).succeeds().json();
    assert_eq!((&newest["vocab_size"], &newest["dimension"], &newest["step"]), (&json!(376), &json!(16), &json!(10)));
    assert_eq!(newest["positions"], json!([16, 16]));
    let share: f64 = newest["parameters"].as_array().unwrap().iter().map(|p| p["share"].as_f64().unwrap()).sum();
    assert!((share - 1.0).abs() < 1e-9 && newest["parameters"][0]["name"] == "wte.weight");

    let at = |source: &str| folder.run(&["inspect", source, "--json"]).succeeds().json()["norms"].clone();
    assert_eq!(at("runs/toy@10"), newest["norms"]);
    assert_ne!(at("runs/toy@0"), newest["norms"]);
    assert_eq!(at("runs/toy/vectors/step-000010.safetensors"), newest["norms"]);

    let opened = open(&folder.join("runs/toy"), TableChoice::Token, None);
    assert!(opened.classes.values().flatten().any(|word| word == "cat"));
    assert_eq!(opened.counts.as_ref().map(Vec::len), Some(376));
    assert!(opened.tokenizer.is_some_and(|path| path.is_file()));
}

#[test]
fn byte_level_words_are_shown_as_text_and_written_as_spelled() {
    let folder = Folder::new();
    folder.train_small("bytes", &["--steps", "1", "--set", "data.tokenizer=bpe:300"]).succeeds();
    let opened = open(&folder.join("runs/bytes"), TableChoice::Token, None);
    let row = opened.vectors.find(" the").expect("a frequent word is one token");
    assert_eq!(opened.spellings.unwrap()[row as usize], "Ġthe");
    folder.run(&["convert", "runs/bytes", "bytes.bin"]).succeeds();
    let back = open(&folder.join("bytes.bin"), TableChoice::Token, None);
    assert_eq!(back.vectors.find("Ġthe"), Some(row));
}

#[test]
fn an_exported_run_has_the_vectors_of_the_run() {
    let folder = Folder::new();
    folder.train_small("toy", &["--steps", "5"]).succeeds();
    folder.run(&["export", "runs/toy", "toy-gpt2"]).succeeds();
    let (run, export) = (folder.join("runs/toy"), folder.join("toy-gpt2"));
    let (run, export) = (open(&run, TableChoice::Token, None), open(&export, TableChoice::Token, None));
    assert_eq!((words(&run.vectors), bits(&run.vectors)), (words(&export.vectors), bits(&export.vectors)));
}

#[test]
fn convert_keeps_every_bit_through_all_formats() {
    let folder = Folder::new();
    let mut source = sample("f4.npy").to_str().unwrap().to_string();
    for (nth, to) in ["bin", "csv", "txt", "safetensors", "tsv", "vec", "npy", "bin"].into_iter().enumerate() {
        let file = format!("{nth}.{to}");
        let done = folder.run(&["convert", &source, &file, "--json"]).succeeds().json();
        assert_eq!((&done["rows"], &done["dimension"]), (&json!(7), &json!(5)));
        let files = done["files"].as_array().unwrap().iter().map(|file| folder.join(file.as_str().unwrap()));
        assert_eq!(done["bytes"], json!(files.map(|file| file.metadata().unwrap().len()).sum::<u64>()));
        source = file;
    }
    let last = open(&folder.join(&source), TableChoice::Token, None);
    assert_eq!(json!(bits(&last.vectors)), expected()["bits"]["f4.npy"]);
}
