//! Turns UTF-16 and multi-byte pages into UTF-8 while remembering the source's own bytes and offsets.
//!
//! Invariant: what the encoding gives no meaning to becomes U+FFFD and a mark, so that the record that holds it can
//! be refused with its raw bytes; it is never delivered as if it had been read.

use super::charset::Charset;
use encoding_rs::{Decoder, DecoderResult};
use std::collections::VecDeque;
use std::ops::Range;

/// A place the decoder could make nothing of: where in the text (counted from the file's start), and how many bytes
/// of the source stood there.
struct Mark {
    at: u64,
    len: usize,
}

/// The transcoder of one file.
pub struct Transcoder {
    charset: Charset,
    decoder: Option<Decoder>,
    /// Source bytes not yet taken: those of the text in the window, then what the decoder still holds back.
    raw: Vec<u8>,
    raw_start: usize,
    fed: usize,
    marks: VecDeque<Mark>,
    /// Bytes of text taken so far, and bytes of text made so far.
    taken: u64,
    made: u64,
}

const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

impl Transcoder {
    /// A transcoder that starts at the file's start (or after its byte order mark).
    pub fn new(charset: &Charset) -> Transcoder {
        let decoder = match charset {
            Charset::Utf16 { big: false } => Some(encoding_rs::UTF_16LE.new_decoder_without_bom_handling()),
            Charset::Utf16 { big: true } => Some(encoding_rs::UTF_16BE.new_decoder_without_bom_handling()),
            Charset::Multi(e) => Some(e.new_decoder_without_bom_handling()),
            Charset::Utf8 | Charset::Table(_) => None,
        };
        let charset = charset.clone();
        Transcoder {
            charset,
            decoder,
            raw: Vec::new(),
            raw_start: 0,
            fed: 0,
            marks: VecDeque::new(),
            taken: 0,
            made: 0,
        }
    }

    /// Appends the text of `bytes` to `buf` at `end`. `last`: nothing follows.
    pub fn feed(&mut self, bytes: &[u8], last: bool, buf: &mut Vec<u8>, end: &mut usize) {
        if self.raw_start > 0 {
            self.raw.drain(..self.raw_start);
            self.fed -= self.raw_start;
            self.raw_start = 0;
        }
        self.raw.extend_from_slice(bytes);
        buf.truncate(*end);
        let before = *end;
        match self.decoder.take() {
            Some(mut decoder) => {
                self.decode(&mut decoder, last, buf, before);
                if !last {
                    self.decoder = Some(decoder);
                }
            }
            None => self.look_up(buf, before),
        }
        self.made += (buf.len() - before) as u64;
        *end = buf.len();
    }

    fn decode(&mut self, decoder: &mut Decoder, last: bool, buf: &mut Vec<u8>, before: usize) {
        loop {
            let src = &self.raw[self.fed..];
            let at = buf.len();
            let room = decoder.max_utf8_buffer_length_without_replacement(src.len()).unwrap_or(src.len() * 4 + 16);
            buf.resize(at + room, 0);
            let (result, read, written) = decoder.decode_to_utf8_without_replacement(src, &mut buf[at..], last);
            self.fed += read;
            buf.truncate(at + written);
            match result {
                DecoderResult::InputEmpty => return,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(len, _) => {
                    self.marks.push_back(Mark { at: self.made + (buf.len() - before) as u64, len: usize::from(len) });
                    buf.extend_from_slice(REPLACEMENT);
                }
            }
        }
    }

    fn look_up(&mut self, buf: &mut Vec<u8>, before: usize) {
        let Charset::Table(table) = &self.charset else { return };
        for b in &self.raw[self.fed..] {
            match table.char(*b) {
                Some(c) => buf.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                None => {
                    self.marks.push_back(Mark { at: self.made + (buf.len() - before) as u64, len: 1 });
                    buf.extend_from_slice(REPLACEMENT);
                }
            }
        }
        self.fed = self.raw.len();
    }

    /// Takes text off the front; how many source bytes that were.
    pub fn take(&mut self, text: &[u8]) -> usize {
        let n = self.source_len(text).min(self.fed.saturating_sub(self.raw_start));
        self.raw_start += n;
        self.taken += text.len() as u64;
        while self.marks.front().is_some_and(|m| m.at < self.taken) {
            self.marks.pop_front();
        }
        n
    }

    /// The source bytes of a range of the window's text.
    pub fn raw(&self, text: &[u8], range: Range<usize>) -> Vec<u8> {
        let from = self.raw_start + self.source_len(&text[..range.start]);
        let to = self.raw_start + self.source_len(&text[..range.end]);
        self.raw.get(from..to.min(self.raw.len())).unwrap_or_default().to_vec()
    }

    /// The first mark in a range of the window's text, relative to the window.
    pub fn malformed(&self, range: Range<usize>) -> Option<usize> {
        let mark = self.marks.iter().find(|m| m.at >= self.taken + range.start as u64)?;
        let at = usize::try_from(mark.at - self.taken).ok()?;
        (at < range.end).then_some(at)
    }

    /// How many source bytes the window's first `text` came from.
    fn source_len(&self, text: &[u8]) -> usize {
        let (mut total, mut from) = (0, 0);
        for mark in &self.marks {
            let Ok(at) = usize::try_from(mark.at.saturating_sub(self.taken)) else { break };
            if at >= text.len() {
                break;
            }
            total += self.plain_len(&text[from..at]) + mark.len;
            from = at + REPLACEMENT.len();
        }
        total + text.get(from..).map_or(0, |rest| self.plain_len(rest))
    }

    fn plain_len(&self, text: &[u8]) -> usize {
        let text = String::from_utf8_lossy(text);
        match &self.charset {
            Charset::Utf16 { .. } => text.chars().map(char::len_utf16).sum::<usize>() * 2,
            Charset::Multi(e) => e.encode(&text).0.len(),
            Charset::Utf8 | Charset::Table(_) => text.chars().count(),
        }
    }
}
