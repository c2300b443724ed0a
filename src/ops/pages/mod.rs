//! The dashboard: pages made here, a style sheet and a script of our own, nothing from elsewhere.
//!
//! Invariant: what a legacy system, a file name or a configuration says reaches a page through [`Html::text`] only, which
//! escapes it; [`Html::raw`] takes nothing but literals of this program. Pages work without script, but for acts.
//! Not here: facts (`view`), acts (`admin::acts`; the script posts to the admin API).

mod consumers;
mod dataset;
mod entity;
mod format;
mod frame;
mod html;
mod letters;
mod migration;
mod overview;
mod route;
mod source;
mod why;

use html::Html;

use super::admin::{AdminFault, read};
use super::state::AdminState;
use actix_web::http::StatusCode;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpResponse, ResponseError};

/// All pages.
pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(read("/", overview::page))
        .service(read("/datasets/{full}", dataset::page))
        .service(read("/sources/{name}", source::page))
        .service(read("/sources/{name}/drawing.svg", source::drawing))
        .service(read("/consumers", consumers::page))
        .service(read("/dead-letters", letters::list))
        .service(read("/dead-letters/{number}", letters::one))
        .service(read("/entities/{name}", entity::page))
        .service(read("/migration", migration::page))
        .service(read("/migration/{route}", route::page))
        .service(read("/why", why::find))
        .service(read("/why/{entity}/{id}", why::page))
        .service(read("/assets/{file}", frame::asset));
}

/// Makes a page on a thread that may block; a refusal becomes a page too.
async fn paged<F>(state: &Data<AdminState>, title: String, make: F) -> HttpResponse
where
    F: FnOnce(&AdminState, &mut Html) -> Result<(), AdminFault> + Send + 'static,
{
    let state = state.clone();
    let made = web::block(move || {
        let mut body = Html::default();
        let done = make(&state, &mut body);
        let now = state.clock.now();
        match done {
            Ok(()) => (StatusCode::OK, frame::whole(&title, &state.about, now, &body)),
            Err(fault) => {
                let status = fault.status_code();
                let mut body = Html::default();
                body.raw("<h1>").text(status).raw("</h1><p class=\"note bad\">").text(&fault).raw("</p>");
                (status, frame::whole("Refused", &state.about, now, &body))
            }
        }
    });
    match made.await {
        Ok((status, page)) => HttpResponse::build(status).content_type("text/html; charset=utf-8").body(page),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}
