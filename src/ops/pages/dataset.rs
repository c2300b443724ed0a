//! One dataset: what waits, its ledger by file, its units.

use super::html::Html;
use super::overview::{badge, equation, mapping, waiting};
use super::{format, paged};
use crate::ops::admin::AdminFault;
use crate::ops::state::AdminState;
use crate::ops::view::{self, LedgerRowView, Names, UnitView};
use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use jiff::Timestamp;

/// Ledger rows shown.
const ROWS: usize = 50;

/// `/datasets/{full}`
pub(super) async fn page(state: Data<AdminState>, full: Path<String>) -> HttpResponse {
    let full = full.into_inner();
    paged(&state, full.clone(), move |s, h| {
        let found = s.datasets()?.into_iter().find(|d| d.name == full);
        let d = found.ok_or_else(|| AdminFault::missing(format_args!("dataset `{full}`")))?;
        let (rows, more) = s.read(|serving, reader| {
            let names = Names::new(&*serving.store, Some(&serving.catalog));
            let stored = serving.catalog.dataset(&full).map(|(_, d)| d.stored);
            view::ledger(reader, &names, stored, None, ROWS)
        })?;
        let now = s.clock.now();
        h.raw("<div data-refresh=\"10\"><h1>").text(&d.name).raw(" ");
        badge(h, d.state);
        h.raw("</h1><p class=\"quiet\">").text(&d.content).raw(" of source <a href=\"/sources/").segment(&d.source);
        h.raw("\">").text(&d.source).raw("</a>, key ");
        h.text(if d.key.is_empty() { "none".to_owned() } else { d.key.join(", ") }).raw("</p>");
        waiting(h, &d);
        if d.dead_letters_open > 0 {
            h.raw("<p><a href=\"/dead-letters?dataset=").segment(&d.name).raw("\">");
            h.text(format::count(d.dead_letters_open)).raw(" open dead letters</a></p>");
        }
        refused(h, &d.refused, now);
        h.raw("<h2>Ledger</h2><p class=\"quiet\">Every record that came in is accounted for: in = applied + unchanged + superseded + skipped + held + rejected.</p>");
        for m in &d.ledger.mappings {
            mapping(h, &m.mapping, ", all files");
            equation(h, &m.sums);
        }
        table(h, &rows, now);
        if let Some(folded) = &d.ledger.folded {
            h.raw("<p class=\"quiet\">").text(folded.words()).raw("; they are part of the sums above.</p>");
        }
        if more.is_some() {
            h.raw("<p class=\"quiet\">Older ones: <code>banyan ledger --dataset ").text(&d.name).raw("</code></p>");
        }
        h.raw("</div>");
        Ok(())
    })
    .await
}

/// Files whose content is not served: a later good file says nothing of them.
fn refused(h: &mut Html, files: &[UnitView], now: Timestamp) {
    if files.is_empty() {
        return;
    }
    h.raw("<h2 id=\"refused\">Refused files</h2><p class=\"quiet\">What they hold is not served. Have each delivered again under its name, or correct the configuration and reload.</p>");
    h.raw("<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Refused files\"><table><thead><tr><th>File</th><th>Refused</th><th>Code</th><th>Why</th></tr></thead><tbody>");
    for u in files {
        h.raw("<tr><td class=\"file\">").text(&u.name).raw("</td><td>");
        format::ago(h, u.finished.as_deref().unwrap_or(&u.begun), now);
        h.raw("</td><td><code>").text(u.code.as_deref().unwrap_or_default()).raw("</code></td><td>");
        h.text(u.message.as_deref().unwrap_or_default()).raw("</td></tr>");
    }
    h.raw("</tbody></table></div>");
}

fn table(h: &mut Html, rows: &[LedgerRowView], now: Timestamp) {
    h.raw("<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Ledger by file\"><table><thead><tr><th>File</th><th>State</th><th>Finished</th><th>Mapping</th><th class=\"number\">in</th><th class=\"number\">applied</th><th class=\"number\">unchanged</th><th class=\"number\">superseded</th><th class=\"number\">skipped</th><th class=\"number\">held</th><th class=\"number\">rejected</th><th class=\"number\">deleted</th><th>adds up</th></tr></thead><tbody>");
    for row in rows {
        h.raw("<tr><td class=\"file\">");
        match &row.unit {
            Some(u) => {
                h.text(&u.name);
                if let Some(message) = &u.message {
                    h.raw("<span class=\"block quiet\">").text(message).raw("</span>");
                }
                h.raw("</td><td>").text(u.state.word()).raw("</td><td>");
                format::ago(h, u.finished.as_deref().unwrap_or(&u.begun), now);
            }
            None => drop(h.raw("</td><td></td><td>")),
        }
        h.raw("</td><td>").text(row.mapping.as_deref().unwrap_or("fills a lookup")).raw("</td>");
        let s = &row.sums;
        for n in [s.read, s.applied, s.unchanged, s.superseded, s.skipped, s.held, s.rejected, s.deleted] {
            h.raw(if n == 0 { "<td class=\"number none\">" } else { "<td class=\"number\">" });
            h.text(format::count(n)).raw("</td>");
        }
        h.raw(if s.adds_up { "<td class=\"good\">✓</td></tr>" } else { "<td class=\"bad\">✗ no</td></tr>" });
    }
    if rows.is_empty() {
        h.raw("<tr><td colspan=\"13\" class=\"quiet\">Nothing has arrived yet.</td></tr>");
    }
    h.raw("</tbody></table></div>");
}
