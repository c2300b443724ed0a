//! The board: routes on their way, and what can be switched off behind them.
//!
//! Not here: one route (`route`).

use super::html::Html;
use super::{format, paged};
use crate::ops::admin::migration::board_of;
use crate::ops::state::AdminState;
use crate::ops::view::migration::{BoardRow, LeavingView};
use actix_web::HttpResponse;
use actix_web::web::Data;

/// `/migration`
pub(super) async fn page(state: Data<AdminState>) -> HttpResponse {
    paged(&state, "Migration".to_owned(), |s, h| {
        let board = board_of(s)?;
        h.raw("<div data-refresh=\"5\"><h1>Migration</h1>");
        table(h, &board.items);
        leaving(h, &board.leaving);
        h.raw("</div>");
        Ok(())
    })
    .await
}

fn table(h: &mut Html, rows: &[BoardRow]) {
    h.raw("<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Routes\"><table><thead><tr><th>Route</th><th>Stage</th><th>What the evidence says</th><th class=\"number\">Equal</th><th class=\"number\">Different</th><th>Open</th><th class=\"number\">Legacy calls a day</th></tr></thead><tbody>");
    for row in rows {
        h.raw("<tr><td><a href=\"/migration/").segment(&row.route).raw("\">").text(&row.route).raw("</a></td><td>");
        h.text(&row.stage);
        if let Some(weight) = &row.weight {
            h.raw(" at ").text(weight);
        }
        if row.killed {
            h.raw("<span class=\"block\">switched off</span>");
        }
        h.raw("</td><td>").text(&row.told);
        if let Some(decided) = row.decided.as_ref().filter(|d| !d.overrode.is_empty()) {
            h.raw("<span class=\"block quiet\">forced by ").text(&decided.author).raw(" against: ");
            h.text(decided.overrode.join("; ")).raw("</span>");
        }
        if !row.blocking.is_empty() {
            h.raw("<span class=\"block quiet\">still called by ").text(row.blocking.join(", ")).raw("</span>");
        }
        let (equal, different) = row.evidence.as_ref().map_or((0, 0), |e| (e.matches, e.mismatches));
        h.raw("</td><td class=\"number\">").text(format::count(equal)).raw("</td><td class=\"number\">");
        h.text(format::count(different)).raw("</td><td>");
        for c in row.open.iter().take(3) {
            h.raw("<span class=\"block\"><code>").text(&c.at).raw("</code> ").text(&c.kind);
            h.raw(if c.critical { ", critical</span>" } else { "</span>" });
        }
        h.raw("</td><td class=\"number\">").text(format::count(row.legacy_calls_a_day)).raw("</td></tr>");
    }
    if rows.is_empty() {
        h.raw("<tr><td colspan=\"7\" class=\"quiet\">No route has a modern side.</td></tr>");
    }
    h.raw("</tbody></table></div>");
}

fn leaving(h: &mut Html, all: &[LeavingView]) {
    if all.is_empty() {
        return;
    }
    h.raw("<h2>What can be switched off</h2><ul>");
    for source in all {
        h.raw("<li>").text(&source.name).raw(" <span class=\"quiet\">").text(&source.adapter).raw("</span>: ");
        match source.can_go {
            true => h.raw("nothing needs it any more"),
            false => {
                let needs: Vec<&str> = source.routes.iter().chain(&source.collections).map(String::as_str).collect();
                h.raw("needed by ").text(needs.join(", "))
            }
        };
        h.raw("</li>");
    }
    h.raw("</ul>");
}
