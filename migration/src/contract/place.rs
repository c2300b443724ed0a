//! Places: JSON Pointers, and path templates compared by their shape.

use serde_json::Value;

/// A pointer one step further.
pub(super) fn join(pointer: &str, step: &str) -> String {
    format!("{pointer}/{}", step.replace('~', "~0").replace('/', "~1"))
}

/// Whether a pattern holds a pointer.
pub(super) fn holds(pattern: &str, pointer: &str) -> bool {
    let mut steps = pointer.split('/');
    let mut wanted = pattern.split('/').peekable();
    while let Some(want) = wanted.next() {
        if want == "**" && wanted.peek().is_none() {
            return true;
        }
        match steps.next() {
            Some(step) if want == "*" || want == step => {}
            _ => return false,
        }
    }
    steps.next().is_none()
}

/// A template without the names of its placeholders: `/v1/customers/{id}` and `/v1/customers/{customerId}` are one.
pub(super) fn shape(template: &str) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((_, behind)) = after.split_once('}') else { break };
        out.push_str(before);
        out.push_str("{}");
        rest = behind;
    }
    out + rest
}

/// The names of a template's placeholders.
pub(super) fn names(template: &str) -> Vec<&str> {
    template.split('{').skip(1).filter_map(|part| part.split_once('}').map(|(name, _)| name)).collect()
}

/// The paths of a document's servers, each without a slash at its end.
pub(super) fn bases(document: &Value) -> Vec<String> {
    let servers = document.get("servers").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let urls = servers.iter().take(20).filter_map(|s| s.get("url")?.as_str());
    let path = |url: &str| match url.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("", |at| rest.get(at..).unwrap_or_default()).to_owned(),
        None => url.to_owned(),
    };
    urls.map(path).map(|p| p.trim_end_matches('/').to_owned()).filter(|p| p.starts_with('/')).collect()
}
