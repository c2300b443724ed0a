//! The version of a file: SHA-256 of its bytes as dropped.

use banyan_adapter::Stop;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// Reads the file from its start; `None` if asked to stop. Leaves it at its start.
pub fn sha256(file: &mut File, stop: &Stop) -> io::Result<Option<String>> {
    let mut hash = Sha256::new();
    let mut block = vec![0; 256 * 1024];
    file.seek(SeekFrom::Start(0))?;
    loop {
        if stop.stopped() {
            return Ok(None);
        }
        match file.read(&mut block) {
            Ok(0) => break,
            Ok(n) => hash.update(&block[..n]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    file.seek(SeekFrom::Start(0))?;
    Ok(Some(banyan_words::value::hex(&hash.finalize())))
}
