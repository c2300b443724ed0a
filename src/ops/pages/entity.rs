//! One entity: its fields and owners, every formula, and a form that finds an instance to ask about.

use super::html::Html;
use super::{format, paged};
use crate::ops::admin::AdminFault;
use crate::ops::state::AdminState;
use crate::ops::view::{self, EntityView, MappingView};
use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

/// `/entities/{name}`
pub(super) async fn page(state: Data<AdminState>, name: Path<String>) -> HttpResponse {
    let name = name.into_inner();
    paged(&state, name.clone(), move |s, h| {
        let serving = s.shared.get();
        let no = serving.catalog.entity(&name).map(|(no, _)| no);
        let no = no.ok_or_else(|| AdminFault::missing(format_args!("entity `{name}`")))?;
        draw(h, &view::entity(&serving.catalog, no, s.counts()?.get(no).copied()));
        Ok(())
    })
    .await
}

fn draw(h: &mut Html, e: &EntityView) {
    h.raw("<h1>").text(&e.plural).raw("</h1><p class=\"quiet\">");
    if let Some(n) = e.instances {
        h.text(format::count(n)).raw(" instances. ");
    }
    h.text(e.description.as_deref().unwrap_or("")).raw("</p>");
    ask(h, e);
    h.raw("<h2>Fields</h2><div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Fields\"><table><thead><tr><th>Field</th><th>Type</th><th>Owner</th><th>Filters</th></tr></thead><tbody>");
    for f in &e.fields {
        h.raw("<tr><td><code>").text(&f.name).raw("</code>");
        for (is, word) in [(f.required, "required"), (f.personal, "personal")] {
            if is {
                h.raw(" <span class=\"quiet\">").text(word).raw("</span>");
            }
        }
        if let Some(d) = &f.description {
            h.raw("<span class=\"block quiet\">").text(d).raw("</span>");
        }
        h.raw("</td><td>").text(&f.ty).raw("</td><td>").text(&f.owner).raw("</td><td>").text(f.filter.join(", "));
        h.raw(if f.sort { " (sorts)</td></tr>" } else { "</td></tr>" });
    }
    h.raw("</tbody></table></div>");
    for m in &e.mappings {
        mapping(h, m);
    }
}

/// The form behind "why this value?".
fn ask(h: &mut Html, e: &EntityView) {
    h.raw("<section class=\"note\"><p><strong>Why this value?</strong> Find an instance by a key that a source gave it, or by its id.</p>");
    h.raw("<form class=\"filter\" method=\"get\" action=\"/why\"><input type=\"hidden\" name=\"entity\" value=\"")
        .text(&e.name);
    h.raw("\">");
    if !e.keys.is_empty() {
        h.raw("<label>Whose key <select name=\"space\">");
        for k in &e.keys {
            h.raw("<option value=\"").text(&k.space).raw("\">").text(&k.space).raw(" (").text(k.columns.join(", "));
            h.raw(")</option>");
        }
        h.raw("</select></label>");
        let parts = e.keys.iter().map(|k| k.columns.len()).max().unwrap_or(1);
        for i in 0..parts {
            h.raw("<label>Key").text(if parts > 1 { format!(" part {}", i + 1) } else { String::new() });
            h.raw(" <input name=\"key\" size=\"12\"></label>");
        }
    }
    h.raw(
        "<label>or id <input name=\"id\" size=\"27\" maxlength=\"26\"></label><button>Show</button></form></section>",
    );
}

fn mapping(h: &mut Html, m: &MappingView) {
    h.raw("<h2>Mapping ")
        .text(&m.name)
        .raw("</h2><p class=\"quiet\">from <a href=\"/datasets/")
        .segment(&m.dataset)
        .raw("\">");
    h.text(&m.dataset).raw("</a>, key ").text(&m.key);
    if !m.also.is_empty() {
        h.raw(", also ").text(m.also.join(", "));
    }
    if !m.creates {
        h.raw(", feeds only what exists");
    }
    for (word, formula) in [("when", &m.when), ("deleted when", &m.deleted)] {
        if let Some(f) = formula {
            h.raw(", ").text(word).raw(" <code>").text(f).raw("</code>");
        }
    }
    h.raw("</p><div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Formulas\"><table><thead><tr><th>Field</th><th>Formula</th></tr></thead><tbody>");
    for f in &m.formulas {
        h.raw("<tr><td><code>").text(&f.field).raw("</code></td><td><code>").text(&f.formula).raw("</code></td></tr>");
    }
    h.raw("</tbody></table></div>");
}
