//! A flow from its first step to its last, and what becomes of a commit that is in doubt.
//!
//! Invariant: who gets an error may be sure that no commit was sent.

use super::hands::Hands;
use super::read::Reader;
use super::values::{self, Texts};
use super::wait::{Arrived, Want};
use super::{Brought, Login, Record, Sink};
use crate::map::{End, Flow, FlowNo, Map, Piece, Verify};
use crate::refusals;
use banyan_adapter::{Fault, Probed};

/// A flow with all its texts, checked.
pub(crate) struct Task<'m> {
    pub(crate) flow: &'m Flow,
    texts: Vec<Texts>,
    may_commit: bool,
}

impl<'m> Task<'m> {
    pub(crate) fn new(
        map: &'m Map,
        flow: FlowNo,
        given: &[(String, String)],
        login: &Login,
        may_commit: bool,
    ) -> Result<Task<'m>, Fault> {
        let unknown = || Fault::permanent(refusals::UNFIT, "the map has no such flow; nothing was typed");
        let flow = map.flows.get(flow).ok_or_else(unknown)?;
        Ok(Task { flow, texts: values::texts(map, flow, given, login)?, may_commit })
    }
}

impl Hands<'_, '_> {
    /// Does all steps of a flow, from its first screen.
    pub(crate) fn steps(&mut self, task: &Task<'_>, sink: &mut Sink<'_>) -> Result<End, Fault> {
        let flow = task.flow;
        let mut reader = Reader::new(self.map, flow);
        for (step, texts) in flow.steps.iter().zip(&task.texts) {
            self.transients = 0;
            let before = self.do_step(step, texts, task.may_commit)?;
            if step.press.is_some() {
                match self.wait(&before, Want::These(&step.expect, flow.absent.as_ref()), step.within)? {
                    Arrived::Error { screen, code, .. }
                        if flow.absent.as_ref().is_some_and(|(s, c)| *s == screen && *c == code) =>
                    {
                        return Ok(End::Absent);
                    }
                    Arrived::Error { code, message, .. } => return Ok(End::Rejected { code, message }),
                    Arrived::Screen(_) | Arrived::Disconnected => {}
                }
            }
            if let Some(read) = &step.read {
                reader.read(self, read, sink)?;
            }
        }
        reader.finish(self.map, sink)?;
        Ok(End::Done)
    }

    /// What became of a commit that was sent and did not come to its end.
    pub(crate) fn doubt(&mut self, flow: &Flow, given: &[(String, String)], why: &Fault) -> End {
        let message = format!("the commit was sent, then: {why}");
        let probed = match &flow.verify {
            Some(verify) => asked(verify, given, self.means.login)
                .and_then(|with| self.probe(verify, given, &with))
                .map_or_else(|fault| Probed::CannotTell(fault.to_string()), |(probed, ..)| probed),
            None => Probed::CannotTell("the flow has no `verify`".to_owned()),
        };
        match probed {
            Probed::Happened => End::Done,
            Probed::NotHappened => End::NotDone { message },
            Probed::CannotTell(more) => {
                End::Unknown { message: format!("{message}; and that session cannot tell whether it was done: {more}") }
            }
        }
    }

    /// Runs a verifying flow: a record that says what was given means that it happened. What it says of something else,
    /// under the name that was asked for, leaves it in doubt. How the flow ended, too, and what it brought.
    pub(crate) fn probe(
        &mut self,
        verify: &Verify,
        given: &[(String, String)],
        with: &[(String, String)],
    ) -> Result<(Probed, End, Brought), Fault> {
        let task = Task::new(self.map, verify.flow, with, self.means.login, false)?;
        self.go(task.flow.start)?;
        let columns = task.flow.columns(self.map);
        let (mut brought, mut fits, mut other) = (Brought::default(), false, None);
        let end = self.steps(&task, &mut |page| {
            brought.add(&page);
            for record in &page {
                match differs(&columns, record, given) {
                    None => fits = true,
                    Some(what) => other = other.take().or(Some(what)),
                }
            }
            Ok(())
        })?;
        let probed = match (&end, fits, other) {
            (End::Done, true, _) => Probed::Happened,
            (End::Done, false, Some(what)) => {
                Probed::CannotTell(format!("what `{}` finds is not what was given: {what}", task.flow.name))
            }
            (End::Done | End::Absent, ..) => Probed::NotHappened,
            (end, ..) => Probed::CannotTell(format!("the verifying flow ended as {end:?}")),
        };
        Ok((probed, end, brought))
    }
}

/// What a verifying flow is given, made from what the flow was given.
pub(crate) fn asked(
    verify: &Verify,
    given: &[(String, String)],
    login: &Login,
) -> Result<Vec<(String, String)>, Fault> {
    let one = |(name, pieces): &(String, Vec<Piece>)| Ok((name.clone(), values::compose(pieces, given, login)?.plain));
    verify.with.iter().map(one).collect()
}

/// Where a record says something else than what was given under the same name.
fn differs(columns: &[&str], record: &Record, given: &[(String, String)]) -> Option<String> {
    columns.iter().zip(&record.values).find_map(|(column, value)| {
        let (value, (_, given)) = (value.as_deref()?, given.iter().find(|(name, _)| name == column)?);
        (!same(value, given)).then(|| format!("`{column}` is `{}`, and was to be `{given}`", value.trim()))
    })
}

/// Whether a screen shows what was typed: without the blanks around it, in capitals or not, and of numbers without the
/// zeros before them.
fn same(shown: &str, typed: &str) -> bool {
    let (shown, typed) = (shown.trim(), typed.trim());
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.trim_start_matches('0').to_owned());
    shown.to_lowercase() == typed.to_lowercase()
        || matches!((number(shown), number(typed)), (Some(a), Some(b)) if a == b && !shown.is_empty() && !typed.is_empty())
}
