//! Files that are cut, damaged or made to harm: whatever is in them, reading ends, without a panic and without taking more
//! memory than the file is worth.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::path::{Path, PathBuf};

use chacha20::ChaCha8Rng;
use chacha20::rand_core::Rng;
use wordspace::data::formats::{self, Format, Gpt2Tables, Loaded, Reading};
use wordspace::data::{WordVectors, below, generator};

/// What reading may take for its buffers, and beside them for each byte of the file.
const BUFFERS: usize = 4 << 20;
const FOR_EACH_BYTE: usize = 64;

/// Damaged copies of each file.
const COPIES: u64 = 1500;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

/// The system's allocator, which counts what this thread holds.
struct Counting;

// SAFETY: every call is passed on as it is; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.set(HELD.get() + layout.size() as isize);
        MOST.set(MOST.get().max(HELD.get()));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        HELD.set(HELD.get() - layout.size() as isize);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// What `work` gives, and the most memory that it held at once.
fn measured<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = HELD.get();
    MOST.set(before);
    let result = work();
    (result, (MOST.get() - before) as usize)
}

fn table() -> WordVectors {
    let words = ["cat", "dog", "Zürich", "語", "1984", "don't"].map(String::from).to_vec();
    let values = (0..18).map(|n| (n as f32 - 9.0) / 7.0).collect();
    WordVectors::new(words, values, 3)
}

/// A folder with the table in `format`; the path of its file.
fn written(format: Format) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("vectors.{}", format.name()));
    formats::write(&path, format, &table(), None, None).unwrap();
    (folder, path)
}

/// Reads the file at `path` as what it seems to be and as `format`, within bounds.
#[track_caller]
fn survives(path: &Path, format: Format, case: &str) -> Option<Loaded> {
    let how = Reading::default();
    let size: usize = std::fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len() as usize)
        .sum();
    let (found, most) = measured(|| Format::of(path).ok());
    assert!(most <= BUFFERS + FOR_EACH_BYTE * size, "{format}, {case}: {most} bytes of memory to recognise {size}");
    let read = |format: Format| {
        let (loaded, most) = measured(|| formats::read(path, format, &how).ok());
        assert!(most <= BUFFERS + FOR_EACH_BYTE * size, "{format}, {case}: {most} bytes of memory for {size}");
        loaded
    };
    found.filter(|&found| found != format).map(read);
    read(format)
}

#[track_caller]
fn cut_anywhere(format: Format) {
    let (_folder, path) = written(format);
    let (whole, original) = (std::fs::read(&path).unwrap(), table());
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        let Some(loaded) = survives(&path, format, &format!("cut at {length}")) else { continue };
        // What is read of a file that was cut are its first rows. Text cut inside its last number is shorter, not wrong.
        let rows = loaded.vectors.len() as u32;
        let is_text = !matches!(format, Format::Word2vecBinary | Format::Npy | Format::Safetensors);
        for row in 0..rows.saturating_sub(u32::from(is_text)) {
            assert_eq!(loaded.vectors.word(row), original.word(row), "{format} cut at {length}");
            assert_eq!(loaded.vectors.row(row), original.row(row), "{format} cut at {length}");
        }
    }
}

/// A copy of `whole` with some harm done to it.
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
            // A number that lies: nines instead of any digit that comes next.
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
fn damaged_in_any_way(format: Format) {
    let (folder, _) = written(format);
    // Also the words beside the file.
    for (nth, entry) in std::fs::read_dir(folder.path()).unwrap().enumerate() {
        let (damage, path) = (entry.unwrap().path(), folder.path().join(format!("vectors.{}", format.name())));
        let whole = std::fs::read(&damage).unwrap();
        for case in 0..COPIES {
            let mut random = generator(case, format.name(), nth as u64);
            std::fs::write(&damage, damaged(&whole, &mut random)).unwrap();
            survives(&path, format, &format!("case {case} of {}", damage.display()));
        }
        std::fs::write(&damage, &whole).unwrap();
    }
}

#[test]
fn memory_is_counted() {
    let (block, most) = measured(|| vec![0_u8; 1 << 20]);
    assert!(most >= block.len() && most < 2 * block.len(), "{most}");
}

#[test]
fn a_word2vec_binary_file() {
    cut_anywhere(Format::Word2vecBinary);
    damaged_in_any_way(Format::Word2vecBinary);
}

#[test]
fn a_word2vec_text_file() {
    cut_anywhere(Format::Word2vecText);
    damaged_in_any_way(Format::Word2vecText);
}

#[test]
fn a_glove_file() {
    cut_anywhere(Format::Glove);
    damaged_in_any_way(Format::Glove);
}

#[test]
fn a_numpy_array() {
    cut_anywhere(Format::Npy);
    damaged_in_any_way(Format::Npy);
}

#[test]
fn a_safetensors_file() {
    cut_anywhere(Format::Safetensors);
    damaged_in_any_way(Format::Safetensors);
}

#[test]
fn a_projector_pair() {
    cut_anywhere(Format::Projector);
    damaged_in_any_way(Format::Projector);
}

#[test]
fn a_csv_file() {
    cut_anywhere(Format::Csv);
    damaged_in_any_way(Format::Csv);
}

/// The numbers stay in the file, whether they are aligned there or not.
#[test]
fn a_large_table_is_not_copied_into_memory() {
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
            assert!(most <= BUFFERS + FOR_EACH_BYTE * size, "case {case} of {}: {most} bytes", file.display());
        }
        std::fs::write(copy(file), &whole).unwrap();
    }
    assert!(Gpt2Tables::open(folder.path(), None, &Reading::default()).is_ok());
}
