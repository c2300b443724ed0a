//! What the worker answers, pages of rows apart.
//!
//! Invariant: what is encoded decodes to the same; bytes that do not fit, or of another version, decode to nothing.

use super::{Put, Take, VERSION};

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
