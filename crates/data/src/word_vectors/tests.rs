use std::ops::ControlFlow;
use std::path::PathBuf;

use super::*;
use crate::Phase;

/// A word2vec binary file of `words` in a temporary folder; row r holds r, r + 0.5, ….
struct File {
    folder: tempfile::TempDir,
    bytes: Vec<u8>,
}

impl File {
    fn of(words: &[&[u8]], dimension: usize, row_end: &[u8]) -> Self {
        let mut bytes = format!("{} {dimension}\n", words.len()).into_bytes();
        for (row, word) in words.iter().enumerate() {
            let values = (0..dimension).flat_map(|at| (row as f32 + at as f32 / 2.0).to_le_bytes());
            bytes.extend([word, &b" "[..]].concat().into_iter().chain(values).chain(row_end.iter().copied()));
        }
        Self { folder: tempfile::tempdir().unwrap(), bytes }
    }

    fn path(&self) -> PathBuf {
        let path = self.folder.path().join("vectors.bin");
        std::fs::write(&path, &self.bytes).unwrap();
        path
    }

    fn open(&self, limit: Option<usize>) -> Result<(WordVectors, ScanReport)> {
        WordVectors::open_word2vec(&self.path(), limit, &|_, _, _| ControlFlow::Continue(()))
    }
}

fn words_of(vectors: &WordVectors) -> Vec<String> {
    (0..vectors.len() as u32).map(|row| vectors.word(row).into_owned()).collect()
}

#[test]
fn rows_may_end_with_a_newline_or_not() {
    for row_end in [&b""[..], b"\n"] {
        let (vectors, report) = File::of(&[b"cat", b"dog", b"a"], 3, row_end).open(None).unwrap();
        assert_eq!(words_of(&vectors), ["cat", "dog", "a"]);
        assert_eq!((vectors.find("dog"), vectors.find("do"), vectors.find("")), (Some(1), None, None));
        assert_eq!(vectors.row(1), [1.0, 1.5, 2.0].as_slice());
        assert_eq!(report, ScanReport { rows: 3, promised: 3, ..ScanReport::default() });
    }
}

#[test]
fn repeated_and_empty_words_are_left_out() {
    let (vectors, report) = File::of(&[b"cat", b"", b"dog", b"cat", b"cat", b"owl"], 2, b"").open(None).unwrap();
    assert_eq!(words_of(&vectors), ["cat", "dog", "owl"]);
    assert_eq!((vectors.row(0)[0], vectors.row(2)[0]), (0.0, 5.0));
    assert_eq!((vectors.find("cat"), vectors.find("owl")), (Some(0), Some(2)));
    let (first, rows) = (Some(4 + 4 + 8), 6);
    assert_eq!(report, ScanReport { rows, promised: 6, empty: 1, repeated: 2, not_utf8: 0, first });
}

#[test]
fn a_word_that_is_not_utf8_is_found_by_its_shown_form() {
    let (vectors, report) = File::of(&[b"cat", b"caf\xe9"], 2, b"\n").open(None).unwrap();
    assert_eq!(words_of(&vectors), ["cat", "caf\u{FFFD}"]);
    assert_eq!(vectors.find("caf\u{FFFD}"), Some(1));
    assert_eq!((report.not_utf8, report.first), (1, Some(4 + 4 + 8 + 1)));
}

#[test]
fn with_a_limit_only_the_first_rows_are_read() {
    let mut file = File::of(&[b"cat", b"dog", b"owl"], 2, b"");
    file.bytes.truncate(file.bytes.len() - 5);
    let (vectors, report) = file.open(Some(2)).unwrap();
    assert_eq!((words_of(&vectors), report.rows, report.promised), (vec!["cat".into(), "dog".into()], 2, 3));
    assert_eq!(file.open(Some(100)).err().map(|e| e.to_string()), file.open(None).err().map(|e| e.to_string()));
}

#[track_caller]
fn refused(bytes: Vec<u8>, expected: &str) {
    let file = File { folder: tempfile::tempdir().unwrap(), bytes };
    let error = file.open(None).err().expect("it is not a whole file").to_string();
    assert!(error.contains("vectors.bin") && error.contains(expected), "{error}");
}

#[test]
fn a_wrong_header_is_refused_before_allocating() {
    refused(b"18446744073709551615 3\n".to_vec(), "more than its 23 bytes can hold");
    refused(b"3 18446744073709551615\n".to_vec(), "more than it has bytes");
    refused(b"4000000000 1\ncat 1234".to_vec(), "more than its 21 bytes can hold");
    refused(b"0 300\n".to_vec(), "promises no word");
    refused(b"PK\x03\x04".to_vec(), "expected a first line such as");
    refused(b"".to_vec(), "expected a first line such as");
    refused(b"1 2 3\n".to_vec(), "expected a first line such as");
}

#[test]
fn a_truncated_file_is_refused() {
    let file = File::of(&[b"cat", b"dog"], 3, b"\n");
    for length in 0..file.bytes.len() - 1 {
        refused(file.bytes[..length].to_vec(), "");
    }
}

#[test]
fn a_word_without_an_end_is_refused() {
    let bytes = [&b"1 1\n"[..], &[b'x'; 70_000]].concat();
    refused(bytes, "no space ends the word at byte 4 in row 1 of 1");
}

#[test]
fn a_word_with_control_characters_is_refused() {
    let mut file = File::of(&[b"cat", b"d\x01g"], 1, b"");
    refused(std::mem::take(&mut file.bytes), "the word at byte 12 has control characters in row 2 of 2");
}

#[test]
fn a_scan_stops_when_the_progress_callback_asks() {
    let file = File::of(&[b"cat"], 3, b"\n");
    let stop = WordVectors::open_word2vec(&file.path(), None, &|phase, _, _| {
        assert_eq!(phase, Phase::Reading);
        ControlFlow::Break(())
    });
    assert!(matches!(stop, Err(Error::Stopped)));
}

#[test]
fn parallel_and_sequential_scans_find_the_same_rows() {
    for row_end in [&b""[..], b"\n"] {
        let word = |row: usize| match row % 1000 {
            17 => Vec::new(),
            18 => b"again".to_vec(),
            19 => format!("caf\u{e9} {row}").replace(' ', "_").into_bytes(),
            20 => [&b"caf\xe9"[..], row.to_string().as_bytes()].concat(),
            _ => format!("w{row}").into_bytes(),
        };
        let words: Vec<Vec<u8>> = (0..20_000).map(word).collect();
        let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        let map = MappedFile::open(&File::of(&words, 220, row_end).path()).unwrap();
        let go_on: Progress<'_> = &|_, _, _| ControlFlow::Continue(());
        let parallel = scan::scan(&map, None, go_on).unwrap();
        let sequential = scan::scan(&map, Some(usize::MAX), go_on).unwrap();
        assert_eq!((&*parallel.locations, &*parallel.lookup), (&*sequential.locations, &*sequential.lookup));
        assert_eq!(parallel.report, sequential.report);
        assert_eq!((parallel.report.empty, parallel.report.repeated, parallel.report.not_utf8), (20, 19, 20));
        let parallel = parallel_scan::parallel_scan(&map, 880, "20000 220\n".len(), 20_000, go_on);
        assert_eq!(parallel.is_some(), rayon::current_num_threads() > 1);
        assert!(parallel_scan::parallel_scan(&map, 880, "20000 220\n".len(), 19_999, go_on).is_none());
    }
}

#[test]
fn rows_in_a_file_are_the_same_aligned_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table");
    for first in 0..5 {
        let values = [1.5_f32, -2.0, 0.1, f32::MAX].iter().flat_map(|x| x.to_le_bytes());
        std::fs::write(&path, [vec![9; first], values.collect()].concat()).unwrap();
        let words = vec!["a".to_string(), "b".to_string()];
        let open = |words| WordVectors::in_file(MappedFile::open(&path).unwrap(), first, words, 2);
        let vectors = open(words.clone()).unwrap();
        assert_eq!((vectors.row(0), vectors.row(1)), ([1.5, -2.0][..].into(), [0.1, f32::MAX][..].into()));
        assert_eq!(vectors.find("b"), Some(1));
        assert!(open([words, vec!["c".into()]].concat()).err().unwrap().to_string().contains("do not fit"));
    }
}

#[test]
fn an_index_equals_its_scan_and_is_refused_when_damaged() {
    let file = File::of(&[b"cat", b"dog", b"cat", b"caf\xe9"], 3, b"\n");
    let map = MappedFile::open(&file.path()).unwrap();
    let scanned = scan::scan(&map, None, &|_, _, _| ControlFlow::Continue(())).unwrap();
    let path = file.folder.path().join("cache/of-it.index");
    index_file::write_in_background(&scanned, path.clone(), &map).unwrap().join().unwrap();
    let read = index_file::read(&path, &map).unwrap();
    assert_eq!((&*read.locations, &*read.lookup), (&*scanned.locations, &*scanned.lookup));
    assert_eq!((read.report, read.dimension), (scanned.report, 3));

    let whole = std::fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        std::fs::write(&path, damaged).unwrap();
        assert!(index_file::read(&path, &map).is_none(), "byte {at} of {}", whole.len());
        std::fs::write(&path, &whole[..at]).unwrap();
        assert!(index_file::read(&path, &map).is_none(), "{at} bytes of {}", whole.len());
    }
    std::fs::write(&path, &whole).unwrap();
    let mut other = file.bytes.clone();
    *other.last_mut().unwrap() ^= 1;
    std::fs::write(map.path(), other).unwrap();
    assert!(index_file::read(&path, &MappedFile::open(map.path()).unwrap()).is_none());
}
