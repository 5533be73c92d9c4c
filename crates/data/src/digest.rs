//! SHA-256, by which files and texts are named.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::{Error, Result};

/// The SHA-256 of the file at `path`, as hexadecimal digits, and its size in bytes.
///
/// # Errors
///
/// If it cannot be read.
pub fn sha256_of_file(path: &Path) -> Result<(String, u64)> {
    let read = |source| Error::read(path, source);
    let mut file = File::open(path).map_err(read)?;
    let (mut hash, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 18]);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok((hexadecimal(hash), bytes)),
            Ok(n) => {
                hash.update(&buffer[..n]);
                bytes += n as u64;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(read(error)),
        }
    }
}

/// What `hash` has come to, as hexadecimal digits.
pub(crate) fn hexadecimal(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
