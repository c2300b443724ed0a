//! The first page: is all well, and if not, what wants a person.

use super::html::Html;
use super::{format, paged};
use crate::ops::acts::Waiting;
use crate::ops::health::{Health, Status};
use crate::ops::rates::Recent;
use crate::ops::state::{AdminState, Overview};
use crate::ops::view::{DatasetView, DriftView, StateWord, Sums, SuspendedView};
use crate::runtime::serving::Serving;
use actix_web::HttpResponse;
use actix_web::web::Data;
use jiff::Timestamp;

/// `/`
pub(super) async fn page(state: Data<AdminState>) -> HttpResponse {
    paged(&state, "Overview".to_owned(), |s, h| {
        let overview = s.overview()?;
        draw(h, s, &overview);
        Ok(())
    })
    .await
}

fn draw(h: &mut Html, s: &AdminState, overview: &Overview) {
    let now = s.clock.now();
    h.raw("<div data-refresh=\"5\">");
    let letters = overview.datasets.iter().map(|d| d.dead_letters_open).sum();
    health(h, &overview.health, letters);
    h.raw("<h1>Datasets</h1><div class=\"cards\">");
    for d in &overview.datasets {
        card(h, d, &s.metrics.rates.of(&counted_as(d)), now);
    }
    h.raw("</div>");
    sources(h, s, &s.shared.get());
    entities(h, &s.shared.get(), &overview.counts);
    let sizes = &overview.sizes;
    h.raw("<h2>Gateway</h2><dl class=\"facts\">");
    fact(h, "Facade", &s.about.facade);
    fact(h, "Store", &s.about.store);
    for (name, bytes) in [
        ("Store size", sizes.store_bytes),
        ("Its log", sizes.log_bytes),
        ("Memory (own)", sizes.own_bytes.or(sizes.resident_bytes)),
    ] {
        if let Some(n) = bytes {
            fact(h, name, &format::bytes(n));
        }
    }
    h.raw("<div><dt>Running for</dt><dd>");
    let running = s.about.started.parse::<Timestamp>().map(|t| now.as_second() - t.as_second());
    h.text(running.map_or_else(|_| "-".to_owned(), format::duration)).raw("</dd></div></dl></div>");
}

/// The label records are counted under: that of the file, for one of several record types in it.
fn counted_as(d: &DatasetView) -> String {
    d.feed.as_ref().map_or_else(|| d.name.clone(), |f| format!("{}.{}", d.source, f.dataset))
}

fn fact(h: &mut Html, name: &'static str, value: &str) {
    h.raw("<div><dt>").text(name).raw("</dt><dd>").text(value).raw("</dd></div>");
}

fn health(h: &mut Html, health: &Health, letters: u64) {
    let (class, line) = match health.status {
        Status::Ready => ("good", "All is well"),
        Status::Degraded => ("warn", "Requests are answered, but something wants your attention"),
        Status::Unready => ("bad", "Requests cannot be answered"),
    };
    h.raw("<section class=\"health ")
        .text(class)
        .raw("\" aria-label=\"Health\"><p><strong>")
        .text(line)
        .raw("</strong>");
    h.raw(" <span class=\"quiet\">").text(health.status.word()).raw("</span>");
    if letters > 0 {
        h.raw(" · <a href=\"/dead-letters\">").text(format::count(letters));
        h.raw(if letters == 1 { " dead letter waits</a>" } else { " dead letters wait</a>" });
    }
    h.raw("</p>");
    if !health.reasons.is_empty() {
        h.raw("<ul>");
        for r in &health.reasons {
            h.raw("<li><code>").text(&r.code).raw("</code> ");
            if let Some(d) = &r.dataset {
                h.raw("<a href=\"/datasets/").segment(d).raw("\">").text(d).raw("</a>: ");
            }
            h.text(&r.message).raw(" <span class=\"quiet\">").text(&r.hint).raw("</span></li>");
        }
        h.raw("</ul>");
    }
    h.raw("</section>");
}

/// A state as a word with a sign and a colour.
pub(super) fn badge(h: &mut Html, state: StateWord) {
    let (class, sign) = match state {
        StateWord::Idle | StateWord::Reading | StateWord::Starting => ("good", "●"),
        StateWord::Late | StateWord::Suspended | StateWord::Refused => ("warn", "▲"),
        StateWord::Failing | StateWord::Drifted | StateWord::Stopped => ("bad", "■"),
    };
    h.raw("<span class=\"badge ").text(class).raw("\"><span aria-hidden=\"true\">").text(sign).raw("</span> ");
    h.text(state.word()).raw("</span>");
}

fn card(h: &mut Html, d: &DatasetView, recent: &Recent, now: Timestamp) {
    h.raw("<article class=\"card\"><header><h2><a href=\"/datasets/").segment(&d.name).raw("\">").text(&d.name);
    h.raw("</a></h2>");
    badge(h, d.state);
    h.raw("</header><dl class=\"facts\">");
    last_file(h, d, now);
    refused_files(h, d);
    freshness(h, d, now);
    h.raw("<div><dt>Throughput</dt><dd>").text(format::rate(recent.now)).raw(" records/s ");
    sparkline(h, &recent.past);
    h.raw("</dd></div><div><dt>Dead letters</dt><dd>");
    if d.dead_letters_open > 0 {
        h.raw("<a class=\"strong\" href=\"/dead-letters?dataset=").segment(&d.name).raw("\">");
        h.text(format::count(d.dead_letters_open)).raw(" open</a>");
    } else {
        h.raw("none open");
    }
    h.raw("</dd></div></dl>");
    if let Some(f) = &d.feed
        && let Some(message) = &f.message
    {
        h.raw("<p class=\"note bad\">").text(message).raw("</p>");
    }
    waiting(h, d);
    for m in &d.ledger.mappings {
        mapping(h, &m.mapping, "");
        equation(h, &m.sums);
    }
    h.raw("</article>");
}

/// Files that a later good one has not made good.
fn refused_files(h: &mut Html, d: &DatasetView) {
    let before = d.refused.iter().filter(|r| d.last_unit.as_ref().is_none_or(|u| u.number != r.number)).count();
    if before > 0 {
        h.raw("<div><dt>Not read</dt><dd><a class=\"strong\" href=\"/datasets/").segment(&d.name).raw("#refused\">");
        h.text(before).raw(if before == 1 { " refused file" } else { " refused files" }).raw("</a></dd></div>");
    }
}

fn last_file(h: &mut Html, d: &DatasetView, now: Timestamp) {
    h.raw("<div><dt>Last file</dt><dd>");
    match &d.last_unit {
        None => drop(h.raw("none yet")),
        Some(u) => {
            h.raw("<span class=\"block file\">")
                .text(&u.name)
                .raw("</span>")
                .text(format::count(u.records))
                .raw(" records, ");
            h.text(u.state.word()).raw(" ");
            format::ago(h, u.finished.as_deref().unwrap_or(&u.begun), now);
            if let Some(message) = &u.message {
                h.raw("<span class=\"block quiet\">").text(message).raw("</span>");
            }
        }
    }
    h.raw("</dd></div>");
}

fn freshness(h: &mut Html, d: &DatasetView, now: Timestamp) {
    h.raw("<div><dt>As of</dt><dd>");
    match &d.as_of {
        None => drop(h.raw("never")),
        Some(at) => format::ago(h, at, now),
    }
    if let Some(p) = &d.promise {
        let (class, word) = if p.kept { ("good", "kept") } else { ("warn", "broken") };
        h.raw(" <span class=\"").text(class).raw("\">promise of ").text(format::duration(p.seconds as i64)).raw(" ");
        h.text(word).raw("</span>");
    }
    h.raw("</dd></div>");
}

fn sparkline(h: &mut Html, past: &[f64]) {
    let highest = past.iter().copied().fold(0.0, f64::max);
    if highest <= 0.0 {
        return;
    }
    h.raw("<svg class=\"spark\" viewBox=\"0 0 120 20\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"last ten minutes, highest ");
    h.text(format::rate(highest)).raw(" records a second\"><polyline points=\"");
    let from = 120_usize.saturating_sub(past.len());
    for (i, r) in past.iter().enumerate() {
        h.text(format_args!("{},{:.1} ", from + i, 19.0 - r / highest * 18.0));
    }
    h.raw("\"/></svg>");
}

/// What waits for a person, with the button that answers it.
pub(super) fn waiting(h: &mut Html, d: &DatasetView) {
    if let Some(drift) = &d.drift {
        drifted(h, d, drift);
    }
    if let Some(s) = d.suspended.as_ref() {
        suspended(h, d, s);
    }
}

fn drifted(h: &mut Html, d: &DatasetView, drift: &DriftView) {
    h.raw("<section class=\"note bad\"><p><strong>The columns changed</strong> in <span class=\"file\">")
        .text(&drift.unit);
    h.raw("</span>; the dataset stands still, and what is served stays as it was.</p><ul>");
    for difference in &drift.differences {
        h.raw("<li>").text(difference).raw("</li>");
    }
    h.raw("</ul><details id=\"columns-").segment(&d.name).raw("\"><summary>All columns</summary><div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Columns\"><table><thead><tr><th>Accepted</th><th>Found</th></tr></thead><tbody>");
    for i in 0..drift.accepted.len().max(drift.found.len()) {
        let (a, f) = (drift.accepted.get(i), drift.found.get(i));
        h.raw(if a == f { "<tr>" } else { "<tr class=\"differs\">" });
        for column in [a, f] {
            h.raw("<td>");
            if let Some(c) = column {
                h.text(&c.name).raw(" <span class=\"quiet\">").text(&c.ty).raw("</span>");
            }
            h.raw("</td>");
        }
        h.raw("</tr>");
    }
    h.raw("</tbody></table></div></details>");
    let seen = Waiting { what: "drift".to_owned(), unit: drift.unit.clone() };
    accept_button(
        h,
        d,
        &seen,
        "Accept the columns found",
        "Go on with the columns found? Mend the mappings first, if they use one that is gone.",
    );
    h.raw("</section>");
}

fn suspended(h: &mut Html, d: &DatasetView, s: &SuspendedView) {
    h.raw("<section class=\"note warn\"><p><strong>")
        .text(format::count(s.missing))
        .raw(" deletions wait</strong> (of ");
    h.text(format::count(s.of))
        .raw(" records) from <span class=\"file\">")
        .text(&s.unit)
        .raw("</span>: ")
        .text(&s.reason);
    h.raw("</p>");
    if s.accepted {
        h.raw("<p>Accepted; carried out when the file is read again.</p>");
    } else if d.drift.is_some() {
        h.raw("<p>To be answered once the columns are accepted.</p>");
    } else {
        let seen = Waiting { what: "deletions".to_owned(), unit: s.unit.clone() };
        accept_button(
            h,
            d,
            &seen,
            "Carry out the deletions",
            "Delete these records? They are gone from the facade afterwards, until a file shows them again.",
        );
    }
    h.raw("</section>");
}

/// A button that accepts what the page shows, and nothing that came up since.
fn accept_button(h: &mut Html, d: &DatasetView, seen: &Waiting, label: &'static str, confirm: &'static str) {
    h.raw("<p><button type=\"button\" data-act=\"/admin/v1/datasets/").segment(&d.name).raw("/accept\" data-body=\"");
    h.text(serde_json::to_string(seen).unwrap_or_default()).raw("\" data-confirm=\"");
    h.raw(confirm).raw("\">").raw(label).raw("</button></p>");
}

/// A mapping's name above its sums.
pub(super) fn mapping(h: &mut Html, name: &str, more: &'static str) {
    h.raw("<p class=\"mapping\">").text(if name == "-" { "fills a lookup" } else { name }).raw(more).raw("</p>");
}

/// Every source, with what of it wants a person.
fn sources(h: &mut Html, s: &AdminState, serving: &Serving) {
    h.raw("<h2>Sources</h2><ul>");
    let insides = s.acts.insides();
    for source in &serving.catalog.sources {
        h.raw("<li><a href=\"/sources/").segment(&source.name).raw("\">").text(&source.name);
        h.raw("</a> <span class=\"quiet\">").text(&source.adapter).raw("</span>");
        let halted = insides.iter().find(|(n, _)| *n == source.name).and_then(|(_, i)| i.halted.as_ref());
        if let Some(halted) = halted {
            h.raw(" <span class=\"bad\">stands still: ").text(&halted.code).raw("</span>");
        }
        h.raw("</li>");
    }
    h.raw("</ul>");
}

/// The ledger's equation.
pub(super) fn equation(h: &mut Html, sums: &Sums) {
    h.raw("<p class=\"equation\"><span class=\"term\"><b>").text(format::count(sums.read)).raw("</b> in</span> ");
    for (i, (word, n)) in sums.parts().into_iter().enumerate() {
        h.raw(if i == 0 { "= " } else { "+ " });
        h.raw(if n == 0 { "<span class=\"term none\"><b>" } else { "<span class=\"term\"><b>" });
        h.text(format::count(n)).raw("</b> ").text(word).raw("</span> ");
    }
    if sums.adds_up {
        h.raw("<span class=\"good\">✓ adds up</span>");
    } else {
        h.raw("<span class=\"bad\">✗ does not add up</span>");
    }
    for (word, n) in [("discarded", sums.discarded), ("deleted", sums.deleted)] {
        if n != 0 {
            h.raw(" <span class=\"quiet\">· ").text(format::count(n)).raw(" ").text(word).raw("</span>");
        }
    }
    h.raw("</p>");
}

fn entities(h: &mut Html, serving: &Serving, counts: &[u64]) {
    h.raw("<h2>Entities</h2><div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Entities\"><table><thead><tr>");
    h.raw("<th>Entity</th><th class=\"number\">Instances</th><th class=\"number\">Fields</th><th>Fed by</th></tr></thead><tbody>");
    for (no, e) in serving.catalog.entities.iter().enumerate() {
        h.raw("<tr><td><a href=\"/entities/")
            .segment(&e.name)
            .raw("\">")
            .text(&e.plural)
            .raw("</a></td><td class=\"number\">");
        match counts.get(no) {
            Some(n) => h.text(format::count(*n)),
            None => h.raw("-"),
        };
        h.raw("</td><td class=\"number\">").text(e.fields.len()).raw("</td><td>");
        let datasets: Vec<&str> =
            serving.catalog.feeding(no).map(|(_, m)| serving.catalog.datasets[m.dataset].full.as_str()).collect();
        h.text(datasets.join(", ")).raw("</td></tr>");
    }
    h.raw("</tbody></table></div>");
}
