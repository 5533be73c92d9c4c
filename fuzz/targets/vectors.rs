//! Files of words with vectors: whatever is read is consistent, and can be written and read again.

use std::collections::HashSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use wordspace_data::formats::{self, Format, Gpt2Tables, Loaded, Reading, SavedTables};
use wordspace_data::{Error, WordVectors, read_tensors};

use super::files;
use super::memory::bounded;

/// A scan, as of a large file, finds the same rows.
pub fn word2vec_binary(data: &[u8]) {
    let path = files::file("vectors.bin", data);
    let read = read_as(Format::Word2vecBinary, &path, data.len());
    let scan = |limit| WordVectors::open_word2vec(&path, limit, &|_, _, _| ControlFlow::Continue(()));
    let Ok((scanned, report)) = bounded(data.len(), || scan(None)) else { return };
    let scanned = rows(&scanned);
    // Reading row by row also leaves out rows with values that are not finite, and refuses a file of more bad rows than good ones.
    if are_finite(&scanned) && report.empty + report.repeated <= scanned.len() as u64 {
        assert_eq!(read.map(|vectors| rows(&vectors)).as_ref(), Some(&scanned), "a scan finds other rows");
    }
    let (first, _) = scan(Some(1)).expect("the whole file could be scanned");
    assert!(scanned.starts_with(&rows(&first)), "a scan with a limit finds other rows");
}

pub fn word2vec_text(data: &[u8]) {
    read_as(Format::Word2vecText, &files::file("vectors.txt", data), data.len());
}

pub fn glove(data: &[u8]) {
    read_as(Format::Glove, &files::file("vectors.glove", data), data.len());
}

pub fn projector(data: &[u8]) {
    let folder = files::folder("projector", &["vectors.tsv", "metadata.tsv"], data);
    read_as(Format::Projector, &folder.join("vectors.tsv"), data.len());
    let _ = Format::of(&folder.join("metadata.tsv"));
}

pub fn npy(data: &[u8]) {
    let folder = files::folder("npy", &["vectors.npy", "vectors.words.txt", "words.json", "vocab.json"], data);
    read_as(Format::Npy, &folder.join("vectors.npy"), data.len());
}

/// The `csv` crate finds the same rows.
pub fn csv(data: &[u8]) {
    let path = files::file("vectors.csv", data);
    let Some(vectors) = read_as(Format::Csv, &path, data.len()) else { return };
    let dimension = vectors.dimension();
    let mut reader = csv::ReaderBuilder::new();
    let reader = reader.has_headers(false).flexible(true).terminator(csv::Terminator::Any(b'\n'));
    let mut seen = HashSet::new();
    let expected: Vec<Row> = reader
        .from_reader(data)
        .byte_records()
        .filter_map(|record| {
            let record = record.expect("bytes in memory can be read");
            let value = |field: &[u8]| {
                let value: f32 = std::str::from_utf8(field.trim_ascii()).ok()?.parse().ok()?;
                value.is_finite().then(|| value.to_bits())
            };
            let values: Vec<u32> = record.iter().skip(1).map(value).collect::<Option<_>>()?;
            let word = String::from_utf8_lossy(&record[0]).into_owned();
            let is_row = values.len() == dimension && !word.is_empty() && seen.insert(word.clone());
            is_row.then_some((word, values))
        })
        .collect();
    assert_eq!(rows(&vectors), expected, "the csv crate reads other rows");
}

/// Words have the vectors that their subwords make, and so have words behind a limit.
pub fn fasttext(data: &[u8]) {
    let path = files::file("model.bin", data);
    let Some(vectors) = read_as(Format::FastText, &path, data.len()) else { return };
    let how = Reading { limit: Some(1), ..Reading::default() };
    let Ok(Some(subwords)) =
        bounded(data.len(), || formats::read(&path, Format::FastText, &how).map(|first| first.subwords))
    else {
        return;
    };
    for (word, values) in rows(&vectors) {
        let made = bounded(data.len(), || subwords.vector(&word)).map(|vector| bits(&vector));
        // A word that is not UTF-8 cannot be asked for.
        assert!(made.as_ref() == Some(&values) || word.contains(char::REPLACEMENT_CHARACTER), "{word:?}");
    }
    for unknown in ["", "</s>", "unknown", "ü語😀"] {
        let made = bounded(data.len(), || subwords.vector(unknown));
        assert!(made.is_none_or(|vector| vector.len() == vectors.dimension()), "{unknown:?}");
    }
}

/// The `safetensors` crate accepts the same files and reads the same values.
pub fn safetensors(data: &[u8]) {
    let path = files::folder("safetensors", &["vectors.safetensors", "words.txt"], data).join("vectors.safetensors");
    read_as(Format::Safetensors, &path, data.len());
    let _ = Gpt2Tables::is_in(&path);
    let _ = Gpt2Tables::parameters_of(&path);
    saved_tables(&path, data.len());

    let file = files::parts(data).next().unwrap_or_default();
    let ours = bounded(data.len(), || read_tensors(&path));
    let theirs = ::safetensors::SafeTensors::deserialize(file);
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => {
            assert_eq!(ours.len(), theirs.len());
            for (name, tensor) in theirs.iter() {
                assert_eq!(ours[name].shape, tensor.shape(), "{name}");
                if tensor.dtype() == ::safetensors::Dtype::F32 {
                    let bytes: Vec<u8> = ours[name].values.iter().flat_map(|x| x.to_le_bytes()).collect();
                    assert_eq!(bytes, tensor.data(), "{name}");
                }
            }
        }
        (Ok(_), Err(error)) => panic!("the safetensors crate refuses what was read: {error}"),
        (Err(error @ Error::BadFile { .. }), Ok(_)) => {
            assert!(error.to_string().contains("expected F32, F16 or BF16"), "the safetensors crate reads it: {error}");
        }
        (Err(_), _) => {}
    }
}

/// The tables of a run in one of its files.
pub fn saved_tables(path: &Path, size: usize) {
    let Ok(mut tables) = bounded(size, || SavedTables::open(path)) else { return };
    let tokens = tables.tokens().expect("they fit into the file");
    assert_eq!((tokens.len(), tokens.dimension()), (tables.rows(), tables.dimension()));
    assert_eq!(tokens.row(tokens.len() as u32 - 1).len(), tables.dimension());
    let positions = tables.positions().expect("they fit into the file");
    assert_eq!(positions.map(|table| table.len()), tables.position_count());
}

/// Reads the file at `path` in the format that is recognized, and in `format`, of which it returns the table.
fn read_as(format: Format, path: &Path, size: usize) -> Option<WordVectors> {
    let found = bounded(size, || Format::of(path).ok());
    if let Some(found) = found.filter(|&found| found != format) {
        read_in(found, path, size);
    }
    read_in(format, path, size)
}

/// Reads the file at `path` in `format`: as a whole, and in one of three other ways, which its size chooses.
fn read_in(format: Format, path: &Path, size: usize) -> Option<WordVectors> {
    let read = |how: Reading<'_>| bounded(size, || formats::read(path, format, &how).ok());
    let loaded = read(Reading::default());
    let all = loaded.as_ref().map(|loaded| rows(&loaded.vectors)).unwrap_or_default();
    if let Some(loaded) = &loaded {
        check(format, loaded, &all);
    }
    match (size % 3, &loaded) {
        (0, _) => {
            if let Some(strict) = read(Reading { strict: true, ..Reading::default() }) {
                assert!(
                    loaded.as_ref().is_some_and(|loaded| loaded.report.is_whole()),
                    "{format}: strict accepts more"
                );
                assert_eq!(rows(&strict.vectors), all, "{format}: strict reading");
            }
        }
        (1, Some(_)) => {
            if let Some(first) = read(Reading { limit: Some(1), ..Reading::default() }) {
                assert!(all.starts_with(&rows(&first.vectors)), "{format}: a limit reads other rows");
            }
        }
        (_, Some(loaded)) => write_and_read(Format::WRITTEN[size / 3 % Format::WRITTEN.len()], &loaded.vectors, &all),
        _ => {}
    }
    Some(loaded?.vectors)
}

/// Checks that `loaded` is a table of distinct words with finite values.
fn check(format: Format, loaded: &Loaded, all: &[Row]) {
    assert_eq!(loaded.report.rows_read, all.len() as u64, "{format}");
    assert!(loaded.vectors.dimension() > 0, "{format}");
    let words: HashSet<&String> = all.iter().map(|(word, _)| word).collect();
    assert!(words.len() == all.len() && !words.contains(&String::new()), "{format}: a word is empty or repeated");
    assert!(are_finite(all), "{format}: a value is not finite");
    if let Some((last, _)) = all.last() {
        assert_eq!(loaded.vectors.find(last), Some(all.len() as u32 - 1), "{format}");
    }
    let _ = loaded.report.sentences();
}

/// Writes `vectors` in `format`, unless it cannot hold their words, and reads them again.
fn write_and_read(format: Format, vectors: &WordVectors, all: &[Row]) {
    let folder = files::path("back");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).expect("a temporary folder can be made");
    let path = folder.join(format!("vectors.{}", format.name()));
    if formats::write(&path, format, vectors, None, None).is_ok() {
        let back = formats::read(&path, format, &Reading { strict: true, ..Reading::default() });
        let back = back.unwrap_or_else(|error| panic!("what was written as {format} cannot be read: {error}"));
        assert_eq!(rows(&back.vectors), all, "written as {format}");
    }
}

/// A word and the bits of its values.
type Row = (String, Vec<u32>);

fn rows(vectors: &WordVectors) -> Vec<Row> {
    (0..vectors.len() as u32).map(|row| (vectors.word(row).into_owned(), bits(&vectors.row(row)))).collect()
}

fn bits(vector: &[f32]) -> Vec<u32> {
    vector.iter().map(|x| x.to_bits()).collect()
}

fn are_finite(rows: &[Row]) -> bool {
    rows.iter().flat_map(|(_, bits)| bits).all(|&bits| f32::from_bits(bits).is_finite())
}
