//! SHA-256 digests of files and texts, and their hexadecimal form.

#[cfg(feature = "files")]
use std::{io::Read, path::Path};

use sha2::{Digest, Sha256};

#[cfg(feature = "files")]
use crate::{Error, Result, regular_file};

/// The SHA-256 of the file at `path` in hexadecimal, and its size in bytes.
///
/// # Errors
///
/// If it cannot be read.
#[cfg(feature = "files")]
pub fn sha256_of_file(path: &Path) -> Result<(String, u64)> {
    let read = |source| Error::read(path, source);
    let mut file = regular_file::open(path)?;
    let (mut hash, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 18]);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok((hexadecimal(&hash.finalize()), bytes)),
            Ok(n) => {
                hash.update(&buffer[..n]);
                bytes += n as u64;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(read(error)),
        }
    }
}

/// The SHA-256 of `bytes` in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// `bytes` in lower-case hexadecimal digits, two a byte.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
