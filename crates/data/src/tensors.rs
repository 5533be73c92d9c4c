//! Named tensors in a safetensors file: models, optimizer states, vector tables.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;

use half::{bf16, f16};
use memmap2::Mmap;
use safetensors::{Dtype, SafeTensors};
use serde_json::{Map, Value, json};

use crate::publish::publish_file;
use crate::{Error, Phase, Progress, Result};

/// A tensor of 32-bit floats.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its numbers, the last dimension running fastest.
    pub values: Vec<f32>,
}

/// Writes `tensors` to `path` as a safetensors file, in place only when it is whole.
///
/// The bytes are a function of the tensors alone. `format` is `pt`, without which `transformers` refuses the file.
///
/// # Errors
///
/// If the file cannot be written.
pub fn write_tensors<'a>(
    path: &Path,
    tensors: impl Iterator<Item = (&'a str, &'a [usize], &'a [f32])> + Clone,
) -> Result<()> {
    publish_file(path, |writer| {
        let mut header = Map::from_iter([("__metadata__".to_string(), json!({"format": "pt"}))]);
        let mut end = 0;
        for (name, shape, values) in tensors.clone() {
            let start = end;
            end += values.len() * 4;
            header.insert(name.to_string(), json!({"dtype": "F32", "shape": shape, "data_offsets": [start, end]}));
        }
        let mut header = Value::Object(header).to_string();
        // The numbers begin at a multiple of eight, so that they can be used where they are mapped.
        header.extend(std::iter::repeat_n(' ', header.len().next_multiple_of(8) - header.len()));
        writer.write_all(&(header.len() as u64).to_le_bytes())?;
        writer.write_all(header.as_bytes())?;
        for (_, _, values) in tensors {
            for some in values.chunks(1 << 14) {
                writer.write_all(&some.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>())?;
            }
        }
        Ok(())
    })
}

/// Reads the tensors of a safetensors file; half precision is widened, which loses nothing.
///
/// # Errors
///
/// If the file is missing, damaged, or holds other numbers than floats of 16 or 32 bits.
pub fn read_tensors(path: &Path) -> Result<BTreeMap<String, NamedTensor>> {
    read_tensors_telling(path, &|_, _, _| ControlFlow::Continue(()))
}

/// [`read_tensors`] of a large file: `progress` is told how far it is.
///
/// # Errors
///
/// As of [`read_tensors`]; also if `progress` asks to stop.
pub fn read_tensors_telling(path: &Path, progress: Progress<'_>) -> Result<BTreeMap<String, NamedTensor>> {
    let bad = |problem: String| Error::BadFile { path: path.to_path_buf(), problem };
    let file = File::open(path).map_err(|source| Error::read(path, source))?;
    // SAFETY: as for a token file: written once and renamed into place, never changed by us.
    let map = unsafe { Mmap::map(&file) }.map_err(|source| Error::read(path, source))?;
    let tensors =
        SafeTensors::deserialize(&map).map_err(|error| bad(format!("it is not a whole safetensors file ({error})")))?;
    let (mut all, mut done) = (BTreeMap::new(), 0);
    for (name, tensor) in tensors.iter() {
        let bytes = tensor.data();
        if progress(Phase::Reading, done, map.len() as u64).is_break() {
            return Err(Error::Stopped);
        }
        done += bytes.len() as u64;
        let values = match tensor.dtype() {
            Dtype::F32 => bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect(),
            Dtype::F16 => bytes.as_chunks().0.iter().map(|&b| f16::from_le_bytes(b).to_f32()).collect(),
            Dtype::BF16 => bytes.as_chunks().0.iter().map(|&b| bf16::from_le_bytes(b).to_f32()).collect(),
            other => return Err(bad(format!("tensor {name} is of type {other:?}; expected F32, F16 or BF16"))),
        };
        all.insert(name.to_string(), NamedTensor { shape: tensor.shape().to_vec(), values });
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_bit_for_bit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.safetensors");
        let values = [1.5, -0.0, f32::NAN, f32::MIN_POSITIVE / 2.0, f32::INFINITY, 0.1];
        write_tensors(&path, [("a", &[2, 3][..], &values[..]), ("b", &[0], &[])].into_iter()).unwrap();
        let back = read_tensors(&path).unwrap();
        let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&back["a"].values), bits(&values));
        assert_eq!((back["a"].shape.as_slice(), back["b"].shape.as_slice()), (&[2, 3][..], &[0][..]));
    }

    #[test]
    fn half_precision_is_widened_and_integers_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.safetensors");
        let write = |dtype: &str, bytes: &[u8]| {
            let header = json!({"x": {"dtype": dtype, "shape": [2], "data_offsets": [0, bytes.len()]}}).to_string();
            let file = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), bytes].concat();
            std::fs::write(&path, file).unwrap();
        };
        write("F16", &[0x00, 0x3C, 0x00, 0xC0]);
        assert_eq!(read_tensors(&path).unwrap()["x"].values, [1.0, -2.0]);
        write("BF16", &[0x80, 0x3F, 0x00, 0xC0]);
        assert_eq!(read_tensors(&path).unwrap()["x"].values, [1.0, -2.0]);
        write("I16", &[1, 0, 2, 0]);
        assert!(read_tensors(&path).unwrap_err().to_string().contains("I16"));
    }

    #[test]
    fn a_file_cut_anywhere_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.safetensors");
        write_tensors(&path, [("a", &[2, 2][..], &[1.0, 2.0, 3.0, 4.0][..])].into_iter()).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert!(read_tensors(&path).is_err(), "{length} bytes of {}", whole.len());
        }
    }
}
