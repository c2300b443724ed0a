//! Limit program of ingest: `csv` and one prepared upsert into SQLite, sequential integer key, one transaction.
//! Usage: limit_csv FILE.csv DATABASE

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (file, database) = (args.next().ok_or("FILE")?, args.next().ok_or("DATABASE")?);
    let db = rusqlite::Connection::open(database)?;
    db.execute_batch(
        "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;
         CREATE TABLE t(id INTEGER PRIMARY KEY, a, b, c, d, e, f, g); BEGIN",
    )?;
    {
        let mut upsert = db.prepare(
            "INSERT INTO t VALUES(?,?,?,?,?,?,?,?)
             ON CONFLICT(id) DO UPDATE SET a=excluded.a,b=excluded.b,c=excluded.c,d=excluded.d,e=excluded.e,f=excluded.f,g=excluded.g",
        )?;
        let mut reader = csv::ReaderBuilder::new().delimiter(b';').from_path(file)?;
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record)? {
            upsert.raw_bind_parameter(1, record[0].parse::<i64>()?)?;
            for i in 1..8 {
                upsert.raw_bind_parameter(i + 1, &record[i])?;
            }
            upsert.raw_execute()?;
        }
    }
    db.execute_batch("COMMIT")?;
    Ok(())
}
