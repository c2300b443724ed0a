//! What the gateway and the worker say to each other.
//!
//! Invariant: a frame is `u32 length | u8 kind | body`, little-endian, and nothing in it is believed: a reader answers
//! `None` to bytes that do not fit. Not here: pages of rows (`page`).

use std::io::{self, Read, Write};

/// The protocol's version; both sides must be of the same build.
pub const VERSION: u32 = 2;
/// The longest frame either side takes. A page holds at least one row, and a cell at most [`LONGEST`] bytes.
pub const LONGEST_FRAME: usize = 512 << 20;
/// The longest cell that is read.
pub const LONGEST: usize = 64 << 20;

/// Writes a frame.
pub fn write_frame(out: &mut impl Write, frame: &[u8]) -> io::Result<()> {
    let length = u32::try_from(frame.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(frame)?;
    out.flush()
}

/// Reads a frame into `frame`; false at the end of the stream.
pub fn read_frame(from: &mut impl Read, frame: &mut Vec<u8>) -> io::Result<bool> {
    let mut length = [0; 4];
    let first = from.read(&mut length[..1])?;
    if first == 0 {
        return Ok(false);
    }
    from.read_exact(&mut length[1..])?;
    let length = u32::from_le_bytes(length) as usize;
    if length > LONGEST_FRAME || length == 0 {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "not a frame"));
    }
    frame.clear();
    let read = from.take(length as u64).read_to_end(frame)?;
    if read < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(true) }
}

/// Appends to a frame.
#[derive(Default)]
pub struct Put(pub Vec<u8>);

impl Put {
    /// A frame of that kind.
    pub fn new(kind: u8) -> Put {
        Put(vec![kind])
    }
    /// A byte.
    pub fn byte(&mut self, v: u8) -> &mut Put {
        self.0.push(v);
        self
    }
    /// A number.
    pub fn number(&mut self, v: u32) -> &mut Put {
        self.0.extend_from_slice(&v.to_le_bytes());
        self
    }
    /// A long number.
    pub fn long(&mut self, v: u64) -> &mut Put {
        self.0.extend_from_slice(&v.to_le_bytes());
        self
    }
    /// Bytes with their length.
    pub fn bytes(&mut self, v: &[u8]) -> &mut Put {
        self.number(v.len() as u32);
        self.0.extend_from_slice(v);
        self
    }
    /// Text.
    pub fn text(&mut self, v: &str) -> &mut Put {
        self.bytes(v.as_bytes())
    }
}

/// Takes from a frame.
#[derive(Clone, Copy)]
pub struct Take<'f>(pub &'f [u8]);

impl<'f> Take<'f> {
    /// The next `n` bytes.
    pub fn raw(&mut self, n: usize) -> Option<&'f [u8]> {
        let (head, tail) = self.0.split_at_checked(n)?;
        self.0 = tail;
        Some(head)
    }
    /// A byte.
    pub fn byte(&mut self) -> Option<u8> {
        Some(self.raw(1)?[0])
    }
    /// A number.
    pub fn number(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.raw(4)?.try_into().ok()?))
    }
    /// A long number.
    pub fn long(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.raw(8)?.try_into().ok()?))
    }
    /// Bytes with their length.
    pub fn bytes(&mut self) -> Option<&'f [u8]> {
        let n = self.number()? as usize;
        self.raw(n)
    }
    /// Text.
    pub fn text(&mut self) -> Option<&'f str> {
        std::str::from_utf8(self.bytes()?).ok()
    }
    /// Text, owned.
    pub fn string(&mut self) -> Option<String> {
        self.text().map(str::to_owned)
    }
}

/// What the gateway asks. Each is answered by exactly one [`Answer`].
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Connects. The first request, and asked once.
    Open {
        /// The connection string, with its secrets.
        connection: String,
        /// Seconds the driver may take to log in.
        login_seconds: u32,
        /// Text and binary columns are read row by row, since the driver once told a length wrongly.
        careful: bool,
    },
    /// Runs a statement of the session's own (`SET …`) and throws its answer away.
    Execute(String),
    /// Opens an answer.
    Select {
        /// The statement.
        sql: String,
        /// Its parameters.
        params: Vec<Param>,
        /// Seconds the server may take; 0: no limit.
        seconds: u32,
    },
    /// Opens the answer of a catalog function.
    Catalog {
        /// Which.
        what: Catalog,
        /// The schema, `%` for any, empty where there is none.
        schema: String,
        /// The table, `%` for any.
        table: String,
    },
    /// The next rows of the open answer.
    Fetch {
        /// At most so many.
        rows: u32,
        /// About so many bytes.
        bytes: u32,
    },
}

/// A catalog function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Catalog {
    /// `SQLTables`.
    Tables,
    /// `SQLColumns`.
    Columns,
    /// `SQLPrimaryKeys`.
    Keys,
    /// `SQLStatistics`.
    Indexes,
    /// `SQLForeignKeys`.
    References,
}

/// A parameter's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Param {
    /// None.
    Null,
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A float.
    Float(f64),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A decimal's text, its digits and those after the point.
    Decimal(String, u8, u8),
    /// `2024-02-29`.
    Date(String),
    /// `23:59:59.5`.
    Time(String),
    /// `2024-02-29 23:59:59.5`.
    DateTime(String),
}

impl Request {
    /// The frame.
    pub fn encode(&self) -> Vec<u8> {
        let mut put;
        match self {
            Request::Open { connection, login_seconds, careful } => {
                put = Put::new(1);
                put.number(VERSION).text(connection).number(*login_seconds).byte(u8::from(*careful));
            }
            Request::Execute(sql) => {
                put = Put::new(2);
                put.text(sql);
            }
            Request::Select { sql, params, seconds } => {
                put = Put::new(3);
                put.text(sql).number(*seconds).number(params.len() as u32);
                params.iter().for_each(|p| p.encode(&mut put));
            }
            Request::Catalog { what, schema, table } => {
                put = Put::new(4);
                put.byte(*what as u8).text(schema).text(table);
            }
            Request::Fetch { rows, bytes } => {
                put = Put::new(5);
                put.number(*rows).number(*bytes);
            }
        }
        put.0
    }

    /// What a frame asks.
    pub fn decode(frame: &[u8]) -> Option<Request> {
        let mut take = Take(frame);
        Some(match take.byte()? {
            1 => {
                if take.number()? != VERSION {
                    return None;
                }
                let connection = take.string()?;
                Request::Open { connection, login_seconds: take.number()?, careful: take.byte()? != 0 }
            }
            2 => Request::Execute(take.string()?),
            3 => {
                let (sql, seconds, count) = (take.string()?, take.number()?, take.number()?);
                let params = (0..count).map(|_| Param::decode(&mut take)).collect::<Option<_>>()?;
                Request::Select { sql, params, seconds }
            }
            4 => {
                let what = match take.byte()? {
                    0 => Catalog::Tables,
                    1 => Catalog::Columns,
                    2 => Catalog::Keys,
                    3 => Catalog::Indexes,
                    4 => Catalog::References,
                    _ => return None,
                };
                Request::Catalog { what, schema: take.string()?, table: take.string()? }
            }
            5 => Request::Fetch { rows: take.number()?, bytes: take.number()? },
            _ => return None,
        })
    }
}

impl Param {
    fn encode(&self, put: &mut Put) {
        match self {
            Param::Null => put.byte(0),
            Param::Text(t) => put.byte(1).text(t),
            Param::Integer(i) => put.byte(2).long(*i as u64),
            Param::Float(f) => put.byte(3).long(f.to_bits()),
            Param::Bytes(b) => put.byte(4).bytes(b),
            Param::Decimal(t, precision, scale) => put.byte(5).text(t).byte(*precision).byte(*scale),
            Param::Date(t) => put.byte(6).text(t),
            Param::Time(t) => put.byte(7).text(t),
            Param::DateTime(t) => put.byte(8).text(t),
        };
    }

    fn decode(take: &mut Take<'_>) -> Option<Param> {
        Some(match take.byte()? {
            0 => Param::Null,
            1 => Param::Text(take.string()?),
            2 => Param::Integer(take.long()? as i64),
            3 => Param::Float(f64::from_bits(take.long()?)),
            4 => Param::Bytes(take.bytes()?.to_vec()),
            5 => Param::Decimal(take.string()?, take.byte()?, take.byte()?),
            6 => Param::Date(take.string()?),
            7 => Param::Time(take.string()?),
            8 => Param::DateTime(take.string()?),
            _ => return None,
        })
    }
}

/// The form a column's cells travel in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Form {
    /// UTF-8.
    Text,
    /// 64 bits.
    Integer,
    /// A decimal's text.
    Decimal,
    /// 64 bits.
    Float,
    /// 32 bits.
    Real,
    /// A byte.
    Boolean,
    /// See [`crate::page::Civil`].
    Date,
    /// See [`crate::page::Civil`].
    Time,
    /// See [`crate::page::Civil`].
    DateTime,
    /// The same, in UTC.
    Instant,
    /// Bytes.
    Bytes,
}

impl Form {
    /// The form of that number.
    pub fn of(byte: u8) -> Option<Form> {
        use Form::*;
        [Text, Integer, Decimal, Float, Real, Boolean, Date, Time, DateTime, Instant, Bytes]
            .get(usize::from(byte))
            .copied()
    }
}

/// A column of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireColumn {
    /// Its name.
    pub name: String,
    /// How its cells travel.
    pub form: Form,
    /// A decimal's digits.
    pub precision: u8,
    /// A decimal's digits after the point.
    pub scale: u8,
}

/// What the worker answers. Pages have a form of their own: kind [`PAGE`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Connected.
    Opened {
        /// The server's product, as the driver names it.
        product: String,
        /// Its version.
        version: String,
        /// The driver's file and version.
        driver: String,
        /// The driver says that the connection cannot write.
        read_only: bool,
    },
    /// Done.
    Done,
    /// An answer is open.
    Columns(Vec<WireColumn>),
    /// It did not work.
    Failed {
        /// SQLSTATE; empty where the worker itself failed.
        state: String,
        /// The driver's words.
        message: String,
        /// The connection is lost.
        dead: bool,
    },
}

/// The kind of frame that holds a page.
pub const PAGE: u8 = 5;

impl Answer {
    /// The frame.
    pub fn encode(&self) -> Vec<u8> {
        let mut put;
        match self {
            Answer::Opened { product, version, driver, read_only } => {
                put = Put::new(1);
                put.number(VERSION).text(product).text(version).text(driver).byte(u8::from(*read_only));
            }
            Answer::Done => put = Put::new(2),
            Answer::Columns(columns) => {
                put = Put::new(3);
                put.number(columns.len() as u32);
                for c in columns {
                    put.text(&c.name).byte(c.form as u8).byte(c.precision).byte(c.scale);
                }
            }
            Answer::Failed { state, message, dead } => {
                put = Put::new(4);
                put.text(state).text(message).byte(u8::from(*dead));
            }
        }
        put.0
    }

    /// What a frame says.
    pub fn decode(frame: &[u8]) -> Option<Answer> {
        let mut take = Take(frame);
        Some(match take.byte()? {
            1 => {
                if take.number()? != VERSION {
                    return None;
                }
                let (product, version, driver) = (take.string()?, take.string()?, take.string()?);
                Answer::Opened { product, version, driver, read_only: take.byte()? != 0 }
            }
            2 => Answer::Done,
            3 => {
                let count = take.number()?;
                let column = |take: &mut Take<'_>| {
                    let (name, form) = (take.string()?, Form::of(take.byte()?)?);
                    Some(WireColumn { name, form, precision: take.byte()?, scale: take.byte()? })
                };
                Answer::Columns((0..count).map(|_| column(&mut take)).collect::<Option<_>>()?)
            }
            4 => Answer::Failed { state: take.string()?, message: take.string()?, dead: take.byte()? != 0 },
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_arrives_and_what_is_cut_does_not() {
        let params = vec![
            Param::Null,
            Param::Text("Grüße 🌳".into()),
            Param::Integer(i64::MIN),
            Param::Float(-0.1),
            Param::Bytes(vec![0, 255]),
            Param::Decimal("12.50".into(), 4, 2),
            Param::Date("2024-02-29".into()),
        ];
        let asked = Request::Select { sql: "SELECT ?".into(), params, seconds: 7 };
        let frame = asked.encode();
        assert_eq!(Request::decode(&frame), Some(asked));
        for cut in 0..frame.len() {
            assert_eq!(Request::decode(&frame[..cut]), None, "cut at {cut}");
        }
    }

    #[test]
    fn a_frame_of_nonsense_is_refused() {
        let mut frame = Vec::new();
        assert!(read_frame(&mut &b"Segmentation fault"[..], &mut frame).is_err());
        assert!(read_frame(&mut &[9, 0, 0, 0, 1][..], &mut frame).is_err(), "shorter than it says");
        assert!(!read_frame(&mut &[][..], &mut frame).unwrap(), "an end is no error");
        assert_eq!(Answer::decode(&[77]), None);
    }
}
