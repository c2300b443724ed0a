//! Structured logs: lines for people on a terminal, JSON elsewhere.
//!
//! Invariant: no secret is ever written (every text goes through what [`hide`] was given), no control character reaches a
//! terminal, and fields that may hold a record's content are hidden at *info* and above. The target `audit` is written
//! whatever the filter says.
//! Not here: what is logged; messages name places (file, line, code), never values.

use crate::runtime::clock::Clock;
use serde_json::{Map, Value, json};
use std::fmt::{Debug, Write as _};
use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError, RwLock};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Registry};

/// Fields that may hold a record's content. At *info* and above their values are not written.
const CONTENT: &[&str] = &["value", "values", "raw", "record", "cells", "key", "body", "text"];
/// The environment variable of the filter, such as `info,banyan::runtime=debug`.
pub const FILTER: &str = "BANYAN_LOG";
const DEFAULT_FILTER: &str = "info,actix_server=warn,actix_http=warn,tiberius=off";

/// Hides what must never be written; known once the configuration is read.
type Hide = Box<dyn Fn(&str) -> String + Send + Sync>;
static HIDE: RwLock<Option<Hide>> = RwLock::new(None);

/// How lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// For people.
    Human,
    /// A JSON object a line.
    Json,
}

impl Style {
    /// The one asked for by name, else by whether standard error is a terminal.
    pub fn of(asked: Option<&str>) -> Option<Style> {
        match asked {
            Some("json") => Some(Style::Json),
            Some("human" | "text") => Some(Style::Human),
            Some(_) => None,
            None if std::io::stderr().is_terminal() => Some(Style::Human),
            None => Some(Style::Json),
        }
    }
}

/// Sets up logging of the process, to standard error. A second call changes nothing.
pub fn install(style: Style, clock: Clock) {
    let asked = std::env::var(FILTER).ok();
    let (filter, fault) = filter(asked.as_deref());
    let color = style == Style::Human && std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = Lines { style, color, clock, out: Mutex::new(Box::new(std::io::stderr())) };
    let _ = tracing::subscriber::set_global_default(Registry::default().with(filter).with(lines));
    if let Some(fault) = fault {
        tracing::warn!("{FILTER} is not a filter ({fault}); logging at info");
    }
}

/// From now on every text goes through this. Called with every configuration that is read, before anything is done with
/// it.
pub fn hide(hide: impl Fn(&str) -> String + Send + Sync + 'static) {
    *HIDE.write().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(hide));
}

fn filter(asked: Option<&str>) -> (EnvFilter, Option<String>) {
    let (filter, fault) = match asked.map(EnvFilter::try_new) {
        Some(Ok(filter)) => (filter, None),
        Some(Err(e)) => (EnvFilter::new(DEFAULT_FILTER), Some(e.to_string())),
        None => (EnvFilter::new(DEFAULT_FILTER), None),
    };
    (filter.add_directive("audit=info".parse().unwrap_or_else(|_| Level::INFO.into())), fault)
}

struct Lines {
    style: Style,
    color: bool,
    clock: Clock,
    out: Mutex<Box<dyn Write + Send>>,
}

/// Fields of a span or an event.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn hide(&mut self, hide: &Hide) {
        for value in self.0.values_mut() {
            if let Some(text) = value.as_str() {
                *value = hide(text).into();
            }
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.insert(field.name().to_owned(), json!(value));
    }
    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.0.insert(field.name().to_owned(), value.to_string().into());
    }
}

impl<S: Subscriber + for<'l> LookupSpan<'l>> Layer<S> for Lines {
    fn on_new_span(&self, attrs: &Attributes<'_>, id: &Id, cx: Context<'_, S>) {
        let mut fields = Fields::default();
        attrs.record(&mut fields);
        if let Some(span) = cx.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, cx: Context<'_, S>) {
        if let Some(span) = cx.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, cx: Context<'_, S>) {
        let mut fields = Fields::default();
        for span in cx.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(of_span) = span.extensions().get::<Fields>() {
                fields.0.extend(of_span.0.clone());
            }
        }
        event.record(&mut fields);
        if let Some(hide) = &*HIDE.read().unwrap_or_else(PoisonError::into_inner) {
            fields.hide(hide); // before rendering, which may spell a secret in another way
        }
        let message = fields.0.shift_remove("message").and_then(|m| m.as_str().map(str::to_owned)).unwrap_or_default();
        if *event.metadata().level() <= Level::INFO {
            let content = fields.0.iter_mut().filter(|(name, _)| CONTENT.contains(&name.as_str()));
            content.for_each(|(_, value)| *value = "[hidden]".into());
        }
        let meta = event.metadata();
        let line = match self.style {
            Style::Json => self.json(*meta.level(), meta.target(), &message, fields.0),
            Style::Human => self.human(*meta.level(), meta.target(), &message, &fields.0),
        };
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        // A log that cannot be written must not stop the work it tells of.
        let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
    }
}

impl Lines {
    fn json(&self, level: Level, target: &str, message: &str, fields: Map<String, Value>) -> String {
        let mut out = Map::new();
        out.insert("at".to_owned(), self.clock.now().to_string().into());
        out.insert("level".to_owned(), level.as_str().to_ascii_lowercase().into());
        out.insert("target".to_owned(), target.into());
        if !message.is_empty() {
            out.insert("message".to_owned(), message.into());
        }
        for (name, value) in fields {
            out.entry(name).or_insert(value);
        }
        let mut line = Value::Object(out).to_string();
        line.push('\n');
        line
    }

    fn human(&self, level: Level, target: &str, message: &str, fields: &Map<String, Value>) -> String {
        let (on, off) = match (self.color, level) {
            (false, _) => ("", ""),
            (true, Level::ERROR) => ("\u{1b}[31m", "\u{1b}[0m"),
            (true, Level::WARN) => ("\u{1b}[33m", "\u{1b}[0m"),
            (true, Level::INFO) => ("\u{1b}[32m", "\u{1b}[0m"),
            (true, _) => ("\u{1b}[2m", "\u{1b}[0m"),
        };
        let time = self.clock.now().strftime("%H:%M:%S%.3f").to_string();
        let mut line = format!("{time} {on}{level:5}{off} ");
        if target == "audit" {
            line.push_str("audit: ");
        }
        plain(message, &mut line);
        for (name, value) in fields {
            let _ = write!(line, "{}{name}=", if line.ends_with(' ') { "" } else { " " });
            match value.as_str() {
                Some(text) if text.contains([' ', '"', '=']) || text.is_empty() => {
                    plain(&Value::from(text).to_string(), &mut line);
                }
                Some(text) => plain(text, &mut line),
                None => plain(&value.to_string(), &mut line),
            }
        }
        line.push('\n');
        line
    }
}

/// Appends text with control characters spelled out: a file's name must not paint the terminal, nor forge a line.
fn plain(text: &str, out: &mut String) {
    for c in text.chars() {
        if c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(style: Style, asked: &str, act: impl FnOnce()) -> String {
        let kept = Kept::default();
        let clock = Clock::of(|| jiff::Timestamp::UNIX_EPOCH);
        let lines = Lines { style, color: false, clock, out: Mutex::new(Box::new(kept.clone())) };
        let subscriber = Registry::default().with(filter(Some(asked)).0).with(lines);
        tracing::subscriber::with_default(subscriber, act);
        String::from_utf8(kept.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn json_lines_carry_fields_and_those_of_spans() {
        let text = logged(Style::Json, "info", || {
            let span = tracing::info_span!("request", trace_id = "4bf9");
            let _in = span.enter();
            tracing::warn!(code = "x", lines = 3, "refused \"it\"\n");
        });
        let line: Value = serde_json::from_str(text.trim_end()).unwrap();
        let expected = json!({ "at": "1970-01-01T00:00:00Z", "level": "warn", "target": "banyan::ops::logs::tests",
            "message": "refused \"it\"\n", "trace_id": "4bf9", "code": "x", "lines": 3 });
        assert_eq!(line, expected);
    }

    #[test]
    fn content_is_hidden_at_info_and_shown_at_debug() {
        let text = logged(Style::Human, "debug", || {
            tracing::info!(value = "Ada Lovelace", line = 7, "mapped");
            tracing::debug!(value = "Ada Lovelace", "mapped");
        });
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "00:00:00.000 INFO  mapped value=[hidden] line=7");
        assert_eq!(lines[1], "00:00:00.000 DEBUG mapped value=\"Ada Lovelace\"");
    }

    #[test]
    fn a_name_cannot_forge_a_line_or_paint_the_terminal() {
        let text = logged(Style::Human, "info", || {
            tracing::info!(unit = "a\n12:00:00 INFO forged\u{1b}[31m.csv", "took");
        });
        assert_eq!(text.lines().count(), 1);
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn acts_are_written_whatever_the_filter_says() {
        let text = logged(Style::Human, "off", || {
            tracing::info!("unseen");
            tracing::info!(target: "audit", who = "local", act = "accept");
        });
        assert_eq!(text, "00:00:00.000 INFO  audit: who=local act=accept\n");
    }

    #[test]
    fn a_secret_is_hidden_wherever_it_stands() {
        hide(|text| text.replace("s3cr\"et-4711", "***"));
        let text = logged(Style::Json, "info", || {
            let span = tracing::info_span!("source", server = "sa:s3cr\"et-4711@erp");
            let _in = span.enter();
            tracing::error!(error = "s3cr\"et-4711 refused", "login with s3cr\"et-4711 failed");
        });
        assert!(text.contains("***") && !text.contains("4711"), "{text}");
    }

    #[test]
    fn a_wrong_filter_is_told() {
        assert!(filter(Some("banyan=loud")).1.is_some());
        assert!(filter(None).1.is_none());
    }
}
