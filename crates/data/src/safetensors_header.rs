//! The header of a safetensors file: its length in eight bytes, then a JSON object that describes the tensors.

use std::io::{self, Read, Write};

use safetensors::tensor::Metadata;
use serde_json::{Map, Value, json};

/// The longest header, a limit of the format.
const MAX_BYTES: u64 = 100_000_000;

/// Reads the header of a file of `size` bytes from its start. Returns the description of the tensors and the offset of the
/// data, or the problem with the file.
///
/// It is checked that the tensors lie inside the file, one behind the other, each as long as its shape says.
pub(crate) fn read(file: &mut impl Read, size: u64) -> Result<(Metadata, u64), String> {
    let damaged = |problem: String| format!("it is not a whole safetensors file ({problem})");
    let failed = |error: io::Error| damaged(error.to_string());
    if size < 8 {
        return Err(damaged(format!("it has {size} bytes")));
    }
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(failed)?;
    let length = u64::from_le_bytes(length);
    if length > MAX_BYTES.min(size - 8) {
        return Err(damaged(format!("its header should have {length} bytes, but it has {size}")));
    }
    let mut header = vec![0; length as usize];
    file.read_exact(&mut header).map_err(failed)?;
    let header: Metadata = serde_json::from_slice(&header).map_err(|error| damaged(error.to_string()))?;
    let data = 8 + length;
    let expected = data.checked_add(header.data_len() as u64);
    if expected != Some(size) {
        let end = expected.unwrap_or(u64::MAX);
        return Err(damaged(format!("its header promises {end} bytes, but it has {size}; fetch it again")));
    }
    Ok((header, data))
}

/// Writes the header of a file of 32-bit floats: texts under `texts`, then each tensor's name, shape and number of values, in
/// the order of the data.
///
/// `transformers` refuses a file whose texts lack `format`.
pub(crate) fn write<'a>(
    file: &mut impl Write,
    texts: Value,
    tensors: impl Iterator<Item = (&'a str, &'a [usize], usize)>,
) -> io::Result<()> {
    let mut header = Map::from_iter([("__metadata__".to_string(), texts)]);
    let mut end = 0;
    for (name, shape, values) in tensors {
        let start = end;
        end += values * 4;
        header.insert(name.to_string(), json!({"dtype": "F32", "shape": shape, "data_offsets": [start, end]}));
    }
    let mut header = Value::Object(header).to_string();
    // The data starts at a multiple of eight, so that a mapped file can be read in place.
    header.extend(std::iter::repeat_n(' ', header.len().next_multiple_of(8) - header.len()));
    if header.len() as u64 > MAX_BYTES {
        return Err(io::Error::other(
            "its words take more than the 100 MB that a safetensors header may have; write .npy or word2vec instead",
        ));
    }
    file.write_all(&(header.len() as u64).to_le_bytes())?;
    file.write_all(header.as_bytes())
}
