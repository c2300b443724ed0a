//! Dead letters: the list, and one with its bytes and its buttons.

use super::html::Html;
use super::{format, paged};
use crate::ops::admin::lists::letters;
use crate::ops::admin::params::Params;
use crate::ops::admin::reads::{letter, number_of};
use crate::ops::state::AdminState;
use crate::ops::view::{DeadLetterView, Page};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;

/// Bytes shown in hexadecimal.
const HEX_SHOWN: usize = 4_096;

/// `/dead-letters`
pub(super) async fn list(state: Data<AdminState>, req: HttpRequest) -> HttpResponse {
    let query = req.query_string().to_owned();
    paged(&state, "Dead letters".to_owned(), move |s, h| {
        let params = Params::of(&query, &["dataset", "code", "state", "limit", "cursor"])?;
        let page = letters(s, &params)?;
        h.raw("<h1>Dead letters</h1><p class=\"quiet\">Records that were refused. None is dropped: mend the cause and replay, or discard with a reason.</p>");
        form(h, s, &params);
        if params.text("state").is_none_or(|w| w == "open") {
            bulk(h, &params, &page);
        }
        table(h, &page, s.clock.now());
        if let Some(next) = &page.next {
            h.raw("<p><a rel=\"next\" href=\"/dead-letters?cursor=").segment(next);
            for name in ["dataset", "code", "state", "limit"] {
                if let Some(value) = params.text(name) {
                    h.raw("&amp;").text(name).raw("=").segment(value);
                }
            }
            h.raw("\">Older ones</a></p>");
        }
        Ok(())
    })
    .await
}

fn form(h: &mut Html, s: &AdminState, params: &Params) {
    h.raw("<form class=\"filter\" method=\"get\" action=\"/dead-letters\"><label>Dataset <select name=\"dataset\"><option value=\"\">all</option>");
    for d in &s.shared.get().catalog.datasets {
        option(h, &d.full, params.text("dataset") == Some(&d.full));
    }
    h.raw("</select></label><label>Code <input name=\"code\" size=\"14\" value=\"")
        .text(params.text("code").unwrap_or(""));
    h.raw("\"></label><label>State <select name=\"state\">");
    for word in ["open", "replayed", "discarded", "superseded", "all"] {
        option(h, word, params.text("state").unwrap_or("open") == word);
    }
    h.raw("</select></label><button>Show</button></form>");
}

fn option(h: &mut Html, value: &str, selected: bool) {
    h.raw("<option value=\"")
        .text(value)
        .raw(if selected { "\" selected>" } else { "\">" })
        .text(value)
        .raw("</option>");
}

fn bulk(h: &mut Html, params: &Params, page: &Page<DeadLetterView>) {
    if page.items.is_empty() {
        return;
    }
    let mut ask = serde_json::Map::new();
    for name in ["dataset", "code"] {
        if let Some(value) = params.text(name) {
            ask.insert(name.to_owned(), value.into());
        }
    }
    h.raw("<p><button type=\"button\" data-act=\"/admin/v1/dead-letters:replay\" data-rounds data-body=\"");
    h.text(serde_json::Value::Object(ask)).raw("\" data-confirm=\"Replay every open dead letter of this filter?\">");
    h.raw("Replay all of this filter</button></p>");
}

fn table(h: &mut Html, page: &Page<DeadLetterView>, now: Timestamp) {
    h.raw("<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Dead letters\"><table><thead><tr><th class=\"number\">No.</th><th>Where</th><th>Why</th><th>Record</th><th>First refused</th><th class=\"number\">Times</th></tr></thead><tbody>");
    for l in &page.items {
        h.raw("<tr><td class=\"number\"><a href=\"/dead-letters/")
            .text(l.number)
            .raw("\">")
            .text(l.number)
            .raw("</a></td><td>");
        h.text(&l.dataset).raw("<span class=\"block file\">");
        place(h, l);
        h.raw("</span></td><td><code>").text(&l.code).raw("</code><span class=\"block\">").text(&l.message);
        h.raw("</span></td><td class=\"record\">").text(start(&l.text)).raw("</td><td>");
        format::ago(h, &l.at, now);
        h.raw("</td><td class=\"number\">").text(l.times).raw("</td></tr>");
    }
    if page.items.is_empty() {
        h.raw("<tr><td colspan=\"6\" class=\"quiet\">There are none.</td></tr>");
    }
    h.raw("</tbody></table></div>");
}

fn place(h: &mut Html, l: &DeadLetterView) {
    h.text(l.unit.as_deref().unwrap_or("-"));
    match &l.located {
        Some(located) => h.raw(", ").text(located),
        None => h.raw(", line ").text(l.line),
    };
}

/// What fits into a row of a table.
fn start(text: &str) -> String {
    let mut out: String = text.chars().take(120).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}

/// `/dead-letters/{number}`
pub(super) async fn one(state: Data<AdminState>, number: Path<String>) -> HttpResponse {
    let number = number.into_inner();
    paged(&state, format!("Dead letter {number}"), move |s, h| {
        let l = letter(s, number_of("dead letter", &number)?)?;
        let raw = s.read(|_, reader| reader.dead_letter(l.number))?.map(|l| l.raw).unwrap_or_default();
        draw(h, &l, &raw, s.clock.now());
        Ok(())
    })
    .await
}

fn draw(h: &mut Html, l: &DeadLetterView, raw: &[u8], now: Timestamp) {
    let (class, sign) = if l.state == "open" { ("warn", "▲") } else { ("good", "●") };
    h.raw("<p><a href=\"/dead-letters\">Dead letters</a></p><h1>Dead letter ")
        .text(l.number)
        .raw(" <span class=\"badge ");
    h.text(class).raw("\"><span aria-hidden=\"true\">").text(sign).raw("</span> ").text(&l.state).raw("</span></h1>");
    h.raw("<section class=\"note\"><p><code>")
        .text(&l.code)
        .raw("</code> <strong>")
        .text(&l.message)
        .raw("</strong></p><p>");
    h.text(&l.hint)
        .raw("</p></section><dl class=\"facts\"><div><dt>Dataset</dt><dd><a href=\"/datasets/")
        .segment(&l.dataset);
    h.raw("\">").text(&l.dataset).raw("</a></dd></div><div><dt>Place</dt><dd class=\"file\">");
    place(h, l);
    if l.located.is_none() {
        h.raw(", byte ").text(format::count(l.offset));
    }
    h.raw("</dd></div><div><dt>Mapping</dt><dd>");
    h.text(l.mapping.as_deref().unwrap_or("none: it could not be read"));
    if let Some(field) = &l.field {
        h.raw(", field <code>").text(field).raw("</code>");
    }
    h.raw("</dd></div><div><dt>First refused</dt><dd>");
    format::ago(h, &l.at, now);
    h.raw(", ").text(l.times).raw(if l.times == 1 { " time" } else { " times" }).raw("</dd></div>");
    if let Some(reason) = &l.reason {
        h.raw("<div><dt>Discarded because</dt><dd>").text(reason).raw("</dd></div>");
    }
    h.raw("</dl>");
    if l.state == "open" {
        buttons(h, l);
    }
    if let Some(record) = &l.record {
        h.raw("<h2>Columns</h2><div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Columns\"><table><thead><tr><th>Column</th><th>Value</th></tr></thead><tbody>");
        for (name, value) in record {
            h.raw("<tr><td>").text(name).raw("</td><td class=\"record\">");
            match value.as_str() {
                Some(v) => h.text(v),
                None => h.raw("<span class=\"none\">no value</span>"),
            };
            h.raw("</td></tr>");
        }
        h.raw("</tbody></table></div>");
    }
    h.raw("<h2>As it came</h2>");
    if let Some(why) = &l.no_bytes {
        h.raw("<p class=\"quiet\">Its bytes are not here: ").text(why).raw(".</p>");
        return;
    }
    h.raw("<pre tabindex=\"0\" aria-label=\"Text\">").text(&l.text).raw("</pre><details id=\"hex\"><summary>");
    h.text(format::count(l.raw_bytes))
        .raw(" bytes in hexadecimal</summary><pre tabindex=\"0\" aria-label=\"Hexadecimal\">");
    hex(h, raw);
    h.raw("</pre></details>");
}

fn buttons(h: &mut Html, l: &DeadLetterView) {
    h.raw("<div class=\"acts\">");
    if l.replayable {
        h.raw("<button type=\"button\" data-act=\"/admin/v1/dead-letters/")
            .text(l.number)
            .raw("/replay\">Replay</button>");
    } else {
        h.raw("<p class=\"quiet\">It cannot be replayed: it could not be read as a record.</p>");
    }
    h.raw("<form data-act=\"/admin/v1/dead-letters/").text(l.number).raw("/discard\"><label>Reason <input name=\"reason\" required maxlength=\"1000\"></label><button class=\"second\">Discard</button></form></div>");
}

/// Offset, sixteen bytes, and what of them is printable.
fn hex(h: &mut Html, raw: &[u8]) {
    for (i, line) in raw.get(..HEX_SHOWN).unwrap_or(raw).chunks(16).enumerate() {
        h.text(format_args!("{:06x}  ", i * 16));
        for at in 0..16 {
            match line.get(at) {
                Some(b) => h.text(format_args!("{b:02x} ")),
                None => h.raw("   "),
            };
        }
        let shown = line.iter().map(|b| if (0x20..0x7f).contains(b) { char::from(*b) } else { '·' });
        h.raw(" ").text(shown.collect::<String>()).raw("\n");
    }
    if raw.len() > HEX_SHOWN {
        h.raw("… the rest by the admin API\n");
    }
}
