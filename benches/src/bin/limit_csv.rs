//! Limit programs of ingest: `csv` and one prepared upsert into SQLite, one transaction.
//! Usage: limit_csv FILE.csv DATABASE [equal]
//!
//! Plain: a sequential integer key and no index, the least that can be done. `equal`: a 16-byte id that is no sequence and
//! an index on the filtered column, which is what a table must have to answer what the facade answers.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (file, database) = (args.next().ok_or("FILE")?, args.next().ok_or("DATABASE")?);
    let equal = args.next().as_deref() == Some("equal");
    let db = rusqlite::Connection::open(database)?;
    db.execute_batch("PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;")?;
    db.execute_batch(match equal {
        false => "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b, c, d, e, f, g)",
        true => "CREATE TABLE t(id BLOB PRIMARY KEY, a, b, c, d, e, f, g); CREATE INDEX city ON t(d)",
    })?;
    db.execute_batch("BEGIN")?;
    {
        let mut upsert = db.prepare(
            "INSERT INTO t VALUES(?,?,?,?,?,?,?,?)
             ON CONFLICT(id) DO UPDATE SET a=excluded.a,b=excluded.b,c=excluded.c,d=excluded.d,e=excluded.e,f=excluded.f,g=excluded.g",
        )?;
        let mut reader = csv::ReaderBuilder::new().delimiter(b';').from_path(file)?;
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record)? {
            let id = record[0].parse::<i64>()?;
            if equal {
                // Two odd multipliers stand for a hash: as scattered, and cheaper than any.
                let (high, low) = (id.wrapping_mul(-7046029254386353131), id.wrapping_mul(-4417276706812531889));
                let id: [u8; 16] = (((high as u64 as u128) << 64) | low as u64 as u128).to_be_bytes();
                upsert.raw_bind_parameter(1, &id[..])?;
            } else {
                upsert.raw_bind_parameter(1, id)?;
            }
            for i in 1..8 {
                upsert.raw_bind_parameter(i + 1, &record[i])?;
            }
            upsert.raw_execute()?;
        }
    }
    db.execute_batch("COMMIT")?;
    Ok(())
}
