//! An array of 64-bit integers, in memory or in a mapped index file.

use std::ops::Deref;
#[cfg(feature = "files")]
use std::ops::Range;
use std::sync::Arc;

#[cfg(feature = "files")]
use crate::MappedFile;

/// A shared, immutable array; cloning it does not copy the integers.
#[derive(Clone)]
pub enum Array {
    InMemory(Arc<Vec<u64>>),
    /// These bytes of the file, which start at a multiple of eight.
    #[cfg(feature = "files")]
    InFile(Arc<MappedFile>, Range<usize>),
}

impl From<Vec<u64>> for Array {
    fn from(integers: Vec<u64>) -> Self {
        Self::InMemory(Arc::new(integers))
    }
}

impl Deref for Array {
    type Target = [u64];

    #[inline]
    fn deref(&self) -> &[u64] {
        match self {
            Self::InMemory(integers) => integers,
            #[cfg(feature = "files")]
            Self::InFile(file, bytes) => bytemuck::cast_slice(&file[bytes.clone()]),
        }
    }
}
