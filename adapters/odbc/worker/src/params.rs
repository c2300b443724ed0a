//! Parameters in the form the driver takes them.

use banyan_odbc::wire::Param;
use odbc_api::sys::{CDataType, NULL_DATA, SqlDataType};

/// A parameter that can be bound. Its buffer is on the heap, so that it does not move.
pub(crate) struct Bound {
    pub(crate) c: CDataType,
    pub(crate) sql: SqlDataType,
    pub(crate) size: usize,
    pub(crate) digits: i16,
    pub(crate) data: Vec<u8>,
    pub(crate) indicator: isize,
}

/// All parameters; text in UTF-8 for a narrow driver, in UTF-16 for others.
pub(crate) fn bindable(params: Vec<Param>, narrow: bool) -> Vec<Bound> {
    params.into_iter().map(|p| bound(p, narrow)).collect()
}

fn bound(param: Param, narrow: bool) -> Bound {
    match param {
        Param::Null => {
            let mut null = of(CDataType::Char, SqlDataType::VARCHAR, 1, 0, Vec::new());
            null.indicator = NULL_DATA;
            null
        }
        Param::Text(t) if narrow => of(CDataType::Char, SqlDataType::VARCHAR, t.len().max(1), 0, t.into_bytes()),
        Param::Text(t) => {
            let data: Vec<u8> = t.encode_utf16().flat_map(u16::to_ne_bytes).collect();
            of(CDataType::WChar, SqlDataType::EXT_W_VARCHAR, (data.len() / 2).max(1), 0, data)
        }
        Param::Integer(i) => of(CDataType::SBigInt, SqlDataType::EXT_BIG_INT, 20, 0, i.to_ne_bytes().to_vec()),
        Param::Float(f) => of(CDataType::Double, SqlDataType::DOUBLE, 53, 0, f.to_ne_bytes().to_vec()),
        Param::Bytes(b) => of(CDataType::Binary, SqlDataType::EXT_VAR_BINARY, b.len().max(1), 0, b),
        Param::Decimal(t, precision, scale) => {
            let size = usize::from(precision).max(1);
            of(CDataType::Char, SqlDataType::DECIMAL, size, i16::from(scale), t.into_bytes())
        }
        Param::Date(t) => of(CDataType::Char, SqlDataType::DATE, 10, 0, t.into_bytes()),
        Param::Time(t) if t.contains('.') => of(CDataType::Char, SqlDataType::VARCHAR, t.len(), 0, t.into_bytes()),
        Param::Time(t) => of(CDataType::Char, SqlDataType::TIME, 8, 0, t.into_bytes()),
        Param::DateTime(t) => {
            let digits = t.split_once('.').map_or(0, |(_, f)| f.len() as i16);
            of(CDataType::Char, SqlDataType::TIMESTAMP, t.len().max(19), digits, t.into_bytes())
        }
    }
}

fn of(c: CDataType, sql: SqlDataType, size: usize, digits: i16, mut data: Vec<u8>) -> Bound {
    let indicator = data.len() as isize;
    // Some drivers look at the byte behind a text; all want an address.
    data.extend_from_slice(&[0; 8]);
    Bound { c, sql, size, digits, data, indicator }
}
