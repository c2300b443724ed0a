//! Bodies as they were before they were encoded, so that two of them compare.

use super::{Reply, Skipped};
use flate2::read::GzDecoder;
use std::io::Read;

/// The reply with its body decoded; `most` bounds what that may come to.
pub(super) fn plain(mut reply: Reply, most: usize) -> Result<Reply, Skipped> {
    let mut encodings = reply.headers.iter().filter(|(n, _)| n == "content-encoding");
    let encoding = encodings.next().map(|(_, v)| v.trim().to_ascii_lowercase());
    if encodings.next().is_some() {
        return Err(Skipped::Encoded);
    }
    match encoding.as_deref() {
        None | Some("identity" | "") => return Ok(reply),
        Some("gzip" | "x-gzip") => {}
        Some(_) => return Err(Skipped::Encoded),
    }
    let mut all = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    GzDecoder::new(&*reply.body).take(limit).read_to_end(&mut all).map_err(|_| Skipped::Encoded)?;
    if all.len() > most {
        return Err(Skipped::AnswerTooLarge);
    }
    reply.headers.retain(|(n, _)| n != "content-encoding" && n != "content-length");
    reply.body = all.into();
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;
    use std::time::Duration;

    fn reply(encoding: &str, body: &[u8]) -> Reply {
        let headers = vec![("content-encoding".to_owned(), encoding.to_owned())];
        Reply { status: 200, headers, body: body.to_vec().into(), took: Duration::ZERO }
    }

    #[test]
    fn gzip_is_read_within_bounds_and_what_is_not_known_is_told() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&vec![b'x'; 100_000]).unwrap();
        let bomb = encoder.finish().unwrap();
        assert_eq!(plain(reply("gzip", &bomb), 100_000).unwrap().body.len(), 100_000);
        assert_eq!(plain(reply("gzip", &bomb), 99_999).unwrap_err(), Skipped::AnswerTooLarge);
        assert_eq!(plain(reply("gzip", b"none"), 10).unwrap_err(), Skipped::Encoded);
        assert_eq!(plain(reply("br", b"x"), 10).unwrap_err(), Skipped::Encoded);
        assert_eq!(&plain(reply("Identity", b"x"), 10).unwrap().body[..], b"x");
    }
}
