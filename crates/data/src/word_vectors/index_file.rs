//! The index of a word2vec file on disk, so that the file opens at once the next time.
//!
//! An index file consists of 64-bit integers in the byte order of the machine that wrote it: a header of sixteen, then
//! the location of every row, then the sorted keys of the words. It belongs to a file with a path, a size, a modification
//! time and a sample of its bytes. It is used only if all of these, its length and its checksum match and every location
//! lies inside the file; otherwise the file is scanned again.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

use super::array::Array;
use super::cache::{cache_folder, evict};
use super::index::{Index, ScanReport};
use super::location::unpack;
use crate::MappedFile;
use crate::digest::hexadecimal;
use crate::publish::{create_folder, publish_file};

/// The magic number of an index file; the last letter is the version of the layout.
const MAGIC: &[u8; 8] = b"WORDIDX1";
/// Integers in the header.
const HEADER: usize = 16;
/// Smaller files are not indexed: scanning them is fast enough.
const MIN_BYTES: usize = 16 << 20;
/// The sample of a file: how many offsets it is taken from, and the bytes at each.
const SAMPLES: usize = 64;
const SAMPLE_BYTES: usize = 64;

/// The path of the index of `file`, if the file is large enough and there is a cache folder.
pub fn path_for(file: &MappedFile) -> Option<PathBuf> {
    if file.len() < MIN_BYTES {
        return None;
    }
    let path = file.path().canonicalize().ok()?;
    let name = hexadecimal(&Sha256::digest(path.as_os_str().as_encoded_bytes()));
    Some(cache_folder()?.join(format!("{}.index", &name[..32])))
}

/// Reads the index at `path`, if it is intact and belongs to `file` in its present state.
pub fn read(path: &Path, file: &MappedFile) -> Option<Index> {
    let map = Arc::new(MappedFile::open(path).ok()?);
    let integers: &[u64] = bytemuck::try_cast_slice(&map[..]).ok()?;
    let (header, rest) = integers.split_at_checked(HEADER)?;
    let [magic, size, modified, sample, dimension, rows, ..] = *header else { return None };
    let belongs = [magic, size, modified, sample] == key_of(file)?;
    if !belongs || rest.len() as u64 != rows.checked_mul(2)? {
        return None;
    }
    let (locations, lookup) = rest.split_at(rows as usize);
    if header[HEADER - 1] != checksum(header, locations, lookup) {
        return None;
    }
    let row_bytes = usize::try_from(dimension).ok()?.checked_mul(4)?;
    let last = file.len().checked_sub(row_bytes)?;
    // `&` instead of `&&`: without a branch the loop is vectorized.
    let are_inside = locations.iter().fold(true, |all, &location| {
        let (start, length) = unpack(location);
        all & (start <= last) & (start > length)
    });
    let are_rows = lookup.iter().fold(true, |all, &key| all & ((key & 0xFFFF_FFFF) < rows));
    if !are_inside || !are_rows {
        return None;
    }
    let report = report_from(&header[6..12]);
    let part = |from: usize| Array::InFile(map.clone(), from * 8..(from + rows as usize) * 8);
    let (locations, lookup) = (part(HEADER), part(HEADER + rows as usize));
    Some(Index { dimension: dimension as usize, report, locations, lookup })
}

/// Starts a thread that writes the index of `file` to `path`. A failure is not reported: without an index the next
/// opening scans the file again.
pub fn write_in_background(index: &Index, path: PathBuf, file: &MappedFile) -> Option<JoinHandle<()>> {
    let [magic, size, modified, sample] = key_of(file)?;
    let mut header = [0; HEADER];
    header[..6].copy_from_slice(&[magic, size, modified, sample, index.dimension as u64, index.locations.len() as u64]);
    header[6..12].copy_from_slice(&report_fields(&index.report));
    let (locations, lookup) = (index.locations.clone(), index.lookup.clone());
    std::thread::Builder::new().spawn(move || write(&path, header, &locations, &lookup)).ok()
}

fn write(path: &Path, mut header: [u64; HEADER], locations: &[u64], lookup: &[u64]) {
    let Some(folder) = path.parent().filter(|folder| create_folder(folder).is_ok()) else { return };
    header[HEADER - 1] = checksum(&header, locations, lookup);
    let written = publish_file(path, |writer| {
        [&header[..], locations, lookup].into_iter().try_for_each(|part| writer.write_all(bytemuck::cast_slice(part)))
    });
    if written.is_ok() {
        evict(folder, MAGIC, path);
    }
}

/// The first four integers of the index of `file` in its present state: magic number, size, modification time, sample.
fn key_of(file: &MappedFile) -> Option<[u64; 4]> {
    let modified = std::fs::metadata(file.path()).ok()?.modified().ok()?;
    let modified = modified.duration_since(UNIX_EPOCH).ok()?.as_nanos() as u64;
    let mut sample = Sha256::new();
    for nth in 0..SAMPLES {
        let last = file.len().saturating_sub(SAMPLE_BYTES);
        let from = last / (SAMPLES - 1) * nth;
        sample.update(&file[from..(from + SAMPLE_BYTES).min(file.len())]);
    }
    let sample = u64::from_le_bytes(sample.finalize()[..8].try_into().expect("a digest has 32 bytes"));
    Some([u64::from_ne_bytes(*MAGIC), file.len() as u64, modified, sample])
}

fn report_fields(report: &ScanReport) -> [u64; 6] {
    let ScanReport { rows, empty, repeated, not_utf8, first, promised } = *report;
    [rows, empty, repeated, not_utf8, first.unwrap_or(u64::MAX), promised]
}

fn report_from(fields: &[u64]) -> ScanReport {
    let [rows, empty, repeated, not_utf8, first, promised] = fields.try_into().expect("six fields");
    ScanReport { rows, empty, repeated, not_utf8, first: (first != u64::MAX).then_some(first), promised }
}

/// The checksum of an index. It covers the header except its last integer, which is the checksum itself.
fn checksum(header: &[u64], locations: &[u64], lookup: &[u64]) -> u64 {
    Checksum::default().add(&header[..HEADER - 1]).add(locations).add(lookup).0
}

/// Detects changed, missing and swapped integers: protection against accidents, not against an adversary.
#[derive(Default)]
struct Checksum(u64);

impl Checksum {
    /// Adds `integers`, in eight independent lanes, so that memory bandwidth is the limit.
    fn add(self, integers: &[u64]) -> Self {
        const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
        let mix = |lane: u64, integer: u64| (lane ^ integer).wrapping_mul(ODD).rotate_left(29);
        let mut lanes: [u64; 8] = std::array::from_fn(|nth| self.0 ^ (nth as u64 + 1));
        let (eights, rest) = integers.as_chunks::<8>();
        for eight in eights {
            lanes.iter_mut().zip(eight).for_each(|(lane, &integer)| *lane = mix(*lane, integer));
        }
        lanes.iter_mut().zip(rest).for_each(|(lane, &integer)| *lane = mix(*lane, integer));
        Self(lanes.into_iter().fold(integers.len() as u64, mix))
    }
}
