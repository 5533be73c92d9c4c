//! The floating-point types of values in files.

use std::fmt;

use half::{bf16, f16};

/// The type in which a file stores its values. In memory they are 32-bit floats; only `Float64` loses digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    /// IEEE 754 half precision.
    Float16,
    /// The upper half of a 32-bit float.
    BFloat16,
    /// IEEE 754 single precision; also values written as text.
    Float32,
    /// IEEE 754 double precision.
    Float64,
}

impl Dtype {
    /// The size of a value in bytes.
    pub fn bytes(self) -> usize {
        match self {
            Self::Float16 | Self::BFloat16 => 2,
            Self::Float32 => 4,
            Self::Float64 => 8,
        }
    }

    /// Appends the little-endian values in `bytes` to `values`.
    pub(super) fn append(self, bytes: &[u8], values: &mut Vec<f32>) {
        match self {
            Self::Float16 => values.extend(bytes.as_chunks().0.iter().map(|&b| f16::from_le_bytes(b).to_f32())),
            Self::BFloat16 => values.extend(bytes.as_chunks().0.iter().map(|&b| bf16::from_le_bytes(b).to_f32())),
            Self::Float32 => values.extend(bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b))),
            Self::Float64 => values.extend(bytes.as_chunks().0.iter().map(|&b| f64::from_le_bytes(b) as f32)),
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Float16 => "float16",
            Self::BFloat16 => "bfloat16",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
        })
    }
}
