//! A flow from its first step to its last, and what becomes of a commit that is in doubt.
//!
//! Invariant: who gets an error may be sure that no commit was sent.

use super::hands::Hands;
use super::read::Reader;
use super::values::{self, Texts};
use super::wait::{Arrived, Want};
use super::{Login, Sink};
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
            Some(verify) => self.probe(verify, given).unwrap_or_else(|fault| Probed::CannotTell(fault.to_string())),
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

    /// Runs a verifying flow: a record means that it happened.
    pub(crate) fn probe(&mut self, verify: &Verify, given: &[(String, String)]) -> Result<Probed, Fault> {
        let mut with = Vec::with_capacity(verify.with.len());
        for (name, pieces) in &verify.with {
            let pieces: &[Piece] = pieces;
            with.push((name.clone(), values::compose(pieces, given, self.means.login)?.plain));
        }
        let task = Task::new(self.map, verify.flow, &with, self.means.login, false)?;
        self.go(task.flow.start)?;
        let mut records = 0;
        let end = self.steps(&task, &mut |page| {
            records += page.len();
            Ok(())
        })?;
        Ok(match end {
            End::Done if records > 0 => Probed::Happened,
            End::Done | End::Absent => Probed::NotHappened,
            end => Probed::CannotTell(format!("the verifying flow ended as {end:?}")),
        })
    }
}
