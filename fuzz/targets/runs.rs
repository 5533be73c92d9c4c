//! The files of a run's folder.

use wordspace_data::{Corpus, Text, Tokens, Windows};
use wordspace_explore::evaluation::{read_analogies, read_categories, read_similarity};
use wordspace_explore::{Source, TableChoice, saved_frames};
use wordspace_frames::{Plan, RunLog};

use super::memory::bounded;
use super::{files, vectors};

/// The files of a run's folder, in the order of their parts in an input.
pub const RUN: [&str; 10] = [
    "config.toml",
    "words.json",
    "tokenizer.json",
    "corpus.json",
    "run.json",
    "log.jsonl",
    "vectors/step-000001.safetensors",
    "vectors/step-000002.safetensors",
    "tokens/train.bin",
    "tokens/validation.bin",
];

/// A report shows the run, and a source opens it, whatever its files hold.
pub fn run(data: &[u8]) {
    let folder = files::folder("run", &RUN, data);
    vectors::saved_tables(&folder.join("vectors/step-000001.safetensors"), data.len());
    let frames = bounded(data.len(), || saved_frames(&folder, &[0, 1], None, &|_, _| ())).unwrap_or_default();
    assert!(frames.windows(2).all(|pair| pair[0].1.dimension() == pair[1].1.dimension()), "frames of different widths");
    let name = folder.to_str().expect("temporary folders have simple names");
    for name in [name, &format!("{name}@1")] {
        let opened = Source::parse(name, TableChoice::Token).and_then(|source| source.open(None));
        if let Ok(opened) = opened {
            assert!(
                opened.counts.is_some_and(|counts| counts.len() == opened.vectors.len()),
                "one count for each word"
            );
        }
    }
    // It holds the whole page, so it takes as long as a hundred other inputs.
    if data.len().is_multiple_of(16) {
        let _ = wordspace_serve::report(&folder);
    }
}

/// A prepared text: its ids are below the size of the vocabulary, or are refused.
pub fn corpus(data: &[u8]) {
    let folder = files::folder("corpus", &RUN, data);
    let Ok(corpus) = bounded(data.len(), || Corpus::open(&folder)) else { return };
    let vocab_size = corpus.summary.vocab_size;
    let Ok(windows) = Windows::new(&corpus.train, 4, vocab_size, "the training part", "a text") else { return };
    let batch = windows.random(1, 2, 3);
    assert!(batch.is_err() || batch.is_ok_and(|batch| batch.ids.iter().all(|&id| (id as usize) < vocab_size)));
}

pub fn tokens(data: &[u8]) {
    let Ok(tokens) = bounded(data.len(), || Tokens::open(&files::file("tokens.bin", data))) else { return };
    let mut ids = vec![0; tokens.len() as usize];
    let read = tokens.read(0, &mut ids, 100);
    assert_eq!(read.is_ok(), ids.iter().all(|&id| id < 100));
}

pub fn config(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    assert_eq!(bounded(data.len(), || Plan::from_toml(text.clone())).text, text);
}

pub fn log(data: &[u8]) {
    let mut log = RunLog::default();
    bounded(data.len(), || data.split_inclusive(|&byte| byte == b'\n').for_each(|line| log.add(line)));
    let curves = log.curves();
    assert_eq!(curves.steps.len(), curves.loss.len());
    serde_json::to_string(&curves).expect("curves can be written as JSON");
}

/// The chunks of a text are the text.
pub fn text(data: &[u8]) {
    let Ok(text) = Text::open(&files::file("text.txt", data)) else { return };
    let chunks = bounded(data.len(), || text.chunks(0..text.bytes()).and_then(Iterator::collect::<Result<String, _>>));
    assert_eq!(chunks.ok().as_deref(), std::str::from_utf8(data).ok());
    let cut = text.cut(0.5).expect("the file can be read") as usize;
    assert!(std::str::from_utf8(data).map_or(cut <= data.len(), |text| text.is_char_boundary(cut)), "cut at {cut}");
}

pub fn judgements(data: &[u8]) {
    let path = files::file("judgements.txt", data);
    let pairs = bounded(data.len(), || read_similarity(&path)).unwrap_or_default();
    assert!(pairs.iter().all(|pair| pair.score.is_finite()));
    let _ = bounded(data.len(), || read_analogies(&path));
    let _ = bounded(data.len(), || read_categories(&path));
}
