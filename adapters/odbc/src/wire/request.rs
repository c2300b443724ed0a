//! What the gateway asks of the worker.
//!
//! Invariant: what is encoded decodes to the same; bytes that do not fit, or of another version, decode to nothing.

use super::{Put, Take, VERSION};

/// What the gateway asks. Each is answered by exactly one [`super::Answer`].
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
    /// The rest of the open answer is not wanted.
    Enough,
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
            Request::Enough => put = Put::new(6),
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
            6 => Request::Enough,
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
