//! Flows, and what leads from one screen to another: exits, and the leaving of transient screens.

use super::super::{Exit, Expected, Flow, Given, Piece, Read, Returns, ScreenNo, Step, Verify};
use super::Reader;
use super::notes::each;
use super::pieces::Names;
use super::raw::{RawFlow, RawGiven, RawPress, RawReturns, RawScreen};
use banyan_words::node::{Kind, Node, join};

impl Reader<'_> {
    /// What leads off a screen, and its table.
    pub(super) fn ways(&mut self, no: ScreenNo, raw: &RawScreen, path: &str) {
        let table = raw.table.as_ref().and_then(|table| self.table(no, table, &join(path, "table")));
        let exit = raw.exit.as_ref().and_then(|node| self.exit(no, node, &join(path, "exit")));
        let leave = self.leave(no, raw, &join(path, "do"));
        if let Some(screen) = self.screens.get_mut(no) {
            screen.table = table;
            screen.exit = exit;
            if screen.transient.is_some() {
                screen.transient = Some(leave);
            }
        }
    }

    fn exit(&mut self, no: ScreenNo, node: &Node, path: &str) -> Option<Exit> {
        if node.as_text() == Some("none") {
            return None;
        }
        let raw: RawPress = self.notes.read(node, path)?;
        let pressed = (raw.press.as_ref(), raw.key.as_deref(), raw.button.as_deref());
        let press = self.pressed(&Some(vec![no]), pressed, path)?;
        let expect = self.expected(raw.expect.as_ref(), &join(path, "expect"))?;
        if press.is_none() {
            let hint = "write `exit: { key: PF3, expect: menu }`, or `exit: none`";
            self.notes.missing(path, "nothing says how this screen is left", hint);
        }
        let leads = |e: &Expected| matches!(e, Expected::Screen(_) | Expected::Disconnected);
        if !expect.iter().any(leads) {
            let hint = "add `expect:` with a screen, or `disconnected`";
            self.notes.missing(path, "nothing says where this leads", hint);
        }
        Some(Exit { press: press?, expect })
    }

    fn leave(&mut self, no: ScreenNo, raw: &RawScreen, path: &str) -> Vec<Step> {
        if raw.leave.is_some() && !raw.transient {
            let message = "`do` leaves a transient screen, and this one is none";
            self.notes.error("conflict", path, message, "write `transient: true`, or use `exit`");
        }
        if raw.transient && raw.exit.is_some() {
            let at = path.replace(".do", ".exit");
            self.notes.error("conflict", &at, "a transient screen is left by `do`", "leave `exit` out");
        }
        let (mut steps, mut on) = (Vec::new(), Some(vec![no]));
        for (node, at) in each(raw.leave.as_ref(), path) {
            let (step, next) = self.step(node, &at, &on, &Names::default());
            if let Some(step) = step {
                if step.commit || step.read.is_some() {
                    let message = "a transient screen is left, and nothing else";
                    self.notes.error("conflict", &at, message, "only press what closes it");
                }
                // It is left as often as it comes: a wrong password would be sent each time.
                let pieces = || step.typed.iter().chain(step.set.iter().flat_map(|(_, pieces)| pieces));
                if pieces().any(|p| matches!(p, Piece::Given(name) if name == "password")) {
                    let message = "a transient screen is left whenever it comes, and a password is tried once";
                    self.notes.error("conflict", &at, message, "type `$password` in the flow `login` alone");
                }
                // Without an `expect` the engine goes on waiting for what it waited for.
                on = if step.press.is_some() && step.expect.is_empty() { None } else { next };
                steps.push(step);
            }
        }
        steps
    }

    /// All flows, first each by itself, then what one says of another.
    pub(super) fn read_flows(&mut self) {
        let node = self.node;
        let entries = node.get("flows").map(|n| n.entries()).unwrap_or_default();
        let path = self.at("flows");
        for (key, node) in entries {
            let at = join(&path, &key.text);
            self.name("flow", &key.text, &at);
            let raw: Option<RawFlow> = self.notes.read(node, &at);
            self.flows.push(Flow {
                name: key.text.clone(),
                start: 0,
                given: Vec::new(),
                steps: Vec::new(),
                returns: Returns::Nothing,
                absent: None,
                verify: None,
            });
            self.written_flows.push(raw);
        }
        for no in 0..self.flows.len() {
            let Some(raw) = self.written_flows.get(no).and_then(Clone::clone) else { continue };
            let at = self.flow_path(no);
            self.flow(no, &raw, &at);
        }
        for no in 0..self.flows.len() {
            let Some(raw) = self.written_flows.get(no).and_then(Clone::clone) else { continue };
            let at = self.flow_path(no);
            self.committing(no, &raw, &at);
        }
    }

    fn flow_path(&self, no: usize) -> String {
        join(&self.at("flows"), self.flows.get(no).map_or("", |f| f.name.as_str()))
    }

    fn flow(&mut self, no: usize, raw: &RawFlow, path: &str) {
        let before = self.notes.errors();
        let names = self.given(raw, &join(path, "given"));
        let start = self.start(&raw.start, &join(path, "start"));
        let (mut steps, mut on) = (Vec::new(), start.map(|s| vec![s]));
        let steps_at = join(path, "steps");
        if !matches!(raw.steps.kind, Kind::List(_) | Kind::Map(_)) || each(Some(&raw.steps), &steps_at).is_empty() {
            self.notes.missing(path, "the flow has no steps", "write `steps: [ { press: Enter, expect: menu } ]`");
        }
        for (node, at) in each(Some(&raw.steps), &steps_at) {
            let (step, next) = self.step(node, &at, &on, &names);
            on = next;
            if let Some(step) = step {
                if step.press.is_some() && step.expect.is_empty() && on.is_some() {
                    let hint = "name the screens and errors that may come: `expect: [booked, booking.errors]`";
                    self.notes.missing(&at, "nothing says what may come then", hint);
                    on = None;
                }
                steps.push(step);
            }
        }
        for (name, _) in &names.given {
            let verified = raw.verify.as_ref().is_some_and(|v| v.with.iter().any(|(_, n)| mentions(n, name)));
            if self.notes.errors() == before && !names.used.borrow().contains(name) && !verified {
                let at = join(&join(path, "given"), name);
                let message = format!("`{name}` is given and never used");
                self.notes.warning("unused-given", &at, message, format!("use `${name}`, or leave it out"));
            }
        }
        let returns = self.returns(raw, &steps, path);
        let absent = raw.absent.as_deref().and_then(|word| self.absent(word, &steps, returns, &join(path, "absent")));
        if let Some(flow) = self.flows.get_mut(no) {
            let start = start.unwrap_or_default();
            *flow = Flow { start, given: names.given, steps, returns, absent, ..flow.clone() };
        }
    }

    fn given(&mut self, raw: &RawFlow, path: &str) -> Names {
        let mut names = Names::default();
        for (name, given) in raw.given.iter() {
            let at = join(path, name);
            if Reader::is_login_name(name) {
                let message = format!("`{name}` is that of the source's login");
                self.notes.error("bad-name", &at, message, "choose another name");
            }
            if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') || name.is_empty() {
                let message = format!("`{name}` cannot be written after a $");
                self.notes.error("bad-name", &at, message, "use letters, digits and _");
            }
            let given = match given {
                RawGiven::Text => Given::Text,
                RawGiven::Integer => Given::Integer,
                RawGiven::Decimal => Given::Decimal,
                RawGiven::Date => Given::Date,
            };
            names.given.push((name.to_owned(), given));
        }
        names
    }

    fn start(&mut self, name: &str, path: &str) -> Option<ScreenNo> {
        let no = self.screen_named(name, path)?;
        if self.screens.get(no).is_some_and(|s| s.transient.is_some()) {
            let message = format!("`{name}` is transient: nothing starts on it");
            self.notes.error("transient-expected", path, message, "name a screen that stays");
            return None;
        }
        Some(no)
    }

    fn returns(&mut self, raw: &RawFlow, steps: &[Step], path: &str) -> Returns {
        let reads: Vec<&Read> = steps.iter().filter_map(|s| s.read.as_ref()).collect();
        let tables = reads.iter().filter(|r| matches!(r, Read::Table(_))).count();
        if tables > 1 || (tables == 1 && reads.len() > 1) {
            let message = "a flow reads one table, or fields";
            self.notes.error("conflict", &join(path, "steps"), message, "make two flows of it");
        }
        let mut names: Vec<&str> = Vec::new();
        for read in &reads {
            let Read::Fields(fields) = read else { continue };
            for (name, ..) in fields {
                if names.contains(&name.as_str()) {
                    let message = format!("`{name}` is read twice");
                    self.notes.error("duplicate-name", &join(path, "steps"), message, "give one of them another name");
                }
                names.push(name);
            }
        }
        let found = match (tables, reads.len()) {
            (0, 0) => Returns::Nothing,
            (0, _) => Returns::Record,
            _ => Returns::Records,
        };
        let said = match raw.returns {
            None => return found,
            Some(RawReturns::Nothing) => Returns::Nothing,
            Some(RawReturns::Record) => Returns::Record,
            Some(RawReturns::Records) => Returns::Records,
        };
        if said != found && !self.notes.partial(path) && !self.notes.faulty() {
            let message = match found {
                Returns::Nothing => "the steps of this flow read nothing",
                Returns::Record => "the steps of this flow read fields: that is one record",
                Returns::Records => "the steps of this flow read a table: those are records",
            };
            self.notes.error("conflict", &join(path, "returns"), message, "leave `returns` out");
        }
        said
    }

    fn absent(&mut self, word: &str, steps: &[Step], returns: Returns, path: &str) -> Option<(ScreenNo, String)> {
        let Some((screen, code)) = word.split_once('.').filter(|(_, code)| *code != "errors") else {
            let message = "`absent` is one error of a screen";
            self.notes.error("bad-value", path, message, "write `absent: detail.not-found`");
            return None;
        };
        let no = self.screen_named(screen, path)?;
        let codes: Vec<String> = self.screens.get(no)?.errors.iter().map(|e| e.code.clone()).collect();
        if !codes.iter().any(|c| c == code) {
            if !self.notes.partial(&join(&self.screen_path(no), "errors")) {
                self.notes.unknown("error", path, code, codes.iter().map(String::as_str));
            }
            return None;
        }
        let awaited = |e: &Expected| match e {
            Expected::Errors(s) => *s == no,
            Expected::Error(s, c) => *s == no && c == code,
            _ => false,
        };
        if !steps.iter().any(|s| s.expect.iter().any(awaited)) && !self.notes.faulty() {
            let message = format!("no step of this flow expects {word}");
            self.notes.error("conflict", path, message, format!("add `{word}` to the `expect` of the step that looks"));
        }
        if returns == Returns::Nothing && !self.notes.faulty() {
            let message = "a flow that reads nothing finds nothing absent";
            self.notes.error("conflict", path, message, "leave `absent` out");
        }
        Some((no, code.to_owned()))
    }

    /// A flow commits once, at the end, and says how to find out whether it happened.
    fn committing(&mut self, no: usize, raw: &RawFlow, path: &str) {
        let Some(flow) = self.flows.get(no).cloned() else { return };
        let steps_at = join(path, "steps");
        let at = |i: usize| match raw.steps.kind {
            Kind::List(_) => banyan_words::node::join_index(&steps_at, i),
            _ => steps_at.clone(),
        };
        let commits: Vec<usize> = flow.steps.iter().enumerate().filter(|(_, s)| s.commit).map(|(i, _)| i).collect();
        if let Some(second) = commits.get(1) {
            let message = "a flow commits once";
            let hint = "what shall happen besides is a flow of its own";
            self.notes.error("two-commits", &at(*second), message, hint);
        }
        if let Some(first) = commits.first() {
            for (i, step) in flow.steps.iter().enumerate().skip(first + 1) {
                if !step.commit && (step.press.is_some() || !step.set.is_empty() || !step.typed.is_empty()) {
                    let message = "after the commit a flow may only read";
                    let hint = "the screen's `exit` leads off it; what needs more keys is a flow of its own";
                    self.notes.error("after-commit", &at(i), message, hint);
                }
            }
        }
        match (&raw.verify, commits.first()) {
            (None, Some(first)) => {
                let hint = "add `verify: { run: find_booking, with: { item: $item } }`: a flow that reads";
                let message = "nothing says how to find out whether this commit happened";
                self.notes.error("commit-without-verify", &join(&at(*first), "commit"), message, hint);
            }
            (Some(_), None) if !self.notes.partial(&steps_at) => {
                let message = "no step of this flow commits, so there is nothing to verify";
                let hint = "write `commit: true` in the step that does it, or leave `verify` out";
                self.notes.error("verify-without-commit", &join(path, "verify"), message, hint);
            }
            _ => {}
        }
        if let Some(raw) = &raw.verify {
            let verify = self.verify(&flow, raw, &join(path, "verify"));
            if let Some(flow) = self.flows.get_mut(no) {
                flow.verify = verify;
            }
        }
        if flow.name == "login" && (!commits.is_empty() || flow.returns != Returns::Nothing || !flow.given.is_empty()) {
            let message =
                "`login` leads in: it is given nothing but `$user` and `$password`, reads and commits nothing";
            self.notes.error("conflict", path, message, "call it something else if it does more");
        }
    }

    fn verify(&mut self, flow: &Flow, raw: &super::raw::RawVerify, path: &str) -> Option<Verify> {
        let Some(no) = self.flows.iter().position(|f| f.name == raw.run) else {
            let known: Vec<String> = self.flows.iter().map(|f| f.name.clone()).collect();
            self.notes.unknown("flow", &join(path, "run"), &raw.run, known.iter().map(String::as_str));
            return None;
        };
        let runs = self.flows.get(no).cloned()?;
        if runs.steps.iter().any(|s| s.commit) {
            let message = format!("`{}` commits itself", raw.run);
            self.notes.error("conflict", &join(path, "run"), message, "verify by a flow that only reads");
        } else if runs.returns == Returns::Nothing && !self.notes.faulty() {
            let message = format!("`{}` reads nothing, so it finds nothing out", raw.run);
            self.notes.error("conflict", &join(path, "run"), message, "verify by a flow that reads a record");
        }
        let names = Names { given: flow.given.clone(), ..Names::default() };
        let mut with = Vec::new();
        for (name, node) in raw.with.iter() {
            let at = join(&join(path, "with"), name);
            if !runs.given.iter().any(|(n, _)| n == name) {
                self.notes.unknown("given", &at, name, runs.given.iter().map(|(n, _)| n.as_str()));
            }
            with.extend(self.pieces(node, &at, &names).map(|p| (name.to_owned(), p)));
        }
        for (name, _) in runs.given.iter().filter(|(n, _)| raw.with.get(n).is_none()) {
            let message = format!("`{}` must be given `{name}`", raw.run);
            self.notes.missing(&join(path, "with"), message, format!("add `{name}: …` to `with`"));
        }
        Some(Verify { flow: no, with })
    }
}

/// Whether a text names what was given.
fn mentions(node: &Node, name: &str) -> bool {
    node.as_text().is_some_and(|text| text.contains(&format!("${name}")))
}
