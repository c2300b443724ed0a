//! One route on its way: where it stands and how far it is, who decided what, what differs.
//!
//! Not here: the table of all routes (`migration`).

use super::html::Html;
use super::{format, paged};
use crate::ops::admin::AdminFault;
use crate::ops::admin::migration::{board_of, clusters_of};
use crate::ops::state::AdminState;
use crate::ops::view::migration::{BoardRow, ClusterDetail, ClusterView, EvidenceView};
use crate::ops::view::route::DecisionView;
use crate::ops::view::{figure, times};
use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use jiff::Timestamp;
use std::fmt::Display;

/// Decisions shown, the newest first; the journal has all.
const DECISIONS: usize = 20;

/// `/migration/{route}`
pub(super) async fn page(state: Data<AdminState>, route: Path<String>) -> HttpResponse {
    let route = route.into_inner();
    paged(&state, route.clone(), move |s, h| {
        let found = board_of(s)?.items.into_iter().find(|r| r.route == route);
        let row = found.ok_or_else(|| AdminFault::missing(format_args!("route `{route}` with a modern side")))?;
        let clusters = if s.evidence.is_some() { clusters_of(s, &route)? } else { Vec::new() };
        let decisions = s.standings.as_ref().map(|st| st.decisions(Some(&route))).unwrap_or_default();
        stands(h, &row);
        facts(h, &row, s.clock.now());
        switch(h, &row);
        decided(h, &decisions.iter().rev().take(DECISIONS).map(DecisionView::of).collect::<Vec<_>>(), s.clock.now());
        h.raw("<h2>What differs</h2>");
        clusters.iter().for_each(|c| cluster(h, &route, c));
        if clusters.is_empty() {
            h.raw("<p class=\"quiet\">Nothing.</p>");
        }
        Ok(())
    })
    .await
}

fn stands(h: &mut Html, row: &BoardRow) {
    h.raw("<h1>").text(&row.route).raw("</h1><p class=\"");
    h.raw(match row.evidence.as_ref().map(|e| e.verdict.as_str()) {
        _ if row.killed => "note bad",
        Some("promote") => "note good",
        Some("held") => "note warn",
        _ => "note",
    });
    h.raw("\"><strong>").text(&row.stage);
    if let Some(weight) = &row.weight {
        h.raw(" at ").text(weight);
    }
    h.raw(if row.killed { ", switched off: legacy answers everything</strong> " } else { "</strong> " });
    h.text(&row.told).raw("</p>");
}

fn fact(h: &mut Html, name: &'static str, value: impl Display) {
    h.raw("<div><dt>").raw(name).raw("</dt><dd>").text(value).raw("</dd></div>");
}

fn facts(h: &mut Html, row: &BoardRow, now: Timestamp) {
    h.raw("<dl class=\"facts\">");
    if let Some(e) = &row.evidence {
        evidence(h, e, now);
    }
    fact(h, "Legacy", format_args!("asked {} times in a day", format::count(row.legacy_calls_a_day)));
    if !row.blocking.is_empty() {
        fact(h, "Still called by", row.blocking.join(", "));
    }
    h.raw("</dl>");
    let notes = row.evidence.as_ref().map(|e| e.notes.as_slice()).unwrap_or_default();
    if !notes.is_empty() {
        h.raw("<details id=\"notes\"><summary>What happened to the evidence</summary><ul class=\"quiet\">");
        for note in notes.iter().rev() {
            h.raw("<li>");
            format::ago(h, &note.at, now);
            h.raw(": ").text(&note.what).raw("</li>");
        }
        h.raw("</ul></details>");
    }
}

fn evidence(h: &mut Html, e: &EvidenceView, now: Timestamp) {
    let count = |n: u64| format::count(n);
    let more = if e.missing > 0 { format!("; {} clean ones more to go", count(e.missing)) } else { String::new() };
    fact(h, "Score", format_args!("{} of {}{more}", figure(e.score, 2), figure(e.threshold, 2)));
    let (equal, different, neither) = (count(e.matches), count(e.mismatches), count(e.indeterminate));
    fact(
        h,
        "Compared",
        format_args!("{equal} equal, {different} different, {neither} where legacy disagrees with itself"),
    );
    if e.repeats + e.unanswered + e.overflow > 0 {
        let (repeats, unanswered, overflow) = (count(e.repeats), count(e.unanswered), count(e.overflow));
        fact(
            h,
            "Not counted",
            format_args!("{repeats} repeats, {unanswered} without an answer, {overflow} for want of room"),
        );
    }
    if let Some([low, high]) = e.parity {
        fact(h, "Parity", format_args!("{:.2} to {:.2} % (95 % interval, for display)", low * 100.0, high * 100.0));
    }
    if let Some(census) = &e.census {
        fact(h, "Census", census);
    }
    let watches = e.watches.iter().map(|w| format!("{} {} of {}", w.name, figure(w.score, 1), figure(w.alarm, 1)));
    fact(h, "Watches", watches.collect::<Vec<_>>().join(", "));
    h.raw("<div><dt>Counts since</dt><dd>");
    format::ago(h, &e.since, now);
    if let Some(last) = &e.last {
        h.raw("; compared last ");
        format::ago(h, last, now);
    }
    h.raw("</dd></div>");
    if !e.build.is_empty() {
        fact(h, "Modern's build", &e.build);
    }
    if !e.noisy.is_empty() {
        fact(h, "Noise", e.noisy.join(", "));
    }
}

/// What `banyan routes kill` does, and its way back.
fn switch(h: &mut Html, row: &BoardRow) {
    let body = serde_json::json!({ "route": row.route, "killed": !row.killed });
    h.raw("<form class=\"filter\" data-act=\"/admin/v1/routes:move\" data-confirm=\"");
    h.raw(match row.killed {
        true => "Switch the route on again, where it stands?",
        false => "Let legacy answer everything, at once?",
    });
    h.raw("\" data-body=\"").text(body).raw("\">");
    h.raw("<label>Reason <input name=\"reason\" required maxlength=\"1000\"></label>");
    h.raw("<label>Who decides <input name=\"author\" required maxlength=\"100\" autocomplete=\"username\"></label>");
    h.raw(match row.killed {
        true => "<button class=\"second\">Switch on again</button></form>",
        false => "<button class=\"second\">Switch off: back to legacy</button></form>",
    });
}

fn decided(h: &mut Html, decisions: &[DecisionView], now: Timestamp) {
    h.raw("<h2>Decisions</h2>");
    if decisions.is_empty() {
        h.raw("<p class=\"quiet\">None: it stands where the configuration has it begin.</p>");
        return;
    }
    h.raw("<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Decisions\"><table><thead><tr><th class=\"number\">No.</th><th>When</th><th>From</th><th>To</th><th>Who</th><th>Rests on</th><th>Why</th></tr></thead><tbody>");
    for d in decisions {
        h.raw("<tr><td class=\"number\">").text(d.number).raw("</td><td>");
        format::ago(h, &d.at, now);
        h.raw("</td><td>").text(&d.from);
        h.raw("</td><td>").text(&d.to).raw("</td><td>").text(&d.author).raw("</td><td>").text(&d.because);
        h.raw("</td><td>").text(&d.reason);
        if !d.overrode.is_empty() {
            h.raw("<span class=\"block quiet\">against: ").text(d.overrode.join("; ")).raw("</span>");
        }
        h.raw("</td></tr>");
    }
    h.raw("</tbody></table></div><p class=\"quiet\"><code>banyan evidence verify</code> computes each again from what was kept with it.</p>");
}

fn cluster(h: &mut Html, route: &str, c: &ClusterDetail) {
    let ClusterDetail { cluster, samples } = c;
    h.raw("<section><h3>").text(cluster.number).raw(". <code>").text(&cluster.at).raw("</code> ").text(&cluster.kind);
    h.raw("</h3><p>");
    h.text(times(cluster.mismatches));
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
    h.raw("<form class=\"filter\" data-act=\"/admin/v1/migration:judge\" data-body=\"").text(body).raw("\">");
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
