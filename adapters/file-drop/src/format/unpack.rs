//! Unpacks gzip and zip while reading, within limits.
//!
//! Invariant: nothing is written anywhere, and what an archive claims of itself is not believed: bytes are counted as
//! they come. An archive that ends early is refused, never read as if it were complete.

use super::trouble::{Trouble, smuggle};
use flate2::Crc;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder};
use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom};
use zip::result::ZipError;

/// How a file is packed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Packing {
    /// By the name: `.gz` is gzip, `.zip` is zip, anything else is not packed.
    #[default]
    Auto,
    /// Not packed, whatever the name.
    None,
    /// Gzip.
    Gzip,
    /// Zip.
    Zip,
}

/// How far unpacking may go.
#[derive(Clone, Debug)]
pub struct Unpacking {
    /// How.
    pub packing: Packing,
    /// Which member of a zip; `None`: its only one.
    pub member: Option<crate::folder::glob::Glob>,
    /// At most so many bytes.
    pub max: u64,
}

/// Beyond this size an archive must not be larger than [`RATIO`] times its packed size.
const RATIO_FROM: u64 = 64 << 20;

/// Deflate can reach 1032; text stays far below this.
const RATIO: u64 = 500;

impl Unpacking {
    /// Opens a file of that name for reading its unpacked bytes.
    pub fn open(&self, file: File, name: &str) -> Result<Box<dyn Read + Send>, Trouble> {
        let lower = name.to_ascii_lowercase();
        match self.packing {
            Packing::Auto if lower.ends_with(".gz") => self.gzip(file),
            Packing::Auto if lower.ends_with(".zip") => self.zip(file),
            Packing::Gzip => self.gzip(file),
            Packing::Zip => self.zip(file),
            Packing::Auto | Packing::None => Ok(Box::new(file)),
        }
    }

    fn gzip(&self, file: File) -> Result<Box<dyn Read + Send>, Trouble> {
        let packed = file.metadata()?.len();
        let inner = MultiGzDecoder::new(BufReader::with_capacity(64 * 1024, file));
        Ok(Box::new(Guard { inner, made: 0, max: self.max, packed }))
    }

    fn zip(&self, mut file: File) -> Result<Box<dyn Read + Send>, Trouble> {
        let mut front = [0; 2];
        let zipped = file.read_exact(&mut front).is_ok() && front == *b"PK";
        file.seek(SeekFrom::Start(0))?;
        let member = self.find(file.try_clone()?).map_err(|e| zip_trouble(e, zipped))?;
        let member = member?;
        file.seek(SeekFrom::Start(member.start))?;
        let packed = BufReader::with_capacity(64 * 1024, file).take(member.packed);
        let inner: Box<dyn Read + Send> =
            if member.deflated { Box::new(DeflateDecoder::new(packed)) } else { Box::new(packed) };
        let inner = Checked { inner, crc: Crc::new(), expect: member.crc, size: member.size };
        Ok(Box::new(Guard { inner, made: 0, max: self.max, packed: member.packed }))
    }

    fn find(&self, file: File) -> Result<Result<Member, Trouble>, ZipError> {
        let mut archive = zip::ZipArchive::new(file)?;
        let (mut found, mut names) = (None, Vec::new());
        for i in 0..archive.len() {
            let entry = archive.by_index_raw(i)?;
            let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
            if is_unsafe(&name) {
                let message = format!("a member is named `{}`, which leads out of the archive", name.escape_default());
                return Ok(Err(Trouble::refused("unsafe-archive-member", message)));
            }
            if entry.is_dir() || self.member.as_ref().is_some_and(|m| !m.matches(&name)) {
                continue;
            }
            names.push(name);
            found = Some(i);
        }
        let (Some(index), [name]) = (found, names.as_slice()) else {
            let message = match names.len() {
                0 => String::from("the archive has no member to read"),
                n => format!("the archive has {n} members to choose from ({}). Name one with `member:`", shown(&names)),
            };
            return Ok(Err(Trouble::refused("archive-member", message)));
        };
        let entry = archive.by_index_raw(index)?;
        if entry.encrypted() {
            return Ok(Err(Trouble::refused("archive-unsupported", format!("the member `{name}` is encrypted"))));
        }
        let deflated = match entry.compression() {
            zip::CompressionMethod::Stored => false,
            zip::CompressionMethod::Deflated => true,
            other => {
                let message = format!("the member `{name}` is packed with {other}, which is not supported");
                return Ok(Err(Trouble::refused("archive-unsupported", message)));
            }
        };
        Ok(Ok(Member {
            start: entry.data_start().unwrap_or_default(),
            packed: entry.compressed_size(),
            size: entry.size(),
            crc: entry.crc32(),
            deflated,
        }))
    }
}

struct Member {
    start: u64,
    packed: u64,
    size: u64,
    crc: u32,
    deflated: bool,
}

fn shown(names: &[String]) -> String {
    let mut text = names.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > 5 {
        text.push_str(", …");
    }
    text
}

/// A name that, taken for a path, would lead somewhere else.
fn is_unsafe(name: &str) -> bool {
    let rooted = name.starts_with(['/', '\\']) || name.as_bytes().get(1) == Some(&b':');
    rooted || name.contains('\0') || name.split(['/', '\\']).any(|part| part == "..")
}

fn zip_trouble(e: ZipError, zipped: bool) -> Trouble {
    match e {
        ZipError::Io(e) if e.kind() != ErrorKind::UnexpectedEof && e.kind() != ErrorKind::InvalidData => Trouble::Io(e),
        ZipError::UnsupportedArchive(what) => Trouble::refused("archive-unsupported", what),
        _ if zipped => Trouble::refused("truncated-archive", "the zip file ends before its directory of members"),
        _ => Trouble::refused("damaged-archive", "the file is no zip archive"),
    }
}

/// Counts what comes out, and tells an early end from a damage.
struct Guard<R> {
    inner: R,
    made: u64,
    max: u64,
    packed: u64,
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf).map_err(|e| match e.kind() {
            ErrorKind::UnexpectedEof => smuggle("truncated-archive", "the archive ends early: it was cut off"),
            ErrorKind::InvalidInput | ErrorKind::InvalidData => {
                smuggle("damaged-archive", format!("the archive cannot be unpacked: {e}"))
            }
            _ => e,
        })?;
        self.made += n as u64;
        let bomb = self.made > RATIO_FROM && self.made / RATIO > self.packed;
        if self.made > self.max || bomb {
            let message = format!(
                "the archive of {} bytes unpacks to more than {} bytes{}",
                self.packed,
                if bomb { self.made } else { self.max },
                if bomb { "" } else { " (`max_unpacked`)" }
            );
            return Err(smuggle("archive-too-large", message));
        }
        Ok(n)
    }
}

/// Checks a zip member's length and checksum at its end.
struct Checked<R> {
    inner: R,
    crc: Crc,
    expect: u32,
    size: u64,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.crc.update(&buf[..n]);
        if n == 0 && !buf.is_empty() && self.crc.sum() != self.expect {
            let short = u64::from(self.crc.amount()) < (self.size & 0xffff_ffff);
            return Err(io::Error::new(
                if short { ErrorKind::UnexpectedEof } else { ErrorKind::InvalidData },
                "the checksum does not agree",
            ));
        }
        Ok(n)
    }
}

#[cfg(test)]
mod tests;
