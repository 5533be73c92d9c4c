//! Whole numbers in memory or in a mapped index.

use std::ops::{Deref, Range};
use std::sync::Arc;

use crate::MappedFile;

/// 64-bit numbers, wherever they lie; a copy of it is another hold on the same numbers.
#[derive(Clone)]
pub enum Array {
    InMemory(Arc<Vec<u64>>),
    /// The numbers in these bytes, which begin at a multiple of eight.
    InFile(Arc<MappedFile>, Range<usize>),
}

impl From<Vec<u64>> for Array {
    fn from(numbers: Vec<u64>) -> Self {
        Self::InMemory(Arc::new(numbers))
    }
}

impl Deref for Array {
    type Target = [u64];

    #[inline]
    fn deref(&self) -> &[u64] {
        match self {
            Self::InMemory(numbers) => numbers,
            Self::InFile(file, bytes) => bytemuck::cast_slice(&file[bytes.clone()]),
        }
    }
}
