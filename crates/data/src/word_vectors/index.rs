//! What was found out about a word2vec file, kept so that it opens at once the next time.
//!
//! An index is one file of 64-bit numbers, in the order of bytes of the machine that made it, since it is for no other: a
//! header of sixteen, a place for every row, a key for every word (`lookup.rs`). It belongs to a file of a path, a size, a time of change and a sample of its bytes, and is believed only
//! if all of these, its length and its checksum are right and no place lies outside the file. Otherwise the file is read
//! again.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

use super::array::Array;
use super::cache::{cache_folder, tidy};
use super::rows::unpack;
use super::scan::ScanReport;
use crate::MappedFile;
use crate::digest::hexadecimal;
use crate::publish::publish_file;

/// What an index begins with; the last letter is the version of its form.
const MAGIC: &[u8; 8] = b"WORDIDX1";
/// Numbers of the header.
const HEADER: usize = 16;
/// Smaller files are read faster than an index pays.
const LEAST_BYTES: usize = 16 << 20;
/// How many places of a file the sample looks at, and how many bytes at each.
const SAMPLES: usize = 64;
const SAMPLE_BYTES: usize = 64;

/// What is to be known of a word2vec file.
pub struct Index {
    pub dimension: usize,
    pub report: ScanReport,
    /// Row by row, where it lies, as `rows.rs` packs it.
    pub places: Array,
    /// The keys of the words, as `lookup.rs` has them.
    pub lookup: Array,
}

/// Where the index of `file` is kept, if it is worth one and there is a cache folder.
pub fn path_for(file: &MappedFile) -> Option<PathBuf> {
    if file.len() < LEAST_BYTES {
        return None;
    }
    let path = file.path().canonicalize().ok()?;
    let name = hexadecimal(Sha256::new_with_prefix(path.as_os_str().as_encoded_bytes()));
    Some(cache_folder()?.join(format!("{}.index", &name[..32])))
}

impl Index {
    /// The index at `path`, if it is whole and belongs to `file` as it is now.
    pub fn read(path: &Path, file: &MappedFile) -> Option<Self> {
        let map = Arc::new(MappedFile::open(path).ok()?);
        let numbers: &[u64] = bytemuck::try_cast_slice(&map[..]).ok()?;
        let (header, rest) = numbers.split_at_checked(HEADER)?;
        let [magic, size, modified, sample, dimension, rows, ..] = *header else { return None };
        let belongs = [magic, size, modified, sample] == key_of(file)?;
        if !belongs || rest.len() as u64 != rows.checked_mul(2)? {
            return None;
        }
        let (places, lookup) = rest.split_at(rows as usize);
        if header[HEADER - 1] != checksum(header, places, lookup) {
            return None;
        }
        let row_bytes = usize::try_from(dimension).ok()?.checked_mul(4)?;
        let last = file.len().checked_sub(row_bytes)?;
        // All are looked at, so that the loop needs no branch.
        let lie_inside = places.iter().fold(true, |all, &place| {
            let (start, length) = unpack(place);
            all & (start <= last) & (start > length)
        });
        let name_rows = lookup.iter().fold(true, |all, &key| all & ((key & 0xFFFF_FFFF) < rows));
        if !lie_inside || !name_rows {
            return None;
        }
        let report = report_from(&header[6..12]);
        let part = |from: usize| Array::InFile(map.clone(), from * 8..(from + rows as usize) * 8);
        Some(Self { dimension: dimension as usize, report, places: part(HEADER), lookup: part(HEADER + rows as usize) })
    }

    /// Starts to write the index of `file` to `path`, while others go on. Where that is not possible there is none, and
    /// nobody is bothered: the next opening takes longer, that is all.
    pub fn write_aside(&self, path: PathBuf, file: &MappedFile) -> Option<JoinHandle<()>> {
        let [magic, size, modified, sample] = key_of(file)?;
        let mut header = [0; HEADER];
        header[..6].copy_from_slice(&[magic, size, modified, sample, self.dimension as u64, self.places.len() as u64]);
        header[6..12].copy_from_slice(&numbers_of(&self.report));
        let (places, lookup) = (self.places.clone(), self.lookup.clone());
        std::thread::Builder::new().spawn(move || write(&path, header, &places, &lookup)).ok()
    }
}

fn write(path: &Path, mut header: [u64; HEADER], places: &[u64], lookup: &[u64]) {
    let Some(folder) = path.parent().filter(|folder| std::fs::create_dir_all(folder).is_ok()) else { return };
    header[HEADER - 1] = checksum(&header, places, lookup);
    let written = publish_file(path, |writer| {
        [&header[..], places, lookup].into_iter().try_for_each(|part| writer.write_all(bytemuck::cast_slice(part)))
    });
    if written.is_ok() {
        tidy(folder, MAGIC, path);
    }
}

/// What an index must begin with to be that of `file` as it is now.
fn key_of(file: &MappedFile) -> Option<[u64; 4]> {
    let modified = std::fs::metadata(file.path()).ok()?.modified().ok()?;
    let modified = modified.duration_since(UNIX_EPOCH).ok()?.as_nanos() as u64;
    let mut sample = Sha256::new();
    for nth in 0..SAMPLES {
        let last = file.len().saturating_sub(SAMPLE_BYTES);
        let from = last / (SAMPLES - 1) * nth;
        sample.update(&file[from..(from + SAMPLE_BYTES).min(file.len())]);
    }
    let sample = u64::from_le_bytes(sample.finalize()[..8].try_into().expect("eight bytes"));
    Some([u64::from_ne_bytes(*MAGIC), file.len() as u64, modified, sample])
}

fn numbers_of(report: &ScanReport) -> [u64; 6] {
    let ScanReport { rows, empty, repeated, not_utf8, first, promised } = *report;
    [rows, empty, repeated, not_utf8, first.unwrap_or(u64::MAX), promised]
}

fn report_from(numbers: &[u64]) -> ScanReport {
    let [rows, empty, repeated, not_utf8, first, promised] = numbers.try_into().expect("six numbers");
    ScanReport { rows, empty, repeated, not_utf8, first: (first != u64::MAX).then_some(first), promised }
}

/// The checksum of a header but for its last number, which is the checksum, and of what follows it.
fn checksum(header: &[u64], places: &[u64], lookup: &[u64]) -> u64 {
    Checksum::default().of(&header[..HEADER - 1]).of(places).of(lookup).0
}

/// A sum that a changed, missing or exchanged number changes. Against accidents, not against an adversary.
#[derive(Default)]
struct Checksum(u64);

impl Checksum {
    /// Takes `numbers` in, in eight lanes, so that it is as fast as memory.
    fn of(self, numbers: &[u64]) -> Self {
        const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
        let mix = |lane: u64, number: u64| (lane ^ number).wrapping_mul(ODD).rotate_left(29);
        let mut lanes: [u64; 8] = std::array::from_fn(|nth| self.0 ^ (nth as u64 + 1));
        let (eights, rest) = numbers.as_chunks::<8>();
        for eight in eights {
            lanes.iter_mut().zip(eight).for_each(|(lane, &number)| *lane = mix(*lane, number));
        }
        lanes.iter_mut().zip(rest).for_each(|(lane, &number)| *lane = mix(*lane, number));
        Self(lanes.into_iter().fold(numbers.len() as u64, mix))
    }
}
