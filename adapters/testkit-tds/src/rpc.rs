//! Requests: statements, and `sp_executesql` with its parameters.

use rusqlite::types::Value;
use std::io::{Error, ErrorKind, Result};

/// A statement with its parameters' values.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) sql: String,
    pub(crate) params: Vec<Value>,
    pub(crate) procedure: bool,
}

/// Bytes read from the front.
pub(crate) struct Bytes<'b>(pub(crate) &'b [u8]);

impl<'b> Bytes<'b> {
    pub(crate) fn take(&mut self, n: usize) -> Result<&'b [u8]> {
        let (head, rest) = self.0.split_at_checked(n).ok_or(ErrorKind::UnexpectedEof)?;
        self.0 = rest;
        Ok(head)
    }

    pub(crate) fn number(&mut self, n: usize) -> Result<u64> {
        Ok(self.take(n)?.iter().rev().fold(0, |all, b| all << 8 | u64::from(*b)))
    }

    fn size(&mut self, n: usize) -> Result<usize> {
        Ok(self.number(n)? as usize)
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|c| u16::from_le_bytes([c[0], c[1]]));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

fn headers(bytes: &mut Bytes<'_>) -> Result<()> {
    let total = bytes.size(4)?;
    bytes.take(total.saturating_sub(4)).map(drop)
}

/// A batch.
pub(crate) fn batch(body: &[u8]) -> Result<Request> {
    let mut bytes = Bytes(body);
    headers(&mut bytes)?;
    Ok(Request { sql: text(bytes.0), params: Vec::new(), procedure: false })
}

/// A call of `sp_executesql`, the only procedure there is.
pub(crate) fn rpc(body: &[u8]) -> Result<Request> {
    let mut bytes = Bytes(body);
    headers(&mut bytes)?;
    let name = bytes.number(2)?;
    let id = bytes.number(2)?;
    bytes.take(2)?;
    if name != 0xFFFF || id != 10 {
        return Err(Error::other("only sp_executesql is known"));
    }
    let mut values = Vec::new();
    while !bytes.0.is_empty() {
        let name = bytes.size(1)? * 2;
        bytes.take(name + 1)?;
        values.push(value(&mut bytes)?);
    }
    let mut values = values.into_iter();
    let Some(Value::Text(sql)) = values.next() else { return Err(ErrorKind::InvalidData.into()) };
    values.next();
    Ok(Request { sql, params: values.collect(), procedure: true })
}

fn value(bytes: &mut Bytes<'_>) -> Result<Value> {
    match bytes.number(1)? {
        0x1F => Ok(Value::Null),
        ty @ (0x26 | 0x68 | 0x6D | 0x24) => {
            bytes.take(1)?;
            let size = bytes.size(1)?;
            Ok(small(ty, bytes.take(size)?))
        }
        0x6A | 0x6C => {
            bytes.take(2)?;
            let scale = bytes.size(1)?;
            let size = bytes.size(1)?;
            Ok(decimal(bytes.take(size)?, scale))
        }
        0x28 => moment(bytes, true, None, false),
        0x29 => moment(bytes, false, Some(()), false),
        0x2A => moment(bytes, true, Some(()), false),
        0x2B => moment(bytes, true, Some(()), true),
        ty @ (0xE7 | 0xA5) => {
            let most = bytes.size(2)?;
            if ty == 0xE7 {
                bytes.take(5)?;
            }
            let Some(data) = varying(bytes, most)? else { return Ok(Value::Null) };
            Ok(if ty == 0xE7 { Value::Text(text(&data)) } else { Value::Blob(data) })
        }
        other => Err(Error::other(format!("a parameter of type {other:#x}"))),
    }
}

fn small(ty: u64, data: &[u8]) -> Value {
    match (ty, data.len()) {
        (_, 0) => Value::Null,
        (0x26, 1) | (0x68, _) => Value::Integer(i64::from(data[0])),
        (0x6D, 4) => Value::Real(f64::from(f32::from_le_bytes(data.try_into().unwrap_or_default()))),
        (0x6D, _) => Value::Real(f64::from_le_bytes(data.try_into().unwrap_or_default())),
        (0x24, _) => Value::Blob(data.to_vec()),
        (_, n) => {
            let raw = data.iter().rev().fold(0_i64, |all, b| all << 8 | i64::from(*b));
            Value::Integer(raw << (64 - 8 * n) >> (64 - 8 * n))
        }
    }
}

fn decimal(data: &[u8], scale: usize) -> Value {
    let Some((sign, magnitude)) = data.split_first() else { return Value::Null };
    let number = magnitude.iter().rev().fold(0_u128, |all, b| all << 8 | u128::from(*b));
    let digits = format!("{number:0>width$}", width = scale + 1);
    let (whole, part) = digits.split_at(digits.len() - scale);
    let sign = if *sign == 0 { "-" } else { "" };
    let point = if scale > 0 { "." } else { "" };
    Value::Text(format!("{sign}{whole}{point}{part}"))
}

/// Dates and times, written as the tables here hold them.
fn moment(bytes: &mut Bytes<'_>, date: bool, time: Option<()>, offset: bool) -> Result<Value> {
    let scale = if time.is_some() { bytes.size(1)? as u32 } else { 0 };
    let size = bytes.size(1)?;
    if size == 0 {
        return Ok(Value::Null);
    }
    let rest = 3 * usize::from(date) + 2 * usize::from(offset);
    let mut parts = Vec::new();
    let clock = if time.is_some() { bytes.number(size.saturating_sub(rest))? } else { 0 };
    if date {
        let days = bytes.number(3)? as i64;
        let first = jiff::civil::date(1, 1, 1);
        parts.push(first.saturating_add(jiff::Span::new().days(days)).to_string());
    }
    if time.is_some() {
        let unit = 10_u64.pow(scale);
        let seconds = clock / unit;
        let width = scale as usize;
        let part = if width > 0 { format!(".{:0>width$}", clock % unit) } else { String::new() };
        parts.push(format!("{:02}:{:02}:{:02}{part}", seconds / 3600, seconds / 60 % 60, seconds % 60));
    }
    if offset {
        bytes.take(2)?;
        parts.push("+00:00".to_owned());
    }
    Ok(Value::Text(parts.join(" ")))
}

fn varying(bytes: &mut Bytes<'_>, most: usize) -> Result<Option<Vec<u8>>> {
    if most != 0xFFFF {
        let size = bytes.size(2)?;
        return if size == 0xFFFF { Ok(None) } else { bytes.take(size).map(|b| Some(b.to_vec())) };
    }
    if bytes.number(8)? == u64::MAX {
        return Ok(None);
    }
    let mut all = Vec::new();
    loop {
        let size = bytes.size(4)?;
        if size == 0 {
            return Ok(Some(all));
        }
        all.extend_from_slice(bytes.take(size)?);
    }
}
