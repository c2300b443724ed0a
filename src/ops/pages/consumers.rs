//! Who calls which route.

use super::html::Html;
use super::{format, paged};
use crate::ops::admin::consumers::all;
use crate::ops::state::AdminState;
use crate::ops::view::consumer::ConsumerView;
use actix_web::HttpResponse;
use actix_web::web::Data;
use jiff::Timestamp;

/// `/consumers`
pub(super) async fn page(state: Data<AdminState>) -> HttpResponse {
    paged(&state, "Consumers".to_owned(), |s, h| {
        h.raw("<h1>Consumers</h1><p class=\"quiet\">Who called which route in the last 30 days, at which stage, and who still \
            needs the old system. Whoever is not named under <code>consumers</code> is anonymous.</p>");
        table(h, &all(s), s.clock.now());
        Ok(())
    })
    .await
}

fn table(h: &mut Html, all: &[ConsumerView], now: Timestamp) {
    h.raw("<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Consumers\"><table><thead><tr><th>Consumer</th>");
    h.raw("<th>Route</th><th class=\"number\">Calls</th><th>By stage</th><th class=\"number\">Needed legacy</th>");
    h.raw("<th>Last seen</th><th>Fields</th></tr></thead><tbody>");
    for c in all {
        h.raw("<tr><td>")
            .text(&c.consumer)
            .raw("</td><td><code>")
            .text(&c.route)
            .raw("</code></td><td class=\"number\">");
        h.text(format::count(i128::from(c.calls)))
            .raw("</td><td>")
            .text(c.stages_told())
            .raw("</td><td class=\"number\">");
        h.text(format::count(i128::from(c.fell_back + c.pinned + c.tokens))).raw("</td><td>");
        format::ago(h, &c.last_seen, now);
        h.raw("</td><td>").text(c.fields_told()).raw("</td></tr>");
    }
    if all.is_empty() {
        h.raw("<tr><td colspan=\"7\" class=\"quiet\">Nobody has called yet.</td></tr>");
    }
    h.raw("</tbody></table></div>");
}
