//! Named tensors, and the safetensors files that hold them: models, optimizer states, vector tables.

use std::collections::BTreeMap;
use std::io::{self, Write};
#[cfg(feature = "files")]
use std::ops::ControlFlow;
use std::path::Path;

use half::{bf16, f16};
use safetensors::Dtype;
use serde_json::json;

use crate::{Error, Phase, Progress, Result, safetensors_header};
#[cfg(feature = "files")]
use crate::{MappedFile, publish::publish_file};

/// A tensor of 32-bit floats.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its values in row-major order.
    pub values: Vec<f32>,
}

/// Writes `tensors` (name, shape, values) to `path` as a safetensors file; the file appears only when it is complete.
///
/// # Errors
///
/// If the file cannot be written.
#[cfg(feature = "files")]
pub fn write_tensors<'a>(
    path: &Path,
    tensors: impl Iterator<Item = (&'a str, &'a [usize], &'a [f32])> + Clone,
) -> Result<()> {
    publish_file(path, |writer| encode_tensors(writer, tensors))
}

/// Writes `tensors` (name, shape, values) to `writer` as a safetensors file. The bytes depend on nothing but the tensors.
///
/// # Errors
///
/// If `writer` fails.
pub fn encode_tensors<'a>(
    writer: &mut impl Write,
    tensors: impl Iterator<Item = (&'a str, &'a [usize], &'a [f32])> + Clone,
) -> io::Result<()> {
    let described = tensors.clone().map(|(name, shape, values)| (name, shape, values.len()));
    safetensors_header::write(writer, json!({"format": "pt"}), described)?;
    for (_, _, values) in tensors {
        for chunk in values.chunks(1 << 14) {
            writer.write_all(&chunk.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>())?;
        }
    }
    Ok(())
}

/// Reads the tensors of a safetensors file. 16-bit floats are converted to 32 bits without loss.
///
/// # Errors
///
/// If the file is missing, damaged, or holds other types than floats of 16 or 32 bits.
#[cfg(feature = "files")]
pub fn read_tensors(path: &Path) -> Result<BTreeMap<String, NamedTensor>> {
    read_tensors_with_progress(path, &|_, _, _| ControlFlow::Continue(()))
}

/// [`read_tensors`] for a large file: calls `progress` before each tensor.
///
/// # Errors
///
/// As of [`read_tensors`]; also if `progress` asks to stop.
#[cfg(feature = "files")]
pub fn read_tensors_with_progress(path: &Path, progress: Progress<'_>) -> Result<BTreeMap<String, NamedTensor>> {
    decode_tensors(path, &MappedFile::open(path)?, progress)
}

/// The tensors in `file`, the bytes of a safetensors file; messages call it `path`. `progress` is called before each tensor.
///
/// # Errors
///
/// If it is damaged, holds other types than floats of 16 or 32 bits, or `progress` asks to stop.
pub fn decode_tensors(path: &Path, file: &[u8], progress: Progress<'_>) -> Result<BTreeMap<String, NamedTensor>> {
    let bad = |problem: String| Error::BadFile { path: path.to_path_buf(), problem };
    let (header, data) = safetensors_header::read(&mut &file[..], file.len() as u64).map_err(bad)?;
    let data = &file[data as usize..];
    let (mut all, mut done) = (BTreeMap::new(), 0);
    for name in header.offset_keys() {
        let tensor = header.info(&name).expect("the header has just listed it");
        if progress(Phase::Reading, done, file.len() as u64).is_break() {
            return Err(Error::Stopped);
        }
        let (start, end) = tensor.data_offsets;
        let bytes = &data[start..end];
        done += bytes.len() as u64;
        let values = match tensor.dtype {
            Dtype::F32 => bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect(),
            Dtype::F16 => bytes.as_chunks().0.iter().map(|&b| f16::from_le_bytes(b).to_f32()).collect(),
            Dtype::BF16 => bytes.as_chunks().0.iter().map(|&b| bf16::from_le_bytes(b).to_f32()).collect(),
            other => return Err(bad(format!("tensor {name} is of type {other:?}; expected F32, F16 or BF16"))),
        };
        let shape = tensor.shape.clone();
        all.insert(name, NamedTensor { shape, values });
    }
    Ok(all)
}

#[cfg(all(test, feature = "files"))]
mod tests {
    use super::*;

    #[test]
    fn values_round_trip_bit_for_bit() {
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
    fn half_precision_is_converted_and_integers_are_refused() {
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
    fn a_truncated_file_is_refused() {
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
