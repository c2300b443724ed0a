//! One source: what its feeds do, what goes on inside it, and what of it waits for a person.

use super::html::Html;
use super::paged;
use crate::ops::admin::AdminFault;
use crate::ops::state::AdminState;
use crate::ops::view;
use actix_web::http::header;
use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, ResponseError};
use banyan_adapter::Halted;

/// `/sources/{name}`
pub(super) async fn page(state: Data<AdminState>, name: Path<String>) -> HttpResponse {
    let name = name.into_inner();
    paged(&state, name.clone(), move |s, h| {
        let serving = s.shared.get();
        let all = view::sources(&serving.catalog, &s.acts.feeds(), &s.acts.insides());
        let found = all.into_iter().find(|v| v.name == name);
        let v = found.ok_or_else(|| AdminFault::missing(format_args!("source `{name}`")))?;
        h.raw("<div data-refresh=\"10\"><h1>").text(&v.name).raw("</h1><p class=\"quiet\">reached by ");
        h.text(&v.adapter).raw("</p>");
        if let Some(halted) = s.acts.insides().into_iter().find(|(n, _)| *n == name).and_then(|(_, i)| i.halted) {
            waits(h, &name, &halted);
        }
        h.raw("<h2>Inside</h2><dl class=\"facts\">");
        for fact in &v.facts {
            h.raw("<div><dt>").text(&fact.name).raw("</dt><dd>").text(&fact.value).raw("</dd></div>");
        }
        h.raw("</dl><h2>Datasets</h2><ul>");
        for full in &v.datasets {
            h.raw("<li><a href=\"/datasets/").segment(full).raw("\">").text(full).raw("</a>");
            let feed = v.feeds.iter().find(|f| *full == format!("{}.{}", v.name, f.dataset));
            if let Some(feed) = feed {
                h.raw(" <span class=\"quiet\">").text(feed.is.word()).raw("</span>");
                if let Some(message) = &feed.message {
                    h.raw("<span class=\"block quiet\">").text(message).raw("</span>");
                }
            }
            h.raw("</li>");
        }
        h.raw("</ul></div>");
        Ok(())
    })
    .await
}

/// `/sources/{name}/drawing.svg`: what came, drawn, while the source stands still.
pub(super) async fn drawing(state: Data<AdminState>, name: Path<String>) -> HttpResponse {
    let name = name.into_inner();
    let drawn = state.acts.insides().into_iter().find(|(n, _)| *n == name).and_then(|(_, i)| i.halted?.drawing);
    match drawn {
        // It loads nothing and runs nothing, also where it is opened by itself.
        Some(svg) => HttpResponse::Ok()
            .content_type("image/svg+xml")
            .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'"))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body(svg),
        None => AdminFault::new("not-found", format!("nothing is drawn of `{name}`")).error_response(),
    }
}

/// Why the source stands still, with the pictures and the button that lets it go on.
fn waits(h: &mut Html, name: &str, halted: &Halted) {
    h.raw("<section class=\"note bad\"><p><strong>This source stands still</strong> since ").text(halted.since);
    h.raw(": <code>").text(&halted.code).raw("</code></p><p>").text(&halted.message).raw("</p>");
    for (caption, text) in &halted.pictures {
        h.raw("<figure><figcaption>").text(caption).raw("</figcaption><pre>").text(text).raw("</pre></figure>");
    }
    if halted.drawing.is_some() {
        h.raw("<details id=\"drawing\"><summary>The same as a drawing</summary><div class=\"wide\"><img alt=\"");
        h.text("what came, with what differs marked").raw("\" src=\"/sources/").segment(name);
        h.raw("/drawing.svg\"></div></details>");
    }
    if let Some(proposal) = &halted.proposal {
        h.raw("<details id=\"proposal\"><summary>What the map would have to say</summary><pre>");
        h.text(proposal).raw("</pre></details>");
    }
    h.raw("<p><button type=\"button\" data-act=\"/admin/v1/sources/").segment(name).raw("/accept\" data-body=\"");
    h.text(serde_json::json!({ "halt": halted.id }).to_string());
    h.raw("\" data-confirm=\"Let the source go on? If the screen really changed, mend the map first.\">");
    h.raw("I have looked: go on</button></p></section>");
}
