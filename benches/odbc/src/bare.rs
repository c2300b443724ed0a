//! The bare loop: an odbc-api bulk fetch, each cell written to a pipe as its length and bytes.

use odbc_api::buffers::TextRowSet;
use odbc_api::{ConnectionOptions, Cursor, environment};
use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let connection = std::env::args().nth(1).ok_or("connection string?")?;
    let sql = std::env::args().nth(2).ok_or("statement?")?;
    let connection = environment()?.connect_with_connection_string(&connection, ConnectionOptions::default())?;
    let mut out = std::io::BufWriter::with_capacity(64 << 10, std::io::stdout().lock());
    let mut cursor = connection.execute(&sql, (), None)?.ok_or("no answer")?;
    let buffer = TextRowSet::for_cursor(1000, &mut cursor, Some(255))?;
    let mut rows = cursor.bind_buffer(buffer)?;
    while let Some(batch) = rows.fetch_with_truncation_check(true)? {
        for row in 0..batch.num_rows() {
            for column in 0..batch.num_cols() {
                let cell = batch.at(column, row);
                out.write_all(&(cell.map_or(u32::MAX, |c| c.len() as u32)).to_le_bytes())?;
                out.write_all(cell.unwrap_or_default())?;
            }
        }
    }
    out.flush()?;
    Ok(())
}
