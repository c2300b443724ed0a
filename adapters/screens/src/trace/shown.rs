//! A trace's pictures, for people; of traces that cannot be replayed as well.

use super::line::{Line, What};
use crate::picture::Picture;
use crate::refusals;
use banyan_adapter::Fault;

/// A picture, and what was sent since the one before it.
#[derive(Clone, Debug)]
pub struct Glimpse {
    /// The acts, in words.
    pub sent: Vec<String>,
    /// What was seen then.
    pub picture: Picture,
}

/// All pictures of a trace, in order; one that shows the same as the one before, with nothing sent between, once.
pub fn pictures(text: &str) -> Result<Vec<Glimpse>, Fault> {
    let (mut all, mut sent): (Vec<Glimpse>, Vec<String>) = (Vec::new(), Vec::new());
    for (n, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
        let unsound = |why: String| Fault::permanent(refusals::UNFIT, format!("line {} of the trace {why}", n + 1));
        let line: Line = serde_json::from_str(line).map_err(|e| unsound(format!("cannot be read: {e}")))?;
        match line {
            Line::Act(act) => sent.push(told(&act.what)),
            Line::Saw(saw) => {
                // The first ones of a trace that was cut may say "the same" of what is gone.
                let before = all.last().map(|g| g.picture.shown.clone());
                let Some(picture) = saw.picture(before.as_ref()) else { continue };
                if sent.is_empty() && before.as_ref() == Some(&picture.shown) {
                    continue;
                }
                all.push(Glimpse { sent: std::mem::take(&mut sent), picture });
            }
            _ => {}
        }
    }
    Ok(all)
}

fn told(what: &What) -> String {
    use super::line::Typed;
    let typed = |t: &Typed| match t {
        Typed::Text(text) => format!("{text:?}"),
        Typed::Secret(length) => format!("(secret, {length} characters)"),
    };
    match what {
        What::Press(key) => key.to_string(),
        What::Click(element) => format!("click {element}"),
        What::Type(text) => format!("type {}", typed(text)),
        What::FillAt { at, text, .. } => format!("fill {},{} {}", at.row, at.column, typed(text)),
        What::FillIn { element, text } => format!("fill {element} {}", typed(text)),
    }
}
