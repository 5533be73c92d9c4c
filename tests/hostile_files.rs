//! Truncated, damaged and malicious files and requests: reading them ends without a panic, and without allocating much more
//! memory than they have bytes. `fuzz/targets` says what else is promised of each kind.

#[path = "../fuzz/targets/mod.rs"]
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use chacha20::ChaCha8Rng;
use chacha20::rand_core::Rng;
use serde_json::{Value, json};
use wordspace::data::formats::{self, Format, Reading};
use wordspace::data::{NamedTensor, WordVectors, below, generator, sha256_of_file};
use wordspace::learn::State;
use wordspace::learn::checkpoint::Checkpoint;
use wordspace::learn::config::Config;
use wordspace::model::huggingface;
use wordspace::model::parameters::{HostTensor, HostTensors};
use wordspace::train::checkpoint::Checkpoints;

use targets::{bounded, measured};

fn table() -> WordVectors {
    let words = ["cat", "dog", "Zürich", "語", "1984", "don't"].map(String::from).to_vec();
    let values = (0..18).map(|n| (n as f32 - 9.0) / 7.0).collect();
    WordVectors::new(words, values, 3)
}

/// Writes the table in `format`; returns its folder and its path.
fn written(format: Format) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("vectors.{}", format.name()));
    formats::write(&path, format, &table(), None, None).unwrap();
    (folder, path)
}

#[track_caller]
fn truncated_anywhere(format: Format) {
    let (_folder, path) = written(format);
    let (whole, original) = (std::fs::read(&path).unwrap(), table());
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        let loaded = bounded(whole.len(), || formats::read(&path, format, &Reading::default()).ok());
        let Some(loaded) = loaded else { continue };
        // The rows that were read are the first rows of the table. In text the last number may be truncated but valid.
        let rows = loaded.vectors.len() as u32;
        let is_text = !matches!(format, Format::Word2vecBinary | Format::Npy | Format::Safetensors);
        for row in 0..rows.saturating_sub(u32::from(is_text)) {
            assert_eq!(loaded.vectors.word(row), original.word(row), "{format} truncated to {length}");
            assert_eq!(loaded.vectors.row(row), original.row(row), "{format} truncated to {length}");
        }
    }
}

/// A damaged copy of `whole`.
fn damaged(whole: &[u8], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut copy = whole.to_vec();
    for _ in 0..1 + below(random, 3) {
        if copy.is_empty() {
            break;
        }
        let at = below(random, copy.len() as u64) as usize;
        match below(random, 7) {
            0 => copy[at] ^= 1 << below(random, 8),
            1 => copy[at] = random.next_u32() as u8,
            2 => copy.insert(at, [b' ', b'\n', b'\t', b'"', b',', 0, 0xFF][below(random, 7) as usize]),
            3 => {
                copy.remove(at);
            }
            // A wrong number: nines instead of the next digit.
            4 => {
                let digit = copy[at..].iter().position(u8::is_ascii_digit).map(|next| at + next);
                digit.into_iter().for_each(|at| drop(copy.splice(at..=at, *b"999999999")));
            }
            5 => copy.truncate(at),
            _ => {
                let from = below(random, copy.len() as u64) as usize;
                let part = copy[from..].iter().copied().take(20).collect::<Vec<_>>();
                drop(copy.splice(at..at, part));
            }
        }
    }
    copy
}

/// How many damaged copies of each file are read. `WORDSPACE_DAMAGED_COPIES` asks for more.
fn copies() -> u64 {
    std::env::var("WORDSPACE_DAMAGED_COPIES").map_or(1000, |copies| copies.parse().expect("a number of copies"))
}

/// Calls `read` with `whole` and damaged copies of it; the message of a panic shows the input.
fn survives(name: &str, whole: &[u8], read: impl Fn(&[u8])) {
    let number = name.bytes().fold(0_u64, |number, byte| number.wrapping_mul(31).wrapping_add(byte.into()));
    for case in 0..=copies() {
        let input = match case {
            0 => whole.to_vec(),
            _ => damaged(whole, &mut generator(case, "damaged", number)),
        };
        if catch_unwind(AssertUnwindSafe(|| read(&input))).is_err() {
            panic!("copy {case} of {name}: b\"{}\"", input.escape_ascii());
        }
    }
}

/// The inputs in the corpus of `target`, each with its name.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
        .iter()
        .map(|file| (format!("{target}/{}", file.file_name().unwrap().display()), std::fs::read(file).unwrap()))
        .collect()
}

/// The promises of `target` hold for its corpus and damaged copies of it.
fn holds(target: &str) {
    let (_, read) = targets::ALL.into_iter().find(|(name, _)| *name == target).expect("it is a target");
    for (name, whole) in corpus(target) {
        survives(&name, &whole, read);
    }
}

#[test]
fn peak_memory_is_measured() {
    let (block, most) = measured(|| vec![0_u8; 1 << 20]);
    assert!(most >= block.len() && most < 2 * block.len(), "{most}");
}

#[test]
fn a_word2vec_binary_file() {
    truncated_anywhere(Format::Word2vecBinary);
    holds("word2vec_binary");
}

#[test]
fn a_word2vec_text_file() {
    truncated_anywhere(Format::Word2vecText);
    holds("word2vec_text");
}

#[test]
fn a_glove_file() {
    truncated_anywhere(Format::Glove);
    holds("glove");
}

#[test]
fn a_numpy_array() {
    truncated_anywhere(Format::Npy);
    holds("npy");
}

#[test]
fn a_safetensors_file() {
    truncated_anywhere(Format::Safetensors);
    holds("safetensors");
}

#[test]
fn a_projector_pair() {
    truncated_anywhere(Format::Projector);
    holds("projector");
}

#[test]
fn a_csv_file() {
    truncated_anywhere(Format::Csv);
    holds("csv");
}

/// A model is read whole or not at all: only its output table, which no word needs, may be missing.
#[test]
fn a_fasttext_model() {
    for (name, whole) in corpus("fasttext") {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.bin");
        let read = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            bounded(bytes.len(), || formats::read(&path, Format::FastText, &Reading::default()).ok())
        };
        let rows = read(&whole).map(|loaded| loaded.vectors.len());
        for length in 0..whole.len() {
            let found = read(&whole[..length]).map(|loaded| loaded.vectors.len());
            assert!(found.is_none() || found == rows, "{name} truncated to {length}: {found:?} rows");
        }
        for at in 0..whole.len() {
            for byte in [0, 1, 0x7F, 0x80, 0xFF, whole[at] ^ 1, whole[at] ^ 0x80] {
                let changed = [&whole[..at], &[byte], &whole[at + 1..]].concat();
                if let Some(subwords) = read(&changed).and_then(|loaded| loaded.subwords) {
                    let made = bounded(whole.len(), || subwords.vector("unknown"));
                    assert!(made.is_none_or(|vector| vector.len() == subwords.dimension()), "{name}: {byte} at {at}");
                }
            }
        }
    }
    holds("fasttext");
}

#[test]
fn a_large_table_is_mapped_aligned_or_not() {
    const SHAPE: (usize, usize) = (20_000, 220);
    let values: Vec<f32> = (0..SHAPE.0 * SHAPE.1).map(|nth| nth as f32 / 7.0).collect();
    let table = WordVectors::new((0..SHAPE.0).map(|row| format!("w{row}")).collect(), values, SHAPE.1);
    for format in [Format::Npy, Format::Safetensors, Format::Word2vecBinary] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vectors");
        formats::write(&path, format, &table, None, None).unwrap();
        for (limit, rows) in [(None, SHAPE.0), (Some(100), 100)] {
            let how = Reading { limit, ..Reading::default() };
            let (loaded, most) = measured(|| formats::read(&path, format, &how).unwrap());
            assert!(most < SHAPE.0 * SHAPE.1 * 4 / 2, "{format}: {most} bytes of memory");
            assert_eq!((loaded.vectors.len(), loaded.report.rows_read), (rows, rows as u64));
            assert!((0..rows as u32).all(|row| loaded.vectors.row(row) == table.row(row)), "{format}");
            assert_eq!(loaded.vectors.find("w99"), Some(99));
            let strict = formats::read(&path, format, &Reading { strict: true, ..how }).unwrap();
            assert_eq!(strict.vectors.row(99), table.row(99));
        }
    }
}

#[test]
fn a_gpt2_folder() {
    holds("gpt2");
}

#[test]
fn a_static_embedding() {
    holds("static_embedding");
}

#[test]
fn a_tokenizer() {
    holds("tokenizer");
}

#[test]
fn the_files_of_a_run() {
    holds("run");
}

#[test]
fn the_log_of_a_run() {
    holds("log");
}

#[test]
fn a_configuration_as_the_page_reads_it() {
    holds("config");
}

#[test]
fn a_prepared_text() {
    holds("corpus");
}

#[test]
fn a_token_file() {
    holds("tokens");
}

#[test]
fn a_text() {
    holds("text");
}

#[test]
fn a_file_of_judgements() {
    holds("judgements");
}

#[test]
fn a_request_to_the_page() {
    holds("http");
}

#[test]
fn every_target_has_a_corpus() {
    let folders = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus")).unwrap();
    let mut found: Vec<String> = folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    found.sort();
    assert_eq!(found, targets::ALL.map(|(name, _)| name));
}

/// Accepted input can be written and read again.
#[test]
fn a_configuration() {
    for (name, whole) in corpus("config") {
        survives(&name, &whole, |input| {
            let text = String::from_utf8_lossy(input);
            let Ok(config) = bounded(input.len(), || Config::from_toml(&text, "config.toml", &[])) else { return };
            let again = Config::from_toml(&config.to_toml(), "config.toml", &[]);
            assert_eq!(again.expect("it was accepted before"), config);
        });
    }
}

#[test]
fn the_configuration_of_a_gpt2() {
    for (name, whole) in corpus("gpt2") {
        let config = targets::parts(&whole).next().unwrap_or_default();
        survives(&name, config, |input| {
            let Ok(json) = serde_json::from_slice(input) else { return };
            let Ok(config) = huggingface::config_from_json(&json) else { return };
            let again = huggingface::config_from_json(&huggingface::config_to_json(&config));
            assert_eq!(again.expect("it was accepted before"), config);
        });
    }
}

/// The files of a checkpoint are verified before they are read, and read without a panic even if a manifest vouches for them.
#[test]
fn a_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let mut checkpoints = Checkpoints::new(folder.path().to_path_buf());
    let tensor = || HostTensor { shape: vec![2, 2], values: vec![1.0, 2.0, 3.0, 4.0] };
    let model = HostTensors::from([("wte.weight".to_string(), tensor())]);
    let watched = [("cat".to_string(), NamedTensor { shape: vec![2], values: vec![0.5, 0.25] })].into();
    let state = State { step: 3, first_loss: Some(1.5), ..Default::default() };
    checkpoints.save(&Checkpoint { optimizer: model.clone(), model, watched, state }).unwrap();
    let path = checkpoints.path(3).join("MANIFEST.json");
    let manifest: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    for entry in std::fs::read_dir(checkpoints.path(3)).unwrap() {
        let file = entry.unwrap().path();
        let (name, whole) = (file.file_name().unwrap().display().to_string(), std::fs::read(&file).unwrap());
        survives(&name, &whole, |input| {
            std::fs::write(&file, input).unwrap();
            let (newest, skipped) = bounded(input.len(), || checkpoints.newest()).unwrap();
            assert_eq!(newest.is_some(), skipped.is_empty(), "{skipped:?}");
            if name != "MANIFEST.json" {
                assert!(newest.is_none() || input == whole, "damage went unnoticed");
                let (sha256, bytes) = sha256_of_file(&file).unwrap();
                let mut vouching = manifest.clone();
                vouching["files"][&name] = json!({ "bytes": bytes, "sha256": sha256 });
                std::fs::write(&path, vouching.to_string()).unwrap();
                bounded(input.len(), || checkpoints.newest()).unwrap();
                std::fs::write(&path, manifest.to_string()).unwrap();
            }
        });
        std::fs::write(&file, &whole).unwrap();
    }
}
