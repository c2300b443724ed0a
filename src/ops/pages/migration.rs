//! The board: routes on their way, and what differs on one of them.

use super::html::Html;
use super::{format, paged};
use crate::ops::admin::migration::{board_of, clusters_of};
use crate::ops::state::AdminState;
use crate::ops::view::migration::{BoardRow, ClusterDetail, ClusterView, LeavingView};
use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

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

/// `/migration/{route}`
pub(super) async fn one(state: Data<AdminState>, route: Path<String>) -> HttpResponse {
    let route = route.into_inner();
    paged(&state, route.clone(), move |s, h| {
        let clusters = clusters_of(s, &route)?;
        h.raw("<h1>").text(&route).raw("</h1>");
        if let Some(row) = board_of(s)?.items.into_iter().find(|r| r.route == route) {
            h.raw("<p>").text(&row.stage).raw(": ").text(&row.told).raw("</p>");
            if let Some(decided) = row.decided.filter(|d| !d.overrode.is_empty()) {
                h.raw("<p>Forced by ").text(&decided.author).raw(" (").text(&decided.reason).raw(") against:</p><ul>");
                for told in &decided.overrode {
                    h.raw("<li>").text(told).raw("</li>");
                }
                h.raw("</ul>");
            }
            let notes = row.evidence.map(|e| e.notes).unwrap_or_default();
            if !notes.is_empty() {
                h.raw("<ul class=\"quiet\">");
                for note in notes.iter().rev().take(10) {
                    h.raw("<li>").text(&note.at).raw(" ").text(&note.what).raw("</li>");
                }
                h.raw("</ul>");
            }
        }
        h.raw("<h2>What differs</h2>");
        clusters.iter().for_each(|c| cluster(h, &route, c));
        if clusters.is_empty() {
            h.raw("<p class=\"quiet\">Nothing.</p>");
        }
        Ok(())
    })
    .await
}

fn cluster(h: &mut Html, route: &str, c: &ClusterDetail) {
    let ClusterDetail { cluster, samples } = c;
    h.raw("<section><h3><code>").text(&cluster.at).raw("</code> ").text(&cluster.kind).raw("</h3><p>");
    h.text(format::count(cluster.mismatches)).raw(" times");
    h.raw(if cluster.open { ", open" } else { "" }).raw(if cluster.critical { ", critical" } else { "" });
    if let Some(verdict) = &cluster.verdict {
        h.raw("; ").text(verdict).raw(", said ").text(cluster.by.as_deref().unwrap_or("-"));
        h.raw(": ").text(cluster.reason.as_deref().unwrap_or("-"));
    }
    h.raw("</p>");
    verdict(h, route, cluster);
    if !samples.is_empty() {
        h.raw("<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Samples\"><table><thead><tr><th>Request</th><th>Place</th><th>Legacy</th><th>Modern</th><th>Where legacy has it from</th></tr></thead><tbody>");
        for s in samples {
            h.raw("<tr><td>").text(&s.request).raw("<span class=\"block quiet\">trace ").text(&s.trace_id);
            h.raw("</span></td><td><code>").text(&s.at_place).raw("</code></td><td>");
            h.text(s.legacy.as_deref().unwrap_or("-")).raw("</td><td>").text(s.modern.as_deref().unwrap_or("-"));
            h.raw("</td><td>");
            if let Some(dataset) = &s.dataset {
                h.text(dataset).raw(" [").text(s.columns.join(", ")).raw("] = [").text(s.raw.join(", ")).raw("]");
                h.raw("<span class=\"block\"><code>").text(s.formula.as_deref().unwrap_or("")).raw("</code></span>");
            }
            h.raw("</td></tr>");
        }
        h.raw("</tbody></table></div>");
    }
    h.raw("</section>");
}

/// What `banyan evidence judge` does.
fn verdict(h: &mut Html, route: &str, cluster: &ClusterView) {
    let body = serde_json::json!({ "route": route, "cluster": cluster.number });
    h.raw("<form data-act=\"/admin/v1/migration:judge\" data-body=\"").text(body).raw("\">");
    h.raw("<label>Verdict <select name=\"verdict\"><option value=\"modern-bug\">modern bug: it stays open</option>");
    h.raw("<option value=\"legacy-bug\">legacy bug: counts as equal, the score starts again</option>");
    h.raw("<option value=\"accepted\">accepted: counts as equal, the score starts again</option>");
    if cluster.verdict.is_some() {
        h.raw("<option value=\"\">open again</option>");
    }
    h.raw("</select></label><label>Reason <input name=\"reason\" required maxlength=\"1000\"></label>");
    h.raw("<label>Who judges <input name=\"author\" required maxlength=\"100\" autocomplete=\"username\"></label>");
    h.raw("<button class=\"second\">Judge</button></form>");
}
