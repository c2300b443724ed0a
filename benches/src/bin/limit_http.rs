//! Limit programs of reading: actix with a fixed body, with nothing, and with one prepared SQLite query for a list of 50.
//! Usage: limit_http PORT DATABASE (made by limit_csv; gets an index on `d`, the filtered column)

use actix_web::{App, HttpResponse, HttpServer, web};
use std::cell::RefCell;
use std::error::Error;
use std::fmt::Write as _;

const BODY: &str = r#"{"id":"5pga7r8a2xsmynwhp3fje39cc1","name":"Harbour Supplies 123456","email":"c123456@example.test","city":"town-0042","category":"trade","credit_limit":"12345.00","since":"2019-04-01","note":"a note of some length for number 123456, as notes are","phone":"+44 20 7946 123456","region":"region-42"}"#;

thread_local! {
    static DB: RefCell<Option<rusqlite::Connection>> = const { RefCell::new(None) };
}

async fn fixed() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(BODY)
}

async fn nothing() -> HttpResponse {
    HttpResponse::NotModified().insert_header(("ETag", "\"0123456789abcdef\"")).finish()
}

async fn list(
    database: web::Data<String>,
    query: web::Query<std::collections::HashMap<String, String>>,
) -> HttpResponse {
    let city = query.get("city").cloned().unwrap_or_default();
    let body = DB.with_borrow_mut(|slot| -> rusqlite::Result<String> {
        if slot.is_none() {
            *slot = Some(rusqlite::Connection::open(database.as_str())?);
        }
        let Some(db) = slot else { return Ok(String::new()) };
        let mut q = db.prepare_cached("SELECT id,a,b,c,d,e,f,g FROM t WHERE d=? ORDER BY id LIMIT 50")?;
        let mut rows = q.query([city])?;
        let mut out = String::from("{\"items\":[");
        let mut first = true;
        while let Some(r) = rows.next()? {
            if !std::mem::take(&mut first) {
                out.push(',');
            }
            let _ = write!(out, "{{\"id\":\"{}\"", r.get::<_, i64>(0)?);
            for (i, name) in ["name", "email", "phone", "city", "category", "credit_limit", "note"].iter().enumerate() {
                let _ = write!(out, ",\"{name}\":\"{}\"", r.get_ref(i + 1)?.as_str().unwrap_or(""));
            }
            out.push('}');
        }
        out.push_str("],\"next\":null}");
        Ok(out)
    });
    match body {
        Ok(body) => HttpResponse::Ok().content_type("application/json").body(body),
        Err(e) => HttpResponse::InternalServerError().body(e.to_string()),
    }
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let port: u16 = args.next().ok_or("PORT")?.parse()?;
    let database = args.next().ok_or("DATABASE")?;
    rusqlite::Connection::open(&database)?.execute_batch("CREATE INDEX IF NOT EXISTS td ON t(d, id)")?;
    HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(database.clone()))
            .route("/fixed/{id}", web::get().to(fixed))
            .route("/nothing/{id}", web::get().to(nothing))
            .route("/list", web::get().to(list))
    })
    .workers(1)
    .bind(("127.0.0.1", port))?
    .run()
    .await?;
    Ok(())
}
