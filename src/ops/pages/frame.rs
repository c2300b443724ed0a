//! What every page has: head, navigation, footer; and the files pages load.

use super::html::Html;
use crate::ops::state::About;
use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Path;
use jiff::Timestamp;

const CSS: &str = include_str!("assets/admin.css");
const JS: &str = include_str!("assets/admin.js");
const ICON: &str = include_str!("assets/icon.svg");

/// A whole page around `main`.
pub(super) fn whole(title: &str, about: &About, now: Timestamp, main: &Html) -> String {
    let mut h = Html::default();
    h.raw("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>")
        .text(title)
        .raw(" · Banyan</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")
        .raw("<meta name=\"color-scheme\" content=\"light dark\"><meta name=\"robots\" content=\"noindex\">")
        .raw("<link rel=\"icon\" href=\"/assets/icon.svg\"><link rel=\"stylesheet\" href=\"/assets/admin.css\">")
        .raw("<script src=\"/assets/admin.js\" defer></script></head><body>")
        .raw("<a class=\"skip\" href=\"#main\">Skip to content</a><header><a class=\"brand\" href=\"/\">")
        .raw("<img src=\"/assets/icon.svg\" alt=\"\" width=\"22\" height=\"22\">Banyan</a><nav aria-label=\"Pages\">")
        .raw("<a href=\"/\">Overview</a><a href=\"/dead-letters\">Dead letters</a><a href=\"/migration\">Migration</a><a href=\"/consumers\">Consumers</a>")
        .raw("<a href=\"/docs/\">Admin API</a>")
        .raw("<a href=\"")
        .text(&about.facade)
        .raw("/docs/\">Facade</a></nav></header><p id=\"said\" role=\"status\" aria-live=\"polite\" hidden></p>")
        .raw("<main id=\"main\" tabindex=\"-1\">")
        .part(main)
        .raw("</main><footer>Banyan ")
        .text(&about.version)
        .raw(" · ")
        .text(&about.config)
        .raw(" · as of <time datetime=\"")
        .text(now)
        .raw("\">")
        .text(now.strftime("%Y-%m-%d %H:%M:%S UTC"))
        .raw("</time></footer></body></html>");
    h.finish()
}

/// The files pages load.
pub(super) async fn asset(file: Path<String>) -> HttpResponse {
    let (kind, body) = match file.as_str() {
        "admin.css" => ("text/css; charset=utf-8", CSS),
        "admin.js" => ("text/javascript; charset=utf-8", JS),
        "icon.svg" => ("image/svg+xml", ICON),
        _ => return HttpResponse::NotFound().finish(),
    };
    // Short: a newer version of the program brings newer files under the same names.
    HttpResponse::Ok().content_type(kind).insert_header((header::CACHE_CONTROL, "max-age=60")).body(body)
}
