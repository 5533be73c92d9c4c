//! Truncated, damaged and malicious files: reading them ends without a panic, and without allocating much more memory than the
//! file has bytes.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::path::{Path, PathBuf};

use chacha20::ChaCha8Rng;
use chacha20::rand_core::Rng;
use wordspace::data::formats::{self, Format, Gpt2Tables, Loaded, Reading};
use wordspace::data::{WordVectors, below, generator};

/// The memory that a reader may allocate: for its buffers, and for each byte of the file.
const BUFFERS: usize = 4 << 20;
const PER_BYTE: usize = 64;

/// The number of damaged copies of each file.
const COPIES: u64 = 1500;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

/// The system's allocator, counting the bytes that each thread holds.
struct Counting;

// SAFETY: every call goes to the system's allocator with its arguments unchanged, so its blocks are returned as they are.
// Counting sets thread-local cells that need no allocation and no destructor, so it cannot call the allocator again.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.set(HELD.get() + layout.size() as isize);
        PEAK.set(PEAK.get().max(HELD.get()));
        // SAFETY: `layout` is the caller's, which must have a size above zero, as `System.alloc` requires.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        HELD.set(HELD.get() - layout.size() as isize);
        // SAFETY: `block` came from `alloc` above with this `layout`, so it came from `System.alloc`.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// The result of `work` and its peak memory in bytes.
fn measured<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = HELD.get();
    PEAK.set(before);
    let result = work();
    (result, (PEAK.get() - before) as usize)
}

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

/// Reads the file at `path` in the format that is recognized and in `format`, and checks the peak memory.
#[track_caller]
fn read_within_bounds(path: &Path, format: Format, case: &str) -> Option<Loaded> {
    let how = Reading::default();
    let size: usize = std::fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len() as usize)
        .sum();
    let (found, most) = measured(|| Format::of(path).ok());
    assert!(most <= BUFFERS + PER_BYTE * size, "{format}, {case}: {most} bytes of memory to recognize {size}");
    let read = |format: Format| {
        let (loaded, most) = measured(|| formats::read(path, format, &how).ok());
        assert!(most <= BUFFERS + PER_BYTE * size, "{format}, {case}: {most} bytes of memory for {size}");
        loaded
    };
    found.filter(|&found| found != format).map(read);
    read(format)
}

#[track_caller]
fn truncated_anywhere(format: Format) {
    let (_folder, path) = written(format);
    let (whole, original) = (std::fs::read(&path).unwrap(), table());
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        let Some(loaded) = read_within_bounds(&path, format, &format!("truncated to {length}")) else { continue };
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

#[track_caller]
fn randomly_damaged(format: Format) {
    let (folder, _) = written(format);
    // The word list beside the file is damaged too.
    for (nth, entry) in std::fs::read_dir(folder.path()).unwrap().enumerate() {
        let (damage, path) = (entry.unwrap().path(), folder.path().join(format!("vectors.{}", format.name())));
        let whole = std::fs::read(&damage).unwrap();
        for case in 0..COPIES {
            let mut random = generator(case, format.name(), nth as u64);
            std::fs::write(&damage, damaged(&whole, &mut random)).unwrap();
            read_within_bounds(&path, format, &format!("case {case} of {}", damage.display()));
        }
        std::fs::write(&damage, &whole).unwrap();
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
    randomly_damaged(Format::Word2vecBinary);
}

#[test]
fn a_word2vec_text_file() {
    truncated_anywhere(Format::Word2vecText);
    randomly_damaged(Format::Word2vecText);
}

#[test]
fn a_glove_file() {
    truncated_anywhere(Format::Glove);
    randomly_damaged(Format::Glove);
}

#[test]
fn a_numpy_array() {
    truncated_anywhere(Format::Npy);
    randomly_damaged(Format::Npy);
}

#[test]
fn a_safetensors_file() {
    truncated_anywhere(Format::Safetensors);
    randomly_damaged(Format::Safetensors);
}

#[test]
fn a_projector_pair() {
    truncated_anywhere(Format::Projector);
    randomly_damaged(Format::Projector);
}

#[test]
fn a_csv_file() {
    truncated_anywhere(Format::Csv);
    randomly_damaged(Format::Csv);
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
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/formats/gpt2-parts");
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<PathBuf> = std::fs::read_dir(&golden).unwrap().map(|entry| entry.unwrap().path()).collect();
    let copy = |file: &PathBuf| folder.path().join(file.file_name().unwrap());
    for file in &files {
        std::fs::copy(file, copy(file)).unwrap();
    }
    let size: usize = files.iter().map(|file| file.metadata().unwrap().len() as usize).sum();
    for (nth, file) in files.iter().enumerate() {
        let whole = std::fs::read(file).unwrap();
        for case in 0..COPIES / 5 {
            let mut random = generator(case, "gpt2", nth as u64);
            std::fs::write(copy(file), damaged(&whole, &mut random)).unwrap();
            let (_, most) = measured(|| Gpt2Tables::open(folder.path(), None, &Reading::default()).ok());
            assert!(most <= BUFFERS + PER_BYTE * size, "case {case} of {}: {most} bytes", file.display());
        }
        std::fs::write(copy(file), &whole).unwrap();
    }
    assert!(Gpt2Tables::open(folder.path(), None, &Reading::default()).is_ok());
}
