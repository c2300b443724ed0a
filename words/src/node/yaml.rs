//! YAML text into a tree that knows its places.
//!
//! Invariant: the tree is bounded in depth and size whatever the text (aliases are copied under a budget). A fault that
//! leaves the rest readable (a key given twice) is told and passed over; only broken syntax ends the reading.
//! Not here: what scalars mean (their readers decide), merge keys, tags of one's own, several documents.

use super::{Key, Kind, Node};
use crate::{Problem, Spot};
use granit_parser::{Event, Marker, Parser, ScalarStyle, Span, Tag};
use std::collections::BTreeMap;

/// Deepest nesting, aliases included.
const DEEPEST: usize = 64;
/// Problems of one file that are told at most.
const MOST_PROBLEMS: usize = 1000;
/// Most nodes that aliases may copy.
const MOST_COPIED: usize = 50_000;

/// A file's tree and its problems; no tree if its syntax is broken.
pub fn parse(file: &str, text: &str) -> (Option<Node>, Vec<Problem>) {
    let options = granit_parser::options! { flow_nesting_limit: DEEPEST, block_nesting_limit: DEEPEST };
    let parser = Parser::new_from_str_with_options(text, options);
    let mut composer = Composer { file, parser, anchors: BTreeMap::new(), copied: 0, problems: Vec::new() };
    match composer.document() {
        Ok(node) => (Some(node), composer.problems),
        Err(problem) => {
            composer.problems.push(*problem);
            (None, composer.problems)
        }
    }
}

struct Composer<'t> {
    file: &'t str,
    parser: Parser<'t, granit_parser::StrInput<'t>>,
    /// Finished nodes by anchor.
    anchors: BTreeMap<usize, Node>,
    copied: usize,
    problems: Vec<Problem>,
}

/// Broken beyond reading on.
type Broken = Box<Problem>;

impl<'t> Composer<'t> {
    fn spot(&self, mark: Marker) -> Spot {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Spot { file: self.file.to_owned(), line: number(mark.line()), column: number(mark.col()).saturating_add(1) }
    }

    fn problem(&self, code: &str, mark: Marker, message: &str, hint: &str) -> Problem {
        let mut problem = Problem::error(code, "", message).hint(hint);
        problem.spot = Some(self.spot(mark));
        problem
    }

    fn tell(&mut self, code: &str, mark: Marker, message: &str, hint: &str) {
        if self.problems.len() > MOST_PROBLEMS {
            return;
        }
        let problem = self.problem(code, mark, message, hint);
        self.problems.push(problem);
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), Broken> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => {
                let message = format!("this is not valid YAML: {}", error.info());
                Err(Box::new(self.problem("yaml-syntax", *error.marker(), &message, hint(&error.info().to_string()))))
            }
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn document(&mut self) -> Result<Node, Broken> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::StreamStart | Event::DocumentEnd => {}
                Event::DocumentStart(..) if root.is_some() => {
                    let hint = "put the parts into files of their own and `include:` them";
                    self.tell("several-documents", span.start, "a second YAML document begins here", hint);
                    break;
                }
                Event::DocumentStart(..) => {}
                other => {
                    root = Some(self.node(other, span, 1)?);
                }
            }
        }
        let spot = Spot { file: self.file.to_owned(), line: 1, column: 1 };
        Ok(root.unwrap_or(Node { spot, ..Node::scalar("", true) }))
    }

    /// The node that begins with `event`.
    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Node, Broken> {
        if depth > DEEPEST {
            let hint = "a configuration needs no such depth";
            return Err(Box::new(self.problem("yaml-too-deep", span.start, "this is nested too deep", hint)));
        }
        let spot = self.spot(span.start);
        let (kind, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let quoted = self.tag(tag.as_deref(), span);
                let plain = style == ScalarStyle::Plain && !quoted;
                // The parser says `~` where nothing is written.
                let nothing = style == ScalarStyle::Plain && span.byte_range().is_none_or(|r| r.is_empty());
                let text = if nothing { String::new() } else { text.into_owned() };
                (Kind::Scalar { text, plain, secret: false }, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.tag(tag.as_deref(), span);
                (Kind::List(self.items(depth)?), anchor)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.tag(tag.as_deref(), span);
                (Kind::Map(self.entries(depth)?), anchor)
            }
            Event::Alias(anchor) => return self.alias(anchor, span, depth),
            _ => (Node::scalar("", true).kind, 0),
        };
        let node = Node { spot, kind };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn items(&mut self, depth: usize) -> Result<Vec<Node>, Broken> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd | Event::StreamEnd, _) => return Ok(items),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn entries(&mut self, depth: usize) -> Result<Vec<(Key, Node)>, Broken> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd | Event::StreamEnd) {
                return Ok(entries);
            }
            let merge = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, ..) if text == "<<");
            let key = self.node(event, span, depth + 1)?;
            let (event, value_span) = self.next()?;
            let value = self.node(event, value_span, depth + 1)?;
            let Kind::Scalar { text, plain, .. } = key.kind else {
                self.tell(
                    "yaml-key",
                    span.start,
                    "a key must be a plain word or text",
                    "quote it if it begins with [ or {",
                );
                continue;
            };
            if merge {
                let hint = "write the keys out, or use an anchor for a whole value: `b: *a`";
                self.tell("merge-key", span.start, "merge keys (<<) are not supported", hint);
            } else if text.is_empty() && plain {
                self.tell("yaml-key", span.start, "a value without a key", "write `key: value`");
            } else if let Some((first, _)) = known.get(&text).and_then(|i| entries.get(*i)) {
                let message = format!("the key `{text}` is given twice; first in line {}", first.spot.line);
                self.tell("duplicate-key", span.start, &message, "remove one of the two");
            } else {
                known.insert(text.clone(), entries.len());
                entries.push((Key { text, spot: key.spot }, value));
            }
        }
    }

    /// A copy of what the anchor named. It keeps the places of the original, where its faults are to be mended.
    fn alias(&mut self, anchor: usize, span: Span, depth: usize) -> Result<Node, Broken> {
        let Some(node) = self.anchors.get(&anchor) else {
            let hint = "an alias may stand only after the whole value it repeats";
            self.tell("yaml-alias", span.start, "this alias repeats itself", hint);
            return Ok(Node { spot: self.spot(span.start), ..Node::scalar("", true) });
        };
        let (nodes, deep) = measure(node);
        let copy = node.clone();
        self.copied = self.copied.saturating_add(nodes);
        if self.copied > MOST_COPIED || depth + deep > DEEPEST {
            let hint = "aliases of aliases multiply; write the values out";
            return Err(Box::new(self.problem("yaml-alias", span.start, "aliases make this document too large", hint)));
        }
        Ok(copy)
    }

    /// True if the tag says that a plain scalar is text. Tags of one's own mean nothing here.
    fn tag(&mut self, tag: Option<&Tag>, span: Span) -> bool {
        let Some(tag) = tag else { return false };
        if !tag.is_yaml_core_schema() {
            let mark = span.tag_start().unwrap_or(span.start);
            self.tell(
                "yaml-tag",
                mark,
                "tags (!name) are not supported",
                "leave the tag out; quote the text if it begins with !",
            );
        }
        tag.is_yaml_core_schema_tag("str")
    }
}

/// How many nodes, and how deep.
fn measure(node: &Node) -> (usize, usize) {
    let children: Box<dyn Iterator<Item = &Node>> = match &node.kind {
        Kind::Scalar { .. } => return (1, 1),
        Kind::List(items) => Box::new(items.iter()),
        Kind::Map(entries) => Box::new(entries.iter().map(|(_, n)| n)),
    };
    let (mut nodes, mut deepest) = (1_usize, 0);
    for (n, d) in children.map(measure) {
        nodes = nodes.saturating_add(n);
        deepest = deepest.max(d);
    }
    (nodes, deepest + 1)
}

/// What to do about what the parser says: what people stumble over most, in their words.
fn hint(info: &str) -> &'static str {
    match info {
        tabs if tabs.contains("tabs") => "indent with blanks; YAML takes no tabs",
        colon if colon.contains("mapping values are not allowed") => {
            "a value that holds `: `, such as a formula, stands in single quotes; else check the indentation here and on the line before"
        }
        _ => "check indentation, quotes and brackets here and on the line before",
    }
}
