//! `/openapi.json` and `/docs`: made from the catalog, shown without reaching the internet.

use super::conditional::ETag;
use super::facade::Ask;
use super::openapi::facade_document;
use super::worker::Worker;
use crate::runtime::serving::Serving;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Bytes;
use banyan_model::refusal::{REGISTRY, Refusal};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use utoipa_swagger_ui::Config;

/// The document of the current catalog, kept once for all workers.
pub(super) struct Docs {
    made: Mutex<Option<(Weak<Serving>, Bytes)>>,
    ui: Arc<Config<'static>>,
}

impl Default for Docs {
    fn default() -> Docs {
        // Without a validator's address the page would ask one on the internet.
        let ui = Config::from("/openapi.json").validator_url("none").try_it_out_enabled(true);
        Docs { made: Mutex::new(None), ui: Arc::new(ui) }
    }
}

impl Docs {
    /// `GET /openapi.json`
    pub(super) fn document(&self, w: &Worker, ask: &Ask<'_>) -> Result<HttpResponse, Refusal> {
        let body = self.bytes(&w.serving);
        let etag = ETag::of_body(&body);
        let mut response = if ask.wants.if_none_match.is_some_and(|h| etag.is_known(h)) {
            HttpResponse::new(StatusCode::NOT_MODIFIED)
        } else {
            HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "application/json")).body(body)
        };
        response.headers_mut().insert(header::ETAG, etag.header());
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        Ok(response)
    }

    fn bytes(&self, serving: &Arc<Serving>) -> Bytes {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, bytes)) = &*made
            && std::ptr::eq(of.as_ptr(), Arc::as_ptr(serving))
        {
            return bytes.clone();
        }
        let bytes = Bytes::from(facade_document(&serving.catalog).to_string());
        *made = Some((Arc::downgrade(serving), bytes.clone()));
        bytes
    }

    /// `GET /docs/…`
    pub(super) fn page(&self, rest: &str) -> Result<HttpResponse, Refusal> {
        let mut response = match rest {
            "" => {
                let mut r = HttpResponse::new(StatusCode::PERMANENT_REDIRECT);
                r.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/docs/"));
                r
            }
            "/errors" => {
                HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8")).body(errors_page())
            }
            file => match utoipa_swagger_ui::serve(file.trim_start_matches('/'), self.ui.clone()) {
                Ok(Some(file)) => {
                    let mut r = HttpResponse::Ok();
                    r.insert_header((header::CONTENT_TYPE, file.content_type));
                    if file.gzpipped {
                        r.insert_header((header::CONTENT_ENCODING, "gzip"));
                    }
                    r.body(file.bytes.into_owned())
                }
                _ => return Err(Refusal::new("no-such-path", "there is no such page under /docs")),
            },
        };
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        Ok(response)
    }
}

/// The codes as a page, where `type` of a problem leads.
fn errors_page() -> String {
    let mut out = String::from(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Errors</title><style>\
         body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}\
         code{background:#eee;padding:0 .2em}:target{background:#ffd}</style></head><body><h1>Errors</h1>",
    );
    for d in REGISTRY {
        let status = super::fault::status(d.class).as_u16();
        let _ = write!(
            out,
            "<section id=\"{0}\"><h2><code>{0}</code> <small>{status}</small></h2><p>{1}</p><p>{2}</p></section>",
            d.code,
            marked(d.meaning),
            marked(d.hint)
        );
    }
    out.push_str("</body></html>");
    out
}

/// Escapes for HTML; what stands in backticks is code.
fn marked(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut out = String::new();
    for (i, piece) in escaped.split('`').enumerate() {
        let tag = ["", if i % 2 == 1 { "<code>" } else { "</code>" }][usize::from(i > 0)];
        out.push_str(tag);
        out.push_str(piece);
    }
    out
}

/// The codes as a table for `docs/api.md`.
pub fn errors_table() -> String {
    let mut out = String::from("| code | status | meaning | what to do |\n|---|---|---|---|\n");
    for d in REGISTRY {
        let status = super::fault::status(d.class).as_u16();
        let _ = writeln!(out, "| `{}` | {status} | {} | {} |", d.code, d.meaning, d.hint);
    }
    out
}
